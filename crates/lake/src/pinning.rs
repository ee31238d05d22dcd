//! Compares a table's log with what the notary remembers of it, and lets it remember what was written since.
//! Deliberately absent: the whole chain, which `verify` walks. Here stands what costs next to nothing at each start.

use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::delta::DeltaLog;
use crate::digest::Digest;
use crate::entries::entry_path;
use crate::limits::CHECKPOINT_COMMITS;
use crate::notary::{Notary, Pin};
use crate::{Error, Result};

/// The library's pointer to its last checkpoint, within a table.
pub(crate) const LAST_CHECKPOINT: &str = "_delta_log/_last_checkpoint";

/// Notes that `table` is about to be made: from now on its log cannot vanish unnoticed.
pub(crate) fn expect(notary: &Notary, table: &str) -> Result<()> {
    if notary.pinned(table).is_some_and(|pin| pin.head.is_some()) {
        return Err(unpinned(table, "all of it is gone".to_owned()));
    }
    notary.pin(table, Pin::default()).map_err(Error::file("write", crate::notary::PINS_FILE))
}

/// Refuses a log whose pinned head is not in it.
pub(crate) async fn check(
    notary: &Notary,
    table: &str,
    log: &DeltaLog,
    may_write: bool,
) -> Result<()> {
    let tip = log.tip().cloned().unwrap_or_default();
    let Some(pin) = notary.pinned(table) else {
        let ours = tip.key.is_some_and(|key| key == notary.public_key().to_string());
        if ours && may_write {
            return Err(unpinned(
                table,
                "this node signed it, but its head is not pinned".to_owned(),
            ));
        }
        return Ok(());
    };
    let Some((version, pinned)) = pin.head else { return Ok(()) };
    let found = match version.cmp(&log.version()) {
        std::cmp::Ordering::Greater => {
            let what =
                format!("it ends at version {}, but reached version {version}", log.version());
            return Err(unpinned(table, what));
        }
        std::cmp::Ordering::Equal => tip.digest,
        std::cmp::Ordering::Less => digest_of(&log.store(), table, &entry_path(version)).await?,
    };
    match found {
        Some(found) if found != pinned => {
            Err(unpinned(table, format!("the entry of version {version} was replaced")))
        }
        // An entry that was archived meanwhile is looked at by `verify`.
        _ => Ok(()),
    }
}

fn unpinned(table: &str, what: String) -> Error {
    Error::Unpinned { table: table.to_owned(), what }
}

/// Remembers how far `log` reaches. A pin that cannot be written is behind, which is right at any time.
pub(crate) async fn pin(notary: &Arc<Notary>, table: &str, log: &DeltaLog) {
    let Some(digest) = log.tip().and_then(|tip| tip.digest) else { return };
    let known = notary.pinned(table).unwrap_or_default();
    let head = Some((log.version(), digest));
    if known.head == head {
        return;
    }
    // A checkpoint was perhaps written together with the commit before.
    let looks = known.head.is_none() || (log.version() + 1).is_multiple_of(CHECKPOINT_COMMITS);
    let derived =
        if looks { derived(&log.store(), table, &known).await } else { Ok(known.derived.clone()) };
    let (notary, name) = (notary.clone(), table.to_owned());
    let pinned = match derived {
        Ok(derived) => tokio::task::spawn_blocking(move || {
            notary.pin(&name, Pin { head, derived }).map_err(|error| error.to_string())
        })
        .await
        .unwrap_or_else(|error| Err(error.to_string())),
        Err(error) => Err(crate::error::chain(&error)),
    };
    if let Err(error) = pinned {
        tracing::warn!(table, error, "the head of the log was not pinned; the next commit does it");
    }
}

/// The checkpoints that there are, with their digests.
async fn derived(
    store: &Arc<dyn ObjectStore>,
    table: &str,
    known: &Pin,
) -> Result<std::collections::BTreeMap<String, Digest>> {
    let listed: Vec<_> = store
        .list(Some(&Path::from("_delta_log")))
        .try_collect()
        .await
        .map_err(Error::file("list", format!("{table}/_delta_log")))?;
    let mut derived = std::collections::BTreeMap::new();
    for meta in listed {
        let path = meta.location;
        let is_pointer = path.as_ref() == LAST_CHECKPOINT;
        if !is_pointer && !path.as_ref().contains(".checkpoint.") {
            continue;
        }
        // Checkpoints are written once; the pointer moves.
        let digest = match known.derived.get(path.as_ref()) {
            Some(digest) if !is_pointer => Some(*digest),
            _ => digest_of(store, table, &path).await?,
        };
        derived.extend(digest.map(|digest| (path.to_string(), digest)));
    }
    Ok(derived)
}

/// The digest of a file; `None` if it is not there.
async fn digest_of(
    store: &Arc<dyn ObjectStore>,
    table: &str,
    path: &Path,
) -> Result<Option<Digest>> {
    let read = async { store.get(path).await?.bytes().await };
    match read.await {
        Ok(bytes) => Ok(Some(Digest::of(&bytes))),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(Error::file("read", format!("{table}/{path}"))(error)),
    }
}
