//! Filters and transforms of series. Before the start and after the end a series counts as zero.
//!
//! Deliberately absent: design of filters.

use std::f64::consts::PI;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::super::kinds::{BOOL, JSON};
use super::super::{Function, p};
use super::{numbers, write_columns, write_reals};
use crate::kernel::Args;

/// The most weights of a filter: each element of a series costs as many multiplications. Longer ones give null.
const WEIGHTS_MAX: usize = 10_000;

const COMPLEX: &[(&str, Type)] = &[("real", Type::Dynamic), ("imag", Type::Dynamic)];

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::kernel(
        Signature::new(
            "series_fir",
            &[Overload::of(
                &[p("series", JSON), p("filter", JSON), p("normalize", BOOL), p("center", BOOL)],
                Returns::Type(Type::Dynamic),
            )
            .optional(2)],
            "The series through a filter of finite response: each element is the sum of the last ones, weighted. The weights are divided by their sum unless one is negative or `normalize` is false.",
        ),
        fir,
        ("tostring(series_fir(dynamic([2, 4, 6]), dynamic([1, 1])))", "[1.0,3.0,5.0]"),
    ),
    Function::kernel(
        Signature::new(
            "series_iir",
            &[Overload::of(
                &[p("series", JSON), p("numerators", JSON), p("denominators", JSON)],
                Returns::Type(Type::Dynamic),
            )],
            "The series through a filter of infinite response, whose elements depend on those before them as well.",
        ),
        iir,
        (
            "tostring(series_iir(dynamic([1, 2, 3]), dynamic([1]), dynamic([1, -1])))",
            "[1.0,3.0,6.0]",
        ),
    ),
    Function::kernel(
        Signature::new(
            "series_fft",
            &[Overload::of(
                &[p("series", JSON), p("imaginary", JSON)],
                Returns::Type(Type::Dynamic),
            )
            .optional(1)],
            "The Fourier transform of a series (and its imaginary part), in two columns.",
        )
        .with_columns(COMPLEX),
        fft,
        ("tostring(series_fft(dynamic([1, 1]))[0])", "[2.0,0.0]"),
    ),
    Function::kernel(
        Signature::new(
            "series_ifft",
            &[Overload::of(
                &[p("series", JSON), p("imaginary", JSON)],
                Returns::Type(Type::Dynamic),
            )
            .optional(1)],
            "The series of a Fourier transform (and its imaginary part), in two columns.",
        )
        .with_columns(COMPLEX),
        ifft,
        ("tostring(series_ifft(dynamic([2, 0]))[0])", "[1.0,1.0]"),
    ),
];

fn fir(args: &Args<'_>) -> Result<ArrayRef> {
    let (series, filter) = (args.text(0)?, args.text(1)?);
    let flag = |at: usize| if args.len() > at { args.bool(at).map(Some) } else { Ok(None) };
    let (normalize, center) = (flag(2)?, flag(3)?);
    super::rows(args, |row, out| {
        let (series, mut filter) = (numbers(series, row)?, numbers(filter, row)?);
        if filter.len() > WEIGHTS_MAX {
            return None;
        }
        let has_negative = filter.iter().any(|weight| *weight < 0.0);
        let normalize = normalize.and_then(|flag| flag.get(row)).unwrap_or(!has_negative);
        if normalize {
            if has_negative {
                return None;
            }
            let sum: f64 = filter.iter().sum();
            filter.iter_mut().for_each(|weight| *weight /= sum);
        }
        let centered = center.and_then(|flag| flag.get(row)).unwrap_or(false);
        let shift = if centered { filter.len() / 2 } else { 0 };
        let at = |end: usize| {
            let terms = filter.iter().enumerate();
            terms
                .filter_map(|(lag, weight)| Some(weight * series.get(end.checked_sub(lag)?)?))
                .sum::<f64>()
        };
        let values: Vec<f64> = (0..series.len()).map(|end| at(end + shift)).collect();
        write_reals(&values, out);
        Some(())
    })
}

