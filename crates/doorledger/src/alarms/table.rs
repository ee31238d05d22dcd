//! The table `Alarms`: one row when an alarm opens, one each day on which it is still so, one when it closes. A row goes the
//! way of every event, through the journal, so it is durable, can be queried and is never there twice.
//! Deliberately absent: when a row is written (`book`).

use model::{Column, ColumnType, RowWriter, TableSchema, Timestamp};
use serde_json::Value;

/// Who writes these rows: the program itself.
pub(crate) const PROVIDER: &str = "doorledger";

/// The table.
pub(crate) static TABLE: TableSchema = TableSchema { name: "Alarms", columns: COLUMNS };

const COLUMNS: &[Column] = &[
    column("Alarm", ColumnType::String, "Which alarm: `source_silent`, `gap_found` …"),
    column("State", ColumnType::String, "`opened`, `open` (once a day) or `closed`."),
    column("Severity", ColumnType::String, "`yellow`: look at it; `red`: act."),
    column("Provider", ColumnType::String, "Provider of the source; empty for a destination."),
    column("Tenant", ColumnType::String, "Tenant of the source; empty for a destination."),
    column("Source", ColumnType::String, "Name of the source; empty for a destination."),
    column("Destination", ColumnType::String, "Name of the destination; empty for a source."),
    column("Message", ColumnType::String, "What is so, or was so when it closed."),
    column("Hint", ColumnType::String, "What to do next."),
    column("AlarmId", ColumnType::String, "The same in all rows of one alarm."),
    column("Opened", ColumnType::DateTime, "When it opened."),
    column("Closed", ColumnType::DateTime, "When it closed; null before."),
];

const fn column(name: &'static str, kind: ColumnType, about: &'static str) -> Column {
    Column { name, kind, about }
}

/// The name under which a row's JSON holds a column.
fn key(name: &str) -> String {
    let mut key = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !key.is_empty() {
            key.push('_');
        }
        key.push(letter.to_ascii_lowercase());
    }
    key
}

/// Sets the columns of one row.
pub(crate) fn columns(raw: &[u8], row: &mut dyn RowWriter) {
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(raw) else { return };
    for (at, column) in COLUMNS.iter().enumerate() {
        let Some(text) = fields.get(&key(column.name)).and_then(Value::as_str) else { continue };
        match column.kind {
            ColumnType::DateTime => {
                if let Ok(time) = text.parse::<Timestamp>() {
                    row.datetime(at, time);
                }
            }
            _ => row.string(at, text),
        }
    }
}
