//! `new_activity_metrics`: ids that were first seen in one bin of a timeline, and how many of them come back in each later
//! one. Deliberately absent: everybody else (`activity`).

use std::collections::{BTreeMap, HashMap, HashSet};

use datafusion::common::Result as DataFusionResult;

use super::timeline::{Answer, Answers, Event, Shape, Source, Step, count, rate, required, slices};
use super::{Arg, Call, Rows, Work};
use crate::error::Result;
use crate::functions::cells::Cells;

pub(super) fn new_activity_metrics(call: &Call) -> Result<Work> {
    let (start, end) = (required(call, 2, "start")?, required(call, 3, "end")?);
    let step = Step::of(call, 4, start)?;
    // What follows: a cohort, dimensions, a table of ids seen before; each may be missing.
    let (mut cohort, mut dimensions, mut lookback) = (None, Vec::new(), false);
    for at in 5..call.args.len() {
        match call.arg(at) {
            Some(Arg::Column(column)) => dimensions.push(*column),
            Some(Arg::Table) => lookback = true,
            _ => cohort = call.long(at)?,
        }
    }
    let known = match lookback {
        true => Some(id_column(call)?),
        false => None,
    };
    let source = Source::at(call, 0, 1, dimensions)?;
    let following = Following { step, end, wanted: cohort.map(|moment| step.bin(moment)) };
    Ok(Work {
        streams: false,
        start: Box::new(move |tables| {
            let before = match (known, tables.first()) {
                (Some(column), Some(table)) => texts(table, column)?.into_iter().collect(),
                _ => HashSet::new(),
            };
            let source = source.clone();
            Ok(Box::new(move |rows| {
                let mut known = HashSet::new();
                if !before.is_empty() {
                    let ids = rows.groups(&[source.id])?;
                    let names = texts(rows, source.id)?;
                    known.extend(
                        ids.of
                            .iter()
                            .zip(&names)
                            .filter(|(_, n)| before.contains(*n))
                            .map(|(id, _)| *id),
                    );
                }
                let (events, first) = source.events(rows, start, end)?;
                let mut answers = Answers::default();
                for slice in slices(&events) {
                    following.add(slice, &known, &mut answers)?;
                }
                let shape = Shape { times: 2, counts: 3, rates: 2 };
                answers.columns(rows, &source.dimensions, &first, shape)
            }))
        }),
    })
}

/// The column of the table of known ids that holds them: the one called as the id column, or the only one.
fn id_column(call: &Call) -> Result<usize> {
    let name = call.columns.get(call.column(0)?).map_or("", |field| field.name.as_str());
    let table = call.tables.first().map_or(&[][..], Vec::as_slice);
    table
        .iter()
        .position(|field| field.name == name)
        .or_else(|| (table.len() == 1).then_some(0))
        .ok_or_else(|| call.wrong(format!("the lookback table must have a column '{name}'")))
}

fn texts(rows: &Rows, column: usize) -> DataFusionResult<Vec<String>> {
    let args = rows.args();
    let cells = Cells::of(&args, column)?;
    Ok((0..rows.len())
        .map(|row| {
            let mut text = String::new();
            cells.text(row, &mut text);
            text
        })
        .collect())
}

/// How cohorts are followed.
#[derive(Clone, Copy)]
struct Following {
    step: Step,
    end: i64,
    /// The only cohort that is wanted.
    wanted: Option<i64>,
}

impl Following {
    /// Every cohort of a slice through all later bins, those without events included.
    fn add(
        self,
        slice: &[Event],
        known: &HashSet<usize>,
        answers: &mut Answers,
    ) -> DataFusionResult<()> {
        let Self { step, end, wanted } = self;
        let mut active: BTreeMap<i64, HashSet<usize>> = BTreeMap::new();
        let mut first_seen: HashMap<usize, i64> = HashMap::new();
        for event in slice {
            let bin = step.bin(event.time);
            active.entry(bin).or_default().insert(event.id);
            first_seen.entry(event.id).or_insert(bin);
        }
        first_seen.retain(|id, _| !known.contains(id));
        let mut cohorts: BTreeMap<i64, HashSet<usize>> = BTreeMap::new();
        for (id, bin) in &first_seen {
            cohorts.entry(*bin).or_default().insert(*id);
        }
        let nobody = HashSet::new();
        for (from, cohort) in
            cohorts.iter().filter(|(from, _)| wanted.is_none_or(|bin| bin == **from))
        {
            let mut to = Some(*from);
            while let Some(bin) = to.filter(|bin| *bin <= end) {
                let there = active.get(&bin).unwrap_or(&nobody);
                let retained = cohort.iter().filter(|id| there.contains(id)).count();
                let churned = cohort.len() - retained;
                // In its own bin the cohort itself is what is new.
                let new = there.iter().filter_map(|id| first_seen.get(id));
                let new =
                    new.filter(|seen| if bin == *from { *seen == from } else { *seen > from });
                answers.add(Answer {
                    slice: slice.first().map_or(0, |event| event.slice),
                    times: vec![*from, bin],
                    counts: [new.count(), retained, churned].map(count).to_vec(),
                    rates: vec![rate(retained, cohort.len()), rate(churned, cohort.len())],
                })?;
                to = step.next(bin);
            }
        }
        Ok(())
    }
}
