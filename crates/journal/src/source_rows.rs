//! What the journal keeps of each source: its cursor and its totals, one row of `source`.
//! Deliberately absent: the public view of it (`status`).

use std::path::Path;

use model::SourceId;
use rusqlite::{Connection, Row, params};

use crate::Error;
use crate::block::checksum;

/// A row of `source`. Times are in microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceRow {
    pub(crate) id: i64,
    pub(crate) source: SourceId,
    pub(crate) cursor: Option<String>,
    /// Events that came, new or not.
    pub(crate) received: u64,
    pub(crate) stored: u64,
    pub(crate) duplicates: u64,
    pub(crate) rejected: u64,
    pub(crate) last_received: Option<i64>,
    pub(crate) last_event: Option<i64>,
}

const COLUMNS: &str = "id, provider, tenant, source, cursor, received, stored, duplicates, rejected, last_received, \
                       last_event, checksum";

impl SourceRow {
    /// A source that was never seen before.
    pub(crate) fn new(id: i64, source: &SourceId) -> Self {
        Self {
            id,
            source: source.clone(),
            cursor: None,
            received: 0,
            stored: 0,
            duplicates: 0,
            rejected: 0,
            last_received: None,
            last_event: None,
        }
    }

    /// Writes the row, whether it is new or not. A transaction is open.
    pub(crate) fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO source VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                self.id,
                self.source.provider,
                self.source.tenant,
                self.source.source,
                self.cursor,
                self.received.cast_signed(),
                self.stored.cast_signed(),
                self.duplicates.cast_signed(),
                self.rejected.cast_signed(),
                self.last_received,
                self.last_event,
                self.checksum(),
            ])
            .map(|_| ())
    }

    fn checksum(&self) -> i64 {
        // `Debug` of plain values is unambiguous: texts are quoted, fields are named.
        checksum(format!("{self:?}").as_bytes()).cast_signed()
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<(Self, i64)> {
        let count = |n: usize| row.get::<_, i64>(n).map(i64::cast_unsigned);
        let source = SourceId { provider: row.get(1)?, tenant: row.get(2)?, source: row.get(3)? };
        let read = Self {
            id: row.get(0)?,
            source,
            cursor: row.get(4)?,
            received: count(5)?,
            stored: count(6)?,
            duplicates: count(7)?,
            rejected: count(8)?,
            last_received: row.get(9)?,
            last_event: row.get(10)?,
        };
        Ok((read, row.get(11)?))
    }
}

/// Every source, verified.
pub(crate) fn all(connection: &Connection, path: &Path) -> Result<Vec<SourceRow>, Error> {
    let read = || {
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM source ORDER BY id"))?;
        statement.query_map([], SourceRow::read)?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let rows = read().map_err(Error::storage("read the sources", path))?;
    rows.into_iter()
        .map(|(row, sum)| {
            if row.checksum() == sum {
                return Ok(row);
            }
            let what = format!("the row of source {} does not match its checksum", row.source);
            Err(Error::Corrupt { path: path.to_owned(), what })
        })
        .collect()
}
