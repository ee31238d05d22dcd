//! Tables in memory, from JSON rows or without any: for trying queries on a file, and for checking them against a schema.
//! Deliberately absent: files, and guesses at columns from anything but the rows' own values.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, RecordBatch,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field as ArrowField, Schema, TimeUnit};
use datafusion::datasource::{MemTable, TableProvider};
use jiff::Timestamp;
use kql::plan::Field;
use kql::types::Type;
use serde_json::{Map, Value};

use crate::catalog::Tables;
use crate::ticks;

/// One row as it was read: columns by name.
pub type JsonRow = Map<String, Value>;

/// A row that does not fit its table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: column `{column}` is {}, not {value}", wanted.name())]
pub struct RowError {
    /// Which one, from 1.
    pub row: usize,
    /// Which column.
    pub column: String,
    /// Its type.
    pub wanted: Type,
    /// What was found, shortened.
    pub value: String,
}

/// Tables by name, each with its columns and its rows.
#[derive(Debug, Default)]
pub struct MemoryTables(BTreeMap<String, (Vec<Field>, Arc<MemTable>)>);

impl MemoryTables {
    /// Adds an empty table, replacing one of the same name.
    ///
    /// # Errors
    /// None that columns of Kusto's types can cause; those of the engine are passed on.
    pub fn declare(&mut self, name: &str, fields: Vec<Field>) -> Result<(), crate::Error> {
        let schema = Arc::new(schema_of(&fields));
        let table = MemTable::try_new(schema, vec![Vec::new()])?;
        self.0.insert(name.to_owned(), (fields, Arc::new(table)));
        Ok(())
    }

    /// Adds a table of rows, replacing one of the same name. Values that `fields` do not name are left out, those that a row
    /// does not have are null.
    ///
    /// # Errors
    /// The first value that does not fit its column.
    pub fn fill(
        &mut self,
        name: &str,
        fields: Vec<Field>,
        rows: &[JsonRow],
    ) -> Result<(), RowsError> {
        let schema = Arc::new(schema_of(&fields));
        let columns =
            fields.iter().map(|field| column(field, rows)).collect::<Result<Vec<_>, RowError>>()?;
        let batches = if fields.is_empty() {
            Vec::new()
        } else {
            vec![RecordBatch::try_new(schema.clone(), columns).map_err(crate::Error::from)?]
        };
        let table = MemTable::try_new(schema, vec![batches]).map_err(crate::Error::from)?;
        self.0.insert(name.to_owned(), (fields, Arc::new(table)));
        Ok(())
    }
}

/// Why rows did not become a table.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// A value that does not fit.
    #[error(transparent)]
    Row(#[from] RowError),
    /// The engine refused the table.
    #[error(transparent)]
    Table(#[from] crate::Error),
}

/// The columns that rows have, in order of first appearance, with the narrowest type that holds all values of each: `bool`,
/// `long`, `real`, `datetime` (all texts are ISO moments), `string`, or `dynamic` for objects, arrays and mixtures.
#[must_use]
pub fn columns_of(rows: &[JsonRow]) -> Vec<Field> {
    let mut order: Vec<&str> = Vec::new();
    let mut types: BTreeMap<&str, Option<Type>> = BTreeMap::new();
    for (name, value) in rows.iter().flatten() {
        let seen = types.entry(name).or_insert_with(|| {
            order.push(name);
            None
        });
        *seen = match (*seen, type_of(value)) {
            (before, None) => before,
            (None, found) => found,
            (Some(before), Some(found)) => Some(joined(before, found)),
        };
    }
    let ty = |name: &str| types.get(name).copied().flatten().unwrap_or(Type::Dynamic);
    order.iter().map(|name| Field { name: (*name).into(), ty: ty(name) }).collect()
}

fn type_of(value: &Value) -> Option<Type> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => Type::Bool,
        Value::Number(number) if number.is_i64() => Type::Long,
        Value::Number(_) => Type::Real,
        Value::String(text) if moment(text).is_some() => Type::DateTime,
        Value::String(_) => Type::String,
        Value::Array(_) | Value::Object(_) => Type::Dynamic,
    })
}

fn joined(a: Type, b: Type) -> Type {
    match (a, b) {
        (a, b) if a == b => a,
        (Type::Long, Type::Real) | (Type::Real, Type::Long) => Type::Real,
        (Type::String, Type::DateTime) | (Type::DateTime, Type::String) => Type::String,
        _ => Type::Dynamic,
    }
}

impl Tables for MemoryTables {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn columns(&self, table: &str) -> Option<Vec<Field>> {
        self.0.get(table).map(|(fields, _)| fields.clone())
    }

