//! The columns of a table: those that every table has, those that its provider has, and how they are written down in
//! Arrow and in Delta. Every field says its Kusto type in its metadata (`kusto`), because Arrow has no word for
//! `dynamic` or `guid`.
//! Deliberately absent: values.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::StructType;
use model::{ColumnType, TableSchema};
use serde_json::{Value, json};

use crate::{Error, Result};

/// When it happened: the provider's time, or else when it reached us.
pub const TIME_GENERATED: &str = "TimeGenerated";
/// Name of the provider.
pub const PROVIDER: &str = "_Provider";
/// Name of the tenant.
pub const TENANT: &str = "_Tenant";
/// Name of the source within the tenant.
pub const SOURCE: &str = "_Source";
/// The provider's id of the event.
pub const EVENT_ID: &str = "_EventId";
/// When it reached us.
pub const TIME_RECEIVED: &str = "_TimeReceived";
/// When it became a row: `ingestion_time()`.
pub const INGESTION_TIME: &str = "_IngestionTime";
/// The node that took it and the journal in which it put it: `node-1/0f3a…`. Within one value of it, offsets tell
/// the order of arrival.
pub const NODE: &str = "_Node";
/// Its offset in that node's journal.
pub const OFFSET: &str = "_Offset";
/// The fields that no column holds.
pub const ADDITIONAL_FIELDS: &str = "AdditionalFields";
/// The event, byte for byte.
pub const RAW_EVENT: &str = "RawEvent";
/// The name of the table. Not stored: a constant of each table.
pub const TYPE: &str = "Type";
/// The partition column: the day (UTC) of `TimeGenerated`. Hidden from queries.
pub(crate) const DAY: &str = "_Day";

/// The key under which a field's metadata says its Kusto type.
pub const KUSTO: &str = "kusto";

/// The columns of which the log keeps least and greatest values: those that queries narrow by. Fewer make the log
/// smaller and quicker to read.
pub(crate) const STATISTICS: [&str; 4] = [TIME_GENERATED, TIME_RECEIVED, INGESTION_TIME, OFFSET];

/// The columns that every table has after those of its provider, in order.
const COMMON: [(&str, ColumnType); 10] = [
    (PROVIDER, ColumnType::String),
    (TENANT, ColumnType::String),
    (SOURCE, ColumnType::String),
    (EVENT_ID, ColumnType::String),
    (TIME_RECEIVED, ColumnType::DateTime),
    (INGESTION_TIME, ColumnType::DateTime),
    (NODE, ColumnType::String),
    (OFFSET, ColumnType::Long),
    (ADDITIONAL_FIELDS, ColumnType::Dynamic),
    (RAW_EVENT, ColumnType::Dynamic),
];

/// The stored columns of a table and where the values of a row go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    /// The columns in the data files: without `_Day`, without `Type`.
    pub(crate) schema: SchemaRef,
    /// For each column of the provider's `TableSchema`: its place in `schema`, or `None` if the table has a column of
    /// that name and another type, so that its values go to `AdditionalFields`.
    pub(crate) own: Vec<Option<usize>>,
    /// The names of the provider's columns, for those values.
    pub(crate) own_names: Vec<&'static str>,
}

impl Layout {
    /// The layout of a new table.
    pub(crate) fn new(table: &TableSchema) -> Self {
        Self::widened(&Schema::empty(), table)
    }

    /// The layout of a table that has `existing` columns already: those stay as they are and where they are, and what
    /// `table` has besides them comes after. Old files read as null there.
    pub(crate) fn widened(existing: &Schema, table: &TableSchema) -> Self {
        let mut fields: Vec<Field> =
            existing.fields().iter().map(|field| field.as_ref().clone()).collect();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (place, field) in fields.iter().enumerate() {
            places.insert(field.name().clone(), place);
        }
        let wanted = std::iter::once((TIME_GENERATED, ColumnType::DateTime))
            .chain(table.columns.iter().map(|column| (column.name, column.kind)))
            .chain(COMMON);
        for (name, kind) in wanted {
            if name != DAY && name != TYPE && !places.contains_key(name) {
                places.insert(name.to_owned(), fields.len());
                fields.push(field(name, kind));
            }
        }
        let common = |name: &str| COMMON.iter().any(|(common, _)| *common == name);
        let own = table
            .columns
            .iter()
            .map(|column| {
                let place = *places.get(column.name)?;
                let same = kusto_type(&fields[place]) == column.kind;
                (same && column.name != TIME_GENERATED && !common(column.name)).then_some(place)
            })
            .collect();
        let own_names = table.columns.iter().map(|column| column.name).collect();
        Self { schema: Arc::new(Schema::new(fields)), own, own_names }
    }

    /// The layout of a table whose provider is not at hand: it can be read, not written.
    pub(crate) fn of_stored(existing: SchemaRef) -> Self {
        Self { schema: existing, own: Vec::new(), own_names: Vec::new() }
    }
}

/// The Kusto type of a stored column.
#[must_use]
pub fn kusto_type(field: &Field) -> ColumnType {
    let told = field.metadata().get(KUSTO);
    let told = told.and_then(|name| ColumnType::ALL.into_iter().find(|kind| kind.name() == name));
    told.unwrap_or(match field.data_type() {
        DataType::Boolean => ColumnType::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 => ColumnType::Int,
        DataType::Int64 => ColumnType::Long,
        DataType::Float32 | DataType::Float64 => ColumnType::Real,
        DataType::Timestamp(..) | DataType::Date32 => ColumnType::DateTime,
        _ => ColumnType::String,
    })
}

