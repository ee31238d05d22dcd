//! Streams of a data collection rule: which columns they declare, and whether a value fits its column.
//! Deliberately absent: transformations.

use std::collections::BTreeMap;

use serde_json::Value;

/// Type of a stream's column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Any text.
    String,
    /// A whole number.
    Int,
    /// A whole number.
    Long,
    /// A number.
    Real,
    /// True or false.
    Boolean,
    /// A moment, as text.
    DateTime,
    /// Anything.
    Dynamic,
}

impl ColumnKind {
    /// Whether a value can stand in a column of this kind. Null can stand anywhere.
    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) | (Self::Dynamic, _) => true,
            (Self::String, Value::String(_)) | (Self::Boolean, Value::Bool(_)) => true,
            (Self::Int | Self::Long, Value::Number(number)) => number.is_i64() || number.is_u64(),
            (Self::Real, Value::Number(_)) => true,
            (Self::DateTime, Value::String(text)) => text.parse::<jiff::Timestamp>().is_ok(),
            _ => false,
        }
    }
}

/// The first thing in a record that its stream cannot take.
pub(super) fn misfit(columns: &BTreeMap<String, ColumnKind>, record: &str) -> Option<String> {
    let Ok(Value::Object(record)) = serde_json::from_str(record) else {
        return Some("a record is not an object".to_owned());
    };
    record.iter().find_map(|(name, value)| match columns.get(name) {
        None => Some(format!("the stream has no column '{name}'")),
        Some(kind) if kind.fits(value) => None,
        Some(kind) => Some(format!("the value of column '{name}' is not of type {kind:?}")),
    })
}

/// The columns that Microsoft's own Auth0 connector (3.2.1) declares for its stream `Custom-Auth0Logs_CL`.
#[must_use]
pub fn auth0_logs_columns() -> BTreeMap<String, ColumnKind> {
    const TEXTS: &[&str] = &[
        "type",
        "description",
        "connection",
        "connection_id",
        "client_id",
        "client_name",
        "ip",
        "user_agent",
        "hostname",
        "user_id",
        "user_name",
        "organization_id",
        "organization_name",
        "audience",
        "scope",
        "strategy",
        "strategy_type",
        "log_id",
        "tenant_name",
        "Auth0Domain",
    ];
    let mut columns = of_kind(ColumnKind::String, TEXTS);
    columns.extend(of_kind(ColumnKind::Dynamic, &["location_info", "details", "security_context"]));
    columns.insert("date".to_owned(), ColumnKind::DateTime);
    columns.insert("isMobile".to_owned(), ColumnKind::Boolean);
    columns
}

/// The columns that Microsoft's own OneLogin connector declares for its stream `Custom-OneLoginEventsV2_CL`.
#[must_use]
pub fn onelogin_events_columns() -> BTreeMap<String, ColumnKind> {
    const TEXTS: &[&str] = &[
        "app_name",
        "role_name",
        "policy_name",
        "policy_type",
        "user_name",
        "actor_system",
        "custom_message",
        "ipaddr",
        "actor_user_name",
        "notes",
        "created_at",
    ];
    const NUMBERS: &[&str] = &[
        "id",
        "app_id",
        "role_id",
        "policy_id",
        "user_id",
        "account_id",
        "actor_user_id",
        "event_type_id",
    ];
    let mut columns = of_kind(ColumnKind::String, TEXTS);
    columns.extend(of_kind(ColumnKind::Real, NUMBERS));
    columns
}

fn of_kind(kind: ColumnKind, names: &[&str]) -> BTreeMap<String, ColumnKind> {
    names.iter().map(|name| ((*name).to_owned(), kind)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_misfit_is_named() {
        let columns = auth0_logs_columns();
        for (record, expected) in [
            (r#"{"date":"2026-11-20T10:00:00.123Z","isMobile":true,"details":{"a":[1]}}"#, None),
            (r#"{"scope":null}"#, None),
            (r#"{"scope":["a"]}"#, Some("the value of column 'scope' is not of type String")),
            (r#"{"date":"soon"}"#, Some("the value of column 'date' is not of type DateTime")),
            (r#"{"colour":1}"#, Some("the stream has no column 'colour'")),
        ] {
            assert_eq!(misfit(&columns, record).as_deref(), expected, "{record}");
        }
        assert_eq!(misfit(&onelogin_events_columns(), r#"{"id":45016591484}"#), None);
    }
}
