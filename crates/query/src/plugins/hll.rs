//! `dcount_intersect`: how many different values sketches (`hll`) have in common, by inclusion and exclusion of the sizes of
//! their unions. Deliberately absent: sketches themselves (`aggregates`).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use kql::types::Type;

use super::{Call, Rows, Work};
use crate::error::{Error, Result};
use crate::functions::{self, Run};
use crate::kernel::{Args, Column, Kernel};

pub(super) fn dcount_intersect(call: &Call) -> Result<Work> {
    let sketches = call.dimensions(0)?;
    let merge = kernel("hll_merge")?;
    let count = kernel("dcount_hll")?;
    let width = call.width;
    Ok(Work::streaming(move |_| {
        let sketches = sketches.clone();
        Ok(Box::new(move |rows: &Rows| {
            let mut columns: Vec<ArrayRef> =
                (0..width).map(|at| rows.array(at).cloned()).collect::<DataFusionResult<_>>()?;
            columns.extend(intersections(rows, &sketches, merge, count)?);
            Ok(columns)
        }))
    }))
}

fn kernel(name: &str) -> Result<Kernel> {
    match functions::find(name).map(|function| &function.run) {
        Some(Run::Kernel(kernel)) => Ok(*kernel),
        _ => Err(Error::NoFunction(name.to_owned())),
    }
}

/// For each sketch, how many values it and all before it have in common.
fn intersections(
    rows: &Rows,
    sketches: &[usize],
    merge: Kernel,
    count: Kernel,
) -> DataFusionResult<Vec<ArrayRef>> {
    let mut sums = vec![vec![0_i64; rows.len()]; sketches.len()];
    // Each set of sketches counts for the intersection that ends with its last one, and for all longer ones as well.
    for set in 1_usize..1 << sketches.len() {
        let members: Vec<usize> = (0..sketches.len()).filter(|at| set & (1 << at) != 0).collect();
        let arrays: Vec<ArrayRef> = members
            .iter()
            .filter_map(|at| sketches.get(*at))
            .map(|at| rows.array(*at).cloned())
            .collect::<DataFusionResult<_>>()?;
        let sign = if members.len() % 2 == 1 { 1 } else { -1 };
        let sizes = size_of_union(arrays, rows.len(), merge, count)?;
        let last = members.last().copied().unwrap_or(0);
        for sum in sums.iter_mut().skip(last) {
            for (row, total) in sum.iter_mut().enumerate() {
                let size = if sizes.is_valid(row) { sizes.value(row) } else { 0 };
                *total += sign * size;
            }
        }
    }
    // Estimates may come out below what is possible.
    Ok(sums
        .into_iter()
        .map(|sum| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(sum.into_iter().map(|count| count.max(0))))
        })
        .collect())
}

fn size_of_union(
    mut arrays: Vec<ArrayRef>,
    rows: usize,
    merge: Kernel,
    count: Kernel,
) -> DataFusionResult<Int64Array> {
    let call = |kernel: Kernel, arrays: Vec<ArrayRef>, out: DataType| {
        let types = vec![Type::Dynamic; arrays.len()];
        let columns: Vec<Column> = arrays.into_iter().map(Column::full).collect();
        kernel(&Args::over(&columns, &types, &out, rows))
    };
    let union = if arrays.len() == 1 {
        arrays.swap_remove(0)
    } else {
        call(merge, arrays, DataType::Utf8View)?
    };
    let sizes = call(count, vec![union], DataType::Int64)?;
    sizes.as_primitive_opt::<Int64Type>().cloned().ok_or_else(|| {
        DataFusionError::Internal("dcount_hll did not give whole numbers".to_owned())
    })
}
