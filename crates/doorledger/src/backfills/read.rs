//! Reading a tenant's past in several parts at once: one task drives them all, so that they share the tenant's rate limit,
//! and their pages become durable one after the other, each together with the whole plan. More parts are read as long as
//! nobody is held back by that limit; a single reader asks no more often than the way to the provider is long.
//! Deliberately absent: what is left to read (`plan`), and sharing the limit (`sources`).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use model::{Batch, SourceId, Timestamp, Via};
use net::Answer;
use sources::{Outcome, Poll, PollSource, Step, Waiting};
use tokio_util::sync::CancellationToken;

use super::plan::{PARTS_MAX, Plan};
use crate::collect::{Collector, Ended, PAGE_BYTES_MAX, Progress, REFUSED_PAGE_WAIT, sleep};
use crate::setback::SetBack;
use crate::status::SourceCondition;

/// Pages that wait to become durable. Beyond them nobody reads on.
const PAGES_WAITING_MAX: usize = 2 * PARTS_MAX;
/// Another part is begun once so many pages of each were read: what little there is needs no parts.
const PAGES_A_PART_MIN: usize = 2;
/// A wait without an end is looked at this often.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// Reads everything that `source` holds, from where the stored plan stands.
pub(super) async fn run(
    collector: &Collector,
    id: &SourceId,
    source: &dyn PollSource,
    stop: &CancellationToken,
    watch: impl Fn(Progress),
) -> Ended {
    loop {
        let ended = match Reading::begin(collector, id, source) {
            Ok(mut reading) => reading.run(stop, &watch).await,
            Err(reason) => Err(reason),
        };
        let reason = match ended {
            Ok(ended) => return ended,
            Err(reason) => reason,
        };
        tracing::warn!(source = %id, reason, "a page was not made durable; starting again at the stored plan");
        collector.board.source_condition(id, SourceCondition::Waiting { reason });
        if sleep(REFUSED_PAGE_WAIT, stop).await.is_err() {
            return Ended::Cancelled;
        }
    }
}

/// One reader of one part.
struct Reader {
    number: u32,
    poll: Box<dyn Poll>,
    is_flying: bool,
}

/// A page that waits to become durable.
struct Page {
    number: u32,
    batch: Batch,
    more: bool,
}

type Flight<'a> = BoxFuture<'a, (u32, Result<Answer, String>)>;
type Append<'a> = BoxFuture<'a, Result<Progress, String>>;

/// What one round of asking every reader came to.
struct Round {
    /// When the next of them wants to be asked again.
    wake: Option<Timestamp>,
    /// Whether the rate limit holds somebody back.
    is_held: bool,
}

struct Reading<'a> {
    collector: &'a Collector,
    id: &'a SourceId,
    source: &'a dyn PollSource,
    plan: Plan,
    readers: Vec<Reader>,
    can_divide: bool,
    pages: VecDeque<Page>,
    pages_read: usize,
}

impl<'a> Reading<'a> {
    fn begin(
        collector: &'a Collector,
        id: &'a SourceId,
        source: &'a dyn PollSource,
    ) -> Result<Self, String> {
        let cursor = collector.journal.cursor(id).map_err(|error| error.to_string())?;
        // An empty cursor is one that was given up: a finished backfill.
        let plan = Plan::of(cursor.filter(|cursor| !cursor.0.is_empty()));
        let now = collector.clock.now();
        let can_divide = source.start_at(now, now).is_some();
        let poll = |part: &super::plan::Part| {
            let begun = part.cursor.clone().map(model::Cursor);
            match (begun, part.reached) {
                (None, Some(from)) => {
                    source.start_at(from, now).unwrap_or_else(|| source.start(None, now))
                }
                (cursor, _) => source.start(cursor, now),
            }
        };
        let readers = plan
            .parts()
            .iter()
            .map(|part| Reader { number: part.number, poll: poll(part), is_flying: false })
            .collect();
        let pages = VecDeque::new();
        Ok(Self { collector, id, source, plan, readers, can_divide, pages, pages_read: 0 })
    }

