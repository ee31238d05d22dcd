//! The order of rows: `sort`, `top`, `take`, `sample`, `serialize`. DataFusion keeps no order between operators, so where
//! one is wanted (`prev`, `row_number`, `make_list`, `take` in a group) the sort numbers the rows, and the number is
//! carried. Where nobody asks, a sort stays a sort.
//!
//! Deliberately absent: what looks at other rows (`windows`, `scan`).

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use datafusion::logical_expr::expr::Sort as SortExpr;
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, Sort, Volatility, cast, lit,
};
use kql::plan::{self, Op, Plan};

use super::carried::{Order, Role};
use super::groups::below;
use super::{Flow, Lowering, named, scalar, sortable, windows};
use crate::aggregates;
use crate::error::Result;
use crate::kernel::{self, Args};

impl Lowering<'_> {
    /// Notes what an operator wants of its inputs' order; the answer is what held before.
    pub(super) fn enter(&mut self, plan: &Plan) -> Order {
        let outer = self.carried.order;
        let own = outer.inputs;
        let inputs = wants_order(&plan.op, own, self.carried.depth > 0);
        self.carried.order = Order { own, inputs };
        outer
    }

    /// After an operator: its surroundings count again.
    pub(super) fn leave(&mut self, outer: Order) {
        self.carried.order = outer;
    }

    /// `sort` and `top`.
    pub(super) fn sort(
        &mut self,
        input: &Plan,
        keys: &[plan::SortKey],
        rows: Option<u64>,
    ) -> Result<Flow> {
        let flow = self.flow(input)?;
        let by: Vec<plan::Expr> = keys.iter().map(|key| key.expr.clone()).collect();
        let width = flow.columns.len();
        let (flow, by) = self.windowed(flow, &by)?;
        let mut flow = self.for_window(flow)?;
        let expr = by
            .iter()
            .zip(keys)
            .map(|(expr, key)| {
                let operand = scalar::operand(&flow.columns, expr)?;
                Ok(SortExpr::new(sortable(operand), !key.descending, key.nulls_first))
            })
            .collect::<Result<Vec<_>>>()?;
        flow.columns.truncate(width);
        self.forget_order();
        let wanted = self.carried.order.own;
        if self.is_grouped(&flow.plan) {
            return match rows {
                Some(rows) => self.first_of_each(flow, expr, rows, wanted),
                None if wanted => Ok(self.numbered(flow, expr, Role::Order)?.0),
                // What is around the body sees no order of the rows in it.
                None => Ok(flow),
            };
        }
        let fetch = rows.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
        let numbering = wanted.then(|| expr.clone());
        if !(wanted && fetch.is_none()) {
            flow.plan = first_of(flow.plan, expr, fetch)?;
        }
        match numbering {
            Some(by) => Ok(self.numbered(flow, by, Role::Order)?.0),
            None => Ok(flow),
        }
    }

    /// `take`: the first rows, where there is an order.
    pub(super) fn take(&mut self, input: &Plan, rows: u64) -> Result<Flow> {
        let flow = self.flow(input)?;
        let order = self.carried_order(&flow.plan);
        if self.is_grouped(&flow.plan) {
            return self.first_of_each(flow, order, rows, false);
        }
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let plan = first_of(flow.plan, order, Some(rows))?;
        Ok(Flow { plan, columns: flow.columns })
    }

    /// `sample`: any rows, each as likely as every other.
    pub(super) fn sample(&mut self, input: &Plan, rows: u64) -> Result<Flow> {
        let mut flow = self.flow(input)?;
        let chance = self.name();
        let any = kernel::function(
            "chance",
            any_numbers,
            Vec::new(),
            DataType::Int64,
            Volatility::Volatile,
        )
        .call(Vec::new());
        let mut exprs: Vec<Expr> = self.all_carried(&flow.plan);
        exprs.push(any.alias(&chance));
        flow = self.computed_with(flow, exprs)?;
        let by = vec![SortExpr::new(named(&chance), true, false)];
        if self.is_grouped(&flow.plan) {
            return self.first_of_each(flow, by, rows, false);
        }
        let fetch = Some(usize::try_from(rows).unwrap_or(usize::MAX));
        let plan = LogicalPlan::Sort(Sort { expr: by, input: Arc::new(flow.plan), fetch });
        Ok(Flow { plan, columns: flow.columns })
    }

    /// `serialize`: the order in which the rows come counts from here on.
    pub(super) fn serialize(&mut self, input: &Plan) -> Result<Flow> {
        let flow = self.flow(input)?;
        self.in_order(flow)
    }

    /// The same rows with an order, if one is wanted: their own, or that in which they happen to come.
    pub(super) fn in_order(&mut self, flow: Flow) -> Result<Flow> {
        if !self.carried.order.own || !self.carried_names(&flow.plan, Role::Order).is_empty() {
            return Ok(flow);
        }
        Ok(self.numbered(flow, Vec::new(), Role::Order)?.0)
    }

    /// The carried order of these rows, as sort keys.
    pub(super) fn carried_order(&self, plan: &LogicalPlan) -> Vec<SortExpr> {
        let order = self.carried_as(plan, Role::Order);
        order.into_iter().map(|expr| SortExpr::new(expr, true, false)).collect()
    }

    /// The rows with a carried column that numbers them from 1, in each group; and its name. `by` is over carried columns,
    /// or over rows that are ready for a window.
    pub(super) fn numbered(
        &mut self,
        flow: Flow,
        by: Vec<SortExpr>,
        role: Role,
    ) -> Result<(Flow, String)> {
        let flow = self.for_window(flow)?;
        let number = windows::row_number(self.number(), self.group_of(&flow.plan), by)?;
        let name = self.carry(role);
        let plan = LogicalPlanBuilder::from(flow.plan).window([number.alias(&name)])?.build()?;
        Ok((Flow { plan, columns: flow.columns }, name))
    }

    /// The first rows of each group; their number stays as their order if it is wanted.
    fn first_of_each(
        &mut self,
        flow: Flow,
        by: Vec<SortExpr>,
        rows: u64,
        wanted: bool,
    ) -> Result<Flow> {
        let (flow, number) = self.numbered(flow, by, Role::Order)?;
        if !wanted {
            self.drop_carried(std::slice::from_ref(&number));
        }
        let first = named(&number).lt_eq(lit(rows));
        let first = self.or_ghost(&flow.plan, first);
        let plan = LogicalPlanBuilder::from(flow.plan).filter(first)?.build()?;
        Ok(Flow { plan, columns: flow.columns })
    }
}

