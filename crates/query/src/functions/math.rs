//! Numbers. Deliberately absent: rounding to a size (`time::bin`) and operations on bits (`bits`).

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;

use super::decimals::{Numbers, decimals};
use super::kinds::{LONG, REAL};
use super::{Function, p};
use crate::decimal::Decimal;
use crate::kernel::Args;

macro_rules! real {
    ($name:literal, $function:expr, $doc:literal, $call:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            let number = args.real(0)?;
            let function: fn(f64) -> f64 = $function;
            args.reals(|row| number.get(row).map(function))
        }
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p("number", REAL)], Returns::Type(Type::Real))],
                $doc,
            ),
            kernel,
            ($call, $answer),
        )
    }};
}

macro_rules! binary {
    ($name:literal, $a:literal, $b:literal, $function:expr, $doc:literal, $call:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            let (a, b) = (args.real(0)?, args.real(1)?);
            let function: fn(f64, f64) -> f64 = $function;
            args.reals(|row| Some(function(a.get(row)?, b.get(row)?)))
        }
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p($a, REAL), p($b, REAL)], Returns::Type(Type::Real))],
                $doc,
            ),
            kernel,
            ($call, $answer),
        )
    }};
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    real!("sqrt", f64::sqrt, "The square root.", "sqrt(16)", "4"),
    real!("exp", f64::exp, "e to the power of the number.", "exp(0)", "1"),
    real!("exp2", f64::exp2, "2 to the power of the number.", "exp2(3)", "8"),
    real!("exp10", |x| 10_f64.powf(x), "10 to the power of the number.", "exp10(3)", "1000"),
    real!("log2", f64::log2, "The logarithm to base 2.", "log2(8)", "3"),
    real!("log10", f64::log10, "The logarithm to base 10.", "log10(1000)", "3"),
    real!("sin", f64::sin, "The sine of an angle in radians.", "sin(0)", "0"),
    real!("cos", f64::cos, "The cosine of an angle in radians.", "cos(0)", "1"),
    real!("tan", f64::tan, "The tangent of an angle in radians.", "tan(0)", "0"),
    real!(
        "cot",
        |x| 1.0 / x.tan(),
        "The cotangent of an angle in radians.",
        "round(cot(1), 3)",
        "0.642"
    ),
    real!("asin", f64::asin, "The angle of a sine, in radians.", "asin(0)", "0"),
    real!("acos", f64::acos, "The angle of a cosine, in radians.", "acos(1)", "0"),
    real!("atan", f64::atan, "The angle of a tangent, in radians.", "atan(0)", "0"),
    real!("degrees", f64::to_degrees, "Radians as degrees.", "degrees(pi())", "180"),
    real!("radians", f64::to_radians, "Degrees as radians.", "radians(0)", "0"),
    binary!(
        "pow",
        "base",
        "exponent",
        f64::powf,
        "The base to the power of the exponent.",
        "pow(2, 10)",
        "1024"
    ),
    binary!(
        "atan2",
        "y",
        "x",
        f64::atan2,
        "The angle of the point (x, y), in radians.",
        "atan2(0, 1)",
        "0"
    ),
    Function::kernel(
        Signature::new(
            "log",
            &[Overload::of(&[p("number", REAL), p("base", REAL)], Returns::Type(Type::Real))
                .optional(1)],
            "The natural logarithm, or that to a base.",
        ),
        log,
        ("log(8, 2)", "3"),
    ),
    Function::kernel(
        Signature::new(
            "abs",
            &[Overload::of(&[p("number", ParamKind::Summable)], Returns::Rule(magnitude))],
            "The number without its sign.",
        ),
        abs,
        ("abs(-5)", "5"),
    ),
    Function::kernel(
        Signature::new(
            "sign",
            &[Overload::of(&[p("number", ParamKind::Number)], Returns::Rule(real_or_decimal))],
            "-1, 0 or 1, by the sign of the number.",
        ),
        sign,
        ("sign(-5)", "-1"),
    ),
    Function::kernel(
        Signature::new(
            "round",
            &[Overload::of(
                &[p("number", ParamKind::Number), p("digits", LONG)],
                Returns::Rule(same),
            )
            .optional(1)],
            "The number rounded to so many digits after the point.",
        ),
        round,
        ("round(2.567, 1)", "2.6"),
    ),
    Function::kernel(
        Signature::new(
            "pi",
            &[Overload::of(&[], Returns::Type(Type::Real))],
            "The ratio of a circle's circumference to its diameter.",
        ),
        pi,
        ("round(pi(), 4)", "3.1416"),
    ),
];

