//! Opening the file for writing: it is ours, it is whole, and it holds what was acknowledged.
//! Deliberately absent: each of these checks (`schema`, `writer::State`, `pin`).

use rusqlite::Connection;

use crate::pin::{self, PinFile};
use crate::schema::Folder;
use crate::writer::State;
use crate::{Error, schema};

/// A file that was found in order.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) state: State,
    /// The journal's name.
    pub(crate) id: String,
    pub(crate) pin: PinFile,
}

/// Opens the file in a folder that is held, or makes a new one. Nothing of a file that is not in order is overwritten.
pub(crate) fn open(folder: &Folder) -> Result<Opened, Error> {
    let path = &folder.database;
    // Before SQLite looks at the log: what it does not take in may be overwritten by what it writes next.
    let pinned = pin::check_files(folder)?;
    let connection = schema::open_for_writing(folder).map_err(|error| match &pinned {
        Some(pin) => pin.explain(folder, error),
        None => error,
    })?;
    let state = State::load(&connection, path)?;
    let id = schema::journal_id(&connection).map_err(Error::storage("read its name", path))?;
    let reached = (state.next, state.taken);
    if let Some(pin) = pinned {
        pin.check(folder, &id, reached)?;
    }
    let pin = PinFile::open(folder, pinned, &id, reached)?;
    schema::release(&connection).map_err(Error::storage("set it up", path))?;
    Ok(Opened { connection, state, id, pin })
}
