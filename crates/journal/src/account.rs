//! What came in: for each source, hour of provider time and channel, how many events came, and what became of them. The
//! counts become durable in the transaction of the events that they count, so they are neither ahead nor behind.
//! Deliberately absent: what went out (`delivery`), and judging whether an hour is complete.

use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;
use std::path::Path;

use model::{Event, Timestamp, Via};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::Error;
use crate::block::checksum;
use crate::dedup::Admission;
use crate::limits::{ACCOUNT_ROWS_MAX, ACCOUNTS_CACHED_MAX};
use crate::row::via_number;

/// Counts of one source, hour and channel. `received` = `stored` + `both` + `elsewhere` + `duplicates`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that came.
    pub received: u64,
    /// Of them, events that nobody had brought before.
    pub stored: u64,
    /// Events that had come by poll or by push alone, and came by the other of the two.
    pub both: u64,
    /// Events that another channel had brought, one of the two being an import.
    pub elsewhere: u64,
    /// Events that this channel had brought before. Also every known event that is older than what is remembered of
    /// channels (`Options::dedup_days`).
    pub duplicates: u64,
    /// Pieces of input that could not be read as events. They tell no time, and count for the hour in which they came.
    pub rejected: u64,
}

/// Row of `source`, channel as a number, hour since 1970.
pub(crate) type AccountKey = (i64, i64, i64);

/// Counts that are to be added.
pub(crate) type Increments = BTreeMap<AccountKey, Counts>;

impl Counts {
    pub(crate) fn count(&mut self, admission: Admission) {
        self.received += 1;
        match admission {
            Admission::New => self.stored += 1,
            Admission::Both => self.both += 1,
            Admission::Elsewhere => self.elsewhere += 1,
            Admission::Repeat => self.duplicates += 1,
        }
    }

    fn numbers(self) -> [u64; 6] {
        [self.received, self.stored, self.both, self.elsewhere, self.duplicates, self.rejected]
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.received += other.received;
        self.stored += other.stored;
        self.both += other.both;
        self.elsewhere += other.elsewhere;
        self.duplicates += other.duplicates;
        self.rejected += other.rejected;
    }
}

/// The hour of provider time under which an event is counted; the same that its row's `TimeGenerated` has.
pub(crate) fn hour_of_event(event: &Event, received: Timestamp) -> i64 {
    hour_of_time(event.time, received)
}

/// The hour of a time that an event told, or of the moment at which it came.
pub(crate) fn hour_of_time(time: Option<Timestamp>, received: Timestamp) -> i64 {
    // Kusto cannot say a time before the year 1: the lake takes it for none.
    const YEAR_1_SECONDS: i64 = -62_135_596_800;
    hour_of(time.filter(|time| time.as_second() >= YEAR_1_SECONDS).unwrap_or(received))
}

/// Hours since 1970.
pub(crate) fn hour_of(time: Timestamp) -> i64 {
    time.as_second().div_euclid(3600)
}

/// When an hour begins.
pub(crate) fn time_of_hour(hour: i64) -> Timestamp {
    Timestamp::from_second(hour.saturating_mul(3600)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The key of a source's row, a channel and an hour.
pub(crate) fn key(source: i64, via: Via, hour: i64) -> AccountKey {
    (source, via_number(via), hour)
}

/// Rows that were written lately, as the file holds them.
#[derive(Debug, Default)]
pub(crate) struct Cache(HashMap<AccountKey, Counts>);

impl Cache {
    /// Adds counts to the rows of the file. A transaction is open; if it fails, this cache is to be dropped.
    pub(crate) fn add(
        &mut self,
        connection: &Connection,
        path: &Path,
        increments: &Increments,
    ) -> Result<(), Error> {
        if self.0.len() > ACCOUNTS_CACHED_MAX {
            self.0.clear();
        }
        for (key, counts) in increments {
            let row = match self.0.entry(*key) {
                std::collections::hash_map::Entry::Occupied(held) => held.into_mut(),
                std::collections::hash_map::Entry::Vacant(new) => {
                    new.insert(read(connection, path, *key)?)
                }
            };
            *row += *counts;
            save(connection, *key, *row).map_err(Error::storage("count events", path))?;
        }
        Ok(())
    }
}

fn save(connection: &Connection, key: AccountKey, counts: Counts) -> rusqlite::Result<()> {
    let (source, via, hour) = key;
    let [received, stored, both, elsewhere, duplicates, rejected] =
        counts.numbers().map(u64::cast_signed);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO account VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            hour,
            source,
            via,
            received,
            stored,
            both,
            elsewhere,
            duplicates,
            rejected,
            row_checksum(key, counts)
        ])
        .map(|_| ())
}

