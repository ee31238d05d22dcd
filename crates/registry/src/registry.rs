//! The open registry: one connection behind a lock, and how rows become values. Every question takes microseconds, so one
//! connection serves all.
//! Deliberately absent: the questions, each group in a file of its own.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Clock, Role, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

use crate::error::Error;
use crate::schema;

/// An open registry.
pub struct Registry {
    connection: Mutex<Connection>,
    path: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Registry {
    /// Opens the registry of a data folder, or makes an empty one. Several processes may have it open.
    ///
    /// # Errors
    /// The file cannot be opened, is none of ours, or is damaged.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let path = folder.join(schema::FILE_NAME);
        let connection = Mutex::new(schema::open(&path)?);
        Ok(Self { connection, path, clock })
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The present moment, in microseconds.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }

    /// Asks something that changes nothing.
    pub(crate) fn read<T>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        ask(&self.connection()).map_err(|source| self.failed("read it", source))
    }

    /// Changes something, all of it or nothing.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Failed>,
    ) -> Result<T, Error> {
        let mut connection = self.connection();
        let failed = |source| self.failed("write it", source);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let changed = change(&transaction).map_err(|error| match error {
            Failed::Storage(source) => failed(source),
            Failed::Told(error) => error,
        })?;
        transaction.commit().map_err(failed)?;
        Ok(changed)
    }

    /// A connection is sound after a panic elsewhere: what it had begun is rolled back.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, doing: &'static str, source: rusqlite::Error) -> Error {
        Error::Storage { path: self.path.clone(), doing, source }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why a change was not made.
pub(crate) enum Failed {
    /// The file.
    Storage(rusqlite::Error),
    /// A rule.
    Told(Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(source: rusqlite::Error) -> Self {
        Self::Storage(source)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

/// The moment in a column.
pub(crate) fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let microseconds = row.get(column)?;
    Timestamp::from_microsecond(microseconds)
        .map_err(|error| unreadable(column, Type::Integer, error))
}

/// The moment in a column, if there is one.
pub(crate) fn moment_or_null(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => moment(row, column).map(Some),
    }
}

/// The count in a column; SQLite's numbers have a sign, and ours never need it.
pub(crate) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

/// The role in a column.
pub(crate) fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let text: String = row.get(column)?;
    Role::from_str(&text).map_err(|error| unreadable(column, Type::Text, error))
}

fn unreadable(
    column: usize,
    kind: Type,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}

/// Whether a statement failed because a name is taken.
pub(crate) fn is_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

#[cfg(test)]
pub(crate) mod tests {
    use model::FixedClock;
    use tempfile::TempDir;

    use super::*;

    /// A password that may be one.
    pub(crate) const PASSWORD: &str = "a long enough phrase";

    /// An empty registry, and its clock.
    pub(crate) fn opened() -> (Registry, Arc<FixedClock>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at("2026-11-21T07:00:00Z".parse().unwrap()));
        (Registry::open(folder.path(), clock.clone()).unwrap(), clock, folder)
    }

    #[test]
    fn what_was_written_is_there_for_the_next_process_and_for_nobody_else() {
        let (registry, clock, folder) = opened();
        let people = registry.first_administrator().unwrap().map(|(person, _)| vec![person]);
        // Both are open at once.
        let next = Registry::open(folder.path(), clock).unwrap();
        assert_eq!(next.people().unwrap(), people.unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata = std::fs::metadata(folder.path().join(schema::FILE_NAME)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_of_somebody_else_or_of_tomorrow_is_refused() {
        let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
        for (statement, told) in [
            ("CREATE TABLE x (a)", "is no registry"),
            (
                "PRAGMA application_id = 1684828673; PRAGMA user_version = 3; CREATE TABLE x (a)",
                "version 3",
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let connection = Connection::open(folder.path().join(schema::FILE_NAME)).unwrap();
            connection.execute_batch(statement).unwrap();
            drop(connection);
            let error = Registry::open(folder.path(), clock.clone()).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(schema::FILE_NAME), "no database at all, but text")
            .unwrap();
        assert!(matches!(Registry::open(folder.path(), clock), Err(Error::Storage { .. })));
    }
}
