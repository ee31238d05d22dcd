//! `make-series`: rows are grouped by keys and bin, then each key's bins become arrays. Deliberately absent: the arrays
//! themselves (`aggregates::series`).

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::expr_fn as df;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, LogicalPlanBuilderOptions, lit};
use kql::plan::{Aggregate, Expr as KqlExpr, ExprKind, Op, Plan, Series};
use kql::types::Type;

use super::order::static_order;
use super::{Flow, Lowering, Operand, compare, named, scalar};
use crate::aggregates::{self, SERIES_VALUES_MAX};
use crate::error::{Error, Result};
use crate::functions::cells::Cells;
use crate::kernel::{self, Args, Column};

/// `make-series`, but for its input.
struct MakeSeries<'a> {
    keys: &'a [KqlExpr],
    aggregates: &'a [Aggregate],
    series: &'a [Series],
    axis: &'a KqlExpr,
    from: Option<&'a KqlExpr>,
    to: Option<&'a KqlExpr>,
    step: &'a KqlExpr,
    inclusive: bool,
    nonempty: bool,
}

impl<'a> MakeSeries<'a> {
    fn of(op: &'a Op) -> Result<Self> {
        match op {
            Op::MakeSeries {
                keys,
                aggregates,
                series,
                axis,
                from,
                to,
                step,
                inclusive,
                nonempty,
                ..
            } => Ok(Self {
                keys,
                aggregates,
                series,
                axis,
                from: from.as_ref(),
                to: to.as_ref(),
                step,
                inclusive: *inclusive,
                nonempty: *nonempty,
            }),
            _ => Err(Error::Defect("make-series was expected".to_owned())),
        }
    }
}

/// The bins: bin `n` starts at `origin + n * step`. Bounds that are missing are each group's own.
#[derive(Debug, Clone)]
struct Bins {
    /// The type of the axis.
    ty: Type,
    origin: Number,
    step: Number,
    first: Option<i64>,
    last: Option<i64>,
}

/// A value on the axis.
#[derive(Debug, Clone, Copy)]
enum Number {
    /// `int`, `long`, and the ticks of `datetime` and `timespan`.
    Whole(i64),
    Real(f64),
}

impl Number {
    const fn scalar(self) -> ScalarValue {
        match self {
            Self::Whole(value) => ScalarValue::Int64(Some(value)),
            Self::Real(value) => ScalarValue::Float64(Some(value)),
        }
    }
}

