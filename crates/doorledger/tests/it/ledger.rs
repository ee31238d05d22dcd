//! The ledger as a user sees it: the table in KQL, the statement as table, JSON and page, its signature, and what is told of
//! tenants and months that are not known.
//! Deliberately absent: counting under faults, which the demonstration compares hour by hour.

use serde_json::{Value, json};

use crate::program::{Server, Simulated, eventually, run, succeed};

/// A server that polls a simulated tenant and is sent events of another one.
fn start(folder: &std::path::Path, auth0: &Simulated) -> Server {
    let written = json!({
        "data": "data",
        "tenants": [
            {"name": "acme", "provider": "auth0", "sources": {
                "poll": {
                    "domain": "acme.eu.auth0.com", "base_url": auth0.told("base_url"), "interval": "200ms",
                    "start": "retention", "retention_days": 30,
                    "client_id": auth0.told("client_id"), "client_secret": auth0.told("client_secret"),
                },
                "stream": {"tokens": ["t"]},
            }},
            {"name": "globex", "provider": "onelogin", "sources": {"webhook": {"tokens": ["t"]}}},
        ],
    });
    std::fs::write(folder.join("doorledger.yaml"), written.to_string()).unwrap();
    Server::start(folder)
}

/// Events of each hour that the tenant says it has, and those that the ledger says were stored.
fn compare(server: &Server, auth0: &Simulated) -> Result<(), String> {
    let account: Value = serde_json::from_str(&auth0.get("/__account")).unwrap();
    let question = "Ledger | where Tenant == 'acme' and Stored > 0 | summarize sum(Stored) by TimeGenerated \
                    | project format_datetime(TimeGenerated, 'yyyy-MM-ddTHH'), sum_Stored";
    let rows = server.rows(question).into_iter();
    let told: Value =
        rows.map(|row| (row[0].as_str().unwrap().to_owned(), row[1].clone())).collect();
    if told == account["per_hour"] {
        Ok(())
    } else {
        Err(format!("{told} not {}", account["per_hour"]))
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn a_month_is_told_signed_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let auth0 = Simulated::start(folder, &["auth0", "--events", "60", "--days", "2"]);
    let server = start(folder, &auth0);
    eventually(|| compare(&server, &auth0));
    server.wait_for_count("Auth0Logs_CL | count", 60);
    let event = server.rows("Auth0Logs_CL | take 1 | project tostring(RawEvent)");
    let event = event[0][0].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(server.post("/ingest/auth0/acme/stream", "t", event.as_bytes()).0, 200);
    }
    let pushed = "Ledger | where Channel == 'push' and Tenant == 'acme' | project Received, Stored, Both, Duplicates, Source";
    assert_eq!(json!(server.rows(pushed)), json!([[2, 0, 1, 1, "stream"]]));
    eventually(|| {
        let old = "Ledger | where Tenant == 'acme' and TimeGenerated < ago(3h) | summarize count(), countif(Proved)";
        let found = server.rows(old).remove(0);
        // Thirty days of retention; the first of their hours is not whole.
        if found[0] == found[1] || found[0].as_u64() == found[1].as_u64().map(|proved| proved + 1) {
            Ok(())
        } else {
            Err(json!(found).to_string())
        }
    });
    let webhook = br#"{"uuid":"u1","event_timestamp":"2026-06-10 10:00:05 UTC","event_type_id":5,"account_id":7}"#;
    assert_eq!(server.post("/ingest/onelogin/globex/webhook", "t", webhook).0, 200);
    let globex = server.rows("Ledger | where Tenant == 'globex' | project Proved, State, GapCause");
    assert_eq!(json!(globex), json!([[false, "not_proved", "the tenant was never polled"]]));
    let month = server.rows("print format_datetime(ago(1d), 'yyyy-MM')");
    let month = month[0][0].as_str().unwrap();
    let ask = |tenant: &str, month: &str, format: &str| {
        run(
            folder,
            &["completeness", tenant, "--month", month, "--format", format, "--url", &server.url],
        )
    };
    let table = ask("acme", month, "table");
    assert_eq!(table.code, 0, "{}", table.err);
    assert!(table.out.contains(&format!("auth0/acme in {month}: ")), "{}", table.out);
    for (tenant, month, expected) in [
        ("acmee", month, "did you mean `acme`?"),
        ("auth0/acme", "2020-06", "the nearest month is 20"),
        ("acme", "June", "write year and month"),
    ] {
        let told = ask(tenant, month, "json");
        assert_ne!(told.code, 0);
        assert!(told.err.contains(expected), "{}", told.err);
    }
    let mut keys = Vec::new();
    for format in ["json", "html"] {
        let document = ask("auth0/acme", month, format).out;
        let file = format!("statement.{format}");
        std::fs::write(folder.join(&file), &document).unwrap();
        let told = succeed(folder, &["verify", "--statement", &file]);
        assert!(told.contains("is as it was signed"), "{told}");
        let key = told.split_whitespace().find(|word| word.starts_with("ed25519:")).unwrap();
        keys.push(key.trim_end_matches(',').to_owned());
        std::fs::write(folder.join(&file), document.replace("acme", "acne")).unwrap();
        let told = run(folder, &["verify", "--statement", &file]);
        assert_eq!(told.code, 1, "{}", told.out);
        assert!(told.err.contains("was changed"), "{}", told.err);
    }
    assert_eq!(keys[0], keys[1]);
    assert_eq!(server.stop(), 0);
    // The folder tells the same without its server.
    let arguments = [
        "--config",
        "doorledger.yaml",
        "completeness",
        "acme",
        "--month",
        month,
        "--format",
        "json",
    ];
    let document = succeed(folder, &[&arguments[..], &["--data", "data"]].concat());
    let signed: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(signed["public_key"], json!(keys[0]));
    std::fs::write(folder.join("again.json"), document).unwrap();
    succeed(folder, &["verify", "--statement", "again.json", "--key", &keys[0]]);
}

