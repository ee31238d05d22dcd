//! Tenants and destinations that are added, changed, paused and removed while the server runs, against simulated services.
//! Deliberately absent: the form of requests and refusals (`api`), the page (`web`).

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Server, Simulated, eventually, succeed};

const TABLE: &str = "Auth0Logs_CL";
const TENANTS: &str = "/api/v1/tenants";
const STREAM: &str = "/ingest/auth0/pushed/stream";

fn folder(document: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("doorledger.yaml"), document.to_string()).unwrap();
    folder
}

/// Asks for a change as a program on the same machine: status and answer.
#[track_caller]
fn ask(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let headers = "Content-Type: application/json\r\n";
    let (status, text) =
        server.request(method, path, headers, body.to_string().as_bytes()).unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[track_caller]
fn done(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = ask(server, method, path, body);
    assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    answer
}

fn polled(auth0: &Simulated, secret: &str) -> Value {
    let poll = json!({
        "base_url": auth0.told("base_url"), "client_id": auth0.told("client_id"), "client_secret": secret,
        "start": "retention", "rate_share": 1, "interval": "100ms",
    });
    json!({"provider": "auth0", "name": "acme", "sources": {"poll": poll}})
}

fn pushed() -> Value {
    json!({"provider": "auth0", "name": "pushed", "sources": {"stream": {}}})
}

fn event(number: u64) -> Vec<u8> {
    format!(
        "{{\"log_id\":\"901{number:053}\",\"date\":\"2026-11-20T10:00:00.000Z\",\"type\":\"s\"}}"
    )
    .into_bytes()
}

fn events_of(auth0: &Simulated) -> usize {
    let account: Value = serde_json::from_str(&auth0.get("/__account")).unwrap();
    usize::try_from(account["events"].as_u64().unwrap()).unwrap()
}

fn source<'a>(status: &'a Value, tenant: &str, name: &str) -> &'a Value {
    let found = status["sources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["source"]["tenant"] == tenant && it["source"]["source"] == name);
    found.unwrap_or(&Value::Null)
}

/// The checks of a test, each as `name state`.
fn checks(answer: &Value) -> Vec<String> {
    let words = |check: &Value| {
        format!("{} {}", check["name"].as_str().unwrap(), check["state"].as_str().unwrap())
    };
    answer["checks"].as_array().unwrap().iter().map(words).collect()
}

/// Whether any file below `folder` holds these bytes.
fn is_written(folder: &Path, secret: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return is_written(&path, secret);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
    })
}

