//! Reading the JSON body of a request to `/api`. The content type is required, because a browser sends `application/json`
//! to another origin only after asking, and we never answer such a question with yes.
//! Deliberately absent: bodies of events, which `ingest` and `import` read.

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use serde::de::DeserializeOwned;

use crate::api::Shared;
use crate::body::{BodyError, collect};
use crate::problem::HttpProblem;
use crate::refusal::Refusal;

/// Reads and decodes the body.
pub(crate) async fn read_json<T: DeserializeOwned>(
    shared: &Shared,
    request: Request<Body>,
) -> Result<T, HttpProblem> {
    let (head, body) = request.into_parts();
    if !is_json(&head.headers) {
        return Err(json_required());
    }
    let bytes = read(shared, body, shared.limits.api_body_bytes_max).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        HttpProblem::new(StatusCode::BAD_REQUEST, "json_malformed", error.to_string())
    })
}

async fn read(shared: &Shared, mut body: Body, bytes_max: usize) -> Result<Bytes, HttpProblem> {
    let mut memory = shared.memory.take(0).ok_or_else(|| Refusal::Busy.problem())?;
    let read = collect(&mut body, shared.limits.body_caps(bytes_max), &mut memory).await;
    read.map_err(|error| match error {
        BodyError::TooLarge { bytes_max } => too_large(bytes_max),
        other => Refusal::from(other).problem(),
    })
}

fn json_required() -> HttpProblem {
    HttpProblem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "json_required", "the body must be JSON")
        .hint("send Content-Type: application/json")
}

fn too_large(bytes_max: usize) -> HttpProblem {
    HttpProblem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        BodyError::TooLarge { bytes_max }.to_string(),
    )
}

/// Whether the content type is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The content type without its parameters, in lower case; empty if there is none.
pub(crate) fn essence(headers: &HeaderMap) -> String {
    let written = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = written.unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}
