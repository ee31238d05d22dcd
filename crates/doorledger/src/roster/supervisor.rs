//! Runs the roster: one task for each poll, one for each shipper, an entry for each receiver. A change ends the tasks that
//! it is about, waits until what they had begun is durable, and begins the new ones where the old ones were: at the cursor
//! and the place that the journal holds. All others run on untouched.
//! Deliberately absent: what a task does (`collect`, `ship`), and deciding what the roster is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use api::{ReceiverEntry, ReceiverTable, Trouble};
use futures::future::join_all;
use model::SourceId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::restart::until_ended;
use super::{Goal, Snapshot, Source};
use crate::collect::{Collector, Job};
use crate::config::{ConfiguredDestination, ConfiguredSource, Way};
use crate::node::place;
use crate::parts::Parts;
use crate::ship::Shipper;
use crate::status::SourceCondition;

/// What is done with the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everything runs.
    Work,
    /// Shippers are there for whoever sends by them; nothing runs by itself.
    Prepare,
    /// Nothing is asked and nothing sent, for this reason.
    ReadOnly(String),
}

/// A task, and how it is ended.
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// Waits until it has ended, which it was told to before.
    async fn ended(self, what: &str) {
        if let Err(error) = self.task.await {
            tracing::error!(what, "a task has failed: {error}");
        }
    }
}

/// A shipper, which is there also while it is switched off.
struct Line {
    shipper: Arc<Shipper>,
    is_paused: bool,
    running: Option<Running>,
}

/// Runs what the roster names.
pub(crate) struct Supervisor {
    parts: Parts,
    receivers: ReceiverTable,
    mode: Mode,
    stop: CancellationToken,
    polls: Mutex<BTreeMap<SourceId, Running>>,
    lines: Mutex<BTreeMap<String, Line>>,
}

impl Supervisor {
    /// Runs nothing yet. `stop` ends every task.
    pub(crate) fn new(
        parts: Parts,
        receivers: ReceiverTable,
        mode: Mode,
        stop: CancellationToken,
    ) -> Self {
        let (polls, lines) = (Mutex::default(), Mutex::default());
        Self { parts, receivers, mode, stop, polls, lines }
    }

    /// Ends every task when it is cancelled; `None` if nothing runs by itself.
    pub(crate) fn stop(&self) -> Option<&CancellationToken> {
        (self.mode == Mode::Work).then_some(&self.stop)
    }

    /// The parts that its tasks share.
    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Ends what `after` does not name, or names otherwise than `before`, and waits until it has ended. What one of the two
    /// has begun is durable then, or will be asked for and sent again.
    pub(crate) async fn end(&self, before: &Snapshot, after: &Snapshot) {
        let mut ending = Vec::new();
        for source in before.ended_sources(after) {
            let id = &source.configured.id;
            let next = after.sources.iter().find(|next| next.configured.id == *id);
            if !source.is_polled() && next.is_none_or(Source::is_polled) {
                self.receivers.remove(id);
            }
            if let Some(running) = self.polls().remove(id) {
                running.stop.cancel();
                ending.push((id.to_string(), running));
            }
        }
        for goal in before.ended_destinations(after) {
            let line = self.lines().remove(goal.name());
            if let Some(running) = line.and_then(|line| line.running) {
                running.stop.cancel();
                ending.push((goal.name().to_owned(), running));
            }
        }
        let ended = ending.into_iter().map(|(what, running)| async move {
            running.ended(&what).await;
        });
        join_all(ended).await;
        // Not before: what a task was doing when it was told to end, it still notes.
        let board = &self.parts.board;
        for source in before.ended_sources(after) {
            board.forget_source(&source.configured.id);
        }
        for goal in before.ended_destinations(after) {
            let stays = after.destinations.iter().any(|next| next.name() == goal.name());
            board.destination_changed(goal.name(), stays);
        }
    }

    /// Begins what `after` names and `before` did not, or otherwise.
    ///
    /// # Errors
    /// The journal does not tell where a destination goes on. Everything else is begun.
    pub(crate) fn begin(&self, before: &Snapshot, after: &Snapshot) -> Result<()> {
        let mut outcome = Ok(());
        for goal in &after.destinations {
            let known = before.destinations.iter().any(|known| known.is_same(goal));
            if !known && let Err(error) = self.begin_shipper(goal) {
                outcome = Err(error);
            }
        }
        for source in &after.sources {
            if !before.sources.iter().any(|known| known.is_same(source)) {
                self.begin_source(source);
            }
        }
        outcome
    }

