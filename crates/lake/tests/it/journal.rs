//! The lake with the real journal: the way of an event from `append` to a row, and its recognition when it comes again.

use std::sync::Arc;

use journal::{Journal, Options, StoredIds, id_hash};
use lake::{Intake, Lake};
use model::{Batch, Event, SourceId, Via};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{ask, clock, now, open, options};

fn batch(ids: &[&str]) -> Batch {
    let event = |id: &&str| Event {
        id: (*id).to_owned(),
        time: (*id != "timeless").then(now),
        raw: format!(r#"{{"id":"{id}"}}"#).into(),
    };
    Batch {
        source: SourceId {
            provider: "doors".to_owned(),
            tenant: "acme".to_owned(),
            source: "stream".to_owned(),
        },
        via: Via::Push,
        received: now(),
        events: ids.iter().map(event).collect(),
        rejected: Vec::new(),
        cursor: None,
        gap: None,
        walked: None,
    }
}

fn open_journal(folder: &TempDir, lake: &Arc<Lake>) -> Journal {
    Journal::open(folder.path(), Options::default(), clock(), lake.clone()).unwrap()
}

/// Runs the writer until every event of the journal is committed.
async fn commit(lake: &Arc<Lake>, journal: &Journal) {
    let cancel = CancellationToken::new();
    let running = tokio::spawn(lake.clone().run(Arc::new(journal.clone()), cancel.clone()));
    let head = *journal.head().borrow();
    let committed = || lake.status().tables.iter().any(|t| t.committed_offset >= head);
    while !committed() {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_pass_from_the_journal_to_the_table_once() {
    let (folder, log) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let lake = open(options(&folder)).await;
    let journal = open_journal(&log, &lake);
    assert_eq!(Intake::start(&journal).unwrap(), 1);
    journal.append(batch(&["a", "b", "timeless"])).await.unwrap();
    commit(&lake, &journal).await;
    assert_eq!(Intake::start(&journal).unwrap(), 4, "the journal knows what the lake has");
    let expected = ["a|1", "b|2", "timeless|3"];
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId", "_Offset"], None).await, expected);
    journal.close().await;

    // After a restart the journal asks the lake what it has seen.
    let lake = open(options(&folder)).await;
    let journal = open_journal(&log, &lake);
    let again = journal.append(batch(&["b", "c", "timeless"])).await.unwrap();
    assert_eq!((again.stored, again.duplicates), (1, 2));
    commit(&lake, &journal).await;
    let expected = ["a|1", "b|2", "c|4", "timeless|3"];
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId", "_Offset"], None).await, expected);
    journal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_journal_beside_an_old_lake_loses_nothing() {
    let folder = TempDir::new().unwrap();
    for (n, ids) in [["a", "b"], ["b", "c"]].iter().enumerate() {
        let log = TempDir::new().unwrap();
        let lake = open(options(&folder)).await;
        let journal = open_journal(&log, &lake);
        journal.append(batch(ids)).await.unwrap();
        commit(&lake, &journal).await;
        journal.close().await;
        assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await.len(), n + 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lake_tells_the_ids_of_a_day() {
    let (folder, log) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let lake = open(options(&folder)).await;
    let journal = open_journal(&log, &lake);
    journal.append(batch(&["a", "b", "timeless"])).await.unwrap();
    commit(&lake, &journal).await;
    journal.close().await;
    let asked = std::thread::spawn(move || {
        let day = journal::day_of(now());
        let of = |day| lake.ids_of_day(day).unwrap();
        (of(day), of(day - 1), of(journal::DAY_WITHOUT_TIME))
    });
    let (mut today, yesterday, without) = asked.join().unwrap();
    let mut expected = ["a", "b", "timeless"].map(|id| id_hash("doors", "acme", id)).to_vec();
    today.sort_unstable();
    expected.sort_unstable();
    assert_eq!(today, expected);
    assert_eq!(yesterday, []);
    assert!(without.contains(&id_hash("doors", "acme", "timeless")));
}
