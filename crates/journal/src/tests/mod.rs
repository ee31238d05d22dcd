//! Tests of the journal as a whole: rows in, rows out. Helpers first.

mod advancing;
mod appending;
mod faults;
mod ledger;
mod pin;
mod simulation;
mod twins;

use std::sync::Arc;

use bytes::Bytes;
use model::{Batch, Event, FixedClock, SourceId, Timestamp, Via};
use tempfile::TempDir;

use crate::{Journal, Options, StoredBatch, StoredIds, StoredIdsError};

/// A lake that holds nothing.
pub(crate) struct EmptyLake;

impl StoredIds for EmptyLake {
    fn ids_of_day(&self, _: i32) -> Result<Vec<u128>, StoredIdsError> {
        Ok(Vec::new())
    }
}

pub(crate) const NOW: &str = "2026-03-01T12:00:00Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(crate) fn open(dir: &TempDir) -> Journal {
    open_with(dir, Options::default())
}

pub(crate) fn open_with(dir: &TempDir, options: Options) -> Journal {
    Journal::open(dir.path(), options, Arc::new(FixedClock::at(now())), Arc::new(EmptyLake))
        .unwrap()
}

pub(crate) fn source(name: &str) -> SourceId {
    SourceId { provider: "auth0".into(), tenant: "acme".into(), source: name.into() }
}

/// An event at noon of 2026-02-01 plus `n` seconds whose id is `n`.
pub(crate) fn event(n: u64) -> Event {
    let seconds = 1_769_947_200 + n.cast_signed();
    Event {
        id: n.to_string(),
        time: Some(Timestamp::from_second(seconds).unwrap()),
        raw: Bytes::from(format!("{{\"log_id\":\"{n}\",\"type\":\"s\"}}")),
    }
}

pub(crate) fn batch(name: &str, ids: impl IntoIterator<Item = u64>) -> Batch {
    Batch {
        source: source(name),
        via: Via::Poll,
        received: now(),
        events: ids.into_iter().map(event).collect(),
        rejected: Vec::new(),
        cursor: None,
        gap: None,
        walked: None,
    }
}

/// Everything from `from` on, read in pieces of about `bytes_max`.
pub(crate) fn read_all(journal: &Journal, from: u64, bytes_max: usize) -> Vec<StoredBatch> {
    let mut batches = Vec::new();
    let mut next = from;
    loop {
        let piece = journal.read(next, bytes_max).unwrap();
        let Some(last) = piece.last() else { return batches };
        next = last.offset + last.events.len() as u64;
        batches.extend(piece);
    }
}

/// Offset and id of every event from `from` on.
pub(crate) fn ids(journal: &Journal, from: u64) -> Vec<(u64, String)> {
    let events = read_all(journal, from, 1000).into_iter().flat_map(|batch| batch.events);
    events.map(|event| (event.offset, event.id)).collect()
}
