//! The document of the interface against the server: each answer of any test here is checked against it, and the roles
//! that it tells against those that are asked for. Deliberately absent: what JSON Schema has and the document does not use.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::body::Body;
use http::Request;
use model::Role;
use serde_json::{Map, Value};

use super::api_routes::set_up;
use super::fakes::{Answered, get, stage};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json"));
    serde_json::from_str(text).unwrap()
});

/// Whether `path` is one of `template`, whose parts in braces stand for anything.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(wanted, part)| wanted == part || wanted.starts_with('{') && !part.is_empty())
}

/// The operation of a request; a path without braces goes before one with.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let exact = paths.get(path).or_else(|| {
        paths.iter().find(|(template, _)| fits(template, path)).map(|(_, item)| item)
    })?;
    exact.get(method.to_ascii_lowercase())
}

/// Panics where an answer is not what the document says of it.
pub(crate) fn check(method: &str, path: &str, answered: &Answered) {
    let Some(operation) = operation(method, path) else { return };
    let line = format!("{method} {path} → {}", answered.status);
    let response = resolved(&operation["responses"][answered.status.to_string()]);
    assert!(response.is_object(), "{line} is not in the document: {answered:?}");
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answered.text, "", "{line} has no body");
        return;
    };
    let kind = answered.header("content-type");
    let form = content.get(kind).unwrap_or_else(|| panic!("{line}: {kind} is not in the document"));
    if !answered.whole {
        return;
    }
    let schema = &form["schema"];
    if kind.ends_with("json") && schema["type"] != "string" {
        let value: Value = serde_json::from_str(&answered.text).unwrap();
        if let Err(wrong) = validate(&value, schema) {
            panic!("{line}: {wrong} in {value}");
        }
    }
    if let Some(schema) = form.get("x-line") {
        for line in answered.text.lines() {
            validate(&serde_json::from_str(line).unwrap(), schema).unwrap();
        }
    }
}

fn resolved(schema: &'static Value) -> &'static Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(to) => DOCUMENT.pointer(to.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn list<'a>(schema: &'a Value, name: &str) -> &'a [Value] {
    schema.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// All that an object of `schema` may hold and must hold; `None` if it may hold anything.
fn members(schema: &'static Value) -> Option<(Map<String, Value>, BTreeSet<&'static str>)> {
    let schema = resolved(schema);
    let (mut known, mut needed) = (Map::new(), BTreeSet::new());
    for part in list(schema, "allOf") {
        let (more, also) = members(part)?;
        known.extend(more);
        needed.extend(also);
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        known.extend(properties.clone());
    } else if schema.get("allOf").is_none() {
        return None;
    }
    needed.extend(list(schema, "required").iter().map(|name| name.as_str().unwrap()));
    Some((known, needed))
}

/// What is wrong with a value, if anything. A member that the document does not name is wrong too.
fn validate(value: &Value, schema: &'static Value) -> Result<(), String> {
    let schema = resolved(schema);
    let either = list(schema, "oneOf");
    if !either.is_empty() {
        let wrong: Vec<String> =
            either.iter().filter_map(|one| validate(value, one).err()).collect();
        let fitting = either.len() - wrong.len();
        return if fitting == 1 {
            Ok(())
        } else {
            Err(format!("{fitting} of its forms fit {wrong:?}"))
        };
    }
    check_type(value, schema)?;
    if !list(schema, "enum").is_empty() && !list(schema, "enum").contains(value) {
        return Err(format!("{value} is none of {}", schema["enum"]));
    }
    if let Value::Array(values) = value {
        let places = list(schema, "prefixItems");
        for (place, value) in values.iter().enumerate() {
            let of_all = schema.get("items").filter(|items| items.is_object());
            if let Some(schema) = places.get(place).or(of_all) {
                validate(value, schema).map_err(|wrong| format!("[{place}]: {wrong}"))?;
            }
        }
    }
    let (Value::Object(object), Some((known, needed))) = (value, members(schema)) else {
        return Ok(());
    };
    if let Some(missing) = needed.iter().find(|name| !object.contains_key(**name)) {
        return Err(format!("{missing} is missing"));
    }
    for (name, value) in object {
        let Some(schema) = known.get(name) else { return Err(format!("{name} is unknown")) };
        // The document lives as long as the tests do; its copies here do so too.
        let schema: &'static Value = Box::leak(Box::new(schema.clone()));
        validate(value, schema).map_err(|wrong| format!("{name}: {wrong}"))?;
    }
    Ok(())
}

fn check_type(value: &Value, schema: &Value) -> Result<(), String> {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    };
    let fits = match schema.get("type") {
        None => true,
        Some(Value::Array(names)) => names.iter().any(is),
        Some(name) => is(name),
    };
    if fits { Ok(()) } else { Err(format!("{value} is no {}", schema["type"])) }
}

