//! Operators that choose, compute, rename and order columns. Deliberately absent: grouping (`summarize`).

use std::collections::HashSet;

use super::binder::{Binder, Row, all_columns, column, project};
use super::naming::{Names, name_text, of_expression};
use super::scope::Table;
use super::source::STRATEGIES;
use super::weight::Weight;
use crate::diagnostic::Code;
use crate::nearest::nearest;
use crate::plan::{Expr, ExprKind, Field, Fields, Name, Op, Plan};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{
    Args, Assignment, Call, List, NameList, NameRef, StarExpr, Wildcard,
};
use crate::types::{Type, Value};

/// Several names stand in front of an expression of one value.
pub(super) const ONE_VALUE: &str = "The expression does not have multiple named values.";
/// More names stand in front of an expression than it has values.
pub(super) const NO_VALUE: &str = "The name does not have a corresponding expression.";

/// A column to be: the name that the query writes, the name that the expression suggests, and what it is.
pub(super) struct Item<'t> {
    pub(super) node: Node<'t>,
    pub(super) written: Option<Name>,
    pub(super) derived: Option<Name>,
    pub(super) expr: Expr,
}

/// The items of a list directly in an operator.
pub(super) fn items(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    node.child(List).into_iter().flat_map(Node::nodes)
}

/// The names written in front of `=`, and the expression.
pub(super) fn assignment(node: Node<'_>) -> (Vec<String>, Option<Node<'_>>) {
    if node.kind() != Assignment {
        return (Vec::new(), Some(node));
    }
    let mut parts = node.nodes();
    let names = match parts.next() {
        Some(list) if list.kind() == NameList => list.children_of(NameRef).map(name_text).collect(),
        Some(name) => vec![name_text(name)],
        None => Vec::new(),
    };
    (names, parts.next())
}

