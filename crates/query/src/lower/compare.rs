//! Operators: arithmetic, comparison, logic and membership, with Kusto's rules for null. Where only true rows count,
//! comparisons are given to DataFusion in the plain form that its pruning understands.
//!
//! Null in `==` and `!=`: one null makes them false and true, two make them null; `<` and its like are null with any null
//! (rules measured on Kusto's own engine). Deliberately absent: matching of text (`functions::matching`).

use arrow::datatypes::TimeUnit;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Operator, binary_expr, in_list, lit, not, when};
use kql::types::Type;

use super::scalar::{apply, convert};
use super::{Form, Operand, stored_moment};
use crate::dynamic;
use crate::error::Result;
use crate::functions::operators;
use crate::kernel;

/// Lists up to this length become a chain of comparisons that can prune files; longer ones a hash set.
const PRUNING_VALUES_MAX: usize = 64;

/// The expression of an operator; `None` if `name` is a function.
pub(crate) fn operator(name: &str, args: &[Operand]) -> Result<Option<Expr>> {
    let expr =
        match (name, args) {
            ("and" | "or", [_, _, ..]) => {
                let operands = args.iter().cloned().map(Operand::value).collect();
                all_of(if name == "and" { Operator::And } else { Operator::Or }, operands)
            }
            ("not", [a]) => not(a.clone().value()),
            ("==", [a, b]) => equal(a.clone(), b.clone())?,
            ("!=" | "<>", [a, b]) => different(a.clone(), b.clone())?,
            ("<" | "<=" | ">" | ">=", [a, b]) => ordered(name, a.clone(), b.clone()),
            ("between", [value, low, high]) => ordered(">=", value.clone(), low.clone())
                .and(ordered("<=", value.clone(), high.clone())),
            ("!between", [value, low, high]) => ordered("<", value.clone(), low.clone())
                .or(ordered(">", value.clone(), high.clone())),
            // Null is in no list: as a value the answer is false, not null.
            ("in" | "in~", [value, list @ ..]) if value.ty != Type::String => {
                value.clone().value().is_not_null().and(member(name, value.clone(), list)?)
            }
            ("in" | "!in" | "in~" | "!in~", [value, list @ ..]) => {
                member(name, value.clone(), list)?
            }
            ("+" | "-" | "*" | "/" | "%" | "negate", _) => arithmetic(name, args),
            _ => return Ok(None),
        };
    Ok(Some(expr))
}

/// `and` or `or` of any number of conditions, as a tree that is as flat as can be: a query may have a thousand of them, and
/// what walks expressions does so by recursion.
pub(crate) fn all_of(operator: Operator, mut conditions: Vec<Expr>) -> Expr {
    if conditions.len() > 2 {
        let right = conditions.split_off(conditions.len() / 2);
        return binary_expr(all_of(operator, conditions), operator, all_of(operator, right));
    }
    match (conditions.pop(), conditions.pop()) {
        (Some(right), Some(left)) => binary_expr(left, operator, right),
        (one, _) => one.unwrap_or_else(|| lit(operator == Operator::And)),
    }
}

fn arithmetic(name: &str, args: &[Operand]) -> Expr {
    let types: Vec<Type> = args.iter().map(|arg| arg.ty).collect();
    let mut exprs: Vec<Expr> = args.iter().cloned().map(Operand::value).collect();
    let out = operators::type_of(name, &types);
    let whole = |ty: &Type| matches!(ty, Type::Int | Type::Long | Type::TimeSpan);
    let constant = exprs.iter().all(|expr| matches!(expr, Expr::Literal(..)));
    let real = types.iter().all(|ty| *ty == Type::Real);
    let native = real && name != "%" || types.iter().all(whole) && matches!(name, "+" | "-" | "*");
    if types.len() == 2 && native && !constant {
        let operator = match name {
            "+" => Operator::Plus,
            "-" => Operator::Minus,
            "*" => Operator::Multiply,
            _ => Operator::Divide,
        };
        let right = exprs.pop().unwrap_or_else(|| lit(ScalarValue::Null));
        let left = exprs.pop().unwrap_or_else(|| lit(ScalarValue::Null));
        let (left, right) = (widened(left, types[0]), widened(right, types[1]));
        return binary_expr(left, operator, right);
    }
    let kernel = operators::arithmetic(name, &types);
    super::scalar::kernel_call(name, kernel, exprs, types, out)
}

