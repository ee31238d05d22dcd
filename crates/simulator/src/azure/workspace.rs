//! The query API of a Log Analytics workspace, for one kind of question: how many records of each hour do these tables show?
//! Table, time column and hours are read out of the question, the counts are those of the records that were not swallowed.
//! Deliberately absent: KQL. Any other question is refused as the service refuses what it does not understand.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Azure;
use super::answers::refusal;
use crate::server::json_answer;

const AUDIENCES: &[&str] = &[
    "https://api.loganalytics.io",
    "https://api.loganalytics.azure.com",
    "https://api.loganalytics.us",
    "https://api.loganalytics.azure.cn",
];

/// Tables that one question may be about.
const LEGS_MAX: usize = 100;

/// Answers `POST /v1/workspaces/{workspace}/query`.
pub(super) async fn query(
    State(azure): State<Arc<Azure>>,
    Path(workspace): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(message) = azure.authorized(&headers, AUDIENCES) {
        return refusal(StatusCode::UNAUTHORIZED, "AuthenticationFailed", message);
    }
    if workspace != azure.options.workspace_id {
        let message =
            "The provided credentials have insufficient access to perform the requested operation";
        return refusal(StatusCode::FORBIDDEN, "InsufficientAccessError", message);
    }
    let text = serde_json::from_slice::<Value>(&body).ok();
    let text = text.as_ref().and_then(|body| body.get("query")).and_then(Value::as_str);
    let Some(legs) = text.and_then(legs) else {
        let message = "The query could not be parsed: this stand-in counts records by hour, and nothing else.";
        return refused("SyntaxError", "SYN0002", message);
    };
    let mut rows = Vec::new();
    for leg in &legs {
        match azure.received.by_hour(leg.table, leg.column) {
            Some(hours) => {
                rows.extend(hours.into_iter().filter_map(|(hour, seen)| leg.row(hour, seen)))
            }
            // Beside others, a table that is not there has no rows.
            None if legs.len() > 1 => {}
            None => {
                let message =
                    format!("Failed to resolve table or column expression named '{}'", leg.table);
                return refused("SemanticError", "SEM0100", &message);
            }
        }
    }
    let column = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    let columns = [column("Hour", "datetime"), column("Seen", "long"), column("Table", "string")];
    let table = json!({ "name": "PrimaryResult", "columns": columns, "rows": rows });
    json_answer(StatusCode::OK, &json!({ "tables": [table] }))
}

fn refused(kind: &str, code: &str, message: &str) -> Response {
    let innermost = json!({ "code": code, "message": message });
    let inner =
        json!({ "code": kind, "message": "The query is refused.", "innererror": innermost });
    let message = "The request had some invalid properties";
    let error = json!({ "code": "BadArgumentError", "message": message, "innererror": inner });
    json_answer(StatusCode::BAD_REQUEST, &json!({ "error": error }))
}

/// What is asked of one table.
#[derive(Debug, PartialEq, Eq)]
struct Leg<'a> {
    table: &'a str,
    column: &'a str,
    hours: Range<Timestamp>,
}

impl Leg<'_> {
    /// The row of an hour; `None` if it is not among those that are asked for.
    fn row(&self, hour: Option<i64>, seen: u64) -> Option<Value> {
        let hour = match hour {
            None => None,
            Some(hour) => {
                let begins = Timestamp::from_second(hour.checked_mul(3_600)?).ok()?;
                Some(self.hours.contains(&begins).then_some(begins)?)
            }
        };
        Some(json!([hour.map(|hour| hour.to_string()), seen, self.table]))
    }
}

/// The tables that a question is about; `None` if it is another question.
fn legs(text: &str) -> Option<Vec<Leg<'_>>> {
    let counts = "summarize Seen = count() by Hour";
    let mut legs = Vec::new();
    for leg in text.split("['").skip(1).take(LEGS_MAX) {
        let (table, rest) = leg.split_once("']")?;
        let column = between(rest, "column_ifexists('", "'").unwrap_or("TimeGenerated");
        let from = between(rest, "Hour >= datetime(", ")")?.parse().ok()?;
        let until = between(rest, "Hour < datetime(", ")")?.parse().ok()?;
        legs.push(Leg { table, column, hours: rest.contains(counts).then_some(from..until)? });
    }
    (!legs.is_empty()).then_some(legs)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_as_what_it_asks_for() {
        let leg = |table: &str, time: &str| {
            format!(
                "['{table}'] | extend Hour = bin({time}, 1h) | where Hour >= datetime(2026-11-20T10:00:00Z) \
                 and Hour < datetime(2026-11-20T12:00:00Z) | summarize Seen = count() by Hour"
            )
        };
        let hours: Range<Timestamp> =
            "2026-11-20T10:00:00Z".parse().unwrap().."2026-11-20T12:00:00Z".parse().unwrap();
        let (a, b) =
            (leg("A_CL", "TimeGenerated"), leg("B_CL", "todatetime(column_ifexists('b', ''))"));
        let a_leg = Leg { table: "A_CL", column: "TimeGenerated", hours: hours.clone() };
        let b_leg = Leg { table: "B_CL", column: "b", hours };
        assert_eq!(legs(&format!("union isfuzzy=true ({a}), ({b})")), Some(vec![a_leg, b_leg]));
        for other in ["", "A_CL | count", "['A_CL'] | count", &a.replace("count()", "dcount(x)")] {
            assert_eq!(legs(other), None, "{other}");
        }
    }
}
