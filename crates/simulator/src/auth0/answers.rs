//! The bodies with which Auth0 refuses, and the headers that every answer of the Management API carries.
//! Deliberately absent: answers that succeed, which stand where they are made.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::limiter::Verdict;
use crate::server::json_answer;

/// An error of the Management API: `statusCode`, `error`, `message` and, where there is one, `errorCode`.
pub(super) fn refusal(status: StatusCode, message: &str, code: Option<&str>) -> Response {
    let mut body = json!({
        "statusCode": status.as_u16(),
        "error": status.canonical_reason().unwrap_or("Error"),
        "message": message,
    });
    if let Some(code) = code {
        body["errorCode"] = Value::from(code);
    }
    json_answer(status, &body)
}

/// A token that is not accepted: the message stands twice.
pub(super) fn bad_token(message: &str) -> Response {
    json_answer(
        StatusCode::UNAUTHORIZED,
        &json!({
            "statusCode": 401,
            "error": "Unauthorized",
            "message": message,
            "attributes": { "error": message },
        }),
    )
}

/// A query that is not accepted.
pub(super) fn bad_query(message: &str) -> Response {
    refusal(StatusCode::BAD_REQUEST, message, Some("invalid_query_string"))
}

/// 429 of the Management API.
pub(super) fn too_many_requests() -> Response {
    refusal(
        StatusCode::TOO_MANY_REQUESTS,
        "Global limit has been reached",
        Some("too_many_requests"),
    )
}

/// 500 of the Management API.
pub(super) fn server_error() -> Response {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "An internal server error occurred", None)
}

/// An error of the authentication API, in the form of RFC 6749.
pub(super) fn oauth_error(status: StatusCode, error: &str, description: &str) -> Response {
    json_answer(status, &json!({ "error": error, "error_description": description }))
}

/// Writes what the rate limit says into an answer.
pub(super) fn push_limits(headers: &mut HeaderMap, verdict: Verdict, retry_after: bool) {
    headers.insert("x-ratelimit-limit", verdict.limit.into());
    headers.insert("x-ratelimit-remaining", verdict.remaining.into());
    headers.insert("x-ratelimit-reset", verdict.reset.into());
    if !verdict.allowed && retry_after {
        headers.insert(http::header::RETRY_AFTER, verdict.wait_seconds.into());
    }
}
