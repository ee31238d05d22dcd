//! `doorledger doctor`: looks at every kind of file in a data folder, names what is damaged and what to do about it, and
//! with `--repair` does what loses nothing. What is damaged is put aside, never overwritten or deleted.
//! Exit codes: 0 nothing is damaged (any more), 1 something is, 65 there is no such folder, 69 a server uses it.
//! Deliberately absent: the data files' content, which `verify` reads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use identity::Identity;
use lake::{Notary, PINS_FILE, Progress, Remedy, pins_of};
use model::{Clock as _, SystemClock};
use serde::Serialize;

use super::{print, verify, written};
use crate::cli::{Doctor, ReportFormat, Verify};
use crate::config::Settings;
use crate::domains::Domains;
use crate::exit::{Exit, Failure};
use crate::node::{self, OpenError};

/// One damaged thing.
#[derive(Debug, Serialize)]
struct Ailment {
    /// The file.
    path: String,
    /// What is wrong with it.
    what: String,
    /// What to do next.
    remedy: String,
    /// Whether that was done.
    done: bool,
}

impl Ailment {
    fn new(path: impl Into<String>, what: impl ToString, remedy: impl Into<String>) -> Self {
        Self { path: path.into(), what: what.to_string(), remedy: remedy.into(), done: false }
    }
}

/// Looks, repairs if asked to, and prints.
pub(super) async fn run(config: Option<&Path>, options: Doctor) -> Result<()> {
    let outline = node::outline(&written(config)?, options.data.clone()).await?;
    let settings = outline.settings;
    if !settings.data.is_dir() {
        let message = format!("`{}` is not a data folder", settings.data.display());
        return Err(Failure::error(Exit::Data, message));
    }
    // Whoever repairs must be alone; looking disturbs nobody, except that a journal in use is left to its server.
    let lock = match node::lock(&settings.data) {
        Ok(lock) => Some(lock),
        Err(OpenError::Locked) if !options.repair => None,
        Err(error) => return Err(error.into_error()),
    };
    let mut ailments = Vec::new();
    look_at_key(&settings, &mut ailments);
    look_at_pins(&settings, options.repair, &mut ailments).await?;
    look_at_domains(&settings, options.repair, &mut ailments)?;
    if lock.is_some() {
        look_at_journal(&settings, &mut ailments).await?;
    }
    look_at_lake(&settings, &options, &mut ailments).await?;
    if options.json {
        print(&format!("{:#}\n", serde_json::to_value(&ailments).context("write the report")?))?;
    } else {
        print(&shown(&ailments, lock.is_some()))?;
    }
    match ailments.iter().filter(|ailment| !ailment.done).count() {
        0 => Ok(()),
        1 => Err(Failure::error(Exit::Findings, "1 thing is damaged")),
        count => Err(Failure::error(Exit::Findings, format!("{count} things are damaged"))),
    }
}

fn look_at_key(settings: &Settings, ailments: &mut Vec<Ailment>) {
    if let Err(error) = Identity::existing(&settings.data) {
        let hint = error.hint();
        ailments.push(Ailment::new("the data folder's key", full(error), hint));
    }
}

async fn look_at_pins(
    settings: &Settings,
    repair: bool,
    ailments: &mut Vec<Ailment>,
) -> Result<()> {
    let Ok(Some(identity)) = Identity::existing(&settings.data) else { return Ok(()) };
    let Err(error) = pins_of(&settings.data, &identity.public_key()) else { return Ok(()) };
    let mut ailment = Ailment::new(PINS_FILE, &error, error.hint());
    if repair {
        put_aside(&settings.data.join(PINS_FILE))?;
        let notary = Notary::open(Arc::new(identity), &settings.data)
            .map_err(|error| Failure::error(Exit::Io, format!("{error}")))?;
        pin_all(settings, &Arc::new(notary)).await?;
        ailment.done = true;
    }
    ailments.push(ailment);
    Ok(())
}

/// Takes every table's log as it is.
async fn pin_all(settings: &Settings, notary: &Arc<Notary>) -> Result<()> {
    let (mut checks, _) = verify::what(settings, &everything(), None);
    checks.data_files = false;
    let progress = Arc::new(Progress::default());
    for verdict in lake::verify(&checks, &progress).await.map_err(node::lake_failure)? {
        // A log that cannot be read is named with the others.
        lake::accept_table(&checks, &verdict.table, notary).await.ok();
    }
    Ok(())
}

