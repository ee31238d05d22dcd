//! The chain's past: log entries that are about to be deleted are kept, byte for byte, in compressed segments, so that
//! the chain verifies from its beginning however short the log is kept.
//! `_chain/<first>-<last>-<digest>.jsonl.gz`: one line an entry, `{"version":7,"entry":"…"}`. The digest is that of the
//! file's own bytes.
//! Deliberately absent: deleting entries (`maintain`), and checking them (`verify`).

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entries::entry_path;
use crate::limits::{ARCHIVE_BYTES_MAX, ARCHIVE_ENTRIES_MAX, SEGMENT_BYTES_MAX};
use crate::{Error, Result};

/// The folder of the segments, within a table.
pub(crate) const CHAIN: &str = "_chain";

/// One archived entry.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Archived {
    /// The version that it made.
    pub(crate) version: u64,
    /// Its text.
    pub(crate) entry: String,
}

/// A segment, as its name tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) path: Path,
    digest: String,
}

impl Segment {
    fn of(path: &Path) -> Option<Self> {
        let name = path.filename()?.strip_suffix(".jsonl.gz")?;
        let mut parts = name.splitn(3, '-');
        let (first, last, digest) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            first: first.parse().ok()?,
            last: last.parse().ok()?,
            path: path.clone(),
            digest: digest.parse::<Digest>().ok()?.to_string(),
        })
    }

    /// The entries in `bytes`, which are this segment's.
    ///
    /// # Errors
    /// Why they are not, as a lowercase fragment.
    pub(crate) fn read(&self, bytes: &[u8]) -> Result<Vec<Archived>, String> {
        if Digest::of(bytes).to_string() != self.digest {
            return Err("its bytes are not those that its name tells".to_owned());
        }
        let mut text = String::new();
        let read = GzDecoder::new(bytes).take(SEGMENT_BYTES_MAX).read_to_string(&mut text);
        read.map_err(|error| format!("it cannot be decompressed: {error}"))?;
        text.lines()
            .map(|line| {
                serde_json::from_str(line).map_err(|error| format!("it is no segment: {error}"))
            })
            .collect()
    }
}

/// The segments of a table in order, and what lies among them under names of another kind.
pub(crate) async fn segments(
    store: &Arc<dyn ObjectStore>,
    table: &str,
) -> Result<(Vec<Segment>, Vec<Path>)> {
    let (mut segments, mut others) = (Vec::new(), Vec::new());
    for meta in listed(store, table, CHAIN).await? {
        match Segment::of(&meta.location) {
            Some(segment) => segments.push(segment),
            None => others.push(meta.location),
        }
    }
    segments.sort();
    Ok((segments, others))
}

/// Archives every entry that is older than `before_milliseconds` and covered by a checkpoint: at least those that a
/// trimming of the log with the same limit deletes.
pub(crate) async fn archive(
    store: &Arc<dyn ObjectStore>,
    table: &str,
    before_milliseconds: i64,
) -> Result<()> {
    let (segments, _) = segments(store, table).await?;
    let mut next = segments.iter().map(|segment| segment.last + 1).max().unwrap_or(0);
    let log = listed(store, table, "_delta_log").await?;
    let version = |meta: &ObjectMeta| meta.location.filename()?.get(..20)?.parse::<u64>().ok();
    let is_checkpoint = |meta: &&ObjectMeta| meta.location.as_ref().contains(".checkpoint.");
    let Some(covered) = log.iter().filter(is_checkpoint).filter_map(version).max() else {
        return Ok(());
    };
    let mut due: Vec<u64> = log
        .iter()
        .filter(|meta| meta.location.extension() == Some("json"))
        .filter(|meta| meta.last_modified.timestamp_millis() <= before_milliseconds)
        .filter_map(version)
        .filter(|version| *version >= next && *version < covered)
        .collect();
    due.sort_unstable();
    let mut due = due.into_iter().peekable();
    while let Some(first) = due.peek().copied() {
        let (mut encoder, mut bytes, mut entries) =
            (GzEncoder::new(Vec::new(), Compression::default()), 0, 0);
        while let Some(version) = due.peek().copied()
            && entries < ARCHIVE_ENTRIES_MAX
            && bytes < ARCHIVE_BYTES_MAX
        {
            let entry = read_entry(store, table, version).await?;
            bytes += entry.len();
            entries += 1;
            let mut line =
                serde_json::to_vec(&Archived { version, entry }).map_err(Error::encode(table))?;
            line.push(b'\n');
            encoder.write_all(&line).map_err(Error::encode(table))?;
            next = version;
            due.next();
        }
        let packed = encoder.finish().map_err(Error::encode(table))?;
        let name = format!("{CHAIN}/{first:020}-{next:020}-{}.jsonl.gz", Digest::of(&packed));
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match store.put_opts(&Path::from(name.as_str()), packed.into(), options).await {
            // Another node archived the same entries.
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(Error::file("write", format!("{table}/{name}"))(error)),
        }
    }
    Ok(())
}

async fn read_entry(store: &Arc<dyn ObjectStore>, table: &str, version: u64) -> Result<String> {
    let path = entry_path(version);
    let shown = format!("{table}/{path}");
    let read = async { store.get(&path).await?.bytes().await };
    let bytes: Bytes = read.await.map_err(Error::file("read", &shown))?;
    String::from_utf8(bytes.into()).map_err(|error| Error::DamagedLog {
        table: table.to_owned(),
        path: shown,
        source: error.into(),
    })
}

/// What lies in a folder of a table.
pub(crate) async fn listed(
    store: &Arc<dyn ObjectStore>,
    table: &str,
    folder: &str,
) -> Result<Vec<ObjectMeta>> {
    let listed = store.list(Some(&Path::from(folder))).try_collect().await;
    listed.map_err(Error::file("list", format!("{table}/{folder}")))
}
