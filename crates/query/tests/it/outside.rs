//! What queries read besides tables: files from allowed hosts, and watchlists. Deliberately absent: HTTP.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use query::{Engine, EngineOptions, ExternalFiles, Fetch, Watchlist, Watchlists};
use serde_json::{Value, json};

use crate::support;

/// Files by the end of their address.
struct Files;

impl Fetch for Files {
    fn fetch(&self, url: url::Url, bytes_max: usize) -> BoxFuture<'_, Result<Vec<u8>, String>> {
        let content = match url.path() {
            "/doors.csv" => "door,floor,open\nnorth,2,true\n\"so,uth\",x,\n",
            "/doors.txt" => "north\nsouth\n",
            "/lines.data" => "{\"door\":\"north\",\"facts\":{\"n\":1}}\n\n{\"door\":5}\n",
            "/all.json" => {
                "[{\"door\":\"north\",\"in\":{\"floor\":2}},{\"facts\":[1]}] {\"door\":\"x\"}"
            }
            "/slow" => return std::future::pending().boxed(),
            _ => return async { Err("not found".to_owned()) }.boxed(),
        };
        assert!(content.len() <= bytes_max, "the limit is handed on");
        async { Ok(content.as_bytes().to_vec()) }.boxed()
    }
}

fn engine() -> Engine {
    let list = "Address,Why\n10.0.0.1,\"scans, often\"\n10.0.0.2,\n";
    let list = Watchlist::from_csv(list, "Address", support::now()).expect("a list");
    let mut watchlists = Watchlists::default();
    watchlists.insert("Blocked", list);
    let options = EngineOptions {
        target_partitions: 2,
        external: ExternalFiles {
            hosts: vec!["files.example".to_owned()],
            time_max: Duration::from_millis(50),
            fetch: Some(Arc::new(Files)),
            ..ExternalFiles::default()
        },
        watchlists,
        ..EngineOptions::default()
    };
    support::engine_with(support::Memory::default(), options)
}

async fn check(text: &str, columns: &str, rows: Value) {
    let answer = support::ask(&engine(), text).await.expect(text);
    let names: Vec<String> =
        answer.columns.iter().map(|(name, kind)| format!("{name}:{}", kind.name())).collect();
    assert_eq!(names.join(" "), columns, "{text}");
    assert_eq!(Value::Array(answer.rows), rows, "{text}");
}

async fn refused(engine: &Engine, text: &str) -> (String, String) {
    let error = support::ask(engine, text).await.err().expect("an error");
    (error.message, error.hint)
}

#[tokio::test]
async fn files_become_rows_by_their_format() {
    let from = |path: &str, with: &str| {
        format!(
            "externaldata(door:string, floor:long, open:bool)[h@'https://files.example{path}'] {with}"
        )
    };
    check(
        &from("/doors.csv", "with (ignoreFirstRecord=true)"),
        "door:string floor:long open:bool",
        json!([["north", 2, true], ["so,uth", null, null]]),
    )
    .await;
    check(
        &from("/doors.txt", "| summarize make_list(door), n = dcount(floor)"),
        "list_door:dynamic n:long",
        json!([[["north", "south"], 0]]),
    )
    .await;
    check(
        "externaldata(door:string, facts:dynamic)['https://files.example/lines.data'] with (format='json')",
        "door:string facts:dynamic",
        json!([["north", {"n": 1}], ["5", null]]),
    )
    .await;
    check(
        "externaldata(door:string, facts:dynamic)['https://files.example/all.json'] | extend n = array_length(facts)",
        "door:string facts:dynamic n:long",
        json!([["north", null, null], ["", [1], 1], ["x", null, null]]),
    )
    .await;
    check(
        r#"externaldata(floor:int, door:string)['https://files.example/all.json']
           with (format='multijson', ingestionMapping='[{"Column":"floor","Properties":{"Path":"$.in.floor"}}]')"#,
        "floor:int door:string",
        json!([[2, "north"], [null, ""], [null, "x"]]),
    )
    .await;
    check(
        "externaldata(all:string)['https://files.example/doors.txt', 'https://files.example/doors.txt'] with (format='raw')",
        "all:string",
        json!([["north\nsouth\n"], ["north\nsouth\n"]]),
    )
    .await;
    check(
        "let F = externaldata(d:string)['https://files.example/doors.txt']; F | join kind=inner F on d | count",
        "Count:long",
        json!([[2]]),
    )
    .await;
}

#[tokio::test]
async fn what_may_not_be_read_says_what_to_do() {
    let engine = engine();
    let (message, hint) =
        refused(&engine, "externaldata(a:string)['https://other.example/x?sig=s3cret']").await;
    assert_eq!(message, "'externaldata' operator: the host 'other.example' is not allowed");
    assert!(hint.contains("external_hosts"), "{hint}");
    for (text, expected) in [
        (
            "externaldata(a:string)['https://files.example/none']",
            "a file at 'files.example': not found",
        ),
        ("externaldata(a:string)['https://files.example/slow']", "longer than"),
        (
            "externaldata(a:string)['https://files.example/doors.txt'] with (format='parquet')",
            "'parquet' is not read",
        ),
        (
            "externaldata(a:string)['https://files.example/doors.txt'] with (format='multijson')",
            "not JSON",
        ),
    ] {
        let (message, _) = refused(&engine, text).await;
        assert!(message.contains(expected), "{text}: {message}");
    }
    let default = support::engine(support::Memory::default());
    let (message, _) =
        refused(&default, "externaldata(a:string)['https://files.example/doors.txt']").await;
    assert!(message.contains("is not allowed"), "{message}");
}

#[tokio::test]
async fn watchlists_are_tables_with_a_key() {
    check(
        "_GetWatchlist('Blocked') | project SearchKey, Why, WatchlistItem, _DTItemId",
        "SearchKey:string Why:string WatchlistItem:dynamic _DTItemId:string",
        json!([
            ["10.0.0.1", "scans, often", {"Address": "10.0.0.1", "Why": "scans, often"}, "1"],
            ["10.0.0.2", "", {"Address": "10.0.0.2", "Why": ""}, "2"]
        ]),
    )
    .await;
    check(
        "_GetWatchlist('Blocked', dynamic(['10.0.0.2'])) | project Address",
        "Address:string",
        json!([["10.0.0.2"]]),
    )
    .await;
    check(
        "let Bad = _GetWatchlist('Blocked') | project SearchKey; print a = '10.0.0.1' | where a in (Bad)",
        "a:string",
        json!([["10.0.0.1"]]),
    )
    .await;
    let (message, hint) = refused(&engine(), "_GetWatchlist('blocked')").await;
    assert_eq!(message, "The watchlist 'blocked' was not found.");
    assert_eq!(hint, "did you mean 'Blocked'?");
    let default = support::engine(support::Memory::default());
    let (message, _) = refused(&default, "_GetWatchlist('Blocked')").await;
    assert!(message.contains("No watchlist was uploaded"), "{message}");
}

#[test]
fn a_list_needs_its_key() {
    for (text, key) in
        [("", "a"), ("a,b\n1,2", "c"), ("a,a\n1,2", "a"), ("SearchKey\n1", "SearchKey")]
    {
        assert!(Watchlist::from_csv(text, key, support::now()).is_err(), "{text}");
    }
}
