//! Frequent values of columns, for whoever writes a string behind `==`, `in (` or `has`. They are asked for as KQL in the
//! background and kept for a while: a completion never waits for them, so the first one goes without, and the next has them.
//! Deliberately absent: columns with many values, of which a few would mislead, and columns that are no strings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use kql::catalog::Catalog;
use kql::syntax::{SyntaxKind, Token, lex};
use kql::types::Type;
use model::{
    ColumnValues, QueryError, QueryErrorKind, QueryLimits, QueryRequest, SignedDuration, Timestamp,
};

use super::shapes::Proposal;
use crate::api::Shared;

/// Columns whose values are kept at once; the oldest go first.
const COLUMNS_MAX: usize = 256;
/// Different values that a column may have, of which the most frequent are offered; with more it counts as one of many.
const DIFFERENT_MAX: usize = 1_000;
/// Values that are offered of a column.
const VALUES_MAX: usize = 50;
/// Bytes of a value that is offered: longer ones are no choices.
const VALUE_BYTES_MAX: usize = 200;
/// From when on values are counted, before now.
const SPAN: SignedDuration = SignedDuration::from_hours(24);
/// After this time they are asked for anew; until that is done the old ones are offered.
const AGE_MAX: SignedDuration = SignedDuration::from_mins(10);
/// After this time they are asked for again where it did not work.
const RETRY: SignedDuration = SignedDuration::from_secs(30);
/// What one of these questions may use up: it is a convenience.
const LIMITS: QueryLimits = QueryLimits {
    rows_max: DIFFERENT_MAX,
    result_bytes_max: 4 * 1024 * 1024,
    time_max: Duration::from_secs(10),
    memory_bytes_max: 128 * 1024 * 1024,
};

/// Operators behind which a string of the column in front stands.
const COMPARING: &[&str] = &[
    "==",
    "!=",
    "=~",
    "!~",
    "has",
    "!has",
    "has_cs",
    "contains",
    "!contains",
    "contains_cs",
    "startswith",
    "!startswith",
    "startswith_cs",
    "endswith",
];
/// Operators behind which a list of them stands in parentheses.
const LISTING: &[&str] = &["in", "!in", "in~", "!in~", "has_any", "has_all"];

/// A string that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// Of which column, in which table.
    pub(super) of: (String, String),
    /// Where it begins, behind the quote, in bytes of the query.
    pub(super) from: usize,
    /// Where it ends.
    pub(super) to: usize,
    /// What is written of it in front of the place, in lower case.
    prefix: String,
    /// The quote in front; none is written yet where it is `None`.
    quote: Option<char>,
}

impl Written {
    /// Whether the place is within quotes.
    pub(super) const fn is_quoted(&self) -> bool {
        self.quote.is_some()
    }
}

/// The string around a place, if it is compared with a column of strings.
pub(super) fn written(query: &str, at: usize, catalog: &dyn Catalog) -> Option<Written> {
    let tokens: Vec<Token> = lex(query).into_iter().filter(|one| !one.kind.is_trivia()).collect();
    let text = |token: &Token| query.get(token.start as usize..token.end as usize).unwrap_or("");
    let place = u32::try_from(at).ok()?;
    // A string that is still open reaches to the end of its line.
    let is_closed = |token: &Token| {
        let written = text(token);
        written.len() > 1 && written.ends_with(written.chars().next().unwrap_or('"'))
    };
    let around = tokens.iter().position(|token| {
        let is_string = token.kind == SyntaxKind::Text && text(token).starts_with(['"', '\'']);
        let is_inside = place < token.end || (place == token.end && !is_closed(token));
        is_string && token.start < place && is_inside
    });
    let (mut before, quote, from, to) =
        match around.and_then(|index| Some((index, tokens.get(index)?))) {
            Some((index, token)) => {
                let quote = text(token).chars().next();
                let to = if is_closed(token) { token.end as usize - 1 } else { at };
                (tokens.get(..index)?, quote, token.start as usize + 1, to)
            }
            None => {
                let index = tokens.iter().take_while(|token| token.end <= place).count();
                (tokens.get(..index)?, None, at, at)
            }
        };
    let prefix = query.get(from..at)?;
    if prefix.contains('\\') {
        return None;
    }
    let is_listed = skip_list(&mut before, &text);
    let (operator, before) = before.split_last()?;
    let known = if is_listed { LISTING } else { COMPARING };
    if !known.contains(&text(operator)) {
        return None;
    }
    let (column, before) = before.split_last()?;
    let column = text(column);
    // The last table in front that has such a column is the one that is asked.
    let table = before.iter().rev().map(text).find(|name| {
        let fields = catalog.table(name);
        fields.is_some_and(|fields| {
            fields.iter().any(|field| field.name.as_str() == column && field.ty == Type::String)
        })
    })?;
    let of = (table.to_owned(), column.to_owned());
    Some(Written { of, from, to, prefix: prefix.to_lowercase(), quote })
}

