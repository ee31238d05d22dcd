//! Recorded events by every way in: polled from a tenant that serves them, pushed in every form, imported from every kind
//! of file. Each comes out byte for byte, with its columns right, whichever way it went. Where a collection of real samples
//! lies beside the project it is used; our own fixtures are used always.
//! Deliberately absent: pieces that are no events (`serve`), and members in odd types (`sources` has those).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::program::{Server, Simulated, succeed};

const TOKEN: &str = "right-token";
const DOMAIN: &str = "acme.eu.auth0.com";

/// Whose events, and what they should become.
struct Kind {
    provider: &'static str,
    table: &'static str,
    /// Members that may hold an event's id, the first that is there counts.
    ids: &'static [&'static str],
    /// Members that hold the time.
    times: &'static [&'static str],
    /// A member that events have and envelopes have not.
    mark: &'static str,
    /// What a line of a pushed body puts around an event.
    envelope: fn(&str) -> String,
    /// Columns that are members as they stand.
    columns: &'static [(&'static str, &'static str)],
}

const AUTH0: Kind = Kind {
    provider: "auth0",
    table: "Auth0Logs_CL",
    ids: &["log_id", "_id"],
    times: &["date"],
    mark: "type",
    envelope: |event| format!("{{\"log_id\":\"\",\"data\":{event}}}"),
    columns: &[
        ("type", "EventType"),
        ("description", "Description"),
        ("connection", "Connection"),
        ("client_id", "ClientId"),
        ("client_name", "ClientName"),
        ("ip", "SrcIpAddr"),
        ("user_agent", "HttpUserAgent"),
        ("hostname", "SrcHostname"),
        ("user_id", "ActorUserId"),
        ("user_name", "ActorUsername"),
        ("strategy", "Strategy"),
        ("tenant_name", "TenantName"),
    ],
};

const ONELOGIN: Kind = Kind {
    provider: "onelogin",
    table: "OneLoginEventsV2_CL",
    ids: &["uuid", "id"],
    times: &["created_at", "event_timestamp"],
    mark: "event_type_id",
    envelope: |event| format!("{{\"event\":{event}}}"),
    columns: &[
        ("user_name", "UserName"),
        ("actor_user_name", "ActorUserName"),
        ("app_name", "AppName"),
        ("ipaddr", "Ipaddr"),
        ("notes", "Notes"),
        ("user_agent", "UserAgent"),
        ("policy_name", "PolicyName"),
        ("risk_cookie_id", "RiskCookieId"),
    ],
};

fn files(provider: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join("fixtures").join(provider)];
    for way in ["../shared/samples", "../../shared/samples"] {
        folders.extend([root.join(way).join(provider)].into_iter().filter(|it| it.is_dir()));
    }
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if ["json", "jsonl", "ndjson"].contains(&extension)
                && !path.ends_with("odd_values.jsonl")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The events in a text, out of every list and envelope, as they are written there. Each different text once.
fn events(kind: &Kind) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in files(kind.provider) {
        let text = std::fs::read_to_string(&path).unwrap();
        let values = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
        for value in values.into_iter::<Box<RawValue>>() {
            open(kind, &value.unwrap(), &mut found);
        }
    }
    assert!(found.len() >= 10, "{} events of {}", found.len(), kind.provider);
    found
}

fn open(kind: &Kind, value: &RawValue, found: &mut BTreeSet<String>) {
    let text = value.get();
    if text.starts_with('[') {
        for item in serde_json::from_str::<Vec<Box<RawValue>>>(text).unwrap() {
            open(kind, &item, found);
        }
        return;
    }
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
    let inner = ["data", "detail", "event", "logs"].iter().find_map(|name| members.get(*name));
    match inner {
        Some(inner) if !members.contains_key(kind.mark) && !inner.get().starts_with('"') => {
            open(kind, inner, found);
        }
        _ => drop(found.insert(text.to_owned())),
    }
}

