//! How fast a poll may ask: the share of the provider's rate limit that is ours, what `Retry-After` demands, and growing
//! pauses. Without rate headers nothing is held back, and with generous ones neither.
//! Deliberately absent: the clock, and sleeping.

use std::sync::Arc;

use http::HeaderMap;
use model::{SignedDuration, Timestamp};

use crate::refill::Refill;

/// No wait for a rate limit is believed beyond this: Auth0's windows are minutes at most, OneLogin's an hour, and a reset
/// that lies further ahead comes from clocks that disagree.
const RESET_WAIT_SECONDS_MAX: i64 = 3600;

/// A limit whose reset is not told, or already over, is asked about again after this.
const RESET_WAIT_MILLISECONDS_MIN: i64 = 1000;

/// When answers that are under way will tell more, a poll looks again after this.
const ANSWER_WAIT: SignedDuration = SignedDuration::from_millis(10);

/// How much of the pace that was missed may be made up for at once.
const CATCH_UP: SignedDuration = SignedDuration::from_millis(250);

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
    refill: Refill,
    /// Size of the bucket, what remained of it, and when.
    told: Option<(f64, f64, Timestamp)>,
    /// Whether several polls read at once: then together they keep to our share of what is added, evenly.
    is_paced: bool,
    /// When the pace lets the next request be sent.
    next_at: Option<Timestamp>,
    /// As many further holders as requests are under way.
    flights: Arc<()>,
}

/// A request under way, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Flight(#[expect(dead_code, reason = "it is counted, never read")] Arc<()>);

impl Budget {
    /// A budget of which nothing is used yet.
    pub(crate) fn new(share: f64, reset: Reset) -> Self {
        Self {
            share,
            reset,
            free_at: None,
            refill: Refill::default(),
            told: None,
            is_paced: false,
            next_at: None,
            flights: Arc::default(),
        }
    }

    /// From now on several polls share it.
    pub(crate) fn pace(&mut self) {
        self.is_paced = true;
    }

    /// Requests a second that are ours: our share of what is added to the bucket. `None` while it is not known.
    pub(crate) fn per_second(&self) -> Option<f64> {
        self.refill.per_second().map(|filled| filled * self.share)
    }

    /// Size of the bucket, if it was told.
    pub(crate) fn limit(&self) -> Option<f64> {
        self.told.map(|(limit, _, _)| limit)
    }

    /// A request is sent now.
    pub(crate) fn take(&mut self, now: Timestamp) -> Flight {
        if let (true, Some(per_second)) = (self.is_paced, self.per_second()) {
            let begun = self.next_at.unwrap_or(now).max(later(now, -CATCH_UP));
            self.next_at = Some(later(begun, seconds(1.0 / per_second)));
        }
        Flight(Arc::clone(&self.flights))
    }

    fn flying(&self) -> f64 {
        u32::try_from(Arc::strong_count(&self.flights).saturating_sub(1)).map_or(0.0, f64::from)
    }

    fn reserve(&self, limit: f64) -> f64 {
        ((1.0 - self.share) * limit).ceil()
    }

    /// Takes note of an answer's `X-RateLimit-*`. When what remains is no more than the others' part of the limit, the
    /// next request has to wait until tokens are added.
    pub(crate) fn note(&mut self, headers: &HeaderMap, took: bool, now: Timestamp) {
        let limit = number(headers, "x-ratelimit-limit");
        let remaining = number(headers, "x-ratelimit-remaining");
        let (Some(limit), Some(remaining)) = (limit, remaining) else { return };
        self.told = Some((limit, remaining, now));
        self.refill.note(limit, remaining, took, now);
        let missing = self.reserve(limit) + 1.0 - remaining;
        self.free_at = (missing > 0.0).then(|| match self.refill.per_second() {
            // Whole seconds would let a bucket run over that is filled in one.
            Some(filled) if self.is_paced && took => later(now, seconds(missing / filled)),
            _ => self.reset_at(headers, now).unwrap_or_else(|| soon(now)),
        });
    }

    /// Until when the next request has to wait, if at all.
    pub(crate) fn wait(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.free_at = self.free_at.filter(|free_at| *free_at > now);
        if self.free_at.is_some() || !self.is_paced {
            return self.free_at;
        }
        self.next_at.filter(|next_at| *next_at > now).or_else(|| self.wait_for_answers(now))
    }

    /// Several polls must not send at once what is left for one. While nothing is under way one request finds out.
    fn wait_for_answers(&self, now: Timestamp) -> Option<Timestamp> {
        let (limit, remaining, at) = self.told?;
        let flying = self.flying();
        let filled = self.refill.per_second().unwrap_or_default();
        let added = filled * now.duration_since(at).as_secs_f64().max(0.0);
        let left = (remaining + added).min(limit) - flying;
        (flying > 0.0 && left <= self.reserve(limit)).then(|| later(now, ANSWER_WAIT))
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

fn seconds(seconds: f64) -> SignedDuration {
    let most = RESET_WAIT_SECONDS_MAX as f64;
    SignedDuration::try_from_secs_f64(seconds.clamp(0.0, most)).unwrap_or_default()
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
            budget.note(&told, true, now);
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
            true,
            now,
        );
        assert_eq!(budget.wait(now), Some(at("2026-03-01T00:13:52Z")));
        assert_eq!(budget.wait(at("2026-03-01T00:13:52Z")), None);
    }

    /// Requests that eight polls send in twenty seconds to a bucket of 50 that gets 50 a second, each answered after 50 ms,
    /// and the least that remained after the first seconds.
    fn sent_in_twenty_seconds(share: f64) -> (u32, f64) {
        let mut budget = Budget::new(share, Reset::AtUnixSeconds);
        budget.pace();
        let start = at("2026-03-01T00:00:00Z");
        let (mut tokens, mut least, mut sent) = (50.0_f64, 50.0_f64, 0);
        let mut flights: Vec<(i64, Flight)> = Vec::new();
        for millisecond in 0..20_000_i64 {
            let now = later(start, SignedDuration::from_millis(millisecond));
            tokens = (tokens + 0.05).min(50.0);
            while flights.first().is_some_and(|(until, _)| *until <= millisecond) {
                drop(flights.remove(0));
                let took = tokens >= 1.0;
                tokens -= f64::from(u8::from(took));
                sent += u32::from(took);
                least = if millisecond > 3_000 { least.min(tokens) } else { least };
                let told = headers(&[
                    ("x-ratelimit-limit", "50"),
                    ("x-ratelimit-remaining", &tokens.floor().to_string()),
                    ("x-ratelimit-reset", &(now.as_second() + 1).to_string()),
                ]);
                budget.note(&told, took, now);
            }
            while flights.len() < 8 && budget.wait(now).is_none() {
                flights.push((millisecond + 50, budget.take(now)));
            }
        }
        (sent, least)
    }

    #[test]
    fn several_polls_together_use_the_share_and_no_more() {
        for share in [1.0, 0.5, 0.2] {
            let (sent, least) = sent_in_twenty_seconds(share);
            let ours = 20.0 * 50.0 * share;
            let used = f64::from(sent) / ours;
            assert!(used >= 0.93, "{sent} of {ours} at a share of {share}");
            // What fills the bucket in the first second is used up before its rate is known.
            assert!(
                f64::from(sent) <= ours * 1.05 + 75.0,
                "{sent} of {ours} at a share of {share}"
            );
            assert!(least + 1.0 >= (1.0 - share) * 50.0, "{least} left at a share of {share}");
        }
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
