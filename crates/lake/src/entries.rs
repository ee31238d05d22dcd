//! The entries of a table's log as files: where they lie, and whether each is whole. The Delta library passes over an
//! entry that ends in the middle, and with it over the rows that it tells of.
//! Deliberately absent: what entries mean (`delta`, `record`).

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::place::Place;
use crate::{Error, Result};

/// Where the entry that makes `version` lies within its table.
pub(crate) fn entry_path(version: u64) -> Path {
    Path::from(format!("_delta_log/{version:020}.json"))
}

/// Reads every entry of the log that a reader has to replay. The library passes over an entry that ends in the middle,
/// and with it over the rows that it tells of.
pub(crate) async fn check(place: &Place, table: &str) -> Result<()> {
    let store = place.table_store(table);
    let listed: Vec<_> = store
        .list(Some(&Path::from("_delta_log")))
        .try_collect()
        .await
        .map_err(Error::file("list", format!("{table}/_delta_log")))?;
    let names = || listed.iter().filter_map(|meta| meta.location.filename());
    let version = |name: &str| name.get(..20)?.parse::<u64>().ok();
    let checkpoint = names().filter(|name| name.contains(".checkpoint.")).filter_map(version).max();
    for name in names().filter(|name| name.len() == 25 && name.ends_with(".json")) {
        if version(name).is_some_and(|version| checkpoint.is_none_or(|first| version > first)) {
            check_entry(store.as_ref(), table, name).await?;
        }
    }
    Ok(())
}

/// Reads the entry called `name`.
pub(crate) async fn check_entry(store: &dyn ObjectStore, table: &str, name: &str) -> Result<()> {
    let path = Path::from(format!("_delta_log/{name}"));
    let read = async { store.get(&path).await?.bytes().await };
    let source: Box<dyn std::error::Error + Send + Sync> = match read.await {
        Ok(bytes) => match bad_line(&bytes) {
            Some(reason) => reason.into(),
            None => return Ok(()),
        },
        // A checkpoint has covered it meanwhile.
        Err(object_store::Error::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(Error::file("read", format!("{table}/{path}"))(error)),
    };
    Err(Error::DamagedLog { table: table.to_owned(), path: format!("{table}/{path}"), source })
}

fn bad_line(bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return Some("the file is empty".to_owned());
    }
    bytes.split(|byte| *byte == b'\n').enumerate().find_map(|(number, line)| {
        let blank = line.iter().all(u8::is_ascii_whitespace);
        let error = serde_json::from_slice::<serde::de::IgnoredAny>(line).err()?;
        (!blank).then(|| format!("line {}: {error}", number + 1))
    })
}