/// `row_number`, as the `long` that Kusto has.
pub(super) fn as_long(number: Expr) -> Expr {
    cast(number, DataType::Int64)
}

/// Whether an operator, of which an order is wanted or not, wants one of its inputs.
fn wants_order(op: &Op, own: bool, in_group: bool) -> bool {
    match op {
        Op::Project { exprs, .. } => own || exprs.iter().any(windows::has_window),
        Op::Filter { predicate, .. } => own || windows::has_window(predicate),
        Op::Take { .. } => own || in_group,
        Op::Serialize { .. }
        | Op::MvExpand { .. }
        | Op::MvApply { .. }
        | Op::Parse { .. }
        | Op::ParseKv { .. }
        | Op::Shared { .. } => own,
        // The body starts from the rows of the input, in their order.
        Op::Partition { body, .. } => own || body_wants_order(body, own),
        Op::Sort { keys, .. } | Op::Top { keys, .. } => {
            keys.iter().any(|key| windows::has_window(&key.expr))
        }
        Op::Summarize { input, keys, aggregates } => {
            let lists = aggregates.iter().any(|call| aggregates::is_list(&call.function));
            let windows = keys
                .iter()
                .chain(aggregates.iter().flat_map(|call| &call.args))
                .any(windows::has_window);
            windows || (lists && static_order(input).is_none() && is_ordered(input))
        }
        Op::Scan(_) => true,
        _ => false,
    }
}

/// Rows in an order, or the first of them. A sort that keeps no row is none: DataFusion's cannot do with less than one.
fn first_of(input: LogicalPlan, expr: Vec<SortExpr>, fetch: Option<usize>) -> Result<LogicalPlan> {
    if expr.is_empty() || fetch == Some(0) {
        return Ok(LogicalPlanBuilder::from(input).limit(0, fetch)?.build()?);
    }
    Ok(LogicalPlan::Sort(Sort { expr, input: Arc::new(input), fetch }))
}

/// Whether a body, of which an order is wanted or not, wants one of the rows that it starts from.
fn body_wants_order(body: &Plan, own: bool) -> bool {
    let (mut plan, mut wanted) = (body, own);
    while let Some(input) = below(&plan.op) {
        wanted = wants_order(&plan.op, wanted, true);
        plan = input;
    }
    wanted
}

/// A number by chance for each row; another one each time.
fn any_numbers(args: &Args<'_>) -> datafusion::common::Result<ArrayRef> {
    let seed = RandomState::new();
    let numbers = (0..args.rows).map(|row| seed.hash_one(row).cast_signed());
    Ok(Arc::new(Int64Array::from_iter_values(numbers)))
}

/// The order in which rows come out of a plan, if it sorts them by its own columns.
pub(super) fn static_order(plan: &Plan) -> Option<&[plan::SortKey]> {
    match &plan.op {
        Op::Sort { keys, .. } | Op::Top { keys, .. } => {
            (!keys.iter().any(|key| windows::has_window(&key.expr))).then_some(keys)
        }
        Op::Filter { input, predicate } if !windows::has_window(predicate) => static_order(input),
        Op::Serialize { input } | Op::Take { input, .. } => static_order(input),
        _ => None,
    }
}

/// So few literal rows are one batch, which nobody takes apart.
const TOGETHER_ROWS_MAX: usize = 1_024;

/// Whether a plan's rows are in an order that what is computed of them loses, unless it is carried: their steps are not
/// DataFusion's own, or hand out rows that no sort has just made.
pub(super) fn loses_order(plan: &Plan) -> bool {
    match &plan.op {
        Op::MvExpand { input, .. }
        | Op::MvApply { input, .. }
        | Op::ParseKv { input, .. }
        | Op::Shared { input, .. } => is_ordered(input),
        Op::Range { .. } => true,
        Op::Rows(rows) => rows.len() > TOGETHER_ROWS_MAX,
        Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Take { input, .. }
        | Op::Serialize { input }
        | Op::Parse { input, .. } => loses_order(input),
        _ => false,
    }
}

/// Whether the rows of a plan are in an order that counts.
fn is_ordered(plan: &Plan) -> bool {
    match &plan.op {
        Op::Sort { .. }
        | Op::Top { .. }
        | Op::Range { .. }
        | Op::Rows(_)
        | Op::Serialize { .. }
        | Op::Scan(_)
        | Op::Input => true,
        Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Take { input, .. }
        | Op::Shared { input, .. }
        | Op::MvExpand { input, .. }
        | Op::MvApply { input, .. }
        | Op::Parse { input, .. }
        | Op::ParseKv { input, .. } => is_ordered(input),
        Op::Partition { body, .. } => is_ordered(body),
        _ => false,
    }
}
