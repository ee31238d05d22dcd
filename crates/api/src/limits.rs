//! Every limit of the HTTP server, with its unit in its name and the reason for its size. The binary may lower or raise
//! them; tests set them small. Deliberately absent: the limits of a query, which are `model::QueryLimits`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::body::BodyCaps;

/// The limits of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once; further ones wait in the system's backlog. Auth0 and OneLogin keep a handful open.
    pub connections_max: usize,
    /// The largest request head (and the size to which a connection's read buffer may grow). A head holds one token of
    /// at most some kilobytes; the rest lets a usual body arrive in few reads.
    pub head_bytes_max: usize,
    /// From a connection's opening (or its last answer) to a complete request head. Also how long an idle connection
    /// is kept.
    pub head_time_max: Duration,
    /// From a connection's opening to the end of its TLS handshake.
    pub handshake_time_max: Duration,
    /// The largest body of events, for a receiver or an import, as sent and after decompression.
    pub body_bytes_max: usize,
    /// Bodies of all requests in flight together, as sent and after decompression.
    pub body_memory_bytes_max: usize,
    /// The longest silence within a body.
    pub body_stall_time_max: Duration,
    /// From the first to the last byte of a body.
    pub body_time_max: Duration,
    /// How long a peer may refuse to take any byte of an answer.
    pub answer_stall_time_max: Duration,
    /// Requests to the receivers that are worked on at once. More would wait for the journal anyway, each with its body
    /// in memory.
    pub ingest_requests_max: usize,
    /// Queries that run at once. More would share the same processors and memory, and all would be slow.
    pub queries_max: usize,
    /// Passwords that are hashed at once, each in 19 MiB of memory and some tens of milliseconds.
    pub sign_ins_max: usize,
    /// The largest body of any other request to `/api`.
    pub api_body_bytes_max: usize,
    /// From the word to stop until requests in flight are cut.
    pub shutdown_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 2_048,
            head_bytes_max: 128 * 1024,
            head_time_max: Duration::from_secs(60),
            handshake_time_max: Duration::from_secs(10),
            body_bytes_max: model::limits::BODY_BYTES_MAX,
            body_memory_bytes_max: 256 * 1024 * 1024,
            body_stall_time_max: Duration::from_secs(15),
            body_time_max: Duration::from_secs(120),
            answer_stall_time_max: Duration::from_secs(60),
            ingest_requests_max: 1_024,
            queries_max: 16,
            sign_ins_max: 4,
            api_body_bytes_max: 1024 * 1024,
            shutdown_time_max: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// What a body of up to `bytes_max` bytes may use up.
    pub(crate) fn body_caps(&self, bytes_max: usize) -> BodyCaps {
        BodyCaps {
            bytes_max,
            stall_time_max: self.body_stall_time_max,
            time_max: self.body_time_max,
        }
    }
}

/// A quantity that many requests share: places, or bytes of memory.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    taken: Arc<AtomicUsize>,
    most: usize,
}

impl Budget {
    /// A budget of `most`.
    pub(crate) fn of(most: usize) -> Self {
        Self { taken: Arc::new(AtomicUsize::new(0)), most }
    }

    /// Takes `amount` until the share is dropped; `None` if that much is not left.
    pub(crate) fn take(&self, amount: usize) -> Option<Share> {
        let mut share = Share { budget: self.clone(), amount: 0 };
        share.grow(amount).then_some(share)
    }

    /// How much is taken.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// A part of a [`Budget`], given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    amount: usize,
}

impl Share {
    /// Takes `more` in addition; `false`, with nothing taken, if that much is not left.
    pub(crate) fn grow(&mut self, more: usize) -> bool {
        let most = self.budget.most;
        let grown = self.budget.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            taken.checked_add(more).filter(|taken| *taken <= most)
        });
        if grown.is_ok() {
            self.amount += more;
        }
        grown.is_ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.amount, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_gives_its_maximum_and_nothing_more_and_takes_back() {
        let budget = Budget::of(10);
        let mut share = budget.take(9).unwrap();
        assert!(share.grow(1));
        assert!(!share.grow(1));
        assert!(budget.take(1).is_none());
        assert_eq!(budget.taken(), 10);
        drop(share);
        assert_eq!(budget.taken(), 0);
        assert!(budget.take(11).is_none());
        assert!(budget.take(usize::MAX).is_none());
        assert_eq!(budget.taken(), 0);
    }
}
