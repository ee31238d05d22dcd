//! `doorledger serve`: the service, until it is told to stop.
//! Deliberately absent: what runs in it (`crate::node`).

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use model::SystemClock;
use tokio_util::sync::CancellationToken;

use super::{refused, say, written};
use crate::cli::Serve;
use crate::exit::{Exit, Failure};
use crate::node::{self, Node};

/// Serves until SIGINT or SIGTERM.
pub(super) async fn run(config: Option<&Path>, options: Serve) -> Result<()> {
    let written = written(config)?;
    let mut config =
        node::configure(&written, true).await.map_err(|problems| refused(&problems))?;
    config.settings.data = options.data.unwrap_or(config.settings.data);
    config.settings.listen = options.listen.unwrap_or(config.settings.listen);
    if let Some(problem) = config.settings.exposure_problem() {
        tracing::warn!("{problem}");
    }
    if config.sources.is_empty() {
        let hint = "add them on the page Applications, name tenants in doorledger.yaml, set DOMAIN, CLIENT_ID and CLIENT_SECRET, or try `doorledger demo`";
        say(&format!("no sources stand in the configuration\n  hint: {hint}"));
    }
    let stop = CancellationToken::new();
    let mut node = Node::start(config, Arc::new(SystemClock), stop.clone()).await?;
    if let Some((person, password)) = node.first_administrator() {
        first_start(&person.name, password.expose());
    }
    tracing::info!(address = %node.address(), "serving");
    stop_on_signal(stop)?;
    node.run().await
}

/// Tells the first administrator's password to whoever started the server. Without a terminal what is said lands in a log,
/// where no password belongs.
fn first_start(name: &str, password: &str) {
    if std::io::stderr().is_terminal() {
        say(&format!(
            "to sign in: name {name}, password {password}\n  shown this once; another one: doorledger user passwd {name}"
        ));
    } else {
        say(&format!(
            "the administrator {name} was made; for a password: doorledger user passwd {name}"
        ));
    }
}

/// Cancels `stop` at SIGINT or SIGTERM.
pub(super) fn stop_on_signal(stop: CancellationToken) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind)
            .map_err(|error| Failure::error(Exit::Io, format!("listen for signals: {error}")))
    };
    let (mut interrupt, mut terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}
