//! How a plugin stands in a DataFusion plan: as a table whose scan runs the plan of the input and gives its rows to the
//! plugin. What must see all rows at once collects them under the memory limit of the query, and then works beside the
//! async runtime. Deliberately absent: what plugins compute.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::{StreamExt, TryStreamExt};
use kql::plan::Field;
use kql::types::Type;

use super::{COLLECTED_ROWS_MAX, Rows, Running, Work};
use crate::computed::{self, Holding};
use crate::error::Error;

/// Rows are held once as batches, once as what all of them are put together into.
const HOLDING: Holding = Holding {
    rows_max: COLLECTED_ROWS_MAX,
    too_many: || {
        let error = Error::TooManyRows { operator: "evaluate", rows_max: COLLECTED_ROWS_MAX };
        DataFusionError::External(Box::new(error))
    },
    copies: 2,
};

/// A plan and the Kusto types of its columns.
#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) plan: LogicalPlan,
    pub(crate) types: Vec<Type>,
}

/// The output of a plugin, as a table.
pub(crate) struct Evaluated {
    name: String,
    input: Input,
    tables: Vec<Input>,
    work: Arc<Work>,
    schema: SchemaRef,
}

impl Evaluated {
    pub(crate) fn new(
        name: &str,
        input: Input,
        tables: Vec<Input>,
        work: Work,
        output: &[Field],
    ) -> Self {
        let schema = computed::schema(output);
        Self { name: name.to_owned(), input, tables, work: Arc::new(work), schema }
    }
}

impl fmt::Debug for Evaluated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluated").field("plugin", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for Evaluated {
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
        let input = planned(state, &self.input).await?;
        let mut tables = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            tables.push(planned(state, table).await?);
        }
        let stream = Partition {
            name: self.name.clone(),
            input,
            tables,
            work: self.work.clone(),
            schema: self.schema.clone(),
        };
        computed::scan(stream, projection, limit)
    }
}

/// A plan that can be run, and the types of its columns.
#[derive(Clone)]
struct Planned {
    plan: Arc<dyn ExecutionPlan>,
    types: Vec<Type>,
}

async fn planned(state: &dyn Session, input: &Input) -> Result<Planned> {
    let plan = state.create_physical_plan(&input.plan).await?;
    Ok(Planned { plan, types: input.types.clone() })
}

/// The one stream of rows that a plugin gives.
struct Partition {
    name: String,
    input: Planned,
    tables: Vec<Planned>,
    work: Arc<Work>,
    schema: SchemaRef,
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partition").field("plugin", &self.name).finish_non_exhaustive()
    }
}

impl PartitionStream for Partition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let memory =
            MemoryConsumer::new(format!("evaluate {}", self.name)).register(context.memory_pool());
        let (input, tables) = (self.input.clone(), self.tables.clone());
        let (work, schema) = (self.work.clone(), self.schema.clone());
        let rows = futures::stream::once(async move {
            let mut given = Vec::with_capacity(tables.len());
            for table in &tables {
                given.push(collected(table, &context, &memory).await?);
            }
            let running = (work.start)(given)?;
            if work.streams {
                let stream = execute_stream(input.plan, context)?;
                return Ok::<_, DataFusionError>(
                    streamed(stream, input.types, running, schema, memory).boxed(),
                );
            }
            let rows = collected(&input, &context, &memory).await?;
            let work = SpawnedTask::spawn_blocking(move || {
                let mut running = running;
                let batch = finished(running(&rows)?, &schema);
                drop((rows, memory));
                batch
            });
            let batch = work.await.map_err(|error| DataFusionError::External(Box::new(error)))?;
            Ok(futures::stream::once(async move { batch }).boxed())
        })
        .try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows))
    }
}

/// Gives rows to the plugin as they come.
fn streamed(
    stream: SendableRecordBatchStream,
    types: Vec<Type>,
    mut running: Running,
    schema: SchemaRef,
    memory: MemoryReservation,
) -> impl futures::Stream<Item = Result<RecordBatch>> + Send {
    let mut before = 0;
    stream.map(move |batch| {
        // What the tables among the arguments take is held as long as they are read.
        let _held = memory.size();
        let batch = batch?;
        let rows = Rows::new(&batch, &types, before);
        before += batch.num_rows();
        finished(running(&rows)?, &schema)
    })
}

/// All rows of a plan.
async fn collected(
    planned: &Planned,
    context: &Arc<TaskContext>,
    memory: &MemoryReservation,
) -> Result<Rows> {
    let whole = computed::collected(&planned.plan, context, memory, HOLDING).await?;
    Ok(Rows::new(&whole, &planned.types, 0))
}

/// The columns that a plugin gave, as a batch of its schema.
fn finished(columns: Vec<arrow::array::ArrayRef>, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = columns
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| Ok(arrow::compute::cast(column, field.data_type())?))
        .collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}
