//! The power cut, again and again: the program polls, receives and ships while every fault of the stand-ins is on, and is
//! killed at random moments. At the end every event must be in the lake once, and at Azure at least once; what Azure's API
//! cannot help doubling is counted.
//! Deliberately absent: torn disks; the journal's simulation covers those.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::Measured;
use crate::load::write_event;
use crate::process::{Program, free_port, post, until};

/// Events that the Auth0 stand-in holds at the start.
const POLLED: usize = 60_000;
/// Events that happen at the Auth0 stand-in in each round.
const EVENTS_PER_ROUND: usize = 100;
/// Events of one delivery.
const DELIVERY: usize = 20;
/// Longest life of a process before it is killed.
const LIFE_MS_MAX: u64 = 1_500;
/// A connection that waits longer than this is given up, and its delivery sent again.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Kills the program `rounds` times and counts.
pub(crate) async fn run(rounds: u32) -> Result<Measured> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let faults = ["--fault", "all=0.02"];
    let auth0 = text(
        &[&["auth0", "--events", &POLLED.to_string(), "--latency-ms", "2"], &faults[..]].concat(),
    );
    let auth0 = Program::simulate(&auth0).await?;
    let azure = Program::simulate(&text(&[&["azure"], &faults[..]].concat())).await?;
    let port = free_port()?;
    let config = folder.path().join("doorledger.yaml");
    std::fs::write(&config, configuration(folder.path(), port, &auth0, &azure))?;
    let log = folder.path().join("log");

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let sender = tokio::spawn(deliver_until(port, stopped));
    let mut chance = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..rounds {
        let program = Program::serve(&config, port, &log)?;
        chance =
            chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(100 + (chance >> 33) % LIFE_MS_MAX)).await;
        program.kill().await?;
        post(&format!("{}/__events?n={EVENTS_PER_ROUND}", auth0.url), "{}").await?;
    }
    let mut program = Program::serve(&config, port, &log)?;
    program.ready().await?;
    stop.send(true).context("stop the deliveries")?;
    let delivered = sender.await.context("wait for the deliveries")??;
    let found = settle(&program, &auth0, &azure, delivered).await?;
    Ok(Measured {
        work: format!(
            "kill -9 while polling, receiving and shipping, {rounds} times, every fault on"
        ),
        figures: found.to_string(),
        must: "0 lost, 0 doubled in the lake",
        reached: found.lost == 0 && found.doubled == 0 && found.missing_at_azure == 0,
    })
}

struct Found {
    lost: u64,
    doubled: u64,
    stored: u64,
    missing_at_azure: u64,
    doubled_at_azure: u64,
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} events: {} lost, {} doubled in the lake; at Azure {} missing, {} sent twice (its API has no idempotency)",
            self.stored, self.lost, self.doubled, self.missing_at_azure, self.doubled_at_azure
        )
    }
}

/// Lets the program finish and compares its lake with both stand-ins.
async fn settle(
    program: &Program,
    auth0: &Program,
    azure: &Program,
    delivered: usize,
) -> Result<Found> {
    for stand_in in [auth0, azure] {
        post(&format!("{}/__faults", stand_in.url), r#"{"probability":{}}"#).await?;
    }
    let polled =
        auth0.account().await?["events"].as_u64().context("the Auth0 stand-in's account")?;
    let expected =
        HashMap::from([("Auth0Logs_CL", polled), ("OneLoginEventsV2_CL", delivered as u64)]);
    let mut found =
        Found { lost: 0, doubled: 0, stored: 0, missing_at_azure: 0, doubled_at_azure: 0 };
    for (table, at_azure) in
        [("Auth0Logs_CL", "Auth0AM_CL"), ("OneLoginEventsV2_CL", "OneLogin_CL")]
    {
        let expected = expected[table];
        let rows = settled_count(program, table, expected).await?;
        let distinct = program.number(&format!("{table} | summarize by _EventId | count")).await?;
        found.stored += rows;
        found.lost += expected.saturating_sub(distinct);
        found.doubled += rows - distinct;
        let account = settled_account(azure, at_azure, expected).await?;
        let number = |name: &str| account[name].as_u64().unwrap_or_default();
        found.missing_at_azure += expected.saturating_sub(number("distinct"));
        found.doubled_at_azure += number("records").saturating_sub(number("distinct"));
    }
    Ok(found)
}

/// The number of rows once it is what is expected, or has not moved for a while.
async fn settled_count(program: &Program, table: &str, expected: u64) -> Result<u64> {
    let mut last = (0, Instant::now());
    loop {
        let rows = program.number(&format!("{table} | count")).await?;
        if rows != last.0 {
            last = (rows, Instant::now());
        }
        if rows >= expected || last.1.elapsed() > Duration::from_secs(60) {
            return Ok(rows);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn settled_account(azure: &Program, table: &str, expected: u64) -> Result<Value> {
    let mut last = (0, Instant::now());
    loop {
        let account = azure.account().await?["tables"][table].clone();
        let distinct = account["distinct"].as_u64().unwrap_or_default();
        if distinct != last.0 {
            last = (distinct, Instant::now());
        }
        if distinct >= expected || last.1.elapsed() > Duration::from_secs(60) {
            return Ok(account);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Delivers events as OneLogin does, each delivery again until it is acknowledged, as a sender that loses nothing would.
/// Gives the number of events delivered.
async fn deliver_until(port: u16, stopped: tokio::sync::watch::Receiver<bool>) -> Result<usize> {
    let url = format!("http://127.0.0.1:{port}/ingest/onelogin/bench/webhook");
    let mut delivered = 0;
    while !*stopped.borrow() {
        let mut body = vec![b'['];
        for number in delivered..delivered + DELIVERY {
            if body.len() > 1 {
                body.push(b',');
            }
            write_event(number, &mut body);
        }
        body.push(b']');
        until("a delivery to be acknowledged", || async {
            let sent =
                crate::process::deliver(&url, "Bearer bench-token", body.clone(), DELIVERY_TIMEOUT)
                    .await;
            Ok(sent.is_ok_and(|status| status == 200).then_some(()))
        })
        .await?;
        delivered += DELIVERY;
    }
    Ok(delivered)
}

fn configuration(folder: &Path, port: u16, auth0: &Program, azure: &Program) -> String {
    let data = folder.join("data").display().to_string();
    format!(
        "data: {data}\nlisten: 127.0.0.1:{port}\n\
         tenants:\n  - name: bench\n    provider: auth0\n    sources:\n      poll: {}\n  \
         - name: bench\n    provider: onelogin\n    sources:\n      webhook:\n        tokens: [bench-token]\n\
         destinations:\n  - {}\n",
        auth0.poll_settings(),
        azure.data_collector_settings()
    )
}
