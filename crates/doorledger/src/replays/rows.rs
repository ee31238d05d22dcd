//! Asking the lake, in KQL, for the events of a replay: how many there are, and page by page in the order of their time.
//! Deliberately absent: sending them (`run`).

use std::sync::Arc;

use bytes::Bytes;
use destinations::{Destination, Outgoing};
use futures::StreamExt as _;
use model::{
    ColumnValues, QueryEngine, QueryError, QueryErrorKind, QueryLimits, QueryRequest, RowBatch,
    SourceId, Timestamp,
};

/// Ticks of 100 ns from the year 1 to 1970.
const TICKS_TO_1970: i64 = 621_355_968_000_000_000;
/// Who brought the events that are counted, at most: more sources than anybody has.
const SOURCES_MAX: usize = 100_000;

/// Which events.
#[derive(Debug, Clone)]
pub(super) struct Range {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) condition: Option<String>,
}

/// What a replay has before it.
pub(super) struct Counted {
    pub(super) events: u64,
    /// Tables with events.
    pub(super) tables: Vec<String>,
    /// Tables to which the condition does not apply, with the reason.
    pub(super) left_out: Vec<String>,
}

/// Counts the events that the destination takes. A table to which the condition does not apply, since it has no such
/// column, is left out; if it applies to none, that is an error.
pub(super) async fn count(
    engine: &dyn QueryEngine,
    destination: &dyn Destination,
    range: &Range,
) -> Result<Counted, QueryError> {
    let mut counted = Counted { events: 0, tables: Vec::new(), left_out: Vec::new() };
    let mut refused = None;
    let mut applies = false;
    for provider in sources::ALL {
        let table = provider.table().name;
        let text = format!(
            "{}\n| summarize Events = count() by _Provider, _Tenant, _Source\n| take {SOURCES_MAX}",
            rows_of(table, range, range.since)
        );
        let rows = match ask(engine, text).await {
            Ok(rows) => rows,
            Err(error) if error.kind == QueryErrorKind::Semantic && range.condition.is_some() => {
                counted.left_out.push(format!("{table}: {}", error.message));
                refused = Some(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        applies = true;
        let mut events = 0;
        for batch in &rows {
            for row in 0..batch.rows {
                let source = source(batch, row, 0);
                if destination.takes(&source) {
                    events +=
                        long(batch, 3, row).and_then(|it| u64::try_from(it).ok()).unwrap_or(0);
                }
            }
        }
        if events > 0 {
            counted.events += events;
            counted.tables.push(table.to_owned());
        }
    }
    match refused {
        Some(error) if !applies => Err(error),
        _ => Ok(counted),
    }
}

/// A page of a table: the first `rows_max` events of `from` and later, in the order of their time. What is of one moment
/// stands in an order that what comes later does not change, so that each page of a moment begins with the one before.
pub(super) async fn page(
    engine: &dyn QueryEngine,
    table: &str,
    range: &Range,
    (from, until): (Timestamp, Timestamp),
    rows_max: usize,
) -> Result<Vec<Outgoing>, QueryError> {
    let range = Range { until, ..range.clone() };
    let text = format!(
        "{}\n| order by TimeGenerated asc, _Offset asc, _EventId asc, _Provider asc, _Tenant asc, _Source asc\n\
         | take {rows_max}\n\
         | project _Provider, _Tenant, _Source, _EventId, TimeGenerated, _TimeReceived, _Offset, RawEvent",
        rows_of(table, &range, from)
    );
    let batches = ask(engine, text).await?;
    let mut events: Vec<Outgoing> = Vec::new();
    for batch in &batches {
        for row in 0..batch.rows {
            let source = source(batch, row, 0);
            // Events of one source mostly stand together.
            let source = match events.last() {
                Some(last) if *last.source == source => last.source.clone(),
                _ => Arc::new(source),
            };
            let Some(time) = time(batch, 4, row) else { continue };
            events.push(Outgoing {
                source,
                domain: None,
                offset: long(batch, 6, row).and_then(|it| u64::try_from(it).ok()).unwrap_or(0),
                id: text_of(batch, 3, row).to_owned(),
                time: Some(time),
                received: self::time(batch, 5, row).unwrap_or(time),
                raw: Bytes::copy_from_slice(text_of(batch, 7, row).as_bytes()),
            });
        }
    }
    Ok(events)
}

/// The time of the first event from `from` on; `None` if there is none.
pub(super) async fn first(
    engine: &dyn QueryEngine,
    table: &str,
    range: &Range,
    from: Timestamp,
) -> Result<Option<Timestamp>, QueryError> {
    let text = format!("{}\n| summarize min(TimeGenerated)", rows_of(table, range, from));
    let batches = ask(engine, text).await?;
    Ok(batches.iter().find(|batch| batch.rows > 0).and_then(|batch| time(batch, 0, 0)))
}

/// Whether a text is one condition, and does not end the operator in which it is put: its brackets are its own, and no
/// statement or operator follows. Whether it is a condition of KQL at all, the engine tells.
pub(super) fn is_one_condition(text: &str) -> bool {
    let mut depth = 0_usize;
    for token in kql::syntax::lex(text) {
        match text.get(token.start as usize..token.end as usize).unwrap_or_default() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return false,
            },
            "|" | ";" if depth == 0 => return false,
            _ => {}
        }
    }
    depth == 0
}

/// The beginning of every question. The condition has lines of its own, so that a comment at its end hides nothing.
fn rows_of(table: &str, range: &Range, from: Timestamp) -> String {
    let until = range.until;
    let mut text = format!(
        "{table}\n| where TimeGenerated >= datetime({from:.6}) and TimeGenerated < datetime({until:.6})"
    );
    if let Some(condition) = &range.condition {
        text.push_str(&format!("\n| where (\n{condition}\n)"));
    }
    text
}

async fn ask(engine: &dyn QueryEngine, text: String) -> Result<Vec<RowBatch>, QueryError> {
    let request = QueryRequest { text, timespan: None, limits: QueryLimits::default() };
    let mut output = engine.query(request).await?;
    let mut batches = Vec::new();
    if let Some(mut table) = output.tables.pop() {
        while let Some(batch) = table.batches.next().await {
            batches.push(batch?);
        }
    }
    Ok(batches)
}

/// The source in three columns from `first` on.
fn source(batch: &RowBatch, row: usize, first: usize) -> SourceId {
    let text = |column| text_of(batch, first + column, row).to_owned();
    SourceId { provider: text(0), tenant: text(1), source: text(2) }
}

fn text_of(batch: &RowBatch, column: usize, row: usize) -> &str {
    match batch.columns.get(column) {
        Some(ColumnValues::String(values)) => values.get(row).map_or("", String::as_str),
        Some(ColumnValues::Dynamic(values)) => {
            values.get(row).and_then(Option::as_deref).unwrap_or_default()
        }
        _ => "",
    }
}

fn long(batch: &RowBatch, column: usize, row: usize) -> Option<i64> {
    match batch.columns.get(column) {
        Some(ColumnValues::Long(values)) => values.get(row).copied().flatten(),
        _ => None,
    }
}

fn time(batch: &RowBatch, column: usize, row: usize) -> Option<Timestamp> {
    match batch.columns.get(column) {
        Some(ColumnValues::DateTime(values)) => {
            let ticks = values.get(row).copied().flatten()?;
            Timestamp::from_microsecond(ticks.checked_sub(TICKS_TO_1970)?.div_euclid(10)).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_cannot_end_the_question_that_it_stands_in() {
        for (text, expected) in [
            ("EventType == 's'", true),
            ("EventType in ('s', 'f') // | take 1", true),
            ("UserName has ')' and Details['a b'].c == 1", true),
            ("EventType in ((Auth0Logs_CL | distinct EventType))", true),
            ("true) | take 5 | where (true", false),
            ("true | take 5", false),
            ("true; print 1", false),
            ("f(1", false),
            ("]", false),
        ] {
            assert_eq!(is_one_condition(text), expected, "{text}");
        }
    }
}