fn iir(args: &Args<'_>) -> Result<ArrayRef> {
    let (series, numerators, denominators) = (args.text(0)?, args.text(1)?, args.text(2)?);
    super::rows(args, |row, out| {
        let series = numbers(series, row)?;
        let (b, a) = (numbers(numerators, row)?, numbers(denominators, row)?);
        let (first, rest) = a.split_first()?;
        if a.len().max(b.len()) > WEIGHTS_MAX {
            return None;
        }
        let mut values: Vec<f64> = Vec::with_capacity(series.len());
        for end in 0..series.len() {
            let forward = b.iter().enumerate();
            let forward: f64 =
                forward.filter_map(|(lag, b)| Some(b * series.get(end.checked_sub(lag)?)?)).sum();
            let back = rest.iter().enumerate();
            let back: f64 =
                back.filter_map(|(lag, a)| Some(a * values.get(end.checked_sub(lag + 1)?)?)).sum();
            values.push((forward - back) / first);
        }
        write_reals(&values, out);
        Some(())
    })
}

fn fft(args: &Args<'_>) -> Result<ArrayRef> {
    transformed(args, false)
}

fn ifft(args: &Args<'_>) -> Result<ArrayRef> {
    transformed(args, true)
}

#[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
fn transformed(args: &Args<'_>, inverse: bool) -> Result<ArrayRef> {
    let real = args.text(0)?;
    let imaginary = if args.len() > 1 { Some(args.text(1)?) } else { None };
    super::rows(args, |row, out| {
        let real = numbers(real, row)?;
        let imaginary = match imaginary {
            Some(imaginary) => numbers(imaginary, row)?,
            None => vec![0.0; real.len()],
        };
        if real.len() != imaginary.len() {
            return None;
        }
        let points: Vec<Complex> = real.into_iter().zip(imaginary).collect();
        let mut points = transform(points, if inverse { 1.0 } else { -1.0 });
        if inverse {
            let count = points.len() as f64;
            points.iter_mut().for_each(|point| *point = (point.0 / count, point.1 / count));
        }
        let real: Vec<f64> = points.iter().map(|point| point.0).collect();
        let imaginary: Vec<f64> = points.iter().map(|point| point.1).collect();
        write_columns(&[&|out| write_reals(&real, out), &|out| write_reals(&imaginary, out)], out);
        Some(())
    })
}

/// A real and an imaginary part.
pub(super) type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

fn turned(angle: f64) -> Complex {
    (angle.cos(), angle.sin())
}

/// The discrete Fourier transform of any length, with the sign of the exponent.
#[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
fn transform(points: Vec<Complex>, sign: f64) -> Vec<Complex> {
    let count = points.len();
    if count.is_power_of_two() {
        return halving(points, sign);
    }
    // The algorithm of Bluestein: a transform of any length is a convolution, which one of twice the length computes.
    let size = (2 * count).next_power_of_two();
    let chirp: Vec<Complex> = (0..count)
        .map(|at| turned(sign * PI * ((at * at) % (2 * count)) as f64 / count as f64))
        .collect();
    let mut a = vec![(0.0, 0.0); size];
    let mut b = vec![(0.0, 0.0); size];
    for (at, point) in points.iter().enumerate() {
        a[at] = times(*point, chirp[at]);
        let conjugate = (chirp[at].0, -chirp[at].1);
        b[at] = conjugate;
        b[(size - at) % size] = conjugate;
    }
    let (a, b) = (halving(a, -1.0), halving(b, -1.0));
    let product: Vec<Complex> = a.into_iter().zip(b).map(|(a, b)| times(a, b)).collect();
    let scale = 1.0 / size as f64;
    halving(product, 1.0)
        .into_iter()
        .zip(chirp)
        .map(|(point, chirp)| times((point.0 * scale, point.1 * scale), chirp))
        .collect()
}

/// The fast transform of a length that is a power of two, in place.
#[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
pub(super) fn halving(mut points: Vec<Complex>, sign: f64) -> Vec<Complex> {
    let count = points.len();
    let bits = count.trailing_zeros();
    if bits == 0 {
        return points;
    }
    for at in 0..count {
        let mirrored = at.reverse_bits() >> (usize::BITS - bits);
        if at < mirrored {
            points.swap(at, mirrored);
        }
    }
    let mut half = 1;
    while half < count {
        let factors: Vec<Complex> =
            (0..half).map(|at| turned(sign * PI * at as f64 / half as f64)).collect();
        for block in points.chunks_exact_mut(2 * half) {
            let (left, right) = block.split_at_mut(half);
            for ((a, b), factor) in left.iter_mut().zip(right).zip(&factors) {
                let turned = times(*b, *factor);
                *b = (a.0 - turned.0, a.1 - turned.1);
                *a = (a.0 + turned.0, a.1 + turned.1);
            }
        }
        half *= 2;
    }
    points
}
