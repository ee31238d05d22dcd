//! `/metrics`, and the recorder behind it with the buckets that fit our durations. Deliberately absent: the metrics
//! themselves, which are recorded where things happen.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusRecorder};

use crate::api::Shared;
use crate::problem::HttpProblem;

/// Bounds, in seconds, of the histograms that end in `_seconds`: from a commit to disk to a long query.
const SECONDS_BUCKETS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 180.0];

/// The recorder that the binary installs, once, before anything is counted; its `handle()` goes into the `ApiOptions`.
///
/// # Errors
/// Only if the buckets were wrong.
pub fn recorder() -> Result<PrometheusRecorder, BuildError> {
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)?
        .build_recorder())
}

/// `GET /metrics`
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    match &shared.metrics {
        Some(handle) => {
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
                .into_response()
        }
        None => HttpProblem::new(
            StatusCode::NOT_FOUND,
            "metrics_off",
            "metrics are switched off on this server",
        )
        .into_response(),
    }
}
