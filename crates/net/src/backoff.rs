//! How long to wait before the next try: doubling, with jitter, or as long as the server asks (`Retry-After`).
//! Deliberately absent: waiting itself, and deciding whether a try makes sense.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The longest wait that a server's `Retry-After` can impose. A server that asks for more is asked again after this.
pub const RETRY_AFTER_SECONDS_MAX: u64 = 3600;

/// Waits that double from a first one to a longest one. Each is shortened by a random part of up to half, so that many
/// that failed together do not come back together.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    tries: u32,
    random: u64,
}

impl Backoff {
    /// Waits from about `first` to at most `longest`. The same `seed` gives the same waits.
    #[must_use]
    pub fn new(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, tries: 0, random: seed }
    }

    /// The next wait: between half of and all of first × 2^tries, at most `longest`.
    pub fn next_wait(&mut self) -> Duration {
        let factor = 1_u32.checked_shl(self.tries).filter(|_| self.tries < 31).unwrap_or(u32::MAX);
        self.tries = self.tries.saturating_add(1);
        let whole = self.first.saturating_mul(factor).min(self.longest);
        whole.mul_f64(0.5 + self.fraction() / 2.0)
    }

    /// The next wait, or as long as the server asked for if that is longer.
    pub fn next_wait_at_least(&mut self, after_seconds: Option<u64>) -> Duration {
        let asked = after_seconds.unwrap_or(0).min(RETRY_AFTER_SECONDS_MAX);
        self.next_wait().max(Duration::from_secs(asked))
    }

    /// How often in a row it was waited.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Starts again with the first wait: something succeeded.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    /// A number from 0 to 1, by SplitMix64 (Steele, Lea, Flood 2014), which any seed suits.
    fn fraction(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bits = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(0);
        f64::from(bits) / f64::from(u32::MAX)
    }
}

/// How many seconds the server asks to wait, rounded up: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), or
/// the `retry-after-ms` and `x-ms-retry-after-ms` that Azure's services send besides. At most
/// [`RETRY_AFTER_SECONDS_MAX`].
#[must_use]
pub fn retry_after_seconds(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let milliseconds = ["x-ms-retry-after-ms", "retry-after-ms"]
        .into_iter()
        .find_map(|name| text(headers, name)?.parse::<u64>().ok())
        .map(|milliseconds| milliseconds.div_ceil(1000));
    let seconds = milliseconds.or_else(|| {
        let value = text(headers, "retry-after")?;
        value.parse().ok().or_else(|| seconds_until(value, now))
    })?;
    Some(seconds.min(RETRY_AFTER_SECONDS_MAX))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

fn seconds_until(date: &str, now: Timestamp) -> Option<u64> {
    let then = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(date).ok()?;
    let milliseconds = then.as_millisecond().saturating_sub(now.as_millisecond());
    Some(u64::try_from(milliseconds).unwrap_or(0).div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn retry_after_is_read_in_every_form() {
        let now: Timestamp = "1994-11-06T08:49:07.5Z".parse().expect("a moment");
        let check = |name: &'static str, value: &'static str, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            assert_eq!(retry_after_seconds(&headers, now), expected, "{name}: {value}");
        };
        check("retry-after", "120", Some(120));
        check("retry-after", " 0 ", Some(0));
        check("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", Some(30));
        check("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        check("retry-after", "99999999999", Some(RETRY_AFTER_SECONDS_MAX));
        check("retry-after", "soon", None);
        check("retry-after", "-3", None);
        check("retry-after", "", None);
        check("x-ms-retry-after-ms", "1500", Some(2));
        check("retry-after-ms", "900", Some(1));
        check("date", "Sun, 06 Nov 1994 08:49:37 GMT", None);
    }

    #[test]
    fn the_servers_wish_counts_if_it_is_longer() {
        let mut backoff = Backoff::new(Duration::from_secs(4), Duration::from_secs(60), 1);
        assert_eq!(backoff.next_wait_at_least(Some(30)), Duration::from_secs(30));
        assert!(backoff.next_wait_at_least(Some(1)) >= Duration::from_secs(4));
        assert!(backoff.next_wait_at_least(None) >= Duration::from_secs(8));
        assert_eq!(backoff.tries(), 3);
        backoff.reset();
        assert!(backoff.next_wait() <= Duration::from_secs(4));
    }

    proptest! {
        #[test]
        fn waits_double_and_stay_within_their_bounds(
            seed: u64, first_ms in 1_u64..10_000, longest_ms in 1_u64..1_000_000, tries in 1_usize..80,
        ) {
            let (first, longest) = (Duration::from_millis(first_ms), Duration::from_millis(longest_ms));
            let mut backoff = Backoff::new(first, longest, seed);
            let mut again = backoff.clone();
            for n in 0..tries {
                let wait = backoff.next_wait();
                prop_assert_eq!(wait, again.next_wait());
                let exponent = i32::try_from(n.min(30)).expect("small");
                let whole = first.mul_f64(2_f64.powi(exponent)).min(longest);
                prop_assert!(wait <= longest && wait <= whole + Duration::from_nanos(2));
                prop_assert!(wait + Duration::from_nanos(2) >= whole / 2);
            }
        }
    }
}
