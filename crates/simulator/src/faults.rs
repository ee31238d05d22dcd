//! Troubles that a simulator causes on purpose, each with a probability, all from a seed.
//! Deliberately absent: what a trouble looks like on the wire (`server` for those that every service has in common, the
//! services for their own).

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::dice::Dice;

/// A trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The request is refused by 429 in the service's own form, though no limit is reached.
    RateLimited,
    /// The request is refused by 500.
    ServerError,
    /// The answer comes only after [`Faults::slow_milliseconds`].
    Slow,
    /// The answer's body ends in the middle, and the connection with it.
    CutBody,
    /// The edge in front of the service answers 502 with an HTML page.
    HtmlPage,
    /// A page of events is served a second time instead of the next one.
    DuplicatePage,
    /// A pushed batch is delivered twice.
    DuplicateDelivery,
    /// The request is carried out, but the connection breaks before its answer.
    LostAnswer,
    /// The token endpoint refuses, though the credentials are right.
    TokenRefused,
    /// A record is acknowledged, and lost. Nobody can make up for it, so `all` does not mean it.
    Swallow,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 10] = [
        Self::RateLimited,
        Self::ServerError,
        Self::Slow,
        Self::CutBody,
        Self::HtmlPage,
        Self::DuplicatePage,
        Self::DuplicateDelivery,
        Self::LostAnswer,
        Self::TokenRefused,
        Self::Swallow,
    ];

    /// Every fault that a client can get over without losing anything.
    pub fn recoverable() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|fault| *fault != Self::Swallow)
    }

    /// Its name on the command line and over HTTP: `cut-body`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateLimited => "rate-limited",
            Self::ServerError => "server-error",
            Self::Slow => "slow",
            Self::CutBody => "cut-body",
            Self::HtmlPage => "html-page",
            Self::DuplicatePage => "duplicate-page",
            Self::DuplicateDelivery => "duplicate-delivery",
            Self::LostAnswer => "lost-answer",
            Self::TokenRefused => "token-refused",
            Self::Swallow => "swallow",
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|fault| fault.name() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|fault| fault.name()).collect();
            format!("unknown fault `{text}`; known are: {}", known.join(", "))
        })
    }
}

/// Which troubles there are, and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Probability of each fault, 0 to 1, for each request (or page, or delivery) that it can strike.
    pub probability: BTreeMap<Fault, f64>,
    /// How long a slow answer takes.
    pub slow_milliseconds: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self { probability: BTreeMap::new(), slow_milliseconds: 30_000 }
    }
}

impl Faults {
    /// Every fault of `faults`, each as likely as `probability` says.
    #[must_use]
    pub fn each(faults: impl IntoIterator<Item = Fault>, probability: f64) -> Self {
        Self {
            probability: faults.into_iter().map(|fault| (fault, probability)).collect(),
            ..Self::default()
        }
    }
}

/// Throws the dice for the faults of one service. For each fault, the decisions follow from the seed and from how often
/// it was asked for before, whatever happens to the other faults.
#[derive(Debug)]
pub(crate) struct Troubles {
    seed: u64,
    faults: Mutex<Faults>,
    asked: [AtomicU64; Fault::ALL.len()],
    struck: [AtomicU64; Fault::ALL.len()],
}

impl Troubles {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            seed: Dice::new(seed, "faults").any(),
            faults: Mutex::new(faults),
            asked: Default::default(),
            struck: Default::default(),
        }
    }

    /// Whether `fault` strikes now.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let probability = self.with(|faults| faults.probability.get(&fault).copied());
        let Some(probability) = probability.filter(|probability| *probability > 0.0) else {
            return false;
        };
        let index = fault as usize;
        let asked = self.asked[index].fetch_add(1, Ordering::Relaxed);
        let strikes = Dice::numbered(self.seed ^ ((index as u64) << 56), asked).chance(probability);
        if strikes {
            self.struck[index].fetch_add(1, Ordering::Relaxed);
        }
        strikes
    }

    /// Whether `fault` may strike at all.
    pub(crate) fn may_strike(&self, fault: Fault) -> bool {
        self.with(|faults| faults.probability.get(&fault).is_some_and(|it| *it > 0.0))
    }

    /// How long a slow answer takes.
    pub(crate) fn slow_milliseconds(&self) -> u64 {
        self.with(|faults| faults.slow_milliseconds)
    }

    /// Replaces the configuration; the dice go on where they are.
    pub(crate) fn set(&self, faults: Faults) {
        *self.faults.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = faults;
    }

    /// How often each fault struck; those that never did are left out.
    pub(crate) fn struck(&self) -> BTreeMap<Fault, u64> {
        Fault::ALL
            .into_iter()
            .map(|fault| (fault, self.struck[fault as usize].load(Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    fn with<T>(&self, read: impl FnOnce(&Faults) -> T) -> T {
        read(&self.faults.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_strikes_at_the_same_requests() {
        let row = |seed| {
            let troubles = Troubles::new(seed, Faults::each([Fault::CutBody], 0.3));
            (0..64).map(|_| troubles.strikes(Fault::CutBody)).collect::<Vec<_>>()
        };
        assert_eq!(row(1), row(1));
        assert_ne!(row(1), row(2));
    }

    #[test]
    fn what_is_not_asked_for_never_happens() {
        let troubles = Troubles::new(1, Faults::each([Fault::Slow], 1.0));
        assert!(troubles.strikes(Fault::Slow));
        assert!(!troubles.strikes(Fault::HtmlPage));
        troubles.set(Faults::default());
        assert!(!troubles.strikes(Fault::Slow));
        assert_eq!(troubles.struck(), BTreeMap::from([(Fault::Slow, 1)]));
    }

    #[test]
    fn names_are_read_back() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(fault));
            assert_eq!(serde_json::to_value(fault).unwrap(), fault.name());
        }
        assert!(Fault::recoverable().all(|fault| fault != Fault::Swallow));
        assert_eq!(Fault::recoverable().count(), Fault::ALL.len() - 1);
        assert!("nonsense".parse::<Fault>().unwrap_err().contains("cut-body"));
    }
}
