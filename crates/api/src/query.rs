//! `POST /api/v1/query`: a question in, rows out as they are found. An error before the first row is a problem with its
//! status; one after it ends a result that is marked as a part (JSON, NDJSON) or cut (CSV, Parquet). Dropping the connection
//! cancels the query.
//!
//! Deliberately absent: the engine, and other products' query endpoints.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use model::{
    Progress, QueryEngine, QueryError, QueryErrorKind, QueryLimits, QueryOutput, QueryRequest,
    QueryTable, RowBatch, Timestamp,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout, timeout_at};
use utoipa::ToSchema;

use crate::api::Shared;
use crate::json_body::read_json;
use crate::limits::Share;
use crate::problem::HttpProblem;
use crate::rows::{Format, Reached, RowWriter};
use crate::timespan::read_timespan;

/// How much of the result is gathered before it is sent.
const CHUNK_BYTES: usize = 64 * 1024;
/// How often a form that tells progress does so while no rows come.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);
/// In such a form rows are not held back longer than this.
const ROWS_INTERVAL: Duration = Duration::from_millis(50);

/// How long somebody is asked to wait when as many queries run as may.
const BUSY_RETRY_SECONDS: u64 = 1;

/// The body of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueryBody {
    /// The KQL text.
    pub query: String,
    /// ISO 8601: only rows whose `TimeGenerated` lies within; see [`crate::read_timespan`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timespan: Option<String>,
    /// Rows at most, if fewer than the server allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rows: Option<usize>,
}

