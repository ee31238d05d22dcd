//! `/livez` and `/readyz` for supervisors and load balancers. Ready means that events can be taken: the journal writes
//! and the configuration is loaded. A dead destination does not make a server unready, since it must go on collecting.
//! Deliberately absent: judging; the binary brings the checks.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;

use crate::access::caller_of;
use crate::api::Shared;
use crate::status::Check;

/// `GET /livez`
pub(crate) async fn live() -> Response {
    text(StatusCode::OK, "ok\n".to_owned())
}

/// `GET /readyz`, with `?verbose` for the single checks. Their texts are shown to those only who may see the status;
/// everybody else learns yes or no.
pub(crate) async fn ready(State(shared): State<Arc<Shared>>, head: Parts) -> Response {
    let checks = shared.status.readiness().await;
    let ready = checks.iter().all(|check| check.error.is_none());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let asked = head.uri.query().is_some_and(|query| {
        query.split('&').any(|part| part.split('=').next() == Some("verbose"))
    });
    if asked && caller_of(&shared, &head).await.is_some() {
        return text(status, verbose(&checks, ready));
    }
    text(status, if ready { "ok\n" } else { "not ready\n" }.to_owned())
}

fn verbose(checks: &[Check], ready: bool) -> String {
    let mut lines = String::new();
    for check in checks {
        // Writing to a String cannot fail.
        let _written = match &check.error {
            None => writeln!(lines, "[+] {} ok", check.name),
            Some(error) => writeln!(lines, "[-] {} failed: {error}", check.name),
        };
    }
    lines.push_str(if ready { "ready\n" } else { "not ready\n" });
    lines
}

fn text(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}
