//! Compares a walked log with what lies outside of it: the pinned head, the checkpoints with their digests, and the
//! list of files that queries see, which the Delta library makes of checkpoint and log.
//! Deliberately absent: the log itself (`chain`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::Value;

use super::VerifyOptions;
use super::chain::Chain;
use crate::archive::listed;
use crate::delta::DeltaLog;
use crate::digest::Digest;
use crate::entries::entry_path;
use crate::files::Files;
use crate::notary::{PINS_FILE, Pin};
use crate::pinning::LAST_CHECKPOINT;
use crate::{Error, Result};

/// Compares; what does not fit is added to the chain's findings.
pub(super) async fn check(
    store: &Arc<dyn ObjectStore>,
    chain: &mut Chain<'_>,
    state: Option<&DeltaLog>,
    options: &VerifyOptions,
) -> Result<()> {
    match &options.pins {
        None => chain.notes.push(
            "the pinned heads are not at hand: whether the log's end was cut off is not known"
                .to_owned(),
        ),
        Some(pins) => match pins.get(chain.table) {
            Some(pin) => {
                check_head(chain, pin);
                check_derived(store, chain, pin).await?;
            }
            None if options.trusted.iter().any(|key| chain.keys.contains(&key.to_string())) => {
                let what = format!("`{PINS_FILE}` does not tell how far it reached");
                chain.finding(None, "_delta_log", what);
            }
            None => {}
        },
    }
    if let Some(state) = state {
        check_state(chain, &state.files(&Files::default()));
    }
    if chain.sealed_from.is_none() && chain.commits > 0 {
        chain.notes.push("no commit has a record: nothing is proved yet".to_owned());
    } else if let Some(first) = chain.sealed_from.filter(|first| *first > 0) {
        chain.notes.push(format!("what is older than version {first} was taken as found"));
    }
    Ok(())
}

fn check_head(chain: &mut Chain<'_>, pin: &Pin) {
    let Some((version, pinned)) = pin.head else { return };
    let Some((last, _)) = chain.last else {
        chain.finding(None, "_delta_log", format!("the log is gone; it reached version {version}"));
        return;
    };
    if version > last {
        let what = format!(
            "the log was cut off: it ends at version {last}, but reached version {version}"
        );
        chain.finding(Some(last + 1), entry_path(last + 1).as_ref(), what);
        return;
    }
    if chain.digests.get(&version).is_some_and(|found| *found != pinned)
        && !chain.findings.iter().any(|finding| finding.version == Some(version))
    {
        let what = "it is not the entry whose digest was pinned";
        chain.finding(Some(version), entry_path(version).as_ref(), what);
    }
}

/// Checkpoints and the pointer to the last one. What is not pinned yet is compared by what queries see.
async fn check_derived(
    store: &Arc<dyn ObjectStore>,
    chain: &mut Chain<'_>,
    pin: &Pin,
) -> Result<()> {
    let present: BTreeSet<String> = listed(store, chain.table, "_delta_log")
        .await?
        .into_iter()
        .map(|meta| meta.location.to_string())
        .collect();
    let pinned: BTreeMap<&String, &Digest> = pin.derived.iter().collect();
    for (path, digest) in pinned {
        if !present.contains(path) {
            let newest = path == LAST_CHECKPOINT
                || !present.iter().any(|other| other.contains(".checkpoint.") && other > path);
            if newest {
                chain.finding(None, path, "it is missing; it can be made anew from the log");
            }
            continue;
        }
        let shown = format!("{}/{path}", chain.table);
        let bytes = async { store.get(&Path::from(path.as_str())).await?.bytes().await };
        let bytes = bytes.await.map_err(Error::file("read", &shown))?;
        if Digest::of(&bytes) == *digest
            || (path == LAST_CHECKPOINT && moved_on(&bytes, pin, &present))
        {
            continue;
        }
        let what = "its bytes are not those that were written; it can be made anew from the log";
        chain.finding(None, path, what);
    }
    Ok(())
}

/// Whether the pointer names a checkpoint that is there and newer than the pin.
fn moved_on(pointer: &[u8], pin: &Pin, present: &BTreeSet<String>) -> bool {
    let version = serde_json::from_slice::<Value>(pointer).ok().and_then(|v| v["version"].as_u64());
    let Some(version) = version else { return false };
    let newer = pin.head.is_none_or(|(head, _)| version > head);
    newer && present.contains(&format!("_delta_log/{version:020}.checkpoint.parquet"))
}

/// Whether queries see just the files that the log tells of.
fn check_state(chain: &mut Chain<'_>, files: &Files) {
    let mut findings = Vec::new();
    for file in &files.ordered {
        match chain.live.get(&file.path) {
            Some(known) if known.size != 0 && known.size != file.bytes => {
                findings.push((
                    known.version,
                    file.path.clone(),
                    "queries see it with another size than the log tells",
                ));
            }
            Some(known) if known.rows.is_some_and(|rows| rows != file.stats.rows) => {
                findings.push((
                    known.version,
                    file.path.clone(),
                    "queries see it with other statistics than the log tells",
                ));
            }
            None if !chain.unknown_past => {
                let version = chain.last.map_or(0, |(last, _)| last);
                findings.push((
                    version,
                    file.path.clone(),
                    "queries see it, but no entry of the log brought it",
                ));
            }
            _ => {}
        }
    }
    for (path, known) in &chain.live {
        if !files.has(path) {
            findings.push((
                known.version,
                path.clone(),
                "the log tells of it, but queries do not see it",
            ));
        }
    }
    for (version, path, what) in findings {
        chain.finding(Some(version), &path, what);
    }
}
