//! How fast a poll may ask: the share of the provider's rate limit that is ours, what `Retry-After` demands, and growing
//! pauses. Without rate headers nothing is held back, and with generous ones neither.
//! Deliberately absent: the clock, and sleeping.

use http::HeaderMap;
use model::{SignedDuration, Timestamp};

/// No wait for a rate limit is believed beyond this: Auth0's windows are minutes at most, OneLogin's an hour, and a reset
/// that lies further ahead comes from clocks that disagree.
const RESET_WAIT_SECONDS_MAX: i64 = 3600;

/// A limit whose reset is not told, or already over, is asked about again after this.
const RESET_WAIT_MILLISECONDS_MIN: i64 = 1000;

/// What `X-RateLimit-Reset` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reset {
    /// Seconds since 1970 (Auth0).
    AtUnixSeconds,
    /// Seconds from now (OneLogin).
    InSeconds,
}

/// Keeps a part of the provider's limit free for the customer's other programs.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Our part of the limit, above 0 and at most 1.
    share: f64,
    reset: Reset,
    free_at: Option<Timestamp>,
}

impl Budget {
    /// A budget of which nothing is used yet.
    pub(crate) fn new(share: f64, reset: Reset) -> Self {
        Self { share, reset, free_at: None }
    }

    /// Takes note of an answer's `X-RateLimit-*`. When what remains is no more than the others' part of the limit, the
    /// next request has to wait until tokens are added.
    pub(crate) fn note(&mut self, headers: &HeaderMap, now: Timestamp) {
        let limit = number(headers, "x-ratelimit-limit");
        let remaining = number(headers, "x-ratelimit-remaining");
        let (Some(limit), Some(remaining)) = (limit, remaining) else { return };
        let reserve = ((1.0 - self.share) * limit).ceil();
        self.free_at = (remaining <= reserve)
            .then(|| self.reset_at(headers, now).unwrap_or_else(|| soon(now)));
    }

    /// Until when the next request has to wait, if at all.
    pub(crate) fn wait(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.free_at = self.free_at.filter(|free_at| *free_at > now);
        self.free_at
    }

    /// When a request that was refused for its rate may be sent again: by `Retry-After`, else by the reset.
    pub(crate) fn refused_until(&self, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
        retry_after(headers, now).or_else(|| self.reset_at(headers, now))
    }

    fn reset_at(&self, headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
        let seconds = number(headers, "x-ratelimit-reset")?;
        let left = match self.reset {
            Reset::InSeconds => seconds,
            Reset::AtUnixSeconds => seconds - now.as_microsecond() as f64 / 1e6,
        };
        bounded(left, now)
    }
}

/// When `Retry-After` (seconds, or an HTTP date) lets the request be sent again.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    if let Some(seconds) = number(headers, "retry-after") {
        return bounded(seconds, now);
    }
    let date = headers.get("retry-after")?.to_str().ok()?;
    let until = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    bounded(until.duration_since(now).as_secs_f64(), now)
}

/// A pause that doubles each time, from `first` to `most`.
#[derive(Debug)]
pub(crate) struct Pause {
    first: SignedDuration,
    most: SignedDuration,
    next: SignedDuration,
}

impl Pause {
    /// Starts at `first`, or at `most` if that is shorter.
    pub(crate) fn new(first: SignedDuration, most: SignedDuration) -> Self {
        let first = first.min(most);
        Self { first, most, next: first }
    }

    /// The end of the next pause.
    pub(crate) fn until(&mut self, now: Timestamp) -> Timestamp {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.most);
        later(now, pause)
    }

    /// The next pause is the first one again.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// `now` and `wait`, or `now` if that is beyond the end of time.
pub(crate) fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(now)
}

fn soon(now: Timestamp) -> Timestamp {
    later(now, SignedDuration::from_millis(RESET_WAIT_MILLISECONDS_MIN))
}

fn bounded(seconds: f64, now: Timestamp) -> Option<Timestamp> {
    let most = RESET_WAIT_SECONDS_MAX as f64;
    let least = RESET_WAIT_MILLISECONDS_MIN as f64 / 1000.0;
    let seconds = if seconds.is_finite() { seconds.clamp(least, most) } else { return None };
    Some(later(now, SignedDuration::try_from_secs_f64(seconds).ok()?))
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    let number: f64 = headers.get(name)?.to_str().ok()?.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn what_is_not_ours_stays_for_others() {
        let now = at("2026-03-01T00:00:00Z");
        let reset = now.as_second() + 20;
        for (share, limit, remaining, reset, expected) in [
            (0.5, "10", "6", reset, None),
            (0.5, "10", "5", reset, Some("2026-03-01T00:00:20Z")),
            (1.0, "10", "1", reset, None),
            (1.0, "10", "0", reset, Some("2026-03-01T00:00:20Z")),
            (0.5, "2", "1", now.as_second() - 9, Some("2026-03-01T00:00:01Z")),
            (0.5, "10", "0", now.as_second() + 99_999, Some("2026-03-01T01:00:00Z")),
            (0.5, "10", "not told", reset, None),
        ] {
            let mut budget = Budget::new(share, Reset::AtUnixSeconds);
            let told = headers(&[
                ("x-ratelimit-limit", limit),
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", &reset.to_string()),
            ]);
            budget.note(&told, now);
            assert_eq!(budget.wait(now), expected.map(at), "{share} of {limit}, {remaining} left");
        }
    }

    #[test]
    fn seconds_left_are_not_a_date() {
        let now = at("2026-03-01T00:00:00Z");
        let mut budget = Budget::new(0.5, Reset::InSeconds);
        budget.note(
            &headers(&[
                ("x-ratelimit-limit", "5000"),
                ("x-ratelimit-remaining", "2500"),
                ("x-ratelimit-reset", "832"),
            ]),
            now,
        );
        assert_eq!(budget.wait(now), Some(at("2026-03-01T00:13:52Z")));
        assert_eq!(budget.wait(at("2026-03-01T00:13:52Z")), None);
    }

    #[test]
    fn retry_after_in_both_forms() {
        let now = at("2026-03-01T00:00:00Z");
        for (value, expected) in [
            ("7", Some("2026-03-01T00:00:07Z")),
            ("0", Some("2026-03-01T00:00:01Z")),
            ("Sun, 01 Mar 2026 00:02:00 GMT", Some("2026-03-01T00:02:00Z")),
            ("Sun, 01 Mar 2020 00:02:00 GMT", Some("2026-03-01T00:00:01Z")),
            ("-3", None),
            ("soon", None),
        ] {
            let found = retry_after(&headers(&[("retry-after", value)]), now);
            assert_eq!(found, expected.map(at), "{value}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_most() {
        let now = at("2026-03-01T00:00:00Z");
        let seconds = SignedDuration::from_secs;
        let mut pause = Pause::new(seconds(1), seconds(10));
        let mut next = || pause.until(now).duration_since(now).as_secs();
        assert_eq!([next(), next(), next(), next(), next(), next()], [1, 2, 4, 8, 10, 10]);
        pause.reset();
        assert_eq!(pause.until(now).duration_since(now), seconds(1));
        let mut short = Pause::new(seconds(1), SignedDuration::from_millis(200));
        assert_eq!(short.until(now).duration_since(now), SignedDuration::from_millis(200));
    }
}
