//! The loop that drives one poll: it owns the clock and the network, the source owns the decisions, the journal owns
//! what is durable. While a page is being committed the next one is already asked for; pages are committed in order, and
//! whatever fails on the way, the poll starts again at the cursor that the journal holds.
//!
//! Deliberately absent: backfills, which read in several parts (`backfills`), providers, retries of a single request (the
//! source decides when to ask again), and threads: each source is a task of its own, so that one tenant's trouble never
//! slows another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::Journal;
use model::{Batch, Clock, SignedDuration, SourceId, Stretch, Timestamp, Via};
use net::Client;
use sources::{Outcome, PollSource, Step, Waiting};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::setback::{Reading, SetBack};
use crate::status::{Board, SourceCondition};

/// The largest page that is read from a provider: 1,000 events of the largest size seen, with room.
pub(crate) const PAGE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How often the walk of a poll that finds nothing new is saved: each saving is a write to the disk.
const IDLE_WALK_SAVED_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// How long to wait after the journal refused a page before the poll starts again.
pub(crate) const REFUSED_PAGE_WAIT: Duration = Duration::from_secs(2);

/// What every poll shares.
#[derive(Clone)]
pub(crate) struct Collector {
    /// The way out.
    pub(crate) client: Client,
    /// Where pages become durable.
    pub(crate) journal: Journal,
    /// What time it is.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the state is shown.
    pub(crate) board: Arc<Board>,
}

/// One poll to be driven.
pub(crate) struct Job<'a> {
    /// Whose events they are; the cursor is kept under it.
    pub(crate) id: &'a SourceId,
    /// What is polled.
    pub(crate) source: &'a dyn PollSource,
}

/// How a poll ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was told to stop.
    Cancelled,
    /// It has read everything: a backfill.
    CaughtUp,
}

/// What a watcher learns after each page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// Events that were new.
    pub(crate) stored: u64,
    /// Events that were there already.
    pub(crate) duplicates: u64,
    /// The earliest provider time of the page.
    pub(crate) oldest: Option<Timestamp>,
    /// The latest provider time of the page.
    pub(crate) latest: Option<Timestamp>,
    /// How much provider time is still to be read, if the reader knows.
    pub(crate) left: Option<SignedDuration>,
}

impl Collector {
    /// Polls until it is cancelled.
    pub(crate) async fn run(
        &self,
        job: &Job<'_>,
        stop: &CancellationToken,
        watch: impl Fn(Progress) + Clone + Send + 'static,
    ) -> Ended {
        let id = job.id;
        loop {
            let ended = self.run_once(job, stop, watch.clone()).await;
            match ended {
                Ok(ended) => return ended,
                Err(reason) => {
                    tracing::warn!(source = %id, reason, "a page was not made durable; starting again at the stored cursor");
                    self.board.source_condition(id, SourceCondition::Waiting { reason });
                    if sleep(REFUSED_PAGE_WAIT, stop).await.is_err() {
                        return Ended::Cancelled;
                    }
                }
            }
        }
    }

    /// From the stored cursor on. `Err` when a page could not be made durable.
    async fn run_once(
        &self,
        job: &Job<'_>,
        stop: &CancellationToken,
        watch: impl Fn(Progress) + Clone + Send + 'static,
    ) -> Result<Ended, String> {
        let Job { id, source } = *job;
        let cursor = self.journal.cursor(id).map_err(|error| error.to_string())?;
        let mut now = self.clock.now();
        let mut poll = source.start(cursor, now);
        let mut commit = Commit::default();
        let mut clock = SetBack::new(now, Instant::now());
        loop {
            let reading = Reading { shown: self.clock.now(), at: Instant::now() };
            now = reading.shown;
            if clock.look(now, reading.at) {
                tracing::warn!(source = %id, shows = %now, "the clock was set back; starting again at the stored cursor");
                commit.settle().await?;
                let cursor = self.journal.cursor(id).map_err(|error| error.to_string())?;
                poll = source.start(cursor, now);
            }
            match poll.step(now) {
                Step::Wait { until: moment, why } => {
                    commit.settle().await?;
                    if why == Waiting::CaughtUp {
                        self.board.source_condition(id, SourceCondition::CaughtUp);
                    }
                    if sleep(reading.left(moment, Instant::now()), stop).await.is_err() {
                        return Ok(Ended::Cancelled);
                    }
                }
                Step::Send(request) => {
                    let answer = tokio::select! {
                        answer = self.client.send(request, PAGE_BYTES_MAX) => answer,
                        () = stop.cancelled() => {
                            commit.settle().await?;
                            return Ok(Ended::Cancelled);
                        }
                    };
                    let answer = answer.map_err(|error| error.to_string());
                    let answered = reading.now(Instant::now());
                    let outcome = poll.answer(answer.as_ref().map_err(String::as_str), answered);
                    self.take(id, outcome, &mut commit, watch.clone()).await?;
                }
            }
        }
    }

