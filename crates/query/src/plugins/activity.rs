//! `activity_counts_metrics`, `activity_metrics`, `activity_engagement`: how many are active in each bin of a timeline, how
//! many of them are new, come back or stay away. Counts of different ids are exact. Deliberately absent: cohorts of new
//! ids (`cohorts`).

use std::collections::{HashMap, HashSet, VecDeque};

use super::timeline::{
    Answer, Answers, Event, Shape, Source, Step, count, positive, rate, required, slices,
};
use super::{Call, Rows, Work};
use crate::error::Result;

/// The events of a slice bin by bin, in order; bins without events are not there.
fn bins(slice: &[Event], step: Step) -> impl Iterator<Item = (i64, &[Event])> {
    let same = move |a: &Event, b: &Event| step.bin(a.time) == step.bin(b.time);
    slice.chunk_by(same).filter_map(move |bin| Some((step.bin(bin.first()?.time), bin)))
}

fn ids(events: &[Event]) -> HashSet<usize> {
    events.iter().map(|event| event.id).collect()
}

/// Each bin against all bins before it.
pub(super) fn counts(call: &Call) -> Result<Work> {
    let source = Source::of(call, 5)?;
    let (start, end) = (required(call, 2, "start")?, required(call, 3, "end")?);
    let step = Step::of(call, 4, start)?;
    Ok(Work::whole(move |rows: &Rows| {
        let (events, first) = source.events(rows, start, end)?;
        let mut answers = Answers::default();
        for slice in slices(&events) {
            let mut seen: HashSet<usize> = HashSet::new();
            for (bin, events) in bins(slice, step) {
                let active = ids(events);
                let before = seen.len();
                seen.extend(&active);
                answers.add(Answer {
                    slice: slice[0].slice,
                    times: vec![bin],
                    counts: [events.len(), active.len(), seen.len() - before, seen.len()]
                        .map(count)
                        .to_vec(),
                    rates: Vec::new(),
                })?;
            }
        }
        answers.columns(rows, &source.dimensions, &first, Shape { times: 1, counts: 4, rates: 0 })
    }))
}

/// Start and end of the analysis, and where the arguments after them begin; without them, all of the timeline.
fn bounds(call: &Call, windows: usize) -> Result<(i64, i64, usize)> {
    let given = call.args.len() >= 4 + windows && (2..4 + windows).all(|at| !call.is_column(at));
    if given {
        return Ok((required(call, 2, "start")?, required(call, 3, "end")?, 4));
    }
    Ok((i64::MIN, i64::MAX, 2))
}

/// Each bin against the one before it.
pub(super) fn metrics(call: &Call) -> Result<Work> {
    let (start, end, window) = bounds(call, 1)?;
    let source = Source::of(call, window + 1)?;
    let step = Step::of(call, window, start.max(0))?;
    Ok(Work::whole(move |rows: &Rows| {
        let (events, first) = source.events(rows, start, end)?;
        let mut answers = Answers::default();
        for slice in slices(&events) {
            let mut before: (Option<i64>, HashSet<usize>) = (None, HashSet::new());
            for (bin, events) in bins(slice, step) {
                if before.0 != Some(bin) {
                    // Nobody was active in the bin before this one.
                    before.1.clear();
                }
                let active = ids(events);
                let kept = active.intersection(&before.1).count();
                let whole = before.1.len();
                answers.add(Answer {
                    slice: slice[0].slice,
                    times: vec![bin],
                    counts: vec![count(active.len()), count(active.len() - kept)],
                    rates: vec![rate(kept, whole), rate(whole - kept, whole)],
                })?;
                before = (step.next(bin), active);
            }
        }
        answers.columns(rows, &source.dimensions, &first, Shape { times: 1, counts: 2, rates: 2 })
    }))
}

/// Each bin against a longer window that ends with it.
pub(super) fn engagement(call: &Call) -> Result<Work> {
    let (start, end, windows) = bounds(call, 2)?;
    let inner = positive(call, windows, "inner window")?;
    let outer = positive(call, windows + 1, "outer window")?;
    let source = Source::of(call, windows + 2)?;
    let step = Step::Fixed { size: inner, origin: start.max(0) };
    Ok(Work::whole(move |rows: &Rows| {
        // The window of the first bin reaches back before the start.
        let from = start.saturating_sub(outer);
        let (events, first) = source.events(rows, from, end)?;
        let mut answers = Answers::default();
        for slice in slices(&events) {
            let mut window: VecDeque<Event> = VecDeque::new();
            let mut active: HashMap<usize, usize> = HashMap::new();
            for (bin, events) in bins(slice, step) {
                for event in events {
                    window.push_back(*event);
                    *active.entry(event.id).or_default() += 1;
                }
                let begin = bin.saturating_add(inner).saturating_sub(outer);
                while let Some(gone) = window.pop_front_if(|event| event.time < begin) {
                    forget(&mut active, gone.id);
                }
                if bin < start {
                    continue;
                }
                let inside = ids(events).len();
                answers.add(Answer {
                    slice: slice[0].slice,
                    times: vec![bin],
                    counts: vec![count(inside), count(active.len())],
                    rates: vec![rate(inside, active.len())],
                })?;
            }
        }
        answers.columns(rows, &source.dimensions, &first, Shape { times: 1, counts: 2, rates: 1 })
    }))
}

/// One event less of an id.
pub(super) fn forget(active: &mut HashMap<usize, usize>, id: usize) {
    if let Some(events) = active.get_mut(&id) {
        *events -= 1;
        if *events == 0 {
            active.remove(&id);
        }
    }
}
