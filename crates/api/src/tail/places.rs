//! How many live tails there may be: of one caller, and of all. Deliberately absent: what a tail does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Tails of all callers at once: each asks a small query a second.
const TAILS_MAX: usize = 64;
/// Tails of one caller at once: the tabs of a browser.
const TAILS_PER_CALLER_MAX: usize = 8;

/// The places that are taken, by whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    who: String,
}

impl Places {
    /// A place for `who`; `None` if as many are taken as may be.
    pub(crate) fn take(&self, who: &str) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(who).copied().unwrap_or_default();
        if own >= TAILS_PER_CALLER_MAX || taken.values().sum::<usize>() >= TAILS_MAX {
            return None;
        }
        taken.insert(who.to_owned(), own + 1);
        Some(Place { places: self.clone(), who: who.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.who) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_some_places_and_all_together_have_more() {
        let places = Places::default();
        let mut own: Vec<Place> =
            (0..TAILS_PER_CALLER_MAX).map(|_| places.take("a").unwrap()).collect();
        assert!(places.take("a").is_none());
        let others: Vec<Place> = (TAILS_PER_CALLER_MAX..TAILS_MAX)
            .map(|number| places.take(&number.to_string()).unwrap())
            .collect();
        assert!(places.take("b").is_none());
        own.pop();
        assert!(places.take("b").is_some());
        drop((own, others));
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
