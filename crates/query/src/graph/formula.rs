//! Expressions over the columns of nodes, edges and matches, compiled once. Deliberately absent: how they are compiled
//! (`lower::graph`).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use kql::types::Type;

/// An expression over numbered columns.
#[derive(Debug, Clone)]
pub(crate) struct Formula {
    pub(crate) expr: Arc<dyn PhysicalExpr>,
    /// The columns that it reads, as fields.
    pub(crate) schema: SchemaRef,
    /// The same by number.
    pub(crate) columns: Vec<usize>,
    pub(crate) ty: Type,
}

impl Formula {
    /// Its values for so many rows, of which it asks the columns that it reads.
    pub(crate) fn values(
        &self,
        rows: usize,
        column: impl FnMut(usize) -> Result<ArrayRef>,
    ) -> Result<ArrayRef> {
        let arrays = self.columns.iter().copied().map(column).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?;
        self.expr.evaluate(&batch)?.into_array(rows)
    }
}

/// Where a condition is true; null is not.
pub(crate) fn truths(values: &ArrayRef) -> Result<BooleanBuffer> {
    let values = values
        .as_boolean_opt()
        .ok_or_else(|| DataFusionError::Internal("a condition is no bool".to_owned()))?;
    Ok(match values.nulls() {
        Some(nulls) => values.values() & nulls.inner(),
        None => values.values().clone(),
    })
}

/// Where all of these conditions over arrays are true; `None` if there are no conditions.
pub(crate) fn all_true(
    conditions: &[Formula],
    rows: usize,
    columns: &[ArrayRef],
) -> Result<Option<BooleanBuffer>> {
    let mut found: Option<BooleanBuffer> = None;
    for condition in conditions {
        let values = condition.values(rows, |at| {
            columns
                .get(at)
                .cloned()
                .ok_or_else(|| DataFusionError::Internal(format!("a graph lacks column {at}")))
        })?;
        let truths = truths(&values)?;
        found = Some(match found {
            Some(before) => &before & &truths,
            None => truths,
        });
    }
    Ok(found)
}
