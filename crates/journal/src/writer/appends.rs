//! Group commit: everything that waits becomes durable in one transaction, events with cursors, totals, gaps and
//! rejected input; then everybody is answered. Deliberately absent: the layout of rows (`row`), requests (`requests`).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, PoisonError};

use model::{Batch, SourceId, Timestamp};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{State, Writer};
use crate::block::{self, Block};
use crate::dedup::{IndexError, Key, Keys, day_of, keys};
use crate::limits::{DEAD_LETTER_BUDGET_DIVISOR, DISK_FREE_BYTES_MIN, FULL_RETRY_AFTER_SECONDS};
use crate::row::{FileIds, Part, Row, plan};
use crate::source_rows::SourceRow;
use crate::{AppendError, Appended, DeadLetter, Error, Full, dead_letters, status};

/// A batch on its way into the file.
pub(crate) struct Appending {
    /// What was given.
    pub(crate) batch: Batch,
    /// One for each event.
    pub(crate) keys: Keys,
    /// The events, encoded.
    pub(crate) blocks: Vec<Block>,
    /// Bytes of the events and of rejected input, for the limits of the queue.
    pub(crate) bytes: usize,
    /// Who waits.
    pub(crate) reply: oneshot::Sender<Result<Appended, AppendError>>,
}

impl Appending {
    /// Does what needs no knowledge of the journal: hashing, encoding, compressing.
    pub(crate) fn new(
        batch: Batch,
        bytes: usize,
        reply: oneshot::Sender<Result<Appended, AppendError>>,
    ) -> Self {
        let keys = keys(&batch);
        let blocks = block::encode(batch.received, &batch.events);
        Self { batch, keys, blocks, bytes, reply }
    }

    /// What it will take of the file at most.
    fn stored_bytes(&self) -> u64 {
        let blocks: usize = self.blocks.iter().map(|block| block.bytes.len()).sum();
        (blocks + 40 * self.keys.len()) as u64 + self.dead_letter_bytes()
    }

    fn dead_letter_bytes(&self) -> u64 {
        let bytes = self.batch.rejected.iter();
        bytes.map(|rejected| dead_letters::bytes(rejected.raw.len(), rejected.reason.len())).sum()
    }

    fn answer(self, result: Result<Appended, AppendError>) {
        // Whoever asked may have gone; what is stored stays stored.
        drop(self.reply.send(result));
    }
}

/// The new part of each batch, and what that changes.
#[derive(Default)]
struct Group {
    batches: Vec<Appending>,
    parts: Vec<Part>,
    sources: BTreeMap<SourceId, SourceRow>,
    new_sources: i64,
    dead_letter_bytes: u64,
}

impl Writer {
    /// Appends batches, in order, and answers.
    pub(super) fn do_appends(&mut self, batches: Vec<Appending>) {
        if batches.is_empty() {
            return;
        }
        if let Err(error) = self.state() {
            return answer_all(batches, &error);
        }
        let batches = self.refuse_over_budget(batches);
        let mut group = self.sift(batches);
        if group.batches.is_empty() {
            return;
        }
        let next = self.state.as_ref().map_or(1, |state| state.next);
        let (rows, firsts) = plan(next, &group.parts);
        let now = self.clock.now();
        let result = self.transaction(|connection, path| {
            write(connection, &group, &rows, now).map_err(Error::storage("append events", path))
        });
        match result {
            Ok(()) => {
                if let Some(state) = &mut self.state {
                    state.next += rows.iter().map(|row| row.events).sum::<u64>();
                    state.next_source += group.new_sources;
                    state.sources.extend(std::mem::take(&mut group.sources));
                    state.dead_letter_bytes += group.dead_letter_bytes;
                    self.shared.head.send_if_modified(|head| {
                        let moved = *head != state.next;
                        *head = state.next;
                        moved
                    });
                }
                group.answer(&firsts);
            }
            Err(error) => {
                self.undo(&group.parts, next);
                answer_all(group.batches, &error);
            }
        }
        self.index.settle(day_of(now));
    }

