//! What destinations get, seen from a simulated Azure: events that came in while no server ran, what a destination had not
//! got when it was left out of the configuration, nothing twice after kills but what was on its way.
//! Deliberately absent: forms and refusals of Azure (`destinations` has those).

use std::path::Path;

use serde_json::{Value, json};

use crate::collector::Collector;
use crate::program::{Server, Simulated, eventually, run, succeed};

const TABLE: &str = "Auth0Logs_CL";

fn tenants() -> Value {
    json!([
        {"name": "acme", "provider": "auth0", "sources": {"stream": {"tokens": ["t"], "domain": "acme.eu.auth0.com"}}},
        {"name": "globex", "provider": "onelogin", "sources": {"webhook": {"tokens": ["t"]}}},
    ])
}

/// A destination at the simulated Azure.
fn destination(azure: &Simulated, name: &str, start: &str) -> Value {
    json!({
        "name": name, "start": start, "kind": "azure_logs_ingestion", "endpoint": azure.told("base_url"),
        "dcr_immutable_id": azure.told("dcr_immutable_id"), "authority": azure.told("base_url"),
        "identity": {
            "kind": "client_secret", "tenant_id": azure.told("tenant_id"), "client_id": azure.told("client_id"),
            "client_secret": azure.told("client_secret"),
        },
    })
}

fn configure(folder: &Path, destinations: &[Value]) {
    let written = json!({"data": "data", "tenants": tenants(), "destinations": destinations});
    std::fs::write(folder.join("doorledger.yaml"), written.to_string()).unwrap();
}

fn events(numbers: std::ops::Range<u64>) -> String {
    let lines = numbers.map(|number| {
        format!("{{\"log_id\":\"900{number:053}\",\"date\":\"2026-11-20T10:00:00.000Z\",\"type\":\"s\"}}\n")
    });
    lines.collect()
}

/// What the table at Azure tells of itself: records, and different events among them.
fn received(azure: &Simulated, table: &str) -> (u64, u64) {
    let account: Value = serde_json::from_str(&azure.get("/__account")).unwrap();
    let tables = account["tables"].as_object().unwrap();
    let found = tables.iter().find(|(name, _)| name.contains(table)).map(|(_, table)| table);
    let number = |name: &str| found.and_then(|table| table[name].as_u64()).unwrap_or(0);
    (number("records"), number("distinct"))
}

#[track_caller]
fn wait_for(azure: &Simulated, expected: u64) {
    eventually(|| match received(azure, TABLE) {
        (_, distinct) if distinct == expected => Ok(()),
        found => Err(format!("{found:?}, not {expected}")),
    });
}

fn import(folder: &Path, numbers: std::ops::Range<u64>) {
    std::fs::write(folder.join("events.ndjson"), events(numbers)).unwrap();
    let arguments = ["import", "--provider", "auth0", "--tenant", "acme", "events.ndjson"];
    succeed(folder, &[&["--config", "doorledger.yaml"], &arguments[..]].concat());
}

#[test]
fn what_is_imported_without_a_server_is_shipped_to_a_destination_that_never_ran() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure"]);
    // It wants only what comes from now on; but from now on it is registered.
    configure(folder.path(), &[destination(&azure, "sentinel", "now")]);
    import(folder.path(), 0..300);
    let server = Server::start(folder.path());
    wait_for(&azure, 300);
    server.wait_for_count(
        &format!("{TABLE} | where Auth0Domain == 'acme.eu.auth0.com' | count"),
        300,
    );
    assert_eq!(server.stop(), 0);
    assert_eq!(received(&azure, TABLE), (300, 300));
}

#[test]
fn a_folder_read_without_its_configuration_tells_the_same_domain() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &[]);
    let server = Server::start(folder.path());
    assert_eq!(server.post("/ingest/auth0/acme/stream", "t", events(0..5).as_bytes()).0, 200);
    // Its rows are in the journal alone.
    server.kill();
    std::fs::remove_file(folder.path().join("doorledger.yaml")).unwrap();
    let question = format!("{TABLE} | summarize count() by Auth0Domain");
    let told = succeed(folder.path(), &["query", "--data", "data", "--format", "csv", &question]);
    assert_eq!(told.lines().nth(1), Some("acme.eu.auth0.com,5"));
}

