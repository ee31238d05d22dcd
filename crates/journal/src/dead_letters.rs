//! Dead letters: input that could not be read as events, and events that a destination will never take. They are kept,
//! listed, and removed after somebody has dealt with them. Deliberately absent: replaying them, which is up to whoever
//! knows their origin.

use std::path::Path;

use bytes::Bytes;
use model::{SourceId, Timestamp};
use rusqlite::{Connection, params};

use crate::block::checksum;
use crate::limits::DEAD_LETTERS_LISTED_MAX;
use crate::{Error, StoredEvent};

/// Something that went no further, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number, given when it is stored; ascending, never used twice.
    pub id: u64,
    /// When it went no further.
    pub at: Timestamp,
    /// Who gave up on it: the source that could not read it (`auth0/acme/poll`), or the reader that could not pass it
    /// on (`azure`).
    pub origin: String,
    /// Who brought it.
    pub source: SourceId,
    /// The provider's id of the event; empty if it could not be read.
    pub event_id: String,
    /// Why, as a lowercase fragment.
    pub reason: String,
    /// The bytes.
    pub raw: Bytes,
    /// Where the event stands (or stood) in the journal; `None` if it never became an event.
    pub offset: Option<u64>,
}

impl DeadLetter {
    /// A dead letter for [`Journal::advance`](crate::Journal::advance): an event that a reader gives up on. Number, time
    /// and origin are filled in when it is stored.
    #[must_use]
    pub fn of_event(source: &SourceId, event: &StoredEvent, reason: impl Into<String>) -> Self {
        Self {
            id: 0,
            at: Timestamp::UNIX_EPOCH,
            origin: String::new(),
            source: source.clone(),
            event_id: event.id.clone(),
            reason: reason.into(),
            raw: event.raw.clone(),
            offset: Some(event.offset),
        }
    }

    /// What it takes of the budget for dead letters.
    pub(crate) fn bytes(&self) -> u64 {
        bytes(self.raw.len(), self.reason.len())
    }

    fn checksum(&self) -> i64 {
        let text = format!(
            "{:?}",
            (
                self.at.as_microsecond(),
                &self.origin,
                &self.source,
                &self.event_id,
                &self.reason,
                self.offset
            )
        );
        (checksum(text.as_bytes()) ^ checksum(&self.raw).rotate_left(1)).cast_signed()
    }
}

/// Which dead letters to list. The default is all of them, from the first on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Only of this origin.
    pub origin: Option<String>,
    /// Only of this source: `auth0/acme/poll`, or the beginning of it up to a slash (`auth0/acme`).
    pub source: Option<String>,
    /// Only those whose reason contains this text; ASCII letters count in either case.
    pub reason: Option<String>,
    /// Only those after this number, for paging.
    pub after: u64,
    /// Only those before this number, and the newest first: for paging backwards. `u64::MAX` begins with the newest.
    pub before: Option<u64>,
    /// At most so many; 1000 at most in any case. 0 means 1000.
    pub count_max: usize,
}

/// What a dead letter takes of the budget: its bytes, its reason, and what its row costs besides.
pub(crate) fn bytes(raw: usize, reason: usize) -> u64 {
    const ROW_BYTES: u64 = 256;
    ROW_BYTES + raw as u64 + reason as u64
}

/// Writes a dead letter; its number is given by the file. A transaction is open.
pub(crate) fn insert(connection: &Connection, letter: &DeadLetter) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO dead_letter (at, origin, provider, tenant, source, event_id, reason, event_offset, checksum, raw) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            letter.at.as_microsecond(),
            letter.origin,
            letter.source.provider,
            letter.source.tenant,
            letter.source.source,
            letter.event_id,
            letter.reason,
            letter.offset.map(u64::cast_signed),
            letter.checksum(),
            letter.raw.as_ref(),
        ])
        .map(|_| ())
}

/// Removes dead letters; how many there were, and their bytes. A transaction is open.
pub(crate) fn remove(connection: &Connection, ids: &[u64]) -> rusqlite::Result<(u64, u64)> {
    let mut removed = (0, 0);
    for id in ids {
        let mut statement = connection.prepare_cached(
            "DELETE FROM dead_letter WHERE id = ?1 RETURNING length(raw), length(CAST(reason AS BLOB))",
        )?;
        let mut rows = statement.query([id.cast_signed()])?;
        while let Some(row) = rows.next()? {
            removed.0 += 1;
            removed.1 += bytes(length(row, 0)?, length(row, 1)?);
        }
    }
    Ok(removed)
}

