//! Replays: events of the lake, sent to a destination again as the live shipping would send them, beside it. Each has a
//! file in the data folder that tells how far it is, so that one that was interrupted goes on and sends nothing again that
//! was acknowledged.
//! Deliberately absent: asking the lake (`rows`), sending (`run`), the file (`saved`), and dead letters (`crate::replay`).

mod rows;
mod run;
mod saved;
mod settled;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{OperationError, ReplayProgress, ReplayState, ReplayWish};
use futures::future::BoxFuture;
use journal::Journal;
use model::{Clock, Problem, QueryEngine, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::rows::Range;
use self::saved::Saved;
use crate::parts::Parts;
use crate::roster::Supervisor;
use crate::ship::Shipper;

/// Name of the folder, within the data folder, of the replays' files.
const FOLDER: &str = "replays";

/// How long a replay waits for the lake to hold what the journal does; it writes every few seconds.
const CATCH_UP_TIME_MAX: Duration = Duration::from_secs(120);
/// Between two looks at it.
const CATCH_UP_LOOK: Duration = Duration::from_millis(50);

/// All replays of this process.
#[derive(Clone)]
pub(crate) struct Replays {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Arc<dyn QueryEngine>,
    journal: Journal,
    supervisor: Arc<Supervisor>,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    stop: CancellationToken,
    known: Mutex<BTreeMap<String, Known>>,
}

/// A replay, and how it is cancelled.
struct Known {
    saved: Saved,
    cancel: CancellationToken,
}

impl Replays {
    /// Over this lake and the shippers that are there at the time. What is known of earlier replays is read from the data
    /// folder.
    pub(crate) fn new(
        engine: Arc<dyn QueryEngine>,
        supervisor: Arc<Supervisor>,
        data: &std::path::Path,
        stop: CancellationToken,
    ) -> Self {
        let folder = data.join(FOLDER);
        let known = saved::read_all(&folder).into_iter().map(|saved| {
            let known = Known { saved, cancel: CancellationToken::new() };
            (known.saved.progress.id.clone(), known)
        });
        let Parts { journal, clock, .. } = supervisor.parts().clone();
        let inner = Inner {
            engine,
            journal,
            supervisor,
            known: Mutex::new(known.collect()),
            folder,
            clock,
            tasks: TaskTracker::new(),
            stop,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Waits until all have ended.
    pub(crate) async fn finish(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        self.inner.tasks.reopen();
    }

    /// Interrupts what is sent to a destination that is there no longer, or otherwise than it was. Started again, it goes on.
    pub(crate) fn interrupt(&self, to: &str) {
        let known = self.inner.known();
        let running = known.values().filter(|known| {
            let progress = &known.saved.progress;
            progress.to == to && progress.state == ReplayState::Running
        });
        running.for_each(|known| known.cancel.cancel());
    }

    async fn begin(&self, wish: ReplayWish) -> Result<ReplayProgress, Vec<Problem>> {
        let inner = &self.inner;
        let now = inner.clock.now();
        let shipper = inner.supervisor.shipper(&wish.to).ok_or_else(|| {
            let names = inner.supervisor.shipper_names();
            let hint = match names.as_slice() {
                [] => "no destination is configured".to_owned(),
                names => format!("configured are: {}", names.join(", ")),
            };
            vec![Problem::new("to", format!("`{}` is not a destination", wish.to), hint)]
        })?;
        if inner.supervisor.is_paused(&wish.to) {
            let message = format!("`{}` is paused", wish.to);
            return Err(vec![Problem::new("to", message, "resume it first")]);
        }
        let since = moment("since", &wish.since)?;
        let until = wish.until.as_deref().map(|text| moment("until", text)).transpose()?;
        if until.unwrap_or(now) <= since {
            let hint = "`until` has to be later than `since`";
            return Err(vec![Problem::new("until", "leaves no time between the two", hint)]);
        }
        if !wish.condition.as_deref().is_none_or(rows::is_one_condition) {
            let hint = "write what would stand behind `where`: EventType == 'f' and isnotempty(ActorUserId)";
            return Err(vec![Problem::new("where", "is not one condition", hint)]);
        }
        inner.lake_caught_up().await?;
        let interrupted = (!wish.dry_run).then(|| inner.interrupted(&wish, since, until)).flatten();
        let saved = match interrupted {
            Some(saved) => saved,
            None => inner.counted(&wish, &shipper, (since, until), now).await?,
        };
        if wish.dry_run {
            return Ok(saved.progress);
        }
        inner.clone().launch(saved, shipper)
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the lake holds everything that is in the journal now: what it does not show yet would be left out.
    async fn lake_caught_up(&self) -> Result<(), Vec<Problem>> {
        let head = *self.journal.head().borrow();
        let begun = std::time::Instant::now();
        loop {
            let journal = self.journal.clone();
            let readers = tokio::task::spawn_blocking(move || journal.readers()).await;
            let failed = |error: &dyn std::fmt::Display| {
                vec![Problem::new("", error.to_string(), "see `doorledger status`")]
            };
            let readers =
                readers.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
            let lake = readers.iter().find(|reader| reader.name == lake::READER);
            if lake.is_none_or(|reader| reader.offset >= head) {
                return Ok(());
            }
            if begun.elapsed() > CATCH_UP_TIME_MAX {
                let hint =
                    "see the lake in `doorledger status`, and try again when it has caught up";
                return Err(vec![Problem::new("", "the lake is behind the journal", hint)]);
            }
            tokio::time::sleep(CATCH_UP_LOOK).await;
        }
    }

    /// The replay of the same wish that was interrupted.
    fn interrupted(
        &self,
        wish: &ReplayWish,
        since: Timestamp,
        until: Option<Timestamp>,
    ) -> Option<Saved> {
        let known = self.known();
        let mut all = known.values().map(|known| &known.saved);
        let same = all.find(|saved| {
            let progress = &saved.progress;
            progress.state == ReplayState::Stopped
                && progress.to == wish.to
                && progress.since == since
                && progress.condition == wish.condition
                && match until {
                    Some(until) => progress.until == until,
                    None => saved.until_now,
                }
        });
        same.cloned()
    }

    /// A new replay, its events counted.
    async fn counted(
        &self,
        wish: &ReplayWish,
        shipper: &Shipper,
        (since, until): (Timestamp, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<Saved, Vec<Problem>> {
        let range = Range { since, until: until.unwrap_or(now), condition: wish.condition.clone() };
        let counted = rows::count(self.engine.as_ref(), shipper.destination.as_ref(), &range).await;
        let counted = counted.map_err(|error| {
            let path = if wish.condition.is_some() { "where" } else { "" };
            vec![Problem::new(path, error.message, error.hint)]
        })?;
        let progress = ReplayProgress {
            id: format!("{}-{}", wish.to, now.as_millisecond()),
            to: wish.to.clone(),
            since,
            until: range.until,
            condition: wish.condition.clone(),
            state: ReplayState::Counted,
            events: counted.events,
            sent: 0,
            refused: 0,
            started: now,
            latest: None,
            left_out: counted.left_out,
            trouble: None,
        };
        Ok(Saved::new(progress, until.is_none(), counted.tables))
    }

    /// Sets a replay going, unless one to the same destination is under way.
    fn launch(
        self: Arc<Self>,
        mut saved: Saved,
        shipper: Arc<Shipper>,
    ) -> Result<ReplayProgress, Vec<Problem>> {
        saved.progress.state = ReplayState::Running;
        let progress = saved.progress.clone();
        let cancel = self.stop.child_token();
        {
            let mut known = self.known();
            let runs = known
                .values()
                .map(|known| &known.saved.progress)
                .find(|other| other.state == ReplayState::Running && other.to == progress.to);
            if let Some(running) = runs {
                let hint = "wait for its end, or cancel it with `doorledger replay cancel ID`";
                let message = format!("{} is under way to the same destination", running.id);
                return Err(vec![Problem::new("to", message, hint)]);
            }
            let entry = Known { saved: saved.clone(), cancel: cancel.clone() };
            known.insert(progress.id.clone(), entry);
        }
        if !self.is_line(&progress.to, &shipper) {
            // It was changed while its events were counted, and interrupted before there was anything to interrupt.
            cancel.cancel();
        }
        let inner = self.clone();
        self.tasks.spawn(async move { run::run(&inner, &shipper, saved, &cancel).await });
        Ok(progress)
    }

    /// Whether this is how the destination is sent to at present.
    fn is_line(&self, name: &str, shipper: &Arc<Shipper>) -> bool {
        let present = self.supervisor.shipper(name);
        present.is_some_and(|present| Arc::ptr_eq(&present, shipper))
    }

    /// Notes how far one is, unless a person has ended it meanwhile.
    fn note(&self, saved: &Saved) {
        if let Some(known) = self.known().get_mut(&saved.progress.id)
            && known.saved.progress.state != ReplayState::Cancelled
        {
            known.saved = saved.clone();
        }
    }

    fn is_cancelled(&self, id: &str) -> bool {
        let known = self.known();
        known.get(id).is_some_and(|known| known.saved.progress.state == ReplayState::Cancelled)
    }
}

impl api::Replays for Replays {
    fn start(&self, wish: ReplayWish) -> BoxFuture<'_, Result<ReplayProgress, OperationError>> {
        Box::pin(async move { self.begin(wish).await.map_err(OperationError::Refused) })
    }

    fn list(&self) -> Vec<ReplayProgress> {
        let known = self.inner.known();
        let mut all: Vec<ReplayProgress> =
            known.values().map(|known| known.saved.progress.clone()).collect();
        all.sort_by_key(|progress| std::cmp::Reverse(progress.started));
        all
    }

    fn cancel(&self, id: &str) -> Result<ReplayProgress, OperationError> {
        let mut known = self.inner.known();
        let Some(found) = known.get_mut(id) else {
            let hint = "`doorledger replay status` lists them";
            let problem = Problem::new("id", format!("`{id}` is not a replay"), hint);
            return Err(OperationError::Refused(vec![problem]));
        };
        let progress = &mut found.saved.progress;
        let was_running = progress.state == ReplayState::Running;
        if was_running || progress.state == ReplayState::Stopped {
            progress.state = ReplayState::Cancelled;
            found.cancel.cancel();
            if !was_running && let Err(error) = saved::write(&self.inner.folder, &found.saved) {
                tracing::warn!(%error, "the end of a replay is not saved");
            }
        }
        Ok(found.saved.progress.clone())
    }
}

/// A moment that a person wrote: a date, or a time with its offset.
fn moment(path: &str, text: &str) -> Result<Timestamp, Vec<Problem>> {
    let text = text.trim();
    let midnight = || format!("{text}T00:00:00Z").parse::<Timestamp>();
    text.parse::<Timestamp>().or_else(|_| midnight()).map_err(|_| {
        let hint = "write 2026-09-14 or 2026-09-14T08:00:00Z";
        vec![Problem::new(path, format!("`{text}` is not a date or moment"), hint)]
    })
}
