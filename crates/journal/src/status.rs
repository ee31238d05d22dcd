//! What the journal tells of itself: totals of each source, recorded gaps.
//! Deliberately absent: how they are counted (`writer`).

use std::path::Path;

use model::{Gap, SourceId, Timestamp};
use rusqlite::{Connection, params};

use crate::Error;
use crate::limits::GAPS_MAX;
use crate::source_rows::SourceRow;

/// What came from a source since the journal was made. `received` = `stored` + `duplicates`; input that could not be read
/// is counted by `rejected` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The source.
    pub source: SourceId,
    /// Events that came.
    pub received: u64,
    /// Events that were new.
    pub stored: u64,
    /// Events that were there already.
    pub duplicates: u64,
    /// Pieces of input that could not be read as events.
    pub rejected: u64,
    /// When the last batch with events or rejected input reached us.
    pub last_received: Option<Timestamp>,
    /// The latest time that an event of it told.
    pub last_event: Option<Timestamp>,
}

impl From<SourceRow> for SourceState {
    fn from(row: SourceRow) -> Self {
        let time = |microseconds| Timestamp::from_microsecond(microseconds).ok();
        Self {
            source: row.source,
            received: row.received,
            stored: row.stored,
            duplicates: row.duplicates,
            rejected: row.rejected,
            last_received: row.last_received.and_then(time),
            last_event: row.last_event.and_then(time),
        }
    }
}

/// A stretch of provider time that a source could not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedGap {
    /// Whose gap.
    pub source: SourceId,
    /// When it was noted.
    pub noted: Timestamp,
    /// The stretch and its cause.
    pub gap: Gap,
}

/// Records a gap, and lets the oldest go if there are too many. A transaction is open.
pub(crate) fn insert_gap(
    connection: &Connection,
    source: i64,
    noted: Timestamp,
    gap: &Gap,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO gap (source, noted, gap_from, gap_until, cause) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            source,
            noted.as_microsecond(),
            gap.from.as_microsecond(),
            gap.until.as_microsecond(),
            gap.cause,
        ])?;
    let newest = connection.last_insert_rowid();
    connection
        .prepare_cached("DELETE FROM gap WHERE id <= ?1")?
        .execute([newest - GAPS_MAX])
        .map(|_| ())
}

/// Recorded gaps, oldest first.
pub(crate) fn gaps(connection: &Connection, path: &Path) -> Result<Vec<RecordedGap>, Error> {
    let read = || {
        let mut statement = connection.prepare_cached(
            "SELECT provider, tenant, source.source, noted, gap_from, gap_until, cause \
             FROM gap JOIN source ON source.id = gap.source ORDER BY gap.id",
        )?;
        statement.query_map([], read_gap)?.collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(Error::storage("read gaps", path))
}

fn read_gap(row: &rusqlite::Row<'_>) -> rusqlite::Result<RecordedGap> {
    let time = |n: usize| {
        let microseconds = row.get(n)?;
        Ok::<_, rusqlite::Error>(
            Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::UNIX_EPOCH),
        )
    };
    Ok(RecordedGap {
        source: SourceId { provider: row.get(0)?, tenant: row.get(1)?, source: row.get(2)? },
        noted: time(3)?,
        gap: Gap { from: time(4)?, until: time(5)?, cause: row.get(6)? },
    })
}
