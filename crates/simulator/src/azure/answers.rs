//! The bodies with which Azure refuses. Each API has its own form.
//! Deliberately absent: answers that succeed, which have no body worth a line.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::server::json_answer;

/// A refusal in the form of Azure's resource APIs, its code repeated in a header.
pub(super) fn refusal(status: StatusCode, code: &'static str, message: &str) -> Response {
    let mut response =
        json_answer(status, &json!({ "error": { "code": code, "message": message } }));
    response.headers_mut().insert("x-ms-error-code", HeaderValue::from_static(code));
    response
}

/// A refusal of the Data Collector.
pub(super) fn collector_refusal(status: StatusCode, error: &str, message: &str) -> Response {
    json_answer(status, &json!({ "Error": error, "Message": message }))
}

/// A refusal of Entra ID, with the number that people search for.
pub(super) fn entra_refusal(
    status: StatusCode,
    error: &str,
    number: u32,
    message: &str,
) -> Response {
    json_answer(
        status,
        &json!({
            "error": error,
            "error_description": format!("AADSTS{number}: {message}"),
            "error_codes": [number],
        }),
    )
}

/// 429, with how long to wait.
pub(super) fn limited(wait_seconds: u32) -> Response {
    let mut response = refusal(
        StatusCode::TOO_MANY_REQUESTS,
        "TooManyRequests",
        "The rule takes no more calls this minute.",
    );
    response.headers_mut().insert(header::RETRY_AFTER, wait_seconds.into());
    response
}

/// 429 as a trouble.
pub(super) fn too_many_requests() -> Response {
    limited(1)
}

/// 500 as a trouble.
pub(super) fn server_error() -> Response {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "An internal error occurred.")
}
