//! `sliding_window_counts`, `rolling_percentile`, `active_users_count`, `session_count`: what a window holds that moves over
//! a timeline bin by bin. Counts of different ids are exact, percentiles are by nearest rank. Deliberately absent: windows
//! over rows instead of time.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::activity::forget;
use super::timeline::{
    Answer, Answers, Event, Shape, Source, Step, count, positive, required, slices, timed,
};
use super::{Call, Rows, Work};
use crate::error::Result;

const COUNTS: Shape = Shape { times: 1, counts: 1, rates: 0 };

/// Events and ids of each window of `lookback` that ends with a bin, as long as a window has any.
pub(super) fn sliding_window_counts(call: &Call) -> Result<Work> {
    let source = Source::of(call, 6)?;
    let (start, end) = (required(call, 2, "start")?, required(call, 3, "end")?);
    let lookback = positive(call, 4, "lookback window")?;
    let step = Step::of(call, 5, start)?;
    Ok(Work::whole(move |rows: &Rows| {
        let (events, first) = source.events(rows, start.saturating_sub(lookback), end)?;
        let mut answers = Answers::default();
        for slice in slices(&events) {
            let mut waiting = slice.iter();
            let mut window: VecDeque<Event> = VecDeque::new();
            let mut active: HashMap<usize, usize> = HashMap::new();
            let mut bin = Some(step.bin(start.max(slice[0].time)));
            let mut next = waiting.next();
            while let Some(at) = bin.filter(|bin| *bin <= end) {
                let after = step.next(at);
                while let Some(event) = next.filter(|e| after.is_none_or(|after| e.time < after)) {
                    window.push_back(*event);
                    *active.entry(event.id).or_default() += 1;
                    next = waiting.next();
                }
                let from = after.unwrap_or(i64::MAX).saturating_sub(lookback);
                while let Some(gone) = window.pop_front_if(|event| event.time < from) {
                    forget(&mut active, gone.id);
                }
                if window.is_empty() {
                    // On to the bin of the next event, over those whose windows are empty.
                    bin = next.map(|event| step.bin(event.time));
                    continue;
                }
                answers.add(Answer {
                    slice: slice[0].slice,
                    times: vec![at],
                    counts: vec![count(window.len()), count(active.len())],
                    rates: Vec::new(),
                })?;
                bin = after;
            }
        }
        answers.columns(rows, &source.dimensions, &first, Shape { counts: 2, ..COUNTS })
    }))
}

/// Which places of an order are taken (a Fenwick tree): taking, leaving and finding the n-th take logarithmic time.
struct Places(Vec<i64>);

impl Places {
    fn new(places: usize) -> Self {
        Self(vec![0; places.next_power_of_two() + 1])
    }

    fn add(&mut self, place: usize, change: i64) {
        let mut at = place + 1;
        while let Some(sum) = self.0.get_mut(at) {
            *sum += change;
            at += at & at.wrapping_neg();
        }
    }

    /// The n-th place that is taken, counted from 1.
    fn nth(&self, n: usize) -> Option<usize> {
        let (mut at, mut left) = (0, count(n));
        let mut step = self.0.len() - 1;
        while step > 0 {
            if let Some(sum) = self.0.get(at + step).filter(|sum| **sum < left) {
                at += step;
                left -= sum;
            }
            step /= 2;
        }
        (at + 1 < self.0.len()).then_some(at)
    }
}

/// The percentile of each window of so many bins, from the first bin with values to the last.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank lies between 0 and the number of rows"
)]
pub(super) fn rolling_percentile(call: &Call) -> Result<Work> {
    let value = call.column(0)?;
    let percentile = call.real(1)?.unwrap_or(50.0);
    if !(0.0..=100.0).contains(&percentile) {
        return Err(call.wrong("a percentile lies between 0 and 100"));
    }
    let index = call.column(2)?;
    timed(call, index)?;
    let step = Step::of(call, 3, 0)?;
    let size = positive(call, 3, "bin size")?;
    let lookback = size.saturating_mul(positive(call, 4, "number of bins")?);
    let dimensions = call.dimensions(5)?;
    let source = Source { id: value, time: index, dimensions };
    Ok(Work::whole(move |rows: &Rows| {
        let (events, first) = source.events(rows, i64::MIN, i64::MAX)?;
        // Values by size: their places in this order are what the windows hold.
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let sorted = arrow::compute::sort_to_indices(rows.array(value)?, None, None)?;
        for (place, row) in sorted.values().iter().enumerate() {
            if let Some(rank) = order.get_mut(*row as usize) {
                *rank = place;
            }
        }
        let ranks = |event: &Event| order.get(event.row).copied().unwrap_or(0);
        let (mut answers, mut chosen) = (Answers::default(), Vec::new());
        for slice in slices(&events) {
            let mut waiting = slice
                .iter()
                .filter(|e| rows.array(value).is_ok_and(|a| !super::rows::is_null(a, e.row)))
                .peekable();
            let mut window: VecDeque<Event> = VecDeque::new();
            let mut places = Places::new(rows.len());
            let mut bin = waiting.peek().map(|event| step.bin(event.time));
            while let Some(at) = bin {
                let after = step.next(at);
                while let Some(event) =
                    waiting.next_if(|event| after.is_none_or(|after| event.time < after))
                {
                    window.push_back(*event);
                    places.add(ranks(event), 1);
                }
                let from = after.unwrap_or(i64::MAX).saturating_sub(lookback);
                while let Some(gone) = window.pop_front_if(|event| event.time < from) {
                    places.add(ranks(&gone), -1);
                }
                let rank = (percentile / 100.0 * window.len() as f64).ceil() as usize;
                match places.nth(rank.max(1)).filter(|_| !window.is_empty()) {
                    Some(place) => {
                        chosen.push(sorted.values().get(place).map(|row| *row as usize));
                        answers.add(Answer {
                            slice: slice[0].slice,
                            times: vec![at],
                            counts: Vec::new(),
                            rates: Vec::new(),
                        })?;
                        bin = after.filter(|_| waiting.peek().is_some());
                    }
                    None => bin = waiting.peek().map(|event| step.bin(event.time)),
                }
            }
        }
        let shape = Shape { times: 1, counts: 0, rates: 0 };
        let mut columns = answers.columns(rows, &source.dimensions, &first, shape)?;
        columns.push(rows.taken(value, chosen)?);
        Ok(columns)
    }))
}

