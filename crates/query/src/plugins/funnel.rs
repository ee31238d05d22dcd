//! `funnel_sequence` and `funnel_sequence_completion`: who went through a sequence of states, what came before and after it,
//! and how far others came. Deliberately absent: sequences of conditions (`sequence`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringViewArray};
use datafusion::common::Result as DataFusionResult;

use super::timeline::{Event, Source, Step, count, elements, positive, required, slices, span};
use super::{Call, Rows, Work};
use crate::dynamic;
use crate::error::Result;
use crate::functions::cells::Cells;

/// How many ids stand beside a count as examples.
const SAMPLES_MAX: usize = 128;

/// Which of the neighbours of a sequence are told apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Neighbours {
    Both,
    Before,
    After,
}

pub(super) fn both(call: &Call) -> Result<Work> {
    neighbours(call, Neighbours::Both)
}

pub(super) fn before(call: &Call) -> Result<Work> {
    neighbours(call, Neighbours::Before)
}

pub(super) fn after(call: &Call) -> Result<Work> {
    neighbours(call, Neighbours::After)
}

/// The wanted states, as texts.
fn wanted(call: &Call, at: usize) -> Result<Vec<String>> {
    let states: Vec<String> =
        elements(call, at)?.iter().map(|element| dynamic::to_text(element).into_owned()).collect();
    if states.is_empty() {
        return Err(call.wrong("the sequence has no states"));
    }
    Ok(states)
}

/// A stretch of events of one id in one state.
struct Stay<'a> {
    state: &'a str,
    /// A row in which the state stands.
    row: usize,
    from: i64,
    until: i64,
}

/// The events of each id in order, those of one state in a row taken together.
fn stays<'a>(events: &[Event], states: &'a [String]) -> Vec<(usize, Vec<Stay<'a>>)> {
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by_key(|event| (event.id, event.time));
    let mut all = Vec::new();
    for events in sorted.chunk_by(|a, b| a.id == b.id) {
        let mut stays: Vec<Stay<'a>> = Vec::new();
        for event in events {
            let state = states.get(event.row).map_or("", String::as_str);
            match stays.last_mut() {
                Some(last) if last.state == state => last.until = event.time,
                _ => {
                    stays.push(Stay { state, row: event.row, from: event.time, until: event.time })
                }
            }
        }
        if let Some(first) = events.first() {
            all.push((first.row, stays));
        }
    }
    all
}

fn texts(rows: &Rows, column: usize) -> DataFusionResult<Vec<String>> {
    let args = rows.args();
    let cells = Cells::of(&args, column)?;
    let mut texts = vec![String::new(); rows.len()];
    for (row, text) in texts.iter_mut().enumerate() {
        cells.text(row, text);
    }
    Ok(texts)
}

fn neighbours(call: &Call, kind: Neighbours) -> Result<Work> {
    let (start, end) = (required(call, 2, "start")?, required(call, 3, "end")?);
    let window = positive(call, 4, "window between steps")?;
    let step = Step::of(call, 5, start)?;
    let state = call.column(6)?;
    let wanted = wanted(call, 7)?;
    let source = Source::at(call, 0, 1, Vec::new())?;
    Ok(Work::whole(move |rows: &Rows| {
        let (events, _) = source.events(rows, start, end)?;
        let states = texts(rows, state)?;
        // By bin and neighbours: rows with the neighbours' states, and one row of each id.
        type Key<'a> = (i64, Option<&'a str>, Option<&'a str>);
        type Around = (Option<usize>, Option<usize>, BTreeSet<usize>);
        let mut found: BTreeMap<Key<'_>, Around> = BTreeMap::new();
        for (id, stays) in stays(&events, &states) {
            for at in 0..stays.len() {
                let Some(run) = stays.get(at..at + wanted.len()) else { break };
                let close =
                    |pair: &[Stay<'_>]| pair[1].from.saturating_sub(pair[0].until) <= window;
                let matches = run.iter().zip(&wanted).all(|(stay, state)| stay.state == state)
                    && run.windows(2).all(close);
                let (Some(first), true) = (run.first(), matches) else { continue };
                let last = run.last().unwrap_or(first);
                let near = |stay: &&Stay<'_>, gap: i64| gap <= window && !stay.state.is_empty();
                let previous = at.checked_sub(1).and_then(|before| stays.get(before));
                let previous = previous.filter(|s| near(s, first.from.saturating_sub(s.until)));
                let next = stays.get(at + wanted.len());
                let next = next.filter(|s| near(s, s.from.saturating_sub(last.until)));
                let previous = previous.filter(|_| kind != Neighbours::After);
                let next = next.filter(|_| kind != Neighbours::Before);
                let key = (
                    step.bin(first.from),
                    previous.map(|stay| stay.state),
                    next.map(|stay| stay.state),
                );
                let entry = found.entry(key).or_insert_with(|| {
                    (previous.map(|s| s.row), next.map(|s| s.row), BTreeSet::new())
                });
                entry.2.insert(id);
            }
        }
        let mut ordered: Vec<_> = found.into_iter().collect();
        ordered.sort_by(|(a, x), (b, y)| a.0.cmp(&b.0).then(y.2.len().cmp(&x.2.len())));
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(Int64Array::from_iter_values(ordered.iter().map(|((bin, ..), _)| *bin)))];
        if kind != Neighbours::After {
            columns.push(rows.taken(state, ordered.iter().map(|(_, (row, ..))| *row))?);
        }
        if kind != Neighbours::Before {
            columns.push(rows.taken(state, ordered.iter().map(|(_, (_, row, _))| *row))?);
        }
        let counts = ordered.iter().map(|(_, (.., ids))| count(ids.len()));
        columns.push(Arc::new(Int64Array::from_iter_values(counts)));
        let samples = samples(rows, source.id, ordered.iter().map(|(_, (.., ids))| ids))?;
        columns.push(Arc::new(StringViewArray::from_iter_values(samples)));
        Ok(columns)
    }))
}

