//! Provider time that sources have walked without a break, in the file: a page extends it in the page's own transaction.
//! Deliberately absent: what walking proves (`sources` says it, page by page) and joining several sources (`ledger`).

use std::collections::HashMap;
use std::path::Path;

use model::{Stretch, Stretches, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::Error;
use crate::block::checksum;
use crate::limits::WALKS_MAX;

/// What each source has walked, by its row of `source`.
pub(crate) type Walks = HashMap<i64, Stretches>;

/// Adds a stretch to what a source has walked, and writes what changed. A transaction is open.
pub(crate) fn extend(
    connection: &Connection,
    source: i64,
    walked: &mut Stretches,
    stretch: Stretch,
) -> rusqlite::Result<()> {
    let Some((joined, vanished)) = walked.add(stretch) else { return Ok(()) };
    for gone in vanished.iter().filter(|gone| gone.from != joined.from) {
        remove(connection, source, gone)?;
    }
    let (from, until) = (joined.from.as_microsecond(), joined.until.as_microsecond());
    connection
        .prepare_cached("INSERT OR REPLACE INTO walk VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![source, from, until, row_checksum(source, from, until)])?;
    if let Some(over) = walked.as_slice().len().checked_sub(WALKS_MAX).filter(|over| *over > 0) {
        let (old, kept) = walked.as_slice().split_at(over);
        for gone in old {
            remove(connection, source, gone)?;
        }
        *walked = kept.iter().copied().collect();
    }
    Ok(())
}

fn remove(connection: &Connection, source: i64, gone: &Stretch) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM walk WHERE source = ?1 AND walk_from = ?2")?
        .execute([source, gone.from.as_microsecond()])
        .map(|_| ())
}

/// Everything that was walked, verified.
pub(crate) fn all(connection: &Connection, path: &Path) -> Result<Walks, Error> {
    let read = || {
        let mut statement = connection.prepare_cached(
            "SELECT source, walk_from, walk_until, checksum FROM walk ORDER BY source, walk_from",
        )?;
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        statement.query_map([], row)?.collect::<rusqlite::Result<Vec<(i64, i64, i64, i64)>>>()
    };
    let mut walks = Walks::new();
    for (source, from, until, sum) in read().map_err(Error::storage("read walks", path))? {
        let corrupt = || Error::Corrupt {
            path: path.to_owned(),
            what: format!("what source {source} has walked does not match its checksum"),
        };
        if row_checksum(source, from, until) != sum {
            return Err(corrupt());
        }
        let time = |at: i64| Timestamp::from_microsecond(at).map_err(|_| corrupt());
        walks.entry(source).or_default().add(Stretch { from: time(from)?, until: time(until)? });
    }
    Ok(walks)
}

fn row_checksum(source: i64, from: i64, until: i64) -> i64 {
    let bytes: Vec<u8> = [source, from, until].iter().flat_map(|n| n.to_le_bytes()).collect();
    checksum(&bytes).cast_signed()
}
