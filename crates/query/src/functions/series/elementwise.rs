//! Functions of each element of one series. Deliberately absent: those of two series (`pairs`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::super::kinds::JSON;
use super::super::{Function, p};
use super::Series;
use crate::kernel::Args;

macro_rules! each {
    ($name:literal, $keeps_whole:literal, $function:expr, $doc:literal, $call:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            mapped(args, $keeps_whole, $function)
        }
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p("series", JSON)], Returns::Type(Type::Dynamic))],
                $doc,
            ),
            kernel,
            ($call, $answer),
        )
    }};
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    each!(
        "series_abs",
        true,
        f64::abs,
        "Each element without its sign.",
        "tostring(series_abs(dynamic([-1, 2])))",
        "[1,2]"
    ),
    each!(
        "series_sign",
        true,
        |x| if x == 0.0 { 0.0 } else { x.signum() },
        "-1, 0 or 1 by the sign of each element.",
        "tostring(series_sign(dynamic([-3, 0, 2])))",
        "[-1,0,1]"
    ),
    each!(
        "series_ceiling",
        true,
        f64::ceil,
        "Each element rounded up.",
        "tostring(series_ceiling(dynamic([1.2, -1.2])))",
        "[2.0,-1.0]"
    ),
    each!(
        "series_floor",
        true,
        f64::floor,
        "Each element rounded down.",
        "tostring(series_floor(dynamic([1.2, -1.2])))",
        "[1.0,-2.0]"
    ),
    each!(
        "series_exp",
        false,
        f64::exp,
        "e to the power of each element.",
        "tostring(series_exp(dynamic([0])))",
        "[1.0]"
    ),
    each!(
        "series_log",
        false,
        f64::ln,
        "The natural logarithm of each element.",
        "tostring(series_log(dynamic([1])))",
        "[0.0]"
    ),
    each!(
        "series_sin",
        false,
        f64::sin,
        "The sine of each element.",
        "tostring(series_sin(dynamic([0])))",
        "[0.0]"
    ),
    each!(
        "series_asin",
        false,
        f64::asin,
        "The angle of each sine.",
        "tostring(series_asin(dynamic([0])))",
        "[0.0]"
    ),
    each!(
        "series_cos",
        false,
        f64::cos,
        "The cosine of each element.",
        "tostring(series_cos(dynamic([0])))",
        "[1.0]"
    ),
    each!(
        "series_acos",
        false,
        f64::acos,
        "The angle of each cosine.",
        "tostring(series_acos(dynamic([1])))",
        "[0.0]"
    ),
    each!(
        "series_tan",
        false,
        f64::tan,
        "The tangent of each element.",
        "tostring(series_tan(dynamic([0])))",
        "[0.0]"
    ),
    each!(
        "series_atan",
        false,
        f64::atan,
        "The angle of each tangent.",
        "tostring(series_atan(dynamic([0])))",
        "[0.0]"
    ),
];

fn mapped(args: &Args<'_>, keeps_whole: bool, function: fn(f64) -> f64) -> Result<ArrayRef> {
    let text = args.text(0)?;
    super::rows(args, |row, out| {
        let series = Series::read(text.opt(row)?)?;
        let values = series.values.iter().map(|value| value.map(function));
        super::write(values, keeps_whole && series.whole, out);
        Some(())
    })
}