fn magnitude(types: &[Type]) -> Type {
    match types.first() {
        Some(ty @ (Type::TimeSpan | Type::Real | Type::Decimal)) => *ty,
        _ => Type::Long,
    }
}

/// Signs of whole numbers and reals are real, as Microsoft's binder says.
fn real_or_decimal(types: &[Type]) -> Type {
    match types.first() {
        Some(Type::Decimal) => Type::Decimal,
        _ => Type::Real,
    }
}

/// The number's own type.
fn same(types: &[Type]) -> Type {
    types.first().copied().filter(|ty| ty.is_number()).unwrap_or(Type::Real)
}

fn log(args: &Args<'_>) -> Result<ArrayRef> {
    let number = args.real(0)?;
    let base = if args.len() > 1 { Some(args.real(1)?) } else { None };
    args.reals(|row| {
        let number = number.get(row)?;
        match base {
            None => Some(number.ln()),
            Some(base) => Some(number.log(base.get(row)?)),
        }
    })
}

/// Whether an answer is a decimal: no other number is carried as text.
const fn is_decimal(args: &Args<'_>) -> bool {
    matches!(args.out, DataType::Utf8View)
}

fn abs(args: &Args<'_>) -> Result<ArrayRef> {
    if is_decimal(args) {
        let number = Numbers::of(args, 0)?;
        return decimals(args, |row| number.get(row).map(Decimal::abs));
    }
    if matches!(args.out, DataType::Float64) {
        let number = args.real(0)?;
        return args.reals(|row| number.get(row).map(f64::abs));
    }
    let number = args.long(0)?;
    args.longs(|row| number.get(row).map(i64::wrapping_abs))
}

fn sign(args: &Args<'_>) -> Result<ArrayRef> {
    if is_decimal(args) {
        let number = Numbers::of(args, 0)?;
        return decimals(args, |row| Some(Decimal::from_long(number.get(row)?.sign())));
    }
    let number = args.real(0)?;
    args.reals(|row| {
        number.get(row).map(|number| if number == 0.0 { 0.0 } else { number.signum() })
    })
}

fn round(args: &Args<'_>) -> Result<ArrayRef> {
    let digits = if args.len() > 1 { Some(args.long(1)?) } else { None };
    let digits = |row: usize| {
        let digits = digits.map_or(Some(0), |digits| digits.get(row))?.clamp(-300, 300);
        i32::try_from(digits).ok()
    };
    if is_decimal(args) {
        let number = Numbers::of(args, 0)?;
        return decimals(args, |row| Some(number.get(row)?.round(digits(row)?)));
    }
    let rounded = |number: f64, digits: i32| {
        let scale = 10_f64.powi(digits.abs());
        if digits < 0 {
            (number / scale).round_ties_even() * scale
        } else if (number * scale).is_finite() {
            (number * scale).round_ties_even() / scale
        } else {
            number
        }
    };
    if matches!(args.out, DataType::Float64) {
        let number = args.real(0)?;
        return args.reals(|row| Some(rounded(number.get(row)?, digits(row)?)));
    }
    let number = args.long(0)?;
    args.longs(|row| match (number.get(row)?, digits(row)?) {
        (number, digits) if digits >= 0 => Some(number),
        (number, digits) => crate::ticks::whole(rounded(crate::ticks::real(number), digits)),
    })
}

fn pi(args: &Args<'_>) -> Result<ArrayRef> {
    args.reals(|_| Some(std::f64::consts::PI))
}
