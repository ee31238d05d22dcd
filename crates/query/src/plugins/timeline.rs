//! What the plugins about activity over time have in common: who did something when, in which bin of the timeline, and how
//! their answers are laid out. Deliberately absent: what each of them counts.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array};
use datafusion::common::{DataFusionError, Result as DataFusionResult, ScalarValue};
use kql::types::Type;

use super::{Arg, Call, Rows};
use crate::error::{Error, Result};
use crate::ticks::{Civil, DAY};

/// How many rows such a plugin may give.
pub(crate) const ANSWERS_MAX: usize = 2_000_000;

/// How a timeline is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into pieces of one size, one of which begins at `origin`.
    Fixed {
        size: i64,
        origin: i64,
    },
    Week,
    Month,
    Year,
}

impl Step {
    /// The step that an argument asks for: a span, a number, or the name of a part of the calendar.
    pub(crate) fn of(call: &Call, at: usize, origin: i64) -> Result<Self> {
        if let Some(Arg::Constant(_, Type::String)) = call.arg(at) {
            return match call.text(at)?.as_deref() {
                Some("week") => Ok(Self::Week),
                Some("month") => Ok(Self::Month),
                Some("year") => Ok(Self::Year),
                _ => Err(call.wrong("a step is a span, a number, 'week', 'month' or 'year'")),
            };
        }
        Ok(Self::Fixed { size: positive(call, at, "step")?, origin })
    }

    /// Where the bin of a moment begins.
    pub(crate) fn bin(self, at: i64) -> i64 {
        let date = Civil { time: 0, ..Civil::of(at) };
        let start = match self {
            Self::Fixed { size, origin } => {
                return at.saturating_sub(at.saturating_sub(origin).rem_euclid(size));
            }
            // Weeks begin on Sunday; the first day of the calendar is a Monday.
            Self::Week => {
                Some(at - (at.div_euclid(DAY) + 1).rem_euclid(7) * DAY - at.rem_euclid(DAY))
            }
            Self::Month => Civil { day: 1, ..date }.ticks(),
            Self::Year => Civil { month: 1, day: 1, ..date }.ticks(),
        };
        start.unwrap_or(at)
    }

    /// Where the bin after the one that begins at `start` begins; `None` at the end of time.
    pub(crate) fn next(self, start: i64) -> Option<i64> {
        let date = Civil::of(start);
        match self {
            Self::Fixed { size, .. } => start.checked_add(size),
            Self::Week => start.checked_add(7 * DAY),
            Self::Month if date.month == 12 => {
                Civil { year: date.year + 1, month: 1, ..date }.ticks()
            }
            Self::Month => Civil { month: date.month + 1, ..date }.ticks(),
            Self::Year => Civil { year: date.year + 1, ..date }.ticks(),
        }
    }
}

/// A constant span or number that must be above zero.
pub(crate) fn positive(call: &Call, at: usize, what: &str) -> Result<i64> {
    match call.long(at)? {
        Some(value) if value > 0 => Ok(value),
        _ => Err(call.wrong(format!("the {what} (argument {}) must be above zero", at + 1))),
    }
}

/// A constant moment or number that must be there.
pub(crate) fn required(call: &Call, at: usize, what: &str) -> Result<i64> {
    call.long(at)?
        .ok_or_else(|| call.wrong(format!("the {what} (argument {}) must be a constant", at + 1)))
}

/// Somebody did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    /// The combination of dimensions.
    pub(crate) slice: usize,
    /// Who, as a number.
    pub(crate) id: usize,
    pub(crate) time: i64,
    pub(crate) row: usize,
}

/// Which columns say who, when, and in which slice.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) id: usize,
    pub(crate) time: usize,
    pub(crate) dimensions: Vec<usize>,
}

impl Source {
    /// Ids are the first argument, the timeline is the second, dimensions begin at `from`.
    pub(crate) fn of(call: &Call, from: usize) -> Result<Self> {
        Self::at(call, 0, 1, call.dimensions(from)?)
    }

    pub(crate) fn at(call: &Call, id: usize, time: usize, dimensions: Vec<usize>) -> Result<Self> {
        let (id, time) = (call.column(id)?, call.column(time)?);
        timed(call, time)?;
        Ok(Self { id, time, dimensions })
    }

    /// All events from `from` until and with `until`, by slice and time; and the first row of each slice.
    pub(crate) fn events(
        &self,
        rows: &Rows,
        from: i64,
        until: i64,
    ) -> DataFusionResult<(Vec<Event>, Vec<usize>)> {
        let args = rows.args();
        let times = args.long(self.time)?;
        let ids = rows.groups(&[self.id])?;
        let slices = rows.groups(&self.dimensions)?;
        let mut events = Vec::new();
        for (row, (id, slice)) in ids.of.into_iter().zip(&slices.of).enumerate() {
            if let Some(time) = times.get(row).filter(|time| (from..=until).contains(time)) {
                events.push(Event { slice: *slice, id, time, row });
            }
        }
        events.sort_by_key(|event| (event.slice, event.time));
        Ok((events, slices.first))
    }
}