    /// Answers `Full` to what does not fit. After the first such batch of a source, its others are refused too.
    fn refuse_over_budget(&self, batches: Vec<Appending>) -> Vec<Appending> {
        let free_disk = self.disk.free_bytes(&self.folder.dir);
        let room = match free_disk {
            Ok(free) => free.saturating_add(self.space.free_pages_bytes),
            // Not knowing how much is left is no reason to stop; a full disk fails the transaction.
            Err(_) => u64::MAX,
        }
        .saturating_sub(DISK_FREE_BYTES_MIN);
        let used = self.space.used_bytes + self.space.wal_file_bytes;
        let budget_max = self.options.disk_bytes_max.saturating_sub(used);
        let mut budget = budget_max.min(room);
        let dead_now = self.state.as_ref().map_or(0, |state| state.dead_letter_bytes);
        let dead_max = self.options.disk_bytes_max / DEAD_LETTER_BUDGET_DIVISOR;
        let mut dead_budget = dead_max.saturating_sub(dead_now);
        let mut refused = HashSet::new();
        let mut taken = Vec::with_capacity(batches.len());
        let mut full = None;
        for batch in batches {
            let (bytes, dead) = (batch.stored_bytes(), batch.dead_letter_bytes());
            if bytes > budget {
                full = Some(if room < budget_max {
                    Full::Disk { wanted_bytes: bytes }
                } else {
                    let bytes_max = self.options.disk_bytes_max;
                    Full::Budget { wanted_bytes: bytes, bytes_max }
                });
            }
            if refused.contains(&batch.batch.source) || bytes > budget || dead > dead_budget {
                refused.insert(batch.batch.source.clone());
                batch.answer(Err(AppendError::Full {
                    retry_after_seconds: FULL_RETRY_AFTER_SECONDS,
                }));
            } else {
                budget -= bytes;
                dead_budget -= dead;
                taken.push(batch);
            }
        }
        *self.shared.full.lock().unwrap_or_else(PoisonError::into_inner) = full;
        taken
    }

    /// Finds out what of each batch is new, and adds it to the index.
    fn sift(&mut self, batches: Vec<Appending>) -> Group {
        let mut group = Group::default();
        let mut failed: HashSet<SourceId> = HashSet::new();
        for mut batch in batches {
            if failed.contains(&batch.batch.source) {
                batch.answer(Err(AppendError::AfterFailure));
                continue;
            }
            let ids = FileIds { connection: &self.connection, path: &self.folder.database };
            if let Err(error) = self.index.prepare(&batch.keys, &ids) {
                failed.insert(batch.batch.source.clone());
                batch.answer(Err(match error {
                    IndexError::Stored { day, source } => AppendError::StoredIds { day, source },
                    IndexError::Journal(error) => AppendError::Storage(Arc::new(error)),
                }));
                continue;
            }
            let new: Vec<bool> =
                batch.keys.iter().map(|key| key.is_none_or(|key| self.index.admit(key))).collect();
            if let Some(state) = &self.state {
                group.add(state, &mut batch, &new);
                group.batches.push(batch);
            }
        }
        group
    }

    /// Takes the ids of a failed transaction out of the index, or, where the file may hold them after all, forgets
    /// their days.
    fn undo(&mut self, parts: &[Part], next: u64) {
        let keys = || parts.iter().flat_map(|part| part.keys.iter().flatten().copied());
        match self.state() {
            Ok(state) if state.next == next => self.index.withdraw(keys()),
            _ => self.index.forget(&keys().map(|key: Key| key.day).collect::<BTreeSet<i32>>()),
        }
    }
}

impl Group {
    /// Adds what is new of a batch, and counts.
    fn add(&mut self, state: &State, appending: &mut Appending, new: &[bool]) {
        let batch = &appending.batch;
        let stored = new.iter().filter(|new| **new).count() as u64;
        let blocks = if stored as usize == new.len() {
            std::mem::take(&mut appending.blocks)
        } else {
            let kept = batch.events.iter().zip(new).filter(|(_, new)| **new);
            block::encode(batch.received, kept.map(|(event, _)| event))
        };
        let keys = appending.keys.iter().zip(new).filter(|(_, new)| **new).map(|(key, _)| *key);
        let new_sources = &mut self.new_sources;
        let source = self.sources.entry(batch.source.clone()).or_insert_with(|| {
            state.sources.get(&batch.source).cloned().unwrap_or_else(|| {
                *new_sources += 1;
                SourceRow::new(state.next_source + *new_sources - 1, &batch.source)
            })
        });
        count(source, batch, stored);
        self.dead_letter_bytes += appending.dead_letter_bytes();
        self.parts.push(Part { source: source.id, via: batch.via, blocks, keys: keys.collect() });
    }

    fn answer(self, firsts: &[u64]) {
        for ((batch, part), first) in self.batches.into_iter().zip(&self.parts).zip(firsts) {
            let stored = part.keys.len() as u64;
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

/// Writes everything of a group. A transaction is open.
fn write(
    connection: &Connection,
    group: &Group,
    rows: &[Row],
    now: Timestamp,
) -> rusqlite::Result<()> {
    for row in rows {
        row.insert(connection)?;
    }
    for source in group.sources.values() {
        source.save(connection)?;
    }
    for Appending { batch, .. } in &group.batches {
        if let (Some(gap), Some(source)) = (&batch.gap, group.sources.get(&batch.source)) {
            status::insert_gap(connection, source.id, now, gap)?;
        }
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
    }
    Ok(())
}

fn answer_all(batches: Vec<Appending>, error: &Arc<Error>) {
    for batch in batches {
        batch.answer(Err(AppendError::Storage(Arc::clone(error))));
    }
}
