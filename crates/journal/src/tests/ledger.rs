//! The ledger: accounts of hours, walks, deliveries; and that all of them are as durable as what they tell of.

use model::{Rejected, Stretch, Stretches};

use super::faults::{Fault, FaultyDisk, open_on};
use super::*;
use crate::schema::FILE_NAME;
use crate::{Counts, Delivered, Deliveries, ReaderStart, StoredEvent};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Hour, source, way and counts (received, stored, both, elsewhere, duplicates, rejected) of every account, one a line.
fn accounts(journal: &Journal) -> Vec<String> {
    let all = journal.accounts(Timestamp::UNIX_EPOCH, at("2030-01-01T00:00:00Z")).unwrap();
    let line = |account: &crate::Account| {
        let Counts { received, stored, both, elsewhere, duplicates, rejected } = account.counts;
        format!(
            "{} {} {:?}: {received} {stored} {both} {elsewhere} {duplicates} {rejected}",
            account.hour.strftime("%d %H"),
            account.source.source,
            account.via
        )
    };
    all.iter().map(line).collect()
}

fn by(via: Via, name: &str, ids: impl IntoIterator<Item = u64>) -> Batch {
    Batch { via, ..batch(name, ids) }
}

#[tokio::test]
async fn each_hour_and_way_has_its_account() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.append(by(Via::Poll, "poll", [1, 2, 3, 3600, 3601])).await.unwrap();
    journal.append(by(Via::Push, "stream", [2, 3, 4, 3601])).await.unwrap();
    // Again what came, by the same ways and by another source of the same way.
    journal.append(by(Via::Push, "stream", [2, 4])).await.unwrap();
    journal.append(by(Via::Poll, "poll.backfill", [1, 4, 4])).await.unwrap();
    let rejected = vec![Rejected { raw: Bytes::from("?"), reason: "bad".into() }];
    let without_time = Event { time: None, ..event(9) };
    let import =
        Batch { rejected, events: vec![event(1), without_time], ..by(Via::Import, "import", []) };
    journal.append(import).await.unwrap();
    let expected = [
        "01 12 poll Poll: 3 3 0 0 0 0",
        "01 12 stream Push: 5 1 2 0 2 0",
        "01 12 poll.backfill Poll: 3 0 1 0 2 0",
        "01 12 import Import: 1 0 0 1 0 0",
        "01 13 poll Poll: 2 2 0 0 0 0",
        "01 13 stream Push: 1 0 1 0 0 0",
        // What tells no time counts for the hour in which it came: the first of March.
        "01 12 import Import: 1 1 0 0 0 1",
    ];
    assert_eq!(accounts(&journal), expected);
    journal.close().await;
    assert_eq!(accounts(&open(&dir)), expected);
}

#[tokio::test]
async fn an_event_is_counted_as_come_by_both_once_whatever_is_forgotten_in_between() {
    for dedup_ids_max in [1, 1_000_000] {
        let dir = TempDir::new().unwrap();
        let options = Options { dedup_ids_max, ..Options::default() };
        let both = |journal: &Journal| {
            let all = journal.accounts(Timestamp::UNIX_EPOCH, now()).unwrap();
            all.iter().map(|it| it.counts.both).sum::<u64>()
        };
        for round in 0..3 {
            let journal = open_with(&dir, options.clone());
            journal.append(by(Via::Push, "stream", 1..=5)).await.unwrap();
            journal.append(by(Via::Poll, "poll", 3..=8)).await.unwrap();
            journal.append(by(Via::Push, "stream", 8..=9)).await.unwrap();
            assert_eq!(both(&journal), 4, "{dedup_ids_max}, round {round}");
            journal.close().await;
        }
    }
}

#[tokio::test]
async fn what_is_older_than_what_is_remembered_is_a_duplicate() {
    let dir = TempDir::new().unwrap();
    // The events are 28 days old.
    for (dedup_days, expected) in [(28, (1, 0)), (27, (0, 1))] {
        let options = Options { dedup_days, ..Options::default() };
        let name = format!("{dedup_days}");
        let journal = open_with(&dir, options);
        let id = u64::from(dedup_days);
        journal.append(by(Via::Poll, &name, [id])).await.unwrap();
        let pushed = format!("{name}s");
        journal.append(by(Via::Push, &pushed, [id])).await.unwrap();
        let all = journal.accounts(Timestamp::UNIX_EPOCH, now()).unwrap();
        let counts = all.iter().find(|it| it.source.source == pushed).unwrap().counts;
        assert_eq!((counts.both, counts.duplicates), expected, "{dedup_days}");
        journal.close().await;
    }
}

#[tokio::test]
async fn a_failed_commit_counts_nothing_and_a_repeated_batch_counts_what_is_durable() {
    for fault in [Fault::Before, Fault::After] {
        let dir = TempDir::new().unwrap();
        let disk = FaultyDisk::new();
        let open = || open_on(dir.path(), Options::default(), Arc::clone(&disk), Arc::default());
        let journal = open().unwrap();
        journal.append(by(Via::Push, "stream", 1..=2)).await.unwrap();
        let walked = Some(Stretch { from: at("2026-02-01T12:00:00Z"), until: now() });
        let page = Batch { walked, ..by(Via::Poll, "poll", 1..=3) };
        disk.set(fault);
        journal.append(page.clone()).await.unwrap_err();
        disk.set(Fault::None);
        let is_durable = fault == Fault::After;
        let held = journal.walked().unwrap();
        assert_eq!(held.iter().any(|it| it.source.source == "poll"), is_durable, "{fault:?}");
        journal.append(page).await.unwrap();
        let (received, repeats) = if is_durable { (6, 3) } else { (3, 0) };
        let expected = [
            "01 12 stream Push: 2 2 0 0 0 0".to_owned(),
            format!("01 12 poll Poll: {received} 1 2 0 {repeats} 0"),
        ];
        assert_eq!(accounts(&journal), expected, "{fault:?}");
    }
}

