//! The dead letters over HTTP: a page of them, one with its bytes, trying some or all again, and discarding them.
//! Deliberately absent: keeping and replaying them, which the binary does behind [`DeadLetterBox`].

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use http::{Request, StatusCode};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::Shared;
use crate::json_body::read_json;
use crate::problem::HttpProblem;

/// Letters of one page if the request does not say.
const PAGE_LETTERS_DEFAULT: usize = 100;
/// Letters of one page at most.
const PAGE_LETTERS_MAX: usize = 1_000;
/// Letters that one replay may name; more are replayed with `all`.
const REPLAY_IDS_MAX: usize = 10_000;

/// The longest reason for which letters are discarded, in characters.
const WHY_CHARACTERS_MAX: usize = 1_000;

/// Keeps dead letters.
pub trait DeadLetterBox: Send + Sync {
    /// The newest letters that pass the filter, newest first.
    fn list(
        &self,
        filter: DeadLetterFilter,
    ) -> BoxFuture<'_, Result<DeadLetterPage, DeadLetterBoxError>>;
    /// One letter with its bytes; `None` if there is none of this id.
    fn show(&self, id: u64) -> BoxFuture<'_, Result<Option<DeadLetter>, DeadLetterBoxError>>;
    /// Tries letters again: input is decoded anew, events are sent anew. What succeeds leaves the box.
    fn replay(
        &self,
        which: ReplayRequest,
    ) -> BoxFuture<'_, Result<ReplayOutcome, DeadLetterBoxError>>;
    /// Takes letters out of the box for good. Who wanted it and why is noted before they are gone.
    fn discard(
        &self,
        which: DiscardRequest,
    ) -> BoxFuture<'_, Result<DiscardOutcome, DeadLetterBoxError>>;
}

/// The box could not be read or written. The text is shown to whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeadLetterBoxError(pub String);

/// Which letters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterFilter {
    /// Of this source (`auth0/acme/stream`) or destination only.
    pub origin: Option<String>,
    /// Events of this source only: `auth0/acme/poll`, or `auth0/acme` for all of a tenant.
    pub source: Option<String>,
    /// Only those whose reason contains this text.
    pub reason: Option<String>,
    /// Older than this letter: the id of the last one of the page before.
    pub before: Option<u64>,
    /// How many at most; 100 if not said, 1,000 at most.
    #[serde(default = "page_letters_default")]
    pub limit: usize,
}

const fn page_letters_default() -> usize {
    PAGE_LETTERS_DEFAULT
}

/// A page of letters, without their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterPage {
    /// The letters, newest first.
    pub letters: Vec<DeadLetter>,
    /// Letters that pass the filter, of all pages.
    pub total: u64,
}

/// How `DeadLetter::raw` is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawEncoding {
    /// As it is.
    #[default]
    Text,
    /// Base64, since the bytes are not UTF-8.
    Base64,
}

/// Something that could not be read or delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetter {
    /// Its number; later letters have higher ones.
    pub id: u64,
    /// When it was put aside.
    pub at: Timestamp,
    /// Source that brought it, or destination that refused it.
    pub origin: String,
    /// The source that brought the event.
    pub source: String,
    /// The provider's id of the event; empty if it could not be read.
    pub event_id: String,
    /// Why.
    pub reason: String,
    /// The bytes; absent in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// How `raw` is to be read.
    #[serde(default)]
    #[schema(required)]
    pub raw_encoding: RawEncoding,
}

impl DeadLetter {
    /// The same letter with its bytes.
    #[must_use]
    pub fn with_raw(mut self, raw: &[u8]) -> Self {
        let (text, encoding) = match std::str::from_utf8(raw) {
            Ok(text) => (text.to_owned(), RawEncoding::Text),
            Err(_) => (STANDARD.encode(raw), RawEncoding::Base64),
        };
        self.raw = Some(text);
        self.raw_encoding = encoding;
        self
    }
}

/// Which letters to try again: some, or all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// These.
    #[serde(default)]
    pub ids: Vec<u64>,
    /// All of them (of `origin`, if that is given).
    #[serde(default)]
    pub all: bool,
    /// With `all`: of this source or destination only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// With `all`: events of this source only, or of all sources of a tenant (`auth0/acme`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// With `all`: only those whose reason contains this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Which letters to discard, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardRequest {
    /// Which: as those of a replay.
    pub which: ReplayRequest,
    /// Why; it is noted with each of them.
    pub why: String,
}

/// What became of a discard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct DiscardOutcome {
    /// Letters that are gone.
    pub discarded: u64,
    /// Letters that were named and are not there.
    pub unknown: u64,
}

/// What became of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ReplayOutcome {
    /// Letters that are settled and gone from the box.
    pub replayed: u64,
    /// Letters that failed again and stay.
    pub failed: u64,
}

