//! `POST /api/v1/tail`: rows as they come, beats, and how a tail ends.

use std::time::Duration;

use axum::body::Body;
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use model::{ColumnType, ColumnValues, QueryErrorKind, QueryLimits, Role, RowBatch};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::api_routes::set_up;
use super::fake_accounts::VIEWERS_TOKEN;
use super::fakes::{LOCAL, Script, Stage, get, post_json, query_error, stage};

const PATH: &str = "/api/v1/tail";

fn rows(values: &[i64]) -> Vec<Script> {
    let column = ColumnValues::Long(values.iter().copied().map(Some).collect());
    let batch = RowBatch { columns: vec![column], rows: values.len() };
    let batches = stream::iter([Ok(batch)]).boxed();
    vec![Script { columns: vec![("n", ColumnType::Long)], render: None, batches }]
}

fn nothing() -> Vec<Script> {
    rows(&[])
}

/// A body that is read a frame at a time.
struct Lines {
    body: Body,
    text: String,
}

impl Lines {
    async fn of(stage: &Stage, request: Value) -> Self {
        let mut request = post_json(PATH, request.to_string());
        request.headers_mut().insert("host", "localhost".parse().unwrap());
        Self::answering(stage, request).await
    }

    async fn answering(stage: &Stage, request: http::Request<Body>) -> Self {
        let response = stage.api.respond(request, LOCAL).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/vnd.doorledger.frames");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next frame; null behind the last one.
    async fn next(&mut self) -> Value {
        while !self.text.contains('\n') {
            let Some(frame) = self.body.frame().await else { return Value::Null };
            let bytes = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        let (line, rest) = self.text.split_once('\n').unwrap();
        let frame = serde_json::from_str(line).unwrap();
        self.text = rest.to_owned();
        frame
    }
}

fn beat(offset: i64) -> Value {
    json!({"frame": "beat", "offset": offset})
}

#[tokio::test(start_paused = true)]
async fn new_rows_come_by_their_offset_and_a_beat_says_how_far() {
    let stage = stage();
    for answer in [rows(&[41]), nothing(), nothing(), rows(&[43]), rows(&[7, 8])] {
        stage.engine.then(Ok(answer));
    }
    for _ in 0..20 {
        stage.engine.then(Ok(nothing()));
    }
    let mut lines = Lines::of(&stage, json!({"query": "Auth0Logs_CL | where n > 1"})).await;
    assert_eq!(lines.next().await["columns"], json!([{"name": "n", "type": "long"}]));
    assert_eq!(lines.next().await, beat(41));
    assert_eq!(lines.next().await, json!({"frame": "rows", "rows": [[7], [8]]}));
    assert_eq!(lines.next().await, beat(43));
    let asked: Vec<String> =
        stage.engine.asked.lock().unwrap().iter().map(|asked| asked.text.clone()).collect();
    let of_rows = |after: i64, until: i64| {
        format!("Auth0Logs_CL\n| where _Offset > {after} and _Offset <= {until}\n | where n > 1")
    };
    let of_newest =
        |after: i64| format!("Auth0Logs_CL\n| where _Offset > {after}\n| summarize max(_Offset)");
    assert_eq!(
        asked,
        [of_newest(-1), of_rows(41, 41), of_newest(41), of_newest(41), of_rows(41, 43)]
    );
    // Nothing comes: it is said that nothing does.
    let before = Instant::now();
    assert_eq!(lines.next().await, beat(43));
    assert!(before.elapsed() <= Duration::from_secs(10), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_backlog_is_told_in_stretches_and_smaller_ones_where_it_is_too_much() {
    let stage = stage();
    let limit = || Err(query_error(QueryErrorKind::Limit));
    let answers = [
        Ok(nothing()),
        Ok(rows(&[25_000])),
        limit(),
        Ok(rows(&[1])),
        Ok(rows(&[2])),
        Ok(rows(&[3])),
    ];
    for answer in answers {
        stage.engine.then(answer);
    }
    let mut lines = Lines::of(&stage, json!({"query": "Auth0Logs_CL", "after": 0})).await;
    assert_eq!(lines.next().await["frame"], "table");
    assert_eq!(lines.next().await, beat(0));
    for (row, until) in [(1, 5_000), (2, 15_000), (3, 25_000)] {
        assert_eq!(lines.next().await["rows"], json!([[row]]));
        assert_eq!(lines.next().await, beat(until));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tail_ends_with_an_error_with_its_time_and_with_its_session() {
    let stage = set_up(vec![]);
    *stage.engine.next.lock().unwrap() = None;
    for answer in [Ok(nothing()), Err(query_error(QueryErrorKind::Internal))] {
        stage.engine.then(answer);
    }
    let query = json!({"query": "Auth0Logs_CL", "after": 5});
    let mut lines = Lines::of(&stage, query.clone()).await;
    let end = loop {
        let frame = lines.next().await;
        if frame["frame"] == "end" {
            break frame;
        }
    };
    assert_eq!(end["error"]["message"], "it did not work");
    assert_eq!(lines.next().await, Value::Null);

    for _ in 0..5_000 {
        stage.engine.then(Ok(nothing()));
    }
    let mut lines = Lines::of(&stage, query.clone()).await;
    let started = Instant::now();
    let end = loop {
        let frame = lines.next().await;
        if frame["frame"] == "end" {
            break frame;
        }
    };
    assert_eq!(end["error"], Value::Null);
    assert_eq!(started.elapsed().as_secs() / 60, 60);

    let secret = stage.accounts.session_of(Role::Viewer);
    let cookie = format!("doorledger_session={secret}");
    let mut standing = get("/api/v1/session");
    standing.headers_mut().insert("cookie", cookie.parse().unwrap());
    let standing: Value = serde_json::from_str(&stage.send(standing).await.text).unwrap();
    let mut request = post_json(PATH, query.to_string());
    for (name, value) in [
        ("host", "localhost"),
        ("cookie", cookie.as_str()),
        ("x-doorledger-csrf", standing["csrf"].as_str().unwrap()),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let mut lines = Lines::answering(&stage, request).await;
    assert_eq!(lines.next().await["frame"], "table");
    stage.accounts.end_sessions();
    let end = loop {
        let frame = lines.next().await;
        if frame["frame"] == "end" {
            break frame;
        }
    };
    assert_eq!(end["error"]["code"], "signed_out");
}

#[tokio::test(start_paused = true)]
async fn a_tail_ends_when_its_token_is_taken_back() {
    let stage = set_up(vec![]);
    *stage.engine.next.lock().unwrap() = None;
    for _ in 0..5_000 {
        stage.engine.then(Ok(nothing()));
    }
    let mut request = post_json(PATH, json!({"query": "Auth0Logs_CL", "after": 5}).to_string());
    let bearer = format!("Bearer {VIEWERS_TOKEN}");
    for (name, value) in [("host", "localhost"), ("authorization", &bearer)] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let mut lines = Lines::answering(&stage, request).await;
    assert_eq!(lines.next().await["frame"], "table");
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(120) {
        assert_eq!(lines.next().await["frame"], "beat", "as long as it is good");
    }
    stage.accounts.take_tokens_back();
    let taken_back = Instant::now();
    let end = loop {
        let frame = lines.next().await;
        if frame["frame"] == "end" {
            break frame;
        }
    };
    assert_eq!(end["error"]["code"], "unauthorized");
    assert!(taken_back.elapsed() <= Duration::from_secs(32), "{:?}", taken_back.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_look_takes_little_memory_unless_one_row_needs_more() {
    let stage = stage();
    let newest = 20_000;
    for answer in [nothing(), rows(&[newest])] {
        stage.engine.then(Ok(answer));
    }
    // 10,000 offsets, halved until one is left.
    for _ in 0..13 {
        stage.engine.then(Err(query_error(QueryErrorKind::Limit)));
    }
    stage.engine.then(Ok(rows(&[1])));
    let query = json!({"query": "Auth0Logs_CL", "after": i64::MIN});
    let mut lines = Lines::of(&stage, query).await;
    assert_eq!(lines.next().await["frame"], "table");
    assert_eq!(lines.next().await, beat(-1), "nothing lies before the beginning");
    assert_eq!(lines.next().await["rows"], json!([[1]]));
    assert_eq!(lines.next().await, beat(0));
    let asked = stage.engine.asked.lock().unwrap();
    let bytes: Vec<usize> = asked.iter().map(|asked| asked.limits.result_bytes_max).collect();
    let whole = QueryLimits::default().result_bytes_max;
    assert_eq!(bytes[2..15], [4 * 1024 * 1024; 13]);
    assert_eq!(bytes[15], whole, "a single row may be as large as an answer");
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused_with_its_name_and_place() {
    let stage = stage();
    for (query, code, detail) in [
        ("Auth0Logs_CL | summarize count()", "tail_unsupported", "`summarize` cannot be followed"),
        ("Names() | where true", "tail_unsupported", "`Names()` is no table of events"),
        ("Auth0Logs_CL | where (", "SYN0002", ""),
    ] {
        let answered = stage.send(post_json(PATH, json!({"query": query}).to_string())).await;
        assert_eq!(answered.status, 400, "{answered:?}");
        let problem: Value = serde_json::from_str(&answered.text).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
        assert!(problem["span"].is_array());
        assert!(code.starts_with("SYN") || problem["code"] == code, "{problem}");
    }
    assert!(stage.engine.asked.lock().unwrap().is_empty());
    stage.engine.then(Ok(nothing()));
    stage.engine.then(Err(query_error(QueryErrorKind::Semantic)));
    let answered = stage.send(post_json(PATH, r#"{"query":"Auth0Logs_CL"}"#)).await;
    assert_eq!((answered.status, answered.code().as_str()), (400, "query_semantic"));
}

#[tokio::test]
async fn one_caller_has_so_many_tails_and_no_more() {
    let stage = stage();
    let mut open = Vec::new();
    for _ in 0..8 {
        stage.engine.then(Ok(nothing()));
        open.push(Lines::of(&stage, json!({"query": "Auth0Logs_CL", "after": 1})).await);
    }
    let body = json!({"query": "Auth0Logs_CL", "after": 1}).to_string();
    let answered = stage.send(post_json(PATH, body)).await;
    assert_eq!((answered.status, answered.code().as_str()), (429, "too_many_tails"));
    open.pop();
    stage.engine.then(Ok(nothing()));
    let again = Lines::of(&stage, json!({"query": "Auth0Logs_CL", "after": 1}));
    assert!(timeout(Duration::from_secs(5), again).await.is_ok());
}
