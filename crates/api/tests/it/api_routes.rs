//! The routes besides queries: who may use them, status, dead letters, health, metrics.

use std::collections::BTreeSet;

use api::{
    AlarmStatus, Check, DestinationState, DestinationStatus, JournalStatus, LakeStatus, Light,
    SourceState, SourceStatus, Status, TableStatus, Trouble,
};
use axum::body::Body;
use http::Request;
use model::{Role, SourceId, Via};
use serde_json::{Value, json};

use super::fakes::{
    LOCAL, PUBLIC, PUBLIC_TLS, Setting, TOKEN, get, is_ok, letter, now, post_json, stage,
    stage_with,
};

fn healthy() -> Status {
    Status {
        light: Light::Green,
        reasons: Vec::new(),
        version: "0.1.0".into(),
        now: now(),
        started: now(),
        sources: vec![SourceStatus {
            source: SourceId {
                provider: "auth0".into(),
                tenant: "acme".into(),
                source: "poll".into(),
            },
            via: Via::Poll,
            state: SourceState::CaughtUp,
            last_event: Some(now()),
            last_received: Some(now()),
            last_success: Some(now()),
            lag_seconds: Some(1.5),
            received_events: 12,
            stored_events: 10,
            duplicate_events: 2,
            rejected_events: 0,
            gaps: 0,
            trouble: None,
        }],
        destinations: vec![DestinationStatus {
            name: "sentinel".into(),
            kind: "azure_logs_ingestion".into(),
            state: DestinationState::Idle,
            backlog_events: 0,
            oldest_unsent_seconds: None,
            sent_events: 10,
            dead_letters: 0,
            last_success: Some(now()),
            trouble: None,
            read_back: None,
        }],
        journal: JournalStatus { bytes: 79, bytes_max: 100, head_offset: 11, ..Default::default() },
        lake: LakeStatus {
            committed_offset: 11,
            uncommitted_events: 0,
            tables: vec![TableStatus {
                name: "Auth0Logs_CL".into(),
                rows: 10,
                files: 1,
                bytes: 4_096,
            }],
            trouble: None,
        },
        alarms: Vec::new(),
    }
}

fn trouble() -> Option<Trouble> {
    Some(Trouble { code: "x".into(), message: "it broke".into(), hint: String::new(), since: None })
}

