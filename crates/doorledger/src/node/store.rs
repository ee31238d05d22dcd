//! What a data folder holds, opened: the journal and the lake, with the lake's writer running. One process at a time has
//! a data folder open.
//! Deliberately absent: sources and destinations.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use identity::Identity;
use journal::{Journal, ReaderStart, StoredIds};
use lake::{Lake, LakeOptions, Notary};
use model::{Clock, ColumnMapper, SystemClock};
use query::Engine;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::damage::{self, Damage};
use crate::alarms;
use crate::config::{PlannedDestination, Settings};
use crate::domains::{Domains, LiveDomains};
use crate::exit::{Exit, Failure};
use crate::ledger::Ledger;
use crate::mapper::Providers;
use crate::ship::Shipper;
use crate::twins::ProviderTwins;
use crate::window::Place;

/// Ids that deduplication holds exactly in memory: about 100 MB when full.
const DEDUP_IDS_MAX: usize = 4_000_000;

/// An open data folder.
pub(crate) struct Store {
    /// The durable log.
    pub(crate) journal: Journal,
    /// The tables.
    pub(crate) lake: Arc<Lake>,
    /// Which domain a tenant has.
    pub(crate) domains: Arc<LiveDomains>,
    /// The key with which the data folder signs.
    pub(crate) identity: Option<Arc<Identity>>,
    writer: JoinHandle<()>,
    keeper: JoinHandle<()>,
    stop_lake: CancellationToken,
    /// What is damaged. If anything is, nothing is written.
    pub(crate) damage: Vec<Damage>,
    /// The stand-in of a damaged journal.
    _stand_in: Option<TempDir>,
    /// Held open: the lock ends with it.
    _lock: File,
}

/// Why a data folder could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// Another process has it open.
    Locked,
    /// Anything else.
    Other(anyhow::Error),
}

impl OpenError {
    /// As an error of the program.
    pub(crate) fn into_error(self) -> anyhow::Error {
        match self {
            Self::Locked => Failure::error(
                Exit::Unavailable,
                "the data folder is in use by another doorledger process\n  hint: stop that one, or choose another folder with --data",
            ),
            Self::Other(error) => error,
        }
    }
}

impl Store {
    /// Opens the folder and starts the lake's writer. `domains` is what the configuration tells of its tenants, `twins`
    /// knows which events are told twice. Refuses a folder that is damaged.
    pub(crate) async fn open(
        settings: &Settings,
        domains: Domains,
        twins: ProviderTwins,
    ) -> Result<Self, OpenError> {
        let store = Self::open_or_read_only(settings, domains, twins).await?;
        match store.damage.first().cloned() {
            None => Ok(store),
            Some(damage) => {
                store.close().await.map_err(OpenError::Other)?;
                Err(OpenError::Other(damage.into_error()))
            }
        }
    }

    /// The same, but a folder that is damaged is opened to be read.
    pub(crate) async fn open_or_read_only(
        settings: &Settings,
        domains: Domains,
        twins: ProviderTwins,
    ) -> Result<Self, OpenError> {
        let lock = lock(&settings.data)?;
        Self::open_locked(settings, domains, twins, lock).await.map_err(OpenError::Other)
    }

