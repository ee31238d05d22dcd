//! Events that wait for their other telling: durable, but without an offset yet. When the other telling comes, or its time
//! is over, an event gets its offset and its row. What waits is counted as stored from the start.
//! Deliberately absent: deciding that two tellings are one event (`dedup`), and joining them (`Twins`).

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use bytes::Bytes;
use model::{SourceId, Timestamp, Via};
use rusqlite::{Connection, Row, params};

use crate::block::checksum;
use crate::dedup::{Key, day_of, id_hash};
use crate::limits::{TWIN_WAIT, WAITING_BYTES_MAX, WAITING_EVENTS_MAX};
use crate::row::{via_number, via_of};
use crate::{Error, Telling};

/// An event that waits.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// Its row of `waiting`.
    pub(crate) id: i64,
    /// Row of `source`.
    pub(crate) source_row: i64,
    pub(crate) source: SourceId,
    pub(crate) via: Via,
    pub(crate) received: Timestamp,
    pub(crate) time: Timestamp,
    /// What it says.
    pub(crate) content: u128,
    pub(crate) telling: Telling,
}

/// Everything that waits, oldest first.
#[derive(Debug, Default)]
pub(crate) struct WaitingRoom {
    events: VecDeque<Waiting>,
    bytes: usize,
    next_id: i64,
}

impl Waiting {
    /// How the event's row is recognised.
    pub(crate) fn key_of(&self, id: &str) -> Option<Key> {
        let hash = id_hash(&self.source.provider, &self.source.tenant, id);
        (!id.is_empty()).then_some(Key { day: day_of(self.time), hash })
    }

    fn is_due(&self, now: Timestamp) -> bool {
        now.duration_since(self.received) >= TWIN_WAIT || self.received > now
    }

    /// Writes it. A transaction is open.
    pub(crate) fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached("INSERT INTO waiting VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
            .execute(params![
                self.id,
                self.source_row,
                via_number(self.via),
                self.received.as_microsecond(),
                self.time.as_microsecond(),
                self.content.to_le_bytes(),
                self.telling.id,
                self.checksum(),
                self.telling.raw.as_ref(),
            ])
            .map(|_| ())
    }

    fn checksum(&self) -> i64 {
        let text = format!(
            "{:?}",
            (
                self.id,
                self.source_row,
                self.via,
                self.received.as_microsecond(),
                self.time.as_microsecond(),
                self.content,
                &self.telling.id
            )
        );
        (checksum(text.as_bytes()) ^ checksum(&self.telling.raw).rotate_left(1)).cast_signed()
    }
}

/// Removes an event that waits no longer. A transaction is open.
pub(crate) fn remove(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM waiting WHERE id = ?1")?.execute([id]).map(|_| ())
}

impl WaitingRoom {
    /// What the file holds, verified. `sources` tells whose a row is.
    pub(crate) fn load(
        connection: &Connection,
        path: &Path,
        sources: &HashMap<i64, SourceId>,
    ) -> Result<Self, Error> {
        let read = || {
            let mut statement = connection.prepare_cached(
                "SELECT id, source, via, received, time, content, event_id, checksum, raw FROM waiting ORDER BY id",
            )?;
            statement
                .query_map([], |row| read_row(row, sources))?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        let mut room = Self { next_id: 1, ..Self::default() };
        for row in read().map_err(Error::storage("read waiting events", path))? {
            let Some(waiting) = row else {
                let what = "an event that waits for its twin does not match its checksum";
                return Err(Error::Corrupt { path: path.to_owned(), what: what.to_owned() });
            };
            room.push(waiting);
        }
        Ok(room)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The number that the next one gets.
    pub(crate) fn next_id(&self) -> i64 {
        self.next_id
    }

    /// Whether so many more events of so many bytes may wait.
    pub(crate) fn has_room(&self, events: usize, bytes: usize) -> bool {
        self.events.len() + events < WAITING_EVENTS_MAX && self.bytes + bytes < WAITING_BYTES_MAX
    }

    /// Those that have waited long enough; all of them if `all`.
    pub(crate) fn due(&self, now: Timestamp, all: bool) -> Vec<Waiting> {
        self.events.iter().filter(|it| all || it.is_due(now)).cloned().collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.events.iter()
    }

    /// Adds one.
    pub(crate) fn push(&mut self, waiting: Waiting) {
        self.bytes += waiting.telling.raw.len();
        self.next_id = self.next_id.max(waiting.id + 1);
        self.events.push_back(waiting);
    }

    /// Takes some away.
    pub(crate) fn remove(&mut self, ids: &[i64]) {
        self.events.retain(|waiting| !ids.contains(&waiting.id));
        self.bytes = self.events.iter().map(|waiting| waiting.telling.raw.len()).sum();
    }
}

fn read_row(row: &Row<'_>, sources: &HashMap<i64, SourceId>) -> rusqlite::Result<Option<Waiting>> {
    let time = |n: usize| row.get(n).map(Timestamp::from_microsecond);
    let (source_row, sum): (i64, i64) = (row.get(1)?, row.get(7)?);
    let content: Vec<u8> = row.get(5)?;
    let (Some(source), Some(via), Ok(received), Ok(time), Ok(content)) = (
        sources.get(&source_row).cloned(),
        via_of(row.get(2)?),
        time(3)?,
        time(4)?,
        <[u8; 16]>::try_from(content),
    ) else {
        return Ok(None);
    };
    let raw: Vec<u8> = row.get(8)?;
    let waiting = Waiting {
        id: row.get(0)?,
        source_row,
        source,
        via,
        received,
        time,
        content: u128::from_le_bytes(content),
        telling: Telling { id: row.get(6)?, raw: Bytes::from(raw) },
    };
    Ok((waiting.checksum() == sum).then_some(waiting))
}
