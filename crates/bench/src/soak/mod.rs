//! The proof by fault: the real binary polls, receives, ships, compacts and expires while the stand-ins cause every trouble
//! they know, and is killed again and again, or its disk is full for minutes. When all is settled, each event that the
//! stand-ins ever published is compared with the lake and with Azure by its bytes, and each hour of the ledger with what
//! the stand-ins say they served, delivered and received. Run it with `cargo xtask soak`.
//!
//! What must be equal is compared for equality. Three numbers cannot be: a page that was served may not have arrived, a
//! delivery without an answer may have been taken, and a request to Azure without an answer is sent again. Of these the
//! inequality that holds is checked (`hours`, `azure`).
//!
//! Deliberately absent: torn disks and lost writes, which the journal's simulation covers.

mod azure;
mod clock;
mod dice;
mod disk;
mod hours;
mod kills;
mod lake;
mod options;
mod settle;
mod stage;
mod truth;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use self::dice::Dice;
pub use self::options::{Options, Trial};
use self::settle::Settled;
use self::stage::Stage;
use self::truth::Truth;
use crate::Measured;
use crate::process::{Program, run_of};

/// What a soak found.
#[derive(Debug)]
pub struct Report {
    /// The lines of the table.
    pub lines: Vec<Measured>,
    /// What differs: which events, which hours. Empty if all is well.
    pub differences: Vec<String>,
}

/// What a part of the comparison found.
#[derive(Debug, Default)]
struct Compared {
    lines: Vec<Measured>,
    differences: Vec<String>,
}

/// After so many kills some lives were long enough for everything that the lake does.
const KILLS_FOR_EVERYTHING: u32 = 100;
/// Differences that are told of each kind; the others are counted.
const TOLD_MAX: usize = 20;

/// The command: `soak [--kills N] [--minutes M] [--rate R] [--seed S] [--disk-full] [--program FILE]`.
///
/// # Errors
/// If the words say nothing that can be done, the soak cannot be run, or it found a difference.
pub(crate) fn command(words: &[String], out: &mut impl Write) -> Result<()> {
    let options = Options::read(words)?;
    let report = run(&options)?;
    writeln!(out, "| measure | must | measured | |\n|---|---|---|---|").context("print")?;
    for Measured { work, figures, must, reached } in &report.lines {
        let verdict = if *reached { "yes" } else { "**no**" };
        writeln!(out, "| {work} | {must} | {figures} | {verdict} |").context("print")?;
    }
    for difference in &report.differences {
        writeln!(out, "differs: {difference}").context("print")?;
    }
    let failed = report.lines.iter().filter(|line| !line.reached).count();
    if failed > 0 || !report.differences.is_empty() {
        bail!("{failed} measures are not reached, {} differences", report.differences.len());
    }
    Ok(())
}

/// Runs a soak. The data folder is kept if anything differs, and named on standard error.
///
/// # Errors
/// If the program or a stand-in cannot be run, or the program does not come to rest.
pub fn run(options: &Options) -> Result<Report> {
    let folder = tempfile::Builder::new().prefix("doorledger-soak-").tempdir();
    let mut folder = folder.context("make a folder")?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    say(&format!("soak: seed {}, folder {}", options.seed, folder.path().display()));
    let found = runtime.block_on(soak(options, folder.path()));
    let is_well = found.as_ref().is_ok_and(|report| {
        report.differences.is_empty() && report.lines.iter().all(|line| line.reached)
    });
    if !is_well {
        folder.disable_cleanup(true);
        say(&format!("soak: seed {}, see {}", options.seed, folder.path().display()));
    }
    found
}

async fn soak(options: &Options, folder: &std::path::Path) -> Result<Report> {
    let start = Instant::now();
    let stage = Stage::set(options, folder).await?;
    let mut dice = Dice::new(options.seed);
    let traffic = stage.begin_traffic(options.rate);
    let (program, mut lines) = match options.trial {
        Trial::Kills { count, within, long_lives } => {
            kills::run(&stage, &mut dice, count, within, long_lives).await?
        }
        Trial::DiskFull { lasts } => disk::run(&stage, lasts).await?,
    };
    traffic.stop().await?;
    stage.calm();
    let truth = Truth::of(&stage)?;
    let kills = stage.kills();
    let settled = settle::wait(&program, &stage, &truth).await?;
    lines.extend(stage.clock.as_ref().map(clock::Clock::told));
    lines.push(published(&stage, &truth, start.elapsed()));
    let mut report = Report { lines, differences: Vec::new() };
    for part in [
        lake::compare(&program, &stage, &truth).await?,
        hours::compare(&program, &stage, &truth, kills).await?,
        azure::compare(&stage, &truth, kills),
    ] {
        report.lines.extend(part.lines);
        report.differences.extend(part.differences);
    }
    if let Settled::Stuck(why) = settled {
        report.differences.extend(why);
    }
    report.lines.extend(closing(program, &stage).await?);
    Ok(report)
}

/// What the stand-ins did.
fn published(stage: &Stage, truth: &Truth, took: Duration) -> Measured {
    let (acme, globex, azure) =
        (stage.acme.account(), stage.globex.account(), stage.azure.account());
    let mut struck = std::collections::BTreeMap::new();
    for faults in [acme.faults, globex.faults, azure.faults] {
        for (fault, count) in faults {
            *struck.entry(fault.name()).or_insert(0) += count;
        }
    }
    let told: Vec<String> = struck.iter().map(|(name, count)| format!("{name} {count}")).collect();
    Measured {
        work: "events published while the stand-ins caused troubles".to_owned(),
        figures: format!(
            "{} by Auth0, {} by OneLogin, in {} s; {}",
            truth.acme.len(),
            truth.globex.len(),
            took.as_secs(),
            if told.is_empty() { "no troubles".to_owned() } else { told.join(", ") },
        ),
        must: "—",
        reached: true,
    }
}

/// The orderly end: statements, and the chain of signed commits.
async fn closing(program: Program, stage: &Stage) -> Result<Vec<Measured>> {
    let line = |work: &str, must, reached, said: &str| Measured {
        work: work.to_owned(),
        figures: said.lines().last().unwrap_or_default().replace('|', "/"),
        must,
        reached,
    };
    let ended = program.stop().await?;
    let (folder, binary) = (stage.folder.display().to_string(), &stage.program);
    let data = stage.data();
    let (clean, said) = run_of(binary, &["verify", "--data", &data]).await?;
    std::fs::write(format!("{folder}/verify"), &said).context("write what verify said")?;
    let deeds = lake::deeds(&stage.folder.join("data/lake"))?;
    let is_due = stage.long && stage.kills() >= KILLS_FOR_EVERYTHING;
    let is_done = deeds.iter().all(|(_, count)| *count > 0);
    let told: Vec<String> = deeds.iter().map(|(name, count)| format!("{name} {count}")).collect();
    Ok(vec![
        line("the last process ends when it is asked to", "yes", ended, "ended"),
        line("`doorledger verify` of the folder", "clean", clean, &said),
        line(
            "commits of the lake meanwhile, by kind",
            "each kind, after 100 kills",
            is_done || !is_due,
            &told.join(", "),
        ),
    ])
}

/// Progress for people; if nobody reads it, the work goes on.
fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// The first of many differences, and how many more there are.
fn few(what: &str, all: &[String]) -> Vec<String> {
    let mut told: Vec<String> =
        all.iter().take(TOLD_MAX).map(|one| format!("{what}: {one}")).collect();
    if all.len() > TOLD_MAX {
        told.push(format!("{what}: and {} more", all.len() - TOLD_MAX));
    }
    told
}
