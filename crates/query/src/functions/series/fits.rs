//! Lines and polynomials through a series, by least squares. Deliberately absent: trends as a part of a series
//! (`anomalies`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::super::kinds::{JSON, LONG};
use super::super::{Function, p};
use super::{numbers, write_bag, write_columns, write_number, write_reals};
use crate::kernel::Args;

/// The highest power of a polynomial.
const DEGREE_MAX: usize = 32;

macro_rules! function {
    ($name:literal, $columns:expr, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p("series", JSON)], Returns::Type(Type::Dynamic))],
                $doc,
            )
            .with_columns($columns),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "series_fit_line",
        &[
            ("rsquare", Type::Real),
            ("slope", Type::Real),
            ("variance", Type::Real),
            ("rvariance", Type::Real),
            ("interception", Type::Real),
            ("line_fit", Type::Dynamic),
        ],
        "The straight line that fits a series best, with how well it does, in six columns. The first element stands at 1.",
        fit_line,
        ("series_fit_line(dynamic([1, 3, 5]))[1]", "2.0")
    ),
    function!(
        "series_fit_line_dynamic",
        &[],
        "What `series_fit_line` gives, in a bag.",
        fit_line_dynamic,
        ("series_fit_line_dynamic(dynamic([1, 3, 5])).slope", "2.0")
    ),
    function!(
        "series_fit_2lines",
        &[
            ("rsquare", Type::Real),
            ("split_idx", Type::Long),
            ("variance", Type::Real),
            ("rvariance", Type::Real),
            ("line_fit", Type::Dynamic),
            ("right_rsquare", Type::Real),
            ("right_slope", Type::Real),
            ("right_interception", Type::Real),
            ("right_variance", Type::Real),
            ("right_rvariance", Type::Real),
            ("left_rsquare", Type::Real),
            ("left_slope", Type::Real),
            ("left_interception", Type::Real),
            ("left_variance", Type::Real),
            ("left_rvariance", Type::Real),
        ],
        "The two straight lines, one after the other, that fit a series best, with how well they do, in fifteen columns.",
        fit_2lines,
        ("series_fit_2lines(dynamic([1, 2, 3, 9, 8, 7]))[1]", "3")
    ),
    function!(
        "series_fit_2lines_dynamic",
        &[],
        "What `series_fit_2lines` gives, in a bag.",
        fit_2lines_dynamic,
        ("series_fit_2lines_dynamic(dynamic([1, 2, 3, 9, 8, 7])).split_idx", "3")
    ),
    Function::kernel(
        Signature::new(
            "series_fit_poly",
            &[Overload::of(
                &[p("series", JSON), p("x_series", JSON), p("degree", LONG)],
                Returns::Type(Type::Dynamic),
            )
            .optional(2)],
            "The polynomial of a degree (1 if none is given) that fits a series best over another (1, 2, 3 … if none is given), in five columns; coefficients from the highest power on.",
        )
        .with_columns(&[
            ("rsquare", Type::Real),
            ("coefficients", Type::Dynamic),
            ("variance", Type::Real),
            ("rvariance", Type::Real),
            ("poly_fit", Type::Dynamic),
        ]),
        fit_poly,
        ("round(todouble(series_fit_poly(dynamic([1, 4, 9]), dynamic([1, 2, 3]), 2)[1][0]), 6)", "1"),
    ),
];

/// Sum of squares of what deviates from the mean, and the mean.
#[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
fn spread(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum(), mean)
}

/// A fitted curve: its values, and how far the series lies from them.
struct Fit {
    /// Sum of squares around the mean.
    total: f64,
    /// Sum of squares around the curve.
    rest: f64,
    count: usize,
    curve: Vec<f64>,
}

impl Fit {
    fn new(values: &[f64], curve: Vec<f64>) -> Self {
        let rest = values.iter().zip(&curve).map(|(value, fit)| (value - fit).powi(2)).sum();
        Self { total: spread(values).0, rest, count: values.len(), curve }
    }

    fn r_square(&self) -> f64 {
        if self.total > 0.0 { 1.0 - self.rest / self.total } else { 1.0 }
    }

    /// A sum of squares as the variance of a sample.
    #[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
    fn variance(&self, squares: f64) -> f64 {
        if self.count > 1 { squares / (self.count as f64 - 1.0) } else { 0.0 }
    }
}

/// A line through a series whose first element stands at 1.
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) interception: f64,
}