#[tokio::test]
async fn the_status_is_json_that_reads_back() {
    let stage = stage();
    *stage.health.status.lock().unwrap() = Some(healthy().judge());
    let answered = stage.send(get("/api/v1/status")).await;
    assert_eq!(answered.status, 200);
    assert_eq!(serde_json::from_str::<Status>(&answered.text).unwrap(), healthy());
    let value: Value = serde_json::from_str(&answered.text).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn the_light_shows_the_gravest_trouble() {
    let check = |change: fn(&mut Status), light: Light, reasons: &[&str]| {
        let mut status = healthy();
        change(&mut status);
        let judged = status.judge();
        assert_eq!(
            (judged.light, judged.reasons),
            (light, reasons.iter().map(|r| (*r).into()).collect())
        );
    };
    check(|_| {}, Light::Green, &[]);
    check(|s| s.sources[0].state = SourceState::RateLimited, Light::Green, &[]);
    check(
        |s| {
            s.sources[0].state = SourceState::Failing;
            s.sources[0].trouble = trouble();
        },
        Light::Yellow,
        &["source auth0/acme/poll: it broke"],
    );
    check(|s| s.journal.bytes = 80, Light::Yellow, &["journal: 80 % of its disk budget is used"]);
    check(
        |s| {
            s.destinations[0].state = DestinationState::Retrying;
            s.sources[0].state = SourceState::Refused;
        },
        Light::Red,
        &["source auth0/acme/poll: does not work", "destination sentinel: does not work"],
    );
    check(
        |s| s.destinations[0].state = DestinationState::Stopped,
        Light::Red,
        &["destination sentinel: does not work"],
    );
    check(|s| s.journal.trouble = trouble(), Light::Red, &["journal: it broke"]);
    check(|s| s.lake.trouble = trouble(), Light::Red, &["lake: it broke"]);
    check(
        |s| {
            s.alarms.push(AlarmStatus {
                alarm: "destination_behind".to_owned(),
                source: None,
                destination: Some("sentinel".to_owned()),
                light: Light::Yellow,
                message: "3 events wait".to_owned(),
                hint: String::new(),
                opened: now(),
            });
        },
        Light::Yellow,
        &["destination sentinel: 3 events wait"],
    );
}

/// Every route that tells or changes anything, as the table of routes has them, with the role that each asks for.
pub(crate) fn guarded() -> Vec<(Role, Request<Body>)> {
    use Role::{Administrator, Analyst, Viewer};
    let change = |method: &str, path: &str, body: &'static str| {
        let request = Request::builder().method(method).uri(path);
        request.header("content-type", "application/json").body(Body::from(body)).unwrap()
    };
    let mut all = vec![
        (Viewer, change("DELETE", "/api/v1/session", "")),
        (Administrator, get("/api/v1/users")),
        (
            Administrator,
            post_json(
                "/api/v1/users",
                r#"{"name":"new","role":"viewer","password":"a long enough phrase"}"#,
            ),
        ),
        (Administrator, change("PUT", "/api/v1/users/new", r#"{"role":"analyst"}"#)),
        (Administrator, change("DELETE", "/api/v1/users/new", "")),
        (Administrator, get("/api/v1/tokens")),
        (Administrator, post_json("/api/v1/tokens", r#"{"name":"siem","role":"viewer"}"#)),
        (Administrator, change("DELETE", "/api/v1/tokens/1", "")),
        (Administrator, get("/api/v1/audit")),
        (Viewer, post_json("/api/v1/query", r#"{"query":"T"}"#)),
        (Viewer, get("/api/v1/status")),
        (Viewer, get("/api/v1/dead-letters")),
        (Viewer, get("/api/v1/dead-letters/1")),
        (Analyst, post_json("/api/v1/dead-letters/replay", r#"{"all":true}"#)),
        (
            Administrator,
            post_json(
                "/api/v1/dead-letters/discard",
                r#"{"which":{"all":true,"reason":"too large"},"why":"known"}"#,
            ),
        ),
        (Administrator, post_json("/api/v1/replays", r#"{"to":"sentinel","since":"2026-10-01"}"#)),
        (Viewer, get("/api/v1/replays")),
        (Administrator, post_json("/api/v1/replays/cancel", r#"{"id":"sentinel-1"}"#)),
        (Administrator, post_json("/api/v1/import/auth0/acme", "{}")),
        (Administrator, post_json("/api/v1/backfill", r#"{"since":"retention"}"#)),
        (Analyst, post_json("/api/v1/backfill/survey", r#"{"since":"retention"}"#)),
        (Viewer, get("/api/v1/backfill")),
        (Viewer, get("/api/v1/ledger?tenant=acme&month=2026-06")),
        (Administrator, post_json("/api/v1/destinations/forget", r#"{"name":"sentinel"}"#)),
        (Viewer, get("/metrics")),
    ];
    all.extend(super::app_routes::guarded());
    all.extend(super::applications::guarded());
    all
}

#[tokio::test]
async fn every_listed_route_is_open_on_purpose_or_tried_with_and_without_a_token() {
    let listed = stage().send(get("/api")).await.text;
    let listed = listed.lines().skip(2).map(|line| {
        let mut words = line.split_whitespace();
        format!("{} {}", words.next().unwrap(), words.next().unwrap())
    });
    let open = ["GET /api", "GET /api/openapi.json", "GET /livez", "GET /readyz", "GET /healthz"];
    // These are tried for themselves: they are about sessions, or have no end.
    let sessions = [
        "GET /api/v1/session",
        "POST /api/v1/session",
        "POST /api/v1/session/password",
        "POST /api/v1/tail",
    ];
    let receivers = ["POST /ingest/PROVIDER/TENANT/SOURCE"];
    let tried = guarded().into_iter().map(|(_, request)| {
        let path = request.uri().path();
        let path = path.replace("/auth0/acme", "/{provider}/{tenant}").replace("/1", "/{id}");
        let path = path.replace("/poll/", "/{source}/").replace("/new", "/{name}");
        format!("{} {path}", request.method())
    });
    let others = open.into_iter().chain(sessions).chain(receivers).map(str::to_owned);
    let known: BTreeSet<String> = tried.chain(others).collect();
    assert_eq!(listed.collect::<BTreeSet<String>>(), known);
}

pub(crate) fn set_up(tokens: Vec<&'static str>) -> super::fakes::Stage {
    let stage = stage_with(Setting { tokens, ..Setting::default() });
    *stage.health.status.lock().unwrap() = Some(healthy());
    stage.engine.gives(vec![]);
    stage
}

#[tokio::test]
async fn a_token_opens_every_guarded_route_and_nothing_else_does() {
    let authorized = |mut request: Request<Body>, token: &str| {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
        request
    };
    let stage = set_up(vec![TOKEN]);
    for peer in [LOCAL, PUBLIC_TLS] {
        for (_, request) in guarded() {
            let path = request.uri().path().to_owned();
            let answered = stage.send_by(request, peer).await;
            assert_eq!(
                (answered.status, answered.code().as_str()),
                (401, "unauthorized"),
                "{path}"
            );
        }
        for (_, request) in guarded() {
            let answered = stage.send_by(authorized(request, "dl_guess"), peer).await;
            assert_eq!(answered.status, 401);
            assert!(!answered.text.contains("guess") && !answered.text.contains(TOKEN));
        }
        for (_, request) in guarded() {
            stage.engine.gives(vec![]);
            let path = request.uri().path().to_owned();
            let answered = stage.send_by(authorized(request, TOKEN), peer).await;
            assert!(is_ok(answered.status), "{path}");
        }
    }
    // In the clear not even the right token helps.
    for (_, request) in guarded() {
        let answered = stage.send_by(authorized(request, TOKEN), PUBLIC).await;
        assert_eq!((answered.status, answered.code().as_str()), (403, "tls_required"));
    }
}

#[tokio::test]
async fn without_tokens_everything_is_open_locally_and_closed_elsewhere() {
    let stage = set_up(vec![]);
    for (_, request) in guarded() {
        stage.engine.gives(vec![]);
        let path = request.uri().path().to_owned();
        let answered = stage.send(request).await;
        assert!(is_ok(answered.status), "{path}: {answered:?}");
    }
    for (_, request) in guarded() {
        let answered = stage.send_by(request, PUBLIC_TLS).await;
        assert_eq!((answered.status, answered.code().as_str()), (403, "no_token_configured"));
    }
}

#[tokio::test]
async fn a_foreign_name_or_page_reaches_nothing_on_a_local_server() {
    let stage = set_up(vec![]);
    let all = guarded().into_iter().map(|(_, request)| request);
    for mut request in all.chain([get("/"), get("/api"), get("/readyz")]) {
        request.headers_mut().insert("host", "evil.example:7788".parse().unwrap());
        let answered = stage.send(request).await;
        assert_eq!((answered.status, answered.code().as_str()), (421, "host_unknown"));
    }
    for (_, mut request) in guarded() {
        request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        assert_eq!(stage.send(request).await.code(), "cross_site");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_and_no_route_allows_other_origins() {
    let stage = set_up(vec![]);
    for (method, path, status, code) in [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/v1/query", 405, "method_not_allowed"),
        ("POST", "/api/v1/status", 405, "method_not_allowed"),
        ("OPTIONS", "/api/v1/query", 405, "method_not_allowed"),
        ("DELETE", "/livez", 405, "method_not_allowed"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "POST");
        let answered = stage.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answered.status, answered.code().as_str()), (status, code), "{method} {path}");
        assert!(answered.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    }
}

#[tokio::test]
async fn health_is_told_to_everybody_and_its_reasons_to_those_who_may_know() {
    let failing = Check { name: "journal".into(), error: Some("disk full at /srv".into()) };
    let fine = Check { name: "configuration".into(), error: None };
    let stage = set_up(vec![TOKEN]);
    assert_eq!(stage.send(get("/livez")).await.text, "ok\n");
    for path in ["/readyz", "/healthz"] {
        *stage.health.checks.lock().unwrap() = vec![fine.clone()];
        let answered = stage.send(get(path)).await;
        assert_eq!((answered.status, answered.text.as_str()), (200, "ok\n"));
        *stage.health.checks.lock().unwrap() = vec![fine.clone(), failing.clone()];
        for (verbose, token, text) in [
            ("", None, "not ready\n"),
            ("?verbose", None, "not ready\n"),
            (
                "?verbose",
                Some(TOKEN),
                "[+] configuration ok\n[-] journal failed: disk full at /srv\nnot ready\n",
            ),
        ] {
            let mut request = get(&format!("{path}{verbose}"));
            if let Some(token) = token {
                let value = format!("Bearer {token}").parse().unwrap();
                request.headers_mut().insert("authorization", value);
            }
            let answered = stage.send(request).await;
            assert_eq!((answered.status, answered.text.as_str()), (503, text));
        }
        assert_eq!(stage.send(get("/livez")).await.status, 200);
    }
}

#[tokio::test]
async fn dead_letters_are_listed_in_pages_shown_and_replayed() {
    let stage = stage();
    let page = |text: &str| serde_json::from_str::<api::DeadLetterPage>(text).unwrap();
    let all = page(&stage.send(get("/api/v1/dead-letters")).await.text);
    assert_eq!((all.total, &all.letters), (3, &vec![letter(3), letter(2), letter(1)]));
    let second = stage.send(get("/api/v1/dead-letters?before=3&limit=1&origin=sentinel")).await;
    assert_eq!(page(&second.text).letters, [letter(2)]);

    let shown = stage.send(get("/api/v1/dead-letters/2")).await;
    let shown: Value = serde_json::from_str(&shown.text).unwrap();
    assert_eq!(shown["raw"], "{\"type\":\"s\"}");

    let replayed = stage.send(post_json("/api/v1/dead-letters/replay", r#"{"all":true}"#)).await;
    let replayed: Value = serde_json::from_str(&replayed.text).unwrap();
    assert_eq!(replayed, json!({"replayed": 1, "failed": 2}));

    let wanted = r#"{"which":{"ids":[1,9]},"why":"tests of March"}"#;
    let discarded = stage.send(post_json("/api/v1/dead-letters/discard", wanted)).await;
    let discarded: Value = serde_json::from_str(&discarded.text).unwrap();
    assert_eq!(discarded, json!({"discarded": 1, "unknown": 1}));
}

#[tokio::test]
async fn a_replay_is_started_counted_listed_and_cancelled() {
    let stage = stage();
    let wish = |more: &str| {
        post_json("/api/v1/replays", format!(r#"{{"to":"sentinel","since":"2026-10-01"{more}}}"#))
    };
    for (request, status, found) in [
        (wish(""), 202, "running"),
        (wish(r#","until":"2026-10-02","where":"true","dry_run":true"#), 200, "counted"),
        (post_json("/api/v1/replays/cancel", r#"{"id":"sentinel-1"}"#), 200, "cancelled"),
    ] {
        let answered = stage.send(request).await;
        let told: Value = serde_json::from_str(&answered.text).unwrap();
        assert_eq!((answered.status, told["state"].as_str()), (status, Some(found)));
    }
    let listed = stage.send(get("/api/v1/replays")).await;
    let listed: Value = serde_json::from_str(&listed.text).unwrap();
    assert_eq!(listed["replays"][1]["where"], "true");
    for request in [
        post_json("/api/v1/replays", r#"{"to":"nobody","since":"2026-10-01"}"#),
        post_json("/api/v1/replays", r#"{"to":"sentinel"}"#),
        post_json("/api/v1/replays/cancel", r#"{"id":"sentinel-9"}"#),
    ] {
        assert_eq!(stage.send(request).await.status, 400);
    }
}

#[tokio::test]
async fn dead_letter_requests_that_make_no_sense_are_refused() {
    let stage = stage();
    for (request, status, code) in [
        (get("/api/v1/dead-letters?limit=0"), 400, "invalid"),
        (get("/api/v1/dead-letters?limit=1000"), 200, ""),
        (get("/api/v1/dead-letters?limit=1001"), 400, "invalid"),
        (get("/api/v1/dead-letters?limit=x"), 400, "invalid"),
        (get("/api/v1/dead-letters?unknown=1"), 400, "invalid"),
        (get("/api/v1/dead-letters/x"), 400, "invalid"),
        (get("/api/v1/dead-letters/%ff"), 400, "invalid"),
        (get("/api/v1/dead-letters/-1"), 400, "invalid"),
        (get("/api/v1/dead-letters/9"), 404, "dead_letter_unknown"),
        (post_json("/api/v1/dead-letters/replay", "{}"), 400, "invalid"),
        (
            post_json("/api/v1/dead-letters/discard", r#"{"which":{"all":true},"why":" "}"#),
            400,
            "invalid",
        ),
        (post_json("/api/v1/dead-letters/discard", r#"{"which":{},"why":"x"}"#), 400, "invalid"),
        (
            post_json("/api/v1/dead-letters/discard", r#"{"which":{"all":true}}"#),
            400,
            "json_malformed",
        ),
        (post_json("/api/v1/dead-letters/replay", "{\"id\":1}"), 400, "json_malformed"),
    ] {
        let path = request.uri().to_string();
        let answered = stage.send(request).await;
        assert_eq!(answered.status, status, "{path}");
        if status != 200 {
            assert_eq!(answered.code(), code, "{path}");
        }
    }
    *stage.letters.broken.lock().unwrap() = true;
    let answered = stage.send(get("/api/v1/dead-letters")).await;
    assert_eq!((answered.status, answered.code().as_str()), (503, "dead_letters_unavailable"));
}

#[tokio::test]
async fn metrics_are_in_prometheus_text_form() {
    let stage = stage();
    let answered = stage.send(get("/metrics")).await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
}
