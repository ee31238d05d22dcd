//! The question in KQL. It asks in one form whatever the tables are: a column that a table lacks makes rows without an hour
//! there (`column_ifexists`), a table that the workspace lacks beside others makes no rows (`isfuzzy`).
//! Deliberately absent: the answer.

use std::ops::Range;

use model::{SignedDuration, Timestamp};

use super::ReadTable;

/// The column in which Azure keeps when an event happened, or when it came if it was too old.
const TIME_GENERATED: &str = "TimeGenerated";
/// What was generated so long before the first hour is not looked at: it bounds what the service has to read, and what it
/// charges for. `TimeGenerated` is the event's time or later, so an hour would do.
const LOOKED_BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// The question for rows `Hour`, `Seen`, `Table`.
pub(super) fn write(tables: &[&ReadTable], hours: &Range<Timestamp>) -> String {
    let legs: Vec<String> = tables.iter().map(|table| leg(table, hours)).collect();
    match legs.as_slice() {
        [one] => one.clone(),
        many => format!("union isfuzzy=true ({})", many.join("), (")),
    }
}

fn leg(table: &ReadTable, hours: &Range<Timestamp>) -> String {
    let (name, from, until) = (&table.name, hours.start, hours.end);
    let looked = from.checked_sub(LOOKED_BEFORE).unwrap_or(from);
    let time = time(&table.time_columns);
    format!(
        "['{name}'] | where TimeGenerated >= datetime({looked}) | extend Hour = bin({time}, 1h) \
         | where isnull(Hour) or (Hour >= datetime({from}) and Hour < datetime({until})) \
         | summarize Seen = count() by Hour | extend Table = '{name}'"
    )
}

/// The event's own time. A text is read as OneLogin's two ways write it: `2026-11-20T18:00:00Z`, `2026-11-20 18:00:00 UTC`.
fn time(columns: &[String]) -> String {
    let read: Vec<String> = columns
        .iter()
        .map(|column| match column.as_str() {
            TIME_GENERATED => column.clone(),
            _ => format!(
                "todatetime(replace_string(tostring(column_ifexists('{column}', '')), ' UTC', 'Z'))"
            ),
        })
        .collect();
    match read.as_slice() {
        [one] => one.clone(),
        many => format!("coalesce({})", many.join(", ")),
    }
}
