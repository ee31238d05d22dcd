//! What is unusual in a series, and what it will be: decomposition into season, trend and rest, and fences around the rest.
//!
//! Deliberately absent: detection over several series at once.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::super::kinds::{ANY, JSON, LONG, REAL, TEXT};
use super::super::{Function, p};
use super::fits::Line;
use super::periods::{quantile, season, seasonal_part};
use super::{Series, Setting, numbers, write_columns, write_reals};
use crate::kernel::Args;

/// Beyond so many widths of the fence an element is unusual.
const THRESHOLD: f64 = 1.5;

/// How strong a period must be to be taken as the season.
const SEASON_SCORE_MIN: f64 = 0.6;

const PARTS: &[(&str, Type)] = &[
    ("baseline", Type::Dynamic),
    ("seasonal", Type::Dynamic),
    ("trend", Type::Dynamic),
    ("residual", Type::Dynamic),
];

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::kernel(
        Signature::new(
            "series_outliers",
            &[Overload::of(
                &[
                    p("series", JSON),
                    p("kind", TEXT),
                    p("ignore", ANY),
                    p("min_percentile", REAL),
                    p("max_percentile", REAL),
                    p("test_points", LONG),
                ],
                Returns::Type(Type::Dynamic),
            )
            .optional(5)],
            "How unusual each element is: above 1.5 unusually high, below -1.5 unusually low. Kinds are `ctukey` (fences at percentiles, 10 and 90 if none are given) and `tukey` (at 25 and 75).",
        ),
        outliers,
        ("tostring(series_outliers(dynamic([1, 2, 3, 2, 1]), 'tukey'))", "[0.0,0.0,1.0,0.0,0.0]"),
    ),
    Function::kernel(
        Signature::new(
            "series_decompose",
            &[Overload::of(
                &[
                    p("series", JSON),
                    p("period", LONG),
                    p("trend", TEXT),
                    p("test_points", LONG),
                    p("season_score", REAL),
                ],
                Returns::Type(Type::Dynamic),
            )
            .optional(4)],
            "A series as season, trend (`avg`, `linefit` or `none`) and rest; the first column is season and trend together.",
        )
        .with_columns(PARTS),
        decompose,
        ("tostring(series_decompose(dynamic([1, 2, 3]), 0, 'linefit')[2])", "[1.0,2.0,3.0]"),
    ),
    Function::kernel(
        Signature::new(
            "series_decompose_forecast",
            &[Overload::of(
                &[
                    p("series", JSON),
                    p("points", LONG),
                    p("period", LONG),
                    p("trend", TEXT),
                    p("season_score", REAL),
                ],
                Returns::Type(Type::Dynamic),
            )
            .optional(3)],
            "What `series_decompose` gives with the last points left out of learning, so that the first column foretells them.",
        )
        .with_columns(PARTS),
        forecast,
        ("tostring(series_decompose_forecast(dynamic([1, 2, 3, 0]), 1, 0)[0])", "[1.0,2.0,3.0,4.0]"),
    ),
    Function::kernel(
        Signature::new(
            "series_decompose_anomalies",
            &[Overload::of(
                &[
                    p("series", JSON),
                    p("threshold", REAL),
                    p("period", LONG),
                    p("trend", TEXT),
                    p("test_points", LONG),
                    p("method", TEXT),
                    p("season_score", REAL),
                ],
                Returns::Type(Type::Dynamic),
            )
            .optional(6)],
            "Which elements of a series are unusual after its season and trend: 1 or -1, the score, and what was expected, a column each.",
        )
        .with_columns(&[
            ("ad_flag", Type::Dynamic),
            ("ad_score", Type::Dynamic),
            ("baseline", Type::Dynamic),
        ]),
        anomalies,
        ("tostring(series_decompose_anomalies(dynamic([1, 2, 1, 2, 1, 9, 1, 2, 1, 2]))[0])", "[0.0,0.0,0.0,0.0,0.0,1.0,0.0,0.0,0.0,0.0]"),
    ),
];

/// Where the fences stand, in percent.
#[derive(Clone, Copy)]
struct Fences {
    low: f64,
    high: f64,
}

impl Fences {
    fn of(kind: &str, low: Option<f64>, high: Option<f64>) -> Option<Self> {
        match kind {
            "tukey" => Some(Self { low: 25.0, high: 75.0 }),
            "" | "ctukey" => {
                let fences = Self { low: low.unwrap_or(10.0), high: high.unwrap_or(90.0) };
                let allowed = 2.0..=98.0;
                (allowed.contains(&fences.low) && allowed.contains(&fences.high)).then_some(fences)
            }
            _ => None,
        }
    }
}

/// How many widths between the fences each element lies beyond them; 0 for what is missing.
fn scores(values: &[Option<f64>], learnt: usize, fences: Fences) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().take(learnt).copied().flatten().collect();
    sorted.sort_by(f64::total_cmp);
    let bounds = quantile(&sorted, fences.low / 100.0).zip(quantile(&sorted, fences.high / 100.0));
    let Some((low, high)) = bounds else { return vec![0.0; values.len()] };
    let width = high - low;
    let score = |value: f64| {
        let beyond = if value > high {
            value - high
        } else if value < low {
            value - low
        } else {
            return 0.0;
        };
        beyond / width
    };
    values.iter().map(|value| value.map_or(0.0, score)).collect()
}

