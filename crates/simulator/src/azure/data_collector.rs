//! The retired HTTP Data Collector API: a list of records for one type, signed by the workspace's key.
//! Deliberately absent: the columns that the real one infers.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::answers::collector_refusal;
use super::identify::records;
use super::{Azure, DataCollector, signature};
use crate::faults::Fault;
use crate::moment::MINUTE_US;
use crate::server::AnswerLost;

/// Largest body.
const BODY_BYTES_MAX: usize = 30 * 1024 * 1024;
/// How far `x-ms-date` may be off.
const SKEW_MINUTES_MAX: i64 = 15;
/// Longest `Log-Type`.
const LOG_TYPE_CHARACTERS_MAX: usize = 100;
/// Names that a record may not use.
const RESERVED: &[&str] = &["\"tenant\"", "\"TimeGenerated\"", "\"RawData\""];

/// Answers `POST /api/logs`.
pub(super) async fn take(
    State(azure): State<Arc<Azure>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if azure.options.data_collector == DataCollector::Gone {
        let message = "The HTTP Data Collector API was retired. Use the Logs Ingestion API.";
        return collector_refusal(StatusCode::GONE, "Gone", message);
    }
    match accept(&azure, query.as_deref().unwrap_or_default(), &headers, &body) {
        Ok((table, records)) => {
            let mut response = Response::new(Body::empty());
            if azure.troubles.strikes(Fault::LostAnswer) {
                azure.received.unanswered(&table, records);
                response.extensions_mut().insert(AnswerLost);
            }
            response
        }
        Err((status, error, message)) => collector_refusal(status, error, message),
    }
}

type Refused = (StatusCode, &'static str, &'static str);

/// The table and the number of its records.
fn accept(
    azure: &Azure,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(String, u64), Refused> {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    if body.len() > BODY_BYTES_MAX {
        return Err((StatusCode::NOT_FOUND, "RequestTooLarge", "The request is too large"));
    }
    match url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "api-version") {
        None => return Err((BAD, "MissingApiVersion", "The API version is missing")),
        Some((_, version)) if version != "2016-04-01" => {
            return Err((BAD, "InvalidApiVersion", "The API version is unknown"));
        }
        Some(_) => {}
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let content_type =
        text("content-type").ok_or((BAD, "MissingContentType", "The content type is missing"))?;
    if !content_type.starts_with("application/json") {
        return Err((BAD, "UnsupportedContentType", "The content type must be application/json"));
    }
    let log_type = text("log-type").ok_or((BAD, "MissingLogType", "Log-Type is missing"))?;
    if !is_log_type(log_type) {
        return Err((BAD, "InvalidLogType", "Log-Type takes letters, digits and _ only"));
    }
    check_signature(azure, headers, content_type, body.len())?;
    let mut taken = Vec::new();
    let mut reserved = false;
    let read = records(body, |text, id| {
        reserved |= uses_reserved(text);
        taken.push(azure.received.record(text, id));
    });
    if read.is_err() {
        return Err((BAD, "InvalidDataFormat", "The body is not JSON"));
    }
    if reserved {
        return Err((BAD, "InvalidDataFormat", "A record uses a reserved name"));
    }
    let (table, records) = (format!("{log_type}_CL"), taken.len() as u64);
    azure.received.accept(&table, body.len(), azure.unswallowed(taken));
    Ok((table, records))
}

fn check_signature(
    azure: &Azure,
    headers: &HeaderMap,
    content_type: &str,
    length: usize,
) -> Result<(), Refused> {
    const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
    let wrong = |message| (FORBIDDEN, "InvalidAuthorization", message);
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (workspace, signature) = text(header::AUTHORIZATION.as_str())
        .and_then(|value| value.strip_prefix("SharedKey "))
        .and_then(|value| value.split_once(':'))
        .ok_or(wrong("The Authorization header is missing or malformed"))?;
    if workspace != azure.options.workspace_id {
        return Err((StatusCode::BAD_REQUEST, "InvalidCustomerId", "The workspace is unknown"));
    }
    let date = text("x-ms-date").ok_or(wrong("x-ms-date is missing"))?;
    let sent: Timestamp =
        rfc2822::parse(date).map_err(|_| wrong("x-ms-date is malformed"))?.timestamp();
    if (sent.as_microsecond() - azure.now()).abs() > SKEW_MINUTES_MAX * MINUTE_US {
        return Err(wrong("x-ms-date is too far from now"));
    }
    let signed = azure
        .options
        .workspace_keys
        .iter()
        .any(|key| signature::is_signed(key.expose(), signature, length, content_type, date));
    if signed {
        Ok(())
    } else {
        Err(wrong("An invalid signature was specified in the Authorization header"))
    }
}

fn is_log_type(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.len() <= LOG_TYPE_CHARACTERS_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a record has a reserved name at its top. The quick look spares nearly all records the slow one.
fn uses_reserved(record: &str) -> bool {
    RESERVED.iter().any(|name| record.contains(name))
        && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(record)
            .is_ok_and(|it| RESERVED.iter().any(|name| it.contains_key(name.trim_matches('"'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_type_becomes_a_table_only_if_it_can() {
        for (text, expected) in [
            ("Auth0AM", true),
            ("A_1", true),
            ("1A", false),
            ("A-B", false),
            ("", false),
            (&"a".repeat(100), true),
            (&"a".repeat(101), false),
        ] {
            assert_eq!(is_log_type(text), expected, "{text}");
        }
    }

    #[test]
    fn reserved_names_matter_only_at_the_top() {
        assert!(uses_reserved(r#"{"tenant":1}"#));
        assert!(!uses_reserved(r#"{"details":{"tenant":1}}"#));
        assert!(!uses_reserved(r#"{"a":"\"tenant\""}"#));
    }
}
