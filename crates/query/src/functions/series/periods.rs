//! Seasons of a series: how strongly it repeats itself after so many elements, by its correlation with itself.
//!
//! Deliberately absent: Kusto's own score, whose formula is not published; this one has the same order and range, but other
//! digits.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::super::kinds::{JSON, LONG, REAL};
use super::super::{Function, p};
use super::filters::halving;
use super::fits::Line;
use super::{numbers, write_columns, write_reals};
use crate::kernel::Args;

/// The shortest period that is looked for.
const PERIOD_MIN: usize = 4;

/// The most periods that are given.
const PERIODS_MAX: i64 = 1000;

/// How strong a period must be for `series_seasonal` to take it.
const SEASONAL_SCORE_MIN: f64 = 0.7;

const COLUMNS: &[(&str, Type)] = &[("periods", Type::Dynamic), ("scores", Type::Dynamic)];

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::kernel(
        Signature::new(
            "series_periods_detect",
            &[Overload::of(
                &[p("series", JSON), p("min_period", REAL), p("max_period", REAL), p("count", LONG)],
                Returns::Type(Type::Dynamic),
            )],
            "The strongest periods of a series and their scores from 0 to 1, in two columns; 0 where there are no more.",
        )
        .with_columns(COLUMNS),
        detect,
        (
            "tostring(series_periods_detect(dynamic([1,2,3,9,1,2,3,9,1,2,3,9,1,2,3,9]), 0, 10, 1)[0])",
            "[4.0]",
        ),
    ),
    Function::kernel(
        Signature::new(
            "series_periods_validate",
            &[Overload::of(&[p("series", JSON)], Returns::Type(Type::Dynamic))
                .repeating(&[p("period", REAL)], 1)],
            "Periods that are given, and how strong they are in a series, from 0 to 1, in two columns.",
        )
        .with_columns(COLUMNS),
        validate,
        (
            "tostring(series_periods_validate(dynamic([1,2,3,9,1,2,3,9,1,2,3,9,1,2,3,9]), 4, 5)[0])",
            "[4.0,5.0]",
        ),
    ),
    Function::kernel(
        Signature::new(
            "series_seasonal",
            &[Overload::of(
                &[p("series", JSON), p("period", LONG), p("test_points", LONG)],
                Returns::Type(Type::Dynamic),
            )
            .optional(2)],
            "The part of a series that repeats itself: the median of each place in a period. The period is found if none is given; without one all is 0.",
        ),
        seasonal,
        ("tostring(series_seasonal(dynamic([1, 3, 5, 1, 3, 5]), 3))", "[1.0,3.0,5.0,1.0,3.0,5.0]"),
    ),
];

/// The value below which a share of the values lies; between two of them on the straight line.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position in a series"
)]
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share.clamp(0.0, 1.0) * (sorted.len().checked_sub(1)? as f64);
    let below = place.floor();
    let (low, high) = (*sorted.get(below as usize)?, *sorted.get(place.ceil() as usize)?);
    Some(low + (high - low) * (place - below))
}

/// Correlation of a series with itself by lag, from which the scores of periods come.
struct Correlation {
    by_lag: Vec<f64>,
    count: usize,
}

impl Correlation {
    /// Of a series without its trend and without its extremes, which would outweigh all the rest.
    fn of(values: &[f64]) -> Self {
        let count = values.len();
        let trend = Line::through(values).values(count);
        let mut flat: Vec<f64> =
            values.iter().zip(&trend).map(|(value, fit)| value - fit).collect();
        let mut sorted = flat.clone();
        sorted.sort_by(f64::total_cmp);
        if let Some((low, high)) = quantile(&sorted, 0.05).zip(quantile(&sorted, 0.95)) {
            flat.iter_mut().for_each(|value| *value = value.max(low).min(high));
        }
        // Through its spectrum, as otherwise each lag would cost a pass over the series.
        let mut points = vec![(0.0, 0.0); (2 * count).next_power_of_two()];
        points.iter_mut().zip(&flat).for_each(|(point, value)| point.0 = *value);
        let spectrum = halving(points, -1.0);
        let power = spectrum.into_iter().map(|(re, im)| (re * re + im * im, 0.0)).collect();
        let sums = halving(power, 1.0);
        let whole = sums.first().map_or(0.0, |(sum, _)| *sum);
        let longest = count / 2 + count / 8 + 1;
        let by_lag = sums
            .iter()
            .take(longest.min(count))
            .map(|(sum, _)| if whole > 0.0 { sum / whole } else { 0.0 })
            .collect();
        Self { by_lag, count }
    }

