//! What people own, in one SQLite file beside the journal: who may sign in, their sessions, API tokens, the audit trail,
//! saved queries and dashboards. Everything blocks for as long as a disk takes; password hashing takes tens of
//! milliseconds and 19 MiB.
//!
//! Deliberately absent: events, HTTP and cookies (`api`), roles' meaning (`api`'s table of routes), async.

mod audit;
mod dashboards;
mod error;
mod limits;
mod passwords;
mod people;
mod queries;
mod random;
mod registry;
mod schema;
mod sessions;
mod tokens;

pub use error::Error;
pub use limits::{
    AUDIT_ENTRIES_MAX, DASHBOARDS_MAX, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PEOPLE_MAX,
    QUERIES_OF_PERSON_MAX, SESSION_IDLE_MAX, SESSION_LIFE_MAX, SESSIONS_OF_PERSON_MAX, TOKENS_MAX,
};
pub use registry::Registry;
pub use schema::FILE_NAME;
