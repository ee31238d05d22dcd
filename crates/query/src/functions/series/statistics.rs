//! Numbers out of whole series. Deliberately absent: trends and seasons (`fits`, `periods`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::super::cells::Cells;
use super::super::kinds::{ANY, BOOL, JSON, REAL};
use super::super::{Function, p};
use super::pairs::Side;
use super::{Series, numbers, write_bag, write_columns, write_number};
use crate::kernel::Args;

macro_rules! function {
    ($name:literal, [$($param:expr),*], $optional:literal, $ty:ident, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new($name, &[Overload::of(&[$($param),*], Returns::Type(Type::$ty)).optional($optional)], $doc),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "series_sum",
        [p("series", JSON)],
        0,
        Real,
        "The sum of the elements.",
        sum,
        ("series_sum(dynamic([1, 2, 3.5]))", "6.5")
    ),
    function!(
        "series_product",
        [p("series", JSON)],
        0,
        Real,
        "The product of the elements.",
        product,
        ("series_product(dynamic([1, 2, 3, 4]))", "24")
    ),
    function!(
        "series_magnitude",
        [p("series", JSON)],
        0,
        Real,
        "The length of the series as a vector: the root of the sum of squares.",
        magnitude,
        ("series_magnitude(dynamic([3, 4]))", "5")
    ),
    function!(
        "series_dot_product",
        [p("series1", ANY), p("series2", ANY)],
        0,
        Real,
        "The sum of the products of elements; the longer series is cut to the shorter.",
        dot_product,
        ("series_dot_product(dynamic([1, 2, 4]), dynamic([4, 2, 1]))", "12")
    ),
    function!(
        "series_cosine_similarity",
        [
            p("series1", JSON),
            p("series2", JSON),
            p("magnitude1", REAL),
            p("magnitude2", REAL)
        ],
        2,
        Real,
        "The cosine of the angle between two series as vectors; their lengths can be given if they are known.",
        cosine_similarity,
        ("series_cosine_similarity(dynamic([1, 0]), dynamic([0, 1]))", "0")
    ),
    function!(
        "series_pearson_correlation",
        [p("series1", JSON), p("series2", JSON)],
        0,
        Real,
        "Pearson's correlation of two series of equal length.",
        pearson,
        ("round(series_pearson_correlation(dynamic([1, 2, 3]), dynamic([6, 4, 2])), 3)", "-1")
    ),
    Function::kernel(
        Signature::new(
            "series_stats",
            &[Overload::of(
                &[p("series", JSON), p("ignore_nonfinite", BOOL)],
                Returns::Type(Type::Dynamic),
            )
            .optional(1)],
            "The smallest and the largest element with their positions, the mean, standard deviation and variance, a column \
             each. Null if there is something else than finite numbers, unless that is to be ignored.",
        )
        .with_columns(&[
            ("min", Type::Real),
            ("min_idx", Type::Long),
            ("max", Type::Real),
            ("max_idx", Type::Long),
            ("avg", Type::Real),
            ("stdev", Type::Real),
            ("variance", Type::Real),
        ]),
        stats,
        ("series_stats(dynamic([1, 3]))[4]", "2.0"),
    ),
    function!(
        "series_stats_dynamic",
        [p("series", JSON), p("ignore_nonfinite", BOOL)],
        1,
        Dynamic,
        "What `series_stats` gives, the sum and the length, in a bag.",
        stats_dynamic,
        ("series_stats_dynamic(dynamic([1, 3])).sum", "4.0")
    ),
];

fn reduced(args: &Args<'_>, reduce: fn(&[f64]) -> f64) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.reals(|row| numbers(text, row).map(|values| reduce(&values)))
}

fn sum(args: &Args<'_>) -> Result<ArrayRef> {
    reduced(args, |values| values.iter().sum())
}

fn product(args: &Args<'_>) -> Result<ArrayRef> {
    reduced(args, |values| values.iter().product())
}

fn magnitude(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.reals(|row| {
        let series = Series::read(text.opt(row)?)?;
        (!series.values.is_empty()).then(|| length(series.values.iter().copied().flatten()))
    })
}

