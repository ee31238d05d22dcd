//! The first rows of a sorted table, read in two passes: the keys of all rows first, then whole rows, of the keys that were
//! found only. A sort in one pass decodes and carries every column of every row that is first for a while; of a table that
//! grows in the order of its time that is nearly every row of "the newest ones".
//!
//! Deliberately absent: sorts of anything that costs more than reading (joins, aggregates), which would be computed twice.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, filter, is_not_null, partition, take};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{
    BinaryExpr, Column, DynamicFilterPhysicalExpr, InListExpr, IsNullExpr, lit,
};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{
    Distribution, LexOrdering, OrderingRequirements, PhysicalExpr, PhysicalSortExpr,
};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PlanProperties,
};
use futures::TryStreamExt as _;

/// Fewer columns besides the keys are carried along faster than they are read again.
const OTHER_COLUMNS_MIN: usize = 6;

/// Keys are kept in memory between the passes; a longer head of a sort is made in one.
const ROWS_MAX: usize = 1_000_000;

/// What the first pass calls its one column.
const KEY: &str = "key";

/// Puts a [`TopRows`] in the place of each sort that wants the first rows of a wide table.
#[derive(Debug)]
pub(crate) struct ReadTopRows;

impl ReadTopRows {
    /// Puts the rule where it works among DataFusion's own: after the one that notes the answer's order, which goes by the
    /// sort, and before those that hand filters and columns to the scans.
    pub(crate) fn put_into(
        mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>>,
    ) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
        let notes = rules.iter().position(|rule| rule.name() == "OutputRequirements");
        rules.insert(notes.map_or(0, |at| at + 1), Arc::new(Self));
        rules
    }
}

