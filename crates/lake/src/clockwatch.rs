//! What a wrong clock may not do: a clock that jumps ahead must neither make retention drop days whose time is not over,
//! nor make the vacuum take a file that is just being committed for an abandoned one.
//! A clock that jumps back keeps things for longer, which is harmless; the order of arrival is told by `_Offset`.
//! Deliberately absent: setting the clock right, which is the system's business.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// So far may the clock be ahead of the newest event before it is doubted: a long weekend without a sign-in.
const AHEAD_MAX: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// A doubted clock is believed once it has run so long without a jump while nothing contradicted it.
const BELIEVED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A clock and the time that really passed may differ by so much between two looks.
const JUMP: Duration = Duration::from_secs(5 * 60);

/// Compares the clock with the time that passes, look by look.
#[derive(Debug)]
pub(crate) struct ClockWatch {
    last: (Timestamp, Instant),
    steady_since: Instant,
    jumped: bool,
}

/// How far the clock can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Belief {
    /// For how long it has run without a jump that was seen.
    pub(crate) steady: Duration,
    /// Whether a jump was seen at all.
    pub(crate) jumped: bool,
}

impl Belief {
    /// Of somebody who says that the clock is right.
    pub(crate) const WHOLE: Self = Self { steady: Duration::MAX, jumped: false };

    /// Whether ages of files can be told that are to be older than `grace`.
    pub(crate) fn tells_ages(self, grace: Duration) -> bool {
        !self.jumped || self.steady >= grace
    }
}

impl ClockWatch {
    pub(crate) fn new(now: Timestamp, passed: Instant) -> Self {
        Self { last: (now, passed), steady_since: passed, jumped: false }
    }

    /// Looks at the clock, which shows `now` at the moment `passed`.
    pub(crate) fn look(&mut self, now: Timestamp, passed: Instant) -> Belief {
        let shown = now.duration_since(self.last.0);
        let really = SignedDuration::try_from(passed.duration_since(self.last.1));
        let off = really.ok().and_then(|really| shown.checked_sub(really));
        if off.is_none_or(|off| off.unsigned_abs() > JUMP) {
            tracing::warn!(shows = %now, "the clock jumped; nothing is deleted for its age for a while");
            (self.steady_since, self.jumped) = (passed, true);
        }
        self.last = (now, passed);
        Belief { steady: passed.duration_since(self.steady_since), jumped: self.jumped }
    }
}

/// The moment from which retention counts: the present, unless the events speak against it. `newest` is the time of the
/// newest event that is not in the future; `arriving` tells whether events have come in under this clock.
pub(crate) fn retention_from(
    now: Timestamp,
    newest: Option<Timestamp>,
    arriving: bool,
    belief: Belief,
) -> Timestamp {
    let Some(newest) = newest else { return now };
    let Ok(latest) = newest.checked_add(AHEAD_MAX) else { return now };
    if now <= latest {
        return now;
    }
    // Events that arrive are about as old as the present: if they are not, the clock is wrong, or old ones are imported.
    // A quiet table may be dropped once the clock was watched for a while.
    if !arriving && belief.steady >= BELIEVED_AFTER { now } else { latest }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    fn at(day: u64) -> Timestamp {
        Timestamp::from_second((day * DAY).cast_signed()).unwrap()
    }

    fn steady(days: u64) -> Belief {
        Belief { steady: Duration::from_secs(days * DAY), jumped: false }
    }

    #[test]
    fn a_clock_a_year_ahead_of_arriving_events_does_not_move_retention() {
        assert_eq!(retention_from(at(1365), Some(at(1000)), true, steady(30)), at(1004));
        assert_eq!(retention_from(at(1365), Some(at(1000)), true, Belief::WHOLE), at(1004));
        assert_eq!(retention_from(at(1365), Some(at(1000)), false, steady(0)), at(1004));
    }

    #[test]
    fn a_clock_that_fits_the_events_or_was_watched_over_a_quiet_table_is_believed() {
        assert_eq!(retention_from(at(1003), Some(at(1000)), true, steady(0)), at(1003));
        assert_eq!(retention_from(at(1365), Some(at(1000)), false, steady(1)), at(1365));
        assert_eq!(retention_from(at(900), Some(at(1000)), true, steady(0)), at(900));
        assert_eq!(retention_from(at(900), None, false, steady(0)), at(900));
    }

    #[test]
    fn a_jump_either_way_is_seen_and_forgotten_after_the_grace() {
        for jump in [400_i64, -400] {
            let start = Instant::now();
            let second = Duration::from_secs(1);
            let mut watch = ClockWatch::new(at(1000), start);
            let ahead = |days: i64, seconds: i64| {
                at(1000) + SignedDuration::from_secs(days * DAY.cast_signed() + seconds)
            };
            let before = watch.look(ahead(0, 1), start + second);
            assert_eq!(before, Belief { steady: second, jumped: false });
            assert!(before.tells_ages(Duration::from_secs(DAY)));
            let after = watch.look(ahead(jump, 2), start + 2 * second);
            assert_eq!(after, Belief { steady: Duration::ZERO, jumped: true });
            assert!(!after.tells_ages(second));
            let later = watch.look(ahead(jump, 5), start + 5 * second);
            assert!(later.tells_ages(3 * second) && !later.tells_ages(4 * second));
        }
    }
}
