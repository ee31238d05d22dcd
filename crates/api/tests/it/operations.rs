//! Imports and backfills through a running server.

use std::io::Write;

use api::{BackfillRequest, Backfills, IntakeError, Limits, OperationError, ProblemDetails, Taken};
use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use model::Problem;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fakes::{Setting, Stage, backfill, get, post_json, stage, stage_with};

const IMPORT: &str = "/api/v1/import/auth0/acme";
const BACKFILL: &str = "/api/v1/backfill";
const FORGET: &str = "/api/v1/destinations/forget";
const EVENTS: &str = "{\"log_id\":\"1\"}\n{\"log_id\":\"2\"}\n";

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn import(content_type: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(IMPORT);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    request.body(body.into()).unwrap()
}

fn imported(stage: &Stage) -> Vec<(String, String, Bytes)> {
    stage.operations.imported.lock().unwrap().clone()
}

#[tokio::test]
async fn exported_events_are_handed_on_byte_for_byte_and_counted() {
    for (content_type, body) in [
        ("application/json", EVENTS.as_bytes().to_vec()),
        ("Application/X-NDJSON; charset=utf-8", EVENTS.as_bytes().to_vec()),
        ("application/jsonl", EVENTS.as_bytes().to_vec()),
        ("application/gzip", gzip(EVENTS.as_bytes())),
        // The bytes decide what they are, as for receivers.
        ("application/json", gzip(EVENTS.as_bytes())),
        ("application/gzip", EVENTS.as_bytes().to_vec()),
    ] {
        let stage = stage();
        let answered = stage.send(import(Some(content_type), body)).await;
        assert_eq!(answered.status, 200, "{content_type}");
        let taken: Taken = serde_json::from_str(&answered.text).unwrap();
        assert_eq!(taken, Taken { stored: 2, duplicates: 0, rejected: 0 });
        let expected = ("auth0".to_owned(), "acme".to_owned(), Bytes::from(EVENTS));
        assert_eq!(imported(&stage), [expected], "{content_type}");
    }
}

#[tokio::test]
async fn an_import_comes_as_events_so_that_a_browser_must_ask_first() {
    let stage = stage();
    for content_type in
        [None, Some("text/plain"), Some("multipart/form-data"), Some("application/zip")]
    {
        let answered = stage.send(import(content_type, EVENTS)).await;
        assert_eq!((answered.status, answered.code().as_str()), (415, "json_required"));
    }
    let mut request = import(Some("application/json"), EVENTS);
    request.headers_mut().insert("content-encoding", "br".parse().unwrap());
    let answered = stage.send(request).await;
    assert_eq!((answered.status, answered.code().as_str()), (415, "encoding_unknown"));
    assert!(imported(&stage).is_empty());
}

#[tokio::test]
async fn an_import_has_a_receivers_limits() {
    let limits = |memory| Limits {
        body_bytes_max: 100,
        body_memory_bytes_max: memory,
        api_body_bytes_max: 10,
        ..Limits::default()
    };
    let events = |bytes: usize| vec![b'x'; bytes];
    for (memory, body, status, code) in [
        (1_000, events(100), 200, ""),
        (1_000, events(101), 413, "body_too_large"),
        (1_000, gzip(&events(100)), 200, ""),
        (1_000, gzip(&events(101)), 413, "body_too_large"),
        (1_000, [0x1f, 0x8b, 0].to_vec(), 400, "gzip_malformed"),
        (99, events(100), 503, "busy"),
        (99, gzip(&events(100)), 503, "busy"),
    ] {
        let stage = stage_with(Setting { limits: limits(memory), ..Setting::default() });
        // More than once: the memory of an answered import is free again.
        for _ in 0..20 {
            let answered = stage.send(import(Some("application/json"), body.clone())).await;
            assert_eq!(answered.status, status, "{code}");
            if status != 200 {
                assert_eq!(answered.code(), code);
            }
            if status == 413 {
                assert!(answered.text.contains("`doorledger import` cuts large files"));
            }
            if status == 503 {
                assert_eq!(answered.header("retry-after"), "1");
            }
        }
        assert_eq!(imported(&stage).len(), if status == 200 { 20 } else { 0 });
    }
}

