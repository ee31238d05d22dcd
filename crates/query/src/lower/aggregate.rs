//! `summarize`, `distinct` and `count`. Deliberately absent: the aggregates of Kusto that DataFusion has no equal of
//! (`aggregates`).

use std::borrow::Cow;

use arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::functions_aggregate::expr_fn as df;
use datafusion::logical_expr::expr::Sort as SortExpr;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, LogicalPlanBuilder, LogicalPlanBuilderOptions, cast, lit,
};
use kql::plan::{Aggregate, Expr as KqlExpr, Plan, SortKey};
use kql::types::Type;

use super::carried::Role;
use super::order::{as_long, static_order};
use super::windows::has_window;
use super::{Flow, Form, Lowering, Operand, named, scalar, sortable};
use crate::aggregates;
use crate::error::{Error, Result};
use crate::kernel;

/// What one aggregate call becomes: aggregate expressions, and for each output the expression that makes it of them.
pub(super) struct Parts {
    pub(super) calls: Vec<(String, Expr)>,
    pub(super) outputs: Vec<Operand>,
}

/// Groups rows. A count of different values that stands alone gets its name behind the grouping: DataFusion groups twice
/// instead of keeping a set for each group, but only where it sees the call itself.
fn aggregated(
    builder: LogicalPlanBuilder,
    groups: Vec<Expr>,
    calls: Vec<Expr>,
) -> Result<LogicalPlanBuilder> {
    let alone = match calls.as_slice() {
        [Expr::Alias(alias)] if is_distinct(&alias.expr) => (alias.name.clone(), &alias.expr),
        _ => return Ok(builder.aggregate(groups, calls)?),
    };
    let builder = builder.aggregate(groups, vec![alone.1.as_ref().clone()])?;
    let width = builder.schema().fields().len();
    let column = |at: usize| Expr::Column(Column::from(builder.schema().qualified_field(at)));
    let exprs: Vec<Expr> = (0..width)
        .map(|at| if at + 1 == width { column(at).alias(&alone.0) } else { column(at) })
        .collect();
    Ok(builder.project(exprs)?)
}

fn is_distinct(call: &Expr) -> bool {
    matches!(call, Expr::AggregateFunction(call) if call.params.distinct)
}

/// Rows, and keys and aggregates over their columns.
type Grouped<'a> = (Flow, Cow<'a, [KqlExpr]>, Cow<'a, [Aggregate]>);

