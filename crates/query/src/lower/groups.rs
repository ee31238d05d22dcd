//! `mv-apply` and `partition`: a body once for each group of rows. The body is lowered once; its operators work on all
//! groups side by side, as the columns that tell the groups apart are carried through them: they join the keys of
//! `summarize`, and `top`, `take` and `prev` become windows over each group.
//!
//! A group that has lost its rows still gives a row where `summarize` has no keys; a ghost row stands in for it, in bodies
//! that need one. Deliberately absent: bodies with a source of their own (`subqueries` takes them apart).

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, ListBuilder};
use arrow::datatypes::{DataType, Field as ArrowField};
use datafusion::common::{Column, UnnestOptions};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, Volatility, lit};
use kql::plan::{Expr as KqlExpr, Field, Op, Plan};
use kql::types::Type;

use super::carried::Role;
use super::expand::{Expand, Marks};
use super::{Flow, Lowering, Operand, named, scalar, windows};
use crate::error::{Error, Result};
use crate::kernel::{self, Args};

/// What the operators of a body need.
#[derive(Debug, Clone, Copy, Default)]
struct Needs {
    /// To know the groups: something looks at several rows of one.
    group: bool,
    /// Rows for groups that may be empty: how many operators give a row for these.
    ghosts: usize,
    /// Something may drop the last row of a group before such an operator.
    drops: bool,
}

impl Lowering<'_> {
    /// `mv-apply`
    pub(super) fn mv_apply(
        &mut self,
        input: &Plan,
        expand: &Expand<'_>,
        body: &Plan,
        keep: &[usize],
    ) -> Result<Flow> {
        let mut needs = needs_of(body);
        // An array may be empty.
        needs.drops = true;
        let flow = self.flow(input)?;
        let mut flow = self.computed(flow)?;
        let wanted = self.carried.order.own;
        self.carried.depth += 1;
        let mut made = Vec::new();
        if needs.group {
            let (numbered, name) = self.row_ids(flow)?;
            flow = numbered;
            made.push(name);
        }
        let kept: Vec<Operand> =
            keep.iter().filter_map(|at| flow.columns.get(*at).cloned()).collect();
        for column in &kept {
            if let Some(column) = column.expr.try_as_col() {
                self.carry_named(column.name.clone(), Role::Kept);
                made.push(column.name.clone());
            }
        }
        let marks = Marks { ghosts: needs.ghosts > 0, order: needs.group || wanted };
        // What the body starts from has the columns of its innermost `Op::Input`.
        let fields = input_fields(body).ok_or(Error::InBody("an operator with several inputs"))?;
        let flow = self.expand(flow, expand, marks, fields)?;
        let (plan, mut columns) = self.body(flow, body, needs)?;
        // The row is one again, with what was kept in front.
        let mut all = kept;
        all.append(&mut columns);
        self.drop_carried(&made);
        self.end_body(wanted);
        Ok(Flow { plan, columns: all })
    }

    /// `partition`
    pub(super) fn partition(&mut self, input: &Plan, key: &KqlExpr, body: &Plan) -> Result<Flow> {
        let needs = needs_of(body);
        let mut flow = self.flow(input)?;
        let key = scalar::operand(&flow.columns, key)?;
        let ty = key.ty;
        flow.columns.push(Operand::plain(super::cast_if_text(key.value(), ty), ty));
        let mut flow = self.computed(flow)?;
        let wanted = self.carried.order.own;
        let name = flow
            .columns
            .pop()
            .and_then(|key| key.expr.try_as_col().map(|column| column.name.clone()))
            .ok_or_else(|| Error::Defect("a partition without a key".to_owned()))?;
        self.sink_order(&name, wanted);
        self.carried.depth += 1;
        // Under a name of its own, as the key may be carried in another role too.
        let group = self.carry(Role::Group);
        let mut exprs = self.all_carried(&flow.plan);
        exprs.push(named(&name).alias(&group));
        flow = self.computed_with(flow, exprs)?;
        if needs.ghosts > 0 && needs.drops {
            flow = self.with_ghosts(flow)?;
        }
        let (plan, columns) = self.body(flow, body, needs)?;
        self.drop_carried(&[group]);
        self.end_body(wanted);
        Ok(Flow { plan, columns })
    }

    /// A body over the rows that it starts from.
    fn body(
        &mut self,
        flow: Flow,
        body: &Plan,
        needs: Needs,
    ) -> Result<(LogicalPlan, Vec<Operand>)> {
        let groups = self.carried_names(&flow.plan, Role::Group).len();
        self.carried.inputs.push(flow);
        self.carried.revivals.push(if needs.drops { needs.ghosts } else { 0 });
        let flow = self.flow(body);
        self.carried.revivals.pop();
        self.carried.inputs.pop();
        let flow = flow?;
        if self.carried_names(&flow.plan, Role::Group).len() != groups {
            return Err(Error::InBody("this operator"));
        }
        let flow = self.computed(flow)?;
        let plan = self.without_ghosts_of_body(flow.plan)?;
        Ok((plan, flow.columns))
    }

    /// After a body: its order counts outside if it is wanted there.
    fn end_body(&mut self, wanted: bool) {
        if !wanted {
            self.forget_order();
        }
        self.carried.depth -= 1;
        self.surface_order();
    }

    /// The rows that the body starts from.
    pub(super) fn body_input(&self) -> Result<Flow> {
        self.carried
            .inputs
            .last()
            .cloned()
            .ok_or_else(|| Error::Defect("a body without its rows".to_owned()))
    }

    /// The rows, each a group of its own.
    fn row_ids(&mut self, flow: Flow) -> Result<(Flow, String)> {
        let flow = self.for_window(flow)?;
        let number = windows::row_number(self.number(), Vec::new(), Vec::new())?;
        let name = self.carry(Role::Group);
        let plan = LogicalPlanBuilder::from(flow.plan).window([number.alias(&name)])?.build()?;
        Ok((Flow { plan, columns: flow.columns }, name))
    }

    /// The rows, and one ghost for each group.
    pub(super) fn with_ghosts(&mut self, flow: Flow) -> Result<Flow> {
        let flow = self.for_window(flow)?;
        let number = windows::row_number(self.number(), self.group_of(&flow.plan), Vec::new())?;
        let first = self.name();
        let plan = LogicalPlanBuilder::from(flow.plan).window([number.alias(&first)])?.build()?;
        let flow = Flow { plan, columns: flow.columns };
        let ghost = self.name();
        let list = DataType::List(Arc::new(ArrowField::new_list_field(DataType::Boolean, true)));
        let udf = kernel::function(
            "live_and_ghost",
            live_and_ghost,
            vec![Type::Bool],
            list,
            Volatility::Immutable,
        );
        let is_first = named(&first).eq(lit(1_u64));
        let mut exprs = self.all_carried(&flow.plan);
        exprs.push(udf.call(vec![is_first]).alias(&ghost));
        let flow = self.computed_with(flow, exprs)?;
        let plan = LogicalPlanBuilder::from(flow.plan)
            .unnest_columns_with_options(vec![Column::from_name(&ghost)], UnnestOptions::default())?
            .build()?;
        self.carry_named(ghost, Role::Ghost);
        Ok(Flow { plan, columns: flow.columns })
    }

    /// After an operator that gives one row for each group, empty or not: ghosts for the next such operator.
    pub(super) fn revived(&mut self, flow: Flow) -> Result<Flow> {
        let Some(left) = self.carried.revivals.last_mut() else { return Ok(flow) };
        *left = left.saturating_sub(1);
        if *left == 0 { Ok(flow) } else { self.with_ghosts(flow) }
    }
}

