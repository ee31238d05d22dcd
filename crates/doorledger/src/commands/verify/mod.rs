//! `doorledger verify`: recomputes what the lake's chain of signed commits says, and names what does not fit. Exit codes:
//! 0 everything fits, 1 something does not, 65 there is no such lake or table, 74 the lake cannot be read.
//! With `--statement` it checks a completeness statement instead.
//! Deliberately absent: the check (`lake`) and repair (`doctor`).

mod statement;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use identity::Identity;
use indicatif::{ProgressBar, ProgressStyle};
use lake::{Finding, Progress, TableVerdict, VerifyOptions, pins_of};
use model::Timestamp;
use serde_json::json;

use super::{draws_progress, print, say, written};
use crate::cli::{ReportFormat, Verify};
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::node;

/// Checks and prints.
pub(super) async fn run(config: Option<&Path>, options: Verify) -> Result<()> {
    if let Some(statement) = &options.statement {
        return statement::run(statement, options.key.as_ref());
    }
    let since = options.since.as_deref().map(moment).transpose()?;
    let outline = node::outline(&written(config)?, options.data.clone()).await?;
    let settings = outline.settings;
    let (checks, mut findings) = what(&settings, &options, since);
    if settings.lake_url.is_none() && !settings.data.join("lake").is_dir() {
        let message = format!("`{}` holds no lake", settings.data.display());
        return Err(Failure::error(Exit::Data, message));
    }
    let (progress, started) = (Arc::new(Progress::default()), Instant::now());
    let verdicts = watched(&progress, lake::verify(&checks, &progress)).await;
    let verdicts = verdicts.map_err(node::lake_failure)?;
    let took = started.elapsed();
    let unknown = verdicts.iter().find(|v| v.commits == 0 && v.findings.is_empty());
    if let Some(verdict) = unknown.filter(|_| !options.tables.is_empty()) {
        let hint = "leave --table out to see the tables that there are";
        let message = format!("there is no table `{}`\n  hint: {hint}", verdict.table);
        return Err(Failure::error(Exit::Data, message));
    }
    findings.extend(verdicts.iter().flat_map(|verdict| verdict.findings.iter().cloned()));
    match options.format {
        ReportFormat::Json => {
            let report = json!({
                "ok": findings.is_empty(),
                "seconds": took.as_secs_f64(),
                "findings": findings,
                "tables": verdicts,
            });
            print(&format!("{report:#}\n"))?;
        }
        ReportFormat::Table => print(&shown(&verdicts, &findings, took))?,
    }
    if findings.is_empty() {
        return Ok(());
    }
    let noun = if findings.len() == 1 { "thing does" } else { "things do" };
    Err(Failure::error(
        Exit::Findings,
        format!(
            "{} {noun} not fit\n  hint: `doorledger doctor` says what can be repaired",
            findings.len()
        ),
    ))
}

/// What to check, and what is wrong with the key and the pins that it is checked against.
pub(super) fn what(
    settings: &Settings,
    options: &Verify,
    since: Option<Timestamp>,
) -> (VerifyOptions, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut wrong = |path: &str, what: String| {
        findings.push(Finding { version: None, path: path.to_owned(), what });
    };
    let mut trusted = options.trusted.clone();
    let mut pins = None;
    match Identity::existing(&settings.data) {
        Ok(None) => {}
        Err(error) => {
            let what = format!("{:#}", anyhow::Error::new(error));
            wrong("the data folder's key", what);
        }
        Ok(Some(identity)) => {
            trusted.push(identity.public_key());
            match pins_of(&settings.data, &identity.public_key()) {
                Ok(read) => pins = Some(read.unwrap_or_default()),
                Err(error) => wrong(lake::PINS_FILE, error.to_string()),
            }
        }
    }
    let lake = node::lake_options(settings, None);
    let checks = VerifyOptions {
        storage_options: lake.storage_options,
        tables: options.tables.clone(),
        since,
        trusted,
        pins,
        parallel: std::thread::available_parallelism().map_or(1, usize::from),
        ..VerifyOptions::new(lake.url)
    };
    (checks, findings)
}

/// A day or a moment, in UTC.
fn moment(text: &str) -> Result<Timestamp> {
    let parsed = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse());
    parsed.map_err(|_| {
        let hint = "write a day, 2026-06-01, or a moment, 2026-06-01T12:00:00Z";
        Failure::error(Exit::Data, format!("--since: `{text}` is no time\n  hint: {hint}"))
    })
}

/// Shows how far the work is while it is done.
async fn watched<T>(progress: &Progress, work: impl Future<Output = T>) -> T {
    if !draws_progress() {
        return work.await;
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} events, {per_sec}")
    {
        bar.set_style(style);
    }
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            _ = ticks.tick() => {
                bar.set_length(progress.rows_total.load(Ordering::Relaxed));
                bar.set_position(progress.rows_done.load(Ordering::Relaxed));
            }
        }
    };
    bar.finish_and_clear();
    done
}

fn shown(verdicts: &[TableVerdict], findings: &[Finding], took: Duration) -> String {
    let mut text = String::new();
    let (mut rows, mut bytes) = (0, 0);
    for verdict in verdicts {
        rows += verdict.rows;
        bytes += verdict.bytes;
        text.push_str(&format!(
            "{}  {}: version {}, {} commits, {} files, {} events\n",
            if verdict.findings.is_empty() { "fits   " } else { "DAMAGED" },
            verdict.table,
            verdict.version,
            verdict.commits,
            verdict.files,
            verdict.rows,
        ));
        for note in &verdict.notes {
            text.push_str(&format!("         note: {note}\n"));
        }
    }
    if let Some(first) = findings.first() {
        text.push_str(&format!("\nthe first that does not fit: {}\n", line(first)));
        for finding in &findings[1..] {
            text.push_str(&format!("  {}\n", line(finding)));
        }
    }
    let seconds = took.as_secs_f64().max(0.001);
    say(&format!(
        "{rows} events in {:.1} MB of files read in {seconds:.1} s, {:.0} events a second",
        bytes as f64 / 1e6,
        rows as f64 / seconds
    ));
    text
}

fn line(finding: &Finding) -> String {
    match finding.version {
        Some(version) => format!("commit {version}, `{}`: {}", finding.path, finding.what),
        None => format!("`{}`: {}", finding.path, finding.what),
    }
}
