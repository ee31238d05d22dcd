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

/// Version of the tables.
const VERSION: i32 = 1;

/// How long a writer waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Moments are microseconds since 1970, secrets are hashes.
const TABLES: &str = "
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

/// Makes the tables of an empty file; refuses one that is not ours or is newer than this program.
fn verify(connection: &Connection, path: &Path) -> Result<(), Error> {
    let storage = |source| Error::Storage { path: path.to_owned(), doing: "read it", source };
    let foreign = |what: String| Error::Foreign { path: path.to_owned(), what };
    // Two processes may find the file empty: the second one waits here, and finds it made.
    connection.execute_batch("BEGIN IMMEDIATE").map_err(storage)?;
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let outcome = (|| {
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(storage)?;
        if tables == 0 {
            let making = format!(
                "{TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
            );
            return connection.execute_batch(&making).map_err(storage);
        }
        if number("application_id").map_err(storage)? != APPLICATION_ID {
            return Err(foreign("is no registry of doorledger".to_owned()));
        }
        match number("user_version").map_err(storage)? {
            VERSION => Ok(()),
            newer => Err(foreign(format!(
                "is of version {newer}, and this program knows version {VERSION}"
            ))),
        }
    })();
    let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.execute_batch(end).map_err(storage)?;
    outcome
}