/// Goes back over `( "a", "b",` to what stands before it; whether there was such a list.
fn skip_list<'t>(before: &mut &'t [Token], text: &impl Fn(&Token) -> &'t str) -> bool {
    let mut left = *before;
    while let Some((token, rest)) = left.split_last() {
        match token.kind {
            SyntaxKind::Comma | SyntaxKind::Text => left = rest,
            _ if text(token) == "(" => {
                *before = rest;
                return true;
            }
            _ => break,
        }
    }
    false
}

/// Values of columns, as far as they are known.
#[derive(Debug, Clone, Default)]
pub(crate) struct FrequentValues {
    kept: Arc<Mutex<HashMap<(String, String), Kept>>>,
}

#[derive(Debug)]
struct Kept {
    /// When they were asked for.
    asked: Timestamp,
    /// The most frequent first, each with how often; empty if there are too many different ones, or none are known yet.
    values: Vec<(String, i64)>,
}

impl FrequentValues {
    fn kept(&self) -> MutexGuard<'_, HashMap<(String, String), Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a column, and whether it is to be asked for now: by whoever is told so, and nobody else.
    fn known(&self, of: &(String, String), now: Timestamp) -> (Vec<(String, i64)>, bool) {
        let mut kept = self.kept();
        if let Some(found) = kept.get_mut(of) {
            // As far ahead as behind: the clock may have been set back.
            let is_old = now.duration_since(found.asked).abs() >= AGE_MAX;
            if is_old {
                found.asked = now;
            }
            return (found.values.clone(), is_old);
        }
        if kept.len() >= COLUMNS_MAX {
            let oldest = kept.iter().min_by_key(|(_, one)| one.asked).map(|(of, _)| of.clone());
            oldest.and_then(|of| kept.remove(&of));
        }
        kept.insert(of.clone(), Kept { asked: now, values: Vec::new() });
        (Vec::new(), true)
    }

    /// Takes what came of asking at `now`. What is known stays where no answer came.
    fn take(&self, of: &(String, String), now: Timestamp, answer: Answer) {
        let mut kept = self.kept();
        let Some(found) = kept.get_mut(of) else { return };
        match answer {
            Ok(Some(values)) => found.values = values,
            Err(error) if error.kind == QueryErrorKind::Limit => found.values = Vec::new(),
            Ok(None) | Err(_) => {
                found.asked = now.checked_sub(AGE_MAX - RETRY).unwrap_or(now);
            }
        }
    }
}

/// The values of a column; none if there was no place to ask for them, and an error of the limits if there are too many.
type Answer = Result<Option<Vec<(String, i64)>>, QueryError>;

/// Proposals for a string, of what is known by now.
pub(super) fn proposals(shared: &Arc<Shared>, written: &Written) -> Vec<Proposal> {
    let now = shared.clock.now();
    let (values, is_asked) = shared.values.known(&written.of, now);
    if is_asked {
        let (shared, of) = (Arc::clone(shared), written.of.clone());
        tokio::spawn(async move {
            let answer = ask(&shared, &of, now).await;
            shared.values.take(&of, now, answer);
        });
    }
    let fits = |(value, _): &(String, i64)| value.to_lowercase().starts_with(&written.prefix);
    let fitting = values.into_iter().filter(fits);
    fitting.map(|(value, times)| proposal(value, times, written.quote)).collect()
}

fn proposal(value: String, times: i64, quote: Option<char>) -> Proposal {
    let mark = quote.unwrap_or('"');
    let escaped = value.replace('\\', "\\\\").replace(mark, &format!("\\{mark}"));
    let insert = if quote.is_some() { escaped } else { format!("{mark}{escaped}{mark}") };
    Proposal {
        label: value,
        kind: "value",
        detail: format!("{times}×"),
        text: String::new(),
        insert,
    }
}

