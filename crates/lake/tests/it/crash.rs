//! A crash or a failing disk between any two steps changes nothing that anybody can see afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lake::{LakeOptions, Step};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{Journal, ask, drain, open, options};

const STEPS: [Step; 4] = [Step::WriteFile, Step::Commit, Step::Publish, Step::Advance];

/// Fails at `step`, the first `times` times.
fn failing(mut options: LakeOptions, step: Step, times: usize) -> LakeOptions {
    let left = AtomicUsize::new(times);
    options.failpoint = Some(Arc::new(move |at| {
        let take = |left: usize| left.checked_sub(1);
        at == step && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
    }));
    options
}

fn fill(journal: &Journal, round: usize) -> Vec<String> {
    let doors: Vec<String> = (0..50)
        .map(|n| {
            let day = n % 3 + 1;
            format!(r#"{{"id":"d{round}-{n}","at":"2026-02-{day:02}T00:00:00Z"}}"#)
        })
        .collect();
    let keys: Vec<String> = (0..20).map(|n| format!(r#"{{"id":"k{round}-{n}"}}"#)).collect();
    journal.append("doors", &doors);
    journal.append("keys", &keys);
    let ids = |prefix: &str, count: usize| {
        (0..count).map(|n| format!("{prefix}{round}-{n}")).collect::<Vec<_>>()
    };
    [ids("d", 50), ids("k", 20)].concat()
}

async fn everything(lake: &Arc<lake::Lake>) -> Vec<String> {
    let mut ids = ask(lake, "Doors_CL", &["_EventId"], None).await;
    if lake.table_provider("Keys_CL").is_some() {
        ids.extend(ask(lake, "Keys_CL", &["_EventId"], None).await);
    }
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_after_a_crash_at_any_step_loses_and_doubles_nothing() {
    for step in STEPS {
        let folder = TempDir::new().unwrap();
        let journal = Journal::new();
        let mut expected = fill(&journal, 0);
        // Every step fails from here on: the program can only stop.
        let lake = open(failing(options(&folder), step, usize::MAX)).await;
        let cancel = CancellationToken::new();
        let running = tokio::spawn(lake.clone().run(Arc::new(journal.clone()), cancel.clone()));
        while lake.status().error.is_none() {
            tokio::task::yield_now().await;
        }
        expected.sort();
        assert_eq!(everything(&lake).await, expected, "while it fails at {step:?}");
        cancel.cancel();
        // A commit that was made but not shown is found by the next try: after that the journal may be told.
        let told = step == Step::Publish;
        assert_eq!(running.await.unwrap().is_ok(), told, "{step:?}");
        assert_eq!(journal.saved() > 0, told, "{step:?}");

        expected.extend(fill(&journal, 1));
        expected.sort();
        let lake = open(options(&folder)).await;
        drain(&lake, &journal).await;
        assert_eq!(everything(&lake).await, expected, "after a crash at {step:?}");
        let lake = open(options(&folder)).await;
        assert_eq!(everything(&lake).await, expected, "opened once more after {step:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_passes_is_retried_without_a_restart() {
    for step in STEPS {
        let folder = TempDir::new().unwrap();
        let journal = Journal::new();
        let mut expected = fill(&journal, 0);
        expected.sort();
        let lake = open(failing(options(&folder), step, 1)).await;
        drain(&lake, &journal).await;
        assert_eq!(everything(&lake).await, expected, "{step:?}");
        assert_eq!(lake.status().error, None);
        let lake = open(options(&folder)).await;
        assert_eq!(everything(&lake).await, expected, "opened again after {step:?}");
    }
}
