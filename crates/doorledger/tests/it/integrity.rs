//! Damaged and altered data folders: `verify` names what was changed, the service starts read-only and says why, `doctor`
//! names the repair, and no damaged file of any kind ends in a panic or in silence.
//! Deliberately absent: the check itself, which the lake tests.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{Server, run, succeed};

const PATH: &str = "/ingest/onelogin/acme/webhook";
const TOKEN: &str = "Bearer right-token";

/// A data folder with twenty events in the lake, all of them committed.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let written = "data: data\ntenants:\n  - name: acme\n    provider: onelogin\n    sources: {webhook: {tokens: [right-token]}}\n";
    std::fs::write(folder.path().join("doorledger.yaml"), written).unwrap();
    let event = |number: usize| {
        format!(
            "{{\"event\":{{\"uuid\":\"u-{number}\",\"event_type_id\":5,\"event_timestamp\":\"2026-11-20 10:00:00 UTC\"}}}}\n"
        )
    };
    let lines: String = (0..20).map(event).collect();
    std::fs::write(folder.path().join("events.ndjson"), lines).unwrap();
    let import =
        ["import", "--provider", "onelogin", "--tenant", "acme", "--data", "data", "events.ndjson"];
    succeed(folder.path(), &import);
    // A server that has shown them writes them down before it ends.
    let server = Server::start(folder.path());
    server.wait_for_count("OneLoginEventsV2_CL | count", 20);
    assert_eq!(server.stop(), 0);
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The one file of the data folder whose path has all of `parts`, the first if there are several.
#[track_caller]
fn file(folder: &Path, parts: &[&str]) -> PathBuf {
    let all = files(&folder.join("data"));
    let fits = |path: &&PathBuf| parts.iter().all(|part| path.to_str().unwrap().contains(part));
    all.iter().find(fits).unwrap_or_else(|| panic!("{parts:?} in {all:?}")).clone()
}

#[test]
fn a_registry_that_cannot_be_opened_keeps_people_out_and_nothing_else() {
    let folder = folder();
    std::fs::write(folder.path().join("data/registry.db"), "no database at all, but text").unwrap();
    let server = Server::start(folder.path());
    let event = br#"{"event":{"uuid":"u-new","event_type_id":5,"event_timestamp":"2026-11-20 11:00:00 UTC"}}"#;
    assert_eq!(server.post(PATH, TOKEN, event).0, 200);
    server.wait_for_count("OneLoginEventsV2_CL | count", 21);
    let sign_in = br#"{"name":"admin","password":"whatever it is"}"#;
    let (status, told) = server.post("/api/v1/session", "", sign_in);
    assert_eq!(status, 503, "{told}");
    assert!(told.contains("registry_unavailable") && told.contains("registry.db"), "{told}");
    // Put right, it is opened without a restart.
    std::fs::remove_file(folder.path().join("data/registry.db")).unwrap();
    assert_eq!(server.post("/api/v1/session", "", sign_in).0, 401);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_lake_that_nobody_touched_fits() {
    let folder = folder();
    let out = succeed(folder.path(), &["verify", "--data", "data"]);
    assert!(out.contains("fits     OneLoginEventsV2_CL") && out.contains("20 events"), "{out}");
    let json = succeed(folder.path(), &["verify", "--data", "data", "--format", "json"]);
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["ok"], true);
    let since = ["verify", "--data", "data", "--since", "2999-01-01", "--format", "json"];
    let report: Value = serde_json::from_str(&succeed(folder.path(), &since)).unwrap();
    assert!(report["tables"].as_array().unwrap().iter().all(|table| table["rows"] == 0));
    let out = succeed(folder.path(), &["doctor", "--data", "data"]);
    assert!(out.starts_with("nothing is damaged"), "{out}");
    for (arguments, code) in [
        (&["verify", "--data", "nowhere"][..], 65),
        (&["verify", "--data", "data", "--since", "yesterday"], 65),
        (&["verify", "--data", "data", "--table", "Nothing_CL"], 65),
        (&["doctor", "--data", "nowhere"], 65),
    ] {
        assert_eq!(run(folder.path(), arguments).code, code, "{arguments:?}");
    }
}

