//! A group of batches that are committed together: which of their events are new, which wait, which are joined with one
//! that waited, and what all of that adds to the accounts.
//! Deliberately absent: the transaction (`appends`).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use model::{Batch, Event, SourceId, Stretches, Timestamp, Via};
use rusqlite::Connection;

use super::State;
use super::appends::Appending;
use crate::account::{self, Cache, Increments};
use crate::block;
use crate::dedup::{Admission, Changes, Key};
use crate::row::{Part, Row};
use crate::source_rows::SourceRow;
use crate::waiting::{self, Waiting};
use crate::walks::{self, Walks};
use crate::{Appended, DeadLetter, Error, Telling, Twins, dead_letters, marks, status};

/// The new part of each batch, and what that changes.
#[derive(Default)]
pub(super) struct Group {
    pub(super) batches: Vec<Appending>,
    /// One for each batch; behind them those of events that wait no longer.
    pub(super) parts: Vec<Part>,
    /// Events of each batch that are stored now.
    stored: Vec<u64>,
    released: Vec<Part>,
    pub(super) sources: BTreeMap<SourceId, SourceRow>,
    pub(super) new_sources: i64,
    pub(super) dead_letter_bytes: u64,
    pub(super) changes: Changes,
    pub(super) accounts: Increments,
    /// Events that wait from now on, and those that wait no longer.
    pub(super) waiting: Vec<Waiting>,
    pub(super) left: Vec<i64>,
    waiting_bytes: usize,
    /// What changes of the sources' walks.
    pub(super) walks: HashMap<i64, Stretches>,
}

