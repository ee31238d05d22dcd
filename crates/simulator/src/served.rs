//! Counting what was served: pages, events, and how many different events those were.
//! Deliberately absent: who read them.

use serde::Serialize;

/// What was read from a simulated provider.
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
