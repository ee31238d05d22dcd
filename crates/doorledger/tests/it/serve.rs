//! A served data folder: what is acknowledged survives a power cut and an orderly end, and is stored once; bad input gets
//! the answer that says so, and its neighbours survive.
//! Deliberately absent: load.

use std::path::Path;

use crate::program::{Server, run, succeed};

const PATH: &str = "/ingest/onelogin/acme/webhook";
const TOKEN: &str = "Bearer right-token";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let written = "data: data\ntenants:\n  - name: acme\n    provider: onelogin\n    sources: {webhook: {tokens: [right-token]}}\n";
    std::fs::write(folder.path().join("doorledger.yaml"), written).unwrap();
    folder
}

fn event(number: usize) -> String {
    format!(
        "{{\"uuid\":\"00000000-0000-4000-8000-{number:012}\",\"event_type_id\":8,\"event_timestamp\":\"2026-11-20 18:00:00 UTC\", \"user_name\":\"J\\u00f6rg \\\"{number}\\\"\"}}"
    )
}

fn batch(numbers: std::ops::Range<usize>) -> Vec<u8> {
    format!("[{}]", numbers.map(event).collect::<Vec<_>>().join(",")).into_bytes()
}

#[track_caller]
fn stored(server: &Server, folder: &Path) -> String {
    let count = "OneLoginEventsV2_CL | summarize rows=count(), ids=dcount(_EventId)";
    server.query(folder, "csv", count).lines().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn what_is_acknowledged_survives_kills_and_is_stored_once() {
    let folder = folder();
    for round in 0..4 {
        let server = Server::start(folder.path());
        // Each round delivers half of the last one again, as a sender does that missed the answer.
        for _ in 0..2 {
            let (status, answer) = server.post(PATH, TOKEN, &batch(round * 50..round * 50 + 100));
            assert_eq!(status, 200, "{answer}");
        }
        if round < 3 {
            server.kill();
        } else {
            assert_eq!(stored(&server, folder.path()), "250,250");
            assert_eq!(server.stop(), 0);
        }
    }
    let out = succeed(
        folder.path(),
        &["query", "--data", "data", "--format", "csv", "OneLoginEventsV2_CL | count"],
    );
    assert_eq!(out.lines().nth(1), Some("250"));
}

#[test]
fn an_event_comes_back_byte_for_byte() {
    let folder = folder();
    let server = Server::start(folder.path());
    assert_eq!(server.post(PATH, TOKEN, &batch(7..8)).0, 200);
    let raw = server.query(
        folder.path(),
        "ndjson",
        "OneLoginEventsV2_CL | project Raw=tostring(RawEvent)",
    );
    let row: serde_json::Value = serde_json::from_str(raw.trim()).unwrap();
    assert_eq!(row["Raw"].as_str(), Some(event(7).as_str()));
}

#[test]
fn bad_input_gets_its_answer_and_its_neighbours_survive() {
    let folder = folder();
    let server = Server::start(folder.path());
    let good = event(1);
    for (authorization, body, expected) in [
        ("Bearer wrong-token", good.clone(), 401),
        (TOKEN, "nothing of this is JSON".to_owned(), 400),
        (TOKEN, format!("{good}\n{{\"broken\":\n{}\n", event(2)), 200),
    ] {
        let (status, answer) = server.post(PATH, authorization, body.as_bytes());
        assert_eq!(status, expected, "{answer}");
        assert!(!answer.contains("token"), "{answer}");
    }
    // Refused by its announced length, before a byte of it is read.
    assert_eq!(server.announce(PATH, TOKEN, 9 * 1024 * 1024), 413);
    assert_eq!(stored(&server, folder.path()), "2,2");
    let letters = succeed(folder.path(), &["dead-letters", "list", "--url", &server.url]);
    assert!(letters.contains("onelogin/acme/webhook"), "{letters}");
    let status = succeed(folder.path(), &["status", "--url", &server.url]);
    assert!(status.contains("green") && status.contains("listening"), "{status}");
}

#[test]
fn a_query_that_is_wrong_is_told_in_kustos_words() {
    let folder = folder();
    let server = Server::start(folder.path());
    let ran = run(
        folder.path(),
        &["query", "--url", &server.url, "OneLoginEventsV2_CL | where NoSuchColumn == 1"],
    );
    assert_eq!(ran.code, 65, "{}", ran.err);
    assert!(ran.err.contains("SEM0100") && ran.err.contains("NoSuchColumn"), "{}", ran.err);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let folder = folder();
    let server = Server::start(folder.path());
    let ran =
        run(folder.path(), &["--config", "doorledger.yaml", "serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 69, "{}", ran.err);
    assert!(ran.err.contains("in use by another doorledger process"), "{}", ran.err);
    assert_eq!(server.stop(), 0);
}

#[test]
fn every_providers_table_answers_before_its_first_event() {
    let folder = folder();
    let server = Server::start(folder.path());
    let question = "union Auth0Logs_CL, OneLoginEventsV2_CL | summarize count() by Type";
    assert_eq!(server.query(folder.path(), "csv", question).lines().count(), 1, "the header alone");
    for view in ["Auth0AM_CL", "Auth0AM", "OneLogin_CL", "OneLogin"] {
        let question = format!("{view} | sort by TimeGenerated desc | count");
        assert_eq!(
            server.query(folder.path(), "csv", &question).lines().nth(1),
            Some("0"),
            "{view}"
        );
    }
}
