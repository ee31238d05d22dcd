//! What Azure's ingestion services say when they refuse. Deliberately absent: what a status means; each service's own.

use http::StatusCode;
use net::Answer;
use serde::Deserialize;

/// How much of a service's own words is repeated to the user.
const MESSAGE_CHARS_MAX: usize = 300;

/// A refusal in the service's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// The service's name for it: `InvalidStream`; empty if it gave none.
    pub(crate) code: String,
    /// Everything that can be told, in one line.
    pub(crate) words: String,
}

/// Both shapes: `{"error":{"code","message"}}` (Logs Ingestion and the rest of Azure) and `{"Error","Message"}` (HTTP Data
/// Collector).
#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Nested {
        error: Inner,
    },
    Flat {
        #[serde(rename = "Error")]
        code: String,
        #[serde(rename = "Message", default)]
        message: String,
    },
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Inner {
    code: String,
    message: String,
}

/// The service's words of an answer that is not a success.
pub(crate) fn complaint(answer: &Answer) -> Complaint {
    let header = || {
        let code = answer.headers.get("x-ms-error-code").and_then(|value| value.to_str().ok());
        (code.unwrap_or_default().to_owned(), String::new())
    };
    let (code, message) = match serde_json::from_slice(&answer.body) {
        Ok(Body::Nested { error }) if !error.code.is_empty() => (error.code, error.message),
        Ok(Body::Flat { code, message }) => (code, message),
        _ => header(),
    };
    let message: String =
        message.trim().trim_end_matches('.').chars().take(MESSAGE_CHARS_MAX).collect();
    let mut words = status(answer.status);
    for part in [&code, &message] {
        if !part.is_empty() {
            words = format!("{words}: {part}");
        }
    }
    Complaint { code, words }
}

fn status(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("status {} {reason}", status.as_u16()),
        None => format!("status {}", status.as_u16()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn every_shape_of_refusal_is_read() {
        let check =
            |status: u16, header: Option<&'static str>, body: &'static str, expected: &str| {
                let mut headers = HeaderMap::new();
                if let Some(code) = header {
                    headers.insert("x-ms-error-code", HeaderValue::from_static(code));
                }
                let status = StatusCode::from_u16(status).expect("a status");
                let answer = Answer { status, headers, body: Bytes::from_static(body.as_bytes()) };
                assert_eq!(complaint(&answer).words, expected, "{body}");
            };
        check(
            413,
            None,
            r#"{"error":{"code":"ContentLengthLimitExceeded","message":"Maximum allowed content length: 1048576 bytes (1 MB)."}}"#,
            "status 413 Payload Too Large: ContentLengthLimitExceeded: Maximum allowed content length: 1048576 bytes (1 MB)",
        );
        check(
            403,
            None,
            r#"{"Error":"InvalidAuthorization","Message":"An invalid signature was specified"}"#,
            "status 403 Forbidden: InvalidAuthorization: An invalid signature was specified",
        );
        check(400, Some("InvalidStream"), "", "status 400 Bad Request: InvalidStream");
        check(502, None, "<html>", "status 502 Bad Gateway");
        check(599, None, r#"{"error":"x"}"#, "status 599");
    }
}
