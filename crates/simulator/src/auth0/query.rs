//! The subset of Lucene's query language that Auth0's search knows: `field:value`, phrases, `*`, ranges, AND, OR, NOT
//! and parentheses. Bare words look into seven fields. Values are not split into words.
//! Deliberately absent: `?`, fuzziness, boosting and regular expressions, which the service refuses as well.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::moment::{DAY_US, MINUTE_US, SECOND_US};

/// The fields that may be searched.
const FIELDS: &[&str] = &[
    "client_id",
    "client_name",
    "connection",
    "connection_id",
    "date",
    "description",
    "hostname",
    "ip",
    "log_id",
    "organization_id",
    "strategy",
    "strategy_type",
    "type",
    "user_agent",
    "user_id",
    "user_name",
];
/// The fields that a bare word is looked for in.
const BARE_FIELDS: &[&str] =
    &["client_name", "connection", "description", "ip", "log_id", "type", "user_name"];
/// How deep parentheses may be nested.
const DEPTH_MAX: usize = 32;
/// How many characters a wildcard needs beside it.
const WILDCARD_LITERALS_MIN: usize = 3;

/// A query that was understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Query {
    All,
    Field(String, Match),
    Bare(Match),
    Date(Option<i64>, Option<i64>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
}

/// What a value must be like.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Match {
    /// Just this text.
    Exact(String),
    /// These texts in this order, with anything between.
    Pieces(Vec<String>),
    /// Between two texts, each with whether it counts itself.
    Range(Option<(String, bool)>, Option<(String, bool)>),
}

/// Reads a query; the error is the service's sentence.
pub(super) fn read(text: &str) -> Result<Query, String> {
    if text.trim().is_empty() {
        return Ok(Query::All);
    }
    let mut reader = Reader { rest: text, depth: 0 };
    let query = reader.either()?;
    match reader.rest.trim_start() {
        "" => Ok(query),
        rest => Err(format!("Query syntax error near '{}'", start_of(rest))),
    }
}

impl Query {
    /// Whether an event matches. `read` gives its JSON, and is not called if its date suffices.
    pub(super) fn matches<'a>(&self, date_us: i64, read: &mut dyn FnMut() -> &'a Value) -> bool {
        match self {
            Self::All => true,
            Self::Date(from, until) => {
                from.is_none_or(|from| from <= date_us) && until.is_none_or(|until| date_us < until)
            }
            Self::Field(name, wanted) => {
                read()[name.as_str()].as_str().is_some_and(|value| wanted.matches(value))
            }
            Self::Bare(wanted) => {
                let event = read();
                BARE_FIELDS
                    .iter()
                    .filter_map(|name| event[*name].as_str())
                    .any(|value| wanted.matches(value))
            }
            Self::And(all) => all.iter().all(|query| query.matches(date_us, read)),
            Self::Or(any) => any.iter().any(|query| query.matches(date_us, read)),
            Self::Not(query) => !query.matches(date_us, read),
        }
    }
}

impl Match {
    fn matches(&self, value: &str) -> bool {
        match self {
            Self::Exact(text) => text == value,
            Self::Pieces(pieces) => in_order(pieces, value),
            Self::Range(low, high) => {
                low.as_ref().is_none_or(|(low, itself)| {
                    value > low.as_str() || *itself && value == low.as_str()
                }) && high.as_ref().is_none_or(|(high, itself)| {
                    value < high.as_str() || *itself && value == high.as_str()
                })
            }
        }
    }
}

