//! Choices and null: `iff`, `case`, `coalesce`, `isnull`, `max_of` … They become `CASE` expressions, so that a branch is only
//! computed for the rows that take it. Deliberately absent: `isempty` (`strings`).

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::{Expr, cast, lit, when};
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;

use super::kinds::{ANY, BOOL, REAL};
use super::{Function, p};
use crate::error::Result;
use crate::kernel::{Args, arrow_type};
use crate::lower::{Operand, cast_if_text};

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::lower(
        Signature::new(
            "iff",
            &[Overload::of(
                &[p("condition", BOOL), p("then", ParamKind::Common), p("else", ParamKind::Common)],
                Returns::Common,
            )],
            "One value if the condition is true, the other if it is false or null.",
        ),
        choose,
        ("iff(1 < 2, 'yes', 'no')", "yes"),
    ),
    Function::lower(
        Signature::new(
            "case",
            &[Overload::of(&[], Returns::Common)
                .repeating(&[p("condition", BOOL), p("then", ParamKind::Common)], 1)
                .tail(&[p("else", ParamKind::Common)])],
            "The value behind the first condition that is true, or the last value.",
        ),
        choose,
        ("case(1 > 2, 'a', 2 > 1, 'b', 'c')", "b"),
    ),
    Function::lower(
        Signature::new(
            "coalesce",
            &[Overload::of(&[], Returns::Common).repeating(&[p("value", ParamKind::Common)], 2)],
            "The first value that is not null (a text: not empty).",
        ),
        coalesce,
        ("coalesce('', 'b')", "b"),
    ),
    Function::lower(
        Signature::new(
            "isnull",
            &[Overload::of(&[p("value", ANY)], Returns::Type(Type::Bool))],
            "Whether the value is null. A text never is: see `isempty`.",
        ),
        isnull,
        ("isnull(tolong('x'))", "True"),
    ),
    Function::lower(
        Signature::new(
            "isnotnull",
            &[Overload::of(&[p("value", ANY)], Returns::Type(Type::Bool))],
            "Whether the value is not null. A text never is null: see `isnotempty`.",
        ),
        isnotnull,
        ("isnotnull('')", "True"),
    ),
    Function::lower(
        Signature::new(
            "max_of",
            &[Overload::of(&[], Returns::Common).repeating(&[p("value", ParamKind::Common)], 1)],
            "The largest of the values; null ones do not count.",
        ),
        max_of,
        ("max_of(1, 3, 2)", "3"),
    ),
    Function::lower(
        Signature::new(
            "min_of",
            &[Overload::of(&[], Returns::Common).repeating(&[p("value", ParamKind::Common)], 1)],
            "The smallest of the values; null ones do not count.",
        ),
        min_of,
        ("min_of(1, 3, 2)", "1"),
    ),
    Function::kernel(
        Signature::new(
            "isnan",
            &[Overload::of(&[p("number", REAL)], Returns::Type(Type::Bool))],
            "Whether the number is NaN.",
        ),
        isnan,
        ("isnan(0.0 / 0.0)", "True"),
    ),
    Function::lower(
        Signature::new(
            "isinf",
            &[Overload::of(&[p("number", REAL)], Returns::Type(Type::Bool))],
            "Whether the number is infinite.",
        ),
        isinf,
        ("isinf(1.0 / 0.0)", "True"),
    ),
    Function::lower(
        Signature::new(
            "isfinite",
            &[Overload::of(&[p("number", REAL)], Returns::Type(Type::Bool))],
            "Whether the number is neither infinite nor NaN.",
        ),
        isfinite,
        ("isfinite(1.0)", "True"),
    ),
];

/// A branch in the one Arrow type that all branches of a `CASE` must share.
fn branch(operand: Operand, ty: Type) -> Expr {
    match operand.expr {
        Expr::Literal(ScalarValue::Null, _) => {
            lit(ScalarValue::try_from(&arrow_type(ty)).unwrap_or(ScalarValue::Null))
        }
        _ => {
            let value = crate::lower::in_type(operand, ty);
            cast_if_text(value, ty)
        }
    }
}

