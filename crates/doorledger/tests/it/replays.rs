//! Sending a destination again what the lake holds, and dealing with dead letters, seen from a simulated Azure.
//! Deliberately absent: live shipping (`shipping`).

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Server, Simulated, eventually, run, succeed};

fn configure(folder: &Path, azure: &Simulated, start: &str) {
    let written = json!({
        "data": "data",
        "tenants": [
            {"name": "acme", "provider": "auth0", "sources": {"stream": {"tokens": ["t"]}}},
            {"name": "globex", "provider": "onelogin", "sources": {"webhook": {"tokens": ["t"]}}},
        ],
        "destinations": [{
            "name": "sentinel", "start": start, "kind": "azure_logs_ingestion",
            "endpoint": azure.told("base_url"), "dcr_immutable_id": azure.told("dcr_immutable_id"),
            "authority": azure.told("base_url"),
            "identity": {
                "kind": "client_secret", "tenant_id": azure.told("tenant_id"),
                "client_id": azure.told("client_id"), "client_secret": azure.told("client_secret"),
            },
        }],
    });
    std::fs::write(folder.join("doorledger.yaml"), written.to_string()).unwrap();
}

/// Events of an hour of 20 November, every second one of type `f`.
fn events(hour: u8, numbers: std::ops::Range<u64>) -> String {
    let line = |number: u64| {
        let kind = if number.is_multiple_of(2) { "s" } else { "f" };
        format!(
            "{{\"log_id\":\"900{number:053}\",\"date\":\"2026-11-20T{hour:02}:00:00.000Z\",\"type\":\"{kind}\"}}\n"
        )
    };
    numbers.map(line).collect()
}

/// Imports without a configuration, so that no destination gets the events as they come.
fn import(folder: &Path, provider: &str, tenant: &str, text: &str) {
    std::fs::write(folder.join("events.ndjson"), text).unwrap();
    let import = ["import", "--provider", provider, "--tenant", tenant, "--data", "data"];
    succeed(folder, &[&import[..], &["events.ndjson"]].concat());
}

/// Records of all tables at Azure, and different events among them.
fn received(azure: &Simulated) -> (u64, u64) {
    let account: Value = serde_json::from_str(&azure.get("/__account")).unwrap();
    let tables = account["tables"].as_object().unwrap();
    let sum = |name: &str| tables.values().map(|it| it[name].as_u64().unwrap_or(0)).sum();
    (sum("records"), sum("distinct"))
}

fn replay(folder: &Path, server: Option<&Server>, more: &[&str]) -> crate::program::Ran {
    let mut arguments = vec!["--config", "doorledger.yaml", "replay", "--to", "sentinel"];
    match server {
        Some(server) => arguments.extend(["--url", server.url.as_str()]),
        None => arguments.extend(["--data", "data"]),
    }
    arguments.extend(more);
    run(folder, &arguments)
}

#[test]
fn a_stopped_folder_sends_what_the_range_and_the_condition_mean_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure"]);
    configure(folder.path(), &azure, "now");
    import(folder.path(), "auth0", "acme", &events(9, 0..100));
    import(folder.path(), "auth0", "acme", &events(21, 100..9_300));
    import(
        folder.path(),
        "onelogin",
        "globex",
        r#"{"id":1,"event_type_id":5,"created_at":"2026-11-20T21:30:00.000Z"}"#,
    );
    let since = ["--since", "2026-11-20T10:00:00Z", "--until", "2026-11-21"];
    let dry = replay(folder.path(), None, &[&since[..], &["--dry-run"]].concat());
    assert_eq!((dry.code, received(&azure)), (0, (0, 0)), "{}", dry.err);
    assert!(dry.err.contains("9201 events would be sent to sentinel"), "{}", dry.err);

    let of_auth0 = [&since[..], &["--where", "EventType == 'f' // only failures"]].concat();
    let ran = replay(folder.path(), None, &of_auth0);
    assert_eq!((ran.code, received(&azure)), (0, (4600, 4600)), "{}", ran.err);
    assert!(ran.err.contains("left out: OneLoginEventsV2_CL"), "{}", ran.err);
    assert!(ran.err.contains("4600 of 4600 events sent"), "{}", ran.err);

    // What is not said in the condition of an earlier replay is another replay.
    let ran = replay(folder.path(), None, &since);
    assert_eq!((ran.code, received(&azure)), (0, (4600 + 9201, 9201)), "{}", ran.err);
}

