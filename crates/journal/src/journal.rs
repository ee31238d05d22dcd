//! The journal as others see it: a handle that is cheap to clone, in front of the writer's thread.
//! Deliberately absent: everything that is done behind it (`writer`, `reading`, `dedup`).

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use model::{Batch, Clock, Cursor, SourceId, Timestamp};
use tokio::sync::{oneshot, watch};

use crate::dedup::Index;
use crate::disk::{Disk, RealDisk};
use crate::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, ENCODE_INLINE_BYTES_MAX};
use crate::opening::{self, Opened};
use crate::queue::Queue;
use crate::reading::Reading;
use crate::twins::NoTwins;
use crate::writer::{Appending, Progress, Request, Shared, Space, Writer, watch_log};
use crate::{
    Account, AppendError, Booking, DeadLetter, DeadLetterFilter, Deliveries, Delivery, Error, Full,
    ReaderStart, ReaderState, RecordedGap, SourceState, StoredBatch, StoredIds, Twins, Walked,
    ahead, dead_letters, ledger, readers, schema, source_rows, status,
};

/// The durable log. Clones share one journal; it closes with the last of them, or by [`Journal::close`].
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

/// What a user may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Bytes of disk that the journal may use: events, dead letters and everything else, with SQLite's write-ahead log.
    pub disk_bytes_max: u64,
    /// Events of so many days before now are expected to come again; older days are the first to leave memory.
    pub dedup_days: u32,
    /// Ids of events that are held in memory exactly (about 25 bytes each). Filters of four times as many come on top
    /// (4.5 bytes each). Any number is correct; a small one means that days are read from the lake more often.
    pub dedup_ids_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { disk_bytes_max: 10 * 1024 * 1024 * 1024, dedup_days: 35, dedup_ids_max: 4_000_000 }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first event that was stored; where the next one would have been if none was.
    pub offset: u64,
    /// Events that were new and are durable now.
    pub stored: u64,
    /// Events that were there already.
    pub duplicates: u64,
    /// Rejected input that is among the dead letters now.
    pub rejected: u64,
}

struct Inner {
    shared: Arc<Shared>,
    id: String,
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    twins: Arc<dyn Twins>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Journal {
    /// Opens the journal in the folder `dir`, or makes a new one there, and starts its thread. `stored` tells what the
    /// lake holds. Blocks for as long as SQLite needs to recover its log and to check a small file.
    ///
    /// # Errors
    /// If the folder cannot be used, another process has the journal open, or the file is not a journal, of another
    /// version, damaged, or without events that were acknowledged ([`Error::Lost`]). Nothing is overwritten then.
    pub fn open(
        dir: &Path,
        options: Options,
        clock: Arc<dyn Clock>,
        stored: Arc<dyn StoredIds>,
    ) -> Result<Self, Error> {
        Self::open_with_twins(dir, options, clock, stored, Arc::new(NoTwins))
    }

    /// The same, with somebody who knows which events of different channels are one. Such events are stored once, and
    /// wait some seconds for what the other channel says of them (`limits::TWIN_WAIT`).
    ///
    /// # Errors
    /// As those of [`Journal::open`].
    pub fn open_with_twins(
        dir: &Path,
        options: Options,
        clock: Arc<dyn Clock>,
        stored: Arc<dyn StoredIds>,
        twins: Arc<dyn Twins>,
    ) -> Result<Self, Error> {
        Self::open_on(dir, options, Surroundings { clock, stored, twins, disk: Arc::new(RealDisk) })
    }

    pub(crate) fn open_on(
        dir: &Path,
        options: Options,
        surroundings: Surroundings,
    ) -> Result<Self, Error> {
        let folder = schema::hold(dir)?;
        let path = folder.database.clone();
        let Opened { mut connection, state, id, pin } = opening::open(&folder)?;
        let shared = Arc::new(Shared {
            queue: Queue::default(),
            reading: Reading::new(&path),
            head: watch::Sender::new(state.next),
            size_bytes: 0.into(),
            trouble: Mutex::default(),
            full: Mutex::default(),
        });
        let space = Space::default();
        watch_log(&mut connection, &space).map_err(Error::storage("set it up", &path))?;
        let disk = surroundings.disk;
        let index = Index::new(surroundings.stored, options.dedup_ids_max, options.dedup_days);
        let mut writer = Writer {
            shared: Arc::clone(&shared),
            folder,
            connection,
            options,
            clock: surroundings.clock,
            disk: Arc::clone(&disk),
            twins: Arc::clone(&surroundings.twins),
            index,
            pin,
            space,
            marks_from: i32::MIN,
            failed: None,
            state: Some(state),
        };
        writer.measure();
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run())
            .map_err(Error::io("start a thread for", dir))?;
        let writer = Mutex::new(Some(thread));
        Ok(Self {
            inner: Arc::new(Inner {
                shared,
                id,
                dir: dir.to_owned(),
                disk,
                twins: surroundings.twins,
                writer,
            }),
        })
    }

