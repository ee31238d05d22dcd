//! `summarize`, `distinct` and `count`. Deliberately absent: the aggregates of Kusto that DataFusion has no equal of
//! (`aggregates`).

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::expr_fn as df;
use datafusion::logical_expr::expr::Sort as SortExpr;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, LogicalPlanBuilder, LogicalPlanBuilderOptions, cast, lit,
};
use kql::plan::{Aggregate, Expr as KqlExpr, Op, Plan, SortKey};
use kql::types::Type;

use super::{Flow, Form, Lowering, Operand, named, scalar, sortable};
use crate::aggregates;
use crate::error::{Error, Result};
use crate::kernel;

/// What one aggregate call becomes: aggregate expressions, and for each output the expression that makes it of them.
struct Parts {
    calls: Vec<(String, Expr)>,
    outputs: Vec<Operand>,
}

impl Lowering<'_> {
    pub(super) fn summarize(
        &mut self,
        input: &Plan,
        keys: &[KqlExpr],
        aggregates: &[Aggregate],
    ) -> Result<Flow> {
        let flow = self.flow(input)?;
        let order = order_of(input);
        let mut groups = Vec::with_capacity(keys.len());
        let mut columns = Vec::new();
        for key in keys {
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
        for aggregate in aggregates {
            let parts = self.aggregate(&flow, aggregate, order)?;
            calls.extend(parts.calls.into_iter().map(|(name, expr)| expr.alias(name)));
            columns.extend(parts.outputs);
        }
        let options = LogicalPlanBuilderOptions::new().with_add_implicit_group_by_exprs(false);
        let plan = LogicalPlanBuilder::from(flow.plan)
            .with_options(options)
            .aggregate(groups, calls)?
            .build()?;
        Ok(Flow { plan, columns })
    }

    /// One aggregate call over the rows of `flow`.
    fn aggregate(
        &mut self,
        flow: &Flow,
        aggregate: &Aggregate,
        order: Option<&[SortKey]>,
    ) -> Result<Parts> {
        let mut args = aggregate
            .args
            .iter()
            .map(|arg| scalar::operand(&flow.columns, arg))
            .collect::<Result<Vec<_>>>()?;
        let (function, condition) = without_condition(&aggregate.function, &mut args);
        if matches!(function, "arg_max" | "arg_min" | "take_any" | "any" | "passthrough") {
            return self.chosen(function, args, aggregate, condition);
        }
        let ordered = aggregates::is_list(function).then_some(order).flatten();
        let (expr, ty) =
            self.single(function, args, aggregate, ordered.map(|keys| (flow, keys)))?;
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

    /// An aggregate with one answer, and the Kusto type in which DataFusion gives it.
    fn single(
        &mut self,
        function: &str,
        mut args: Vec<Operand>,
        aggregate: &Aggregate,
        order: Option<(&Flow, &[SortKey])>,
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
            if let Some((flow, keys)) = order {
                for key in keys {
                    let operand = scalar::operand(&flow.columns, &key.expr)?;
                    types.push(operand.ty);
                    exprs.push(operand.value());
                    types.push(Type::Bool);
                    exprs.push(lit(key.descending));
                }
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
            let mut call = df::first_value(expr, order.clone());
            if let Some(condition) = &condition {
                call = call.filter(condition.clone()).build()?;
            }
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

/// The order in which rows come out of a plan, if it sorts them.
fn order_of(plan: &Plan) -> Option<&[SortKey]> {
    match &plan.op {
        Op::Sort { keys, .. } | Op::Top { keys, .. } => Some(keys),
        Op::Filter { input, .. } | Op::Serialize { input } | Op::Take { input, .. } => {
            order_of(input)
        }
        _ => None,
    }
}

/// A null of the type in which the engine carries `ty`.
pub(super) fn null_of(ty: Type) -> ScalarValue {
    ScalarValue::try_from(&kernel::arrow_type(ty)).unwrap_or(ScalarValue::Null)
}
