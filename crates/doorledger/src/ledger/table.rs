//! The ledger as a table of KQL: one row for each hour, source and channel, made anew for each query.
//! Deliberately absent: judging (`judge`).

use journal::{Counts, Delivered};
use model::{Column, ColumnType, SourceId};
use query::JsonRow;
use serde_json::{Map, Value, json};

use super::{Hour, TenantId};

/// The table's name.
pub(crate) const TABLE: &str = "Ledger";

/// The columns, in order.
pub(crate) static COLUMNS: &[Column] = &[
    column("TimeGenerated", ColumnType::DateTime, "When the hour begins, in the provider's time."),
    column("Provider", ColumnType::String, "Who writes the events: `auth0`."),
    column("Tenant", ColumnType::String, "The tenant as the configuration calls it."),
    column("Source", ColumnType::String, "The source; empty in an hour in which nothing came."),
    column("Channel", ColumnType::String, "`poll`, `push` or `import`; empty as `Source` is."),
    column("Received", ColumnType::Long, "Events that came: the sum of the next four."),
    column("Stored", ColumnType::Long, "Of them, events that nobody had brought before."),
    column(
        "Both",
        ColumnType::Long,
        "Events that had come by poll or push alone, and now by the other.",
    ),
    column(
        "Elsewhere",
        ColumnType::Long,
        "Events that another channel had brought, one being an import.",
    ),
    column("Duplicates", ColumnType::Long, "Events that this channel had brought before."),
    column("Rejected", ColumnType::Long, "Pieces of input that could not be read as events."),
    column(
        "Proved",
        ColumnType::Bool,
        "Whether everything that the provider's API listed of the hour is here.",
    ),
    column(
        "State",
        ColumnType::String,
        "`proved`, `open`, `unmatched`, `gap` or `not_proved`, of the tenant's hour.",
    ),
    column("GapCause", ColumnType::String, "Why the hour is not proved; empty if it is."),
    column(
        "Deliveries",
        ColumnType::Dynamic,
        "By destination: events acknowledged, refused and unsendable.",
    ),
];

const fn column(name: &'static str, kind: ColumnType, about: &'static str) -> Column {
    Column { name, kind, about }
}

/// Names and types of the columns.
pub(crate) fn columns() -> impl Iterator<Item = (&'static str, ColumnType)> {
    COLUMNS.iter().map(|column| (column.name, column.kind))
}

/// The rows of some hours of a tenant.
pub(crate) fn rows(tenant: &TenantId, hours: &[Hour]) -> Vec<JsonRow> {
    let mut rows = Vec::new();
    for hour in hours {
        let mut told: Vec<&SourceId> = Vec::new();
        for ((source, channel), counts) in &hour.accounts {
            // What went out of a source stands in its first row, so that sums are right.
            let is_first = !told.contains(&source);
            told.push(source);
            let deliveries = if is_first { deliveries(hour, Some(source)) } else { json!({}) };
            rows.push(row(
                tenant,
                hour,
                (source.source.as_str(), channel.name()),
                *counts,
                deliveries,
            ));
        }
        let rest = deliveries_of(hour, |source| !told.contains(&source));
        if told.is_empty() || rest.as_object().is_some_and(|rest| !rest.is_empty()) {
            rows.push(row(tenant, hour, ("", ""), Counts::default(), rest));
        }
    }
    rows
}

fn row(
    tenant: &TenantId,
    hour: &Hour,
    (source, channel): (&str, &str),
    counts: Counts,
    deliveries: Value,
) -> JsonRow {
    let mut row = Map::new();
    let values: [Value; 15] = [
        json!(hour.hour.to_string()),
        json!(tenant.provider),
        json!(tenant.tenant),
        json!(source),
        json!(channel),
        json!(counts.received),
        json!(counts.stored),
        json!(counts.both),
        json!(counts.elsewhere),
        json!(counts.duplicates),
        json!(counts.rejected),
        json!(hour.state == super::State::Proved),
        json!(hour.state.name()),
        json!(hour.cause),
        deliveries,
    ];
    for (column, value) in COLUMNS.iter().zip(values) {
        row.insert(column.name.to_owned(), value);
    }
    row
}

/// What became of the events of an hour at each destination: of one source, or of all.
pub(super) fn deliveries(hour: &Hour, of: Option<&SourceId>) -> Value {
    deliveries_of(hour, |source| of.is_none_or(|of| of == source))
}

fn deliveries_of(hour: &Hour, wanted: impl Fn(&SourceId) -> bool) -> Value {
    let mut by_name: std::collections::BTreeMap<&str, Delivered> =
        std::collections::BTreeMap::new();
    for ((source, reader), delivered) in &hour.deliveries {
        if wanted(source) {
            *by_name.entry(destination(reader)).or_default() += *delivered;
        }
    }
    let told = by_name.into_iter().map(|(name, delivered)| {
        let told = json!({
            "acknowledged": delivered.acknowledged,
            "refused": delivered.refused,
            "unsendable": delivered.unsendable,
        });
        (name.to_owned(), told)
    });
    Value::Object(told.collect())
}

/// The destination that a reader of the journal belongs to.
pub(super) fn destination(reader: &str) -> &str {
    reader.strip_prefix(crate::ship::Shipper::READER_PREFIX).unwrap_or(reader)
}
