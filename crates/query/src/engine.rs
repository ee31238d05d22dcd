//! The query engine: text in, streams of rows out, within limits. Deliberately absent: the language (`kql`), what operators
//! and functions mean (`lower`, `functions`), and where tables are kept (`Tables`).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::datasource::TableProvider;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use kql::plan::{Field, Plan};
use kql::types::{Type, Value};
use model::{
    Clock, QueryEngine, QueryError, QueryErrorKind, QueryLimits, QueryOutput, QueryRequest,
    QueryTable, Render, ResultColumn, RowBatch, TableFiles,
};
use tokio::time::Instant;

use crate::answer_order::KeepAnswerOrder;
use crate::catalog::{Tables, View};
use crate::error::{self, Error};
use crate::explained::Explained;
use crate::external::{self, ExternalFiles};
use crate::lower::Lowering;
use crate::parquet_file::ParquetFiles;
use crate::plugins::discover::Found;
use crate::progress::Started;
use crate::shared::Shared;
use crate::short_texts::CompareShortTexts;
use crate::sparse::CompactScans;
use crate::stored::StoredFunctions;
use crate::top_rows::ReadTopRows;
use crate::watchlists::Watchlists;
use crate::{numbered, results, subqueries, ticks};

/// How an engine uses the machine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Memory that one query may hold at most, whatever its own limit says.
    pub memory_bytes_max: usize,
    /// How many threads work on one query.
    pub target_partitions: usize,
    /// Rows of one batch.
    pub batch_rows: usize,
    /// Where sorts and aggregations go when memory is full; without it, the system's folder for temporary files.
    pub spill_folder: Option<PathBuf>,
    /// What `externaldata` may read; nothing by default.
    pub external: ExternalFiles,
    /// What `_GetWatchlist` finds.
    pub watchlists: Watchlists,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            memory_bytes_max: 2 * 1024 * 1024 * 1024,
            target_partitions: std::thread::available_parallelism().map_or(2, usize::from),
            batch_rows: 8192,
            spill_folder: None,
            external: ExternalFiles::default(),
            watchlists: Watchlists::default(),
        }
    }
}

/// DataFusion's own rules but for two that move `where a == b` behind a join into the join's keys. Keys of a join match null
/// with null, as Kusto has it; a comparison must not.
fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules = Optimizer::new().rules;
    rules.retain(|rule| {
        !["extract_equijoin_predicate", "eliminate_cross_join"].contains(&rule.name())
    });
    rules
}

/// DataFusion's own rules, and ours around them: what a filter asks is written anew before it moves into a scan.
fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> =
        vec![Arc::new(CompareShortTexts)];
    let theirs = KeepAnswerOrder::put_into(PhysicalOptimizer::new().rules);
    rules.extend(ReadTopRows::put_into(theirs));
    rules.push(Arc::new(CompactScans));
    rules
}

/// Answers KQL over tables.
pub struct Engine {
    tables: Arc<dyn Tables>,
    functions: StoredFunctions,
    clock: Arc<dyn Clock>,
    options: EngineOptions,
    runtime: Arc<RuntimeEnv>,
    state: SessionState,
}

