//! Arrow batches as the typed rows of the `QueryEngine` port. Deliberately absent: limits and errors (`engine`).

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use datafusion::common::{DataFusionError, Result};
use kql::types::{Type, Value};
use model::{ColumnType, ColumnValues, RowBatch};

use crate::kernel::Text;
use crate::{dynamic, ticks};

/// The rows of a batch whose columns have the Kusto types `types`.
pub(crate) fn rows(batch: &RecordBatch, types: &[Type]) -> Result<RowBatch> {
    let columns = batch
        .columns()
        .iter()
        .zip(types)
        .map(|(array, ty)| values(array, *ty))
        .collect::<Result<Vec<_>>>()?;
    Ok(RowBatch { columns, rows: batch.num_rows() })
}

/// The type that the port knows it by.
pub(crate) const fn column_type(ty: Type) -> ColumnType {
    match ty {
        Type::Bool => ColumnType::Bool,
        Type::Int => ColumnType::Int,
        Type::Long => ColumnType::Long,
        Type::Real => ColumnType::Real,
        Type::Decimal => ColumnType::Decimal,
        Type::String => ColumnType::String,
        Type::DateTime => ColumnType::DateTime,
        Type::TimeSpan => ColumnType::TimeSpan,
        Type::Guid => ColumnType::Guid,
        Type::Dynamic | Type::Error => ColumnType::Dynamic,
    }
}

fn values(array: &ArrayRef, ty: Type) -> Result<ColumnValues> {
    let count = array.len();
    if array.data_type() == &DataType::Null {
        return Ok(nulls(ty, count));
    }
    Ok(match ty {
        Type::Bool => ColumnValues::Bool(bools(array)?),
        Type::Int => ColumnValues::Int(
            array
                .as_primitive_opt::<Int32Type>()
                .ok_or_else(|| mismatch(array, ty))?
                .iter()
                .collect(),
        ),
        Type::Long => ColumnValues::Long(longs(array, ty)?),
        Type::DateTime => ColumnValues::DateTime(longs(array, ty)?),
        Type::TimeSpan => ColumnValues::TimeSpan(longs(array, ty)?),
        Type::Real => ColumnValues::Real(
            array
                .as_primitive_opt::<Float64Type>()
                .ok_or_else(|| mismatch(array, ty))?
                .iter()
                .collect(),
        ),
        Type::String => {
            let text = Text::of(array)?;
            ColumnValues::String((0..count).map(|row| text.get(row).to_owned()).collect())
        }
        Type::Decimal => ColumnValues::Decimal(texts(array)?),
        Type::Guid => ColumnValues::Guid(texts(array)?),
        Type::Dynamic | Type::Error => ColumnValues::Dynamic(texts(array)?),
    })
}

fn nulls(ty: Type, count: usize) -> ColumnValues {
    match ty {
        Type::Bool => ColumnValues::Bool(vec![None; count]),
        Type::Int => ColumnValues::Int(vec![None; count]),
        Type::Long => ColumnValues::Long(vec![None; count]),
        Type::Real => ColumnValues::Real(vec![None; count]),
        Type::String => ColumnValues::String(vec![String::new(); count]),
        Type::DateTime => ColumnValues::DateTime(vec![None; count]),
        Type::TimeSpan => ColumnValues::TimeSpan(vec![None; count]),
        Type::Decimal => ColumnValues::Decimal(vec![None; count]),
        Type::Guid => ColumnValues::Guid(vec![None; count]),
        Type::Dynamic | Type::Error => ColumnValues::Dynamic(vec![None; count]),
    }
}

fn bools(array: &ArrayRef) -> Result<Vec<Option<bool>>> {
    let values = array.as_boolean_opt().ok_or_else(|| mismatch(array, Type::Bool))?;
    Ok(values.iter().collect())
}

fn longs(array: &ArrayRef, ty: Type) -> Result<Vec<Option<i64>>> {
    let values = array.as_primitive_opt::<Int64Type>().ok_or_else(|| mismatch(array, ty))?;
    Ok(values.iter().collect())
}

fn texts(array: &ArrayRef) -> Result<Vec<Option<String>>> {
    let text = Text::of(array)?;
    Ok((0..array.len()).map(|row| text.opt(row).map(str::to_owned)).collect())
}

fn mismatch(array: &ArrayRef, ty: Type) -> DataFusionError {
    DataFusionError::Internal(format!("a {} column came as {}", ty.name(), array.data_type()))
}

/// A constant as text, as a query would show it.
pub(crate) fn constant_text(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Null(_) => {}
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Long(value) => out.push_str(&value.to_string()),
        Value::Real(value) => dynamic::real_text(*value, &mut out),
        Value::DateTime(value) => ticks::write_datetime(*value, &mut out),
        Value::TimeSpan(value) => ticks::write_timespan(*value, &mut out),
        Value::Decimal(text) | Value::String(text) | Value::Guid(text) | Value::Dynamic(text) => {
            out.push_str(text);
        }
    }
    out
}

/// About how many bytes the rows take on the way out.
pub(crate) fn bytes(rows: &RowBatch) -> usize {
    rows.columns
        .iter()
        .map(|column| match column {
            ColumnValues::Bool(values) => values.len(),
            ColumnValues::Int(values) => 4 * values.len(),
            ColumnValues::Long(values)
            | ColumnValues::DateTime(values)
            | ColumnValues::TimeSpan(values) => 8 * values.len(),
            ColumnValues::Real(values) => 8 * values.len(),
            ColumnValues::String(values) => values.iter().map(String::len).sum(),
            ColumnValues::Decimal(values)
            | ColumnValues::Guid(values)
            | ColumnValues::Dynamic(values) => values.iter().flatten().map(String::len).sum(),
        })
        .sum()
}
