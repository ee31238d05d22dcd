//! Backfills: a tenant's poll run a second time, beside the live one, from as far back as the provider still holds to the
//! present. It has a cursor of its own, so that it goes on after an interruption; what the live poll has stored already is
//! recognised and dropped by the journal.
//! Deliberately absent: the poll loop (`collect`) and how progress is drawn (`commands`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Batch, Clock as _, Cursor, Problem, SourceId, Timestamp, Via};
use serde::Serialize;
use serde_json::Value;
use sources::PollSource;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::collect::{Collector, Ended, Progress, Until};
use crate::config::{ConfiguredSource, Way};

/// What a backfill's source is called: the live one's name with this behind it.
const SUFFIX: &str = ".backfill";

/// A tenant that can be backfilled: what was written of its poll.
pub(crate) struct Backfillable {
    provider: &'static dyn sources::Provider,
    id: SourceId,
    written: Value,
}

/// How far a backfill is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BackfillState {
    /// `provider/tenant/source`.
    pub(crate) source: String,
    /// `running`, `done`, `stopped`.
    pub(crate) state: &'static str,
    /// Events read.
    pub(crate) events: u64,
    /// Of them, events that were not there before.
    pub(crate) stored: u64,
    /// When it began.
    pub(crate) started: Timestamp,
    /// The provider time of the first event read.
    pub(crate) oldest: Option<Timestamp>,
    /// The latest provider time read so far.
    pub(crate) latest: Option<Timestamp>,
    /// Share of the stretch of time that is read, 0 to 1.
    pub(crate) share: f64,
}

/// All backfills of this process.
pub(crate) struct Backfills {
    collector: Collector,
    known: Vec<Backfillable>,
    states: Arc<Mutex<BTreeMap<SourceId, BackfillState>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Backfills {
    /// Backfills of these sources: every one that is polled.
    pub(crate) fn new(collector: Collector, sources: &[ConfiguredSource], stop: CancellationToken) -> Self {
        let known = sources
            .iter()
            .filter(|source| matches!(source.way, Way::Poll(_)))
            .map(|source| Backfillable {
                provider: source.provider,
                id: SourceId { source: format!("{}{SUFFIX}", source.id.source), ..source.id.clone() },
                written: source.written.clone(),
            })
            .collect();
        Self { collector, known, states: Arc::default(), tasks: TaskTracker::new(), stop }
    }

    /// Starts one for each named tenant (for all, if none is named). One that runs already is left alone.
    pub(crate) fn start(&self, tenants: &[String], since: &str) -> Result<usize, Vec<Problem>> {
        let mut problems: Vec<Problem> = tenants
            .iter()
            .filter(|tenant| !self.known.iter().any(|known| known.id.tenant == **tenant))
            .map(|tenant| {
                let names: Vec<&str> = self.known.iter().map(|known| known.id.tenant.as_str()).collect();
                Problem::new("tenants", format!("`{tenant}` is not polled"), format!("polled are: {}", names.join(", ")))
            })
            .collect();
        let mut chosen = Vec::new();
        for known in self.known.iter().filter(|known| tenants.is_empty() || tenants.contains(&known.id.tenant)) {
            let mut written = known.written.clone();
            if let Some(fields) = written.as_object_mut() {
                fields.insert("start".to_owned(), Value::from(since));
            }
            match known.provider.poll(&written) {
                Ok(source) => chosen.push((known.id.clone(), source)),
                Err(found) => problems.extend(found.into_iter().map(|problem| problem.under(&known.id.tenant))),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let count = chosen.len();
        for (id, source) in chosen {
            self.start_one(id, source);
        }
        Ok(count)
    }

    fn start_one(&self, id: SourceId, source: Box<dyn PollSource>) {
        let started = self.collector.clock.now();
        {
            let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
            if states.get(&id).is_some_and(|state| state.state == "running") {
                return;
            }
            states.insert(id.clone(), BackfillState::starting(&id, started));
        }
        let (collector, states, stop) = (self.collector.clone(), self.states.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            let (watched, watching) = (id.clone(), states.clone());
            let watch = move |progress: Progress| {
                let mut states = watching.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(state) = states.get_mut(&watched) {
                    state.advance(progress);
                }
            };
            let ended = collector.run(&id, source.as_ref(), Until::CaughtUp, &stop, watch).await;
            let finished = ended == Ended::CaughtUp && forget_cursor(&collector, &id).await;
            let mut states = states.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(state) = states.get_mut(&id) {
                state.state = if finished { "done" } else { "stopped" };
            }
        });
    }

    /// How far each is.
    pub(crate) fn states(&self) -> Vec<BackfillState> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Waits until all have ended.
    pub(crate) async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

impl BackfillState {
    fn starting(id: &SourceId, started: Timestamp) -> Self {
        Self { source: id.to_string(), state: "running", events: 0, stored: 0, started, oldest: None, latest: None, share: 0.0 }
    }

    fn advance(&mut self, progress: Progress) {
        self.events += progress.stored + progress.duplicates;
        self.stored += progress.stored;
        self.oldest = self.oldest.or(progress.latest);
        self.latest = self.latest.max(progress.latest);
        if let (Some(oldest), Some(latest)) = (self.oldest, self.latest) {
            let whole = self.started.duration_since(oldest).as_secs_f64();
            let read = latest.duration_since(oldest).as_secs_f64();
            self.share = if whole > 0.0 { (read / whole).clamp(0.0, 1.0) } else { 1.0 };
        }
    }
}

/// A finished backfill begins anew when it is asked for again: its cursor is made empty, which the loop reads as none.
async fn forget_cursor(collector: &Collector, id: &SourceId) -> bool {
    let batch = Batch {
        source: id.clone(),
        via: Via::Poll,
        received: collector.clock.now(),
        events: Vec::new(),
        rejected: Vec::new(),
        cursor: Some(Cursor(String::new())),
        gap: None,
    };
    collector.journal.append(batch).await.is_ok()
}