/// Refuses a timeline of a type that has no bins.
pub(crate) fn timed(call: &Call, column: usize) -> Result<()> {
    match call.column_type(column) {
        Type::DateTime | Type::TimeSpan | Type::Long | Type::Int => Ok(()),
        other => Err(call.wrong(format!(
            "a timeline of type {} cannot be cut into bins; use datetime, timespan, long or int",
            other.name()
        ))),
    }
}

/// The events of one slice after the other.
pub(crate) fn slices(events: &[Event]) -> impl Iterator<Item = &[Event]> {
    events.chunk_by(|a, b| a.slice == b.slice)
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) slice: usize,
    pub(crate) times: Vec<i64>,
    pub(crate) counts: Vec<i64>,
    pub(crate) rates: Vec<f64>,
}

/// Rows in the making, of which there may be so many.
#[derive(Default)]
pub(crate) struct Answers(Vec<Answer>);

impl Answers {
    pub(crate) fn add(&mut self, answer: Answer) -> DataFusionResult<()> {
        if self.0.len() >= ANSWERS_MAX {
            let error = Error::TooManyRows { operator: "evaluate", rows_max: ANSWERS_MAX };
            return Err(DataFusionError::External(Box::new(error)));
        }
        self.0.push(answer);
        Ok(())
    }

    /// The columns: times, dimensions (as in the first row of each slice), counts, rates.
    pub(crate) fn columns(
        &self,
        rows: &Rows,
        dimensions: &[usize],
        first: &[usize],
        shape: Shape,
    ) -> DataFusionResult<Vec<ArrayRef>> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        for at in 0..shape.times {
            let values = self.0.iter().map(|answer| answer.times.get(at).copied());
            columns.push(Arc::new(values.collect::<Int64Array>()));
        }
        for dimension in dimensions {
            let rows_of = self.0.iter().map(|answer| first.get(answer.slice).copied());
            columns.push(rows.taken(*dimension, rows_of)?);
        }
        for at in 0..shape.counts {
            let values = self.0.iter().map(|answer| answer.counts.get(at).copied());
            columns.push(Arc::new(values.collect::<Int64Array>()));
        }
        for at in 0..shape.rates {
            let values = self.0.iter().map(|answer| answer.rates.get(at).copied());
            columns.push(Arc::new(values.collect::<Float64Array>()));
        }
        Ok(columns)
    }
}

/// How many columns of each kind an answer has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) times: usize,
    pub(crate) counts: usize,
    pub(crate) rates: usize,
}

/// How many things, as a count in an answer.
pub(crate) fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}

/// One part of a whole; not a number if there is no whole.
#[expect(clippy::cast_precision_loss, reason = "counts of rows in memory fit into a real")]
pub(crate) fn rate(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// A span of time as JSON has it: a number of ticks, or a text.
pub(crate) fn span(json: &str) -> Option<i64> {
    let text = crate::dynamic::to_text(json);
    text.parse().ok().or_else(|| crate::ticks::parse_timespan(&text))
}

/// The elements of a constant array.
pub(crate) fn elements(call: &Call, at: usize) -> Result<Vec<String>> {
    let wrong = || call.wrong(format!("argument {} must be a constant array", at + 1));
    let Some((ScalarValue::Utf8View(Some(json)), _)) = call.constant(at)? else {
        return Err(wrong());
    };
    let elements = crate::dynamic::elements(json).ok_or_else(wrong)?;
    Ok(elements.into_iter().map(|element| element.into_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: i64, month: i64, day: i64) -> i64 {
        Civil { year, month, day, time: 0 }.ticks().expect("a day")
    }

    #[test]
    fn bins_begin_where_the_step_says() {
        let noon = 12 * crate::ticks::HOUR;
        let monday = at(2024, 5, 6);
        for (step, moment, expected) in [
            (Step::Fixed { size: 7 * DAY, origin: monday + DAY }, monday + noon, monday - 6 * DAY),
            (Step::Fixed { size: 100, origin: 0 }, -1, -100),
            (Step::Week, monday + noon, monday - DAY),
            (Step::Week, monday - DAY, monday - DAY),
            (Step::Month, monday, at(2024, 5, 1)),
            (Step::Year, monday, at(2024, 1, 1)),
        ] {
            assert_eq!(step.bin(moment), expected, "{step:?}");
        }
        assert_eq!(Step::Month.next(at(2023, 12, 1)), Some(at(2024, 1, 1)));
        assert_eq!(Step::Year.next(at(9999, 1, 1)), None);
    }
}
