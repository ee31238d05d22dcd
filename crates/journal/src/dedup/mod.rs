//! Which events are new: an index of the ids of every event that the journal or the lake holds, by the UTC day of the
//! event's own time. It is derived data, held in memory and read again from journal and lake where it is missing.
//!
//! * An event is recognised by provider, tenant and its own id ([`id_hash`]), whichever source brings it.
//! * An event that tells no time is filed under [`DAY_WITHOUT_TIME`].
//! * An event without an id cannot be recognised: each delivery of it is stored.
//! * With each id stands by which channels its event came, so that it can be counted how many came by both. What a later
//!   arrival adds to that is a *mark*, kept in the journal as long as events are expected to come again.
//! * Where the channels of a provider share no id, events are matched by what they say ([`crate::Twins`]), one to one: the
//!   nth event of one content that is polled is the nth of it that is pushed (`admit`).
//!
//! A day is loaded at its first touch: the lake's ids of that day, and those that are still in the journal. When more ids
//! are in memory than may be, days before the window are forgotten, then the days that were not touched for longest
//! become filters. A filter's miss is certain; a filter's hit is confirmed by loading the day again.
//!
//! Deliberately absent: storing anything. Ids become durable with their events, in the same transaction (`row`).

mod admit;
mod channels;
mod day;
mod hash;
mod index;

use model::SourceId;

pub(crate) use admit::{Arrival, Changes, Mark, MarkKind};
pub(crate) use channels::{Admission, Channels};
pub(crate) use day::{Id, IdSet, merge};
pub use hash::{DAY_WITHOUT_TIME, day_of, id_hash};
pub(crate) use hash::{Key, Keys, MARK_BITS, contents, keys, nth_of_content};
pub(crate) use index::{Index, IndexError, JournalIds};

/// What a failing [`StoredIds`] says.
pub type StoredIdsError = Box<dyn std::error::Error + Send + Sync>;

/// Tells which events the lake holds. The lake implements it; it is called on the journal's own thread, never within an
/// async runtime, and may block: appends wait for it.
pub trait StoredIds: Send + Sync {
    /// [`id_hash`] of every event that the lake holds and whose own time lies in this UTC day (days since 1970;
    /// [`DAY_WITHOUT_TIME`] for those that tell no time). The order is free, repetitions do no harm. A day that is not
    /// in the lake has no ids.
    ///
    /// # Errors
    /// Anything that keeps the lake from answering completely. The batch that asked is refused, and asks again when it
    /// is sent again.
    fn ids_of_day(&self, day: i32) -> Result<Vec<u128>, StoredIdsError>;

    /// The same, told by source. Where the source is not known, it is not counted by which channel the event had come.
    ///
    /// # Errors
    /// As those of [`StoredIds::ids_of_day`].
    fn sourced_ids_of_day(&self, day: i32) -> Result<Vec<SourcedIds>, StoredIdsError> {
        Ok(vec![SourcedIds { source: None, ids: self.ids_of_day(day)? }])
    }
}

/// Ids that one source brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcedIds {
    /// The source, if it is known.
    pub source: Option<SourceId>,
    /// [`id_hash`] of each event.
    pub ids: Vec<u128>,
}