    /// Makes a batch durable: its new events, its rejected input, its gap and its cursor, all or nothing. Returns when
    /// they are on the disk. Must be called within a tokio runtime.
    ///
    /// Batches of one source that move its cursor are to be appended one after the other, each after the answer to the
    /// one before: then the cursor is never ahead of the data. A caller that stops waiting for the answer does not stop
    /// the append.
    ///
    /// # Errors
    /// In every case nothing of the batch was stored, except that after [`AppendError::Storage`] and
    /// [`AppendError::Closed`] it may have become durable unnoticed; appending it again is right then too, because events
    /// that are there already are recognised.
    pub async fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        let started = Instant::now();
        let bytes = batch_bytes(&batch);
        let events = batch.events.len();
        if bytes > BATCH_BYTES_MAX || events > BATCH_EVENTS_MAX {
            return Err(AppendError::TooLarge { events, bytes });
        }
        let (reply, answer) = oneshot::channel();
        let appending = if bytes > ENCODE_INLINE_BYTES_MAX {
            let twins = Arc::clone(&self.inner.twins);
            let encode = move || Appending::new(batch, bytes, twins.as_ref(), reply);
            tokio::task::spawn_blocking(encode).await.map_err(|_| AppendError::Closed)?
        } else {
            Appending::new(batch, bytes, self.inner.twins.as_ref(), reply)
        };
        self.inner.shared.queue.append(appending)?;
        let appended = answer.await.map_err(|_| AppendError::Closed)?;
        metrics::histogram!("journal_append_seconds").record(started.elapsed().as_secs_f64());
        appended
    }

    /// The next offset to be assigned, as it moves: for readers to wait on.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<u64> {
        self.inner.shared.head.subscribe()
    }

    /// A random name that the journal got when it was made: 32 hexadecimal digits. Offsets mean something together with
    /// it only; a new journal begins at 1 again, under another name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Reads events from offset `from` on: about `bytes_max` bytes of them, but at least one if there is one; none if
    /// `from` is the head. Both ends may lie in the middle of a batch. Blocks.
    ///
    /// # Errors
    /// [`Error::Removed`] if these events are no longer there; [`Error::Corrupt`] if the file does not hold what was
    /// written to it.
    pub fn read(&self, from: u64, bytes_max: usize) -> Result<Vec<StoredBatch>, Error> {
        if from >= *self.inner.shared.head.borrow() {
            return Ok(Vec::new());
        }
        self.inner.shared.reading.read(from, bytes_max)
    }

    /// Registers a reader, from whose offset on events are kept. One that is registered already stays where it is.
    /// Gives its saved offset. Blocks briefly.
    ///
    /// # Errors
    /// If it could not be saved.
    pub fn register_reader(&self, name: &str, start: ReaderStart) -> Result<u64, Error> {
        let name = name.to_owned();
        self.request_blocking(|reply| Request::Register(name, start, reply))
    }

    /// Saves that `reader` has dealt with everything before `offset`, together with what it gave up on
    /// ([`DeadLetter::of_event`]), in one transaction.
    ///
    /// # Errors
    /// If there is no such reader, it would go backwards or beyond the head, dead letters have used up their budget, or
    /// it could not be saved. Nothing has changed then.
    pub async fn advance(
        &self,
        reader: &str,
        offset: u64,
        dead: Vec<DeadLetter>,
    ) -> Result<(), Error> {
        self.advance_past(reader, offset, Vec::new(), dead).await
    }

    /// The same for a reader that has also dealt with stretches beyond `offset` (`ahead`, in order, without overlap).
    /// [`Journal::ahead`] gives them back, until the next advance replaces them.
    ///
    /// # Errors
    /// As those of [`Journal::advance`].
    pub async fn advance_past(
        &self,
        reader: &str,
        offset: u64,
        ahead: Vec<Range<u64>>,
        dead: Vec<DeadLetter>,
    ) -> Result<(), Error> {
        self.settle(reader, offset, ahead, dead, Deliveries::new()).await
    }

    /// The same for a reader that tells what it has settled since it last did: its account is written in the same
    /// transaction as its place. Counts of sources that the journal does not know are ignored.
    ///
    /// # Errors
    /// As those of [`Journal::advance`].
    #[expect(clippy::too_many_arguments, reason = "all of a reader's progress is one transaction")]
    pub async fn settle(
        &self,
        reader: &str,
        offset: u64,
        ahead: Vec<Range<u64>>,
        dead: Vec<DeadLetter>,
        deliveries: Deliveries,
    ) -> Result<(), Error> {
        let progress = Progress { reader: reader.to_owned(), offset, ahead, dead, deliveries };
        self.request(|reply| Request::Advance(progress, reply)).await
    }

    /// What a reader whose saved offset is `offset` has dealt with beyond it. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn ahead(&self, reader: &str, offset: u64) -> Result<Vec<Range<u64>>, Error> {
        self.inner
            .shared
            .reading
            .with(|connection, path| ahead::load(connection, path, reader, offset))
    }

    /// Forgets a reader; whether there was one. What only it had not yet dealt with is removed. Blocks briefly.
    ///
    /// # Errors
    /// If it could not be saved.
    pub fn remove_reader(&self, name: &str) -> Result<bool, Error> {
        let name = name.to_owned();
        self.request_blocking(|reply| Request::RemoveReader(name, reply))
    }

    /// Every reader, by name. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn readers(&self) -> Result<Vec<ReaderState>, Error> {
        let readers = self.inner.shared.reading.with(readers::all)?;
        // Asked after reading: a saved offset is never ahead of the head.
        let head = *self.inner.shared.head.borrow();
        let state = |(name, offset): (String, u64)| ReaderState {
            name,
            offset,
            backlog_events: head.saturating_sub(offset),
        };
        Ok(readers.into_iter().map(state).collect())
    }

    /// Where a source goes on: the cursor of its last batch that had one. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn cursor(&self, source: &SourceId) -> Result<Option<Cursor>, Error> {
        let sources = self.inner.shared.reading.with(source_rows::all)?;
        let row = sources.into_iter().find(|row| row.source == *source);
        Ok(row.and_then(|row| row.cursor).map(Cursor))
    }

    /// Totals of every source that ever brought something. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn source_states(&self) -> Result<Vec<SourceState>, Error> {
        let sources = self.inner.shared.reading.with(source_rows::all)?;
        Ok(sources.into_iter().map(SourceState::from).collect())
    }

    /// The gaps that sources have reported, oldest first; the last ten thousand of them. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn gaps(&self) -> Result<Vec<RecordedGap>, Error> {
        self.inner.shared.reading.with(status::gaps)
    }

    /// What came in of the hours that begin from `from` on and before `until`, by hour. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn accounts(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Account>, Error> {
        self.inner
            .shared
            .reading
            .with(|connection, path| ledger::accounts(connection, path, from, until))
    }

    /// What went out of the same hours. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn deliveries(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Delivery>, Error> {
        self.inner
            .shared
            .reading
            .with(|connection, path| ledger::deliveries(connection, path, from, until))
    }

    /// What each source has walked, and the hours of which it has an account. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn walked(&self) -> Result<Vec<Walked>, Error> {
        self.inner.shared.reading.with(ledger::walked)
    }

    /// Dead letters, oldest first. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, Error> {
        self.inner
            .shared
            .reading
            .with(|connection, path| dead_letters::list(connection, path, filter))
    }

    /// How many dead letters pass a filter; its pages (`after`, `before`, `count_max`) do not count. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn dead_letter_count(&self, filter: &DeadLetterFilter) -> Result<u64, Error> {
        self.inner
            .shared
            .reading
            .with(|connection, path| dead_letters::count(connection, path, filter))
    }

    /// One dead letter by its number. Blocks.
    ///
    /// # Errors
    /// If the file could not be read.
    pub fn dead_letter(&self, id: u64) -> Result<Option<DeadLetter>, Error> {
        self.inner.shared.reading.with(|connection, path| dead_letters::show(connection, path, id))
    }

    /// Removes dead letters that were dealt with; how many of them there were.
    ///
    /// # Errors
    /// If it could not be saved.
    pub async fn remove_dead_letters(&self, ids: Vec<u64>) -> Result<u64, Error> {
        self.book(Booking { settled: ids, ..Booking::default() }).await
    }

    /// Books what was done outside a reader's way through the journal, in one transaction: events that were sent again, and
    /// dead letters that were dealt with; how many of these there were.
    ///
    /// # Errors
    /// If dead letters have used up their budget, or it could not be saved. Nothing has changed then.
    pub async fn book(&self, booking: Booking) -> Result<u64, Error> {
        self.request(|reply| Request::Book(booking, reply)).await
    }

    /// Bytes of disk in use, without pages that are free for the next events.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.inner.shared.size_bytes.load(Ordering::Relaxed)
    }

    /// Whether the last transaction succeeded; otherwise what went wrong.
    ///
    /// # Errors
    /// The storage error, until a transaction succeeds again.
    pub fn healthy(&self) -> Result<(), Arc<Error>> {
        let trouble = self.inner.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone().map_or(Ok(()), Err)
    }

    /// Whether events are refused at present for want of room, and of which. Looks at the disk anew, so that it is over as
    /// soon as there is room, also if nobody sends anything. Blocks briefly.
    #[must_use]
    pub fn full(&self) -> Option<Full> {
        let full = *self.inner.shared.full.lock().unwrap_or_else(PoisonError::into_inner);
        // Not knowing how much is left is no reason to take it for full.
        let free = self.inner.disk.free_bytes(&self.inner.dir).unwrap_or(u64::MAX);
        full.filter(|full| full.lasts(free, self.size_bytes()))
    }

    /// Lets nothing more in, finishes what waits, copies the log into the database and closes the file.
    pub async fn close(self) {
        self.inner.shared.queue.close();
        let inner = self.inner;
        if tokio::task::spawn_blocking(move || inner.join()).await.is_err() {
            tracing::warn!("the journal was closed while the runtime shut down");
        }
    }

    async fn request<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Request,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.inner.shared.queue.request(make(reply))?;
        answer.await.map_err(|_| Error::Closed)?
    }

    fn request_blocking<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Request,
    ) -> Result<T, Error> {
        // Unconstrained: called on a runtime's thread, tokio would otherwise make a long-running task wait for its
        // scheduler, which this very call keeps from running.
        futures::executor::block_on(tokio::task::unconstrained(self.request(make)))
    }
}

/// The outside of a journal. Tests put failing parts in.
pub(crate) struct Surroundings {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stored: Arc<dyn StoredIds>,
    pub(crate) twins: Arc<dyn Twins>,
    pub(crate) disk: Arc<dyn Disk>,
}

impl Inner {
    /// Waits for the writer's end.
    fn join(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the journal's writer stopped by a defect");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.queue.close();
        self.join();
    }
}

/// Bytes of a batch, for the limits.
fn batch_bytes(batch: &Batch) -> usize {
    let events: usize = batch.events.iter().map(|event| event.id.len() + event.raw.len()).sum();
    let rejected: usize =
        batch.rejected.iter().map(|rejected| rejected.raw.len() + rejected.reason.len()).sum();
    events + rejected
}
