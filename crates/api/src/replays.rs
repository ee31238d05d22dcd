//! Replays over HTTP: sending a destination again what the lake holds, how far that is, and ending it.
//! Deliberately absent: doing it, which the binary does behind [`Replays`], and dead letters (`dead_letters`).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use futures::future::BoxFuture;
use http::{Request, StatusCode};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Shared;
use crate::json_body::read_json;
use crate::operations::OperationError;
use crate::problem::HttpProblem;

/// Sends destinations again what the lake holds.
pub trait Replays: Send + Sync {
    /// Counts what is wanted and, unless that was all that was asked for, begins to send it; does not wait for the end. One
    /// that was interrupted goes on where it was.
    fn start(&self, wish: ReplayWish) -> BoxFuture<'_, Result<ReplayProgress, OperationError>>;
    /// Every replay of which something is known, the newest first.
    fn list(&self) -> Vec<ReplayProgress>;
    /// Ends one for good: started again, it begins from the beginning.
    fn cancel(&self, id: &str) -> Result<ReplayProgress, OperationError>;
}

/// What is to be sent again, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayWish {
    /// Name of the destination.
    pub to: String,
    /// Events of this moment and later, by the provider's time: a date or a moment.
    pub since: String,
    /// Events before this moment; now if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Only events for which this condition of KQL holds, over the columns of their table.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Only count.
    #[serde(default)]
    pub dry_run: bool,
}

/// How a replay is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayState {
    /// Only counted.
    Counted,
    /// Sending.
    Running,
    /// Everything is settled.
    Done,
    /// Interrupted; it goes on where it was when the same is asked for again.
    Stopped,
    /// Ended by a person.
    Cancelled,
}

/// How far a replay is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayProgress {
    /// Its name.
    pub id: String,
    /// The destination.
    pub to: String,
    /// Events from this moment on …
    pub since: Timestamp,
    /// … and before this one.
    pub until: Timestamp,
    /// For which this holds.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// How it is doing.
    pub state: ReplayState,
    /// Events that are to be sent, as counted at its start.
    pub events: u64,
    /// Events that the destination has acknowledged.
    pub sent: u64,
    /// Events that it refused for good: they are among the dead letters.
    pub refused: u64,
    /// When it was started.
    pub started: Timestamp,
    /// The latest provider time up to which everything is settled.
    #[schema(required)]
    pub latest: Option<Timestamp>,
    /// Tables that are left out, each with the reason.
    pub left_out: Vec<String>,
    /// What stops it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// The body of `GET /api/v1/replays`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplaysAnswer {
    /// Every replay.
    pub replays: Vec<ReplayProgress>,
}

/// Which replay is to be ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayCancel {
    /// Its name.
    pub id: String,
}

/// `POST /api/v1/replays`: 202, since the sending goes on after the answer; 200 if it was only counted.
pub(crate) async fn start(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<ReplayProgress>), HttpProblem> {
    let wish: ReplayWish = read_json(&shared, request).await?;
    let progress = shared.replays.start(wish).await?;
    let counted = progress.state == ReplayState::Counted;
    let status = if counted { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(progress)))
}

/// `GET /api/v1/replays`
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Json<ReplaysAnswer> {
    Json(ReplaysAnswer { replays: shared.replays.list() })
}

/// `POST /api/v1/replays/cancel`
pub(crate) async fn cancel(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<ReplayProgress>, HttpProblem> {
    let wanted: ReplayCancel = read_json(&shared, request).await?;
    Ok(Json(shared.replays.cancel(&wanted.id)?))
}
