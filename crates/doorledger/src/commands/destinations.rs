//! `doorledger destinations`: who gets events, and giving up what is kept for one that was removed from the configuration.
//! Deliberately absent: what is kept (`crate::removed`).

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use api::{ForgetRequest, Forgotten, Status};
use model::SystemClock;
use registry::ApplicationKind;

use super::server::Server;
use super::{print, say, status, written};
use crate::accounts::Desk;
use crate::cli::Destinations;
use crate::exit::{Exit, Failure};
use crate::node::{self, Store};
use crate::removed;
use crate::twins::ProviderTwins;

/// Lists or forgets.
pub(super) async fn run(config: Option<&Path>, command: Destinations) -> Result<()> {
    match command {
        Destinations::List { server } => {
            let answer = Server::of(&server)?.get("/api/v1/status").await?;
            let told: Status = serde_json::from_value(answer).context("read the status")?;
            print(&format!("{}\n", status::destinations(&told)))
        }
        Destinations::Forget { server, data, name } => {
            let Forgotten { unsent_events } = match data {
                Some(folder) => forget_in(config, &folder, &name).await?,
                None => {
                    let wanted = serde_json::to_value(ForgetRequest { name: name.clone() })?;
                    let server = Server::of(&server)?;
                    let answer = server.post("/api/v1/destinations/forget", &wanted).await?;
                    serde_json::from_value(answer).context("read the answer")?
                }
            };
            say(&format!("{name} is forgotten; {unsent_events} events were not sent to it"));
            Ok(())
        }
    }
}

async fn forget_in(config: Option<&Path>, folder: &Path, name: &str) -> Result<Forgotten> {
    if !folder.join("journal").is_dir() {
        let message = format!("`{}` is not a data folder", folder.display());
        return Err(Failure::error(Exit::Data, message));
    }
    let outline = node::outline(&written(config)?, Some(folder.to_owned())).await?;
    let store = Store::open(&outline.settings, outline.domains, ProviderTwins::default())
        .await
        .map_err(node::OpenError::into_error)?;
    let added = Desk::of(folder, Arc::new(SystemClock)).ask(|registry| {
        let kind = ApplicationKind::Destination;
        let keys = registry.applications(kind)?.into_iter().map(|stored| match stored {
            Ok(stored) => stored.key,
            Err(unreadable) => unreadable.key,
        });
        Ok(keys.collect::<Vec<String>>())
    });
    let added = match added.await {
        Ok(added) => added,
        Err(error) => {
            store.close().await?;
            return Err(Failure::error(Exit::Io, error.to_string()));
        }
    };
    let configured = outline.destinations.iter().map(|destination| destination.name.as_str());
    let configured = configured.chain(added.iter().map(String::as_str));
    let forgotten = removed::forget(&store.journal, configured, name);
    store.close().await?;
    forgotten?.map_err(|problem| Failure::error(Exit::Data, problem.to_string()))
}