/// What all dead letters take of their budget.
pub(crate) fn total_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection
        .prepare_cached("SELECT length(raw), length(CAST(reason AS BLOB)) FROM dead_letter")?;
    let mut rows = statement.query([])?;
    let mut total = 0;
    while let Some(row) = rows.next()? {
        total += bytes(length(row, 0)?, length(row, 1)?);
    }
    Ok(total)
}

/// What a filter asks of a letter, with origin, source and reason as the first parameters.
const PASSES: &str = "(?1 IS NULL OR origin = ?1) \
     AND (?2 IS NULL OR instr(provider || '/' || tenant || '/' || source || '/', ?2 || '/') = 1) \
     AND (?3 IS NULL OR instr(lower(reason), lower(?3)) > 0)";

/// Lists dead letters in the order of their numbers.
pub(crate) fn list(
    connection: &Connection,
    path: &Path,
    filter: &DeadLetterFilter,
) -> Result<Vec<DeadLetter>, Error> {
    let count_max = match filter.count_max {
        0 => DEAD_LETTERS_LISTED_MAX,
        count => count.min(DEAD_LETTERS_LISTED_MAX),
    };
    let (bounds, before) = match filter.before {
        None => ("id > ?4 AND id <= ?6", u64::MAX),
        Some(before) => ("id > ?4 AND id < ?6", before),
    };
    let order = if filter.before.is_some() { "DESC" } else { "ASC" };
    let condition = format!("{PASSES} AND {bounds} ORDER BY id {order} LIMIT ?5");
    select(
        connection,
        path,
        &condition,
        params![
            filter.origin,
            filter.source,
            filter.reason,
            i64::try_from(filter.after).unwrap_or(i64::MAX),
            i64::try_from(count_max).unwrap_or(i64::MAX),
            i64::try_from(before).unwrap_or(i64::MAX)
        ],
    )
}

/// How many dead letters pass a filter, wherever in its pages.
pub(crate) fn count(
    connection: &Connection,
    path: &Path,
    filter: &DeadLetterFilter,
) -> Result<u64, Error> {
    let read = || {
        let mut statement = connection
            .prepare_cached(&format!("SELECT count(*) FROM dead_letter WHERE {PASSES}"))?;
        let wanted = params![filter.origin, filter.source, filter.reason];
        statement.query_row(wanted, |row| row.get::<_, i64>(0))
    };
    read().map(i64::cast_unsigned).map_err(Error::storage("count dead letters", path))
}

/// One dead letter.
pub(crate) fn show(
    connection: &Connection,
    path: &Path,
    id: u64,
) -> Result<Option<DeadLetter>, Error> {
    let id = i64::try_from(id).unwrap_or(i64::MAX);
    Ok(select(connection, path, "id = ?1", params![id])?.pop())
}

fn select(
    connection: &Connection,
    path: &Path,
    condition: &str,
    parameters: &[&dyn rusqlite::ToSql],
) -> Result<Vec<DeadLetter>, Error> {
    let read = || {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT id, at, origin, provider, tenant, source, event_id, reason, event_offset, checksum, raw \
             FROM dead_letter WHERE {condition}"
        ))?;
        statement.query_map(parameters, read_row)?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let rows = read().map_err(Error::storage("read dead letters", path))?;
    rows.into_iter()
        .map(|(letter, sum)| {
            if letter.checksum() == sum {
                return Ok(letter);
            }
            let what = format!("dead letter {} does not match its checksum", letter.id);
            Err(Error::Corrupt { path: path.to_owned(), what })
        })
        .collect()
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(DeadLetter, i64)> {
    let letter = DeadLetter {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        at: Timestamp::from_microsecond(row.get(1)?).unwrap_or(Timestamp::UNIX_EPOCH),
        origin: row.get(2)?,
        source: SourceId { provider: row.get(3)?, tenant: row.get(4)?, source: row.get(5)? },
        event_id: row.get(6)?,
        reason: row.get(7)?,
        offset: row.get::<_, Option<i64>>(8)?.map(i64::cast_unsigned),
        raw: Bytes::copy_from_slice(row.get_ref(10)?.as_blob()?),
    };
    Ok((letter, row.get(9)?))
}

fn length(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<usize> {
    row.get::<_, i64>(column).map(|length| usize::try_from(length).unwrap_or(0))
}
