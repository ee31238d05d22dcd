//! Asking a service whether it would take events, without leaving any there: an empty request to each place that events go
//! to, and what its answer says of the configuration.
//! Deliberately absent: sending, and whether the host can be reached at all.

use crate::{Parcel, Verdict};

/// A question to one stream or table.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The providers whose events go there: `auth0`.
    pub providers: Vec<String>,
    /// The empty request.
    pub parcel: Parcel,
}

/// What an answer says of one part of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which part, as one word: `permission`, `rule`.
    pub about: &'static str,
    /// Whether it is about the place that was asked alone, and not about all of the destination.
    pub is_of_place: bool,
    /// How it is.
    pub soundness: Soundness,
    /// What was found, as a lowercase fragment.
    pub words: String,
    /// What to do next; may be empty.
    pub hint: String,
}

/// How a part of the configuration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soundness {
    /// As it should be.
    Sound,
    /// The answer does not tell.
    Unknown,
    /// It has to be mended.
    Wrong,
}

impl Finding {
    pub(crate) fn sound(about: &'static str, words: impl Into<String>) -> Self {
        Self::of(about, Soundness::Sound, words.into(), String::new())
    }

    pub(crate) fn unknown(
        about: &'static str,
        words: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::of(about, Soundness::Unknown, words.into(), hint.into())
    }

    /// What shipping would make of the same answer, in its words.
    pub(crate) fn wrong(about: &'static str, verdict: Verdict) -> Self {
        let (words, hint) = match verdict {
            Verdict::Stop { reason, hint } => (reason, hint),
            Verdict::Refused(reason) | Verdict::Retry { reason, .. } => (reason, String::new()),
            Verdict::TokenExpired => {
                let hint = "check `cloud` and `audience`: the token must be for this service";
                ("the service does not accept the token".to_owned(), hint.to_owned())
            }
            Verdict::Split | Verdict::Delivered => {
                let hint = "check what stands between here and there";
                ("the answer makes no sense to an empty request".to_owned(), hint.to_owned())
            }
        };
        Self::of(about, Soundness::Wrong, words, hint)
    }

    /// The service is not well, which says nothing of the configuration.
    pub(crate) fn unwell(words: impl Into<String>) -> Self {
        Self::unknown("service", words, "test it again later: the service is busy or unwell")
    }

    /// It was let in, and what is empty is not taken.
    pub(crate) fn refused_empty(words: &str) -> Self {
        let words =
            format!("it is let in, but the service does not take an empty request: {words}");
        Self::unknown("events", words, "look at its line in the list once it is saved")
    }

    /// The same, about the place that was asked alone.
    pub(crate) fn of_place(self) -> Self {
        Self { is_of_place: true, ..self }
    }

    /// The same with other advice.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    fn of(about: &'static str, soundness: Soundness, words: String, hint: String) -> Self {
        Self { about, is_of_place: false, soundness, words, hint }
    }
}

/// The places that events go to, each once, with its providers.
pub(crate) fn places(names: &[(String, String)]) -> Vec<(&str, Vec<String>)> {
    let mut places: Vec<(&str, Vec<String>)> = Vec::new();
    for (provider, place) in names {
        match places.iter_mut().find(|(known, _)| known == place) {
            Some((_, providers)) => providers.push(provider.clone()),
            None => places.push((place, vec![provider.clone()])),
        }
    }
    places
}
