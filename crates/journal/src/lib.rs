//! The durable log that everything passes through: batches and cursors in, readers with offsets out, on one SQLite file.
//! What `append` has returned for is on disk, once, together with its cursor.
//!
//! One thread owns the writing connection and commits whatever waits in one transaction with one fsync (`writer`).
//! Events are numbered by offsets: dense, from 1 on. Each is recognised by its provider's id within its own UTC day
//! (`dedup`), so that it is stored once, however often and by whichever way it is delivered. Readers read on
//! connections of their own (`reading`) and save how far they are; what all of them have passed is removed.
//!
//! Deliberately absent: providers, Delta, HTTP. The journal does not know what an event says.

mod ahead;
mod block;
mod dead_letters;
mod dedup;
mod disk;
mod error;
mod full;
mod journal;
mod limits;
mod queue;
mod readers;
mod reading;
mod removal;
mod row;
mod schema;
mod source_rows;
mod status;
mod writer;

#[cfg(test)]
mod tests;

pub use dead_letters::{DeadLetter, DeadLetterFilter};
pub use dedup::{DAY_WITHOUT_TIME, StoredIds, StoredIdsError, day_of, id_hash};
pub use error::{AppendError, Error};
pub use full::Full;
pub use journal::{Appended, Journal, Options};
pub use readers::{ReaderStart, ReaderState};
pub use reading::{StoredBatch, StoredEvent};
pub use status::{RecordedGap, SourceState};