    /// Acts on what an answer meant.
    async fn take(
        &self,
        id: &SourceId,
        outcome: Outcome,
        commit: &mut Commit,
        watch: impl Fn(Progress) + Send + 'static,
    ) -> Result<(), String> {
        match outcome {
            Outcome::Settled => Ok(()),
            Outcome::Failed(error) => {
                tracing::warn!(source = %id, code = error.code, hint = error.hint, "{}", error.message);
                self.board.source_condition(id, SourceCondition::Failed(error));
                Ok(())
            }
            Outcome::Page { events, rejected, cursor, gap, walked, more } => {
                if let Some(gap) = &gap {
                    tracing::warn!(source = %id, from = %gap.from, until = %gap.until, cause = gap.cause, "events are lost");
                }
                self.board.source_condition(
                    id,
                    if more { SourceCondition::Reading } else { SourceCondition::CaughtUp },
                );
                commit.walk.add(walked);
                let is_idle =
                    events.is_empty() && rejected.is_empty() && cursor.is_none() && gap.is_none();
                if is_idle && !commit.walk.is_due() {
                    return Ok(());
                }
                let walked = commit.walk.take();
                if is_idle && walked.is_none() {
                    return Ok(());
                }
                let times = events.iter().filter_map(|event| event.time);
                let (oldest, latest) = (times.clone().min(), times.max());
                let received = self.clock.now();
                let batch = Batch {
                    source: id.clone(),
                    via: Via::Poll,
                    received,
                    events,
                    rejected,
                    cursor,
                    gap,
                    walked,
                };
                commit.settle().await?;
                let journal = self.journal.clone();
                commit.start(tokio::spawn(async move {
                    let appended =
                        journal.append(batch).await.map_err(|error| error.to_string())?;
                    watch(Progress {
                        stored: appended.stored,
                        duplicates: appended.duplicates,
                        oldest,
                        latest,
                        left: None,
                    });
                    Ok(())
                }));
                Ok(())
            }
        }
    }
}

/// The one page that is on its way to the disk, and the walk that goes with the next.
#[derive(Default)]
struct Commit {
    page: Option<JoinHandle<Result<(), String>>>,
    walk: Walk,
}

/// Time that was walked and is not yet saved. A poll that is started again begins its walk where the saved one ended, so
/// nothing is lost with it but its proof, for which it is walked again.
#[derive(Default)]
struct Walk {
    unsaved: Option<Stretch>,
    /// Up to where the last saved one came.
    saved: Option<Timestamp>,
}

impl Walk {
    /// Adds what a page walked. Each begins where the one before ended; after a hole what was unsaved before it, at most a
    /// minute, stays unproved.
    fn add(&mut self, walked: Option<Stretch>) {
        self.unsaved = match (self.unsaved, walked) {
            (Some(held), Some(more)) if more.from <= held.until => {
                Some(Stretch { from: held.from.min(more.from), until: held.until.max(more.until) })
            }
            (held, more) => more.or(held),
        };
    }

    fn is_due(&self) -> bool {
        let Some(unsaved) = self.unsaved else { return false };
        // Either way: the clock may have been set back behind what was saved by it.
        let since_saved = |saved| unsaved.until.duration_since(saved).abs();
        self.saved.is_none_or(|saved| since_saved(saved) >= IDLE_WALK_SAVED_EVERY)
    }

    fn take(&mut self) -> Option<Stretch> {
        let taken = self.unsaved.take();
        self.saved = taken.map(|taken| taken.until).or(self.saved);
        taken
    }
}

impl Commit {
    fn start(&mut self, task: JoinHandle<Result<(), String>>) {
        self.page = Some(task);
    }

    /// Waits until it is durable.
    async fn settle(&mut self) -> Result<(), String> {
        match self.page.take() {
            None => Ok(()),
            Some(task) => task.await.unwrap_or_else(|panic| Err(panic.to_string())),
        }
    }
}

/// Sleeps, unless it is time to stop.
pub(crate) async fn sleep(duration: Duration, stop: &CancellationToken) -> Result<(), Stopped> {
    tokio::select! {
        () = tokio::time::sleep(duration) => Ok(()),
        () = stop.cancelled() => Err(Stopped),
    }
}

/// It is time to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopped;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_is_saved_now_and_then_whichever_way_the_clock_was_set() {
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        for (from, until, expected) in [
            (7_200, 7_201, false),
            (7_200, 7_259, false),
            (7_200, 7_260, true),
            (3_600, 3_601, true),
        ] {
            let mut walk = Walk::default();
            walk.add(Some(Stretch { from: at(7_100), until: at(7_200) }));
            assert!(walk.is_due(), "nothing was saved yet");
            assert!(walk.take().is_some() && !walk.is_due());
            walk.add(Some(Stretch { from: at(from), until: at(until) }));
            assert_eq!(walk.is_due(), expected, "{until}");
        }
    }
}
