//! The lake: all tables, and the doors to them for the writer, for queries and for `status`.
//! Deliberately absent: the work itself, which each has its own file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use journal::{DeadLetter, StoredBatch};
use model::{Clock, ColumnMapper, ColumnType, TableSchema};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::damaged::{Damaged, TableDamage};
use crate::intake::Intake;
use crate::layout::kusto_type;
use crate::options::LakeOptions;
use crate::place::Place;
use crate::provider::LakeTable;
use crate::status::{LakeStatus, TableStatus};
use crate::table::{Access, Table};
use crate::{Error, Maintained, Result, maintain, writer};

/// So much of a journal's random name tells it from the others of a node.
const JOURNAL_ID_CHARS: usize = 12;

/// All tables of a lake.
pub struct Lake {
    pub(crate) options: LakeOptions,
    pub(crate) mapper: Arc<dyn ColumnMapper>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) place: Place,
    tables: RwLock<BTreeMap<String, Arc<Table>>>,
    damaged: RwLock<BTreeMap<String, Damaged>>,
    /// Held while a table is opened, so that it is opened once.
    opening: tokio::sync::Mutex<()>,
    error: Mutex<Option<String>>,
    /// Who writes: the node and its journal.
    writer: RwLock<Arc<str>>,
    pub(crate) runtime: Handle,
    read_only: bool,
}

impl Lake {
    /// Opens the lake at `options.url`, made if there is none, with every table that it has.
    ///
    /// Tables that are damaged are set aside: see [`Lake::damage`].
    ///
    /// # Errors
    /// If the address is of no use, or the store cannot be read.
    pub async fn open(
        options: LakeOptions,
        mapper: Arc<dyn ColumnMapper>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>> {
        Self::open_as(options, mapper, clock, false).await
    }

    /// Opens a lake that exists, to be read. Nothing in it is changed; rows that are still in a journal can be shown
    /// with [`Lake::load_tail`].
    ///
    /// # Errors
    /// If there is no lake, or the store cannot be read.
    pub async fn open_read_only(
        options: LakeOptions,
        mapper: Arc<dyn ColumnMapper>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>> {
        Self::open_as(options, mapper, clock, true).await
    }

    async fn open_as(
        options: LakeOptions,
        mapper: Arc<dyn ColumnMapper>,
        clock: Arc<dyn Clock>,
        read_only: bool,
    ) -> Result<Arc<Self>> {
        let create_at = (!read_only).then(|| clock.now());
        let wrap = options.wrap.as_ref();
        let place = Place::open(&options.url, &options.storage_options, create_at, wrap)?;
        let listed = place
            .store
            .list_with_delimiter(None)
            .await
            .map_err(Error::file("list", &options.url))?;
        let names: Vec<String> = listed
            .common_prefixes
            .iter()
            .filter_map(|path| path.filename().map(str::to_owned))
            .collect();
        let lake = Self {
            writer: RwLock::new(options.node.as_str().into()),
            runtime: Handle::current(),
            options,
            mapper,
            clock,
            place,
            tables: RwLock::default(),
            damaged: RwLock::default(),
            opening: tokio::sync::Mutex::default(),
            error: Mutex::default(),
            read_only,
        };
        for name in names {
            if let Err(error) = lake.open_table(&name, None).await {
                lake.set_aside(&name, error)?;
            }
        }
        // A log that is gone as a whole is in no listing, but it was pinned.
        for name in lake.options.notary.iter().flat_map(|notary| notary.pinned_tables()) {
            if lake.table(&name).is_none() && !lake.is_damaged(&name) {
                let what = "all of it is gone".to_owned();
                lake.set_aside(&name.clone(), Error::Unpinned { table: name, what })?;
            }
        }
        Ok(Arc::new(lake))
    }

    /// Makes sure that a provider's table exists and has all of its columns, so that it can be asked before its first
    /// event comes. A table that turns out to be damaged is set aside: see [`Lake::damage`].
    ///
    /// # Errors
    /// If the table cannot be made, or widened.
    pub async fn ensure_table(&self, schema: &TableSchema) -> Result<()> {
        if !self.is_damaged(schema.name)
            && let Err(error) = self.writable_table(schema).await
        {
            self.set_aside(schema.name, error)?;
        }
        let mut damaged = self.damaged.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(damaged) = damaged.get_mut(schema.name) {
            damaged.with_columns(schema);
        }
        Ok(())
    }

    /// The tables that cannot be used. As long as there is one, nothing is written to the lake.
    #[must_use]
    pub fn damage(&self) -> Vec<TableDamage> {
        let damaged = self.damaged.read().unwrap_or_else(PoisonError::into_inner);
        damaged.values().map(|table| table.damage.clone()).collect()
    }

    fn is_damaged(&self, table: &str) -> bool {
        self.damaged.read().unwrap_or_else(PoisonError::into_inner).contains_key(table)
    }

    /// Notes that a table is damaged, or gives back an error that may pass.
    fn set_aside(&self, name: &str, error: Error) -> Result<()> {
        let Some(damaged) = Damaged::of(name, &error) else { return Err(error) };
        tracing::error!(table = name, hint = damaged.damage.hint, "{}", damaged.damage.what);
        self.damaged
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), damaged);
        Ok(())
    }

