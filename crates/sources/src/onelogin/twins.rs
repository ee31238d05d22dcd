//! One event in two tellings: the webhook's (`uuid`, seconds, more fields) and the API's (`id`, milliseconds). They share no
//! id, so they are recognised by what both say, and joined into one event with the fields of both.
//! Deliberately absent: which of several events that say the same is meant. Whoever compares has to count.

use model::Event;
use serde_json::Value;
use twox_hash::XxHash3_128;

use crate::scan::{self, Broken, Walk, skip_space};

/// The members that both channels tell alike, besides the time.
const SHARED: [&[u8]; 8] = [
    b"account_id",
    b"event_type_id",
    b"actor_user_id",
    b"user_id",
    b"app_id",
    b"role_id",
    b"ipaddr",
    b"notes",
];

/// A hash of the second at which an event happened and of what both channels say of it; `None` without a time, or if it is
/// no event of OneLogin.
pub(super) fn content(event: &Event) -> Option<u128> {
    let second = event.time?.as_microsecond().div_euclid(1_000_000);
    let mut told: [Option<String>; SHARED.len()] = Default::default();
    for (key, value) in members(&event.raw).ok()? {
        let place = SHARED.iter().position(|shared| *shared == key);
        if let Some(told) = place.and_then(|place| told.get_mut(place))
            && told.is_none()
        {
            *told = said(value);
        }
    }
    // Without its kind and its account an event could be any other.
    if told.iter().take(2).any(Option::is_none) {
        return None;
    }
    let mut text = second.to_le_bytes().to_vec();
    for value in &told {
        let value = value.as_deref().unwrap_or_default();
        text.extend_from_slice(&(value.len() as u64).to_le_bytes());
        text.extend_from_slice(value.as_bytes());
    }
    Some(XxHash3_128::oneshot(&text))
}

/// The webhook's event with what only the API tells of it: members that it has not, or has without a value.
pub(super) fn join(first: (&str, &[u8]), second: (&str, &[u8])) -> Option<(String, Vec<u8>)> {
    let (one, other) = (members(first.1).ok()?, members(second.1).ok()?);
    let (id, webhook, api) = match (is_webhook(&one), is_webhook(&other)) {
        (true, false) => (first.0, one, other),
        (false, true) => (second.0, other, one),
        _ => return None,
    };
    let mut joined = Vec::with_capacity(first.1.len() + second.1.len());
    for (key, value) in &webhook {
        let better = api.iter().find(|(known, told)| known == key && is_told(told));
        let value = match better {
            Some((_, told)) if !is_told(value) => told,
            _ => value,
        };
        push(&mut joined, key, value);
    }
    for (key, value) in &api {
        if !webhook.iter().any(|(known, _)| known == key) {
            push(&mut joined, key, value);
        }
    }
    joined.push(b'}');
    Some((id.to_owned(), joined))
}

/// The members of an object: keys and values as they are written.
fn members(raw: &[u8]) -> Result<Vec<(&[u8], &[u8])>, Broken> {
    let start = skip_space(raw, 0);
    if raw.get(start) != Some(&b'{') {
        return Err(Broken { at: start, why: "not an object" });
    }
    let mut walk = Walk::of(raw, start);
    let mut members = Vec::new();
    while let Some((key, at)) = walk.member()? {
        let extent = scan::value(raw, at)?;
        walk.passed(extent);
        members.push((key, raw.get(at..extent.end).unwrap_or_default()));
    }
    Ok(members)
}

fn push(object: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    object.push(if object.is_empty() { b'{' } else { b',' });
    object.push(b'"');
    object.extend_from_slice(key);
    object.extend_from_slice(b"\":");
    object.extend_from_slice(value);
}

/// Whether an event has the id that only webhooks tell.
fn is_webhook(members: &[(&[u8], &[u8])]) -> bool {
    members.iter().any(|(key, value)| *key == b"uuid" && is_told(value))
}

