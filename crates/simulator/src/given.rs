//! Events that somebody gave to be served, instead of made ones: recorded pages, exports, a file of lines. They are served
//! byte for byte. Their ids may be of any form, or absent, so that places are found by position and not by comparing ids.
//! Deliberately absent: filters, searches and time. Who wants those lets the simulator make the events.

use std::ops::Range;

use bytes::Bytes;
use serde_json::value::RawValue;

/// Events at most: they are all in memory, and looked through for each page.
const GIVEN_EVENTS_MAX: usize = 100_000;

/// Reads events from text: one JSON list, or objects one after the other (mostly one a line).
///
/// # Errors
/// What is wrong with the text, as a lowercase fragment.
pub fn read_events(text: &str) -> Result<Vec<Bytes>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let mut events: Vec<&RawValue> = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.map_err(|error| format!("not JSON: {error}"))?;
        if value.get().starts_with('[') {
            let list: Vec<&RawValue> =
                serde_json::from_str(value.get()).map_err(|error| format!("not JSON: {error}"))?;
            events.extend(list);
        } else {
            events.push(value);
        }
        if events.len() > GIVEN_EVENTS_MAX {
            return Err(format!("more than {GIVEN_EVENTS_MAX} events"));
        }
    }
    if let Some(other) = events.iter().find(|event| !event.get().starts_with('{')) {
        let shown: String = other.get().chars().take(40).collect();
        return Err(format!("not an object: {shown}"));
    }
    Ok(events.into_iter().map(|event| Bytes::copy_from_slice(event.get().as_bytes())).collect())
}

/// Given events in the order in which they are served.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    events: Vec<(String, Bytes)>,
}

impl Given {
    /// Those of which `is_modern` says that their id (the first of `id_members` that is a text) is of today's form come
    /// last, by id: a client that pages by the last id of a page finds one that it can go on from.
    pub(crate) fn new(events: &[Bytes], id_members: &[&str], is_modern: fn(&str) -> bool) -> Self {
        let id = |text: &Bytes| {
            let event: serde_json::Value = serde_json::from_slice(text).unwrap_or_default();
            let id = id_members.iter().find_map(|member| event[*member].as_str());
            id.unwrap_or_default().to_owned()
        };
        let mut events: Vec<(String, Bytes)> =
            events.iter().map(|text| (id(text), text.clone())).collect();
        events.sort_by(|(one, _), (other, _)| {
            let key = |id: &String| is_modern(id).then(|| id.clone());
            key(one).cmp(&key(other))
        });
        Self { events }
    }

    /// Whether nothing was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// The position after the last event of this id; the first one if no event has it.
    pub(crate) fn after(&self, id: &str) -> usize {
        self.events.iter().rposition(|(known, _)| known == id).map_or(0, |at| at + 1)
    }

    /// At most so many positions from `start` on.
    pub(crate) fn range(&self, start: usize, count: usize) -> Range<usize> {
        let start = start.min(self.events.len());
        start..start.saturating_add(count).min(self.events.len())
    }

    /// The id of an event; empty if it has none.
    pub(crate) fn id(&self, position: usize) -> Option<&str> {
        self.events.get(position).map(|(id, _)| id.as_str())
    }

    /// The texts of a range, separated by commas.
    pub(crate) fn texts(&self, range: Range<usize>) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        for (_, text) in self.events.get(range).unwrap_or_default() {
            if !pieces.is_empty() {
                pieces.push(Bytes::from_static(b","));
            }
            pieces.push(text.clone());
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&[&str], &str>) {
        let found = read_events(text).map(|events| {
            events.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect::<Vec<_>>()
        });
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
            (Err(told), Err(part)) => assert!(told.contains(part), "{told}"),
            _ => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn lists_and_lines_are_read_byte_for_byte() {
        check("[{\"a\" : 1.50},\n {\"b\":[ ]}]", Ok(&["{\"a\" : 1.50}", "{\"b\":[ ]}"]));
        check(
            "\u{feff}{\"a\":1}\n{\"a\":\"\\u00e9\"}\n\n",
            Ok(&["{\"a\":1}", "{\"a\":\"\\u00e9\"}"]),
        );
        check("{\n \"a\": 1\n}", Ok(&["{\n \"a\": 1\n}"]));
        check("", Ok(&[]));
        check("{\"a\":1}\n{\"a\":", Err("not JSON"));
        check("{\"a\":1}\n7", Err("not an object: 7"));
    }

    #[test]
    fn every_event_is_reached_from_the_last_id_of_the_page_before() {
        let events: Vec<Bytes> =
            [r#"{"log_id":"902"}"#, r#"{"x":1}"#, r#"{"log_id":"abc"}"#, r#"{"_id":"901"}"#]
                .into_iter()
                .map(|text| Bytes::from_static(text.as_bytes()))
                .collect();
        let given = Given::new(&events, &["log_id", "_id"], |id| id.starts_with("90"));
        let first = given.range(given.after("900"), 3);
        assert_eq!(
            given.texts(first.clone()).concat(),
            br#"{"x":1},{"log_id":"abc"},{"_id":"901"}"#
        );
        let next = given.after(given.id(first.end - 1).unwrap());
        assert_eq!(given.texts(given.range(next, 3)).concat(), br#"{"log_id":"902"}"#);
        assert!(given.range(given.after("902"), 3).is_empty());
    }
}
