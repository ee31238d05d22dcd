//! `basket`, `autocluster`, `diffpatterns`: the patterns worth telling. `basket` tells all that are frequent, `autocluster` a
//! few that cover many rows with many values, `diffpatterns` those that are frequent in one part of the rows and rare in the
//! other. Deliberately absent: sampling; all rows are looked at, within the limits of `mining`.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array};
use datafusion::common::Result as DataFusionResult;
use kql::types::Type;

use super::mining::{
    Items, Pattern, common, members, numbers, pattern_columns, percent, whole, wildcards,
};
use super::{Call, Rows, Work};
use crate::error::Result;
use crate::functions::cells::Cells;

/// The smallest share of rows that is frequent, and what it is if nothing is said.
const SHARE_LEAST: f64 = 0.015;
const SHARE_DEFAULT: f64 = 0.05;

/// How many columns a pattern of `basket` comes from if nothing is said.
const DIMENSIONS_DEFAULT: i64 = 5;

/// How many columns a pattern of `diffpatterns` comes from at most.
const DIFFERENT_DIMENSIONS_MAX: i64 = 6;

/// How many patterns `autocluster` and `diffpatterns` tell at most.
const TOLD_MAX: usize = 50;

fn share(call: &Call, at: usize) -> Result<f64> {
    let share = call.real(at)?.unwrap_or(SHARE_DEFAULT);
    if !(SHARE_LEAST..=1.0).contains(&share) {
        return Err(call.wrong(format!("the threshold must lie between {SHARE_LEAST} and 1")));
    }
    Ok(share)
}

fn weight(call: &Call, at: usize) -> Result<Option<usize>> {
    if !call.is_column(at) {
        return call.constant(at).map(|_| None);
    }
    let column = call.column(at)?;
    if !call.column_type(column).is_number() {
        return Err(call.wrong("the weight must be a column of numbers"));
    }
    Ok(Some(column))
}

/// The columns of the input that patterns are made of.
fn dimensions(call: &Call, without: &[Option<usize>]) -> Vec<usize> {
    (0..call.width).filter(|at| !without.contains(&Some(*at))).collect()
}

fn counted(call: &Call, at: usize, default: i64, most: i64) -> Result<usize> {
    let dimensions = call.long(at)?.unwrap_or(default).clamp(1, most);
    Ok(usize::try_from(dimensions).unwrap_or(1))
}

fn told(
    rows: &Rows,
    items: &Items,
    patterns: &[Pattern],
    columns: &[usize],
    wildcards: &[(Type, datafusion::common::ScalarValue)],
) -> DataFusionResult<Vec<ArrayRef>> {
    let counts = patterns.iter().map(|pattern| whole(pattern.weight));
    let shares = patterns.iter().map(|pattern| percent(pattern.weight, items.total, 1));
    let mut found: Vec<ArrayRef> = vec![
        numbers(patterns.len()),
        Arc::new(Int64Array::from_iter_values(counts)),
        Arc::new(Float64Array::from_iter_values(shares)),
    ];
    found.extend(pattern_columns(rows, items, patterns, columns, wildcards)?);
    Ok(found)
}

fn heaviest_first(a: &Pattern, b: &Pattern) -> Ordering {
    b.weight
        .total_cmp(&a.weight)
        .then(b.items.len().cmp(&a.items.len()))
        .then(a.items.cmp(&b.items))
}

pub(super) fn basket(call: &Call) -> Result<Work> {
    let share = share(call, 0)?;
    let weight = weight(call, 1)?;
    let most = counted(call, 2, DIMENSIONS_DEFAULT, 64)?;
    let wildcards = wildcards(call, 3)?;
    let columns = dimensions(call, &[weight]);
    Ok(Work::whole(move |rows: &Rows| {
        let items = Items::of(rows, &columns, weight, share)?;
        let mut patterns = items.frequent(share * items.total, most)?;
        patterns.sort_by(heaviest_first);
        told(rows, &items, &patterns, &columns, &wildcards)
    }))
}

pub(super) fn autocluster(call: &Call) -> Result<Work> {
    let size = call.real(0)?.unwrap_or(0.5);
    if !(0.0..=1.0).contains(&size) {
        return Err(call.wrong("the weight of size must lie between 0 and 1"));
    }
    let weight = weight(call, 1)?;
    let seeds = counted(call, 2, 25, 1_000)?;
    let wildcards = wildcards(call, 3)?;
    let columns = dimensions(call, &[weight]);
    Ok(Work::whole(move |rows: &Rows| {
        let items = Items::of(rows, &columns, weight, 0.0)?;
        let score = |pattern: &Pattern| score(pattern, &items, columns.len(), size);
        let mut grown: Vec<Pattern> = Vec::new();
        for seed in spread(rows.len(), seeds) {
            let pattern = expanded(&items, seed, &score);
            if let Some(pattern) = pattern
                && !grown.iter().any(|other| other.items == pattern.items)
            {
                grown.push(pattern);
            }
        }
        grown.sort_by(|a, b| score(b).total_cmp(&score(a)).then(heaviest_first(a, b)));
        let patterns = apart(grown, |_, _| false);
        told(rows, &items, &patterns, &columns, &wildcards)
    }))
}

/// Rows at even distances.
fn spread(count: usize, seeds: usize) -> impl Iterator<Item = usize> {
    let step = count.div_ceil(seeds.max(1)).max(1);
    (0..count).step_by(step)
}

/// Many rows and many values are good, by the weighted geometric mean of both.
#[expect(clippy::cast_precision_loss, reason = "numbers of columns are small")]
fn score(pattern: &Pattern, items: &Items, columns: usize, size: f64) -> f64 {
    let covered = pattern.weight / items.total.max(1.0);
    let said = pattern.items.len() as f64 / columns.max(1) as f64;
    covered.powf(size) * said.powf(1.0 - size)
}