/// Ids that were active in enough different periods of the window before one of their appearances, by the bin of that
/// appearance.
pub(super) fn active_users_count(call: &Call) -> Result<Work> {
    let source = Source::of(call, 8)?;
    let (start, end) = (required(call, 2, "start")?, required(call, 3, "end")?);
    let lookback = positive(call, 4, "lookback window")?;
    let period = Step::of(call, 5, start)?;
    let least =
        usize::try_from(positive(call, 6, "number of active periods")?).unwrap_or(usize::MAX);
    let step = Step::of(call, 7, start)?;
    Ok(Work::whole(move |rows: &Rows| {
        let (events, first) = source.events(rows, start.saturating_sub(lookback), end)?;
        let mut answers = Answers::default();
        for slice in slices(&events) {
            let mut periods: HashMap<usize, VecDeque<i64>> = HashMap::new();
            let mut active: BTreeMap<i64, HashSet<usize>> = BTreeMap::new();
            for event in slice {
                let seen = periods.entry(event.id).or_default();
                let now = period.bin(event.time);
                if seen.back() != Some(&now) {
                    seen.push_back(now);
                }
                let from = now.saturating_sub(lookback);
                while seen.pop_front_if(|period| *period <= from).is_some() {}
                if seen.len() >= least && event.time >= start {
                    active.entry(step.bin(event.time)).or_default().insert(event.id);
                }
            }
            for (bin, ids) in active {
                answers.add(Answer {
                    slice: slice[0].slice,
                    times: vec![bin],
                    counts: vec![count(ids.len())],
                    rates: Vec::new(),
                })?;
            }
        }
        answers.columns(rows, &source.dimensions, &first, COUNTS)
    }))
}

/// Sessions by the bin in which they begin: an id that was not there for `lookback` begins a new one.
pub(super) fn session_count(call: &Call) -> Result<Work> {
    let source = Source::of(call, 6)?;
    let (start, end) = (required(call, 2, "start")?, required(call, 3, "end")?);
    let step = Step::of(call, 4, 0)?;
    let lookback = positive(call, 5, "lookback window")?;
    Ok(Work::whole(move |rows: &Rows| {
        let (events, first) = source.events(rows, start.saturating_sub(lookback), end)?;
        let mut answers = Answers::default();
        for slice in slices(&events) {
            let mut last: HashMap<usize, i64> = HashMap::new();
            let mut sessions: BTreeMap<i64, i64> = BTreeMap::new();
            for event in slice {
                let before = last.insert(event.id, event.time);
                let begins = before.is_none_or(|b| event.time.saturating_sub(b) >= lookback);
                if begins && event.time >= start {
                    *sessions.entry(step.bin(event.time)).or_default() += 1;
                }
            }
            for (bin, sessions) in sessions {
                answers.add(Answer {
                    slice: slice[0].slice,
                    times: vec![bin],
                    counts: vec![sessions],
                    rates: Vec::new(),
                })?;
            }
        }
        answers.columns(rows, &source.dimensions, &first, COUNTS)
    }))
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn the_nth_place_that_is_taken_is_found() {
        let mut places = Places::new(10);
        for place in [9, 0, 4, 7] {
            places.add(place, 1);
        }
        places.add(4, -1);
        for (n, expected) in [(1, Some(0)), (2, Some(7)), (3, Some(9)), (4, None)] {
            assert_eq!(places.nth(n), expected, "{n}");
        }
    }
}
