//! The SQLite file: its tables, its settings, opening it, and checking that it is ours and whole.
//! Deliberately absent: reading and writing rows (`row`, `reading`, `source_rows`, `readers`, `dead_letters`).

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::Error;
use crate::disk::file_bytes;
use crate::limits::CHECK_AT_OPEN_BYTES_MAX;

/// Name of the database file within the journal's folder.
pub(crate) const FILE_NAME: &str = "journal.sqlite";

/// Marks the file as a journal of doorledger ("dlj" and a 1).
const APPLICATION_ID: i32 = 0x646c_6a01;

/// Version of the tables.
const VERSION: i32 = 2;
/// A version whose tables are a part of today's: the others are added when it is opened.
const VERSION_WITHOUT_LEDGER: i32 = 1;

/// Size of a page. Rows are mostly long runs of bytes, which large pages hold with less overhead; a commit of one event
/// touches four pages, which small pages make cheaper.
const PAGE_BYTES: u32 = 8 * 1024;

/// How long SQLite waits for a lock of a foreign process (`sqlite3` in a shell, a backup).
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// * `batch`: events. `offset` is that of its first event; rows follow each other without a hole. The newest row is never
///   removed, so that it always tells the next offset.
/// * `day_ids`: hashes of the ids of the events of a row, by day.
/// * `source`: one row for each source ever seen: cursor and totals.
/// * `reader`: how far each reader is.
const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE batch (
    offset INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    source INTEGER NOT NULL,
    via INTEGER NOT NULL,
    days BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    blocks BLOB NOT NULL
) STRICT;
CREATE TABLE day_ids (
    day INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    ids BLOB NOT NULL,
    PRIMARY KEY (day, offset)
) STRICT, WITHOUT ROWID;
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    cursor TEXT,
    received INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    last_received INTEGER,
    last_event INTEGER,
    checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE reader (
    name TEXT PRIMARY KEY,
    offset INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE gap (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source INTEGER NOT NULL,
    noted INTEGER NOT NULL,
    gap_from INTEGER NOT NULL,
    gap_until INTEGER NOT NULL,
    cause TEXT NOT NULL
) STRICT;
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    origin TEXT NOT NULL,
    provider TEXT NOT NULL,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    event_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    event_offset INTEGER,
    checksum INTEGER NOT NULL,
    raw BLOB NOT NULL
) STRICT;
INSERT INTO meta VALUES ('id', lower(hex(randomblob(16))));
";

