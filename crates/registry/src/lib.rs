//! What people own, in one SQLite file beside the journal: who may sign in, their sessions, API tokens, the audit trail,
//! saved queries and dashboards, and the applications that were connected while the program ran. Everything blocks for as long as a disk takes; password hashing takes tens of
//! milliseconds and 19 MiB.
//!
//! Deliberately absent: events, HTTP and cookies (`api`), roles' meaning (`api`'s table of routes), async.

mod applications;
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
mod vault;

pub use applications::{ApplicationKind, StoredApplication, UnreadableApplication};
pub use error::Error;
pub use limits::{
    APPLICATION_BYTES_MAX, APPLICATION_KEY_BYTES_MAX, APPLICATION_LEVELS_MAX, APPLICATIONS_MAX,
    AUDIT_ENTRIES_MAX, DASHBOARDS_MAX, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PEOPLE_MAX,
    QUERIES_OF_PERSON_MAX, SESSION_IDLE_MAX, SESSION_LIFE_MAX, SESSIONS_OF_PERSON_MAX, TOKENS_MAX,
};
pub use registry::Registry;
pub use schema::FILE_NAME;
pub use vault::KEY_FILE_NAME;