impl Binder<'_> {
    /// The columns that an item of `extend` or `project` gives: usually one, several for functions such as
    /// `series_stats`.
    pub(super) fn item<'t>(&mut self, node: Node<'t>, row: Row<'_>) -> Vec<Item<'t>> {
        let (names, expression) = assignment(node);
        let Some(expression) = expression else { return Vec::new() };
        let expr = self.scalar(expression, Some(row));
        match self.columns_of(expression).len() {
            0 | 1 => {
                if names.len() > 1 && !self.is_own_function(expression) && expr.ty != Type::Error {
                    self.error(Code::WrongType, node, ONE_VALUE);
                }
                let derived = self.derived_name(expression, row).map(Name::from);
                let written = names.into_iter().next().map(Name::from);
                vec![Item { node, written, derived, expr }]
            }
            _ => self.several(node, names, expression, &expr),
        }
    }

    /// The columns of a call that gives several; none if it gives one.
    pub(super) fn several<'t>(
        &mut self,
        node: Node<'t>,
        names: Vec<String>,
        expression: Node<'t>,
        expr: &Expr,
    ) -> Vec<Item<'t>> {
        let columns = self.columns_of(expression);
        if columns.len() < 2
            || !self.count_parts(node, Weight::of_expr(expr).parts.saturating_mul(columns.len()))
        {
            return Vec::new();
        }
        if names.len() > columns.len() {
            self.error(Code::WrongType, node, NO_VALUE);
        }
        let mut names = names.into_iter();
        (0i64..)
            .zip(columns)
            .map(|(at, (derived, ty))| {
                let index = super::binder::literal(Value::Long(at));
                let kind = ExprKind::Index(Box::new(expr.clone()), Box::new(index));
                let element = Expr { kind, ty: Type::Dynamic };
                Item {
                    node,
                    written: names.next().map(Name::from),
                    derived: Some(derived.into()),
                    expr: super::binder::convert(element, ty),
                }
            })
            .collect()
    }

    /// The name that Kusto gives the column of a bare expression.
    pub(super) fn derived_name(&self, node: Node<'_>, row: Row<'_>) -> Option<String> {
        if node.kind() == Call
            && node
                .child(NameRef)
                .map(name_text)
                .is_some_and(|name| matches!(name.as_str(), "column_ifexists" | "columnifexists"))
        {
            let argument = node.child(Args)?.nodes().next()?;
            let name = match argument.token(crate::syntax::SyntaxKind::Text) {
                Some(token) => crate::syntax::literal::text(token.text()).ok()?,
                None => name_text(argument),
            };
            return row.fields.iter().any(|field| field.name == name).then_some(name);
        }
        of_expression(node)
    }

    /// Names and types of the columns of a call that gives several.
    fn columns_of(&self, node: Node<'_>) -> Vec<(String, Type)> {
        if node.kind() != Call {
            return Vec::new();
        }
        let name = node.child(NameRef).map(name_text).unwrap_or_default();
        if matches!(name.as_str(), "array_sort_asc" | "array_sort_desc") {
            return super::naming::sorted_arrays(node)
                .into_iter()
                .map(|name| (name, Type::Dynamic))
                .collect();
        }
        let Some(signature) = self.scalar_signature(&name) else { return Vec::new() };
        let first = super::naming::first_argument(node).and_then(of_expression).unwrap_or_default();
        let column = |(suffix, ty): &(&str, Type)| (format!("{name}_{first}_{suffix}"), *ty);
        signature.columns.iter().map(column).collect()
    }

    /// Whether it calls a function of the query or the workspace: how many values that gives is told by its body.
    pub(super) fn is_own_function(&self, node: Node<'_>) -> bool {
        let name = node.child(NameRef).map(name_text).unwrap_or_default();
        node.kind() == Call && self.scalar_signature(&name).is_none() && !self.is_aggregate(node)
    }

    fn already_declared(&mut self, node: Node<'_>, name: &str) {
        let message =
            self.in_operator(&format!("A column with the name '{name}' is already declared."));
        self.error(Code::Duplicate, node, message);
    }

    /// `extend` and the columns of `serialize`: a name that is there already is replaced where it stands.
    pub(super) fn extend(&mut self, node: Node<'_>, input: Table) -> Table {
        let fields = input.plan.fields.clone();
        let mut columns = named_columns(&fields);
        // A free number is looked for only when an expression has no name: inputs may have very many columns.
        let mut names: Option<Names> = None;
        let mut written: HashSet<Name> = HashSet::new();
        for item in items(node) {
            for item in self.item(item, Row::of(&input)) {
                let (name, explicit) = match (item.written, item.derived) {
                    (Some(name), _) => (name, true),
                    // A bare column changes nothing, but counts as declared.
                    (None, Some(name)) => (name, item.node.kind() == NameRef),
                    (None, None) => {
                        let taken = || columns.iter().map(|(name, _)| name.clone()).collect();
                        (names.get_or_insert_with(taken).unnamed(), false)
                    }
                };
                let again = written.contains(&name);
                if again {
                    self.already_declared(item.node, &name);
                } else if explicit {
                    written.insert(name.clone());
                }
                match columns.iter_mut().find(|(other, _)| *other == name) {
                    Some((_, expr)) => *expr = item.expr,
                    None => {
                        if let Some(names) = &mut names {
                            names.take(&name);
                        }
                        columns.push((name, item.expr));
                    }
                }
            }
        }
        if columns.len() == fields.len() && written.is_empty() && items(node).next().is_none() {
            return input;
        }
        let (open, render) = (input.open, input.render);
        Table { open, render, ..Table::new(project(input.plan, columns)) }
    }

    pub(super) fn project(&mut self, node: Node<'_>, input: Table) -> Table {
        let mut all = Vec::new();
        for item in items(node) {
            if item.kind() == StarExpr {
                self.error(Code::WrongType, item, "Scalar value expected.");
                continue;
            }
            all.extend(self.item(item, Row::of(&input)));
        }
        let columns = self.name_items(all);
        Table::new(project(input.plan, columns))
    }

    /// Gives every item its name: what the query writes first, then what is derived, with numbers where names collide.
    pub(super) fn name_items(&mut self, items: Vec<Item<'_>>) -> Vec<(Name, Expr)> {
        let mut names = Names::default();
        let mut seen = HashSet::new();
        for item in &items {
            let explicit = item
                .written
                .clone()
                .or_else(|| item.derived.clone().filter(|_| item.node.kind() == NameRef));
            if let Some(name) = explicit {
                names.take(&name);
                if seen.contains(&name) {
                    self.already_declared(item.node, &name);
                } else {
                    seen.insert(name);
                }
            }
        }
        let mut done = HashSet::new();
        let mut columns = Vec::new();
        for item in items {
            let bare = item.node.kind() == NameRef;
            let name = match (item.written, item.derived) {
                (Some(name), _) => name,
                (None, Some(name)) if bare => name,
                (None, Some(name)) => names.derive(&name),
                (None, None) => names.unnamed(),
            };
            // After the diagnostic a second column of the same name only does harm.
            if done.insert(name.clone()) {
                columns.push((name, item.expr));
            }
        }
        columns
    }

    /// The positions of the columns that a name or pattern means.
    fn matching(&mut self, node: Node<'_>, input: &Table) -> Vec<usize> {
        let pattern = if node.kind() == Wildcard || node.kind() == StarExpr {
            node.text().to_string()
        } else {
            name_text(node)
        };
        let fields = input.fields();
        let found: Vec<usize> = if pattern.contains('*') && node.kind() != NameRef {
            (0..fields.len()).filter(|at| matches_pattern(&pattern, &fields[*at].name)).collect()
        } else {
            (0..fields.len()).filter(|at| fields[*at].name == pattern).collect()
        };
        if found.is_empty() && !input.open {
            let message = self.in_operator(&format!(
                "Failed to resolve column or scalar expression named '{pattern}'"
            ));
            let hint = nearest(&pattern, fields.iter().map(|field| field.name.as_str()))
                .map(|name| format!("did you mean '{name}'?"));
            let diagnostic =
                crate::diagnostic::Diagnostic::error(Code::Unresolved, node.span(), message);
            self.report(diagnostic.with_hint(hint));
        }
        found
    }

    pub(super) fn project_away(&mut self, node: Node<'_>, input: Table) -> Table {
        let mut gone = HashSet::new();
        for item in items(node) {
            gone.extend(self.matching(item, &input));
        }
        let keep = (0..input.fields().len()).filter(|at| !gone.contains(at)).collect();
        select(input, keep)
    }

    pub(super) fn project_keep(&mut self, node: Node<'_>, input: Table) -> Table {
        let mut kept = HashSet::new();
        for item in items(node) {
            kept.extend(self.matching(item, &input));
        }
        // The input's order stays.
        let keep = (0..input.fields().len()).filter(|at| kept.contains(at)).collect();
        select(input, keep)
    }

    pub(super) fn project_reorder(&mut self, node: Node<'_>, input: Table) -> Table {
        let mut order: Vec<usize> = Vec::new();
        let mut placed = vec![false; input.fields().len()];
        // Names go before patterns: a column that is named later does not move with a pattern.
        let named: HashSet<String> =
            items(node).filter(|item| item.kind() == NameRef).map(name_text).collect();
        let list = node.child(List);
        for item in items(node) {
            let mut found = self.matching(item, &input);
            if item.kind() != NameRef {
                found.retain(|at| !named.contains(input.fields()[*at].name.as_str()));
                sort_as_asked(list, item, &mut found, input.fields());
            }
            found.retain(|at| !std::mem::replace(&mut placed[*at], true));
            order.extend(found);
        }
        order.extend((0..input.fields().len()).filter(|at| !placed[*at]));
        select(input, order)
    }

    pub(super) fn project_rename(&mut self, node: Node<'_>, input: Table) -> Table {
        let mut fields = input.fields().to_vec();
        for item in items(node) {
            let (names, source) = assignment(item);
            let (Some(name), Some(source)) = (names.into_iter().next().map(Name::from), source)
            else {
                self.error(Code::Syntax, item, "Column name expected.");
                continue;
            };
            for at in self.matching(source, &input) {
                if fields.iter().enumerate().any(|(other, f)| other != at && f.name == name) {
                    self.already_declared(item, &name);
                }
                fields[at].name.clone_from(&name);
            }
        }
        let exprs = all_columns(&input.plan.fields);
        let (open, render) = (input.open, input.render);
        let op = Op::Project { input: Box::new(input.plan), exprs };
        let plan = Plan { op, fields: fields.into() };
        Table { open, render, ..Table::new(plan) }
    }

    /// `distinct a, b`, `distinct *`
    pub(super) fn distinct(&mut self, node: Node<'_>, input: Table) -> Table {
        self.expect_strategy(node, STRATEGIES);
        let mut all = Vec::new();
        for item in items(node) {
            if item.kind() == StarExpr {
                let taken: HashSet<Name> =
                    all.iter().filter_map(|item: &Item<'_>| item.derived.clone()).collect();
                for (at, field) in input.fields().iter().enumerate() {
                    if !taken.contains(&field.name) {
                        let expr = column(input.fields(), at);
                        let name = Some(field.name.clone());
                        all.push(Item { node: item, written: name, derived: None, expr });
                    }
                }
            } else {
                all.extend(self.item(item, Row::of(&input)));
            }
        }
        for item in &all {
            self.refuse_dynamic_key(item.node, &item.expr);
        }
        let columns = self.name_items(all);
        let fields: Fields =
            columns.iter().map(|(name, e)| Field { name: name.clone(), ty: e.ty }).collect();
        let keys = columns.into_iter().map(|(_, expr)| expr).collect();
        let op = Op::Summarize { input: Box::new(input.plan), keys, aggregates: Vec::new() };
        Table { open: input.open, ..Table::new(Plan { op, fields }) }
    }

    /// Grouping by a `dynamic` value is an error in Kusto.
    pub(super) fn refuse_dynamic_key(&mut self, node: Node<'_>, expr: &Expr) {
        if expr.ty == Type::Dynamic {
            let message = self.in_operator(
                "The value of type 'dynamic' is not allowed in this context. Please use an explicit cast, such as tostring().",
            );
            self.error(Code::WrongType, node, message);
        }
    }

    pub(super) fn sample_distinct(&mut self, node: Node<'_>, input: Table) -> Table {
        let rows = self.row_count(super::operators::operand(node, 0));
        let Some(of) = super::operators::operand(node, 1) else { return input };
        let items = self.item(of, Row::of(&input));
        let columns = self.name_items(items);
        let fields: Fields =
            columns.iter().map(|(name, e)| Field { name: name.clone(), ty: e.ty }).collect();
        let keys = columns.into_iter().map(|(_, expr)| expr).collect();
        let op = Op::Summarize { input: Box::new(input.plan), keys, aggregates: Vec::new() };
        let distinct = Table::new(Plan { op, fields });
        super::operators::wrap(distinct, |input| Op::Take { input, rows })
    }
}

