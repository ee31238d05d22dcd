//! Scalar expressions. Deliberately absent: comparisons (`compare`) and the functions themselves (`functions`).

use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, Volatility, lit,
};
use std::sync::Arc;

use arrow::datatypes::Field;
use kql::plan::{self, ExprKind};
use kql::types::{Type, Value};

use super::{Form, Operand, compare};
use crate::error::{Error, Result};
use crate::functions::{self, Run};
use crate::kernel;

/// Lowers an expression over `columns`.
pub(crate) fn operand(columns: &[Operand], expr: &plan::Expr) -> Result<Operand> {
    match &expr.kind {
        ExprKind::Column(at) => columns
            .get(*at)
            .cloned()
            .ok_or_else(|| Error::Defect(format!("column {at} of {} is asked for", columns.len()))),
        ExprKind::Literal(value) => Ok(Operand { ty: expr.ty, ..Operand::literal(value) }),
        ExprKind::Convert(inner) => Ok(convert(operand(columns, inner)?, expr.ty)),
        ExprKind::Member(..) | ExprKind::Index(..) => access(columns, expr),
        ExprKind::Call { function, args } => call(columns, function, args, expr.ty),
        ExprKind::Scalar(_) | ExprKind::List(_) | ExprKind::InTable { .. } => {
            Err(Error::Defect("a subquery was not run before its query".to_owned()))
        }
    }
}

/// Lowers a condition of which only the rows count for which it is true, so that null may stand for false.
pub(crate) fn predicate(columns: &[Operand], expr: &plan::Expr) -> Result<Expr> {
    if let ExprKind::Call { function, args } = &expr.kind {
        match (function.as_str(), args.as_slice()) {
            ("and" | "or", [_, _, ..]) => {
                let operator = if function == "and" { Operator::And } else { Operator::Or };
                let conditions = args.iter().map(|condition| predicate(columns, condition));
                return Ok(compare::all_of(operator, conditions.collect::<Result<_>>()?));
            }
            ("between", [value, low, high]) => {
                let value = operand(columns, value)?;
                let low = compare::ordered(">=", value.clone(), operand(columns, low)?);
                return Ok(low.and(compare::ordered("<=", value, operand(columns, high)?)));
            }
            ("==", [left, right]) => {
                return Ok(compare::equal_where(operand(columns, left)?, operand(columns, right)?));
            }
            ("in", [value, list @ ..]) => {
                let list =
                    list.iter().map(|item| operand(columns, item)).collect::<Result<Vec<_>>>()?;
                return compare::member("in", operand(columns, value)?, &list);
            }
            _ => {}
        }
    }
    Ok(operand(columns, expr)?.value())
}

fn call(columns: &[Operand], name: &str, args: &[plan::Expr], ty: Type) -> Result<Operand> {
    let operands = args.iter().map(|arg| operand(columns, arg)).collect::<Result<Vec<_>>>()?;
    if let Some(expr) = compare::operator(name, &operands)? {
        return Ok(Operand::plain(expr, ty));
    }
    apply(name, operands, ty)
}

/// A call of the function called `name`.
pub(crate) fn apply(name: &str, operands: Vec<Operand>, ty: Type) -> Result<Operand> {
    let function = functions::find(name).ok_or_else(|| Error::NoFunction(name.to_owned()))?;
    match function.run {
        Run::Kernel(kernel) => {
            let volatility = if function.signature.deterministic {
                Volatility::Immutable
            } else {
                Volatility::Volatile
            };
            let types: Vec<Type> = operands.iter().map(|operand| operand.ty).collect();
            let args: Vec<Expr> = operands.into_iter().map(Operand::value).collect();
            let udf = kernel::function(name, kernel, types, kernel::arrow_type(ty), volatility);
            let constant = volatility == Volatility::Immutable
                && args.iter().all(|arg| matches!(arg, Expr::Literal(..)));
            if constant && !args.is_empty() {
                return Ok(Operand::plain(lit(folded(&udf, args)?), ty));
            }
            Ok(Operand::plain(udf.call(args), ty))
        }
        Run::Lower(lower) => lower(operands, ty),
        Run::Window(_) => Err(Error::NoWindow(name.to_owned())),
    }
}

/// The answer of a function for constant arguments: computed now, so that it can serve in pruning.
fn folded(udf: &datafusion::logical_expr::ScalarUDF, args: Vec<Expr>) -> Result<ScalarValue> {
    let values: Vec<ScalarValue> = args
        .into_iter()
        .filter_map(|arg| if let Expr::Literal(value, _) = arg { Some(value) } else { None })
        .collect();
    let types: Vec<_> = values.iter().map(ScalarValue::data_type).collect();
    let out = udf.return_type(&types)?;
    let answer = udf.invoke_with_args(ScalarFunctionArgs {
        arg_fields: types
            .into_iter()
            .map(|data_type| Arc::new(Field::new("constant", data_type, true)))
            .collect(),
        args: values.into_iter().map(ColumnarValue::Scalar).collect(),
        number_rows: 1,
        return_field: Arc::new(Field::new("answer", out, true)),
        config_options: Arc::default(),
    })?;
    Ok(match answer {
        ColumnarValue::Scalar(value) => value,
        ColumnarValue::Array(array) => ScalarValue::try_from_array(&array, 0)?,
    })
}

