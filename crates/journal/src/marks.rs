//! Marks in the file: by which further channel an event came, and what events say. They are what later arrivals are
//! compared with besides the rows' own ids; they are kept as long as events are expected to come again.
//! Deliberately absent: deciding (`dedup`).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rusqlite::{Connection, params};

use crate::Error;
use crate::block::checksum;
use crate::dedup::{
    Channels, DAY_WITHOUT_TIME, Id, IdSet, MARK_BITS, Mark, MarkKind, merge, nth_of_content,
};
use crate::limits::MARK_ROWS_REMOVED_MAX;

/// Set in an entry whose hash is that of a content.
const CONTENT_BIT: u128 = 0b1000;

/// Writes marks, one row for each of their days. A transaction is open.
pub(crate) fn insert(connection: &Connection, marks: &[Mark]) -> rusqlite::Result<()> {
    let mut by_day: BTreeMap<i32, Vec<u8>> = BTreeMap::new();
    for mark in marks {
        by_day.entry(mark.key.day).or_default().extend_from_slice(&entry(mark).to_le_bytes());
    }
    for (day, entries) in by_day {
        connection
            .prepare_cached(
                "INSERT INTO mark SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3 FROM mark WHERE day = ?1",
            )?
            .execute(params![day, row_checksum(day, &entries), entries])?;
    }
    Ok(())
}

/// Adds the marks of a day to its ids.
pub(crate) fn load(
    connection: &Connection,
    path: &Path,
    day: i32,
    ids: &mut IdSet,
) -> Result<(), Error> {
    let mut contents: HashMap<(u128, u8), u32> = HashMap::new();
    let mut damaged = false;
    let mut read = || -> rusqlite::Result<()> {
        let mut statement =
            connection.prepare_cached("SELECT checksum, entries FROM mark WHERE day = ?1")?;
        let mut rows = statement.query([day])?;
        while let Some(row) = rows.next()? {
            let sum: i64 = row.get(0)?;
            let entries = row.get_ref(1)?.as_blob()?;
            damaged |= row_checksum(day, entries) != sum;
            for entry in entries.as_chunks().0 {
                let entry = u128::from_le_bytes(*entry);
                let (hash, channels) = (entry & !MARK_BITS, Channels::of_bits(entry as u8));
                if entry & CONTENT_BIT == 0 {
                    merge(ids, Id::new(hash, channels));
                } else {
                    *contents.entry((hash, channels.bits())).or_default() += 1;
                }
            }
        }
        Ok(())
    };
    read().map_err(Error::storage("read marks", path))?;
    if damaged {
        let what = format!("marks of day {day} do not match their checksum");
        return Err(Error::Corrupt { path: path.to_owned(), what });
    }
    for ((content, channel), count) in contents {
        for nth in 1..=count {
            merge(ids, Id::new(nth_of_content(content, nth), Channels::of_bits(channel)));
        }
    }
    Ok(())
}

/// Removes some marks of days before `day`; whether more may be left. A transaction is open.
pub(crate) fn forget_before(connection: &Connection, day: i32) -> rusqlite::Result<bool> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM mark WHERE (day, n) IN (SELECT day, n FROM mark WHERE day < ?1 AND day > ?2 LIMIT ?3)",
        )?
        .execute(params![day, DAY_WITHOUT_TIME, MARK_ROWS_REMOVED_MAX.cast_signed()])?;
    Ok(removed as u64 == MARK_ROWS_REMOVED_MAX)
}

fn entry(mark: &Mark) -> u128 {
    let kind = match mark.kind {
        MarkKind::Id => 0,
        MarkKind::Content => CONTENT_BIT,
    };
    (mark.key.hash & !MARK_BITS) | kind | u128::from(mark.channel.bits())
}

fn row_checksum(day: i32, entries: &[u8]) -> i64 {
    (checksum(entries) ^ checksum(&day.to_le_bytes())).cast_signed()
}
