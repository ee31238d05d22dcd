//! What arrived, table by table: how many records, of which hours, how many different events among them. A record is kept
//! only if somebody asked for it; of an event no more is needed than 128 bits. Deliberately absent: columns.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Serialize;

use super::hours::{Hours, OwnTime};
use crate::digest::{IdDigest, hash};
use crate::faults::Fault;

/// How much of what is received is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// A count and 128 bits an event: for benchmarks.
    Counts,
    /// The ids of the events too.
    Ids,
    /// The records too, up to so many a table.
    Records(usize),
}

/// What was received.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AzureAccount {
    /// Table by table, as it is called in the workspace: `Auth0AM_CL`.
    pub tables: BTreeMap<String, TableAccount>,
    /// Calls that were accepted.
    pub calls: u64,
    /// Bytes of their bodies, unpacked.
    pub bytes: u64,
    /// Access tokens issued.
    pub tokens: u64,
    /// How often each fault struck.
    pub faults: BTreeMap<Fault, u64>,
}

/// What one table received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TableAccount {
    /// Records.
    pub records: u64,
    /// Different events among them.
    pub distinct: u64,
    /// Records whose event was there already.
    pub doubled: u64,
    /// Records in which no event was recognised.
    pub unknown: u64,
    /// Records of calls that were accepted, but whose answer was lost on purpose: their sender has to send them again.
    pub unanswered: u64,
    /// Records of the largest call.
    pub records_max: u64,
    /// Digest over the ids of the different events; see [`IdDigest`].
    pub ids: IdDigest,
}

/// Everything that was received.
#[derive(Debug)]
pub(super) struct Received {
    keep: Keep,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    tables: BTreeMap<String, Table>,
    calls: u64,
    bytes: u64,
}

#[derive(Debug, Default)]
struct Table {
    account: TableAccount,
    hours: Hours,
    seen: HashSet<u128, BuildHasherDefault<AlreadyHashed>>,
    ids: BTreeSet<String>,
    records: Vec<Bytes>,
}

/// One record on its way into the books.
pub(super) struct Record {
    id: Option<(u128, String)>,
    time: Option<OwnTime>,
    text: Option<Bytes>,
}

impl Received {
    pub(super) fn new(keep: Keep) -> Self {
        Self { keep, books: Mutex::default() }
    }

    /// Prepares a record, outside of any lock.
    pub(super) fn record(&self, text: &str, id: Option<String>) -> Record {
        Record {
            id: id.map(|id| (hash(&id), id)),
            time: OwnTime::of(text),
            text: matches!(self.keep, Keep::Records(_))
                .then(|| Bytes::copy_from_slice(text.as_bytes())),
        }
    }

    /// Writes a call's records into the books.
    pub(super) fn accept(&self, table: &str, bytes: usize, records: Vec<Record>) {
        let mut books = self.books();
        books.calls += 1;
        books.bytes += bytes as u64;
        if !books.tables.contains_key(table) {
            books.tables.insert(table.to_owned(), Table::default());
        }
        if let Some(table) = books.tables.get_mut(table) {
            table.account.records_max = table.account.records_max.max(records.len() as u64);
            for record in records {
                table.take(record, self.keep);
            }
        }
    }

    /// The answer to a call of so many records is lost.
    pub(super) fn unanswered(&self, table: &str, records: u64) {
        if let Some(table) = self.books().tables.get_mut(table) {
            table.account.unanswered += records;
        }
    }

    pub(super) fn account(&self, tokens: u64, faults: BTreeMap<Fault, u64>) -> AzureAccount {
        let books = self.books();
        AzureAccount {
            tables: books.tables.iter().map(|(name, it)| (name.clone(), it.account)).collect(),
            calls: books.calls,
            bytes: books.bytes,
            tokens,
            faults,
        }
    }

    /// How many records of each hour a column of a table tells (`None`: of no hour that it can tell); `None` if nothing
    /// ever came for the table.
    pub(super) fn by_hour(&self, table: &str, column: &str) -> Option<BTreeMap<Option<i64>, u64>> {
        Some(self.books().tables.get(table)?.hours.told_by(column))
    }

    pub(super) fn ids(&self, table: &str) -> Vec<String> {
        let books = self.books();
        books.tables.get(table).map(|it| it.ids.iter().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn records(&self, table: &str) -> Vec<Bytes> {
        self.books().tables.get(table).map(|it| it.records.clone()).unwrap_or_default()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn take(&mut self, record: Record, keep: Keep) {
        self.account.records += 1;
        self.hours.add(record.time);
        match record.id {
            None => self.account.unknown += 1,
            Some((hash, id)) if self.seen.insert(hash) => {
                self.account.distinct += 1;
                self.account.ids.add_hash(hash);
                if keep != Keep::Counts {
                    self.ids.insert(id);
                }
            }
            Some(_) => self.account.doubled += 1,
        }
        if let (Keep::Records(most), Some(text)) = (keep, record.text)
            && self.records.len() < most
        {
            self.records.push(text);
        }
    }
}

/// Takes a part of what is a hash already as the hash.
#[derive(Debug, Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, number: u128) {
        self.0 = number as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(received: &Received, ids: &[Option<&str>]) {
        let records =
            ids.iter().map(|id| received.record(r#"{"a":1}"#, id.map(str::to_owned))).collect();
        received.accept("T_CL", 10, records);
    }

    #[test]
    fn the_lost_and_the_doubled_can_be_told() {
        let received = Received::new(Keep::Ids);
        accept(&received, &[Some("b"), Some("a"), None]);
        accept(&received, &[Some("a")]);
        received.unanswered("T_CL", 1);
        let account = received.account(0, BTreeMap::new());
        let ids = ["a", "b"].into_iter().collect();
        let expected = TableAccount {
            records: 4,
            distinct: 2,
            doubled: 1,
            unknown: 1,
            unanswered: 1,
            records_max: 3,
            ids,
        };
        assert_eq!(account.tables["T_CL"], expected);
        assert_eq!((account.calls, account.bytes), (2, 20));
        assert_eq!(received.ids("T_CL"), ["a", "b"]);
        assert_eq!(received.records("T_CL").len(), 0);
    }

    #[test]
    fn no_more_is_kept_than_was_asked_for() {
        let lean = Received::new(Keep::Counts);
        accept(&lean, &[Some("a")]);
        assert_eq!(lean.ids("T_CL").len(), 0);
        let full = Received::new(Keep::Records(2));
        accept(&full, &[Some("a"), Some("b"), Some("c")]);
        assert_eq!(full.records("T_CL").len(), 2);
    }
}
