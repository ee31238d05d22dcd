//! Several nodes write the same tables, each from its own journal.

use std::sync::Arc;

use lake::{Lake, LakeOptions};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{DOORS, FlatMapper, Journal, WIDER_DOORS, ask, clock, drain, open, options};

fn node(folder: &TempDir, name: &str) -> LakeOptions {
    let mut options = options(folder);
    options.node = name.to_owned();
    options
}

fn events(node: &str, round: usize) -> Vec<String> {
    (0..5).map(|n| format!(r#"{{"id":"{node}-{round:02}-{n}"}}"#)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_commit_at_once_and_each_sees_everything() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (Journal::new(), Journal::new());
    let first = open(node(&folder, "one")).await;
    let second = open(node(&folder, "two")).await;
    let cancel = CancellationToken::new();
    let running = [(&first, &one), (&second, &two)].map(|(lake, journal)| {
        tokio::spawn(lake.clone().run(Arc::new(journal.clone()), cancel.clone()))
    });
    for round in 0..10 {
        one.append("doors", &events("one", round));
        two.append("doors", &events("two", round));
        tokio::join!(one.settled(), two.settled());
    }
    cancel.cancel();
    for task in running {
        task.await.unwrap().unwrap();
    }
    let mut expected: Vec<String> = ["one", "two"]
        .into_iter()
        .flat_map(|node| (0..10).map(move |round| (node, round)))
        .flat_map(|(node, round)| (0..5).map(move |n| format!("{node}-{round:02}-{n}")))
        .collect();
    expected.sort();
    for lake in [&first, &second, &open(node(&folder, "three")).await] {
        assert_eq!(ask(lake, "Doors_CL", &["_EventId"], None).await, expected);
    }
    // Both compact the same day at once: at most one commit of each pair stands.
    let (a, b) = tokio::join!(first.maintain_once(), second.maintain_once());
    assert!(a.unwrap().files_merged + b.unwrap().files_merged > 0);
    for lake in [&first, &second] {
        assert_eq!(ask(lake, "Doors_CL", &["_EventId"], None).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_an_older_program_goes_on_after_the_table_was_widened() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (Journal::new(), Journal::new());
    let old = open(node(&folder, "one")).await;
    one.append("doors", &events("one", 0));
    drain(&old, &one).await;
    let mapper = Arc::new(FlatMapper(&WIDER_DOORS));
    let new = Lake::open(node(&folder, "two"), mapper, clock()).await.unwrap();
    two.append("doors", &[r#"{"id":"new","colour":"red"}"#]);
    drain(&new, &two).await;
    one.append("doors", &[r#"{"id":"old","colour":"blue"}"#]);
    drain(&old, &one).await;
    let columns = ["_EventId", "colour", "AdditionalFields"];
    for lake in [&old, &new] {
        let rows = ask(lake, "Doors_CL", &columns, None).await;
        assert_eq!(rows[..1], ["new|red|"]);
        assert_eq!(rows[1..2], [r#"old||{"colour":"blue"}"#]);
        assert_eq!(rows.len(), 7);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_went_back_in_time_is_refused() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    journal.append("doors", &events("one", 0));
    drain(&open(options(&folder)).await, &journal).await;
    let restored = Journal::new();
    let lake = Lake::open(options(&folder), Arc::new(FlatMapper(&DOORS)), clock()).await.unwrap();
    let outcome = lake.run(Arc::new(restored), CancellationToken::new()).await;
    let error = outcome.expect_err("the lake knows more than the journal");
    assert!(error.to_string().ends_with("up to offset 5, but the journal ends at 0"), "{error}");
    assert!(error.hint().contains("another name"));
}
