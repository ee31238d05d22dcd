//! `search`: a predicate over whole rows of one or all tables. It comes down to `union` and `where`. Deliberately absent:
//! `find` (a file of its own), an index of terms (the lake's matter).

use super::binder::{Binder, Row, call, convert, literal, mistake, nothing};
use super::columns::items;
use super::operator::{any_of, operators_of};
use super::operators::wrap;
use super::scope::Table;
use super::source::property_name;
use super::union::Uniting;
use crate::plan::{Expr, ExprKind, Op};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Binary, List, Literal, Paren, Property, StarExpr, Text};
use crate::types::{Type, Value};

impl Binder<'_> {
    /// `search "x"`, `T | search "x"`, `search in (T1, T2) "x"`
    pub(super) fn search(&mut self, node: Node<'_>, input: Option<Table>) -> Table {
        let Some(predicate) =
            node.nodes().filter(|part| !matches!(part.kind(), Property | List)).last()
        else {
            return nothing();
        };
        let exact = node.children_of(Property).any(|property| {
            property_name(property) == "kind"
                && property.nodes().next().is_some_and(|value| value.text() == "case_sensitive")
        });
        let legs = match input {
            Some(table) => vec![table],
            None => self.searched_tables(node),
        };
        let every = node.child(List).is_none();
        let how = Uniting { every, ..self.uniting() };
        let table = self.united_with_source(node, legs, (&"$table".into(), "search_arg"), how);
        // One predicate over the columns of all tables: a column that a table has not is null in its rows.
        let filter = self.search_predicate(predicate, exact, Row::of(&table));
        wrap(table, |input| Op::Filter { input, predicate: filter })
    }

    pub(super) fn searched_tables(&mut self, node: Node<'_>) -> Vec<Table> {
        if node.child(List).is_some() {
            return items(node).flat_map(|item| self.union_legs(item, false)).collect();
        }
        let names = self.catalog.tables();
        names.iter().filter_map(|name| self.catalog_table(name)).collect()
    }

    /// A text alone means "any column has it", `column:text` that this one has it; the rest is an ordinary predicate.
    pub(super) fn search_predicate(&mut self, node: Node<'_>, exact: bool, row: Row<'_>) -> Expr {
        match node.kind() {
            Literal if node.token(Text).is_some() => {
                let Some(Value::String(written)) = self.constant(node) else { return mistake() };
                let (operator, text) = term(&written, exact);
                self.any_column_with(operator, node, &literal(Value::String(text)), row)
            }
            StarExpr => literal(Value::Bool(true)),
            Paren => match node.nodes().next() {
                Some(inner) => self.search_predicate(inner, exact, row),
                None => any_of(Vec::new()),
            },
            Binary if node.has_word("and") || node.has_word("or") => {
                let word = if node.has_word("and") { "and" } else { "or" };
                let args =
                    node.nodes().map(|part| self.search_predicate(part, exact, row)).collect();
                super::fold::fold(call(word, args, Type::Bool))
            }
            Binary if operators_of(node) == [":"] => self.term_in_column(node, exact, row),
            _ => {
                let expr = self.scalar(node, Some(row));
                self.predicate(node, expr)
            }
        }
    }

    /// `column:"text"`, `column:5`
    fn term_in_column(&mut self, node: Node<'_>, exact: bool, row: Row<'_>) -> Expr {
        let mut parts = node.nodes();
        let (Some(column), Some(value)) = (parts.next(), parts.next()) else { return mistake() };
        let column = self.scalar(column, Some(row));
        let value = self.scalar(value, None);
        match value.kind {
            ExprKind::Literal(Value::String(written)) => {
                let (operator, text) = term(&written, exact);
                let column = convert(column, Type::String);
                self.apply(node, operator, column, literal(Value::String(text)))
            }
            _ => self.apply(node, "==", column, value),
        }
    }
}

/// How a term of `search` is looked for: stars at its ends leave those open, stars within make it a pattern.
fn term(written: &str, exact: bool) -> (&'static str, String) {
    let open = written.strip_prefix('*');
    let text = open.unwrap_or(written);
    let (text, opens) = match text.strip_suffix('*') {
        Some(text) => (text, true),
        None => (text, false),
    };
    if text.contains('*') {
        let flags = if exact { "" } else { "(?i)" };
        let edge = |is_open: bool| if is_open { "" } else { r"\b" };
        let parts: Vec<String> = text.split('*').map(escaped).collect();
        let pattern = parts.join(".*");
        return (
            "matches regex",
            format!("{flags}{}{pattern}{}", edge(open.is_some()), edge(opens)),
        );
    }
    let operator = match (open.is_some(), opens, exact) {
        (false, false, false) => "has",
        (false, false, true) => "has_cs",
        (true, false, false) => "hassuffix",
        (true, false, true) => "hassuffix_cs",
        (false, true, false) => "hasprefix",
        (false, true, true) => "hasprefix_cs",
        (true, true, false) => "contains",
        (true, true, true) => "contains_cs",
    };
    (operator, text.to_string())
}

/// A text as a regular expression that matches nothing else.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::term;

    #[test]
    fn stars_say_which_ends_of_a_term_are_open() {
        for (written, exact, expected) in [
            ("err", false, ("has", "err")),
            ("err", true, ("has_cs", "err")),
            ("err*", false, ("hasprefix", "err")),
            ("*err", false, ("hassuffix", "err")),
            ("*err*", true, ("contains_cs", "err")),
            ("Lab*PC", false, ("matches regex", r"(?i)\bLab.*PC\b")),
            ("*a.b*c", true, ("matches regex", r"a\.b.*c\b")),
            ("*", false, ("hassuffix", "")),
        ] {
            let (operator, text) = term(written, exact);
            assert_eq!((operator, text.as_str()), expected, "{written}");
        }
    }
}
