//! Events into rows: builders of Arrow columns that a `ColumnMapper` writes into.
//! Deliberately absent: what an event's fields mean (the mapper knows) and where rows go.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, RecordBatch,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use jiff::Timestamp;
use journal::StoredEvent;
use model::{ColumnMapper, EventContext, RowWriter, SourceId};

use crate::layout::{
    ADDITIONAL_FIELDS, EVENT_ID, INGESTION_TIME, Layout, NODE, OFFSET, PROVIDER, RAW_EVENT, SOURCE,
    TENANT, TIME_GENERATED, TIME_RECEIVED,
};

/// What the rows of a batch have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common<'a> {
    /// Who brought them.
    pub(crate) source: &'a SourceId,
    /// When they reached us.
    pub(crate) received: Timestamp,
    /// When they become rows.
    pub(crate) ingested: Timestamp,
    /// Who writes: the node and its journal.
    pub(crate) node: &'a str,
}

/// Rows in the making.
pub(crate) struct Rows {
    layout: Arc<Layout>,
    places: Places,
    columns: Vec<Builder>,
    rows: usize,
    /// The fields of the current row that no column holds, as the inside of a JSON object.
    additional: String,
}

impl Rows {
    /// No rows yet, of a table laid out as `layout`, with space for `rows` of them.
    pub(crate) fn new(layout: Arc<Layout>, rows: usize) -> Result<Self, ArrowError> {
        let columns =
            layout.schema.fields().iter().map(|field| Builder::new(field.data_type(), rows));
        Ok(Self {
            places: Places::of(&layout)?,
            columns: columns.collect(),
            layout,
            rows: 0,
            additional: String::new(),
        })
    }

    /// Appends the row of one event. `raw` is its text.
    pub(crate) fn push(
        &mut self,
        mapper: &dyn ColumnMapper,
        common: Common<'_>,
        event: &StoredEvent,
        raw: &str,
    ) {
        let context = EventContext {
            source: common.source,
            domain: None,
            id: &event.id,
            time: event.time,
            received: common.received,
        };
        mapper.columns(raw.as_bytes(), context, self);
        let places = self.places;
        let generated = time_generated(event.time, common.received);
        self.set(places.time_generated, |column| column.time(generated.as_microsecond()));
        self.set(places.provider, |column| column.text(&common.source.provider));
        self.set(places.tenant, |column| column.text(&common.source.tenant));
        self.set(places.source, |column| column.text(&common.source.source));
        self.set(places.event_id, |column| column.text(&event.id));
        self.set(places.received, |column| column.time(common.received.as_microsecond()));
        self.set(places.ingested, |column| column.time(common.ingested.as_microsecond()));
        self.set(places.node, |column| column.text(common.node));
        self.set(places.offset, |column| column.long(event.offset.cast_signed()));
        self.set(places.raw, |column| column.text(raw));
        if !self.additional.is_empty() {
            let mut object = std::mem::take(&mut self.additional);
            object.push('}');
            self.set(places.additional, |column| column.text(&object));
            object.clear();
            self.additional = object;
        }
        self.rows += 1;
        for column in &mut self.columns {
            column.fill_to(self.rows);
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// The rows.
    pub(crate) fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new(self.layout.schema.clone(), columns)
    }

    /// Sets a value of the current row, unless it is set already.
    fn set(&mut self, place: usize, write: impl FnOnce(&mut Builder)) {
        if let Some(column) = self.columns.get_mut(place)
            && column.len() == self.rows
        {
            write(column);
        }
    }

    /// Sets one of the provider's columns; `json` tells the value for `AdditionalFields` if the table cannot hold it.
    fn set_own(
        &mut self,
        column: usize,
        write: impl FnOnce(&mut Builder),
        json: impl FnOnce() -> String,
    ) {
        match self.layout.own.get(column) {
            Some(Some(place)) => {
                let place = *place;
                self.set(place, write);
            }
            Some(None) => {
                let name = self.layout.own_names[column];
                if !is_common(name) {
                    self.additional(name, &json());
                }
            }
            None => debug_assert!(false, "the mapper set column {column}, which does not exist"),
        }
    }
}

impl RowWriter for Rows {
    fn bool(&mut self, column: usize, value: bool) {
        self.set_own(column, |builder| builder.bool(value), || value.to_string());
    }

    fn long(&mut self, column: usize, value: i64) {
        self.set_own(column, |builder| builder.long(value), || value.to_string());
    }

    fn real(&mut self, column: usize, value: f64) {
        self.set_own(
            column,
            |builder| builder.real(value),
            || serde_json::Value::from(value).to_string(),
        );
    }

    fn string(&mut self, column: usize, value: &str) {
        self.set_own(column, |builder| builder.text(value), || quoted(value));
    }

