//! What a user may set of the lake, and the seam through which tests make a step fail.
//! Deliberately absent: reading a configuration file, which the binary does.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;

use crate::notary::Notary;

/// How a lake is opened.
#[derive(Clone)]
pub struct LakeOptions {
    /// A local folder (made if absent) or the URL of an object store: `s3://bucket/path`, `az://container/path`,
    /// `abfss://…`, `gs://bucket/path`.
    pub url: String,
    /// Keys and settings of the object store, under the names that `object_store` gives them (`aws_region`,
    /// `azure_storage_account_key` …). May hold secrets: `Debug` shows the names only.
    pub storage_options: HashMap<String, String>,
    /// Who writes: Delta's application id, and the column `_Node`. One node has one journal; a node that gets a new
    /// journal needs a new name.
    pub node: String,
    /// Rows wait at most so long in memory before they are committed.
    pub flush_age: Duration,
    /// Rows are committed once they take so many bytes of Arrow memory, all tables together.
    pub flush_bytes: usize,
    /// For how many days a table's rows are kept, by table name.
    pub retention_days: HashMap<String, u32>,
    /// The same for tables that are not named; `None` keeps them for ever.
    pub retention_days_default: Option<u32>,
    /// How old the list of files may be that a query sees of what other nodes have committed.
    pub refresh_age: Duration,
    /// How long a file that no longer belongs to a table is kept for queries that still read it.
    pub vacuum_grace: Duration,
    /// Pause between two looks at what there is to compact, to expire and to clean.
    pub maintain_every: Duration,
    /// Who signs commits and remembers how far each log reached; `None` writes commits without records.
    pub notary: Option<Arc<Notary>>,
    /// Makes steps fail; for tests.
    pub failpoint: Option<Failpoint>,
    /// Puts something in front of the store; for tests.
    pub wrap: Option<StoreWrap>,
}

impl LakeOptions {
    /// The usual settings for a lake at `url`, written by `node`.
    pub fn new(url: impl Into<String>, node: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            storage_options: HashMap::new(),
            node: node.into(),
            flush_age: Duration::from_secs(5),
            flush_bytes: 16 * 1024 * 1024,
            retention_days: HashMap::new(),
            retention_days_default: None,
            refresh_age: Duration::from_secs(10),
            vacuum_grace: Duration::from_secs(6 * 60 * 60),
            maintain_every: Duration::from_secs(20),
            notary: None,
            failpoint: None,
            wrap: None,
        }
    }

    /// For how many days rows of `table` are kept; `None` for ever.
    #[must_use]
    pub fn retention_of(&self, table: &str) -> Option<u32> {
        self.retention_days.get(table).copied().or(self.retention_days_default)
    }
}

impl fmt::Debug for LakeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LakeOptions")
            .field("url", &self.url)
            .field("storage_options", &self.storage_options.keys().collect::<Vec<_>>())
            .field("node", &self.node)
            .field("flush_age", &self.flush_age)
            .field("flush_bytes", &self.flush_bytes)
            .field("retention_days", &self.retention_days)
            .field("retention_days_default", &self.retention_days_default)
            .finish_non_exhaustive()
    }
}

/// Makes another store of a lake's store: one that fails, say.
pub type StoreWrap = Arc<dyn Fn(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> + Send + Sync>;

/// Asked before each [`Step`]; `true` makes it fail as if the disk had.
pub type Failpoint = Arc<dyn Fn(Step) -> bool + Send + Sync>;

/// The places between which a crash must change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Before a data file is written.
    WriteFile,
    /// After the data files are written, before they are committed.
    Commit,
    /// After the commit, before readers are shown it.
    Publish,
    /// After all tables are committed, before the journal is told.
    Advance,
    /// After a compacted file is written, before it replaces its inputs.
    Replace,
}
