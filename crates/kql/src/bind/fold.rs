//! Constants worked out while binding: moments and spans of time, logic of known values, small arithmetic. What a filter
//! compares with is then a literal that the lake can prune by. Deliberately absent: functions (`query` computes those).

use super::binder::literal;
use super::types::real;
use crate::plan::{Expr, ExprKind};
use crate::syntax::literal::DATETIME_MAX_TICKS;
use crate::types::{Type, Value};

/// The expression, or its value if that is known already.
pub(super) fn fold(expr: Expr) -> Expr {
    let ExprKind::Call { function, args } = &expr.kind else { return expr };
    if matches!(function.as_str(), "and" | "or") {
        return logic(expr);
    }
    // Nearly nothing is: nothing is gathered before it is known.
    if !args.iter().all(|arg| matches!(arg.kind, ExprKind::Literal(_))) {
        return expr;
    }
    let known = args.iter().filter_map(|arg| match &arg.kind {
        ExprKind::Literal(value) => Some(value),
        _ => None,
    });
    match value(function, &known.collect::<Vec<_>>()) {
        Some(value) => literal(value),
        None => expr,
    }
}

/// Drops arguments that do not matter, and answers where one settles it.
fn logic(expr: Expr) -> Expr {
    let ExprKind::Call { function, args } = expr.kind else { return expr };
    let settles = function == "or";
    if args.len() > 1 && !args.iter().any(|arg| matches!(arg.kind, ExprKind::Literal(_))) {
        return Expr { kind: ExprKind::Call { function, args }, ty: Type::Bool };
    }
    let mut open = Vec::with_capacity(args.len());
    for arg in args {
        match arg.kind {
            ExprKind::Literal(Value::Bool(known)) if known == settles => return arg,
            ExprKind::Literal(Value::Bool(_)) => {}
            _ => open.push(arg),
        }
    }
    match open.len() {
        0 => literal(Value::Bool(!settles)),
        1 => open.swap_remove(0),
        _ => Expr { kind: ExprKind::Call { function, args: open }, ty: Type::Bool },
    }
}

fn value(function: &str, args: &[&Value]) -> Option<Value> {
    use Value::{Bool, DateTime, Long, Real, String, TimeSpan};
    Some(match (function, args) {
        ("negate", [Long(a)]) => Long(a.checked_neg()?),
        ("negate", [Real(a)]) => Real(-a),
        ("negate", [TimeSpan(a)]) => TimeSpan(a.checked_neg()?),
        ("not", [Bool(a)]) => Bool(!a),
        ("+", [Long(a), Long(b)]) => Long(a.checked_add(*b)?),
        ("-", [Long(a), Long(b)]) => Long(a.checked_sub(*b)?),
        ("*", [Long(a), Long(b)]) => Long(a.checked_mul(*b)?),
        ("/", [Long(a), Long(b)]) if *b != 0 => Long(a.checked_div(*b)?),
        ("+", [Real(a), Real(b)]) => Real(a + b),
        ("-", [Real(a), Real(b)]) => Real(a - b),
        ("*", [Real(a), Real(b)]) => Real(a * b),
        ("+", [DateTime(a), TimeSpan(b)]) => DateTime(moment(a.checked_add(*b)?)?),
        ("-", [DateTime(a), TimeSpan(b)]) => DateTime(moment(a.checked_sub(*b)?)?),
        ("-", [DateTime(a), DateTime(b)]) => TimeSpan(a.checked_sub(*b)?),
        ("+", [TimeSpan(a), TimeSpan(b)]) => TimeSpan(a.checked_add(*b)?),
        ("-", [TimeSpan(a), TimeSpan(b)]) => TimeSpan(a.checked_sub(*b)?),
        ("*", [TimeSpan(a), Real(b)]) | ("*", [Real(b), TimeSpan(a)]) => scaled(*a, *b)?,
        ("/", [TimeSpan(a), Real(b)]) if *b != 0.0 => scaled(*a, 1.0 / b)?,
        ("==", [String(a), String(b)]) => Bool(a == b),
        ("!=", [String(a), String(b)]) => Bool(a != b),
        ("==", [Bool(a), Bool(b)]) => Bool(a == b),
        ("!=", [Bool(a), Bool(b)]) => Bool(a != b),
        ("==", [Long(a), Long(b)]) => Bool(a == b),
        ("!=", [Long(a), Long(b)]) => Bool(a != b),
        ("strcat", texts) => {
            let mut whole = std::string::String::new();
            for text in texts {
                match text {
                    String(text) => whole.push_str(text),
                    _ => return None,
                }
            }
            String(whole)
        }
        ("tostring", [String(text)]) => String(text.clone()),
        ("isempty", [String(text)]) => Bool(text.is_empty()),
        ("isnotempty", [String(text)]) => Bool(!text.is_empty()),
        ("isnull", [Value::Null(ty)]) if *ty != Type::String => Bool(true),
        ("isnotnull", [Value::Null(ty)]) if *ty != Type::String => Bool(false),
        ("isnull", [DateTime(_)]) => Bool(false),
        ("isnotnull", [DateTime(_)]) => Bool(true),
        _ => return None,
    })
}

fn moment(ticks: i64) -> Option<i64> {
    (0..=DATETIME_MAX_TICKS).contains(&ticks).then_some(ticks)
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn scaled(ticks: i64, by: f64) -> Option<Value> {
    // A whole factor stays exact; others go through a real, as in Kusto.
    if by.fract() == 0.0 && by.abs() < 9e15 {
        return ticks.checked_mul(by as i64).map(Value::TimeSpan);
    }
    let product = real(ticks) * by;
    (product.abs() < 9.2e18).then(|| Value::TimeSpan(product.round() as i64))
}