impl Lowering<'_> {
    pub(super) fn summarize(
        &mut self,
        input: &Plan,
        keys: &[KqlExpr],
        aggregates: &[Aggregate],
    ) -> Result<Flow> {
        let flow = self.flow(input)?;
        self.summarize_rows(flow, keys, aggregates, static_order(input))
    }

    /// `summarize` over rows that come in the order `order`, if they were sorted.
    pub(super) fn summarize_rows(
        &mut self,
        flow: Flow,
        keys: &[KqlExpr],
        aggregates: &[Aggregate],
        order: Option<&[SortKey]>,
    ) -> Result<Flow> {
        let (flow, keys, aggregates) = self.with_windows(flow, keys, aggregates)?;
        // Where every group gives a row, ghosts end here; where keys divide it, they go on.
        let mut groups = if keys.is_empty() {
            self.group_revived(&flow.plan)
        } else {
            self.group_of(&flow.plan)
        };
        let live = self.ghost(&flow.plan).map(|ghost| ghost.eq(lit(false)));
        let mut columns = Vec::new();
        for key in keys.iter() {
            let operand = scalar::operand(&flow.columns, key)?;
            let (ty, form) = (operand.ty, operand.form);
            let stored = matches!(form, Form::Stored(_));
            let expr = if stored { operand.expr } else { operand.value() };
            let name = self.name();
            groups.push(expr.alias(&name));
            let form = if stored { form } else { Form::Plain };
            columns.push(Operand { expr: named(&name), ty, form });
        }
        let mut calls = Vec::new();
        for name in self.constant_in_group(&flow.plan) {
            calls.push(df::first_value(named(&name), Vec::new()).alias(name));
        }
        for aggregate in aggregates.iter() {
            let parts = self.aggregate(&flow, aggregate, order, live.as_ref())?;
            calls.extend(parts.calls.into_iter().map(|(name, expr)| expr.alias(name)));
            columns.extend(parts.outputs);
        }
        let options = LogicalPlanBuilderOptions::new().with_add_implicit_group_by_exprs(false);
        let builder = LogicalPlanBuilder::from(flow.plan).with_options(options);
        let plan = aggregated(builder, groups, calls)?.build()?;
        let flow = Flow { plan, columns };
        if keys.is_empty() { self.revived(flow) } else { Ok(flow) }
    }

    /// Keys and aggregates over a flow that has the windows in them as columns.
    fn with_windows<'a>(
        &mut self,
        flow: Flow,
        keys: &'a [KqlExpr],
        aggregates: &'a [Aggregate],
    ) -> Result<Grouped<'a>> {
        let args = aggregates.iter().flat_map(|call| &call.args);
        if !keys.iter().chain(args).any(has_window) {
            return Ok((flow, Cow::Borrowed(keys), Cow::Borrowed(aggregates)));
        }
        let all: Vec<KqlExpr> =
            keys.iter().chain(aggregates.iter().flat_map(|call| &call.args)).cloned().collect();
        let (flow, all) = self.windowed(flow, &all)?;
        let mut all = all.iter().cloned();
        let keys = Cow::Owned(all.by_ref().take(keys.len()).collect());
        let aggregates = aggregates
            .iter()
            .map(|call| Aggregate {
                args: all.by_ref().take(call.args.len()).collect(),
                ..call.clone()
            })
            .collect();
        Ok((flow, keys, aggregates))
    }

    /// One aggregate call over the rows of `flow`, which come in the order `order` if they were sorted; only those count
    /// for which `live` is true.
    pub(super) fn aggregate(
        &mut self,
        flow: &Flow,
        aggregate: &Aggregate,
        order: Option<&[SortKey]>,
        live: Option<&Expr>,
    ) -> Result<Parts> {
        let mut args = aggregate
            .args
            .iter()
            .map(|arg| scalar::operand(&flow.columns, arg))
            .collect::<Result<Vec<_>>>()?;
        let (function, condition) = without_condition(&aggregate.function, &mut args);
        let condition = match (condition, live) {
            (Some(condition), Some(live)) => {
                Some(Operand::plain(condition.value().and(live.clone()), Type::Bool))
            }
            (None, Some(live)) => Some(Operand::plain(live.clone(), Type::Bool)),
            (condition, None) => condition,
        };
        if matches!(function, "arg_max" | "arg_min" | "take_any" | "any" | "passthrough") {
            return self.chosen(function, args, aggregate, condition);
        }
        let order = if aggregates::is_list(function) {
            self.order_of_list(flow, order)?
        } else {
            Vec::new()
        };
        let (expr, ty) = self.single(function, args, aggregate, order)?;
        let expr = match condition {
            Some(condition) => expr.filter(condition.value()).build()?,
            None => expr,
        };
        let name = self.name();
        let whole = Operand::plain(named(&name), ty);
        let outputs = match aggregate.outputs.as_slice() {
            [output] => vec![finished(function, whole, output.ty)],
            several => several
                .iter()
                .enumerate()
                .map(|(at, output)| aggregates::output(whole.clone(), at, output.ty))
                .collect(),
        };
        Ok(Parts { calls: vec![(name, expr)], outputs })
    }

    /// By what the elements of a list are sorted, and which keys descend: the keys by which the rows were sorted, or the
    /// order that they carry.
    fn order_of_list(
        &self,
        flow: &Flow,
        keys: Option<&[SortKey]>,
    ) -> Result<Vec<(Expr, Type, bool)>> {
        let Some(keys) = keys else {
            let carried = self.carried_as(&flow.plan, Role::Order).into_iter();
            return Ok(carried.map(|number| (as_long(number), Type::Long, false)).collect());
        };
        keys.iter()
            .map(|key| {
                let operand = scalar::operand(&flow.columns, &key.expr)?;
                let ty = operand.ty;
                Ok((operand.value(), ty, key.descending))
            })
            .collect()
    }

    /// An aggregate with one answer, and the Kusto type in which DataFusion gives it.
    fn single(
        &mut self,
        function: &str,
        mut args: Vec<Operand>,
        aggregate: &Aggregate,
        order: Vec<(Expr, Type, bool)>,
    ) -> Result<(Expr, Type)> {
        if matches!(function, "count" | "cnt") {
            return Ok((df::count(lit(1_i64)), Type::Long));
        }
        let is_decimal = args.first().is_some_and(|arg| arg.ty == Type::Decimal);
        if let Some(folding) = aggregates::find_for(function, is_decimal) {
            let mut types: Vec<Type> = args.iter().map(|arg| arg.ty).collect();
            let several = aggregate.outputs.len() > 1;
            let ty = if several {
                Type::Dynamic
            } else {
                aggregate.outputs.first().map_or(Type::Dynamic, |output| output.ty)
            };
            let mut exprs: Vec<Expr> = args.drain(..).map(Operand::value).collect();
            for (key, ty, descending) in order {
                types.push(ty);
                exprs.push(key);
                types.push(Type::Bool);
                exprs.push(lit(descending));
            }
            return Ok((aggregates::call(folding, exprs, types, ty, several), ty));
        }
        let Some(arg) = args.drain(..).next() else {
            return Err(Error::Defect(format!("{function} has no argument")));
        };
        let ty = arg.ty;
        Ok(match function {
            "sum" => (df::sum(summable(arg)), if ty == Type::Int { Type::Long } else { ty }),
            "avg" => (df::avg(cast(numeric(arg), DataType::Float64)), Type::Real),
            "min" | "max" => return Ok(self.extreme(function == "max", arg)),
            "count_distinct" => (df::count_distinct(arg.value()), Type::Long),
            "stdev" => (df::stddev(numeric(arg)), Type::Real),
            "stdevp" => (df::stddev_pop(numeric(arg)), Type::Real),
            "variance" => (df::var_sample(numeric(arg)), Type::Real),
            "variancep" => (df::var_pop(numeric(arg)), Type::Real),
            "binary_all_and" => (df::bit_and(arg.value()), Type::Long),
            "binary_all_or" => (df::bit_or(arg.value()), Type::Long),
            "binary_all_xor" => (df::bit_xor(arg.value()), Type::Long),
            other => return Err(Error::NoFunction(other.to_owned())),
        })
    }

    fn extreme(&mut self, largest: bool, arg: Operand) -> (Expr, Type) {
        let ty = arg.ty;
        let expr = arg.value();
        (if largest { df::max(expr) } else { df::min(expr) }, ty)
    }

    /// `arg_max`, `arg_min` and `take_any`: values of one row of the group. Each output is an aggregate of its own, so that
    /// what nobody reads is not computed.
    fn chosen(
        &mut self,
        function: &str,
        args: Vec<Operand>,
        aggregate: &Aggregate,
        condition: Option<Operand>,
    ) -> Result<Parts> {
        let order = match function {
            "arg_max" | "arg_min" => {
                let by = args
                    .first()
                    .cloned()
                    .ok_or_else(|| Error::Defect(format!("{function} has nothing to look for")))?;
                vec![SortExpr::new(sortable(by), function == "arg_min", false)]
            }
            _ => Vec::new(),
        };
        let condition = condition.map(Operand::value);
        let mut parts = Parts { calls: Vec::new(), outputs: Vec::new() };
        for (arg, output) in args.into_iter().zip(&aggregate.outputs) {
            let (ty, stored) = (output.ty, matches!(arg.form, Form::Stored(_)));
            let form = if stored { arg.form } else { Form::Plain };
            let expr = if stored { arg.expr } else { arg.value() };
            // One builder for both: a second one would forget the order.
            let mut call = df::first_value(expr, Vec::new()).order_by(order.clone());
            if let Some(condition) = &condition {
                call = call.filter(condition.clone());
            }
            let call = call.build()?;
            let name = self.name();
            parts.calls.push((name.clone(), call));
            parts.outputs.push(Operand { expr: named(&name), ty, form });
        }
        Ok(parts)
    }
}

