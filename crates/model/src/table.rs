//! Tables as a user sees them: names, columns and Kusto types; and the port through which a provider's events become
//! rows. Deliberately absent: how rows are stored (`lake`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::SourceId;

/// A scalar type of the Kusto language.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// true, false.
    Bool,
    /// 32-bit integer.
    Int,
    /// 64-bit integer.
    Long,
    /// 64-bit floating point.
    Real,
    /// Exact decimal number of 34 digits.
    Decimal,
    /// Text.
    String,
    /// A moment, in ticks of 100 ns from year 1 to 9999.
    DateTime,
    /// A span of time, in ticks of 100 ns.
    TimeSpan,
    /// A UUID.
    Guid,
    /// Any JSON value.
    Dynamic,
}

impl ColumnType {
    /// Every type, in the order of the language's documentation.
    pub const ALL: [Self; 10] = [
        Self::Bool,
        Self::Int,
        Self::Long,
        Self::Real,
        Self::Decimal,
        Self::String,
        Self::DateTime,
        Self::TimeSpan,
        Self::Guid,
        Self::Dynamic,
    ];

    /// The name that Kusto gives it: `datetime`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::Decimal => "decimal",
            Self::String => "string",
            Self::DateTime => "datetime",
            Self::TimeSpan => "timespan",
            Self::Guid => "guid",
            Self::Dynamic => "dynamic",
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, as queries write it.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnType,
    /// One sentence of what it holds.
    pub about: &'static str,
}

/// A provider's table: the columns that are derived from its events. The columns that every table has
/// (`TimeGenerated`, `RawEvent`, `_Offset` …) are added by the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSchema {
    /// Its name: `Auth0Logs_CL`.
    pub name: &'static str,
    /// Its own columns, in order.
    pub columns: &'static [Column],
}

/// What is known of an event besides its text when its columns are derived.
#[derive(Debug, Clone, Copy)]
pub struct EventContext<'a> {
    /// Who brought it.
    pub source: &'a SourceId,
    /// The domain of the tenant as the configuration tells it: `acme.eu.auth0.com`. Who stores rows does not know it;
    /// whoever joins providers to the storage does.
    pub domain: Option<&'a str>,
    /// The provider's id of it.
    pub id: &'a str,
    /// The provider's time, if the event tells one.
    pub time: Option<Timestamp>,
    /// When it reached us.
    pub received: Timestamp,
}

/// Takes the columns of one row. `column` is the position in `TableSchema::columns`; a column that is never set is null.
/// Setting a column twice, or with a value of another type than the schema's, is a defect of the mapper; implementations
/// may panic on it in tests and must ignore it otherwise.
pub trait RowWriter {
    /// Sets a `bool` column.
    fn bool(&mut self, column: usize, value: bool);
    /// Sets a `long` or `int` column.
    fn long(&mut self, column: usize, value: i64);
    /// Sets a `real` column.
    fn real(&mut self, column: usize, value: f64);
    /// Sets a `string` or `guid` column.
    fn string(&mut self, column: usize, value: &str);
    /// Sets a `datetime` column.
    fn datetime(&mut self, column: usize, value: Timestamp);
    /// Sets a `dynamic` column; `json` is valid JSON text.
    fn dynamic(&mut self, column: usize, json: &str);
    /// Keeps a field that no column can hold, as `name` and valid JSON text: it goes to `AdditionalFields`.
    fn additional(&mut self, name: &str, json: &str);
}

/// Derives the columns of events. The lake calls it; the binary hands it in, so that the lake knows no provider.
pub trait ColumnMapper: Send + Sync {
    /// The table of the events that `provider` writes; `None` if the provider is unknown.
    fn table(&self, provider: &str) -> Option<&'static TableSchema>;
    /// Sets the columns of the event whose JSON text is `raw`. Never fails: what is not understood is left out, and
    /// stands in `RawEvent` all the same.
    fn columns(&self, raw: &[u8], context: EventContext<'_>, row: &mut dyn RowWriter);
}
