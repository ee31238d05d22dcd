//! What a backfill has before it: how much is left, how long that takes, and when the provider deletes it. An estimate from
//! a few pages, each of which tells how close events lie at one moment.
//! Deliberately absent: asking for those pages (`survey`).

use api::BackfillOutlook;
use model::{SignedDuration, Stretch, Stretches, Timestamp};
use sources::Capacity;

use super::plan::PARTS_MAX;

/// What is younger is the live poll's.
const LIVE: SignedDuration = SignedDuration::from_mins(15);

/// What one page told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// From when on events were asked for.
    pub(super) from: Timestamp,
    /// How many came.
    pub(super) events: u64,
    /// The first and the last of them.
    pub(super) times: Option<(Timestamp, Timestamp)>,
    /// Whether more follow.
    pub(super) more: bool,
}

/// What was found out about a tenant.
#[derive(Debug, Clone)]
pub(super) struct Findings {
    /// When.
    pub(super) now: Timestamp,
    /// Pages, by the moments from which they were asked for; the first from as far back as is wanted.
    pub(super) samples: Vec<Sample>,
    /// What was read before.
    pub(super) walked: Stretches,
    /// What is known of the limits.
    pub(super) capacity: Capacity,
    /// Whether several parts can be read at once.
    pub(super) in_parts: bool,
    /// How long a request takes.
    pub(super) request_seconds: f64,
}

/// The outlook of one source.
pub(super) fn outlook(source: String, found: &Findings) -> BackfillOutlook {
    let oldest = found.samples.first().and_then(|first| first.times).map(|times| times.0);
    let end = found.now.checked_sub(LIVE).unwrap_or(found.now);
    let missing = oldest.map_or_else(Stretches::default, |from| {
        found.walked.missing(&Stretch { from, until: end })
    });
    let first = missing.extent().map(|extent| extent.from);
    let events = events(found, &missing);
    // The sum of nothing is a negative zero.
    let requests = (events / found.capacity.events_per_request.max(1) as f64).ceil().abs();
    let (dies_in, is_least) = match (first, oldest, found.capacity.retention_days) {
        (Some(first), _, Some(days)) => {
            let kept = days as f64 * 86_400.0;
            (Some((kept - found.now.duration_since(first).as_secs_f64()).max(0.0)), false)
        }
        // Nobody told for how long events are kept: the oldest that is held may be deleted next.
        (Some(first), Some(oldest), None) => {
            (Some(first.duration_since(oldest).as_secs_f64().max(0.0)), true)
        }
        _ => (None, false),
    };
    BackfillOutlook {
        source,
        oldest,
        first_missing: first,
        events_left: events.round() as u64,
        requests_per_second: per_second(found),
        seconds: requests / per_second(found).max(0.001),
        dies_in_seconds: dies_in,
        dies_in_is_least: is_least,
        trouble: None,
    }
}

/// Soonest to die first, then those of which nothing is known, then those of which nothing is missing.
pub(super) fn in_order(outlooks: &mut [BackfillOutlook]) {
    outlooks.sort_by(|one, other| {
        let rank = |it: &BackfillOutlook| match (it.dies_in_seconds, &it.trouble) {
            (Some(seconds), _) => (0, seconds),
            (None, Some(_)) => (1, 0.0),
            (None, None) => (2, 0.0),
        };
        let (one, other) = (rank(one), rank(other));
        one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
    });
}

/// Requests a second: what is learned of our share; else as many as readers can ask, but no more than may be asked at once.
fn per_second(found: &Findings) -> f64 {
    let readers = if found.in_parts { PARTS_MAX as f64 } else { 1.0 };
    let asked = readers / found.request_seconds.max(0.001);
    let allowed = found.capacity.requests_per_second.or(found.capacity.requests_at_once);
    allowed.map_or(asked, |allowed| allowed.min(asked))
}