impl Lowering<'_> {
    pub(super) fn make_series(&mut self, input: &Plan, op: &Op) -> Result<Flow> {
        let make = &MakeSeries::of(op)?;
        let flow = self.flow(input)?;
        let plan = self.without_ghosts(flow.plan)?;
        let mut flow = Flow { plan, columns: flow.columns };
        let axis = self.axis(&mut flow, make)?;
        let ty = axis.ty;
        let bins = bins_of(make, ty)?;
        let args = vec![axis.value(), lit(bins.origin.scalar()), lit(bins.step.scalar())];
        let bin = kernel::call("series_bin", series_bin, args, vec![ty, ty, ty], Type::Long);
        let at = flow.columns.len();
        flow.columns.push(Operand::plain(bin, Type::Long));
        let mut flow = self.computed(flow)?;
        if let Some(bin) = flow.columns.get(at) {
            let there = bin.expr.clone().is_not_null();
            flow.plan = LogicalPlanBuilder::from(flow.plan).filter(there)?.build()?;
        }
        let mut keys = make.keys.to_vec();
        keys.push(KqlExpr { kind: ExprKind::Column(at), ty: Type::Long });
        let order = static_order(input);
        let mut binned = self.summarize_rows(flow, &keys, make.aggregates, order)?;
        let bin = binned.columns.remove(make.keys.len());
        self.series(binned, &bin, make, &bins)
    }

    /// The axis, in a type that can be divided into bins; rows beyond the bounds are dropped.
    fn axis(&mut self, flow: &mut Flow, make: &MakeSeries<'_>) -> Result<Operand> {
        let axis = scalar::operand(&flow.columns, make.axis)?;
        let axis = match axis.ty {
            Type::DateTime | Type::TimeSpan | Type::Real => axis,
            Type::Int | Type::Long if !is_real(make) => scalar::convert(axis, Type::Long),
            Type::Int | Type::Long | Type::Decimal => scalar::convert(axis, Type::Real),
            // What the bounds are is what a dynamic axis is meant to be.
            _ => {
                let bound = make.from.or(make.to).map_or(Type::DateTime, |bound| bound.ty);
                scalar::convert(axis, if bound == Type::Int { Type::Long } else { bound })
            }
        };
        let upper = if make.inclusive { "<=" } else { "<" };
        for (operator, bound) in [(">=", make.from), (upper, make.to)] {
            let Some(bound) = bound else { continue };
            let bound = scalar::convert(scalar::operand(&[], bound)?, axis.ty);
            let within = compare::ordered(operator, axis.clone(), bound);
            let rows = std::mem::replace(&mut flow.plan, LogicalPlanBuilder::empty(false).build()?);
            flow.plan = LogicalPlanBuilder::from(rows).filter(within)?.build()?;
        }
        Ok(axis)
    }

    /// One row for each combination of keys, with its arrays.
    fn series(
        &mut self,
        binned: Flow,
        bin: &Operand,
        make: &MakeSeries<'_>,
        bins: &Bins,
    ) -> Result<Flow> {
        let mut groups = self.group_of(&binned.plan);
        let is_keyless = groups.is_empty() && make.keys.is_empty();
        let mut columns = Vec::new();
        for key in binned.columns.iter().take(make.keys.len()) {
            let name = self.name();
            groups.push(key.expr.clone().alias(&name));
            columns.push(Operand { expr: named(&name), ty: key.ty, form: key.form });
        }
        let mut calls: Vec<Expr> = Vec::new();
        for name in self.constant_in_group(&binned.plan) {
            calls.push(df::first_value(named(&name), Vec::new()).alias(name));
        }
        let (first, last) = (lit(bins.first_scalar()), lit(bins.last_scalar()));
        let mut fold = |name: &str, args: Vec<Expr>, types: Vec<Type>, column: String| {
            let folding = aggregates::find(name)
                .ok_or_else(|| Error::Defect(format!("there is no aggregate {name}")))?;
            calls.push(aggregates::call(folding, args, types, Type::Dynamic, false).alias(&column));
            columns.push(Operand::plain(named(&column), Type::Dynamic));
            Ok::<_, Error>(())
        };
        for series in make.series {
            let value = scalar::operand(&binned.columns, &series.value)?;
            let default = default_json(series, value.ty)?;
            let types = vec![Type::Long, value.ty, Type::Dynamic, Type::Long, Type::Long];
            let args = vec![
                bin.expr.clone(),
                value.value(),
                lit(ScalarValue::Utf8View(Some(default))),
                first.clone(),
                last.clone(),
            ];
            fold("series_values", args, types, self.name())?;
        }
        let (origin, step) = (lit(bins.origin.scalar()), lit(bins.step.scalar()));
        let args = vec![bin.expr.clone(), origin, step, first, last];
        let types = vec![Type::Long, bins.ty, bins.ty, Type::Long, Type::Long];
        fold("series_axis", args, types, self.name())?;
        let count = self.name();
        if is_keyless {
            calls.push(df::count(lit(1_i64)).alias(&count));
        }
        let options = LogicalPlanBuilderOptions::new().with_add_implicit_group_by_exprs(false);
        let mut builder =
            LogicalPlanBuilder::from(binned.plan).with_options(options).aggregate(groups, calls)?;
        if is_keyless && !make.nonempty {
            // An input without rows gives no row.
            builder = builder.filter(named(&count).gt(lit(0_i64)))?;
        }
        Ok(Flow { plan: builder.build()?, columns })
    }
}

/// Whether bounds or step make the axis of whole numbers one of reals.
fn is_real(make: &MakeSeries<'_>) -> bool {
    [make.from, make.to, Some(make.step)]
        .into_iter()
        .flatten()
        .any(|bound| matches!(bound.ty, Type::Real | Type::Decimal))
}

impl Bins {
    const fn first_scalar(&self) -> ScalarValue {
        ScalarValue::Int64(self.first)
    }

    const fn last_scalar(&self) -> ScalarValue {
        ScalarValue::Int64(self.last)
    }
}

