//! What goes wrong: a full disk, a failing commit, a silent lake, damaged and foreign files, limits.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use model::{Cursor, Rejected};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::disk::{Disk, RealDisk};
use crate::error::chain;
use crate::journal::Surroundings;
use crate::limits::{BATCH_EVENTS_MAX, DISK_FREE_BYTES_MIN, FULL_RETRY_AFTER_SECONDS};
use crate::schema::FILE_NAME;
use crate::twins::NoTwins;
use crate::{AppendError, Error, ReaderStart};
use crate::{SourcedIds, day_of, id_hash};

/// A disk whose space and whose commits the test decides on.
pub(crate) struct FaultyDisk {
    pub(crate) free_bytes: AtomicU64,
    pub(crate) fault: Mutex<Fault>,
    /// How many rows were changed before the last commit.
    pub(crate) changes: AtomicU64,
}

/// What becomes of the next commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They succeed.
    None,
    /// They fail, and nothing is written.
    Before,
    /// They are durable, but seem to fail.
    After,
    /// Those that write something fail, as on a full disk.
    Full,
}

impl FaultyDisk {
    pub(crate) fn new() -> Arc<Self> {
        let (free_bytes, fault) = (u64::MAX.into(), Mutex::new(Fault::None));
        Arc::new(Self { free_bytes, fault, changes: AtomicU64::default() })
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

impl Disk for FaultyDisk {
    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(self.free_bytes.load(Ordering::SeqCst))
    }

    fn commit(&self, connection: &Connection) -> rusqlite::Result<()> {
        let changes = connection.total_changes();
        let is_empty = self.changes.swap(changes, Ordering::SeqCst) == changes;
        let fault = match *self.fault.lock().unwrap() {
            Fault::Full if is_empty => Fault::None,
            Fault::Full => Fault::Before,
            fault => fault,
        };
        if fault != Fault::Before {
            RealDisk.commit(connection)?;
        }
        if fault == Fault::None {
            return Ok(());
        }
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        Err(rusqlite::Error::SqliteFailure(code, None))
    }
}

/// A lake of which the test says what it holds, and whether it answers.
#[derive(Default)]
pub(crate) struct FakeLake {
    pub(crate) ids: Mutex<HashMap<i32, Vec<(SourceId, u128)>>>,
    pub(crate) silent: Mutex<bool>,
    pub(crate) asked: AtomicU64,
}

impl FakeLake {
    pub(crate) fn put(&self, batch: &Batch) {
        let mut ids = self.ids.lock().unwrap();
        for event in &batch.events {
            let hash = id_hash(&batch.source.provider, &batch.source.tenant, &event.id);
            let of_day = ids.entry(day_of(event.time.unwrap())).or_default();
            of_day.push((batch.source.clone(), hash));
        }
    }
}

impl StoredIds for FakeLake {
    fn ids_of_day(&self, day: i32) -> Result<Vec<u128>, StoredIdsError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if *self.silent.lock().unwrap() {
            return Err("the object store does not answer".into());
        }
        let ids = self.ids.lock().unwrap();
        Ok(ids.get(&day).into_iter().flatten().map(|(_, hash)| *hash).collect())
    }

    fn sourced_ids_of_day(&self, day: i32) -> Result<Vec<SourcedIds>, StoredIdsError> {
        self.ids_of_day(day)?;
        let ids = self.ids.lock().unwrap();
        let of = |(source, hash): &(SourceId, u128)| SourcedIds {
            source: Some(source.clone()),
            ids: vec![*hash],
        };
        Ok(ids.get(&day).into_iter().flatten().map(of).collect())
    }
}

pub(crate) fn open_on(
    dir: &Path,
    options: Options,
    disk: Arc<FaultyDisk>,
    stored: Arc<FakeLake>,
) -> Result<Journal, Error> {
    let clock = Arc::new(FixedClock::at(now()));
    Journal::open_on(dir, options, Surroundings { clock, stored, disk, twins: Arc::new(NoTwins) })
}