#[test]
fn a_replay_that_makes_no_sense_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure"]);
    configure(folder.path(), &azure, "now");
    import(folder.path(), "auth0", "acme", &events(9, 0..1));
    for (arguments, expected) in [
        (&["--since", "yesterday"][..], "write 2026-09-14 or"),
        (&["--since", "2026-11-20", "--until", "2026-11-20"], "leaves no time"),
        (&["--since", "2026-11-20", "--where", "Colour == 'red'"], "Colour"),
        (&["--since", "2026-11-20", "--where", "EventType =="], "where"),
        (&["--since", "2026-11-20", "--where", "true) | take (1"], "is not one condition"),
    ] {
        let ran = replay(folder.path(), None, arguments);
        assert_eq!(ran.code, 65, "{arguments:?} {}", ran.err);
        assert!(ran.err.contains(expected), "{arguments:?} {}", ran.err);
    }
    let nobody = ["replay", "--data", "data", "--to", "nobody", "--since", "2026-11-20"];
    let ran = run(folder.path(), &[&["--config", "doorledger.yaml"], &nobody[..]].concat());
    assert!(ran.err.contains("is not a destination"), "{}", ran.err);
}

#[test]
fn a_replay_that_was_interrupted_goes_on_and_sends_nothing_again_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure"]);
    configure(folder.path(), &azure, "now");
    import(folder.path(), "auth0", "acme", &events(9, 0..1_000));
    let range = ["--since", "2026-11-20", "--until", "2026-11-21"];
    let ran = replay(folder.path(), None, &range);
    assert_eq!((ran.code, received(&azure)), (0, (1_000, 1_000)), "{}", ran.err);
    // As a crash leaves it: under way, with some requests answered.
    let files = || std::fs::read_dir(folder.path().join("data/replays")).unwrap().flatten();
    let path = files().next().unwrap().path();
    let mut saved: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        (&saved["progress"]["state"], &saved["progress"]["sent"]),
        (&json!("done"), &json!(1_000))
    );
    let id = |number: u64| format!("900{number:053}");
    let numbered: Vec<Value> = (0..400).map(|number| json!([number + 1, id(number)])).collect();
    let of_acme = |events: &[Value]| json!([{ "provider": "auth0", "tenant": "acme", "source": "import", "events": events }]);
    let mut interrupt = |settled: Value| {
        saved["progress"]["state"] = json!("running");
        saved["progress"]["sent"] = json!(400);
        saved["tables"][0]["at"] = json!("2026-11-20T09:00:00Z");
        saved["tables"][0]["settled"] = settled;
        std::fs::write(&path, saved.to_string()).unwrap();
        let ran = replay(folder.path(), None, &range);
        assert_eq!((ran.code, files().count()), (0, 1), "{}", ran.err);
        assert!(ran.err.contains("1000 of 1000 events sent"), "{}", ran.err);
        received(&azure)
    };
    assert_eq!(interrupt(of_acme(&numbered)), (1_600, 1_000));
    // An earlier version noted ids alone. Whose they are is not known: none is passed over.
    let ids: Vec<String> = (0..400).map(id).collect();
    assert_eq!(interrupt(json!(ids)), (2_600, 1_000));
}

#[test]
fn events_of_two_tenants_with_one_id_and_events_without_any_are_all_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure"]);
    configure(folder.path(), &azure, "now");
    import(folder.path(), "auth0", "acme", &events(9, 0..10));
    import(folder.path(), "auth0", "globex", &events(9, 0..10));
    let without_id = r#"{"date":"2026-11-20T09:00:00.000Z","type":"s"}"#;
    import(folder.path(), "auth0", "acme", &format!("{without_id}\n").repeat(5));
    let range = ["--since", "2026-11-20", "--until", "2026-11-21"];
    let ran = replay(folder.path(), None, &range);
    assert_eq!((ran.code, received(&azure).0), (0, 25), "{}", ran.err);
    let folder = folder.path().join("data/replays");
    let path = std::fs::read_dir(&folder).unwrap().flatten().next().unwrap().path();
    let saved: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(
        (&saved["progress"]["events"], &saved["progress"]["sent"]),
        (&json!(25), &json!(25))
    );
}

