//! Patterns of values that many rows share: what `basket`, `autocluster` and `diffpatterns` have in common. Rows become sets
//! of items (a column with a value), items become sets of rows. Deliberately absent: which patterns are worth telling.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array};
use datafusion::common::{DataFusionError, Result as DataFusionResult, ScalarValue};
use kql::types::Type;

use super::{Arg, Call, Rows};
use crate::error::{Error, Result};
use crate::kernel::arrow_type;

/// How many rows patterns are sought in.
const MINED_ROWS_MAX: usize = 1_000_000;

/// How many different items are looked at, the most frequent ones.
const ITEMS_MAX: usize = 512;

/// How many patterns are kept.
const PATTERNS_MAX: usize = 50_000;

/// How much memory the sets of rows of all patterns may take.
const PATTERN_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How many words of sets of rows are compared: about ten seconds of work.
const WORK_MAX: usize = 10_000_000_000;

/// A set of rows, a bit each.
pub(crate) type RowSet = Vec<u64>;

/// A column with a value.
pub(crate) struct Item {
    pub(crate) column: usize,
    /// The first row that has it.
    pub(crate) row: usize,
    pub(crate) rows: RowSet,
    pub(crate) weight: f64,
}

/// The rows as items.
pub(crate) struct Items {
    pub(crate) items: Vec<Item>,
    weights: Option<Vec<f64>>,
    pub(crate) total: f64,
    pub(crate) count: usize,
}

/// A pattern: items of different columns, and the rows that have all of them.
#[derive(Clone)]
pub(crate) struct Pattern {
    /// By place among the items, in order.
    pub(crate) items: Vec<usize>,
    pub(crate) rows: RowSet,
    pub(crate) weight: f64,
}

impl Items {
    /// The values of `columns` that at least `least` of all rows have. `weight` is the column that says what a row counts.
    pub(crate) fn of(
        rows: &Rows,
        columns: &[usize],
        weight: Option<usize>,
        least: f64,
    ) -> DataFusionResult<Self> {
        if rows.len() > MINED_ROWS_MAX {
            let error = Error::TooManyRows { operator: "evaluate", rows_max: MINED_ROWS_MAX };
            return Err(DataFusionError::External(Box::new(error)));
        }
        let weights = match weight {
            Some(column) => {
                let args = rows.args();
                let weights = args.real(column)?;
                Some((0..rows.len()).map(|row| weights.get(row).unwrap_or(0.0)).collect::<Vec<_>>())
            }
            None => None,
        };
        let mut found = Self { items: Vec::new(), weights, total: 0.0, count: rows.len() };
        found.total = (0..rows.len()).map(|row| found.weight_of(row)).sum();
        for column in columns {
            found.add_column(rows, *column, least)?;
        }
        found.items.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.column.cmp(&b.column)));
        found.items.truncate(ITEMS_MAX);
        Ok(found)
    }

    fn add_column(&mut self, rows: &Rows, column: usize, least: f64) -> DataFusionResult<()> {
        let groups = rows.groups(&[column])?;
        let mut weights = vec![0.0; groups.first.len()];
        for (row, group) in groups.of.iter().enumerate() {
            let weight = self.weight_of(row);
            if let Some(sum) = weights.get_mut(*group) {
                *sum += weight;
            }
        }
        let args = rows.args();
        let text = args.text(column).ok();
        let mut places: HashMap<usize, usize> = HashMap::new();
        for (group, (row, weight)) in groups.first.iter().zip(&weights).enumerate() {
            // Nothing is no value.
            let empty = rows.array(column)?.is_null(*row)
                || text.is_some_and(|text| text.get(*row).is_empty());
            if !empty && *weight >= least * self.total && *weight > 0.0 {
                places.insert(group, self.items.len());
                let rows = vec![0; self.count.div_ceil(64)];
                self.items.push(Item { column, row: *row, rows, weight: *weight });
            }
        }
        for (row, group) in groups.of.iter().enumerate() {
            if let Some(item) = places.get(group).and_then(|at| self.items.get_mut(*at))
                && let Some(word) = item.rows.get_mut(row / 64)
            {
                *word |= 1 << (row % 64);
            }
        }
        Ok(())
    }

    fn weight_of(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights.get(row).copied().unwrap_or(0.0))
    }

    /// What a set of rows counts.
    #[expect(clippy::cast_precision_loss, reason = "a count of rows in memory fits into a real")]
    pub(crate) fn weigh(&self, rows: &[u64]) -> f64 {
        if self.weights.is_none() {
            return rows.iter().map(|word| u64::from(word.count_ones())).sum::<u64>() as f64;
        }
        members(rows).map(|row| self.weight_of(row)).sum()
    }

    /// The pattern of these items with all items that its rows have besides.
    pub(crate) fn closed(&self, rows: RowSet, weight: f64) -> Pattern {
        let items = self.items.iter().enumerate();
        let items = items.filter(|(_, item)| rows.iter().zip(&item.rows).all(|(a, b)| a & !b == 0));
        Pattern { items: items.map(|(at, _)| at).collect(), rows, weight }
    }

    /// All closed patterns that at least `least` (a weight) rows have and that come from at most `dimensions` items.
    pub(crate) fn frequent(&self, least: f64, dimensions: usize) -> DataFusionResult<Vec<Pattern>> {
        let words = self.count.div_ceil(64);
        let most = PATTERNS_MAX.min(PATTERN_BYTES_MAX / (8 * words.max(1)));
        let mut seen: HashSet<Vec<usize>> = HashSet::new();
        let mut patterns: Vec<Pattern> = Vec::new();
        // The way down: the rows of the items so far, and the item to try next.
        let mut way: Vec<(RowSet, usize)> = vec![(vec![u64::MAX; words], 0)];
        let mut work = 0;
        while let Some((rows, next)) = way.last_mut() {
            let Some(item) = self.items.get(*next) else {
                way.pop();
                continue;
            };
            *next += 1;
            let from = *next;
            let both: RowSet = rows.iter().zip(&item.rows).map(|(a, b)| a & b).collect();
            let weight = self.weigh(&both);
            work += words + 1;
            if weight < least || weight <= 0.0 {
                continue;
            }
            let pattern = self.closed(both.clone(), weight);
            work += self.items.len();
            if seen.insert(pattern.items.clone()) {
                patterns.push(pattern);
            }
            if patterns.len() > most || work > WORK_MAX {
                return Err(DataFusionError::External(Box::new(Error::TooManyPatterns)));
            }
            if way.len() < dimensions {
                way.push((both, from));
            }
        }
        Ok(patterns)
    }
}

