//! The ledger as others read it: accounts, deliveries and walks with the names of their sources.
//! Deliberately absent: judging an hour, and joining the sources of a tenant, which is up to whoever knows tenants.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use model::{SourceId, Stretch, Stretches, Timestamp, Via};
use rusqlite::Connection;

use crate::account::{self, Counts, hour_of, time_of_hour};
use crate::row::via_of;
use crate::{Delivered, Error, delivery, source_rows, walks};

/// What came in of one source, hour and channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// When the hour begins, in the provider's time.
    pub hour: Timestamp,
    /// The source.
    pub source: SourceId,
    /// The channel.
    pub via: Via,
    /// How many, and what became of them.
    pub counts: Counts,
}

/// What became of the events of one source and hour at one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// When the hour begins, in the provider's time.
    pub hour: Timestamp,
    /// The source.
    pub source: SourceId,
    /// The reader's name.
    pub reader: String,
    /// How many.
    pub delivered: Delivered,
}

/// What a source has walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// The source.
    pub source: SourceId,
    /// Provider time that it has read without a break.
    pub walked: Stretches,
    /// From the first hour to the end of the last one of which it has an account; `None` if it has none.
    pub hours: Option<Stretch>,
}

/// Accounts of the hours that begin from `from` on and before `until`.
pub(crate) fn accounts(
    connection: &Connection,
    path: &Path,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Account>, Error> {
    let names = names(connection, path)?;
    let rows = account::between(connection, path, first_hour(from), first_hour(until))?;
    let named = |((source, via, hour), counts)| {
        let (source, via) = (names.get(&source)?.clone(), via_of(via)?);
        Some(Account { hour: time_of_hour(hour), source, via, counts })
    };
    Ok(rows.into_iter().filter_map(named).collect())
}

/// Deliveries of the same hours.
pub(crate) fn deliveries(
    connection: &Connection,
    path: &Path,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Delivery>, Error> {
    let names = names(connection, path)?;
    let rows = delivery::between(connection, path, first_hour(from), first_hour(until))?;
    let named = |(hour, source, reader, delivered)| {
        let source = names.get(&source)?.clone();
        Some(Delivery { hour: time_of_hour(hour), source, reader, delivered })
    };
    Ok(rows.into_iter().filter_map(named).collect())
}

/// What every source has walked.
pub(crate) fn walked(connection: &Connection, path: &Path) -> Result<Vec<Walked>, Error> {
    let mut walks = walks::all(connection, path)?;
    let mut hours = account::extents(connection, path)?;
    let of = |(row, source)| {
        let stretch = |(first, last): (i64, i64)| Stretch {
            from: time_of_hour(first),
            until: time_of_hour(last.saturating_add(1)),
        };
        let walked = walks.remove(&row).unwrap_or_default();
        Walked { source, walked, hours: hours.remove(&row).map(stretch) }
    };
    let by_row: BTreeMap<i64, SourceId> = names(connection, path)?.into_iter().collect();
    Ok(by_row.into_iter().map(of).collect())
}

fn names(connection: &Connection, path: &Path) -> Result<HashMap<i64, SourceId>, Error> {
    let rows = source_rows::all(connection, path)?;
    Ok(rows.into_iter().map(|row| (row.id, row.source)).collect())
}

/// The first hour that begins at a moment or after it.
fn first_hour(time: Timestamp) -> i64 {
    let hour = hour_of(time);
    if time_of_hour(hour) < time { hour.saturating_add(1) } else { hour }
}
