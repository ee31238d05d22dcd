//! What can be connected, with the schemas of the fields: each provider's and destination's own, and beside them what the
//! configuration reads of every source and destination itself.
//! Deliberately absent: the schemas of single providers and destinations.

use api::{GoalKind, Kinds, ProviderKind, SourceKind};
use destinations::DestinationKind;
use model::Via;
use serde_json::{Value, json};
use sources::Provider;

/// The kind of one source.
pub(super) struct Kind {
    /// Whether it is asked, and not told.
    pub(super) is_polled: bool,
    /// What may be written of it.
    pub(super) schema: Value,
}

/// Everything that can be connected.
pub(super) fn all() -> Kinds {
    let source = |provider: &dyn Provider, via: Via| match via {
        Via::Poll => SourceKind { name: provider.poll_name(), via, schema: polled(provider) },
        _ => SourceKind { name: provider.receive_name(), via, schema: received(provider) },
    };
    let provider = |provider: &&'static dyn Provider| ProviderKind {
        name: provider.name(),
        title: provider.title(),
        table: provider.table().name,
        sources: vec![source(*provider, Via::Poll), source(*provider, Via::Push)],
    };
    let goal = |kind: &&'static dyn DestinationKind| GoalKind {
        kind: kind.name(),
        title: kind.title(),
        schema: of_destination(*kind),
    };
    Kinds {
        providers: sources::ALL.iter().map(provider).collect(),
        destinations: destinations::ALL.iter().map(goal).collect(),
    }
}

/// The kind of a source of this name with these fields; `None` if it is none.
pub(super) fn of_source(provider: &dyn Provider, name: &str, written: &Value) -> Option<Kind> {
    let kind = written.get("kind").and_then(Value::as_str).unwrap_or(name);
    if kind == provider.poll_name() {
        return Some(Kind { is_polled: true, schema: polled(provider) });
    }
    (kind == provider.receive_name()).then(|| Kind { is_polled: false, schema: received(provider) })
}

/// What may be written of a source that is asked, or told.
pub(super) fn schema(provider: &dyn Provider, is_polled: bool) -> Value {
    if is_polled { polled(provider) } else { received(provider) }
}

/// What may be written of a destination.
pub(super) fn of_destination(kind: &dyn DestinationKind) -> Value {
    let start = json!({
        "type": "string",
        "title": "Start",
        "description": "Whether it also gets what the journal holds already.",
        "enum": ["beginning", "now"],
        "default": "beginning",
        "x-advanced": true,
    });
    with(with(kind.schema(), "secret_expires", expiry()), "start", start)
}

fn polled(provider: &dyn Provider) -> Value {
    with(provider.poll_schema(), "secret_expires", expiry())
}

/// Nobody has to give a secret: one is made.
fn received(provider: &dyn Provider) -> Value {
    let mut schema = with(provider.receive_schema(), "secret_expires", expiry());
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != super::documents::TOKENS);
    }
    schema
}

fn expiry() -> Value {
    json!({
        "type": "string",
        "title": "Secret expires",
        "description": "The day on which the secret ends; an alarm tells of it in time.",
        "examples": ["2027-01-31"],
        "x-advanced": true,
    })
}

/// A schema with one property more, unless it has it.
fn with(mut schema: Value, name: &str, property: Value) -> Value {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut)
        && !properties.contains_key(name)
    {
        properties.insert(name.to_owned(), property);
    }
    schema
}

#[cfg(test)]
mod tests {
    use api::FieldSchema;

    use super::*;

    #[test]
    fn the_forms_use_no_word_that_the_interface_does_not_tell() {
        let kinds = all();
        let sources = kinds.providers.into_iter().flat_map(|provider| provider.sources);
        let mut schemas: Vec<Value> = sources.map(|source| source.schema).collect();
        schemas.extend(kinds.destinations.into_iter().map(|goal| goal.schema));
        assert_eq!(schemas.len(), 2 * sources::ALL.len() + destinations::ALL.len());
        for schema in schemas {
            let read: FieldSchema = serde_json::from_value(schema).unwrap();
            assert!(read.properties.is_some_and(|properties| !properties.is_empty()));
        }
    }
}
