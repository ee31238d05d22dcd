//! Reading the JSON body of a request to `/api`. The content type is required, because a browser sends `application/json`
//! to another origin only after asking, and we never answer such a question with yes.
//! Deliberately absent: the receivers' bodies, whose content type is ignored.

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use serde::de::DeserializeOwned;

use crate::api::Shared;
use crate::body::{BodyCaps, BodyError, collect};
use crate::limits::Budget;
use crate::problem::HttpProblem;

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

/// Reads a body of up to `bytes_max` bytes that only has to come as JSON, and may hold many values.
pub(crate) async fn read_bytes(
    shared: &Shared,
    request: Request<Body>,
    bytes_max: usize,
) -> Result<Bytes, HttpProblem> {
    let (head, body) = request.into_parts();
    if is_json(&head.headers) { read(shared, body, bytes_max).await } else { Err(json_required()) }
}

async fn read(shared: &Shared, mut body: Body, bytes_max: usize) -> Result<Bytes, HttpProblem> {
    let caps = BodyCaps {
        bytes_max,
        stall_time_max: shared.limits.body_stall_time_max,
        time_max: shared.limits.body_time_max,
    };
    // Connections are limited and these bodies are small: no shared budget is needed, only this body's own.
    let mut share = Budget::of(bytes_max).take(0).ok_or_else(|| too_large(bytes_max))?;
    collect(&mut body, caps, &mut share).await.map_err(|error| match error {
        BodyError::TooLarge { bytes_max } => too_large(bytes_max),
        BodyError::NoMemory => too_large(bytes_max),
        BodyError::Stalled => {
            HttpProblem::new(StatusCode::REQUEST_TIMEOUT, "body_stalled", error.to_string())
        }
        BodyError::Cut => HttpProblem::new(StatusCode::BAD_REQUEST, "body_cut", error.to_string()),
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

fn is_json(headers: &HeaderMap) -> bool {
    let written = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = written.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}
