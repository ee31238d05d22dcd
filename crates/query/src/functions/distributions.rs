//! Functions of mathematical statistics: gamma, error and beta functions, and Welch's test. Computed by continued fraction
//! and logarithms of gamma, so that no intermediate value overflows.
//!
//! Deliberately absent: statistics of columns (`aggregates`) and of series.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::REAL;
use super::{Function, p};
use crate::kernel::Args;

/// Terms of the continued fraction after which it has converged for any sensible argument.
const TERMS_MAX: u32 = 10_000;

macro_rules! function {
    ($name:literal, [$($param:literal),*], $function:expr, $doc:literal, $call:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            let function: fn(&[f64]) -> f64 = $function;
            let columns = (0..args.len()).map(|at| args.real(at)).collect::<Result<Vec<_>>>()?;
            let mut values = Vec::with_capacity(columns.len());
            args.reals(|row| {
                values.clear();
                for column in &columns {
                    values.push(column.get(row)?);
                }
                Some(function(&values))
            })
        }
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[$(p($param, REAL)),*], Returns::Type(Type::Real))],
                $doc,
            ),
            kernel,
            ($call, $answer),
        )
    }};
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "gamma",
        ["number"],
        |args| one(args, libm::tgamma),
        "The gamma function: for a whole number the factorial of the one before it.",
        "gamma(5)",
        "24"
    ),
    function!(
        "loggamma",
        ["number"],
        |args| one(args, libm::lgamma),
        "The logarithm of the gamma function's absolute value.",
        "round(loggamma(5), 4)",
        "3.1781"
    ),
    function!(
        "erf",
        ["number"],
        |args| one(args, libm::erf),
        "The error function.",
        "round(erf(1), 4)",
        "0.8427"
    ),
    function!(
        "erfc",
        ["number"],
        |args| one(args, libm::erfc),
        "The complementary error function.",
        "round(erfc(1), 4)",
        "0.1573"
    ),
    function!(
        "beta_cdf",
        ["x", "alpha", "beta"],
        |args| three(args, cumulative),
        "The beta distribution's cumulative probability at x; NaN outside 0 to 1.",
        "round(beta_cdf(0.2, 10.0, 50.0), 4)",
        "0.7684"
    ),
    function!(
        "beta_pdf",
        ["x", "alpha", "beta"],
        |args| three(args, density),
        "The beta distribution's density at x; NaN outside 0 to 1.",
        "round(beta_pdf(0.5, 10.0, 20.0), 4)",
        "0.7462"
    ),
    function!(
        "beta_inv",
        ["probability", "alpha", "beta"],
        |args| three(args, inverse),
        "The x at which the beta distribution's cumulative probability is the given one.",
        "round(beta_inv(0.1, 10.0, 20.0), 4)",
        "0.2264"
    ),
    function!(
        "welch_test",
        ["mean1", "variance1", "count1", "mean2", "variance2", "count2"],
        welch,
        "The probability, by Welch's test, of means so far apart if both samples had one mean.",
        "round(welch_test(20.8, 7.9, 15, 23.0, 3.8, 15), 3)",
        "0.02"
    ),
];

fn one(args: &[f64], function: fn(f64) -> f64) -> f64 {
    args.first().copied().map_or(f64::NAN, function)
}

fn three(args: &[f64], function: fn(f64, f64, f64) -> f64) -> f64 {
    match args {
        [x, alpha, beta] => function(*x, *alpha, *beta),
        _ => f64::NAN,
    }
}

/// The regularised incomplete beta function. Without a positive alpha all of the distribution lies at 0, without a positive
/// beta at 1, as Kusto answers.
fn cumulative(x: f64, alpha: f64, beta: f64) -> f64 {
    if !(0.0..=1.0).contains(&x) {
        return f64::NAN;
    }
    if alpha <= 0.0 {
        return 1.0;
    }
    if beta <= 0.0 {
        return if x < 1.0 { 0.0 } else { 1.0 };
    }
    if x == 0.0 || x == 1.0 {
        return x;
    }
    let scale = libm::lgamma(alpha + beta) - libm::lgamma(alpha) - libm::lgamma(beta)
        + alpha * x.ln()
        + beta * (-x).ln_1p();
    if x < (alpha + 1.0) / (alpha + beta + 2.0) {
        scale.exp() * fraction(x, alpha, beta) / alpha
    } else {
        1.0 - scale.exp() * fraction(1.0 - x, beta, alpha) / beta
    }
}

/// The continued fraction of the incomplete beta function, by the method of Lentz.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut whole = d;
    for term in 1..=TERMS_MAX {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for factor in [even, odd] {
            d = 1.0 / away(1.0 + factor * d);
            c = away(1.0 + factor / c);
            whole *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    whole
}

fn density(x: f64, alpha: f64, beta: f64) -> f64 {
    if !(0.0..=1.0).contains(&x) || alpha <= 0.0 || beta <= 0.0 {
        return f64::NAN;
    }
    let scale = libm::lgamma(alpha + beta) - libm::lgamma(alpha) - libm::lgamma(beta);
    // At the ends a power of zero may meet an exponent of zero.
    let power = |base: f64, exponent: f64| if exponent == 0.0 { 1.0 } else { base.powf(exponent) };
    if x == 0.0 || x == 1.0 {
        return scale.exp() * power(x, alpha - 1.0) * power(1.0 - x, beta - 1.0);
    }
    (scale + (alpha - 1.0) * x.ln() + (beta - 1.0) * (-x).ln_1p()).exp()
}

/// Found by halving, which always ends: 1100 steps go from 1 to the smallest number there is.
fn inverse(probability: f64, alpha: f64, beta: f64) -> f64 {
    if !(0.0..=1.0).contains(&probability) || alpha <= 0.0 || beta <= 0.0 {
        return f64::NAN;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..1100 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if cumulative(middle, alpha, beta) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The two-sided probability of Student's distribution with Welch's and Satterthwaite's degrees of freedom.
fn welch(args: &[f64]) -> f64 {
    let [mean1, variance1, count1, mean2, variance2, count2] = args else { return f64::NAN };
    let (a, b) = (variance1 / count1, variance2 / count2);
    let t = (mean1 - mean2) / (a + b).sqrt();
    let freedom = (a + b).powi(2) / (a * a / (count1 - 1.0) + b * b / (count2 - 1.0));
    cumulative(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}
