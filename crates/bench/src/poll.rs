//! Auth0 poll over TLS, through journal and lake, to an HTTP Data Collector endpoint: events a second until the last one
//! is acknowledged by the (simulated) Azure, processor time and memory of the program.
//! Deliberately absent: a real network; latency is added by the stand-in.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::Measured;
use crate::process::{Program, Usage, free_port, until};

/// Polls `events` events with `latency_ms` added to each request of the provider.
pub(crate) async fn run(events: usize, latency_ms: u64) -> Result<Measured> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (count, latency) = (events.to_string(), latency_ms.to_string());
    let auth0 = text(&[
        "auth0",
        "--events",
        &count,
        "--days",
        "1",
        "--event-bytes",
        "1200",
        "--latency-ms",
        &latency,
        "--tls-ca",
        &at("ca-auth0.pem"),
    ]);
    let auth0 = Program::simulate(&auth0).await?;
    let azure = Program::simulate(&text(&["azure", "--tls-ca", &at("ca-azure.pem")])).await?;
    let authorities = std::fs::read_to_string(at("ca-auth0.pem"))?
        + &std::fs::read_to_string(at("ca-azure.pem"))?;
    std::fs::write(at("ca.pem"), authorities).context("write the authorities")?;
    let port = free_port()?;
    std::fs::write(
        at("doorledger.yaml"),
        configuration(&at("data"), &at("ca.pem"), port, &auth0, &azure),
    )?;

    let start = Instant::now();
    let mut program = Program::serve(
        folder.path().join("doorledger.yaml").as_path(),
        port,
        &folder.path().join("log"),
    )?;
    program.ready().await?;
    until("every event at Azure", || async {
        let account = azure.account().await?;
        Ok((account["tables"]["Auth0AM_CL"]["distinct"].as_u64() >= Some(events as u64))
            .then_some(()))
    })
    .await?;
    let seconds = start.elapsed().as_secs_f64();
    let in_lake = until("every event in the lake", || async {
        let found = program.number("Auth0Logs_CL | count").await?;
        Ok((found >= events as u64).then_some(found))
    })
    .await?;
    ensure!(in_lake == events as u64, "{in_lake} events in the lake, {events} at the provider");
    Ok(line(events, latency_ms, seconds, program.usage()?))
}

fn line(events: usize, latency_ms: u64, seconds: f64, usage: Usage) -> Measured {
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = events as f64 / seconds.max(0.001);
    let reached = match latency_ms {
        0 => rate >= 40_000.0 && usage.cpu_seconds <= 2.5 && usage.peak_mib <= 200.0,
        _ => rate >= 1_900.0,
    };
    Measured {
        work: format!(
            "Auth0 poll of {events} events, TLS, {latency_ms} ms, to a Data Collector endpoint"
        ),
        figures: format!(
            "{rate:.0} events/s (process start included), {:.2} CPU-s, {:.0} MiB",
            usage.cpu_seconds, usage.peak_mib
        ),
        must: if latency_ms == 0 {
            "≥ 40,000 events/s, ≤ 2.5 CPU-s, ≤ 200 MB"
        } else {
            "≥ 1,900 events/s"
        },
        reached,
    }
}

fn configuration(data: &str, ca: &str, port: u16, auth0: &Program, azure: &Program) -> String {
    format!(
        "data: {data}\nlisten: 127.0.0.1:{port}\nnetwork:\n  ca_certificate: {ca}\n\
         tenants:\n  - name: bench\n    provider: auth0\n    sources:\n      poll: {}\n\
         destinations:\n  - {}\n",
        auth0.poll_settings(),
        azure.data_collector_settings()
    )
}