fn look_at_domains(settings: &Settings, repair: bool, ailments: &mut Vec<Ailment>) -> Result<()> {
    if let Err(error) = Domains::default().with_remembered(&settings.data) {
        let remedy = "put it aside; the configuration tells the same";
        let mut ailment = Ailment::new("domains.json", format!("{error:#}"), remedy);
        if repair {
            put_aside(&settings.data.join("domains.json"))?;
            ailment.done = true;
        }
        ailments.push(ailment);
    }
    Ok(())
}

/// Reads every batch that the journal holds, each against its checksum.
async fn look_at_journal(settings: &Settings, ailments: &mut Vec<Ailment>) -> Result<()> {
    let folder = settings.data.join("journal");
    // Looking must not make a journal where there is none.
    if !folder.join("journal.sqlite").is_file() {
        return Ok(());
    }
    let read = tokio::task::spawn_blocking(move || node::read_journal(&folder)).await;
    if let Err(error) = read.context("read the journal")? {
        let hint = error.hint();
        ailments.push(Ailment::new("journal/journal.sqlite", full(error), hint));
    }
    Ok(())
}

async fn look_at_lake(
    settings: &Settings,
    options: &Doctor,
    ailments: &mut Vec<Ailment>,
) -> Result<()> {
    if settings.lake_url.is_none() && !settings.data.join("lake").is_dir() {
        return Ok(());
    }
    let (mut checks, _) = verify::what(settings, &everything(), None);
    checks.data_files = false;
    let progress = Arc::new(Progress::default());
    let verdicts = lake::verify(&checks, &progress).await.map_err(node::lake_failure)?;
    let identity = Identity::existing(&settings.data).ok().flatten();
    let notary = identity
        .filter(|_| options.repair)
        .and_then(|identity| Notary::open(Arc::new(identity), &settings.data).ok())
        .map(Arc::new);
    let now = SystemClock.now();
    let remedies = lake::remedies(&checks, &verdicts, notary.as_ref(), &options.accept, now).await;
    let remedies = remedies.map_err(node::lake_failure)?;
    for finding in verdicts.into_iter().flat_map(|verdict| verdict.findings) {
        let remedy = remedies.iter().find(|remedy| finding.path == remedy.path);
        let (deed, done) = remedy
            .map_or((String::new(), false), |Remedy { deed, done, .. }| (deed.clone(), *done));
        let path = format!("lake/{}", finding.path);
        ailments.push(Ailment { path, what: finding.what, remedy: deed, done });
    }
    Ok(())
}

/// A check of everything, as `verify` without options does it.
fn everything() -> Verify {
    Verify {
        statement: None,
        key: None,
        since: None,
        data: None,
        tables: Vec::new(),
        trusted: Vec::new(),
        format: ReportFormat::Table,
    }
}

/// Gives a file another name beside its own, which no other file has.
fn put_aside(path: &Path) -> Result<()> {
    let stamp = SystemClock.now().strftime("%Y%m%dT%H%M%S%fZ").to_string();
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".damaged-{stamp}"));
    let aside = PathBuf::from(aside);
    std::fs::rename(path, &aside).map_err(|error| {
        Failure::error(Exit::Io, format!("put `{}` aside: {error}", path.display()))
    })
}

fn full(error: impl std::error::Error + Send + Sync + 'static) -> String {
    format!("{:#}", anyhow::Error::new(error))
}

fn shown(ailments: &[Ailment], journal_read: bool) -> String {
    let mut text = String::new();
    for Ailment { path, what, remedy, done } in ailments {
        let word = if *done { "repaired" } else { "damaged " };
        text.push_str(&format!("{word}  `{path}`: {what}\n"));
        if !remedy.is_empty() {
            let word = if *done { "done" } else { "to do" };
            text.push_str(&format!("          {word}: {remedy}\n"));
        }
    }
    if ailments.is_empty() {
        text.push_str("nothing is damaged; `doorledger verify` also reads every event\n");
    }
    if !journal_read {
        text.push_str("the journal was left to the server that uses it\n");
    }
    text
}
