//! A receiver whose secret is being changed: the earlier secret is good until a moment, so that nothing is refused between
//! the change here and the change at the provider.
//! Deliberately absent: the clock, and how long both are good.

use bytes::Bytes;
use http::HeaderMap;
use model::Timestamp;

use crate::{Decoded, Receiver};

/// Admits by the current secret, and by the earlier one until a moment.
pub struct Rotating {
    current: Box<dyn Receiver>,
    earlier: Box<dyn Receiver>,
    until: Timestamp,
}

impl Rotating {
    /// Admits what `current` admits, and before `until` also what `earlier` admits. `current` reads the bodies.
    #[must_use]
    pub fn new(current: Box<dyn Receiver>, earlier: Box<dyn Receiver>, until: Timestamp) -> Self {
        Self { current, earlier, until }
    }
}

impl std::fmt::Debug for Rotating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rotating").field("until", &self.until).finish_non_exhaustive()
    }
}

impl Receiver for Rotating {
    /// Only the current secret: without the time nobody knows whether the earlier one is still good.
    fn admits(&self, headers: &HeaderMap) -> bool {
        self.current.admits(headers)
    }

    fn admits_at(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        // Both are compared whatever the first one says, so that the time taken tells nothing.
        let by_current = self.current.admits_at(headers, now);
        let by_earlier = self.earlier.admits_at(headers, now);
        by_current | (by_earlier & (now < self.until))
    }

    fn read(&self, body: &Bytes) -> Decoded {
        self.current.read(body)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn receiver(provider: &str, secret: &str) -> Box<dyn Receiver> {
        let provider = crate::find(provider).unwrap();
        provider
            .receive(&json!({ "tokens": secret }))
            .unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    fn headers(secret: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(secret).unwrap());
        headers
    }

    #[test]
    fn the_earlier_secret_is_good_until_the_moment_and_not_at_it() {
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        let until = moment("2026-11-22T08:00:00Z");
        for provider in ["auth0", "onelogin"] {
            let twice =
                Rotating::new(receiver(provider, "second"), receiver(provider, "first"), until);
            let thrice = Rotating::new(
                receiver(provider, "third"),
                Box::new(twice),
                moment("2026-11-22T09:00:00Z"),
            );
            for (secret, now, expected) in [
                ("third", "2026-11-22T07:59:59Z", true),
                ("second", "2026-11-22T07:59:59Z", true),
                ("Bearer first", "2026-11-22T07:59:59.999999Z", true),
                ("first", "2026-11-22T08:00:00Z", false),
                ("second", "2026-11-22T08:00:00Z", true),
                ("second", "2026-11-22T09:00:00Z", false),
                ("third", "2026-11-22T09:00:00Z", true),
                ("fourth", "2026-11-22T07:00:00Z", false),
                ("", "2026-11-22T07:00:00Z", false),
            ] {
                let admitted = thrice.admits_at(&headers(secret), moment(now));
                assert_eq!(admitted, expected, "{provider} {secret} {now}");
            }
            assert!(thrice.admits(&headers("third")) && !thrice.admits(&headers("second")));
            assert_eq!(thrice.read(&Bytes::from_static(b"[]")).events, []);
        }
    }

    /// Counts how often it was asked.
    struct Counting(Arc<AtomicUsize>, bool);

    impl Receiver for Counting {
        fn admits(&self, _headers: &HeaderMap) -> bool {
            self.0.fetch_add(1, Ordering::SeqCst);
            self.1
        }

        fn read(&self, _body: &Bytes) -> Decoded {
            Decoded::default()
        }
    }

    #[test]
    fn both_secrets_are_compared_whatever_the_outcome_and_the_time() {
        for (current, now) in [(true, -1), (false, -1), (true, 1), (false, 1)] {
            let asked = Arc::new(AtomicUsize::new(0));
            let count = |admits| Box::new(Counting(asked.clone(), admits));
            let rotating = Rotating::new(count(current), count(true), Timestamp::UNIX_EPOCH);
            let now = Timestamp::from_second(now).unwrap();
            let expected = current || now < Timestamp::UNIX_EPOCH;
            assert_eq!(rotating.admits_at(&HeaderMap::new(), now), expected);
            assert_eq!(asked.load(Ordering::SeqCst), 2);
        }
    }
}
