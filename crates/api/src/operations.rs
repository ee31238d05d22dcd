//! What an administrator sets going from the command line of another process: importing events, backfilling tenants.
//! Deliberately absent: doing it, which the binary does behind [`Operations`].

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, StatusCode};
use model::{Problem, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::Shared;
use crate::intake::{IntakeError, Taken};
use crate::json_body::{read_bytes, read_json};
use crate::problem::HttpProblem;

/// Does what is asked.
pub trait Operations: Send + Sync {
    /// Decodes `body` in any wire form of the provider and makes its events durable as the tenant's.
    fn import(
        &self,
        provider: String,
        tenant: String,
        body: Bytes,
    ) -> BoxFuture<'_, Result<Taken, OperationError>>;
    /// Starts backfills. Those that run already are left alone.
    fn start_backfills(&self, wanted: &BackfillRequest) -> Result<(), OperationError>;
    /// How far each backfill is that was started since the program was.
    fn backfills(&self) -> Vec<BackfillProgress>;
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// What was asked for makes no sense here.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Problem>),
    /// The journal did not take it.
    #[error("the journal did not take it")]
    Intake(#[source] IntakeError),
}

/// Which tenants to backfill, and from when on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackfillRequest {
    /// Names of tenants; none for all that are polled.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// A date, or `retention`.
    pub since: String,
}

/// How a backfill is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The latest provider time of the first page.
    pub oldest: Option<Timestamp>,
    /// The latest provider time read so far.
    pub latest: Option<Timestamp>,
    /// Share of the stretch of time that is read, 0 to 1.
    pub share: f64,
}

/// The body of the answer to `GET /api/v1/backfill`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backfills {
    /// Every backfill.
    pub backfills: Vec<BackfillProgress>,
}

/// `POST /api/v1/import/{provider}/{tenant}`
pub(crate) async fn import(
    State(shared): State<Arc<Shared>>,
    Path((provider, tenant)): Path<(String, String)>,
    request: Request<Body>,
) -> Result<Json<Taken>, HttpProblem> {
    let body = read_bytes(&shared, request, shared.limits.body_bytes_max).await?;
    shared.operations.import(provider, tenant, body).await.map(Json).map_err(refused)
}

/// `POST /api/v1/backfill`
pub(crate) async fn start_backfills(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<Backfills>, HttpProblem> {
    let wanted: BackfillRequest = read_json(&shared, request).await?;
    shared.operations.start_backfills(&wanted).map_err(refused)?;
    Ok(Json(Backfills { backfills: shared.operations.backfills() }))
}

/// `GET /api/v1/backfill`
pub(crate) async fn backfills(State(shared): State<Arc<Shared>>) -> Json<Backfills> {
    Json(Backfills { backfills: shared.operations.backfills() })
}

fn refused(error: OperationError) -> HttpProblem {
    match &error {
        OperationError::Refused(problems) => {
            let hint = problems.first().map(|problem| problem.hint.clone()).unwrap_or_default();
            let detail: Vec<&str> =
                problems.iter().map(|problem| problem.message.as_str()).collect();
            HttpProblem::new(StatusCode::BAD_REQUEST, "refused", detail.join("; ")).hint(hint)
        }
        OperationError::Intake(IntakeError::TooLarge { .. }) => {
            HttpProblem::new(StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large", error.to_string())
                .hint("send fewer events at a time")
        }
        OperationError::Intake(IntakeError::Full { retry_after_seconds }) => {
            HttpProblem::new(StatusCode::SERVICE_UNAVAILABLE, "journal_full", error.to_string())
                .retry_after_seconds(*retry_after_seconds)
        }
        OperationError::Intake(
            IntakeError::Busy | IntakeError::Closed | IntakeError::Storage(_),
        ) => HttpProblem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "journal_unavailable",
            error.to_string(),
        )
        .retry_after_seconds(1),
    }
}
