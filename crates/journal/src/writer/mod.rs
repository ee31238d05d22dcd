//! The writer: one thread that owns the writing connection. It takes what waits, does it in as few transactions as
//! possible, and answers afterwards. Batches go into one transaction (`appends`), requests of readers into another
//! (`requests`), so that readers can advance, and so free space, while nothing can be appended.
//!
//! What it holds in memory (`State`, `Index`) is derived from the file. After a failed transaction it is derived again.
//!
//! Deliberately absent: reading events (`reading`), and waiting for room, which is up to the caller.

mod appends;
mod group;
mod requests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{Clock, SourceId};
use rusqlite::Connection;
use tokio::sync::watch;

pub(crate) use appends::Appending;
pub(crate) use requests::{Progress, Request};

use crate::account::{self, Cache};
use crate::dedup::Index;
use crate::dedup::{Channels, day_of};
use crate::disk::{Disk, file_bytes};
use crate::limits::{WAL_BYTES_MAX, WAL_BYTES_MIN};
use crate::pin::{self, PinFile};
use crate::queue::Queue;
use crate::readers::Readers;
use crate::reading::Reading;
use crate::row::Head;
use crate::row::via_of;
use crate::schema::{BUSY_TIMEOUT, Folder};
use crate::source_rows::SourceRow;
use crate::waiting::WaitingRoom;
use crate::walks::{self, Walks};
use crate::{Error, Full, Options, Twins, dead_letters, marks, readers, removal, source_rows, wal};

/// How often it is looked whether events have waited long enough for their twins.
const TWIN_LOOK: Duration = Duration::from_secs(1);

/// After a failed transaction it is tried so often whether the file can be written again, also if nobody sends anything:
/// who waits for the journal to be well before sending would otherwise wait for ever.
const TROUBLE_LOOK: Duration = Duration::from_secs(2);

/// What the writer and the handles share.
pub(crate) struct Shared {
    /// What waits for the writer.
    pub(crate) queue: Queue,
    /// The connections that read.
    pub(crate) reading: Reading,
    /// The next offset.
    pub(crate) head: watch::Sender<u64>,
    /// Bytes in use: of the database (without free pages) and of its log.
    pub(crate) size_bytes: AtomicU64,
    /// The error of the last transaction, if it failed.
    pub(crate) trouble: Mutex<Option<Arc<Error>>>,
    /// Why the last batches were refused, if they were for want of room.
    pub(crate) full: Mutex<Option<Full>>,
}

/// The writer's own.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) folder: Folder,
    pub(crate) connection: Connection,
    pub(crate) options: Options,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) twins: Arc<dyn Twins>,
    pub(crate) index: Index,
    pub(crate) pin: PinFile,
    pub(crate) space: Space,
    /// Marks of days before this one are removed. Not a part of the state, which is loaded again after each failure.
    pub(crate) marks_from: i32,
    /// When a transaction last failed, until one has written something.
    pub(crate) failed: Option<Instant>,
    /// `None` after a failed transaction, until it is loaded again.
    pub(crate) state: Option<State>,
}

/// What the file says, in memory.
#[derive(Debug)]
pub(crate) struct State {
    /// The next offset.
    pub(crate) next: u64,
    /// The journal begins here.
    pub(crate) first: u64,
    pub(crate) sources: HashMap<SourceId, SourceRow>,
    /// The row that the next new source gets.
    pub(crate) next_source: i64,
    pub(crate) readers: Readers,
    /// What dead letters take of their budget.
    pub(crate) dead_letter_bytes: u64,
    /// Whether rows may be there that every reader has passed.
    pub(crate) removable: bool,
    /// By which channel each source brings its events.
    pub(crate) vias: HashMap<SourceId, Channels>,
    /// Rows of accounts that were written lately.
    pub(crate) accounts: Cache,
    /// What each source has walked.
    pub(crate) walks: Walks,
    /// Events that wait for their twins.
    pub(crate) waiting: WaitingRoom,
    /// Events and pieces of rejected input that were ever taken.
    pub(crate) taken: u64,
}

/// How much room is used and left.
#[derive(Debug, Default)]
pub(crate) struct Space {
    page_bytes: u64,
    used_bytes: u64,
    free_pages_bytes: u64,
    /// Size of the log's file. It is looked at rarely: a kernel with fine-grained file times writes the file's inode once
    /// more at the next commit after each look.
    wal_file_bytes: u64,
    /// What the last copying of the log could not copy.
    wal_kept_bytes: u64,
    /// Pages in the log that are not yet known to be in the database; told by SQLite after each commit.
    wal_pages: Arc<AtomicU64>,
}

