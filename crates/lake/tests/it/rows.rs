//! Events in, rows out: what a query sees of them before and after the commit.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use datafusion::prelude::{col, lit};
use lake::{Intake, Lake};
use tempfile::TempDir;

use crate::support::{
    DOORS, FlatMapper, Journal, KEYS, WIDER_DOORS, ask, batches, clock, drain, now, open, options,
};

const COLUMNS: [&str; 8] =
    ["TimeGenerated", "door", "opened", "count", "weight", "seen", "more", "AdditionalFields"];

#[tokio::test(flavor = "multi_thread")]
async fn an_event_becomes_a_row_with_its_columns() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    journal.append(
        "doors",
        &[
            r#"{"id":"e1","at":"2026-03-04T23:59:59.999999Z","door":"north","opened":true,"count":7,"weight":1.5,"seen":"2026-01-01T00:00:00Z","more":{"a":[1]}}"#,
            r#"{"id":"e2","door":5,"lock \"x\"":[1,{"b":null}],"z":1}"#,
        ],
    );
    let lake = open(options(&folder)).await;
    let expected = [
        "2026-03-04T23:59:59.999999Z|north|true|7|1.5|2026-01-01T00:00:00Z|{\"a\":[1]}|",
        "2026-03-05T12:00:00Z||||||||{\"door\":5,\"lock \\\"x\\\"\":[1,{\"b\":null}],\"z\":1}",
    ]
    .map(|row| row.replace("||||||||", "|||||||"));
    lake.load_tail(journal.id(), &journal.all()).await.unwrap();
    assert_eq!(ask(&lake, "Doors_CL", &COLUMNS, None).await, expected, "in memory");

    let lake = open(options(&folder)).await;
    drain(&lake, &journal).await;
    assert_eq!(ask(&lake, "Doors_CL", &COLUMNS, None).await, expected, "committed");
    let common = [
        "_Provider",
        "_Tenant",
        "_Source",
        "_EventId",
        "_TimeReceived",
        "_IngestionTime",
        "_Node",
        "_Offset",
        "Type",
    ];
    assert_eq!(
        ask(&lake, "Doors_CL", &common, None).await,
        [
            "doors|acme|poll|e1|2026-03-05T12:00:00Z|2026-03-05T12:00:00Z|node-1/0000000000aa|0|Doors_CL",
            "doors|acme|poll|e2|2026-03-05T12:00:00Z|2026-03-05T12:00:00Z|node-1/0000000000aa|1|Doors_CL",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_seen_long_before_they_are_committed() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    let mut patient = options(&folder);
    patient.flush_age = std::time::Duration::from_secs(3600);
    let lake = open(patient).await;
    lake.ensure_table(&DOORS).await.unwrap();
    let cancel = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(lake.clone().run(Arc::new(journal.clone()), cancel.clone()));
    for n in 0..100 {
        journal.append("doors", &[format!(r#"{{"id":"{n}"}}"#)]);
        tokio::task::yield_now().await;
    }
    while lake.status().tables[0].tail_rows < 100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await.len(), 100);
    assert_eq!(lake.status().tables[0].rows, 0);
    cancel.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await.len(), 100);
    assert_eq!(lake.status().tables[0].rows, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_events_come_back_byte_for_byte() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    let texts: Vec<String> = [
        r#"{"id":"1","s":"\u00e9\/\n\ud83d\ude00 \\ \" "}"#,
        "{ \"id\" : \"2\",\t\"n\": 1.0e+2 , \"n\": 100,\r\n \"big\": 123456789012345678901234567890 }",
        "{\"id\":\"3\",\"s\":\"日本語 🚪 e\u{301}\u{0}\"}",
        "{}",
    ]
    .map(str::to_owned)
    .to_vec();
    journal.append("doors", &texts);
    let lake = open(options(&folder)).await;
    drain(&lake, &journal).await;
    let found = batches(&lake, "Doors_CL", &["RawEvent"], None).await;
    let mut found: Vec<String> = found
        .iter()
        .flat_map(|batch| {
            let column = batch.column(0).as_string_view();
            (0..column.len()).map(|row| column.value(row).to_owned()).collect::<Vec<_>>()
        })
        .collect();
    found.sort();
    let mut expected = texts;
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_row_goes_to_the_dead_letters_and_its_neighbours_do_not() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    journal.append("doors", &[b"{\"id\":\"a\"}".to_vec(), b"{\"id\":\"\xff\"}".to_vec()]);
    journal.append("windows", &["{}"]);
    journal.append("doors", &["{\"id\":\"b\"}"]);
    let lake = open(options(&folder)).await;
    drain(&lake, &journal).await;
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId", "_Offset"], None).await, ["a|0", "b|3"]);
    let dead = journal.dead.lock().unwrap().clone();
    assert_eq!(dead.keys().copied().collect::<Vec<_>>(), [1, 2]);
    assert!(dead[&1].starts_with("not UTF-8 text"), "{}", dead[&1]);
    assert_eq!(dead[&2], "no table for events of `windows`");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_can_be_asked_before_its_first_event() {
    let folder = TempDir::new().unwrap();
    let lake = open(options(&folder)).await;
    assert!(lake.table_provider("Doors_CL").is_none());
    lake.ensure_table(&DOORS).await.unwrap();
    lake.ensure_table(&KEYS).await.unwrap();
    assert_eq!(lake.table_names(), ["Doors_CL", "Keys_CL"]);
    assert_eq!(ask(&lake, "Doors_CL", &["door", "Type"], None).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_version_of_the_program_widens_the_table() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    journal.append("doors", &[r#"{"id":"old","door":"north","count":3}"#]);
    drain(&open(options(&folder)).await, &journal).await;

    journal.append("doors", &[r#"{"id":"new","door":"south","count":"three","colour":"red"}"#]);
    let mapper = Arc::new(FlatMapper(&WIDER_DOORS));
    let lake = Lake::open(options(&folder), mapper, clock()).await.unwrap();
    drain(&lake, &journal).await;
    // `count` is a number in this table for good: what is none goes to AdditionalFields.
    let columns = ["_EventId", "door", "count", "colour", "AdditionalFields"];
    assert_eq!(
        ask(&lake, "Doors_CL", &columns, None).await,
        [r#"new|south||red|{"count":"three"}"#, "old|north|3||"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_give_the_same_rows_in_memory_and_committed() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::new();
    let event = |day: u32, hour: u32| {
        format!(
            r#"{{"id":"{day}-{hour}","at":"2026-02-{day:02}T{hour:02}:00:00Z","count":{hour}}}"#
        )
    };
    let texts: Vec<String> = (1..=20).flat_map(|d| (0..24).map(move |h| event(d, h))).collect();
    journal.append("doors", &texts);
    let lake = open(options(&folder)).await;
    drain(&lake, &journal).await;
    let memory = TempDir::new().unwrap();
    let in_memory = open(options(&memory)).await;
    in_memory.load_tail(journal.id(), &journal.all()).await.unwrap();
    let time = |text: &str| {
        let time: model::Timestamp = text.parse().unwrap();
        lit(datafusion::common::ScalarValue::TimestampMicrosecond(
            Some(time.as_microsecond()),
            Some("UTC".into()),
        ))
    };
    let generated = || col("\"TimeGenerated\"");
    for (filter, rows) in [
        (generated().gt_eq(time("2026-02-20T20:00:00Z")), 4),
        (generated().lt(time("2026-02-02T00:00:00Z")), 24),
        (generated().between(time("2026-02-03T23:00:00Z"), time("2026-02-04T01:00:00Z")), 3),
        (col("count").eq(lit(5_i64)), 20),
        (col("\"_Offset\"").gt_eq(lit(479_i64)), 1),
        (col("\"Type\"").eq(lit("Doors_CL")), 480),
        (col("\"Type\"").eq(lit("Keys_CL")), 0),
    ] {
        let committed = ask(&lake, "Doors_CL", &["_EventId"], Some(filter.clone())).await;
        assert_eq!(committed.len(), rows, "{filter}");
        let in_memory = ask(&in_memory, "Doors_CL", &["_EventId"], Some(filter.clone())).await;
        assert_eq!(committed, in_memory, "{filter}");
    }
    assert_eq!(now().to_string(), "2026-03-05T12:00:00Z");
}