/// `GET /api/v1/dead-letters`
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    filter: Result<Query<DeadLetterFilter>, QueryRejection>,
) -> Result<Json<DeadLetterPage>, HttpProblem> {
    let Query(filter) = filter.map_err(|error| invalid(error.body_text()))?;
    if filter.limit == 0 || filter.limit > PAGE_LETTERS_MAX {
        return Err(invalid(format!("limit must be between 1 and {PAGE_LETTERS_MAX}")));
    }
    Ok(Json(shared.dead_letters.list(filter).await.map_err(failed)?))
}

/// `GET /api/v1/dead-letters/{id}`
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<u64>, PathRejection>,
) -> Result<Json<DeadLetter>, HttpProblem> {
    let Path(id) = id.map_err(|_| invalid("the id of a dead letter is a whole number"))?;
    let letter = shared.dead_letters.show(id).await.map_err(failed)?;
    letter.map(Json).ok_or_else(|| {
        HttpProblem::new(
            StatusCode::NOT_FOUND,
            "dead_letter_unknown",
            format!("there is no dead letter {id}"),
        )
        .hint("it may have been replayed; GET /api/v1/dead-letters lists what is there")
    })
}

/// `POST /api/v1/dead-letters/replay`
pub(crate) async fn replay(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<ReplayOutcome>, HttpProblem> {
    let which: ReplayRequest = read_json(&shared, request).await?;
    check_replay(&which)?;
    Ok(Json(shared.dead_letters.replay(which).await.map_err(failed)?))
}

/// `POST /api/v1/dead-letters/discard`
pub(crate) async fn discard(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<DiscardOutcome>, HttpProblem> {
    let wanted: DiscardRequest = read_json(&shared, request).await?;
    check_replay(&wanted.which)?;
    let characters = wanted.why.trim().chars().count();
    if characters == 0 || characters > WHY_CHARACTERS_MAX {
        return Err(invalid(format!(
            "say in `why` why they are discarded, in {WHY_CHARACTERS_MAX} characters at most"
        )));
    }
    Ok(Json(shared.dead_letters.discard(wanted).await.map_err(failed)?))
}

fn check_replay(which: &ReplayRequest) -> Result<(), HttpProblem> {
    if which.all != which.ids.is_empty() {
        return Err(invalid("give either ids or all, and not both"));
    }
    let is_filtered = which.origin.is_some() || which.source.is_some() || which.reason.is_some();
    if is_filtered && !which.all {
        return Err(invalid("origin, source and reason go with all, not with ids"));
    }
    if which.ids.len() > REPLAY_IDS_MAX {
        return Err(invalid(format!("at most {REPLAY_IDS_MAX} ids in one request")));
    }
    Ok(())
}

fn invalid(detail: impl Into<String>) -> HttpProblem {
    HttpProblem::new(StatusCode::BAD_REQUEST, "invalid", detail)
}

fn failed(error: DeadLetterBoxError) -> HttpProblem {
    HttpProblem::new(StatusCode::SERVICE_UNAVAILABLE, "dead_letters_unavailable", error.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_names_letters_or_all_of_them() {
        for (ids, all, origin, expected) in [
            (vec![1, 2], false, None, true),
            (vec![], true, None, true),
            (vec![], true, Some("sentinel"), true),
            (vec![], false, None, false),
            (vec![1], true, None, false),
            (vec![1], false, Some("sentinel"), false),
            (vec![1; REPLAY_IDS_MAX], false, None, true),
            (vec![1; REPLAY_IDS_MAX + 1], false, None, false),
        ] {
            let origin = origin.map(str::to_owned);
            let by_origin = ReplayRequest { ids, all, origin, source: None, reason: None };
            let by_source = ReplayRequest {
                origin: None,
                source: by_origin.origin.clone(),
                ..by_origin.clone()
            };
            for which in [by_origin, by_source] {
                assert_eq!(check_replay(&which).is_ok(), expected, "{which:?}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_base64() {
        let letter = DeadLetter {
            id: 1,
            at: Timestamp::UNIX_EPOCH,
            origin: "auth0/acme/stream".into(),
            source: "auth0/acme/stream".into(),
            event_id: String::new(),
            reason: "not JSON".into(),
            raw: None,
            raw_encoding: RawEncoding::Text,
        };
        for (raw, text, encoding) in [
            (&b"{oops"[..], "{oops", RawEncoding::Text),
            (&[0xff, 0x00][..], "/wA=", RawEncoding::Base64),
        ] {
            let shown = letter.clone().with_raw(raw);
            assert_eq!((shown.raw.as_deref(), shown.raw_encoding), (Some(text), encoding));
        }
    }
}
