//! Which path is answered by what, the simulator's own control paths (`/__…`) included, and the unpacking of bodies.
//! Deliberately absent: the answers themselves.

use std::io::Read as _;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use flate2::read::MultiGzDecoder;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::{Azure, answers, data_collector, entra, key_vault, logs_ingestion, workspace};
use crate::faults::Faults;
use crate::server::json_answer;

/// Largest body that is read at all: a little more than the largest that any API takes.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

pub(super) fn router(azure: Arc<Azure>) -> Router {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/token", post(entra::token))
        .route("/metadata/identity/oauth2/token", get(entra::instance_metadata))
        .route("/dataCollectionRules/{rule}/streams/{stream}", post(logs_ingestion::take))
        .route("/api/logs", post(data_collector::take))
        .route("/v1/workspaces/{workspace}/query", post(workspace::query))
        .route("/secrets/{name}", get(key_vault::current))
        .route("/secrets/{name}/{version}", get(key_vault::versioned))
        .route("/__account", get(account))
        .route("/__ids", get(ids))
        .route("/__records", get(records))
        .route("/__faults", post(faults))
        .fallback(|| async {
            answers::refusal(StatusCode::NOT_FOUND, "NotFound", "There is nothing at this path.")
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(azure)
}

/// A body unpacked as its header says, at most one byte more than `bytes_max`; `None` if it is broken.
pub(super) fn plain(
    encoding: Option<&HeaderValue>,
    body: Bytes,
    bytes_max: usize,
) -> Option<Bytes> {
    match encoding.and_then(|value| value.to_str().ok()) {
        None | Some("" | "identity") => Some(body),
        Some("gzip") => {
            let mut plain = Vec::with_capacity((body.len() * 6).min(bytes_max + 1));
            MultiGzDecoder::new(&body[..])
                .take(bytes_max as u64 + 1)
                .read_to_end(&mut plain)
                .ok()?;
            Some(plain.into())
        }
        Some(_) => None,
    }
}

async fn account(State(azure): State<Arc<Azure>>) -> Response {
    json_answer(StatusCode::OK, &azure.account())
}

/// `?table=Auth0AM_CL`
#[derive(Debug, Deserialize)]
struct Wanted {
    table: String,
}

async fn ids(State(azure): State<Arc<Azure>>, Query(wanted): Query<Wanted>) -> Response {
    let mut text = azure.ids(&wanted.table).join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text.into_response()
}

async fn records(State(azure): State<Arc<Azure>>, Query(wanted): Query<Wanted>) -> Response {
    let mut lines = Vec::new();
    for record in azure.records(&wanted.table) {
        lines.extend_from_slice(&record);
        lines.push(b'\n');
    }
    crate::server::answer(StatusCode::OK, "application/x-ndjson", lines)
}

async fn faults(State(azure): State<Arc<Azure>>, Json(faults): Json<Faults>) -> StatusCode {
    azure.set_faults(faults);
    StatusCode::NO_CONTENT
}
