//! A disk that is full for minutes, while events are pushed and polled, and that has room again without a restart. No file of
//! the process may grow: the limit on file sizes, which needs no rights, strikes journal and lake alike. What happens
//! meanwhile waits at the stand-ins.
//! Deliberately absent: the journal's own budget, and a disk that is nearly full (the journal's tests have those).

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::say;
use super::stage::Stage;
use crate::Measured;
use crate::process::{Program, until};

/// How long the program works before its disk is full.
const WELL: Duration = Duration::from_secs(20);
/// Between two looks while the disk is full.
const LOOK: Duration = Duration::from_secs(1);
/// What was under way when the disk became full may still be answered within this.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// Fills the disk for `lasts`; gives the process that went through it.
pub(super) async fn run(stage: &Stage, lasts: Duration) -> Result<(Program, Vec<Measured>)> {
    let mut program = stage.serve()?;
    program.ready().await?;
    tokio::time::sleep(WELL).await;
    let process = program.id()?;
    limit(process, "1").await?;
    let start = Instant::now();
    tokio::time::sleep(UNDER_WAY).await;
    let (accepted, refused) = pushed(stage);
    let (mut looks, mut red) = (0, 0);
    while start.elapsed() < lasts {
        tokio::time::sleep(LOOK).await;
        let status: Value = serde_json::from_str(&program.get("/api/v1/status").await?)
            .context("read the status")?;
        looks += 1;
        red += u64::from(status["light"] == "red");
    }
    let (accepted_then, refused_then) = pushed(stage);
    say(&format!("soak: the disk has room again after {} s", start.elapsed().as_secs()));
    limit(process, "unlimited").await?;
    let lifted = Instant::now();
    until("a delivery to be acknowledged again", || async {
        Ok((pushed(stage).0 > accepted_then).then_some(()))
    })
    .await?;
    let recovered = lifted.elapsed();
    ensure!(program.id()? == process, "the program was started again");
    let line = |work: &str, must, figures, reached| Measured {
        work: work.to_owned(),
        figures,
        must,
        reached,
    };
    let lines = vec![
        line(
            "events acknowledged by a receiver while nothing could be written",
            "0",
            format!(
                "{} in {} s, {} deliveries refused",
                accepted_then - accepted,
                lasts.as_secs(),
                refused_then - refused
            ),
            accepted_then == accepted,
        ),
        line(
            "looks at the status in which it was red meanwhile",
            "all but the first",
            format!("{red} of {looks}"),
            red + 1 >= looks,
        ),
        line(
            "first acknowledgement after there was room again, without a restart",
            "≤ 30 s",
            format!("{:.1} s", recovered.as_secs_f64()),
            recovered <= Duration::from_secs(30),
        ),
    ];
    Ok((program, lines))
}

/// Events that receivers acknowledged, and deliveries that failed.
fn pushed(stage: &Stage) -> (u64, u64) {
    let (acme, globex) = (stage.acme.account(), stage.globex.account());
    (acme.streamed + globex.pushed, acme.stream_failures + globex.push_failures)
}

/// How large a file of the process may be. No rights are needed to lower it and to raise it again.
async fn limit(process: u32, bytes: &str) -> Result<()> {
    let words = ["--pid".to_owned(), process.to_string(), format!("--fsize={bytes}:")];
    let status = Command::new("prlimit").args(words).status().await;
    ensure!(status.context("start prlimit")?.success(), "prlimit could not set the limit");
    Ok(())
}
