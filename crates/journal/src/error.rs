//! What can go wrong at the border of this crate, with what to do about it.
//! Deliberately absent: the answer that an HTTP client gets, which `api` derives from these.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dedup::StoredIdsError;

/// Why the journal could not be opened, read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// Another process has this journal open.
    #[error("the journal in {} is in use by another process", dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// The file is not a journal, or one of a later version.
    #[error("{} {what}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// SQLite failed.
    #[error("cannot {action} in {}", path.display())]
    Storage {
        /// What was tried: `commit`.
        action: &'static str,
        /// The database file.
        path: PathBuf,
        /// SQLite's answer.
        #[source]
        source: rusqlite::Error,
    },
    /// The file does not hold what was written to it.
    #[error("{} is damaged: {what}", path.display())]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What does not fit: `the block at offset 17 does not match its checksum`.
        what: String,
    },
    /// The file lost its end: events that were acknowledged are no longer in it.
    #[error("{} {what}, but events up to offset {acknowledged} were acknowledged", path.display())]
    Lost {
        /// The database file or its log.
        path: PathBuf,
        /// How far it goes: `holds 3 of 17 pages that were written to it`.
        what: String,
        /// The offset of the last event that was acknowledged.
        acknowledged: u64,
    },
    /// The file that tells what was acknowledged last is damaged itself.
    #[error("{} is damaged: neither of its records matches its checksum", path.display())]
    Pin {
        /// The file.
        path: PathBuf,
    },
    /// The events at this offset are no longer in the journal: every reader has passed them.
    #[error("offset {offset} was removed, the journal begins at {first}")]
    Removed {
        /// The offset that was asked for.
        offset: u64,
        /// The first offset that is still there.
        first: u64,
    },
    /// No reader of this name is registered.
    #[error("no reader is called {name:?}")]
    UnknownReader {
        /// The name.
        name: String,
    },
    /// A reader can only go forward, and not beyond the head.
    #[error("reader {name:?} at {saved} cannot move to {offset}, the head is at {head}")]
    OffsetOutOfRange {
        /// The reader.
        name: String,
        /// Its saved offset.
        saved: u64,
        /// Where it wanted to go.
        offset: u64,
        /// The next offset to be assigned.
        head: u64,
    },
    /// Dead letters fill their part of the disk budget; this one would not fit.
    #[error("dead letters fill their {bytes_max} bytes of the disk budget")]
    DeadLettersFull {
        /// Their part of the budget.
        bytes_max: u64,
    },
    /// Too many requests wait for the writer.
    #[error("more than {requests_max} requests wait for the journal's writer")]
    Busy {
        /// How many may wait.
        requests_max: usize,
    },
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
    /// A change was part of a transaction that failed as a whole.
    #[error("the transaction failed")]
    Transaction(#[source] Arc<Self>),
}

impl Error {
    /// What a person can do about it; empty if there is nothing to add.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check that the folder exists and that its owner runs doorledger",
            Self::InUse { .. } => "stop the other process, or give this one another data folder",
            Self::Foreign { .. } => "give doorledger a data folder of its own",
            Self::Corrupt { .. } => {
                "nothing was overwritten: check the disk, then restore the file from a backup, or move its folder away to \
                 begin a new journal (events that were not yet in the lake are lost with it)"
            }
            Self::Lost { .. } => {
                "nothing was overwritten: check the disk, then restore the journal's folder from a backup, or move it \
                 away to begin a new journal (its events that were not yet in the lake are lost with it; what the \
                 providers still hold can be collected again with `doorledger backfill`)"
            }
            Self::Pin { .. } => {
                "check the disk, then move this file away: whether the journal lost its end cannot be told this time"
            }
            Self::DeadLettersFull { .. } => "look at the dead letters, then replay or remove them",
            Self::Transaction(cause) => cause.hint(),
            Self::Storage { source, .. } if is_full(source) => "make space on the disk",
            _ => "",
        }
    }

    /// Names the deed and the file of an SQLite error; damage gets its own kind.
    pub(crate) fn storage(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::Corrupt { path: path.to_owned(), what: source.to_string() }
            }
            _ => Self::Storage { action, path: path.to_owned(), source },
        }
    }

    /// Names the deed and the path of an I/O error.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

/// Why a batch was not appended. In every case nothing of it was stored and its cursor was not moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The disk budget is used up, or the disk is nearly full. Passes when readers advance.
    #[error("the journal is full")]
    Full {
        /// When to try again.
        retry_after_seconds: u64,
    },
    /// More batches wait than may wait. Passes within seconds, unless the disk is stuck.
    #[error("too many batches wait for the journal's writer")]
    Busy,
    /// The batch itself is over a limit; it will never be accepted whole.
    #[error("a batch of {events} events and {bytes} bytes is over the journal's limit")]
    TooLarge {
        /// Its events.
        events: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
    /// What the lake holds of a day could not be read, so it is unknown whether the events are new.
    #[error("cannot tell whether the events of day {day} are new")]
    StoredIds {
        /// Days since 1970.
        day: i32,
        /// The lake's answer.
        #[source]
        source: StoredIdsError,
    },
    /// An earlier batch of this source failed in the same moment; storing this one would move the cursor past it.
    #[error("an earlier batch of the same source failed")]
    AfterFailure,
    /// The disk or the file failed.
    #[error("the journal's storage failed")]
    Storage(#[source] Arc<Error>),
}

/// Whether SQLite says that the disk (or the allowed size) is used up.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

/// An error with its causes, on one line, for the log.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