/// All columns with their names, to be changed and added to.
pub(super) fn named_columns(fields: &[Field]) -> Vec<(Name, Expr)> {
    fields.iter().map(|field| field.name.clone()).zip(all_columns(fields)).collect()
}

/// These columns, in this order.
pub(super) fn select(input: Table, columns: Vec<usize>) -> Table {
    let fields = &input.plan.fields;
    let chosen = columns
        .into_iter()
        .filter_map(|at| fields.get(at).map(|f| (f.name.clone(), column(fields, at))))
        .collect();
    let (open, render) = (input.open, input.render);
    Table { open, render, ..Table::new(project(input.plan, chosen)) }
}

/// `a*`, `*b`, `a*b*`
pub(super) fn matches_pattern(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        if at + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

/// `asc` or `desc` after a pattern of `project-reorder` sorts what it matched.
fn sort_as_asked(list: Option<Node<'_>>, item: Node<'_>, found: &mut [usize], fields: &[Field]) {
    use crate::syntax::Child;
    let Some(list) = list else { return };
    let mut after = list
        .children()
        .skip_while(|child| !matches!(child, Child::Node(node) if node.id() == item.id()));
    after.next();
    let direction = after
        .take_while(|child| matches!(child, Child::Token(token) if token.text() != ","))
        .filter_map(|child| match child {
            Child::Token(token) if matches!(token.text(), "asc" | "desc") => Some(token.text()),
            _ => None,
        })
        .next();
    match direction {
        Some("asc") => found.sort_by(|a, b| fields[*a].name.cmp(&fields[*b].name)),
        Some("desc") => found.sort_by(|a, b| fields[*b].name.cmp(&fields[*a].name)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::matches_pattern;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, name, expected) in [
            ("User*", "UserId", true),
            ("*Id", "UserId", true),
            ("U*I*", "UserId", true),
            ("*", "x", true),
            ("User*", "AUser", false),
            ("U*x", "UserId", false),
        ] {
            assert_eq!(matches_pattern(pattern, name), expected, "{pattern} {name}");
        }
    }
}
