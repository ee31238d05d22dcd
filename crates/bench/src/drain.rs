//! A backlog: events that were collected while a destination was away, sent to the simulated Logs Ingestion API once it is
//! there: events a second until the last one is acknowledged, processor time and memory of the program.
//! Deliberately absent: collecting them, and a real network.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::Measured;
use crate::process::{Program, free_port, import_configured, until};

/// Rate that a backlog has to reach, in events a second.
const RATE_MIN: f64 = 20_000.0;

/// Drains `events` events.
pub(crate) async fn run(events: usize) -> Result<Measured> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let ca = at("ca.pem");
    let arguments = ["azure", "--tls-ca", &ca].map(str::to_owned);
    let azure = Program::simulate(&arguments).await?;
    let port = free_port()?;
    let config = folder.path().join("doorledger.yaml");
    std::fs::write(
        &config,
        format!(
            "data: {}\nlisten: 127.0.0.1:{port}\nnetwork:\n  ca_certificate: {ca}\n\
             tenants:\n  - name: bench\n    provider: auth0\n    sources:\n      stream: {{tokens: [t]}}\n\
             destinations:\n  - {}\n",
            at("data"),
            azure.logs_ingestion_settings()
        ),
    )?;
    let file = folder.path().join("events.ndjson");
    backlog(events, &file).context("write the events")?;
    // With its configuration, so that the journal keeps what the destination has not got.
    import_configured(&config, "auth0", &file).await?;
    std::fs::remove_file(&file).context("remove the events")?;

    let start = Instant::now();
    let mut program = Program::serve(&config, port, &folder.path().join("log"))?;
    program.ready().await?;
    until("every event at Azure", || async {
        let account = azure.account().await?;
        Ok((distinct(&account) >= events as u64).then_some(()))
    })
    .await?;
    let seconds = start.elapsed().as_secs_f64();
    let account = azure.account().await?;
    ensure!(distinct(&account) == events as u64, "more events at Azure than there were");
    let usage = program.usage()?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = events as f64 / seconds.max(0.001);
    Ok(Measured {
        work: format!("backlog of {events} events of 1,200 B, TLS, to a Logs Ingestion endpoint"),
        figures: format!(
            "{rate:.0} events/s (process start included), {:.2} CPU-s, {:.0} MiB",
            usage.cpu_seconds, usage.peak_mib
        ),
        must: "≥ 20,000 events/s",
        reached: rate >= RATE_MIN,
    })
}

/// Writes sign-ins of about 1,200 bytes, one a line, spread over two days.
fn backlog(events: usize, file: &Path) -> std::io::Result<()> {
    let padding = "x".repeat(900);
    let mut out = BufWriter::new(File::create(file)?);
    for number in 0..events {
        let second = number % 172_800;
        let (day, hour, minute) = (18 + second / 86_400, second / 3_600 % 24, second / 60 % 60);
        let second = second % 60;
        writeln!(
            out,
            "{{\"log_id\":\"900{number:053}\",\"date\":\"2026-11-{day}T{hour:02}:{minute:02}:{second:02}.000Z\",\
             \"type\":\"s\",\"ip\":\"198.51.100.{}\",\"user_name\":\"user{}@example.com\",\
             \"details\":{{\"prompts\":\"{padding}\"}}}}",
            number % 250,
            number % 5_000
        )?;
    }
    out.flush()
}

fn distinct(account: &serde_json::Value) -> u64 {
    let tables = account["tables"].as_object().into_iter().flatten();
    tables
        .filter(|(name, _)| name.contains("Auth0Logs"))
        .filter_map(|(_, table)| table["distinct"].as_u64())
        .sum()
}
