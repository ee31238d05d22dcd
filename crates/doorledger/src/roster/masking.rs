//! What may be shown of what was written, and what a change leaves as it was: by the schema of the fields, which says what is
//! secret. A field that the schema does not know counts as secret.
//! Deliberately absent: the schemas (`sources`, `destinations`), and judging values.

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
/// does not know it, would be told it.
pub(super) fn kept(schema: &Value, draft: &mut Map<String, Value>, stored: &Map<String, Value>) {
    let gives_another = draft
        .iter()
        .any(|(name, value)| property(schema, name).is_some_and(is_secret) && !is_hidden(value));
    draft.retain(|_, value| !is_hidden(value));
    let is_moved = addresses(schema, draft).ne(addresses(schema, stored));
    for (name, old) in stored {
        let Some(known) = property(schema, name) else { continue };
        match (draft.get_mut(name), old) {
            (None, old) if is_secret(known) && !gives_another && !is_moved => {
                draft.insert(name.clone(), old.clone());
            }
            (Some(Value::Object(draft)), Value::Object(_)) if is_moved => {
                kept(known, draft, &Map::new());
            }
            (Some(Value::Object(draft)), Value::Object(old)) => kept(known, draft, old),
            _ => {}
        }
    }
}

/// The fields that say where to ask or send, and what they say.
fn addresses<'a>(
    schema: &'a Value,
    written: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let is_address = |schema: &Value| schema["format"] == "uri" || schema["format"] == "hostname";
    written.iter().filter(move |(name, value)| {
        !value.is_null() && property(schema, name).is_some_and(is_address)
    })
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
}