/// Whether `value` is the pieces with anything between them.
fn in_order(pieces: &[String], value: &str) -> bool {
    let [first, middle @ .., last] = pieces else { return false };
    let Some(mut rest) = value.strip_prefix(first.as_str()) else { return false };
    for piece in middle {
        match rest.find(piece.as_str()) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn either(&mut self) -> Result<Query, String> {
        let mut any = vec![self.both()?];
        while self.word("OR") {
            any.push(self.both()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Query::Or(any) })
    }

    fn both(&mut self) -> Result<Query, String> {
        let mut all = vec![self.single()?];
        loop {
            let joined = self.word("AND");
            let rest = self.rest.trim_start();
            if !joined && (rest.is_empty() || rest.starts_with(')') || is_word(rest, "OR")) {
                break;
            }
            all.push(self.single()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Query::And(all) })
    }

    fn single(&mut self) -> Result<Query, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("Query syntax error: nested too deep".to_owned());
        }
        let query = if self.word("NOT") {
            Query::Not(Box::new(self.single()?))
        } else if self.mark("(") {
            let query = self.either()?;
            if !self.mark(")") {
                return Err("Query syntax error: a parenthesis is not closed".to_owned());
            }
            query
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(query)
    }

    fn term(&mut self) -> Result<Query, String> {
        let rest = self.rest.trim_start();
        let length = rest
            .find(|it: char| !it.is_ascii_alphanumeric() && !matches!(it, '_' | '$' | '.'))
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        if name.is_empty() || !after.starts_with(':') {
            return Ok(Query::Bare(self.value()?));
        }
        if !FIELDS.contains(&name) {
            return Err(format!("Field '{name}' is not searchable"));
        }
        let name = name.to_owned();
        self.rest = &after[1..];
        let wanted = self.value()?;
        if name != "date" {
            return Ok(Query::Field(name, wanted));
        }
        match wanted {
            Match::Range(low, high) => {
                let low = low.map(|(text, itself)| bound(&text, !itself)).transpose()?;
                let high = high.map(|(text, itself)| bound(&text, itself)).transpose()?;
                Ok(Query::Date(low, high))
            }
            Match::Exact(text) => {
                Ok(Query::Date(Some(bound(&text, false)?), Some(bound(&text, true)?)))
            }
            Match::Pieces(_) => Err("Field 'date' takes no wildcard".to_owned()),
        }
    }

    fn value(&mut self) -> Result<Match, String> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next() {
            Some('"') => {
                let inside = &self.rest[1..];
                let end = inside.find('"').ok_or("Query syntax error: a quote is not closed")?;
                self.rest = &inside[end + 1..];
                Ok(Match::Exact(inside[..end].to_owned()))
            }
            Some(open @ ('[' | '{')) => self.range(open == '['),
            Some(_) => {
                let end = self
                    .rest
                    .find(|it: char| it.is_whitespace() || matches!(it, '(' | ')'))
                    .unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                if text.is_empty() {
                    return Err(format!("Query syntax error near '{}'", start_of(self.rest)));
                }
                self.rest = rest;
                wildcard(text)
            }
            None => Err("Query syntax error: a value is missing".to_owned()),
        }
    }

    fn range(&mut self, low_itself: bool) -> Result<Match, String> {
        let end = self.rest.find([']', '}']).ok_or("Query syntax error: a range is not closed")?;
        let high_itself = self.rest[end..].starts_with(']');
        let inside = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        let (low, high) =
            inside.split_once(" TO ").ok_or("Query syntax error: a range is written [a TO b]")?;
        let end_of = |text: &str, itself| {
            let text = text.trim().trim_matches('"');
            (text != "*").then(|| (text.to_owned(), itself))
        };
        Ok(Match::Range(end_of(low, low_itself), end_of(high, high_itself)))
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let found = is_word(rest, word);
        if found {
            self.rest = &rest[word.len()..];
        }
        found
    }

    fn mark(&mut self, mark: &str) -> bool {
        match self.rest.trim_start().strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

fn is_word(rest: &str, word: &str) -> bool {
    rest.strip_prefix(word)
        .is_some_and(|after| after.is_empty() || after.starts_with([' ', '(', ')']))
}

fn start_of(text: &str) -> String {
    text.chars().take(20).collect()
}

fn wildcard(text: &str) -> Result<Match, String> {
    if !text.contains('*') {
        return Ok(Match::Exact(text.to_owned()));
    }
    let pieces: Vec<String> = text.split('*').map(str::to_owned).collect();
    let only_prefix = pieces.len() == 2 && pieces[1].is_empty();
    let literals: usize = pieces.iter().map(String::len).sum();
    if text != "*" && !only_prefix && literals < WILDCARD_LITERALS_MIN {
        return Err("A wildcard needs at least 3 characters beside it".to_owned());
    }
    Ok(Match::Pieces(pieces))
}

/// The first moment of what a date text says, or the first moment after it.
fn bound(text: &str, after: bool) -> Result<i64, String> {
    let wrong = || format!("'{text}' is not a date");
    let start = |date: Date| {
        date.to_zoned(TimeZone::UTC).map(|it| it.timestamp().as_microsecond()).map_err(|_| wrong())
    };
    let (first, length) = match text.len() {
        7 => {
            let date: Date = format!("{text}-01").parse().map_err(|_| wrong())?;
            (start(date)?, i64::from(date.days_in_month()) * DAY_US)
        }
        10 => (start(text.parse().map_err(|_| wrong())?)?, DAY_US),
        _ => {
            let zone = text.get(19..).unwrap_or_default();
            let full = match (text.len(), zone.contains(['Z', '+', '-'])) {
                (_, true) => text.to_owned(),
                (16, _) => format!("{text}:00Z"),
                _ => format!("{text}Z"),
            };
            let at: Timestamp = full.parse().map_err(|_| wrong())?;
            let length = match (text.len(), text.contains('.')) {
                (16, _) => MINUTE_US,
                (_, false) => SECOND_US,
                (_, true) => SECOND_US / 1_000,
            };
            (at.as_microsecond(), length)
        }
    };
    Ok(if after { first + length } else { first })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(query: &str, expected: bool) {
        let event = json!({
            "type": "fp", "user_name": "ada.vogel1@acme.example", "description": "Create a rule",
            "ip": "91.1.2.3", "log_id": "9002", "client_name": "Wiki",
        });
        let date: Timestamp = "2026-11-20T10:30:15.250Z".parse().unwrap();
        let matched = read(query).unwrap().matches(date.as_microsecond(), &mut || &event);
        assert_eq!(matched, expected, "{query}");
    }

    #[test]
    fn queries_find_what_they_say() {
        for (query, expected) in [
            ("", true),
            ("type:fp", true),
            ("type:s", false),
            ("type:\"fp\" AND ip:91.1.2.3", true),
            ("type:s OR type:fp", true),
            ("NOT type:fp", false),
            ("(type:s OR type:fp) AND NOT client_name:Wiki", false),
            ("type:fp client_name:Wiki", true),
            ("description:rule", false),
            ("description:*rule", true),
            ("user_name:ada*", true),
            ("user_name:*vogel*acme*", true),
            ("fp", true),
            ("Wiki", true),
            ("log_id:[9001 TO *]", true),
            ("log_id:{9002 TO *]", false),
            ("date:[2026-11-20 TO *]", true),
            ("date:[* TO 2026-11-20}", false),
            ("date:[2026-11 TO 2026-11]", true),
            ("date:[2026-11-20T10:30:15.250Z TO *]", true),
            ("date:{2026-11-20T10:30:15.250Z TO *]", false),
            ("date:[2026-11-20T10:30:16 TO 2026-11-21]", false),
            ("date:2026-11-20", true),
        ] {
            check(query, expected);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (query, expected) in [
            ("colour:red", "Field 'colour' is not searchable"),
            ("(type:s", "Query syntax error: a parenthesis is not closed"),
            ("type:\"s", "Query syntax error: a quote is not closed"),
            ("date:[1 TO", "Query syntax error: a range is not closed"),
            ("date:soon", "'soon' is not a date"),
            ("user_name:*a*", "A wildcard needs at least 3 characters beside it"),
            ("type:", "Query syntax error: a value is missing"),
            ("type:s)", "Query syntax error near ')'"),
        ] {
            assert_eq!(read(query).unwrap_err(), expected, "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fall(text in ".{0,60}") {
            drop(read(&text));
        }
    }
}
