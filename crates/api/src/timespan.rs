//! The `timespan` of a query: an ISO 8601 duration, or two ends of which at least one is a moment. The same forms that
//! Log Analytics takes (`PT86400.0S`, `P1D`, `2026-01-01/2026-01-02`, `…Z/PT1H`, `PT1H/…Z`), and for durations also
//! what people type (`1h`, `7d`).
//! Deliberately absent: what a table does with it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

/// A timespan that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the timespan is not an ISO 8601 duration or interval")]
pub struct MalformedTimespan;

/// Reads `text` as a half-open stretch in microseconds since 1970; a duration alone ends `now`.
///
/// # Errors
/// If it is of none of the forms, or ends before it begins.
pub fn read_timespan(text: &str, now: Timestamp) -> Result<(i64, i64), MalformedTimespan> {
    let read = || {
        let now = now.to_zoned(TimeZone::UTC);
        let (from, until) = match text.split_once('/') {
            None => (end(text, &now, Direction::Before)?, now),
            Some((from, until)) => match (moment(from), moment(until)) {
                (Some(from), Some(until)) => (from, until),
                (Some(from), None) => {
                    let until = end(until, &from, Direction::After)?;
                    (from, until)
                }
                (None, Some(until)) => (end(from, &until, Direction::Before)?, until),
                (None, None) => return None,
            },
        };
        let (from, until) = (from.timestamp().as_microsecond(), until.timestamp().as_microsecond());
        (from <= until).then_some((from, until))
    };
    read().ok_or(MalformedTimespan)
}

enum Direction {
    Before,
    After,
}

/// The moment that lies one duration before or after another.
fn end(duration: &str, other: &Zoned, direction: Direction) -> Option<Zoned> {
    let span: Span = duration.trim().parse().ok()?;
    match direction {
        Direction::Before => other.checked_sub(span).ok(),
        Direction::After => other.checked_add(span).ok(),
    }
}

/// A moment with an offset, or without one and then in UTC.
fn moment(text: &str) -> Option<Zoned> {
    let text = text.trim();
    // `Span` also begins with a letter; a moment begins with a digit.
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp.to_zoned(TimeZone::UTC));
    }
    text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("PT1H", Some(("2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z"))),
            ("PT86400.0S", Some(("2026-02-28T12:00:00Z", "2026-03-01T12:00:00Z"))),
            ("P1D", Some(("2026-02-28T12:00:00Z", "2026-03-01T12:00:00Z"))),
            ("P1M", Some(("2026-02-01T12:00:00Z", "2026-03-01T12:00:00Z"))),
            ("P1DT12H", Some(("2026-02-28T00:00:00Z", "2026-03-01T12:00:00Z"))),
            ("2026-01-01/2026-01-02", Some(("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"))),
            (
                "2026-01-01T00:00:00.000Z/2026-01-02T00:00:00.5+01:00",
                Some(("2026-01-01T00:00:00Z", "2026-01-01T23:00:00.5Z")),
            ),
            ("2026-01-01T10:00:00Z/PT2H", Some(("2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z"))),
            ("PT2H/2026-01-01T10:00:00Z", Some(("2026-01-01T08:00:00Z", "2026-01-01T10:00:00Z"))),
            ("2026-01-01/2026-01-01", Some(("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"))),
            ("2026-01-02/2026-01-01", None),
            ("PT1H/PT1H", None),
            ("1h", Some(("2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z"))),
            ("2 days ago", None),
            ("", None),
            ("/", None),
            ("yesterday", None),
            ("P99999Y", None),
        ] {
            let expected = expected.map(|(from, until)| {
                let micros = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
                (micros(from), micros(until))
            });
            assert_eq!(read_timespan(text, now).ok(), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text: String) {
            let _answered = read_timespan(&text, Timestamp::UNIX_EPOCH);
        }
    }
}
