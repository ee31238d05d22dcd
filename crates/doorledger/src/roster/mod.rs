//! Who is collected from and who is shipped to, at this moment. Whoever needs to know asks the roster each time; what
//! changes in it is brought about by the supervisor, which touches only what the change is about.
//! Deliberately absent: reading what was written (`config`), and running it (`supervisor`).

mod book;
mod checks;
mod desk;
mod documents;
mod goal_checks;
mod kinds;
mod masking;
mod restart;
mod supervisor;

pub(crate) use desk::{Desk, Tools};
pub(crate) use supervisor::{Mode, Supervisor};

use std::sync::{Arc, PoisonError, RwLock};

use model::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::config::{ConfiguredDestination, ConfiguredSource, Way};

/// One way in, and how it is managed.
#[derive(Clone)]
pub(crate) struct Source {
    /// As it was written.
    pub(crate) configured: Arc<ConfiguredSource>,
    /// Whether it is switched off.
    pub(crate) is_paused: bool,
    /// When it was switched on again.
    pub(crate) resumed: Option<Timestamp>,
    /// Until when an earlier secret is accepted.
    pub(crate) earlier_until: Option<Timestamp>,
}

impl Source {
    /// Whether it is asked, and not told.
    pub(crate) fn is_polled(&self) -> bool {
        matches!(self.configured.way, Way::Poll(_))
    }

    /// Whether what runs for the one would run for the other.
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.configured, &other.configured) && self.is_paused == other.is_paused
    }
}

/// One way out, and how it is managed.
#[derive(Clone)]
pub(crate) struct Goal {
    /// As it was written.
    pub(crate) configured: Arc<ConfiguredDestination>,
    /// Whether it is switched off.
    pub(crate) is_paused: bool,
}

impl Goal {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.configured.plan.name
    }

    /// Whether what runs for the one would run for the other.
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.configured, &other.configured) && self.is_paused == other.is_paused
    }
}

/// The roster at one moment.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    /// Every way in.
    pub(crate) sources: Vec<Source>,
    /// Every way out.
    pub(crate) destinations: Vec<Goal>,
    /// Ways out that are known by name alone, and why they do not run. What they have not got is kept.
    pub(crate) kept: Vec<(String, String)>,
    /// Whether there may be more: the registry could not be read yet, and nobody knows what it names.
    pub(crate) is_partial: bool,
}

impl Snapshot {
    /// What a configuration names.
    pub(crate) fn of(
        sources: Vec<ConfiguredSource>,
        destinations: Vec<ConfiguredDestination>,
    ) -> Self {
        let source = |configured| Source {
            configured: Arc::new(configured),
            is_paused: false,
            resumed: None,
            earlier_until: None,
        };
        let goal = |configured| Goal { configured: Arc::new(configured), is_paused: false };
        Self {
            sources: sources.into_iter().map(source).collect(),
            destinations: destinations.into_iter().map(goal).collect(),
            kept: Vec::new(),
            is_partial: false,
        }
    }

    /// The names of every way out, of those that do not run too.
    pub(crate) fn destination_names(&self) -> impl Iterator<Item = &str> + Clone {
        let kept = self.kept.iter().map(|(name, _)| name.as_str());
        self.destinations.iter().map(Goal::name).chain(kept)
    }

    /// The ways in that `after` does not have, or has otherwise.
    pub(crate) fn ended_sources<'a>(&'a self, after: &'a Self) -> impl Iterator<Item = &'a Source> {
        self.sources.iter().filter(|source| !after.sources.iter().any(|next| next.is_same(source)))
    }

    /// The ways out that `after` does not have, or has otherwise.
    fn ended_destinations<'a>(&'a self, after: &'a Self) -> impl Iterator<Item = &'a Goal> {
        let goals = self.destinations.iter();
        goals.filter(|goal| !after.destinations.iter().any(|next| next.is_same(goal)))
    }

    /// The ways in that are not switched off.
    fn at_work(&self) -> impl Iterator<Item = &ConfiguredSource> {
        let at_work = self.sources.iter().filter(|source| !source.is_paused);
        at_work.map(|source| source.configured.as_ref())
    }
}

/// The live roster.
#[derive(Default)]
pub(crate) struct Roster {
    now: RwLock<Arc<Snapshot>>,
    turn: Arc<Mutex<()>>,
}

impl Roster {
    /// As it is at this moment.
    pub(crate) fn now(&self) -> Arc<Snapshot> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Held by whoever changes it, and by whoever does something because it does not name somebody.
    pub(crate) async fn turn(&self) -> OwnedMutexGuard<()> {
        self.turn.clone().lock_owned().await
    }

    /// Puts another in its place.
    pub(crate) fn set(&self, snapshot: Arc<Snapshot>) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }
}

#[cfg(test)]
mod tests;
