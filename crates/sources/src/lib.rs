//! Identity providers: one folder each, one line each in `ALL`. A provider knows its table, how to derive columns from an
//! event, how to read what it pushes, and how to ask it page by page.
//!
//! Everything here is a value in, a value out. Deliberately absent: the network, the clock, the journal, and whoever
//! drives a poll or serves a receiver.

mod address;
mod asking;
mod auth0;
mod columns;
mod onelogin;
mod pace;
mod receiver;
mod refill;
mod rhythm;
mod rotating;
mod scalar;
mod scan;
mod schedule;
mod server_time;
mod wire;

pub use rotating::Rotating;

use http::HeaderMap;
use model::{
    Cursor, Event, EventContext, Gap, Problem, Rejected, RowWriter, Stretch, TableSchema, Timestamp,
};
use net::{Answer, Request};
use serde_json::Value;

/// Every provider, in the order in which manuals and menus list them.
pub static ALL: &[&dyn Provider] = &[&auth0::Auth0, &onelogin::OneLogin];

/// The provider called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Provider> {
    ALL.iter().copied().find(|provider| provider.name() == name)
}

/// An identity provider.
pub trait Provider: Send + Sync {
    /// Lowercase ASCII noun; stands in URLs, configuration and stored events, and never changes.
    fn name(&self) -> &'static str;
    /// The name that people know: `Auth0`.
    fn title(&self) -> &'static str;
    /// The table of its events.
    fn table(&self) -> &'static TableSchema;
    /// Sets the columns of one event. Accepts any JSON object without failing.
    fn columns(&self, raw: &[u8], context: EventContext<'_>, row: &mut dyn RowWriter);
    /// Name of the source that polls, as the configuration writes it: `poll`.
    fn poll_name(&self) -> &'static str;
    /// Name of the source that receives: `stream`, `webhook`.
    fn receive_name(&self) -> &'static str;
    /// What the user wrote of a poll → a poll that can be started. Every problem at once, with paths relative to
    /// `written`. No I/O.
    fn poll(&self, written: &Value) -> Result<Box<dyn PollSource>, Vec<Problem>>;
    /// What the user wrote of a receiver → a receiver.
    fn receive(&self, written: &Value) -> Result<Box<dyn Receiver>, Vec<Problem>>;
    /// What a user may write of a poll: a JSON Schema, made of [`model::Form`]. [`Provider::poll`] is the judge.
    fn poll_schema(&self) -> Value;
    /// What a user may write of a receiver.
    fn receive_schema(&self) -> Value;
    /// The tenant's domain, if what the user wrote of a source of it tells one: `acme.eu.auth0.com`. A provider without
    /// such a thing has none.
    fn domain(&self, _written: &Value) -> Option<String> {
        None
    }
    /// Reads exported or archived events in any wire form of this provider (array, lines, single object, API page,
    /// with or without envelopes; already decompressed).
    fn read_export(&self, body: &bytes::Bytes) -> Decoded;
    /// Whether what is polled and what is pushed share no ids, so that the same event has to be recognised by what it
    /// says ([`Provider::content`]).
    fn tells_under_two_ids(&self) -> bool {
        false
    }
    /// A hash of what every channel says of this event: equal for the same event by another channel, and different for
    /// most others. `None` if it cannot be compared.
    fn content(&self, _event: &Event) -> Option<u128> {
        None
    }
    /// One event of the two tellings of it, in whatever order they came: the fields of both, under one of their ids.
    /// `None` if they are not tellings of two channels.
    fn join(&self, _first: (&str, &[u8]), _second: (&str, &[u8])) -> Option<(String, Vec<u8>)> {
        None
    }
}

/// What could be read of a body, and what could not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The events, in order.
    pub events: Vec<Event>,
    /// The pieces that are no events.
    pub rejected: Vec<Rejected>,
}

/// A validated receiver of pushed events.
pub trait Receiver: Send + Sync {
    /// Whether the request carries one of the configured secrets; compared in constant time.
    fn admits(&self, headers: &HeaderMap) -> bool;
    /// The same for a request of this moment: a receiver whose secret is being changed ([`Rotating`]) admits the earlier
    /// one for a while.
    fn admits_at(&self, headers: &HeaderMap, _now: Timestamp) -> bool {
        self.admits(headers)
    }
    /// Reads one (decompressed) body. A body of which nothing can be read gives no events and at least one rejection.
    fn read(&self, body: &bytes::Bytes) -> Decoded;
}