#[test]
fn an_event_goes_through_a_replay_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure", "--keep-records", "10"]);
    configure(folder.path(), &azure, "now");
    let path = folder.path().join("doorledger.yaml");
    let mut written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    written["destinations"][0]["raw_event"] = json!(true);
    std::fs::write(&path, written.to_string()).unwrap();
    // Spacing, the order of names, numbers that no machine word holds, ways to write a number and to escape.
    let odd = concat!(
        "{ \"type\" :  \"s\",\t\"log_id\":\"90020261120090000000000000000000000000000000000000000001\" ,",
        r#""date":"2026-11-20T09:00:00.000Z","z":123456789012345678901234567890,"f":[1.50e3,-0.0,1E+2 ],"#,
        r#""u":"\u00e9\/\ud83d\ude00 \u003c","#,
        "\"plain\":\"\u{e9}\u{1f600}\",\"a\":{ \"b\" : [ ] , \"\":null}}",
    );
    import(folder.path(), "auth0", "acme", &format!("{odd}\n"));
    let ran = replay(folder.path(), None, &["--since", "2026-11-20", "--until", "2026-11-21"]);
    assert_eq!((ran.code, received(&azure)), (0, (1, 1)), "{}", ran.err);
    let account: Value = serde_json::from_str(&azure.get("/__account")).unwrap();
    let table = account["tables"].as_object().unwrap().keys().next().unwrap();
    let records = azure.get(&format!("/__records?table={table}"));
    assert!(records.contains(&format!("\"RawEvent\":{odd}")), "{records}");
}

#[test]
fn a_replay_is_cancelled_through_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure", "--fault", "server-error=1"]);
    configure(folder.path(), &azure, "now");
    import(folder.path(), "auth0", "acme", &events(9, 0..10));
    let server = Server::start(folder.path());
    let wish = json!({ "to": "sentinel", "since": "2026-11-20" });
    let (_, told) = server.post("/api/v1/replays", "", wish.to_string().as_bytes());
    let told: Value = serde_json::from_str(&told).unwrap();
    let id = told["id"].as_str().unwrap();
    let (status, again) = server.post("/api/v1/replays", "", wish.to_string().as_bytes());
    assert_eq!((status, again.contains("is under way")), (400, true), "{again}");
    let cancel = ["replay", "cancel", "--url", &server.url, id];
    let answer: Value = serde_json::from_str(&succeed(folder.path(), &cancel)).unwrap();
    assert_eq!(answer["state"], "cancelled");
    assert_eq!(server.stop(), 0);
    let server = Server::start(folder.path());
    let listed = succeed(folder.path(), &["replay", "status", "--url", &server.url]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (&listed["replays"][0]["state"], &listed["replays"][0]["sent"]),
        (&json!("cancelled"), &json!(0))
    );
}

#[test]
fn dead_letters_are_filtered_and_discarded_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure"]);
    configure(folder.path(), &azure, "now");
    let server = Server::start(folder.path());
    for number in 1..=3 {
        let broken = format!("[{{\"log_id\":\"{number}\"}}, nonsense{number}]");
        server.post("/ingest/auth0/acme/stream", "Bearer t", broken.as_bytes());
    }
    let list = |more: &[&str]| {
        let list = ["dead-letters", "list", "--json", "--url", &server.url];
        let answer = succeed(folder.path(), &[&list[..], more].concat());
        serde_json::from_str::<Value>(&answer).unwrap()
    };
    let all = list(&[])["total"].as_u64().unwrap();
    assert!(all > 1, "{all}");
    assert_eq!(list(&["--source", "auth0/acme"])["total"], all);
    assert_eq!(list(&["--source", "auth0/acm"])["total"], 0);
    assert_eq!(list(&["--destination", "sentinel"])["total"], 0);
    assert_eq!(list(&["--reason", "no reason at all"])["total"], 0);
    let discard = ["dead-letters", "discard", "--url", &server.url];
    let ran = run(folder.path(), &[&discard[..], &["--why", "x"]].concat());
    assert_ne!(ran.code, 0, "all of them have to be meant");
    let discarded = |more: &[&str]| {
        let answer = succeed(folder.path(), &[&discard[..], more].concat());
        serde_json::from_str::<Value>(&answer).unwrap()
    };
    let first = list(&[])["letters"][0]["id"].to_string();
    let one = discarded(&["--why", "a test of ours", &first, "999"]);
    assert_eq!(one, json!({ "discarded": 1, "unknown": 1 }));
    assert_eq!(list(&[])["total"], all - 1);
    let rest = discarded(&["--all", "--source", "auth0/acme", "--why", "a test of ours"]);
    assert_eq!(rest, json!({ "discarded": all - 1, "unknown": 0 }));
    assert_eq!(list(&[])["total"], 0);
    let noted = std::fs::read_to_string(folder.path().join("data/dead-letters-discarded.ndjson"));
    let noted = noted.unwrap();
    let line: Value = serde_json::from_str(noted.lines().next().unwrap()).unwrap();
    assert_eq!((line["why"].as_str(), noted.lines().count() as u64), (Some("a test of ours"), all));
}

