//! When a poll sends and when it waits: after a page, a refusal, a failure. One of these belongs to each poll.
//! Deliberately absent: what is sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use model::{SignedDuration, Timestamp};

use crate::pace::{Budget, Flight, Pause, later};
use crate::{SourceErrorKind, Step, Waiting};

/// The first pause when everything is read.
const IDLE_PAUSE_FIRST: SignedDuration = SignedDuration::from_secs(1);

/// The pauses after failures double from the first to the second.
const FAILURE_PAUSE_FIRST: SignedDuration = SignedDuration::from_secs(1);
const FAILURE_PAUSE_MOST: SignedDuration = SignedDuration::from_secs(60);

/// The pause after a refusal that a person has to mend.
const REFUSED_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// The waits of one poll.
#[derive(Debug)]
pub(crate) struct Rhythm {
    budget: Arc<Mutex<Budget>>,
    /// The request under way.
    flight: Option<Flight>,
    idle: Pause,
    failure: Pause,
    wait: Option<(Timestamp, Waiting)>,
}

impl Rhythm {
    /// A poll that looks every `interval` when everything is read, and stays within `budget`.
    pub(crate) fn new(budget: Budget, interval: SignedDuration) -> Self {
        Self::sharing(Arc::new(Mutex::new(budget)), interval)
    }

    /// The same within a budget that other polls have part in.
    pub(crate) fn sharing(budget: Arc<Mutex<Budget>>, interval: SignedDuration) -> Self {
        Self {
            budget,
            flight: None,
            idle: Pause::new(IDLE_PAUSE_FIRST, interval),
            failure: Pause::new(FAILURE_PAUSE_FIRST, FAILURE_PAUSE_MOST),
            wait: None,
        }
    }

    /// The wait that is not over yet, if there is one.
    pub(crate) fn pending(&mut self, now: Timestamp) -> Option<Step> {
        self.wait = self.wait.filter(|(until, _)| *until > now);
        self.wait.map(|(until, why)| Step::Wait { until, why })
    }

    /// The wait that the rate limit demands, if any. Tokens are asked for elsewhere, so they do not wait for it.
    pub(crate) fn held_back(&mut self, now: Timestamp) -> Option<Step> {
        let until = self.budget().wait(now)?;
        Some(Step::Wait { until, why: Waiting::RateLimit })
    }

    /// A request to the API is sent now; it is under way until `landed`.
    pub(crate) fn sent(&mut self, now: Timestamp) {
        let flight = self.budget().take(now);
        self.flight = Some(flight);
    }

    /// The request under way was answered, or never will be.
    pub(crate) fn landed(&mut self) {
        self.flight = None;
    }

    /// Takes note of the rate headers of any answer of the API. `took`: it was not refused for its rate.
    pub(crate) fn note(&mut self, headers: &HeaderMap, took: bool, now: Timestamp) {
        self.budget().note(headers, took, now);
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page was read; the provider is well.
    pub(crate) fn succeeded(&mut self) {
        self.failure.reset();
    }

    /// Everything is read: the next look comes after a pause, which grows while nothing comes.
    pub(crate) fn rest(&mut self, was_empty: bool, now: Timestamp) {
        if !was_empty {
            self.idle.reset();
        }
        self.wait = Some((self.idle.until(now), Waiting::CaughtUp));
    }

    /// Waits after a failure as its kind demands; `headers` are those of the answer, if there was one.
    pub(crate) fn fail(
        &mut self,
        kind: SourceErrorKind,
        headers: Option<&HeaderMap>,
        now: Timestamp,
    ) {
        let demanded = headers.and_then(|headers| self.budget().refused_until(headers, now));
        self.wait = Some(match kind {
            SourceErrorKind::RateLimited => {
                (demanded.unwrap_or_else(|| self.failure.until(now)), Waiting::RateLimit)
            }
            SourceErrorKind::Refused => (later(now, REFUSED_PAUSE), Waiting::Failure),
            SourceErrorKind::Unavailable | SourceErrorKind::Malformed => {
                (self.failure.until(now), Waiting::Failure)
            }
        });
    }
}
