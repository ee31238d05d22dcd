//! Which path is answered by what, the simulator's own control paths (`/__…`) included.
//! Deliberately absent: the answers themselves.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;

use super::{OneLogin, answers, events, token};
use crate::attacks::Attack;
use crate::control::{AttackWanted, PRODUCED_EVENTS_MAX, Wanted, unknown};
use crate::faults::Faults;
use crate::server::json_answer;

pub(super) fn router(account: Arc<OneLogin>) -> Router {
    Router::new()
        .route("/auth/oauth2/v2/token", post(token::flat))
        .route("/auth/oauth2/token", post(token::wrapped))
        .route("/auth/rate_limit", get(events::rate_limit))
        .route("/api/1/events", get(events::list))
        .route("/api/1/events/types", get(events::types))
        .route("/api/1/events/{id}", get(events::one))
        .route("/__account", get(status))
        .route("/__ids", get(ids))
        .route("/__events", post(produce))
        .route("/__attack/{name}", post(attack))
        .route("/__faults", post(faults))
        .route("/__owner", post(owner))
        .fallback(|| async { answers::refusal(StatusCode::NOT_FOUND, "Not Found") })
        .with_state(account)
}

async fn status(State(account): State<Arc<OneLogin>>) -> Response {
    json_answer(StatusCode::OK, &account.account())
}

/// Both ids a line, separated by a tabulator.
async fn ids(State(account): State<Arc<OneLogin>>) -> Response {
    let mut text = String::new();
    for (id, uuid) in account.ids() {
        let written = writeln!(text, "{id}\t{uuid}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    text.into_response()
}

async fn produce(State(account): State<Arc<OneLogin>>, Query(wanted): Query<Wanted>) -> Response {
    let ids = account.produce(wanted.n.min(PRODUCED_EVENTS_MAX));
    json_answer(StatusCode::OK, &serde_json::json!({ "ids": ids }))
}

async fn attack(
    State(account): State<Arc<OneLogin>>,
    Path(name): Path<String>,
    Query(wanted): Query<AttackWanted>,
) -> Response {
    match name.parse::<Attack>() {
        Ok(attack) => {
            json_answer(StatusCode::OK, &account.attack(attack, wanted.seed, wanted.live))
        }
        Err(problem) => unknown(&problem),
    }
}

async fn faults(State(account): State<Arc<OneLogin>>, Json(faults): Json<Faults>) -> StatusCode {
    account.set_faults(faults);
    StatusCode::NO_CONTENT
}

/// `?deleted=true`
#[derive(Debug, Deserialize)]
struct Owner {
    deleted: bool,
}

async fn owner(State(account): State<Arc<OneLogin>>, Query(owner): Query<Owner>) -> StatusCode {
    account.set_owner_deleted(owner.deleted);
    StatusCode::NO_CONTENT
}