fn is_told(value: &[u8]) -> bool {
    !matches!(value, b"null" | b"\"\"")
}

/// A value without the differences of the two forms: an id may be a number or a text, and nothing may be `null`, empty or
/// left out.
fn said(value: &[u8]) -> Option<String> {
    match serde_json::from_slice(value).ok()? {
        Value::Null => None,
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        Value::Number(number) => {
            let text = number.to_string();
            Some(text.strip_suffix(".0").map(str::to_owned).unwrap_or(text))
        }
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const WEBHOOK: &str = r#"{"create":{"_id":"u-1"},"uuid":"u-1","event_timestamp":"2026-03-01 12:00:05 UTC","event_type_id":72,"account_id":7,"user_id":1,"actor_user_id":2,"app_id":null,"role_id":null,"ipaddr":"203.0.113.7","notes":null,"privilege_name":"Super user","policy_name":null}"#;
    const API: &str = r#"{"id":45016591484,"created_at":"2026-03-01T12:00:05.123Z","account_id":7,"user_id":1,"event_type_id":72,"notes":"","ipaddr":"203.0.113.7","actor_user_id":2,"app_id":null,"role_id":null,"policy_name":"Default"}"#;

    fn event(raw: &str) -> Event {
        let read = crate::wire::read(&Bytes::copy_from_slice(raw.as_bytes()), super::super::role);
        read.events[0].clone()
    }

    #[test]
    fn both_tellings_say_the_same_and_other_events_do_not() {
        let said = content(&event(WEBHOOK)).unwrap();
        assert_eq!(content(&event(API)), Some(said));
        for (from, to) in [
            (r#""role_id":null"#, r#""role_id":"""#),
            (r#""account_id":7"#, r#""account_id":"7""#),
            (r#""app_id":null,"#, ""),
            ("12:00:05.123Z", "12:00:05.999Z"),
        ] {
            assert_eq!(content(&event(&API.replace(from, to))), Some(said), "{to}");
        }
        for (from, to) in [
            ("12:00:05.123Z", "12:00:06.123Z"),
            (r#""user_id":1"#, r#""user_id":3"#),
            (r#""event_type_id":72"#, r#""event_type_id":73"#),
            (r#""notes":"""#, r#""notes":"x""#),
        ] {
            assert_ne!(content(&event(&API.replace(from, to))), Some(said), "{to}");
        }
        for raw in [
            r#"{"id":1,"event_type_id":5,"account_id":7}"#,
            r#"{"id":1,"created_at":"2026-03-01T12:00:05Z"}"#,
        ] {
            assert_eq!(content(&event(raw)), None, "{raw}");
        }
    }

    #[test]
    fn a_joined_event_has_the_fields_of_both_in_either_order() {
        let expected = WEBHOOK.replace(
            r#""policy_name":null}"#,
            r#""policy_name":"Default","id":45016591484,"created_at":"2026-03-01T12:00:05.123Z"}"#,
        );
        for (first, second) in
            [(("u-1", WEBHOOK), ("45016591484", API)), (("45016591484", API), ("u-1", WEBHOOK))]
        {
            let (id, raw) =
                join((first.0, first.1.as_bytes()), (second.0, second.1.as_bytes())).unwrap();
            assert_eq!((id.as_str(), String::from_utf8(raw).unwrap()), ("u-1", expected.clone()));
        }
        // Read again, it is the webhook's event, and still says the same.
        assert_eq!(event(&expected).id, "u-1");
        assert_eq!(content(&event(&expected)), content(&event(API)));
    }

    #[test]
    fn two_tellings_of_one_channel_are_not_joined() {
        assert_eq!(join(("a", WEBHOOK.as_bytes()), ("b", WEBHOOK.as_bytes())), None);
        assert_eq!(join(("a", API.as_bytes()), ("b", API.as_bytes())), None);
        assert_eq!(join(("a", b"[1]"), ("b", API.as_bytes())), None);
    }
}
