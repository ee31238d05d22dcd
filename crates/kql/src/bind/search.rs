//! `search` and `find`: a predicate over whole rows of one or all tables. Both come down to `union`, `where` and
//! `project`. Deliberately absent: an index of terms (the lake's matter).

use super::binder::{Binder, Row, all_columns, call, literal, nothing, project};
use super::columns::{bag_of, items};
use super::naming::name_text;
use super::operator::any_of;
use super::operators::{operand, with_first_column, wrap};
use super::scope::Table;
use super::source::property_name;
use crate::plan::{Expr, Op};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{
    Binary, By, List, Literal, NameRef, Paren, Property, StarExpr, Text,
};
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
        let operator = if exact { "has_cs" } else { "has" };
        let legs = match input {
            Some(table) => vec![table],
            None => self.searched_tables(node),
        };
        let every = node.child(List).is_none();
        let table = self.with_sources(node, legs, "$table", every);
        // One predicate over the columns of all tables: a column that a table has not is null in its rows.
        let filter = self.search_predicate(predicate, operator, Row::of(&table));
        wrap(table, |input| Op::Filter { input, predicate: filter })
    }

    /// All tables as one, the name of each in front of its rows.
    fn with_sources(
        &mut self,
        node: Node<'_>,
        legs: Vec<Table>,
        column: &str,
        every: bool,
    ) -> Table {
        let legs = legs
            .into_iter()
            .map(|leg| {
                let name = leg.name.clone().unwrap_or_else(|| "search_arg0".to_string());
                with_first_column(leg, column, literal(Value::String(name)))
            })
            .collect();
        self.united(node, legs, false, every)
    }

    fn searched_tables(&mut self, node: Node<'_>) -> Vec<Table> {
        if node.child(List).is_some() {
            return items(node).flat_map(|item| self.union_legs(item, false)).collect();
        }
        let names = self.catalog.tables();
        names.iter().filter_map(|name| self.catalog_table(name)).collect()
    }

    /// A text alone means "any column has it"; the rest is an ordinary predicate.
    fn search_predicate(&mut self, node: Node<'_>, operator: &str, row: Row<'_>) -> Expr {
        match node.kind() {
            Literal if node.token(Text).is_some() => {
                // `*` in the text asks for a part of a term, which `contains` finds.
                self.any_column(operator, node, Some(row))
            }
            StarExpr => literal(Value::Bool(true)),
            Paren => match node.nodes().next() {
                Some(inner) => self.search_predicate(inner, operator, row),
                None => any_of(Vec::new()),
            },
            Binary if node.has_word("and") || node.has_word("or") => {
                let word = if node.has_word("and") { "and" } else { "or" };
                let args =
                    node.nodes().map(|part| self.search_predicate(part, operator, row)).collect();
                super::fold::fold(call(word, args, Type::Bool))
            }
            _ => {
                let expr = self.scalar(node, Some(row));
                self.predicate(node, expr)
            }
        }
    }

    /// `find in (T1, T2) where predicate project a, b`
    pub(super) fn find(&mut self, node: Node<'_>) -> Table {
        let predicate = operand(node, usize::from(node.child(List).is_some()));
        let Some(predicate) = predicate else { return nothing() };
        let source = node
            .children_of(Property)
            .find(|property| property_name(*property) == "withsource")
            .and_then(|property| property.nodes().next())
            .map_or_else(|| "source_".to_string(), name_text);
        let wanted: Option<Vec<String>> = node
            .child(By)
            .map(|by| items(by).filter(|i| i.kind() == NameRef).map(name_text).collect());
        let legs = self.searched_tables(node);
        let every = node.child(List).is_none();
        let table = self.with_sources(node, legs, &source, every);
        let filter = self.search_predicate(predicate, "has", Row::of(&table));
        let table = wrap(table, |input| Op::Filter { input, predicate: filter });
        match wanted {
            Some(wanted) => named_columns(table, &[vec![source], wanted].concat()),
            None => packed(table, &source, &mentioned(predicate)),
        }
    }
}

/// The columns of these names that the table has.
fn named_columns(table: Table, wanted: &[String]) -> Table {
    let columns = wanted
        .iter()
        .filter_map(|name| table.fields().iter().position(|field| field.name == *name))
        .collect();
    super::columns::select(table, columns)
}

/// The columns that the predicate names, and all others in the bag `pack_`.
fn packed(table: Table, source: &str, names: &[String]) -> Table {
    let fields = table.plan.fields.clone();
    let (kept, rest): (Vec<usize>, Vec<usize>) = (0..fields.len())
        .partition(|at| fields[*at].name == source || names.contains(&fields[*at].name));
    let all = all_columns(&fields);
    let mut columns: Vec<(String, Expr)> =
        kept.iter().map(|at| (fields[*at].name.clone(), all[*at].clone())).collect();
    columns.push(("pack_".to_string(), bag_of(&fields, &rest)));
    let open = table.open;
    Table { open, ..Table::new(project(table.plan, columns)) }
}

/// All names in an expression.
fn mentioned(node: Node<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        if node.kind() == NameRef {
            names.push(name_text(node));
        }
        stack.extend(node.nodes());
    }
    names
}