#[test]
fn a_tenant_that_is_added_is_collected_and_goes_on_after_a_restart() {
    let folder = folder(&json!({"data": "data"}));
    let auth0 = Simulated::start(folder.path(), &["auth0", "--events", "700", "--days", "3"]);
    let (secret, test) = (auth0.told("client_secret"), "/api/v1/tenants/test");
    let server = Server::start_with_log(folder.path());

    let wrong = done(&server, "POST", test, &polled(&auth0, "not-the-secret-of-it"));
    assert_eq!(checks(&wrong), ["poll_address ok", "poll_token failed"], "{wrong}");
    assert!(wrong["checks"][1]["hint"].as_str().unwrap().contains("client_id"), "{wrong}");
    let right = done(&server, "POST", test, &polled(&auth0, secret));
    let expected = ["poll_address ok", "poll_token ok", "poll_permission ok", "poll_first_page ok"];
    assert_eq!(checks(&right), expected, "{right}");
    assert_eq!(server.rows(&format!("{TABLE} | count"))[0][0], 0, "a test keeps nothing");

    done(&server, "POST", TENANTS, &polled(&auth0, secret));
    server.wait_for_count(&format!("{TABLE} | count"), events_of(&auth0));
    assert_eq!(ask(&server, "POST", TENANTS, &polled(&auth0, secret)).0, 409);
    assert_eq!(server.stop(), 0);

    auth0.post("/__events?n=50");
    let server = Server::start(folder.path());
    server.wait_for_count(&format!("{TABLE} | count"), events_of(&auth0));
    server.wait_for_count(&format!("{TABLE} | distinct LogId | count"), events_of(&auth0));
    let status = server.status();
    let poll = source(&status, "acme", "poll");
    assert_eq!(poll["received_events"], poll["stored_events"], "nothing was read twice: {poll}");

    done(&server, "POST", "/api/v1/sources/auth0/acme/poll/pause", &json!({}));
    assert_eq!(source(&server.status(), "acme", "poll")["state"], "paused");
    let before = events_of(&auth0);
    auth0.post("/__events?n=30");
    // Another source is not held up.
    let made = done(&server, "POST", TENANTS, &pushed());
    let token = made["secret"].as_str().unwrap().to_owned();
    assert_eq!(server.post(STREAM, &token, &event(1)).0, 200);
    server.wait_for_count(&format!("{TABLE} | count"), before + 1);
    done(&server, "POST", "/api/v1/sources/auth0/acme/poll/resume", &json!({}));
    server.wait_for_count(&format!("{TABLE} | count"), before + 31);

    done(&server, "DELETE", "/api/v1/tenants/auth0/acme", &json!({}));
    auth0.post("/__events?n=30");
    let listed = done(&server, "GET", TENANTS, &json!({}));
    assert_eq!(listed["tenants"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(server.rows(&format!("{TABLE} | count"))[0][0], before + 31);
    assert_eq!(server.stop(), 0);
    for secret in [secret, &token] {
        assert!(!is_written(&folder.path().join("data"), secret), "a secret lies in the open");
        assert!(!std::fs::read_to_string(folder.path().join("log")).unwrap().contains(secret));
    }
}

#[test]
fn a_push_source_has_two_secrets_while_one_is_being_changed() {
    let folder = folder(&json!({"data": "data"}));
    let server = Server::start(folder.path());
    let made = done(&server, "POST", TENANTS, &pushed());
    // As the request addressed the server, which named no port.
    assert_eq!(made["url"], format!("http://127.0.0.1{STREAM}"));
    let first = made["secret"].as_str().unwrap().to_owned();
    let rotate = "/api/v1/sources/auth0/pushed/stream/rotate";
    let made = done(&server, "POST", rotate, &json!({"keep_old_hours": 1}));
    let second = made["secret"].as_str().unwrap().to_owned();
    assert_eq!(server.post(STREAM, &first, &event(1)).0, 200);
    assert_eq!(server.post(STREAM, &second, &event(2)).0, 200);
    assert_eq!(server.stop(), 0);

    let server = Server::start(folder.path());
    assert_eq!(server.post(STREAM, &first, &event(3)).0, 200, "it is known after a restart too");
    done(&server, "POST", rotate, &json!({"keep_old_hours": 0, "secret": "chosen-by-somebody"}));
    for (token, expected) in [(first.as_str(), 401), (&second, 401), ("chosen-by-somebody", 200)] {
        assert_eq!(server.post(STREAM, token, &event(4)).0, expected);
    }

    // Whoever writes other secrets of a source in the midst of a change ends what the change had left open.
    done(&server, "POST", rotate, &json!({"keep_old_hours": 1, "secret": "chosen-next"}));
    assert_eq!(server.post(STREAM, "chosen-by-somebody", &event(4)).0, 200);
    let written = |token: &str| json!({"sources": {"stream": {"tokens": [token]}}});
    let path = format!("{TENANTS}/auth0/pushed");
    done(&server, "PUT", &path, &written("chosen-at-last"));
    for (token, expected) in [("chosen-by-somebody", 401), ("chosen-next", 401)] {
        assert_eq!(server.post(STREAM, token, &event(4)).0, expected, "{token}");
    }
    assert_eq!(server.post(STREAM, "chosen-at-last", &event(4)).0, 200);
    done(&server, "PUT", &path, &written("chosen-by-somebody"));

    done(&server, "POST", "/api/v1/sources/auth0/pushed/stream/pause", &json!({}));
    let (head, answer) = server.send(STREAM, "chosen-by-somebody", &event(5));
    assert!(head.contains("503") && head.to_lowercase().contains("retry-after"), "{head}");
    assert!(answer.contains("paused"), "{answer}");
    assert_eq!(server.post(STREAM, "a wrong one", &event(5)).0, 401);
    done(&server, "POST", "/api/v1/sources/auth0/pushed/stream/resume", &json!({}));
    assert_eq!(server.post(STREAM, "chosen-by-somebody", &event(5)).0, 200);
    server.wait_for_count(&format!("{TABLE} | count"), 5);
    done(&server, "DELETE", "/api/v1/tenants/auth0/pushed", &json!({}));
    assert_eq!(server.post(STREAM, "chosen-by-somebody", &event(6)).0, 404);
}

#[test]
fn what_the_file_names_and_what_a_viewer_asks_is_left_alone() {
    let tokens = json!({"stream": {"tokens": ["the-secret-of-the-file"]}});
    let tenant = json!({"name": "pushed", "provider": "auth0", "sources": tokens});
    let folder = folder(&json!({"data": "data", "tenants": [tenant]}));
    let server = Server::start(folder.path());
    let source = "/api/v1/sources/auth0/pushed/stream";
    let (_, taken) = ask(&server, "POST", TENANTS, &pushed());
    assert_eq!(taken["problems"][0]["path"], "name", "{taken}");
    for (method, path, body) in [
        ("POST", TENANTS.to_owned(), pushed()),
        ("PUT", format!("{TENANTS}/auth0/pushed"), pushed()),
        ("DELETE", format!("{TENANTS}/auth0/pushed"), json!({})),
        ("POST", format!("{source}/pause"), json!({})),
        ("POST", format!("{source}/rotate"), json!({})),
    ] {
        let (status, answer) = ask(&server, method, &path, &body);
        assert_eq!((status, &answer["code"]), (409, &json!("managed_by_file")), "{path}: {answer}");
    }
    assert_eq!(server.post(STREAM, "the-secret-of-the-file", &event(1)).0, 200);
    let listed = done(&server, "GET", TENANTS, &json!({}));
    assert_eq!(listed["tenants"][0]["managed"], "file", "{listed}");
    assert!(!listed.to_string().contains("the-secret-of-the-file"), "{listed}");

    // A reference to a secret elsewhere is no secret here.
    let reference = json!({"provider": "auth0", "name": "new", "sources": {"stream": {"tokens": [{"env": "PATH"}]}}});
    assert_eq!(ask(&server, "POST", TENANTS, &reference).0, 400);

    let made = done(&server, "POST", "/api/v1/tokens", &json!({"name": "v", "role": "viewer"}));
    let bearer = format!("Bearer {}", made["token"].as_str().unwrap());
    for path in [TENANTS, "/api/v1/tenants/test", "/api/v1/destinations"] {
        assert_eq!(server.post(path, &bearer, pushed().to_string().as_bytes()).0, 403, "{path}");
    }
}

#[test]
fn a_destination_that_is_added_gets_events_and_keeps_its_place_while_it_is_paused() {
    let tokens = json!({"stream": {"tokens": ["t"]}});
    let tenant = json!({"name": "pushed", "provider": "auth0", "sources": tokens});
    let folder = folder(&json!({"data": "data", "tenants": [tenant]}));
    let azure = Simulated::start(folder.path(), &["azure"]);
    let config = json!({
        "endpoint": azure.told("base_url"), "dcr_immutable_id": azure.told("dcr_immutable_id"),
        "authority": azure.told("base_url"), "start": "now",
        "identity": {
            "kind": "client_secret", "tenant_id": azure.told("tenant_id"), "client_id": azure.told("client_id"),
            "client_secret": azure.told("client_secret"),
        },
    });
    let draft = json!({"name": "sentinel", "kind": "azure_logs_ingestion", "config": config});
    let got = || {
        let account: Value = serde_json::from_str(&azure.get("/__account")).unwrap();
        let tables = account["tables"].as_object().unwrap();
        let table = tables.iter().find(|(name, _)| name.contains(TABLE));
        table.map_or((0, 0), |(_, table)| {
            (table["records"].as_u64().unwrap(), table["distinct"].as_u64().unwrap())
        })
    };
    let wait = |expected: u64| {
        eventually(|| match got() {
            found if found == (expected, expected) => Ok(()),
            found => Err(format!("{found:?}, not {expected}")),
        });
    };
    let path = "/api/v1/destinations";
    let server = Server::start(folder.path());
    let mut wrong = draft.clone();
    wrong["config"]["identity"]["client_secret"] = json!("wrong");
    let found = done(&server, "POST", &format!("{path}/test"), &wrong);
    assert_eq!(checks(&found), ["address ok", "token failed"], "{found}");
    let found = done(&server, "POST", &format!("{path}/test"), &draft);
    let expected = [
        "address ok",
        "token ok",
        "rule ok",
        "permission ok",
        "stream_auth0 ok",
        "stream_onelogin ok",
        "columns warning",
    ];
    assert_eq!(checks(&found), expected, "{found}");
    assert_eq!(got(), (0, 0), "a test sends no events");

    done(&server, "POST", path, &draft);
    assert_eq!(server.post(STREAM, "t", &event(1)).0, 200);
    wait(1);
    done(&server, "POST", &format!("{path}/sentinel/pause"), &json!({}));
    assert_eq!(server.post(STREAM, "t", &event(2)).0, 200);
    let status = server.status();
    assert_eq!(status["destinations"][0]["state"], "paused", "{status}");
    assert_eq!(server.stop(), 0);
    let server = Server::start(folder.path());
    assert_eq!(server.post(STREAM, "t", &event(3)).0, 200);
    assert_eq!(server.status()["destinations"][0]["backlog_events"], 2);
    let listed = done(&server, "GET", path, &json!({}));
    assert_eq!(listed["destinations"][0]["paused"], true, "{listed}");
    assert!(!listed.to_string().contains(azure.told("client_secret")), "{listed}");
    done(&server, "POST", &format!("{path}/sentinel/resume"), &json!({}));
    wait(3);

    // It is removed while it has not got everything: that is kept until it is forgotten.
    done(&server, "POST", &format!("{path}/sentinel/pause"), &json!({}));
    assert_eq!(server.post(STREAM, "t", &event(4)).0, 200);
    done(&server, "DELETE", &format!("{path}/sentinel"), &json!({}));
    let removed = server.status()["destinations"][0].clone();
    assert_eq!((&removed["state"], &removed["backlog_events"]), (&json!("removed"), &json!(1)));
    succeed(folder.path(), &["destinations", "forget", "--url", &server.url, "sentinel"]);
    assert_eq!(server.status()["destinations"], json!([]));
    assert_eq!(got(), (3, 3));
}

#[test]
fn an_entry_that_cannot_be_used_is_told_and_stops_nothing_else() {
    let document = json!({"data": "data"});
    let folder = folder(&document);
    let server = Server::start(folder.path());
    done(&server, "POST", TENANTS, &pushed());
    let other = json!({"provider": "onelogin", "name": "other", "sources": {"webhook": {}}});
    done(&server, "POST", TENANTS, &other);
    assert_eq!(server.stop(), 0);

    // The file names one of them too: its entry is used.
    let tokens = json!({"stream": {"tokens": ["the-secret-of-the-file"]}});
    let tenant = json!({"name": "pushed", "provider": "auth0", "sources": tokens});
    let written = json!({"data": "data", "tenants": [tenant]}).to_string();
    std::fs::write(folder.path().join("doorledger.yaml"), &written).unwrap();
    let server = Server::start(folder.path());
    assert_eq!(server.post(STREAM, "the-secret-of-the-file", &event(1)).0, 200);
    let listed = done(&server, "GET", TENANTS, &json!({}));
    let told: Vec<(&str, &str, bool)> = listed["tenants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap();
            (text("name"), text("managed"), it["problems"].is_array())
        })
        .collect();
    let expected =
        [("pushed", "file", false), ("pushed", "registry", true), ("other", "registry", false)];
    assert_eq!(told, expected, "{listed}");
    assert_eq!(server.stop(), 0);

    // Without its key nothing of the registry can be read.
    std::fs::write(folder.path().join("data/registry.key"), [7; 32]).unwrap();
    let server = Server::start(folder.path());
    assert_eq!(server.post(STREAM, "the-secret-of-the-file", &event(2)).0, 200);
    let listed = done(&server, "GET", TENANTS, &json!({}));
    let problems =
        listed["tenants"].as_array().unwrap().iter().filter(|it| it["problems"].is_array());
    assert_eq!(problems.count(), 2, "{listed}");
    for path in ["auth0/pushed", "onelogin/other"] {
        done(&server, "DELETE", &format!("{TENANTS}/{path}"), &json!({}));
    }
    let listed = done(&server, "GET", TENANTS, &json!({}));
    assert_eq!(listed["tenants"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(server.post(STREAM, "the-secret-of-the-file", &event(3)).0, 200);
    server.wait_for_count(&format!("{TABLE} | count"), 3);
}

#[test]
fn a_change_keeps_the_secrets_that_it_leaves_out() {
    let folder = folder(&json!({"data": "data"}));
    let server = Server::start(folder.path());
    let made = done(&server, "POST", TENANTS, &pushed());
    let token = made["secret"].as_str().unwrap();
    let path = format!("{TENANTS}/auth0/pushed");
    let fields = json!({"domain": "acme.eu.auth0.com"});
    let changed = done(&server, "PUT", &path, &json!({"sources": {"stream": fields}}));
    assert_eq!(changed["secret"], Value::Null, "no other secret was made: {changed}");
    assert_eq!(server.post(STREAM, token, &event(1)).0, 200);
    server
        .wait_for_count(&format!("{TABLE} | where Auth0Domain == 'acme.eu.auth0.com' | count"), 1);
    let listed = done(&server, "GET", TENANTS, &json!({}));
    let source = &listed["tenants"][0]["sources"][0];
    let expected = json!({"domain": "acme.eu.auth0.com", "tokens": {"set": true}});
    assert_eq!(source["config"], expected, "{listed}");
    // What is wrong is told at its field, and nothing has changed.
    let wrong = json!({"sources": {"stream": {"domian": "acme"}}});
    let (status, answer) = ask(&server, "PUT", &path, &wrong);
    assert_eq!((status, &answer["problems"][0]["path"]), (400, &json!("sources.stream.domian")));
    let unchanged = done(&server, "GET", TENANTS, &json!({}));
    assert_eq!(unchanged, listed);
    let kinds = done(&server, "GET", "/api/v1/kinds", &json!({}));
    let stream = &kinds["providers"][0]["sources"][1];
    assert_eq!((&stream["name"], &stream["via"]), (&json!("stream"), &json!("push")));
    let secret = &stream["schema"]["properties"]["tokens"];
    assert_eq!(secret["writeOnly"], true, "{secret}");
}

/// Whoever opens the form and saves it has changed nothing.
#[test]
fn what_is_shown_can_be_written_back() {
    let folder = folder(&json!({"data": "data"}));
    let server = Server::start(folder.path());
    let fields =
        json!({"kind": "stream", "secret_expires": "2030-01-31", "domain": "acme.eu.auth0.com"});
    let sources = json!({"second": fields});
    done(
        &server,
        "POST",
        TENANTS,
        &json!({"provider": "auth0", "name": "two", "sources": sources}),
    );
    let listed = done(&server, "GET", TENANTS, &json!({}));
    let shown = &listed["tenants"][0]["sources"][0]["config"];
    for name in ["kind", "secret_expires", "domain"] {
        assert_eq!(shown[name], fields[name], "{listed}");
    }
    done(&server, "PUT", &format!("{TENANTS}/auth0/two"), &json!({"sources": {"second": shown}}));
    assert_eq!(done(&server, "GET", TENANTS, &json!({})), listed);
}

#[test]
fn what_was_added_runs_as_soon_as_the_registry_can_be_read() {
    let folder = folder(&json!({"data": "data"}));
    let server = Server::start(folder.path());
    let made = done(&server, "POST", TENANTS, &pushed());
    let token = made["secret"].as_str().unwrap();
    assert_eq!(server.stop(), 0);
    let (data, away) = (folder.path().join("data"), tempfile::tempdir().unwrap());
    let moved = |from: &Path, to: &Path| {
        for entry in std::fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            if name.to_str().unwrap().starts_with("registry.db") {
                std::fs::rename(from.join(&name), to.join(&name)).unwrap();
            }
        }
    };
    moved(&data, away.path());
    std::fs::write(data.join("registry.db"), "no database at all, but text").unwrap();

    let server = Server::start(folder.path());
    assert_eq!(server.post(STREAM, token, &event(1)).0, 404);
    // Nobody knows what it names, so nothing is given up.
    let forget = json!({"name": "sentinel"});
    let (status, answer) = ask(&server, "POST", "/api/v1/destinations/forget", &forget);
    assert_eq!(status, 400, "{answer}");
    assert!(answer.to_string().contains("the registry cannot be read"), "{answer}");
    moved(away.path(), &data);
    eventually(|| match server.post(STREAM, token, &event(1)).0 {
        200 => Ok(()),
        status => Err(status.to_string()),
    });
    assert_eq!(server.stop(), 0);
}

#[test]
fn push_addresses_begin_with_the_public_address_of_the_configuration() {
    let folder = folder(&json!({"data": "data", "public_url": "https://logs.example.com/ledger/"}));
    let server = Server::start(folder.path());
    let made = done(&server, "POST", TENANTS, &pushed());
    assert_eq!(made["url"], format!("https://logs.example.com/ledger{STREAM}"));
    let listed = done(&server, "GET", TENANTS, &json!({}));
    assert_eq!(listed["public_url"], "https://logs.example.com/ledger");
    assert_eq!(listed["tenants"][0]["sources"][0]["url"], made["url"]);
}
