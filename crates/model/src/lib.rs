//! The plain values that every other crate speaks: events and batches, secrets, table schemas, problems, limits, and
//! the ports (`Clock`, `QueryEngine`, `TableFiles`) through which the middle of the program meets the outside.
//!
//! Deliberately absent: I/O, async runtimes, HTTP, and everything that belongs to one provider, one destination or one
//! storage engine.

mod agreement;
mod clock;
mod event;
mod form;
pub mod limits;
mod manual;
mod nesting;
mod people;
mod problem;
mod query;
mod saved;
mod secret;
mod stretch;
mod table;
mod table_file;
mod written;

pub use agreement::{Read, disagreements};
pub use clock::{Clock, FixedClock, SystemClock};
pub use event::{Batch, Cursor, Event, Gap, NAME_HINT, Rejected, SourceId, Via, name_problem};
pub use form::{Choice, Form, FormField};
pub use jiff::{SignedDuration, Timestamp};
pub use manual::untold;
pub use nesting::is_nested_deeper_than;
pub use people::{
    ApiToken, AuditEntry, AuditNote, Person, Role, Session, SignedIn, UnknownRole,
    person_name_problem,
};
pub use problem::{Problem, nearest};
pub use query::{
    ColumnValues, Progress, QueryEngine, QueryError, QueryErrorKind, QueryLimits, QueryOutput,
    QueryRequest, QueryTable, Render, ResultColumn, RowBatch, Scanned,
};
pub use saved::{QueryDraft, SavedDashboard, SavedQuery};
pub use secret::Secret;
pub use stretch::{Stretch, Stretches};
pub use table::{Column, ColumnMapper, ColumnType, EventContext, RowWriter, TableSchema};
pub use table_file::{TableFile, TableFileError, TableFiles};
pub use written::Fields;
