//! `top-nested`: level by level, the values with the largest aggregate among the rows of the value above, and if asked for
//! one more for all others. Rows keep their labels through the levels, so that every aggregate is computed over rows and
//! not over aggregates (a `dcount` of others is no sum of dcounts).
//!
//! Deliberately absent: the order of the result, which Kusto leaves open.

use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::expr_fn as df;
use datafusion::functions_window::expr_fn as window_fn;
use datafusion::logical_expr::expr::{Sort as SortExpr, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, LogicalPlanBuilder, LogicalPlanBuilderOptions, WindowFrame,
    WindowFunctionDefinition, lit, when,
};
use kql::plan::{NestedLevel, Plan};
use kql::types::Value;

use super::{Flow, Lowering, Operand, cast_if_text, named, scalar};
use crate::error::{Error, Result};

/// The levels lowered so far.
struct Labels {
    /// What tells the values of the lowest of them apart: their labels, and whether they stand for others.
    group: Vec<Expr>,
    /// Output columns: each level's label and aggregate.
    columns: Vec<Operand>,
    /// Whether a row is among the others of some level; `None` where that cannot be.
    other: Option<Expr>,
}

impl Lowering<'_> {
    pub(super) fn top_nested(&mut self, input: &Plan, levels: &[NestedLevel]) -> Result<Flow> {
        let flow = self.flow(input)?;
        let plan = self.without_ghosts(flow.plan)?;
        let mut flow = self.computed(Flow { plan, columns: flow.columns })?;
        let group = self.group_of(&flow.plan);
        let mut labels = Labels { group, columns: Vec::new(), other: None };
        for level in levels {
            flow = self.level(flow, level, &mut labels)?;
        }
        let mut groups = labels.group;
        let mut columns = Vec::with_capacity(labels.columns.len());
        for column in labels.columns {
            let name = self.name();
            groups.push(column.expr.alias(&name));
            columns.push(Operand::plain(named(&name), column.ty));
        }
        let mut calls = Vec::new();
        for name in self.constant_in_group(&flow.plan) {
            calls.push(df::first_value(named(&name), Vec::new()).alias(name));
        }
        let options = LogicalPlanBuilderOptions::new().with_add_implicit_group_by_exprs(false);
        let plan = LogicalPlanBuilder::from(flow.plan)
            .with_options(options)
            .aggregate(groups, calls)?
            .build()?;
        Ok(Flow { plan, columns })
    }

    /// One level: its rows, without those that fall out, and labelled.
    fn level(&mut self, flow: Flow, level: &NestedLevel, labels: &mut Labels) -> Result<Flow> {
        let key = scalar::operand(&flow.columns, &level.key)?;
        let ty = key.ty;
        let key = cast_if_text(key.value(), ty);
        let rows = level.rows.as_ref().map(row_count).transpose()?;
        let others = match &level.others {
            Some(others) => {
                let others = scalar::convert(scalar::operand(&[], others)?, ty);
                Some(cast_if_text(others.value(), ty))
            }
            None => None,
        };
        let (mut flow, key) = self.column(flow, key)?;
        let mut by = labels.group.clone();
        by.push(key.clone());
        let (ranked, value) = self.level_value(flow, level, by.clone())?;
        flow = ranked;
        let Some(rows) = rows else {
            // All values: nobody is left for the others, but those of the levels above stay others.
            labels.group = by;
            labels.columns.extend([Operand::plain(key, ty), value]);
            return Ok(flow);
        };
        let order = vec![
            SortExpr::new(value.clone().value(), !level.descending, false),
            SortExpr::new(key.clone(), true, false),
        ];
        let rank =
            window_fn::dense_rank().partition_by(labels.group.clone()).order_by(order).build()?;
        let rank_name = self.name();
        flow.plan =
            LogicalPlanBuilder::from(flow.plan).window([rank.alias(&rank_name)])?.build()?;
        let falls_out = named(&rank_name).gt(lit(rows));
        if others.is_none() && labels.other.is_none() {
            flow.plan = LogicalPlanBuilder::from(flow.plan)
                .filter(named(&rank_name).lt_eq(lit(rows)))?
                .build()?;
            labels.group = by;
            labels.columns.extend([Operand::plain(key, ty), value]);
            return Ok(flow);
        }
        if others.is_none()
            && let Some(above) = &labels.other
        {
            let stays = above.clone().or(named(&rank_name).lt_eq(lit(rows)));
            flow.plan = LogicalPlanBuilder::from(flow.plan).filter(stays)?.build()?;
        }
        let is_other = match labels.other.take() {
            Some(above) if others.is_some() => above.or(falls_out),
            Some(above) => above,
            None => falls_out,
        };
        let (flow, is_other) = self.column(flow, is_other)?;
        // Below others, a level that names none of its own has nothing to say.
        let is_silent = others.is_none();
        let other_label = others.unwrap_or_else(|| lit(super::scalar_value(&Value::Null(ty))));
        let other_label = cast_if_text(other_label, ty);
        let label = when(is_other.clone(), other_label).otherwise(key)?;
        let (flow, label) = self.column(flow, label)?;
        labels.group.extend([label.clone(), is_other.clone()]);
        let (flow, value) = self.level_value(flow, level, labels.group.clone())?;
        let value = if is_silent {
            let null = cast_if_text(lit(super::scalar_value(&Value::Null(value.ty))), value.ty);
            Operand::plain(when(is_other.clone(), null).otherwise(value.expr)?, value.ty)
        } else {
            value
        };
        labels.other = Some(is_other);
        labels.columns.extend([Operand::plain(label, ty), value]);
        Ok(flow)
    }

    /// A further column of the rows.
    fn column(&mut self, flow: Flow, expr: Expr) -> Result<(Flow, Expr)> {
        let name = self.name();
        let mut exprs: Vec<Expr> =
            flow.plan.schema().columns().into_iter().map(Expr::Column).collect();
        exprs.push(expr.alias(&name));
        let plan = LogicalPlanBuilder::from(flow.plan).project(exprs)?.build()?;
        Ok((Flow { plan, columns: flow.columns }, named(&name)))
    }

    /// The level's aggregate over the rows of each group, as a further column.
    fn level_value(
        &mut self,
        mut flow: Flow,
        level: &NestedLevel,
        group: Vec<Expr>,
    ) -> Result<(Flow, Operand)> {
        let mut windows = Vec::new();
        let mut outputs = Vec::new();
        for aggregate in &level.aggregates {
            let parts = self.aggregate(&flow, aggregate, None, None)?;
            for (name, call) in parts.calls {
                windows.push(over(call, group.clone())?.alias(name));
            }
            outputs.extend(parts.outputs);
        }
        flow.plan = LogicalPlanBuilder::from(flow.plan).window(windows)?.build()?;
        let value = scalar::operand(&outputs, &level.value)?;
        let ty = value.ty;
        let (flow, value) = self.column(flow, cast_if_text(value.value(), ty))?;
        Ok((flow, Operand::plain(value, ty)))
    }
}

/// An aggregate over all rows of each group, given to every one of them.
fn over(call: Expr, partition_by: Vec<Expr>) -> Result<Expr> {
    let Expr::AggregateFunction(call) = call else {
        return Err(Error::Defect("top-nested needs an aggregate".to_owned()));
    };
    let params = WindowFunctionParams {
        args: call.params.args,
        partition_by,
        order_by: Vec::new(),
        window_frame: WindowFrame::new(None),
        filter: call.params.filter,
        null_treatment: call.params.null_treatment,
        distinct: call.params.distinct,
    };
    let fun = WindowFunctionDefinition::AggregateUDF(call.func);
    Ok(Expr::from(WindowFunction { fun, params }))
}

fn row_count(rows: &kql::plan::Expr) -> Result<u64> {
    let rows = match scalar::constant(rows)? {
        Some(ScalarValue::Int64(Some(rows))) => u64::try_from(rows).ok(),
        Some(ScalarValue::Int32(Some(rows))) => u64::try_from(rows).ok(),
        _ => None,
    };
    rows.ok_or(Error::NotConstant { operator: "top-nested" })
}
