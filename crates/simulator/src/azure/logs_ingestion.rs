//! The Logs Ingestion API: a JSON list for one stream of one data collection rule, packed or not, 204 if all is well.
//! Deliberately absent: what a transformation would make of it.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};

use super::answers::{limited, refusal};
use super::identify::records;
use super::schema::misfit;
use super::{Azure, routes};
use crate::faults::Fault;
use crate::server::AnswerLost;

const AUDIENCES: &[&str] =
    &["https://monitor.azure.com", "https://monitor.azure.us", "https://monitor.azure.cn"];

/// Answers `POST /dataCollectionRules/{rule}/streams/{stream}`.
pub(super) async fn take(
    State(azure): State<Arc<Azure>>,
    Path((rule, stream)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match accept(&azure, &rule, &stream, &headers, body) {
        Ok(records) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            if azure.troubles.strikes(Fault::LostAnswer) {
                azure.received.unanswered(table_of(&stream), records);
                response.extensions_mut().insert(AnswerLost);
            }
            response
        }
        Err(refused) => *refused,
    }
}

fn accept(
    azure: &Azure,
    rule: &str,
    stream: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<u64, Box<Response>> {
    let refuse = |status, code, message: &str| Err(Box::new(refusal(status, code, message)));
    let options = &azure.options;
    if let Err(message) = azure.authorized(headers, AUDIENCES) {
        return refuse(StatusCode::UNAUTHORIZED, "InvalidToken", message);
    }
    if rule != options.rule_id {
        let message = format!("Data collection rule with immutable Id '{rule}' not found.");
        return refuse(StatusCode::NOT_FOUND, "NotFound", &message);
    }
    if !options.may_publish {
        let message = format!(
            "The authentication token provided does not have access to ingest data for the data \
             collection rule with immutable Id '{rule}' PipelineAccessResult: AccessGranted: False, \
             IsRbacPresent: False"
        );
        return refuse(StatusCode::FORBIDDEN, "OperationFailed", &message);
    }
    let columns = options.streams.get(stream);
    if columns.is_none() && !options.streams.is_empty() {
        let message = format!("The stream {stream} was not configured in the rule.");
        return refuse(StatusCode::NOT_FOUND, "InvalidStream", &message);
    }
    if let Some(verdict) = azure.ask_limit().filter(|verdict| !verdict.allowed) {
        return Err(Box::new(limited(verdict.wait_seconds)));
    }
    let most = options.ingestion_bytes_max;
    let too_long = |length: usize| {
        let message = format!(
            "Maximum allowed content length: {most} bytes (1 MB). Provided content length: \
             {length} bytes."
        );
        refuse(StatusCode::PAYLOAD_TOO_LARGE, "ContentLengthLimitExceeded", &message)
    };
    if body.len() > most {
        return too_long(body.len());
    }
    let Some(plain) = routes::plain(headers.get(header::CONTENT_ENCODING), body, most) else {
        return refuse(StatusCode::BAD_REQUEST, "InvalidContent", "The body cannot be unpacked.");
    };
    if plain.len() > most {
        return too_long(plain.len());
    }
    let mut taken = Vec::new();
    let mut wrong = None;
    let read = records(&plain, |text, id| {
        if let Some(columns) = columns.filter(|_| options.strict_schema && wrong.is_none()) {
            wrong = misfit(columns, text);
        }
        taken.push(azure.received.record(text, id));
    });
    if read.is_err() || !plain.trim_ascii_start().starts_with(b"[") {
        let message = "The body is not a JSON array of records.";
        return refuse(StatusCode::BAD_REQUEST, "InvalidPayload", message);
    }
    if let Some(wrong) = wrong {
        return refuse(StatusCode::BAD_REQUEST, "InvalidRecord", &format!("Refused: {wrong}."));
    }
    let records = taken.len() as u64;
    azure.received.accept(table_of(stream), plain.len(), azure.unswallowed(taken));
    Ok(records)
}

/// A stream is named after its table.
fn table_of(stream: &str) -> &str {
    stream.strip_prefix("Custom-").or_else(|| stream.strip_prefix("Microsoft-")).unwrap_or(stream)
}
