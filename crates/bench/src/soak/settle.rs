//! Waiting until all is settled: every event in the lake, in the ledger and at both destinations, and days dropped whose time
//! is over.
//! Deliberately absent: the comparison of single events, which follows.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::azure::{self, DESTINATIONS};
use super::lake::{AUTH0, ONELOGIN, first_kept};
use super::stage::Stage;
use super::truth::Truth;
use super::{few, hours};
use crate::process::Program;

/// Longest time in which nothing comes nearer: a source or destination that was refused on purpose waits for a minute, the
/// lake keeps house every twenty seconds.
const STANDSTILL_MAX: Duration = Duration::from_secs(150);
/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// How the waiting ended.
pub(super) enum Settled {
    /// Everything is where it belongs.
    Yes,
    /// Nothing moves any more, and this is missing.
    Stuck(Vec<String>),
}

/// Waits.
pub(super) async fn wait(program: &Program, stage: &Stage, truth: &Truth) -> Result<Settled> {
    let mut last = (0, Instant::now());
    loop {
        let (mut missing, mut progress) = hours::look(program, stage).await?;
        let (rows, reached) = rows(program, stage, truth).await?;
        missing.extend(rows);
        let arrived = azure::arrived(stage);
        let expected = (truth.acme.len() + truth.globex.len()) * DESTINATIONS.len();
        if arrived < expected as u64 {
            missing.push(format!("{arrived} of {expected} at Azure"));
        }
        progress += reached + arrived;
        if missing.is_empty() {
            return Ok(Settled::Yes);
        }
        if progress != last.0 {
            last = (progress, Instant::now());
        } else if last.1.elapsed() > STANDSTILL_MAX {
            return Ok(Settled::Stuck(few("not settled", &missing)));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What is missing in the lake, and how far it came.
async fn rows(program: &Program, stage: &Stage, truth: &Truth) -> Result<(Vec<String>, u64)> {
    let kept = first_kept(program, stage).await?;
    let expired = program
        .number(&format!("{AUTH0} | where TimeGenerated < datetime({kept}) | count"))
        .await?;
    let stored = program
        .number(&format!("{AUTH0} | where TimeGenerated >= datetime({kept}) | count"))
        .await?;
    let onelogin = program.number(&format!("{ONELOGIN} | count")).await?;
    let expected = truth.acme.events().iter().filter(|it| it.day() >= kept.as_str()).count() as u64;
    let mut missing = Vec::new();
    if expired > 0 {
        missing.push(format!("{expired} rows of days before {kept}"));
    }
    for (table, found, expected) in
        [(AUTH0, stored, expected), (ONELOGIN, onelogin, truth.globex.len() as u64)]
    {
        if found != expected {
            missing.push(format!("{found} rows in {table}, not {expected}"));
        }
    }
    // What is dropped comes nearer, too.
    Ok((missing, (stored + onelogin).wrapping_sub(expired)))
}
