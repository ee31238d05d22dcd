//! `GET /api/openapi.json`: the interface as an OpenAPI document, made of the table of routes and of the types that the
//! handlers read and write. `docs/openapi.json` is a copy of it.
//! Deliberately absent: what any route is (`routes`), and the receivers, whose bodies are the providers'.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::access::Access;
use crate::problem::ProblemDetails;
use crate::routes::{ALL, Given, Route, Taken};
use crate::rows::FRAMES;
use crate::rows::shapes::Frame;

/// A schema, as it stands in the document.
pub(crate) type Schema = Value;

/// Schemas by name.
pub(crate) type Components = BTreeMap<String, Schema>;

/// The same for every request, so it is written once.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    // Strings, numbers and maps only: writing them cannot fail.
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
});

/// Codes of refusals before a handler is asked: credentials and roles, the name that the server is addressed by.
const GUARDED: &[StatusCode] = &[
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::MISDIRECTED_REQUEST,
    StatusCode::SERVICE_UNAVAILABLE,
];
/// Codes of refusals of a body.
const OF_BODIES: &[StatusCode] = &[
    StatusCode::BAD_REQUEST,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// `GET /api/openapi.json`
pub(crate) async fn show() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

/// A reference to the schema of `T`, which is put among the components with everything that it refers to.
pub(crate) fn schema_of<T: ToSchema>(components: &mut Components) -> Schema {
    let mut found = Vec::new();
    T::schemas(&mut found);
    found.push((T::name().into_owned(), T::schema()));
    for (name, schema) in found {
        // Schemas are made of strings, numbers and maps: they are always JSON.
        let mut schema = serde_json::to_value(schema).unwrap_or_default();
        tell_moments(&mut schema);
        if name != MOMENT {
            // Two types of one name would each stand for the other: one of them is told `#[schema(as = …)]`.
            debug_assert!(components.get(&name).is_none_or(|known| *known == schema), "{name}");
            components.insert(name, schema);
        }
    }
    json!({"$ref": format!("#/components/schemas/{}", T::name())})
}

/// As what the derived schemas refer to a moment, which is a primitive to them and yet a type of its own.
const MOMENT: &str = "String";

/// Says of each moment that it is one, in its place.
fn tell_moments(schema: &mut Value) {
    match schema {
        Value::Array(values) => values.iter_mut().for_each(tell_moments),
        Value::Object(members) => {
            let to = members.get("$ref").and_then(Value::as_str);
            if to.and_then(|to| to.rsplit('/').next()) == Some(MOMENT) {
                members.remove("$ref");
                members.insert("type".into(), "string".into());
                members.insert("format".into(), "date-time".into());
            }
            members.values_mut().for_each(tell_moments);
        }
        _ => {}
    }
}

/// The whole document.
fn document() -> Value {
    let mut components = Components::new();
    let problem = json!({
        "application/problem+json": {"schema": schema_of::<ProblemDetails>(&mut components)},
    });
    let refusal = |status: u16| {
        let refusal = json!({"description": phrase(status), "content": problem});
        (status.to_string(), refusal)
    };
    let refusals: Map<String, Value> = (400..600)
        .filter(|status| {
            !phrase(*status).is_empty() && ALL.iter().any(|route| statuses(route).contains(status))
        })
        .map(refusal)
        .collect();
    let mut paths: Map<String, Value> = Map::new();
    for route in ALL {
        let operation = operation(route, &mut components);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "doorledger",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The ledger of every door opened in an organisation's identity providers.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": refusals,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API token, or one of the configuration.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "doorledger_session",
                    "description": "A person's session. Whatever is not read carries the csrf of GET /api/v1/session \
                        as X-Doorledger-Csrf.",
                },
            },
        },
    })
}

fn operation(route: &Route, components: &mut Components) -> Value {
    let role = route.access.role().map_or("none", |role| role.name());
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.about,
        "x-role": role,
    });
    if route.access != Access::Open {
        operation["security"] = json!([{"token": []}, {"session": []}]);
    }
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    let content = match route.body {
        Taken::Nothing => None,
        Taken::Json(schema) => Some(json!({"application/json": {"schema": schema(components)}})),
        Taken::Object => Some(json!({"application/json": {"schema": {"type": "object"}}})),
        Taken::Events(forms) => {
            Some(forms.iter().map(|form| ((*form).to_owned(), json!({}))).collect())
        }
    };
    if let Some(content) = content {
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    let mut responses = Map::new();
    for status in route.statuses {
        let mut response = json!({"description": phrase(*status)});
        let content = forms(route, components);
        if !content.is_empty() {
            response["content"] = Value::Object(content);
        }
        responses.insert(status.to_string(), response);
    }
    for status in statuses(route) {
        let refusal = json!({"$ref": format!("#/components/responses/{status}")});
        responses.entry(status.to_string()).or_insert(refusal);
    }
    operation["responses"] = Value::Object(responses);
    operation
}

