//! What results look like, as types for the document of the interface: the writers write them piece by piece, and never
//! whole. Tests read what was written back as these. Deliberately absent: writing them.

use model::{QueryError, Render, ResultColumn};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The whole answer to a question.
#[derive(Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryAnswer {
    /// A table for each statement that has one.
    pub(crate) tables: Vec<AnswerTable>,
    /// The picture that was asked for, of the last table that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) render: Option<Render>,
    /// Why the rows are only a part of the answer; absent if they are all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<QueryError>,
}

/// A table of an answer.
#[derive(Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerTable {
    /// `PrimaryResult`, then `Table_1` and so on.
    pub(crate) name: String,
    /// Its columns.
    pub(crate) columns: Vec<ResultColumn>,
    /// Its rows: a value for each column.
    pub(crate) rows: Vec<Vec<Value>>,
}

/// One line of an answer that is told while it is found.
#[derive(Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "frame", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Frame {
    /// Begins a table.
    Table {
        /// `PrimaryResult`, then `Table_1` and so on.
        name: String,
        /// Its columns.
        columns: Vec<ResultColumn>,
        /// The picture that was asked for.
        #[schema(required)]
        render: Option<Render>,
    },
    /// Brings some of its rows.
    Rows {
        /// A value for each column.
        rows: Vec<Vec<Value>>,
    },
    /// Tells how far the query is.
    Progress {
        /// Rows of tables that were read.
        rows_scanned: u64,
        /// Bytes of their files.
        bytes_scanned: u64,
        /// Since the query began.
        elapsed_ms: u64,
    },
    /// Tells that everything up to an offset was told; of a live tail only.
    Beat {
        /// Behind it a tail that broke off goes on.
        offset: i64,
    },
    /// Ends the answer.
    End {
        /// Rows of all tables.
        rows: u64,
        /// Since the query began.
        elapsed_ms: u64,
        /// Rows of tables that were read.
        rows_scanned: u64,
        /// Bytes of their files.
        bytes_scanned: u64,
        /// Why the rows are only a part of the answer.
        #[schema(required)]
        error: Option<QueryError>,
    },
}
