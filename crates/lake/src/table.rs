//! One table: its files, its rows in memory, and the one lock under which both change, so that a query sees every row
//! once.
//! Deliberately absent: when rows are flushed (`writer`) and files merged (`compact`).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use jiff::Timestamp;
use model::TableSchema;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;
use uuid::Uuid;

use crate::change::Change;
use crate::delta::{self, DeltaLog};
use crate::encode::{Care, Encoded, by_day, day_text, encode};
use crate::files::{DataFile, Files};
use crate::layout::{DAY, Layout};
use crate::limits::{ATTEMPT_SHARE_OF_GRACE, COMMIT_TRIES_MAX};
use crate::notary::Notary;
use crate::options::{Failpoint, LakeOptions, Step};
use crate::pinning;
use crate::place::Place;
use crate::record::Deed;
use crate::tail::{Tail, TailBatch, conform};
use crate::{Error, Result};

/// A table of the lake.
pub(crate) struct Table {
    pub(crate) name: String,
    /// The lake that the table's files are in.
    pub(crate) place: Place,
    /// The table's folder.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Held while a commit is made and shown, so that there is one order of both.
    log: Mutex<DeltaLog>,
    view: RwLock<View>,
    /// A try to commit that takes longer is given up: see [`ATTEMPT_SHARE_OF_GRACE`].
    attempt_max: Duration,
    failpoint: Option<Failpoint>,
    notary: Option<Arc<Notary>>,
}

/// What may be done to a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access<'a> {
    /// Whether anything of the lake may be changed.
    pub(crate) may_write: bool,
    /// How the lake was opened.
    pub(crate) options: &'a LakeOptions,
    /// The present.
    pub(crate) now: Timestamp,
}

/// What a query sees; always consistent.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The table's columns.
    pub(crate) layout: Arc<Layout>,
    /// The files of the version that is shown.
    pub(crate) files: Arc<Files>,
    /// That version.
    pub(crate) version: u64,
    /// The rows that are in no commit yet.
    pub(crate) tail: Tail,
    /// Rows of this node's journal below this offset are in the files.
    pub(crate) committed: u64,
    /// When the log was read last.
    pub(crate) refreshed: Instant,
    /// When this node committed last.
    pub(crate) last_commit: Option<Timestamp>,
    /// Rows that came since the program started, as the first moment of a day that compaction may call quiet.
    pub(crate) last_rows: Option<Timestamp>,
    /// What is wrong, if anything is.
    pub(crate) error: Option<String>,
    /// Who writes here: the node and its journal.
    writer: Arc<str>,
    /// A commit failed in a way that leaves open whether it was made.
    unsure: bool,
}

impl Table {
    /// Opens the table called `name`. If its provider's schema is given, the table is made or widened as `access` allows;
    /// otherwise `None` if there is no such table.
    pub(crate) async fn open(
        place: &Place,
        name: &str,
        schema: Option<&TableSchema>,
        writer: Arc<str>,
        access: Access<'_>,
    ) -> Result<Option<Self>> {
        let mut place = place.clone();
        let mut notary = access.options.notary.as_ref();
        let opened = DeltaLog::open(&place, name, notary).await?;
        if let (Some(log), Some(notary)) = (&opened, notary) {
            pinning::check(notary, name, log, access.may_write).await?;
        }
        let (log, layout) = match (opened, schema) {
            (None, None) => return Ok(None),
            (Some(log), None) => {
                let layout = Layout::of_stored(log.schema()?);
                (log, layout)
            }
            (Some(mut log), Some(schema)) => {
                let layout = Layout::widened(log.schema()?.as_ref(), schema);
                if access.may_write {
                    log.widen(&layout, access.now).await?;
                }
                (log, layout)
            }
            (None, Some(schema)) => {
                // Who may only read sees rows of a journal in a table that exists in memory alone.
                if !access.may_write {
                    place = Place::open("memory:///", &HashMap::new(), None, None)?;
                    notary = None;
                }
                if let Some(notary) = notary {
                    pinning::expect(notary, name)?;
                }
                let layout = Layout::new(schema);
                let log = DeltaLog::open_or_create(&place, name, &layout, notary, access.now);
                (log.await?, layout)
            }
        };
        if let (true, Some(notary)) = (access.may_write, notary) {
            pinning::pin(notary, name, &log).await;
        }
        let view = View {
            layout: Arc::new(layout),
            files: Arc::new(log.files(&Files::default())),
            version: log.version(),
            tail: Tail::default(),
            committed: log.offset_of(&writer).await?.unwrap_or(0),
            refreshed: Instant::now(),
            last_commit: None,
            last_rows: None,
            error: None,
            writer,
            unsure: false,
        };
        Ok(Some(Self {
            name: name.to_owned(),
            store: place.table_store(name),
            place,
            log: Mutex::new(log),
            view: RwLock::new(view),
            attempt_max: access.options.vacuum_grace / ATTEMPT_SHARE_OF_GRACE,
            failpoint: access.options.failpoint.clone(),
            notary: notary.cloned(),
        }))
    }