    /// What a file or a schema says is all that there is.
    fn has_type_column(&self) -> bool {
        false
    }

    fn provider(&self, table: &str) -> Option<Arc<dyn TableProvider>> {
        self.0.get(table).map(|(_, table)| table.clone() as Arc<dyn TableProvider>)
    }
}

fn schema_of(fields: &[Field]) -> Schema {
    let stored = |ty: Type| match ty {
        Type::Bool => DataType::Boolean,
        Type::Int => DataType::Int32,
        Type::Long | Type::TimeSpan => DataType::Int64,
        Type::Real => DataType::Float64,
        Type::DateTime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Type::String | Type::Guid | Type::Decimal | Type::Dynamic | Type::Error => DataType::Utf8,
    };
    let arrow: Vec<ArrowField> =
        fields.iter().map(|field| ArrowField::new(&field.name, stored(field.ty), true)).collect();
    Schema::new(arrow)
}

fn moment(text: &str) -> Option<i64> {
    // `1`, `now` and the like are texts; a moment has a date in front.
    let dated = text.as_bytes().get(4) == Some(&b'-');
    dated.then(|| text.parse::<Timestamp>().ok()).flatten().map(|at| at.as_microsecond())
}

macro_rules! collected {
    ($builder:expr, $field:ident, $rows:ident, $read:expr) => {{
        let mut builder = $builder;
        for (at, row) in $rows.iter().enumerate() {
            match row.get($field.name.as_str()) {
                None | Some(Value::Null) => builder.append_null(),
                Some(value) => match $read(value) {
                    Some(read) => builder.append_value(read),
                    None => return Err(misfit(at, $field, value)),
                },
            }
        }
        Arc::new(builder.finish()) as ArrayRef
    }};
}

fn column(field: &Field, rows: &[JsonRow]) -> Result<ArrayRef, RowError> {
    Ok(match field.ty {
        Type::Bool => collected!(BooleanBuilder::new(), field, rows, Value::as_bool),
        Type::Int => {
            let int = |value: &Value| value.as_i64().and_then(|value| i32::try_from(value).ok());
            collected!(Int32Builder::new(), field, rows, int)
        }
        Type::Long => collected!(Int64Builder::new(), field, rows, Value::as_i64),
        Type::Real => collected!(Float64Builder::new(), field, rows, Value::as_f64),
        Type::TimeSpan => {
            let span = |value: &Value| ticks::parse_timespan(value.as_str()?);
            collected!(Int64Builder::new(), field, rows, span)
        }
        Type::DateTime => {
            let builder = TimestampMicrosecondBuilder::new().with_timezone("UTC");
            collected!(builder, field, rows, |value: &Value| moment(value.as_str()?))
        }
        Type::Dynamic | Type::Error => {
            collected!(StringBuilder::new(), field, rows, |value: &Value| Some(value.to_string()))
        }
        Type::String | Type::Guid | Type::Decimal => {
            let text = |value: &Value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
                _ => None,
            };
            collected!(StringBuilder::new(), field, rows, text)
        }
    })
}

fn misfit(at: usize, field: &Field, value: &Value) -> RowError {
    let value: String = value.to_string().chars().take(60).collect();
    RowError { row: at + 1, column: field.name.to_string(), wanted: field.ty, value }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(all: &[Value]) -> Vec<JsonRow> {
        all.iter().map(|row| row.as_object().unwrap().clone()).collect()
    }

    #[test]
    fn columns_have_the_narrowest_type_that_holds_all_values() {
        let rows = rows(&[
            json!({ "a": 1, "b": 1, "c": "2024-01-02T03:04:05Z", "d": "2024-01-02T00:00:00Z", "e": null }),
            json!({ "a": 2, "b": 1.5, "c": "2024-01-02T03:04:06Z", "d": "x", "f": { "g": 1 }, "h": true }),
        ]);
        let found: Vec<String> = columns_of(&rows)
            .iter()
            .map(|field| format!("{}:{}", field.name, field.ty.name()))
            .collect();
        let expected =
            ["a:long", "b:real", "c:datetime", "d:string", "e:dynamic", "f:dynamic", "h:bool"];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_value_that_does_not_fit_is_named_with_its_row() {
        let rows = rows(&[json!({ "a": 1 }), json!({ "a": "x" })]);
        let fields = vec![Field { name: "a".into(), ty: Type::Long }];
        let error = MemoryTables::default().fill("T", fields, &rows).unwrap_err();
        assert_eq!(error.to_string(), "row 2: column `a` is long, not \"x\"");
    }
}
