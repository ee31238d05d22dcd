//! What signs compute where DataFusion has no equal: division and remainder by zero, arithmetic between moments and spans,
//! decimals. Deliberately absent: everything that DataFusion's own operators do alike (`lower::compare`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::types::Type;

use super::decimals;
use crate::dynamic;
use crate::kernel::{Args, Kernel};
use crate::ticks;

/// The type of the answer of an arithmetic operator, from the (aligned) types of its operands.
pub(crate) fn type_of(name: &str, types: &[Type]) -> Type {
    let has = |ty| types.contains(&ty);
    match name {
        "-" if types == [Type::DateTime, Type::DateTime] => Type::TimeSpan,
        "/" if types == [Type::TimeSpan, Type::TimeSpan] => Type::Real,
        _ if has(Type::DateTime) && name != "%" => Type::DateTime,
        _ if has(Type::TimeSpan) || has(Type::DateTime) => Type::TimeSpan,
        _ if has(Type::Decimal) => Type::Decimal,
        _ if has(Type::Real) => Type::Real,
        _ => Type::Long,
    }
}

/// The kernel of an arithmetic operator, by the types of its operands.
pub(crate) fn arithmetic(name: &str, types: &[Type]) -> Kernel {
    let span_by_number =
        types.first() == Some(&Type::TimeSpan) && types.get(1) != Some(&Type::TimeSpan);
    let has = |ty| types.contains(&ty);
    match name {
        "negate" if has(Type::Real) => negate_real,
        "negate" if has(Type::Decimal) => decimals::negate,
        "negate" => negate_whole,
        "+" if has(Type::Decimal) => decimals::add,
        "-" if has(Type::Decimal) => decimals::subtract,
        "*" if has(Type::Decimal) => decimals::multiply,
        "/" if has(Type::Decimal) => decimals::divide,
        "%" if has(Type::Decimal) => decimals::remainder,
        "*" if has(Type::TimeSpan) => multiply_span,
        "/" if span_by_number => divide_span,
        "/" if has(Type::Real) || has(Type::TimeSpan) => divide_real,
        "/" => divide_whole,
        "%" if has(Type::Real) => remainder_real,
        "%" => remainder_whole,
        "+" if has(Type::Real) => add_real,
        "-" if has(Type::Real) => subtract_real,
        "*" if has(Type::Real) => multiply_real,
        "+" if has(Type::DateTime) => add_moment,
        "-" if types == [Type::DateTime, Type::TimeSpan] => subtract_moment,
        "+" => add_whole,
        "-" => subtract_whole,
        _ => multiply_whole,
    }
}

fn negate_real(args: &Args<'_>) -> Result<ArrayRef> {
    let value = args.real(0)?;
    args.reals(|row| value.get(row).map(|value| -value))
}

fn negate_whole(args: &Args<'_>) -> Result<ArrayRef> {
    let value = args.long(0)?;
    args.longs(|row| value.get(row).map(i64::wrapping_neg))
}

macro_rules! whole {
    ($name:ident, $operate:expr) => {
        fn $name(args: &Args<'_>) -> Result<ArrayRef> {
            let (left, right) = (args.long(0)?, args.long(1)?);
            let operate: fn(i64, i64) -> Option<i64> = $operate;
            args.longs(|row| operate(left.get(row)?, right.get(row)?))
        }
    };
}

macro_rules! fractional {
    ($name:ident, $operate:expr) => {
        fn $name(args: &Args<'_>) -> Result<ArrayRef> {
            let (left, right) = (args.real(0)?, args.real(1)?);
            let operate: fn(f64, f64) -> f64 = $operate;
            args.reals(|row| Some(operate(left.get(row)?, right.get(row)?)))
        }
    };
}

whole!(divide_whole, |a, b| if b == 0 { None } else { Some(a.wrapping_div(b)) });
whole!(remainder_whole, |a, b| if b == 0 { None } else { Some(a.wrapping_rem_euclid(b)) });
fractional!(remainder_real, |a, b| a - b * (a / b).floor());
fractional!(divide_real, |a, b| a / b);
fractional!(add_real, |a, b| a + b);
fractional!(subtract_real, |a, b| a - b);
fractional!(multiply_real, |a, b| a * b);
whole!(add_whole, |a, b| Some(a.wrapping_add(b)));
whole!(subtract_whole, |a, b| Some(a.wrapping_sub(b)));
whole!(multiply_whole, |a, b| Some(a.wrapping_mul(b)));

// What would lie outside the calendar is null.
whole!(add_moment, |a, b| a.checked_add(b).filter(|at| (0..=ticks::MAX).contains(at)));
whole!(subtract_moment, |a, b| a.checked_sub(b).filter(|at| (0..=ticks::MAX).contains(at)));

/// A span times or divided by a number.
macro_rules! scaled {
    ($name:ident, $operate:expr) => {
        fn $name(args: &Args<'_>) -> Result<ArrayRef> {
            let (left, right) = (args.real(0)?, args.real(1)?);
            let operate: fn(f64, f64) -> f64 = $operate;
            args.longs(|row| ticks::whole(operate(left.get(row)?, right.get(row)?)))
        }
    };
}

scaled!(multiply_span, |a, b| a * b);
scaled!(divide_span, |a, b| a / b);

/// Whole numbers that sort as reals do in Kusto: NaN first, then from small to large.
pub(crate) fn real_order(args: &Args<'_>) -> Result<ArrayRef> {
    let value = args.real(0)?;
    args.longs(|row| {
        let value = value.get(row)?;
        if value.is_nan() {
            return Some(i64::MIN);
        }
        // Adding zero makes one zero of two.
        let bits = (value + 0.0).to_bits().cast_signed();
        Some(bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed())
    })
}

/// `==` between two dynamic values; null if both are.
pub(crate) fn dynamic_equal(args: &Args<'_>) -> Result<ArrayRef> {
    let (left, right) = (args.text(0)?, args.text(1)?);
    args.bools(|row| match (left.opt(row), right.opt(row)) {
        (None, None) => None,
        (Some(a), Some(b)) => Some(dynamic::equal(a, b)),
        _ => Some(false),
    })
}
