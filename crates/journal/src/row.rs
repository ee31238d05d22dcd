//! Rows of events: which blocks share a row, which offsets they get, and the rows' way into the file, together with the
//! hashes of their ids. Deliberately absent: transactions (`writer`) and reading events back (`reading`).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use model::{SourceId, Via};
use rusqlite::{Connection, params};

use crate::block::{Block, checksum};
use crate::dedup::{Channels, Id, IdSet, JournalIds, Key, merge};
use crate::limits::ROW_BYTES_MAX;
use crate::{Error, marks};

/// The new events of one batch, on their way into rows.
#[derive(Debug)]
pub(crate) struct Part {
    /// Row of `source`.
    pub(crate) source: i64,
    /// How they came.
    pub(crate) via: Via,
    /// The events.
    pub(crate) blocks: Vec<Block>,
    /// One key for each event.
    pub(crate) keys: Vec<Option<Key>>,
}

/// A row of `batch`: blocks of events of one source that came the same way.
#[derive(Debug)]
pub(crate) struct Row {
    /// Offset of the first event.
    pub(crate) offset: u64,
    /// How many events.
    pub(crate) events: u64,
    source: i64,
    via: Via,
    ids: BTreeMap<i32, Vec<u128>>,
    blocks: Vec<u8>,
}

/// Puts the events of all parts in rows and numbers them from `next` on. Parts of the same source and way share rows;
/// the order of parts of one source is kept. Gives the rows, and the first offset of each part.
pub(crate) fn plan(next: u64, parts: &[Part]) -> (Vec<Row>, Vec<u64>) {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut group_of = HashMap::new();
    for (n, part) in parts.iter().enumerate() {
        let group = *group_of.entry((part.source, part.via)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(n);
    }
    let mut rows = Vec::new();
    let mut firsts = vec![next; parts.len()];
    let mut next = next;
    for group in groups {
        let mut open: Option<Row> = None;
        for n in group {
            firsts[n] = next;
            let part = &parts[n];
            let mut keys = part.keys.iter();
            for block in &part.blocks {
                let row = open.get_or_insert_with(|| Row::empty(next, part.source, part.via));
                row.push(block, keys.by_ref());
                next += u64::from(block.events);
                if row.blocks.len() >= ROW_BYTES_MAX {
                    rows.extend(open.take());
                }
            }
        }
        rows.extend(open);
    }
    (rows, firsts)
}

impl Row {
    fn empty(offset: u64, source: i64, via: Via) -> Self {
        Self { offset, events: 0, source, via, ids: BTreeMap::new(), blocks: Vec::new() }
    }

    fn push<'a>(&mut self, block: &Block, keys: impl Iterator<Item = &'a Option<Key>>) {
        self.blocks.extend_from_slice(&block.bytes);
        self.events += u64::from(block.events);
        for key in keys.take(block.events as usize).flatten() {
            self.ids.entry(key.day).or_default().push(key.hash);
        }
    }

    /// Writes the row and its ids. A transaction is open.
    pub(crate) fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let offset = self.offset.cast_signed();
        let days: Vec<u8> = self.ids.keys().flat_map(|day| day.to_le_bytes()).collect();
        let head = Head {
            offset: self.offset,
            events: self.events,
            source: self.source,
            via: via_number(self.via),
        };
        connection
            .prepare_cached("INSERT INTO batch VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![
                offset,
                self.events.cast_signed(),
                self.source,
                head.via,
                days,
                head.checksum(&days),
                self.blocks
            ])?;
        for (day, ids) in &self.ids {
            let ids: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
            connection
                .prepare_cached("INSERT INTO day_ids VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![day, offset, ids_checksum(*day, offset, &ids), ids])?;
        }
        Ok(())
    }
}

/// What a row says of itself besides its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Offset of the first event.
    pub(crate) offset: u64,
    /// How many events.
    pub(crate) events: u64,
    /// Row of `source`.
    pub(crate) source: i64,
    /// How they came, as a number.
    pub(crate) via: i64,
}

