//! Which field of an event the service may take as `TimeGenerated`: it must be ISO 8601 in UTC, otherwise the service
//! uses the time of arrival, silently. Deliberately absent: what the provider's time means; its source read it already.

use model::is_nested_deeper_than;
use model::limits::EVENT_LEVELS_MAX;
use sonic_rs::get_from_slice;

use crate::Outgoing;

/// The fields that hold the time of an event, by provider, the first that is usable counts.
const FIELDS: [(&str, &[&str]); 2] =
    [("auth0", &["date"]), ("onelogin", &["event_timestamp", "created_at"])];

/// The field of `event` that the service can read a time from.
pub(super) fn usable(event: &Outgoing) -> Option<&'static str> {
    event.time?;
    if is_nested_deeper_than(&event.raw, EVENT_LEVELS_MAX) {
        return None;
    }
    let (_, names) = FIELDS.iter().find(|(provider, _)| *provider == event.source.provider)?;
    names.iter().copied().find(|name| {
        // Reads up to the field only, which both providers write near the beginning.
        get_from_slice(&event.raw, &[*name]).is_ok_and(|value| is_iso_utc(value.as_raw_str()))
    })
}

/// Whether a JSON text is `"YYYY-MM-DDThh:mm:ssZ"`, with or without a fraction.
fn is_iso_utc(raw: &str) -> bool {
    const SHAPE: &[u8] = b"\"0000-00-00T00:00:00";
    let bytes = raw.as_bytes();
    let Some((start, rest)) = bytes.split_at_checked(SHAPE.len()) else { return false };
    let fits = |(found, shape): (&u8, &u8)| match shape {
        b'0' => found.is_ascii_digit(),
        _ => found == shape,
    };
    start.iter().zip(SHAPE).all(fits)
        && match rest {
            b"Z\"" => true,
            [b'.', fraction @ .., b'Z', b'"'] => {
                (1..=9).contains(&fraction.len()) && fraction.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_iso_8601_in_utc_is_named() {
        for (raw, expected) in [
            (r#""2026-11-20T18:00:00Z""#, true),
            (r#""2026-11-20T18:00:00.123Z""#, true),
            (r#""2026-11-20T18:00:00.123456789Z""#, true),
            (r#""2026-11-20T18:00:00.Z""#, false),
            (r#""2026-11-20T18:00:00""#, false),
            (r#""2026-11-20T18:00:00+01:00""#, false),
            (r#""2026-11-20 18:00:00 UTC""#, false),
            (r#""2026-11-20""#, false),
            ("1763661600", false),
            ("null", false),
            ("\"", false),
        ] {
            assert_eq!(is_iso_utc(raw), expected, "{raw}");
        }
    }
}