/// The length of a vector.
fn length(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

fn dot_product(args: &Args<'_>) -> Result<ArrayRef> {
    let (left, right) = (Cells::of(args, 0)?, Cells::of(args, 1)?);
    args.reals(|row| {
        let (mut a, mut b) = (String::new(), String::new());
        if !left.json(row, &mut a) || !right.json(row, &mut b) {
            return None;
        }
        let (a, b) = (Side::read(&a)?, Side::read(&b)?);
        let length = match (a.length(), b.length()) {
            (Some(a), Some(b)) => a.min(b),
            (one, other) => one.or(other)?,
        };
        (length > 0).then(|| {
            (0..length).filter_map(|at| a.get(at).zip(b.get(at))).map(|(a, b)| a * b).sum()
        })
    })
}

fn cosine_similarity(args: &Args<'_>) -> Result<ArrayRef> {
    let (left, right) = (args.text(0)?, args.text(1)?);
    let given = |at: usize| if args.len() > at { args.real(at).map(Some) } else { Ok(None) };
    let (first, second) = (given(2)?, given(3)?);
    args.reals(|row| {
        let (a, b) = (Series::read(left.opt(row)?)?, Series::read(right.opt(row)?)?);
        let pairs: Vec<(f64, f64)> =
            a.values.iter().zip(&b.values).filter_map(|(a, b)| (*a).zip(*b)).collect();
        if a.values.is_empty() || b.values.is_empty() {
            return None;
        }
        let first = first.and_then(|column| column.get(row));
        let second = second.and_then(|column| column.get(row));
        let first = first.unwrap_or_else(|| length(pairs.iter().map(|(a, _)| *a)));
        let second = second.unwrap_or_else(|| length(pairs.iter().map(|(_, b)| *b)));
        Some(pairs.iter().map(|(a, b)| a * b).sum::<f64>() / (first * second))
    })
}

#[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn pearson(args: &Args<'_>) -> Result<ArrayRef> {
    let (left, right) = (args.text(0)?, args.text(1)?);
    args.reals(|row| {
        let (a, b) = (numbers(left, row)?, numbers(right, row)?);
        if a.len() != b.len() {
            return None;
        }
        let (of_a, of_b) = (mean(&a), mean(&b));
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (a, b) in a.iter().zip(&b) {
            let (a, b) = (a - of_a, b - of_b);
            ab += a * b;
            aa += a * a;
            bb += b * b;
        }
        Some(ab / (aa * bb).sqrt())
    })
}

struct Statistics {
    min: (f64, usize),
    max: (f64, usize),
    mean: f64,
    variance: f64,
    sum: f64,
    length: usize,
}

impl Statistics {
    /// `None` if nothing can be said: an empty series, or one with gaps that are not to be ignored.
    #[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
    fn of(series: &Series, ignore_nonfinite: bool) -> Option<Self> {
        let finite = |value: &Option<f64>| value.filter(|value| value.is_finite());
        let places: Vec<(usize, f64)> = series
            .values
            .iter()
            .enumerate()
            .filter_map(|(at, value)| Some((at, finite(value)?)))
            .collect();
        if places.is_empty() || (!ignore_nonfinite && places.len() < series.values.len()) {
            return None;
        }
        let (first, value) = places[0];
        let (mut min, mut max) = ((value, first), (value, first));
        for (at, value) in &places {
            if *value < min.0 {
                min = (*value, *at);
            }
            if *value > max.0 {
                max = (*value, *at);
            }
        }
        let sum: f64 = places.iter().map(|(_, value)| value).sum();
        let count = places.len() as f64;
        let mean = sum / count;
        let squares: f64 = places.iter().map(|(_, value)| (value - mean).powi(2)).sum();
        let variance = if count > 1.0 { squares / (count - 1.0) } else { 0.0 };
        Some(Self { min, max, mean, variance, sum, length: series.values.len() })
    }
}

fn real(value: f64) -> impl Fn(&mut String) {
    move |out| write_number(Some(value), false, out)
}

fn count(value: usize) -> impl Fn(&mut String) {
    move |out| out.push_str(&value.to_string())
}

fn described(args: &Args<'_>, write: impl Fn(&Statistics, &mut String)) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let ignore = if args.len() > 1 { Some(args.bool(1)?) } else { None };
    super::rows(args, |row, out| {
        let series = Series::read(text.opt(row)?)?;
        let ignore = ignore.and_then(|ignore| ignore.get(row)).unwrap_or(false);
        write(&Statistics::of(&series, ignore)?, out);
        Some(())
    })
}

fn stats(args: &Args<'_>) -> Result<ArrayRef> {
    described(args, |found, out| {
        write_columns(
            &[
                &real(found.min.0),
                &count(found.min.1),
                &real(found.max.0),
                &count(found.max.1),
                &real(found.mean),
                &real(found.variance.sqrt()),
                &real(found.variance),
            ],
            out,
        );
    })
}

fn stats_dynamic(args: &Args<'_>) -> Result<ArrayRef> {
    described(args, |found, out| {
        write_bag(
            &[
                ("min", &real(found.min.0)),
                ("min_idx", &count(found.min.1)),
                ("max", &real(found.max.0)),
                ("max_idx", &count(found.max.1)),
                ("avg", &real(found.mean)),
                ("stdev", &real(found.variance.sqrt())),
                ("variance", &real(found.variance)),
                ("sum", &real(found.sum)),
                ("len", &count(found.length)),
            ],
            out,
        );
    })
}
