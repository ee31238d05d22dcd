//! Every file under `fixtures/<provider>/` and the columns that come of it, kept beside it as `<file>.columns.snap`.
//! A new fixture is a file dropped there; `INSTA_UPDATE=always` writes its columns, to be read before they are kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sources::{ALL, Provider, find};

use crate::rows::row;

/// The fixtures of a provider, in order.
pub(crate) fn fixtures(provider: &str) -> Vec<PathBuf> {
    let folder = folder(provider);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "json" || it == "jsonl"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

fn folder(provider: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(provider)
}

/// Events with their columns, then what was rejected.
fn show(provider: &dyn Provider, body: &Bytes) -> String {
    let decoded = provider.read_export(body);
    let mut blocks: Vec<String> = Vec::new();
    for event in &decoded.events {
        let time = event.time.map_or("no time".to_owned(), |time| time.to_string());
        let columns = row(provider, &event.raw, &event.id, event.time).show();
        blocks.push(format!("[{}] {time}, {} bytes\n{columns}", event.id, event.raw.len()));
    }
    blocks.extend(decoded.rejected.iter().map(|piece| {
        format!("rejected: {}\n{}", piece.reason, String::from_utf8_lossy(&piece.raw).trim())
    }));
    blocks.join("\n\n")
}

#[test]
fn fixtures_give_their_columns() {
    for provider in ALL {
        for path in fixtures(provider.name()) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = show(*provider, &Bytes::from(fs::read(&path).unwrap()));
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path(folder(provider.name()));
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(format!("{name}.columns"), text));
        }
    }
}

#[test]
fn every_category_of_auth0_has_a_fixture() {
    let provider = find("auth0").unwrap();
    let category =
        provider.table().columns.iter().position(|it| it.name == "EventCategory").unwrap();
    let mut seen = BTreeSet::new();
    for path in fixtures("auth0") {
        for event in provider.read_export(&Bytes::from(fs::read(path).unwrap())).events {
            let row = row(provider, &event.raw, &event.id, event.time);
            seen.extend(row.values.into_iter().filter(|(at, _)| *at == category).map(|(_, it)| it));
        }
    }
    let table = include_str!("../../src/auth0/event_types.tsv");
    let known: BTreeSet<String> =
        table.lines().skip(1).map(|line| line.split('\t').nth(1).unwrap().to_owned()).collect();
    assert_eq!(seen, known);
}
