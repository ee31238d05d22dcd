//! What OneLogin's event types mean: a table of facts in `event_types.tsv`, one line per type, read at first use.
//! Deliberately absent: a meaning for unknown types. New ones appear every month; they flow through without one.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What is known of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventType {
    /// Its name in capitals, as the provider writes it.
    pub(crate) name: &'static str,
    /// The group that it belongs to.
    pub(crate) category: &'static str,
    /// `success`, `failure` or `info`.
    pub(crate) outcome: &'static str,
}

/// The type whose number is `id`.
pub(crate) fn find(id: &str) -> Option<EventType> {
    TYPES.get(id).copied()
}

static TYPES: LazyLock<HashMap<&'static str, EventType>> =
    LazyLock::new(|| include_str!("event_types.tsv").lines().skip(1).filter_map(line).collect());

fn line(line: &'static str) -> Option<(&'static str, EventType)> {
    let mut cells = line.split('\t');
    let [id, name, category, outcome] =
        [cells.next()?, cells.next()?, cells.next()?, cells.next()?];
    Some((id, EventType { name, category, outcome }))
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
            assert!(["success", "failure", "info"].contains(&known.outcome), "{key}");
        }
    }
}
