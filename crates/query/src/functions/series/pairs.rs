//! Functions of the elements of two series, or of a series and a number. Where either is no number, or one series has ended,
//! the answer is null. Deliberately absent: what makes one number of two series (`statistics`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::super::cells::Cells;
use super::super::kinds::ANY;
use super::super::{Function, p};
use super::Series;
use crate::dynamic;
use crate::kernel::Args;

macro_rules! signature {
    ($name:literal, $doc:literal) => {
        Signature::new(
            $name,
            &[Overload::of(&[p("series1", ANY), p("series2", ANY)], Returns::Type(Type::Dynamic))],
            $doc,
        )
    };
}

macro_rules! arithmetic {
    ($name:literal, $whole:literal, $function:expr, $doc:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            let function: fn(f64, f64) -> f64 = $function;
            paired(args, |a, b, whole, out| {
                super::write_number(a.zip(b).map(|(a, b)| function(a, b)), whole && $whole, out);
            })
        }
        Function::kernel(
            signature!($name, $doc),
            kernel,
            (concat!("tostring(", $name, "(dynamic([1, 2, 4]), dynamic([4, 2, 1])))"), $answer),
        )
    }};
}

macro_rules! comparison {
    ($name:literal, $function:expr, $doc:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            let function: fn(f64, f64) -> bool = $function;
            paired(args, |a, b, _, out| match a.zip(b) {
                Some((a, b)) => out.push_str(if function(a, b) { "true" } else { "false" }),
                None => out.push_str("null"),
            })
        }
        Function::kernel(
            signature!($name, $doc),
            kernel,
            (concat!("tostring(", $name, "(dynamic([1, 2, 4]), dynamic([4, 2, 1])))"), $answer),
        )
    }};
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    arithmetic!("series_add", true, |a, b| a + b, "Sums of elements.", "[5,4,5]"),
    arithmetic!("series_subtract", true, |a, b| a - b, "Differences of elements.", "[-3,0,3]"),
    arithmetic!("series_multiply", true, |a, b| a * b, "Products of elements.", "[4,4,4]"),
    arithmetic!("series_divide", false, |a, b| a / b, "Quotients of elements.", "[0.25,1.0,4.0]"),
    arithmetic!(
        "series_pow",
        false,
        f64::powf,
        "Each element to the power of the other series' one.",
        "[1.0,4.0,4.0]"
    ),
    comparison!(
        "series_greater",
        |a, b| a > b,
        "Whether elements are greater than those of the other series.",
        "[false,false,true]"
    ),
    comparison!(
        "series_greater_equals",
        |a, b| a >= b,
        "Whether elements are at least those of the other series.",
        "[false,true,true]"
    ),
    comparison!(
        "series_less",
        |a, b| a < b,
        "Whether elements are less than those of the other series.",
        "[true,false,false]"
    ),
    comparison!(
        "series_less_equals",
        |a, b| a <= b,
        "Whether elements are at most those of the other series.",
        "[true,true,false]"
    ),
    comparison!(
        "series_equals",
        |a, b| a == b,
        "Whether elements are equal to those of the other series.",
        "[false,true,false]"
    ),
    comparison!(
        "series_not_equals",
        |a, b| a != b,
        "Whether elements differ from those of the other series.",
        "[true,false,true]"
    ),
];

/// A series, or a number that stands for one of any length.
pub(super) enum Side {
    Series(Series),
    Number { value: f64, whole: bool },
}

impl Side {
    pub(super) fn read(json: &str) -> Option<Self> {
        if let Some(series) = Series::read(json) {
            return Some(Self::Series(series));
        }
        match dynamic::kind(json) {
            dynamic::Kind::Long => {
                Some(Self::Number { value: dynamic::to_real(json)?, whole: true })
            }
            dynamic::Kind::Real => {
                Some(Self::Number { value: dynamic::to_real(json)?, whole: false })
            }
            _ => None,
        }
    }

    pub(super) const fn length(&self) -> Option<usize> {
        match self {
            Self::Series(series) => Some(series.values.len()),
            Self::Number { .. } => None,
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<f64> {
        match self {
            Self::Series(series) => series.values.get(at).copied().flatten(),
            Self::Number { value, .. } => Some(*value),
        }
    }

    const fn whole(&self) -> bool {
        match self {
            Self::Series(series) => series.whole,
            Self::Number { whole, .. } => *whole,
        }
    }
}

fn paired(
    args: &Args<'_>,
    write: impl Fn(Option<f64>, Option<f64>, bool, &mut String),
) -> Result<ArrayRef> {
    let (left, right) = (Cells::of(args, 0)?, Cells::of(args, 1)?);
    let (mut a, mut b) = (String::new(), String::new());
    super::rows(args, |row, out| {
        a.clear();
        b.clear();
        if !left.json(row, &mut a) || !right.json(row, &mut b) {
            return None;
        }
        let (a, b) = (Side::read(&a)?, Side::read(&b)?);
        let whole = a.whole() && b.whole();
        let length = a.length().max(b.length())?;
        out.push('[');
        for at in 0..length {
            if at > 0 {
                out.push(',');
            }
            write(a.get(at), b.get(at), whole, out);
        }
        out.push(']');
        Some(())
    })
}
