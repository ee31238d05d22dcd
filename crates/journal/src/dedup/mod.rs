//! Which events are new: an index of the ids of every event that the journal or the lake holds, by the UTC day of the
//! event's own time. It is derived data, held in memory and read again from journal and lake where it is missing.
//!
//! * An event is recognised by provider, tenant and its own id ([`id_hash`]), whichever source brings it.
//! * An event that tells no time is filed under [`DAY_WITHOUT_TIME`].
//! * An event without an id cannot be recognised: each delivery of it is stored.
//!
//! A day is loaded at its first touch: the lake's ids of that day, and those that are still in the journal. When more ids
//! are in memory than may be, days before the window are forgotten, then the days that were not touched for longest
//! become filters. A filter's miss is certain; a filter's hit is confirmed by loading the day again.
//!
//! Deliberately absent: storing anything. Ids become durable with their events, in the same transaction (`row`).

mod day;
mod hash;
mod index;

pub use hash::{DAY_WITHOUT_TIME, day_of, id_hash};
pub(crate) use hash::{Key, Keys, keys};
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
}
