//! The parameters of the control paths (`/__…`) that the simulated identity providers share.
//! Deliberately absent: what they do, which each service does to itself.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Deserialize;

/// How many events one control request may produce.
pub(crate) const PRODUCED_EVENTS_MAX: usize = 1_000_000;

/// `?n=100`
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) n: usize,
}

/// `?seed=7&live=true`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AttackWanted {
    pub(crate) seed: u64,
    pub(crate) live: bool,
}

/// 404 with a sentence.
pub(crate) fn unknown(problem: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("{problem}\n")).into_response()
}