#[test]
fn an_event_of_two_tellings_is_one_row_with_the_fields_of_both() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let api = r#"{"id":45016591484,"created_at":"2026-06-10T10:00:05.123Z","account_id":7,"user_id":1,"event_type_id":72,"notes":null,"ipaddr":"203.0.113.7","actor_user_id":2}"#;
    let webhook = br#"[{"create":{"_id":"u-1"},"uuid":"u-1","event_timestamp":"2026-06-10 10:00:05 UTC","event_type_id":72,"account_id":7,"user_id":1,"actor_user_id":2,"ipaddr":"203.0.113.7","notes":null,"privilege_name":"Super user"}]"#;
    std::fs::write(folder.join("events.ndjson"), api).unwrap();
    let onelogin = Simulated::start(folder, &["onelogin", "--events-file", "events.ndjson"]);
    // The events are older than what is remembered by default.
    let written = json!({"data": "data", "journal": {"dedup_days": 3660}, "tenants": [{"name": "globex", "provider": "onelogin", "sources": {
        "poll": {
            "base_url": onelogin.told("base_url"), "start": "2026-06-01", "interval": "200ms",
            "client_id": onelogin.told("client_id"), "client_secret": onelogin.told("client_secret"),
        },
        "webhook": {"tokens": ["t"]},
    }}]});
    std::fs::write(folder.join("doorledger.yaml"), written.to_string()).unwrap();
    let server = Server::start(folder);
    assert_eq!(server.post("/ingest/onelogin/globex/webhook", "t", webhook).0, 200);
    let question = "OneLoginEventsV2_CL | project EventId, Uuid, PrivilegeName, format_datetime(TimeGenerated, 'ss.fff')";
    eventually(|| {
        let found = json!(server.rows(question));
        let expected = json!([[45_016_591_484.0, "u-1", "Super user", "05.123"]]);
        if found == expected { Ok(()) } else { Err(found.to_string()) }
    });
    // The page is read again and again, the delivery is repeated: it stays one.
    assert_eq!(server.post("/ingest/onelogin/globex/webhook", "t", webhook).0, 200);
    let counts = server.rows("Ledger | summarize sum(Stored), sum(Both)");
    assert_eq!(json!(counts), json!([[1, 1]]));
    server.wait_for_count("OneLoginEventsV2_CL | count", 1);
    assert_eq!(server.stop(), 0);
}
