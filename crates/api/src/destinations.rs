//! `/api/v1/destinations`: where events go; added, changed, tested, paused and removed.
//! Deliberately absent: keeping and running them (`Applications`), and giving up what a removed one has not got
//! (`operations`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use http::{Request, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Audited;
use crate::api::Shared;
use crate::applications::{Checks, DestinationDraft, DestinationTest, ShownDestination};
use crate::json_body::read_json;
use crate::people::unreadable;
use crate::problem::HttpProblem;

/// Every destination.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Destinations {
    pub(crate) destinations: Vec<ShownDestination>,
}

/// `GET /api/v1/destinations`
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Json<Destinations> {
    Json(Destinations { destinations: shared.applications.destinations() })
}

/// `POST /api/v1/destinations`
pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<(StatusCode, Extension<Audited>), HttpProblem> {
    let draft: DestinationDraft = read_json(&shared, request).await?;
    let object = format!("/api/v1/destinations/{}", draft.name);
    let audited = Audited { object, detail: draft.kind.clone() };
    shared.applications.add_destination(draft).await?;
    Ok((StatusCode::CREATED, Extension(audited)))
}

/// `PUT /api/v1/destinations/{name}`
pub(crate) async fn change(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Result<StatusCode, HttpProblem> {
    let Path(name) = name.map_err(unreadable)?;
    let draft: DestinationDraft = read_json(&shared, request).await?;
    if draft.name != name {
        let detail = "the place of a destination is kept under its name, which does not change";
        return Err(HttpProblem::new(StatusCode::BAD_REQUEST, "invalid", detail)
            .hint("add another destination, and remove this one"));
    }
    shared.applications.change_destination(draft).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/destinations/{name}`
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, HttpProblem> {
    let Path(name) = name.map_err(unreadable)?;
    shared.applications.remove_destination(name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/destinations/test`
pub(crate) async fn test(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Json<Checks>, HttpProblem> {
    let wanted: DestinationTest = read_json(&shared, request).await?;
    Ok(Json(Checks { checks: shared.applications.test_destination(wanted).await? }))
}

/// `POST /api/v1/destinations/{name}/pause`
pub(crate) async fn pause(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, HttpProblem> {
    let Path(name) = name.map_err(unreadable)?;
    shared.applications.pause_destination(name, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/destinations/{name}/resume`
pub(crate) async fn resume(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, HttpProblem> {
    let Path(name) = name.map_err(unreadable)?;
    shared.applications.pause_destination(name, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
