//! What is asked, how answers are read, and that no secret gets into words.

use http::StatusCode;
use net::EntraIdentity;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{Destination, find};

const SECRET: &str = "aHVudGVyMg==";

fn ingestion(extra: &Value) -> Result<Box<dyn Destination>, Vec<model::Problem>> {
    let mut written = json!({
        "endpoint": "https://x.ingest.monitor.azure.com", "authority": "https://login.example",
        "dcr_immutable_id": "dcr-0123456789abcdef0123456789abcdef",
        "identity": {"kind": "client_secret", "tenant_id": "t", "client_id": "c", "client_secret": SECRET},
    });
    let fields = written.as_object_mut().expect("fields");
    fields.extend(extra.as_object().expect("fields").clone());
    find("azure_logs_ingestion").expect("a kind").validate(&written)
}

fn read_back(extra: &Value) -> ReadBack {
    ingestion(extra).expect("valid").read_back().expect("configured").clone()
}

fn hours() -> Range<Timestamp> {
    let moment = |text: &str| text.parse().expect("a moment");
    moment("2026-11-20T10:00:00Z")..moment("2026-11-21T11:00:00Z")
}

fn asked(read_back: &ReadBack) -> (String, String) {
    let tables: Vec<&ReadTable> = read_back.tables().iter().collect();
    let request = read_back.request(&tables, &hours(), &Secret::new("token"));
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    (request.url.to_string(), body["query"].as_str().expect("a question").to_owned())
}

#[test]
fn nothing_is_read_back_unless_it_is_configured() {
    assert!(ingestion(&json!({})).expect("valid").read_back().is_none());
}

#[test]
fn the_destinations_own_identity_asks_for_another_audience() {
    let read_back = read_back(&json!({"read_back": {"workspace_id": "w-1"}}));
    assert_eq!(read_back.credential.authority, "https://login.example");
    assert_eq!(read_back.credential.audience, "https://api.loganalytics.io");
    assert!(
        matches!(&read_back.credential.identity, EntraIdentity::ClientSecret { client_id, .. } if client_id == "c")
    );
    assert_eq!(read_back.grace, SignedDuration::from_hours(1));
    assert_eq!(asked(&read_back).0, "https://api.loganalytics.azure.com/v1/workspaces/w-1/query");
}

#[test]
fn every_part_of_it_can_be_told() {
    let read_back = read_back(&json!({
        "cloud": "usgov",
        "read_back": {
            "workspace_id": "w-2", "identity": "managed", "authority": "https://other.example", "audience": "https://a",
            "endpoint": "http://127.0.0.1:9/base/", "grace_seconds": 0, "tables": {"auth0": "Mine_CL"},
            "time_column": "When",
        },
    }));
    assert_eq!(read_back.credential.authority, "https://other.example");
    assert_eq!(read_back.credential.audience, "https://a");
    assert_eq!(read_back.credential.identity, EntraIdentity::Managed { client_id: None });
    assert_eq!(read_back.grace, SignedDuration::ZERO);
    assert_eq!(asked(&read_back).0, "http://127.0.0.1:9/base/v1/workspaces/w-2/query");
    assert_eq!(read_back.place(), "w-2 auth0:Mine_CL:When onelogin:OneLoginEventsV2_CL:When");
}

#[test]
fn problems_are_told_with_their_place() {
    for (written, expected) in [
        (json!({}), "read_back.workspace_id: is missing"),
        (json!({"workspace_id": "a/b"}), "read_back.workspace_id: is not a workspace id"),
        (
            json!({"workspace_id": "w", "grace_seconds": 43_201}),
            "read_back.grace_seconds: must be between 0 and 43200",
        ),
        (json!({"workspace_id": "w", "tables": "a'b"}), "read_back.tables: is not a possible name"),
        (
            json!({"workspace_id": "w", "workspace": "w"}),
            "read_back.workspace: is not a known field",
        ),
        (
            json!({"workspace_id": "w", "identity": {"kind": "client_secret"}}),
            "read_back.identity.tenant_id: is missing",
        ),
    ] {
        let problems = ingestion(&json!({ "read_back": written })).expect_err("refused");
        assert!(problems[0].to_string().starts_with(expected), "{written}: {problems:?}");
    }
}

#[test]
fn the_question_counts_by_the_events_own_time() {
    let raw = read_back(
        &json!({"shape": "raw", "streams": "Custom-All_CL", "read_back": {"workspace_id": "w"}}),
    );
    assert_eq!(
        asked(&raw).1,
        "['All_CL'] | where TimeGenerated >= datetime(2026-11-19T10:00:00Z) | extend Hour = bin(TimeGenerated, 1h) \
         | where isnull(Hour) or (Hour >= datetime(2026-11-20T10:00:00Z) and Hour < datetime(2026-11-21T11:00:00Z)) \
         | summarize Seen = count() by Hour | extend Table = 'All_CL'"
    );
    let columns = read_back(&json!({"read_back": {"workspace_id": "w"}}));
    let question = asked(&columns).1;
    assert!(question.starts_with("union isfuzzy=true (['Auth0Logs_CL'] | "), "{question}");
    assert!(question.contains("), (['OneLoginEventsV2_CL'] | "), "{question}");
    assert!(question.contains("column_ifexists('event_date', '')"), "{question}");
    assert!(question.contains("column_ifexists('EventTimestamp', '')"), "{question}");
    // Both in one table: whichever of its columns an event has.
    let one = read_back(&json!({"streams": "Custom-All_CL", "read_back": {"workspace_id": "w"}}));
    assert!(asked(&one).1.contains("bin(coalesce(todatetime("), "{}", asked(&one).1);
}