impl Group {
    /// Whether there is nothing to commit.
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.released.is_empty()
    }

    /// Lets an event go that waited, alone or joined with its twin.
    pub(super) fn release(&mut self, waiting: &Waiting, joined: Option<(Telling, Timestamp)>) {
        let (telling, time) = joined.unwrap_or((waiting.telling.clone(), waiting.time));
        let key = waiting.key_of(&telling.id);
        let event = Event { id: telling.id, time: Some(time), raw: telling.raw };
        self.released.push(Part {
            source: waiting.source_row,
            via: waiting.via,
            blocks: block::encode(waiting.received, [&event]),
            keys: vec![key],
        });
        if self.waiting.iter().any(|it| it.id == waiting.id) {
            self.waiting.retain(|it| it.id != waiting.id);
        } else {
            self.left.push(waiting.id);
        }
    }

    /// Adds what is new of a batch, and counts.
    pub(super) fn add(
        &mut self,
        state: &State,
        twins: &dyn Twins,
        mut appending: Appending,
        admissions: &[Admission],
    ) {
        let source = self.source_row(state, &appending.batch.source);
        self.account(source, &appending.batch, admissions);
        let mut kept: Vec<bool> = admissions.iter().map(|it| *it == Admission::New).collect();
        let stored = kept.iter().filter(|kept| **kept).count() as u64;
        if !appending.contents.is_empty() {
            self.match_twins(state, twins, &appending, admissions, &mut kept, source);
        }
        let batch = &appending.batch;
        let blocks = if kept.iter().all(|kept| *kept) {
            std::mem::take(&mut appending.blocks)
        } else {
            let events = batch.events.iter().zip(&kept).filter(|(_, kept)| **kept);
            block::encode(batch.received, events.map(|(event, _)| event))
        };
        let keys = appending.keys.iter().zip(&kept).filter(|(_, kept)| **kept);
        let keys: Vec<Option<Key>> = keys.map(|(key, _)| *key).collect();
        if let Some(row) = self.sources.get_mut(&batch.source) {
            count(row, batch, stored);
        }
        self.dead_letter_bytes += appending.dead_letter_bytes();
        self.parts.push(Part { source, via: batch.via, blocks, keys });
        self.stored.push(stored);
        self.batches.push(appending);
    }

    /// The number of a source's row; a new one for a source that was never seen.
    fn source_row(&mut self, state: &State, source: &SourceId) -> i64 {
        let new_sources = &mut self.new_sources;
        let row = self.sources.entry(source.clone()).or_insert_with(|| {
            state.sources.get(source).cloned().unwrap_or_else(|| {
                *new_sources += 1;
                SourceRow::new(state.next_source + *new_sources - 1, source)
            })
        });
        row.id
    }

    fn account(&mut self, source: i64, batch: &Batch, admissions: &[Admission]) {
        let mut last: Option<(i64, account::Counts)> = None;
        for (event, admission) in batch.events.iter().zip(admissions) {
            let hour = account::hour_of_event(event, batch.received);
            // Most events of a batch are of one hour.
            match &mut last {
                Some((held, counts)) if *held == hour => counts.count(*admission),
                _ => {
                    self.increment(source, batch.via, last.take());
                    let mut counts = account::Counts::default();
                    counts.count(*admission);
                    last = Some((hour, counts));
                }
            }
        }
        self.increment(source, batch.via, last);
        if !batch.rejected.is_empty() {
            let rejected = batch.rejected.len() as u64;
            let counts = account::Counts { rejected, ..account::Counts::default() };
            self.increment(source, batch.via, Some((account::hour_of(batch.received), counts)));
        }
    }

    fn increment(&mut self, source: i64, via: Via, counted: Option<(i64, account::Counts)>) {
        if let Some((hour, counts)) = counted {
            *self.accounts.entry(account::key(source, via, hour)).or_default() += counts;
        }
    }

    /// Lets new events wait for their twins, and joins those whose twin waits.
    fn match_twins(
        &mut self,
        state: &State,
        twins: &dyn Twins,
        appending: &Appending,
        admissions: &[Admission],
        kept: &mut [bool],
        source_row: i64,
    ) {
        let batch = &appending.batch;
        if batch.via == Via::Import {
            return;
        }
        let is_awaited = twins.is_awaited(&batch.source);
        for (n, event) in batch.events.iter().enumerate() {
            let (Some(Some(content)), Some(time), Some(admission)) =
                (appending.contents.get(n), event.time, admissions.get(n))
            else {
                continue;
            };
            let telling = Telling { id: event.id.clone(), raw: event.raw.clone() };
            match admission {
                Admission::New if is_awaited => {
                    let bytes = self.waiting_bytes + event.raw.len();
                    if !state.waiting.has_room(self.waiting.len() + 1, bytes) {
                        continue;
                    }
                    self.waiting_bytes = bytes;
                    self.waiting.push(Waiting {
                        id: state.waiting.next_id() + self.next_waiting(state),
                        source_row,
                        source: batch.source.clone(),
                        via: batch.via,
                        received: batch.received,
                        time,
                        content: content.hash,
                        telling,
                    });
                    if let Some(kept) = kept.get_mut(n) {
                        *kept = false;
                    }
                }
                Admission::Both => {
                    let found = self.waiting_twin(state, content.hash, batch);
                    if let Some(first) = found {
                        let joined = twins.join(&first.source, &first.telling, &telling);
                        self.release(&first, joined.map(|it| (it, first.time.max(time))));
                    }
                }
                _ => {}
            }
        }
    }

    /// How many numbers of waiting events this group has given.
    fn next_waiting(&self, state: &State) -> i64 {
        let last = self.waiting.last().map(|waiting| waiting.id);
        last.map_or(0, |last| last + 1 - state.waiting.next_id())
    }

    /// The oldest event that waits, says the same, is of this tenant and came by another channel.
    fn waiting_twin(&self, state: &State, content: u128, batch: &Batch) -> Option<Waiting> {
        let is_twin = |it: &&Waiting| {
            it.content == content
                && it.via != batch.via
                && it.source.provider == batch.source.provider
                && it.source.tenant == batch.source.tenant
        };
        let held = state.waiting.iter().filter(|it| !self.left.contains(&it.id));
        held.chain(&self.waiting).find(is_twin).cloned()
    }

    /// Everything is added: puts the events that wait no longer behind those of the batches, and the walks together.
    pub(super) fn close(&mut self, walks: &Walks) {
        self.parts.append(&mut self.released);
        for appending in &self.batches {
            let (batch, row) = (&appending.batch, self.sources.get(&appending.batch.source));
            if let (Some(_), Some(row)) = (batch.walked, row) {
                let held = || walks.get(&row.id).cloned().unwrap_or_default();
                self.walks.entry(row.id).or_insert_with(held);
            }
        }
    }

    /// Writes everything. A transaction is open.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        path: &Path,
        rows: &[Row],
        accounts: &mut Cache,
        now: Timestamp,
    ) -> Result<(), Error> {
        accounts.add(connection, path, &self.accounts)?;
        self.write_rows(connection, rows, now).map_err(Error::storage("append events", path))
    }

    fn write_rows(
        &mut self,
        connection: &Connection,
        rows: &[Row],
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        for row in rows {
            row.insert(connection)?;
        }
        for source in self.sources.values() {
            source.save(connection)?;
        }
        for waiting in &self.waiting {
            waiting.insert(connection)?;
        }
        for id in &self.left {
            waiting::remove(connection, *id)?;
        }
        marks::insert(connection, &self.changes.marks)?;
        for Appending { batch, .. } in &self.batches {
            let Some(source) = self.sources.get(&batch.source) else { continue };
            if let Some(gap) = &batch.gap {
                status::insert_gap(connection, source.id, now, gap)?;
            }
            if let (Some(walked), Some(set)) = (batch.walked, self.walks.get_mut(&source.id)) {
                walks::extend(connection, source.id, set, walked)?;
            }
            insert_rejected(connection, batch, now)?;
        }
        Ok(())
    }

    /// Tells every caller what became of its batch.
    pub(super) fn answer(self, firsts: &[u64]) {
        for ((batch, stored), first) in self.batches.into_iter().zip(self.stored).zip(firsts) {
            let appended = Appended {
                offset: *first,
                stored,
                duplicates: batch.batch.events.len() as u64 - stored,
                rejected: batch.batch.rejected.len() as u64,
            };
            batch.answer(Ok(appended));
        }
    }
}

fn insert_rejected(connection: &Connection, batch: &Batch, now: Timestamp) -> rusqlite::Result<()> {
    for rejected in &batch.rejected {
        let letter = DeadLetter {
            id: 0,
            at: now,
            origin: batch.source.to_string(),
            source: batch.source.clone(),
            event_id: String::new(),
            reason: rejected.reason.clone(),
            raw: rejected.raw.clone(),
            offset: None,
        };
        dead_letters::insert(connection, &letter)?;
    }
    Ok(())
}

fn count(source: &mut SourceRow, batch: &Batch, stored: u64) {
    let events = batch.events.len() as u64;
    source.received += events;
    source.stored += stored;
    source.duplicates += events - stored;
    source.rejected += batch.rejected.len() as u64;
    if events > 0 || !batch.rejected.is_empty() {
        source.last_received = source.last_received.max(Some(batch.received.as_microsecond()));
    }
    let latest = batch.events.iter().filter_map(|event| event.time).max();
    source.last_event = source.last_event.max(latest.map(Timestamp::as_microsecond));
    if let Some(cursor) = &batch.cursor {
        source.cursor = Some(cursor.0.clone());
    }
}
