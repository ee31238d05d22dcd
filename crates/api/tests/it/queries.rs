//! `POST /api/v1/query`: forms, limits, and errors before and after the first row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::Limits;
use axum::body::Body;
use futures::{StreamExt, stream};
use http::Request;
use http_body_util::BodyExt;
use model::{
    ColumnType, ColumnValues, QueryError, QueryErrorKind, QueryLimits, QueryRequest, Render,
    RowBatch,
};
use proptest::prelude::{prop_assert, proptest};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::fakes::{LOCAL, Script, Setting, Stage, post_json, query_error, stage, stage_with};

const PATH: &str = "/api/v1/query";

fn ask(body: &str) -> Request<Body> {
    post_json(PATH, body.to_owned())
}

fn accepting(accept: &str) -> Request<Body> {
    let mut request = ask(r#"{"query":"T"}"#);
    request.headers_mut().insert("accept", accept.parse().unwrap());
    request
}

fn numbers(values: std::ops::Range<i64>) -> RowBatch {
    let rows = values.clone().count();
    RowBatch { columns: vec![ColumnValues::Long(values.map(Some).collect())], rows }
}

/// A table of one column `n` whose rows come like this.
fn table(batches: Vec<Result<RowBatch, QueryError>>) -> Script {
    Script {
        columns: vec![("n", ColumnType::Long)],
        render: None,
        batches: stream::iter(batches).boxed(),
    }
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn rows_come_as_json_unless_asked_otherwise() {
    for (accept, content_type, text) in [
        (
            "*/*",
            "application/json",
            "{\"tables\":[{\"name\":\"PrimaryResult\",\"columns\":[{\"name\":\"n\",\"type\":\"long\"}],\
             \"rows\":[\n[1],\n[2],\n[3]]}]}\n",
        ),
        ("text/csv", "text/csv; charset=utf-8; header=present", "n\r\n1\r\n2\r\n3\r\n"),
        ("application/x-ndjson", "application/x-ndjson", "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n"),
    ] {
        let stage = stage();
        stage.engine.gives(vec![table(vec![Ok(numbers(1..3)), Ok(numbers(3..4))])]);
        let answered = stage.send(accepting(accept)).await;
        assert_eq!((answered.status, answered.text.as_str()), (200, text));
        assert_eq!(answered.header("content-type"), content_type);
        assert_eq!(answered.header("cache-control"), "no-store");
        assert_eq!(answered.header("x-content-type-options"), "nosniff");
        assert!(answered.whole);
    }
}

#[tokio::test]
async fn several_tables_and_the_last_picture_fit_into_json_only() {
    let render = |kind: &str| Render { visualization: kind.into(), properties: Vec::new() };
    let tables = || {
        let mut tables = vec![table(vec![Ok(numbers(0..1))]), table(vec![]), table(vec![])];
        tables[0].render = Some(render("table"));
        tables[1].render = Some(render("timechart"));
        tables
    };
    let stage = stage();
    stage.engine.gives(tables());
    let answer = json_of(&stage.send(ask(r#"{"query":"T; U; V"}"#)).await.text);
    let names: Vec<_> = answer["tables"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    assert_eq!(names, ["PrimaryResult", "Table_1", "Table_2"]);
    assert_eq!(answer["tables"][0]["rows"], json!([[0]]));
    assert_eq!(answer["tables"][2]["rows"], json!([]));
    assert_eq!(answer["render"]["visualization"], "timechart");
    for accept in ["text/csv", "application/x-ndjson"] {
        stage.engine.gives(tables());
        let answered = stage.send(accepting(accept)).await;
        assert_eq!((answered.status, answered.code().as_str()), (406, "one_table_only"));
    }
}

#[tokio::test]
async fn an_error_before_the_first_row_is_a_problem_with_its_status() {
    for (kind, status, code) in [
        (QueryErrorKind::Syntax, 400, "query_syntax"),
        (QueryErrorKind::Semantic, 400, "query_semantic"),
        (QueryErrorKind::Limit, 422, "query_limit"),
        (QueryErrorKind::Internal, 500, "query_failed"),
    ] {
        let stage = stage();
        stage.engine.refuses(query_error(kind));
        let at_once = stage.send(ask(r#"{"query":"T"}"#)).await;
        stage.engine.gives(vec![table(vec![Err(query_error(kind))])]);
        let at_first_row = stage.send(ask(r#"{"query":"T"}"#)).await;
        for answered in [at_once, at_first_row] {
            assert_eq!((answered.status, answered.code().as_str()), (status, code));
            let problem = json_of(&answered.text);
            assert_eq!(problem["span"], json!([2, 3]));
            assert_eq!(problem["hint"], "do it otherwise");
        }
    }
}

#[tokio::test]
async fn an_error_after_rows_marks_the_result_as_a_part() {
    let rows_then_error =
        || vec![table(vec![Ok(numbers(1..3)), Err(query_error(QueryErrorKind::Limit))])];
    let stage = stage();
    stage.engine.gives(rows_then_error());
    let answered = stage.send(accepting("application/json")).await;
    let answer = json_of(&answered.text);
    assert_eq!((answered.status, answered.whole), (200, true));
    assert_eq!(answer["tables"][0]["rows"], json!([[1], [2]]));
    assert_eq!(answer["error"]["message"], "it did not work");

    stage.engine.gives(rows_then_error());
    let answered = stage.send(accepting("application/x-ndjson")).await;
    let last = json_of(answered.text.lines().last().unwrap());
    assert_eq!(last["error"]["kind"], "limit");

    // CSV has no place for an error: the body must not look as if it were complete.
    stage.engine.gives(rows_then_error());
    let answered = stage.send(accepting("text/csv")).await;
    assert_eq!((answered.status, answered.whole), (200, false));
}

#[tokio::test]
async fn a_file_of_columns_is_whole_or_cut() {
    const PARQUET: &str = "application/vnd.apache.parquet";
    let late = Err(query_error(QueryErrorKind::Limit));
    let other = RowBatch { columns: Vec::new(), rows: 1 };
    for (batches, whole, text) in [
        (vec![Ok(numbers(0..2)), Ok(numbers(2..5))], true, "2 3 ."),
        (vec![], true, "."),
        (vec![Ok(numbers(0..2)), late], false, ""),
        (vec![Ok(numbers(0..2)), Ok(other)], false, ""),
    ] {
        let stage = stage();
        stage.engine.gives(vec![table(batches)]);
        let answered = stage.send(accepting(PARQUET)).await;
        assert_eq!((answered.status, answered.whole, answered.text.as_str()), (200, whole, text));
        assert_eq!(answered.header("content-type"), PARQUET);
        let name = "attachment; filename=\"doorledger.parquet\"";
        assert_eq!(answered.header("content-disposition"), name);
    }
    for tables in [vec![], vec![table(vec![]), table(vec![])]] {
        let stage = stage();
        stage.engine.gives(tables);
        let answered = stage.send(accepting(PARQUET)).await;
        assert_eq!((answered.status, answered.code().as_str()), (406, "one_table_only"));
    }
}

#[tokio::test]
async fn a_large_result_comes_in_pieces_and_complete() {
    let stage = stage();
    let batches = (0..20).map(|i| Ok(numbers(i * 5_000..(i + 1) * 5_000))).collect();
    stage.engine.gives(vec![table(batches)]);
    let request = with_host(accepting("application/json"));
    let mut body = stage.api.respond(request, LOCAL).await.into_body();
    let (mut pieces, mut text) = (0, Vec::new());
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        assert!(data.len() < 70_000, "{}", data.len());
        pieces += 1;
        text.extend(data);
    }
    assert!(pieces > 5);
    let answer = json_of(std::str::from_utf8(&text).unwrap());
    let rows = answer["tables"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 100_000);
    assert!(rows.iter().enumerate().all(|(i, row)| row[0].as_u64() == Some(i as u64)));
}

fn with_host(mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    request
}

#[tokio::test]
async fn the_engine_is_asked_what_the_request_says() {
    let stage = stage();
    stage.engine.gives(vec![]);
    let body = r#"{"query":"T | take 1","timespan":"2026-01-01/PT1H","maxRows":5}"#;
    let answered = stage.send(ask(body)).await;
    assert_eq!((answered.status, answered.text.as_str()), (200, "{\"tables\":[]}\n"));
    let asked = stage.engine.asked.lock().unwrap();
    assert_eq!(asked[0].text, "T | take 1");
    let (from, until) = asked[0].timespan.unwrap();
    assert_eq!((from, until - from), (1_767_225_600_000_000, 3_600_000_000));
    assert_eq!(asked[0].limits, QueryLimits { rows_max: 5, ..QueryLimits::default() });
}

#[tokio::test]
async fn requests_that_are_no_questions_are_refused_with_a_reason() {
    let stage = stage();
    for (body, code) in [
        ("", "json_malformed"),
        ("{", "json_malformed"),
        ("[]", "json_malformed"),
        ("{}", "json_malformed"),
        (r#"{"query":1}"#, "json_malformed"),
        (r#"{"query":"T","limit":1}"#, "json_malformed"),
        (r#"{"query":""}"#, "invalid"),
        (r#"{"query":"T","timespan":"lately"}"#, "invalid"),
        (r#"{"query":"T","maxRows":500001}"#, "invalid"),
    ] {
        let answered = stage.send(ask(body)).await;
        assert_eq!((answered.status, answered.code().as_str()), (400, code), "{body}");
    }
    assert!(stage.engine.asked.lock().unwrap().is_empty());
}

proptest! {
    #[test]
    fn any_body_is_answered(body: Vec<u8>, query: String, timespan: String, max_rows: i64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stage = stage();
        let question = json!({"query": query, "timespan": timespan, "maxRows": max_rows});
        for body in [body, question.to_string().into_bytes()] {
            stage.engine.gives(vec![]);
            let answered = runtime.block_on(stage.send(post_json(PATH, body)));
            prop_assert!([200, 400].contains(&answered.status), "{answered:?}");
        }
    }
}

#[tokio::test]
async fn only_json_is_read_so_that_a_browser_must_ask_first() {
    for (content_type, status) in [
        (Some("application/json"), 200),
        (Some("Application/JSON; charset=utf-8"), 200),
        (Some("text/plain"), 415),
        (Some("application/x-www-form-urlencoded"), 415),
        (None, 415),
    ] {
        let stage = stage();
        stage.engine.gives(vec![]);
        let mut request = Request::post(PATH);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let body = Body::from(r#"{"query":"T"}"#);
        let answered = stage.send(request.body(body).unwrap()).await;
        assert_eq!(answered.status, status, "{content_type:?}");
        if status == 415 {
            assert_eq!(answered.code(), "json_required");
        }
    }
}

#[tokio::test]
async fn the_query_body_has_a_limit_of_its_own() {
    let limits = Limits { api_body_bytes_max: 100, ..Limits::default() };
    let stage = stage_with(Setting { limits, ..Setting::default() });
    for (length, status) in [(100, 200), (101, 413)] {
        stage.engine.gives(vec![]);
        let body = format!("{{\"query\":\"{}\"}}", "x".repeat(length - 12));
        assert_eq!(body.len(), length);
        assert_eq!(stage.send(ask(&body)).await.status, status);
    }
}

#[tokio::test]
async fn an_answer_nobody_could_read_is_not_computed() {
    let stage = stage();
    let answered = stage.send(accepting("image/png")).await;
    assert_eq!((answered.status, answered.code().as_str()), (406, "not_acceptable"));
    assert!(stage.engine.asked.lock().unwrap().is_empty());
}

fn two_at_once() -> Stage {
    stage_with(Setting {
        limits: Limits { queries_max: 2, ..Limits::default() },
        query_limits: QueryLimits { time_max: Duration::from_secs(30), ..QueryLimits::default() },
        ..Setting::default()
    })
}

#[tokio::test]
async fn as_many_queries_as_allowed_run_and_the_next_is_asked_to_wait() {
    let stage = two_at_once();
    let mut running = Vec::new();
    for _ in 0..2 {
        stage.engine.gives(vec![table(vec![Ok(numbers(0..1))])]);
        let request = with_host(ask(r#"{"query":"T"}"#));
        running.push(stage.api.respond(request, LOCAL).await);
    }
    let refused = stage.send(ask(r#"{"query":"T"}"#)).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_queries"));
    assert_eq!(refused.header("retry-after"), "1");
    running.pop();
    stage.engine.gives(vec![]);
    assert_eq!(stage.send(ask(r#"{"query":"T"}"#)).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_answer_is_given_up() {
    let stage = two_at_once();
    let started = Instant::now();
    let answered = stage.send(ask(r#"{"query":"T"}"#)).await;
    assert_eq!((answered.status, answered.code().as_str()), (422, "E_QUERY_TIMEOUT"));
    assert_eq!(started.elapsed(), Duration::from_secs(30));

    let endless = stream::iter([Ok(numbers(0..1))]).chain(stream::pending()).boxed();
    stage.engine.gives(vec![Script { batches: endless, ..table(vec![]) }]);
    let answer = json_of(&stage.send(ask(r#"{"query":"T"}"#)).await.text);
    assert_eq!(answer["tables"][0]["rows"], json!([[0]]));
    assert_eq!(answer["error"]["code"], "E_QUERY_TIMEOUT");
}

#[tokio::test]
async fn going_away_cancels_the_query() {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let cancelled = Arc::new(AtomicBool::new(false));
    let flag = Flag(Arc::clone(&cancelled));
    let batches = stream::unfold(flag, |flag| async { Some((Ok(numbers(0..100)), flag)) }).boxed();
    let stage = two_at_once();
    stage.engine.gives(vec![Script { batches, ..table(vec![]) }]);
    let request = with_host(ask(r#"{"query":"T"}"#));
    let mut response = stage.api.respond(request, LOCAL).await;
    assert!(response.body_mut().frame().await.is_some());
    assert!(!cancelled.load(Ordering::SeqCst));
    drop(response);
    assert!(cancelled.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_program_with_the_engine_at_hand_gets_what_a_server_would_have_answered() {
    let late = || vec![table(vec![Ok(numbers(1..3)), Err(query_error(QueryErrorKind::Limit))])];
    let two = || vec![table(vec![]), table(vec![])];
    let large = || {
        let batches = (0..20).map(|i| Ok(numbers(i * 5_000..(i + 1) * 5_000))).collect();
        vec![table(batches)]
    };
    let scripts: [&dyn Fn() -> Vec<Script>; 5] =
        [&Vec::new, &|| vec![table(vec![Ok(numbers(0..3))])], &late, &two, &large];
    for tables in scripts {
        for accept in ["*/*", "application/json", "text/csv", "application/x-ndjson", "image/png"] {
            let stage = stage();
            stage.engine.gives(tables());
            let sent = stage.send(accepting(accept)).await;
            stage.engine.gives(tables());
            let request =
                QueryRequest { text: "T".into(), timespan: None, limits: QueryLimits::default() };
            match api::answer(stage.engine.as_ref(), request, accept).await {
                Ok(bytes) => assert_eq!((sent.whole, sent.text.as_bytes()), (true, &bytes[..])),
                // An error that a server could only show by cutting the answer is told here.
                Err(problem) if sent.status == 200 => {
                    assert_eq!(problem.details().detail, "it did not work");
                    assert!(!sent.whole);
                }
                Err(problem) => {
                    assert_eq!(json_of(&sent.text), json!(problem.details()));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_question_that_the_engine_refuses_is_refused_without_a_server_too() {
    let stage = stage();
    let request =
        || QueryRequest { text: "T".into(), timespan: None, limits: QueryLimits::default() };
    stage.engine.refuses(query_error(QueryErrorKind::Semantic));
    let problem = api::answer(stage.engine.as_ref(), request(), "text/csv").await.unwrap_err();
    assert_eq!((problem.details().status, problem.details().span), (400, Some((2, 3))));
    // What could not stand in a header names no form either.
    let problem = api::answer(stage.engine.as_ref(), request(), "text/csv\n").await.unwrap_err();
    assert_eq!(problem.details().code, "not_acceptable");
}