#[test]
fn the_data_collector_needs_an_identity_and_cannot_place_events_of_onelogin() {
    let kind = find("azure_data_collector").expect("a kind");
    let written = |read_back: Value| json!({"workspace_id": "w", "shared_key": SECRET, "read_back": read_back});
    let problems = kind.validate(&written(json!({}))).expect_err("refused");
    assert!(problems[0].to_string().starts_with("read_back.identity: is missing"), "{problems:?}");
    let destination = kind.validate(&written(json!({"identity": "managed"}))).expect("valid");
    let read_back = destination.read_back().expect("configured");
    assert_eq!(read_back.place(), "w auth0:Auth0AM_CL:date_t onelogin:OneLogin_CL:");
    assert_eq!(read_back.tables()[1].time_columns.len(), 0);
}

fn answered(status: u16, body: &str) -> Result<Vec<Seen>, Unread> {
    let status = StatusCode::from_u16(status).expect("a status");
    let answer =
        Answer { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) };
    answer::read(&answer)
}

#[test]
fn counts_are_read_by_the_names_of_their_columns() {
    let body = r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"Hour","type":"datetime"},{"name":"Seen","type":"long"},{"name":"Table","type":"string"}],"rows":[["2026-11-20T10:00:00Z",12,"A_CL"],[null,3,"A_CL"]]}]}"#;
    let seen = |hour: Option<&str>, events| Seen {
        table: "A_CL".to_owned(),
        hour: hour.map(|hour| hour.parse().expect("a moment")),
        events,
    };
    assert_eq!(
        answered(200, body),
        Ok(vec![seen(Some("2026-11-20T10:00:00Z"), 12), seen(None, 3)])
    );
    assert_eq!(
        answered(200, &body.replace(r#"["2026-11-20T10:00:00Z",12,"A_CL"],[null,3,"A_CL"]"#, "")),
        Ok(vec![])
    );
}

#[test]
fn what_is_not_a_whole_answer_is_no_count() {
    let table =
        r#""tables":[{"columns":[{"name":"Hour"},{"name":"Seen"},{"name":"Table"}],"rows":[]}]"#;
    for (status, body, message, hint) in [
        (200, String::new(), "the answer to the question is not a table", "endpoint"),
        (200, r#"{"tables":[]}"#.to_owned(), "the answer to the question is not a table", "endpoint"),
        (200, table.replace("Seen", "count_").replace("\"tables\"", "{\"tables\"") + "}", "the answer to the question", "endpoint"),
        (
            200,
            format!(r#"{{{table},"error":{{"code":"PartialError","message":"Some errors."}}}}"#),
            "the answer is not whole: PartialError: Some errors",
            "again",
        ),
        (
            400,
            r#"{"error":{"message":"The request had some invalid properties","code":"BadArgumentError","innererror":{"code":"SemanticError","message":"A semantic error occurred.","innererror":{"code":"SEM0100","message":"Failed to resolve table 'X'"}}}}"#.to_owned(),
            "status 400: BadArgumentError: Failed to resolve table 'X'",
            "read_back.tables",
        ),
        (403, r#"{"error":{"message":"no access","code":"InsufficientAccessError"}}"#.to_owned(), "status 403: InsufficientAccessError: no access", "Log Analytics Reader"),
        (504, "<html>".to_owned(), "status 504", "again"),
    ] {
        let unread = answered(status, &body).expect_err("no count");
        assert!(unread.message.starts_with(message), "{unread:?}");
        assert!(unread.hint.contains(hint), "{unread:?}");
    }
}

proptest! {
    #[test]
    fn secrets_are_in_no_words(
        secret in "[A-Za-z0-9~_.-]{12,40}",
        token in "[A-Za-z0-9_.-]{20,60}",
        status in 200_u16..600,
        body in ".{0,60}",
    ) {
        let identity = json!({"kind": "client_secret", "tenant_id": "t", "client_id": "c", "client_secret": secret});
        let read_back = read_back(&json!({"read_back": {"workspace_id": "w", "identity": identity}}));
        let tables: Vec<&ReadTable> = read_back.tables().iter().collect();
        let request = read_back.request(&tables, &hours(), &Secret::new(token.as_str()));
        let told = format!("{read_back:?} {} {request:?} {:?}", read_back.place(), answered(status, &body));
        prop_assert!(!told.contains(&secret) && !told.contains(&token), "{told}");
        let sent = String::from_utf8_lossy(&request.body).into_owned() + request.url.as_str();
        prop_assert!(!sent.contains(&secret) && !sent.contains(&token), "{sent}");
        prop_assert!(request.headers.get(AUTHORIZATION).is_some_and(HeaderValue::is_sensitive));
    }
}