    /// What a query may see now.
    pub(crate) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The columns of the data files.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.view().layout.schema.clone()
    }

    /// Shows `rows`, which come from journal offsets below `end`.
    pub(crate) fn push(&self, rows: RecordBatch, end: u64, now: Timestamp) {
        let mut view = self.view_mut();
        view.last_rows = Some(now);
        view.tail.push(TailBatch::new(rows, end));
    }

    /// Notes what is wrong, or that nothing is.
    pub(crate) fn set_error(&self, error: Option<String>) {
        self.view_mut().error = error;
    }

    /// The rows in memory, for [`Table::flush`]. Whoever pushes rows must call this before it pushes more.
    pub(crate) fn freeze(&self) -> Vec<TailBatch> {
        self.view_mut().tail.freeze()
    }

    /// Commits the `frozen` rows, which are all that this table has below `offset`. Either all of it happens or
    /// nothing that a query or a restart could notice.
    pub(crate) async fn flush(
        &self,
        frozen: Vec<TailBatch>,
        offset: u64,
        now: Timestamp,
    ) -> Result<()> {
        if self.view().unsure {
            drop(self.look().await?);
        }
        let (committed, schema) = {
            let view = self.view();
            (view.committed, view.layout.schema.clone())
        };
        let batches: Vec<RecordBatch> = frozen
            .iter()
            .filter(|batch| batch.end > committed)
            .map(|batch| conform(&batch.rows, &schema))
            .collect::<Result<_, _>>()
            .map_err(Error::encode(&self.name))?;
        if batches.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let files = self.write_days(&schema, &batches).await?;
        let outcome = if started.elapsed() < self.attempt_max {
            self.append(&files, offset, now).await
        } else {
            Err(Error::Slow { table: self.name.clone(), seconds: started.elapsed().as_secs() })
        };
        if outcome.is_err() && !self.view().unsure {
            self.discard(&files).await;
        }
        outcome
    }

    /// Writes `rows` as files, one a day.
    async fn write_days(
        &self,
        schema: &SchemaRef,
        batches: &[RecordBatch],
    ) -> Result<Vec<DataFile>> {
        let mut files = Vec::new();
        for day in by_day(batches).map_err(Error::encode(&self.name))? {
            let encoded = encode(schema, batches, &day.rows, Care::Fresh)
                .map_err(Error::encode(&self.name))?;
            match self.write(day.day, encoded).await {
                Ok(file) => files.push(file),
                Err(error) => {
                    self.discard(&files).await;
                    return Err(error);
                }
            }
        }
        Ok(files)
    }

    /// Writes one encoded file under a new name.
    pub(crate) async fn write(&self, day: i32, encoded: Encoded) -> Result<DataFile> {
        self.fail_at(Step::WriteFile)?;
        let bytes = encoded.payload.content_length() as u64;
        let path = format!("{DAY}={}/{}.parquet", day_text(day), Uuid::new_v4());
        self.store
            .put(&Path::from(path.as_str()), encoded.payload)
            .await
            .map_err(Error::file("write", format!("{}/{path}", self.name)))?;
        Ok(DataFile { path, bytes, day, stats: encoded.stats, proof: Some(encoded.proof) })
    }

    /// Deletes files that belong to no commit. What cannot be deleted is left to the vacuum.
    pub(crate) async fn discard(&self, files: &[DataFile]) {
        for file in files {
            if let Err(error) = self.store.delete(&Path::from(file.path.as_str())).await {
                tracing::debug!(table = self.name, path = file.path, %error, "left to the vacuum");
            }
        }
    }

    /// Commits `files`, which hold this writer's rows below `offset`. Each try relies on the version that was looked at
    /// before it, so that a commit of ours whose answer was lost is found instead of being made again.
    async fn append(&self, files: &[DataFile], offset: u64, now: Timestamp) -> Result<()> {
        self.fail_at(Step::Commit)?;
        let writer = self.view().writer.clone();
        let change = Change {
            deed: Deed::Append,
            added: files,
            removed: &[],
            attested: None,
            reason: None,
            now,
        };
        let mut log = self.log.lock().await;
        for _ in 0..COMMIT_TRIES_MAX {
            if self.view().unsure {
                self.look_into(&mut log).await?;
                if self.view().committed >= offset {
                    let known = self.view().files.clone();
                    let stray: Vec<DataFile> =
                        files.iter().filter(|file| !known.has(&file.path)).cloned().collect();
                    self.discard(&stray).await;
                    return Ok(());
                }
            }
            let started = Instant::now();
            let committed = log.commit(&change, Some((&writer, offset))).await;
            self.view_mut().unsure = committed.is_err();
            metrics::histogram!("lake_commit_seconds").record(started.elapsed().as_secs_f64());
            match committed {
                Ok(()) => {
                    if let Err(error) = self.fail_at(Step::Publish) {
                        self.view_mut().unsure = true;
                        return Err(error);
                    }
                    self.publish(&log, Some(offset));
                    self.view_mut().last_commit = Some(now);
                    self.pin(&log).await;
                    return Ok(());
                }
                Err(error) if delta::came_second(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Crowded { table: self.name.clone(), tries: COMMIT_TRIES_MAX })
    }

    /// Shows the log's version, and at the same moment drops the rows in memory that are in it.
    fn publish(&self, log: &DeltaLog, committed: Option<u64>) {
        let older = self.view().files.clone();
        let files = Arc::new(log.files(&older));
        let stored = log.schema();
        let mut view = self.view_mut();
        view.files = files;
        view.version = log.version();
        view.refreshed = Instant::now();
        if let Some(offset) = committed {
            view.committed = view.committed.max(offset);
            let committed = view.committed;
            view.tail.commit(committed);
        }
        // Another node may run a newer program that has widened the table.
        if let Ok(stored) = stored
            && stored.fields().len() > view.layout.schema.fields().len()
        {
            let mut layout = view.layout.as_ref().clone();
            layout.schema = stored;
            view.layout = Arc::new(layout);
        }
    }

    /// Reads what has been committed by anybody and shows it. If one of our own commits may or may not have been made,
    /// this finds out.
    async fn look_into(&self, log: &mut DeltaLog) -> Result<()> {
        let changed = log.refresh().await?;
        let (unsure, writer) = {
            let view = self.view();
            (view.unsure, view.writer.clone())
        };
        if unsure {
            let offset = log.offset_of(&writer).await?.unwrap_or(0);
            self.publish(log, Some(offset));
            self.view_mut().unsure = false;
        } else if changed {
            self.publish(log, None);
        } else {
            self.view_mut().refreshed = Instant::now();
        }
        Ok(())
    }

    /// The log, just read and shown.
    pub(crate) async fn look(&self) -> Result<MutexGuard<'_, DeltaLog>> {
        let mut log = self.log.lock().await;
        self.look_into(&mut log).await?;
        Ok(log)
    }

    /// Reads what other nodes have committed, if the last look is older than `age`. A look that is under way
    /// elsewhere is not waited for.
    pub(crate) async fn refresh(&self, age: Duration) -> Result<()> {
        if self.view().refreshed.elapsed() < age {
            return Ok(());
        }
        let Ok(mut log) = self.log.try_lock() else { return Ok(()) };
        self.look_into(&mut log).await
    }

    /// Finds out how far the table has the rows of `writer`, who had nothing to do with it before.
    pub(crate) async fn adopt(&self, writer: Arc<str>) -> Result<()> {
        let mut log = self.log.lock().await;
        {
            let mut view = self.view_mut();
            (view.writer, view.committed, view.unsure) = (writer, 0, true);
        }
        self.look_into(&mut log).await
    }

    /// Replaces files by others in one commit, provided that they still belong to the table: somebody else may have
    /// replaced or dropped them meanwhile. Says whether it was done.
    pub(crate) async fn replace(&self, change: &Change<'_>) -> Result<bool> {
        let (old, new) = (change.removed, change.added);
        self.fail_at(Step::Replace)?;
        let mut log = self.log.lock().await;
        for _ in 0..COMMIT_TRIES_MAX {
            self.look_into(&mut log).await?;
            let files = self.view().files.clone();
            // A commit whose answer was lost on the way counts as refused at first.
            if !new.is_empty() && new.iter().all(|file| files.has(&file.path)) {
                return Ok(true);
            }
            if !old.iter().all(|file| files.has(&file.path)) {
                return Ok(false);
            }
            match log.commit(change, None).await {
                Ok(()) => {
                    self.publish(&log, None);
                    self.pin(&log).await;
                    return Ok(true);
                }
                Err(error) if delta::came_second(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Notes outside of the lake how far the log reaches now.
    async fn pin(&self, log: &DeltaLog) {
        if let Some(notary) = &self.notary {
            pinning::pin(notary, &self.name, log).await;
        }
    }

    /// Fails if a test wants it to.
    pub(crate) fn fail_at(&self, step: Step) -> Result<()> {
        fail_at(self.failpoint.as_ref(), step)
    }
}

/// Fails if a test wants it to.
pub(crate) fn fail_at(failpoint: Option<&Failpoint>, step: Step) -> Result<()> {
    match failpoint {
        Some(failpoint) if failpoint(step) => {
            Err(Error::OnPurpose { at: format!("before {step:?}") })
        }
        _ => Ok(()),
    }
}