#[tokio::test]
async fn pages_extend_a_walk_and_a_later_one_closes_a_hole() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    let hour = |n: i64| Timestamp::from_second(1_769_947_200 + 3600 * n).unwrap();
    let stretch = |from, until| Stretch { from: hour(from), until: hour(until) };
    let walked = |journal: &Journal, name: &str| -> Stretches {
        let all = journal.walked().unwrap();
        all.into_iter().find(|it| it.source == source(name)).map(|it| it.walked).unwrap_or_default()
    };
    for (name, from, until) in [("poll", 0, 1), ("poll", 1, 3), ("other", 2, 3), ("poll", 5, 6)] {
        let walked = Some(stretch(from, until));
        journal.append(Batch { walked, ..batch(name, []) }).await.unwrap();
    }
    assert_eq!(walked(&journal, "poll").as_slice(), [stretch(0, 3), stretch(5, 6)]);
    assert_eq!(walked(&journal, "other").as_slice(), [stretch(2, 3)]);
    journal.close().await;
    let journal = open(&dir);
    assert_eq!(walked(&journal, "poll").as_slice(), [stretch(0, 3), stretch(5, 6)]);
    let backfill = Batch { walked: Some(stretch(2, 5)), ..batch("poll", []) };
    journal.append(backfill).await.unwrap();
    assert_eq!(walked(&journal, "poll").as_slice(), [stretch(0, 6)]);
    drop(journal);
    assert_eq!(walked(&open(&dir), "poll").as_slice(), [stretch(0, 6)]);
}

#[tokio::test]
async fn deliveries_are_counted_with_the_place_or_not_at_all() {
    let dir = TempDir::new().unwrap();
    let disk = FaultyDisk::new();
    let journal =
        open_on(dir.path(), Options::default(), Arc::clone(&disk), Arc::default()).unwrap();
    journal.register_reader("azure", ReaderStart::Beginning).unwrap();
    journal.append(batch("poll", [1, 2, 3600])).await.unwrap();
    let settled = |events: &[StoredEvent]| {
        let mut deliveries = Deliveries::new();
        for event in events {
            let delivered = Delivered { acknowledged: 1, ..Delivered::default() };
            deliveries.add(&source("poll"), event.time, now(), delivered);
        }
        deliveries.add(&source("unknown"), None, now(), Delivered::default());
        deliveries
    };
    let events = journal.read(1, 1000).unwrap().remove(0).events;
    let told = || {
        let all = journal.deliveries(Timestamp::UNIX_EPOCH, now()).unwrap();
        all.iter().map(|it| (it.hour.to_string(), it.delivered.acknowledged)).collect::<Vec<_>>()
    };
    disk.set(Fault::Before);
    journal.settle("azure", 3, vec![], vec![], settled(&events[..2])).await.unwrap_err();
    disk.set(Fault::None);
    assert_eq!(told(), []);
    journal.settle("azure", 3, vec![], vec![], settled(&events[..2])).await.unwrap();
    journal.settle("azure", 9, vec![], vec![], settled(&events[2..])).await.unwrap_err();
    journal.settle("azure", 4, vec![], vec![], settled(&events[2..])).await.unwrap();
    let hours = ["2026-02-01T12:00:00Z", "2026-02-01T13:00:00Z"].map(str::to_owned);
    assert_eq!(told(), hours.into_iter().zip([2, 1]).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_journal_without_a_ledger_gets_one_and_keeps_its_events() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.append(batch("poll", 1..=3)).await.unwrap();
    journal.close().await;
    let file = rusqlite::Connection::open(dir.path().join(FILE_NAME)).unwrap();
    file.execute_batch(
        "DROP TABLE account; DROP TABLE delivery; DROP TABLE walk; DROP TABLE mark; DROP TABLE waiting; \
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(file);
    let journal = open(&dir);
    assert_eq!(ids(&journal, 1).len(), 3);
    journal.append(by(Via::Push, "stream", [3, 4])).await.unwrap();
    // The journal's own rows tell how their events came; only the counts begin anew.
    assert_eq!(accounts(&journal), ["01 12 stream Push: 2 1 1 0 0 0"]);
}

#[tokio::test]
async fn a_damaged_account_is_told_and_not_added_to() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.append(batch("poll", 1..=3)).await.unwrap();
    journal.close().await;
    let file = rusqlite::Connection::open(dir.path().join(FILE_NAME)).unwrap();
    file.execute("UPDATE account SET stored = stored + 1", []).unwrap();
    drop(file);
    let journal = open(&dir);
    let told = journal.accounts(Timestamp::UNIX_EPOCH, now()).unwrap_err().to_string();
    assert!(told.contains("2026-02-01T12:00:00Z"), "{told}");
    assert!(journal.append(batch("poll", 4..=5)).await.is_err());
}