impl Line {
    #[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
    pub(super) fn through(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let middle = f64::midpoint(count, 1.0);
        let (_, mean) = spread(values);
        let (mut both, mut squares) = (0.0, 0.0);
        for (at, value) in values.iter().enumerate() {
            let x = at as f64 + 1.0 - middle;
            both += x * (value - mean);
            squares += x * x;
        }
        let slope = if squares > 0.0 { both / squares } else { 0.0 };
        Self { slope, interception: mean - slope * middle }
    }

    /// Its first `count` values.
    #[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
    pub(super) fn values(&self, count: usize) -> Vec<f64> {
        (1..=count).map(|x| self.interception + self.slope * x as f64).collect()
    }

    fn fit(values: &[f64]) -> (Self, Fit) {
        let line = Self::through(values);
        let curve = line.values(values.len());
        (line, Fit::new(values, curve))
    }
}

type Write<'a> = Box<dyn Fn(&mut String) + 'a>;

fn real<'a>(value: f64) -> Write<'a> {
    Box::new(move |out| write_number(Some(value), false, out))
}

/// Names and values of what a fit gives, as columns or as a bag.
fn written(members: &[(&str, Write<'_>)], as_bag: bool, out: &mut String) {
    if as_bag {
        let members: Vec<super::Member<'_>> =
            members.iter().map(|(name, write)| (*name, &**write)).collect();
        write_bag(&members, out);
    } else {
        let columns: Vec<&dyn Fn(&mut String)> =
            members.iter().map(|(_, write)| &**write).collect();
        write_columns(&columns, out);
    }
}

fn one_line(args: &Args<'_>, as_bag: bool) -> Result<ArrayRef> {
    let text = args.text(0)?;
    super::rows(args, |row, out| {
        let values = numbers(text, row)?;
        let (line, fit) = Line::fit(&values);
        let members: [(&str, Write<'_>); 6] = [
            ("rsquare", real(fit.r_square())),
            ("slope", real(line.slope)),
            ("variance", real(fit.variance(fit.total))),
            ("rvariance", real(fit.variance(fit.rest))),
            ("interception", real(line.interception)),
            ("line_fit", Box::new(|out| write_reals(&fit.curve, out))),
        ];
        written(&members, as_bag, out);
        Some(())
    })
}

fn fit_line(args: &Args<'_>) -> Result<ArrayRef> {
    one_line(args, false)
}

fn fit_line_dynamic(args: &Args<'_>) -> Result<ArrayRef> {
    one_line(args, true)
}

/// Sums over the start of a series, by which the squares around the best line of any stretch are known at once.
struct Sums(Vec<[f64; 4]>);

impl Sums {
    #[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
    fn of(values: &[f64], mean: f64) -> Self {
        let mut sums = vec![[0.0; 4]];
        let mut sum = [0.0; 4];
        for (at, value) in values.iter().enumerate() {
            let (x, y) = (at as f64, value - mean);
            for (sum, term) in sum.iter_mut().zip([y, y * y, x * y, x]) {
                *sum += term;
            }
            sums.push(sum);
        }
        Self(sums)
    }

    /// The squares around the best line from one place to another.
    #[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
    fn rest(&self, from: usize, to: usize) -> f64 {
        let part = |at: usize| self.0[to][at] - self.0[from][at];
        let count = (to - from) as f64;
        let squares = count * (count * count - 1.0) / 12.0;
        let both = part(2) - part(3) * part(0) / count;
        let slope = if squares > 0.0 { both * both / squares } else { 0.0 };
        part(1) - part(0) * part(0) / count - slope
    }
}

fn two_lines(args: &Args<'_>, as_bag: bool) -> Result<ArrayRef> {
    let text = args.text(0)?;
    super::rows(args, |row, out| {
        let values = numbers(text, row)?;
        let sums = Sums::of(&values, spread(&values).1);
        let rest = |split: &usize| sums.rest(0, *split) + sums.rest(*split, values.len());
        // A line needs two points on either side.
        let split = (2..values.len().saturating_sub(1))
            .min_by(|a, b| rest(a).total_cmp(&rest(b)))
            .unwrap_or(values.len() / 2);
        let (left, right) = values.split_at(split);
        if left.is_empty() || right.is_empty() {
            return None;
        }
        let ((left_line, left), (right_line, right)) = (Line::fit(left), Line::fit(right));
        let whole = Fit::new(&values, [left.curve.as_slice(), &right.curve].concat());
        let mut members: Vec<(&str, Write<'_>)> = vec![
            ("rsquare", real(whole.r_square())),
            ("split_idx", Box::new(|out| out.push_str(&split.to_string()))),
            ("variance", real(whole.variance(whole.total))),
            ("rvariance", real(whole.variance(whole.rest))),
            ("line_fit", Box::new(|out| write_reals(&whole.curve, out))),
        ];
        for (names, line, fit) in [(RIGHT, &right_line, &right), (LEFT, &left_line, &left)] {
            let values = [
                fit.r_square(),
                line.slope,
                line.interception,
                fit.variance(fit.total),
                fit.variance(fit.rest),
            ];
            members.extend(names.into_iter().zip(values.map(real)));
        }
        written(&members, as_bag, out);
        Some(())
    })
}

const RIGHT: [&str; 5] =
    ["right_rsquare", "right_slope", "right_interception", "right_variance", "right_rvariance"];
const LEFT: [&str; 5] =
    ["left_rsquare", "left_slope", "left_interception", "left_variance", "left_rvariance"];

fn fit_2lines(args: &Args<'_>) -> Result<ArrayRef> {
    two_lines(args, false)
}

fn fit_2lines_dynamic(args: &Args<'_>) -> Result<ArrayRef> {
    two_lines(args, true)
}

#[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
fn fit_poly(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let axis = if args.len() > 1 { Some(args.text(1)?) } else { None };
    let degree = if args.len() > 2 { Some(args.long(2)?) } else { None };
    super::rows(args, |row, out| {
        let values = numbers(text, row)?;
        let axis = match axis {
            Some(axis) => numbers(axis, row)?,
            None => (1..=values.len()).map(|at| at as f64).collect(),
        };
        let degree = degree.map_or(Some(1), |degree| degree.get(row))?;
        let degree = usize::try_from(degree).ok().filter(|degree| *degree <= DEGREE_MAX)?;
        if axis.len() != values.len() {
            return None;
        }
        let coefficients = polynomial(&axis, &values, degree)?;
        let at = |x: f64| coefficients.iter().fold(0.0, |sum, weight| sum * x + weight);
        let fit = Fit::new(&values, axis.iter().map(|x| at(*x)).collect());
        let members: [(&str, Write<'_>); 5] = [
            ("rsquare", real(fit.r_square())),
            ("coefficients", Box::new(|out| write_reals(&coefficients, out))),
            ("variance", real(fit.variance(fit.total))),
            ("rvariance", real(fit.variance(fit.rest))),
            ("poly_fit", Box::new(|out| write_reals(&fit.curve, out))),
        ];
        written(&members, false, out);
        Some(())
    })
}

/// Coefficients from the highest power on, by orthogonal columns (twice modified Gram-Schmidt), which keeps more digits than
/// the normal equations. `None` where the points do not determine them.
fn polynomial(x: &[f64], y: &[f64], degree: usize) -> Option<Vec<f64>> {
    let size = degree + 1;
    if x.len() < size {
        return None;
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut columns: Vec<Vec<f64>> = Vec::with_capacity(size);
    // upper[j][i]: how much of orthogonal column i is in the power j.
    let mut upper = vec![vec![0.0; size]; size];
    let mut power: Vec<f64> = vec![1.0; x.len()];
    for (j, weights) in upper.iter_mut().enumerate() {
        let mut column = power.clone();
        let before = dot(&column, &column).sqrt();
        for _ in 0..2 {
            for (i, other) in columns.iter().enumerate() {
                let share = dot(other, &column);
                weights[i] += share;
                column.iter_mut().zip(other).for_each(|(value, other)| *value -= share * other);
            }
        }
        let length = dot(&column, &column).sqrt();
        if length <= before * 1e-14 {
            return None;
        }
        weights[j] = length;
        column.iter_mut().for_each(|value| *value /= length);
        columns.push(column);
        power.iter_mut().zip(x).for_each(|(power, x)| *power *= x);
    }
    let mut rest = y.to_vec();
    let mut right = Vec::with_capacity(size);
    for column in &columns {
        let share = dot(column, &rest);
        rest.iter_mut().zip(column).for_each(|(value, column)| *value -= share * column);
        right.push(share);
    }
    let mut found = vec![0.0; size];
    for i in (0..size).rev() {
        let known: f64 = (i + 1..size).map(|j| upper[j][i] * found[j]).sum();
        found[i] = (right[i] - known) / upper[i][i];
    }
    found.reverse();
    Some(found)
}
