//! The port through which the journal learns what only a provider knows: that two channels of a tenant tell one event
//! under two ids. It is recognised by its content then, and told once, with what either channel says of it.
//! Deliberately absent: any provider.

use bytes::Bytes;
use model::{Event, SourceId};

/// Knows which events of different channels are one. Called on the thread of whoever appends, and on the journal's own.
pub trait Twins: Send + Sync {
    /// Whether the channels of this source's tenant share no ids, so that contents are looked at.
    fn has_contents(&self, source: &SourceId) -> bool;

    /// A hash of what every channel says of this event: equal for the same event by another channel, different for most
    /// other events. `None` if the event cannot be compared.
    fn content(&self, source: &SourceId, event: &Event) -> Option<u128>;

    /// Whether the event's other telling is expected within moments: both channels of the tenant are at work.
    fn is_awaited(&self, source: &SourceId) -> bool;

    /// One event of two tellings, with the fields of both; its id is that of one of them. `None` if they cannot be joined:
    /// then the first stands alone.
    fn join(&self, source: &SourceId, first: &Telling, second: &Telling) -> Option<Telling>;
}

/// What one channel says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// The id under which it says it.
    pub id: String,
    /// Its JSON text.
    pub raw: Bytes,
}

/// Every provider's channels share their ids.
pub(crate) struct NoTwins;

impl Twins for NoTwins {
    fn has_contents(&self, _: &SourceId) -> bool {
        false
    }

    fn content(&self, _: &SourceId, _: &Event) -> Option<u128> {
        None
    }

    fn is_awaited(&self, _: &SourceId) -> bool {
        false
    }

    fn join(&self, _: &SourceId, _: &Telling, _: &Telling) -> Option<Telling> {
        None
    }
}
