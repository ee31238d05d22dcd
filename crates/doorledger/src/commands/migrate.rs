//! `doorledger migrate azure`: prints what a classic table of the retired HTTP Data Collector API needs to go on with Logs
//! Ingestion, compares a rule with what is sent, and tells what is lost.
//! Deliberately absent: the resources and the comparison (`destinations::azure_migration`), and calling Azure.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use destinations::azure_migration::{
    DCR_BYTES_MAX, Format, Held, Loss, Plan, RETIRED, Shape, check, lost,
};
use model::{Clock as _, SystemClock, Timestamp};
use serde_json::Value;

use super::{print, say, written};
use crate::cli::{Migrate, MigrateFormat, MigrateShape};
use crate::exit::{Exit, Failure};
use crate::node;

/// Prints resources, or what a rule lacks; and tells what is lost.
pub(super) async fn run(config: Option<&Path>, command: Migrate) -> Result<()> {
    let Migrate::Azure(options) = command;
    let shape = match options.shape {
        MigrateShape::Classic => Shape::Classic,
        MigrateShape::Current => Shape::Current,
        MigrateShape::Asim => Shape::Asim,
    };
    let plan = Plan::new(&options.table, options.provider.as_deref(), shape)
        .map_err(|error| Failure::error(Exit::Data, error.to_string()))?;
    if let Some(path) = &options.check {
        return check_rule(&plan, path);
    }
    let held = match &options.data {
        Some(data) => Some(held(config, data, plan.provider).await?),
        None => None,
    };
    let loss = Loss {
        provider: plan.provider,
        now: SystemClock.now(),
        retention_days: options.retention_days,
        held,
    };
    lost(&loss).iter().for_each(|sentence| say(sentence));
    print(&plan.write(match options.format {
        MigrateFormat::Bicep => Format::Bicep,
        MigrateFormat::Arm => Format::Arm,
        MigrateFormat::Terraform => Format::Terraform,
        MigrateFormat::Az => Format::Az,
    }))
}

fn check_rule(plan: &Plan, path: &Path) -> Result<()> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::error(Exit::Data, format!("read `{}`: {error}", path.display()))
    };
    let file = std::fs::File::open(path).map_err(|error| unreadable(&error))?;
    let mut text = Vec::new();
    file.take(DCR_BYTES_MAX + 1).read_to_end(&mut text).map_err(|error| unreadable(&error))?;
    if text.len() as u64 > DCR_BYTES_MAX {
        return Err(unreadable(&format!("it is longer than {DCR_BYTES_MAX} bytes")));
    }
    let rule: Value = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
    let findings = check(plan, &rule);
    if findings.is_empty() {
        say(&format!("the rule takes everything that is sent to {}", plan.stream));
        return Ok(());
    }
    for finding in &findings {
        print(&format!("{finding}\n"))?;
    }
    if !findings.iter().any(destinations::azure_migration::Finding::loses) {
        return Ok(());
    }
    Err(Failure::error(
        Exit::Findings,
        format!("the rule does not take everything that is sent to {}", plan.stream),
    ))
}

/// What a data folder holds of the provider since the API ended.
async fn held(config: Option<&Path>, data: &Path, provider: &str) -> Result<Held> {
    let table = sources::find(provider).context("find the provider")?.table().name;
    let outline = node::outline(&written(config)?, Some(data.to_owned())).await?;
    let text = format!(
        "{table} | where TimeGenerated >= datetime({RETIRED}) \
         | summarize Events = count(), Oldest = min(TimeGenerated), Latest = max(TimeGenerated)"
    );
    let answer = node::ask_folder(outline, &text, "application/json").await?;
    let answer: Value = serde_json::from_slice(&answer).context("read the answer")?;
    let row = &answer["tables"][0]["rows"][0];
    let time = |at: usize| row[at].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    Ok(Held { events: row[0].as_u64().unwrap_or(0), span: time(1).zip(time(2)) })
}
