//! Rows that a filter within a scan let through, freed of the pages that they lie in. A text column points into the pages of its
//! file; one event of a page keeps the whole page in memory for as long as a sort or a join keeps the event.
//! Deliberately absent: what operators do with the rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, Statistics,
};
use futures::StreamExt;

/// Texts are copied together when their pages are more than so many times as large.
const SPARSE_FACTOR: usize = 2;

/// Smaller pages are not worth a look.
const PAGES_BYTES_MIN: usize = 64 * 1024;

/// Puts a [`Compacted`] above each scan with a filter.
#[derive(Debug)]
pub(crate) struct CompactScans;

impl PhysicalOptimizerRule for CompactScans {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let above = |plan: Arc<dyn ExecutionPlan>| {
            Ok(if filters(&plan) {
                let above = Compacted { input: plan };
                Transformed::new(Arc::new(above) as _, true, TreeNodeRecursion::Jump)
            } else {
                Transformed::no(plan)
            })
        };
        Ok(plan.transform_down(above)?.data)
    }

    fn name(&self) -> &str {
        "compact_scans"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn filters(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.downcast_ref::<DataSourceExec>()
        .and_then(|scan| scan.data_source().downcast_ref::<FileScanConfig>())
        .is_some_and(|scan| scan.file_source().filter().is_some())
}

/// Its input's rows, texts copied out of pages that they fill poorly.
#[derive(Debug)]
struct Compacted {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for Compacted {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CompactedExec")
    }
}

impl ExecutionPlan for Compacted {
    fn name(&self) -> &str {
        "CompactedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self { input: children.swap_remove(0) }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context)?;
        let schema = rows.schema();
        let compacted = rows.map(|batch| compacted(batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, compacted)))
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        _: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        Ok(inputs
            .first()
            .map_or_else(|| Arc::new(Statistics::new_unknown(&self.schema())), Arc::clone))
    }
}

fn compacted(batch: RecordBatch) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> = batch.columns().iter().map(dense).collect();
    // A count reads no column, and its batches have rows all the same.
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &rows)?)
}

fn dense(column: &ArrayRef) -> ArrayRef {
    let Some(texts) = column.as_string_view_opt() else { return column.clone() };
    let pages: usize = texts.data_buffers().iter().map(|page| page.len()).sum();
    if pages < PAGES_BYTES_MIN || pages <= texts.total_buffer_bytes_used() * SPARSE_FACTOR {
        return column.clone();
    }
    Arc::new(texts.gc())
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, StringViewArray};
    use arrow::compute::filter;

    use super::*;

    fn bytes(column: &ArrayRef) -> usize {
        column.as_string_view().data_buffers().iter().map(|page| page.len()).sum()
    }

    #[test]
    fn rows_without_columns_stay_rows() {
        let rows = RecordBatchOptions::new().with_row_count(Some(7));
        let schema = Arc::new(arrow::datatypes::Schema::empty());
        let batch = RecordBatch::try_new_with_options(schema, Vec::new(), &rows).unwrap();
        assert_eq!(compacted(batch).unwrap().num_rows(), 7);
    }

    #[test]
    fn a_few_texts_leave_their_page_and_many_stay() {
        let page: ArrayRef = Arc::new(
            (0..2000)
                .map(|row| {
                    Some(format!("an event that is long enough to lie in a page, number {row:04}"))
                })
                .collect::<StringViewArray>(),
        );
        let few: BooleanArray = (0..2000).map(|row| Some(row % 100 == 7)).collect();
        let few = filter(&page, &few).expect("of one length");
        assert!(bytes(&few) > 50_000);
        let freed = dense(&few);
        assert_eq!(&freed, &few);
        assert!(bytes(&freed) < 2000);
        assert_eq!(bytes(&dense(&page)), bytes(&page));
    }
}