impl Engine {
    /// An engine over `tables`.
    ///
    /// # Errors
    /// The spill folder cannot be used.
    pub fn new(
        tables: Arc<dyn Tables>,
        functions: StoredFunctions,
        clock: Arc<dyn Clock>,
        options: EngineOptions,
    ) -> Result<Self, Error> {
        let disk = match &options.spill_folder {
            Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
            None => DiskManagerMode::OsTmpDirectory,
        };
        let runtime = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(disk))
            .build_arc()?;
        let mut config = SessionConfig::new()
            .with_target_partitions(options.target_partitions)
            .with_batch_size(options.batch_rows)
            .with_collect_statistics(true);
        let parquet = &mut config.options_mut().execution.parquet;
        // Rows that a filter drops are never decoded: what makes needles in RawEvent and the top of a table cheap.
        parquet.pushdown_filters = true;
        parquet.reorder_filters = true;
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime.clone())
            .with_default_features()
            .with_optimizer_rules(optimizer_rules())
            .with_physical_optimizer_rules(physical_rules())
            .build();
        Ok(Self { tables, functions, clock, options, runtime, state })
    }

    /// The tables and functions of this engine, for a binder (editor, linter).
    pub fn with_catalog<T>(&self, ask: impl FnOnce(&dyn kql::catalog::Catalog) -> T) -> T {
        ask(&self.view())
    }

    /// How a query would be answered: what is read, filtered and computed, after optimisation. Subqueries whose answer the
    /// plan needs as a constant are run.
    ///
    /// # Errors
    /// As for a query.
    pub async fn explain(&self, request: &QueryRequest) -> Result<Explained, QueryError> {
        let mut bound = self.bind(request).await?;
        let session = self.session(&request.limits)?;
        let mut explained = Explained::default();
        let mut shared = Shared::default();
        bound.statements.iter_mut().for_each(|statement| shared.count(&mut statement.plan));
        for statement in bound.statements {
            explained.bound.push_str(&statement.plan.to_string());
            let plan = self
                .lowered(&session, statement.plan, &mut shared, &Started::default())
                .await
                .and_then(|plan| first_rows(plan, request.limits.rows_max))
                .map_err(|error| error.into_query_error(&request.limits))?;
            let plan = session
                .optimize(&plan)
                .map_err(|error| error::from_datafusion(&error, &request.limits))?;
            explained.logical.push_str(&format!("{}\n", plan.display_indent()));
            let physical = session
                .create_physical_plan(&plan)
                .await
                .map_err(|error| error::from_datafusion(&error, &request.limits))?;
            explained.add(&physical);
        }
        Ok(explained)
    }

    /// The bound query. What must be asked of the data for that is asked here.
    async fn bind(&self, request: &QueryRequest) -> Result<kql::Bound, QueryError> {
        let view = self.view();
        let now = self.clock.now().as_microsecond() * 10 + ticks::UNIX_EPOCH;
        let ticks = |at: i64| at.saturating_mul(10).saturating_add(ticks::UNIX_EPOCH);
        let timespan = request.timespan.map(|(from, until)| (ticks(from), ticks(until)));
        let mut options = kql::BindOptions { now, timespan, ..kql::BindOptions::default() };
        loop {
            let bound = kql::bind(&request.text, &view, &options);
            let mut found = bound.diagnostics.iter();
            let first = found.find(|diagnostic| diagnostic.severity == kql::Severity::Error);
            if let Some(diagnostic) = first {
                return Err(from_diagnostic(diagnostic));
            }
            let Some(question) = bound.pending else { return Ok(bound) };
            if options.resolved.len() >= QUESTIONS_MAX {
                let error = Error::TooManyRows { operator: "evaluate", rows_max: QUESTIONS_MAX };
                return Err(error.into_query_error(&request.limits));
            }
            let answer = self.answer(*question, &request.limits).await;
            options.resolved.push(answer.map_err(|e| e.into_query_error(&request.limits))?);
        }
    }

    /// What the data says to a question of the binder.
    async fn answer(
        &self,
        question: kql::Question,
        limits: &QueryLimits,
    ) -> Result<Vec<Field>, Error> {
        let session = self.state_within(limits)?;
        let mut plan = question.plan;
        let mut shared = Shared::default();
        shared.count(&mut plan);
        let started = Started::default();
        let plan = self.lowered(&session, plan, &mut shared, &started).await?;
        let mut stream = stream(&session, &plan, &started).await?;
        let mut found = Found::new(question.asked);
        while let Some(batch) = stream.try_next().await? {
            found.add(&batch)?;
        }
        Ok(found.fields())
    }

    fn view(&self) -> View<'_> {
        View {
            tables: &*self.tables,
            stored: &self.functions,
            watchlists: &self.options.watchlists,
        }
    }

    /// A session for one query: its own share of memory, everything else in common.
    fn session(&self, limits: &QueryLimits) -> Result<SessionState, QueryError> {
        self.state_within(limits).map_err(|error| error.into_query_error(limits))
    }

    fn state_within(&self, limits: &QueryLimits) -> Result<SessionState, Error> {
        let bytes = limits.memory_bytes_max.min(self.options.memory_bytes_max);
        let pool: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(bytes));
        let runtime = RuntimeEnvBuilder::from_runtime_env(&self.runtime)
            .with_memory_pool(pool)
            .build_arc()?;
        Ok(SessionStateBuilder::new_from_existing(self.state.clone())
            .with_runtime_env(runtime)
            .build())
    }

    /// Lowers a plan after running the subqueries whose answers it needs as constants.
    async fn lowered(
        &self,
        session: &SessionState,
        mut plan: Plan,
        shared: &mut Shared,
        started: &Started,
    ) -> Result<LogicalPlan, Error> {
        let run = Run { engine: self, session, started };
        subqueries::resolve(&mut plan, &run, shared).await?;
        run.lower(&plan, &shared.tables)
    }

    async fn start(&self, request: QueryRequest) -> Result<QueryOutput, QueryError> {
        let limits = request.limits;
        let deadline = Instant::now() + limits.time_max;
        let mut bound = tokio::time::timeout_at(deadline, self.bind(&request))
            .await
            .map_err(|_| error::timed_out(&limits))??;
        let mut shared = Shared::default();
        bound.statements.iter_mut().for_each(|statement| shared.count(&mut statement.plan));
        let mut tables = Vec::with_capacity(bound.statements.len());
        let started = Arc::new(Started::default());
        for statement in bound.statements {
            let session = self.session(&limits)?;
            let columns: Vec<ResultColumn> = statement
                .plan
                .fields
                .iter()
                .map(|field| ResultColumn {
                    name: field.name.to_string(),
                    kind: results::column_type(field.ty),
                })
                .collect();
            let types: Vec<Type> = statement.plan.fields.iter().map(|field| field.ty).collect();
            let stream = async {
                let plan = self.lowered(&session, statement.plan, &mut shared, &started).await?;
                let plan = first_rows(plan, limits.rows_max)?;
                stream(&session, &plan, &started).await
            };
            let stream = tokio::time::timeout_at(deadline, stream)
                .await
                .map_err(|_| error::timed_out(&limits))?
                .map_err(|error| error.into_query_error(&limits))?;
            let batches =
                Limited { stream, types, limits, deadline, rows: 0, bytes: 0 }.into_stream();
            let render = statement.render.map(|render| Render {
                visualization: render.kind,
                properties: render
                    .properties
                    .into_iter()
                    .map(|(name, value)| (name, results::constant_text(&value)))
                    .collect(),
            });
            tables.push(QueryTable { columns, render, batches: batches.boxed() });
        }
        Ok(QueryOutput { tables, progress: started })
    }
}