#[tokio::test]
async fn a_tenant_has_a_name_that_a_configuration_could_give_it() {
    let stage = stage();
    for (path, status) in [
        ("/api/v1/import/auth0/acme-prod_2.eu", 200),
        ("/api/v1/import/auth0/a%63me", 200),
        ("/api/v1/import/auth0/a%2Fb", 400),
        ("/api/v1/import/auth0/a%20b", 400),
        ("/api/v1/import/auth0/%ff", 400),
        ("/api/v1/import/auth0/%2E%2E", 400),
        ("/api/v1/import/auth0/", 404),
        ("/api/v1/import/auth0", 404),
        ("/api/v1/import/auth0/acme/poll", 404),
    ] {
        let answered = stage.send(post_json(path, EVENTS)).await;
        assert_eq!(answered.status, status, "{path}");
        if status == 400 {
            assert_eq!(answered.code(), "invalid");
        }
    }
    let tenants: Vec<String> = imported(&stage).into_iter().map(|(_, tenant, _)| tenant).collect();
    assert_eq!(tenants, ["acme-prod_2.eu", "acme"]);
}

#[tokio::test]
async fn an_import_that_the_journal_does_not_take_says_what_a_receiver_would() {
    for (error, status, code, retry_after) in [
        (IntakeError::Full { retry_after_seconds: 30 }, 503, "journal_full", "30"),
        (IntakeError::Busy, 503, "busy", "1"),
        (IntakeError::TooLarge { events: 9, bytes: 99 }, 413, "too_many_events", ""),
        (IntakeError::Closed, 503, "stopping", "5"),
        (IntakeError::Storage("/srv/journal: I/O error".into()), 503, "journal_failed", "10"),
    ] {
        let stage = stage();
        *stage.operations.fails.lock().unwrap() = Some(OperationError::Intake(error));
        let answered = stage.send(import(Some("application/json"), EVENTS)).await;
        assert_eq!((answered.status, answered.code().as_str()), (status, code));
        assert_eq!(answered.header("retry-after"), retry_after, "{code}");
        assert!(!answered.text.contains("/srv"), "{}", answered.text);
    }
}

