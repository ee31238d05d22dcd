//! Backfills: a tenant's poll run a second time, beside the live one, from as far back as the provider still holds to the
//! present. It has a cursor of its own, so that it goes on after an interruption; what the live poll has stored already is
//! recognised and dropped by the journal.
//! Where the provider can be asked for any moment it is read in several parts at once (`read`).
//! Deliberately absent: the live poll's loop (`collect`) and how progress is drawn (`commands`).

mod outlook;
mod plan;
mod read;
mod survey;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::{BackfillOutlook, BackfillProgress, BackfillState};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use model::{Problem, SourceId, Timestamp};
use serde_json::Value;
use sources::PollSource;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::collect::{Collector, Ended, Progress};
use crate::roster::Roster;

/// What a backfill's source is called: the live one's name with this behind it.
const SUFFIX: &str = ".backfill";

/// Tenants that are read at once; the others wait for their turn. Each has connections and pages in memory of its own.
const TENANTS_AT_ONCE_MAX: usize = 8;

/// What is to be read.
type Chosen = Vec<(SourceId, Box<dyn PollSource>)>;

/// A tenant that can be backfilled: what was written of its poll.
pub(crate) struct Backfillable {
    provider: &'static dyn sources::Provider,
    id: SourceId,
    written: Value,
}

/// All backfills of this process.
pub(crate) struct Backfills {
    collector: Collector,
    roster: Arc<Roster>,
    states: Arc<Mutex<BTreeMap<SourceId, BackfillProgress>>>,
    tasks: TaskTracker,
    turns: Arc<Semaphore>,
    stop: CancellationToken,
    /// How each that was started is ended by itself.
    stops: Mutex<BTreeMap<SourceId, CancellationToken>>,
}

impl Backfills {
    /// Backfills of the roster's sources: every one that is polled.
    pub(crate) fn new(collector: Collector, roster: Arc<Roster>, stop: CancellationToken) -> Self {
        let turns = Arc::new(Semaphore::new(TENANTS_AT_ONCE_MAX));
        let (states, stops, tasks) = (Arc::default(), Mutex::default(), TaskTracker::new());
        Self { collector, roster, states, tasks, turns, stop, stops }
    }

    /// What can be backfilled at present.
    fn known(&self) -> Vec<Backfillable> {
        let roster = self.roster.now();
        let polled = roster.sources.iter().filter(|source| source.is_polled());
        polled
            .map(|source| {
                let configured = &source.configured;
                let name = format!("{}{SUFFIX}", configured.id.source);
                Backfillable {
                    provider: configured.provider,
                    id: SourceId { source: name, ..configured.id.clone() },
                    written: configured.written.clone(),
                }
            })
            .collect()
    }

    /// Starts one for each named tenant, in their order (for all, if none is named). One that runs already is left alone.
    pub(crate) fn start(&self, tenants: &[String], since: &str) -> Result<usize, Vec<Problem>> {
        let chosen_from = self.roster.now();
        let mut chosen = self.choose(tenants, since)?;
        chosen.sort_by_key(|(id, _)| tenants.iter().position(|tenant| *tenant == id.tenant));
        let count = chosen.len();
        for (id, source) in chosen {
            self.start_one(id, source);
        }
        // A source that was changed meanwhile was interrupted before there was anything to interrupt.
        let now = self.roster.now();
        chosen_from.ended_sources(&now).for_each(|source| self.interrupt(&source.configured.id));
        Ok(count)
    }

    /// What lies before backfills of the named tenants, soonest to be lost first.
    pub(crate) async fn survey(
        &self,
        tenants: &[String],
        since: &str,
    ) -> Result<Vec<BackfillOutlook>, Vec<Problem>> {
        let chosen = self.choose(tenants, since)?;
        let surveys: Vec<BoxFuture<'static, BackfillOutlook>> = chosen
            .into_iter()
            .map(|(id, source)| {
                let collector = self.collector.clone();
                async move { survey::survey(&collector, &id, source.as_ref()).await }.boxed()
            })
            .collect();
        let mut outlooks: Vec<BackfillOutlook> =
            stream::iter(surveys).buffer_unordered(TENANTS_AT_ONCE_MAX).collect().await;
        outlook::in_order(&mut outlooks);
        Ok(outlooks)
    }