impl kql::catalog::Lender for Engine {
    fn lend(&self, ask: &mut dyn FnMut(&dyn kql::catalog::Catalog)) {
        ask(&self.view());
    }
}

impl QueryEngine for Engine {
    fn query(&self, request: QueryRequest) -> BoxFuture<'_, Result<QueryOutput, QueryError>> {
        Box::pin(self.start(request))
    }

    fn files(&self) -> Option<Arc<dyn TableFiles>> {
        Some(Arc::new(ParquetFiles))
    }
}

/// A plan without the rows that will not be given, so that a sort need not order them: one beyond the limit tells that there
/// are more. Long answers are sorted whole, which works on the disk where memory does not hold them.
fn first_rows(plan: LogicalPlan, rows_max: usize) -> Result<LogicalPlan, Error> {
    if rows_max > SORTED_IN_MEMORY_ROWS_MAX {
        return Ok(plan);
    }
    Ok(LogicalPlanBuilder::from(plan).limit(0, Some(rows_max + 1))?.build()?)
}

/// How many rows of a sorted answer are kept in memory at most while the others go by.
const SORTED_IN_MEMORY_ROWS_MAX: usize = 100_000;

async fn stream(
    session: &SessionState,
    plan: &LogicalPlan,
    started: &Started,
) -> Result<SendableRecordBatchStream, Error> {
    let physical = session.create_physical_plan(plan).await?;
    started.add(physical.clone());
    Ok(execute_stream(physical, session.task_ctx())?)
}

/// One query on its way: what a subquery needs to be run.
pub(crate) struct Run<'a> {
    engine: &'a Engine,
    session: &'a SessionState,
    started: &'a Started,
}

