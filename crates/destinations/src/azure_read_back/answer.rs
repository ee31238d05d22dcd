//! What the workspace answered: counts by table and hour, or why there are none. An answer that is not whole counts as none:
//! part of a count would look like a loss.
//! Deliberately absent: what the counts mean.

use model::Timestamp;
use net::Answer;
use serde::Deserialize;
use serde_json::Value;

/// How much of the service's own words is repeated to the user.
const MESSAGE_CHARS_MAX: usize = 300;
/// How deep `innererror` is followed; the service nests three.
const INNER_ERRORS_MAX: usize = 8;

/// Rows that a table shows of one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The table.
    pub table: String,
    /// When the hour begins; `None` of rows that tell no time of their own.
    pub hour: Option<Timestamp>,
    /// How many.
    pub events: u64,
}

/// Why it is not known what the workspace shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What happened, as a lowercase fragment.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

#[derive(Deserialize)]
struct Body {
    tables: Vec<Table>,
    /// Stands beside tables that are not whole.
    #[serde(default)]
    error: Value,
}

#[derive(Deserialize)]
struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

pub(super) fn read(answer: &Answer) -> Result<Vec<Seen>, Unread> {
    if answer.status.as_u16() != 200 {
        return Err(refused(answer));
    }
    let strange = || Unread {
        message: "the answer to the question is not a table of counts".to_owned(),
        hint: "check `read_back.endpoint`: something else answers there".to_owned(),
    };
    let body: Body = serde_json::from_slice(&answer.body).map_err(|_| strange())?;
    if !body.error.is_null() {
        return Err(Unread {
            message: format!("the answer is not whole: {}", words(&body.error)),
            hint: "it is asked again within the hour".to_owned(),
        });
    }
    let table = body.tables.first().ok_or_else(strange)?;
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let (Some(hour), Some(seen), Some(name)) = (place("Hour"), place("Seen"), place("Table"))
    else {
        return Err(strange());
    };
    let row = |row: &Vec<Value>| {
        let hour = match row.get(hour)? {
            Value::Null => None,
            value => Some(value.as_str()?.parse().ok()?),
        };
        let table = row.get(name)?.as_str()?.to_owned();
        Some(Seen { table, hour, events: row.get(seen)?.as_u64()? })
    };
    table.rows.iter().map(row).collect::<Option<_>>().ok_or_else(strange)
}

fn refused(answer: &Answer) -> Unread {
    let status = answer.status.as_u16();
    let hint = match status {
        400 => {
            "check `read_back.workspace_id` and `read_back.tables`: the workspace must have the table, on a plan whose \
             tables can be queried"
        }
        401 => "check `read_back.audience` and the identity",
        403 => {
            "give the identity the role \"Log Analytics Reader\" on the workspace; a new assignment takes up to 30 minutes \
             to count"
        }
        404 => "check `read_back.workspace_id` and `read_back.endpoint`",
        408 | 429 | 500..=599 => "it is asked again within the hour",
        _ => "check `read_back.endpoint`",
    };
    let error: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let told = words(error.get("error").unwrap_or(&Value::Null));
    let message = if told.is_empty() {
        format!("status {status}")
    } else {
        format!("status {status}: {told}")
    };
    Unread { message, hint: hint.to_owned() }
}

/// The outermost code, and the innermost message, which is the one that says something.
fn words(error: &Value) -> String {
    let text = |error: &Value, name: &str| {
        error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (code, mut message) = (text(error, "code"), text(error, "message"));
    let inner = std::iter::successors(Some(error), |error| error.get("innererror"));
    for inner in inner.take(INNER_ERRORS_MAX).skip(1) {
        let told = text(inner, "message");
        message = if told.is_empty() { message } else { told };
    }
    let message: String =
        message.trim().trim_end_matches('.').chars().take(MESSAGE_CHARS_MAX).collect();
    let parts: Vec<&str> =
        [code.as_str(), message.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(": ")
}
