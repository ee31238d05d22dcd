//! Damaged files are named, and nothing is overwritten.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::prelude::SessionContext;
use journal::StoredIds;
use lake::{Error, Lake, LakeOptions, TableDamage};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{DOORS, FlatMapper, Journal, ask, clock, drain, open, options};

async fn filled(folder: &TempDir) {
    let journal = Journal::new();
    for n in 0..3 {
        journal.append("doors", &[format!(r#"{{"id":"{n}"}}"#)]);
        drain(&open(options(folder)).await, &journal).await;
    }
}

/// What is said of the one table that is damaged.
async fn damage_of(options: LakeOptions) -> TableDamage {
    let mut damage = open(options).await.damage();
    assert_eq!(damage.len(), 1, "{damage:?}");
    damage.remove(0)
}

async fn fails(options: LakeOptions) -> Error {
    let opened = Lake::open(options, Arc::new(FlatMapper(&DOORS)), clock()).await;
    opened.err().expect("the lake is damaged")
}

fn snapshot(folder: &TempDir) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.clone(), std::fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_entry_is_named() {
    for damage in [&b"{\"commitInfo\": tru"[..], &b""[..], &b"\0\0\0\0\0\0\0\0"[..]] {
        let folder = TempDir::new().unwrap();
        filled(&folder).await;
        let entry = folder.path().join("Doors_CL/_delta_log/00000000000000000002.json");
        std::fs::write(&entry, damage).unwrap();
        let before = snapshot(&folder);
        let told = damage_of(options(&folder)).await;
        let expected = "the log of table `Doors_CL` is damaged at `Doors_CL/_delta_log/00000000000000000002.json`: ";
        assert!(told.what.starts_with(expected), "{told:?}");
        assert!(told.hint.contains("nothing was overwritten"));
        assert_eq!(snapshot(&folder), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn healthy_tables_answer_beside_a_damaged_one_which_says_what_is_wrong() {
    let folder = TempDir::new().unwrap();
    filled(&folder).await;
    let journal = Journal::new();
    journal.append("keys", &[r#"{"id":"k"}"#]);
    let mut other = options(&folder);
    other.node = "node-2".to_owned();
    drain(&open(other).await, &journal).await;
    std::fs::write(folder.path().join("Doors_CL/_delta_log/00000000000000000003.json"), b"{")
        .unwrap();
    let before = snapshot(&folder);
    let lake = open(options(&folder)).await;
    lake.ensure_table(&DOORS).await.unwrap();
    assert_eq!(ask(&lake, "Keys_CL", &["_EventId"], None).await, ["k"]);
    assert_eq!(lake.table_names(), ["Doors_CL", "Keys_CL"]);
    assert!(lake.columns("Doors_CL").unwrap().iter().any(|(name, _)| name == "door"));
    let context = SessionContext::new();
    let frame = context.read_table(lake.table_provider("Doors_CL").unwrap()).unwrap();
    let error = frame.collect().await.unwrap_err().to_string();
    assert!(error.contains("00000000000000000003.json"), "{error}");
    let status = lake.status();
    assert!(status.error.unwrap().contains("is damaged"));
    // Nothing is written beside it: neither rows nor files of housekeeping.
    let refused = lake.clone().run(Arc::new(journal), CancellationToken::new()).await;
    assert!(matches!(refused, Err(Error::Damaged { .. })));
    assert!(matches!(lake.maintain_once().await, Err(Error::Damaged { .. })));
    assert!(StoredIds::ids_of_day(lake.as_ref(), 0).is_err());
    assert_eq!(snapshot(&folder), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_data_file_is_named_by_compaction_and_stays() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    for n in 0..3 {
        journal.append("doors", &[format!(r#"{{"id":"{n}","at":"2026-01-01T00:00:00Z"}}"#)]);
        drain(&open(options(&folder)).await, &journal).await;
    }
    let day = folder.path().join("Doors_CL/_Day=2026-01-01");
    let victim = std::fs::read_dir(&day).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&victim).unwrap();
    let end = bytes.len();
    bytes[end - 200..].fill(0);
    std::fs::write(&victim, bytes).unwrap();
    let before = snapshot(&folder);
    let lake = open(options(&folder)).await;
    let error = lake.maintain_once().await.expect_err("the file is damaged");
    let name = victim.file_name().unwrap().to_str().unwrap();
    assert_eq!(error.to_string(), format!("cannot read `Doors_CL/_Day=2026-01-01/{name}`"));
    assert_eq!(snapshot(&folder), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_useless_address_is_refused_with_a_hint() {
    let secret = LakeOptions::new("ftp://user:hush@host/x", "n");
    let error = fails(secret).await;
    assert_eq!(error.to_string(), "cannot use the lake address `ftp://host/x`");
    assert!(error.hint().contains("s3://"));
    let absent = LakeOptions::new("/nowhere/at/all", "n");
    let opened = Lake::open_read_only(absent, Arc::new(FlatMapper(&DOORS)), clock()).await;
    let error = opened.err().expect("there is no such folder");
    assert_eq!(error.to_string(), "cannot use the lake address `/nowhere/at/all`");
}