/// Some of the ids of each set, as arrays.
fn samples<'a>(
    rows: &Rows,
    column: usize,
    sets: impl Iterator<Item = &'a BTreeSet<usize>>,
) -> DataFusionResult<Vec<String>> {
    let args = rows.args();
    let cells = Cells::of(&args, column)?;
    Ok(sets
        .map(|ids| {
            let mut json = String::from("[");
            for (at, row) in ids.iter().take(SAMPLES_MAX).enumerate() {
                if at > 0 {
                    json.push(',');
                }
                if !cells.json(*row, &mut json) {
                    json.push_str("null");
                }
            }
            json.push(']');
            json
        })
        .collect())
}

/// For each span, how many ids came to each state of the sequence within it.
pub(super) fn completion(call: &Call) -> Result<Work> {
    let (start, end) = (required(call, 2, "start")?, required(call, 3, "end")?);
    let step = Step::of(call, 4, start)?;
    let state = call.column(5)?;
    let wanted = wanted(call, 6)?;
    let spans: Vec<i64> = elements(call, 7)?
        .iter()
        .map(|element| {
            span(element).ok_or_else(|| call.wrong(format!("{element} is not a timespan")))
        })
        .collect::<Result<_>>()?;
    let source = Source::at(call, 0, 1, Vec::new())?;
    Ok(Work::whole(move |rows: &Rows| {
        let (events, _) = source.events(rows, start, end)?;
        let states = texts(rows, state)?;
        // Bin, span, place in the sequence: the ids that came so far.
        let mut found: BTreeMap<(i64, usize, usize), BTreeSet<usize>> = BTreeMap::new();
        for slice in slices(&events) {
            let mut sorted: Vec<&Event> = slice.iter().collect();
            sorted.sort_by_key(|event| (event.id, event.time));
            for events in sorted.chunk_by(|a, b| a.id == b.id) {
                for (number, span) in spans.iter().enumerate() {
                    progress(events, &states, &wanted, *span, |first, place, id| {
                        found.entry((step.bin(first), number, place)).or_default().insert(id);
                    });
                }
            }
        }
        let times = Int64Array::from_iter_values(found.keys().map(|(bin, ..)| *bin));
        let names = found.keys().map(|(.., place)| wanted.get(*place).map_or("", String::as_str));
        let names = StringViewArray::from_iter_values(names);
        let within = found.keys().map(|(_, number, _)| spans.get(*number).copied());
        let within: Int64Array = within.collect();
        let counts = Int64Array::from_iter_values(found.values().map(|ids| count(ids.len())));
        Ok(vec![Arc::new(times), Arc::new(names), Arc::new(within), Arc::new(counts)])
    }))
}

/// Tells of each state of the sequence that one id comes to, from each of its events in the first state.
fn progress(
    events: &[&Event],
    states: &[String],
    wanted: &[String],
    span: i64,
    mut tell: impl FnMut(i64, usize, usize),
) {
    let is = |event: &Event, place: usize| states.get(event.row) == wanted.get(place);
    // For each place, the latest moment of the first state from which it was come to: later beginnings reach further.
    let mut reached: Vec<Option<i64>> = vec![None; wanted.len()];
    for event in events {
        for place in (0..wanted.len()).rev().filter(|place| is(event, *place)) {
            let first = match place.checked_sub(1) {
                None => Some(event.time),
                Some(before) => reached.get(before).copied().flatten(),
            };
            if let Some(first) = first.filter(|first| event.time.saturating_sub(*first) <= span) {
                tell(first, place, event.id);
                if let Some(slot) = reached.get_mut(place) {
                    *slot = (*slot).max(Some(first));
                }
            }
        }
    }
}
