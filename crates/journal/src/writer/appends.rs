//! Group commit: everything that waits becomes durable in one transaction, events with cursors, totals, gaps and
//! rejected input; then everybody is answered. Deliberately absent: the layout of rows (`row`), requests (`requests`).

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, PoisonError};

use model::{Batch, SourceId, Timestamp};
use tokio::sync::oneshot;

use super::Writer;
use super::group::Group;
use crate::block::{self, Block};
use crate::dedup::{Admission, Arrival, Channels, IndexError, Keys, contents, day_of, keys};
use crate::limits::{DEAD_LETTER_BUDGET_DIVISOR, DISK_FREE_BYTES_MIN, FULL_RETRY_AFTER_SECONDS};
use crate::row::{FileIds, plan};
use crate::{AppendError, Appended, Error, Full, Twins, dead_letters};

/// A batch on its way into the file.
pub(crate) struct Appending {
    /// What was given.
    pub(crate) batch: Batch,
    /// One for each event.
    pub(crate) keys: Keys,
    /// What the events say, where they have to be recognised by that; otherwise empty.
    pub(crate) contents: Keys,
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
        twins: &dyn Twins,
        reply: oneshot::Sender<Result<Appended, AppendError>>,
    ) -> Self {
        let (keys, contents) = (keys(&batch), contents(&batch, twins));
        let blocks = block::encode(batch.received, &batch.events);
        Self { batch, keys, contents, blocks, bytes, reply }
    }

    /// What it will take of the file at most.
    fn stored_bytes(&self) -> u64 {
        let blocks: usize = self.blocks.iter().map(|block| block.bytes.len()).sum();
        (blocks + 40 * self.keys.len()) as u64 + self.dead_letter_bytes()
    }

    pub(super) fn dead_letter_bytes(&self) -> u64 {
        let bytes = self.batch.rejected.iter();
        bytes.map(|rejected| dead_letters::bytes(rejected.raw.len(), rejected.reason.len())).sum()
    }

    pub(super) fn answer(self, result: Result<Appended, AppendError>) {
        // Whoever asked may have gone; what is stored stays stored.
        drop(self.reply.send(result));
    }
}

impl Writer {
    /// Appends batches, in order, lets events go that have waited long enough (`release_all`: all of them), and answers.
    pub(super) fn do_appends(&mut self, batches: Vec<Appending>, release_all: bool) {
        let now = self.clock.now();
        let has_due = |state: &super::State| state.waiting.has_due(now, release_all);
        if batches.is_empty() && !self.state.as_ref().is_some_and(has_due) {
            return;
        }
        if let Err(error) = self.state() {
            return answer_all(batches, &error);
        }
        let batches = self.refuse_over_budget(batches);
        let mut group = self.sift(batches, now, release_all);
        if group.is_empty() {
            if let Some(state) = &mut self.state {
                state.waiting = group.waiting;
            }
            return;
        }
        let (next, mut accounts) = match &mut self.state {
            Some(state) => {
                group.close(&state.walks);
                (state.next, std::mem::take(&mut state.accounts))
            }
            None => return,
        };
        let (rows, firsts) = plan(next, &group.parts);
        let result = self.transaction(|connection, path| {
            accounts.add(connection, path, &group.accounts)?;
            group.write(connection, &rows, now).map_err(Error::storage("append events", path))
        });
        match result {
            Ok(()) => {
                if let Some(state) = &mut self.state {
                    state.next += rows.iter().map(|row| row.events).sum::<u64>();
                    state.accounts = accounts;
                    state.take_over(&mut group);
                    self.shared.head.send_if_modified(|head| {
                        let moved = *head != state.next;
                        *head = state.next;
                        moved
                    });
                }
                self.note_pin();
                group.answer(&firsts);
            }
            Err(error) => {
                self.undo(&group, next);
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
    fn sift(&mut self, batches: Vec<Appending>, now: Timestamp, release_all: bool) -> Group {
        let Some(state) = &mut self.state else { return Group::default() };
        let mut group = Group::new(std::mem::take(&mut state.waiting));
        let mut failed: HashSet<SourceId> = HashSet::new();
        let window = i32::try_from(self.options.dedup_days).unwrap_or(i32::MAX);
        let marked_from = day_of(now).saturating_sub(window);
        for batch in batches {
            if failed.contains(&batch.batch.source) {
                batch.answer(Err(AppendError::AfterFailure));
                continue;
            }
            let ids = FileIds {
                connection: &self.connection,
                path: &self.folder.database,
                vias: &state.vias,
            };
            if let Err(error) = self.index.prepare(&batch.keys, &batch.contents, &ids) {
                failed.insert(batch.batch.source.clone());
                batch.answer(Err(match error {
                    IndexError::Stored { day, source } => AppendError::StoredIds { day, source },
                    IndexError::Journal(error) => AppendError::Storage(Arc::new(error)),
                }));
                continue;
            }
            let channel = Channels::of(batch.batch.via);
            let admissions: Vec<Admission> = (0..batch.keys.len())
                .map(|n| {
                    let id = batch.keys.get(n).copied().flatten();
                    let content = batch.contents.get(n).copied().flatten();
                    let arrival = Arrival { id, content, channel, marked_from };
                    self.index.admit(arrival, &mut group.changes)
                })
                .collect();
            group.add(state, self.twins.as_ref(), batch, &admissions);
        }
        // After the batches: the other telling may have come with them.
        for id in group.waiting.due(now, release_all) {
            group.release(id);
        }
        group
    }

    /// Takes the ids of a failed transaction out of the index, or, where the file may hold them after all, forgets
    /// their days.
    fn undo(&mut self, group: &Group, next: u64) {
        match self.state() {
            // Without new rows the offset does not tell whether the transaction became durable.
            Ok(state) if state.next == next && !group.parts.iter().all(|it| it.keys.is_empty()) => {
                self.index.undo(&group.changes);
            }
            _ => self.index.forget(&group.changes.days().collect::<BTreeSet<i32>>()),
        }
    }
}

fn answer_all(batches: Vec<Appending>, error: &Arc<Error>) {
    for batch in batches {
        batch.answer(Err(AppendError::Storage(Arc::clone(error))));
    }
}
