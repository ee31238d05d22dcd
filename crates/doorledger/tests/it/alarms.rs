//! Alarms about the collecting, of a server with a stream: they open, are told once, and are still open after a restart.
//! Deliberately absent: when each alarm opens; the rules have tests of their own.

use serde_json::{Value, json};

use crate::program::{Server, eventually};

#[test]
fn a_deleted_stream_and_an_expired_secret_are_told_once_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let stream = json!({ "tokens": ["right-token"], "secret_expires": "2026-01-01" });
    let tenant = json!({ "name": "acme", "provider": "auth0", "sources": { "stream": stream } });
    let document = json!({ "data": "data", "tenants": [tenant] });
    std::fs::write(folder.path().join("doorledger.yaml"), document.to_string()).unwrap();

    let server = Server::start(folder.path());
    let now = server.status()["now"].clone();
    let event = json!({
        "log_id": "90020261120180000000000000000000000001223372036854775900", "date": now, "type": "sapi",
        "description": "Delete a log stream", "user_name": "mallory@example.com",
    });
    let (status, answer) =
        server.post("/ingest/auth0/acme/stream", "right-token", event.to_string().as_bytes());
    assert_eq!(status, 200, "{answer}");
    server.wait_for_count("Alarms | where State == 'opened' | count", 2);
    let told = "Alarms | project Alarm, State, Severity, Tenant, Source | order by Alarm asc";
    let expected = json!([
        ["channel_changed", "opened", "red", "acme", "stream"],
        ["secret_expires", "opened", "red", "acme", "stream"],
    ]);
    assert_eq!(json!(server.rows(told)), expected);
    server.kill();

    let server = Server::start(folder.path());
    let open = |status: &Value| status["alarms"].as_array().map_or(0, Vec::len);
    eventually(|| match server.status() {
        status if open(&status) == 2 && status["light"] == "red" => Ok(()),
        status => Err(status.to_string()),
    });
    // The tables hold what the journal holds as soon as it was read again.
    server.wait_for_count("Alarms | count", 2);
    assert_eq!(json!(server.rows(told)), expected);
    assert_eq!(server.stop(), 0);
}
