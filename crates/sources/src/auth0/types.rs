//! What Auth0's event types mean: a table of facts in `event_types.tsv`, one line per type, read at first use.
//! Deliberately absent: a meaning for unknown types. New ones appear every month; they flow through without one.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What is known of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventType {
    /// What happened, in words.
    pub(crate) name: &'static str,
    /// The group that it belongs to.
    pub(crate) category: &'static str,
    /// `success`, `failure`, `notice` or `warning`.
    pub(crate) outcome: &'static str,
}

/// The type whose code is `code`.
pub(crate) fn find(code: &str) -> Option<EventType> {
    TYPES.get(code).copied()
}

static TYPES: LazyLock<HashMap<&'static str, EventType>> =
    LazyLock::new(|| include_str!("event_types.tsv").lines().skip(1).filter_map(line).collect());

fn line(line: &'static str) -> Option<(&'static str, EventType)> {
    let mut cells = line.split('\t');
    let [code, category, outcome, name] =
        [cells.next()?, cells.next()?, cells.next()?, cells.next()?];
    Some((code, EventType { name, category, outcome }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_whole() {
        let lines = include_str!("event_types.tsv").lines().count() - 1;
        assert_eq!(TYPES.len(), lines);
        for (key, known) in TYPES.iter() {
            assert!(!known.name.is_empty() && !known.category.is_empty(), "{key}");
            assert!(["success", "failure", "notice", "warning"].contains(&known.outcome), "{key}");
        }
    }
}
