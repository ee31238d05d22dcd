//! Removal of what every reader has passed, in small steps. Freed pages are used again by later rows; the file does not
//! shrink. Deliberately absent: when it happens (`writer`).

use std::path::Path;

use rusqlite::{Connection, params};

use crate::Error;
use crate::limits::REMOVAL_ROWS_MAX;
use crate::row::{Head, days};

/// What one step did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Removed {
    /// The journal begins here now.
    pub(crate) first: u64,
    /// Whether another step would find more.
    pub(crate) more: bool,
}

/// Removes rows that end at or before `below`, but never the newest row, which tells the next offset `next`.
/// A transaction is open.
pub(crate) fn step(
    connection: &Connection,
    path: &Path,
    below: u64,
    next: u64,
) -> Result<Removed, Error> {
    let oldest = oldest_rows(connection, path)?;
    let removable = |head: &Head| head.end() <= below && head.end() < next;
    let mut first = next;
    let mut more = oldest.len() == REMOVAL_ROWS_MAX;
    for (head, days) in &oldest {
        if !removable(head) {
            first = head.offset;
            more = false;
            break;
        }
        first = head.end();
        remove(connection, head.offset, days).map_err(Error::storage("remove events", path))?;
    }
    Ok(Removed { first, more })
}

fn oldest_rows(connection: &Connection, path: &Path) -> Result<Vec<(Head, Vec<i32>)>, Error> {
    let read = || {
        let mut statement = connection.prepare_cached(
            "SELECT offset, events, source, via, days, checksum FROM batch ORDER BY offset LIMIT ?1",
        )?;
        let row = |row: &rusqlite::Row<'_>| {
            let filed: Vec<i32> = days(row.get_ref(4)?.as_blob()?).collect();
            Ok(Head::read(row)?.map(|head| (head, filed)))
        };
        let limit = i64::try_from(REMOVAL_ROWS_MAX).unwrap_or(i64::MAX);
        statement.query_map([limit], row)?.collect::<rusqlite::Result<Option<Vec<_>>>>()
    };
    // A row that is damaged is not removed: somebody may still want to save what is left of it.
    read().map_err(Error::storage("read the oldest rows", path))?.ok_or_else(|| Error::Corrupt {
        path: path.to_owned(),
        what: "one of its oldest rows does not match its checksum".to_owned(),
    })
}

fn remove(connection: &Connection, offset: u64, days: &[i32]) -> rusqlite::Result<()> {
    let offset = offset.cast_signed();
    connection.prepare_cached("DELETE FROM batch WHERE offset = ?1")?.execute([offset])?;
    let mut statement =
        connection.prepare_cached("DELETE FROM day_ids WHERE day = ?1 AND offset = ?2")?;
    for day in days {
        statement.execute(params![day, offset])?;
    }
    Ok(())
}