    fn begin_source(&self, source: &Source) {
        let (id, board) = (&source.configured.id, &self.parts.board);
        match (&source.configured.way, &self.mode) {
            (Way::Receive(receiver), _) => {
                board.source_condition(id, SourceCondition::Listening);
                self.receivers.put(ReceiverEntry {
                    source: id.clone(),
                    receiver: receiver.clone(),
                    is_paused: source.is_paused,
                });
            }
            (Way::Poll(_), Mode::ReadOnly(reason)) => {
                let reason = reason.clone();
                board.source_condition(id, SourceCondition::Waiting { reason });
            }
            (Way::Poll(_), Mode::Prepare) => {}
            (Way::Poll(_), Mode::Work) if source.is_paused => {}
            (Way::Poll(_), Mode::Work) => {
                let (collector, stop) = (self.parts.collector(), self.stop.child_token());
                let task = tokio::spawn(poll(collector, source.configured.clone(), stop.clone()));
                self.polls().insert(id.clone(), Running { stop, task });
            }
        }
    }

    /// A damaged folder is left as it is: no place of a destination moves.
    fn begin_shipper(&self, goal: &Goal) -> Result<()> {
        if matches!(self.mode, Mode::ReadOnly(_)) {
            return Ok(());
        }
        // From now on the journal keeps what it has not got.
        place(&self.parts.journal, &goal.configured.plan)?;
        let shipper = Arc::new(Shipper::new(&goal.configured, &self.parts));
        let runs = self.mode == Mode::Work && !goal.is_paused;
        let running = runs.then(|| {
            let stop = self.stop.child_token();
            let task = tokio::spawn(ship(shipper.clone(), goal.configured.clone(), stop.clone()));
            Running { stop, task }
        });
        let line = Line { shipper, is_paused: goal.is_paused, running };
        self.lines().insert(goal.name().to_owned(), line);
        Ok(())
    }

    /// Who sends to a destination at present.
    pub(crate) fn shipper(&self, name: &str) -> Option<Arc<Shipper>> {
        self.lines().get(name).map(|line| line.shipper.clone())
    }

    /// Whether a destination is there and switched off.
    pub(crate) fn is_paused(&self, name: &str) -> bool {
        self.lines().get(name).is_some_and(|line| line.is_paused)
    }

    /// The destinations that can be sent to.
    pub(crate) fn shipper_names(&self) -> Vec<String> {
        self.lines().keys().cloned().collect()
    }

    /// Waits until every poll has ended, which they do when the node stops.
    pub(crate) async fn finish_polls(&self) {
        let polls = std::mem::take(&mut *self.polls());
        for (id, running) in polls {
            running.ended(&id.to_string()).await;
        }
    }

    /// Waits until every shipper has ended.
    pub(crate) async fn finish_shippers(&self) {
        let lines = std::mem::take(&mut *self.lines());
        for (name, line) in lines {
            if let Some(running) = line.running {
                running.ended(&name).await;
            }
        }
    }

    fn polls(&self) -> MutexGuard<'_, BTreeMap<SourceId, Running>> {
        self.polls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<String, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Polls a source until it is told to stop.
async fn poll(collector: Collector, configured: Arc<ConfiguredSource>, stop: CancellationToken) {
    let ConfiguredSource { id, way: Way::Poll(source), .. } = configured.as_ref() else { return };
    let begin = || async {
        let job = Job { id, source: source.as_ref() };
        collector.run(&job, &stop, |_| ()).await;
        Ok(())
    };
    let told = |reason: &str| {
        let reason = reason.to_owned();
        collector.board.source_condition(id, SourceCondition::Waiting { reason });
    };
    until_ended(&id.to_string(), &stop, begin, told).await;
}

/// Ships to a destination until it is told to stop.
async fn ship(shipper: Arc<Shipper>, goal: Arc<ConfiguredDestination>, stop: CancellationToken) {
    let begin = || async {
        let place = place(&shipper.journal, &goal.plan).map_err(|error| format!("{error:#}"))?;
        shipper.clone().run(place, stop.clone()).await;
        Ok(())
    };
    let told = |reason: &str| {
        let trouble = Trouble {
            code: "destination.failed".to_owned(),
            message: reason.to_owned(),
            hint: "what it has not got is kept".to_owned(),
            since: Some(shipper.clock.now()),
        };
        shipper.board.destination_trouble(&shipper.name, trouble, false);
    };
    until_ended(&shipper.name, &stop, begin, told).await;
}