    /// Refuses what needs every table.
    pub(crate) fn undamaged(&self) -> Result<()> {
        let damaged = self.damaged.read().unwrap_or_else(PoisonError::into_inner);
        match damaged.values().next() {
            Some(table) => Err(Error::Damaged { reason: table.damage.what.clone() }),
            None => Ok(()),
        }
    }

    /// Reads `intake` into the tables until `cancel`, then commits what was read.
    ///
    /// # Errors
    /// If the journal cannot belong to this lake, or the last commit failed (its rows are in the journal).
    pub async fn run(
        self: Arc<Self>,
        intake: Arc<dyn Intake>,
        cancel: CancellationToken,
    ) -> Result<()> {
        self.writable()?;
        writer::run(self, intake, cancel).await
    }

    /// Keeps the tables in good order until `cancel`: merges small files, drops days that are over, deletes what
    /// belongs to no table any more. What fails is tried again later and shown by [`Lake::status`].
    ///
    /// # Errors
    /// If its thread cannot be started, or ends unexpectedly.
    pub async fn maintain(self: Arc<Self>, cancel: CancellationToken) -> Result<()> {
        self.writable()?;
        let (done, ended) = tokio::sync::oneshot::channel();
        let handle = self.runtime.clone();
        writer::spawn("lake-maintain", writer::NICE_MAINTAIN, move || {
            handle.block_on(maintain::run(self, cancel));
            // Nobody listens any more if the caller was dropped.
            done.send(()).ok();
        })?;
        ended.await.map_err(|_| Error::Stopped { task: "housekeeping" })
    }

    /// One round of what [`Lake::maintain`] does, at once and with everything that there is to do.
    ///
    /// # Errors
    /// If something cannot be done; what was done before stays done.
    pub async fn maintain_once(&self) -> Result<Maintained> {
        self.writable()?;
        maintain::once(self).await
    }

    /// The table called `name`, for DataFusion; `None` if there is none. It shows committed rows and those in memory.
    #[must_use]
    pub fn table_provider(self: &Arc<Self>, name: &str) -> Option<Arc<dyn TableProvider>> {
        if let Some(table) = self.table(name) {
            return Some(Arc::new(LakeTable::new(self.clone(), table)));
        }
        let damaged = self.damaged.read().unwrap_or_else(PoisonError::into_inner);
        damaged.get(name).map(|table| Arc::new(table.clone()) as Arc<dyn TableProvider>)
    }

