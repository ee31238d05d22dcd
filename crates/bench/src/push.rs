//! The receiver under load: OneLogin deliveries over 32 connections, each answered after its events are on disk.
//! Deliberately absent: TLS, which a proxy or the program may end; peers were measured without it too.

use anyhow::{Context as _, Result};

use crate::Measured;
use crate::load::{self, Load};
use crate::process::{Program, free_port, until};

/// Connections at once.
const CONNECTIONS: usize = 32;

/// Sends `events` events in requests of `batch`.
pub(crate) async fn run(batch: usize, events: usize) -> Result<Measured> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let port = free_port()?;
    let config = folder.path().join("doorledger.yaml");
    std::fs::write(
        &config,
        configuration(&folder.path().join("data").display().to_string(), port),
    )?;
    let mut program = Program::serve(&config, port, &folder.path().join("log"))?;
    program.ready().await?;
    let load = Load {
        port,
        path: "/ingest/onelogin/bench/webhook".to_owned(),
        token: "Bearer bench-token".to_owned(),
        batch,
        connections: CONNECTIONS,
        events,
        first: 0,
    };
    let answered = load::run(load).await?;
    let usage = program.usage()?;
    until("every event visible", || async {
        Ok((program.number("OneLoginEventsV2_CL | count").await? >= events as u64).then_some(()))
    })
    .await?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = answered.events as f64 / answered.seconds;
    let p99 = answered.percentile(0.99);
    let reached = if batch == 1 { rate >= 30_000.0 } else { rate >= 150_000.0 && p99 <= 50.0 };
    Ok(Measured {
        work: format!(
            "receiver, {CONNECTIONS} connections, {batch} events of 750 B a request, fsync before the answer"
        ),
        figures: format!(
            "{rate:.0} events/s, p50 {:.1} ms, p99 {p99:.1} ms, {:.1} CPU-s, {:.0} MiB",
            answered.percentile(0.5),
            usage.cpu_seconds,
            usage.peak_mib
        ),
        must: if batch == 1 { "≥ 30,000/s" } else { "≥ 150,000 events/s, p99 ≤ 50 ms" },
        reached,
    })
}

/// A program with one receiver.
pub(crate) fn configuration(data: &str, port: u16) -> String {
    format!(
        "data: {data}\nlisten: 127.0.0.1:{port}\ntenants:\n  - name: bench\n    provider: onelogin\n    \
         sources:\n      webhook:\n        tokens: [bench-token]\n"
    )
}
