//! The state machine of `scan`: rows walk through its steps one after the other. Each step holds at most one sequence, the
//! records that matched the steps up to it; a row that matches the next step takes the sequence along.
//!
//! What depends on the row alone was computed for all rows before; here only conditions and assignments are evaluated that
//! read the state. Deliberately absent: how a query becomes such a machine (`lower::scan`).

use std::rc::Rc;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, ListArray, RecordBatch, RecordBatchOptions, StructArray,
    new_empty_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use kql::plan::ScanOutput;

use crate::error::Error;

/// How many rows one group may have: its records are held in memory together, and every row is looked at by itself.
pub(crate) const SCAN_ROWS_MAX: usize = 2_000_000;

/// The field of an output record with the match's number, and that with the record's place in the output.
pub(crate) const MATCH_ID: &str = "match_id";
pub(crate) const PLACE: &str = "place";

/// Where an expression of a step reads a value.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// From the row at hand: one of the computed columns.
    Row(usize),
    /// From the last record of a step.
    State {
        /// The step.
        step: usize,
        /// Where its record has the value.
        from: Cell,
        /// What is read while the step has no record.
        absent: ScalarValue,
    },
}

/// A value of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell {
    /// As the record's row has it: one of the computed columns.
    Row(usize),
    /// One of the columns that steps assign.
    Assigned(usize),
}

/// An expression over values of the row and of the state.
#[derive(Debug)]
pub(crate) struct Formula {
    pub(crate) expr: Arc<dyn PhysicalExpr>,
    pub(crate) schema: SchemaRef,
    pub(crate) sources: Vec<Source>,
}

/// A step.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) condition: Formula,
    /// Which of the assigned columns it sets.
    pub(crate) assignments: Vec<(usize, Formula)>,
    pub(crate) output: ScanOutput,
}

/// A column that steps assign.
#[derive(Debug)]
pub(crate) struct Assigned {
    pub(crate) name: String,
    pub(crate) ty: DataType,
    pub(crate) unset: Unset,
}

/// What a column holds that the step at hand does not assign.
#[derive(Debug)]
pub(crate) enum Unset {
    /// What the row has.
    Row(usize),
    /// A constant.
    Constant(ScalarValue),
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) steps: Vec<Step>,
    pub(crate) assigned: Vec<Assigned>,
    /// The computed column that marks ghosts: rows that are none and pass through.
    pub(crate) ghost: Option<usize>,
}

struct Record {
    row: usize,
    values: Vec<ScalarValue>,
}

/// Records that matched the steps up to one, in order.
struct Sequence {
    match_id: i64,
    records: Vec<Rc<Record>>,
    /// The latest record of a step that gives out only the last one.
    pending: Option<Rc<Record>>,
}

/// One walk over the rows of a group.
struct Walk<'m> {
    machine: &'m Machine,
    columns: &'m [ArrayRef],
    states: Vec<Option<Sequence>>,
    next_match: i64,
    /// Records to give out, with the numbers of their matches.
    out: Vec<(i64, Rc<Record>)>,
}

impl Machine {
    /// The type of the answer: for each row the list of its output records.
    pub(crate) fn output_type(&self) -> DataType {
        DataType::List(self.item())
    }

    fn item(&self) -> FieldRef {
        Arc::new(Field::new_list_field(DataType::Struct(self.fields()), true))
    }

    fn fields(&self) -> Fields {
        self.assigned
            .iter()
            .map(|column| Field::new(&column.name, column.ty.clone(), true))
            .chain([
                Field::new(MATCH_ID, DataType::Int64, true),
                Field::new(PLACE, DataType::Int64, true),
            ])
            .collect()
    }