    fn choose(&self, tenants: &[String], since: &str) -> Result<Chosen, Vec<Problem>> {
        let all = self.known();
        let mut problems: Vec<Problem> = tenants
            .iter()
            .filter(|tenant| !all.iter().any(|known| known.id.tenant == **tenant))
            .map(|tenant| {
                let names: Vec<&str> = all.iter().map(|known| known.id.tenant.as_str()).collect();
                Problem::new(
                    "tenants",
                    format!("`{tenant}` is not polled"),
                    format!("polled are: {}", names.join(", ")),
                )
            })
            .collect();
        let mut chosen = Vec::new();
        for known in
            all.iter().filter(|known| tenants.is_empty() || tenants.contains(&known.id.tenant))
        {
            let mut written = known.written.clone();
            if let Some(fields) = written.as_object_mut() {
                fields.insert("start".to_owned(), Value::from(since));
            }
            match known.provider.poll(&written) {
                Ok(source) => chosen.push((known.id.clone(), source)),
                Err(found) => problems
                    .extend(found.into_iter().map(|problem| problem.under(&known.id.tenant))),
            }
        }
        if problems.is_empty() { Ok(chosen) } else { Err(problems) }
    }

    fn start_one(&self, id: SourceId, source: Box<dyn PollSource>) {
        let started = self.collector.clock.now();
        {
            let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
            if states.get(&id).is_some_and(|state| state.state == BackfillState::Running) {
                return;
            }
            states.insert(id.clone(), starting(&id, started));
        }
        let (collector, states, stop) =
            (self.collector.clone(), self.states.clone(), self.stop.child_token());
        let mut stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        stops.insert(id.clone(), stop.clone());
        drop(stops);
        let turns = self.turns.clone();
        self.tasks.spawn(async move {
            let (watched, watching) = (id.clone(), states.clone());
            let watch = move |progress: Progress| {
                let mut states = watching.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(state) = states.get_mut(&watched) {
                    advance(state, progress);
                }
            };
            let turn = tokio::select! {
                turn = turns.acquire_owned() => turn.ok(),
                () = stop.cancelled() => None,
            };
            let ended = match turn {
                Some(_turn) => read::run(&collector, &id, source.as_ref(), &stop, watch).await,
                None => Ended::Cancelled,
            };
            let finished = ended == Ended::CaughtUp;
            let mut states = states.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(state) = states.get_mut(&id) {
                state.share = if finished { 1.0 } else { state.share };
                state.state = if finished { BackfillState::Done } else { BackfillState::Stopped };
            }
        });
    }

    /// Ends the backfill of a source that is there no longer, or otherwise than it was. Started again, it goes on.
    pub(crate) fn interrupt(&self, live: &SourceId) {
        let id = SourceId { source: format!("{}{SUFFIX}", live.source), ..live.clone() };
        let stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = stops.get(&id) {
            stop.cancel();
        }
    }

    /// How far each is.
    pub(crate) fn progress(&self) -> Vec<BackfillProgress> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Waits until all have ended.
    pub(crate) async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

fn starting(id: &SourceId, started: Timestamp) -> BackfillProgress {
    BackfillProgress {
        source: id.to_string(),
        state: BackfillState::Running,
        events: 0,
        stored: 0,
        started,
        oldest: None,
        latest: None,
        share: 0.0,
    }
}

fn advance(state: &mut BackfillProgress, page: Progress) {
    state.events += page.stored + page.duplicates;
    state.stored += page.stored;
    state.oldest = [state.oldest, page.oldest].into_iter().flatten().min();
    state.latest = state.latest.max(page.latest);
    if let (Some(oldest), Some(latest)) = (state.oldest, state.latest) {
        let whole = state.started.duration_since(oldest).as_secs_f64();
        let read = match page.left {
            Some(left) => whole - left.as_secs_f64(),
            None => latest.duration_since(oldest).as_secs_f64(),
        };
        state.share = if whole > 0.0 { (read / whole).clamp(0.0, 1.0) } else { 1.0 };
    }
}