    /// The score of a period: 0 if it is too short or too long, or no peak among its neighbours.
    #[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
    fn score(&self, period: usize) -> f64 {
        if period < PERIOD_MIN || period > self.count / 2 {
            return 0.0;
        }
        let Some(own) = self.by_lag.get(period) else { return 0.0 };
        let count = self.count as f64;
        let score = own * (count / (count - period as f64)).sqrt();
        // What noise alone may give is nothing.
        if score < 2.0 / count.sqrt() {
            return 0.0;
        }
        // The next neighbours first: they rule out nearly all that is no peak.
        let last = self.by_lag.len() - 1;
        for margin in [1, (period / 4).max(1)] {
            let around = self.by_lag.get(period - margin..=(period + margin).min(last));
            if around.unwrap_or_default().iter().any(|other| other > own) {
                return 0.0;
            }
        }
        score.min(1.0)
    }

    /// Periods within bounds with their scores, the strongest first. Of a period and its multiples only the period counts.
    #[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
    fn periods(&self, low: f64, high: f64, most: usize) -> Vec<(f64, f64)> {
        let mut all: Vec<(usize, f64)> = (PERIOD_MIN..=self.count / 2)
            .filter(|period| (low..=high).contains(&(*period as f64)))
            .map(|period| (period, self.score(period)))
            .filter(|(_, score)| *score > 0.0)
            .collect();
        all.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let mut found: Vec<(usize, f64)> = Vec::new();
        for (period, score) in all {
            let multiple = found.iter().any(|(base, _)| period % base == 0 || base % period == 0);
            if !multiple && found.len() < most {
                found.push((period, score));
            }
        }
        found.into_iter().map(|(period, score)| (period as f64, score)).collect()
    }
}

fn write_periods(periods: &[(f64, f64)], out: &mut String) {
    let lengths: Vec<f64> = periods.iter().map(|(period, _)| *period).collect();
    let scores: Vec<f64> = periods.iter().map(|(_, score)| *score).collect();
    write_columns(&[&|out| write_reals(&lengths, out), &|out| write_reals(&scores, out)], out);
}

fn detect(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, low, high) = (args.text(0)?, args.real(1)?, args.real(2)?);
    let most = args.long(3)?;
    super::rows(args, |row, out| {
        let values = numbers(text, row)?;
        let most = usize::try_from(most.get(row)?.min(PERIODS_MAX)).ok()?;
        let mut found = Correlation::of(&values).periods(low.get(row)?, high.get(row)?, most);
        found.resize(most, (0.0, 0.0));
        write_periods(&found, out);
        Some(())
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a period beyond the length of a series has score 0 in any case"
)]
fn validate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let periods = (1..args.len()).map(|at| args.real(at)).collect::<Result<Vec<_>>>()?;
    super::rows(args, |row, out| {
        let correlation = Correlation::of(&numbers(text, row)?);
        let mut found = Vec::with_capacity(periods.len());
        for period in &periods {
            let period = period.get(row)?;
            found.push((period, correlation.score(period.round() as usize)));
        }
        write_periods(&found, out);
        Some(())
    })
}

/// The length of the season of a series: the one that is asked for, or (below 0) the strongest, if it is strong enough.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a detected period is a whole number below the length of the series"
)]
pub(super) fn season(values: &[f64], period: i64, score_min: f64) -> Option<usize> {
    if period >= 0 {
        return usize::try_from(period).ok().filter(|period| *period > 0);
    }
    let (period, score) =
        Correlation::of(values).periods(0.0, f64::INFINITY, 1).into_iter().next()?;
    (score >= score_min).then_some(period as usize)
}

/// The seasonal part of a series of `count` elements, learnt from the first of them.
pub(super) fn seasonal_part(learnt: &[f64], period: Option<usize>, count: usize) -> Vec<f64> {
    let Some(period) = period else { return vec![0.0; count] };
    let period = period.min(count.max(1));
    let medians: Vec<f64> = (0..period)
        .map(|phase| {
            let mut values: Vec<f64> = learnt.iter().skip(phase).step_by(period).copied().collect();
            values.sort_by(f64::total_cmp);
            quantile(&values, 0.5).unwrap_or(0.0)
        })
        .collect();
    medians.iter().cycle().take(count).copied().collect()
}

fn seasonal(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let given = |at: usize| if args.len() > at { args.long(at).map(Some) } else { Ok(None) };
    let (period, test_points) = (given(1)?, given(2)?);
    super::rows(args, |row, out| {
        let values = numbers(text, row)?;
        let period = period.map_or(Some(-1), |period| period.get(row))?;
        let test = test_points.map_or(Some(0), |points| points.get(row))?;
        let learnt = values.len().saturating_sub(usize::try_from(test).ok()?);
        let learnt = &values[..learnt];
        let season = season(learnt, period, SEASONAL_SCORE_MIN);
        write_reals(&seasonal_part(learnt, season, values.len()), out);
        Some(())
    })
}