#[test]
fn an_altered_file_is_named_while_the_server_runs() {
    let folder = folder();
    let server = Server::start(folder.path());
    assert_eq!(run(folder.path(), &["verify", "--data", "data"]).code, 0);
    let victim = file(folder.path(), &["OneLogin", ".parquet"]);
    let mut bytes = std::fs::read(&victim).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&victim, bytes).unwrap();
    let ran = run(folder.path(), &["verify", "--data", "data"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let name = victim.file_name().unwrap().to_str().unwrap();
    assert!(ran.out.contains("DAMAGED") && ran.out.contains(name), "{}", ran.out);
    assert!(ran.out.contains("the first that does not fit: commit "), "{}", ran.out);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_damaged_table_makes_the_service_read_only_and_says_why() {
    let folder = folder();
    let entry = file(folder.path(), &["OneLogin", "_delta_log", "00000000000000000001.json"]);
    let good = std::fs::read(&entry).unwrap();
    std::fs::write(&entry, &good[..good.len() / 2]).unwrap();
    let server = Server::start_unready(folder.path());
    let (status, answer) =
        server.post(PATH, TOKEN, b"{\"event\":{\"uuid\":\"new\",\"event_type_id\":5}}");
    assert_eq!(status, 503, "{answer}");
    assert!(
        answer.contains("read_only") && answer.contains("00000000000000000001.json"),
        "{answer}"
    );
    let (status, answer) =
        server.post("/api/v1/query", "", br#"{"query":"OneLoginEventsV2_CL | count"}"#);
    assert_ne!(status, 200);
    assert!(answer.contains("00000000000000000001.json"), "{answer}");
    assert_eq!(server.rows("Auth0Logs_CL | count")[0][0], 0, "other tables answer");
    let told = server.status();
    assert_eq!(told["light"], "red");
    assert_eq!(told["lake"]["trouble"]["code"], "lake.damaged", "{told}");
    assert!(told["lake"]["trouble"]["message"].as_str().unwrap().contains("is damaged"), "{told}");
    assert_eq!(server.stop(), 0);
    assert_eq!(std::fs::read(&entry).unwrap(), &good[..good.len() / 2], "nothing was overwritten");
    let import =
        ["import", "--provider", "onelogin", "--tenant", "acme", "--data", "data", "events.ndjson"];
    let ran = run(folder.path(), &import);
    assert_eq!(ran.code, 74, "{}", ran.err);
    assert!(
        ran.err.contains("00000000000000000001.json") && ran.err.contains("doctor"),
        "{}",
        ran.err
    );
    // Put back, everything is as it was.
    std::fs::write(&entry, &good).unwrap();
    let server = Server::start(folder.path());
    assert_eq!(server.rows("OneLoginEventsV2_CL | count")[0][0], 20);
    assert_eq!(server.stop(), 0);
    succeed(folder.path(), &["verify", "--data", "data"]);
}

#[test]
fn a_damaged_journal_makes_the_service_read_only_and_the_lake_answers() {
    let folder = folder();
    let journal = file(folder.path(), &["journal.sqlite"]);
    let length = std::fs::read(&journal).unwrap().len();
    std::fs::write(&journal, vec![0; length]).unwrap();
    let server = Server::start_unready(folder.path());
    let (status, answer) =
        server.post(PATH, TOKEN, b"{\"event\":{\"uuid\":\"new\",\"event_type_id\":5}}");
    assert_eq!(status, 503, "{answer}");
    assert!(answer.contains("journal.sqlite"), "{answer}");
    assert_eq!(server.rows("OneLoginEventsV2_CL | count")[0][0], 20);
    assert_eq!(server.status()["journal"]["trouble"]["code"], "journal.damaged");
    assert_eq!(server.stop(), 0);
    assert_eq!(std::fs::read(&journal).unwrap(), vec![0; length], "nothing was overwritten");
    let ran = run(folder.path(), &["doctor", "--data", "data"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("journal.sqlite"), "{}", ran.out);
}

#[test]
fn a_journal_that_lost_its_end_is_told_from_a_whole_one_and_left_alone() {
    let folder = folder();
    let server = Server::start(folder.path());
    for number in 0..5 {
        let event = format!("{{\"event\":{{\"uuid\":\"tail-{number}\",\"event_type_id\":5}}}}\n");
        assert_eq!(server.post(PATH, TOKEN, event.as_bytes()).0, 200);
    }
    server.kill();
    let log = file(folder.path(), &["journal.sqlite-wal"]);
    let bytes = std::fs::read(&log).unwrap();
    let cut = &bytes[..bytes.len() / 3];
    std::fs::write(&log, cut).unwrap();
    let server = Server::start_unready(folder.path());
    let (status, answer) =
        server.post(PATH, TOKEN, b"{\"event\":{\"uuid\":\"new\",\"event_type_id\":5}}");
    assert_eq!(status, 503, "{answer}");
    let told = server.status();
    assert_eq!(told["journal"]["trouble"]["code"], "journal.damaged", "{told}");
    let message = told["journal"]["trouble"]["message"].as_str().unwrap();
    assert!(
        message.contains("journal.sqlite-wal") && message.contains("were acknowledged"),
        "{message}"
    );
    let shown = server.rows("OneLoginEventsV2_CL | count")[0][0].as_u64().unwrap();
    assert!(shown >= 20, "the lake answers: {shown}");
    assert_eq!(server.stop(), 0);
    assert_eq!(std::fs::read(&log).unwrap(), cut, "nothing was overwritten");
    let ran = run(folder.path(), &["doctor", "--data", "data"]);
    assert_eq!((ran.code, ran.out.contains("events up to offset")), (1, true), "{}", ran.out);
    // Put back, everything is there.
    std::fs::write(&log, &bytes).unwrap();
    let server = Server::start(folder.path());
    server.wait_for_count("OneLoginEventsV2_CL | count", 25);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_lake_that_holds_more_than_the_journal_makes_the_service_read_only() {
    let folder = folder();
    // An older journal with its own pin, as a backup holds it.
    let journal = folder.path().join("data/journal");
    let older: Vec<(PathBuf, Vec<u8>)> = files(&journal)
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    let server = Server::start(folder.path());
    let event = b"{\"event\":{\"uuid\":\"newer\",\"event_type_id\":5}}";
    assert_eq!(server.post(PATH, TOKEN, event).0, 200);
    server.wait_for_count("OneLoginEventsV2_CL | count", 21);
    assert_eq!(server.stop(), 0);
    for (path, bytes) in &older {
        std::fs::write(path, bytes).unwrap();
    }
    let server = Server::start_unready(folder.path());
    let (status, answer) = server.post(PATH, TOKEN, event);
    assert_eq!((status, answer.contains("the journal ends at")), (503, true), "{answer}");
    assert_eq!(server.stop(), 0);
}

#[test]
fn the_doctor_repairs_what_loses_nothing_and_keeps_the_evidence() {
    let folder = folder();
    let data = folder.path().join("data");
    let pins = data.join("lake-heads.json");
    std::fs::write(&pins, b"not pins").unwrap();
    std::fs::write(data.join("domains.json"), b"\0\0").unwrap();
    let ran = run(folder.path(), &["doctor", "--data", "data"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("lake-heads.json") && ran.out.contains("domains.json"), "{}", ran.out);
    let ran = run(folder.path(), &["doctor", "--data", "data", "--repair"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let aside: Vec<PathBuf> = files(&data)
        .into_iter()
        .filter(|path| path.to_str().unwrap().contains(".damaged-"))
        .collect();
    assert_eq!(aside.len(), 2, "{aside:?}");
    succeed(folder.path(), &["doctor", "--data", "data"]);
    succeed(folder.path(), &["verify", "--data", "data"]);
    let server = Server::start(folder.path());
    assert_eq!(server.rows("OneLoginEventsV2_CL | count")[0][0], 20);
    assert_eq!(server.stop(), 0);
}

#[test]
fn no_damaged_file_of_any_kind_ends_in_a_panic_or_in_silence() {
    let folder = folder();
    let data = folder.path().join("data");
    let server = Server::start(folder.path());
    let (status, answer) =
        server.post(PATH, TOKEN, b"{\"event\":{\"uuid\":\"tail\",\"event_type_id\":5}}");
    assert_eq!(status, 200, "{answer}");
    // What was taken last may be in the journal's log alone.
    server.kill();
    let all: Vec<(PathBuf, Vec<u8>)> =
        files(&data).into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    let restore = || {
        for (path, bytes) in &all {
            std::fs::write(path, bytes).unwrap();
        }
        for path in files(&data) {
            if !all.iter().any(|(known, _)| *known == path) {
                std::fs::remove_file(path).unwrap();
            }
        }
    };
    let mut kinds: Vec<String> = Vec::new();
    for (path, bytes) in all.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        let name = path.strip_prefix(&data).unwrap().to_str().unwrap().to_owned();
        // One file of each kind: tables, versions and days are alike.
        let kind = match path.extension().and_then(|extension| extension.to_str()) {
            Some("parquet") => "data file".to_owned(),
            _ if name.contains("_delta_log") => "log entry".to_owned(),
            _ => name.clone(),
        };
        if kinds.contains(&kind) {
            continue;
        }
        kinds.push(kind);
        let mut flipped = bytes.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x20;
        for (how, bad) in [
            ("cut", bytes[..bytes.len() / 2].to_vec()),
            ("zeroed", vec![0; bytes.len()]),
            ("flipped", flipped),
        ] {
            std::fs::write(path, bad).unwrap();
            let asked =
                run(folder.path(), &["query", "--data", "data", "OneLoginEventsV2_CL | count"]);
            let doctor = run(folder.path(), &["doctor", "--data", "data"]);
            let verify = run(folder.path(), &["verify", "--data", "data"]);
            for ran in [&asked, &doctor, &verify] {
                assert!(!ran.err.contains("panicked"), "{name} {how}: {}", ran.err);
                assert!(
                    [0, 1, 65, 74, 78].contains(&ran.code),
                    "{name} {how}: {} {}",
                    ran.code,
                    ran.err
                );
            }
            let short = name.rsplit('/').next().unwrap();
            let said = [&doctor.out, &doctor.err, &verify.out, &verify.err, &asked.err];
            let named = said.iter().any(|text| text.contains(short));
            // SQLite makes its index of the log anew.
            let says_nothing = ["lock", ".lock", "-shm"].iter().any(|end| short.ends_with(end));
            let whole = asked.code == 0 && asked.out.contains("21");
            assert!(named || says_nothing || whole, "{name} {how}: {said:?} {}", asked.out);
            restore();
        }
    }
    assert!(kinds.len() >= 5, "{kinds:?}");
}
