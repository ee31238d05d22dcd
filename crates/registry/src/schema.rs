//! The SQLite file: its tables, its settings, and opening it. Several processes may have it open at once: the server, and
//! the command line that gives somebody a new password.
//! Deliberately absent: reading and writing rows.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::Error;

/// Name of the file within the data folder.
pub const FILE_NAME: &str = "registry.db";

/// Marks the file as a registry of doorledger ("dlr" and a 1).
const APPLICATION_ID: i32 = 0x646c_7201;

/// How long a writer waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The statements that lead from each version of the tables to the next; an empty file is of version 0. What has been
/// released never changes: a further version is a further entry. Moments are microseconds since 1970.
const STEPS: [&str; 2] = [PEOPLE_AND_SAVED, APPLICATIONS];

/// Version of the tables.
const VERSION: usize = STEPS.len();

/// Version 1. Secrets are hashes.
const PEOPLE_AND_SAVED: &str = "
CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL,
    password TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_seen INTEGER
) STRICT;
CREATE TABLE session (
    hash BLOB PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
    begun INTEGER NOT NULL,
    last_used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of_person ON session (person, last_used);
CREATE TABLE token (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    hash BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    last_used INTEGER
) STRICT;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    role TEXT,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE TABLE query (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    timespan TEXT,
    owner TEXT NOT NULL COLLATE NOCASE,
    shared INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE INDEX query_of_owner ON query (owner);
CREATE TABLE dashboard (
    id TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
";

/// Version 2. Documents are sealed, `sealed_with` is the name of the key.
const APPLICATIONS: &str = "
CREATE TABLE application (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    sealed_with BLOB NOT NULL,
    document BLOB NOT NULL,
    version INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT;
";

/// Opens the file; makes it, for its owner's eyes only, if there is none.
pub(crate) fn open(path: &Path) -> Result<Connection, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    drop(options.open(path).map_err(io)?);
    let storage = |source| Error::Storage { path: path.to_owned(), doing: "open it", source };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(storage)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(storage)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "journal_mode", "WAL").map_err(storage)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(storage)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(storage)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(storage)?;
    connection.pragma_update(None, "secure_delete", true).map_err(storage)?;
    verify(&connection, path)?;
    Ok(connection)
}

/// Makes the tables of an empty file, and those that an older one lacks; refuses a file that is not ours or is newer than
/// this program.
fn verify(connection: &Connection, path: &Path) -> Result<(), Error> {
    let storage = |source| Error::Storage { path: path.to_owned(), doing: "read it", source };
    let foreign = |what: String| Error::Foreign { path: path.to_owned(), what };
    // Two processes may find the file empty or old: the second one waits here, and finds it made.
    connection.execute_batch("BEGIN IMMEDIATE").map_err(storage)?;
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let outcome = (|| {
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(storage)?;
        let version = number("user_version").map_err(storage)?;
        let steps = match usize::try_from(version) {
            _ if tables == 0 => &STEPS[..],
            _ if number("application_id").map_err(storage)? != APPLICATION_ID => {
                return Err(foreign("is no registry of doorledger".to_owned()));
            }
            Ok(version @ 1..=VERSION) => &STEPS[version..],
            _ => {
                let what =
                    format!("is of version {version}, and this program knows version {VERSION}");
                return Err(foreign(what));
            }
        };
        if steps.is_empty() {
            return Ok(());
        }
        let marks =
            format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};");
        connection.execute_batch(&(steps.concat() + &marks)).map_err(storage)
    })();
    let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.execute_batch(end).map_err(storage)?;
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{FixedClock, Role, Secret, Timestamp};
    use serde_json::json;

    use super::*;
    use crate::registry::tests::PASSWORD;
    use crate::{ApplicationKind, Registry};

    /// What the tables are, in SQLite's own words.
    fn tables(path: &Path) -> Vec<String> {
        let connection = Connection::open(path).unwrap();
        let mut statement = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
            .unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_file_of_version_one_gets_what_it_lacks_and_keeps_what_it_has() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (path, clock) =
            (old.path().join(FILE_NAME), Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH)));
        let first = Connection::open(&path).unwrap();
        first.execute_batch(PEOPLE_AND_SAVED).unwrap();
        first
            .execute_batch(
                "PRAGMA application_id = 1684828673; PRAGMA user_version = 1;
                 INSERT INTO audit (at, who, action, object, outcome, detail) VALUES (1, 'jane', 'a', 'b', 'c', 'd');",
            )
            .unwrap();
        drop(first);
        for _ in 0..2 {
            let registry = Registry::open(old.path(), clock.clone()).unwrap();
            assert_eq!(registry.audit(None, 9).unwrap()[0].note.who, "jane");
        }
        let registry = Registry::open(old.path(), clock.clone()).unwrap();
        registry.add_person("joe", Role::Viewer, &Secret::new(PASSWORD)).unwrap();
        registry.add_application(ApplicationKind::Tenant, "a", &json!({})).unwrap();
        assert_eq!(registry.applications(ApplicationKind::Tenant).unwrap().len(), 1);
        Registry::open(new.path(), clock).unwrap();
        assert_eq!(tables(&path), tables(&new.path().join(FILE_NAME)));
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (path, clock) =
            (folder.path().join(FILE_NAME), Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH)));
        let first = Connection::open(&path).unwrap();
        first.execute_batch(PEOPLE_AND_SAVED).unwrap();
        first
            .execute_batch(
                "CREATE TABLE application (a);
                 PRAGMA application_id = 1684828673; PRAGMA user_version = 1;",
            )
            .unwrap();
        let before = tables(&path);
        assert!(matches!(Registry::open(folder.path(), clock), Err(Error::Storage { .. })));
        assert_eq!(tables(&path), before);
        let version: i32 =
            first.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 1);
    }
}
