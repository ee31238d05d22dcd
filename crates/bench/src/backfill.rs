//! Reading a tenant's past: how much of the configured share of its rate limit is used. A single reader asks 20 times a
//! second at 50 ms; the tenant allows 50.
//! Deliberately absent: live traffic beside it.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::Measured;
use crate::process::{Program, backfill, number_in};

/// What the imitated tenant allows.
const REQUESTS_PER_SECOND: f64 = 50.0;
/// Events of a page.
const EVENTS_PER_REQUEST: f64 = 100.0;
/// The part of the share that must be used.
const USED_MIN: f64 = 0.9;

/// Reads `events` events with 50 ms added to each request.
pub(crate) async fn run(events: usize) -> Result<Measured> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let at = |name: &str| folder.path().join(name);
    let count = events.to_string();
    let auth0 = ["auth0", "--events", &count, "--days", "29", "--latency-ms", "50"];
    let auth0: Vec<String> =
        auth0.into_iter().chain(["--plan", "private-cloud"]).map(str::to_owned).collect();
    let auth0 = Program::simulate(&auth0).await?;
    let configuration = format!(
        "data: {}\ntenants:\n  - name: bench\n    provider: auth0\n    sources:\n      poll: {}\n",
        at("data").display(),
        auth0.poll_settings()
    );
    std::fs::write(at("doorledger.yaml"), configuration).context("write the configuration")?;
    let start = Instant::now();
    backfill(&at("doorledger.yaml")).await?;
    let seconds = start.elapsed().as_secs_f64();
    let found = number_in(&at("data"), "Auth0Logs_CL | count").await?;
    ensure!(found >= events as u64, "{found} events in the lake, {events} at the provider");
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = events as f64 / seconds.max(0.001);
    let used = rate / EVENTS_PER_REQUEST / REQUESTS_PER_SECOND;
    Ok(Measured {
        work: format!("Auth0 backfill of {events} events, 50 ms, 50 requests a second"),
        figures: format!(
            "{rate:.0} events/s (process start included), {:.1} % of the share",
            used * 100.0
        ),
        must: "≥ 90 % of the configured share",
        reached: used >= USED_MIN,
    })
}
