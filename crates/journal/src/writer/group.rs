//! A group of batches that are committed together: which of their events are new, which wait, which are joined with one
//! that waited, and what all of that adds to the accounts.
//! Deliberately absent: the transaction (`appends`).

use std::collections::{BTreeMap, HashMap};

use model::{Batch, Event, SourceId, Stretches, Timestamp, Via};
use rusqlite::Connection;

use super::State;
use super::appends::Appending;
use crate::account::{self, Increments};
use crate::block;
use crate::dedup::{Admission, Changes, Key};
use crate::row::{Part, Row};
use crate::source_rows::SourceRow;
use crate::waiting::{self, Waiting, WaitingRoom};
use crate::walks::{self, Walks};
use crate::{Appended, DeadLetter, Telling, Twins, dead_letters, marks, status};

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
    /// Everything that waits. The writer's state has it back when the group is durable; if it never is, the state is read
    /// from the file again.
    pub(super) waiting: WaitingRoom,
    /// The number of the first that waits since this group.
    first_waiting: i64,
    /// Numbers of those that were in the file and wait no longer.
    left: Vec<i64>,
    /// What changes of the sources' walks.
    pub(super) walks: HashMap<i64, Stretches>,
}

impl Group {
    /// An empty group, before which these events wait.
    pub(super) fn new(waiting: WaitingRoom) -> Self {
        Self { first_waiting: waiting.next_id(), waiting, ..Self::default() }
    }

    /// Whether there is nothing to commit.
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.released.is_empty()
    }

    /// Lets an event go that has waited long enough.
    pub(super) fn release(&mut self, id: i64) {
        if let Some(waiting) = self.take(id) {
            let key = waiting.key_of(&waiting.telling.id);
            let Waiting { source_row, via, received, time, telling, .. } = waiting;
            self.released.push(released((source_row, via, received), telling, time, key));
        }
    }

    /// Lets an event go whose twin has come, joined with it if they can be joined.
    fn join(&mut self, twins: &dyn Twins, id: i64, (second, time): (&Telling, Timestamp)) {
        if let Some(first) = self.take(id) {
            let joined = twins.join(&first.source, &first.telling, second);
            let (telling, time) = match joined {
                Some(joined) => (joined, first.time.max(time)),
                None => (first.telling.clone(), first.time),
            };
            let key = first.key_of(&telling.id);
            let from = (first.source_row, first.via, first.received);
            self.released.push(released(from, telling, time, key));
        }
    }

    fn take(&mut self, id: i64) -> Option<Waiting> {
        let waiting = self.waiting.take(id)?;
        if id < self.first_waiting {
            self.left.push(id);
        }
        Some(waiting)
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
            self.match_twins(twins, &appending, (admissions, &mut kept), source);
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

    /// Events and pieces of rejected input of all batches.
    pub(super) fn taken(&self) -> u64 {
        let pieces = |it: &Appending| it.batch.events.len() + it.batch.rejected.len();
        self.batches.iter().map(|it| pieces(it) as u64).sum()
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
        twins: &dyn Twins,
        appending: &Appending,
        (admissions, kept): (&[Admission], &mut [bool]),
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
                    if !self.waiting.has_room(event.raw.len()) {
                        continue;
                    }
                    self.waiting.push(Waiting {
                        id: self.waiting.next_id(),
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
                    if let Some(first) = self.waiting_twin(content.hash, batch) {
                        self.join(twins, first, (&telling, time));
                    }
                }
                _ => {}
            }
        }
    }

    /// The number of the oldest event that waits, says the same, is of this tenant and came by another channel.
    fn waiting_twin(&self, content: u128, batch: &Batch) -> Option<i64> {
        let is_twin = |it: &&Waiting| {
            it.via != batch.via
                && it.source.provider == batch.source.provider
                && it.source.tenant == batch.source.tenant
        };
        self.waiting.oldest(content, is_twin).map(|it| it.id)
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

    /// Writes everything but the accounts. A transaction is open.
    pub(super) fn write(
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
        for waiting in self.waiting.since(self.first_waiting) {
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

/// The part of an event that waits no longer, of a source's row, a channel and the moment when it came.
fn released(
    (source, via, received): (i64, Via, Timestamp),
    telling: Telling,
    time: Timestamp,
    key: Option<Key>,
) -> Part {
    let event = Event { id: telling.id, time: Some(time), raw: telling.raw };
    Part { source, via, blocks: block::encode(received, [&event]), keys: vec![key] }
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
