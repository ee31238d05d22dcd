//! The board on which the loops write how they are doing, and from which `status` is read: what is durable comes from the
//! journal, what is only true now from here.
//! Deliberately absent: the form in which it is shown (`api`).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{AlarmStatus, ReadBackStatus, Trouble};
use model::{SourceId, Timestamp};
use sources::SourceError;

/// What a source is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SourceCondition {
    /// Pages come in.
    Reading,
    /// Everything is read.
    CaughtUp,
    /// A receiver waits for the provider.
    Listening,
    /// Its pages cannot be made durable at present.
    Waiting {
        /// Why.
        reason: String,
    },
    /// The last try failed.
    Failed(SourceError),
}

/// What a destination is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DestinationCondition {
    /// Events delivered since the start of the program.
    pub(crate) sent: u64,
    /// Events refused since the start of the program.
    pub(crate) refused: u64,
    /// When something was last delivered.
    pub(crate) last_success: Option<Timestamp>,
    /// What is wrong at present.
    pub(crate) trouble: Option<Trouble>,
    /// Whether a person must act.
    pub(crate) stopped: bool,
    /// What it shows of what it acknowledged, if it is asked.
    pub(crate) read_back: Option<ReadBackStatus>,
}

/// The present condition of everything that runs.
#[derive(Debug, Default)]
pub(crate) struct Board {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sources: BTreeMap<SourceId, SourceCondition>,
    destinations: BTreeMap<String, DestinationCondition>,
    alarms: Vec<AlarmStatus>,
}

impl Board {
    /// Notes what a source is doing.
    pub(crate) fn source_condition(&self, id: &SourceId, condition: SourceCondition) {
        let mut state = self.state();
        if let Some(present) = state.sources.get_mut(id) {
            *present = condition;
        } else {
            state.sources.insert(id.clone(), condition);
        }
    }

    /// A source is there no longer, or begins anew.
    pub(crate) fn forget_source(&self, id: &SourceId) {
        self.state().sources.remove(id);
    }

    /// A destination is there no longer, or begins anew: then what it has delivered stays counted.
    pub(crate) fn destination_changed(&self, name: &str, stays: bool) {
        let mut state = self.state();
        if !stays {
            state.destinations.remove(name);
        } else if let Some(known) = state.destinations.get_mut(name) {
            (known.trouble, known.stopped, known.read_back) = (None, false, None);
        }
    }

    /// Notes that a destination took events, and how many it refused.
    pub(crate) fn destination_sent(&self, name: &str, sent: usize, refused: usize) {
        let mut state = self.state();
        let destination = state.destinations.entry(name.to_owned()).or_default();
        destination.sent += sent as u64;
        destination.refused += refused as u64;
    }

    /// Notes that a destination is in order.
    pub(crate) fn destination_well(&self, name: &str, now: Timestamp) {
        let mut state = self.state();
        let destination = state.destinations.entry(name.to_owned()).or_default();
        destination.trouble = None;
        destination.stopped = false;
        destination.last_success = Some(now);
    }

    /// Notes what is wrong with a destination. Whether that is news.
    pub(crate) fn destination_trouble(&self, name: &str, trouble: Trouble, stopped: bool) -> bool {
        let mut state = self.state();
        let destination = state.destinations.entry(name.to_owned()).or_default();
        destination.stopped = stopped;
        match &destination.trouble {
            Some(known) if known.message == trouble.message => false,
            _ => {
                destination.trouble = Some(trouble);
                true
            }
        }
    }

    /// Notes what a destination shows of what it acknowledged.
    pub(crate) fn destination_read_back(&self, name: &str, read_back: ReadBackStatus) {
        let mut state = self.state();
        state.destinations.entry(name.to_owned()).or_default().read_back = Some(read_back);
    }

    /// Notes which alarms are open.
    pub(crate) fn set_alarms(&self, alarms: Vec<AlarmStatus>) {
        self.state().alarms = alarms;
    }

    /// The alarms that are open.
    pub(crate) fn alarms(&self) -> Vec<AlarmStatus> {
        self.state().alarms.clone()
    }

    /// Every source's condition.
    pub(crate) fn sources(&self) -> BTreeMap<SourceId, SourceCondition> {
        self.state().sources.clone()
    }

    /// Every destination's condition.
    pub(crate) fn destinations(&self) -> BTreeMap<String, DestinationCondition> {
        self.state().destinations.clone()
    }

    /// The board stays readable even if a task died while it wrote.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
