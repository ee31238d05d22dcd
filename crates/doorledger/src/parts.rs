//! What every loop of a node shares: the journal, the way out, the time, the board.
//! Deliberately absent: what the loops do, and which of them run (`roster`).

use std::sync::Arc;

use anyhow::Result;
use journal::Journal;
use model::Clock;
use net::{Client, EntraTokens};

use crate::collect::Collector;
use crate::config::Settings;
use crate::domains::LiveDomains;
use crate::node::{self, Store};
use crate::status::Board;

/// The shared parts. Clones are the same parts.
#[derive(Clone)]
pub(crate) struct Parts {
    /// Where events and places become durable.
    pub(crate) journal: Journal,
    /// The way out.
    pub(crate) client: Client,
    /// Bearer tokens.
    pub(crate) tokens: Arc<EntraTokens>,
    /// What time it is.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the state is shown.
    pub(crate) board: Arc<Board>,
    /// Which domain a tenant has.
    pub(crate) domains: Arc<LiveDomains>,
}

impl Parts {
    /// Of an open data folder.
    pub(crate) fn of(store: &Store, settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let client = node::client(settings)?;
        let tokens = Arc::new(node::tokens(&client, clock.clone())?);
        Ok(Self {
            journal: store.journal.clone(),
            client,
            tokens,
            clock,
            board: Arc::default(),
            domains: store.domains.clone(),
        })
    }

    /// What drives polls.
    pub(crate) fn collector(&self) -> Collector {
        Collector {
            client: self.client.clone(),
            journal: self.journal.clone(),
            clock: self.clock.clone(),
            board: self.board.clone(),
        }
    }
}