/// `[false, true]` for the first row of a group, `[false]` for all others.
fn live_and_ghost(args: &Args<'_>) -> datafusion::common::Result<ArrayRef> {
    let first = args.bool(0)?;
    let mut out = ListBuilder::new(BooleanBuilder::new());
    for row in 0..args.rows {
        out.values().append_value(false);
        if first.get(row) == Some(true) {
            out.values().append_value(true);
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

/// The next operator on the way from the end of a body to its rows.
pub(crate) fn below(op: &Op) -> Option<&Plan> {
    match op {
        Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Summarize { input, .. }
        | Op::Sort { input, .. }
        | Op::Take { input, .. }
        | Op::Top { input, .. }
        | Op::Shared { input, .. }
        | Op::Serialize { input }
        | Op::MvExpand { input, .. }
        | Op::MvApply { input, .. }
        | Op::Parse { input, .. }
        | Op::ParseKv { input, .. }
        | Op::MakeSeries { input, .. }
        | Op::Sample { input, .. }
        | Op::TopNested { input, .. }
        | Op::Evaluate { input, .. }
        | Op::Partition { input, .. }
        | Op::Reduce { input, .. } => Some(input),
        Op::Join { left, .. } => Some(left),
        Op::Scan(scan) => Some(&scan.input),
        Op::Table { .. }
        | Op::Watchlist { .. }
        | Op::Rows(_)
        | Op::Range { .. }
        | Op::Union { .. }
        | Op::Graph(_)
        | Op::GraphMatch(_)
        | Op::GraphTable(_)
        | Op::Input
        | Op::External { .. } => None,
    }
}

fn needs_of(body: &Plan) -> Needs {
    let mut needs = Needs::default();
    let mut plan = Some(body);
    while let Some(at) = plan {
        match &at.op {
            Op::Project { exprs, .. } => needs.group |= exprs.iter().any(windows::has_window),
            Op::Filter { predicate, .. } => {
                needs.group |= windows::has_window(predicate);
                needs.drops = true;
            }
            Op::MvExpand { .. } | Op::MvApply { .. } | Op::Parse { .. } => needs.drops = true,
            Op::Serialize { .. } | Op::Shared { .. } | Op::Sort { .. } | Op::ParseKv { .. } => {}
            Op::Input => break,
            Op::Summarize { keys, .. } if keys.is_empty() => {
                needs.group = true;
                needs.ghosts += 1;
            }
            _ => {
                needs.group = true;
                needs.drops = true;
            }
        }
        plan = below(&at.op);
    }
    needs
}

/// The columns of the rows that a body starts from.
fn input_fields(body: &Plan) -> Option<&[Field]> {
    let mut plan = body;
    loop {
        if matches!(plan.op, Op::Input) {
            return Some(&plan.fields);
        }
        plan = below(&plan.op)?;
    }
}
