//! What the lake does when it cannot write: it keeps within its memory, waits, and goes on. And lakes that are only
//! read, or stand elsewhere than in a folder.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lake::{Intake, Lake, LakeOptions, Step};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{DOORS, FlatMapper, Journal, ask, clock, drain, open, options};

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_can_be_written_the_journal_is_the_buffer() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    let filler = "x".repeat(1000);
    for batch in 0..40 {
        let texts: Vec<String> =
            (0..250).map(|n| format!(r#"{{"id":"{batch}-{n}","door":"{filler}"}}"#)).collect();
        journal.append("doors", &texts);
    }
    let broken = Arc::new(AtomicBool::new(true));
    let mut options = options(&folder);
    options.flush_bytes = 1024 * 1024;
    let full = broken.clone();
    options.failpoint =
        Some(Arc::new(move |step| step == Step::WriteFile && full.load(Ordering::SeqCst)));
    let lake = open(options).await;
    let cancel = CancellationToken::new();
    let running = tokio::spawn(lake.clone().run(Arc::new(journal.clone()), cancel.clone()));
    while lake.status().error.is_none() {
        tokio::task::yield_now().await;
    }
    let status = lake.status();
    assert_eq!(status.error.as_deref(), Some("failed on purpose before WriteFile"));
    // Twice what a flush takes, and the rows of the read that went beyond it.
    assert!(status.tables[0].tail_bytes < 8 * 1024 * 1024, "{status:?}");
    assert!(status.tables[0].tail_rows < 10_000, "{status:?}");
    broken.store(false, Ordering::SeqCst);
    journal.settled().await;
    cancel.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(lake.status().error, None);
    assert_eq!(lake.status().tables[0].error, None);
    assert_eq!(lake.status().tables[0].rows, 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_is_only_read_shows_the_journal_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    journal.append("doors", &[r#"{"id":"1"}"#]);
    drain(&open(options(&folder)).await, &journal).await;
    journal.append("doors", &[r#"{"id":"2"}"#]);
    journal.append("keys", &[r#"{"id":"k","key":"brass"}"#]);
    let count = || {
        let log = folder.path().join("Doors_CL/_delta_log");
        (std::fs::read_dir(folder.path()).unwrap().count(), std::fs::read_dir(log).unwrap().count())
    };
    let before = count();
    let mapper = Arc::new(FlatMapper(&DOORS));
    let lake = Lake::open_read_only(options(&folder), mapper, clock()).await.unwrap();
    lake.load_tail(journal.id(), &journal.all()).await.unwrap();
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await, ["1", "2"]);
    assert_eq!(ask(&lake, "Keys_CL", &["key", "Type"], None).await, ["brass|Keys_CL"]);
    assert_eq!(lake.table_names(), ["Doors_CL", "Keys_CL"]);
    assert!(lake.maintain_once().await.is_err());
    assert!(lake.run(Arc::new(journal), CancellationToken::new()).await.is_err());
    assert_eq!(count(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_store_serves_as_well_as_a_folder() {
    let journal = Journal::new();
    let mut options = LakeOptions::new("memory:///some/where", "node-1");
    options.flush_age = std::time::Duration::ZERO;
    let lake = open(options).await;
    for n in 0..10 {
        journal.append("doors", &[format!(r#"{{"id":"{n}","at":"2026-01-01T00:00:00Z"}}"#)]);
        drain(&lake, &journal).await;
    }
    assert_eq!(lake.maintain_once().await.unwrap().files_merged, 10);
    let expected: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await, expected);
}