impl State {
    /// Reads everything that is held in memory, and verifies it.
    pub(crate) fn load(connection: &Connection, path: &Path) -> Result<Self, Error> {
        let (first, next) = ends(connection, path)?;
        let sources = source_rows::all(connection, path)?;
        let readers = readers::all(connection, path)?;
        if let Some((name, offset)) = readers.iter().find(|(_, offset)| **offset > next) {
            let what = format!("reader {name:?} is at {offset}, but the journal ends at {next}");
            return Err(Error::Corrupt { path: path.to_owned(), what });
        }
        let by_row = sources.iter().map(|row| (row.id, row.source.clone())).collect();
        let mut vias: HashMap<SourceId, Channels> = HashMap::new();
        for (row, via) in account::vias(connection, path)? {
            if let Some(source) = HashMap::get(&by_row, &row) {
                note_via(&mut vias, source, via);
            }
        }
        Ok(Self {
            vias,
            accounts: Cache::default(),
            walks: walks::all(connection, path)?,
            waiting: WaitingRoom::load(connection, path, &by_row)?,
            next,
            first,
            taken: sources.iter().map(|row| row.received + row.rejected).sum(),
            next_source: sources.iter().map(|row| row.id).max().unwrap_or(0) + 1,
            sources: sources.into_iter().map(|row| (row.source.clone(), row)).collect(),
            readers,
            dead_letter_bytes: dead_letters::total_bytes(connection)
                .map_err(Error::storage("read dead letters", path))?,
            removable: true,
        })
    }

    /// Takes over what a group changed, now that it is durable.
    fn take_over(&mut self, group: &mut group::Group) {
        for (row, via, _) in group.accounts.keys() {
            let source = group.sources.values().find(|source| source.id == *row);
            if let Some(source) = source {
                note_via(&mut self.vias, &source.source, *via);
            }
        }
        self.next_source += group.new_sources;
        self.sources.extend(std::mem::take(&mut group.sources));
        self.dead_letter_bytes += group.dead_letter_bytes;
        self.taken += group.taken();
        self.walks.extend(std::mem::take(&mut group.walks));
        self.waiting = std::mem::take(&mut group.waiting);
    }
}

/// Notes how a source brings its events. What is read again of its dead letters counts as an import, which says nothing of
/// the source.
fn note_via(vias: &mut HashMap<SourceId, Channels>, source: &SourceId, via: i64) {
    let Some(via) = via_of(via) else { return };
    let held = vias.get(source).copied();
    if held.is_none() || held == Some(Channels::of(model::Via::Import)) {
        vias.insert(source.clone(), Channels::of(via));
    }
}

