//! What a data folder holds, opened: the journal and the lake, with the lake's writer running. One process at a time has
//! a data folder open.
//! Deliberately absent: sources and destinations.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result};
use futures::future::BoxFuture;
use journal::{DeadLetter, Journal, ReaderStart, StoredEvent, StoredIds, StoredIdsError};
use lake::{Delivery, Event, Intake, IntakeError, Lake, LakeOptions, Unfit};
use model::{Clock, QueryEngine, SystemClock, TableSchema};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Settings};
use crate::exit::{Exit, Failure};
use crate::mapper::Providers;

/// The lake's name among the journal's readers.
pub(super) const READER: &str = "lake";
/// Ids that deduplication holds exactly in memory: about 100 MB when full.
const DEDUP_IDS_MAX: usize = 4_000_000;

/// An open data folder.
pub(crate) struct Store {
    /// The durable log.
    pub(crate) journal: Journal,
    /// The tables.
    pub(crate) lake: Arc<Lake>,
    writer: JoinHandle<()>,
    stop_writer: CancellationToken,
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
    /// Opens the folder of a whole configuration: the tables of its providers are there from the start.
    pub(crate) async fn open_for(config: &Config) -> Result<Self, OpenError> {
        let store = Self::open(&config.settings).await?;
        store.ensure(&config.tables()).await.map_err(OpenError::Other)?;
        Ok(store)
    }

    /// Opens the folder and starts the lake's writer.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, OpenError> {
        let lock = lock(&settings.data)?;
        Self::open_locked(settings, lock).await.map_err(OpenError::Other)
    }

    async fn open_locked(settings: &Settings, lock: File) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = Arc::new(IdsOfLake::default());
        let journal = open_journal(settings, clock.clone(), ids.clone()).await?;
        let lake = Lake::open(lake_options(settings, &journal), Arc::new(Providers), clock).await.map_err(lake_failure)?;
        ids.0.set(lake.clone()).map_err(|_| anyhow::anyhow!("the lake is opened once"))?;
        let intake = Arc::new(LakeIntake { journal: journal.clone() });
        let stop_writer = CancellationToken::new();
        let (running, stopping) = (lake.clone(), stop_writer.clone());
        let writer = tokio::spawn(async move {
            if let Err(error) = running.run(intake, stopping).await {
                tracing::error!(%error, "the lake's writer has ended");
            }
        });
        Ok(Self { journal, lake, writer, stop_writer, _lock: lock })
    }

    async fn ensure(&self, tables: &[&'static TableSchema]) -> Result<()> {
        for table in tables {
            self.lake.ensure_table(table).await.map_err(lake_failure)?;
        }
        Ok(())
    }

    /// The engine that answers KQL over the lake.
    pub(crate) fn engine(&self, settings: &Settings, clock: Arc<dyn Clock>) -> Result<Arc<dyn QueryEngine>> {
        super::folder::engine(self.lake.clone(), settings.functions.as_deref(), clock)
    }

    /// Lets the lake write what it holds, then closes the journal.
    pub(crate) async fn close(self) -> Result<()> {
        self.stop_writer.cancel();
        self.writer.await.context("wait for the lake's writer")?;
        self.journal.close().await;
        Ok(())
    }
}

/// Opens the journal; `ids` tells it later what the lake holds.
pub(super) async fn open_journal(settings: &Settings, clock: Arc<dyn Clock>, ids: Arc<IdsOfLake>) -> Result<Journal> {
    let options = journal::Options {
        disk_bytes_max: settings.journal_bytes_max,
        dedup_days: settings.dedup_days,
        dedup_ids_max: DEDUP_IDS_MAX,
    };
    let folder = settings.data.join("journal");
    let opened = tokio::task::spawn_blocking(move || Journal::open(&folder, options, clock, ids));
    opened.await.context("open the journal")?.map_err(|error| Failure::error(Exit::Io, format!("{:#}", anyhow::Error::new(error))))
}

/// What the lake holds, asked by the journal. The lake is opened after the journal, because its rows carry the journal's
/// name: offsets of a new journal must not be taken for those of an old one.
#[derive(Default)]
pub(super) struct IdsOfLake(OnceLock<Arc<Lake>>);

impl StoredIds for IdsOfLake {
    fn ids_of_day(&self, day: i32) -> Result<Vec<u128>, StoredIdsError> {
        let lake = self.0.get().ok_or("the lake is not open yet")?;
        lake.ids_of_day(day)
    }
}

/// Options of the lake as configured, for rows that come out of this journal.
pub(super) fn lake_options(settings: &Settings, journal: &Journal) -> LakeOptions {
    // The first eight digits tell one journal of a node from the next.
    let node = format!("{}.{}", settings.node, journal.id().get(..8).unwrap_or_default());
    let url = settings.lake_url.clone().unwrap_or_else(|| settings.data.join("lake").display().to_string());
    LakeOptions {
        storage_options: settings.lake_options.clone(),
        retention_days: settings.retention_days_by_table.clone(),
        retention_days_default: settings.retention_days,
        ..LakeOptions::new(url, node)
    }
}

/// Makes the folder if need be, and locks it against other processes.
pub(super) fn lock(data: &Path) -> Result<File, OpenError> {
    let failed = |error: std::io::Error| {
        OpenError::Other(Failure::error(Exit::Io, format!("open the data folder `{}`: {error}", data.display())))
    };
    std::fs::create_dir_all(data).map_err(failed)?;
    let file = File::options().create(true).truncate(false).write(true).open(data.join("lock")).map_err(failed)?;
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

/// The journal as the lake reads it.
struct LakeIntake {
    journal: Journal,
}

impl Intake for LakeIntake {
    fn start(&self) -> Result<u64, IntakeError> {
        Ok(self.journal.register_reader(READER, ReaderStart::Beginning)?)
    }

    fn read(&self, from: u64, bytes_max: usize) -> Result<Vec<Delivery>, IntakeError> {
        Ok(deliveries(self.journal.read(from, bytes_max)?))
    }

    fn head(&self) -> watch::Receiver<u64> {
        self.journal.head()
    }

    fn advance(&self, offset: u64, unfit: Vec<Unfit>) -> BoxFuture<'_, Result<(), IntakeError>> {
        Box::pin(async move {
            let dead = unfit.into_iter().map(|unfit| self.dead_letter(unfit)).collect::<Result<Vec<_>, _>>()?;
            Ok(self.journal.advance(READER, offset, dead).await?)
        })
    }
}

impl LakeIntake {
    /// The lake names an unfit event by its offset; the event itself is still in the journal.
    fn dead_letter(&self, unfit: Unfit) -> Result<DeadLetter, IntakeError> {
        let found = self.journal.read(unfit.offset, 1)?;
        let batch = found.first().ok_or("an event that the lake refused is not in the journal")?;
        let event: &StoredEvent = batch.events.first().ok_or("an event that the lake refused is not in the journal")?;
        Ok(DeadLetter::of_event(&batch.source, event, unfit.reason))
    }
}

/// Batches of the journal as the lake takes them.
pub(super) fn deliveries(batches: Vec<journal::StoredBatch>) -> Vec<Delivery> {
    batches
        .into_iter()
        .map(|batch| Delivery {
            source: batch.source,
            received: batch.received,
            events: batch
                .events
                .into_iter()
                .map(|event| Event { offset: event.offset, id: event.id, time: event.time, raw: event.raw })
                .collect(),
        })
        .collect()
}
