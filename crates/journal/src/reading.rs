//! Reading events back, on connections of its own, so that readers and the writer do not wait for each other.
//! Deliberately absent: who reads and how far they are (`readers`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard};

use bytes::Bytes;
use model::{SourceId, Timestamp, Via};
use rusqlite::Connection;

use crate::block::{self, Damage};
use crate::limits::{IDLE_CONNECTIONS_MAX, READ_EVENTS_MAX};
use crate::row::{Head, via_of};
use crate::{Error, schema, source_rows};

/// Events that were appended together, or a part of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBatch {
    /// Offset of the first event here; the others follow without a hole.
    pub offset: u64,
    /// Who brought them.
    pub source: Arc<SourceId>,
    /// How they came.
    pub via: Via,
    /// When they reached us, to the microsecond.
    pub received: Timestamp,
    /// The events; never empty.
    pub events: Vec<StoredEvent>,
}

/// An event with its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number: dense, ascending, from 1 on.
    pub offset: u64,
    /// The provider's id of it; empty if it gave none.
    pub id: String,
    /// The provider's time, to the microsecond; `None` if it told none.
    pub time: Option<Timestamp>,
    /// The event, byte for byte. Shares memory with its neighbours.
    pub raw: Bytes,
}

/// Connections that read, and what they share.
pub(crate) struct Reading {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    sources: Mutex<HashMap<i64, Arc<SourceId>>>,
    gate: RwLock<()>,
}

impl Reading {
    /// Reads from the database at `path`.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            sources: Mutex::default(),
            gate: RwLock::default(),
        }
    }

    /// Lends a connection to `read`, which must be brief: the writer waits for it before it starts its log anew.
    pub(crate) fn with<T>(
        &self,
        read: impl FnOnce(&Connection, &Path) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _reading = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_for_reading(&self.path)?,
        };
        let result = read(&connection, &self.path);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS_MAX {
            idle.push(connection);
        }
        result
    }

    /// Waits until nobody reads, and lets nobody begin until the guard is dropped.
    pub(crate) fn pause(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn close_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Events from offset `from` on, of about `bytes_max` bytes, but at least one if there is one.
    pub(crate) fn read(&self, from: u64, bytes_max: usize) -> Result<Vec<StoredBatch>, Error> {
        self.with(|connection, path| {
            let mut taken = Taken { from, bytes_max, ..Taken::default() };
            self.read_rows(connection, path, &mut taken)?;
            if !taken.found_row {
                return Err(self.removed(connection, from)?);
            }
            Ok(taken.batches)
        })
    }

    fn read_rows(
        &self,
        connection: &Connection,
        path: &Path,
        taken: &mut Taken,
    ) -> Result<(), Error> {
        let storage = || Error::storage("read events", path);
        let mut statement = connection
            .prepare_cached(
                "SELECT offset, events, source, via, days, checksum, blocks FROM batch \
                 WHERE offset >= (SELECT max(offset) FROM batch WHERE offset <= ?1) ORDER BY offset",
            )
            .map_err(storage())?;
        let mut rows = statement.query([taken.from.cast_signed()]).map_err(storage())?;
        while !taken.is_full() {
            let Some(row) = rows.next().map_err(storage())? else { break };
            let head = Head::read(row).map_err(storage())?.ok_or_else(|| {
                self.damaged(taken.next(), Damage("its row does not match its checksum"))
            })?;
            let (Some(via), true) = (via_of(head.via), taken.follows(&head)) else {
                return Err(self.damaged(taken.next(), Damage("the next row does not follow")));
            };
            let source = self.source(connection, head.source)?;
            let blocks = row.get_ref(6).and_then(|value| Ok(value.as_blob()?)).map_err(storage())?;
            taken
                .row(&head, blocks, &source, via)
                .map_err(|damage| self.damaged(taken.next(), damage))?;
        }
        Ok(())
    }

    fn removed(&self, connection: &Connection, offset: u64) -> Result<Error, Error> {
        let first: Option<i64> = connection
            .query_row("SELECT min(offset) FROM batch", [], |row| row.get(0))
            .map_err(Error::storage("read the first offset", &self.path))?;
        Ok(Error::Removed { offset, first: first.map_or(1, i64::cast_unsigned) })
    }

    fn source(&self, connection: &Connection, id: i64) -> Result<Arc<SourceId>, Error> {
        let mut known = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains_key(&id) {
            let rows = source_rows::all(connection, &self.path)?;
            known.extend(rows.into_iter().map(|row| (row.id, Arc::new(row.source))));
        }
        known.get(&id).cloned().ok_or_else(|| Error::Corrupt {
            path: self.path.clone(),
            what: format!("events name source {id}, which does not exist"),
        })
    }

    fn damaged(&self, offset: u64, damage: Damage) -> Error {
        let what = format!("at offset {offset}: {}", damage.0);
        Error::Corrupt { path: self.path.clone(), what }
    }
}

/// What a read has collected so far.
#[derive(Default)]
struct Taken {
    from: u64,
    bytes_max: usize,
    batches: Vec<StoredBatch>,
    bytes: usize,
    events: usize,
    found_row: bool,
}

impl Taken {
    /// The offset that comes next.
    fn next(&self) -> u64 {
        self.batches.last().map_or(self.from, |batch| batch.offset + batch.events.len() as u64)
    }

    fn is_full(&self) -> bool {
        self.events > 0 && (self.bytes >= self.bytes_max || self.events >= READ_EVENTS_MAX)
    }

    /// Whether a row is the one that holds the next offset.
    fn follows(&self, head: &Head) -> bool {
        let next = self.next();
        let begins =
            if self.batches.is_empty() { head.offset <= next } else { head.offset == next };
        begins && next < head.end()
    }

    fn row(
        &mut self,
        head: &Head,
        blocks: &[u8],
        source: &Arc<SourceId>,
        via: Via,
    ) -> Result<(), Damage> {
        self.found_row = true;
        let mut rest = blocks;
        let mut offset = head.offset;
        while !rest.is_empty() {
            let (events, length) = block::peek(rest)?;
            let (this, following) = rest.split_at(length);
            let end = offset + u64::from(events);
            if end > self.from && !self.is_full() {
                let sealed = block::verify(this)?;
                self.block(block::decode(sealed, offset)?, sealed.received, source, via);
            }
            (rest, offset) = (following, end);
        }
        if offset == head.end() { Ok(()) } else { Err(Damage("a row lacks events")) }
    }

    fn block(
        &mut self,
        mut events: Vec<StoredEvent>,
        received: Timestamp,
        source: &Arc<SourceId>,
        via: Via,
    ) {
        events.retain(|event| {
            let wanted = event.offset >= self.from && !self.is_full();
            if wanted {
                self.bytes += event.id.len() + event.raw.len();
                self.events += 1;
            }
            wanted
        });
        let Some(first) = events.first() else { return };
        let batch =
            StoredBatch { offset: first.offset, source: Arc::clone(source), via, received, events };
        self.batches.push(batch);
    }
}