    /// `Err` when a page could not be made durable.
    async fn run(
        &mut self,
        stop: &CancellationToken,
        watch: &impl Fn(Progress),
    ) -> Result<Ended, String> {
        let mut flights: FuturesUnordered<Flight<'a>> = FuturesUnordered::new();
        let mut append: Option<Append<'a>> = None;
        let mut clock = SetBack::new(self.collector.clock.now(), Instant::now());
        loop {
            if clock.look(self.collector.clock.now(), Instant::now()) {
                return Err("the clock was set back".to_owned());
            }
            if append.is_none() {
                append = self.append_next();
            }
            if self.plan.parts().is_empty() && append.is_none() {
                return Ok(Ended::CaughtUp);
            }
            let round = self.ask(&flights);
            let wait = self.wait(round.wake);
            tokio::select! {
                () = stop.cancelled() => {
                    // What is on its way to the disk arrives there; the rest is read again.
                    if let Some(append) = append { append.await?; }
                    return Ok(Ended::Cancelled);
                }
                appended = async { match append.as_mut() { Some(append) => append.await, None => std::future::pending().await } } => {
                    append = None;
                    watch(appended?);
                }
                Some((number, answer)) = flights.next(), if !flights.is_empty() => {
                    self.take(number, answer.as_ref().map_err(String::as_str));
                    if !round.is_held { self.divide(); }
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Lets every reader that waits for nothing ask.
    fn ask(&mut self, flights: &FuturesUnordered<Flight<'a>>) -> Round {
        let mut round = Round { wake: None, is_held: false };
        let now = self.collector.clock.now();
        let room = PAGES_WAITING_MAX.saturating_sub(self.pages.len() + flights.len());
        for reader in self.readers.iter_mut().filter(|reader| !reader.is_flying).take(room) {
            match reader.poll.step(now) {
                Step::Wait { until, why } => {
                    round.is_held |= why == Waiting::RateLimit;
                    round.wake = Some(round.wake.map_or(until, |wake| wake.min(until)));
                }
                Step::Send(request) => {
                    reader.is_flying = true;
                    let (client, number) = (self.collector.client.clone(), reader.number);
                    flights.push(Box::pin(async move {
                        let answer = client.send(request, PAGE_BYTES_MAX).await;
                        (number, answer.map_err(|error| error.to_string()))
                    }));
                }
            }
        }
        round
    }

    fn wait(&self, wake: Option<Timestamp>) -> Duration {
        let now = self.collector.clock.now();
        wake.and_then(|wake| Duration::try_from(wake.duration_since(now)).ok())
            .map_or(if wake.is_some() { Duration::ZERO } else { WAIT_MAX }, |wait| {
                wait.min(WAIT_MAX)
            })
    }

    /// Acts on what an answer meant. A part that has ended meanwhile needs it no more.
    fn take(&mut self, number: u32, answer: Result<&Answer, &str>) {
        let Some(reader) = self.readers.iter_mut().find(|reader| reader.number == number) else {
            return;
        };
        reader.is_flying = false;
        let now = self.collector.clock.now();
        let board = &self.collector.board;
        match reader.poll.answer(answer, now) {
            Outcome::Settled => {}
            Outcome::Failed(error) => {
                tracing::warn!(source = %self.id, code = error.code, hint = error.hint, "{}", error.message);
                board.source_condition(self.id, SourceCondition::Failed(error));
            }
            Outcome::Page { events, rejected, cursor, gap, walked, more } => {
                if let Some(gap) = &gap {
                    tracing::warn!(source = %self.id, from = %gap.from, until = %gap.until, cause = gap.cause, "events are lost");
                }
                board.source_condition(self.id, SourceCondition::Reading);
                self.pages_read += 1;
                if !more {
                    self.readers.retain(|reader| reader.number != number);
                }
                let source = self.id.clone();
                let batch = Batch {
                    source,
                    via: Via::Poll,
                    received: now,
                    events,
                    rejected,
                    cursor,
                    gap,
                    walked,
                };
                self.pages.push_back(Page { number, batch, more });
            }
        }
    }

    /// Begins another part, if what is read is worth it.
    fn divide(&mut self) {
        let is_worth_it = self.pages_read >= self.readers.len() * PAGES_A_PART_MIN;
        if !self.can_divide || !is_worth_it || self.readers.len() >= PARTS_MAX {
            return;
        }
        let now = self.collector.clock.now();
        let Some((number, moment)) = self.plan.divide(now) else { return };
        match self.source.start_at(moment, now) {
            Some(poll) => self.readers.push(Reader { number, poll, is_flying: false }),
            None => self.can_divide = false,
        }
    }

    /// The next page on its way to the disk, together with what is left after it.
    fn append_next(&mut self) -> Option<Append<'a>> {
        let Page { number, mut batch, more } = self.pages.pop_front()?;
        if self.plan.page(number, batch.cursor.as_ref(), batch.walked, more) {
            self.readers.retain(|reader| reader.number != number);
        }
        batch.cursor = Some(self.plan.cursor());
        let left = self.plan.left(self.collector.clock.now());
        let times = batch.events.iter().filter_map(|event| event.time);
        let (oldest, latest) = (times.clone().min(), times.max());
        let journal = self.collector.journal.clone();
        Some(Box::pin(async move {
            let appended = journal.append(batch).await.map_err(|error| error.to_string())?;
            let (stored, duplicates) = (appended.stored, appended.duplicates);
            Ok(Progress { stored, duplicates, oldest, latest, left })
        }))
    }
}
