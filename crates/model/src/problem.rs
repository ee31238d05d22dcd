//! A mistake in what a user wrote: where it stands, what is wrong, what to do. Validation collects all of them.
//! Deliberately absent: errors of the running program, which each crate defines at its border.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing to mend in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Path of the value: `tenants[0].sources.poll.client_secret`.
    pub path: String,
    /// What is wrong, as a lowercase fragment without a final dot.
    pub message: String,
    /// What to do next; empty if the message says it.
    pub hint: String,
}

impl Problem {
    /// A problem at `path`.
    pub fn new(
        path: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { path: path.into(), message: message.into(), hint: hint.into() }
    }

    /// The same problem seen from one level further out.
    #[must_use]
    pub fn under(mut self, parent: &str) -> Self {
        self.path = match (parent.is_empty(), self.path.is_empty()) {
            (true, _) => self.path,
            (false, true) => parent.to_owned(),
            (false, false) if self.path.starts_with('[') => format!("{parent}{}", self.path),
            (false, false) => format!("{parent}.{}", self.path),
        };
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if !self.hint.is_empty() {
            write!(f, "\n  hint: {}", self.hint)?;
        }
        Ok(())
    }
}

/// The candidate that `word` was most likely meant to be, if one is near enough to be worth offering.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many slips of the finger (a letter wrong, missing, too many, or two exchanged) lie between two words, without
/// regard to case.
fn distance(a: &str, b: &str) -> usize {
    let letters = |word: &str| word.to_lowercase().chars().collect::<Vec<char>>();
    let (a, b) = (letters(a), letters(b));
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = substituted.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_offers_what_is_one_slip_away_and_nothing_else() {
        for (word, expected) in [
            ("client_secrt", Some("client_secret")),
            ("Domain", Some("domain")),
            ("clinet_id", Some("client_id")),
            ("zzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, ["domain", "client_id", "client_secret"]), expected, "{word}");
        }
    }

    #[test]
    fn a_path_grows_outwards() {
        let problem = Problem::new("[2].domain", "missing", "").under("tenants");
        assert_eq!(problem.to_string(), "tenants[2].domain: missing");
        assert_eq!(Problem::new("", "missing", "").under("a").path, "a");
    }
}
