//! Where events go: one file or folder each, one line each in [`ALL`]. A destination knows its limits, builds requests
//! and reads answers.
//!
//! Values in, values out. Deliberately absent: the network, the clock, the journal's offsets, and the loop that ships.

mod array;
mod azure_answer;
mod azure_data_collector;
mod azure_logs_ingestion;
pub mod azure_migration;
mod azure_read_back;
mod cut;
mod probe;
mod written;

pub use azure_logs_ingestion::identity;
pub use azure_read_back::{ReadBack, ReadTable, Seen, Unread};
pub use probe::{Finding, Probe, Soundness};

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use model::{Problem, SourceId, Timestamp};
use net::{Answer, Request, TransportError, TransportErrorKind};
use serde_json::Value;

/// Every kind of destination, in the order in which manuals and menus list them.
pub static ALL: &[&dyn DestinationKind] =
    &[&azure_logs_ingestion::AzureLogsIngestion, &azure_data_collector::AzureDataCollector];

/// The largest answer that is read from a destination: they say little.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The kind called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn DestinationKind> {
    ALL.iter().copied().find(|kind| kind.name() == name)
}

/// A kind of destination.
pub trait DestinationKind: Send + Sync {
    /// Lowercase ASCII noun; stands in the configuration and never changes: `azure_logs_ingestion`.
    fn name(&self) -> &'static str;
    /// The name that people know.
    fn title(&self) -> &'static str;
    /// What a user may write: a JSON Schema, made of [`model::Form`]. [`DestinationKind::validate`] is the judge.
    fn schema(&self) -> Value;
    /// What the user wrote → a destination. Every problem at once, paths relative to `written`. No I/O.
    ///
    /// # Errors
    /// Everything that has to be mended, with hints.
    fn validate(&self, written: &Value) -> Result<Box<dyn Destination>, Vec<Problem>>;
}

/// A validated destination. Its `Debug` shows no secret.
pub trait Destination: Send + Sync + fmt::Debug {
    /// Whether events of this source go there.
    fn takes(&self, source: &SourceId) -> bool;
    /// Splits events into requests that are within the service's limits. Keeps the order within a stream, loses nothing,
    /// repeats nothing; the same events give the same bytes.
    fn pack(&self, events: &[Outgoing]) -> Packed;
    /// Whose token `request` needs.
    fn credential(&self) -> Credential;
    /// The request for one parcel, signed for this moment.
    fn request(&self, parcel: &Parcel, token: Option<&model::Secret>, now: Timestamp) -> Request;
    /// What the answer to `parcel` means.
    fn read(&self, parcel: &Parcel, answer: &Answer, now: Timestamp) -> Verdict;
    /// Requests that the service answers as it would answer events, and that leave none there: one for each stream or table.
    /// Without any, what can be known shows with the first events only.
    fn probes(&self) -> Vec<Probe> {
        Vec::new()
    }
    /// What the answer to a probe says of the configuration, part by part; only what the answer proves.
    fn read_probe(&self, _probe: &Probe, _answer: &Answer, _now: Timestamp) -> Vec<Finding> {
        Vec::new()
    }
    /// How to ask what the destination shows of what it acknowledged; `None` if nobody configured it.
    fn read_back(&self) -> Option<&ReadBack> {
        None
    }
    /// What it means that no answer came. Where it is not known whether the service acted on the request, it is sent
    /// again: at least once, never lost.
    fn read_failure(&self, failure: &TransportError) -> Verdict {
        match failure.kind {
            TransportErrorKind::PlainHttp | TransportErrorKind::Unsendable => {
                Verdict::stop(failure.reason(), failure.hint())
            }
            _ => Verdict::Retry { after_seconds: None, reason: failure.reason() },
        }
    }
}

/// An event on its way out. Cheap to clone but for its id. `Debug` leaves its content out: it is about people.
#[derive(Clone)]
pub struct Outgoing {
    /// Who brought it; shared by all events of a batch.
    pub source: Arc<SourceId>,
    /// The domain of its tenant as configured; shared likewise. `None` where none is.
    pub domain: Option<Arc<str>>,
    /// Its position in the journal.
    pub offset: u64,
    /// The provider's id of it.
    pub id: String,
    /// The provider's time.
    pub time: Option<Timestamp>,
    /// When it reached us.
    pub received: Timestamp,
    /// The event, byte for byte.
    pub raw: Bytes,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("source", &format_args!("{}", self.source))
            .field("offset", &self.offset)
            .field("id", &self.id)
            .field("time", &self.time)
            .field("raw_bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}

/// The body of one request, and which events it carries.
#[derive(Debug, Clone, Default)]
pub struct Parcel {
    /// The table or stream it goes to.
    pub stream: String,
    /// The bytes to send (compressed if `gzip`).
    pub body: Bytes,
    /// Whether `body` is gzip.
    pub gzip: bool,
    /// What the request's headers must say of this body.
    pub headers: HeaderMap,
    /// Positions, in the slice that was packed, of the events that it carries, ascending.
    pub events: Vec<usize>,
}

/// The outcome of packing.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    /// Requests to be, in order of their first event; every event stands in exactly one of them, or in `refused`, or is
    /// not for this destination at all.
    pub parcels: Vec<Parcel>,
    /// Events that the service would not take (too large …): position and reason. They go to the dead letters.
    pub refused: Vec<(usize, String)>,
    /// How many field values were cut to the service's limit, each marked as such in what is sent.
    pub fields_cut: usize,
}

/// Whom the request must be signed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nobody, or the destination signs it itself.
    Own,
    /// A bearer token of Microsoft Entra.
    Entra(net::EntraCredential),
}

/// What became of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The service has it.
    Delivered,
    /// Try the same again, after this many seconds if the service said so.
    Retry {
        /// What the service asked for.
        after_seconds: Option<u64>,
        /// Why, for `status`.
        reason: String,
    },
    /// Too large: halve it and send both halves. A parcel of one event is refused instead.
    Split,
    /// The token was not accepted: fetch a new one, once, then `Stop`.
    TokenExpired,
    /// The service will never take this parcel: find out which events it refuses (halving), those go to the dead letters.
    Refused(String),
    /// Nothing can be delivered until a person acts; keep everything and try again now and then.
    Stop {
        /// What is wrong.
        reason: String,
        /// What to do.
        hint: String,
    },
}

impl Verdict {
    pub(crate) fn stop(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Stop { reason: reason.into(), hint: hint.into() }
    }
}

/// The events of `parcel` (a parcel of `events`) in two halves, each to be packed and sent by itself: the way to find
/// out which event the service refuses, or to get below a limit of which we did not know. `None` if it carries a single
/// event, which then is the one that is refused.
#[must_use]
pub fn halve(events: &[Outgoing], parcel: &Parcel) -> Option<[Vec<Outgoing>; 2]> {
    if parcel.events.len() < 2 {
        return None;
    }
    let (first, second) = parcel.events.split_at(parcel.events.len() / 2);
    Some(
        [first, second].map(|half| {
            half.iter().filter_map(|position| events.get(*position)).cloned().collect()
        }),
    )
}