#[test]
fn the_check_finds_what_is_wrong() {
    let schema = |name: &str| DOCUMENT.pointer(&format!("/components/schemas/{name}")).unwrap();
    for (name, value, good) in [
        ("Role", r#""viewer""#, true),
        ("Role", r#""root""#, false),
        ("User", r#"{"name":"a","role":"viewer"}"#, true),
        ("User", r#"{"name":"a"}"#, false),
        ("User", r#"{"name":"a","role":"viewer","more":1}"#, false),
        ("User", r#"{"name":1,"role":"viewer"}"#, false),
        ("Frame", r#"{"frame":"beat","offset":7}"#, true),
        ("Frame", r#"{"frame":"rows","rows":[[1,"a",null]]}"#, true),
        ("Frame", r#"{"frame":"rows","rows":[1]}"#, false),
        ("Frame", r#"{"frame":"lines"}"#, false),
        ("QueryError", r#"{"kind":"limit","code":"","message":"m","span":[1,2],"hint":""}"#, true),
        ("QueryError", r#"{"kind":"limit","code":"","message":"m","span":["1"],"hint":""}"#, false),
    ] {
        let value = serde_json::from_str(value).unwrap();
        assert_eq!(validate(&value, schema(name)).is_ok(), good, "{name}: {value}");
    }
}

#[tokio::test]
async fn the_document_is_served_and_has_the_routes_that_are_listed() {
    let stage = stage();
    let served: Value =
        serde_json::from_str(&stage.send(get("/api/openapi.json")).await.text).unwrap();
    assert!(served == *DOCUMENT);
    let listed = stage.send(get("/api")).await.text;
    let listed = listed.lines().skip(2).filter(|line| !line.contains("/ingest/")).map(|line| {
        let mut words = line.split_whitespace();
        (words.next().unwrap().to_ascii_lowercase(), words.next().unwrap().to_owned())
    });
    let told = operations().into_iter().map(|(method, path, _)| (method, path));
    assert_eq!(listed.collect::<BTreeSet<_>>(), told.collect());
}

/// Each operation with the role that it tells.
fn operations() -> Vec<(String, String, Option<Role>)> {
    let mut all = Vec::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let role = operation["x-role"].as_str().unwrap();
            let role = (role != "none").then(|| role.parse().unwrap());
            assert!(!operation["summary"].as_str().unwrap().is_empty());
            assert!(!operation["operationId"].as_str().unwrap().is_empty());
            all.push((method.clone(), path.clone(), role));
        }
    }
    all
}

#[tokio::test]
async fn the_role_of_each_operation_is_the_one_that_is_asked_for() {
    for (method, path, needed) in operations() {
        let path = path.replace("{id}", "1").replace("{name}", "n").replace("{provider}", "auth0");
        let path = path.replace("{tenant}", "acme").replace("{source}", "poll");
        // Without a body: who may not ask is refused before it is read, and who may is told that it is missing.
        let request = |secret: Option<&str>, csrf: &str| {
            let head = Request::builder().method(method.to_ascii_uppercase().as_str()).uri(&path);
            let head =
                head.header("sec-fetch-site", "same-origin").header("x-doorledger-csrf", csrf);
            let head = match secret {
                Some(secret) => head.header("cookie", format!("doorledger_session={secret}")),
                None => head,
            };
            head.header("content-type", "application/json").body(Body::empty()).unwrap()
        };
        let line = format!("{method} {path}");
        let stage = set_up(vec![]);
        let nobody = stage.send(request(None, "")).await;
        let refused = nobody.status == 401 && nobody.code() == "signed_out";
        assert_eq!(refused, needed.is_some(), "{line}: {nobody:?}");
        for role in Role::ALL {
            let secret = stage.accounts.session_of(role);
            let mut standing = get("/api/v1/session");
            let cookie = format!("doorledger_session={secret}").parse().unwrap();
            standing.headers_mut().insert("cookie", cookie);
            let standing: Value = serde_json::from_str(&stage.send(standing).await.text).unwrap();
            let csrf = standing["csrf"].as_str().unwrap();
            let answered = stage.send(request(Some(&secret), csrf)).await;
            let is_refused = answered.status == 403 && answered.code() == "role";
            let too_little = needed.is_some_and(|needed| role < needed);
            assert_eq!(is_refused, too_little, "{line} as {role}: {answered:?}");
        }
    }
}
