//! The `QueryEngine` port: KQL text in, typed columns out. `api`, `detect` and the command line ask through it, so that
//! none of them links a query engine. Deliberately absent: KQL itself (`kql`) and its execution (`query`).

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ColumnType, TableFiles};

/// What a query may use up before it is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryLimits {
    /// Rows of the result. Log Analytics stops at 500,000.
    pub rows_max: usize,
    /// Bytes of the result.
    pub result_bytes_max: usize,
    /// Time from start to last row. Log Analytics stops at ten minutes.
    pub time_max: Duration,
    /// Memory that the query may hold.
    pub memory_bytes_max: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            rows_max: 500_000,
            result_bytes_max: 64 * 1024 * 1024,
            time_max: Duration::from_secs(180),
            memory_bytes_max: 1024 * 1024 * 1024,
        }
    }
}

/// A question.
#[derive(Debug, Clone)]
pub struct QueryRequest {
    /// The KQL text.
    pub text: String,
    /// Restricts every table to this half-open stretch of `TimeGenerated`, in microseconds since 1970.
    pub timespan: Option<(i64, i64)>,
    /// What it may use up.
    pub limits: QueryLimits,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResultColumn {
    /// Its name; Kusto's rules for unnamed expressions apply.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
}

/// The values of one column of a batch; `None` is null.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// `bool`
    Bool(Vec<Option<bool>>),
    /// `int`
    Int(Vec<Option<i32>>),
    /// `long`
    Long(Vec<Option<i64>>),
    /// `real`
    Real(Vec<Option<f64>>),
    /// `decimal`, as its text.
    Decimal(Vec<Option<String>>),
    /// `string` (never null in Kusto: an absent string is empty).
    String(Vec<String>),
    /// `datetime`, in ticks of 100 ns since 0001-01-01T00:00:00Z.
    DateTime(Vec<Option<i64>>),
    /// `timespan`, in ticks of 100 ns.
    TimeSpan(Vec<Option<i64>>),
    /// `guid`, as its text with dashes.
    Guid(Vec<Option<String>>),
    /// `dynamic`, as JSON text.
    Dynamic(Vec<Option<String>>),
}

/// Some rows of a result, column by column, in the order of `QueryTable::columns`.
#[derive(Debug, Clone, PartialEq)]
pub struct RowBatch {
    /// One entry a column, all of `rows` values.
    pub columns: Vec<ColumnValues>,
    /// How many rows.
    pub rows: usize,
}

/// What `render` asked for: the kind of picture and its properties (`title`, `xcolumn` …), as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Render {
    /// `timechart`, `barchart`, `table` …
    pub visualization: String,
    /// The `with (…)` properties.
    pub properties: Vec<(String, String)>,
}

/// One table of a result.
pub struct QueryTable {
    /// Its columns.
    pub columns: Vec<ResultColumn>,
    /// What `render` asked for.
    pub render: Option<Render>,
    /// Its rows, as they are found. An error ends the stream; the rows before it are a partial result.
    pub batches: BoxStream<'static, Result<RowBatch, QueryError>>,
}

/// What a query has read so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scanned {
    /// Rows of tables.
    pub rows: u64,
    /// Bytes of their files.
    pub bytes: u64,
}

/// Tells what a query has read so far, while it runs and after.
pub trait Progress: Send + Sync {
    /// Until now.
    fn scanned(&self) -> Scanned;
}

/// Of a query nothing is known.
impl Progress for () {
    fn scanned(&self) -> Scanned {
        Scanned::default()
    }
}

/// The answer to a question: a table for each tabular statement, the last one usually the only one.
pub struct QueryOutput {
    /// The tables, in the order of their statements.
    pub tables: Vec<QueryTable>,
    /// What has been read for all of them.
    pub progress: Arc<dyn Progress>,
}

/// What went wrong, by whose fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueryErrorKind {
    /// The text is not KQL.
    Syntax,
    /// The text is KQL, but names or types do not fit.
    Semantic,
    /// A limit of `QueryLimits` was reached.
    Limit,
    /// The engine failed.
    Internal,
}

/// Why a query was not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, ToSchema)]
#[error("{message}")]
pub struct QueryError {
    /// By whose fault.
    pub kind: QueryErrorKind,
    /// Kusto's code, where there is one: `SEM0100`.
    pub code: String,
    /// The message, in Kusto's words where there are such.
    pub message: String,
    /// Where in the text: start and end, in bytes.
    #[schema(required)]
    pub span: Option<(usize, usize)>,
    /// What to do next; may be empty.
    pub hint: String,
}

/// Answers KQL.
pub trait QueryEngine: Send + Sync {
    /// Binds and starts `request`; rows arrive through the streams of the answer. Dropping the answer cancels the query.
    fn query(&self, request: QueryRequest) -> BoxFuture<'_, Result<QueryOutput, QueryError>>;
    /// Who writes results as files of columns, where there is somebody.
    fn files(&self) -> Option<Arc<dyn TableFiles>> {
        None
    }
}
