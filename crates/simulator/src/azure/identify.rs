//! Finding the event in a record that somebody shipped: under `log_id`, `uuid` or `id`, whatever the column was called
//! and however the record was wrapped, so that a table can tell how many different events it holds.
//! Deliberately absent: any other meaning of a record.

use serde_json::Value;
use sonic_rs::{JsonValueTrait as _, LazyValue};

/// Columns that hold the event itself, as an object or as JSON text.
const WRAPPERS: &[&str] = &["data", "event", "RawEvent", "raw_event", "RawEvent_s", "Event"];
/// How deep wrappers are opened.
const WRAPPERS_MAX: u8 = 3;

/// A body that is not a list of records.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotRecords;

/// Calls `each` with every record of a JSON list (or with a single object) and the id of its event.
pub(super) fn records(
    body: &[u8],
    mut each: impl FnMut(&str, Option<String>),
) -> Result<(), NotRecords> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'[') => {
            for record in sonic_rs::to_array_iter(body) {
                let record = record.map_err(|_| NotRecords)?;
                let text = record.as_raw_str();
                each(text, id_of(text)?);
            }
            Ok(())
        }
        Some(b'{') => {
            let record: LazyValue<'_> = sonic_rs::from_slice(body).map_err(|_| NotRecords)?;
            let text = record.as_raw_str();
            each(text, id_of(text)?);
            Ok(())
        }
        _ => Err(NotRecords),
    }
}

fn id_of(record: &str) -> Result<Option<String>, NotRecords> {
    let found = search(record, 0)?;
    Ok(match found {
        Some((_, id)) => Some(id),
        None => serde_json::from_str(record).ok().and_then(|record| anywhere(&record)),
    })
}

/// How well a column of this name names an event; the lowest wins.
fn rank(name: &str) -> Option<u8> {
    Some(match name {
        "log_id" | "LogId" | "log_id_s" | "AuthLogId" => 0,
        "uuid" | "Uuid" | "UUID" | "uuid_g" | "EventUuid" => 1,
        "_id" | "_id_s" | "EventOriginalUid" => 3,
        "id" | "id_d" | "id_s" | "EventId" | "event_id" | "OneLoginID" => 4,
        _ => return None,
    })
}

/// Rank of an event that stands in a wrapper: better than the wrapper's own `id`.
const WRAPPED: u8 = 2;

fn search(record: &str, depth: u8) -> Result<Option<(u8, String)>, NotRecords> {
    let mut best: Option<(u8, String)> = None;
    for member in sonic_rs::to_object_iter(record.as_bytes()) {
        let (name, value) = member.map_err(|_| NotRecords)?;
        let name: &str = &name;
        let found = if WRAPPERS.contains(&name) && depth < WRAPPERS_MAX {
            unwrap(&value, depth + 1)?.map(|(_, id)| (WRAPPED, id))
        } else {
            rank(name).and_then(|rank| Some((rank, scalar(&value)?)))
        };
        if let Some(found) = found
            && best.as_ref().is_none_or(|(rank, _)| found.0 < *rank)
        {
            best = Some(found);
        }
    }
    Ok(best)
}

fn unwrap(value: &LazyValue<'_>, depth: u8) -> Result<Option<(u8, String)>, NotRecords> {
    if value.is_object() {
        return search(value.as_raw_str(), depth);
    }
    // JSON text within a text, which need not be JSON at all.
    match value.as_str() {
        Some(text) if text.starts_with('{') => Ok(search(text, depth).unwrap_or_default()),
        _ => Ok(None),
    }
}

/// An id as text: a number loses its sign of being one, `4.5e10` and `45000000000.0` become `45000000000`.
fn scalar(value: &LazyValue<'_>) -> Option<String> {
    if let Some(text) = value.as_str() {
        return (!text.is_empty()).then(|| text.to_owned());
    }
    if let Some(number) = value.as_u64() {
        return Some(number.to_string());
    }
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && *number > 0.0)?;
    Some(format!("{number:.0}"))
}

/// The slow way: a `log_id` or `uuid` at any depth.
fn anywhere(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .find(|(name, value)| {
                rank(name).is_some_and(|rank| rank < WRAPPED) && value.is_string()
            })
            .and_then(|(_, value)| value.as_str().map(str::to_owned))
            .or_else(|| members.values().find_map(anywhere)),
        Value::Array(items) => items.iter().find_map(anywhere),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &[Option<&str>]) {
        let mut ids = Vec::new();
        records(body.as_bytes(), |_, id| ids.push(id)).unwrap();
        assert_eq!(ids.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{body}");
    }

    #[test]
    fn an_event_is_recognised_however_it_is_wrapped() {
        check(r#"[{"_id":"b","log_id":"a"},{"log_id_s":"c"}]"#, &[Some("a"), Some("c")]);
        check(r#"{"log_id":"x","data":{"log_id":"y"}}"#, &[Some("x")]);
        check(r#"[{"event":{"uuid":"u"}}]"#, &[Some("u")]);
        check(r#"[{"id":7,"RawEvent":"{\"log_id\":\"r\"}"}]"#, &[Some("r")]);
        check(
            r#"[{"id":45016591484},{"EventId":4.5e10}]"#,
            &[Some("45016591484"), Some("45000000000")],
        );
        check(r#"[{"a":[{"b":{"uuid":"deep"}}]}]"#, &[Some("deep")]);
        check(r#"[{"message":"none"}, {"id":null}]"#, &[None, None]);
        check(" [ ] ", &[]);
    }

    #[test]
    fn what_is_no_list_of_records_is_refused() {
        for body in ["", "7", "[1]", "[{\"a\":1}", "{\"a\":", "nonsense"] {
            assert_eq!(records(body.as_bytes(), |_, _| {}), Err(NotRecords), "{body}");
        }
    }
}
