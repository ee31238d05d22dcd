//! `narrow`: every cell becomes a row of its own. And `identity`, which changes nothing. Deliberately absent: the way back
//! (`pivot`).

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, StringViewBuilder};
use datafusion::common::Result as DataFusionResult;

use super::{Call, Rows, Work};
use crate::error::Result;
use crate::functions::cells::Cells;

pub(super) fn identity(call: &Call) -> Result<Work> {
    let width = call.width;
    Ok(Work::streaming(move |_| {
        Ok(Box::new(move |rows: &Rows| {
            (0..width).map(|column| rows.array(column).cloned()).collect()
        }))
    }))
}

/// Row by row, the cells in the order of their columns; a null value is an empty text.
pub(super) fn narrow(call: &Call) -> Result<Work> {
    let names: Vec<String> =
        call.columns.iter().take(call.width).map(|field| field.name.to_string()).collect();
    Ok(Work::streaming(move |_| {
        let names = names.clone();
        Ok(Box::new(move |rows: &Rows| cells(rows, &names)))
    }))
}

fn cells(rows: &Rows, names: &[String]) -> DataFusionResult<Vec<ArrayRef>> {
    let args = rows.args();
    let columns: Vec<Cells<'_>> =
        (0..names.len()).map(|at| Cells::of(&args, at)).collect::<DataFusionResult<_>>()?;
    let count = rows.len() * names.len();
    let mut numbers = Int64Builder::with_capacity(count);
    let mut of = StringViewBuilder::with_capacity(count);
    let mut values = StringViewBuilder::with_capacity(count);
    let mut text = String::new();
    for row in 0..rows.len() {
        for (name, column) in names.iter().zip(&columns) {
            numbers.append_value(i64::try_from(rows.before + row).unwrap_or(i64::MAX));
            of.try_append_value(name)?;
            text.clear();
            column.text(row, &mut text);
            values.try_append_value(&text)?;
        }
    }
    Ok(vec![Arc::new(numbers.finish()), Arc::new(of.finish()), Arc::new(values.finish())])
}
