//! The settings of a poll that are about time: where it starts, how often it looks.
//! Deliberately absent: the settings that only one provider has.

use model::{Fields, FormField, SignedDuration, Timestamp};

use crate::scalar;

/// The time between two looks when everything is read, unless the user sets another.
const INTERVAL_SECONDS_DEFAULT: i64 = 10;
const INTERVAL_MILLISECONDS_MIN: i64 = 50;
const INTERVAL_SECONDS_MAX: i64 = 86_400;

/// Where a poll without a cursor starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// At the moment of its first look.
    Now,
    /// As far back as the provider keeps events.
    Retention,
    /// At a moment.
    At(Timestamp),
}

/// Reads `start`.
pub(crate) fn start(fields: &mut Fields<'_>) -> Start {
    match fields.text("start") {
        None | Some("now") => Start::Now,
        Some("retention") => Start::Retention,
        Some(text) => moment(text).map_or_else(
            || {
                let hint = "write `now`, `retention`, 2026-01-31 or 2026-01-31T08:00:00Z";
                fields.problem("start", "is neither a known word nor a date", hint);
                Start::Now
            },
            Start::At,
        ),
    }
}

/// Reads `interval`: seconds, or a text with a unit.
pub(crate) fn interval(fields: &mut Fields<'_>) -> SignedDuration {
    let default = SignedDuration::from_secs(INTERVAL_SECONDS_DEFAULT);
    duration(
        fields,
        "interval",
        SignedDuration::from_millis(INTERVAL_MILLISECONDS_MIN),
        SignedDuration::from_secs(INTERVAL_SECONDS_MAX),
    )
    .unwrap_or(default)
}

/// Reads a duration: a number of seconds, or a text such as `10s`, `5m`, `1h 30m`.
pub(crate) fn duration(
    fields: &mut Fields<'_>,
    name: &'static str,
    least: SignedDuration,
    most: SignedDuration,
) -> Option<SignedDuration> {
    let value = fields.value(name)?;
    let read = match (value.as_f64(), value.as_str()) {
        (Some(seconds), _) => SignedDuration::try_from_secs_f64(seconds).ok(),
        (None, Some(text)) => text.trim().parse().ok(),
        _ => None,
    };
    match read {
        Some(duration) if least <= duration && duration <= most => Some(duration),
        Some(_) => {
            fields.problem(name, &format!("must be between {least:#} and {most:#}"), "");
            None
        }
        None => {
            fields.problem(name, "is no duration", "write seconds, or a unit with them: 10s, 5m");
            None
        }
    }
}

/// The field `start`; `words` says what may be written at this provider.
pub(crate) fn start_field(words: &str) -> FormField {
    let about = format!("Where collection begins that has never run: {words}");
    FormField::text("start", "Begin at", &about).default("now").example("retention")
}

/// The field `interval`.
pub(crate) fn interval_field() -> FormField {
    let about = "The longest pause between two looks when everything is read: seconds, or a text such as 30s or 5m.";
    let default = format!("{INTERVAL_SECONDS_DEFAULT}s");
    FormField::duration("interval", "Interval", about).default(default).advanced()
}

/// The field `rate_share`.
pub(crate) fn rate_share_field(about: &str, default: f64) -> FormField {
    FormField::share("rate_share", "Share of the rate limit", about).default(default).advanced()
}

fn moment(text: &str) -> Option<Timestamp> {
    let is_date = text.len() == 10;
    scalar::parse_moment(&if is_date { format!("{text}T00:00:00Z") } else { text.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(written: &Value) -> (Start, SignedDuration, usize) {
        let mut fields = Fields::of(written);
        let read = (start(&mut fields), interval(&mut fields));
        (read.0, read.1, fields.finish().len())
    }

    #[test]
    fn starts_and_intervals_as_people_write_them() {
        let at = |text: &str| Start::At(text.parse().unwrap());
        let millis = SignedDuration::from_millis;
        for (written, expected) in [
            (json!({}), (Start::Now, millis(10_000), 0)),
            (json!({"start": "retention", "interval": 2}), (Start::Retention, millis(2000), 0)),
            (
                json!({"start": "2026-01-31", "interval": "200ms"}),
                (at("2026-01-31T00:00:00Z"), millis(200), 0),
            ),
            (
                json!({"start": "2026-01-31T08:00:00+01:00", "interval": "1m 30s"}),
                (at("2026-01-31T07:00:00Z"), millis(90_000), 0),
            ),
            (json!({"start": "yesterday", "interval": 0}), (Start::Now, millis(10_000), 2)),
            (json!({"start": 2026, "interval": "often"}), (Start::Now, millis(10_000), 2)),
            (json!({"interval": "49ms"}), (Start::Now, millis(10_000), 1)),
        ] {
            assert_eq!(read(&written), expected, "{written}");
        }
    }
}
