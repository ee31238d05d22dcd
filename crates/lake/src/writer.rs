//! The loop between journal and tables: read, map, show, and now and then commit. It runs on its own threads at a lower
//! priority, so that collecting and receiving go first when the processor is short.
//! Deliberately absent: what a commit is made of (`table`).

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use journal::{DeadLetter, StoredBatch};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::error::chain;
use crate::intake::Intake;
use crate::lake::Lake;
use crate::limits::{
    GATHER, READ_BYTES_FULL, READ_BYTES_MAX, RETRY_FIRST, RETRY_LONGEST, TAIL_FLUSHES_MAX,
};
use crate::options::Step;
use crate::rows::{Common, Rows};
use crate::table::{Table, fail_at};
use crate::tail::TailBatch;
use crate::{Error, Result};

/// Reads `intake` into the tables of `lake` until `cancel`, then commits what was read and returns. Returns early only
/// if the journal cannot belong to this lake.
pub(crate) async fn run(
    lake: Arc<Lake>,
    intake: Arc<dyn Intake>,
    cancel: CancellationToken,
) -> Result<()> {
    let (done, outcome) = oneshot::channel();
    let handle = Handle::current();
    spawn("lake-writer", NICE_WRITER, move || {
        let outcome = handle.block_on(async {
            let mut writer = Writer::new(lake, intake).await?;
            writer.work(&cancel).await;
            writer.finish().await
        });
        // Nobody listens any more if the caller was dropped.
        done.send(outcome).ok();
    })?;
    outcome.await.map_err(|_| Error::Stopped { task: "writer" })?
}

/// Priorities of the lake's threads: the larger, the later it comes.
const NICE_WRITER: i32 = 5;
pub(crate) const NICE_MAINTAIN: i32 = 10;

/// Starts a thread of a lower priority.
pub(crate) fn spawn(
    name: &'static str,
    nice: i32,
    work: impl FnOnce() + Send + 'static,
) -> Result<()> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        yield_to_others(nice);
        work();
    });
    spawned.map(drop).map_err(|_| Error::Stopped { task: name })
}