fn id(kind: &Kind, raw: &str) -> Option<String> {
    let event: Value = serde_json::from_str(raw).unwrap();
    kind.ids.iter().find_map(|name| match &event[*name] {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

fn list(events: &BTreeSet<String>) -> String {
    let texts: Vec<&str> = events.iter().map(String::as_str).collect();
    format!("[{}]", texts.join(","))
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

/// Whether a tenant has these events and nothing else, with their columns.
#[track_caller]
fn check(server: &Server, kind: &Kind, tenant: &str, events: &BTreeSet<String>) {
    let names: Vec<&str> = kind.columns.iter().map(|(_, column)| *column).collect();
    let domain = if kind.provider == "auth0" { "Auth0Domain" } else { "''" };
    let rows = server.rows(&format!(
        "{} | where _Tenant == '{tenant}' | project Raw=tostring(RawEvent), _EventId, When=tostring(TimeGenerated), \
         Domain={domain}, {}",
        kind.table,
        names.join(", ")
    ));
    let text = |cell: &Value| cell.as_str().unwrap_or_default().to_owned();
    let stored: BTreeSet<String> = rows.iter().map(|row| text(&row[0])).collect();
    let strange: Vec<&String> = stored.difference(events).collect();
    assert!(strange.is_empty(), "{tenant}: came out otherwise than it went in: {strange:#?}");
    let ids: BTreeSet<Option<String>> = stored.iter().map(|raw| id(kind, raw)).collect();
    for event in events {
        // Of two events with one id the first counts.
        let there =
            stored.contains(event) || id(kind, event).is_some_and(|id| ids.contains(&Some(id)));
        assert!(there, "{tenant}: is missing: {event}");
    }
    for row in &rows {
        let raw = text(&row[0]);
        let event: Value = serde_json::from_str(&raw).unwrap();
        let time = kind.times.iter().find_map(|name| event[*name].as_str()?.parse().ok());
        if let Some(time) = time {
            let time: model::Timestamp = time;
            let stored: model::Timestamp = text(&row[2]).parse().unwrap();
            assert_eq!(stored.as_microsecond(), time.as_microsecond(), "{tenant}: {raw}");
        }
        assert_eq!(text(&row[3]), if kind.provider == "auth0" { DOMAIN } else { "" }, "{tenant}");
        if let (Some(id), true) = (id(kind, &raw), kind.provider == "auth0") {
            assert_eq!(text(&row[1]), id, "{tenant}: {raw}");
        }
        for ((member, column), cell) in kind.columns.iter().zip(&row[4..]) {
            if event[*member].is_string() || event[*member].is_null() {
                assert_eq!(text(cell), text(&event[*member]), "{tenant}: {column} of {raw}");
            }
        }
    }
}

/// A tenant for each import, and its file.
const IMPORTS: [(&str, &str); 4] = [
    ("import-json", "events.json"),
    ("import-ndjson", "events.ndjson"),
    ("import-json-gz", "events.json.gz"),
    ("import-ndjson-gz", "events.ndjson.gz"),
];

/// The source that takes pushed events.
fn receiver(provider: &str) -> &'static str {
    if provider == "auth0" { "stream" } else { "webhook" }
}

/// A tenant for each way in.
fn configuration(kind: &Kind, tenant: &Simulated) -> Value {
    let (provider, receiver) = (kind.provider, receiver(kind.provider));
    let mut poll = json!({
        "base_url": tenant.told("base_url"), "start": "2001-01-01", "interval": 1,
        "client_id": tenant.told("client_id"), "client_secret": tenant.told("client_secret"),
    });
    let mut push = json!({ "tokens": [TOKEN] });
    if provider == "auth0" {
        poll["domain"] = Value::from(DOMAIN);
        push["domain"] = Value::from(format!("https://{DOMAIN}/"));
    }
    let mut tenants =
        vec![json!({"name": "polled", "provider": provider, "sources": {"poll": poll}})];
    let pushed = [
        "list",
        "lines",
        "gzip",
        "import-json",
        "import-ndjson",
        "import-json-gz",
        "import-ndjson-gz",
    ];
    tenants.extend(
        pushed.map(|name| json!({"name": name, "provider": provider, "sources": {receiver: push}})),
    );
    json!({ "data": "data", "tenants": tenants })
}

fn import(folder: &Path, server: &Server, provider: &str, tenant: &str, file: &str) {
    let arguments = ["--config", "doorledger.yaml", "import", "--provider", provider];
    succeed(folder, &[&arguments[..], &["--tenant", tenant, "--url", &server.url, file]].concat());
}

#[track_caller]
fn every_way(kind: &Kind) {
    let provider = kind.provider;
    let receiver = receiver(provider);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let all = events(kind);
    // What spans lines cannot stand in a file of lines.
    let flat: BTreeSet<String> =
        all.iter().filter(|event| !event.contains('\n')).cloned().collect();
    let lines: String = flat.iter().map(|event| format!("{event}\n")).collect();
    write("events.json", list(&all).as_bytes());
    write("events.ndjson", lines.as_bytes());
    write("events.json.gz", &gzip(&list(&all)));
    write("events.ndjson.gz", &gzip(&lines));

    let tenant = Simulated::start(folder.path(), &[provider, "--events-file", "events.json"]);
    write("doorledger.yaml", configuration(kind, &tenant).to_string().as_bytes());
    let server = Server::start(folder.path());

    let path = |tenant: &str| format!("/ingest/{provider}/{tenant}/{receiver}");
    let enveloped: String =
        flat.iter().map(|event| format!("{}\n", (kind.envelope)(event))).collect();
    let answers = [
        server.post(&path("list"), TOKEN, list(&all).as_bytes()),
        server.post(&path("lines"), TOKEN, enveloped.as_bytes()),
        server.post_gzip(&path("gzip"), TOKEN, &gzip(&list(&all))),
    ];
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    for (tenant, file) in IMPORTS {
        import(folder.path(), &server, provider, tenant, file);
    }
    for (tenant, expected) in [
        ("list", &all),
        ("lines", &flat),
        ("gzip", &all),
        ("import-json", &all),
        ("import-ndjson", &flat),
        ("import-json-gz", &all),
        ("import-ndjson-gz", &flat),
    ] {
        check(&server, kind, tenant, expected);
    }
    // What is read by a poll comes by itself; as many as by any other way.
    let count = |tenant: &str| {
        format!(
            "{} | where _Tenant == '{tenant}' and isnotempty(_EventId) | summarize dcount(_EventId, 4)",
            kind.table
        )
    };
    let expected = server.rows(&count("list"))[0][0].as_u64().unwrap();
    server.wait_for_count(&count("polled"), usize::try_from(expected).unwrap());
    check(&server, kind, "polled", &all);
    assert_eq!(server.stop(), 0);
}

#[test]
fn events_of_auth0_are_the_same_by_every_way() {
    every_way(&AUTH0);
}

#[test]
fn events_of_onelogin_are_the_same_by_every_way() {
    every_way(&ONELOGIN);
}
