//! `sequence_detect`: events that follow each other, each meeting the next of some conditions. Deliberately absent: states
//! and their successors (`funnel`).

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use datafusion::common::{DataFusionError, Result as DataFusionResult};

use super::timeline::{ANSWERS_MAX, positive, timed};
use super::{Call, Rows, Work};
use crate::error::{Error, Result};

/// The spans between which steps must lie, and where they are found.
#[derive(Clone)]
struct Sequence {
    time: usize,
    /// The longest way from one step to the next.
    step: i64,
    /// The longest way from the first step to the last.
    span: i64,
    conditions: Vec<usize>,
    dimensions: Vec<usize>,
}

pub(super) fn sequence_detect(call: &Call) -> Result<Work> {
    let time = call.column(0)?;
    timed(call, time)?;
    let step = positive(call, 1, "window of a step")?;
    let span = positive(call, 2, "span of a sequence")?;
    let (mut conditions, mut dimensions) = (Vec::new(), Vec::new());
    for at in 3..call.args.len() {
        let column = call.column(at)?;
        // What was computed for this call is a condition, what the input has is a dimension.
        if column < call.width { dimensions.push(column) } else { conditions.push(column) }
    }
    let sequence = Sequence { time, step, span, conditions, dimensions };
    Ok(Work::whole(move |rows| sequence.found(rows)))
}

impl Sequence {
    fn found(&self, rows: &Rows) -> DataFusionResult<Vec<ArrayRef>> {
        let args = rows.args();
        let times = args.long(self.time)?;
        let slices = rows.groups(&self.dimensions)?;
        // For each slice and condition, the moments at which it was met, once each.
        let steps = self.conditions.len();
        let mut moments: Vec<Vec<Vec<i64>>> = vec![vec![Vec::new(); steps]; slices.first.len()];
        for (at, column) in self.conditions.iter().enumerate() {
            let met = args.bool(*column)?;
            for (row, slice) in slices.of.iter().enumerate() {
                if met.get(row) == Some(true)
                    && let Some(time) = times.get(row)
                    && let Some(list) = moments.get_mut(*slice).and_then(|steps| steps.get_mut(at))
                {
                    list.push(time);
                }
            }
        }
        let (mut found, mut of) = (Vec::new(), Vec::new());
        for (slice, steps) in moments.iter_mut().enumerate() {
            for list in steps.iter_mut() {
                list.sort_unstable();
                list.dedup();
            }
            self.sequences(steps, &mut found)?;
            of.resize(found.len(), slice);
        }
        let mut columns = Vec::new();
        for dimension in &self.dimensions {
            let first = of.iter().map(|slice| slices.first.get(*slice).copied());
            columns.push(rows.taken(*dimension, first)?);
        }
        for at in 0..steps {
            let values = found.iter().map(|sequence| sequence.get(at).copied());
            columns.push(Arc::new(values.collect::<Int64Array>()) as ArrayRef);
        }
        let durations = found.iter().map(|sequence| Some(sequence.last()? - sequence.first()?));
        columns.push(Arc::new(durations.collect::<Int64Array>()));
        Ok(columns)
    }

    /// Every way through the steps of one slice, step by step.
    fn sequences(&self, steps: &[Vec<i64>], found: &mut Vec<Vec<i64>>) -> DataFusionResult<()> {
        let mut begun: Vec<Vec<i64>> =
            steps.first().into_iter().flatten().map(|time| vec![*time]).collect();
        for list in steps.iter().skip(1) {
            let mut longer = Vec::new();
            for sequence in &begun {
                let (Some(first), Some(last)) = (sequence.first(), sequence.last()) else {
                    continue;
                };
                let until = last.saturating_add(self.step).min(first.saturating_add(self.span));
                let from = list.partition_point(|time| time <= last);
                for time in list.iter().skip(from).take_while(|time| **time <= until) {
                    if found.len() + longer.len() >= ANSWERS_MAX {
                        let error =
                            Error::TooManyRows { operator: "evaluate", rows_max: ANSWERS_MAX };
                        return Err(DataFusionError::External(Box::new(error)));
                    }
                    let mut sequence = sequence.clone();
                    sequence.push(*time);
                    longer.push(sequence);
                }
            }
            begun = longer;
        }
        let mut seen = HashSet::new();
        found.extend(begun.into_iter().filter(|sequence| seen.insert(sequence.clone())));
        Ok(())
    }
}
