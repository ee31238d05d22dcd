//! The durable log that everything passes through: batches and cursors in, readers with offsets out, on one SQLite file.
//! What `append` has returned for is on disk, once, together with its cursor.
//!
//! One thread owns the writing connection and commits whatever waits in one transaction with one fsync (`writer`).
//! Events are numbered by offsets: dense, from 1 on. Each is recognised by its provider's id within its own UTC day
//! (`dedup`), so that it is stored once, however often and by whichever way it is delivered. Readers read on
//! connections of their own (`reading`) and save how far they are; what all of them have passed is removed.
//!
//! Beside the events it keeps their account (`ledger`): how many of each hour came, by which way, and where they went;
//! which time was walked without a break. Counts and walks are written in the transactions that they tell of.
//!
//! A damaged file never passes for a whole one: rows have checksums, and a small file beside the database (`pin`) says how
//! far it was when it last acknowledged something.
//!
//! Deliberately absent: providers, Delta, HTTP. The journal does not know what an event says.

mod account;
mod ahead;
mod block;
mod dead_letters;
mod dedup;
mod delivery;
mod disk;
mod error;
mod full;
mod journal;
mod ledger;
mod limits;
mod marks;
mod opening;
mod pin;
mod queue;
mod readers;
mod reading;
mod removal;
mod row;
mod schema;
mod source_rows;
mod status;
mod twins;
mod waiting;
mod wal;
mod walks;
mod writer;

#[cfg(test)]
mod tests;

pub use account::Counts;
pub use dead_letters::{DeadLetter, DeadLetterFilter};
pub use dedup::{DAY_WITHOUT_TIME, SourcedIds, StoredIds, StoredIdsError, day_of, id_hash};
pub use delivery::{Booking, Delivered, Deliveries};
pub use error::{AppendError, Error};
pub use full::Full;
pub use journal::{Appended, Journal, Options};
pub use ledger::{Account, Delivery, Walked};
pub use readers::{ReaderStart, ReaderState};
pub use reading::{StoredBatch, StoredEvent};
pub use status::{RecordedGap, SourceState};
pub use twins::{Telling, Twins};
