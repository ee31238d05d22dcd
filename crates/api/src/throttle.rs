//! Slows down whoever guesses passwords. Each name and each peer has some failures free; after them every further one
//! doubles the wait. A name's wait stays short, so that nobody can lock out its owner; a peer's grows longer.
//! Deliberately absent: the clock, and remembering anything over a restart.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use model::Timestamp;

/// Failures of one name before it has to wait.
const NAME_FREE: u32 = 5;
/// Longest wait for a name, in seconds.
const NAME_WAIT_MAX_SECONDS: u64 = 60;
/// Failures of one peer before it has to wait: an office behind one address makes some.
const PEER_FREE: u32 = 20;
/// Longest wait for a peer, in seconds.
const PEER_WAIT_MAX_SECONDS: u64 = 900;
/// After so long without another failure, it is forgotten.
const FORGOTTEN_AFTER_MICROS: i64 = 30 * 60 * 1_000_000;
/// Names and peers that are remembered at once; beyond it the oldest failure is forgotten.
const KEYS_MAX: usize = 20_000;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// A name, in lower case.
    Name(String),
    /// A peer; of IPv6 the network, since one machine has all of its addresses.
    Peer(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: i64,
}

/// The failures of the last while.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Key, Failures>>);

impl Throttle {
    /// Counts an attempt as failed until [`Self::succeeded`] says otherwise, so that attempts at the same time count too.
    /// An error is how many seconds to wait; such an attempt does not count.
    pub(crate) fn begin(
        &self,
        now: Timestamp,
        name: &str,
        peer: Option<IpAddr>,
    ) -> Result<(), u64> {
        let now = now.as_microsecond();
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(name, peer);
        let wait = keys.iter().filter_map(|key| {
            let found = failures.get(key).filter(|found| is_remembered(found, now))?;
            let ready = found.last.saturating_add(wait_micros(key, found.count));
            (ready > now)
                .then(|| u64::try_from(ready - now).unwrap_or_default().div_ceil(1_000_000))
        });
        if let Some(seconds) = wait.max() {
            return Err(seconds);
        }
        make_room(&mut failures, now);
        for key in keys {
            let found = failures.entry(key).or_insert(Failures { count: 0, last: now });
            if !is_remembered(found, now) {
                found.count = 0;
            }
            *found = Failures { count: found.count.saturating_add(1), last: now };
        }
        Ok(())
    }

    /// The attempt was a good one: the name's failures are forgotten, of the peer's this one.
    pub(crate) fn succeeded(&self, name: &str, peer: Option<IpAddr>) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(name, peer) {
            match (&key, failures.get_mut(&key)) {
                (Key::Peer(_), Some(found)) if found.count > 1 => found.count -= 1,
                _ => {
                    failures.remove(&key);
                }
            }
        }
    }
}

fn keys(name: &str, peer: Option<IpAddr>) -> Vec<Key> {
    let network = |address: IpAddr| match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        four => four,
    };
    let name = Key::Name(name.to_ascii_lowercase());
    std::iter::once(name).chain(peer.map(|address| Key::Peer(network(address)))).collect()
}

fn is_remembered(found: &Failures, now: i64) -> bool {
    now.saturating_sub(found.last) < FORGOTTEN_AFTER_MICROS
}

/// How long after the last of so many failures nothing may be tried.
fn wait_micros(key: &Key, count: u32) -> i64 {
    let (free, most) = match key {
        Key::Name(_) => (NAME_FREE, NAME_WAIT_MAX_SECONDS),
        Key::Peer(_) => (PEER_FREE, PEER_WAIT_MAX_SECONDS),
    };
    let Some(beyond) = count.checked_sub(free) else { return 0 };
    let seconds = 1_u64.checked_shl(beyond).unwrap_or(u64::MAX).min(most);
    i64::try_from(seconds * 1_000_000).unwrap_or(i64::MAX)
}

fn make_room(failures: &mut HashMap<Key, Failures>, now: i64) {
    if failures.len() + 2 <= KEYS_MAX {
        return;
    }
    failures.retain(|_, found| is_remembered(found, now));
    while failures.len() + 2 > KEYS_MAX {
        let oldest = failures.iter().min_by_key(|(_, found)| found.last);
        let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
        failures.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn peer(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_name_waits_twice_as_long_each_time_and_a_minute_at_most() {
        let throttle = Throttle::default();
        for _ in 0..NAME_FREE {
            assert_eq!(throttle.begin(at(0), "Jane", None), Ok(()));
        }
        let mut now = 0;
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(throttle.begin(at(now), "jane", None), Err(expected));
            assert_eq!(throttle.begin(at(now), "joe", None), Ok(()), "another name");
            throttle.succeeded("joe", None);
            now += i64::try_from(expected).unwrap();
            assert_eq!(throttle.begin(at(now), "JANE", None), Ok(()));
        }
        throttle.succeeded("jane", None);
        assert_eq!(throttle.begin(at(now), "jane", None), Ok(()));
    }

    #[test]
    fn a_peer_waits_over_all_names_and_a_success_does_not_clear_it() {
        let throttle = Throttle::default();
        for attempt in 0..PEER_FREE {
            let name = format!("name{attempt}");
            assert_eq!(throttle.begin(at(0), &name, peer("2001:db8::1")), Ok(()));
        }
        // The same network.
        assert_eq!(throttle.begin(at(0), "x", peer("2001:db8::2")), Err(1));
        assert_eq!(throttle.begin(at(0), "x", peer("2001:db9::2")), Ok(()));
        assert_eq!(throttle.begin(at(1), "x", peer("2001:db8::2")), Ok(()));
        throttle.succeeded("x", peer("2001:db8::2"));
        assert_eq!(throttle.begin(at(1), "y", peer("2001:db8::2")), Err(1));
        // Half an hour later all is forgotten.
        assert_eq!(throttle.begin(at(1_802), "y", peer("2001:db8::2")), Ok(()));
        assert_eq!(throttle.begin(at(1_802), "z", peer("2001:db8::2")), Ok(()));
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let throttle = Throttle::default();
        for attempt in 0..KEYS_MAX + 10 {
            let seconds = i64::try_from(attempt / 100).unwrap();
            throttle.begin(at(seconds), &format!("name{attempt}"), None).unwrap();
        }
        assert!(throttle.0.lock().unwrap().len() <= KEYS_MAX);
    }
}
