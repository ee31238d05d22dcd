//! A clock that is set back while a poll runs. What the poll has planned lies at moments of the clock as it was, an hour ahead
//! perhaps, and it would stand still until they come; so whoever drives one looks here and starts it anew.
//! Deliberately absent: a clock that is set ahead, at which what was planned is due at once, which harms nobody.

use std::time::{Duration, Instant};

use model::{SignedDuration, Timestamp};

/// The clock may fall behind the time that really passes by so much between two looks: it is set right by small steps all
/// the time, and what is planned waits no longer than that for it.
const SET_BACK_MIN: SignedDuration = SignedDuration::from_secs(5);

/// Compares the clock with the time that passes, look by look.
#[derive(Debug)]
pub(crate) struct SetBack {
    shown: Timestamp,
    passed: Instant,
}

impl SetBack {
    /// The clock shows `now` at the moment `passed`.
    pub(crate) const fn new(now: Timestamp, passed: Instant) -> Self {
        Self { shown: now, passed }
    }

    /// Whether the clock was set back since the last look.
    pub(crate) fn look(&mut self, now: Timestamp, passed: Instant) -> bool {
        let really = SignedDuration::try_from(passed.duration_since(self.passed));
        let shown = now.duration_since(self.shown);
        (self.shown, self.passed) = (now, passed);
        let lost = really.unwrap_or(SignedDuration::MAX).checked_sub(shown);
        lost.is_none_or(|lost| lost > SET_BACK_MIN)
    }
}

/// One reading of the clock, and the time that passes after it. Who reads the clock twice may find that it was set in between,
/// and make a pause of a second one of an hour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// What the clock showed.
    pub(crate) shown: Timestamp,
    /// When it was read.
    pub(crate) at: Instant,
}

impl Reading {
    /// What the clock would show, had nobody set it.
    pub(crate) fn now(&self, at: Instant) -> Timestamp {
        let passed = SignedDuration::try_from(at.duration_since(self.at));
        passed.ok().and_then(|passed| self.shown.checked_add(passed).ok()).unwrap_or(self.shown)
    }

    /// How long it is until a moment that was told by this reading.
    pub(crate) fn left(&self, until: Timestamp, at: Instant) -> Duration {
        Duration::try_from(until.duration_since(self.now(at))).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_falls_behind_the_time_that_passes_was_set_back() {
        let (start, now) = (Instant::now(), Timestamp::UNIX_EPOCH);
        let mut watch = SetBack::new(now, start);
        let at = |seconds: i64| now + SignedDuration::from_secs(seconds);
        let mut look = |shown, passed| watch.look(at(shown), start + Duration::from_secs(passed));
        assert!(!look(60, 60), "it goes");
        assert!(!look(66, 70), "it was set right by a little");
        assert!(look(-3_534, 70), "by an hour");
        assert!(!look(-3_524, 80), "it goes, an hour late");
        assert!(!look(90, 90), "it is set right, which is ahead");
        assert!(look(91, 120), "it stood still");
    }

    #[test]
    fn a_moment_is_as_far_away_as_it_was_when_the_clock_was_read() {
        let (start, now) = (Instant::now(), Timestamp::UNIX_EPOCH);
        let reading = Reading { shown: now, at: start };
        let until = now + SignedDuration::from_secs(10);
        for (passed, left) in [(0, 10), (4, 6), (10, 0), (3_600, 0)] {
            let at = start + Duration::from_secs(passed);
            assert_eq!(reading.left(until, at), Duration::from_secs(left), "after {passed} s");
        }
        let at = start + Duration::from_secs(4);
        assert_eq!(reading.now(at), now + SignedDuration::from_secs(4));
    }
}