/// A stored column called `name`. Every column may be null, so that a wider table reads older files.
pub(crate) fn field(name: &str, kind: ColumnType) -> Field {
    let metadata = HashMap::from([(KUSTO.to_owned(), kind.name().to_owned())]);
    Field::new(name, arrow_type(kind), true).with_metadata(metadata)
}

fn arrow_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int => DataType::Int32,
        // Ticks of 100 ns.
        ColumnType::Long | ColumnType::TimeSpan => DataType::Int64,
        ColumnType::Real => DataType::Float64,
        ColumnType::DateTime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Decimal | ColumnType::String | ColumnType::Guid | ColumnType::Dynamic => {
            DataType::Utf8
        }
    }
}

/// Delta's name of a stored type, as its schema documents write it.
fn delta_type(kind: &DataType) -> &'static str {
    match kind {
        DataType::Boolean => "boolean",
        DataType::Int32 => "integer",
        DataType::Int64 => "long",
        DataType::Float64 => "double",
        DataType::Timestamp(..) => "timestamp",
        _ => "string",
    }
}

/// The stored columns as Delta's schema, the partition column at the end.
pub(crate) fn to_delta(table: &str, schema: &Schema) -> Result<StructType> {
    let mut fields: Vec<Value> = schema
        .fields()
        .iter()
        .map(|field| {
            json!({
                "name": field.name(),
                "type": delta_type(field.data_type()),
                "nullable": true,
                "metadata": { KUSTO: kusto_type(field).name() },
            })
        })
        .collect();
    fields.push(json!({"name": DAY, "type": "date", "nullable": true, "metadata": {}}));
    serde_json::from_value(json!({"type": "struct", "fields": fields}))
        .map_err(Error::encode(table))
}

/// Delta's schema as stored columns. Tables that other programs have added columns to can be read as long as the
/// columns are plain.
pub(crate) fn from_delta(table: &str, schema: &StructType) -> Result<SchemaRef> {
    let written = serde_json::to_value(schema).map_err(Error::encode(table))?;
    let foreign = |reason: String| Error::ForeignTable { table: table.to_owned(), reason };
    let mut fields = Vec::new();
    for column in written["fields"].as_array().into_iter().flatten() {
        let name = column["name"].as_str().unwrap_or_default();
        if name == DAY {
            continue;
        }
        let told = column["metadata"][KUSTO].as_str();
        let told = told.and_then(|kind| ColumnType::ALL.into_iter().find(|k| k.name() == kind));
        let stored = column["type"].as_str();
        let kind = match stored {
            Some("boolean") => ColumnType::Bool,
            Some("integer") => ColumnType::Int,
            Some("long") => told.unwrap_or(ColumnType::Long),
            Some("double") => ColumnType::Real,
            Some("timestamp") => ColumnType::DateTime,
            Some("string") => told.unwrap_or(ColumnType::String),
            _ => {
                return Err(foreign(format!(
                    "its column `{name}` has the type {}",
                    column["type"]
                )));
            }
        };
        fields.push(field(name, kind));
    }
    if !fields.iter().any(|field| field.name() == TIME_GENERATED) {
        return Err(foreign(format!("it has no column `{TIME_GENERATED}`")));
    }
    Ok(Arc::new(Schema::new(fields)))
}

#[cfg(test)]
mod tests {
    use model::Column;

    use super::*;

    const fn column(name: &'static str, kind: ColumnType) -> Column {
        Column { name, kind, about: "" }
    }

    const NARROW: TableSchema =
        TableSchema { name: "T", columns: &[column("type", ColumnType::String)] };
    const WIDE: TableSchema = TableSchema {
        name: "T",
        columns: &[
            column("details", ColumnType::Dynamic),
            column("type", ColumnType::Long),
            column("TimeGenerated", ColumnType::DateTime),
            column("id", ColumnType::Guid),
            column("took", ColumnType::TimeSpan),
        ],
    };

    #[test]
    fn a_schema_survives_the_way_through_delta() {
        let layout = Layout::new(&WIDE);
        let delta = to_delta("T", &layout.schema).unwrap();
        assert_eq!(from_delta("T", &delta).unwrap(), layout.schema);
    }

    #[test]
    fn a_wider_schema_keeps_old_columns_in_place() {
        let old = Layout::new(&NARROW);
        let new = Layout::widened(&old.schema, &WIDE);
        assert_eq!(new.schema.fields()[..old.schema.fields().len()], old.schema.fields()[..]);
        let names: Vec<&str> = new.schema.fields()[old.schema.fields().len()..]
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        assert_eq!(names, ["details", "id", "took"]);
        // `type` exists as a string: its numbers go to AdditionalFields. `TimeGenerated` is the lake's own.
        let placed: Vec<bool> = new.own.iter().map(Option::is_some).collect();
        assert_eq!(placed, [true, false, false, true, true]);
    }

    #[test]
    fn kusto_types_stand_in_the_metadata() {
        let layout = Layout::new(&WIDE);
        for (name, expected) in [
            ("details", ColumnType::Dynamic),
            ("id", ColumnType::Guid),
            ("took", ColumnType::TimeSpan),
            (RAW_EVENT, ColumnType::Dynamic),
            (OFFSET, ColumnType::Long),
        ] {
            assert_eq!(
                kusto_type(layout.schema.field_with_name(name).unwrap()),
                expected,
                "{name}"
            );
        }
    }
}
