//! A rule's transformation, in the part of KQL that rules take: one row in, at most one out, from the stream's columns to
//! the table's.
//! Deliberately absent: columns (`columns`).

use super::columns::{Shape, TableColumn, provider};
use super::{Plan, StreamColumn};

/// The transformation of a plan. One line: rules are written in forms that do not all take line breaks.
pub(super) fn write(plan: &Plan) -> String {
    let mut text = "source".to_owned();
    if plan.shape == Shape::Asim {
        if let Some(provider) = provider(plan.provider) {
            text.push_str(&format!(" | where {}", provider.is_sign_in));
        }
        // A column may be made of one before it, so each is a step of its own where it has to be.
        for column in &plan.table_columns {
            text.push_str(&format!(" | extend {} = {}", column.name, asim_value(column, plan)));
        }
        let names: Vec<&str> = plan.table_columns.iter().map(|column| column.name).collect();
        text.push_str(&format!(" | project {}", names.join(", ")));
        return text;
    }
    let values: Vec<String> = plan
        .table_columns
        .iter()
        .map(|column| {
            let value = value(column, plan);
            if value == column.name { value } else { format!("{} = {value}", column.name) }
        })
        .collect();
    text.push_str(&format!(" | project {}", values.join(", ")));
    text
}

fn asim_value(column: &TableColumn, plan: &Plan) -> String {
    if column.name == "TimeGenerated" { time(column.from, plan) } else { column.from.to_owned() }
}

/// What a column is made of, brought to its type.
fn value(column: &TableColumn, plan: &Plan) -> String {
    if column.name == "TimeGenerated" {
        return time(column.from, plan);
    }
    let (base, rest) = column.from.split_once('.').unwrap_or((column.from, ""));
    let given = stream_column(base, plan);
    let path = if rest.is_empty() { quoted(base) } else { format!("{}.{rest}", quoted(base)) };
    if rest.is_empty() && given.is_some_and(|given| given.kind == column.kind) {
        return path;
    }
    let function = match column.kind {
        "boolean" => "tobool",
        "real" => "todouble",
        "datetime" => "todatetime",
        "dynamic" => "todynamic",
        _ => "tostring",
    };
    format!("{function}({path})")
}

/// The event's time; that of the call where it tells none.
fn time(from: &str, plan: &Plan) -> String {
    let read = match stream_column(from, plan) {
        Some(column) if column.kind == "datetime" => quoted(from),
        _ => format!("todatetime({})", quoted(from)),
    };
    format!("iif(isnull({read}), now(), {read})")
}

fn stream_column<'a>(name: &str, plan: &'a Plan) -> Option<&'a StreamColumn> {
    plan.stream_columns.iter().find(|column| column.name == name)
}

/// The column in brackets where its name is a word of the language.
fn quoted(name: &str) -> String {
    if ["date", "type", "id", "scope", "title"].contains(&name) {
        format!("['{name}']")
    } else {
        name.to_owned()
    }
}