/// The values of a column, the most frequent first. Within the budget of queries, and without waiting for it.
async fn ask(shared: &Shared, (table, column): &(String, String), now: Timestamp) -> Answer {
    let Some(_place) = shared.queries.take(1) else { return Ok(None) };
    let since = now.as_microsecond().saturating_sub(i64::try_from(SPAN.as_micros()).unwrap_or(0));
    let request = QueryRequest {
        text: format!(
            "['{table}'] | where isnotempty(['{column}']) | summarize Events = count() by ['{column}']"
        ),
        timespan: Some((since, now.as_microsecond())),
        limits: LIMITS,
    };
    let output = shared.engine.query(request).await?;
    let mut found = Vec::new();
    for table in output.tables {
        let mut batches = table.batches;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            if let [ColumnValues::String(values), ColumnValues::Long(times)] = &batch.columns[..] {
                let counted = values.iter().zip(times);
                found.extend(counted.map(|(value, times)| (value.clone(), times.unwrap_or(0))));
            }
        }
    }
    found.retain(|(value, _)| value.len() <= VALUE_BYTES_MAX && !value.contains(char::is_control));
    found.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    found.truncate(VALUES_MAX);
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use kql::plan::{Field, Fields};

    use super::*;

    struct Tables;

    impl Catalog for Tables {
        fn table(&self, name: &str) -> Option<Fields> {
            let field = |(name, ty): (&str, Type)| Field { name: name.into(), ty };
            let fields = [("Type", Type::String), ("N", Type::Long)].map(field);
            (name == "T").then(|| Fields::from(fields.to_vec()))
        }

        fn tables(&self) -> Vec<String> {
            vec!["T".into()]
        }
    }

    #[test]
    fn the_string_around_a_place_is_found_where_it_is_compared_with_a_column() {
        // `¦` is the place; what would be replaced, and whether quotes are there.
        for (query, expected) in [
            ("T | where Type == \"f¦", Some(("f", true))),
            ("T | where Type == \"f¦oo\" and N > 1", Some(("foo", true))),
            ("T | where Type == 'ä¦", Some(("ä", true))),
            ("T | where Type == ¦", Some(("", false))),
            ("T | where N > 1 and Type has \"¦\"", Some(("", true))),
            ("T | where Type in (\"a\", \"b¦", Some(("b", true))),
            ("T | where Type in (¦", Some(("", false))),
            ("T | where Type !in (\"a\", ¦)", Some(("", false))),
            ("T | where Type in~ (\"¦\")", Some(("", true))),
            ("T | where Type has_any (\"¦\")", Some(("", true))),
            ("T | where N == ¦", None),
            ("T | where Nothing == \"¦\"", None),
            ("U | where Type == \"¦\"", None),
            ("T | where Type == \"a\"¦", None),
            ("T | where Type == \"a\\\"¦", None),
            ("T | where strcat(\"¦\") == Type", None),
            ("\"¦", None),
            ("¦", None),
        ] {
            let at = query.find('¦').unwrap();
            let query = query.replace('¦', "");
            let found = written(&query, at, &Tables);
            let found = found.map(|found| (query[found.from..found.to].to_owned(), found.quote));
            let found = found.as_ref().map(|(text, quote)| (text.as_str(), quote.is_some()));
            assert_eq!(found, expected, "{query}");
        }
    }

    #[test]
    fn a_column_is_asked_for_once_and_again_when_it_is_old() {
        let values = FrequentValues::default();
        let of = ("T".to_owned(), "Type".to_owned());
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(values.known(&of, now), (vec![], true));
        assert_eq!(values.known(&of, now), (vec![], false));
        values.take(&of, now, Ok(Some(vec![("f".into(), 3)])));
        let told = vec![("f".to_owned(), 3)];
        assert_eq!(values.known(&of, now + SignedDuration::from_mins(9)), (told.clone(), false));
        assert_eq!(values.known(&of, now + AGE_MAX), (told.clone(), true));
        assert_eq!(values.known(&of, now + AGE_MAX), (told, false));
        for number in 0..COLUMNS_MAX {
            values.known(&("T".to_owned(), number.to_string()), now + AGE_MAX + AGE_MAX);
        }
        assert_eq!(values.kept().len(), COLUMNS_MAX);
        assert!(!values.kept().contains_key(&of), "the oldest went first");
    }

    #[test]
    fn what_is_known_stays_where_no_answer_came_and_is_asked_for_soon() {
        let of = ("T".to_owned(), "Type".to_owned());
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let error = |kind| QueryError {
            kind,
            code: String::new(),
            message: String::new(),
            span: None,
            hint: String::new(),
        };
        let known = || vec![("f".to_owned(), 3)];
        for (answer, expected, asked_again) in [
            (Ok(Some(vec![("g".to_owned(), 1)])), vec![("g".to_owned(), 1)], false),
            (Ok(None), known(), true),
            (Err(error(QueryErrorKind::Internal)), known(), true),
            (Err(error(QueryErrorKind::Limit)), vec![], false),
        ] {
            let values = FrequentValues::default();
            values.known(&of, now);
            values.take(&of, now, Ok(Some(known())));
            let later = now + AGE_MAX;
            assert!(values.known(&of, later).1);
            values.take(&of, later, answer.clone());
            assert_eq!(values.known(&of, later), (expected.clone(), false), "{answer:?}");
            assert_eq!(values.known(&of, later + RETRY), (expected, asked_again), "{answer:?}");
        }
        // A clock that was set back keeps nobody from asking.
        let values = FrequentValues::default();
        values.known(&of, now);
        assert!(values.known(&of, now - SignedDuration::from_hours(1)).1);
    }

    #[test]
    fn a_value_is_written_as_a_string_of_the_language() {
        for (quote, insert) in
            [(None, "\"a\\\"b'\\\\\""), (Some('"'), "a\\\"b'\\\\"), (Some('\''), "a\"b\\'\\\\")]
        {
            assert_eq!(proposal("a\"b'\\".into(), 2, quote).insert, insert);
        }
    }
}
