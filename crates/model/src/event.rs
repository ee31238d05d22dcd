//! What enters the ledger: events as the provider wrote them, and the batches in which they become durable.
//! Deliberately absent: how an event is decoded (`sources`) and where a batch is kept (`journal`).

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Stretch;

/// One record as the provider wrote it, byte for byte, with the two things that everybody needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The provider's own id (Auth0 `log_id`, OneLogin `uuid` or `id`). Empty if the provider gave none; such an
    /// event cannot be recognised when it is delivered again.
    pub id: String,
    /// When the provider says that it happened; `None` if the event does not tell, or tells in an unknown form.
    pub time: Option<Timestamp>,
    /// The JSON text of the event, exactly as received, without any envelope that a transport put around it.
    pub raw: Bytes,
}

/// A piece of input that could not be read as an event. It goes to the dead letters; its neighbours are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The bytes that could not be read (cut to `limits::DEAD_LETTER_BYTES_MAX`).
    pub raw: Bytes,
    /// Why, as a lowercase fragment: `not a JSON object`.
    pub reason: String,
}

/// One configured way in: which provider, which tenant of it, and which of the tenant's sources.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct SourceId {
    /// Name of the provider: `auth0`, `onelogin`.
    pub provider: String,
    /// Name of the tenant as the configuration calls it: `acme`.
    pub tenant: String,
    /// Name of the source within the tenant: `poll`, `stream`, `webhook`, `import`.
    pub source: String,
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.provider, self.tenant, self.source)
    }
}

/// What a name may be, in the words of a hint.
pub const NAME_HINT: &str = "use letters, digits, `-`, `_` and `.`, 64 at most";

/// Characters of a name at most.
const NAME_CHARS_MAX: usize = 64;

/// What is wrong with the name of a tenant, source or destination, as a lowercase fragment; `None` if it is good. Names
/// stand in URLs, in stored events and in metrics, so they hold nothing that any of these would have to escape.
#[must_use]
pub fn name_problem(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > NAME_CHARS_MAX {
        return Some("has an unusable length");
    }
    // Clients take `.` and `..` within a path for steps, and never send them.
    if name.chars().all(|c| c == '.') {
        return Some("consists of dots alone");
    }
    let usable = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!name.chars().all(usable)).then_some("holds characters that cannot stand in a URL")
}

/// How events came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// Asked for, page by page.
    Poll,
    /// Sent to us by the provider.
    Push,
    /// Read from files.
    Import,
}

/// Where a poll goes on. Opaque to everybody but the source that wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cursor(pub String);

/// A stretch of provider time that this source could not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Start of the stretch (the last moment that is known to be covered).
    pub from: Timestamp,
    /// End of the stretch (from here on the source reads again).
    pub until: Timestamp,
    /// Cause, as a lowercase fragment: `cursor older than the tenant's retention`.
    pub cause: String,
}

/// Events that become durable together, with the cursor of the source that brought them.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Who brought them.
    pub source: SourceId,
    /// How they came.
    pub via: Via,
    /// When they reached us.
    pub received: Timestamp,
    /// The events, in the order of arrival.
    pub events: Vec<Event>,
    /// Input that could not be read as events.
    pub rejected: Vec<Rejected>,
    /// Where the source goes on, once this batch is durable. `None` leaves the stored cursor as it is.
    pub cursor: Option<Cursor>,
    /// A stretch that was lost before this batch.
    pub gap: Option<Gap>,
    /// The provider time that is read without a break once this batch is durable: nothing that the provider listed
    /// then is missing from it. `None` if this batch proves nothing of that kind.
    pub walked: Option<Stretch>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_a_url() {
        let longest = "n".repeat(NAME_CHARS_MAX);
        let too_long = "n".repeat(NAME_CHARS_MAX + 1);
        for (name, good) in [
            ("acme", true),
            ("acme-prod_2.eu", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("..", false),
            ("a/b", false),
            ("a b", false),
            ("acm\u{e9}", false),
        ] {
            assert_eq!(name_problem(name).is_none(), good, "{name}");
        }
    }
}
