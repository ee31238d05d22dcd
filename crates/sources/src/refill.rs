//! How fast a provider's bucket of requests fills up again, learned from what remains of it. The headers tell how large
//! the bucket is, never how fast it is filled; what others take meanwhile counts as not filled, so that the figure is what
//! is there for us.
//! Deliberately absent: waiting (`pace`).

use model::Timestamp;

/// A shorter look is too coarse: what remains is told in whole requests.
const LOOK_SECONDS_MIN: f64 = 0.2;
/// After this long a look begins anew, so that the figure follows what others do.
const LOOK_SECONDS_MAX: f64 = 15.0;
/// Fewer requests than this say little.
const LOOK_REQUESTS_MIN: u32 = 8;
/// No bucket is taken for slower than one request in twenty seconds.
const PER_SECOND_MIN: f64 = 0.05;

/// What is known of a bucket's refill.
#[derive(Debug, Default)]
pub(crate) struct Refill {
    look: Option<Look>,
    per_second: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    begun: Timestamp,
    remaining: f64,
    taken: u32,
}

impl Refill {
    /// Requests a second, as far as known.
    pub(crate) fn per_second(&self) -> Option<f64> {
        self.per_second
    }

    /// Takes note of one answer: so much of `limit` remained after it, and it took a request out of the bucket (a refused
    /// one takes none). A full bucket tells nothing: what would have been added to it was lost.
    pub(crate) fn note(&mut self, limit: f64, remaining: f64, took: bool, now: Timestamp) {
        if remaining + 1.0 >= limit {
            self.look = None;
            return;
        }
        let Some(look) = &mut self.look else {
            self.look = Some(Look { begun: now, remaining, taken: 0 });
            return;
        };
        look.taken = look.taken.saturating_add(u32::from(took));
        let seconds = now.duration_since(look.begun).as_secs_f64();
        if seconds < LOOK_SECONDS_MIN || look.taken < LOOK_REQUESTS_MIN {
            return;
        }
        let filled = remaining - look.remaining + f64::from(look.taken);
        self.per_second = Some((filled / seconds).max(PER_SECOND_MIN));
        if seconds >= LOOK_SECONDS_MAX {
            self.look = Some(Look { begun: now, remaining, taken: 0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use model::SignedDuration;

    use super::*;

    /// What is learned from a bucket of 50 that gets `filled` a second, when `asked` a second are asked of it.
    fn learned(filled: f64, asked: f64) -> Option<f64> {
        let mut refill = Refill::default();
        let (mut tokens, mut now) = (50.0_f64, Timestamp::UNIX_EPOCH);
        let step = 1.0 / asked;
        for _ in 0..400 {
            now = now.checked_add(SignedDuration::try_from_secs_f64(step).unwrap()).unwrap();
            tokens = (tokens + filled * step).min(50.0);
            let took = tokens >= 1.0;
            tokens -= f64::from(u8::from(took));
            refill.note(50.0, tokens.floor(), took, now);
        }
        refill.per_second()
    }

    #[test]
    fn what_is_added_is_told_by_what_remains() {
        for (filled, asked) in [(50.0, 80.0), (16.0, 30.0), (2.0, 9.0), (0.5, 4.0)] {
            let found = learned(filled, asked).unwrap();
            assert!((found / filled - 1.0).abs() < 0.08, "{filled} a second: {found}");
        }
    }

    #[test]
    fn a_bucket_that_stays_full_tells_nothing() {
        assert_eq!(learned(50.0, 20.0), None);
    }
}