/// The rows in a set.
pub(crate) fn members(rows: &[u64]) -> impl Iterator<Item = usize> + '_ {
    rows.iter().enumerate().flat_map(|(at, word)| {
        let mut word = *word;
        std::iter::from_fn(move || {
            let bit = word.trailing_zeros();
            (word != 0).then(|| {
                word &= word - 1;
                at * 64 + bit as usize
            })
        })
    })
}

/// How many rows two sets have in common.
pub(crate) fn common(a: &[u64], b: &[u64]) -> u64 {
    a.iter().zip(b).map(|(a, b)| u64::from((a & b).count_ones())).sum()
}

/// What stands in a pattern where any value may be: by type, from the arguments after `from`; null (or no text) otherwise.
pub(crate) fn wildcards(call: &Call, from: usize) -> Result<Vec<(Type, ScalarValue)>> {
    let mut found = Vec::new();
    for at in from..call.args.len() {
        match call.arg(at) {
            Some(Arg::Constant(value, ty)) => {
                if call.constant(at)?.is_some() {
                    found.push((*ty, value.clone()));
                }
            }
            _ => return Err(call.wrong(format!("argument {} must be a constant", at + 1))),
        }
    }
    Ok(found)
}

/// The columns of the patterns: the value where there is one, the wildcard where not.
pub(crate) fn pattern_columns(
    rows: &Rows,
    items: &Items,
    patterns: &[Pattern],
    columns: &[usize],
    wildcards: &[(Type, ScalarValue)],
) -> DataFusionResult<Vec<ArrayRef>> {
    let args = rows.args();
    columns
        .iter()
        .map(|column| {
            let ty = args.types.get(*column).copied().unwrap_or(Type::String);
            let wildcard = wildcards.iter().find(|(other, _)| *other == ty);
            let wildcard = match (wildcard, ty) {
                (Some((_, value)), _) => value.cast_to(&arrow_type(ty))?,
                (None, Type::String) => ScalarValue::Utf8View(Some(String::new())),
                (None, _) => ScalarValue::try_from(&arrow_type(ty))?,
            };
            let source = rows.array(*column)?;
            let mut values = Vec::with_capacity(patterns.len());
            for pattern in patterns {
                let item = pattern.items.iter().filter_map(|at| items.items.get(*at));
                let row = item.filter(|item| item.column == *column).map(|item| item.row).next();
                values.push(match row {
                    Some(row) => ScalarValue::try_from_array(source, row)?,
                    None => wildcard.clone(),
                });
            }
            if values.is_empty() {
                return Ok(arrow::array::new_empty_array(&arrow_type(ty)));
            }
            ScalarValue::iter_to_array(values)
        })
        .collect()
}

/// 0, 1, 2 … for so many patterns.
pub(crate) fn numbers(count: usize) -> ArrayRef {
    Arc::new((0_i64..).take(count).map(Some).collect::<Int64Array>())
}

/// A weight as a whole number of rows.
pub(crate) fn whole(weight: f64) -> i64 {
    crate::ticks::whole(weight.round()).unwrap_or(i64::MAX)
}

/// A part of a whole in percent, with so many decimals; 0 of nothing.
pub(crate) fn percent(part: f64, whole: f64, decimals: i32) -> f64 {
    if whole <= 0.0 {
        return 0.0;
    }
    let scale = 10_f64.powi(decimals);
    (100.0 * part / whole * scale).round() / scale
}