    async fn open_locked(
        settings: &Settings,
        domains: Domains,
        twins: ProviderTwins,
        lock: File,
    ) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let domains = domains.with_remembered(&settings.data)?;
        if let Err(error) = domains.remember(&settings.data) {
            // A full disk, say. It costs nothing as long as the configuration is at hand.
            tracing::warn!("the tenants' domains are not remembered: {error:#}");
        }
        let domains = Arc::new(LiveDomains::of(domains));
        let mapper = Arc::new(Providers { domains: domains.clone() });
        let mut damage = Vec::new();
        let (lake, identity) = open_lake(settings, mapper, clock.clone(), &mut damage).await?;
        let (journal, stand_in) =
            journal_or_stand_in(settings, clock, lake.clone(), twins, &mut damage).await?;
        if damage.is_empty() {
            fit(&lake, &journal, &mut damage).await?;
        }
        for Damage { part, what, hint } in &damage {
            tracing::error!(part, hint, "the data folder is damaged and read only: {what}");
        }
        let stop_lake = CancellationToken::new();
        let (writer, keeper) = if damage.is_empty() {
            start(&lake, &journal, &stop_lake)
        } else {
            (tokio::spawn(async {}), tokio::spawn(async {}))
        };
        Ok(Self {
            journal,
            lake,
            domains,
            identity,
            writer,
            keeper,
            stop_lake,
            damage,
            _stand_in: stand_in,
            _lock: lock,
        })
    }

    /// Where a destination goes on. From its first registration on, the journal keeps what it has not yet got.
    pub(crate) fn register(&self, destination: &PlannedDestination) -> Result<Place> {
        place(&self.journal, destination)
    }

    /// The engine that answers KQL over the lake.
    pub(crate) fn engine(&self, settings: &Settings, clock: Arc<dyn Clock>) -> Result<Arc<Engine>> {
        let ledger = Ledger::new(self.journal.clone(), clock.clone());
        super::folder::engine(self.lake.clone(), ledger, settings, clock)
    }

    /// Lets the lake write what it holds, then closes the journal.
    pub(crate) async fn close(self) -> Result<()> {
        self.stop_lake.cancel();
        self.writer.await.context("wait for the lake's writer")?;
        self.keeper.await.context("wait for the lake's housekeeping")?;
        self.journal.close().await;
        Ok(())
    }
}

/// Where a destination goes on. From its first registration on, the journal keeps what it has not yet got.
pub(crate) fn place(journal: &Journal, destination: &PlannedDestination) -> Result<Place> {
    let start = if destination.from_beginning { ReaderStart::Beginning } else { ReaderStart::Head };
    let reader = Shipper::reader(&destination.name);
    let offset = journal.register_reader(&reader, start)?;
    Ok(Place { offset, ahead: journal.ahead(&reader, offset)? })
}

/// Opens the lake with every provider's table, as far as it is sound.
async fn open_lake(
    settings: &Settings,
    mapper: Arc<dyn ColumnMapper>,
    clock: Arc<dyn Clock>,
    damage: &mut Vec<Damage>,
) -> Result<(Arc<Lake>, Option<Arc<Identity>>)> {
    let data = settings.data.clone();
    let signers = tokio::task::spawn_blocking(move || {
        let identity = damage::identity(&data);
        let notary = identity.as_ref().ok().map(|identity| damage::notary(identity, &data));
        (identity, notary)
    });
    let (identity, notary) = signers.await.context("read the key")?;
    let identity = identity.map_err(|found| damage.push(found)).ok();
    let notary = notary.and_then(|notary| notary.map_err(|found| damage.push(found)).ok());
    let is_signed = notary.is_some();
    let options = lake_options(settings, notary);
    // If nobody signs, nothing may be written, not even a table.
    let lake = if is_signed {
        Lake::open(options, mapper, clock).await
    } else {
        Lake::open_read_only(options, mapper, clock).await
    };
    let lake = lake.map_err(lake_failure)?;
    // Every provider's table is there from the start, so that a query over all of them needs no events first.
    for provider in sources::ALL {
        lake.ensure_table(provider.table()).await.map_err(lake_failure)?;
    }
    lake.ensure_table(&alarms::TABLE).await.map_err(lake_failure)?;
    damage.extend(lake.damage().into_iter().map(Damage::of_lake));
    Ok((lake, identity))
}

/// Opens the journal, or an empty one beside it if it is damaged.
async fn journal_or_stand_in(
    settings: &Settings,
    clock: Arc<dyn Clock>,
    lake: Arc<Lake>,
    twins: ProviderTwins,
    damage: &mut Vec<Damage>,
) -> Result<(Journal, Option<TempDir>)> {
    match try_journal(settings, clock.clone(), lake.clone(), twins).await? {
        Ok(journal) => Ok((journal, None)),
        Err(error) => {
            damage.push(Damage::of_journal(&error).ok_or_else(|| journal_failure(error))?);
            let (journal, folder) = damage::stand_in(journal_options(settings), clock, lake)?;
            Ok((journal, Some(folder)))
        }
    }
}