/// The pattern of all values of a row, from which values are dropped as long as that makes it better.
fn expanded(items: &Items, seed: usize, score: &impl Fn(&Pattern) -> f64) -> Option<Pattern> {
    let holds =
        |rows: &[u64]| rows.get(seed / 64).is_some_and(|word| word & (1 << (seed % 64)) != 0);
    let own: Vec<usize> = (0..items.items.len())
        .filter(|at| items.items.get(*at).is_some_and(|i| holds(&i.rows)))
        .collect();
    let of = |chosen: &[usize]| -> Option<Pattern> {
        let mut sets = chosen.iter().filter_map(|at| items.items.get(*at));
        let mut rows = sets.next()?.rows.clone();
        for item in sets {
            rows.iter_mut().zip(&item.rows).for_each(|(a, b)| *a &= b);
        }
        let weight = items.weigh(&rows);
        Some(items.closed(rows, weight))
    };
    let mut best = of(&own)?;
    let mut chosen = own;
    while chosen.len() > 1 {
        let dropped = (0..chosen.len()).filter_map(|at| {
            let mut fewer = chosen.clone();
            fewer.remove(at);
            Some((of(&fewer)?, fewer))
        });
        let (pattern, fewer) = dropped.max_by(|(a, _), (b, _)| score(a).total_cmp(&score(b)))?;
        if score(&pattern) > score(&best) {
            best = pattern;
        }
        chosen = fewer;
    }
    Some(best)
}

/// Of patterns in order of worth, those that tell something that the ones before them do not: more than half of their rows
/// are new, or `otherwise` says so.
fn apart(sorted: Vec<Pattern>, otherwise: impl Fn(&Pattern, &Pattern) -> bool) -> Vec<Pattern> {
    let mut chosen: Vec<Pattern> = Vec::new();
    for pattern in sorted {
        let size = common(&pattern.rows, &pattern.rows);
        let new = chosen.iter().all(|other| {
            2 * common(&pattern.rows, &other.rows) <= size || otherwise(&pattern, other)
        });
        if new && size > 1 {
            chosen.push(pattern);
        }
        if chosen.len() >= TOLD_MAX {
            break;
        }
    }
    chosen
}

pub(super) fn diffpatterns(call: &Call) -> Result<Work> {
    let split = call.column(0)?;
    let side = |at: usize| -> Result<String> {
        call.text(at)?.ok_or_else(|| call.wrong(format!("argument {} must be a text", at + 1)))
    };
    let (a, b) = (side(1)?, side(2)?);
    let weight = weight(call, 3)?;
    let share = share(call, 4)?;
    let most = counted(call, 5, DIFFERENT_DIMENSIONS_MAX, DIFFERENT_DIMENSIONS_MAX)?;
    let wildcards = wildcards(call, 6)?;
    let columns = dimensions(call, &[Some(split), weight]);
    Ok(Work::whole(move |rows: &Rows| {
        let items = Items::of(rows, &columns, weight, 0.0)?;
        let sides = sides(rows, split, [&a, &b])?;
        let [all_a, all_b] = [0, 1].map(|side| items.weigh(&sides[side]));
        let parts = |pattern: &Pattern| {
            [0, 1].map(|side| {
                let both = pattern.rows.iter().zip(&sides[side]).map(|(a, b)| a & b);
                items.weigh(&both.collect::<Vec<u64>>())
            })
        };
        let difference = |pattern: &Pattern| {
            let [a, b] = parts(pattern);
            (percent(a, all_a, 2) - percent(b, all_b, 2)).abs()
        };
        // What is frequent enough in one of the sides to make that much of a difference.
        let least = share * all_a.min(all_b);
        let mut patterns = items.frequent(least, most)?;
        patterns.retain(|pattern| difference(pattern) >= 100.0 * share);
        patterns.sort_by(|a, b| {
            difference(b).total_cmp(&difference(a)).then(a.items.len().cmp(&b.items.len()))
        });
        let patterns = apart(patterns, |_, _| false);
        let column = |value: &dyn Fn(&Pattern) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(patterns.iter().map(value)))
        };
        let counts = |side: usize| -> ArrayRef {
            let counts = patterns.iter().map(|pattern| whole(parts(pattern)[side]));
            Arc::new(Int64Array::from_iter_values(counts))
        };
        let mut found = vec![
            numbers(patterns.len()),
            counts(0),
            counts(1),
            column(&|pattern| percent(parts(pattern)[0], all_a, 2)),
            column(&|pattern| percent(parts(pattern)[1], all_b, 2)),
            column(&|pattern| (difference(pattern) * 100.0).round() / 100.0),
        ];
        found.extend(pattern_columns(rows, &items, &patterns, &columns, &wildcards)?);
        Ok(found)
    }))
}

/// The rows whose split column holds the one text, and those with the other.
fn sides(rows: &Rows, split: usize, wanted: [&str; 2]) -> DataFusionResult<[Vec<u64>; 2]> {
    let args = rows.args();
    let cells = Cells::of(&args, split)?;
    let mut sides = [0, 1].map(|_| vec![0_u64; rows.len().div_ceil(64)]);
    let mut text = String::new();
    for row in 0..rows.len() {
        text.clear();
        cells.text(row, &mut text);
        for (side, wanted) in sides.iter_mut().zip(wanted) {
            if text == wanted
                && let Some(word) = side.get_mut(row / 64)
            {
                *word |= 1 << (row % 64);
            }
        }
    }
    debug_assert!(members(&sides[0]).all(|row| row < rows.len()), "rows are there");
    Ok(sides)
}