impl Head {
    /// Offset after the last event.
    pub(crate) const fn end(&self) -> u64 {
        self.offset.saturating_add(self.events)
    }

    /// Reads columns 0 to 5 of `SELECT offset, events, source, via, days, checksum`; `None` if the checksum differs.
    pub(crate) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Self>> {
        let head = Self {
            offset: row.get::<_, i64>(0)?.cast_unsigned(),
            events: row.get::<_, i64>(1)?.cast_unsigned(),
            source: row.get(2)?,
            via: row.get(3)?,
        };
        let days = row.get_ref(4)?.as_blob()?;
        let stored: i64 = row.get(5)?;
        Ok((head.checksum(days) == stored).then_some(head))
    }

    fn checksum(&self, days: &[u8]) -> i64 {
        let mut bytes = Vec::with_capacity(32 + days.len());
        for number in [
            self.offset.to_le_bytes(),
            self.events.to_le_bytes(),
            self.source.to_le_bytes(),
            self.via.to_le_bytes(),
        ] {
            bytes.extend_from_slice(&number);
        }
        bytes.extend_from_slice(days);
        checksum(&bytes).cast_signed()
    }
}

/// The days under which ids of a row are filed.
pub(crate) fn days(blob: &[u8]) -> impl Iterator<Item = i32> + '_ {
    blob.as_chunks().0.iter().map(|day| i32::from_le_bytes(*day))
}

/// The way in that a number stands for.
pub(crate) const fn via_of(number: i64) -> Option<Via> {
    match number {
        0 => Some(Via::Poll),
        1 => Some(Via::Push),
        2 => Some(Via::Import),
        _ => None,
    }
}

pub(crate) const fn via_number(via: Via) -> i64 {
    match via {
        Via::Poll => 0,
        Via::Push => 1,
        Via::Import => 2,
    }
}

/// The ids that are in the file.
pub(crate) struct FileIds<'a> {
    /// Where to read them.
    pub(crate) connection: &'a Connection,
    /// The file, for errors.
    pub(crate) path: &'a Path,
    /// By which channel each source brings its events.
    pub(crate) vias: &'a HashMap<SourceId, Channels>,
}

impl JournalIds for FileIds<'_> {
    fn ids_of_day(&self, day: i32) -> Result<IdSet, Error> {
        let mut ids = IdSet::default();
        let mut damaged = None;
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(
                "SELECT day_ids.offset, day_ids.checksum, ids, via FROM day_ids \
                 JOIN batch ON batch.offset = day_ids.offset WHERE day = ?1",
            )?;
            let mut rows = statement.query([day])?;
            while let Some(row) = rows.next()? {
                let (offset, sum): (i64, i64) = (row.get(0)?, row.get(1)?);
                let blob = row.get_ref(2)?.as_blob()?;
                if ids_checksum(day, offset, blob) != sum {
                    damaged = Some(offset);
                    break;
                }
                let channels = via_of(row.get(3)?).map_or(Channels::NONE, Channels::of);
                for id in blob.as_chunks().0 {
                    merge(&mut ids, Id::new(u128::from_le_bytes(*id), channels));
                }
            }
            Ok(())
        };
        read().map_err(Error::storage("read ids", self.path))?;
        if let Some(offset) = damaged {
            return Err(Error::Corrupt {
                path: self.path.to_owned(),
                what: format!("the ids of the row at offset {offset} do not match their checksum"),
            });
        }
        marks::load(self.connection, self.path, day, &mut ids)?;
        Ok(ids)
    }

    fn channels_of(&self, source: &SourceId) -> Channels {
        self.vias.get(source).copied().unwrap_or_default()
    }
}

fn ids_checksum(day: i32, offset: i64, ids: &[u8]) -> i64 {
    // Seeding with the key binds the ids to their place.
    let place = offset.cast_unsigned().rotate_left(32) ^ u64::from(day.cast_unsigned());
    (checksum(ids) ^ checksum(&place.to_le_bytes())).cast_signed()
}
