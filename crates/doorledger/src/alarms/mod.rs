//! Alarms about the collecting itself: what is late, silent, lost or about to stop. A rule is a function from facts to
//! findings, a file each and a line in `RULES`; the book makes of findings what is told: opened, still so, closed.
//! Deliberately absent: alarms about what events say, and sending them anywhere: they are rows, metrics and status.

mod book;
mod channel;
mod destination;
mod gap;
mod retention;
mod secret;
mod sent_not_seen;
mod silent;
mod table;
mod watch;

pub(crate) use table::{PROVIDER, TABLE, columns};
pub(crate) use watch::Watch;

use api::Light;
use model::{SignedDuration, SourceId, Stretch, Timestamp};
use serde::{Deserialize, Serialize};

use crate::read_back::Progress;

/// Every rule.
const RULES: &[Rule] = &[
    silent::RULE,
    retention::RULE,
    gap::RULE,
    destination::RULE,
    sent_not_seen::RULE,
    channel::RULE,
    secret::RULE,
];

/// One kind of alarm.
pub(crate) struct Rule {
    /// Its name, which never changes: `source_silent`.
    name: &'static str,
    /// What of the facts is to be told.
    find: fn(&Facts) -> Vec<Finding>,
}

/// What a rule found at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    /// About whom.
    subject: Subject,
    /// Tells it from other findings of the same rule about the same subject; mostly empty.
    which: String,
    /// How grave it is.
    light: Light,
    /// What is so, as a lowercase fragment.
    message: String,
    /// What to do next.
    hint: &'static str,
}

/// About whom an alarm is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Subject {
    /// A source.
    Source(SourceId),
    /// A destination.
    Destination(String),
}

/// Everything that rules judge by, gathered at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    now: Timestamp,
    sources: Vec<SourceFacts>,
    destinations: Vec<DestinationFacts>,
    read_backs: Vec<ReadBackFacts>,
    gaps: Vec<GapFacts>,
    notices: Vec<Notice>,
    secrets: Vec<(Subject, Timestamp)>,
}

/// What is known of a configured source.
#[derive(Debug, Clone)]
struct SourceFacts {
    id: SourceId,
    /// Up to when it has surely read everything; `None` for one that is pushed, or has read nothing.
    reached: Option<Timestamp>,
    is_polled: bool,
    is_paused: bool,
    /// When it was switched on again.
    resumed: Option<Timestamp>,
    last_event: Option<Timestamp>,
    /// When events last came, however old they were.
    last_received: Option<Timestamp>,
    /// For how long the provider keeps events, if that is told.
    retention: Option<SignedDuration>,
    /// Events by hour of the last weeks, oldest first.
    hours: Vec<(Timestamp, u64)>,
}

/// What is known of a configured destination.
#[derive(Debug, Clone)]
struct DestinationFacts {
    name: String,
    oldest_unsent: Option<SignedDuration>,
    backlog_events: u64,
}

/// What is known of what a destination shows.
#[derive(Debug, Clone)]
struct ReadBackFacts {
    name: String,
    progress: Progress,
}

/// A gap that a source has told.
#[derive(Debug, Clone)]
struct GapFacts {
    source: SourceId,
    noted: Timestamp,
    stretch: Stretch,
    cause: String,
    /// Whether a later walk closed it.
    is_walked: bool,
}

/// An event that says that somebody changed a way by which events come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Notice {
    source: SourceId,
    event_id: String,
    /// When it happened.
    at: Timestamp,
    /// When we saw it.
    seen: Timestamp,
    what: String,
    who: String,
}

/// A span as a person says it.
fn span(span: SignedDuration) -> String {
    let minutes = span.as_secs() / 60;
    match minutes {
        ..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1440),
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
fn test_source(name: &str) -> SourceId {
    SourceId { provider: "auth0".to_owned(), tenant: "acme".to_owned(), source: name.to_owned() }
}

#[cfg(test)]
fn test_now() -> Timestamp {
    Timestamp::from_second(1_790_000_400).unwrap_or_default()
}
