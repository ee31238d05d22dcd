//! Which path is answered by what, the simulator's own control paths (`/__…`) included.
//! Deliberately absent: the answers themselves.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;

use super::{Auth0, answers, logs, search, token};
use crate::attacks::Attack;
use crate::control::{AttackWanted, PRODUCED_EVENTS_MAX, Wanted, unknown};
use crate::faults::Faults;
use crate::server::json_answer;

pub(super) fn router(tenant: Arc<Auth0>) -> Router {
    Router::new()
        .route("/oauth/token", post(token::answer))
        .route("/api/v2/logs", get(logs::list))
        .route("/api/v2/logs/{id}", get(logs::one))
        .route("/api/v2/users/{id}/logs", get(search::of_user))
        .route("/api/v2/stats/daily", get(search::daily))
        .route("/__account", get(account))
        .route("/__ids", get(ids))
        .route("/__events", post(produce))
        .route("/__attack/{name}", post(attack))
        .route("/__faults", post(faults))
        .fallback(|| async { answers::refusal(StatusCode::NOT_FOUND, "Not Found", None) })
        .with_state(tenant)
}

async fn account(State(tenant): State<Arc<Auth0>>) -> Response {
    json_answer(StatusCode::OK, &tenant.account())
}

async fn ids(State(tenant): State<Arc<Auth0>>) -> Response {
    let mut text = String::new();
    for id in tenant.ids() {
        text.push_str(&id);
        text.push('\n');
    }
    text.into_response()
}

async fn produce(State(tenant): State<Arc<Auth0>>, Query(wanted): Query<Wanted>) -> Response {
    let ids = tenant.produce(wanted.n.min(PRODUCED_EVENTS_MAX));
    json_answer(StatusCode::OK, &serde_json::json!({ "ids": ids }))
}

async fn attack(
    State(tenant): State<Arc<Auth0>>,
    Path(name): Path<String>,
    Query(wanted): Query<AttackWanted>,
) -> Response {
    match name.parse::<Attack>() {
        Ok(attack) => json_answer(StatusCode::OK, &tenant.attack(attack, wanted.seed, wanted.live)),
        Err(problem) => unknown(&problem),
    }
}

async fn faults(State(tenant): State<Arc<Auth0>>, Json(faults): Json<Faults>) -> StatusCode {
    tenant.set_faults(faults);
    StatusCode::NO_CONTENT
}
