//! Rows as plugins read them: typed columns, and the groups that columns make. Deliberately absent: where rows come from.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DataFusionError, Result};
use kql::types::Type;

use crate::kernel::{Args, Column};

/// Rows of columns whose Kusto types are known.
pub(crate) struct Rows {
    arrays: Vec<ArrayRef>,
    columns: Vec<Column>,
    types: Vec<Type>,
    len: usize,
    /// How many rows came before the first of these.
    pub(crate) before: usize,
}

/// Rows by the values of some of their columns.
pub(crate) struct Groups {
    /// The group of each row, numbered in order of first appearance.
    pub(crate) of: Vec<usize>,
    /// The first row of each group.
    pub(crate) first: Vec<usize>,
}

impl Rows {
    pub(crate) fn new(batch: &RecordBatch, types: &[Type], before: usize) -> Self {
        let arrays = batch.columns().to_vec();
        let columns = arrays.iter().map(|array| Column::full(array.clone())).collect();
        Self { arrays, columns, types: types.to_vec(), len: batch.num_rows(), before }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The columns, as a kernel reads its arguments.
    pub(crate) fn args(&self) -> Args<'_> {
        Args::over(&self.columns, &self.types, &DataType::Int64, self.len)
    }

    pub(crate) fn array(&self, column: usize) -> Result<&ArrayRef> {
        self.arrays.get(column).ok_or_else(|| {
            DataFusionError::Internal(format!("column {column} of a plugin's input is missing"))
        })
    }

    /// The values of a column in these rows, null where there is no row.
    pub(crate) fn taken(
        &self,
        column: usize,
        rows: impl IntoIterator<Item = Option<usize>>,
    ) -> Result<ArrayRef> {
        let rows: UInt64Array =
            rows.into_iter().map(|row| row.and_then(|row| u64::try_from(row).ok())).collect();
        Ok(take(self.array(column)?, &rows, None)?)
    }

    /// The same for rows that are all there.
    pub(crate) fn chosen(&self, column: usize, rows: &[usize]) -> Result<ArrayRef> {
        self.taken(column, rows.iter().map(|row| Some(*row)))
    }

    /// Groups the rows by the values of these columns; without columns there is one group, if there are rows.
    pub(crate) fn groups(&self, columns: &[usize]) -> Result<Groups> {
        if columns.is_empty() {
            let first = if self.len > 0 { vec![0] } else { Vec::new() };
            return Ok(Groups { of: vec![0; self.len], first });
        }
        let arrays: Vec<ArrayRef> =
            columns.iter().map(|at| self.array(*at).cloned()).collect::<Result<_>>()?;
        let fields = arrays.iter().map(|array| SortField::new(array.data_type().clone()));
        let converter = RowConverter::new(fields.collect())?;
        let keys = converter.convert_columns(&arrays)?;
        let mut known: HashMap<&[u8], usize> = HashMap::new();
        let mut groups = Groups { of: Vec::with_capacity(self.len), first: Vec::new() };
        let rows: Vec<_> = keys.iter().collect();
        for (at, key) in rows.iter().enumerate() {
            let next = known.len();
            let group = *known.entry(key.data()).or_insert(next);
            if group == next {
                groups.first.push(at);
            }
            groups.of.push(group);
        }
        Ok(groups)
    }
}

/// Whether a value is null; a string never is.
pub(crate) fn is_null(array: &ArrayRef, row: usize) -> bool {
    array.is_null(row)
}
