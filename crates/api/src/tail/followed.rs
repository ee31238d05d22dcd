//! Which queries a live tail can follow, and what is asked for a stretch of offsets. A query can be followed if each of its
//! rows depends on one row of a table alone: then what is new in the table gives what is new in the result.
//! Deliberately absent: asking (`tail`).

use std::ops::Range;

use kql::Parse;
use kql::catalog::Catalog;
use kql::syntax::{Node, SyntaxKind};
use model::QueryError;

/// The column by which new rows are known: late events have high offsets too.
const OFFSET: &str = "_Offset";
/// Operators whose rows depend on one row of the input each.
const FOLLOWED: &[&str] = &[
    "where",
    "filter",
    "extend",
    "project",
    "project-away",
    "project-keep",
    "project-rename",
    "project-reorder",
    "parse",
    "parse-where",
    "parse-kv",
];

/// A query that can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Followed {
    text: String,
    /// Where the table's name stands.
    table: Range<usize>,
}

/// Why a query cannot be followed: its place, and what stands there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotFollowed {
    /// Where, in bytes.
    pub(super) span: Range<usize>,
    /// What is in the way, as a lowercase fragment.
    pub(super) why: String,
}

impl Followed {
    /// Reads a query that has no mistakes of form.
    pub(super) fn read(parse: &Parse, catalog: &dyn Catalog) -> Result<Self, NotFollowed> {
        let root = parse.tree.root();
        let refuse = |node: Node<'_>, why: String| NotFollowed { span: node.span(), why };
        let mut query = None;
        for statement in root.nodes() {
            match statement.kind() {
                SyntaxKind::Let | SyntaxKind::SetOption if query.is_none() => {}
                SyntaxKind::Query if query.is_none() => query = Some(statement),
                _ => return Err(refuse(statement, "one query can be followed at a time".into())),
            }
        }
        let query = query.ok_or_else(|| refuse(root, "there is no query to follow".into()))?;
        let first = query.nodes().next().ok_or_else(|| refuse(query, "nothing is asked".into()))?;
        let (source, operators): (Node<'_>, Vec<Node<'_>>) = match first.kind() {
            SyntaxKind::Pipe => {
                let mut parts = first.nodes();
                let source =
                    parts.next().ok_or_else(|| refuse(first, "nothing is asked".into()))?;
                (source, parts.collect())
            }
            _ => (first, Vec::new()),
        };
        if source.kind() == SyntaxKind::Operator {
            let why = format!("`{}` cannot be followed", operator_name(source));
            return Err(refuse(source, why));
        }
        let is_table = source.kind() == SyntaxKind::NameRef && {
            let name = plain_name(source.text());
            let is_let = |node: Node<'_>| {
                node.child(SyntaxKind::NameRef).is_some_and(|own| plain_name(own.text()) == name)
            };
            let fields =
                catalog.table(name).filter(|_| !root.children_of(SyntaxKind::Let).any(is_let));
            fields.is_some_and(|fields| fields.iter().any(|field| field.name.as_str() == OFFSET))
        };
        if !is_table {
            let why = format!("`{}` is no table of events", shortened(source.text()));
            return Err(refuse(source, why));
        }
        for operator in operators {
            let name = operator_name(operator);
            if !FOLLOWED.contains(&name.as_str()) {
                return Err(refuse(operator, format!("`{name}` cannot be followed")));
            }
        }
        Ok(Self { text: parse.tree.text().to_owned(), table: source.span() })
    }

    /// The query over the rows with offsets above `after`, up to and including `until`.
    pub(super) fn between(&self, after: i64, until: i64) -> String {
        let (before, rest) = self.text.split_at_checked(self.table.end).unwrap_or((&self.text, ""));
        format!("{before}{}{rest}", Self::condition(after, until))
    }

    /// What asks for the newest offset, of rows with offsets above `after`.
    pub(super) fn newest(&self, after: i64) -> String {
        let table = self.text.get(self.table.clone()).unwrap_or_default();
        format!("{table}\n| where {OFFSET} > {after}\n| summarize max({OFFSET})")
    }

    /// An error in the words of the query that was written: the condition that was put in is none of it.
    pub(super) fn told(&self, mut error: QueryError, after: i64, until: i64) -> QueryError {
        let length = Self::condition(after, until).len();
        let end = self.table.end;
        let back =
            |place: usize| if place > end { place.saturating_sub(length).max(end) } else { place };
        error.span = error.span.map(|(start, end)| (back(start), back(end)));
        error
    }

    fn condition(after: i64, until: i64) -> String {
        format!("\n| where {OFFSET} > {after} and {OFFSET} <= {until}\n")
    }
}

