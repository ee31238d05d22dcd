//! Who reads the journal, and how far each of them is: rows of `reader`.
//! Deliberately absent: reading events (`reading`).

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::Error;
use crate::block::checksum;

/// Where a reader begins that was not registered before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderStart {
    /// At the oldest event that the journal still holds.
    Beginning,
    /// After the newest event.
    Head,
}

/// A reader and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderState {
    /// Its name.
    pub name: String,
    /// The offset of the first event that it has not dealt with.
    pub offset: u64,
    /// How many events it has still to deal with.
    pub backlog_events: u64,
}

/// Saved offsets by name.
pub(crate) type Readers = BTreeMap<String, u64>;

/// The offset that every reader has reached; nothing if there is no reader.
pub(crate) fn passed(readers: &Readers) -> u64 {
    readers.values().copied().min().unwrap_or(0)
}

/// Every reader, verified.
pub(crate) fn all(connection: &Connection, path: &Path) -> Result<Readers, Error> {
    let read = || {
        let mut statement =
            connection.prepare_cached("SELECT name, offset, checksum FROM reader")?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        statement.query_map([], row)?.collect::<rusqlite::Result<Vec<(String, i64, i64)>>>()
    };
    let rows = read().map_err(Error::storage("read the readers", path))?;
    rows.into_iter()
        .map(|(name, offset, sum)| {
            if row_checksum(&name, offset) == sum {
                return Ok((name, offset.cast_unsigned()));
            }
            let what = format!("the row of reader {name:?} does not match its checksum");
            Err(Error::Corrupt { path: path.to_owned(), what })
        })
        .collect()
}

/// Writes a reader's offset. A transaction is open.
pub(crate) fn save(connection: &Connection, name: &str, offset: u64) -> rusqlite::Result<()> {
    let offset = offset.cast_signed();
    connection
        .prepare_cached("INSERT OR REPLACE INTO reader VALUES (?1, ?2, ?3)")?
        .execute(params![name, offset, row_checksum(name, offset)])
        .map(|_| ())
}

/// Removes a reader. A transaction is open.
pub(crate) fn remove(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM reader WHERE name = ?1")?.execute([name]).map(|_| ())
}

fn row_checksum(name: &str, offset: i64) -> i64 {
    checksum(format!("{name}\0{offset}").as_bytes()).cast_signed()
}