/// A validated poll: a kind of recipe from which the loop makes a `Poll` for each start.
pub trait PollSource: Send + Sync {
    /// A poll that goes on at `cursor`, or starts as configured if there is none.
    fn start(&self, cursor: Option<Cursor>, now: Timestamp) -> Box<dyn Poll>;
    /// A poll of everything that arrived at the provider from `moment` on, where the provider is known to hold it still:
    /// so a long stretch is read in several parts at once. All polls of one source keep to its share of the rate limit
    /// together. `None` if the provider cannot be asked so.
    fn start_at(&self, _moment: Timestamp, _now: Timestamp) -> Option<Box<dyn Poll>> {
        None
    }
    /// What is known of how much can be read, and for how long it is there.
    fn capacity(&self) -> Capacity;
}

/// How much a provider gives, and for how long it keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Capacity {
    /// Days for which events are kept, if the user told.
    pub retention_days: Option<u64>,
    /// Requests a second within our share of the rate limit, once that is learned.
    pub requests_per_second: Option<f64>,
    /// Requests at once within our share of the rate limit, once that is told.
    pub requests_at_once: Option<f64>,
    /// Events of one request at most.
    pub events_per_request: u64,
}

/// A poll in progress: a state machine that the loop steps. It owns the token, the rate budget and the cursor; the loop
/// owns clock and network. After `Outcome::Page` the loop may step on while it makes the page durable: pages are
/// committed in order, and after a failed commit the poll is started again from the stored cursor.
pub trait Poll: Send {
    /// What to do now.
    fn step(&mut self, now: Timestamp) -> Step;
    /// Reads the answer to the request that `step` gave, or learns that there was none (`Err`: the transport's words,
    /// without secrets).
    fn answer(&mut self, answer: Result<&Answer, &str>, now: Timestamp) -> Outcome;
}

/// What a poll wants next.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "moved once per request, never stored")]
pub enum Step {
    /// Send this and give the answer back.
    Send(Request),
    /// Ask again at this moment, not before.
    Wait {
        /// When.
        until: Timestamp,
        /// Why: shown in `status`.
        why: Waiting,
    },
}

/// Why a poll waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Everything is read; the next look comes after the interval.
    CaughtUp,
    /// The provider's rate limit, or our share of it, is used up.
    RateLimit,
    /// The last try failed.
    Failure,
}

/// What an answer meant.
#[derive(Debug)]
pub enum Outcome {
    /// Events (perhaps none) and the cursor after them; to be made durable together.
    Page {
        /// The events of the page, in order.
        events: Vec<Event>,
        /// What of the page could not be read.
        rejected: Vec<Rejected>,
        /// Where the poll goes on once this is durable; `None` if it has not moved.
        cursor: Option<Cursor>,
        /// A stretch that is lost, found out with this page.
        gap: Option<Gap>,
        /// The provider time of which everything is read once this page is durable, beginning where the page before
        /// ended (see `docs/reliability.md`); `None` if this page proves nothing.
        walked: Option<Stretch>,
        /// Whether the provider said (or implied) that more is there now.
        more: bool,
    },
    /// Something on the way was settled (a token, a start cursor): step on.
    Settled,
    /// It did not work; `step` will wait and try again.
    Failed(SourceError),
}

/// Why a source did not deliver. The four kinds ask for different deeds of the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// Which kind.
    pub kind: SourceErrorKind,
    /// Stable code: `auth0.scope_missing`.
    pub code: &'static str,
    /// What happened, as a lowercase fragment without secrets.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceErrorKind {
    /// The credential or a permission was refused: waits long, needs a person.
    Refused,
    /// Too many requests: passes by itself.
    RateLimited,
    /// The provider is unwell, or the way to it: passes by itself.
    Unavailable,
    /// The answer is not what the provider's documentation promises.
    Malformed,
}
