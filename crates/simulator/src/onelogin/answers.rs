//! OneLogin's envelope: a status that repeats the HTTP status, and data. Deliberately absent: the data.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::server::json_answer;

/// The status that goes with data.
pub(super) const SUCCESS: &str =
    r#""status":{"error":false,"code":200,"type":"success","message":"Success"}"#;

/// Data in the envelope.
pub(super) fn success(data: &impl Serialize) -> Response {
    let status = json!({ "error": false, "code": 200, "type": "success", "message": "Success" });
    json_answer(StatusCode::OK, &json!({ "status": status, "data": data }))
}

/// A refusal in the envelope.
pub(super) fn refusal(status: StatusCode, message: &str) -> Response {
    let kind = status.canonical_reason().unwrap_or("error").to_lowercase();
    let body = json!({
        "status": {
            "error": true,
            "code": status.as_u16(),
            "type": kind,
            "message": Value::from(message),
        }
    });
    json_answer(status, &body)
}

/// 429 as a trouble.
pub(super) fn too_many_requests() -> Response {
    refusal(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded")
}

/// 500 as a trouble, and what a deleted credential owner looks like.
pub(super) fn server_error() -> Response {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}