    /// Walks over the rows of a group, whose computed columns are given, in order.
    pub(crate) fn run(&self, columns: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        if rows > SCAN_ROWS_MAX {
            return Err(Error::TooManyTogether { what: "scan", rows_max: SCAN_ROWS_MAX }.into());
        }
        let states = self.steps.iter().map(|_| None).collect();
        let mut walk = Walk { machine: self, columns, states, next_match: 0, out: Vec::new() };
        for row in 0..rows {
            if walk.is_ghost(row) {
                let record = walk.record(row, None)?;
                walk.out.push((0, record));
            } else {
                walk.row(row)?;
            }
        }
        for step in 0..self.steps.len() {
            walk.flush(step);
        }
        self.lists(walk.out, rows)
    }

    fn lists(&self, mut out: Vec<(i64, Rc<Record>)>, rows: usize) -> Result<ArrayRef> {
        out.sort_by_key(|(_, record)| record.row);
        let mut lengths = vec![0_usize; rows];
        for (_, record) in &out {
            if let Some(length) = lengths.get_mut(record.row) {
                *length += 1;
            }
        }
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.assigned.len() + 2);
        for (at, column) in self.assigned.iter().enumerate() {
            let values = out.iter().filter_map(|(_, record)| record.values.get(at).cloned());
            arrays.push(if out.is_empty() {
                new_empty_array(&column.ty)
            } else {
                ScalarValue::iter_to_array(values)?
            });
        }
        arrays.push(Arc::new(Int64Array::from_iter_values(out.iter().map(|(id, _)| *id))));
        arrays.push(Arc::new((0_i64..).take(out.len()).collect::<Int64Array>()));
        let records = StructArray::try_new(self.fields(), arrays, None)?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(self.item(), offsets, Arc::new(records), None)?))
    }
}

