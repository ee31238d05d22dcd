//! Limits, partial results, cancellation, and what reaches storage. Deliberately absent: answers (`cases`).

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use kql::plan::Field;
use kql::types::Type;
use model::{QueryEngine, QueryErrorKind, QueryLimits, QueryRequest};
use serde_json::json;

use crate::support::{Memory, ask_within, engine};

fn limits() -> QueryLimits {
    QueryLimits::default()
}

#[tokio::test]
async fn rows_over_the_limit_are_an_error_after_the_rows_below_it() {
    let engine = engine(Memory::default());
    let request = QueryRequest {
        text: "range x from 1 to 100 step 1".to_owned(),
        timespan: None,
        limits: QueryLimits { rows_max: 10, ..limits() },
    };
    let mut output = engine.query(request).await.expect("it starts");
    let batches: Vec<_> = output.tables.remove(0).batches.collect().await;
    let rows: usize = batches.iter().filter_map(|batch| batch.as_ref().ok()).map(|b| b.rows).sum();
    assert_eq!(rows, 10);
    let error = batches.last().expect("something").as_ref().expect_err("a limit");
    assert_eq!(error.kind, QueryErrorKind::Limit);
    assert_eq!(error.code, "E_QUERY_RESULT_SET_TOO_LARGE");
    assert!(error.message.contains("record count limit 10"), "{}", error.message);
}

#[tokio::test]
async fn bytes_over_the_limit_are_an_error() {
    let engine = engine(Memory::default());
    let within = QueryLimits { result_bytes_max: 1000, ..limits() };
    let answer = ask_within(&engine, "range x from 1 to 10000 step 1", within).await;
    let error = answer.err().expect("a limit");
    assert!(error.message.contains("data size limit 1000"), "{}", error.message);
}

#[tokio::test]
async fn time_over_the_limit_is_an_error() {
    let engine = engine(Memory::default());
    let within = QueryLimits { time_max: Duration::ZERO, ..limits() };
    let text = "range x from 1 to 1000000 step 1 | summarize sum(x)";
    let error = ask_within(&engine, text, within).await.err().expect("a limit");
    assert_eq!(error.kind, QueryErrorKind::Limit);
    assert!(error.message.contains("execution timeout"), "{}", error.message);
}

#[tokio::test]
async fn memory_over_the_limit_is_an_error_that_names_it() {
    let engine = engine(Memory::default());
    let within = QueryLimits { memory_bytes_max: 100_000, ..limits() };
    let text = "range x from 1 to 1000000 step 1 | summarize make_list(x)";
    let error = ask_within(&engine, text, within).await.err().expect("a limit");
    assert_eq!(error.kind, QueryErrorKind::Limit, "{}", error.message);
    assert!(error.message.contains("100000 bytes"), "{}", error.message);
}

#[tokio::test]
async fn an_error_in_the_text_has_code_place_and_hint() {
    let engine = engine(signins());
    let text = "Signins | where Usr == 'ann'";
    let error = ask_within(&engine, text, limits()).await.err().expect("a mistake");
    assert_eq!((error.kind, error.code.as_str()), (QueryErrorKind::Semantic, "SEM0100"));
    let (from, until) = error.span.expect("a place");
    assert_eq!(&text[from..until], "Usr");
    assert!(error.hint.contains("User"), "{}", error.hint);
}

fn signins() -> Memory {
    let mut tables = Memory::default();
    let fields =
        [("TimeGenerated", Type::DateTime), ("User", Type::String), ("RawEvent", Type::Dynamic)]
            .map(|(name, ty)| Field { name: name.into(), ty })
            .to_vec();
    let rows: Vec<_> = (0..10)
        .map(|hour| json!([format!("2024-05-15T{hour:02}:00:00Z"), "ann", { "n": hour }]))
        .collect();
    tables.add("Signins", fields, &rows);
    tables
}

async fn plan(text: &str) -> String {
    let request = QueryRequest { text: text.to_owned(), timespan: None, limits: limits() };
    engine(signins()).explain(&request).await.expect("a plan").logical
}

#[tokio::test]
async fn a_time_filter_reaches_the_stored_column_in_its_own_unit() {
    let plan =
        plan("Signins | extend day = startofday(TimeGenerated) | where TimeGenerated > ago(1h)")
            .await;
    assert!(plan.contains("TimeGenerated > TimestampMicrosecond(1715770800000000"), "{plan}");
}

#[tokio::test]
async fn a_limit_reaches_the_scan_below_derived_columns() {
    let plan = plan("Signins | extend n = tolong(RawEvent.n) * 2 | take 3 | project n").await;
    assert!(plan.contains("fetch=3"), "{plan}");
    let derived = plan.find("dynamic_path").expect("derived");
    let limited = plan.find("fetch=3").expect("limited");
    assert!(derived < limited, "nothing is derived for rows that the limit drops:\n{plan}");
}

#[tokio::test]
async fn only_columns_that_are_asked_for_are_read() {
    let plan = plan("Signins | summarize count() by User").await;
    assert!(plan.contains("projection=[User]"), "{plan}");
}

#[tokio::test]
async fn a_timespan_restricts_every_table() {
    let engine = engine(signins());
    let from = 1_715_731_200_000_000 + 8 * 3_600_000_000;
    let request = QueryRequest {
        text: "Signins | count".to_owned(),
        timespan: Some((from, from + 3_600_000_000)),
        limits: limits(),
    };
    let mut output = engine.query(request).await.expect("it starts");
    let batches: Vec<_> = output.tables.remove(0).batches.try_collect().await.expect("rows");
    assert_eq!(format!("{:?}", batches[0].columns[0]), "Long([Some(1)])");
}

#[tokio::test]
async fn a_search_in_a_graph_ends_with_its_time() {
    let engine = engine(Memory::default());
    let within = QueryLimits { time_max: Duration::from_millis(500), ..limits() };
    // Every node leads to every other: there are more paths than anybody can wait for, and none fulfils the condition.
    let text = "range a from 1 to 40 step 1 | extend k = 1 | join kind=inner (range b from 1 to 40 step 1 | extend k = 1) on k \
                | make-graph a --> b with_node_id=id \
                | graph-match cycles=all (x)-[e*9..20]->(y) where x.id + y.id == -1 project x.id";
    let error = ask_within(&engine, text, within).await.err().expect("a limit");
    assert_eq!(error.kind, QueryErrorKind::Limit);
    assert!(error.message.contains("execution timeout"), "{}", error.message);
    // The runtime of this test waits for its threads: the test ends only if the search does.
}

#[tokio::test]
async fn a_search_in_a_graph_ends_with_the_rows_that_are_wanted() {
    let engine = engine(Memory::default());
    let text = "range a from 1 to 40 step 1 | extend k = 1 | join kind=inner (range b from 1 to 40 step 1 | extend k = 1) on k \
                | make-graph a --> b with_node_id=id \
                | graph-match cycles=all (x)-[e*9..20]->(y) project x.id | take 3";
    let answer = ask_within(&engine, text, limits()).await.expect("rows");
    assert_eq!(answer.rows.len(), 3);
}
