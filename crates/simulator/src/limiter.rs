//! Token buckets: so many requests at once, so many a second afterwards. The moment is handed in, never asked for.
//! Deliberately absent: what the refusal of a request looks like.

use crate::moment::SECOND_US;

/// How a bucket fills up again. Auth0's own pages describe both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refill {
    /// Steadily.
    #[default]
    Steady,
    /// At the top of each second, by what a second is worth.
    EachSecond,
}

/// A bucket.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    burst: f64,
    per_second: f64,
    refill: Refill,
    tokens: f64,
    filled_at: i64,
}

/// What a bucket says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    /// Size of the bucket.
    pub(crate) limit: u32,
    /// Whole requests that are left.
    pub(crate) remaining: u32,
    /// When more is added, in whole seconds since 1970, rounded up.
    pub(crate) reset: i64,
    /// Seconds until one request is possible again, rounded up; 0 if it is now.
    pub(crate) wait_seconds: u32,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(burst: u32, per_second: f64, refill: Refill, now: i64) -> Self {
        let burst = f64::from(burst);
        Self { burst, per_second, refill, tokens: burst, filled_at: now }
    }

    /// Takes one token, if there is one.
    pub(crate) fn take(&mut self, now: i64) -> Verdict {
        let elapsed = match self.refill {
            Refill::Steady => (now - self.filled_at).max(0) as f64 / SECOND_US as f64,
            Refill::EachSecond => {
                (now.div_euclid(SECOND_US) - self.filled_at.div_euclid(SECOND_US)).max(0) as f64
            }
        };
        self.tokens = (self.tokens + elapsed * self.per_second).min(self.burst);
        self.filled_at = self.filled_at.max(now);
        let allowed = self.tokens >= 1.0;
        if allowed {
            self.tokens -= 1.0;
        }
        let missing = (1.0 - self.tokens).max(0.0);
        let wait_seconds =
            if missing > 0.0 { (missing / self.per_second).ceil().max(1.0) } else { 0.0 };
        Verdict {
            allowed,
            limit: self.burst as u32,
            remaining: self.tokens as u32,
            reset: now.div_euclid(SECOND_US) + (wait_seconds as i64).max(1),
            wait_seconds: wait_seconds as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_burst_is_served_and_then_the_sustained_rate() {
        let mut bucket = Bucket::new(3, 2.0, Refill::Steady, 0);
        let allowed = |bucket: &mut Bucket, now| bucket.take(now).allowed;
        assert_eq!([0, 0, 0, 0].map(|now| allowed(&mut bucket, now)), [true, true, true, false]);
        assert!(!allowed(&mut bucket, SECOND_US / 4));
        assert!(allowed(&mut bucket, SECOND_US / 2));
    }

    #[test]
    fn by_seconds_nothing_comes_before_the_second_is_full() {
        let mut bucket = Bucket::new(1, 1.0, Refill::EachSecond, 0);
        assert!(bucket.take(900_000).allowed);
        assert!(!bucket.take(950_000).allowed);
        assert!(bucket.take(SECOND_US).allowed);
    }

    #[test]
    fn the_refused_are_told_when_to_come_back() {
        let mut bucket = Bucket::new(1, 100.0 / 60.0, Refill::Steady, 0);
        assert_eq!(bucket.take(0).remaining, 0);
        let refused = bucket.take(0);
        assert_eq!(
            (refused.allowed, refused.limit, refused.wait_seconds, refused.reset),
            (false, 1, 1, 1)
        );
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_rate(
            burst in 1_u32..20, rate in 1_u32..50, gaps in prop::collection::vec(0_i64..300_000, 1..200),
        ) {
            let mut bucket = Bucket::new(burst, f64::from(rate), Refill::Steady, 0);
            let (mut now, mut allowed) = (0, 0_u32);
            for gap in gaps {
                now += gap;
                allowed += u32::from(bucket.take(now).allowed);
            }
            let most = f64::from(burst) + f64::from(rate) * now as f64 / SECOND_US as f64;
            prop_assert!(f64::from(allowed) <= most + 1e-6);
        }
    }
}
