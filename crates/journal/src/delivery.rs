//! What went out: for each reader, source and hour of provider time, how many events were settled, and how. The counts
//! become durable together with the reader's place, so an event is counted once, however often its request is repeated.
//! Deliberately absent: what came in (`account`).

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::path::Path;

use model::{SourceId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::Error;
use crate::account::{hour_of_time, time_of_hour};
use crate::block::checksum;

/// What became of the events of one source and hour at one reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Events that were sent, and whose reader said that it has them.
    pub acknowledged: u64,
    /// Events that were sent, and refused for good: they are among the dead letters.
    pub refused: u64,
    /// Events that could not be sent at all, too large for instance: they are among the dead letters.
    pub unsendable: u64,
}

impl AddAssign for Delivered {
    fn add_assign(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.unsendable += other.unsendable;
    }
}

/// What a reader has settled since it last saved its place; given to [`crate::Journal::settle`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliveries(BTreeMap<(SourceId, i64), Delivered>);

impl Deliveries {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what became of events of `source` that tell `time` and came at `received`.
    pub fn add(
        &mut self,
        source: &SourceId,
        time: Option<Timestamp>,
        received: Timestamp,
        delivered: Delivered,
    ) {
        let hour = hour_of_time(time, received);
        *self.0.entry((source.clone(), hour)).or_default() += delivered;
    }

    /// Whether nothing was settled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&SourceId, i64, Delivered)> {
        self.0.iter().map(|((source, hour), delivered)| (source, *hour, *delivered))
    }
}

/// A row: hour, row of `source`, reader, counts.
pub(crate) type StoredDelivery = (i64, i64, String, Delivered);

/// Adds to what is written. A transaction is open.
pub(crate) fn add(
    connection: &Connection,
    path: &Path,
    (hour, source, reader): (i64, i64, &str),
    delivered: Delivered,
) -> Result<(), Error> {
    let storage = || Error::storage("count deliveries", path);
    let held = connection
        .prepare_cached(
            "SELECT hour, source, reader, acknowledged, refused, unsendable, checksum FROM delivery \
             WHERE hour = ?1 AND source = ?2 AND reader = ?3",
        )
        .and_then(|mut it| it.query_row(params![hour, source, reader], read_row).optional())
        .map_err(storage())?;
    let mut sum = match held {
        Some(row) => verified(row, path)?.3,
        None => Delivered::default(),
    };
    sum += delivered;
    connection
        .prepare_cached("INSERT OR REPLACE INTO delivery VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .and_then(|mut statement| {
            statement.execute(params![
                hour,
                source,
                reader,
                sum.acknowledged.cast_signed(),
                sum.refused.cast_signed(),
                sum.unsendable.cast_signed(),
                row_checksum(hour, source, reader, sum)
            ])
        })
        .map(|_| ())
        .map_err(storage())
}

/// Every delivery of hours from `from` on and before `until`, by hour.
pub(crate) fn between(
    connection: &Connection,
    path: &Path,
    from: i64,
    until: i64,
) -> Result<Vec<StoredDelivery>, Error> {
    let read = || {
        let mut statement = connection.prepare_cached(
            "SELECT hour, source, reader, acknowledged, refused, unsendable, checksum FROM delivery \
             WHERE hour >= ?1 AND hour < ?2 ORDER BY hour, source, reader",
        )?;
        statement.query_map([from, until], read_row)?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let rows = read().map_err(Error::storage("read deliveries", path))?;
    rows.into_iter().map(|row| verified(row, path)).collect()
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<(StoredDelivery, i64)> {
    let count = |n: usize| row.get::<_, i64>(n).map(i64::cast_unsigned);
    let delivered =
        Delivered { acknowledged: count(3)?, refused: count(4)?, unsendable: count(5)? };
    Ok(((row.get(0)?, row.get(1)?, row.get(2)?, delivered), row.get(6)?))
}

fn verified((row, sum): (StoredDelivery, i64), path: &Path) -> Result<StoredDelivery, Error> {
    if row_checksum(row.0, row.1, &row.2, row.3) == sum {
        return Ok(row);
    }
    let what = format!(
        "the deliveries of {:?} of hour {} do not match their checksum",
        row.2,
        time_of_hour(row.0)
    );
    Err(Error::Corrupt { path: path.to_owned(), what })
}

fn row_checksum(hour: i64, source: i64, reader: &str, delivered: Delivered) -> i64 {
    checksum(format!("{hour} {source} {reader:?} {delivered:?}").as_bytes()).cast_signed()
}
