//! What a data folder holds, opened: the journal and the lake, with the lake's writer running. One process at a time has
//! a data folder open.
//! Deliberately absent: sources and destinations.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use journal::{Journal, ReaderStart};
use lake::{Lake, LakeOptions};
use model::{Clock, QueryEngine, SystemClock};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::alarms;
use crate::config::{PlannedDestination, Settings};
use crate::domains::Domains;
use crate::exit::{Exit, Failure};
use crate::mapper::Providers;
use crate::ship::Shipper;
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
    pub(crate) domains: Arc<Domains>,
    writer: JoinHandle<()>,
    keeper: JoinHandle<()>,
    stop_lake: CancellationToken,
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
    /// Opens the folder and starts the lake's writer. `domains` is what the configuration tells of its tenants.
    pub(crate) async fn open(settings: &Settings, domains: Domains) -> Result<Self, OpenError> {
        let lock = lock(&settings.data)?;
        Self::open_locked(settings, domains, lock).await.map_err(OpenError::Other)
    }

    async fn open_locked(settings: &Settings, domains: Domains, lock: File) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let domains = Arc::new(domains.with_remembered(&settings.data)?);
        if let Err(error) = domains.remember(&settings.data) {
            // A full disk, say. It costs nothing as long as the configuration is at hand.
            tracing::warn!("the tenants' domains are not remembered: {error:#}");
        }
        let mapper = Arc::new(Providers { domains: domains.clone() });
        let lake = Lake::open(lake_options(settings), mapper, clock.clone())
            .await
            .map_err(lake_failure)?;
        // Every provider's table is there from the start, so that a query over all of them needs no events first.
        for provider in sources::ALL {
            lake.ensure_table(provider.table()).await.map_err(lake_failure)?;
        }
        lake.ensure_table(&alarms::TABLE).await.map_err(lake_failure)?;
        let journal = open_journal(settings, clock, lake.clone()).await?;
        let stop_lake = CancellationToken::new();
        let (writing, keeping) = (lake.clone(), lake.clone());
        let (intake, stop) = (Arc::new(journal.clone()), stop_lake.clone());
        let writer = tokio::spawn(async move {
            if let Err(error) = writing.run(intake, stop).await {
                let hint = error.hint();
                tracing::error!(
                    hint,
                    "the lake's writer has ended: {:#}",
                    anyhow::Error::new(error)
                );
            }
        });
        let stop = stop_lake.clone();
        let keeper = tokio::spawn(async move {
            if let Err(error) = keeping.maintain(stop).await {
                tracing::error!(
                    "the lake's housekeeping has ended: {:#}",
                    anyhow::Error::new(error)
                );
            }
        });
        Ok(Self { journal, lake, domains, writer, keeper, stop_lake, _lock: lock })
    }

    /// Where a destination goes on. From its first registration on, the journal keeps what it has not yet got.
    pub(crate) fn register(&self, destination: &PlannedDestination) -> Result<Place> {
        let start =
            if destination.from_beginning { ReaderStart::Beginning } else { ReaderStart::Head };
        let reader = Shipper::reader(&destination.name);
        let offset = self.journal.register_reader(&reader, start)?;
        Ok(Place { offset, ahead: self.journal.ahead(&reader, offset)? })
    }

    /// The engine that answers KQL over the lake.
    pub(crate) fn engine(
        &self,
        settings: &Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<dyn QueryEngine>> {
        let engine = super::folder::engine(self.lake.clone(), settings, clock)?;
        Ok(engine)
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

/// Opens the journal of a data folder, which asks the lake what it holds.
pub(super) async fn open_journal(
    settings: &Settings,
    clock: Arc<dyn Clock>,
    lake: Arc<Lake>,
) -> Result<Journal> {
    let options = journal::Options {
        disk_bytes_max: settings.journal_bytes_max,
        dedup_days: settings.dedup_days,
        dedup_ids_max: DEDUP_IDS_MAX,
    };
    let folder = settings.data.join("journal");
    let opened = tokio::task::spawn_blocking(move || Journal::open(&folder, options, clock, lake));
    opened.await.context("open the journal")?.map_err(|error| {
        let hint = error.hint();
        Failure::error(Exit::Io, format!("{:#}\n  hint: {hint}", anyhow::Error::new(error)))
    })
}

/// Options of the lake as configured.
pub(super) fn lake_options(settings: &Settings) -> LakeOptions {
    let url = settings
        .lake_url
        .clone()
        .unwrap_or_else(|| settings.data.join("lake").display().to_string());
    LakeOptions {
        storage_options: settings.lake_options.clone(),
        retention_days: settings.retention_days_by_table.clone(),
        retention_days_default: settings.retention_days,
        ..LakeOptions::new(url, settings.node.clone())
    }
}

/// Makes the folder if need be, and locks it against other processes.
pub(super) fn lock(data: &Path) -> Result<File, OpenError> {
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

pub(super) fn lake_failure(error: lake::Error) -> anyhow::Error {
    let hint = error.hint();
    Failure::error(Exit::Io, format!("{:#}\n  hint: {hint}", anyhow::Error::new(error)))
}
