//! The end of a journal that was damaged after it was acknowledged: each damage is named, or nothing is missing; and no
//! crash, however it leaves the files, is taken for damage.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::faults::{FaultyDisk, open_on};
use super::*;
use crate::error::chain;
use crate::pin::FILE_NAME as PIN;
use crate::schema::FILE_NAME as DATABASE;
use crate::{Error, ReaderStart};

const BATCHES: u64 = 20;
const EVENTS_OF_BATCH: u64 = 5;
const LAST: u64 = BATCHES * EVENTS_OF_BATCH;

fn wal() -> String {
    format!("{DATABASE}-wal")
}

/// Copies what a killed process leaves; the pin first, because it is never ahead.
fn kill(journal: Journal, dir: &TempDir) -> TempDir {
    let copy = TempDir::new().unwrap();
    for name in [PIN, DATABASE, &wal()] {
        std::fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    drop(journal);
    copy
}

/// A journal of a hundred events after a kill: all of them are in the log alone.
async fn killed() -> TempDir {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.register_reader("lake", ReaderStart::Beginning).unwrap();
    for n in 0..BATCHES {
        let first = n * EVENTS_OF_BATCH;
        journal.append(batch("poll", first..first + EVENTS_OF_BATCH)).await.unwrap();
    }
    kill(journal, &dir)
}

fn try_open(dir: &Path) -> Result<Journal, Error> {
    open_on(dir, Options::default(), FaultyDisk::new(), Arc::default())
}

/// Opens it; how many events it has.
fn events(dir: &Path) -> Result<u64, Error> {
    let journal = try_open(dir)?;
    Ok(read_all(&journal, 1, 10_000).iter().map(|batch| batch.events.len() as u64).sum())
}

/// The files with what they hold.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let path = |name: &str| dir.join(name);
    let paths = [path(PIN), path(DATABASE), path(&wal())];
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap_or_default())).collect()
}

fn restore(files: &[(PathBuf, Vec<u8>)]) {
    for (path, bytes) in files {
        std::fs::write(path, bytes).unwrap();
    }
    if let Some((database, _)) = files.get(1) {
        drop(std::fs::remove_file(format!("{}-shm", database.display())));
    }
}

#[track_caller]
fn is_lost(error: &Error, acknowledged: u64) {
    assert!(matches!(error, Error::Lost { .. }), "{}", chain(error));
    let told = error.to_string();
    assert!(told.ends_with(&format!("up to offset {acknowledged} were acknowledged")), "{told}");
    assert!(error.hint().contains("backup"));
}

#[tokio::test]
async fn a_damaged_log_is_named_or_nothing_that_was_acknowledged_is_missing() {
    let dir = killed().await;
    let good = files(dir.path());
    let (path, whole) = good.last().unwrap();
    let step = (whole.len() / 60) | 1;
    let flips = (0..whole.len()).step_by(step).map(|at| {
        let mut bad = whole.clone();
        bad[at] ^= 0x10;
        bad
    });
    let cuts = (0..whole.len()).step_by(step).map(|length| whole[..length].to_vec());
    let zeroed = std::iter::once(vec![0; whole.len()]);
    let mut named = 0;
    for bad in flips.chain(cuts).chain(zeroed) {
        std::fs::write(path, &bad).unwrap();
        let database = std::fs::read(dir.path().join(DATABASE)).unwrap();
        match events(dir.path()) {
            Ok(count) => assert_eq!(count, LAST, "events are missing and nobody said so"),
            Err(error) => {
                is_lost(&error, LAST);
                assert_eq!(std::fs::read(path).unwrap(), bad, "the evidence is left alone");
                assert_eq!(std::fs::read(dir.path().join(DATABASE)).unwrap(), database);
                // Asked again, it says the same.
                is_lost(&try_open(dir.path()).err().unwrap(), LAST);
                named += 1;
            }
        }
        restore(&good);
    }
    assert!(named > 100, "{named}");
    assert_eq!(events(dir.path()).unwrap(), LAST);
}

#[tokio::test]
async fn it_is_told_where_the_journal_ends() {
    let dir = killed().await;
    let path = dir.path().join(wal());
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let told = try_open(dir.path()).err().unwrap().to_string();
    let ends = told.split("ends at offset ").nth(1).unwrap();
    let ends: u64 = ends.split(',').next().unwrap().parse().unwrap();
    assert!(ends > 0 && ends < LAST && ends.is_multiple_of(EVENTS_OF_BATCH), "{told}");
    // The other lookers write nothing either.
    assert_eq!(std::fs::read(&path).unwrap().len(), bytes.len() / 2);
}

#[tokio::test]
async fn an_event_that_waits_without_an_offset_is_missed_too() {
    let dir = killed().await;
    let journal = try_open(dir.path()).unwrap();
    let before = std::fs::read(dir.path().join(wal())).unwrap();
    // A duplicate gets no offset: all that it moves are the totals, as an event does that waits for its twin.
    journal.append(batch("poll", [1])).await.unwrap();
    let dir = kill(journal, &dir);
    std::fs::write(dir.path().join(wal()), &before).unwrap();
    is_lost(&try_open(dir.path()).err().unwrap(), LAST);
    // Also if the log was taken into the database meanwhile.
    restore_without_log(dir.path());
    is_lost(&try_open(dir.path()).err().unwrap(), LAST);
}