/// How many events lie in what is missing: each page tells how close they lie until the next one's begin.
fn events(found: &Findings, missing: &Stretches) -> f64 {
    let ends = found.samples.iter().skip(1).map(|sample| sample.from).chain([found.now]);
    let pieces = found.samples.iter().zip(ends).map(|(sample, until)| {
        let Some((first, last)) = sample.times else { return 0.0 };
        let from = if sample.from < first { first } else { sample.from };
        // A page that is not the last tells how long it took until it was full.
        let end = if sample.more { last } else { found.now };
        let seconds = end.duration_since(from).as_secs_f64().max(0.001);
        let piece = missing.within(&Stretch { from, until });
        let held: f64 =
            piece.as_slice().iter().map(|it| it.until.duration_since(it.from).as_secs_f64()).sum();
        sample.events as f64 / seconds * held
    });
    pieces.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + hour * 3600).unwrap()
    }

    /// A tenant with 100 events an hour in the first half of 96 hours, and 400 in the second.
    fn found(walked: &[(i64, i64)], capacity: Capacity) -> Findings {
        let sample = |from: i64, events: u64, hours: i64| Sample {
            from: hour(from),
            events,
            times: Some((hour(from), hour(from + hours))),
            more: true,
        };
        Findings {
            now: hour(96),
            samples: vec![
                sample(0, 100, 1),
                sample(24, 100, 1),
                sample(48, 400, 1),
                sample(72, 800, 2),
            ],
            walked: walked
                .iter()
                .map(|(from, until)| Stretch { from: hour(*from), until: hour(*until) })
                .collect(),
            capacity: Capacity { events_per_request: 100, ..capacity },
            in_parts: true,
            request_seconds: 0.05,
        }
    }

    #[test]
    fn what_is_left_is_counted_by_how_close_events_lie() {
        for (walked, expected) in [
            (&[][..], 48.0 * 100.0 + 47.75 * 400.0),
            (&[(0, 24)], 24.0 * 100.0 + 47.75 * 400.0),
            (&[(12, 72)], 12.0 * 100.0 + 23.75 * 400.0),
            (&[(0, 96)], 0.0),
        ] {
            let left = outlook("a".to_owned(), &found(walked, Capacity::default())).events_left;
            assert_eq!(left, expected as u64, "{walked:?}");
        }
    }

    #[test]
    fn what_is_missing_dies_when_the_retention_is_over() {
        let told = Capacity { retention_days: Some(5), ..Capacity::default() };
        for (walked, capacity, expected, is_least) in [
            (&[][..], told, Some(24.0), false),
            (&[(0, 40)], told, Some(64.0), false),
            (&[], Capacity::default(), Some(0.0), true),
            (&[(0, 40)], Capacity::default(), Some(40.0), true),
            (&[(0, 96)], told, None, false),
        ] {
            let found = outlook("a".to_owned(), &found(walked, capacity));
            let hours = found.dies_in_seconds.map(|seconds| seconds / 3600.0);
            assert_eq!((hours, found.dies_in_is_least), (expected, is_least), "{walked:?}");
        }
    }

    #[test]
    fn the_pace_is_what_is_ours_or_what_readers_can_ask() {
        let learned = Capacity { requests_per_second: Some(25.0), ..Capacity::default() };
        let at_once = Capacity { requests_at_once: Some(5.0), ..Capacity::default() };
        for (capacity, expected) in [(learned, 25.0), (at_once, 5.0), (Capacity::default(), 320.0)]
        {
            assert_eq!(per_second(&found(&[], capacity)), expected);
        }
    }

    #[test]
    fn who_dies_first_stands_first() {
        let named = |name: &str, walked: &[(i64, i64)], days| {
            let capacity = Capacity { retention_days: Some(days), ..Capacity::default() };
            outlook(name.to_owned(), &found(walked, capacity))
        };
        let mut outlooks = vec![
            named("done", &[(0, 96)], 5),
            named("later", &[], 30),
            named("soon", &[], 5),
            BackfillOutlook { trouble: Some("refused".to_owned()), ..named("?", &[(0, 96)], 5) },
        ];
        in_order(&mut outlooks);
        let names: Vec<&str> = outlooks.iter().map(|it| it.source.as_str()).collect();
        assert_eq!(names, ["soon", "later", "?", "done"]);
    }
}