#[test]
fn a_letter_of_a_destination_that_is_gone_stays_until_it_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure"]);
    configure(folder.path(), &azure, "now");
    let server = Server::start(folder.path());
    // Each column is as long as it may be, and together they are more than one call can hold.
    let columns = [
        "type",
        "description",
        "connection",
        "client_id",
        "client_name",
        "ip",
        "user_agent",
        "hostname",
        "user_id",
        "user_name",
        "audience",
        "scope",
        "strategy",
        "strategy_type",
        "tenant_name",
        "connection_id",
    ];
    let long = "x".repeat(65_000);
    let mut event = json!({"log_id": "90020261120", "date": "2026-11-20T09:00:00.000Z"});
    for name in columns {
        event[name] = json!(long);
    }
    let path = "/ingest/auth0/acme/stream";
    assert_eq!(server.post(path, "Bearer t", event.to_string().as_bytes()).0, 200);
    let letters = |server: &Server| {
        let list =
            ["dead-letters", "list", "--json", "--destination", "sentinel", "--url", &server.url];
        let answer: Value = serde_json::from_str(&succeed(folder.path(), &list)).unwrap();
        answer["total"].clone()
    };
    eventually(|| match letters(&server) {
        total if total == 1 => Ok(()),
        total => Err(total.to_string()),
    });
    assert_eq!(server.stop(), 0);

    let written = std::fs::read_to_string(folder.path().join("doorledger.yaml")).unwrap();
    let mut without: Value = serde_json::from_str(&written).unwrap();
    without["destinations"] = json!([]);
    std::fs::write(folder.path().join("doorledger.yaml"), without.to_string()).unwrap();
    let server = Server::start(folder.path());
    let headers = "Content-Type: application/json\r\n";
    let replay = "/api/v1/dead-letters/replay";
    let (status, answer) = server.request("POST", replay, headers, br#"{"all":true}"#).unwrap();
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((&answer["replayed"], &answer["failed"]), (&json!(0), &json!(1)), "{answer}");
    assert_eq!(letters(&server), 1);
}

#[test]
fn a_migration_is_printed_and_a_rule_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Simulated::start(folder.path(), &["azure"]);
    configure(folder.path(), &azure, "now");
    import(folder.path(), "auth0", "acme", &events(9, 0..3));
    let migrate = ["--config", "doorledger.yaml", "migrate", "azure", "--table", "Auth0AM_CL"];
    let with = |more: &[&str]| run(folder.path(), &[&migrate[..], more].concat());
    let arm = with(&["--format", "arm", "--shape", "classic", "--data", "data"]);
    assert_eq!(arm.code, 0, "{}", arm.err);
    assert!(arm.err.contains("doorledger holds 3 events of that time"), "{}", arm.err);
    let mut template: Value = serde_json::from_str(&arm.out).unwrap();
    std::fs::write(folder.path().join("rule.json"), &arm.out).unwrap();
    assert_eq!(with(&["--check", "rule.json"]).code, 0);
    let stream = &mut template["resources"][2]["properties"]["streamDeclarations"];
    stream["Custom-Auth0Logs_CL"]["columns"].as_array_mut().unwrap().remove(0);
    std::fs::write(folder.path().join("rule.json"), template.to_string()).unwrap();
    let checked = with(&["--check", "rule.json"]);
    assert_eq!((checked.code, checked.out.contains("missing: date")), (1, true), "{}", checked.out);
    assert_eq!(with(&["--check", "nothing.json"]).code, 65);
}
