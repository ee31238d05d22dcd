//! Tenants and destinations over HTTP: what is handed on, how refusals are told, and that what is told once is told once.
//! Deliberately absent: what becomes of them (`doorledger`).

use axum::body::Body;
use http::Request;
use model::Role;
use serde_json::{Value, json};

use super::fakes::{Setting, get, post_json, stage, stage_with};

const TENANTS: &str = "/api/v1/tenants";
const SOURCE: &str = "/api/v1/sources/auth0/acme/poll";
const DESTINATIONS: &str = "/api/v1/destinations";

fn put_json(path: &str, body: &Value) -> Request<Body> {
    let request = Request::put(path).header("content-type", "application/json");
    request.body(body.to_string().into()).unwrap()
}

fn delete(path: &str) -> Request<Body> {
    Request::delete(path).body(Body::empty()).unwrap()
}

fn tenant(name: &str) -> Value {
    json!({"provider": "auth0", "name": name, "sources": {"poll": {"domain": "acme.eu.auth0.com"}}})
}

fn destination(name: &str) -> Value {
    json!({"name": name, "kind": "azure_logs_ingestion", "config": {}})
}

/// Each route with what it asks for, and a request that is good.
pub(crate) fn guarded() -> Vec<(Role, Request<Body>)> {
    use Role::{Administrator, Viewer};
    let post = |path: &str, body: Value| (Administrator, post_json(path, body.to_string()));
    vec![
        (Viewer, get("/api/v1/kinds")),
        (Viewer, get(TENANTS)),
        post(TENANTS, tenant("acme")),
        (Administrator, put_json("/api/v1/tenants/auth0/acme", &tenant("acme"))),
        (Administrator, delete("/api/v1/tenants/auth0/acme")),
        post("/api/v1/tenants/test", json!({"provider": "auth0", "name": "acme"})),
        post(&format!("{SOURCE}/pause"), json!({})),
        post(&format!("{SOURCE}/resume"), json!({})),
        post(&format!("{SOURCE}/rotate"), json!({"secret": "s"})),
        (Viewer, get(DESTINATIONS)),
        post(DESTINATIONS, destination("new")),
        (Administrator, put_json("/api/v1/destinations/new", &destination("new"))),
        (Administrator, delete("/api/v1/destinations/new")),
        post("/api/v1/destinations/test", destination("new")),
        post("/api/v1/destinations/new/pause", json!({})),
        post("/api/v1/destinations/new/resume", json!({})),
    ]
}

#[tokio::test]
async fn what_is_asked_is_handed_on() {
    let stage = stage();
    for (_, request) in guarded() {
        let path = request.uri().path().to_owned();
        let answered = stage.send(request).await;
        assert!(answered.status < 300, "{path}: {answered:?}");
    }
    let asked = stage.applications.asked.lock().unwrap().clone();
    let expected = [
        "add auth0/acme",
        "change auth0/acme",
        "remove auth0/acme",
        "test auth0/acme",
        "pause auth0/acme/poll true",
        "pause auth0/acme/poll false",
        "rotate auth0/acme/poll 24",
        "add azure_logs_ingestion new",
        "change new",
        "remove new",
        "test new",
        "pause new true",
        "pause new false",
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn refusals_say_where_and_why() {
    let stage = stage();
    let wrong = json!({"provider": "auth0", "name": "acme", "sources": {"poll": {"wrong": 1}}});
    let answered = stage.send(post_json(TENANTS, wrong.to_string())).await;
    assert_eq!((answered.status, answered.code().as_str()), (400, "invalid"));
    let told: Value = serde_json::from_str(&answered.text).unwrap();
    assert_eq!(told["problems"][0]["path"], "sources.poll.wrong");
    assert_eq!(told["hint"], "drop it");
    let taken = stage.send(post_json(DESTINATIONS, destination("taken").to_string())).await;
    assert_eq!((taken.status, taken.code().as_str()), (409, "taken"));
    let told: Value = serde_json::from_str(&taken.text).unwrap();
    assert_eq!(told["problems"][0]["path"], "name", "{told}");
    for (request, status, code) in [
        (post_json(TENANTS, tenant("file").to_string()), 409, "managed_by_file"),
        (delete("/api/v1/tenants/auth0/file"), 409, "managed_by_file"),
        (put_json("/api/v1/tenants/auth0/acme", &tenant("other")), 400, "invalid"),
        (put_json("/api/v1/destinations/new", &destination("other")), 400, "invalid"),
        (post_json(&format!("{SOURCE}/rotate"), r#"{"keep_old_hours": 721}"#), 400, "invalid"),
        (post_json(TENANTS, r#"{"provider": "auth0", "surprise": 1}"#), 400, "json_malformed"),
    ] {
        let answered = stage.send(request).await;
        assert_eq!((answered.status, answered.code().as_str()), (status, code), "{answered:?}");
    }
}

#[tokio::test]
async fn address_and_secret_of_what_is_pushed_are_told_once() {
    let stage = stage();
    let draft = json!({"provider": "auth0", "name": "acme", "sources": {"poll": {}, "stream": {}}});
    let answered = stage.send(post_json(TENANTS, draft.to_string())).await;
    assert_eq!(answered.status, 201);
    let made: Value = serde_json::from_str(&answered.text).unwrap();
    let url = "http://localhost/ingest/auth0/acme/stream";
    assert_eq!(made["url"], url);
    assert_eq!(made["secret"], "made-here");
    assert_eq!(
        made["sources"],
        json!([{"source": "auth0/acme/stream", "url": url, "secret": "made-here"}])
    );
    let listed = stage.send(get(TENANTS)).await;
    let listed: Value = serde_json::from_str(&listed.text).unwrap();
    assert_eq!(listed["public_url"], Value::Null);
    let source = &listed["tenants"][0]["sources"][0];
    assert_eq!(source["url"], "http://localhost/ingest/auth0/file/stream");
    assert_eq!(source["config"], json!({"tokens": {"set": true}}));
    let rotated = stage.send(post_json(&format!("{SOURCE}/rotate"), "{}")).await;
    assert_eq!(rotated.text, r#"{"secret":"made-here"}"#);
    let rotated = stage.send(post_json(&format!("{SOURCE}/rotate"), r#"{"secret":"own"}"#)).await;
    assert_eq!(rotated.text, r#"{"secret":null}"#);
}

#[tokio::test]
async fn push_addresses_begin_with_the_configured_address_however_the_server_was_asked() {
    let public_url = Some("https://logs.example.com/ledger".to_owned());
    let stage = stage_with(Setting { public_url, ..Setting::default() });
    let draft = json!({"provider": "auth0", "name": "acme", "sources": {"stream": {}}});
    let url = "https://logs.example.com/ledger/ingest/auth0/acme/stream";
    let added = post_json(TENANTS, draft.to_string());
    let changed = put_json("/api/v1/tenants/auth0/acme", &draft);
    for request in [added, changed] {
        let answered = stage.send(request).await;
        let made: Value = serde_json::from_str(&answered.text).unwrap();
        assert_eq!((&made["url"], &made["sources"][0]["url"]), (&json!(url), &json!(url)));
    }
    let listed = stage.send(get(TENANTS)).await;
    let listed: Value = serde_json::from_str(&listed.text).unwrap();
    assert_eq!(listed["public_url"], "https://logs.example.com/ledger");
    let url = &listed["tenants"][0]["sources"][0]["url"];
    assert_eq!(*url, "https://logs.example.com/ledger/ingest/auth0/file/stream");
}
