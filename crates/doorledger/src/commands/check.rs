//! `doorledger check`: every problem of the configuration at once, each with path and hint; with `--online` also what the
//! services say of the credentials.
//! Deliberately absent: changing anything.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use model::{Problem, SystemClock};
use net::TokenError;
use serde_json::json;

use super::{print, refused, written};
use crate::cli::Check;
use crate::config::{self, Config};
use crate::exit::{Exit, Failure};
use crate::node;

/// Checks and tells.
pub(super) async fn run(path: Option<&Path>, options: &Check) -> Result<()> {
    let written = written(path)?;
    let (config, problems) = match node::configure(&written, options.online).await {
        Ok(config) if options.online => {
            let problems = online(&config).await?;
            (Some(config), problems)
        }
        Ok(config) => (Some(config), Vec::new()),
        Err(problems) => (None, problems),
    };
    let warnings = config.as_ref().and_then(|config| config.settings.exposure_problem());
    if options.json {
        print(&format!(
            "{:#}\n",
            json!({ "problems": problems, "warnings": warnings.as_slice() })
        ))?;
        return if problems.is_empty() {
            Ok(())
        } else {
            Err(Failure::error(Exit::Config, "the configuration has problems"))
        };
    }
    if !problems.is_empty() {
        return Err(refused(&problems));
    }
    if let Some(warning) = &warnings {
        print(&format!("warning: {warning}\n"))?;
    }
    let Some(config) = config else { return Ok(()) };
    print(&format!("the configuration is in order: {}\n", summary(&config)))
}

fn summary(config: &Config) -> String {
    let sources: Vec<String> = config.sources.iter().map(|source| source.id.to_string()).collect();
    let destinations: Vec<String> =
        config.destinations.iter().map(|d| format!("{} ({})", d.plan.name, d.kind)).collect();
    let told = |names: Vec<String>, none: &str| {
        if names.is_empty() { none.to_owned() } else { names.join(", ") }
    };
    format!("{}; {}", told(sources, "no sources"), told(destinations, "no destinations"))
}

/// Does once what each poll and destination does first: fetches its token, reads a page.
async fn online(config: &Config) -> Result<Vec<Problem>> {
    let client = node::client(&config.settings)?;
    let clock: Arc<dyn model::Clock> = Arc::new(SystemClock);
    let mut problems = Vec::new();
    for source in &config.sources {
        if let config::Way::Poll(poll) = &source.way
            && let Err(error) = node::first_page(&client, poll.as_ref(), clock.now()).await.outcome
        {
            problems.push(Problem::new(
                source.id.to_string(),
                format!("{} ({})", error.message, error.code),
                error.hint,
            ));
        }
    }
    let tokens = node::tokens(&client, clock)?;
    for destination in &config.destinations {
        if let destinations::Credential::Entra(credential) = destination.destination.credential()
            && let Err(error) = tokens.token(&credential).await
        {
            let hint = match &error {
                TokenError::Refused { hint, .. } => hint.as_str(),
                TokenError::Unavailable { .. } => "try again later",
            };
            problems.push(Problem::new(&destination.plan.name, error.to_string(), hint));
        }
    }
    Ok(problems)
}
