//! The rim to the disk: how much space is left, how large a file is, and the commit itself. Tests put a failing one in
//! its place. Deliberately absent: what is written.

use std::io;
use std::path::Path;

use rusqlite::Connection;

/// What the writer asks of the disk besides SQL.
pub(crate) trait Disk: Send + Sync {
    /// Bytes that this process may still write to the file system of `dir`.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
    /// Makes the open transaction durable. After an error it may still be open, and may even be durable.
    fn commit(&self, connection: &Connection) -> rusqlite::Result<()>;
}

/// The machine's disk.
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn commit(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.prepare_cached("COMMIT")?.execute([]).map(|_| ())
    }
}

/// Size of a file; zero if it does not exist.
pub(crate) fn file_bytes(path: &Path) -> io::Result<u64> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}