    /// The names of all tables, in order.
    #[must_use]
    pub fn table_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.tables().iter().map(|table| table.name.clone()).collect();
        names.extend(self.damage().into_iter().map(|damage| damage.table));
        names.sort();
        names
    }

    /// The columns of a table as KQL sees them, `Type` among them; `None` if there is no such table.
    #[must_use]
    pub fn columns(&self, table: &str) -> Option<Vec<(String, ColumnType)>> {
        if let Some(table) = self.table(table) {
            return Some(columns_of(&crate::provider::shown_schema(&table.schema())));
        }
        let damaged = self.damaged.read().unwrap_or_else(PoisonError::into_inner);
        Some(columns_of(&damaged.get(table)?.shown))
    }

    /// Shows events of the journal `journal_id` that nobody is writing into this lake: for a query on a folder while
    /// no server runs. Those that are in the tables already are left out. Call it with everything that the journal
    /// still has, in order.
    ///
    /// # Errors
    /// If rows cannot be made of them.
    pub async fn load_tail(&self, journal_id: &str, deliveries: &[StoredBatch]) -> Result<()> {
        self.adopt(journal_id).await?;
        let end = deliveries.iter().filter_map(|delivery| delivery.events.last()).next_back();
        if let Some(end) = end {
            self.show(deliveries, end.offset + 1, &mut Vec::new()).await?;
        }
        Ok(())
    }

    /// How the lake is.
    #[must_use]
    pub fn status(&self) -> LakeStatus {
        let damaged = self.damaged.read().unwrap_or_else(PoisonError::into_inner);
        let damage = damaged.values().next().map(|table| table.damage.what.clone());
        let mut tables: Vec<TableStatus> =
            self.tables().iter().map(|table| TableStatus::of(table)).collect();
        tables.extend(damaged.values().map(Damaged::status));
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        LakeStatus { error: damage.or(error), tables }
    }

    /// Maps events to rows and shows them: all of them, or none if it fails. Returns how many bytes the events had.
    pub(crate) async fn show(
        &self,
        deliveries: &[StoredBatch],
        end: u64,
        dead: &mut Vec<DeadLetter>,
    ) -> Result<usize> {
        let mut mapped = writer::map(self, deliveries).await?;
        let now = self.clock.now();
        for (table, rows) in mapped.tables {
            metrics::counter!("lake_rows_total", "table" => table.name.clone())
                .increment(rows.num_rows() as u64);
            table.push(rows, end, now);
        }
        dead.append(&mut mapped.dead);
        Ok(mapped.bytes)
    }

    /// The table that events of `provider` go to; `None` if nobody knows the provider.
    pub(crate) async fn table_of(&self, provider: &str) -> Result<Option<Arc<Table>>> {
        match self.mapper.table(provider) {
            Some(schema) if !self.is_damaged(schema.name) => {
                self.writable_table(schema).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn writable_table(&self, schema: &TableSchema) -> Result<Arc<Table>> {
        if let Some(table) = self.table(schema.name)
            && table.view().layout.own.len() == schema.columns.len()
        {
            return Ok(table);
        }
        self.open_table(schema.name, Some(schema))
            .await?
            .ok_or(Error::Stopped { task: "creation of a table" })
    }

    async fn open_table(
        &self,
        name: &str,
        schema: Option<&TableSchema>,
    ) -> Result<Option<Arc<Table>>> {
        let _opening = self.opening.lock().await;
        if let (Some(table), Some(schema)) = (self.table(name), schema)
            && table.view().layout.own.len() == schema.columns.len()
        {
            return Ok(Some(table));
        }
        let access =
            Access { may_write: !self.read_only, options: &self.options, now: self.clock.now() };
        let opened = Table::open(&self.place, name, schema, self.writer(), access).await?;
        let Some(table) = opened.map(Arc::new) else { return Ok(None) };
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        tables.insert(name.to_owned(), table.clone());
        Ok(Some(table))
    }

    /// The table called `name`.
    pub(crate) fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All tables, by name.
    pub(crate) fn tables(&self) -> Vec<Arc<Table>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Bytes of Arrow memory that rows take which are in no commit yet.
    pub(crate) fn tail_bytes(&self) -> usize {
        self.tables().iter().map(|table| table.view().tail.bytes()).sum()
    }

    fn writable(&self) -> Result<()> {
        if self.read_only { Err(Error::ReadOnly) } else { self.undamaged() }
    }

    /// Who writes: the node and its journal.
    pub(crate) fn writer(&self) -> Arc<str> {
        self.writer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the journal `id`, which ends at `head`, as the one that is written from, if it can be: offsets that tables hold
    /// beyond its end would be given again, and the events under them taken for written.
    ///
    /// # Errors
    /// [`Error::JournalReplaced`] if a table holds more; or if a table's log cannot be read.
    pub async fn fit_journal(&self, id: &str, head: u64) -> Result<()> {
        self.adopt(id).await?;
        for table in self.tables() {
            let committed = table.view().committed;
            if committed > head {
                return Err(Error::JournalReplaced {
                    table: table.name.clone(),
                    node: self.writer().to_string(),
                    committed,
                    head,
                });
            }
        }
        Ok(())
    }

    /// Takes the journal `id` as the one that is written from: finds out how far each table has it.
    pub(crate) async fn adopt(&self, id: &str) -> Result<()> {
        // A new journal counts from the start again; under another name its offsets are not taken for old ones.
        let short = id.get(..JOURNAL_ID_CHARS).unwrap_or(id);
        let writer: Arc<str> = format!("{}/{short}", self.options.node).into();
        if *self.writer() == *writer {
            return Ok(());
        }
        *self.writer.write().unwrap_or_else(PoisonError::into_inner) = writer.clone();
        for table in self.tables() {
            table.adopt(writer.clone()).await?;
        }
        Ok(())
    }

    /// Notes what is wrong with the writer, or that nothing is.
    pub(crate) fn set_error(&self, error: Option<String>) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

fn columns_of(schema: &Schema) -> Vec<(String, ColumnType)> {
    schema.fields().iter().map(|field| (field.name().clone(), kusto_type(field))).collect()
}
