//! The account of a simulated tenant: what exists, what was served and to whom, so that a test can tell whether
//! anything was lost or doubled on the way. Deliberately absent: the events themselves.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::digest::IdDigest;
use crate::faults::Fault;

/// What a tenant has and did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Auth0Account {
    /// Events that ever existed.
    pub events: u64,
    /// Events that are still kept.
    pub kept: u64,
    /// Bytes of all events' JSON texts.
    pub event_bytes: u64,
    /// `log_id` of the oldest event that is kept.
    pub first_id: Option<String>,
    /// `log_id` of the newest event.
    pub last_id: Option<String>,
    /// Digest over the `log_id`s of all events that ever existed; see [`IdDigest`].
    pub ids: IdDigest,
    /// How many events there are of each hour of `date`: `2026-11-20T10`.
    pub per_hour: BTreeMap<String, u64>,
    /// How many events there are of each type.
    pub per_type: BTreeMap<String, u64>,
    /// What was read.
    pub served: ServedAccount,
    /// Events delivered by the log stream and acknowledged, repetitions included.
    pub streamed: u64,
    /// Deliveries of the log stream that failed.
    pub stream_failures: u64,
    /// Access tokens issued.
    pub tokens: u64,
    /// How often each fault struck.
    pub faults: BTreeMap<Fault, u64>,
}

/// What was read by the Management API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ServedAccount {
    /// Pages, empty ones included.
    pub pages: u64,
    /// Events, repetitions included.
    pub events: u64,
    /// Different events.
    pub distinct: u64,
    /// Requests refused by the rate limit.
    pub limited: u64,
}

/// Counts what was served. Positions are remembered in a bit each.
#[derive(Debug, Default)]
pub(crate) struct Served {
    account: ServedAccount,
    seen: Vec<u64>,
}

impl Served {
    /// One page of the events at these positions.
    pub(crate) fn page(&mut self, positions: impl IntoIterator<Item = usize>) {
        self.account.pages += 1;
        for position in positions {
            let (word, bit) = (position / 64, 1_u64 << (position % 64));
            if word >= self.seen.len() {
                self.seen.resize(word + 1, 0);
            }
            self.account.events += 1;
            self.account.distinct += u64::from(self.seen[word] & bit == 0);
            self.seen[word] |= bit;
        }
    }

    /// One request was refused by the rate limit.
    pub(crate) fn limited(&mut self) {
        self.account.limited += 1;
    }

    pub(crate) const fn account(&self) -> ServedAccount {
        self.account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_again_is_counted_but_not_distinct() {
        let mut served = Served::default();
        served.page([0, 1, 200]);
        served.page([1, 201]);
        served.page([]);
        assert_eq!(
            served.account(),
            ServedAccount { pages: 3, events: 5, distinct: 4, limited: 0 }
        );
    }
}
