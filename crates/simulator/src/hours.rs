//! Events counted by the hour in which they happened, so that an account can be compared hour by hour.
//! Deliberately absent: what is counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::moment::{HOUR_US, hour_name};

/// Counts by hour since 1970.
#[derive(Debug, Default)]
pub(crate) struct Hours(Mutex<BTreeMap<i64, u64>>);

impl Hours {
    /// Counts the events that happened at these moments, in microseconds since 1970.
    pub(crate) fn add(&self, moments_us: impl IntoIterator<Item = i64>) {
        let mut hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for moment in moments_us {
            *hours.entry(moment.div_euclid(HOUR_US)).or_default() += 1;
        }
    }

    /// By the hours' names: `2026-11-20T10`.
    pub(crate) fn named(&self) -> BTreeMap<String, u64> {
        let hours = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hours.iter().map(|(hour, count)| (hour_name(*hour * HOUR_US), *count)).collect()
    }
}

/// What a push channel delivered, by the hour of the events' own time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PushedAccount {
    /// Events that the receiver acknowledged, repetitions included.
    pub acknowledged: BTreeMap<String, u64>,
    /// Events of tries that reached the receiver and got no answer: it may have taken them or not.
    pub unanswered: BTreeMap<String, u64>,
}

/// The same while it is being counted.
#[derive(Debug, Default)]
pub(crate) struct Pushed {
    pub(crate) acknowledged: Hours,
    pub(crate) unanswered: Hours,
}

impl Pushed {
    pub(crate) fn account(&self) -> PushedAccount {
        PushedAccount {
            acknowledged: self.acknowledged.named(),
            unanswered: self.unanswered.named(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_moment_counts_for_its_hour() {
        let hours = Hours::default();
        hours.add([0, HOUR_US - 1, HOUR_US]);
        hours.add([-1]);
        let expected = [("1969-12-31T23", 1), ("1970-01-01T00", 2), ("1970-01-01T01", 1)];
        let expected = expected.map(|(hour, count)| (hour.to_owned(), count));
        assert_eq!(hours.named(), BTreeMap::from(expected));
    }
}