#[test]
fn a_removed_destination_keeps_what_it_has_not_got_until_it_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure"]);
    let dead = Simulated::start(folder.path(), &["azure", "--fault", "server-error=1"]);
    let old = destination(&dead, "former", "beginning");
    let sentinel = destination(&azure, "sentinel", "beginning");
    configure(folder.path(), &[old.clone(), sentinel.clone()]);
    import(folder.path(), 0..40);
    let server = Server::start(folder.path());
    wait_for(&azure, 40);
    let refused = run(folder.path(), &["destinations", "forget", "--url", &server.url, "former"]);
    assert_eq!(refused.code, 65, "{}", refused.err);
    assert!(refused.err.contains("`former` is configured"), "{}", refused.err);
    assert_eq!(server.stop(), 0);

    configure(folder.path(), std::slice::from_ref(&sentinel));
    for _ in 0..2 {
        let server = Server::start(folder.path());
        let status = server.status();
        let removed = &status["destinations"][1];
        assert_eq!(
            (&removed["name"], &removed["state"], &removed["backlog_events"]),
            (&json!("former"), &json!("removed"), &json!(40)),
            "{status}"
        );
        assert_eq!(status["light"], "yellow");
        let shown = succeed(folder.path(), &["status", "--url", &server.url]);
        assert!(shown.contains("doorledger destinations forget former"), "{shown}");
        assert_eq!(server.stop(), 0);
    }

    // Back under its name, at a service that works, it gets what it had not got.
    configure(folder.path(), &[destination(&azure, "former", "now"), sentinel.clone()]);
    let server = Server::start(folder.path());
    eventually(|| match received(&azure, TABLE) {
        (80, 40) => Ok(()),
        found => Err(format!("{found:?}")),
    });
    assert_eq!(server.stop(), 0);

    configure(folder.path(), &[old, sentinel.clone()]);
    import(folder.path(), 40..50);
    configure(folder.path(), &[sentinel]);
    let server = Server::start(folder.path());
    wait_for(&azure, 50);
    let unknown = run(folder.path(), &["destinations", "forget", "--url", &server.url, "fromer"]);
    assert!(unknown.err.contains("removed are: former"), "{}", unknown.err);
    let forgotten = run(folder.path(), &["destinations", "forget", "--url", &server.url, "former"]);
    assert_eq!(forgotten.code, 0, "{}", forgotten.err);
    assert!(forgotten.err.contains("10 events were not sent"), "{}", forgotten.err);
    let listed = succeed(folder.path(), &["destinations", "list", "--url", &server.url]);
    assert!(listed.contains("sentinel") && !listed.contains("former"), "{listed}");
    assert_eq!(server.status()["light"], "green");
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_removed_destination_is_forgotten_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let dead = Simulated::start(folder.path(), &["azure", "--fault", "server-error=1"]);
    configure(folder.path(), &[destination(&dead, "former", "beginning")]);
    import(folder.path(), 0..7);
    let forget =
        ["--config", "doorledger.yaml", "destinations", "forget", "--data", "data", "former"];
    let refused = run(folder.path(), &forget);
    assert!(
        refused.code == 65 && refused.err.contains("`former` is configured"),
        "{}",
        refused.err
    );
    configure(folder.path(), &[]);
    let forgotten = run(folder.path(), &forget);
    assert!(forgotten.code == 0 && forgotten.err.contains("7 events"), "{}", forgotten.err);
    assert_eq!(run(folder.path(), &forget).code, 65, "only once");
}

#[test]
fn what_was_answered_for_before_a_kill_is_not_sent_again() {
    const LOGS: usize = 1_200;
    let folder = tempfile::tempdir().unwrap();
    let ship_to = |collector: &Collector| {
        let destination = json!({
            "name": "workspace", "kind": "azure_data_collector", "log_analytics_uri": collector.url,
            "workspace_id": "97e1d0b4-3c5f-4b62-8d41-6f2f6a1c9b70", "shared_key": "c2Vjb25kYXJ5IGtleQ==",
        });
        configure(folder.path(), &[destination]);
    };
    let silent = Collector::start("OneLogin");
    ship_to(&silent);
    // In the journal the table that is never answered for comes first: the saved offset cannot pass it.
    let logins: String = (0..20)
        .map(|n| format!("{{\"uuid\":\"u-{n}\",\"event_type_id\":5,\"event_timestamp\":\"2026-11-20 10:00:00 UTC\"}}\n"))
        .collect();
    let filler = "x".repeat(2_000);
    let logs: String = (0..LOGS)
        .map(|n| {
            format!("{{\"log_id\":\"900{n:053}\",\"date\":\"2026-11-20T10:00:00.000Z\",\"description\":\"{filler}\"}}\n")
        })
        .collect();
    for (provider, tenant, lines) in [("onelogin", "globex", logins), ("auth0", "acme", logs)] {
        std::fs::write(folder.path().join("events.ndjson"), lines).unwrap();
        let import = ["import", "--provider", provider, "--tenant", tenant, "events.ndjson"];
        succeed(folder.path(), &[&["--config", "doorledger.yaml"], &import[..]].concat());
    }
    let server = Server::start(folder.path());
    // What is counted as sent is saved as such.
    eventually(|| match server.status()["destinations"][0]["sent_events"].as_u64() {
        Some(sent) if sent == LOGS as u64 => Ok(()),
        sent => Err(format!("{sent:?} sent")),
    });
    assert_eq!(server.status()["destinations"][0]["backlog_events"], 20 + LOGS);
    server.kill();
    assert_eq!((silent.count("OneLogin"), silent.count("Auth0AM")), (0, LOGS));

    let both = Collector::start("");
    ship_to(&both);
    let server = Server::start(folder.path());
    eventually(|| match server.status()["destinations"][0]["backlog_events"].as_u64() {
        Some(0) => Ok(()),
        backlog => Err(format!("{backlog:?} left")),
    });
    assert_eq!((both.count("OneLogin"), both.count("Auth0AM")), (20, 0));
    assert_eq!(server.stop(), 0);
}
