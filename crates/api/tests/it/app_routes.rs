//! The routes that the browser app is made for.

use axum::body::Body;
use futures::StreamExt as _;
use http::Request;
use model::{ColumnType, ColumnValues, QueryErrorKind, Role, RowBatch};
use serde_json::{Value, json};

use super::fakes::{Script, get, post_json, query_error, stage};

/// Each of them, with the role that it asks for.
pub(crate) fn guarded() -> Vec<(Role, Request<Body>)> {
    let place = json!({"query": "Auth0Logs_CL | ", "position": 15}).to_string();
    let text = json!({"query": "Auth0Logs_CL|take 1"}).to_string();
    let query = r#"{"name":"n","text":"T"}"#;
    let document = r#"{"title":"t","tiles":[]}"#;
    let with = |method: &str, path: &str, body: &'static str| {
        let head = Request::builder().method(method).uri(path);
        head.header("content-type", "application/json").body(Body::from(body)).unwrap()
    };
    vec![
        (Role::Viewer, post_json("/api/v1/kql/words", r#"{"text":"type:f"}"#)),
        (Role::Viewer, get("/api/v1/queries")),
        (Role::Analyst, post_json("/api/v1/queries", query)),
        (Role::Analyst, with("PUT", "/api/v1/queries/1", query)),
        (Role::Analyst, with("DELETE", "/api/v1/queries/1", "")),
        (Role::Viewer, get("/api/v1/dashboards")),
        (Role::Viewer, get("/api/v1/dashboards/1")),
        (Role::Analyst, post_json("/api/v1/dashboards", document)),
        (Role::Analyst, with("PUT", "/api/v1/dashboards/1", document)),
        (Role::Analyst, with("DELETE", "/api/v1/dashboards/1", "")),
        (Role::Viewer, post_json("/api/v1/dashboards/import", document)),
        (Role::Viewer, post_json("/api/v1/kql/check", text.clone())),
        (Role::Viewer, post_json("/api/v1/kql/complete", place.clone())),
        (Role::Viewer, post_json("/api/v1/kql/hover", place.clone())),
        (Role::Viewer, post_json("/api/v1/kql/signature", place)),
        (Role::Viewer, post_json("/api/v1/kql/format", text)),
        (Role::Viewer, get("/api/v1/schema")),
    ]
}

async fn asked(path: &str, body: Value) -> Value {
    let answered = stage().send(post_json(path, body.to_string())).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    serde_json::from_str(&answered.text).unwrap()
}

#[tokio::test]
async fn a_check_counts_as_browsers_count() {
    let query = "print '😀'; Auth0Logs_CL | where Nme == 'é'";
    let checked = asked("/api/v1/kql/check", json!({ "query": query })).await;
    let units: Vec<u16> = query.encode_utf16().collect();
    let cut = |shown: &Value| {
        let at = |name: &str| usize::try_from(shown[name].as_u64().unwrap()).unwrap();
        String::from_utf16(&units[at("start")..at("end")]).unwrap()
    };
    let finding = &checked["diagnostics"][0];
    assert_eq!((cut(finding).as_str(), finding["severity"].as_str().unwrap()), ("Nme", "error"));
    assert_eq!(finding["code"], "SEM0100");
    assert_eq!(checked["columns"], Value::Null);
    let statements = checked["statements"].as_array().unwrap();
    assert_eq!(
        statements.iter().map(cut).collect::<Vec<_>>()[1],
        "Auth0Logs_CL | where Nme == 'é'"
    );
    let tokens = checked["tokens"].as_array().unwrap().iter();
    let table = tokens.clone().find(|token| token["kind"] == "table").unwrap();
    assert_eq!(cut(table), "Auth0Logs_CL");
    assert!(tokens.clone().any(|token| token["kind"] == "string" && cut(token) == "'é'"));

    let checked = asked("/api/v1/kql/check", json!({"query": "Auth0Logs_CL"})).await;
    assert_eq!(checked["columns"][0], json!({"name": "Name", "type": "string"}));
}

#[tokio::test]
async fn an_editor_is_told_what_may_stand_at_a_place() {
    let query = "print '😀'; Auth0Logs_CL | where Na";
    let position = query.encode_utf16().count();
    let found = asked("/api/v1/kql/complete", json!({"query": query, "position": position})).await;
    assert_eq!((&found["from"], &found["to"]), (&json!(position - 2), &json!(position)));
    assert_eq!(found["items"][0]["label"], "Name");
    assert_eq!(found["items"][0]["kind"], "column");
    for position in [0, 9, 1_000_000] {
        asked("/api/v1/kql/complete", json!({"query": "😀", "position": position})).await;
    }
    let body = json!({"query": "Auth0Logs_CL | take 1", "position": 3});
    let told = asked("/api/v1/kql/hover", body).await;
    assert_eq!((&told["title"], &told["end"]), (&json!("Auth0Logs_CL"), &json!(12)));
    let nothing = asked("/api/v1/kql/hover", json!({"query": "", "position": 0})).await;
    assert_eq!(nothing, Value::Null);
    let body = json!({"query": "Names(", "position": 6});
    let told = asked("/api/v1/kql/signature", body).await;
    assert_eq!(told["signatures"][0]["label"], "Names(since:timespan=1h)");
    let parameter = json!({"start": 6, "end": 23, "text": "since:timespan=1h"});
    assert_eq!(told["signatures"][0]["parameters"][0], parameter);
    let body = json!({"query": "Auth0Logs_CL|take 1"});
    let laid_out = asked("/api/v1/kql/format", body).await;
    assert_eq!(laid_out["query"], "Auth0Logs_CL | take 1\n");
    let answered = stage().send(post_json("/api/v1/kql/format", r#"{"query":"T | | "}"#)).await;
    assert_eq!(answered.status, 400);
}

#[tokio::test]
async fn words_become_a_query_over_the_first_table_of_events() {
    let made = asked("/api/v1/kql/words", json!({"text": "name:jane* wrong"})).await;
    let query = "Auth0Logs_CL\n| where Name startswith \"jane\" and RawEvent has \"wrong\"";
    assert_eq!(made, json!({"query": query, "form": "lucene", "notes": []}));
    let made = asked("/api/v1/kql/words", json!({"text": "jane", "table": "Other_CL"})).await;
    assert_eq!(made["query"], "Other_CL\n| where RawEvent has \"jane\"");
}

#[tokio::test]
async fn the_schema_has_tables_functions_and_their_columns() {
    let answered = stage().send(get("/api/v1/schema")).await;
    let schema: Value = serde_json::from_str(&answered.text).unwrap();
    let tables = schema["tables"].as_array().unwrap();
    let kinds: Vec<(&str, &str)> = tables
        .iter()
        .map(|table| (table["name"].as_str().unwrap(), table["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(kinds, [("Auth0Logs_CL", "table"), ("Names", "function")]);
    assert_eq!(tables[1]["columns"], json!([{"name": "Name", "type": "string"}]));
    assert_eq!(schema["functions"], json!([{"name": "Names", "about": "All names."}]));
}

#[tokio::test]
async fn a_dashboard_is_changed_only_by_whoever_has_seen_it() {
    let stage = stage();
    let answered = stage.send(get("/api/v1/dashboards/1")).await;
    assert_eq!(answered.header("etag"), "\"7\"");
    for (tag, status, code) in [
        (Some("\"7\""), 200, ""),
        (Some("*"), 200, ""),
        (None, 200, ""),
        (Some("\"6\""), 412, "stale"),
        (Some("W/x"), 400, "invalid"),
    ] {
        let mut head =
            Request::put("/api/v1/dashboards/1").header("content-type", "application/json");
        if let Some(tag) = tag {
            head = head.header("if-match", tag);
        }
        let body = Body::from(r#"{"title":"t","tiles":[]}"#);
        let answered = stage.send(head.body(body).unwrap()).await;
        assert_eq!(answered.status, status, "{tag:?}");
        if !code.is_empty() {
            assert_eq!(answered.code(), code);
        }
    }
    for document in ["{}", r#"{"title":" ","tiles":[]}"#, r#"{"title":"t","tiles":[],"x":1}"#, "[]"]
    {
        let answered = stage.send(post_json("/api/v1/dashboards", document)).await;
        assert_eq!(answered.status, 400, "{document}");
    }
    let draft = r#"{"name":"n","text":"T","timespan":"lately"}"#;
    assert_eq!(stage.send(post_json("/api/v1/queries", draft)).await.code(), "invalid");
}

#[tokio::test]
async fn frames_tell_of_columns_at_once_of_rows_and_of_the_end() {
    let stage = stage();
    let rows = |names: [&str; 2]| {
        let columns = vec![ColumnValues::String(names.map(str::to_owned).to_vec())];
        Ok(RowBatch { columns, rows: 2 })
    };
    let error = query_error(QueryErrorKind::Limit);
    let batches = futures::stream::iter([rows(["a", "b"]), rows(["c", "d"]), Err(error)]);
    let columns = vec![("Name", ColumnType::String)];
    stage.engine.gives(vec![Script { columns, render: None, batches: batches.boxed() }]);
    let mut request = post_json("/api/v1/query", r#"{"query":"T"}"#);
    let accept = "application/vnd.doorledger.frames".parse().unwrap();
    request.headers_mut().insert("accept", accept);
    let answered = stage.send(request).await;
    assert_eq!(answered.header("content-type"), "application/vnd.doorledger.frames");
    let frames: Vec<Value> =
        answered.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let columns = json!([{"name": "Name", "type": "string"}]);
    let begin =
        json!({"frame": "table", "name": "PrimaryResult", "columns": columns, "render": null});
    assert_eq!(frames[0], begin);
    let rows: Vec<&Value> = frames
        .iter()
        .filter(|frame| frame["frame"] == "rows")
        .flat_map(|frame| frame["rows"].as_array().unwrap())
        .collect();
    assert_eq!(json!(rows), json!([["a"], ["b"], ["c"], ["d"]]));
    let end = frames.last().unwrap();
    assert_eq!((&end["frame"], &end["rows"]), (&json!("end"), &json!(4)));
    assert_eq!(end["error"]["kind"], "limit");

    stage.engine.refuses(query_error(QueryErrorKind::Semantic));
    let mut request = post_json("/api/v1/query", r#"{"query":"T"}"#);
    request.headers_mut().insert("accept", "application/vnd.doorledger.frames".parse().unwrap());
    assert_eq!(stage.send(request).await.status, 400, "a query that is no query is a problem");
}

#[tokio::test(start_paused = true)]
async fn a_query_without_rows_tells_how_far_it_is() {
    let stage = stage();
    let columns = vec![("Name", ColumnType::String)];
    let batches = futures::stream::pending().boxed();
    stage.engine.gives(vec![Script { columns, render: None, batches }]);
    let mut request = post_json("/api/v1/query", r#"{"query":"T"}"#);
    request.headers_mut().insert("accept", "application/vnd.doorledger.frames".parse().unwrap());
    let answered = stage.send(request).await;
    let frames: Vec<Value> =
        answered.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(frames.iter().filter(|frame| frame["frame"] == "progress").count() > 100);
    assert_eq!(frames.last().unwrap()["error"]["code"], "E_QUERY_TIMEOUT");
}

#[tokio::test]
async fn a_string_is_completed_with_what_is_frequent_once_that_is_known() {
    let stage = stage();
    let values = ["fp", "f", "s", "a\nb"].map(str::to_owned).to_vec();
    let batch = RowBatch {
        columns: vec![
            ColumnValues::String(values),
            ColumnValues::Long(vec![Some(2), Some(7), Some(9), Some(11)]),
        ],
        rows: 4,
    };
    stage.engine.gives(vec![Script {
        columns: vec![("Name", ColumnType::String), ("Events", ColumnType::Long)],
        render: None,
        batches: futures::stream::iter([Ok(batch)]).boxed(),
    }]);
    let query = "Auth0Logs_CL | where Name == \"f";
    let body = json!({"query": query, "position": query.len()}).to_string();
    let first = stage.send(post_json("/api/v1/kql/complete", body.clone())).await;
    assert_eq!(serde_json::from_str::<Value>(&first.text).unwrap()["items"], json!([]));
    // The question runs beside: on one thread it has its turn while this one waits.
    let second = loop {
        tokio::task::yield_now().await;
        let answered = stage.send(post_json("/api/v1/kql/complete", body.clone())).await;
        let answer: Value = serde_json::from_str(&answered.text).unwrap();
        if answer["items"] != json!([]) {
            break answer;
        }
    };
    let shown =
        |item: &Value| (item["label"].clone(), item["kind"].clone(), item["detail"].clone());
    let shown: Vec<_> = second["items"].as_array().unwrap().iter().map(shown).collect();
    assert_eq!(
        shown,
        [(json!("f"), json!("value"), json!("7×")), (json!("fp"), json!("value"), json!("2×")),]
    );
    assert_eq!((&second["from"], &second["to"]), (&json!(query.len() - 1), &json!(query.len())));
    let asked = stage.engine.asked.lock().unwrap();
    assert_eq!(asked.len(), 1, "one question for all of them");
    let (from, until) = asked[0].timespan.unwrap();
    assert_eq!((until - from, asked[0].limits.rows_max), (86_400_000_000, 1_000));
}
