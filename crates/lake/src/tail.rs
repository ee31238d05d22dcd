//! The rows of a table that are in the journal and not yet in a commit: small batches in memory, in journal order.
//! Deliberately absent: locks, and when rows are committed (`table`, `writer`).

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use crate::limits::{TAIL_BATCH_ROWS_SMALL, TAIL_BATCHES_SMALL_MAX};

/// Some rows and the stretch of the journal that they come from.
#[derive(Debug, Clone)]
pub(crate) struct TailBatch {
    /// The rows.
    pub(crate) rows: RecordBatch,
    /// The offset after the last of them.
    pub(crate) end: u64,
    /// Bytes of Arrow memory.
    pub(crate) bytes: usize,
}

impl TailBatch {
    /// `rows`, all of them at offsets below `end`.
    pub(crate) fn new(rows: RecordBatch, end: u64) -> Self {
        Self { bytes: rows.get_array_memory_size(), rows, end }
    }
}

/// Batches in the order of the journal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    batches: Vec<TailBatch>,
    /// Batches up to this offset are being committed and must stay as they are.
    frozen: u64,
}

impl Tail {
    /// Appends rows, merging small batches with their neighbours now and then: each row is copied a few times at most,
    /// and a query never meets more than a handful of tiny batches.
    pub(crate) fn push(&mut self, batch: TailBatch) {
        self.batches.push(batch);
        let small = self
            .batches
            .iter()
            .rev()
            .take_while(|batch| {
                batch.rows.num_rows() < TAIL_BATCH_ROWS_SMALL && batch.end > self.frozen
            })
            .count();
        let first = self.batches.len() - small;
        // Batches that cannot be merged are shown as they are.
        if small >= TAIL_BATCHES_SMALL_MAX
            && let Ok(merged) = merge(&self.batches[first..])
        {
            self.batches.truncate(first);
            self.batches.push(merged);
        }
    }

    /// The batches that there are, which stay as they are until [`Tail::commit`] drops them.
    pub(crate) fn freeze(&mut self) -> Vec<TailBatch> {
        self.frozen = self.batches.last().map_or(self.frozen, |batch| batch.end);
        self.batches.clone()
    }

    /// Drops the rows below `offset`, which are in the table now.
    pub(crate) fn commit(&mut self, offset: u64) {
        self.batches.retain(|batch| batch.end > offset);
    }

    /// The rows.
    pub(crate) fn batches(&self) -> &[TailBatch] {
        &self.batches
    }

    /// Bytes of Arrow memory.
    pub(crate) fn bytes(&self) -> usize {
        self.batches.iter().map(|batch| batch.bytes).sum()
    }

    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.batches.iter().map(|batch| batch.rows.num_rows()).sum()
    }
}

fn merge(batches: &[TailBatch]) -> Result<TailBatch, ArrowError> {
    let Some(last) = batches.last() else {
        return Err(ArrowError::InvalidArgumentError("nothing to merge".to_owned()));
    };
    let schema = last.rows.schema();
    let rows: Vec<RecordBatch> =
        batches.iter().map(|batch| conform(&batch.rows, &schema)).collect::<Result<_, _>>()?;
    Ok(TailBatch::new(concat_batches(&schema, &rows)?, last.end))
}

/// `rows` with the columns of `schema`: those that it lacks are null. Needed when another node has widened the table
/// since the rows were made.
pub(crate) fn conform(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if rows.schema_ref() == schema {
        return Ok(rows.clone());
    }
    let column = |field: &arrow::datatypes::Field| -> ArrayRef {
        match rows.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => column.clone(),
            _ => new_null_array(field.data_type(), rows.num_rows()),
        }
    };
    let columns = schema.fields().iter().map(|field| column(field)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn batch(offset: i64) -> TailBatch {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![offset]));
        let rows = RecordBatch::try_from_iter([("o", column)]).unwrap();
        TailBatch::new(rows, offset.cast_unsigned() + 1)
    }

    fn offsets(tail: &Tail) -> Vec<i64> {
        let column = |batch: &TailBatch| batch.rows.column(0).as_primitive::<Int64Type>().clone();
        tail.batches().iter().flat_map(|batch| column(batch).values().to_vec()).collect()
    }

    #[test]
    fn many_small_batches_become_few() {
        let mut tail = Tail::default();
        for offset in 0..1000 {
            tail.push(batch(offset));
        }
        assert_eq!(offsets(&tail), (0..1000).collect::<Vec<_>>());
        assert!(tail.batches().len() <= TAIL_BATCHES_SMALL_MAX, "{}", tail.batches().len());
    }

    #[test]
    fn a_commit_drops_what_was_frozen_and_nothing_else() {
        let mut tail = Tail::default();
        (0..40).for_each(|offset| tail.push(batch(offset)));
        let frozen: usize = tail.freeze().iter().map(|batch| batch.rows.num_rows()).sum();
        assert_eq!(frozen, 40);
        (40..90).for_each(|offset| tail.push(batch(offset)));
        assert_eq!(offsets(&tail), (0..90).collect::<Vec<_>>());
        tail.commit(40);
        assert_eq!(offsets(&tail), (40..90).collect::<Vec<_>>());
        assert_eq!(tail.rows(), 50);
    }
}