/// `POST /api/v1/query`
pub(crate) async fn query(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Response, HttpProblem> {
    let format = Format::wanted(request.headers()).ok_or_else(not_acceptable)?;
    let body: QueryBody = read_json(&shared, request).await?;
    let request = question(body, shared.query_limits, shared.clock.now())?;
    let place = shared.queries.take(1).ok_or_else(busy)?;
    let answer = Answer::start(shared.engine.as_ref(), request, format, Some(place)).await?;
    let chunks = futures::stream::unfold(answer, |mut answer| async {
        let chunk = answer.chunk().await?;
        Some((chunk, answer))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    let content_type = HeaderValue::from_static(format.content_type());
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    if let Some(name) = format.file_name() {
        response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    }
    Ok(response)
}

/// The whole answer to a question, in the form that `accept` names, for a program that has the engine at hand and serves
/// nobody else.
///
/// # Errors
/// What a server would have answered instead of rows; and an error after the first rows, where the form has no place for
/// it. In the other forms the answer ends with it, as a server's would.
pub async fn answer(
    engine: &dyn QueryEngine,
    request: QueryRequest,
    accept: &str,
) -> Result<Bytes, HttpProblem> {
    let accept = HeaderValue::from_str(accept).map_err(|_| not_acceptable())?;
    let headers = HeaderMap::from_iter([(ACCEPT, accept)]);
    let format = Format::wanted(&headers).ok_or_else(not_acceptable)?;
    let mut answer = Answer::start(engine, request, format, None).await?;
    let mut whole = BytesMut::new();
    while let Some(chunk) = answer.chunk().await {
        let chunk = chunk.map_err(|CutShort(error)| HttpProblem::from(error))?;
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// What the engine is asked.
fn question(
    body: QueryBody,
    mut limits: QueryLimits,
    now: Timestamp,
) -> Result<QueryRequest, HttpProblem> {
    let invalid = |detail: String| HttpProblem::new(StatusCode::BAD_REQUEST, "invalid", detail);
    if body.query.trim().is_empty() {
        return Err(
            invalid("the query is empty".to_owned()).hint("for example: Auth0Logs_CL | take 10")
        );
    }
    let timespan = match &body.timespan {
        None => None,
        Some(text) => Some(read_timespan(text, now).map_err(|error| {
            invalid(error.to_string()).hint("for example: P1D, or 2026-01-01/2026-01-02")
        })?),
    };
    if let Some(rows) = body.max_rows {
        if rows == 0 || rows > limits.rows_max {
            return Err(invalid(format!("maxRows must be between 1 and {}", limits.rows_max)));
        }
        limits.rows_max = rows;
    }
    Ok(QueryRequest { text: body.query, timespan, limits })
}

fn not_acceptable() -> HttpProblem {
    HttpProblem::new(
        StatusCode::NOT_ACCEPTABLE,
        "not_acceptable",
        "the result can be written in none of the accepted forms",
    )
    .hint(
        "accept application/json, text/csv, application/x-ndjson, application/vnd.doorledger.frames or \
            application/vnd.apache.parquet",
    )
}

fn busy() -> HttpProblem {
    HttpProblem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_queries",
        "as many queries run as may run at once",
    )
    .hint("ask again after the time in Retry-After")
    .retry_after_seconds(BUSY_RETRY_SECONDS)
}

/// A result that cannot say that it is a part was cut instead.
#[derive(Debug, thiserror::Error)]
#[error("the query ended early: {0}")]
struct CutShort(QueryError);

/// A result on its way out. Dropping it drops the engine's streams, which cancels the query.
struct Answer {
    tables: std::vec::IntoIter<QueryTable>,
    current: Option<QueryTable>,
    batch: Option<(RowBatch, usize)>,
    progress: Arc<dyn Progress>,
    writer: Box<dyn RowWriter>,
    /// Whether pieces are sent as soon as there is anything to tell.
    prompt: bool,
    out: Vec<u8>,
    /// When the last piece was sent.
    sent: Instant,
    ended: bool,
    limits: QueryLimits,
    deadline: Instant,
    timer: Timer,
    _place: Option<Share>,
}

impl Answer {
    /// Starts the query and waits for its first rows, so that an error until then can still be a status.
    async fn start(
        engine: &dyn QueryEngine,
        request: QueryRequest,
        format: Format,
        place: Option<Share>,
    ) -> Result<Self, HttpProblem> {
        let limits = request.limits;
        let mut writer = format.writer(engine.files()).ok_or_else(not_acceptable)?;
        let mut timer = Timer::start();
        let deadline = timer.started + limits.time_max;
        let output = match timeout_at(deadline, engine.query(request)).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(timer.failed(error)),
            Err(_) => return Err(timer.failed(out_of_time(limits.time_max))),
        };
        let QueryOutput { tables, progress } = output;
        if !format.holds(tables.len()) {
            timer.outcome = "failed";
            return Err(HttpProblem::new(
                StatusCode::NOT_ACCEPTABLE,
                "one_table_only",
                format!("the query gives {} tables, and this form holds one", tables.len()),
            )
            .hint("accept application/json, or ask for one table"));
        }
        let mut out = Vec::with_capacity(CHUNK_BYTES);
        writer.begin(&mut out);
        let mut answer = Self {
            tables: tables.into_iter(),
            current: None,
            batch: None,
            progress,
            writer,
            prompt: format.tells_progress(),
            sent: timer.started,
            out,
            ended: false,
            limits,
            deadline,
            timer,
            _place: place,
        };
        answer.next_table();
        if answer.prompt {
            // That the query is understood is told at once; what goes wrong from here on stands in the last frame.
            return Ok(answer);
        }
        match answer.next_batch().await {
            Ok(()) => Ok(answer),
            Err(error) => Err(answer.timer.failed(error)),
        }
    }

    /// The next piece of the body; `None` at its end.
    async fn chunk(&mut self) -> Option<Result<Bytes, CutShort>> {
        if self.ended {
            return None;
        }
        loop {
            self.write_rows();
            if self.out.len() >= CHUNK_BYTES || self.is_due() {
                return Some(Ok(self.take_out()));
            }
            if self.current.is_none() {
                return Some(self.finish(None));
            }
            if !self.prompt {
                if let Err(error) = self.next_batch().await {
                    return Some(self.finish(Some(error)));
                }
                continue;
            }
            // Rows that wait here go out soon; without any, how far the query is.
            let patience = if self.out.is_empty() { PROGRESS_INTERVAL } else { ROWS_INTERVAL };
            match timeout(patience, self.next_batch()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Some(self.finish(Some(error))),
                Err(_) if self.out.is_empty() => {
                    let reached = self.reached();
                    self.writer.progress(&mut self.out, reached);
                    return Some(Ok(self.take_out()));
                }
                Err(_) => return Some(Ok(self.take_out())),
            }
        }
    }

    /// Whether what is written so far should be sent: the first of it at once, the rest in short steps.
    fn is_due(&self) -> bool {
        let first = self.sent == self.timer.started;
        self.prompt && !self.out.is_empty() && (first || self.sent.elapsed() >= ROWS_INTERVAL)
    }

    fn reached(&self) -> Reached {
        let elapsed = self.timer.started.elapsed().as_millis();
        let elapsed_ms = u64::try_from(elapsed).unwrap_or(u64::MAX);
        Reached { scanned: self.progress.scanned(), elapsed_ms }
    }

    /// Writes rows of the batch at hand until it is used up or a chunk is full.
    fn write_rows(&mut self) {
        let Some((batch, row)) = &mut self.batch else { return };
        *row = self.writer.rows(&mut self.out, batch, *row, CHUNK_BYTES);
        if *row >= batch.rows {
            self.batch = None;
        }
    }

    /// Waits for rows of the current table, or goes on to the next one at its end.
    async fn next_batch(&mut self) -> Result<(), QueryError> {
        if self.batch.is_some() {
            return Ok(());
        }
        let Some(table) = &mut self.current else { return Ok(()) };
        match timeout_at(self.deadline, table.batches.next()).await {
            Ok(Some(Ok(batch))) => self.batch = Some((batch, 0)),
            Ok(Some(Err(error))) => return Err(error),
            Ok(None) => self.next_table(),
            Err(_) => return Err(out_of_time(self.limits.time_max)),
        }
        Ok(())
    }

    fn next_table(&mut self) {
        self.current = self.tables.next();
        if let Some(table) = &self.current {
            self.writer.table(&mut self.out, &table.columns, table.render.as_ref());
        }
    }

    fn finish(&mut self, error: Option<QueryError>) -> Result<Bytes, CutShort> {
        self.ended = true;
        self.timer.outcome = if error.is_none() { "ok" } else { "partial" };
        let reached = self.reached();
        match (self.writer.finish(&mut self.out, reached, error.as_ref()), error) {
            (true, _) => Ok(self.take_out()),
            (false, error) => Err(CutShort(error.unwrap_or_else(not_written))),
        }
    }

    fn take_out(&mut self) -> Bytes {
        self.writer.pause(&mut self.out);
        self.sent = Instant::now();
        Bytes::from(std::mem::replace(&mut self.out, Vec::with_capacity(CHUNK_BYTES)))
    }
}

/// The engine has the same limit; this one holds also when a reader is slow to take the rows.
fn out_of_time(time_max: Duration) -> QueryError {
    QueryError {
        kind: QueryErrorKind::Limit,
        code: "E_QUERY_TIMEOUT".to_owned(),
        message: format!("the query took longer than {} seconds", time_max.as_secs()),
        span: None,
        hint: "narrow the time range, or filter before joins and sorts".to_owned(),
    }
}

/// A file of columns that its writer gave up.
fn not_written() -> QueryError {
    QueryError {
        kind: QueryErrorKind::Internal,
        code: String::new(),
        message: "the file could not be written".to_owned(),
        span: None,
        hint: "ask for CSV or JSON lines instead".to_owned(),
    }
}

/// Measures a query until it is dropped; one that nobody brought to an end was cancelled.
struct Timer {
    started: Instant,
    outcome: &'static str,
}

impl Timer {
    fn start() -> Self {
        Self { started: Instant::now(), outcome: "cancelled" }
    }

    fn failed(&mut self, error: QueryError) -> HttpProblem {
        self.outcome = "failed";
        error.into()
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        metrics::histogram!("doorledger_query_duration_seconds", "outcome" => self.outcome)
            .record(self.started.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_keeps_within_the_servers_limits() {
        let limits = QueryLimits { rows_max: 10, ..QueryLimits::default() };
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        for (body, expected) in [
            (r#"{"query":"T"}"#, Ok((None, 10))),
            (r#"{"query":"T","timespan":null,"maxRows":null}"#, Ok((None, 10))),
            (r#"{"query":"T","maxRows":10}"#, Ok((None, 10))),
            (r#"{"query":"T","maxRows":1}"#, Ok((None, 1))),
            (r#"{"query":"T","timespan":"PT1S"}"#, Ok((Some(1_000_000), 10))),
            (r#"{"query":"T","maxRows":11}"#, Err("maxRows must be between 1 and 10")),
            (r#"{"query":"T","maxRows":0}"#, Err("maxRows must be between 1 and 10")),
            (r#"{"query":" "}"#, Err("the query is empty")),
            (
                r#"{"query":"T","timespan":"lately"}"#,
                Err("the timespan is not an ISO 8601 duration or interval"),
            ),
        ] {
            let body: QueryBody = serde_json::from_str(body).unwrap();
            let asked = question(body.clone(), limits, now)
                .map(|asked| {
                    (asked.timespan.map(|(from, until)| until - from), asked.limits.rows_max)
                })
                .map_err(|problem| problem.details().detail.clone());
            assert_eq!(asked, expected.map_err(str::to_owned), "{body:?}");
        }
    }
}
