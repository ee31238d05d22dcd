//! What may be shown of what was written, and what a change leaves as it was: by the schema of the fields, which says what is
//! secret. A field that the schema does not know counts as secret.
//! Deliberately absent: the schemas (`sources`, `destinations`), and judging values.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What was written, with `{"set": true}` in the place of secrets.
pub(super) fn shown(schema: &Value, written: &Map<String, Value>) -> Value {
    let field = |(name, value): (&String, &Value)| {
        let shown = match property(schema, name) {
            Some(known) if !is_secret(known) => shown_value(known, value),
            _ => hidden(),
        };
        (name.clone(), shown)
    };
    Value::Object(written.iter().filter(|(_, value)| !value.is_null()).map(field).collect())
}

fn shown_value(schema: &Value, value: &Value) -> Value {
    match value {
        Value::Object(fields) if schema["properties"].is_object() => shown(schema, fields),
        // Names by provider, say.
        Value::Object(fields) if fields.values().all(Value::is_string) && !has_secrets(schema) => {
            value.clone()
        }
        Value::Object(_) => hidden(),
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            hidden()
        }
        plain => plain.clone(),
    }
}

/// A draft, with the secrets of `stored` that it leaves out. Whoever gives another secret, or null in the place of one, has
/// replaced the one that was there. A secret does not go along to another address: whoever may change where it is sent, and
/// does not know it, would be told it. An address anywhere in the entry counts, since a token that the secret of one part
/// obtains is sent to the addresses of the others.
pub(super) fn kept(schema: &Value, draft: &mut Map<String, Value>, stored: &Map<String, Value>) {
    let is_moved = addresses(schema, draft) != addresses(schema, stored);
    keep(schema, draft, stored, is_moved);
}

fn keep(
    schema: &Value,
    draft: &mut Map<String, Value>,
    stored: &Map<String, Value>,
    is_moved: bool,
) {
    let gives_another = draft
        .iter()
        .any(|(name, value)| property(schema, name).is_some_and(is_secret) && !is_hidden(value));
    draft.retain(|_, value| !is_hidden(value));
    let nothing = Map::new();
    for (name, value) in draft.iter_mut() {
        if let (Some(known), Value::Object(within)) = (property(schema, name), value) {
            let old = stored.get(name).and_then(Value::as_object).unwrap_or(&nothing);
            keep(known, within, old, is_moved);
        }
    }
    if gives_another || is_moved {
        return;
    }
    for (name, old) in stored {
        if property(schema, name).is_some_and(is_secret) && !draft.contains_key(name) {
            draft.insert(name.clone(), old.clone());
        }
    }
}

/// What the fields say that tell where to ask or send, by their paths.
fn addresses<'a>(schema: &Value, written: &'a Map<String, Value>) -> BTreeMap<String, &'a Value> {
    let mut found = BTreeMap::new();
    for (name, value) in written {
        let Some(known) = property(schema, name) else { continue };
        if let Value::Object(within) = value {
            // As deep as the schema is.
            let within = addresses(known, within).into_iter();
            found.extend(within.map(|(path, value)| (format!("{name}.{path}"), value)));
        } else if !value.is_null() && is_address(known) {
            found.insert(name.clone(), value);
        }
    }
    found
}

fn is_address(schema: &Value) -> bool {
    schema["format"] == "uri" || schema["format"] == "hostname"
}

/// The names of the secrets that are written.
pub(super) fn secrets<'a>(schema: &Value, written: &'a Map<String, Value>) -> Vec<&'a str> {
    let is_written = |value: &Value| !value.is_null();
    written
        .iter()
        .filter(|(name, value)| is_written(value) && property(schema, name).is_some_and(is_secret))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema["properties"].get(name)
}

fn is_secret(schema: &Value) -> bool {
    schema["writeOnly"] == true || schema["items"]["writeOnly"] == true
}

fn has_secrets(schema: &Value) -> bool {
    schema["additionalProperties"]["writeOnly"] == true || schema["oneOf"].is_array()
}

fn hidden() -> Value {
    json!({ "set": true })
}