fn read(connection: &Connection, path: &Path, key: AccountKey) -> Result<Counts, Error> {
    let (source, via, hour) = key;
    let row = connection
        .prepare_cached(
            "SELECT hour, source, via, received, stored, both, elsewhere, duplicates, rejected, checksum \
             FROM account WHERE hour = ?1 AND source = ?2 AND via = ?3",
        )
        .and_then(|mut statement| statement.query_row([hour, source, via], read_row).optional())
        .map_err(Error::storage("read accounts", path))?;
    row.map_or(Ok(Counts::default()), |row| verified(row, path).map(|(_, counts)| counts))
}

/// Every account of hours from `from` on and before `until`, by hour.
pub(crate) fn between(
    connection: &Connection,
    path: &Path,
    from: i64,
    until: i64,
) -> Result<Vec<(AccountKey, Counts)>, Error> {
    let read = || {
        let mut statement = connection.prepare_cached(
            "SELECT hour, source, via, received, stored, both, elsewhere, duplicates, rejected, checksum \
             FROM account WHERE hour >= ?1 AND hour < ?2 ORDER BY hour, source, via",
        )?;
        statement.query_map([from, until], read_row)?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let rows = read().map_err(Error::storage("read accounts", path))?;
    rows.into_iter().map(|row| verified(row, path)).collect()
}

/// The first and the last hour of which there is an account, for each source.
pub(crate) fn extents(
    connection: &Connection,
    path: &Path,
) -> Result<BTreeMap<i64, (i64, i64)>, Error> {
    let read = || {
        let mut statement = connection
            .prepare_cached("SELECT source, min(hour), max(hour) FROM account GROUP BY source")?;
        let row = |row: &Row<'_>| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)));
        statement.query_map([], row)?.collect::<rusqlite::Result<BTreeMap<_, _>>>()
    };
    read().map_err(Error::storage("read accounts", path))
}

/// By which channels each source has ever brought something: row of `source`, channel as a number.
pub(crate) fn vias(connection: &Connection, path: &Path) -> Result<Vec<(i64, i64)>, Error> {
    let read = || {
        let mut statement =
            connection.prepare_cached("SELECT DISTINCT source, via FROM account")?;
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(i64, i64)>>>()
    };
    read().map_err(Error::storage("read accounts", path))
}

/// Lets the oldest hours of `table` go if there are too many rows. A transaction is open.
pub(crate) fn limit_rows(connection: &Connection, table: &str) -> rusqlite::Result<usize> {
    let hours = format!("SELECT count(*) FROM {table}");
    let rows: i64 = connection.query_row(&hours, [], |row| row.get(0))?;
    let over = rows.cast_unsigned().saturating_sub(ACCOUNT_ROWS_MAX);
    if over == 0 {
        return Ok(0);
    }
    let sql = format!(
        "DELETE FROM {table} WHERE hour <= (SELECT hour FROM {table} ORDER BY hour LIMIT 1 OFFSET ?1)"
    );
    connection.execute(&sql, [over.cast_signed()])
}

type StoredRow = (AccountKey, Counts, i64);

fn read_row(row: &Row<'_>) -> rusqlite::Result<StoredRow> {
    let count = |n: usize| row.get::<_, i64>(n).map(i64::cast_unsigned);
    let key = (row.get(1)?, row.get(2)?, row.get(0)?);
    let counts = Counts {
        received: count(3)?,
        stored: count(4)?,
        both: count(5)?,
        elsewhere: count(6)?,
        duplicates: count(7)?,
        rejected: count(8)?,
    };
    Ok((key, counts, row.get(9)?))
}

fn verified(row: StoredRow, path: &Path) -> Result<(AccountKey, Counts), Error> {
    let (key, counts, sum) = row;
    if row_checksum(key, counts) == sum {
        return Ok((key, counts));
    }
    let what = format!("the account of hour {} does not match its checksum", time_of_hour(key.2));
    Err(Error::Corrupt { path: path.to_owned(), what })
}

fn row_checksum((source, via, hour): AccountKey, counts: Counts) -> i64 {
    let mut bytes = [0; 72];
    let numbers = [source, via, hour].into_iter().map(i64::cast_unsigned).chain(counts.numbers());
    for (to, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
        *to = number.to_le_bytes();
    }
    checksum(&bytes).cast_signed()
}