/// A call of a kernel, computed now if its arguments are constant.
pub(crate) fn kernel_call(
    name: &str,
    kernel: kernel::Kernel,
    args: Vec<Expr>,
    types: Vec<Type>,
    out: Type,
) -> Expr {
    let udf = kernel::function(name, kernel, types, kernel::arrow_type(out), Volatility::Immutable);
    if args.iter().all(|arg| matches!(arg, Expr::Literal(..)))
        && let Ok(value) = folded(&udf, args.clone())
    {
        return lit(value);
    }
    udf.call(args)
}

/// A conversion that the language makes by itself.
pub(crate) fn convert(operand: Operand, to: Type) -> Operand {
    if operand.ty == to || to == Type::Error {
        return Operand { ty: to, ..operand };
    }
    if to == Type::Dynamic && operand.ty == Type::Dynamic {
        return operand;
    }
    let name = functions::convert::name_of(to);
    let types = vec![operand.ty];
    let kernel = functions::convert::kernel_of(to);
    let arg = operand.value();
    Operand::plain(kernel_call(name, kernel, vec![arg], types, to), to)
}

/// `.name`, `["name"]` and `[index]`, a chain of constant names in one go: the text is walked once for the whole path.
fn access(columns: &[Operand], expr: &plan::Expr) -> Result<Operand> {
    let mut names = Vec::new();
    let mut base = expr;
    while let ExprKind::Member(inner, name) = &base.kind {
        let ExprKind::Literal(Value::String(text)) = &name.kind else { break };
        names.push(text.clone());
        base = inner;
    }
    if !names.is_empty() {
        names.reverse();
        let value = operand(columns, base)?;
        if value.ty != Type::Dynamic {
            return Ok(Operand::literal(&Value::Null(Type::Dynamic)));
        }
        let mut args = vec![value.value()];
        let mut types = vec![Type::Dynamic];
        for name in names {
            args.push(lit(ScalarValue::Utf8View(Some(name))));
            types.push(Type::String);
        }
        let call =
            kernel::call("dynamic_path", functions::access::path, args, types, Type::Dynamic);
        return Ok(Operand::plain(call, Type::Dynamic));
    }
    let (ExprKind::Member(inner, at) | ExprKind::Index(inner, at)) = &expr.kind else {
        return Err(Error::Defect("an access was expected".to_owned()));
    };
    let value = operand(columns, inner)?;
    let at = operand(columns, at)?;
    let types = vec![value.ty, at.ty];
    let args = vec![value.value(), at.value()];
    let call = kernel::call("dynamic_at", functions::access::at, args, types, Type::Dynamic);
    Ok(Operand::plain(call, Type::Dynamic))
}

/// Counts how often each input column occurs in an expression.
pub(crate) fn count_uses(expr: &plan::Expr, uses: &mut [usize]) {
    match &expr.kind {
        ExprKind::Column(at) => {
            if let Some(count) = uses.get_mut(*at) {
                *count += 1;
            }
        }
        ExprKind::Convert(inner) => count_uses(inner, uses),
        ExprKind::Member(inner, at) | ExprKind::Index(inner, at) => {
            count_uses(inner, uses);
            count_uses(at, uses);
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|arg| count_uses(arg, uses)),
        ExprKind::InTable { value, .. } => count_uses(value, uses),
        ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::List(_) => {}
    }
}

/// The value of an expression without columns; `None` if it is not constant.
pub(crate) fn constant(expr: &plan::Expr) -> Result<Option<ScalarValue>> {
    let operand = operand(&[], expr)?;
    if let Some(value) = operand.constant() {
        return Ok(Some(value.clone()));
    }
    let props = datafusion::logical_expr::execution_props::ExecutionProps::new();
    let value = operand.value();
    let context =
        datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext::default();
    let physical = datafusion::physical_expr::create_physical_expr(
        &value,
        &DFSchema::empty(),
        &props,
        &context,
    )?;
    let batch = arrow::record_batch::RecordBatch::try_new_with_options(
        Arc::new(arrow::datatypes::Schema::empty()),
        Vec::new(),
        &arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(1)),
    )?;
    let array = physical.evaluate(&batch)?.into_array(1)?;
    Ok(Some(ScalarValue::try_from_array(&array, 0)?))
}

/// Whether an operand is still in its stored form.
pub(crate) const fn is_stored(operand: &Operand) -> bool {
    matches!(operand.form, Form::Stored(_))
}