impl Walk<'_> {
    fn is_ghost(&self, row: usize) -> bool {
        self.machine
            .ghost
            .and_then(|at| self.columns.get(at)?.as_boolean_opt())
            .is_some_and(|ghosts| ghosts.is_valid(row) && ghosts.value(row))
    }

    /// Holds a row against all steps, the last one first, so that it moves each sequence by one step at most.
    fn row(&mut self, row: usize) -> Result<()> {
        for step in (0..self.machine.steps.len()).rev() {
            let follows = step
                .checked_sub(1)
                .filter(|before| self.states.get(*before).is_some_and(Option::is_some));
            if let Some(before) = follows
                && self.matches(step, row, Some(before))?
            {
                self.promote(before, step, row)?;
                continue;
            }
            let is_active = self.states.get(step).is_some_and(Option::is_some);
            if (is_active || step == 0) && self.matches(step, row, Some(step))? {
                self.repeat(step, row)?;
            }
        }
        Ok(())
    }

    /// The row moves the sequence of the step before to this one, which loses its own.
    fn promote(&mut self, before: usize, step: usize, row: usize) -> Result<()> {
        let record = self.record(row, Some((step, before)))?;
        self.flush(step);
        self.flush(before);
        if let Some(mut sequence) = self.states.get_mut(before).and_then(Option::take) {
            sequence.records.truncate(step);
            sequence.records.push(record.clone());
            self.give(step, &mut sequence, record);
            if let Some(state) = self.states.get_mut(step) {
                *state = Some(sequence);
            }
        }
        Ok(())
    }

    /// The row matches the step that its sequence has reached, or begins a sequence.
    fn repeat(&mut self, step: usize, row: usize) -> Result<()> {
        let record = self.record(row, Some((step, step)))?;
        let taken = self.states.get_mut(step).and_then(Option::take);
        let mut sequence = taken.unwrap_or_else(|| {
            self.next_match += 1;
            Sequence { match_id: self.next_match - 1, records: Vec::new(), pending: None }
        });
        sequence.records.truncate(step);
        sequence.records.push(record.clone());
        self.give(step, &mut sequence, record);
        if let Some(state) = self.states.get_mut(step) {
            *state = Some(sequence);
        }
        Ok(())
    }

    fn give(&mut self, step: usize, sequence: &mut Sequence, record: Rc<Record>) {
        match self.machine.steps.get(step).map(|step| step.output) {
            Some(ScanOutput::All) => self.out.push((sequence.match_id, record)),
            Some(ScanOutput::Last) => sequence.pending = Some(record),
            Some(ScanOutput::None) | None => {}
        }
    }

    /// The run of matches of a step is over: its last record is known.
    fn flush(&mut self, step: usize) {
        if let Some(Some(sequence)) = self.states.get_mut(step)
            && let Some(record) = sequence.pending.take()
        {
            self.out.push((sequence.match_id, record));
        }
    }

    fn matches(&self, step: usize, row: usize, state: Option<usize>) -> Result<bool> {
        let Some(step) = self.machine.steps.get(step) else { return Ok(false) };
        let value = self.value(&step.condition, row, state)?;
        Ok(matches!(value, ScalarValue::Boolean(Some(true))))
    }

    /// The row with what a step (over the state of another, or its own) assigns.
    fn record(&self, row: usize, step: Option<(usize, usize)>) -> Result<Rc<Record>> {
        let mut values = Vec::with_capacity(self.machine.assigned.len());
        for column in &self.machine.assigned {
            values.push(match &column.unset {
                Unset::Constant(value) => value.clone(),
                Unset::Row(at) => self.cell(*at, row)?,
            });
        }
        if let Some((step, state)) = step
            && let Some(step) = self.machine.steps.get(step)
        {
            for (at, formula) in &step.assignments {
                let value = self.value(formula, row, Some(state))?;
                if let Some(slot) = values.get_mut(*at) {
                    *slot = value;
                }
            }
        }
        Ok(Rc::new(Record { row, values }))
    }

    fn cell(&self, column: usize, row: usize) -> Result<ScalarValue> {
        let column = self
            .columns
            .get(column)
            .ok_or_else(|| DataFusionError::Internal("scan lacks a column".to_owned()))?;
        ScalarValue::try_from_array(column, row)
    }

    /// The value of an expression for a row, over the state of a step.
    fn value(&self, formula: &Formula, row: usize, state: Option<usize>) -> Result<ScalarValue> {
        if let ([Source::Row(column)], true) = (formula.sources.as_slice(), formula.is_column()) {
            return self.cell(*column, row);
        }
        let sequence = state.and_then(|step| self.states.get(step)?.as_ref());
        let mut arrays = Vec::with_capacity(formula.sources.len());
        for source in &formula.sources {
            arrays.push(match source {
                Source::Row(column) => self.slice(*column, row)?,
                Source::State { step, from, absent } => {
                    match (sequence.and_then(|sequence| sequence.records.get(*step)), from) {
                        (Some(record), Cell::Row(column)) => self.slice(*column, record.row)?,
                        (Some(record), Cell::Assigned(at)) => {
                            record.values.get(*at).unwrap_or(absent).to_array()?
                        }
                        (None, _) => absent.to_array()?,
                    }
                }
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let batch = RecordBatch::try_new_with_options(formula.schema.clone(), arrays, &options)?;
        let value = formula.expr.evaluate(&batch)?.into_array(1)?;
        ScalarValue::try_from_array(&value, 0)
    }

    fn slice(&self, column: usize, row: usize) -> Result<ArrayRef> {
        self.columns
            .get(column)
            .map(|column| column.slice(row, 1))
            .ok_or_else(|| DataFusionError::Internal("scan lacks a column".to_owned()))
    }
}

impl Formula {
    /// Whether it is nothing but its only value.
    fn is_column(&self) -> bool {
        self.expr.is::<datafusion::physical_expr::expressions::Column>()
    }

    /// The columns that an expression over these types is compiled for.
    pub(crate) fn schema_of(types: impl Iterator<Item = DataType>) -> Schema {
        let fields: Vec<Field> =
            types.enumerate().map(|(at, ty)| Field::new(local(at), ty, true)).collect();
        Schema::new(fields)
    }
}

/// The name of the n-th value that an expression reads.
pub(crate) fn local(at: usize) -> String {
    format!("v{at}")
}
