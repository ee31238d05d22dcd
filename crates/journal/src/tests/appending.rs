//! Appending and reading back: offsets, duplicates, cursors, reopening.

use model::{Cursor, Via};
use tempfile::TempDir;

use super::*;
use crate::{Appended, ReaderStart};

#[tokio::test]
async fn what_was_appended_is_read_back_byte_for_byte() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    let first = Batch { via: Via::Push, ..batch("stream", 1..=3) };
    let appended = journal.append(first.clone()).await.unwrap();
    assert_eq!(appended, Appended { offset: 1, stored: 3, duplicates: 0, rejected: 0 });
    assert_eq!(*journal.head().borrow(), 4);
    let read = journal.read(1, 1_000_000).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(
        (read[0].offset, read[0].source.as_ref(), read[0].via, read[0].received),
        (1, &first.source, Via::Push, now())
    );
    for (stored, event) in read[0].events.iter().zip(&first.events) {
        assert_eq!((&stored.id, stored.time, &stored.raw), (&event.id, event.time, &event.raw));
    }
    assert_eq!(journal.read(4, 1000).unwrap(), []);
}

#[tokio::test]
async fn an_event_is_stored_once_whichever_source_of_its_tenant_brings_it() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    for (batch, offset, stored, duplicates) in [
        (batch("poll", [1, 2, 2, 3]), 1, 3, 1),
        (batch("stream", [2, 3, 4]), 4, 1, 2),
        (batch("poll", [1]), 5, 0, 1),
    ] {
        let appended = journal.append(batch).await.unwrap();
        assert_eq!(appended, Appended { offset, stored, duplicates, rejected: 0 });
    }
    let mut other = batch("poll", [1]);
    other.source.tenant = "other".into();
    assert_eq!(journal.append(other).await.unwrap().stored, 1);
}

#[tokio::test]
async fn everything_is_there_again_after_reopening() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    let name = journal.id().to_owned();
    assert_eq!(journal.register_reader("lake", ReaderStart::Beginning).unwrap(), 1);
    let cursor = Some(Cursor("c1".into()));
    journal.append(Batch { cursor: cursor.clone(), ..batch("poll", 1..=10) }).await.unwrap();
    journal.advance("lake", 5, Vec::new()).await.unwrap();
    drop(journal);
    let journal = open(&dir);
    assert_eq!(journal.id(), name);
    assert_eq!(*journal.head().borrow(), 11);
    assert_eq!(journal.cursor(&source("poll")).unwrap(), cursor);
    assert_eq!(journal.register_reader("lake", ReaderStart::Head).unwrap(), 5);
    assert_eq!(journal.append(batch("poll", 1..=11)).await.unwrap().stored, 1);
    let expected: Vec<_> = (5..=11).map(|n| (n, n.to_string())).collect();
    assert_eq!(ids(&journal, 5), expected);
    journal.close().await;
}
