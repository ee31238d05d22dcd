//! Folds that keep what they know of all groups side by side, so that a batch of rows is taken in by one pass over it,
//! whatever the number of groups. One group alone is a case of it. Deliberately absent: what is kept of a group and what it
//! answers (`distinct`, `percentile`).

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use kql::types::Type;

use super::{Fold, damaged};
use crate::kernel::{Args, Column};

/// What is kept of each group, and how.
pub(crate) trait Grouping: fmt::Debug + Send + Sync + 'static {
    /// What is kept of one group.
    type Kept: Default + Send + Sync + fmt::Debug;

    /// Takes rows in, each for its group; gives how many bytes of memory the groups grew by.
    fn add(&self, args: &Args<'_>, rows: Rows<'_>, kept: &mut [Self::Kept]) -> Result<usize>;
    /// What is known of a group, for another thread to merge.
    fn save(&self, kept: &Self::Kept, out: &mut Vec<u8>);
    /// Takes in what another thread knows of the group.
    fn merge(&self, kept: &mut Self::Kept, saved: &[u8]) -> Result<()>;
    /// The group's value.
    fn answer(&self, kept: &mut Self::Kept) -> Result<ScalarValue>;
    /// Bytes of memory that the group holds beside itself.
    fn size(&self, kept: &Self::Kept) -> usize;
}

/// The rows of a batch that count, and the group of each.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    groups: Option<&'a [usize]>,
    filter: Option<&'a BooleanArray>,
    count: usize,
}

impl Rows<'_> {
    /// Calls `take` with each row and its group.
    pub(crate) fn for_each(self, mut take: impl FnMut(usize, usize)) {
        let group = |row: usize| self.groups.map_or(0, |groups| groups[row]);
        match self.filter {
            None => (0..self.count).for_each(|row| take(row, group(row))),
            Some(filter) => (0..self.count)
                .filter(|row| filter.is_valid(*row) && filter.value(*row))
                .for_each(|row| take(row, group(row))),
        }
    }
}

/// All rows as one group.
#[derive(Debug)]
pub(crate) struct One<G: Grouping> {
    grouping: G,
    kept: G::Kept,
}

impl<G: Grouping> One<G> {
    /// Nothing taken in yet.
    pub(crate) fn new(grouping: G) -> Box<Self> {
        Box::new(Self { grouping, kept: G::Kept::default() })
    }
}

impl<G: Grouping> Fold for One<G> {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        let rows = Rows { groups: None, filter: None, count: args.rows };
        self.grouping.add(args, rows, std::slice::from_mut(&mut self.kept)).map(|_| ())
    }

    fn save(&mut self) -> Vec<u8> {
        let mut saved = Vec::new();
        self.grouping.save(&self.kept, &mut saved);
        saved
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        self.grouping.merge(&mut self.kept, saved)
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        self.grouping.answer(&mut self.kept)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.grouping.size(&self.kept)
    }
}

/// Many groups, as DataFusion drives them.
#[derive(Debug)]
pub(crate) struct Many<G: Grouping> {
    grouping: G,
    types: Vec<Type>,
    out: DataType,
    kept: Vec<G::Kept>,
    bytes: usize,
}

impl<G: Grouping> Many<G> {
    /// No group yet; arguments of the Kusto types `types`, answers of the Arrow type `out`.
    pub(crate) fn new(grouping: G, types: Vec<Type>, out: DataType) -> Box<Self> {
        Box::new(Self { grouping, types, out, kept: Vec::new(), bytes: 0 })
    }

    fn grow(&mut self, groups: usize) {
        if self.kept.len() < groups {
            self.kept.resize_with(groups, G::Kept::default);
        }
    }

    fn emitted(&mut self, emit: EmitTo) -> Vec<G::Kept> {
        let emitted = emit.take_needed(&mut self.kept);
        let bytes: usize = emitted.iter().map(|kept| self.grouping.size(kept)).sum();
        self.bytes = self.bytes.saturating_sub(bytes);
        emitted
    }

    fn saved(&self, kept: &[G::Kept]) -> Vec<ArrayRef> {
        let mut out = BinaryBuilder::with_capacity(kept.len(), kept.len() * 16);
        let mut buffer = Vec::new();
        for kept in kept {
            buffer.clear();
            self.grouping.save(kept, &mut buffer);
            out.append_value(&buffer);
        }
        vec![Arc::new(out.finish())]
    }
}

fn columns(values: &[ArrayRef]) -> Vec<Column> {
    values.iter().map(|array| Column::full(array.clone())).collect()
}

impl<G: Grouping> GroupsAccumulator for Many<G> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.grow(total);
        let columns = columns(values);
        let args = Args::over(&columns, &self.types, &DataType::Null, groups.len());
        let rows = Rows { groups: Some(groups), filter, count: groups.len() };
        self.bytes += self.grouping.add(&args, rows, &mut self.kept)?;
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let mut emitted = self.emitted(emit);
        let answers = emitted
            .iter_mut()
            .map(|kept| self.grouping.answer(kept))
            .collect::<Result<Vec<_>>>()?;
        if answers.is_empty() {
            return Ok(arrow::array::new_empty_array(&self.out));
        }
        ScalarValue::iter_to_array(answers)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let emitted = self.emitted(emit);
        Ok(self.saved(&emitted))
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        let saved: &BinaryArray =
            values.first().and_then(|saved| saved.as_binary_opt()).ok_or_else(damaged)?;
        for (row, group) in groups.iter().enumerate().filter(|(row, _)| saved.is_valid(*row)) {
            let kept = self.kept.get_mut(*group).ok_or_else(damaged)?;
            let before = self.grouping.size(kept);
            self.grouping.merge(kept, saved.value(row))?;
            self.bytes += self.grouping.size(kept).saturating_sub(before);
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let columns = columns(values);
        let count = values.first().map_or(0, |array| array.len());
        let args = Args::over(&columns, &self.types, &DataType::Null, count);
        let groups: Vec<usize> = (0..count).collect();
        let mut kept: Vec<G::Kept> = Vec::new();
        kept.resize_with(count, G::Kept::default);
        let rows = Rows { groups: Some(&groups), filter, count };
        self.grouping.add(&args, rows, &mut kept)?;
        Ok(self.saved(&kept))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.kept.capacity() * size_of::<G::Kept>() + self.bytes
    }
}
