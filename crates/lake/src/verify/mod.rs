//! Checks a lake against its own records: the chain of commits from its beginning, the heads that were pinned outside
//! of the lake, and every data file byte for byte and event for event. It reads one snapshot, so that a server may be
//! writing meanwhile, and changes nothing.
//! Deliberately absent: repair, and opinion: what does not fit is named with the file in which it was found.

mod chain;
mod data;
mod entry;
mod heads;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use identity::PublicKey;
use jiff::Timestamp;
use serde::Serialize;

use self::chain::Chain;
use crate::delta::DeltaLog;
use crate::error::chain as causes;
use crate::notary::Pin;
use crate::options::StoreWrap;
use crate::place::Place;
use crate::{Error, Result};

/// What is to be checked, and against what.
#[derive(Clone)]
pub struct VerifyOptions {
    /// Where the lake is: see [`crate::LakeOptions::url`].
    pub url: String,
    /// See [`crate::LakeOptions::storage_options`].
    pub storage_options: HashMap<String, String>,
    /// Only these tables; all if empty.
    pub tables: Vec<String>,
    /// Only data files that were committed at or after this moment. The chain is walked whole.
    pub since: Option<Timestamp>,
    /// Whether data files are read at all.
    pub data_files: bool,
    /// The keys whose signatures count.
    pub trusted: Vec<PublicKey>,
    /// The pinned heads; `None` if they are not at hand, so that a log that was cut off cannot be told.
    pub pins: Option<BTreeMap<String, Pin>>,
    /// How many data files are read at once.
    pub parallel: usize,
    /// See [`crate::LakeOptions::wrap`].
    pub wrap: Option<StoreWrap>,
}

impl VerifyOptions {
    /// A check of everything in the lake at `url`, with nobody trusted and nothing pinned.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            storage_options: HashMap::new(),
            tables: Vec::new(),
            since: None,
            data_files: true,
            trusted: Vec::new(),
            pins: None,
            parallel: 1,
            wrap: None,
        }
    }

    pub(crate) fn place(&self) -> Result<Place> {
        Place::open(&self.url, &self.storage_options, None, self.wrap.as_ref())
    }
}

/// How far the check is, for a person who waits.
#[derive(Debug, Default)]
pub struct Progress {
    /// Rows of the files that are to be read, as far as it is known.
    pub rows_total: AtomicU64,
    /// Rows that were read.
    pub rows_done: AtomicU64,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The commit that it belongs to, if there is one.
    pub version: Option<u64>,
    /// The file, relative to the lake.
    pub path: String,
    /// What is wrong with it, as a lowercase fragment.
    pub what: String,
}

/// What became of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableVerdict {
    /// Its name.
    pub table: String,
    /// The version that was checked.
    pub version: u64,
    /// Log entries that were read.
    pub commits: u64,
    /// The first version that has a record; everything before was taken as found.
    pub sealed_from: Option<u64>,
    /// Data files that were read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whose signatures there are.
    pub keys: Vec<String>,
    /// What is worth knowing but not wrong.
    pub notes: Vec<String>,
    /// What does not fit, in the order of the commits.
    pub findings: Vec<Finding>,
}

/// Checks a lake.
///
/// # Errors
/// If the lake cannot be reached or listed. What can be read and does not fit is in the verdicts.
pub async fn verify(
    options: &VerifyOptions,
    progress: &Arc<Progress>,
) -> Result<Vec<TableVerdict>> {
    let place = options.place()?;
    let listed = place.store.list_with_delimiter(None).await;
    let listed = listed.map_err(Error::file("list", &options.url))?;
    let mut names: Vec<String> = listed
        .common_prefixes
        .iter()
        .filter_map(|path| path.filename().map(str::to_owned))
        .filter(|name| options.tables.is_empty() || options.tables.contains(name))
        .collect();
    // A table that was pinned and is gone as a whole is missed, too.
    let pinned = options.pins.iter().flatten().filter(|(_, pin)| pin.head.is_some());
    names.extend(pinned.map(|(name, _)| name.clone()));
    names.extend(options.tables.iter().cloned());
    names.sort();
    names.dedup();
    if !options.tables.is_empty() {
        names.retain(|name| options.tables.contains(name));
    }
    let mut verdicts = Vec::new();
    for name in names {
        verdicts.push(verify_table(&place, &name, options, progress).await?);
    }
    Ok(verdicts)
}

async fn verify_table(
    place: &Place,
    name: &str,
    options: &VerifyOptions,
    progress: &Arc<Progress>,
) -> Result<TableVerdict> {
    let store = place.table_store(name);
    let mut findings = Vec::new();
    // What queries see. The chain is walked up to the same version.
    let state = match DeltaLog::open(place, name, None).await {
        Ok(state) => state,
        Err(error) => {
            let path = match &error {
                Error::DamagedLog { path, .. } | Error::File { path, .. } => path.clone(),
                _ => format!("{name}/_delta_log"),
            };
            findings.push(Finding { version: None, path, what: causes(&error) });
            None
        }
    };
    let until = state.as_ref().map(DeltaLog::version);
    let mut chain = Chain::new(name, until, &options.trusted);
    chain.walk(&store).await?;
    heads::check(&store, &mut chain, state.as_ref(), options).await?;
    let data = if options.data_files {
        data::check(&store, &chain, options, progress).await?
    } else {
        data::Checked::default()
    };
    findings.extend(chain.findings);
    findings.extend(data.findings);
    findings.sort();
    findings.dedup();
    let mut notes = chain.notes;
    notes.extend(data.notes);
    Ok(TableVerdict {
        table: name.to_owned(),
        version: until.or(chain.last.map(|(version, _)| version)).unwrap_or(0),
        commits: chain.commits,
        sealed_from: chain.sealed_from,
        files: data.files,
        rows: data.rows,
        bytes: data.bytes,
        keys: chain.keys.into_iter().collect(),
        notes,
        findings,
    })
}

impl Progress {
    pub(crate) fn expect(&self, rows: u64) {
        self.rows_total.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn done(&self, rows: u64) {
        self.rows_done.fetch_add(rows, Ordering::Relaxed);
    }
}
