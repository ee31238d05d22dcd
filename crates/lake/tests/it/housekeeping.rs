//! Housekeeping changes files, never rows: compaction, retention, vacuum, checkpoints.

use std::sync::Arc;
use std::time::Duration;

use datafusion::prelude::{col, lit};
use lake::{Lake, Maintained, Step};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{self, DOORS, FlatMapper, Journal, ask, drain, open, options};

fn events(prefix: &str, day: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!(r#"{{"id":"{prefix}-{n}","at":"{day}T10:{:02}:00Z","n":{n}}}"#, n % 60))
        .collect()
}

fn ids(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}-{n}")).collect()
}

/// Files on the disk, committed or not.
fn files_on_disk(folder: &TempDir) -> usize {
    let table = folder.path().join("Doors_CL");
    let days = std::fs::read_dir(table).unwrap().map(|entry| entry.unwrap().path());
    days.filter(|day| day.file_name().unwrap().to_str().unwrap().starts_with("_Day="))
        .map(|day| std::fs::read_dir(day).unwrap().count())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_keeps_every_row_while_rows_arrive() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    let lake = open(options(&folder)).await;
    lake.ensure_table(&DOORS).await.unwrap();
    let cancel = CancellationToken::new();
    let running = tokio::spawn(lake.clone().run(Arc::new(journal.clone()), cancel.clone()));
    let mut expected = Vec::new();
    let (mut merged, mut seen) = (0, 0);
    for round in 0..30 {
        for day in ["2026-03-05", "2026-03-01"] {
            let prefix = format!("{day}-{round:02}");
            journal.append("doors", &events(&prefix, day, 7));
            expected.extend(ids(&prefix, 7));
        }
        merged += lake.maintain_once().await.unwrap().files_merged;
        if round % 3 == 0 {
            journal.settled().await;
        }
        let found = ask(&lake, "Doors_CL", &["_EventId"], None).await;
        assert!(found.windows(2).all(|pair| pair[0] != pair[1]), "no row is seen twice");
        assert!(found.len() >= seen, "a row that was seen stays");
        seen = found.len();
    }
    journal.settled().await;
    cancel.cancel();
    running.await.unwrap().unwrap();
    merged += lake.maintain_once().await.unwrap().files_merged;
    assert!(merged > 8, "{merged}");
    expected.sort();
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await, expected);
    let again = open(options(&folder)).await;
    assert_eq!(ask(&again, "Doors_CL", &["_EventId"], None).await, expected);
    assert_eq!(again.status().tables[0].rows, expected.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_day_becomes_one_file_and_filters_still_find_its_rows() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    for round in 0..5 {
        journal.append("doors", &events(&round.to_string(), "2026-02-10", 50));
        drain(&open(options(&folder)).await, &journal).await;
    }
    let lake = open(options(&folder)).await;
    assert_eq!(lake.status().tables[0].files, 5);
    let done = lake.maintain_once().await.unwrap();
    assert_eq!(done, Maintained { files_merged: 5, ..Maintained::default() });
    assert_eq!(lake.status().tables[0].files, 1);
    assert_eq!(lake.status().tables[0].rows, 250);
    let filter = col("\"_EventId\"").eq(lit("3-17"));
    assert_eq!(ask(&lake, "Doors_CL", &["AdditionalFields"], Some(filter)).await, [r#"{"n":17}"#]);
    assert_eq!(lake.maintain_once().await.unwrap(), Maintained::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compaction_that_fails_half_way_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    for round in 0..3 {
        journal.append("doors", &events(&round.to_string(), "2026-02-10", 5));
        drain(&open(options(&folder)).await, &journal).await;
    }
    let mut failing = options(&folder);
    failing.failpoint = Some(Arc::new(|step| step == Step::Replace));
    let lake = open(failing).await;
    let before = ask(&lake, "Doors_CL", &["_EventId"], None).await;
    assert!(lake.maintain_once().await.is_err());
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await, before);
    let lake = open(options(&folder)).await;
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await, before);
    assert_eq!(lake.status().tables[0].files, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_older_than_the_retention_are_dropped_whole() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    for day in ["2026-02-02", "2026-02-03", "2026-03-04"] {
        journal.append("doors", &events(day, day, 2));
    }
    let mut short = options(&folder);
    // The clock stands at 2026-03-05: thirty days before is 2026-02-03.
    short.retention_days.insert("Doors_CL".to_owned(), 30);
    let lake = open(short).await;
    drain(&lake, &journal).await;
    assert_eq!(lake.maintain_once().await.unwrap().files_expired, 1);
    let expected = ["2026-02-03-0", "2026-02-03-1", "2026-03-04-0", "2026-03-04-1"];
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await, expected);

    // A late event of a day that is over is taken, and dropped by the next round.
    journal.append("doors", &events("late", "2026-01-01", 1));
    drain(&lake, &journal).await;
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await.len(), 5);
    assert_eq!(lake.maintain_once().await.unwrap().files_expired, 1);
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_a_year_ahead_drops_nothing_and_one_that_goes_back_keeps_the_order() {
    const YEAR_MICROSECONDS: i64 = 365 * 86_400 * 1_000_000;
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    let clock = support::clock();
    let mut short = options(&folder);
    short.retention_days_default = Some(30);
    let mapper = Arc::new(FlatMapper(&DOORS));
    let lake = Lake::open(short, mapper, clock.clone()).await.unwrap();
    journal.append("doors", &events("a", "2026-02-20", 3));
    drain(&lake, &journal).await;
    clock.advance_microseconds(YEAR_MICROSECONDS);
    journal.append("doors", &events("b", "2026-03-05", 3));
    drain(&lake, &journal).await;
    assert_eq!(lake.maintain_once().await.unwrap().files_expired, 0);
    clock.advance_microseconds(-2 * YEAR_MICROSECONDS);
    journal.append("doors", &events("c", "2026-03-05", 3));
    drain(&lake, &journal).await;
    assert_eq!(lake.maintain_once().await.unwrap().files_expired, 0);
    let expected = [ids("a", 3), ids("b", 3), ids("c", 3)].concat();
    let mut rows = ask(&lake, "Doors_CL", &["_Offset", "_EventId"], None).await;
    rows.sort();
    let order: Vec<&str> = rows.iter().filter_map(|row| row.split('|').nth(1)).collect();
    assert_eq!(order, expected, "the order of arrival is that of the offsets");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_left_the_table_are_deleted_after_the_grace_and_not_before() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    for round in 0..4 {
        journal.append("doors", &events(&round.to_string(), "2026-02-10", 5));
        drain(&open(options(&folder)).await, &journal).await;
    }
    let stray = folder.path().join("Doors_CL/_Day=2026-02-10/stray.parquet");
    std::fs::write(&stray, b"of a commit that never was").unwrap();

    // Files bear the machine's time, and the clock of the lake is compared with it.
    let machine = model::SystemClock;
    let real = Arc::new(model::FixedClock::at(model::Clock::now(&machine)));
    let mapper = Arc::new(FlatMapper(&DOORS));
    let lake = Lake::open(options(&folder), mapper, real.clone()).await.unwrap();
    assert_eq!(lake.maintain_once().await.unwrap().files_merged, 4);
    assert_eq!(files_on_disk(&folder), 6, "four merged, one stray, one new");

    let grace = i64::try_from(options(&folder).vacuum_grace.as_micros()).unwrap();
    real.advance_microseconds(grace - 60_000_000);
    assert_eq!(lake.maintain_once().await.unwrap().files_deleted, 0);
    real.advance_microseconds(120_000_000);
    assert_eq!(lake.maintain_once().await.unwrap().files_deleted, 5);
    assert_eq!(files_on_disk(&folder), 1);
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_commits_leave_a_short_log_that_opens() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    let lake = open(options(&folder)).await;
    for round in 0..140 {
        journal.append("doors", &events(&round.to_string(), "2026-03-05", 1));
        drain(&lake, &journal).await;
    }
    let machine = model::SystemClock;
    let later = Arc::new(model::FixedClock::at(model::Clock::now(&machine)));
    later.advance_microseconds(i64::try_from(Duration::from_secs(86_400).as_micros()).unwrap());
    let lake = Lake::open(options(&folder), Arc::new(FlatMapper(&DOORS)), later).await.unwrap();
    let done = lake.maintain_once().await.unwrap();
    assert!(done.log_entries_deleted > 60, "{done:?}");
    let lake = open(options(&folder)).await;
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await.len(), 140);
    // The journal's offset survives the checkpoint: nothing is read twice.
    journal.append("doors", &events("more", "2026-03-05", 1));
    drain(&lake, &journal).await;
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await.len(), 141);
    assert_eq!(lake.status().tables[0].committed_offset, 141);
}