/// Lowers the priority of this thread. Failing is harmless.
#[cfg(target_os = "linux")]
fn yield_to_others(nice: i32) {
    // On Linux the priority of process 0 is that of the calling thread alone.
    if let Err(error) = rustix::process::setpriority_process(None, nice) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn yield_to_others(_nice: i32) {}

/// A flush under way.
struct Flight {
    offset: u64,
    /// So many of the dead letters go with it.
    dead: usize,
    done: oneshot::Receiver<Result<()>>,
}

struct Writer {
    lake: Arc<Lake>,
    intake: Arc<dyn Intake>,
    /// The journal was read up to here.
    position: u64,
    /// The journal was told that the lake is here.
    saved: u64,
    /// Events that cannot become rows, of which the journal was not told yet.
    dead: Vec<DeadLetter>,
    /// When the oldest row came that is in no commit yet.
    oldest: Option<Instant>,
    flight: Option<Flight>,
    /// The pause after the next failure.
    pause: Duration,
    /// Nothing is tried again before.
    retry_at: Option<Instant>,
}

impl Writer {
    async fn new(lake: Arc<Lake>, intake: Arc<dyn Intake>) -> Result<Self> {
        let position =
            intake.start().map_err(|source| Error::Journal { action: "open", source })?;
        let head = *intake.head().borrow();
        lake.fit_journal(intake.id(), head).await?;
        Ok(Self {
            lake,
            intake,
            position,
            saved: position,
            dead: Vec::new(),
            oldest: None,
            flight: None,
            pause: RETRY_FIRST,
            retry_at: None,
        })
    }

    async fn work(&mut self, cancel: &CancellationToken) {
        let mut head = self.intake.head();
        while !cancel.is_cancelled() {
            let more = *head.borrow_and_update() > self.position;
            let mut caught_up = !more;
            let mut gather_until = None;
            if more && self.may_read() {
                match self.read().await {
                    Ok(bytes) => {
                        caught_up = bytes < READ_BYTES_FULL;
                        gather_until = caught_up.then(|| Instant::now() + GATHER);
                    }
                    Err(error) => self.failed(&error),
                }
            }
            self.start_flush_if_due();
            let busy = !caught_up && self.may_read();
            if !busy && !self.wait(&mut head, caught_up, gather_until, cancel).await {
                return;
            }
            self.land_if_done();
        }
    }

    /// Waits until there is something to do. `false` if there never will be.
    async fn wait(
        &mut self,
        head: &mut tokio::sync::watch::Receiver<u64>,
        caught_up: bool,
        gather_until: Option<Instant>,
        cancel: &CancellationToken,
    ) -> bool {
        let flush_at = match (&self.flight, self.oldest) {
            (None, Some(oldest)) => Some(oldest + self.lake.options.flush_age),
            _ => None,
        };
        let alarm = match (gather_until, flush_at, self.retry_at) {
            (Some(gathered), _, _) => Some(gathered),
            (None, at, None) => at,
            (None, _, retry) => retry,
        };
        let landed = async {
            match &mut self.flight {
                Some(flight) => Some((&mut flight.done).await),
                None => std::future::pending().await,
            }
        };
        let rings = async {
            match alarm {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let mut landing = None;
        let alive = tokio::select! {
            () = cancel.cancelled() => true,
            outcome = landed => { landing = outcome; true }
            () = rings => true,
            changed = head.changed(), if caught_up && gather_until.is_none() => changed.is_ok(),
        };
        if let Some(landing) = landing {
            self.landed(landing.unwrap_or_else(|_| stopped()));
        }
        if self.retry_at.is_some_and(|at| at <= Instant::now()) {
            self.retry_at = None;
        }
        alive
    }

    /// Whether there is space for more rows. The journal is the buffer of what has to wait.
    fn may_read(&self) -> bool {
        let limit = self.lake.options.flush_bytes.saturating_mul(TAIL_FLUSHES_MAX);
        self.retry_at.is_none() && self.lake.tail_bytes() < limit
    }

    /// Reads some events of the journal and shows them as rows. Returns how many bytes they had.
    async fn read(&mut self) -> Result<usize> {
        metrics::gauge!("lake_tail_bytes").set(self.lake.tail_bytes() as f64);
        let deliveries = self
            .intake
            .read(self.position, READ_BYTES_MAX)
            .map_err(|source| Error::Journal { action: "read", source })?;
        let Some(end) = deliveries.iter().filter_map(|d| d.events.last()).next_back() else {
            return Ok(0);
        };
        let end = end.offset + 1;
        let bytes = self.lake.show(&deliveries, end, &mut self.dead).await?;
        self.position = end;
        self.oldest.get_or_insert_with(Instant::now);
        Ok(bytes)
    }

    fn start_flush_if_due(&mut self) {
        let due = self.oldest.is_some_and(|oldest| oldest.elapsed() >= self.lake.options.flush_age)
            || self.lake.tail_bytes() >= self.lake.options.flush_bytes;
        if due && self.flight.is_none() && self.retry_at.is_none() {
            self.start_flush();
        }
    }

    fn start_flush(&mut self) {
        if self.position == self.saved {
            return;
        }
        let frozen: Vec<(Arc<Table>, Vec<TailBatch>)> =
            self.lake.tables().into_iter().map(|table| (table.clone(), table.freeze())).collect();
        let (lake, intake, offset) = (self.lake.clone(), self.intake.clone(), self.position);
        let dead = self.dead.clone();
        let dead_count = dead.len();
        let handle = Handle::current();
        let (send, done) = oneshot::channel();
        let spawned = spawn("lake-flush", NICE_WRITER, move || {
            let landing = handle.block_on(flush(&lake, intake.as_ref(), frozen, offset, dead));
            // Nobody listens any more if the writer was dropped.
            send.send(landing).ok();
        });
        self.oldest = None;
        self.flight = Some(Flight { offset, dead: dead_count, done });
        if let Err(error) = spawned {
            self.flight = None;
            self.failed(&error);
        }
    }

    fn land_if_done(&mut self) {
        if let Some(flight) = &mut self.flight {
            match flight.done.try_recv() {
                Ok(landing) => self.landed(landing),
                Err(oneshot::error::TryRecvError::Closed) => self.landed(stopped()),
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
        }
    }

    fn landed(&mut self, outcome: Result<()>) {
        let Some(flight) = self.flight.take() else { return };
        match outcome {
            Ok(()) => {
                self.saved = flight.offset;
                self.dead.drain(..flight.dead);
                self.pause = RETRY_FIRST;
                self.lake.set_error(None);
            }
            Err(error) => {
                self.oldest = Some(Instant::now());
                self.failed(&error);
            }
        }
    }

    fn failed(&mut self, error: &Error) {
        let text = chain(error);
        metrics::counter!("lake_failures_total").increment(1);
        tracing::warn!(error = text, pause_ms = self.pause.as_millis(), "the lake writer waits");
        self.lake.set_error(Some(text));
        self.retry_at = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(RETRY_LONGEST);
    }

    /// Commits what was read, once. What cannot be committed now is in the journal.
    async fn finish(mut self) -> Result<()> {
        if let Some(flight) = &mut self.flight {
            let landing = (&mut flight.done).await;
            self.landed(landing.unwrap_or_else(|_| stopped()));
        }
        self.start_flush();
        match self.flight {
            Some(flight) => flight.done.await.unwrap_or_else(|_| stopped()),
            None => Ok(()),
        }
    }
}

fn stopped() -> Result<()> {
    Err(Error::Stopped { task: "flush" })
}

/// Commits the frozen rows of every table, then tells the journal.
async fn flush(
    lake: &Lake,
    intake: &dyn Intake,
    frozen: Vec<(Arc<Table>, Vec<TailBatch>)>,
    offset: u64,
    dead: Vec<DeadLetter>,
) -> Result<()> {
    let mut outcome = Ok(());
    for (table, frozen) in frozen {
        let flushed = table.flush(frozen, offset, lake.clock.now()).await;
        table.set_error(flushed.as_ref().err().map(|error| chain(error)));
        // The other tables are committed all the same: their rows need not wait in memory.
        if outcome.is_ok() {
            outcome = flushed;
        }
    }
    outcome?;
    fail_at(lake.options.failpoint.as_ref(), Step::Advance)?;
    let told = intake.advance(offset, dead).await;
    told.map_err(|source| Error::Journal { action: "advance", source })
}

/// What events of the journal became.
pub(crate) struct Mapped {
    /// Rows, by table.
    pub(crate) tables: Vec<(Arc<Table>, RecordBatch)>,
    /// Events that cannot become rows.
    pub(crate) dead: Vec<DeadLetter>,
    /// How many bytes the events had.
    pub(crate) bytes: usize,
}

/// Events of the journal as rows of their tables. Those that are in the files already are left out.
pub(crate) async fn map(lake: &Lake, deliveries: &[StoredBatch]) -> Result<Mapped> {
    let mut mapped: Vec<(Arc<Table>, u64, Rows)> = Vec::new();
    let (mut rejected, mut bytes) = (Vec::new(), 0);
    let (ingested, node) = (lake.clock.now(), lake.writer());
    let events: usize = deliveries.iter().map(|delivery| delivery.events.len()).sum();
    for delivery in deliveries {
        bytes += delivery.events.iter().map(|event| event.raw.len()).sum::<usize>();
        let provider = &delivery.source.provider;
        let Some(table) = lake.table_of(provider).await? else {
            let reason = format!("no table for events of `{provider}`");
            let all = delivery.events.iter();
            rejected.extend(
                all.map(|event| DeadLetter::of_event(&delivery.source, event, reason.as_str())),
            );
            continue;
        };
        let at = match mapped.iter().position(|(known, ..)| Arc::ptr_eq(known, &table)) {
            Some(at) => at,
            None => {
                let (layout, committed) = {
                    let view = table.view();
                    (view.layout.clone(), view.committed)
                };
                let rows = Rows::new(layout, events).map_err(Error::encode(&table.name))?;
                mapped.push((table, committed, rows));
                mapped.len() - 1
            }
        };
        let (_, committed, rows) = &mut mapped[at];
        let common =
            Common { source: &delivery.source, received: delivery.received, ingested, node: &node };
        for event in delivery.events.iter().filter(|event| event.offset >= *committed) {
            match std::str::from_utf8(&event.raw) {
                Ok(raw) => rows.push(lake.mapper.as_ref(), common, event, raw),
                Err(error) => {
                    let reason = format!("not UTF-8 text: {error}");
                    rejected.push(DeadLetter::of_event(&delivery.source, event, reason));
                }
            }
        }
    }
    let mut tables = Vec::new();
    for (table, _, rows) in mapped {
        if rows.len() > 0 {
            let rows = rows.finish().map_err(Error::encode(&table.name))?;
            tables.push((table, rows));
        }
    }
    Ok(Mapped { tables, dead: rejected, bytes })
}
