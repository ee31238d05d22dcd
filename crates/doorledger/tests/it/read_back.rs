//! Destinations that are asked what they show: one that loses what it acknowledged, one that keeps it, one that nobody may
//! ask.
//! Deliberately absent: when it is asked, and which counts are a loss; the comparison has tests of its own.

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Server, Simulated, eventually, succeed};

const EVENTS: u64 = 200;

fn configure(folder: &Path, destinations: &[Value]) {
    let stream = json!({"tokens": ["t"], "domain": "acme.eu.auth0.com"});
    let tenant = json!({"name": "acme", "provider": "auth0", "sources": {"stream": stream}});
    let written = json!({"data": "data", "tenants": [tenant], "destinations": destinations});
    std::fs::write(folder.join("doorledger.yaml"), written.to_string()).unwrap();
}

fn destination(azure: &Simulated, name: &str) -> Value {
    json!({
        "name": name, "kind": "azure_logs_ingestion", "endpoint": azure.told("base_url"),
        "dcr_immutable_id": azure.told("dcr_immutable_id"), "authority": azure.told("base_url"),
        "identity": {
            "kind": "client_secret", "tenant_id": azure.told("tenant_id"), "client_id": azure.told("client_id"),
            "client_secret": azure.told("client_secret"),
        },
    })
}

fn read_back(azure: &Simulated, mut destination: Value, workspace_id: &str) -> Value {
    destination["read_back"] = json!({
        "workspace_id": workspace_id, "endpoint": azure.told("base_url"), "grace_seconds": 0,
    });
    destination
}

fn state(status: &Value, destination: usize) -> &str {
    status["destinations"][destination]["read_back"]["state"].as_str().unwrap_or_default()
}

#[track_caller]
fn wait_for_states(server: &Server, expected: [&str; 3]) -> Value {
    eventually(|| match server.status() {
        status if [0, 1, 2].map(|at| state(&status, at)) == expected => Ok(()),
        status => Err(status.to_string()),
    });
    server.status()
}

#[test]
fn what_was_acknowledged_and_is_not_shown_is_an_alarm_and_not_knowing_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let lossy = Simulated::start(folder.path(), &["azure", "--fault", "swallow=0.3"]);
    let whole = Simulated::start(folder.path(), &["azure"]);
    let unread =
        [destination(&lossy, "lossy"), destination(&whole, "whole"), destination(&whole, "closed")];
    configure(folder.path(), &unread);
    let server = Server::start(folder.path());
    let now = server.status()["now"].as_str().unwrap().to_owned();
    let events: String = (0..EVENTS)
        .map(|number| {
            format!("{{\"log_id\":\"900{number:053}\",\"date\":\"{now}\",\"type\":\"s\"}}\n")
        })
        .collect();
    assert_eq!(server.post("/ingest/auth0/acme/stream", "t", events.as_bytes()).0, 200);
    eventually(|| {
        let status = server.status();
        let sent = |at: usize| status["destinations"][at]["sent_events"].as_u64();
        let all = [0, 1, 2].map(sent) == [Some(EVENTS); 3];
        if all { Ok(()) } else { Err(status.to_string()) }
    });
    assert_eq!(server.stop(), 0);

    // What was acknowledged before anybody asked is compared too.
    let [first, second, third] = unread;
    let asked = [
        read_back(&lossy, first, lossy.told("workspace_id")),
        read_back(&whole, second, whole.told("workspace_id")),
        read_back(&whole, third, "00000000-0000-0000-0000-000000000000"),
    ];
    configure(folder.path(), &asked);
    let account: Value = serde_json::from_str(&lossy.get("/__account")).unwrap();
    let kept = account["tables"]["Auth0Logs_CL"]["records"].as_u64().unwrap();
    assert!((1..EVENTS).contains(&kept), "{kept}");
    let states = ["fewer", "agrees", "not_known"];
    let told =
        "Alarms | where Alarm == 'sent_not_seen' | project State, Severity, Destination, Message";
    let message = format!(
        "of {EVENTS} events that it acknowledged for Auth0Logs_CL of the hour from {} {}:00:00Z, {kept} are to be seen",
        &now[..10],
        &now[11..13]
    );
    // A restart neither asks again within the hour nor closes what nobody has looked at since.
    for _ in 0..2 {
        let server = Server::start(folder.path());
        server.wait_for_count("Alarms | where Alarm == 'sent_not_seen' | count", 1);
        let status = wait_for_states(&server, states);
        assert_eq!(json!(server.rows(told)), json!([["opened", "red", "lossy", message]]));
        assert_eq!(status["light"], "red");
        let reasons = status["reasons"].to_string();
        assert!(reasons.contains("destination closed: it is not known what it shows"), "{reasons}");
        let open: Vec<&Value> = status["alarms"].as_array().unwrap().iter().collect();
        assert_eq!(open.len(), 1, "{status}");
        assert_eq!(open[0]["destination"], "lossy");
        let closed = &status["destinations"][2]["read_back"];
        assert!(
            closed["message"].as_str().unwrap().contains("InsufficientAccessError"),
            "{closed}"
        );
        assert!(closed["hint"].as_str().unwrap().contains("Log Analytics Reader"), "{closed}");
        assert!(!status.to_string().contains(lossy.told("client_secret")), "{status}");
        assert_eq!(server.stop(), 0);
    }
    let log = succeed(folder.path(), &["query", "--data", "data", "--format", "csv", told]);
    assert!(!log.contains(lossy.told("client_secret")), "{log}");
}