/// The first word of an operator.
fn operator_name(operator: Node<'_>) -> String {
    let word = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    operator.text().trim_start().chars().take_while(word).collect()
}

/// `T` of `T`, `['T']` and `["T"]`.
fn plain_name(written: &str) -> &str {
    let written = written.trim();
    let inner = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.map_or(written, |inner| inner.trim().trim_matches(['\'', '"']))
}

/// Characters of a source that are repeated in a refusal.
const SHOWN_CHARACTERS_MAX: usize = 60;

fn shortened(text: &str) -> String {
    text.trim().chars().take(SHOWN_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use kql::plan::{Field, Fields};
    use kql::types::Type;

    use super::*;

    struct Tables;

    impl Catalog for Tables {
        fn table(&self, name: &str) -> Option<Fields> {
            let field = |name: &str| Field { name: name.into(), ty: Type::Long };
            match name {
                "T" => Some(Fields::from(vec![field("a"), field(OFFSET)])),
                "Ledger" => Some(Fields::from(vec![field("a")])),
                _ => None,
            }
        }

        fn tables(&self) -> Vec<String> {
            vec!["T".into(), "Ledger".into()]
        }
    }

    #[test]
    fn what_depends_on_one_row_alone_can_be_followed() {
        for (query, expected) in [
            ("T", Ok("T\n| where _Offset > 1 and _Offset <= 2\n")),
            ("['T'] | take 1", Err("`take` cannot be followed")),
            ("['T']|where a > 1", Ok("['T']\n| where _Offset > 1 and _Offset <= 2\n|where a > 1")),
            (
                "let n = 5; T // all\n| extend b = a | project-away a",
                Ok(
                    "let n = 5; T\n| where _Offset > 1 and _Offset <= 2\n // all\n| extend b = a | project-away a",
                ),
            ),
            ("T | WHERE a == 1", Err("`WHERE` cannot be followed")),
            ("T | summarize count()", Err("`summarize` cannot be followed")),
            ("T | where a == 1 | join (T) on a", Err("`join` cannot be followed")),
            ("T | mv-expand a", Err("`mv-expand` cannot be followed")),
            ("union T, T", Err("`union` cannot be followed")),
            ("print 1", Err("`print` cannot be followed")),
            ("Ledger | where a == 1", Err("`Ledger` is no table of events")),
            ("Views() | where a == 1", Err("`Views()` is no table of events")),
            ("let T = datatable(a:long)[1]; T", Err("`T` is no table of events")),
            ("T; T", Err("one query can be followed at a time")),
            ("", Err("there is no query to follow")),
        ] {
            let parse = kql::parse(query);
            let found = Followed::read(&parse, &Tables);
            let found = found.map(|followed| followed.between(1, 2));
            let found = found.map_err(|refused| refused.why.to_ascii_lowercase());
            let expected = expected.map(str::to_owned).map_err(str::to_ascii_lowercase);
            assert_eq!(found, expected, "{query}");
        }
    }

    #[test]
    fn an_error_is_told_in_the_place_where_it_was_written() {
        let query = "T | where nothing == 1";
        let followed = Followed::read(&kql::parse(query), &Tables).unwrap();
        let asked = followed.between(7, 99);
        let start = asked.find("nothing").unwrap();
        let error = QueryError {
            kind: model::QueryErrorKind::Semantic,
            code: String::new(),
            message: String::new(),
            span: Some((start, start + 7)),
            hint: String::new(),
        };
        let (start, end) = followed.told(error, 7, 99).span.unwrap();
        assert_eq!(query.get(start..end), Some("nothing"));
    }
}