/// An `int` operand of arithmetic as `long`, the type of its answer.
fn widened(expr: Expr, ty: Type) -> Expr {
    if ty == Type::Int {
        datafusion::logical_expr::cast(expr, arrow::datatypes::DataType::Int64)
    } else {
        expr
    }
}

/// `<`, `<=`, `>`, `>=`.
pub(crate) fn ordered(name: &str, a: Operand, b: Operand) -> Expr {
    let (a, b) = aligned(a, b);
    let operator = match name {
        "<" => Operator::Lt,
        "<=" => Operator::LtEq,
        ">" => Operator::Gt,
        _ => Operator::GtEq,
    };
    if let Some(expr) = stored(operator, &a, &b) {
        return expr;
    }
    if let Some(expr) = operator.swap().and_then(|swapped| stored(swapped, &b, &a)) {
        return expr;
    }
    if a.form == b.form && super::scalar::is_stored(&a) {
        return binary_expr(a.expr, operator, b.expr);
    }
    binary_expr(a.value(), operator, b.value())
}

/// `==` where null counts as false.
pub(crate) fn equal_where(a: Operand, b: Operand) -> Expr {
    let (a, b) = aligned(a, b);
    if let Some(expr) = stored(Operator::Eq, &a, &b).or_else(|| stored(Operator::Eq, &b, &a)) {
        return expr;
    }
    if a.form == b.form && super::scalar::is_stored(&a) {
        return binary_expr(a.expr, Operator::Eq, b.expr);
    }
    if let Some(call) = dynamic_equal(&a, &b) {
        return call;
    }
    // A loose string is null where it is empty: a text that is not empty cannot be equal to it, nor can null be.
    match (&a, &b) {
        (loose, text) | (text, loose) if loose.form == Form::Loose && is_some_text(text) => {
            binary_expr(loose.expr.clone(), Operator::Eq, text.expr.clone())
        }
        _ => binary_expr(a.value(), Operator::Eq, b.value()),
    }
}

fn is_some_text(operand: &Operand) -> bool {
    matches!(operand.constant(), Some(ScalarValue::Utf8View(Some(text))) if !text.is_empty())
}

/// `==` as a value.
fn equal(a: Operand, b: Operand) -> Result<Expr> {
    let (a, b) = aligned(a, b);
    if let Some(call) = dynamic_equal(&a, &b) {
        return Ok(call);
    }
    let (a, b) = (a.value(), b.value());
    let same = binary_expr(a.clone(), Operator::IsNotDistinctFrom, b.clone());
    if matches!(&a, Expr::Literal(v, _) if !v.is_null())
        || matches!(&b, Expr::Literal(v, _) if !v.is_null())
    {
        return Ok(same);
    }
    let both_null = a.is_null().and(b.is_null());
    Ok(when(both_null, lit(ScalarValue::Boolean(None))).otherwise(same)?)
}

/// `!=`.
fn different(a: Operand, b: Operand) -> Result<Expr> {
    let (a, b) = aligned(a, b);
    if let Some(call) = dynamic_equal(&a, &b) {
        return Ok(not(call));
    }
    let (a, b) = (a.value(), b.value());
    let differ = binary_expr(a.clone(), Operator::IsDistinctFrom, b.clone());
    if matches!(&a, Expr::Literal(v, _) if !v.is_null())
        || matches!(&b, Expr::Literal(v, _) if !v.is_null())
    {
        return Ok(differ);
    }
    let both_null = a.is_null().and(b.is_null());
    Ok(when(both_null, lit(ScalarValue::Boolean(None))).otherwise(differ)?)
}

fn dynamic_equal(a: &Operand, b: &Operand) -> Option<Expr> {
    if !dynamic::is_json_type(a.ty) || !dynamic::is_json_type(b.ty) {
        return None;
    }
    let args = vec![a.clone().value(), b.clone().value()];
    Some(kernel::call(
        "dynamic_equal",
        operators::dynamic_equal,
        args,
        vec![a.ty, b.ty],
        Type::Bool,
    ))
}

/// Both operands in one type: a dynamic takes the type of its partner, a smaller number that of the larger one.
fn aligned(a: Operand, b: Operand) -> (Operand, Operand) {
    let common = match (a.ty, b.ty) {
        (x, y) if x == y && x != Type::Decimal => return (a, b),
        (Type::Dynamic, other) | (other, Type::Dynamic) => match other {
            Type::Int | Type::Long => Type::Real,
            _ => other,
        },
        (Type::Decimal, _) | (_, Type::Decimal) => return (decimal_key(a), decimal_key(b)),
        (Type::Real, _) | (_, Type::Real) => Type::Real,
        (Type::Int | Type::Long, Type::Int | Type::Long) => Type::Long,
        _ => return (a, b),
    };
    (convert(a, common), convert(b, common))
}

