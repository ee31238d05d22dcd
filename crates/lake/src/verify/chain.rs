//! Walks a table's log from its beginning, archived segments first: each entry is bound to the one before by its
//! digest, signed, and does what it says to files that are known.
//! Deliberately absent: data files (`data`) and what lies outside of the log (`heads`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use identity::PublicKey;
use object_store::{ObjectStore, ObjectStoreExt};

use super::Finding;
use super::entry::{Added, Moves};
use crate::archive::{listed, segments};
use crate::digest::{Digest, EventSum};
use crate::entries::entry_path;
use crate::record::{Deed, FileRecord, Record, Unsealed};
use crate::{Error, Result};

/// What is known of a data file.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// The commit that brought it.
    pub(super) version: u64,
    /// When, if the commit has a record.
    pub(super) at: Option<jiff::Timestamp>,
    /// Its size, as the log tells.
    pub(super) size: u64,
    /// Its rows, if they are told.
    pub(super) rows: Option<u64>,
    /// Of its bytes; `None` if it was taken as found and is not attested.
    pub(super) bytes: Option<Digest>,
    /// Of its events.
    pub(super) events: Option<EventSum>,
}

/// A log on the way from its first entry to its last.
pub(super) struct Chain<'a> {
    pub(super) table: &'a str,
    /// Entries after this version belong to a later snapshot.
    until: Option<u64>,
    trusted: BTreeSet<String>,
    /// The files of the version that was reached.
    pub(super) live: BTreeMap<String, Known>,
    /// Files that left, with what is known of them.
    pub(super) gone: HashMap<String, Known>,
    /// The last entry: its version and the digest of its bytes.
    pub(super) last: Option<(u64, Digest)>,
    /// Digests of the entries that the log still has beside the archive, and of the last ones.
    pub(super) digests: BTreeMap<u64, Digest>,
    pub(super) commits: u64,
    pub(super) sealed_from: Option<u64>,
    pub(super) keys: BTreeSet<String>,
    /// Whether files may be there of which nothing is known: the log's beginning is gone, or an entry is unreadable.
    pub(super) unknown_past: bool,
    pub(super) notes: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Chain<'a> {
    pub(super) fn new(table: &'a str, until: Option<u64>, trusted: &[PublicKey]) -> Self {
        Self {
            table,
            until,
            trusted: trusted.iter().map(ToString::to_string).collect(),
            live: BTreeMap::new(),
            gone: HashMap::new(),
            last: None,
            digests: BTreeMap::new(),
            commits: 0,
            sealed_from: None,
            keys: BTreeSet::new(),
            unknown_past: false,
            notes: Vec::new(),
            findings: Vec::new(),
        }
    }

    pub(super) fn finding(&mut self, version: Option<u64>, path: &str, what: impl Into<String>) {
        let path = format!("{}/{path}", self.table);
        self.findings.push(Finding { version, path, what: what.into() });
    }

    /// Reads everything that there is.
    pub(super) async fn walk(&mut self, store: &Arc<dyn ObjectStore>) -> Result<()> {
        // The log is listed first: what leaves it from now on is in a segment by then.
        let log = listed(store, self.table, "_delta_log").await?;
        let mut versions: BTreeSet<u64> = log
            .iter()
            .filter(|meta| meta.location.extension() == Some("json"))
            .filter_map(|meta| meta.location.filename()?.strip_suffix(".json")?.parse().ok())
            .filter(|version| self.until.is_none_or(|until| *version <= until))
            .collect();
        let mut read = BTreeMap::new();
        let first_of_log = versions.first().copied();
        let (segments, others) = segments(store, self.table).await?;
        for other in others {
            self.finding(None, other.as_ref(), "it is no segment of a chain");
        }
        for segment in segments {
            let shown = format!("{}/{}", self.table, segment.path);
            let bytes = async { store.get(&segment.path).await?.bytes().await };
            let bytes = bytes.await.map_err(Error::file("read", &shown))?;
            let entries = match segment.read(&bytes) {
                Ok(entries) => entries,
                Err(what) => {
                    self.finding(Some(segment.first), segment.path.as_ref(), what);
                    continue;
                }
            };
            for archived in entries {
                let version = archived.version;
                if versions.contains(&version) || first_of_log.is_some_and(|log| version >= log) {
                    // In the log as well, or meanwhile no longer.
                    read.insert(version, (archived.entry, segment.path.to_string()));
                } else if self.last.is_none_or(|(last, _)| version > last) {
                    self.take(version, archived.entry.as_bytes(), segment.path.as_ref());
                }
            }
        }
        versions.extend(read.keys().copied());
        for version in versions {
            let path = entry_path(version);
            let bytes = async { store.get(&path).await?.bytes().await };
            match (bytes.await, read.remove(&version)) {
                (Ok(bytes), archived) => {
                    if archived.is_some_and(|(entry, _)| entry.as_bytes() != bytes) {
                        let what = "its archived copy is another one";
                        self.finding(Some(version), path.as_ref(), what);
                    }
                    self.digests.insert(version, Digest::of(&bytes));
                    self.take(version, &bytes, path.as_ref());
                }
                (Err(object_store::Error::NotFound { .. }), Some((entry, path))) => {
                    self.take(version, entry.as_bytes(), &path);
                }
                (Err(object_store::Error::NotFound { .. }), None) => {}
                (Err(error), _) => {
                    self.finding(
                        Some(version),
                        path.as_ref(),
                        format!("it cannot be read: {error}"),
                    );
                }
            }
        }
        Ok(())
    }

    /// Takes the entry that makes `version`, which lies at `path`.
    fn take(&mut self, version: u64, bytes: &[u8], path: &str) {
        let expected = self.last.map_or(0, |(last, _)| last + 1);
        let digest = Digest::of(bytes);
        let before = self.last.replace((version, digest));
        self.digests.insert(version, digest);
        while self.digests.len() > KEPT_DIGESTS {
            self.digests.pop_first();
        }
        self.commits += 1;
        let record = Record::read(bytes);
        let mut follows = version == expected;
        if !follows {
            self.unknown_past = true;
            let begins = before.is_none()
                && record.as_ref().map_or(true, |record| record.previous.is_none());
            if begins {
                self.notes.push(format!("the log begins at version {version}"));
            } else {
                let missing = match version - 1 {
                    last if last == expected => format!("the entry of version {last} is missing"),
                    last => format!("the entries of versions {expected} to {last} are missing"),
                };
                self.finding(Some(expected), entry_path(expected).as_ref(), missing);
            }
        }
        let record = match record {
            Ok(record) => Some(record),
            Err(Unsealed::Absent) => {
                if self.sealed_from.is_some() {
                    self.finding(Some(version), path, "it has no record: another program wrote it");
                }
                None
            }
            Err(Unsealed::Wrong(what)) => {
                self.finding(Some(version), path, what);
                // Said once: the next entry's quarrel with these bytes is the same.
                follows = false;
                None
            }
        };
        if let Some(record) = &record {
            self.check_place(record, version, before.filter(|_| follows), path);
        }
        match Moves::of(bytes) {
            Ok(moves) => self.apply(version, moves, record, path),
            Err(what) => {
                self.unknown_past = true;
                self.finding(Some(version), path, what);
            }
        }
    }

    /// Whether a record stands where it says.
    fn check_place(
        &mut self,
        record: &Record,
        version: u64,
        before: Option<(u64, Digest)>,
        path: &str,
    ) {
        self.sealed_from.get_or_insert(version);
        if record.table != self.table || record.version != version {
            let what = format!("it is the entry {} of `{}`", record.version, record.table);
            self.finding(Some(version), path, what);
        }
        if let (Some((at, digest)), Some(previous)) = (before, record.previous)
            && digest != previous
        {
            let known = self.findings.iter().any(|finding| finding.version == Some(at));
            if !known {
                let what = format!("it is not the entry that version {version} was chained to");
                self.finding(Some(at), entry_path(at).as_ref(), what);
            }
        }
        if before.is_some() && record.previous.is_none() {
            self.finding(Some(version), path, "it is not chained to the entry before");
        }
        if self.keys.insert(record.key.clone()) && !self.trusted.contains(&record.key) {
            let what = format!("it was signed by {}, a key that is not trusted here", record.key);
            self.finding(Some(version), path, what);
        }
    }

    /// Lets files come and go, and compares what the record says of them.
    fn apply(&mut self, version: u64, moves: Moves, record: Option<Record>, path: &str) {
        let told = |files: &[FileRecord]| -> HashMap<String, FileRecord> {
            files.iter().map(|file| (file.path.clone(), file.clone())).collect()
        };
        let (mut added, mut removed, mut sums) = (HashMap::new(), HashMap::new(), Sums::default());
        if let Some(record) = &record {
            added = told(&record.added);
            removed = told(&record.removed);
            let listed = moves.added.iter().map(|file| file.path.as_str()).collect::<BTreeSet<_>>();
            let recorded = record.added.iter().map(|file| file.path.as_str()).collect();
            if listed != recorded {
                self.finding(
                    Some(version),
                    path,
                    "its record tells of other files than its actions",
                );
            }
        }
        for gone in moves.removed {
            let told = removed.remove(&gone);
            let known = self.live.remove(&gone);
            self.leave(version, &gone, known.as_ref(), told.as_ref());
            sums.removed(known.as_ref(), told.as_ref());
            if let Some(known) = known {
                self.gone.insert(gone, known);
            }
        }
        for Added { path: file, bytes, rows } in moves.added {
            let told = added.remove(&file);
            sums.added(told.as_ref());
            let known = Known {
                version,
                at: record.as_ref().map(|record| record.at),
                size: bytes,
                rows: told.as_ref().map(|told| told.rows).or(rows),
                bytes: told.as_ref().and_then(|told| told.bytes),
                events: told.as_ref().and_then(|told| told.events),
            };
            self.gone.remove(&file);
            self.live.insert(file, known);
        }
        let Some(record) = record else { return };
        if record.deed == Deed::Compact && !sums.even() {
            let what = "the merged file does not hold the events of the files that it replaced";
            self.finding(Some(version), path, what);
        }
        for file in &record.attested {
            self.attest(version, file, path);
        }
    }

    /// Compares what is known of a file with what was read when it left.
    fn leave(
        &mut self,
        version: u64,
        file: &str,
        known: Option<&Known>,
        told: Option<&FileRecord>,
    ) {
        let Some(known) = known else {
            if !self.unknown_past {
                let what = format!("version {version} removes it, but it never came");
                self.finding(Some(version), file, what);
            }
            return;
        };
        let Some(told) = told else { return };
        let bytes = known.bytes.zip(told.bytes).is_some_and(|(known, told)| known != told);
        let events = known.events.zip(told.events).is_some_and(|(known, told)| known != told);
        if bytes || events || known.rows.is_some_and(|rows| rows != told.rows) {
            let what = format!(
                "it was changed between version {}, which brought it, and version {version}, which replaced it",
                known.version
            );
            self.finding(Some(known.version), file, what);
        }
    }

    /// Takes the digests of a file that was there before the chain began.
    fn attest(&mut self, version: u64, told: &FileRecord, path: &str) {
        match self.live.get_mut(&told.path) {
            Some(known) if known.bytes.is_none() => {
                known.bytes = told.bytes;
                known.events = told.events;
                known.rows = Some(told.rows);
            }
            Some(known) if known.bytes != told.bytes => {
                let what = format!("version {version} found other bytes than were written");
                let at = known.version;
                self.finding(Some(at), &told.path, what);
            }
            Some(_) => {}
            None if self.unknown_past => {
                let known = Known {
                    version,
                    at: None,
                    size: 0,
                    rows: Some(told.rows),
                    bytes: told.bytes,
                    events: told.events,
                };
                self.live.insert(told.path.clone(), known);
            }
            None => {
                let what = format!("it attests `{}`, which is not in the table", told.path);
                self.finding(Some(version), path, what);
            }
        }
    }
}

/// Digests of the last entries, for the comparison with what was pinned.
const KEPT_DIGESTS: usize = 100_000;

/// The events that a merge took and gave.
#[derive(Default)]
struct Sums {
    rows: (u64, u64),
    events: (EventSum, EventSum),
    /// Something is not known.
    open: bool,
}

impl Sums {
    fn removed(&mut self, known: Option<&Known>, told: Option<&FileRecord>) {
        let events = known.and_then(|known| known.events).or(told.and_then(|told| told.events));
        let rows = known.and_then(|known| known.rows).or(told.map(|told| told.rows));
        match (rows, events) {
            (Some(rows), Some(events)) => {
                self.rows.0 += rows;
                self.events.0.add(events);
            }
            _ => self.open = true,
        }
    }

    fn added(&mut self, told: Option<&FileRecord>) {
        match told.and_then(|told| Some((told.rows, told.events?))) {
            Some((rows, events)) => {
                self.rows.1 += rows;
                self.events.1.add(events);
            }
            None => self.open = true,
        }
    }

    fn even(&self) -> bool {
        self.open || (self.rows.0 == self.rows.1 && self.events.0 == self.events.1)
    }
}
