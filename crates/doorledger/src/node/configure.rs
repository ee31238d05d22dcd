//! From what was written to a configuration: secrets are resolved first, then every part checks its own.
//! Deliberately absent: reading files and environment (`config`, `commands`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use model::{Fields, Problem, SystemClock};
use net::{Cloud, EntraIdentity, SecretResolver, VaultAccess, Vaults};
use serde_json::Value;

use super::outgoing;
use crate::commands::{environment, refused};
use crate::config::{self, Config, Outline};

/// What a user wrote, and the folder from which relative paths in it start.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// The document.
    pub(crate) document: Value,
    /// The folder of its file.
    pub(crate) folder: PathBuf,
}

/// Resolves secrets and validates. With `fetch`, secrets are also fetched from key vaults; without, only their form is
/// checked. Gives the configuration if nothing is wrong with it, or every problem.
pub(crate) async fn configure(written: &Written, fetch: bool) -> Result<Config, Vec<Problem>> {
    let (document, unfetched, mut problems) = match resolve(written, fetch).await {
        Ok((document, unfetched)) => (document, unfetched, Vec::new()),
        Err(problems) => (written.document.clone(), Vec::new(), problems),
    };
    match config::validate(&document) {
        Ok(config) if problems.is_empty() => Ok(config),
        Ok(_) => Err(problems),
        Err(found) => {
            // What could not be resolved is told once, as such; a text that stands for an unfetched secret is not judged.
            let known = |path: &String| {
                unfetched.contains(path) || problems.iter().any(|told| told.path == *path)
            };
            let untold: Vec<Problem> =
                found.into_iter().filter(|problem| !known(&problem.path)).collect();
            problems.extend(untold);
            Err(problems)
        }
    }
}

/// What a command needs that calls nobody. Secrets that cannot be resolved here (of a service that has them in its own
/// environment) do not stop it.
pub(crate) async fn outline(written: &Written, data: Option<PathBuf>) -> Result<Outline> {
    let document = match resolve(written, false).await {
        Ok((document, _)) => document,
        Err(_) => written.document.clone(),
    };
    let mut outline = config::outline(&document).map_err(|problems| refused(&problems))?;
    outline.settings.data = data.unwrap_or(outline.settings.data);
    Ok(outline)
}

type Resolved = (Value, Vec<String>);

async fn resolve(written: &Written, fetch: bool) -> Result<Resolved, Vec<Problem>> {
    let offline = resolve_with(written, Vaults::Offline { cloud: Cloud::default() }).await?;
    if !fetch || offline.1.is_empty() {
        return Ok(offline);
    }
    // The vault's own section is needed before the vault is asked; its secrets come from files and variables.
    let (cloud, authority, identity) = vault_section(&offline.0)?;
    let failed =
        |error: &dyn std::fmt::Display| vec![Problem::new("network", error.to_string(), "")];
    let settings = config::read_settings(&mut Fields::of(&offline.0));
    let client = outgoing::client(&settings).map_err(|error| failed(&error))?;
    let tokens =
        outgoing::tokens(&client, Arc::new(SystemClock)).map_err(|error| failed(&error))?;
    let access =
        VaultAccess { client: &client, tokens: &tokens, cloud, authority, identity, seed: 1 };
    resolve_with(written, Vaults::Online(access)).await
}

async fn resolve_with(written: &Written, vaults: Vaults<'_>) -> Result<Resolved, Vec<Problem>> {
    let resolver = SecretResolver { env: &environment, folder: written.folder.clone(), vaults };
    let resolved = resolver.resolve(&written.document).await?;
    Ok((resolved.written, resolved.unfetched))
}

/// Who we are to key vaults: the managed identity of the machine, unless `keyvault:` says otherwise.
fn vault_section(
    document: &Value,
) -> Result<(Cloud, Option<String>, Option<EntraIdentity>), Vec<Problem>> {
    let empty = Value::Null;
    let mut fields = Fields::of(document.get("keyvault").unwrap_or(&empty));
    let cloud = fields.choice("cloud", &Cloud::NAMES).unwrap_or_default();
    let authority = fields.text("authority").map(str::to_owned);
    let identity = if fields.is_absent("identity") {
        Some(EntraIdentity::Managed { client_id: None })
    } else {
        destinations::identity(&mut fields)
    };
    let problems: Vec<Problem> =
        fields.finish().into_iter().map(|problem| problem.under("keyvault")).collect();
    if problems.is_empty() { Ok((cloud, authority, identity)) } else { Err(problems) }
}

/// The folder of a configuration file; the working folder if there is no file.
pub(crate) fn folder_of(path: Option<&Path>) -> PathBuf {
    path.and_then(Path::parent)
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
        .to_owned()
}
