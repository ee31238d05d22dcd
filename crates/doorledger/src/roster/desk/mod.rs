//! Changes to the roster while the server runs. A change is judged first, then written to the registry, then brought about:
//! so that a crash in between leaves what was asked for. One change at a time; it goes on if whoever asked for it goes away.
//! Deliberately absent: HTTP (`api`), what runs (`supervisor`), what is found by a test (`checks`).

mod goals;
mod port;
mod tenants;
mod tested;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use api::{ApplicationError, DeskError};
use model::Clock;
use net::Backoff;
use serde_json::json;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use super::book::{self, Book};
use super::{Roster, Snapshot, Supervisor};
use crate::accounts;
use crate::backfills::Backfills;
use crate::collect::sleep;
use crate::domains::Domains;
use crate::removed;
use crate::replays::Replays;
use crate::twins::ProviderTwins;

/// Between two tries to read a registry that could not be read: the first pause and the longest.
const RETRY_FIRST: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// What a desk works with.
pub(crate) struct Tools {
    /// Where applications are kept.
    pub(crate) registry: accounts::Desk,
    /// What is changed.
    pub(crate) roster: Arc<Roster>,
    /// Who brings changes about.
    pub(crate) supervisor: Arc<Supervisor>,
    /// Who reads the past of sources.
    pub(crate) backfills: Arc<Backfills>,
    /// Who sends destinations again what they had.
    pub(crate) replays: Replays,
    /// Who is told of which tenants both channels are there.
    pub(crate) twins: ProviderTwins,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// Why nothing may be changed, if that is so.
    pub(crate) read_only: Option<String>,
}

/// Where the roster is changed.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inner>);

struct Inner {
    tools: Tools,
    book: RwLock<Arc<Book>>,
}

impl Desk {
    /// Begins with what the configuration file names and with what the registry holds. A registry that cannot be read
    /// leaves the file's part at work, and is tried again.
    ///
    /// # Errors
    /// The journal does not tell where a destination goes on.
    pub(crate) async fn open(tools: Tools, file: Snapshot) -> anyhow::Result<Self> {
        let mut book = Book { file, ..Book::default() };
        let clock = tools.supervisor.parts().clock.clone();
        match tools.registry.ask(book::stored).await {
            Ok((tenants, goals)) => book.read(tenants, goals, &clock),
            Err(error) => {
                tracing::error!("what was added to the registry does not run: {error}");
            }
        }
        let is_read = book.is_read;
        let inner = Arc::new(Inner { tools, book: RwLock::default() });
        inner.begin(book).await?;
        if let (false, Some(stop)) = (is_read, inner.tools.supervisor.stop().cloned()) {
            tokio::spawn(inner.clone().read_later(stop));
        }
        Ok(Self(inner))
    }

    /// Waits until the change that is under way is brought about.
    pub(crate) async fn finish(&self) {
        drop(self.0.tools.roster.turn().await);
    }
}

impl Inner {
    fn book(&self) -> Arc<Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        &self.tools.supervisor.parts().clock
    }

    /// The turn to change something, with the book as it is.
    async fn turn(&self) -> Result<(OwnedMutexGuard<()>, Book), ApplicationError> {
        if let Some(reason) = &self.tools.read_only {
            return Err(ApplicationError::ReadOnly(reason.clone()));
        }
        let turn = self.tools.roster.turn().await;
        let mut book = (*self.book()).clone();
        if !book.is_read {
            let (tenants, goals) = self.tools.registry.ask(book::stored).await?;
            book.read(tenants, goals, self.clock());
            self.settle(book.clone()).await?;
        }
        Ok((turn, book))
    }

    /// Reads the registry as soon as it can be read: what was added runs although nobody asks for a change.
    async fn read_later(self: Arc<Self>, stop: CancellationToken) {
        let mut pauses = Backoff::new(RETRY_FIRST, RETRY_MAX, 0);
        while sleep(pauses.next_wait(), &stop).await.is_ok() {
            if self.turn().await.is_ok() {
                tracing::info!("the registry can be read; what was added to it runs");
                return;
            }
        }
    }

    /// Makes the roster what the book says.
    async fn settle(&self, book: Book) -> Result<(), ApplicationError> {
        self.begin(book).await.map_err(|error| ApplicationError::NotStarted(format!("{error:#}")))
    }

    async fn begin(&self, book: Book) -> anyhow::Result<()> {
        let Tools { roster, supervisor, backfills, replays, .. } = &self.tools;
        let (before, after) = (roster.now(), Arc::new(book.snapshot()));
        self.learn_domains(&book);
        self.tools.twins.set(after.at_work());
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(book);
        supervisor.end(&before, &after).await;
        roster.set(after.clone());
        // Not before: what is started from here on is started as it is now, or finds out that it is not.
        before.ended_sources(&after).for_each(|source| backfills.interrupt(&source.configured.id));
        before.ended_destinations(&after).for_each(|goal| replays.interrupt(goal.name()));
        let begun = supervisor.begin(&before, &after);
        // As long as nobody knows what the registry names, no destination is known to be gone.
        if !after.is_partial && self.tools.read_only.is_none() {
            removed::look(&supervisor.parts().journal, after.destination_names())?;
        }
        begun
    }

    /// Tells which domains the tenants of the registry have, and remembers them. The configuration file's are known.
    fn learn_domains(&self, book: &Book) {
        let documents = book.tenants.values().filter(|entry| !entry.runs.is_empty());
        let documents = documents.filter_map(|entry| entry.document.as_ref());
        let written: Vec<_> =
            documents.map(|document| document.as_written(&document.sources)).collect();
        let domains = &self.tools.supervisor.parts().domains;
        domains.learn(Domains::of_document(&json!({ "tenants": written })));
        if self.tools.read_only.is_none()
            && let Err(error) = domains.now().remember(&self.tools.data)
        {
            tracing::warn!("the tenants' domains are not remembered: {error:#}");
        }
    }
}

/// There is none of that name, neither in the file nor in the registry.
fn unknown(what: &str, name: &str) -> ApplicationError {
    DeskError::Unknown(format!("there is no {what} called `{name}`")).into()
}
