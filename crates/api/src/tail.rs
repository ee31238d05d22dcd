//! `POST /api/v1/tail`: the rows of a query as they come, in frames without end. New rows are known by their offset, so that
//! late events come too. A beat tells that the tail is alive, and behind which offset one that broke off goes on.
//! Deliberately absent: which queries can be followed (`followed`), and holding anything back for somebody slow.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, StatusCode};
use model::{
    ColumnValues, QueryError, QueryErrorKind, QueryLimits, QueryRequest, ResultColumn, RowBatch,
};
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};
use utoipa::ToSchema;

mod followed;
mod places;

use self::followed::{Followed, NotFollowed};
use self::places::Place;
pub(crate) use self::places::Places;
use crate::access::Caller;
use crate::api::Shared;
use crate::json_body::read_json;
use crate::language::{lent, unreadable};
use crate::problem::HttpProblem;
use crate::rows::{FRAMES, Reached, RowWriter, frames};

/// Between two looks for new rows.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Something is said at least this often, so that neither side takes the other for gone.
const BEAT_INTERVAL: Duration = Duration::from_secs(5);
/// Between two looks at the caller's credential.
const CREDENTIAL_INTERVAL: Duration = Duration::from_secs(30);
/// After this time a tail ends, without an error; whoever still watches asks again, and is looked at again.
const TAIL_TIME_MAX: Duration = Duration::from_secs(60 * 60);
/// Offsets of one look at most, and so rows of it; a backlog is told in several.
const LOOK_OFFSETS_MAX: i64 = 10_000;
/// Bytes of one look at most, as long as a smaller one is possible: they wait in memory until the reader takes them, and every
/// tail may have a slow one.
const LOOK_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Behind this offset lies everything.
const BEGINNING: i64 = -1;
/// How long somebody is asked to wait who has too many tails.
const BUSY_RETRY_SECONDS: u64 = 5;

/// The body of the request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TailBody {
    /// A table, or a table and operators that look at one row each: `where`, `extend`, `project`, `parse` and their kin.
    pub(crate) query: String,
    /// Only rows behind this offset, as the last beat of a tail that broke off told it; from now on if null.
    #[serde(default)]
    pub(crate) after: Option<i64>,
}

/// `POST /api/v1/tail`
pub(crate) async fn tail(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Result<Response, HttpProblem> {
    let TailBody { query, after } = read_json(&shared, request).await?;
    let followed = lent(&shared, move |catalog| {
        let parse = kql::parse(&query);
        if !parse.diagnostics.is_empty() {
            return Err(unreadable(parse.diagnostics));
        }
        Followed::read(&parse, catalog).map_err(unsupported)
    })
    .await?
    .0?;
    let place = shared.tails.take(&caller.who).ok_or_else(busy)?;
    let newest = match after {
        Some(after) => after.max(BEGINNING),
        None => newest(&shared, &followed, BEGINNING).await?.unwrap_or(BEGINNING),
    };
    let limits = shared.query_limits;
    let none = ask(&shared, followed.between(newest, newest), limits).await;
    let (columns, _) = none.map_err(|error| followed.told(error, newest, newest))?;
    let tail = Tail::begin(shared, followed, newest, (caller, place), &columns);
    let pieces = futures::stream::unfold(tail, |mut tail| async {
        let piece = tail.piece().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), tail))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FRAMES));
    Ok(response)
}

fn unsupported(refused: NotFollowed) -> HttpProblem {
    let error = QueryError {
        kind: QueryErrorKind::Semantic,
        code: "tail_unsupported".to_owned(),
        message: refused.why,
        span: Some((refused.span.start, refused.span.end)),
        hint: "a tail follows a table, and where, extend, project and parse behind it".to_owned(),
    };
    error.into()
}

fn busy() -> HttpProblem {
    let detail = "as many live tails run as may run at once";
    HttpProblem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tails", detail)
        .hint("close another one, or ask again after the time in Retry-After")
        .retry_after_seconds(BUSY_RETRY_SECONDS)
}

/// Asks the engine, within the same budget as every other query; the whole answer is small.
async fn ask(
    shared: &Shared,
    text: String,
    limits: QueryLimits,
) -> Result<(Vec<ResultColumn>, Vec<RowBatch>), QueryError> {
    let late = || QueryError {
        kind: QueryErrorKind::Limit,
        code: "E_QUERY_TIMEOUT".to_owned(),
        message: "the look for new rows took too long".to_owned(),
        span: None,
        hint: "look at fewer columns, or filter before parsing".to_owned(),
    };
    let asking = async {
        let _place = loop {
            match shared.queries.take(1) {
                Some(place) => break place,
                None => sleep(LOOK_INTERVAL).await,
            }
        };
        let output = shared.engine.query(QueryRequest { text, timespan: None, limits }).await?;
        let Some(mut table) = output.tables.into_iter().next() else {
            return Ok((Vec::new(), Vec::new()));
        };
        let mut batches = Vec::new();
        while let Some(batch) = table.batches.next().await {
            batches.push(batch?);
        }
        Ok((table.columns, batches))
    };
    timeout(limits.time_max, asking).await.unwrap_or_else(|_| Err(late()))
}

