//! A source is silent against its own habit: in the hours of the week that passed without an event, it brought some in
//! every week before. How many are missing decides, so that a quiet source at night is no alarm.
//! Deliberately absent: a habit of less than two weeks, and holidays: a week in which little came counts as the habit.

use api::Light;
use model::{SignedDuration, Timestamp};

use super::{Facts, Finding, Rule, SourceFacts, Subject, moment};

pub(super) const RULE: Rule = Rule { name: "source_silent", find };

/// So many weeks tell the habit at most.
pub(super) const WEEKS_MAX: i64 = 4;
/// Fewer do not.
const WEEKS_MIN: i64 = 2;
/// So many events must be missing: by chance alone, nothing comes instead of ten once in 22,000 times.
const MISSING_MIN: f64 = 10.0;
/// Twelve hours' worth of silence at a busy source is no accident.
const MISSING_RED: f64 = 10_000.0;

const HOUR: i64 = 3600;
const WEEK: i64 = 7 * 24 * HOUR;

fn find(facts: &Facts) -> Vec<Finding> {
    // One that is switched off is not silent: somebody wanted it so.
    let at_work = facts.sources.iter().filter(|source| !source.is_paused);
    at_work.filter_map(|source| judge(source, facts.now)).collect()
}

fn judge(source: &SourceFacts, now: Timestamp) -> Option<Finding> {
    // Nothing was missed while it was switched off.
    let from = source.last_event?.max(source.resumed.unwrap_or(Timestamp::MIN));
    // Who sends what is old has not fallen silent, but is catching up.
    let told = source.last_received.filter(|_| !source.is_polled);
    let from = from.max(told.unwrap_or(Timestamp::MIN));
    // What is not read yet is late, not silent.
    let until = if source.is_polled { source.reached?.min(now) } else { now };
    let missing = expected(&source.hours, from, until)?;
    (missing >= MISSING_MIN).then(|| Finding {
        subject: Subject::Source(source.id.clone()),
        which: String::new(),
        light: if missing >= MISSING_RED { Light::Red } else { Light::Yellow },
        message: format!(
            "no event since {}, where about {missing:.0} came in other weeks",
            moment(from)
        ),
        hint: "look whether the provider still writes its log, and whether a stream to us was stopped",
    })
}

/// How many events the weeks before `from` let expect in a stretch: for each hour of it, the fewest that came in that hour
/// of those weeks. `None` if too few weeks are known.
fn expected(hours: &[(Timestamp, u64)], from: Timestamp, until: Timestamp) -> Option<f64> {
    let first = hours.first()?.0.as_second();
    let weeks = ((from.as_second() - first) / WEEK).min(WEEKS_MAX);
    if weeks < WEEKS_MIN {
        return None;
    }
    let count = |hour: i64| {
        let at = hours.binary_search_by_key(&hour, |(time, _)| time.as_second().div_euclid(HOUR));
        at.ok().and_then(|at| hours.get(at)).map_or(0, |(_, count)| *count)
    };
    let end = until.as_second().min(from.as_second().saturating_add(WEEK));
    let mut sum = 0.0;
    let mut at = from.as_second();
    while at < end {
        let hour = at.div_euclid(HOUR);
        let next = ((hour + 1) * HOUR).min(end);
        let fewest = (1..=weeks).map(|week| count(hour - week * WEEK / HOUR)).min().unwrap_or(0);
        sum += fewest as f64 * (next - at) as f64 / HOUR as f64;
        at = next;
    }
    Some(sum)
}

/// From when on accounts are of use.
pub(super) fn since(now: Timestamp) -> Timestamp {
    let back = SignedDuration::from_secs((WEEKS_MAX + 2) * WEEK);
    now.checked_sub(back).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::{test_now, test_source};

    /// A source that brings `busy` events in each hour from 8 to 18 UTC, and one in each other hour, for so many weeks
    /// before now.
    fn source(weeks: i64, busy: u64, silent_hours: i64) -> SourceFacts {
        let now = test_now().as_second();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let last = now - silent_hours * HOUR;
        let first = (now - weeks * WEEK).div_euclid(HOUR) - 1;
        let hours = (first..last.div_euclid(HOUR)).map(|hour| {
            let count = if (8..18).contains(&hour.rem_euclid(24)) { busy } else { 1 };
            (at(hour * HOUR), count)
        });
        SourceFacts {
            id: test_source("poll"),
            reached: Some(at(now)),
            is_polled: true,
            is_paused: false,
            resumed: None,
            last_event: Some(at(last)),
            last_received: Some(at(last)),
            retention: None,
            hours: hours.collect(),
        }
    }

    #[test]
    fn silence_is_measured_by_what_came_in_other_weeks() {
        // It is 13:00 UTC.
        assert_eq!(test_now().as_second().rem_euclid(24 * HOUR) / HOUR, 14);
        for (weeks, busy, silent_hours, alarms) in [
            (5, 100, 1, true),
            (5, 100, 0, false),
            (3, 100, 1, true),
            (1, 100, 1, false),
            (5, 3, 1, false),
            (5, 3, 4, true),
            // A night of one event an hour.
            (5, 0, 5, false),
        ] {
            let found = judge(&source(weeks, busy, silent_hours), test_now());
            assert_eq!(found.is_some(), alarms, "{weeks} {busy} {silent_hours}: {found:?}");
        }
    }

    #[test]
    fn a_week_in_which_nothing_came_is_no_habit() {
        let mut source = source(5, 100, 2);
        let holiday = test_now().as_second() - WEEK;
        source.hours.retain(|(hour, _)| (hour.as_second() - holiday).abs() > 12 * HOUR);
        assert_eq!(judge(&source, test_now()), None);
    }

    #[test]
    fn a_poll_that_is_behind_is_not_silent() {
        let mut source = source(5, 100, 5);
        source.reached = source.last_event;
        assert_eq!(judge(&source, test_now()), None);
        source.is_polled = false;
        assert!(judge(&source, test_now()).is_some());
    }

    #[test]
    fn a_sender_that_catches_up_is_not_silent() {
        let mut source = source(5, 100, 5);
        source.is_polled = false;
        for (minutes, expected) in [(0, false), (5, false), (60, true)] {
            source.last_received = test_now().checked_sub(SignedDuration::from_mins(minutes)).ok();
            assert_eq!(judge(&source, test_now()).is_some(), expected, "{minutes}");
        }
        // A poll is judged by what it has read, whenever that came.
        source.is_polled = true;
        source.last_received = Some(test_now());
        assert!(judge(&source, test_now()).is_some());
    }

    #[test]
    fn what_was_switched_off_is_not_silent() {
        let count = |source: &SourceFacts| {
            let (now, sources) = (test_now(), vec![source.clone()]);
            find(&Facts { now, sources, ..Facts::default() }).len()
        };
        let mut source = source(5, 100, 5);
        assert_eq!(count(&source), 1);
        source.is_paused = true;
        assert_eq!(count(&source), 0);
        // Switched on again, it has until then missed nothing; from then on it may be silent.
        source.is_paused = false;
        for (minutes, expected) in [(0, 0), (5, 0), (60, 1)] {
            source.resumed = test_now().checked_sub(SignedDuration::from_mins(minutes)).ok();
            assert_eq!(count(&source), expected, "{minutes}");
        }
    }
}
