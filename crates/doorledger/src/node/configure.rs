//! From what was written to a configuration: secrets are resolved first, then every part checks its own.
//! Deliberately absent: reading files and environment (`config`, `commands`).

use std::path::PathBuf;

use anyhow::Result;
use model::{Fields, Problem};
use serde_json::Value;

use super::outgoing;
use crate::commands::environment;
use crate::config::{self, Config, Settings};
use crate::exit::{Exit, Failure};

/// Resolves secrets and validates. With `fetch`, secrets are also fetched from key vaults; without, only their form is
/// checked. Gives the configuration, if it is usable, and every problem.
pub(crate) async fn configure(written: &Value, fetch: bool) -> (Option<Config>, Vec<Problem>) {
    let (resolved, mut problems) = resolve(written, fetch).await;
    match config::validate(&resolved) {
        Ok(config) => (Some(config), problems),
        Err(found) => {
            // A value that could not be resolved is told once, as such.
            let untold = found.into_iter().filter(|problem| !problems.iter().any(|told| told.path == problem.path));
            let untold: Vec<Problem> = untold.collect();
            problems.extend(untold);
            (None, problems)
        }
    }
}

/// The settings alone, for commands that need no tenants.
pub(crate) fn settings(written: &Value, data: Option<PathBuf>) -> Result<Settings> {
    let mut fields = Fields::of(written);
    let mut settings = config::read_settings(&mut fields);
    // Tenants and destinations are not this command's business.
    fields.value("tenants");
    fields.value("destinations");
    fields.value("identity");
    let problems = fields.finish();
    if let Some(problem) = problems.first() {
        return Err(Failure::error(Exit::Config, problem.to_string()));
    }
    settings.data = data.unwrap_or(settings.data);
    Ok(settings)
}

async fn resolve(written: &Value, fetch: bool) -> (Value, Vec<Problem>) {
    todo_resolver(written, fetch, outgoing::client, environment).await
}
