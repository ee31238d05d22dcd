//! `POST /api/v1/import/{provider}/{tenant}`: exported or archived events in, by hand. Bounded like a receiver's body, and
//! within the same budget of memory.
//!
//! Deliberately absent: decoding and storing, which the binary does behind `Operations`; cutting large files into
//! pieces, which the command line does.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use model::{NAME_HINT, Problem, name_problem};

use crate::api::Shared;
use crate::body::collect;
use crate::encoding;
use crate::intake::Taken;
use crate::json_body::{essence, is_json};
use crate::limits::Share;
use crate::operations::OperationError;
use crate::problem::HttpProblem;
use crate::refusal::Refusal;

/// The handler. The share of the memory is given back when the events are on disk.
pub(crate) async fn import(
    State(shared): State<Arc<Shared>>,
    names: Result<Path<(String, String)>, PathRejection>,
    request: Request<Body>,
) -> Result<Json<Taken>, HttpProblem> {
    let (head, body) = request.into_parts();
    let (provider, tenant) = read_names(names)?;
    if !is_events(&head.headers) {
        return Err(events_required());
    }
    if !encoding::is_known(&head.headers) {
        return Err(Refusal::Encoding.problem());
    }
    let (body, _memory) = read(&shared, body).await.map_err(refused)?;
    Ok(Json(shared.operations.import(provider, tenant, body).await?))
}

/// The body, decompressed, and its share of the memory for bodies.
async fn read(shared: &Shared, mut body: Body) -> Result<(Bytes, Share), Refusal> {
    let bytes_max = shared.limits.body_bytes_max;
    let mut memory = shared.memory.take(0).ok_or(Refusal::Busy)?;
    let sent = collect(&mut body, shared.limits.body_caps(bytes_max), &mut memory).await?;
    let work = move || {
        let plain = encoding::plain(sent, bytes_max, &mut memory)?;
        Ok((plain, memory))
    };
    // Megabytes may have to be decompressed: that holds up nobody on a thread of its own.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Refusal::Failed))
}

fn refused(refusal: Refusal) -> HttpProblem {
    match refusal {
        Refusal::TooLarge { .. } => refusal
            .problem()
            .hint("send fewer events in one request; `doorledger import` cuts large files itself"),
        other => other.problem(),
    }
}

fn read_names(
    names: Result<Path<(String, String)>, PathRejection>,
) -> Result<(String, String), HttpProblem> {
    let Path((provider, tenant)) = names
        .map_err(|error| HttpProblem::new(StatusCode::BAD_REQUEST, "invalid", error.body_text()))?;
    match name_problem(&tenant) {
        None => Ok((provider, tenant)),
        Some(problem) => {
            let message = format!("the tenant's name {problem}");
            let problems = vec![Problem::new("tenant", message, NAME_HINT)];
            Err(OperationError::Refused(problems).into())
        }
    }
}

/// Whether the content type is one of exported events, none of which a web page may send elsewhere without asking. What
/// the bytes are is read from the bytes.
fn is_events(headers: &HeaderMap) -> bool {
    const LINES: [&str; 3] = ["application/x-ndjson", "application/ndjson", "application/jsonl"];
    const GZIP: [&str; 2] = ["application/gzip", "application/x-gzip"];
    let essence = essence(headers);
    is_json(headers) || LINES.contains(&essence.as_str()) || GZIP.contains(&essence.as_str())
}

fn events_required() -> HttpProblem {
    HttpProblem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "json_required",
        "the body must be JSON, JSON lines, or gzip of either",
    )
    .hint("send Content-Type: application/json, application/x-ndjson or application/gzip")
}