/// Whether the lake holds nothing of this journal beyond its end: the journal would have lost it.
async fn fit(lake: &Lake, journal: &Journal, damage: &mut Vec<Damage>) -> Result<()> {
    let head = *journal.head().borrow();
    match lake.fit_journal(journal.id(), head).await {
        Ok(()) => Ok(()),
        Err(error @ lake::Error::JournalReplaced { .. }) => {
            let hint = error.hint().to_owned();
            damage.push(Damage { part: "journal", what: error.to_string(), hint });
            Ok(())
        }
        Err(error) => Err(lake_failure(error)),
    }
}

/// Starts the lake's writer and its housekeeping.
fn start(
    lake: &Arc<Lake>,
    journal: &Journal,
    stop: &CancellationToken,
) -> (JoinHandle<()>, JoinHandle<()>) {
    let (writing, keeping) = (lake.clone(), lake.clone());
    let (intake, stop_writing, stop_keeping) =
        (Arc::new(journal.clone()), stop.clone(), stop.clone());
    let writer = tokio::spawn(async move {
        if let Err(error) = writing.run(intake, stop_writing).await {
            let hint = error.hint();
            tracing::error!(hint, "the lake's writer has ended: {:#}", anyhow::Error::new(error));
        }
    });
    let keeper = tokio::spawn(async move {
        if let Err(error) = keeping.maintain(stop_keeping).await {
            tracing::error!("the lake's housekeeping has ended: {:#}", anyhow::Error::new(error));
        }
    });
    (writer, keeper)
}

/// Opens the journal of a data folder, which asks the lake what it holds.
pub(super) async fn open_journal(
    settings: &Settings,
    clock: Arc<dyn Clock>,
    stored: Arc<dyn StoredIds>,
    twins: ProviderTwins,
) -> Result<Journal> {
    try_journal(settings, clock, stored, twins).await?.map_err(journal_failure)
}

async fn try_journal(
    settings: &Settings,
    clock: Arc<dyn Clock>,
    stored: Arc<dyn StoredIds>,
    twins: ProviderTwins,
) -> Result<Result<Journal, journal::Error>> {
    let options = journal_options(settings);
    let folder = settings.data.join("journal");
    let opened = tokio::task::spawn_blocking(move || {
        Journal::open_with_twins(&folder, options, clock, stored, Arc::new(twins))
    });
    opened.await.context("open the journal")
}

fn journal_options(settings: &Settings) -> journal::Options {
    journal::Options {
        disk_bytes_max: settings.journal_bytes_max,
        dedup_days: settings.dedup_days,
        dedup_ids_max: DEDUP_IDS_MAX,
    }
}

fn journal_failure(error: journal::Error) -> anyhow::Error {
    let hint = error.hint();
    Failure::error(Exit::Io, format!("{:#}\n  hint: {hint}", anyhow::Error::new(error)))
}

/// Options of the lake as configured, signed for by `notary`.
pub(crate) fn lake_options(settings: &Settings, notary: Option<Arc<Notary>>) -> LakeOptions {
    let url = settings
        .lake_url
        .clone()
        .unwrap_or_else(|| settings.data.join("lake").display().to_string());
    LakeOptions {
        storage_options: settings.lake_options.clone(),
        retention_days: settings.retention_days_by_table.clone(),
        retention_days_default: settings.retention_days,
        notary,
        ..LakeOptions::new(url, settings.node.clone())
    }
}

/// Makes the folder if need be, and locks it against other processes.
pub(crate) fn lock(data: &Path) -> Result<File, OpenError> {
    let failed = |error: std::io::Error| {
        OpenError::Other(Failure::error(
            Exit::Io,
            format!("open the data folder `{}`: {error}", data.display()),
        ))
    };
    std::fs::create_dir_all(data).map_err(failed)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(data.join("lock"))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

pub(crate) fn lake_failure(error: lake::Error) -> anyhow::Error {
    let hint = error.hint();
    Failure::error(Exit::Io, format!("{:#}\n  hint: {hint}", anyhow::Error::new(error)))
}