#[tokio::test]
async fn what_is_refused_names_each_thing_to_mend_and_each_advice_once() {
    let polled = "polled are: acme, beta";
    let problems = vec![
        Problem::new("tenants", "`acne` is not polled", polled),
        Problem::new("tenants", "`zeta` is not polled", polled),
        Problem::new("", "`soon` is not a date", "write 2026-10-01"),
        Problem::new("beta.start", "lies in the future", ""),
    ];
    let stage = stage();
    *stage.operations.fails.lock().unwrap() = Some(OperationError::Refused(problems.clone()));
    for request in [
        post_json(BACKFILL, r#"{"tenants":["acne","zeta"],"since":"soon"}"#),
        post_json(FORGET, r#"{"name":"sentinel"}"#),
        import(Some("application/json"), EVENTS),
    ] {
        let answered = stage.send(request).await;
        assert_eq!((answered.status, answered.code().as_str()), (400, "invalid"));
        let details: ProblemDetails = serde_json::from_str(&answered.text).unwrap();
        assert_eq!(
            details.detail,
            "tenants: `acne` is not polled; tenants: `zeta` is not polled; `soon` is not a date; \
             beta.start: lies in the future"
        );
        assert_eq!(details.hint, "polled are: acme, beta; write 2026-10-01");
        assert_eq!(details.problems, problems);
    }
}

#[tokio::test]
async fn backfills_are_started_and_watched() {
    let stage = stage();
    let none = stage.send(get(BACKFILL)).await;
    assert_eq!((none.status, none.text.as_str()), (200, r#"{"backfills":[]}"#));

    let asked = r#"{"tenants":["acme"],"since":"2026-10-21"}"#;
    let started = stage.send(post_json(BACKFILL, asked)).await;
    assert_eq!(started.status, 202);
    let told = Backfills { backfills: vec![backfill("acme")] };
    assert_eq!(serde_json::from_str::<Backfills>(&started.text).unwrap(), told);
    let value: Value = serde_json::from_str(&started.text).unwrap();
    assert_eq!(
        value["backfills"][0],
        json!({
            "source": "auth0/acme/poll.backfill",
            "state": "running",
            "events": 100,
            "stored": 90,
            "started": "2026-11-21T07:00:00Z",
            "oldest": "2026-10-21T07:00:00Z",
            "latest": "2026-10-29T07:00:00Z",
            "share": 0.25,
        })
    );
    let watched = stage.send(get(BACKFILL)).await;
    assert_eq!((watched.status, watched.text), (200, started.text));
}

#[tokio::test]
async fn what_lies_before_a_backfill_is_told() {
    let stage = stage();
    let asked = r#"{"tenants":["acme"],"since":"retention"}"#;
    let answered = stage.send(post_json("/api/v1/backfill/survey", asked)).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    let told: Value = serde_json::from_str(&answered.text).unwrap();
    assert_eq!(told["outlooks"][0]["source"], "auth0/acme/poll.backfill");
    assert_eq!(told["outlooks"][0]["events_left"], 7);
}

#[tokio::test]
async fn a_backfill_names_where_it_begins() {
    for (body, expected) in [
        (r#"{"since":"retention"}"#, Ok((vec![], "retention"))),
        (r#"{"tenants":[],"since":"2026-10-01"}"#, Ok((vec![], "2026-10-01"))),
        (r#"{"tenants":["a","b"],"since":"retention"}"#, Ok((vec!["a", "b"], "retention"))),
        ("{}", Err("json_malformed")),
        (r#"{"tenants":["a"]}"#, Err("json_malformed")),
        (r#"{"tenants":"a","since":"retention"}"#, Err("json_malformed")),
        (r#"{"tenant":"a","since":"retention"}"#, Err("json_malformed")),
    ] {
        let stage = stage();
        let answered = stage.send(post_json(BACKFILL, body)).await;
        let wanted = stage.operations.wanted.lock().unwrap().clone();
        match expected {
            Ok((tenants, since)) => {
                let tenants = tenants.into_iter().map(str::to_owned).collect();
                assert_eq!(wanted, [BackfillRequest { tenants, since: since.to_owned() }]);
                assert_eq!(answered.status, 202, "{body}");
            }
            Err(code) => {
                assert_eq!((answered.status, answered.code().as_str()), (400, code), "{body}");
                assert!(wanted.is_empty());
            }
        }
    }
}

proptest! {
    #[test]
    fn any_import_is_answered(body: Vec<u8>, gzipped: bool, tenant: [u8; 4]) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stage = stage();
        let body = if gzipped { gzip(&body) } else { body };
        let tenant: String = tenant.iter().map(|byte| format!("%{byte:02x}")).collect();
        let request = post_json(&format!("/api/v1/import/auth0/{tenant}"), body);
        let answered = runtime.block_on(stage.send(request));
        prop_assert!([200, 400].contains(&answered.status), "{answered:?}");
        if answered.status == 400 {
            prop_assert!(["invalid", "gzip_malformed"].contains(&answered.code().as_str()));
        }
    }
}

#[tokio::test]
async fn a_forgotten_destination_tells_what_was_given_up() {
    let stage = stage();
    let answered = stage.send(post_json(FORGET, r#"{"name":"sentinel"}"#)).await;
    assert_eq!((answered.status, answered.text.as_str()), (200, r#"{"unsent_events":8}"#));
    // What any web page could send changes nothing.
    let plain = Request::post(FORGET).body(Body::from(r#"{"name":"sentinel"}"#)).unwrap();
    assert_eq!(stage.send(plain).await.status, 415);
    assert_eq!(stage.send(post_json(FORGET, "{}")).await.status, 400);
}

#[tokio::test]
async fn a_statement_is_asked_for_by_tenant_and_month_in_either_form() {
    for (asked, status, expected) in [
        (
            "tenant=acme&month=2026-06",
            200,
            r#"{"tenant":"acme","month":"2026-06","format":"json"}"#,
        ),
        (
            "tenant=auth0%2Facme&month=2026-06&format=html",
            200,
            r#"{"tenant":"auth0/acme","month":"2026-06","format":"html"}"#,
        ),
        ("tenant=acme", 400, "missing field `month`"),
        ("tenant=acme&month=2026-06&format=pdf", 400, "unknown variant `pdf`"),
        ("tenant=acme&month=2026-06&moth=1", 400, "unknown field `moth`"),
    ] {
        let answered = stage().send(get(&format!("/api/v1/ledger?{asked}"))).await;
        assert_eq!(answered.status, status, "{asked}");
        assert!(answered.text.contains(expected), "{asked}: {}", answered.text);
    }
}

#[tokio::test]
async fn an_unknown_tenant_is_refused_with_the_nearest() {
    let stage = stage();
    let problem = Problem::new("tenant", "`acmee` is not known", "did you mean `acme`?");
    *stage.operations.fails.lock().unwrap() = Some(OperationError::Refused(vec![problem]));
    let answered = stage.send(get("/api/v1/ledger?tenant=acmee&month=2026-06")).await;
    assert_eq!((answered.status, answered.code().as_str()), (400, "invalid"));
    let problem: ProblemDetails = serde_json::from_str(&answered.text).unwrap();
    assert_eq!(problem.hint, "did you mean `acme`?");
}