fn choose(args: Vec<Operand>, ty: Type) -> Result<Operand> {
    let mut args = args;
    let otherwise = args.pop().map(|last| branch(last, ty));
    let mut pairs = args.into_iter();
    let mut case = None;
    while let (Some(condition), Some(then)) = (pairs.next(), pairs.next()) {
        let (condition, then) = (condition.value(), branch(then, ty));
        case = Some(match case {
            None => when(condition, then),
            Some(mut builder) => {
                datafusion::logical_expr::conditional_expressions::CaseBuilder::when(
                    &mut builder,
                    condition,
                    then,
                )
            }
        });
    }
    let expr = match (case, otherwise) {
        (Some(mut case), Some(otherwise)) => case.otherwise(otherwise)?,
        (_, otherwise) => otherwise.unwrap_or_else(|| lit(ScalarValue::Null)),
    };
    Ok(Operand::plain(expr, ty))
}

fn coalesce(args: Vec<Operand>, ty: Type) -> Result<Operand> {
    let mut values: Vec<Expr> = args.into_iter().map(|arg| branch(arg, ty)).collect();
    let Some(last) = values.pop() else {
        return Ok(Operand::plain(lit(ScalarValue::Null), ty));
    };
    let mut answer = last;
    for value in values.into_iter().rev() {
        let present = if ty == Type::String {
            value.clone().not_eq(lit(ScalarValue::Utf8View(Some(String::new()))))
        } else {
            value.clone().is_not_null()
        };
        answer = when(present, value).otherwise(answer)?;
    }
    Ok(Operand::plain(answer, ty))
}

fn isnull(mut args: Vec<Operand>, ty: Type) -> Result<Operand> {
    let expr = match args.pop() {
        Some(arg) if arg.ty != Type::String => arg.expr.is_null(),
        _ => lit(false),
    };
    Ok(Operand::plain(expr, ty))
}

fn isnotnull(mut args: Vec<Operand>, ty: Type) -> Result<Operand> {
    let expr = match args.pop() {
        Some(arg) if arg.ty != Type::String => arg.expr.is_not_null(),
        _ => lit(true),
    };
    Ok(Operand::plain(expr, ty))
}

fn max_of(args: Vec<Operand>, ty: Type) -> Result<Operand> {
    extreme(args, ty, |a, b| a.gt_eq(b))
}

fn min_of(args: Vec<Operand>, ty: Type) -> Result<Operand> {
    extreme(args, ty, |a, b| a.lt_eq(b))
}

fn extreme(args: Vec<Operand>, ty: Type, before: fn(Expr, Expr) -> Expr) -> Result<Operand> {
    let mut values = args.into_iter().map(|arg| branch(arg, ty));
    let mut answer = values.next().unwrap_or_else(|| lit(ScalarValue::Null));
    for value in values {
        let keep = before(answer.clone(), value.clone()).or(value.clone().is_null());
        answer = when(keep, answer).otherwise(value)?;
    }
    Ok(Operand::plain(answer, ty))
}

fn isnan(args: &Args<'_>) -> Result<ArrayRef, DataFusionError> {
    let number = args.real(0)?;
    args.bools(|row| number.get(row).map(f64::is_nan))
}

fn isinf(args: Vec<Operand>, ty: Type) -> Result<Operand> {
    real_test(args, ty, |value| {
        value.clone().eq(lit(f64::INFINITY)).or(value.eq(lit(f64::NEG_INFINITY)))
    })
}

fn isfinite(args: Vec<Operand>, ty: Type) -> Result<Operand> {
    real_test(args, ty, |value| {
        value.clone().lt(lit(f64::INFINITY)).and(value.gt(lit(f64::NEG_INFINITY)))
    })
}

fn real_test(mut args: Vec<Operand>, ty: Type, test: fn(Expr) -> Expr) -> Result<Operand> {
    let value = args.pop().map_or_else(|| lit(ScalarValue::Float64(None)), Operand::value);
    Ok(Operand::plain(test(cast(value, DataType::Float64)), ty))
}
