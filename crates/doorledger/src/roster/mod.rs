//! Who is collected from and who is shipped to, at this moment. Whoever needs to know asks the roster each time; what
//! changes in it is brought about by the supervisor, which touches only what the change is about.
//! Deliberately absent: reading what was written (`config`), and running it (`supervisor`).

mod supervisor;

pub(crate) use supervisor::{Mode, Supervisor};

use std::sync::{Arc, PoisonError, RwLock};

use crate::config::{ConfiguredDestination, ConfiguredSource, Way};

/// One way in, and how it is managed.
#[derive(Clone)]
pub(crate) struct Source {
    /// As it was written.
    pub(crate) configured: Arc<ConfiguredSource>,
    /// Whether it is switched off.
    pub(crate) is_paused: bool,
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
}

impl Snapshot {
    /// What a configuration names.
    pub(crate) fn of(
        sources: Vec<ConfiguredSource>,
        destinations: Vec<ConfiguredDestination>,
    ) -> Self {
        let source = |configured| Source { configured: Arc::new(configured), is_paused: false };
        let goal = |configured| Goal { configured: Arc::new(configured), is_paused: false };
        Self {
            sources: sources.into_iter().map(source).collect(),
            destinations: destinations.into_iter().map(goal).collect(),
        }
    }

    /// The names of every way out.
    pub(crate) fn destination_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.destinations.iter().map(Goal::name)
    }
}

/// The live roster.
#[derive(Default)]
pub(crate) struct Roster {
    now: RwLock<Arc<Snapshot>>,
}

impl Roster {
    /// As it is at this moment.
    pub(crate) fn now(&self) -> Arc<Snapshot> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another in its place.
    pub(crate) fn set(&self, snapshot: Arc<Snapshot>) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }
}
