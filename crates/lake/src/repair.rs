//! The repairs of a lake that lose nothing: what is derived is put aside and made anew, an entry comes back from the
//! archive, a torn end that was never acknowledged is put aside. Whatever is put aside stays in the table, under
//! `_put_aside/`, as evidence.
//! Deliberately absent: anything that needs a backup: those repairs are named, not done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde::Serialize;

use crate::archive::{Segment, listed, segments};
use crate::delta::DeltaLog;
use crate::entries::entry_path;
use crate::notary::{Notary, Pin};
use crate::pinning::{self, LAST_CHECKPOINT};
use crate::place::Place;
use crate::record::Record;
use crate::verify::{TableVerdict, VerifyOptions};
use crate::{Error, Result};

/// One thing that can be done about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// The file, relative to the lake.
    pub path: String,
    /// What is to be done, or was.
    pub deed: String,
    /// Whether it loses nothing, so that it can be done without asking.
    pub safe: bool,
    /// Whether it was done.
    pub done: bool,
}

/// What can be done about the findings of `verdicts`; with `notary`, what is safe is done, and the logs of the tables in
/// `accept` count as right from now on. `now` names the folder for what is put aside.
///
/// # Errors
/// If the lake cannot be read or written.
pub async fn remedies(
    options: &VerifyOptions,
    verdicts: &[TableVerdict],
    notary: Option<&Arc<Notary>>,
    accept: &[String],
    now: Timestamp,
) -> Result<Vec<Remedy>> {
    let place = options.place()?;
    let mut remedies = Vec::new();
    for verdict in verdicts.iter().filter(|verdict| !verdict.findings.is_empty()) {
        let mut ward = Ward::admit(&place, verdict, options, notary, now).await?;
        // A file may have several findings; what was put aside must not be put aside again.
        let paths: BTreeSet<&str> =
            verdict.findings.iter().map(|finding| finding.path.as_str()).collect();
        for path in paths {
            let prefix = format!("{}/", verdict.table);
            let path = path.strip_prefix(&prefix).unwrap_or(path);
            remedies.push(ward.treat(path, accept).await?);
        }
        if let Some(notary) = notary.filter(|_| accept.contains(&verdict.table)) {
            accept_log(&place, &verdict.table, notary).await?;
        }
    }
    Ok(remedies)
}

/// Takes the log of `table` as it is for the one that was written.
///
/// # Errors
/// If it cannot be read.
pub async fn accept_table(
    options: &VerifyOptions,
    table: &str,
    notary: &Arc<Notary>,
) -> Result<()> {
    let place = options.place()?;
    accept_log(&place, table, notary).await
}

async fn accept_log(place: &Place, table: &str, notary: &Arc<Notary>) -> Result<()> {
    let log = DeltaLog::open(place, table, Some(notary)).await?;
    forget(notary, table)?;
    if let Some(log) = log {
        pinning::pin(notary, table, &log).await;
    }
    Ok(())
}

/// Forgets what is pinned of a table.
fn forget(notary: &Notary, table: &str) -> Result<()> {
    let pinned = notary.pin(table, Pin::default());
    pinned.map_err(Error::file("write", crate::notary::PINS_FILE))
}

/// A table under treatment.
struct Ward<'a> {
    table: &'a str,
    store: Arc<dyn ObjectStore>,
    /// Entries in the log, by version.
    log: BTreeSet<u64>,
    /// Good entries in the archive.
    archived: BTreeMap<u64, String>,
    segments: Vec<Segment>,
    pin: Option<Pin>,
    notary: Option<&'a Arc<Notary>>,
    aside: String,
    checkpoints_done: bool,
}

impl<'a> Ward<'a> {
    async fn admit(
        place: &Place,
        verdict: &'a TableVerdict,
        options: &VerifyOptions,
        notary: Option<&'a Arc<Notary>>,
        now: Timestamp,
    ) -> Result<Self> {
        let table = verdict.table.as_str();
        let store = place.table_store(table);
        let log = listed(&store, table, "_delta_log").await?;
        let log = log
            .iter()
            .filter_map(|meta| meta.location.filename()?.strip_suffix(".json")?.parse().ok())
            .collect();
        let (segments, _) = segments(&store, table).await?;
        let mut archived = BTreeMap::new();
        for segment in &segments {
            let bytes = async { store.get(&segment.path).await?.bytes().await };
            let shown = format!("{table}/{}", segment.path);
            let bytes = bytes.await.map_err(Error::file("read", shown))?;
            let entries = segment.read(&bytes).unwrap_or_default();
            archived.extend(entries.into_iter().map(|entry| (entry.version, entry.entry)));
        }
        let pin = options.pins.as_ref().and_then(|pins| pins.get(table)).cloned();
        let aside = format!("_put_aside/{}", now.strftime("%Y%m%dT%H%M%SZ"));
        Ok(Self {
            table,
            store,
            log,
            archived,
            segments,
            pin,
            notary,
            aside,
            checkpoints_done: false,
        })
    }

