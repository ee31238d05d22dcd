//! How an operator on graphs stands in a DataFusion plan: as a table whose scan runs the plans of edges and nodes, builds
//! the graph, and gives rows as they are found. The work is done beside the async runtime, waits while nobody takes its
//! rows, and ends when nobody will. Deliberately absent: what patterns mean (`lower::graph`).

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;
use kql::plan::Search;
use kql::types::Type;
use tokio::sync::mpsc::Sender;

use super::matches::RowShape;
use super::paths::Shortest;
use super::pattern::{Candidates, PatternShape};
use super::search::search;
use super::store::{Shape, Store};
use super::{GRAPH_ELEMENTS_MAX, MATCHES_AT_ONCE};
use crate::computed::{self, Holding, collected};
use crate::error::Error;
use crate::functions::{self, Run};
use crate::kernel::{Args, Column};

/// How many batches of rows may wait to be taken.
const BATCHES_WAITING_MAX: usize = 2;

/// A graph is held once as batches, once as what all of them are put together into, once as numbers and adjacency.
const HOLDING: Holding = Holding {
    rows_max: GRAPH_ELEMENTS_MAX,
    too_many: || Error::TooManyTogether { what: "make-graph", rows_max: GRAPH_ELEMENTS_MAX }.into(),
    copies: 3,
};

/// What is wanted of a graph.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// The matches of a pattern.
    Matches(PatternShape, RowShape),
    /// The nodes, perhaps with the hashes of their ids in front.
    Nodes { with_id: bool },
    /// The edges, perhaps with the hashes of their ends' ids in front.
    Edges { with_source: bool, with_target: bool },
}

/// Rows made of a graph, as a table.
pub(crate) struct GraphRows {
    edges: LogicalPlan,
    nodes: Vec<LogicalPlan>,
    work: Arc<Work>,
    schema: SchemaRef,
}

#[derive(Debug)]
struct Work {
    shape: Shape,
    id: Type,
    wanted: Wanted,
}

impl GraphRows {
    /// `id` is the type of the nodes' ids, `output` the names and types of the rows' columns.
    pub(crate) fn new(
        (edges, nodes): (LogicalPlan, Vec<LogicalPlan>),
        (shape, id): (Shape, Type),
        wanted: Wanted,
        output: &[kql::plan::Field],
    ) -> Self {
        let schema = computed::schema(output);
        Self { edges, nodes, work: Arc::new(Work { shape, id, wanted }), schema }
    }
}

impl fmt::Debug for GraphRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphRows").finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for GraphRows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let edges = state.create_physical_plan(&self.edges).await?;
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for plan in &self.nodes {
            nodes.push(state.create_physical_plan(plan).await?);
        }
        let (work, schema) = (self.work.clone(), self.schema.clone());
        computed::scan(Partition { edges, nodes, work, schema }, projection, limit)
    }
}

struct Partition {
    edges: Arc<dyn ExecutionPlan>,
    nodes: Vec<Arc<dyn ExecutionPlan>>,
    work: Arc<Work>,
    schema: SchemaRef,
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").finish_non_exhaustive()
    }
}

impl PartitionStream for Partition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let memory = MemoryConsumer::new("graph").register(context.memory_pool());
        let (edges, nodes) = (self.edges.clone(), self.nodes.clone());
        let (work, schema) = (self.work.clone(), self.schema.clone());
        let mut rows = RecordBatchReceiverStream::builder(schema.clone(), BATCHES_WAITING_MAX);
        let sender = rows.tx();
        rows.spawn(async move {
            let edges = collected(&edges, &context, &memory, HOLDING).await?;
            let mut tables = Vec::with_capacity(nodes.len());
            for plan in &nodes {
                tables.push(collected(plan, &context, &memory, HOLDING).await?);
            }
            let work = SpawnedTask::spawn_blocking(move || {
                let done = run(&edges, &tables, &work, &schema, &sender);
                drop(memory);
                done
            });
            work.await.map_err(|error| DataFusionError::External(Box::new(error)))?
        });
        rows.build()
    }
}

/// Builds the graph and sends the rows that are wanted of it.
fn run(
    edges: &RecordBatch,
    tables: &[RecordBatch],
    work: &Work,
    schema: &SchemaRef,
    sender: &Sender<Result<RecordBatch>>,
) -> Result<()> {
    let store = Store::new(edges, tables, &work.shape)?;
    let is_wanted = || !sender.is_closed();
    let send =
        |batch: RecordBatch| batch.num_rows() == 0 || sender.blocking_send(Ok(batch)).is_ok();
    match &work.wanted {
        Wanted::Matches(pattern, rows) => {
            let candidates = Candidates::of(pattern, &store)?;
            if let Search::Shortest { all } = pattern.search {
                let shortest = Shortest::new(&store, pattern, &candidates, rows, all);
                return shortest.search(&is_wanted, &mut |found| {
                    Ok(send(rows.rows(&store, found, true, schema)?))
                });
            }
            search(&store, pattern, &candidates, &is_wanted, &mut |found| {
                Ok(send(rows.rows(&store, found, false, schema)?))
            })
        }
        Wanted::Nodes { with_id } => {
            let mut columns = Vec::new();
            if *with_id {
                columns.push(hashes(&store.ids, work.id)?);
            }
            columns.extend(store.nodes.iter().take(work.shape.nodes.len()).cloned());
            send_all(columns, schema, send)
        }
        Wanted::Edges { with_source, with_target } => {
            let mut columns = Vec::new();
            if *with_source || *with_target {
                let hashes = hashes(&store.ids, work.id)?;
                let ends = [(*with_source, &store.sources), (*with_target, &store.targets)];
                for (_, ends) in ends.into_iter().filter(|(wanted, _)| *wanted) {
                    let ends = arrow::array::UInt32Array::from(ends.clone());
                    columns.push(take(&hashes, &ends, None)?);
                }
            }
            columns.extend(store.edges.iter().cloned());
            send_all(columns, schema, send)
        }
    }
}

/// The hashes of ids, as the function `hash` gives them.
fn hashes(ids: &ArrayRef, ty: Type) -> Result<ArrayRef> {
    let missing = || DataFusionError::Internal("the function hash is missing".to_owned());
    let function = functions::find("hash").ok_or_else(missing)?;
    let Run::Kernel(kernel) = function.run else { return Err(missing()) };
    let (columns, types) = ([Column::full(ids.clone())], [ty]);
    kernel(&Args::over(&columns, &types, &DataType::Int64, ids.len()))
}

fn send_all(
    columns: Vec<ArrayRef>,
    schema: &SchemaRef,
    send: impl Fn(RecordBatch) -> bool,
) -> Result<()> {
    let columns = columns
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| Ok(cast(column, field.data_type())?))
        .collect::<Result<Vec<_>>>()?;
    let rows = columns.first().map_or(0, |column| column.len());
    let batch = match columns.is_empty() {
        true => RecordBatch::new_empty(schema.clone()),
        false => RecordBatch::try_new(schema.clone(), columns)?,
    };
    let mut from = 0;
    while from < rows && send(batch.slice(from, MATCHES_AT_ONCE.min(rows - from))) {
        from += MATCHES_AT_ONCE;
    }
    Ok(())
}