impl PhysicalOptimizerRule for ReadTopRows {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let in_two = |plan: Arc<dyn ExecutionPlan>| {
            if let Some(sort) = plan.downcast_ref::<SortExec>()
                && let Some(fetch) = sort.fetch().filter(|rows| *rows <= ROWS_MAX)
                && pays(sort)?
            {
                let top = Arc::new(TopRows::of(sort, fetch)?);
                return Ok(Transformed::new(top as _, true, TreeNodeRecursion::Jump));
            }
            Ok(Transformed::no(plan))
        };
        Ok(plan.transform_down(in_two)?.data)
    }

    fn name(&self) -> &str {
        "read_top_rows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether a sort is of many columns that are only read, and read alike twice.
fn pays(sort: &SortExec) -> Result<bool> {
    let (keys, schema) = (sort.expr(), sort.input().schema());
    Ok(!sort.preserve_partitioning()
        && schema.fields().len() >= keys.len() + OTHER_COLUMNS_MIN
        && is_listable(&keys.first().expr.data_type(&schema)?)
        && is_read(sort.input())?)
}

/// Whether keys of a type can be looked up among others exactly as the sort compares them. Fractions cannot: a sort tells
/// zeros apart that are equal.
fn is_listable(kind: &DataType) -> bool {
    kind.is_integer()
        || matches!(kind, DataType::Timestamp(..) | DataType::Utf8 | DataType::Utf8View)
}

fn is_read(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let is_other = |plan: &Arc<dyn ExecutionPlan>| -> Result<bool> {
        let mut changes = false;
        plan.apply_expressions(&mut |expression| {
            expression.apply(|part| {
                changes |= part.is_volatile_node();
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        let known = plan.is::<ProjectionExec>()
            || plan.is::<FilterExec>()
            || plan.is::<UnionExec>()
            || plan.is::<DataSourceExec>();
        Ok(changes || !known)
    };
    Ok(!plan.exists(is_other)?)
}

/// Whether rows are dropped for what stands in other columns than the key's.
fn is_filtered_otherwise(
    plan: &Arc<dyn ExecutionPlan>,
    key: &Arc<dyn PhysicalExpr>,
) -> Result<bool> {
    let of_key = collect_columns(key);
    let is_other = |column: &Column| of_key.iter().all(|known| known.name() != column.name());
    plan.exists(|plan| {
        let filter = plan.downcast_ref::<FilterExec>();
        Ok(filter.is_some_and(|it| collect_columns(it.predicate()).iter().any(is_other)))
    })
}

/// The first rows of a sort; its children are the two passes.
#[derive(Debug)]
struct TopRows {
    /// The first key of the first rows, in order.
    keys: Arc<dyn ExecutionPlan>,
    /// All rows that have a `wanted` key, in order.
    rows: Arc<dyn ExecutionPlan>,
    /// What the first pass tells the second one.
    wanted: Arc<Wanted>,
    /// By what each pass is sorted.
    orders: [LexOrdering; 2],
    fetch: usize,
    properties: Arc<PlanProperties>,
}

impl TopRows {
    fn of(sort: &SortExec, fetch: usize) -> Result<Self> {
        let (order, input) = (sort.expr().clone(), sort.input());
        let key = order.first().clone();
        let narrow = ProjectionExec::try_new([(key.expr.clone(), KEY.to_owned())], input.clone())?;
        let by_key =
            LexOrdering::from([PhysicalSortExpr::new(Arc::new(Column::new(KEY, 0)), key.options)]);
        let keys = SortExec::new(by_key.clone(), Arc::new(narrow)).with_fetch(Some(fetch));
        // A plan is executed once; the second pass is another plan.
        let again = reset_plan_states(input.clone())?;
        let is_listed = is_filtered_otherwise(&again, &key.expr)?;
        let wanted = Arc::new(Wanted::none(key, again.schema(), is_listed));
        let rows = FilterExec::try_new(wanted.filter.clone(), again)?;
        // Rows of many may have the last key, if it is one of few.
        let rows = SortExec::new(order.clone(), Arc::new(rows)).with_fetch(Some(fetch));
        Ok(Self {
            properties: rows.properties().clone(),
            keys: Arc::new(keys),
            rows: Arc::new(rows),
            wanted,
            orders: [by_key, order],
            fetch,
        })
    }
}

impl DisplayAs for TopRows {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopRowsExec: fetch={}", self.fetch)
    }
}

impl ExecutionPlan for TopRows {
    fn name(&self) -> &str {
        "TopRowsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition; 2])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        self.orders.iter().map(|order| Some(order.clone().into())).collect()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false, true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false, false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.keys, &self.rows]
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
        let (Some(rows), Some(keys), None) = (children.pop(), children.pop(), children.pop())
        else {
            return internal_err!("the first rows are read in two passes");
        };
        Ok(Arc::new(Self {
            properties: rows.properties().clone(),
            keys,
            rows,
            wanted: self.wanted.clone(),
            orders: self.orders.clone(),
            fetch: self.fetch,
        }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let keys = self.keys.execute(partition, context.clone())?;
        let (rows, wanted) = (self.rows.clone(), self.wanted.clone());
        let both = async move {
            wanted.become_known(keys.try_collect().await?)?;
            rows.execute(partition, context)
        };
        let first = futures::stream::once(both).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), first)))
    }
}

/// The keys that the first pass found.
#[derive(Debug)]
struct Wanted {
    filter: Arc<DynamicFilterPhysicalExpr>,
    key: PhysicalSortExpr,
    /// The columns that the key is made of.
    schema: SchemaRef,
    /// Whether rows between the first and the last key may be none of the answer's.
    is_listed: bool,
}

impl Wanted {
    /// Nothing is known yet, and every row passes.
    fn none(key: PhysicalSortExpr, schema: SchemaRef, is_listed: bool) -> Self {
        let filter = DynamicFilterPhysicalExpr::new(vec![key.expr.clone()], lit(true));
        Self { filter: Arc::new(filter), key, schema, is_listed }
    }

    /// From here on only rows pass whose key is one of `sorted`: all rows of the answer, and those as good as its last one.
    fn become_known(&self, sorted: Vec<RecordBatch>) -> Result<()> {
        let Some(schema) = sorted.first().map(RecordBatch::schema) else {
            return self.filter.update(lit(false));
        };
        let sorted = concat_batches(&schema, &sorted)?;
        let sorted = sorted.column(0);
        // In order: nulls stand together at one end, and equal keys beside each other.
        let found = filter(sorted, &is_not_null(sorted)?)?;
        let is_null = || Arc::new(IsNullExpr::new(self.key.expr.clone()));
        self.filter.update(match (found.len().checked_sub(1), sorted.null_count() > 0) {
            (Some(last), false) => self.among(&found, last)?,
            (Some(last), true) => binary(self.among(&found, last)?, Operator::Or, is_null()),
            (None, true) => is_null(),
            (None, false) => lit(false),
        })
    }

    /// Between the first and the last key, which rules out whole files and pages; and one of them if the query has filters,
    /// which are then not computed again for the rows between.
    fn among(&self, found: &ArrayRef, last: usize) -> Result<Arc<dyn PhysicalExpr>> {
        let end = |at: usize, operator: Operator| -> Result<Arc<dyn PhysicalExpr>> {
            let value = lit(ScalarValue::try_from_array(found, at)?);
            Ok(binary(self.key.expr.clone(), operator, value))
        };
        let (from, until) = if self.key.options.descending { (last, 0) } else { (0, last) };
        let range = binary(end(from, Operator::GtEq)?, Operator::And, end(until, Operator::LtEq)?);
        if !self.is_listed {
            return Ok(range);
        }
        let one_each = partition(std::slice::from_ref(found))?.ranges();
        let firsts = one_each.iter().map(|equal| equal.start as u64);
        let distinct = take(found, &UInt64Array::from_iter_values(firsts), None)?;
        let listed =
            InListExpr::try_new_from_array(self.key.expr.clone(), distinct, false, &self.schema)?;
        Ok(binary(range, Operator::And, Arc::new(listed)))
    }
}

fn binary(
    left: Arc<dyn PhysicalExpr>,
    operator: Operator,
    right: Arc<dyn PhysicalExpr>,
) -> Arc<dyn PhysicalExpr> {
    Arc::new(BinaryExpr::new(left, operator, right))
}