/// The first and the next offset.
fn ends(connection: &Connection, path: &Path) -> Result<(u64, u64), Error> {
    let read = |order: &str| {
        let sql = format!(
            "SELECT offset, events, source, via, days, checksum FROM batch ORDER BY offset {order} LIMIT 1"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        rows.next()?.map(Head::read).transpose()
    };
    let oldest = read("ASC").map_err(Error::storage("read its first row", path))?;
    let newest = read("DESC").map_err(Error::storage("read its last row", path))?;
    match (oldest, newest) {
        (None, None) => Ok((1, 1)),
        (Some(Some(oldest)), Some(Some(newest))) => Ok((oldest.offset, newest.end())),
        _ => Err(Error::Corrupt {
            path: path.to_owned(),
            what: "its first or last row does not match its checksum".to_owned(),
        }),
    }
}

impl Writer {
    /// Works until the queue is closed and empty; then copies the log into the database.
    pub(crate) fn run(mut self) {
        let _end = End(Arc::clone(&self.shared));
        loop {
            let idle_work = self.state.as_ref().is_some_and(|state| state.removable);
            let waits = self.state.as_ref().is_some_and(|state| !state.waiting.is_empty());
            let look = waits.then_some(TWIN_LOOK);
            let sync = self.pin.is_unsynced().then_some(pin::SYNC_AFTER);
            let retry = self.failed.map(|_| TROUBLE_LOOK);
            let wait_max = look.into_iter().chain(sync).chain(retry).min();
            let work = self.shared.queue.take(idle_work, wait_max);
            self.do_requests(work.requests);
            // Who closes the journal asks it next, or starts anew much later: nothing goes on waiting.
            self.do_appends(work.batches, work.last);
            self.remove_passed();
            self.forget_old_marks();
            self.try_to_write_if_due();
            self.copy_log_if_due();
            self.pin.sync_if_due();
            if work.last {
                break;
            }
        }
        self.copy_log("TRUNCATE");
        self.shared.reading.close_idle();
        tracing::debug!(path = %self.folder.database.display(), "journal closed");
    }

    /// The state, loaded again if the last transaction failed.
    fn state(&mut self) -> Result<&mut State, Arc<Error>> {
        if self.state.is_none() {
            let state = State::load(&self.connection, &self.folder.database).map_err(Arc::new)?;
            self.shared.head.send_replace(state.next);
            self.state = Some(state);
        }
        self.state.as_mut().ok_or_else(|| Arc::new(Error::Closed))
    }

    /// Runs `work` in a transaction and makes it durable. If any of it fails, all of it is undone.
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection, &Path) -> Result<T, Error>,
    ) -> Result<T, Arc<Error>> {
        let path = &self.folder.database;
        let changes = self.connection.total_changes();
        let result = (|| {
            self.connection
                .prepare_cached("BEGIN IMMEDIATE")
                .and_then(|mut begin| begin.execute([]))
                .map_err(Error::storage("begin a transaction", path))?;
            let done = work(&self.connection, path)?;
            self.disk.commit(&self.connection).map_err(Error::storage("commit", path))?;
            Ok(done)
        })();
        let trouble = match result {
            Ok(done) => {
                // A transaction that found nothing to do needs no room, and tells nothing of a disk that has none.
                if self.connection.total_changes() != changes {
                    self.failed = None;
                    drop(self.set_trouble(None));
                }
                self.measure();
                return Ok(done);
            }
            Err(error) => Arc::new(error),
        };
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "a failed transaction could not be rolled back");
        }
        let error = crate::error::chain(&trouble);
        // Told once: it is tried again every few seconds, and by everybody who sends something.
        if self
            .set_trouble(Some(Arc::clone(&trouble)))
            .is_none_or(|it| crate::error::chain(&it) != error)
        {
            tracing::error!(error, "a transaction failed and was undone");
        }
        self.state = None;
        self.failed = Some(Instant::now());
        self.look_at_log();
        self.measure();
        Err(trouble)
    }

    /// Notes what is wrong; gives what was before.
    fn set_trouble(&self, trouble: Option<Arc<Error>>) -> Option<Arc<Error>> {
        let mut noted = self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *noted, trouble)
    }

    /// After a failure: writes what stands there already.
    fn try_to_write_if_due(&mut self) {
        if self.failed.is_none_or(|failed| failed.elapsed() < TROUBLE_LOOK) {
            return;
        }
        // What comes of it is noted with every transaction.
        let _tried = self.transaction(|connection, path| {
            let written = connection.execute("UPDATE meta SET value = value WHERE name = 'id'", []);
            written.map_err(Error::storage("write to it again", path))
        });
    }

    /// Notes how far the journal is, before anybody is told.
    fn note_pin(&mut self) {
        if let Some(state) = &self.state {
            let frames = self.space.wal_pages.load(Ordering::Relaxed);
            self.pin.note((state.next, state.taken), u32::try_from(frames).unwrap_or(u32::MAX));
        }
    }

    /// Removes a few rows that every reader has passed.
    fn remove_passed(&mut self) {
        let Ok(state) = self.state() else { return };
        let (passed, next) = (readers::passed(&state.readers), state.next);
        if !state.removable {
            return;
        }
        if passed <= state.first {
            state.removable = false;
            return;
        }
        let removed =
            self.transaction(|connection, path| removal::step(connection, path, passed, next));
        if let (Ok(removed), Some(state)) = (removed, &mut self.state) {
            state.first = removed.first;
            state.removable = removed.more;
        }
    }

    /// Removes marks of days that are too old to be compared with, and the oldest hours of accounts that are too many.
    fn forget_old_marks(&mut self) {
        let window = i32::try_from(self.options.dedup_days).unwrap_or(i32::MAX);
        // One day more: what is decided on at midnight has its marks.
        let from = day_of(self.clock.now()).saturating_sub(window).saturating_sub(1);
        if self.state.is_none() || self.marks_from >= from {
            return;
        }
        let forgotten = self.transaction(|connection, path| {
            let work = || {
                account::limit_rows(connection, "account")?;
                account::limit_rows(connection, "delivery")?;
                marks::forget_before(connection, from)
            };
            work().map_err(Error::storage("remove what is old", path))
        });
        if forgotten.is_ok_and(|more| !more) {
            self.marks_from = from;
        }
    }

    /// Learns how much room is used.
    pub(crate) fn measure(&mut self) {
        let pragma = |sql: &str| -> u64 {
            let number = self
                .connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)));
            // A connection that cannot answer fails the next transaction, and says so there.
            number.map_or(0, i64::cast_unsigned)
        };
        if self.space.page_bytes == 0 {
            self.space.page_bytes = pragma("PRAGMA page_size");
        }
        let (pages, free) = (pragma("PRAGMA page_count"), pragma("PRAGMA freelist_count"));
        let space = &mut self.space;
        space.used_bytes = pages.saturating_sub(free) * space.page_bytes;
        space.free_pages_bytes = free * space.page_bytes;
        let wal_pages = space.wal_pages.load(Ordering::Relaxed);
        let frame_bytes = space.page_bytes + wal::FRAME_HEADER_BYTES as u64;
        let wal_bytes = wal::HEADER_BYTES as u64 + wal_pages * frame_bytes;
        space.wal_file_bytes = space.wal_file_bytes.max(wal_bytes);
        let size = space.used_bytes + space.wal_file_bytes;
        self.shared.size_bytes.store(size, Ordering::Relaxed);
        metrics::gauge!("journal_bytes").set(size as f64);
    }

    /// Learns how large the log's file is: it keeps its size when the log begins anew.
    pub(crate) fn look_at_log(&mut self) {
        let space = &mut self.space;
        space.wal_file_bytes = file_bytes(&self.folder.wal).unwrap_or(space.wal_file_bytes);
    }

    /// Size of the log at which it is copied: a small part of a small budget.
    fn wal_bytes_max(&self) -> u64 {
        (self.options.disk_bytes_max / 8).clamp(WAL_BYTES_MIN, WAL_BYTES_MAX)
    }

    fn copy_log_if_due(&mut self) {
        let waiting = self.space.wal_pages.load(Ordering::Relaxed) * self.space.page_bytes;
        if waiting < self.wal_bytes_max() + self.space.wal_kept_bytes {
            return;
        }
        // The log file keeps its size for the next round, unless a foreign reader made it grow far beyond.
        let oversized = self.space.wal_file_bytes > 2 * self.wal_bytes_max();
        // A log that is copied whole is begun anew by the next commit.
        let whole = self.copy_log(if oversized { "TRUNCATE" } else { "PASSIVE" });
        // What a foreign reader holds back is not tried again until as much again has come.
        self.space.wal_kept_bytes = if whole { 0 } else { waiting };
        self.look_at_log();
        self.measure();
    }

    /// Copies the log into the database, while our own readers pause; whether all of it could be copied. Does not wait
    /// for foreign readers.
    fn copy_log(&mut self, mode: &str) -> bool {
        let shared = Arc::clone(&self.shared);
        let _paused = shared.reading.pause();
        let copy = || {
            self.connection.busy_timeout(Duration::ZERO)?;
            let counts = |row: &rusqlite::Row<'_>| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
            };
            let sql = format!("PRAGMA wal_checkpoint({mode})");
            let (busy, pages, copied) = self.connection.query_row(&sql, [], counts)?;
            self.connection.busy_timeout(BUSY_TIMEOUT)?;
            Ok::<_, rusqlite::Error>((busy == 0 && pages == copied).then_some(pages))
        };
        match copy() {
            Ok(Some(pages)) => {
                self.pin.note_copied(u32::try_from(pages).unwrap_or(0));
                self.space.wal_pages.store(0, Ordering::Relaxed);
            }
            Ok(None) => {
                tracing::warn!("another process reads the journal and keeps its log growing");
            }
            Err(ref error) => {
                tracing::warn!(%error, "the journal's log could not be copied");
                return false;
            }
        }
        self.space.wal_pages.load(Ordering::Relaxed) == 0
    }
}

/// The end of the writer's thread, be it by a defect: nobody is left waiting.
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.queue.abandon();
    }
}

/// Counts the pages of the log: SQLite tells them after each commit.
pub(crate) fn watch_log(connection: &mut Connection, space: &Space) -> rusqlite::Result<()> {
    let pages = Arc::clone(&space.wal_pages);
    connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count: i32| {
        pages.store(u64::from(count.unsigned_abs()), Ordering::Relaxed);
        Ok(())
    }))
}
