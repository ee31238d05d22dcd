//! What can go wrong between a bound plan and its rows, and how a user is told. Deliberately absent: mistakes in the query
//! text, which `kql` finds.

use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use model::{QueryError, QueryErrorKind, QueryLimits};

/// The result of this crate.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a query was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine underneath failed.
    #[error("the query could not be executed")]
    DataFusion(#[source] Box<DataFusionError>),
    /// An operator of the language that this engine does not run yet.
    #[error("operator '{0}' is not supported")]
    Unsupported(&'static str),
    /// A function that the binder knows and the engine does not.
    #[error("function '{0}' is not supported")]
    NoFunction(String),
    /// Something that cannot run for all groups side by side.
    #[error("{0} is not supported in the body of mv-apply or partition")]
    InBody(&'static str),
    /// A function that looks at other rows where there are none to look at.
    #[error(
        "function '{0}' looks at other rows, which this operator does not offer: `extend` it before"
    )]
    NoWindow(String),
    /// A condition of the query's own that does not hold.
    #[error("assertion failed: {0}")]
    Assertion(String),
    /// A function that asks about something that only a cluster has.
    #[error("function '{0}' is not available in this workspace")]
    Unavailable(&'static str),
    /// A table that went away between binding and execution.
    #[error("table '{0}' was not found")]
    NoTable(String),
    /// A regular expression that is none.
    #[error("'{pattern}' is not a valid regular expression: {message}")]
    Regex {
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// A value that must be known before the query runs.
    #[error("operator '{operator}' needs constant bounds")]
    NotConstant {
        /// The operator.
        operator: &'static str,
    },
    /// An operator that would give too many rows.
    #[error("operator '{operator}' gives more than {rows_max} rows")]
    TooManyRows {
        /// The operator.
        operator: &'static str,
        /// The limit.
        rows_max: usize,
    },
    /// A number that must be larger than nothing.
    #[error("{what} must be positive")]
    NotPositive {
        /// Which number.
        what: &'static str,
    },
    /// A series with too many values.
    #[error("a series of make-series has more than {values_max} values")]
    SeriesTooLong {
        /// The limit.
        values_max: i64,
    },
    /// A partition that runs its body once for each value of its key, of which there are too many.
    #[error(
        "partition with a source, join or subquery of its own takes at most {keys_max} different values of its key"
    )]
    TooManyPartitions {
        /// The limit.
        keys_max: usize,
    },
    /// A plugin that was called in a way that makes no sense.
    #[error("'evaluate' operator: {name}(): {message}")]
    Plugin {
        /// The plugin.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// An operator that was used in a way that makes no sense.
    #[error("'{operator}' operator: {message}")]
    Operator {
        /// The operator.
        operator: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A file from a host that the configuration does not allow.
    #[error("'externaldata' operator: the host '{host}' is not allowed")]
    HostNotAllowed {
        /// The host.
        host: String,
    },
    /// More columns in the data than a result may have.
    #[error("operator '{operator}' gives more than {columns_max} columns")]
    TooManyColumns {
        /// The operator.
        operator: &'static str,
        /// The limit.
        columns_max: usize,
    },
    /// More patterns in the data than can be looked at.
    #[error("'evaluate' operator: there are too many frequent patterns")]
    TooManyPatterns,
    /// More rows than something can look at together.
    #[error("{what} looks at more than {rows_max} rows at once")]
    TooManyTogether {
        /// What looks at them.
        what: &'static str,
        /// The limit.
        rows_max: usize,
    },
    /// A plan nested too deeply.
    #[error("the query is nested more than {depth_max} operators deep")]
    TooDeep {
        /// The limit.
        depth_max: usize,
    },
    /// A plan that contradicts itself.
    #[error("the query plan is inconsistent: {0}")]
    Defect(String),
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        Self::DataFusion(Box::new(error))
    }
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        Self::from(DataFusionError::from(error))
    }
}

impl From<Error> for DataFusionError {
    /// A limit that is reached while rows flow.
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}

impl Error {
    /// The error as the port tells it.
    pub(crate) fn into_query_error(self, limits: &QueryLimits) -> QueryError {
        match &self {
            Self::DataFusion(error) => from_datafusion(error, limits),
            _ => self.told(),
        }
    }

    /// An error of this crate's own, as the port tells it.
    fn told(&self) -> QueryError {
        let (kind, hint) = match self {
            Self::TooManyRows { .. }
            | Self::TooManyTogether { .. }
            | Self::TooDeep { .. }
            | Self::SeriesTooLong { .. }
            | Self::TooManyPartitions { .. } => (QueryErrorKind::Limit, "narrow the query"),
            Self::HostNotAllowed { .. } => (
                QueryErrorKind::Semantic,
                "add the host to `content.external_hosts` in the configuration",
            ),
            Self::TooManyPatterns => (
                QueryErrorKind::Limit,
                "raise the threshold, project fewer columns or sample the rows",
            ),
            Self::TooManyColumns { .. } => (
                QueryErrorKind::Limit,
                "declare the columns that are wanted: evaluate …(…) : (name:type)",
            ),
            Self::DataFusion(_) | Self::Defect(_) => (QueryErrorKind::Internal, ""),
            _ => (QueryErrorKind::Semantic, ""),
        };
        let code = if kind == QueryErrorKind::Semantic { "SEM0002" } else { "" };
        query_error(kind, code, self.to_string(), hint)
    }
}

/// An error of execution: memory that ran out is a limit, everything else the engine's own failure.
pub(crate) fn from_datafusion(error: &DataFusionError, limits: &QueryLimits) -> QueryError {
    // What this crate's own operators say while rows flow.
    if let DataFusionError::External(own) = error.find_root()
        && let Some(own) = own.downcast_ref::<Error>()
    {
        return own.told();
    }
    if let DataFusionError::ResourcesExhausted(_) = error.find_root() {
        return query_error(
            QueryErrorKind::Limit,
            "E_RUNAWAY_QUERY",
            format!(
                "Query execution lacks memory resources to complete: the limit of {} bytes was reached (E_LOW_MEMORY_CONDITION)",
                limits.memory_bytes_max
            ),
            "summarize over fewer groups, join smaller tables, or filter earlier",
        );
    }
    query_error(
        QueryErrorKind::Internal,
        "",
        format!("the query could not be executed: {}", error.find_root().strip_backtrace()),
        "",
    )
}

/// The words of Kusto for a result that is cut off.
pub(crate) fn truncated(what: &str, limit: usize) -> QueryError {
    query_error(
        QueryErrorKind::Limit,
        "E_QUERY_RESULT_SET_TOO_LARGE",
        format!("Query result set has exceeded the internal {what} limit {limit}"),
        "add `| take`, `| summarize`, or a narrower `where`",
    )
}

/// The words for a query that took too long.
pub(crate) fn timed_out(limits: &QueryLimits) -> QueryError {
    query_error(
        QueryErrorKind::Limit,
        "E_RUNAWAY_QUERY",
        format!(
            "Request execution timeout: the limit of {} seconds was reached",
            limits.time_max.as_secs()
        ),
        "restrict TimeGenerated or filter earlier",
    )
}

fn query_error(kind: QueryErrorKind, code: &str, message: String, hint: &str) -> QueryError {
    QueryError { kind, code: code.to_owned(), message, span: None, hint: hint.to_owned() }
}
