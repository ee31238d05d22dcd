//! A query opens the files that its filter leaves, and no others.

use datafusion::logical_expr::Expr;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionContext, col, lit};
use datafusion::scalar::ScalarValue;
use model::Timestamp;
use tempfile::TempDir;

use crate::support::{Journal, drain, open, options};

fn time(text: &str) -> Expr {
    let time: Timestamp = text.parse().unwrap();
    lit(ScalarValue::TimestampMicrosecond(Some(time.as_microsecond()), Some("UTC".into())))
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_ruled_out_by_time_and_offset() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    for (n, at) in [
        "2026-02-01T00:00:00Z",
        "2026-02-02T06:00:00Z",
        "2026-02-02T18:00:00Z",
        "2026-02-03T23:59:59.999999Z",
    ]
    .iter()
    .enumerate()
    {
        journal.append("doors", &[format!(r#"{{"id":"{n}","at":"{at}","door":"d{n}"}}"#)]);
        drain(&open(options(&folder)).await, &journal).await;
    }
    let lake = open(options(&folder)).await;
    let generated = || col("\"TimeGenerated\"");
    let offset = || col("\"_Offset\"");
    for (filter, files) in [
        (generated().gt_eq(time("2026-02-03T00:00:00Z")), 1),
        (generated().gt(time("2026-02-03T23:59:59.999999Z")), 0),
        (generated().gt_eq(time("2026-02-03T23:59:59.999999Z")), 1),
        (generated().lt(time("2026-02-02T12:00:00Z")), 2),
        (generated().between(time("2026-02-02T00:00:00Z"), time("2026-02-03T00:00:00Z")), 2),
        (offset().gt(lit(1_i64)), 2),
        (offset().gt(lit(1_i64)).and(generated().lt(time("2026-02-03T00:00:00Z"))), 1),
        (col("door").eq(lit("d1")), 4),
    ] {
        let context = SessionContext::new();
        let frame = context.read_table(lake.table_provider("Doors_CL").unwrap()).unwrap();
        let plan = frame.filter(filter.clone()).unwrap().create_physical_plan().await.unwrap();
        let shown = displayable(plan.as_ref()).indent(true).to_string();
        assert_eq!(shown.matches(".parquet").count(), files, "{filter}\n{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_projections_reach_the_parquet_reader() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    journal.append("doors", &[r#"{"id":"1","door":"north"}"#]);
    let lake = open(options(&folder)).await;
    drain(&lake, &journal).await;
    let context = SessionContext::new();
    let frame = context.read_table(lake.table_provider("Doors_CL").unwrap()).unwrap();
    let frame = frame.filter(col("door").eq(lit("north"))).unwrap();
    let frame = frame.select(vec![col("\"RawEvent\"")]).unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let shown = displayable(plan.as_ref()).indent(true).to_string();
    assert!(shown.contains("projection=[RawEvent]"), "{shown}");
    assert!(shown.contains("predicate=door"), "{shown}");
    assert!(!shown.contains("FilterExec"), "{shown}");
}
