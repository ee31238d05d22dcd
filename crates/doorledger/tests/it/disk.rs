//! A disk that takes no more: no file of the process may grow any longer (the limit on file sizes, set while it runs, which
//! needs no rights), so that every write fails in the journal and in the lake alike. Receivers say so, polls wait, the
//! status is red; nothing that was acknowledged is lost, and all is well again as soon as there is space.
//! Deliberately absent: the journal's own budget, and a disk that is nearly full (`journal` has those).

use std::process::Command;

use serde_json::json;

use crate::program::{Server, Simulated, eventually, succeed};

const PATH: &str = "/ingest/onelogin/acme/webhook";
const TOKEN: &str = "right-token";
const POLLED: usize = 60;

fn events(numbers: std::ops::Range<u32>) -> Vec<u8> {
    let lines = numbers.map(|number| {
        format!(
            "{{\"event\":{{\"uuid\":\"u-{number}\",\"event_type_id\":5,\"event_timestamp\":\"2026-11-20 10:00:00 UTC\",\
             \"user_name\":\"n{number}\"}}}}\n"
        )
    });
    lines.collect::<String>().into_bytes()
}

/// How large a file of the process may be. No rights are needed to lower and to raise it within the hard limit.
fn limit_files(server: &Server, bytes: &str) {
    let (process, limit) = (server.id().to_string(), format!("--fsize={bytes}:"));
    assert!(Command::new("prlimit").args(["--pid", &process, &limit]).status().unwrap().success());
}

#[test]
fn a_full_disk_refuses_keeps_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Simulated::start(folder.path(), &["auth0", "--events", "20"]);
    let written = json!({"data": "data", "tenants": [
        {"name": "acme", "provider": "onelogin", "sources": {"webhook": {"tokens": [TOKEN]}}},
        {"name": "polled", "provider": "auth0", "sources": {"poll": {
            "base_url": tenant.told("base_url"), "start": "retention", "interval": 1,
            "client_id": tenant.told("client_id"), "client_secret": tenant.told("client_secret"),
        }}},
    ]});
    std::fs::write(folder.path().join("doorledger.yaml"), written.to_string()).unwrap();
    let server = Server::start(folder.path());
    let pushed = "OneLoginEventsV2_CL | count";
    let polled = "Auth0Logs_CL | summarize dcount(_EventId, 4)";
    assert_eq!(server.post(PATH, TOKEN, &events(0..50)).0, 200);
    server.wait_for_count(polled, 20);

    limit_files(&server, "1");
    tenant.post(&format!("/__events?n={}", POLLED - 20));
    for _ in 0..3 {
        let (head, answer) = server.send(PATH, TOKEN, &events(50..100));
        assert!(head.starts_with("HTTP/1.0 503"), "{head}\n{answer}");
        assert!(head.to_lowercase().contains("\r\nretry-after: "), "{head}");
    }
    eventually(|| {
        let status = server.status();
        let poll = &status["sources"].as_array().unwrap()[1];
        let waits = poll["source"]["tenant"] == "polled" && poll["state"] == "failing";
        let is_red =
            status["light"] == "red" && status["journal"]["trouble"]["code"] == "journal.storage";
        if waits && is_red { Ok(()) } else { Err(status.to_string()) }
    });
    assert_eq!(server.ready().0, 503);
    // What was taken is still there to be asked for.
    assert_eq!(server.rows(pushed)[0][0], 50);

    limit_files(&server, "unlimited");
    eventually(|| match server.post(PATH, TOKEN, &events(50..100)) {
        (200, _) => Ok(()),
        (status, answer) => Err(format!("{status} {answer}")),
    });
    server.wait_for_count(polled, POLLED);
    eventually(|| {
        let status = server.status();
        if status["light"] == "green" { Ok(()) } else { Err(status.to_string()) }
    });
    assert_eq!(server.ready().0, 200);
    // A server that has just started is still reading its journal.
    let expected = |server: &Server| {
        for (table, events) in [("OneLoginEventsV2_CL", 100), ("Auth0Logs_CL", POLLED)] {
            server.wait_for_count(&format!("{table} | count"), events);
            let ids = server.rows(&format!("{table} | summarize dcount(_EventId, 4)"));
            assert_eq!(ids, [[events]], "{table}");
        }
    };
    expected(&server);

    // Ended by force while nothing can be written, it opens again with everything that it acknowledged.
    limit_files(&server, "1");
    assert_eq!(server.post(PATH, TOKEN, &events(100..150)).0, 503);
    server.kill();
    let server = Server::start(folder.path());
    assert_eq!(server.post(PATH, TOKEN, &events(0..100)).0, 200);
    expected(&server);
    assert_eq!(server.stop(), 0);
    let count = ["query", "--data", "data", "--format", "csv", pushed];
    assert_eq!(succeed(folder.path(), &count).lines().nth(1), Some("100"));
}

#[test]
fn a_log_on_the_full_disk_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let written = json!({"data": "data", "tenants": [
        {"name": "acme", "provider": "onelogin", "sources": {"webhook": {"tokens": [TOKEN]}}},
    ]});
    std::fs::write(folder.path().join("doorledger.yaml"), written.to_string()).unwrap();
    let server = Server::start_with_log(folder.path());
    assert_eq!(server.post(PATH, TOKEN, &events(0..50)).0, 200);
    // The journal cannot write, and cannot say so either.
    limit_files(&server, "1");
    for _ in 0..2 {
        let (status, answer) = server.post(PATH, TOKEN, &events(50..100));
        assert!(status == 503 && answer.contains("the journal cannot write"), "{status} {answer}");
    }
    limit_files(&server, "unlimited");
    assert_eq!(server.post(PATH, TOKEN, &events(50..100)).0, 200);
    server.wait_for_count("OneLoginEventsV2_CL | count", 100);
    assert_eq!(server.stop(), 0);
}