    fn datetime(&mut self, column: usize, value: Timestamp) {
        self.set_own(
            column,
            |builder| builder.time(value.as_microsecond()),
            || quoted(&value.to_string()),
        );
    }

    fn dynamic(&mut self, column: usize, json: &str) {
        self.set_own(column, |builder| builder.text(json), || json.to_owned());
    }

    fn additional(&mut self, name: &str, json: &str) {
        self.additional.push(if self.additional.is_empty() { '{' } else { ',' });
        self.additional.push_str(&quoted(name));
        self.additional.push(':');
        self.additional.push_str(json);
    }
}

/// When the row happened, for the table. A provider's time before the year 1, which Kusto cannot say, counts as none.
pub(crate) fn time_generated(told: Option<Timestamp>, received: Timestamp) -> Timestamp {
    const YEAR_1_MICROSECONDS: i64 = -62_135_596_800_000_000;
    told.filter(|time| time.as_microsecond() >= YEAR_1_MICROSECONDS).unwrap_or(received)
}

fn is_common(name: &str) -> bool {
    matches!(
        name,
        TIME_GENERATED
            | PROVIDER
            | TENANT
            | SOURCE
            | EVENT_ID
            | TIME_RECEIVED
            | INGESTION_TIME
            | NODE
            | OFFSET
            | ADDITIONAL_FIELDS
            | RAW_EVENT
    )
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Where the common columns stand.
#[derive(Debug, Clone, Copy)]
struct Places {
    time_generated: usize,
    provider: usize,
    tenant: usize,
    source: usize,
    event_id: usize,
    received: usize,
    ingested: usize,
    node: usize,
    offset: usize,
    additional: usize,
    raw: usize,
}

impl Places {
    fn of(layout: &Layout) -> Result<Self, ArrowError> {
        let place = |name| layout.schema.index_of(name);
        Ok(Self {
            time_generated: place(TIME_GENERATED)?,
            provider: place(PROVIDER)?,
            tenant: place(TENANT)?,
            source: place(SOURCE)?,
            event_id: place(EVENT_ID)?,
            received: place(TIME_RECEIVED)?,
            ingested: place(INGESTION_TIME)?,
            node: place(NODE)?,
            offset: place(OFFSET)?,
            additional: place(ADDITIONAL_FIELDS)?,
            raw: place(RAW_EVENT)?,
        })
    }
}

/// The builder of one column. A value of another type than the column's is left out.
enum Builder {
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Real(Float64Builder),
    Time(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

/// Runs `$body` for whatever builder it is.
macro_rules! each {
    ($self:expr, $builder:ident => $body:expr) => {
        match $self {
            Builder::Bool($builder) => $body,
            Builder::Int($builder) => $body,
            Builder::Long($builder) => $body,
            Builder::Real($builder) => $body,
            Builder::Time($builder) => $body,
            Builder::Text($builder) => $body,
        }
    };
}

impl Builder {
    fn new(kind: &DataType, rows: usize) -> Self {
        match kind {
            DataType::Boolean => Self::Bool(BooleanBuilder::with_capacity(rows)),
            DataType::Int32 => Self::Int(Int32Builder::with_capacity(rows)),
            DataType::Int64 => Self::Long(Int64Builder::with_capacity(rows)),
            DataType::Float64 => Self::Real(Float64Builder::with_capacity(rows)),
            DataType::Timestamp(..) => Self::Time(
                TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(kind.clone()),
            ),
            _ => Self::Text(StringBuilder::with_capacity(rows, 0)),
        }
    }

    fn len(&self) -> usize {
        use arrow::array::ArrayBuilder;
        each!(self, builder => builder.len())
    }

    fn bool(&mut self, value: bool) {
        if let Self::Bool(builder) = self {
            builder.append_value(value);
        }
    }

    fn long(&mut self, value: i64) {
        match self {
            Self::Long(builder) => builder.append_value(value),
            Self::Int(builder) => builder.append_option(i32::try_from(value).ok()),
            _ => {}
        }
    }

    fn real(&mut self, value: f64) {
        if let Self::Real(builder) = self {
            builder.append_value(value);
        }
    }

    fn time(&mut self, microseconds: i64) {
        if let Self::Time(builder) = self {
            builder.append_value(microseconds);
        }
    }

    fn text(&mut self, value: &str) {
        if let Self::Text(builder) = self {
            builder.append_value(value);
        }
    }

    fn fill_to(&mut self, rows: usize) {
        if self.len() < rows {
            each!(self, builder => builder.append_null());
        }
    }

    fn finish(&mut self) -> ArrayRef {
        each!(self, builder => Arc::new(builder.finish()) as ArrayRef)
    }
}