fn is_hidden(value: &Value) -> bool {
    *value == hidden()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({"properties": {
            "domain": {"type": "string", "format": "hostname"},
            "client_secret": {"type": "string", "writeOnly": true},
            "private_key": {"type": "string", "writeOnly": true},
            "tokens": {"type": "array", "items": {"type": "string", "writeOnly": true}},
            "tables": {"type": "object"},
            "identity": {"type": "object", "properties": {
                "kind": {"type": "string"},
                "client_secret": {"type": "string", "writeOnly": true},
            }},
            "authority": {"type": "string", "format": "uri"},
            "read_back": {"type": "object", "properties": {
                "endpoint": {"type": "string", "format": "uri"},
            }},
        }})
    }

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn no_secret_and_nothing_unknown_is_shown() {
        let written = json!({
            "domain": "acme.eu.auth0.com", "client_secret": "s", "tokens": ["t"], "tables": {"auth0": "T"},
            "identity": {"kind": "client_secret", "client_secret": "s", "other": "s"}, "surprise": "s", "none": null,
        });
        let hidden = json!({ "set": true });
        let expected = json!({
            "domain": "acme.eu.auth0.com", "client_secret": hidden, "tokens": hidden, "tables": {"auth0": "T"},
            "identity": {"kind": "client_secret", "client_secret": hidden, "other": hidden}, "surprise": hidden,
        });
        assert_eq!(shown(&schema(), &map(&written)), expected);
        assert_eq!(shown(&Value::Null, &map(&json!({"a": "s"}))), json!({"a": hidden}));
    }

    #[test]
    fn a_secret_that_is_left_out_stays_unless_another_takes_its_place() {
        let stored = json!({"domain": "a", "client_secret": "s", "identity": {"kind": "x", "client_secret": "i"}});
        let at_home = |fields: Value| {
            let mut all = map(&json!({"domain": "a"}));
            all.extend(map(&fields));
            Value::Object(all)
        };
        for (draft, expected) in [
            (json!({}), json!({"client_secret": "s"})),
            (json!({"client_secret": {"set": true}}), json!({"client_secret": "s"})),
            (json!({"client_secret": "new"}), json!({"client_secret": "new"})),
            (json!({"private_key": "k"}), json!({"private_key": "k"})),
            (json!({"client_secret": null}), json!({"client_secret": null})),
            (
                json!({"identity": {"kind": "y"}}),
                json!({"identity": {"kind": "y", "client_secret": "i"}, "client_secret": "s"}),
            ),
        ] {
            let mut found = map(&at_home(draft.clone()));
            kept(&schema(), &mut found, &map(&stored));
            assert_eq!(Value::Object(found), at_home(expected), "{draft}");
        }
    }

    #[test]
    fn no_secret_goes_along_to_another_address() {
        let stored = json!({"domain": "a", "client_secret": "s", "identity": {"kind": "x", "client_secret": "i"}});
        for (draft, expected) in [
            (json!({"domain": "b"}), json!({"domain": "b"})),
            (json!({}), json!({})),
            (
                json!({"domain": "b", "identity": {"kind": "x", "client_secret": {"set": true}}}),
                json!({"domain": "b", "identity": {"kind": "x"}}),
            ),
            (
                json!({"domain": "b", "client_secret": "given anew"}),
                json!({"domain": "b", "client_secret": "given anew"}),
            ),
        ] {
            let mut found = map(&draft);
            kept(&schema(), &mut found, &map(&stored));
            assert_eq!(Value::Object(found), expected, "{draft}");
        }
    }

    #[test]
    fn an_address_in_another_part_of_the_entry_counts_and_the_order_of_fields_does_not() {
        let stored = json!({
            "domain": "a", "authority": "https://b", "client_secret": "s",
            "identity": {"kind": "x", "client_secret": "i"}, "read_back": {"endpoint": "https://c"},
        });
        let identity = json!({"kind": "x"});
        for (draft, is_kept) in [
            (
                json!({"authority": "https://b", "read_back": {"endpoint": "https://c"}, "domain": "a"}),
                true,
            ),
            (
                json!({"domain": "a", "authority": "https://b", "read_back": {"endpoint": "https://d"}}),
                false,
            ),
            (json!({"domain": "a", "authority": "https://b"}), false),
        ] {
            let mut found = map(&draft);
            found.insert("identity".to_owned(), identity.clone());
            kept(&schema(), &mut found, &map(&stored));
            let secrets = (found.get("client_secret"), found["identity"].get("client_secret"));
            let expected = is_kept.then_some((json!("s"), json!("i")));
            let expected = expected.as_ref().map(|(outer, inner)| (outer, inner));
            assert_eq!(secrets.0.zip(secrets.1), expected, "{draft}");
            assert_eq!(secrets.0.is_some(), is_kept, "{draft}");
        }
    }
}