/// Splits `sumif(x, condition)` into `sum(x)` and its condition.
fn without_condition<'a>(name: &'a str, args: &mut Vec<Operand>) -> (&'a str, Option<Operand>) {
    let (function, at) = match name {
        "countif" => ("count", 0),
        "take_anyif" | "anyif" => ("take_any", 1),
        "covarianceif" => ("covariance", 2),
        "covariancepif" => ("covariancep", 2),
        "count_distinctif" => ("count_distinct", 1),
        _ => match name.strip_suffix("_if").or_else(|| name.strip_suffix("if")) {
            Some(function) => (function, 1),
            None => return (name, None),
        },
    };
    let condition = (args.len() > at).then(|| args.remove(at));
    (function, condition)
}

/// What DataFusion answers, as Kusto words it: of nothing the sum and the deviation are 0, the mean is NaN.
fn finished(function: &str, whole: Operand, ty: Type) -> Operand {
    let of_nothing = match (function, whole.ty, ty) {
        ("sum", Type::Long | Type::TimeSpan, _) => Some(ScalarValue::Int64(Some(0))),
        ("sum" | "stdev" | "variance", Type::Real, _) => Some(ScalarValue::Float64(Some(0.0))),
        ("avg", Type::Real, Type::Real) => Some(ScalarValue::Float64(Some(f64::NAN))),
        _ => None,
    };
    let whole = match of_nothing {
        Some(value) => {
            let expr = datafusion::functions::expr_fn::coalesce(vec![whole.expr, lit(value)]);
            Operand { expr, ..whole }
        }
        None => whole,
    };
    if whole.ty == ty {
        return whole;
    }
    match (function, ty) {
        // Moments and spans are averaged as numbers of ticks.
        ("avg", Type::DateTime | Type::TimeSpan) => {
            Operand::plain(cast(whole.expr, DataType::Int64), ty)
        }
        _ => scalar::convert(whole, ty),
    }
}

fn summable(arg: Operand) -> Expr {
    match arg.ty {
        Type::Int => cast(arg.value(), DataType::Int64),
        Type::Dynamic | Type::Decimal => scalar::convert(arg, Type::Real).value(),
        _ => arg.value(),
    }
}

fn numeric(arg: Operand) -> Expr {
    match arg.ty {
        Type::Dynamic | Type::Decimal => scalar::convert(arg, Type::Real).value(),
        _ => arg.value(),
    }
}

/// A null of the type in which the engine carries `ty`.
pub(super) fn null_of(ty: Type) -> ScalarValue {
    ScalarValue::try_from(&kernel::arrow_type(ty)).unwrap_or(ScalarValue::Null)
}
