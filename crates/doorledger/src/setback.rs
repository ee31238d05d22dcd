//! A clock that is set back while a poll runs. What the poll has planned lies at moments of the clock as it was, an hour ahead
//! perhaps, and it would stand still until they come; so whoever drives one looks here and starts it anew.
//! Deliberately absent: a clock that is set ahead, at which what was planned is due at once, which harms nobody.

use std::time::Instant;

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
}
