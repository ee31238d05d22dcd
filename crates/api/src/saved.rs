//! `/api/v1/queries`: what people keep of their queries; and the port to it and to saved dashboards.
//! Deliberately absent: keeping them, which the binary does behind [`Saved`], and what stands in a dashboard (`dashboards`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use http::{Request, StatusCode};
use model::{QueryDraft, Role, SavedDashboard, SavedQuery};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Audited, Caller};
use crate::accounts::Asked;
use crate::api::Shared;
use crate::json_body::read_json;
use crate::people::unreadable;
use crate::problem::HttpProblem;
use crate::timespan::read_timespan;

/// Keeps queries and dashboards.
pub trait Saved: Send + Sync {
    /// What `owner` has saved, and what others share.
    fn queries(&self, owner: String) -> Asked<'_, Vec<SavedQuery>>;
    /// Saves a query of `owner`.
    fn add_query(&self, owner: String, draft: QueryDraft) -> Asked<'_, SavedQuery>;
    /// Puts `draft` in the place of a query of `owner`; without an owner, of anybody's.
    fn change_query(
        &self,
        id: String,
        owner: Option<String>,
        draft: QueryDraft,
    ) -> Asked<'_, SavedQuery>;
    /// Removes a query of `owner`; without an owner, anybody's.
    fn remove_query(&self, id: String, owner: Option<String>) -> Asked<'_, ()>;
    /// All dashboards that were saved.
    fn dashboards(&self) -> Asked<'_, Vec<SavedDashboard>>;
    /// One of them.
    fn dashboard(&self, id: String) -> Asked<'_, SavedDashboard>;
    /// Saves a new one.
    fn add_dashboard(&self, document: String) -> Asked<'_, SavedDashboard>;
    /// Puts `document` in the place of version `expected`, or of any if that is not said.
    fn change_dashboard(
        &self,
        id: String,
        expected: Option<u64>,
        document: String,
    ) -> Asked<'_, SavedDashboard>;
    /// Removes one.
    fn remove_dashboard(&self, id: String) -> Asked<'_, ()>;
}

/// Saved queries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Queries {
    /// One's own and shared ones, by name.
    pub(crate) queries: Vec<SavedQuery>,
}

/// `GET /api/v1/queries`
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Queries>, HttpProblem> {
    Ok(Json(Queries { queries: shared.saved.queries(caller.who).await? }))
}

/// `POST /api/v1/queries`
pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Result<(StatusCode, Extension<Audited>, Json<SavedQuery>), HttpProblem> {
    let draft = draft(&shared, request).await?;
    let saved = shared.saved.add_query(caller.who, draft).await?;
    let object = format!("/api/v1/queries/{}", saved.id);
    let audited = Audited { object, detail: saved.name.clone() };
    Ok((StatusCode::CREATED, Extension(audited), Json(saved)))
}

/// `PUT /api/v1/queries/{id}`
pub(crate) async fn change(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Result<Json<SavedQuery>, HttpProblem> {
    let Path(id) = id.map_err(unreadable)?;
    let draft = draft(&shared, request).await?;
    Ok(Json(shared.saved.change_query(id, owner(caller), draft).await?))
}

/// `DELETE /api/v1/queries/{id}`
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, HttpProblem> {
    let Path(id) = id.map_err(unreadable)?;
    shared.saved.remove_query(id, owner(caller)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose queries the caller may change: an administrator everybody's.
fn owner(caller: Caller) -> Option<String> {
    (caller.role < Role::Administrator).then_some(caller.who)
}

async fn draft(shared: &Shared, request: Request<Body>) -> Result<QueryDraft, HttpProblem> {
    let draft: QueryDraft = read_json(shared, request).await?;
    if let Some(timespan) = &draft.timespan {
        read_timespan(timespan, shared.clock.now()).map_err(|error| {
            HttpProblem::new(StatusCode::BAD_REQUEST, "invalid", error.to_string())
                .hint("for example: P1D, or 2026-01-01/2026-01-02")
        })?;
    }
    Ok(draft)
}