/// The newest offset of the table, of rows behind `after`.
async fn newest(
    shared: &Shared,
    followed: &Followed,
    after: i64,
) -> Result<Option<i64>, QueryError> {
    let (_, batches) = ask(shared, followed.newest(after), shared.query_limits).await?;
    let first = batches.iter().find(|batch| batch.rows > 0).and_then(|batch| batch.columns.first());
    Ok(match first {
        Some(ColumnValues::Long(values)) => values.first().copied().flatten(),
        _ => None,
    })
}

/// A tail on its way out.
struct Tail {
    shared: Arc<Shared>,
    followed: Followed,
    caller: Caller,
    /// All rows up to this offset are told.
    seen: i64,
    /// There are rows up to this offset.
    newest: i64,
    /// Offsets of the next look.
    stretch: i64,
    writer: Box<dyn RowWriter>,
    out: Vec<u8>,
    started: Instant,
    told: Instant,
    looked_at_credential: Instant,
    ended: bool,
    _place: Place,
}

impl Tail {
    fn begin(
        shared: Arc<Shared>,
        followed: Followed,
        newest: i64,
        (caller, place): (Caller, Place),
        columns: &[ResultColumn],
    ) -> Self {
        let now = Instant::now();
        let mut tail = Self {
            shared,
            followed,
            caller,
            seen: newest,
            newest,
            stretch: LOOK_OFFSETS_MAX,
            writer: frames(),
            out: Vec::new(),
            started: now,
            told: now,
            looked_at_credential: now,
            ended: false,
            _place: place,
        };
        tail.writer.begin(&mut tail.out);
        tail.writer.table(&mut tail.out, columns, None);
        tail.beat();
        tail
    }

    /// The next piece of the body; `None` behind its end.
    async fn piece(&mut self) -> Option<Bytes> {
        loop {
            if !self.out.is_empty() {
                self.told = Instant::now();
                return Some(Bytes::from(std::mem::take(&mut self.out)));
            }
            if self.ended {
                return None;
            }
            let stopping = self.shared.stopping.clone();
            let is_behind = self.newest > self.seen;
            let pause = if is_behind { Duration::ZERO } else { LOOK_INTERVAL };
            let is_stopping = stopping.run_until_cancelled(sleep(pause)).await.is_none();
            if is_stopping || self.started.elapsed() >= TAIL_TIME_MAX {
                self.end(None);
            } else if let Err(error) = self.look().await {
                self.end(Some(&error));
            }
        }
    }

    /// Looks for new rows, and writes what there is to tell.
    async fn look(&mut self) -> Result<(), QueryError> {
        self.check_credential().await?;
        if self.newest <= self.seen {
            let found = newest(&self.shared, &self.followed, self.seen).await?;
            self.newest = found.unwrap_or(self.seen).max(self.seen);
        }
        if self.newest > self.seen {
            let until = self.seen.saturating_add(self.stretch).min(self.newest);
            let text = self.followed.between(self.seen, until);
            match ask(&self.shared, text, self.limits()).await {
                Ok((_, batches)) => self.take(until, &batches),
                // Too much for one answer: a smaller stretch holds less.
                Err(error) if error.kind == QueryErrorKind::Limit && self.stretch > 1 => {
                    self.stretch /= 2;
                }
                Err(error) => return Err(self.followed.told(error, self.seen, until)),
            }
        } else if self.told.elapsed() >= BEAT_INTERVAL {
            self.beat();
        }
        Ok(())
    }

    /// Writes the rows up to an offset.
    fn take(&mut self, until: i64, batches: &[RowBatch]) {
        for batch in batches {
            for row in 0..batch.rows {
                self.writer.row(&mut self.out, batch, row);
            }
        }
        self.seen = until;
        self.stretch = self.stretch.saturating_mul(2).min(LOOK_OFFSETS_MAX);
        self.beat();
    }

    /// Tells behind which offset a tail of the same query would go on.
    fn beat(&mut self) {
        self.writer.pause(&mut self.out);
        let line = format!("{{\"frame\":\"beat\",\"offset\":{}}}\n", self.seen);
        self.out.extend_from_slice(line.as_bytes());
    }

    /// What one look may use up.
    fn limits(&self) -> QueryLimits {
        let mut limits = self.shared.query_limits;
        if self.stretch > 1 {
            limits.result_bytes_max = limits.result_bytes_max.min(LOOK_BYTES_MAX);
        }
        limits
    }

    /// A tail outlives neither a session nor a token.
    async fn check_credential(&mut self) -> Result<(), QueryError> {
        if self.looked_at_credential.elapsed() < CREDENTIAL_INTERVAL {
            return Ok(());
        }
        self.looked_at_credential = Instant::now();
        self.caller.check(&self.shared).await.map_err(|problem| ended(&problem))
    }

    fn end(&mut self, error: Option<&QueryError>) {
        self.ended = true;
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let reached = Reached { elapsed_ms, ..Reached::default() };
        self.writer.finish(&mut self.out, reached, error);
    }
}

/// Why somebody is told nothing more.
fn ended(problem: &HttpProblem) -> QueryError {
    let details = problem.details();
    QueryError {
        kind: QueryErrorKind::Internal,
        code: details.code.clone(),
        message: details.detail.clone(),
        span: None,
        hint: details.hint.clone(),
    }
}
