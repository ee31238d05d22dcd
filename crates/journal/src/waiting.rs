//! Events that wait for their other telling: durable, but without an offset yet. When the other telling comes, or its time
//! is over, an event gets its offset and its row. What waits is counted as stored from the start.
//! Deliberately absent: deciding that two tellings are one event (`dedup`), and joining them (`Twins`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// Everything that waits, by number, which is also by age; and the numbers of those that say the same.
#[derive(Debug, Default)]
pub(crate) struct WaitingRoom {
    events: BTreeMap<i64, Waiting>,
    by_content: HashMap<u128, BTreeSet<i64>>,
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

    /// Whether one more event of so many bytes may wait.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.events.len() + 1 < WAITING_EVENTS_MAX && self.bytes + bytes < WAITING_BYTES_MAX
    }

    /// Whether any has waited long enough; with `all`, whether any waits.
    pub(crate) fn has_due(&self, now: Timestamp, all: bool) -> bool {
        self.events.values().any(|it| all || it.is_due(now))
    }

    /// The numbers of those that have waited long enough; of all if `all`.
    pub(crate) fn due(&self, now: Timestamp, all: bool) -> Vec<i64> {
        self.events.values().filter(|it| all || it.is_due(now)).map(|it| it.id).collect()
    }

    /// Those from this number on.
    pub(crate) fn since(&self, id: i64) -> impl Iterator<Item = &Waiting> {
        self.events.range(id..).map(|(_, waiting)| waiting)
    }

    /// The oldest that says this and that `is_twin` accepts. Only events that say the same are asked about.
    pub(crate) fn oldest(
        &self,
        content: u128,
        is_twin: impl FnMut(&&Waiting) -> bool,
    ) -> Option<&Waiting> {
        let same = self.by_content.get(&content)?;
        same.iter().filter_map(|id| self.events.get(id)).find(is_twin)
    }

    /// Adds one.
    pub(crate) fn push(&mut self, waiting: Waiting) {
        self.bytes += waiting.telling.raw.len();
        self.next_id = self.next_id.max(waiting.id + 1);
        self.by_content.entry(waiting.content).or_default().insert(waiting.id);
        self.events.insert(waiting.id, waiting);
    }

    /// Takes one away.
    pub(crate) fn take(&mut self, id: i64) -> Option<Waiting> {
        let waiting = self.events.remove(&id)?;
        self.bytes -= waiting.telling.raw.len();
        if let Some(same) = self.by_content.get_mut(&waiting.content) {
            same.remove(&id);
            if same.is_empty() {
                self.by_content.remove(&waiting.content);
            }
        }
        Some(waiting)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(id: i64, content: u128) -> Waiting {
        Waiting {
            id,
            source_row: 1,
            source: crate::tests::source("webhook"),
            via: Via::Push,
            received: Timestamp::UNIX_EPOCH,
            time: Timestamp::UNIX_EPOCH,
            content,
            telling: Telling { id: id.to_string(), raw: Bytes::from_static(b"{}") },
        }
    }

    /// How many events are asked about when the twins of a page are found and taken, one after the other.
    fn asked(contents: impl Fn(i64) -> u128) -> usize {
        let mut room = WaitingRoom::default();
        (1..=1000).for_each(|id| room.push(waiting(id, contents(id))));
        let mut asked = 0;
        for expected in 1..=1000 {
            let is_twin = |_: &&Waiting| {
                asked += 1;
                true
            };
            let found = room.oldest(contents(expected), is_twin).map(|twin| twin.id);
            assert_eq!(found, Some(expected), "the oldest first");
            assert!(room.take(expected).is_some());
        }
        assert!(room.is_empty() && room.by_content.is_empty());
        assert_eq!((room.bytes, room.next_id()), (0, 1001));
        asked
    }

    #[test]
    fn a_thousand_twins_of_a_page_are_found_without_asking_about_others() {
        assert_eq!(asked(|id| id.unsigned_abs().into()), 1000, "each says something else");
        assert_eq!(asked(|_| 7), 1000, "all say the same");
    }
}