fn bins_of(make: &MakeSeries<'_>, ty: Type) -> Result<Bins> {
    let step_type = if ty == Type::DateTime { Type::TimeSpan } else { ty };
    let bound = |expr: Option<&KqlExpr>, ty: Type| match expr {
        Some(expr) => constant(expr, ty).map(Some),
        None => Ok(None),
    };
    let (from, to) = (bound(make.from, ty)?, bound(make.to, ty)?);
    let bins = match constant(make.step, step_type)? {
        Number::Whole(step) if step > 0 => {
            let whole = |bound: Option<Number>| match bound {
                Some(Number::Whole(value)) => Some(value),
                _ => None,
            };
            let (from, to) = (whole(from), whole(to));
            let origin = if make.inclusive { 0 } else { from.unwrap_or(0) };
            let bin = |value: i64| (i128::from(value) - i128::from(origin)).div_euclid(step.into());
            let bin = |value: i64| i64::try_from(bin(value)).ok();
            Bins {
                ty,
                origin: Number::Whole(origin),
                step: Number::Whole(step),
                first: from.and_then(bin),
                last: to
                    .map(|to| if make.inclusive { to } else { to.saturating_sub(1) })
                    .and_then(bin),
            }
        }
        Number::Real(step) if step > 0.0 => {
            let real = |bound: Option<Number>| match bound {
                Some(Number::Real(value)) => Some(value),
                _ => None,
            };
            let (from, to) = (real(from), real(to));
            let origin = if make.inclusive { 0.0 } else { from.unwrap_or(0.0) };
            let last = |to: f64| {
                let bins = (to - origin) / step;
                let last = if make.inclusive { bins.floor() } else { bins.ceil() - 1.0 };
                crate::ticks::whole(last)
            };
            Bins {
                ty,
                origin: Number::Real(origin),
                step: Number::Real(step),
                first: from.and_then(|from| crate::ticks::whole(((from - origin) / step).floor())),
                last: to.and_then(last),
            }
        }
        _ => return Err(Error::NotPositive { what: "the step of make-series" }),
    };
    if let (Some(first), Some(last)) = (bins.first, bins.last)
        && i128::from(last) - i128::from(first) >= i128::from(SERIES_VALUES_MAX)
    {
        return Err(Error::SeriesTooLong { values_max: SERIES_VALUES_MAX });
    }
    Ok(bins)
}

/// A bound as a constant of the axis' type.
fn constant(expr: &KqlExpr, ty: Type) -> Result<Number> {
    let converted = KqlExpr { kind: ExprKind::Convert(Box::new(expr.clone())), ty };
    let value = scalar::constant(if expr.ty == ty { expr } else { &converted })?;
    match value {
        Some(ScalarValue::Int64(Some(value))) => Ok(Number::Whole(value)),
        Some(ScalarValue::Float64(Some(value))) => Ok(Number::Real(value)),
        _ => Err(Error::NotConstant { operator: "make-series" }),
    }
}

/// The value of a bin without rows, as it stands in the array.
fn default_json(series: &Series, ty: Type) -> Result<String> {
    let default = &series.default;
    let ty = if ty == Type::Real && default.ty.is_number() { ty } else { default.ty };
    let converted = KqlExpr { kind: ExprKind::Convert(Box::new(default.clone())), ty };
    let value = scalar::constant(if default.ty == ty { default } else { &converted })?
        .ok_or(Error::NotConstant { operator: "make-series" })?;
    let column = [Column::full(value.to_array()?)];
    let (types, out) = ([ty], value.data_type());
    let args = Args::over(&column, &types, &out, 1);
    let mut json = String::new();
    if !Cells::of(&args, 0)?.json(0, &mut json) {
        json.push_str("null");
    }
    Ok(json)
}

/// `series_bin(axis, origin, step)`: the number of the bin.
fn series_bin(args: &Args<'_>) -> datafusion::common::Result<ArrayRef> {
    if args.types.first() == Some(&Type::Real) {
        let (axis, origin, step) = (args.real(0)?, args.real(1)?, args.real(2)?);
        let bin = |row| {
            let bin = (axis.get(row)? - origin.get(row)?) / step.get(row)?;
            crate::ticks::whole(bin.floor())
        };
        return Ok(Arc::new((0..args.rows).map(bin).collect::<Int64Array>()));
    }
    let (axis, origin, step) = (args.long(0)?, args.long(1)?, args.long(2)?);
    let bin = |row| {
        let since = axis.get(row)?.checked_sub(origin.get(row)?)?;
        since.checked_div_euclid(step.get(row)?)
    };
    Ok(Arc::new((0..args.rows).map(bin).collect::<Int64Array>()))
}