#[tokio::test]
async fn a_failed_commit_leaves_nothing_behind_and_the_next_one_works() {
    for fault in [Fault::Before, Fault::After] {
        let dir = TempDir::new().unwrap();
        let disk = FaultyDisk::new();
        let journal =
            open_on(dir.path(), Options::default(), Arc::clone(&disk), Arc::default()).unwrap();
        journal.append(batch("poll", 1..=3)).await.unwrap();
        disk.set(fault);
        let cursor = Some(Cursor("c".into()));
        let next = Batch { cursor: cursor.clone(), ..batch("new", 3..=5) };
        let error = journal.append(next.clone()).await.unwrap_err();
        assert!(matches!(error, AppendError::Storage(_)), "{fault:?}: {error}");
        assert!(journal.healthy().is_err());
        disk.set(Fault::None);
        let appended = journal.append(next).await.unwrap();
        let expected = if fault == Fault::Before { (4, 2) } else { (6, 0) };
        assert_eq!((appended.offset, appended.stored), expected, "{fault:?}");
        assert!(journal.healthy().is_ok());
        assert_eq!(journal.cursor(&source("new")).unwrap(), cursor);
        let all: Vec<_> = (1..=5).map(|n| (n, n.to_string())).collect();
        assert_eq!(ids(&journal, 1), all, "{fault:?}");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_until_something_was_written() {
    let dir = TempDir::new().unwrap();
    let disk = FaultyDisk::new();
    let journal =
        open_on(dir.path(), Options::default(), Arc::clone(&disk), Arc::default()).unwrap();
    journal.append(batch("poll", 1..=3)).await.unwrap();
    disk.set(Fault::Full);
    journal.append(batch("poll", 4..=5)).await.unwrap_err();
    // What has nothing to write succeeds, and tells nothing of the disk.
    assert!(!journal.remove_reader("nobody").unwrap());
    assert!(journal.healthy().is_err());
    disk.set(Fault::None);
    journal.append(batch("poll", 4..=5)).await.unwrap();
    assert!(journal.healthy().is_ok());
}

#[tokio::test]
async fn trouble_ends_without_anybody_sending_something() {
    let dir = TempDir::new().unwrap();
    let disk = FaultyDisk::new();
    let journal =
        open_on(dir.path(), Options::default(), Arc::clone(&disk), Arc::default()).unwrap();
    disk.set(Fault::Full);
    journal.append(batch("poll", 1..=3)).await.unwrap_err();
    disk.set(Fault::None);
    while journal.healthy().is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(journal.append(batch("poll", 1..=3)).await.unwrap().offset, 1);
}

#[tokio::test]
async fn requests_of_a_failed_transaction_all_fail() {
    let dir = TempDir::new().unwrap();
    let disk = FaultyDisk::new();
    let journal =
        open_on(dir.path(), Options::default(), Arc::clone(&disk), Arc::default()).unwrap();
    journal.register_reader("lake", ReaderStart::Beginning).unwrap();
    journal.append(batch("poll", 1..=3)).await.unwrap();
    disk.set(Fault::Before);
    let error = journal.advance("lake", 4, Vec::new()).await.unwrap_err();
    assert!(matches!(error, Error::Transaction(_)), "{error}");
    assert!(journal.register_reader("azure", ReaderStart::Beginning).is_err());
    disk.set(Fault::None);
    assert_eq!(journal.readers().unwrap()[0].offset, 1);
    journal.advance("lake", 4, Vec::new()).await.unwrap();
}

#[tokio::test]
async fn a_journal_over_its_budget_refuses_until_readers_have_freed_space() {
    let dir = TempDir::new().unwrap();
    let options = Options { disk_bytes_max: 2 * 1024 * 1024, ..Options::default() };
    let journal = open_with(&dir, options);
    journal.register_reader("lake", ReaderStart::Beginning).unwrap();
    let large = |n: u64| {
        let mut batch = batch("poll", [n]);
        // Bytes that do not compress.
        let mut noise = vec![0; 100_000];
        ChaCha8Rng::seed_from_u64(n).fill_bytes(&mut noise);
        batch.events[0].raw = Bytes::from(noise);
        batch
    };
    let mut stored = 0;
    let error = loop {
        match journal.append(large(stored + 1)).await {
            Ok(appended) => stored += appended.stored,
            Err(error) => break error,
        }
        assert!(stored < 1000, "the budget is never reached");
    };
    let AppendError::Full { retry_after_seconds } = error else { panic!("{error}") };
    assert_eq!(retry_after_seconds, FULL_RETRY_AFTER_SECONDS);
    assert!(journal.size_bytes() <= 2 * 1024 * 1024);
    assert_eq!(ids(&journal, 1).len() as u64, stored, "what was accepted is there");
    assert!(matches!(journal.full(), Some(crate::Full::Budget { bytes_max: 2_097_152, .. })));
    journal.advance("lake", stored + 1, Vec::new()).await.unwrap();
    assert_eq!(journal.full(), None, "there is room, though nobody has used it yet");
    let appended = journal.append(large(stored + 1)).await.unwrap();
    assert_eq!(appended.stored, 1);
}

#[tokio::test]
async fn a_foreign_reader_delays_nobody() {
    let dir = TempDir::new().unwrap();
    let options = Options { disk_bytes_max: 16 * 1024 * 1024, ..Options::default() };
    let journal = open_with(&dir, options);
    journal.register_reader("lake", ReaderStart::Beginning).unwrap();
    journal.append(batch("poll", 0..10)).await.unwrap();
    let foreign = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    foreign.execute_batch("BEGIN; SELECT * FROM batch;").unwrap();
    let started = std::time::Instant::now();
    let mut noise = vec![0; 300_000];
    for n in 0..20 {
        let mut large = batch("poll", [10 + n]);
        ChaCha8Rng::seed_from_u64(n).fill_bytes(&mut noise);
        large.events[0].raw = Bytes::from(noise.clone());
        journal.append(large).await.unwrap();
    }
    assert!(started.elapsed() < crate::schema::BUSY_TIMEOUT, "a commit waited for the reader");
    foreign.execute_batch("COMMIT").unwrap();
    assert_eq!(ids(&journal, 1).len(), 30);
}

#[tokio::test]
async fn nothing_is_appended_when_the_disk_is_nearly_full_but_readers_advance() {
    let dir = TempDir::new().unwrap();
    let disk = FaultyDisk::new();
    let journal =
        open_on(dir.path(), Options::default(), Arc::clone(&disk), Arc::default()).unwrap();
    journal.register_reader("lake", ReaderStart::Beginning).unwrap();
    journal.append(batch("poll", 1..=3)).await.unwrap();
    disk.free_bytes.store(DISK_FREE_BYTES_MIN, Ordering::SeqCst);
    let error = journal.append(batch("poll", [4])).await.unwrap_err();
    assert!(matches!(error, AppendError::Full { .. }), "{error}");
    journal.advance("lake", 4, Vec::new()).await.unwrap();
    assert!(matches!(journal.full(), Some(crate::Full::Disk { .. })), "an advance is not room");
    disk.free_bytes.store(2 * DISK_FREE_BYTES_MIN, Ordering::SeqCst);
    assert_eq!(journal.full(), None, "there is room, though nobody has used it yet");
    assert_eq!(journal.append(batch("poll", [4])).await.unwrap().offset, 4);
}

#[tokio::test]
async fn dead_letters_have_a_budget_of_their_own() {
    let dir = TempDir::new().unwrap();
    let options = Options { disk_bytes_max: 4 * 1024 * 1024, ..Options::default() };
    let journal = open_with(&dir, options);
    let bad = || Batch {
        rejected: vec![Rejected { raw: vec![b'x'; 400_000].into(), reason: "bad".into() }],
        ..batch("poll", [])
    };
    journal.append(bad()).await.unwrap();
    journal.append(bad()).await.unwrap();
    assert!(matches!(journal.append(bad()).await, Err(AppendError::Full { .. })));
    assert_eq!(journal.append(batch("poll", [1])).await.unwrap().stored, 1, "others go on");
    assert_eq!(journal.remove_dead_letters(vec![1]).await.unwrap(), 1);
    journal.append(bad()).await.unwrap();
}

#[tokio::test]
async fn a_silent_lake_refuses_what_it_must_decide_on_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    let lake = Arc::new(FakeLake::default());
    lake.put(&batch("poll", [1]));
    let journal =
        open_on(dir.path(), Options::default(), FaultyDisk::new(), Arc::clone(&lake)).unwrap();
    *lake.silent.lock().unwrap() = true;
    let error = journal.append(batch("poll", 1..=2)).await.unwrap_err();
    assert!(matches!(error, AppendError::StoredIds { .. }), "{error}");
    let mut without_id = batch("poll", [3]);
    without_id.events[0].id.clear();
    assert_eq!(journal.append(without_id).await.unwrap().stored, 1);
    *lake.silent.lock().unwrap() = false;
    let appended = journal.append(batch("poll", 1..=2)).await.unwrap();
    assert_eq!((appended.stored, appended.duplicates), (1, 1));
}

#[tokio::test]
async fn limits_of_a_batch_are_allowed_and_one_more_is_not() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    let most = BATCH_EVENTS_MAX as u64;
    assert_eq!(journal.append(batch("poll", 0..most)).await.unwrap().stored, most);
    let error = journal.append(batch("poll", 0..=most)).await.unwrap_err();
    assert!(matches!(error, AppendError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn one_folder_has_one_journal() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    let again = open_on(dir.path(), Options::default(), FaultyDisk::new(), Arc::default());
    assert!(matches!(again.err(), Some(Error::InUse { .. })));
    let clone = journal.clone();
    journal.close().await;
    assert!(matches!(clone.append(batch("poll", [1])).await, Err(AppendError::Closed)));
    assert!(matches!(clone.advance("lake", 1, Vec::new()).await, Err(Error::Closed)));
}

#[test]
fn a_foreign_file_is_named_and_left_alone() {
    for content in [&b"this is no database, but the notes of somebody else"[..], &[0; 5000]] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join(FILE_NAME);
        std::fs::write(&path, content).unwrap();
        let result = open_on(dir.path(), Options::default(), FaultyDisk::new(), Arc::default());
        let error = result.err().unwrap();
        assert!(error.to_string().contains(FILE_NAME), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}

/// A closed journal with 400 events of 5 sources, and its bytes.
async fn closed_journal(dir: &TempDir) -> Vec<u8> {
    let journal = open(dir);
    journal.register_reader("lake", ReaderStart::Beginning).unwrap();
    for n in 0..20 {
        let name = format!("s{}", n % 5);
        journal.append(batch(&name, n * 20..n * 20 + 20)).await.unwrap();
    }
    journal.close().await;
    std::fs::read(dir.path().join(FILE_NAME)).unwrap()
}

/// Opens a journal and reads everything. What comes without an error must be what was written.
fn read_whatever_is_there(dir: &Path) -> Result<(), Error> {
    let journal = open_on(dir, Options::default(), FaultyDisk::new(), Arc::default())?;
    let mut next = journal.register_reader("lake", ReaderStart::Beginning)?;
    assert_eq!(next, 1);
    loop {
        let batches = journal.read(next, 10_000)?;
        if batches.is_empty() {
            break;
        }
        for (batch, stored) in batches.iter().flat_map(|b| b.events.iter().map(move |e| (b, e))) {
            let n = stored.offset - 1;
            assert_eq!((stored.offset, &stored.id), (next, &n.to_string()));
            assert_eq!(batch.source.source, format!("s{}", n / 20 % 5));
            assert_eq!((stored.time, &stored.raw), (event(n).time, &event(n).raw));
            next += 1;
        }
    }
    assert_eq!(next, 401, "events are missing and nobody said so");
    Ok(())
}

#[tokio::test]
async fn a_flipped_byte_is_named_or_does_no_harm() {
    let dir = TempDir::new().unwrap();
    let whole = closed_journal(&dir).await;
    let path = dir.path().join(FILE_NAME);
    let (mut named, mut harmless) = (0, 0);
    // Every 997th byte: prime, so that all parts of pages are met.
    for at in (0..whole.len()).step_by(997) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&path, &damaged).unwrap();
        match read_whatever_is_there(dir.path()) {
            Ok(()) => harmless += 1,
            Err(error) => {
                let told = chain(&error);
                assert!(told.contains(FILE_NAME), "{told}");
                named += 1;
            }
        }
        for side in ["-wal", "-shm"] {
            drop(std::fs::remove_file(dir.path().join(format!("{FILE_NAME}{side}"))));
        }
    }
    assert!(named > 10, "{named} named, {harmless} harmless (in free space)");
}

#[tokio::test]
async fn a_truncated_file_is_named_and_left_alone() {
    let dir = TempDir::new().unwrap();
    let whole = closed_journal(&dir).await;
    let path = dir.path().join(FILE_NAME);
    for length in [100, 5000, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = read_whatever_is_there(dir.path()).unwrap_err();
        assert!(error.to_string().contains(FILE_NAME), "{length}: {error}");
        assert_eq!(std::fs::read(&path).unwrap(), &whole[..length], "{length}");
    }
}
