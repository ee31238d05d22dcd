//! The query engine over a lake, and a question asked of a data folder while no server runs.
//! Deliberately absent: KQL and tables.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use journal::{ReaderStart, StoredIds, StoredIdsError};
use kql::plan::Field;
use lake::{Lake, READER};
use model::{Clock, ColumnType, QueryLimits, QueryRequest, Stretch, SystemClock, Timestamp};
use query::{
    Engine, EngineOptions, Explained, JsonRow, MemoryTables, StoredFunctions, TableProvider, Tables,
};

use super::damage::{self, Damage, existing_notary};
use super::store::{OpenError, lake_failure, lake_options, lock, open_journal};
use crate::config::{Outline, Settings};
use crate::domains::LiveDomains;
use crate::exit::{Exit, Failure};
use crate::ledger::{self, Desk, Ledger, Shown};
use crate::mapper::Providers;
use crate::twins::ProviderTwins;

/// How much of the journal is shown at a time while a folder is opened.
const TAIL_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The engine over a lake, with the functions and for the files that the settings name.
pub(crate) fn engine(
    lake: Arc<Lake>,
    ledger: Ledger,
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Engine>> {
    let mut stored = StoredFunctions::embedded().context("read the built-in functions")?;
    if let Some(folder) = settings.functions.as_deref() {
        let read = stored.with_folder(folder);
        stored = read.map_err(|error| {
            Failure::error(
                Exit::Config,
                format!("content.functions: {:#}", anyhow::Error::new(error)),
            )
        })?;
    }
    let external = super::external::files(settings)?;
    let options = EngineOptions { external, ..EngineOptions::default() };
    let engine = Engine::new(Arc::new(LakeTables { lake, ledger }), stored, clock, options);
    Ok(Arc::new(engine.context("start the query engine")?))
}

/// Answers `text` from a data folder that nobody serves, in the form that `accept` names.
pub(crate) async fn ask_folder(
    outline: Outline,
    text: &str,
    accept: &'static str,
) -> Result<Bytes> {
    let request = request(text);
    with_folder(outline, async |engine| {
        let answer = api::answer(engine, request, accept).await;
        answer.map_err(|error| {
            let problem = error.details();
            refused(&problem.code, &problem.detail, &problem.hint)
        })
    })
    .await
}

/// How `text` would be answered from a data folder that nobody serves.
pub(crate) async fn explain_folder(outline: Outline, text: &str) -> Result<Explained> {
    let request = request(text);
    with_folder(outline, async |engine| {
        let explained = engine.explain(&request).await;
        explained.map_err(|error| refused(&error.code, &error.message, &error.hint))
    })
    .await
}

fn request(text: &str) -> QueryRequest {
    QueryRequest { text: text.to_owned(), timespan: None, limits: QueryLimits::default() }
}

fn refused(code: &str, message: &str, hint: &str) -> anyhow::Error {
    let hint = if hint.is_empty() { String::new() } else { format!("\n  hint: {hint}") };
    Failure::error(Exit::Data, format!("{code}: {message}{hint}"))
}

/// Locks a folder, if it is a data folder and nobody serves it.
fn hold(data: &Path) -> Result<File> {
    if !data.join("journal").is_dir() {
        let message = format!("`{}` is not a data folder", data.display());
        return Err(Failure::error(Exit::Data, message));
    }
    lock(data).map_err(|error| match error {
        OpenError::Locked => Failure::error(
            Exit::Unavailable,
            "a server is using this data folder\n  hint: ask the server: leave --data out, or name it with --url",
        ),
        other => other.into_error(),
    })
}

/// Opens a data folder that nobody serves, with what its journal holds, for one question.
async fn with_folder<T>(
    outline: Outline,
    ask: impl AsyncFnOnce(&Engine) -> Result<T>,
) -> Result<T> {
    let settings = &outline.settings;
    let data = &settings.data;
    let _lock = hold(data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let domains = LiveDomains::of(outline.domains.with_remembered(data)?);
    let mapper = Arc::new(Providers { domains: Arc::new(domains) });
    let options = lake_options(settings, existing_notary(data));
    let opened = Lake::open_read_only(options, mapper, clock.clone()).await;
    let lake = opened.map_err(lake_failure)?;
    let twins = ProviderTwins::default();
    let journal = open_journal(settings, clock.clone(), lake.clone(), twins).await?;
    let (head, mut offset) =
        (*journal.head().borrow(), journal.register_reader(READER, ReaderStart::Beginning)?);
    let mut pending = Vec::new();
    while offset < head {
        let batches = journal.read(offset, TAIL_BYTES_MAX)?;
        let Some(last) = batches.last().and_then(|batch| batch.events.last()) else { break };
        offset = last.offset + 1;
        pending.extend(batches);
    }
    lake.load_tail(journal.id(), &pending).await.map_err(lake_failure)?;
    let ledger = Ledger::new(journal.clone(), clock.clone());
    let engine = engine(lake, ledger, settings, clock.clone())?;
    let answer = ask(&engine).await;
    journal.close().await;
    answer
}

/// The statement of a tenant's month, from a data folder that nobody serves.
pub(crate) async fn statement_of_folder(
    outline: Outline,
    tenant: &str,
    month: &str,
    form: Shown,
) -> Result<Bytes> {
    let settings = &outline.settings;
    let data = &settings.data;
    let _lock = hold(data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let identity = damage::identity(data).map_err(Damage::into_error)?;
    let twins = ProviderTwins::default();
    let journal = open_journal(settings, clock.clone(), Arc::new(NoLake), twins).await?;
    let ledger = Ledger::new(journal.clone(), clock.clone());
    let desk = Desk { ledger, identity: Some(identity), node: settings.node.clone() };
    let document = desk.document(tenant, month, form, clock.now());
    journal.close().await;
    document?.map_err(|problem| Failure::error(Exit::Data, problem.to_string()))
}

/// Stands for the lake of a journal to which nothing is appended.
struct NoLake;

impl StoredIds for NoLake {
    fn ids_of_day(&self, _: i32) -> Result<Vec<u128>, StoredIdsError> {
        Err("the lake is not open".into())
    }
}

/// The lake's tables and the ledger as the engine asks for them.
struct LakeTables {
    lake: Arc<Lake>,
    ledger: Ledger,
}

impl LakeTables {
    /// The ledger as it is now.
    fn ledger_rows(&self) -> Result<Arc<dyn TableProvider>> {
        let all = self.ledger.all_hours(&EVERYTHING)?;
        let rows: Vec<JsonRow> =
            all.iter().flat_map(|(tenant, hours)| ledger::rows(tenant, hours)).collect();
        let mut tables = MemoryTables::default();
        tables.fill(ledger::TABLE, ledger_fields(), &rows)?;
        tables.provider(ledger::TABLE).context("make the ledger's table")
    }
}

/// All hours.
const EVERYTHING: Stretch = Stretch { from: Timestamp::MIN, until: Timestamp::MAX };

fn ledger_fields() -> Vec<Field> {
    let field = |(name, kind): (&str, ColumnType)| Field { name: name.into(), ty: kind.into() };
    ledger::columns().map(field).collect()
}

impl Tables for LakeTables {
    fn names(&self) -> Vec<String> {
        let mut names = self.lake.table_names();
        names.push(ledger::TABLE.to_owned());
        names
    }

    fn columns(&self, table: &str) -> Option<Vec<Field>> {
        if table == ledger::TABLE {
            return Some(ledger_fields());
        }
        let columns = self.lake.columns(table)?;
        Some(
            columns
                .into_iter()
                .map(|(name, kind)| Field { name: name.into(), ty: kind.into() })
                .collect(),
        )
    }

    fn provider(&self, table: &str) -> Option<Arc<dyn TableProvider>> {
        if table != ledger::TABLE {
            return self.lake.table_provider(table);
        }
        self.ledger_rows()
            .inspect_err(|error| tracing::error!("the ledger cannot be read: {error:#}"))
            .ok()
    }
}
