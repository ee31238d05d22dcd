//! Rows in memory that know their places: the rows of a `range`, of a `datatable`, of a result that is read more than
//! once. DataFusion hands out the batches of a table to many threads, so without a number nobody could tell afterwards
//! which row came first.
//!
//! Deliberately absent: who wants the order (`lower::order`).

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::MemTable;
use datafusion::prelude::ident;

use crate::error::Result;

/// The column with the number of a row, behind all others.
pub(crate) const NUMBER: &str = "number";

/// A table of batches that have these columns, with a number for each row, by which it says that it is sorted.
pub(crate) fn table(mut fields: Vec<Field>, batches: Vec<RecordBatch>) -> Result<MemTable> {
    fields.push(Field::new(NUMBER, DataType::Int64, false));
    let schema = Arc::new(Schema::new(fields));
    let mut next = 0;
    let mut numbered = Vec::with_capacity(batches.len());
    for batch in batches {
        let first = next;
        next += i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns.push(Arc::new(Int64Array::from_iter_values(first..next)));
        numbered.push(RecordBatch::try_new(schema.clone(), columns)?);
    }
    let table = MemTable::try_new(schema, vec![numbered])?;
    Ok(table.with_sort_order(vec![vec![ident(NUMBER).sort(true, false)]]))
}
