//! What the tests share: tables in memory, an engine over them, and answers as JSON lines. Deliberately absent: cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch};
use arrow::array::{StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema, TimeUnit};
use datafusion::datasource::{MemTable, TableProvider};
use futures::TryStreamExt;
use kql::plan::Field;
use kql::types::Type;
use model::{
    ColumnType, ColumnValues, FixedClock, QueryEngine, QueryError, QueryLimits, QueryRequest,
    RowBatch, Timestamp,
};
use query::{Engine, EngineOptions, StoredFunctions, Tables};
use serde_json::{Value, json};

/// Ticks from year 1 to 1970.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// Tables in memory, laid out as the lake lays them out.
#[derive(Default)]
pub(crate) struct Memory(BTreeMap<String, (Vec<Field>, Arc<dyn TableProvider>)>);

impl Memory {
    /// Adds a table; rows are JSON arrays, moments in them ISO texts.
    pub(crate) fn add(&mut self, name: &str, fields: Vec<Field>, rows: &[Value]) {
        let arrow: Vec<ArrowField> = fields
            .iter()
            .map(|field| ArrowField::new(&field.name, stored_type(field.ty), true))
            .collect();
        let schema = Arc::new(Schema::new(arrow));
        let columns: Vec<ArrayRef> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| stored(field.ty, rows.iter().map(|row| &row[at]).collect()))
            .collect();
        let batch = RecordBatch::try_new(schema.clone(), columns).expect("rows fit their columns");
        // Two partitions, so that what runs on several threads is tried too.
        let half = batch.num_rows() / 2;
        let parts =
            vec![vec![batch.slice(0, half)], vec![batch.slice(half, batch.num_rows() - half)]];
        let provider = MemTable::try_new(schema, parts).expect("a table");
        self.0.insert(name.to_owned(), (fields, Arc::new(provider)));
    }
}

impl Tables for Memory {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
    fn columns(&self, table: &str) -> Option<Vec<Field>> {
        self.0.get(table).map(|(fields, _)| fields.clone())
    }
    fn provider(&self, table: &str) -> Option<Arc<dyn TableProvider>> {
        self.0.get(table).map(|(_, provider)| provider.clone())
    }
}

fn stored_type(ty: Type) -> DataType {
    match ty {
        Type::Bool => DataType::Boolean,
        Type::Int => DataType::Int32,
        Type::Long | Type::TimeSpan => DataType::Int64,
        Type::Real => DataType::Float64,
        Type::DateTime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        _ => DataType::Utf8,
    }
}