/// The text by which a number is compared with decimals, and by which decimals are sorted.
pub(super) fn decimal_key(operand: Operand) -> Operand {
    let ty = operand.ty;
    let arg = operand.value();
    let kernel = crate::functions::decimals::keys;
    let key = super::scalar::kernel_call("decimal_key", kernel, vec![arg], vec![ty], Type::Guid);
    Operand::plain(key, Type::Guid)
}

/// The comparison of a stored timestamp with a constant, in the unit of storage, so that files can be pruned by it.
fn stored(operator: Operator, column: &Operand, constant: &Operand) -> Option<Expr> {
    let Form::Stored(unit) = column.form else { return None };
    let ScalarValue::Int64(Some(moment)) = constant.constant()? else { return None };
    let (at, exact) = stored_moment(*moment, unit)?;
    // Between two units, `<` and `<=` both mean "up to the unit before", `>` and `>=` "after it".
    let (operator, at) = match operator {
        Operator::Eq if !exact => return Some(lit(false)),
        Operator::Eq => (Operator::Eq, at),
        Operator::Lt if !exact => (Operator::LtEq, at),
        Operator::GtEq if !exact => (Operator::Gt, at),
        same => (same, at),
    };
    let value = timestamp(at, unit);
    Some(binary_expr(column.expr.clone(), operator, lit(value)))
}

/// A timestamp constant in UTC, as storage has them.
pub(crate) fn timestamp(at: i64, unit: TimeUnit) -> ScalarValue {
    let zone = Some("UTC".into());
    match unit {
        TimeUnit::Second => ScalarValue::TimestampSecond(Some(at), zone),
        TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(Some(at), zone),
        TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(Some(at), zone),
        TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(Some(at), zone),
    }
}

/// `in` and its kin. A dynamic array in the list stands for its elements.
pub(crate) fn member(name: &str, value: Operand, list: &[Operand]) -> Result<Expr> {
    let (negated, ignore_case) = (name.starts_with('!'), name.ends_with('~'));
    let found = constants(&value, list);
    let Some(values) = found.filter(|_| !ignore_case && !super::scalar::is_stored(&value)) else {
        let mut args = vec![value];
        args.extend(list.iter().cloned());
        let kernel = if ignore_case { "in~" } else { "in" };
        let expr = apply(kernel, args, Type::Bool)?.value();
        return Ok(if negated { not(expr) } else { expr });
    };
    if values.is_empty() {
        return Ok(lit(negated));
    }
    if values.len() > PRUNING_VALUES_MAX {
        let mut args = vec![value];
        args.extend(list.iter().cloned());
        let expr = apply("in", args, Type::Bool)?.value();
        return Ok(if negated { not(expr) } else { expr });
    }
    let has_empty =
        values.iter().any(|v| matches!(v, ScalarValue::Utf8View(Some(t)) if t.is_empty()));
    let list: Vec<Expr> = values.into_iter().map(lit).collect();
    if negated || has_empty {
        let column = value.value();
        let listed = in_list(column.clone(), list, negated);
        // Null is in no list.
        return Ok(if negated { column.is_null().or(listed) } else { listed });
    }
    let column = if value.form == Form::Loose { value.expr } else { value.value() };
    Ok(in_list(column, list, false))
}

/// The list as constants of the value's own type, without nulls; `None` if something in it is not constant or of another
/// type.
fn constants(value: &Operand, list: &[Operand]) -> Option<Vec<ScalarValue>> {
    if dynamic::is_json_type(value.ty) {
        return None;
    }
    let mut values = Vec::with_capacity(list.len());
    for item in list {
        if dynamic::is_json_type(item.ty) {
            let json = item.constant()?.try_as_str()??;
            for element in dynamic::elements(json)? {
                let element = Operand::plain(
                    lit(ScalarValue::Utf8View(Some(element.into_owned()))),
                    Type::Dynamic,
                );
                values.push(convert(element, value.ty).constant()?.clone());
            }
        } else {
            let item =
                if item.ty == value.ty { item.clone() } else { convert(item.clone(), value.ty) };
            values.push(item.constant()?.clone());
        }
    }
    values.retain(|value| !value.is_null());
    Some(values)
}