/// Lets SQLite alone open the file and close it, as a person would with its shell: the log is copied and removed.
fn restore_without_log(dir: &Path) {
    let connection = Connection::open(dir.join(DATABASE)).unwrap();
    connection.query_row("SELECT count(*) FROM batch", [], |row| row.get::<_, i64>(0)).unwrap();
    connection.close().unwrap();
    assert!(!dir.join(wal()).try_exists().unwrap());
}

#[tokio::test]
async fn an_older_database_a_missing_one_and_a_log_that_was_removed_are_named() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.append(batch("poll", 0..10)).await.unwrap();
    journal.close().await;
    let older = files(dir.path());
    let journal = try_open(dir.path()).unwrap();
    journal.append(batch("poll", 10..30)).await.unwrap();
    let dir = kill(journal, &dir);
    let newer = files(dir.path());
    // The log alone goes.
    std::fs::remove_file(dir.path().join(wal())).unwrap();
    let error = try_open(dir.path()).err().unwrap();
    is_lost(&error, 30);
    assert!(error.to_string().contains("ends at offset 10"), "{error}");
    // An older database with the newer pin; with its own pin it is a whole journal.
    restore(&newer);
    std::fs::write(dir.path().join(DATABASE), &older[1].1).unwrap();
    std::fs::write(dir.path().join(wal()), b"").unwrap();
    is_lost(&try_open(dir.path()).err().unwrap(), 30);
    std::fs::write(dir.path().join(PIN), &older[0].1).unwrap();
    assert_eq!(events(dir.path()).unwrap(), 10);
    // No database at all.
    restore(&newer);
    std::fs::remove_file(dir.path().join(DATABASE)).unwrap();
    is_lost(&try_open(dir.path()).err().unwrap(), 30);
    assert!(!dir.path().join(DATABASE).try_exists().unwrap(), "none is made in its place");
    std::fs::remove_file(dir.path().join(wal())).unwrap();
    std::fs::remove_file(dir.path().join(PIN)).unwrap();
    assert_eq!(events(dir.path()).unwrap(), 0, "without the pin it is a new journal");
}

#[tokio::test]
async fn a_log_that_others_took_into_the_database_is_not_missed() {
    let dir = killed().await;
    restore_without_log(dir.path());
    assert_eq!(events(dir.path()).unwrap(), LAST);
}

#[tokio::test]
async fn another_journal_is_not_measured_by_the_pin() {
    let (dir, other) = (killed().await, TempDir::new().unwrap());
    let journal = open(&other);
    journal.append(batch("poll", 0..3)).await.unwrap();
    let other = kill(journal, &other);
    std::fs::copy(dir.path().join(PIN), other.path().join(PIN)).unwrap();
    assert_eq!(events(other.path()).unwrap(), 3);
}

#[tokio::test]
async fn a_torn_record_leaves_the_other_and_two_are_named() {
    let dir = killed().await;
    let good = std::fs::read(dir.path().join(PIN)).unwrap();
    let flipped = |positions: &[usize]| {
        let mut bad = good.clone();
        positions.iter().for_each(|at| bad[*at] ^= 1);
        std::fs::write(dir.path().join(PIN), bad).unwrap();
        try_open(dir.path())
    };
    assert!(flipped(&[20]).is_ok());
    assert!(flipped(&[532]).is_ok());
    let error = flipped(&[20, 532]).err().unwrap();
    assert!(error.to_string().contains(PIN) && error.hint().contains("move this file away"));
    std::fs::remove_file(dir.path().join(PIN)).unwrap();
    assert_eq!(events(dir.path()).unwrap(), LAST);
}

#[tokio::test]
async fn a_log_that_begins_anew_again_and_again_is_never_taken_for_damaged() {
    let mut dir = TempDir::new().unwrap();
    // The smallest log that is copied.
    let options = Options { disk_bytes_max: 16 * 1024 * 1024, ..Options::default() };
    let open = |dir: &TempDir| {
        open_on(dir.path(), options.clone(), FaultyDisk::new(), Arc::default()).unwrap()
    };
    let mut generations = 0;
    let mut journal = open(&dir);
    let mut before = Vec::new();
    for n in 0..120 {
        let mut made = batch("poll", n * 10..n * 10 + 10);
        for event in &mut made.events {
            // Nothing that compresses.
            let noise = (0..8_000_u64).map(|at| ((at * (n + 7) * 2_654_435_761) >> 13) as u8);
            event.raw = Bytes::from(noise.collect::<Vec<u8>>());
        }
        journal.append(made).await.unwrap();
        let head = std::fs::read(dir.path().join(wal())).unwrap()[..24].to_vec();
        generations += u64::from(head != before);
        before = head;
        if n % 4 == 3 {
            dir = kill(journal, &dir);
            journal = open(&dir);
        }
    }
    assert!(generations > 2, "{generations}");
    assert_eq!(*journal.head().borrow(), 1201);
    // What is damaged of a log that is in the database already would put old pages before new ones.
    let dir = kill(journal, &dir);
    let path = dir.path().join(wal());
    let mut bytes = std::fs::read(&path).unwrap();
    if let Some(byte) = bytes.get_mut(100) {
        *byte ^= 1;
    }
    std::fs::write(&path, &bytes).unwrap();
    match try_open(dir.path()) {
        Ok(_) => panic!("old pages stand before new ones"),
        Err(error) => is_lost(&error, 1200),
    }
}
