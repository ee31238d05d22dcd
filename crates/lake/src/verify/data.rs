//! Reads data files on all cores and compares bytes, rows and events with what the chain knows of them.
//! Deliberately absent: where that knowledge comes from (`chain`).

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::chain::{Chain, Known};
use super::{Finding, Progress, VerifyOptions};
use crate::digest::{Digest, EventSum};
use crate::layout::{DAY, RAW_EVENT};
use crate::limits::ENCODE_ROWS;
use crate::{Error, Result};

/// What became of a table's data files.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) files: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) notes: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

/// Reads the files that the chain ends with, and of those that left the ones that are still there.
pub(super) async fn check(
    store: &Arc<dyn ObjectStore>,
    chain: &Chain<'_>,
    options: &VerifyOptions,
    progress: &Arc<Progress>,
) -> Result<Checked> {
    let mut checked = Checked::default();
    let due: Vec<(String, Known)> = chain
        .live
        .iter()
        .filter(|(_, known)| {
            options.since.is_none_or(|since| known.at.is_some_and(|at| at >= since))
        })
        .map(|(path, known)| (path.clone(), known.clone()))
        .collect();
    progress.expect(due.iter().filter_map(|(_, known)| known.rows).sum());
    let unproved = due.iter().filter(|(_, known)| known.bytes.is_none()).count();
    if unproved > 0 && chain.sealed_from.is_some() {
        let note = format!("{unproved} files were there before the chain and are not attested yet");
        checked.notes.push(note);
    }
    let table = chain.table.to_owned();
    let looks = due.into_iter().map(|(path, known)| {
        look(store.clone(), format!("{table}/{path}"), path, known, progress.clone())
    });
    let mut looks = stream::iter(looks).buffer_unordered(options.parallel.max(1));
    while let Some(seen) = looks.next().await {
        checked.files += 1;
        checked.rows += seen.rows;
        checked.bytes += seen.bytes;
        checked.findings.extend(seen.finding);
    }
    check_left(store, chain, &mut checked).await?;
    Ok(checked)
}

/// Files on the disk that belong to no commit, or to none any more.
async fn check_left(
    store: &Arc<dyn ObjectStore>,
    chain: &Chain<'_>,
    checked: &mut Checked,
) -> Result<()> {
    let day = format!("{DAY}=");
    let mut strays = 0_u64;
    let names: Vec<Path> = store
        .list(None)
        .map_ok(|meta| meta.location)
        .try_collect()
        .await
        .map_err(Error::file("list", chain.table))?;
    let data: HashSet<String> = names
        .into_iter()
        .map(|path| path.to_string())
        .filter(|path| path.starts_with(&day) && !chain.live.contains_key(path))
        .collect();
    for path in data {
        let Some(known) = chain.gone.get(&path) else {
            strays += 1;
            continue;
        };
        let bytes = async { store.get(&Path::from(path.as_str())).await?.bytes().await };
        // Deleted meanwhile: its time was up.
        let Ok(bytes) = bytes.await else { continue };
        if known.bytes.is_some_and(|digest| digest != Digest::of(&bytes)) {
            checked.findings.push(Finding {
                version: Some(known.version),
                path: format!("{}/{path}", chain.table),
                what: "its bytes are not those that were written; the table no longer needs it"
                    .to_owned(),
            });
        }
    }
    if strays > 0 {
        checked
            .notes
            .push(format!("{strays} files belong to no commit; housekeeping deletes them"));
    }
    Ok(())
}

/// What was seen of one file.
struct Seen {
    rows: u64,
    bytes: u64,
    finding: Option<Finding>,
}

async fn look(
    store: Arc<dyn ObjectStore>,
    shown: String,
    path: String,
    known: Known,
    progress: Arc<Progress>,
) -> Seen {
    let version = Some(known.version);
    let finding = |what: String| Some(Finding { version, path: shown.clone(), what });
    let read = async { store.get(&Path::from(path.as_str())).await?.bytes().await };
    let bytes = match read.await {
        Ok(bytes) => bytes,
        Err(object_store::Error::NotFound { .. }) => {
            let rows = known.rows.unwrap_or(0);
            let what = format!("the file is missing, and with it {rows} events");
            return Seen { rows: 0, bytes: 0, finding: finding(what) };
        }
        Err(error) => {
            let what = format!("it cannot be read: {error}");
            return Seen { rows: 0, bytes: 0, finding: finding(what) };
        }
    };
    let size = bytes.len() as u64;
    let compared = tokio::task::spawn_blocking(move || compare(bytes, &known, &progress)).await;
    let (rows, what) =
        compared.unwrap_or_else(|error| (0, Some(format!("its check failed: {error}"))));
    Seen { rows, bytes: size, finding: what.and_then(finding) }
}

/// The rows of a file, and what is wrong with it.
fn compare(bytes: Bytes, known: &Known, progress: &Progress) -> (u64, Option<String>) {
    let digest = Digest::of(&bytes);
    let altered = known.bytes.is_some_and(|expected| expected != digest);
    let content = content(bytes, progress);
    let what = match &content {
        Err(error) if altered => {
            Some(format!("its bytes were changed, and its events cannot be read: {error}"))
        }
        Err(error) => Some(format!("its events cannot be read: {error}")),
        Ok((rows, events)) => {
            let missing = known.rows.filter(|expected| expected != rows);
            let changed = known.events.is_some_and(|expected| expected != *events);
            match (altered, missing, changed) {
                (_, Some(expected), _) => Some(format!("it holds {rows} events, not {expected}")),
                (true, None, true) => Some("its bytes and its events were changed".to_owned()),
                (true, None, false) => Some(
                    "its bytes were changed; its raw events are those that were written".to_owned(),
                ),
                (false, None, true) => {
                    Some("its events are not those that were written".to_owned())
                }
                (false, None, false) => None,
            }
        }
    };
    (content.map_or(0, |(rows, _)| rows), what)
}

fn content(bytes: Bytes, progress: &Progress) -> Result<(u64, EventSum), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| told(&error))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), [RAW_EVENT]);
    let reader = builder.with_projection(mask).with_batch_size(ENCODE_ROWS).build();
    let (mut rows, mut events) = (0, EventSum::default());
    for batch in reader.map_err(|error| told(&error))? {
        let batch = batch.map_err(|error| told(&error))?;
        rows += batch.num_rows() as u64;
        events.add_rows(&batch);
        progress.done(batch.num_rows() as u64);
    }
    Ok((rows, events))
}