fn stored(ty: Type, cells: Vec<&Value>) -> ArrayRef {
    match ty {
        Type::Bool => Arc::new(cells.iter().map(|cell| cell.as_bool()).collect::<BooleanArray>()),
        Type::Int => Arc::new(
            cells
                .iter()
                .map(|cell| cell.as_i64().map(|v| i32::try_from(v).expect("an int")))
                .collect::<Int32Array>(),
        ),
        Type::Long | Type::TimeSpan => {
            Arc::new(cells.iter().map(|cell| cell.as_i64()).collect::<Int64Array>())
        }
        Type::Real => Arc::new(cells.iter().map(|cell| cell.as_f64()).collect::<Float64Array>()),
        Type::DateTime => {
            let moments = cells.iter().map(|cell| {
                let text = cell.as_str()?;
                Some(text.parse::<Timestamp>().expect("a moment").as_microsecond())
            });
            Arc::new(moments.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        Type::Dynamic => Arc::new(
            cells
                .iter()
                .map(|cell| (!cell.is_null()).then(|| cell.to_string()))
                .collect::<StringArray>(),
        ),
        _ => Arc::new(cells.iter().map(|cell| cell.as_str()).collect::<StringArray>()),
    }
}

/// An engine over `tables`, at noon of 2024-05-15.
pub(crate) fn engine(tables: Memory) -> Engine {
    engine_with(tables, EngineOptions { target_partitions: 2, ..EngineOptions::default() })
}

/// The same with other options.
pub(crate) fn engine_with(tables: Memory, options: EngineOptions) -> Engine {
    let functions = StoredFunctions::embedded().expect("our own functions");
    Engine::new(Arc::new(tables), functions, Arc::new(FixedClock::at(now())), options)
        .expect("an engine")
}

/// Noon of 2024-05-15.
pub(crate) fn now() -> Timestamp {
    "2024-05-15T12:00:00Z".parse().expect("a moment")
}

/// The last table of an answer.
pub(crate) struct Answer {
    /// Names and types.
    pub(crate) columns: Vec<(String, ColumnType)>,
    /// One JSON array a row.
    pub(crate) rows: Vec<Value>,
}

/// Asks with the usual limits.
pub(crate) async fn ask(engine: &Engine, text: &str) -> Result<Answer, QueryError> {
    ask_within(engine, text, QueryLimits::default()).await
}

/// Asks within limits.
pub(crate) async fn ask_within(
    engine: &Engine,
    text: &str,
    limits: QueryLimits,
) -> Result<Answer, QueryError> {
    let request = QueryRequest { text: text.to_owned(), timespan: None, limits };
    let mut output = engine.query(request).await?;
    let Some(table) = output.tables.pop() else {
        return Ok(Answer { columns: Vec::new(), rows: Vec::new() });
    };
    let batches: Vec<RowBatch> = table.batches.try_collect().await?;
    let columns = table.columns.into_iter().map(|column| (column.name, column.kind)).collect();
    let rows =
        batches.iter().flat_map(|batch| (0..batch.rows).map(|row| json_row(batch, row))).collect();
    Ok(Answer { columns, rows })
}

fn json_row(batch: &RowBatch, row: usize) -> Value {
    batch.columns.iter().map(|column| cell(column, row)).collect()
}

fn cell(column: &ColumnValues, row: usize) -> Value {
    match column {
        ColumnValues::Bool(values) => json!(values[row]),
        ColumnValues::Int(values) => json!(values[row]),
        ColumnValues::Long(values) => json!(values[row]),
        ColumnValues::Real(values) => match values[row] {
            Some(value) if value.is_nan() => json!("NaN"),
            Some(value) if value.is_infinite() => {
                json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
            }
            value => json!(value),
        },
        ColumnValues::String(values) => json!(values[row]),
        ColumnValues::DateTime(values) => json!(values[row].map(datetime)),
        ColumnValues::TimeSpan(values) => json!(values[row].map(timespan)),
        ColumnValues::Decimal(values) | ColumnValues::Guid(values) => json!(values[row]),
        ColumnValues::Dynamic(values) => values[row].as_ref().map_or(Value::Null, |text| {
            serde_json::from_str(text).unwrap_or_else(|_| json!(format!("not JSON: {text}")))
        }),
    }
}

fn datetime(ticks: i64) -> String {
    let since = ticks - UNIX_EPOCH_TICKS;
    // The last day of the year 9999 is one that `Timestamp` does not reach: 400 years make one cycle of the calendar.
    let cycle = 146_097 * 86_400;
    let (second, years) = match since.div_euclid(10_000_000) {
        late if late > 250_000_000_000 => (late - cycle, 400),
        second => (second, 0),
    };
    let text = Timestamp::from_second(second).expect("a moment of the calendar").to_string();
    let year: i64 = text[..4].parse().expect("a year");
    let text = format!("{:04}{}", year + years, &text[4..]);
    match since.rem_euclid(10_000_000) {
        0 => text,
        fraction => {
            let digits = format!("{fraction:07}");
            text.replace('Z', &format!(".{}Z", digits.trim_end_matches('0')))
        }
    }
}

fn timespan(ticks: i64) -> String {
    let size = ticks.unsigned_abs();
    let (days, rest) = (size / 864_000_000_000, size % 864_000_000_000);
    let sign = if ticks < 0 { "-" } else { "" };
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    let (hours, minutes, seconds) =
        (rest / 36_000_000_000, rest / 600_000_000 % 60, rest / 10_000_000 % 60);
    let fraction = match rest % 10_000_000 {
        0 => String::new(),
        fraction => format!(".{fraction:07}"),
    };
    format!("{sign}{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

/// Whether golden answers are to be written instead of compared: `UPDATE=1`.
pub(crate) fn updating() -> bool {
    std::env::vars().any(|(name, _)| name == "UPDATE")
}
