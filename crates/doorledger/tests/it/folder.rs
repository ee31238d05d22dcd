//! Commands on a data folder without a server: archives go in, come out byte for byte, and are stored once.
//! Deliberately absent: a running server.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::program::{run, succeed};

/// Files of lines: real events where they are at hand, our own fixtures elsewhere.
fn archives(provider: &str, own: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let real = root.join("../shared/samples").join(provider);
    if !real.is_dir() {
        return vec![root.join("fixtures").join(provider).join(own)];
    }
    let mut found = Vec::new();
    collect(&real, &mut found);
    assert!(!found.is_empty(), "no archives of {provider}");
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "ndjson") {
            found.push(path);
        }
    }
    found.sort();
}

#[track_caller]
fn round_trip(provider: &str, own: &str, table: &str) {
    let folder = tempfile::tempdir().unwrap();
    let files = archives(provider, own);
    let gzipped = folder.path().join("archive.ndjson.gz");
    let mut gzip = flate2::write::GzEncoder::new(
        std::fs::File::create(&gzipped).unwrap(),
        flate2::Compression::fast(),
    );
    let mut archived = String::new();
    for file in &files {
        gzip.write_all(&std::fs::read(file).unwrap()).unwrap();
        gzip.write_all(b"\n").unwrap();
        archived.push_str(&std::fs::read_to_string(file).unwrap());
    }
    gzip.finish().unwrap();
    let import = [
        "import",
        "--provider",
        provider,
        "--tenant",
        "archive",
        "--data",
        "data",
        "archive.ndjson.gz",
    ];
    succeed(folder.path(), &import);
    let count = [
        "query",
        "--data",
        "data",
        "--format",
        "csv",
        &format!("{table} | where isnotempty(_EventId) | count"),
    ];
    let once = succeed(folder.path(), &count);
    succeed(folder.path(), &import);
    assert_eq!(succeed(folder.path(), &count), once, "imported twice, stored once");

    let question = format!("{table} | project Raw=tostring(RawEvent)");
    let out = succeed(folder.path(), &["query", "--data", "data", "--format", "ndjson", &question]);
    let found: BTreeSet<String> = out
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["Raw"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    // An envelope is left behind; the event in it is a piece of the archive, byte for byte.
    let strange: Vec<&String> =
        found.iter().filter(|raw| !archived.contains(raw.as_str())).collect();
    assert!(strange.is_empty(), "came out otherwise than it went in: {strange:#?}");
    // Examples in the provider's documentation have no id; they cannot be recognised when they come again.
    let with_id: usize = once.lines().nth(1).unwrap().parse().unwrap();
    assert!(with_id > 0 && found.len() >= with_id, "{with_id} ids, {} raw events", found.len());
}

#[test]
fn archives_of_auth0_come_out_byte_for_byte() {
    round_trip("auth0", "categories.jsonl", "Auth0Logs_CL");
}

#[test]
fn archives_of_onelogin_come_out_byte_for_byte() {
    round_trip("onelogin", "webhook_lines.jsonl", "OneLoginEventsV2_CL");
}

#[test]
fn a_folder_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["query", "--data", "nowhere", "print 1"]);
    assert_eq!(ran.code, 65, "{}", ran.err);
    assert!(ran.err.contains("`nowhere` is not a data folder"), "{}", ran.err);
}
