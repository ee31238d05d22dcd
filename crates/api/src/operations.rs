//! What an administrator sets going in a running server: importing events, backfilling tenants, giving up a
//! destination that was removed. The port and its routes; `import` has that of imports.
//! Deliberately absent: doing it, which the binary does behind [`Operations`].

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, StatusCode};
use model::{Problem, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Shared;
use crate::intake::{IntakeError, Taken};
use crate::json_body::read_json;
use crate::problem::HttpProblem;
use crate::refusal::Refusal;

/// Does what is asked.
pub trait Operations: Send + Sync {
    /// Decodes `body`, which is in any wire form of the provider and not compressed, and makes its events durable as the
    /// tenant's. When this has answered `Ok`, they are on disk, and what could not be read is with the dead letters.
    fn import(
        &self,
        provider: String,
        tenant: String,
        body: Bytes,
    ) -> BoxFuture<'_, Result<Taken, OperationError>>;
    /// Starts backfills, all that are wanted or none, and does not wait for them. Those that run already are left alone.
    fn start_backfills(&self, wanted: &BackfillRequest) -> Result<(), OperationError>;
    /// What lies before backfills, soonest to be lost first. Asks the tenants for a few pages of which nothing is kept.
    fn survey_backfills(
        &self,
        wanted: BackfillRequest,
    ) -> BoxFuture<'_, Result<Vec<BackfillOutlook>, OperationError>>;
    /// Gives up what is kept for a destination that is no longer configured.
    fn forget_destination(&self, name: String) -> BoxFuture<'_, Result<Forgotten, OperationError>>;
    /// How far each backfill is that was started since the program was.
    fn backfills(&self) -> Vec<BackfillProgress>;
}

/// Why something was not done. Nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// What was asked for makes no sense here: everything that is to be mended.
    #[error("{}", in_one_line(.0))]
    Refused(Vec<Problem>),
    /// The journal did not take it.
    #[error("the journal did not take it")]
    Intake(#[source] IntakeError),
}

fn in_one_line(problems: &[Problem]) -> String {
    let line = |problem: &Problem| match problem.path.as_str() {
        "" => problem.message.clone(),
        path => format!("{path}: {}", problem.message),
    };
    problems.iter().map(line).collect::<Vec<_>>().join("; ")
}

impl From<OperationError> for HttpProblem {
    fn from(error: OperationError) -> Self {
        let detail = error.to_string();
        match error {
            OperationError::Refused(problems) => {
                Self::new(StatusCode::BAD_REQUEST, "invalid", detail).problems(problems)
            }
            OperationError::Intake(error) => {
                // The cause may name what only the log should: a receiver's sender is not told it either.
                tracing::warn!(%error, "import not taken");
                Refusal::from(error).problem()
            }
        }
    }
}

/// Which destination is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetRequest {
    /// Its name.
    pub name: String,
}

/// What was given up with a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Forgotten {
    /// Events that it had not got.
    pub unsent_events: u64,
}

/// Which tenants to backfill, and from when on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackfillRequest {
    /// Names of tenants; if none is named, all that are polled.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// From when on: a date, or `retention` for everything that the provider still holds.
    pub since: String,
}

/// How a backfill is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackfillState {
    /// Reading.
    Running,
    /// Everything is read.
    Done,
    /// Interrupted; it goes on where it was when it is started again.
    Stopped,
}

/// How far a backfill is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BackfillProgress {
    /// `provider/tenant/source`.
    pub source: String,
    /// How it is doing.
    pub state: BackfillState,
    /// Events read.
    pub events: u64,
    /// Of them, events that were not there before.
    pub stored: u64,
    /// When it was started.
    pub started: Timestamp,
    /// Provider time at which it began to read; `None` before the first page with events.
    #[schema(required)]
    pub oldest: Option<Timestamp>,
    /// The latest provider time read so far.
    #[schema(required)]
    pub latest: Option<Timestamp>,
    /// How much of the time from `oldest` to `started` is read, 0 to 1.
    pub share: f64,
}

/// What lies before a backfill. Figures are estimates from a few pages.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BackfillOutlook {
    /// `provider/tenant/source`.
    pub source: String,
    /// The oldest event that the provider still holds.
    #[schema(required)]
    pub oldest: Option<Timestamp>,
    /// From when on something was not read yet; `None` if nothing is missing.
    #[schema(required)]
    pub first_missing: Option<Timestamp>,
    /// Events that were not read yet.
    pub events_left: u64,
    /// Requests a second within the share of the rate limit.
    pub requests_per_second: f64,
    /// How long reading them takes, in seconds.
    pub seconds: f64,
    /// In how many seconds the provider deletes the first of them; `None` if nothing is missing.
    #[schema(required)]
    pub dies_in_seconds: Option<f64>,
    /// Whether that is the least: for how long the provider keeps events is not told.
    pub dies_in_is_least: bool,
    /// Why the tenant could not be asked.
    #[schema(required)]
    pub trouble: Option<String>,
}

/// The body of the answer to `POST /api/v1/backfill/survey`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BackfillSurvey {
    /// Every tenant, soonest to be lost first.
    pub outlooks: Vec<BackfillOutlook>,
}

/// The body of every answer under `/api/v1/backfill`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Backfills {
    /// Every backfill.
    pub backfills: Vec<BackfillProgress>,
}

/// `POST /api/v1/backfill`: 202, since the reading goes on after the answer.
pub(crate) async fn start_backfills(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<Backfills>), HttpProblem> {
    let wanted: BackfillRequest = read_json(&shared, request).await?;
    shared.operations.start_backfills(&wanted)?;
    Ok((StatusCode::ACCEPTED, backfills(State(shared)).await))
}

/// `POST /api/v1/backfill/survey`
pub(crate) async fn survey_backfills(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<BackfillSurvey>, HttpProblem> {
    let wanted: BackfillRequest = read_json(&shared, request).await?;
    Ok(Json(BackfillSurvey { outlooks: shared.operations.survey_backfills(wanted).await? }))
}

/// `POST /api/v1/destinations/forget`
pub(crate) async fn forget_destination(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<Forgotten>, HttpProblem> {
    let wanted: ForgetRequest = read_json(&shared, request).await?;
    Ok(Json(shared.operations.forget_destination(wanted.name).await?))
}

/// `GET /api/v1/backfill`
pub(crate) async fn backfills(State(shared): State<Arc<Shared>>) -> Json<Backfills> {
    Json(Backfills { backfills: shared.operations.backfills() })
}