impl Run<'_> {
    fn lower(
        &self,
        plan: &Plan,
        shared: &HashMap<usize, Arc<dyn TableProvider>>,
    ) -> Result<LogicalPlan, Error> {
        let view = self.engine.view();
        Lowering::new(&view, shared).finish(plan)
    }

    /// The rows of a subquery, of which there may be at most `rows_max`.
    pub(crate) async fn collect(
        &self,
        plan: &Plan,
        shared: &HashMap<usize, Arc<dyn TableProvider>>,
        rows_max: usize,
    ) -> Result<Vec<RecordBatch>, Error> {
        let plan = self.lower(plan, shared)?;
        let mut stream = stream(self.session, &plan, self.started).await?;
        let (mut batches, mut rows) = (Vec::new(), 0);
        while let Some(batch) = stream.try_next().await? {
            rows += batch.num_rows();
            if rows > rows_max {
                return Err(Error::TooManyRows { operator: "subquery", rows_max });
            }
            batches.push(batch);
        }
        Ok(batches)
    }

    /// The rows of files from outside, as a table of texts.
    pub(crate) async fn external(
        &self,
        addresses: &[String],
        properties: &[(String, Value)],
        fields: &[Field],
    ) -> Result<Arc<dyn TableProvider>, Error> {
        let files = &self.engine.options.external;
        let batches = files.read(addresses, properties, fields).await?;
        Ok(Arc::new(numbered::table(external::formats::columns(fields), batches)?))
    }

    /// The rows of a shared result, as a table.
    pub(crate) async fn materialize(
        &self,
        plan: &Plan,
        shared: &HashMap<usize, Arc<dyn TableProvider>>,
    ) -> Result<Arc<dyn TableProvider>, Error> {
        let batches = self.collect(plan, shared, SHARED_ROWS_MAX).await?;
        let fields: Vec<_> = plan
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| {
                let nullable = field.ty != Type::String;
                arrow::datatypes::Field::new(
                    format!("s{at}"),
                    crate::kernel::arrow_type(field.ty),
                    nullable,
                )
            })
            .collect();
        Ok(Arc::new(numbered::table(fields, batches)?))
    }
}

/// How many operators of one query may take their columns from the data: the query is bound once more for each.
const QUESTIONS_MAX: usize = 32;

/// How many rows a result that is used more than once may have; Kusto's own limit is 5 GB.
const SHARED_ROWS_MAX: usize = 5_000_000;

/// A stream of rows that keeps to the query's limits.
struct Limited {
    stream: SendableRecordBatchStream,
    types: Vec<Type>,
    limits: QueryLimits,
    deadline: Instant,
    rows: usize,
    bytes: usize,
}

impl Limited {
    fn into_stream(self) -> impl futures::Stream<Item = Result<RowBatch, QueryError>> + Send {
        futures::stream::try_unfold(Some(self), |limited| async move {
            let Some(mut limited) = limited else { return Ok(None) };
            let (rows, last) = match limited.next().await? {
                Some(next) => next,
                None => return Ok(None),
            };
            match last {
                None => Ok(Some((Ok(rows), Some(limited)))),
                Some(error) => Ok(Some((Err((rows, error)), None))),
            }
        })
        .flat_map(|item: Result<Result<RowBatch, (RowBatch, QueryError)>, QueryError>| {
            // The rows up to the limit are given before the error: they are the partial result.
            let items = match item {
                Ok(Ok(rows)) => vec![Ok(rows)],
                Ok(Err((rows, error))) => vec![Ok(rows), Err(error)],
                Err(error) => vec![Err(error)],
            };
            futures::stream::iter(items)
        })
    }

    /// The next rows, and the error that ends the stream if they reach a limit.
    async fn next(&mut self) -> Result<Option<(RowBatch, Option<QueryError>)>, QueryError> {
        let next = tokio::time::timeout_at(self.deadline, self.stream.try_next())
            .await
            .map_err(|_| error::timed_out(&self.limits))?;
        let failed = |error: &DataFusionError| error::from_datafusion(error, &self.limits);
        let Some(batch) = next.map_err(|error| failed(&error))? else { return Ok(None) };
        let left = self.limits.rows_max - self.rows;
        let cut = batch.num_rows() > left;
        let batch = if cut { batch.slice(0, left) } else { batch };
        let rows = results::rows(&batch, &self.types).map_err(|error| failed(&error))?;
        self.rows += rows.rows;
        self.bytes += results::bytes(&rows);
        let limit = if cut {
            Some(error::truncated("record count", self.limits.rows_max))
        } else if self.bytes > self.limits.result_bytes_max {
            Some(error::truncated("data size", self.limits.result_bytes_max))
        } else {
            None
        };
        Ok(Some((rows, limit)))
    }
}

fn from_diagnostic(diagnostic: &kql::Diagnostic) -> QueryError {
    let code = diagnostic.code.name();
    let kind =
        if code.starts_with("SYN") { QueryErrorKind::Syntax } else { QueryErrorKind::Semantic };
    QueryError {
        kind,
        code: code.to_owned(),
        message: diagnostic.message.clone(),
        span: Some((diagnostic.span.start, diagnostic.span.end)),
        hint: diagnostic.hint.clone().unwrap_or_default(),
    }
}

/// The first value of the first row of a result; `None` if there is none.
pub(crate) fn first_value(batches: &[RecordBatch]) -> Option<ScalarValue> {
    let batch = batches.iter().find(|batch| batch.num_rows() > 0)?;
    ScalarValue::try_from_array(batch.columns().first()?, 0).ok()
}
