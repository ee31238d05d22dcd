//! What the receivers answer when all is well: the counts and the probes.
//! Deliberately absent: refusals (`refusal`) and the decisions that lead to them.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use model::SourceId;

use crate::intake::Taken;
use crate::refusal::METHODS;

/// All of it is on disk.
pub(super) fn taken(taken: Taken) -> Response {
    let mut body = String::with_capacity(64);
    // Writing to a String cannot fail.
    let _written = write!(
        body,
        r#"{{"stored":{},"duplicates":{},"rejected":{}}}"#,
        taken.stored, taken.duplicates, taken.rejected
    );
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Providers and load balancers look whether anybody is there before they send.
pub(super) fn probe(source: &SourceId) -> Response {
    let text = format!(
        "doorledger takes {} events of tenant {} here, by POST.\n",
        source.provider, source.tenant
    );
    let mut response = Response::new(Body::from(text));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

/// What may be done here. No cross-origin permission is given: browsers have no business here.
pub(super) fn options() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
    response
}