fn outliers(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let kind = if args.len() > 1 { Some(args.text(1)?) } else { None };
    let ignored = Setting::of(args, 2)?;
    let (low, high, test) = (Setting::of(args, 3)?, Setting::of(args, 4)?, Setting::of(args, 5)?);
    super::rows(args, |row, out| {
        let mut series = Series::read(text.opt(row)?)?;
        if let Some(ignored) = ignored.get(row) {
            for value in &mut series.values {
                *value = value.filter(|value| *value != ignored);
            }
        }
        let kind = kind.map_or("", |kind| kind.get(row));
        let fences = Fences::of(kind, low.get(row), high.get(row))?;
        let test = test.get(row).and_then(crate::ticks::whole).unwrap_or(0);
        let learnt = series.values.len().saturating_sub(usize::try_from(test).ok()?);
        write_reals(&scores(&series.values, learnt, fences), out);
        Some(())
    })
}

/// How a series is to be taken apart.
struct Plan<'a> {
    period: i64,
    trend: &'a str,
    test_points: i64,
    season_score: f64,
}

/// A series taken apart.
struct Parts {
    seasonal: Vec<f64>,
    trend: Vec<f64>,
    baseline: Vec<f64>,
    residual: Vec<f64>,
    learnt: usize,
}

impl Parts {
    #[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
    fn of(values: &[f64], plan: &Plan<'_>) -> Option<Self> {
        let count = values.len();
        let learnt = count.checked_sub(usize::try_from(plan.test_points).ok()?)?;
        let known = &values[..learnt];
        let season = season(known, plan.period, plan.season_score);
        let seasonal = seasonal_part(known, season, count);
        let flat: Vec<f64> =
            known.iter().zip(&seasonal).map(|(value, part)| value - part).collect();
        let trend = match plan.trend {
            "none" => vec![0.0; count],
            "linefit" => Line::through(&flat).values(count),
            "" | "avg" => vec![flat.iter().sum::<f64>() / flat.len() as f64; count],
            _ => return None,
        };
        let baseline: Vec<f64> = seasonal.iter().zip(&trend).map(|(a, b)| a + b).collect();
        let residual = values.iter().zip(&baseline).map(|(value, base)| value - base).collect();
        Some(Self { seasonal, trend, baseline, residual, learnt })
    }
}

/// Optional settings of a decomposition, by their places among the arguments.
struct Settings<'a> {
    period: Setting<'a>,
    trend: Option<crate::kernel::Text<'a>>,
    test_points: Setting<'a>,
    season_score: Setting<'a>,
    default_trend: &'static str,
}

impl<'a> Settings<'a> {
    fn of(args: &Args<'a>, at: [usize; 4], default_trend: &'static str) -> Result<Self> {
        let [period, trend, test_points, season_score] = at;
        Ok(Self {
            period: Setting::of(args, period)?,
            trend: if args.len() > trend { Some(args.text(trend)?) } else { None },
            test_points: Setting::of(args, test_points)?,
            season_score: Setting::of(args, season_score)?,
            default_trend,
        })
    }

    fn plan(&self, row: usize) -> Option<Plan<'a>> {
        let whole = |setting: &Setting<'_>, default: i64| match setting.get(row) {
            Some(value) => crate::ticks::whole(value),
            None => Some(default),
        };
        let trend = self.trend.map_or("", |trend| trend.get(row));
        Some(Plan {
            period: whole(&self.period, -1)?,
            trend: if trend.is_empty() { self.default_trend } else { trend },
            test_points: whole(&self.test_points, 0)?,
            season_score: self.season_score.get(row).unwrap_or(SEASON_SCORE_MIN),
        })
    }
}

fn taken_apart(args: &Args<'_>, settings: &Settings<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    super::rows(args, |row, out| {
        let parts = Parts::of(&numbers(text, row)?, &settings.plan(row)?)?;
        write_columns(
            &[
                &|out| write_reals(&parts.baseline, out),
                &|out| write_reals(&parts.seasonal, out),
                &|out| write_reals(&parts.trend, out),
                &|out| write_reals(&parts.residual, out),
            ],
            out,
        );
        Some(())
    })
}

fn decompose(args: &Args<'_>) -> Result<ArrayRef> {
    taken_apart(args, &Settings::of(args, [1, 2, 3, 4], "avg")?)
}

fn forecast(args: &Args<'_>) -> Result<ArrayRef> {
    taken_apart(args, &Settings::of(args, [2, 3, 1, 4], "linefit")?)
}

fn anomalies(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let threshold = Setting::of(args, 1)?;
    let settings = Settings::of(args, [2, 3, 4, 6], "avg")?;
    let method = if args.len() > 5 { Some(args.text(5)?) } else { None };
    super::rows(args, |row, out| {
        let parts = Parts::of(&numbers(text, row)?, &settings.plan(row)?)?;
        let threshold = threshold.get(row).unwrap_or(THRESHOLD);
        let fences = Fences::of(method.map_or("", |method| method.get(row)), None, None)?;
        let residual: Vec<Option<f64>> = parts.residual.iter().copied().map(Some).collect();
        let scores = scores(&residual, parts.learnt, fences);
        let flag = |score: &f64| {
            if *score > threshold {
                1.0
            } else if *score < -threshold {
                -1.0
            } else {
                0.0
            }
        };
        let flags: Vec<f64> = scores.iter().map(flag).collect();
        write_columns(
            &[&|out| write_reals(&flags, out), &|out| write_reals(&scores, out), &|out| {
                write_reals(&parts.baseline, out)
            }],
            out,
        );
        Some(())
    })
}
