//! How the lake is, as plain values for `status` and the API.
//! Deliberately absent: metrics, which are counted where things happen.

use jiff::Timestamp;
use serde::Serialize;

use crate::table::Table;

/// How a lake is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LakeStatus {
    /// Why the writer waits, if it does.
    pub error: Option<String>,
    /// Its tables, by name.
    pub tables: Vec<TableStatus>,
}

/// How a table is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// Its name.
    pub name: String,
    /// Committed rows.
    pub rows: u64,
    /// Bytes of the files that hold them.
    pub bytes: u64,
    /// How many files.
    pub files: usize,
    /// The version of its Delta log.
    pub version: u64,
    /// Rows in memory that are not committed yet (they are in the journal).
    pub tail_rows: u64,
    /// Bytes of memory that those take.
    pub tail_bytes: u64,
    /// Rows of this node's journal below this offset are committed.
    pub committed_offset: u64,
    /// When this node last committed to it, since the program started.
    pub last_commit: Option<Timestamp>,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl TableStatus {
    pub(crate) fn of(table: &Table) -> Self {
        let view = table.view();
        Self {
            name: table.name.clone(),
            rows: view.files.rows(),
            bytes: view.files.bytes(),
            files: view.files.ordered.len(),
            version: view.version,
            tail_rows: view.tail.rows() as u64,
            tail_bytes: view.tail.bytes() as u64,
            committed_offset: view.committed,
            last_commit: view.last_commit,
            error: view.error.clone(),
        }
    }
}
