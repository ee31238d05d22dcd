//! Tables whose rows are computed when they are scanned, from all rows of other plans: what operators that are no relational
//! algebra have in common.
//!
//! Deliberately absent: what is computed (`plugins::stream`, `graph::provider`).

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Field as ArrowField, Schema, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::TryStreamExt as _;
use kql::plan::Field;

use crate::kernel::arrow_type;

/// The schema of rows with these columns, each of which may be null.
pub(crate) fn schema(output: &[Field]) -> SchemaRef {
    let field = |field: &Field| ArrowField::new(&field.name, arrow_type(field.ty), true);
    Arc::new(Schema::new(output.iter().map(field).collect::<Vec<_>>()))
}

/// The scan of a table that `partition` computes.
pub(crate) fn scan(
    partition: impl PartitionStream + 'static,
    projection: Option<&Vec<usize>>,
    limit: Option<usize>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = partition.schema().clone();
    let partitions: Vec<Arc<dyn PartitionStream>> = vec![Arc::new(partition)];
    let plan = StreamingTableExec::try_new(schema, partitions, projection, None, false, limit)?;
    Ok(Arc::new(plan))
}

/// What holding all rows of a plan may take.
#[derive(Clone, Copy)]
pub(crate) struct Holding {
    /// Rows at most.
    pub(crate) rows_max: usize,
    /// What is said of more.
    pub(crate) too_many: fn() -> DataFusionError,
    /// How often their bytes are counted: once for the batches, and once for each copy that is made of them.
    pub(crate) copies: usize,
}

/// All rows of a plan.
pub(crate) async fn collected(
    plan: &Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
    memory: &MemoryReservation,
    holding: Holding,
) -> Result<RecordBatch> {
    let mut stream = execute_stream(Arc::clone(plan), Arc::clone(context))?;
    let schema = stream.schema();
    let (mut batches, mut count) = (Vec::new(), 0);
    while let Some(batch) = stream.try_next().await? {
        count += batch.num_rows();
        if count > holding.rows_max {
            return Err((holding.too_many)());
        }
        memory.try_grow(holding.copies * batch.get_array_memory_size())?;
        batches.push(batch);
    }
    Ok(concat_batches(&schema, &batches)?)
}