/// With which statuses a route refuses a request.
fn statuses(route: &Route) -> BTreeSet<u16> {
    let mut all: BTreeSet<u16> = route.refusals.iter().copied().collect();
    all.insert(StatusCode::MISDIRECTED_REQUEST.as_u16());
    if route.access != Access::Open {
        all.extend(GUARDED.iter().map(StatusCode::as_u16));
    }
    if !matches!(route.body, Taken::Nothing) {
        all.extend(OF_BODIES.iter().map(StatusCode::as_u16));
    }
    if route.filter.is_some() || route.path.contains('{') {
        all.insert(StatusCode::BAD_REQUEST.as_u16());
    }
    all
}

/// What a status is called.
fn phrase(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("")
}

/// The forms of an answer, each with its schema.
fn forms(route: &Route, components: &mut Components) -> Map<String, Value> {
    let mut content = Map::new();
    let text = || json!({"schema": {"type": "string"}});
    match route.answer {
        Given::Unsaid | Given::Nothing => {}
        Given::Json(schema) => {
            content.insert("application/json".into(), json!({"schema": schema(components)}));
        }
        Given::JsonOrNull(schema) => {
            let either = json!({"oneOf": [{"type": "null"}, schema(components)]});
            content.insert("application/json".into(), json!({ "schema": either }));
        }
        Given::Object => {
            content.insert("application/json".into(), json!({"schema": {"type": "object"}}));
        }
        Given::Frames => {
            content.insert(FRAMES.into(), frames(components));
        }
        Given::Text(kind) => {
            content.insert(kind.to_owned(), text());
        }
    }
    for form in route.other_forms {
        if *form == FRAMES {
            content.insert(FRAMES.into(), frames(components));
            continue;
        }
        let is_text = form.starts_with("text/") || form.contains("json");
        let schema = if is_text { text() } else { json!({}) };
        content.insert((*form).to_owned(), schema);
    }
    content
}

/// Lines, each of which is a frame.
fn frames(components: &mut Components) -> Value {
    json!({"schema": {"type": "string"}, "x-line": schema_of::<Frame>(components)})
}

fn parameters(route: &Route) -> Vec<Value> {
    let parts = route.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let schema = json!({"type": "string"});
        Some(json!({"name": name, "in": "path", "required": true, "schema": schema}))
    });
    let filter = route.filter.map(|filter| filter()).unwrap_or_default();
    let filter = filter.into_iter().filter_map(|one| serde_json::to_value(one).ok());
    let heeded = route.heeds.map(|(name, about)| {
        let schema = json!({"type": "string"});
        json!({"name": name, "in": "header", "required": false, "description": about, "schema": schema})
    });
    parts.chain(filter).chain(heeded).collect()
}

/// `PUT /api/v1/users/{name}` is `put_users_by_name`.
fn operation_id(route: &Route) -> String {
    let path = route.path.trim_start_matches("/api/v1").trim_start_matches('/');
    let mut id = route.method.to_ascii_lowercase();
    for part in path.split('/') {
        let named = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        id.push_str(if named.is_some() { "_by_" } else { "_" });
        let part = named.unwrap_or(part);
        id.extend(part.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
    }
    id
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn each_route_says_what_it_gives_and_has_a_name_of_its_own() {
        let mut ids = BTreeSet::new();
        for route in ALL {
            let line = format!("{} {}", route.method, route.path);
            assert!(!matches!(route.answer, Given::Unsaid), "{line} gives nothing yet");
            assert!(ids.insert(operation_id(route)), "{line} shares its name");
            assert_eq!(
                route.method == "GET",
                matches!(route.body, Taken::Nothing) && !route.changes,
                "{line}"
            );
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut waiting = vec![&document];
        while let Some(value) = waiting.pop() {
            match value {
                Value::Array(values) => waiting.extend(values),
                Value::Object(members) => {
                    if let Some(Value::String(to)) = members.get("$ref") {
                        let found = document.pointer(to.trim_start_matches('#'));
                        assert!(found.is_some(), "{to} leads nowhere");
                    }
                    waiting.extend(members.values());
                }
                _ => {}
            }
        }
    }

    #[test]
    fn the_copy_in_the_manual_is_the_document() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, DOCUMENT.as_str()).unwrap();
        }
        let copy = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            copy == *DOCUMENT,
            "docs/openapi.json is not the document; UPDATE=1 writes it anew"
        );
    }
}
