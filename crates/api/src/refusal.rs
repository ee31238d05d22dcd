//! Every way in which a body of events is not taken, by a receiver or an import, with its status, code and advice.
//! Deliberately absent: the decisions that lead to them.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use net::InflateError;

use crate::body::BodyError;
use crate::intake::IntakeError;
use crate::problem::HttpProblem;

/// What may be done under a receiver's path.
pub(crate) const METHODS: &str = "GET, HEAD, OPTIONS, POST";

/// How long a sender is asked to wait when only a moment's crowding refused it.
const BUSY_RETRY_SECONDS: u64 = 1;
/// How long a sender is asked to wait when the server stops: about as long as a restart takes.
const CLOSED_RETRY_SECONDS: u64 = 5;
/// How long a sender is asked to wait when the storage failed: somebody has to look first.
const STORAGE_RETRY_SECONDS: u64 = 10;

/// How long a sender is asked to wait when the data folder is damaged: somebody has to repair it and start anew.
const READ_ONLY_RETRY_SECONDS: u64 = 60;

/// How long a sender is asked to wait while its source is switched off.
const PAUSED_RETRY_SECONDS: u64 = 300;

/// Why nothing of a request was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownPath,
    Method,
    NotPrivate,
    Unauthorized,
    Encoding,
    TooLarge { bytes_max: usize },
    TooMany { events: usize },
    Stalled,
    Cut,
    MalformedGzip,
    Unreadable { reason: String },
    Busy,
    Full { retry_after_seconds: u64 },
    Closed,
    Storage,
    ReadOnly { reason: String },
    Paused,
    Failed,
}

impl Refusal {
    /// The stable code, for answers and counters.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::UnknownPath => "not_found",
            Self::Method => "method_not_allowed",
            Self::NotPrivate => "tls_required",
            Self::Unauthorized => "unauthorized",
            Self::Encoding => "encoding_unknown",
            Self::TooLarge { .. } => "body_too_large",
            Self::TooMany { .. } => "too_many_events",
            Self::Stalled => "body_stalled",
            Self::Cut => "body_cut",
            Self::MalformedGzip => "gzip_malformed",
            Self::Unreadable { .. } => "body_unreadable",
            Self::Busy => "busy",
            Self::Full { .. } => "journal_full",
            Self::Closed => "stopping",
            Self::Storage => "journal_failed",
            Self::ReadOnly { .. } => "read_only",
            Self::Paused => "paused",
            Self::Failed => "internal",
        }
    }

    /// The answer.
    pub(crate) fn problem(&self) -> HttpProblem {
        match self {
            Self::UnknownPath => HttpProblem::not_found(
                "receivers are at /ingest/PROVIDER/TENANT/SOURCE, with the names of the configuration",
            ),
            Self::Unauthorized => HttpProblem::unauthorized(
                "send the secret of this source's configuration in the configured header",
            ),
            Self::Method => {
                self.of(StatusCode::METHOD_NOT_ALLOWED, "events are sent by POST").allow(METHODS)
            }
            Self::NotPrivate => self
                .of(StatusCode::FORBIDDEN, "events and their secret must not travel in the clear")
                .hint("configure a TLS certificate, or declare the reverse proxy in front"),
            Self::Encoding => self
                .of(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the Content-Encoding is not gzip")
                .hint("send the body as it is, or as gzip"),
            Self::TooLarge { bytes_max } => self
                .of(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    format!("the body is larger than {bytes_max} bytes"),
                )
                .hint("send fewer events in one request; the limit also holds after decompression"),
            Self::TooMany { events } => self
                .of(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    format!("{events} events are more than one request may bring"),
                )
                .hint("send fewer events in one request"),
            Self::Stalled => self.of(StatusCode::REQUEST_TIMEOUT, BodyError::Stalled.to_string()),
            Self::Cut => self.of(StatusCode::BAD_REQUEST, BodyError::Cut.to_string()),
            Self::MalformedGzip => self
                .of(StatusCode::BAD_REQUEST, "the body begins like gzip but cannot be decompressed")
                .hint("send the body as it is, or as whole gzip"),
            Self::Unreadable { reason } => self
                .of(StatusCode::BAD_REQUEST, format!("no event could be read: {reason}"))
                .hint("send a JSON array of events, one JSON event per line, or one JSON event"),
            Self::Busy | Self::Full { .. } | Self::Closed | Self::Storage => self.later(),
            Self::ReadOnly { reason } => self
                .of(
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("the data folder is damaged and read only: {reason}"),
                )
                .hint("run `doorledger doctor` on the server; nothing of this request was stored")
                .retry_after_seconds(READ_ONLY_RETRY_SECONDS),
            Self::Paused => self
                .of(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "this source is paused; nothing of this request was stored",
                )
                .hint("an administrator resumes it on the page Applications; send the same again then")
                .retry_after_seconds(PAUSED_RETRY_SECONDS),
            Self::Failed => {
                self.of(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be worked on")
            }
        }
    }

    /// Refusals that pass.
    fn later(&self) -> HttpProblem {
        let (detail, seconds) = match self {
            Self::Full { retry_after_seconds } => {
                ("the journal is full; nothing of this request was stored", *retry_after_seconds)
            }
            Self::Closed => ("the server is stopping", CLOSED_RETRY_SECONDS),
            Self::Storage => (
                "the journal cannot write; nothing of this request was stored",
                STORAGE_RETRY_SECONDS,
            ),
            _ => ("too many requests are being worked on", BUSY_RETRY_SECONDS),
        };
        self.of(StatusCode::SERVICE_UNAVAILABLE, detail)
            .hint("send the same request again after the time in Retry-After")
            .retry_after_seconds(seconds)
    }

    fn of(&self, status: StatusCode, detail: impl Into<String>) -> HttpProblem {
        HttpProblem::new(status, self.code(), detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.problem().into_response()
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { bytes_max } => Self::TooLarge { bytes_max },
            BodyError::NoMemory => Self::Busy,
            BodyError::Stalled => Self::Stalled,
            BodyError::Cut => Self::Cut,
        }
    }
}

impl From<InflateError> for Refusal {
    fn from(error: InflateError) -> Self {
        match error {
            InflateError::TooLarge { bytes_max } => Self::TooLarge { bytes_max },
            InflateError::Malformed => Self::MalformedGzip,
        }
    }
}

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Full { retry_after_seconds } => Self::Full { retry_after_seconds },
            IntakeError::Busy => Self::Busy,
            IntakeError::TooLarge { events, .. } => Self::TooMany { events },
            IntakeError::Closed => Self::Closed,
            IntakeError::ReadOnly(reason) => Self::ReadOnly { reason },
            IntakeError::Storage(_) => Self::Storage,
        }
    }
}