    async fn treat(&mut self, path: &str, accept: &[String]) -> Result<Remedy> {
        if path == LAST_CHECKPOINT || path.contains(".checkpoint.") {
            return self.renew_checkpoints(path).await;
        }
        let entry = path.strip_prefix("_delta_log/").and_then(|name| name.strip_suffix(".json"));
        if let Some(version) = entry.and_then(|version| version.parse().ok()) {
            return self.restore_entry(path, version, accept).await;
        }
        if path.starts_with("_chain/") {
            return self.drop_segment(path).await;
        }
        let advice = if path.contains("_delta_log") {
            "restore the table's `_delta_log` from a copy, or `--accept` the log as it is"
        } else {
            "restore the file from a copy; without one, its events are lost here: ask the provider for them again \
             with `doorledger backfill` as far back as it still has them"
        };
        Ok(self.remedy(path, advice, false))
    }

    /// Checkpoints only repeat what the log tells, if all of the log is there.
    async fn renew_checkpoints(&mut self, path: &str) -> Result<Remedy> {
        let Some(last) = self.log.last().copied() else {
            return Ok(self.remedy(path, "restore the table's `_delta_log` from a copy", false));
        };
        let whole = (0..=last).all(|v| self.log.contains(&v) || self.archived.contains_key(&v));
        if !whole {
            let advice = "restore it from a copy: the log alone no longer tells everything";
            return Ok(self.remedy(path, advice, false));
        }
        let deed = "put the table's checkpoints aside; the log tells the same, and makes new ones";
        let remedy = self.remedy(path, deed, true);
        if !remedy.done || std::mem::replace(&mut self.checkpoints_done, true) {
            return Ok(remedy);
        }
        let missing: Vec<u64> = (0..=last).filter(|version| !self.log.contains(version)).collect();
        for version in missing {
            if let Some(entry) = self.archived.get(&version).cloned() {
                self.put(&entry_path(version), entry).await?;
                self.log.insert(version);
            }
        }
        for meta in listed(&self.store, self.table, "_delta_log").await? {
            let path = meta.location.as_ref();
            if path == LAST_CHECKPOINT || path.contains(".checkpoint.") {
                self.put_aside(&meta.location).await?;
            }
        }
        if let Some(notary) = self.notary {
            let head = notary.pinned(self.table).and_then(|pin| pin.head);
            let pinned = notary.pin(self.table, Pin { head, derived: BTreeMap::new() });
            pinned.map_err(Error::file("write", crate::notary::PINS_FILE))?;
        }
        Ok(remedy)
    }

    async fn restore_entry(
        &mut self,
        path: &str,
        version: u64,
        accept: &[String],
    ) -> Result<Remedy> {
        let location = entry_path(version);
        let copy =
            self.archived.get(&version).filter(|entry| Record::read(entry.as_bytes()).is_ok());
        if let Some(entry) = copy.cloned() {
            let remedy = self.remedy(path, "put it aside and take its archived copy", true);
            if remedy.done {
                if self.log.contains(&version) {
                    self.put_aside(&location).await?;
                }
                self.put(&location, entry).await?;
            }
            return Ok(remedy);
        }
        let unpinned =
            self.pin.as_ref().is_some_and(|pin| pin.head.is_none_or(|(head, _)| version > head));
        let torn = self.log.last() == Some(&version) && unpinned;
        if torn {
            let deed = "put it aside: it was torn while it was written, and its events are still in the journal";
            let remedy = self.remedy(path, deed, true);
            if remedy.done {
                self.put_aside(&location).await?;
            }
            return Ok(remedy);
        }
        if accept.iter().any(|table| table == self.table) {
            let mut remedy = self.remedy(path, "take the log as it is", true);
            remedy.safe = false;
            return Ok(remedy);
        }
        let advice = "restore it from a copy of the table's `_delta_log`; if there is none and the rest can be read, \
                      `doorledger doctor --repair --accept` takes the log as it is";
        Ok(self.remedy(path, advice, false))
    }

    /// A damaged segment is no loss while the log still has its entries.
    async fn drop_segment(&mut self, path: &str) -> Result<Remedy> {
        let segment = self.segments.iter().find(|segment| segment.path.as_ref() == path);
        let spare = segment
            .is_none_or(|segment| (segment.first..=segment.last).all(|v| self.log.contains(&v)));
        let deed = match (segment.is_some(), spare) {
            (false, _) => "put it aside: it is not part of the chain",
            (true, true) => "put it aside: the log still has its entries",
            (true, false) => "restore it from a copy: its entries are nowhere else",
        };
        let remedy = self.remedy(path, deed, spare);
        if remedy.done {
            self.put_aside(&Path::from(path)).await?;
        }
        Ok(remedy)
    }

    fn remedy(&self, path: &str, deed: &str, safe: bool) -> Remedy {
        let path = format!("{}/{path}", self.table);
        Remedy { path, deed: deed.to_owned(), safe, done: safe && self.notary.is_some() }
    }

    async fn put(&self, path: &Path, entry: String) -> Result<()> {
        let put = self.store.put(path, entry.into_bytes().into()).await;
        put.map(drop).map_err(Error::file("write", format!("{}/{path}", self.table)))
    }

    /// Copied first, so that it is never nowhere.
    async fn put_aside(&self, path: &Path) -> Result<()> {
        let shown = format!("{}/{path}", self.table);
        let aside = Path::from(format!("{}/{path}", self.aside));
        let read = async { self.store.get(path).await?.bytes().await };
        let bytes = read.await.map_err(Error::file("read", &shown))?;
        // Evidence is never replaced.
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let put = self.store.put_opts(&aside, bytes.into(), options).await;
        put.map_err(Error::file("put aside", &shown))?;
        self.store.delete(path).await.map_err(Error::file("put aside", &shown))
    }
}
