//! Reading what a tenant still holds, in several parts at once, of simulated tenants with a rate limit.
//! Deliberately absent: how fast that is (`bench`).

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Simulated, run, succeed};

/// Writes a configuration whose one tenant is the simulated one.
fn configure(folder: &Path, auth0: &Simulated) {
    let poll = json!({
        "base_url": auth0.told("base_url"), "client_id": auth0.told("client_id"),
        "client_secret": auth0.told("client_secret"), "rate_share": 1, "retention_days": 30,
    });
    let tenant = json!({ "name": "acme", "provider": "auth0", "sources": { "poll": poll } });
    let document = json!({ "data": "data", "tenants": [tenant] });
    std::fs::write(folder.join("doorledger.json"), document.to_string()).unwrap();
}

fn number(folder: &Path, text: &str) -> u64 {
    let told = succeed(folder, &["query", "--data", "data", "--format", "json", text]);
    let answer: Value = serde_json::from_str(&told).unwrap();
    answer["tables"][0]["rows"][0][0].as_u64().unwrap()
}

#[test]
fn a_past_read_in_parts_is_whole_and_without_doubles() {
    let folder = tempfile::tempdir().unwrap();
    let simulate = ["auth0", "--events", "4000", "--days", "20", "--plan", "private-cloud"];
    let auth0 = Simulated::start(folder.path(), &simulate);
    configure(folder.path(), &auth0);
    let told = succeed(folder.path(), &["--config", "doorledger.json", "backfill", "--dry-run"]);
    assert!(told.contains("dies in") && told.contains("auth0/acme/poll"), "{told}");
    assert_eq!(number(folder.path(), "Auth0Logs_CL | count"), 0);
    let ran = run(folder.path(), &["--config", "doorledger.json", "backfill"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    let held: Value = serde_json::from_str(&auth0.get("/__account")).unwrap();
    let found = number(folder.path(), "Auth0Logs_CL | count");
    assert_eq!(Some(found), held["events"].as_u64(), "{held}");
    assert_eq!(found, number(folder.path(), "Auth0Logs_CL | distinct LogId | count"));
    let told = succeed(folder.path(), &["--config", "doorledger.json", "backfill", "--dry-run"]);
    assert!(told.contains("nothing is missing"), "{told}");
    // Read again, everything is there already.
    let again = run(folder.path(), &["--config", "doorledger.json", "backfill"]);
    assert!(again.err.contains("(0 new)") || again.out.contains("(0 new)"), "{}", again.err);
}