/// * `account`: what came in of one source, hour of provider time and channel. The hour stands first, so that the rows of
///   the present hour share a page.
/// * `delivery`: what became of the events of one source and hour at one reader.
/// * `walk`: provider time that a source has walked without a break.
/// * `mark`: by which further channels events of a day came, and what events of a day say.
/// * `waiting`: events that wait for their other telling.
const LEDGER_TABLES: &str = "
CREATE TABLE account (
    hour INTEGER NOT NULL,
    source INTEGER NOT NULL,
    via INTEGER NOT NULL,
    received INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    both INTEGER NOT NULL,
    elsewhere INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (hour, source, via)
) STRICT, WITHOUT ROWID;
CREATE TABLE delivery (
    hour INTEGER NOT NULL,
    source INTEGER NOT NULL,
    reader TEXT NOT NULL,
    acknowledged INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    unsendable INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (hour, source, reader)
) STRICT, WITHOUT ROWID;
CREATE TABLE walk (
    source INTEGER NOT NULL,
    walk_from INTEGER NOT NULL,
    walk_until INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (source, walk_from)
) STRICT, WITHOUT ROWID;
CREATE TABLE mark (
    day INTEGER NOT NULL,
    n INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (day, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE waiting (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    via INTEGER NOT NULL,
    received INTEGER NOT NULL,
    time INTEGER NOT NULL,
    content BLOB NOT NULL,
    event_id TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    raw BLOB NOT NULL
) STRICT;
";

/// The journal's folder, held so that no other process can use it.
pub(crate) struct Folder {
    /// The folder itself.
    pub(crate) dir: PathBuf,
    /// The database file.
    pub(crate) database: PathBuf,
    /// Its write-ahead log.
    pub(crate) wal: PathBuf,
    /// Held for as long as the journal is open; the system gives the lock back when the process ends.
    _lock: File,
}

/// Makes the folder if it is missing, and locks it.
pub(crate) fn hold(dir: &Path) -> Result<Folder, Error> {
    std::fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    let path = dir.join("journal.lock");
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => return Err(Error::io("lock", &path)(source)),
    }
    let database = dir.join(FILE_NAME);
    let wal = dir.join(format!("{FILE_NAME}-wal"));
    Ok(Folder { dir: dir.to_owned(), database, wal, _lock: lock })
}

/// Opens the writing connection; makes the tables in a new file, and verifies an existing one. Until [`release`], closing it
/// leaves the log as it is.
pub(crate) fn open_for_writing(folder: &Folder) -> Result<Connection, Error> {
    let path = &folder.database;
    let bytes = file_bytes(path).map_err(Error::io("look at", path))?;
    let wal_bytes = file_bytes(&folder.wal).map_err(Error::io("look at", &folder.wal))?;
    if bytes == 0 && wal_bytes > 0 {
        let what = "is empty, although its write-ahead log is not".to_owned();
        return Err(Error::Corrupt { path: path.clone(), what });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(Error::storage("open it", path))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(Error::storage("open it", path))?;
    connection.set_prepared_statement_cache_capacity(64);
    keep_log(&connection, true).map_err(Error::storage("open it", path))?;
    if bytes == 0 {
        create(&connection).map_err(Error::storage("create the tables", path))?;
        // The names of the new files are durable only with their folder.
        File::open(&folder.dir)
            .and_then(|dir| dir.sync_all())
            .map_err(Error::io("make durable", &folder.dir))?;
    } else {
        let version = verify(&connection, path, bytes)?;
        if version == VERSION_WITHOUT_LEDGER {
            add_ledger(&connection).map_err(Error::storage("add the ledger's tables", path))?;
        }
    }
    set_up(&connection).map_err(Error::storage("set it up", path))?;
    Ok(connection)
}

/// The file was found in order: the last connection that closes may copy the log and remove it.
pub(crate) fn release(connection: &Connection) -> rusqlite::Result<()> {
    keep_log(connection, false)
}

/// Whether closing the connection leaves the log as it is: it is evidence while it is not known to be whole.
fn keep_log(connection: &Connection, is_kept: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_kept).map(|_| ())
}

/// Opens a connection that reads. Autocommitted reads see every commit that has returned.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, Error> {
    // Not SQLITE_OPEN_READ_ONLY: a reader of a write-ahead log has to write its own lock into the shared index.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    open().map_err(Error::storage("open it for reading", path))
}

/// The last offset that a file tells which may be damaged; `None` if it tells none. Changes neither the file nor its log.
pub(crate) fn last_offset(path: &Path) -> Option<i64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).ok()?;
    let sql = "SELECT offset + events - 1 FROM batch ORDER BY offset DESC LIMIT 1";
    connection.query_row(sql, [], |row| row.get(0)).ok()
}

/// The random name that this journal got when it was made.
pub(crate) fn journal_id(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT value FROM meta WHERE name = 'id'", [], |row| row.get(0))
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {TABLES} {LEDGER_TABLES}
         PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    ))
}

/// Brings a journal that knows no ledger up to date. What came before is in no account.
fn add_ledger(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {LEDGER_TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
    ))
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Every commit is on the disk before it returns.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The writer copies the log itself, when no reader is in the way.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // Removed events need not be overwritten with zeros.
    connection.pragma_update(None, "secure_delete", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// Refuses a file that is not ours, of an unknown version, or damaged; tells its version. Nothing is written before it
/// agrees.
fn verify(connection: &Connection, path: &Path, bytes: u64) -> Result<i32, Error> {
    let number = |name: &str| -> Result<i64, Error> {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(Error::storage("read its header", path))
    };
    let foreign = |what: String| Err::<i32, _>(Error::Foreign { path: path.to_owned(), what });
    let (application, version) = (number("application_id")?, number("user_version")?);
    if application != i64::from(APPLICATION_ID) {
        return foreign("is not a journal of doorledger".to_owned());
    }
    let known = [VERSION, VERSION_WITHOUT_LEDGER];
    let Some(known) = known.into_iter().find(|known| version == i64::from(*known)) else {
        return foreign(format!("has version {version}, this program knows version {VERSION}"));
    };
    if bytes <= CHECK_AT_OPEN_BYTES_MAX {
        let found: String = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(Error::storage("check it", path))?;
        if found != "ok" {
            return Err(Error::Corrupt { path: path.to_owned(), what: found.replace('\n', " ") });
        }
    }
    Ok(known)
}
