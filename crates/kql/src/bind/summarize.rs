//! `summarize`: keys, aggregates, and expressions over aggregates. Deliberately absent: `make-series` (`series`).

use std::collections::HashSet;

use super::aggregate::AggregateCall;
use super::binder::{Binder, Row, column, project};
use super::columns::{Item, NO_VALUE, ONE_VALUE, assignment, items};
use super::naming::{Names, name_text, of_expression};
use super::scope::Table;
use crate::diagnostic::Code;
use crate::plan::{Aggregate, Expr, Field, Fields, Name, Op, Plan};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, Assignment, By, NameRef, StarExpr};
use crate::types::Type;

/// What an operator groups by and computes for each group, as far as it is bound.
#[derive(Default)]
pub(super) struct AggregateValues {
    pub(super) keys: Vec<(Name, Expr)>,
    pub(super) aggregates: Vec<Aggregate>,
}

impl AggregateValues {
    /// What is grouped by is called so.
    pub(super) fn key_names(&self) -> HashSet<Name> {
        self.keys.iter().map(|(name, _)| name.clone()).collect()
    }

    /// How many columns keys and aggregates come to.
    pub(super) fn width(&self) -> usize {
        self.keys.len() + self.aggregates.iter().map(|a| a.outputs.len()).sum::<usize>()
    }
}

/// What an item of `summarize` came to: aggregates, and the expression over them if it is more than one aggregate.
struct Group {
    values: AggregateValues,
    names: Names,
    /// Output columns after the keys: from an aggregate's column, or computed from several.
    outputs: Vec<(Name, Output)>,
    computed: bool,
    /// Names that the query writes, so far.
    declared: HashSet<Name>,
}

enum Output {
    /// Column of the aggregates' outputs, counted over all of them.
    Column(usize),
    /// An expression over keys and aggregates' outputs.
    Computed(Expr),
}

impl Binder<'_> {
    pub(super) fn summarize(&mut self, node: Node<'_>, input: Table) -> Table {
        self.expect_strategy(node, &["shuffle"]);
        let keys = self.group_keys(node, &input);
        let mut group = Group {
            names: Names::default(),
            values: AggregateValues::default(),
            outputs: Vec::new(),
            computed: false,
            declared: HashSet::new(),
        };
        // The keys' own names are taken before any is derived.
        for (name, node) in keys.iter().filter_map(|key| Some((explicit(key)?, key.node))) {
            self.declare(node, &name, &mut group);
        }
        let mut grouped = HashSet::new();
        for item in keys {
            let name = match explicit(&item) {
                Some(name) => name,
                None => match item.derived {
                    Some(name) => group.names.derive(&name),
                    None => group.names.unnamed(),
                },
            };
            if grouped.insert(name.clone()) {
                group.values.keys.push((name, item.expr));
            }
        }
        for item in items(node) {
            self.summarize_item(item, &input, &mut group);
        }
        // `arg_max(x, *)` keeps the columns that are not known yet, too.
        let open = input.open && items(node).any(has_star);
        Table { open, ..finish(input, group) }
    }

    /// Takes a name that the query writes; a second one of its kind is an error.
    fn declare(&mut self, node: Node<'_>, name: &Name, group: &mut Group) {
        if !group.declared.insert(name.clone()) {
            let message =
                self.in_operator(&format!("A column with the name '{name}' is already declared."));
            self.error(Code::Duplicate, node, message);
        }
        group.names.take(name);
    }

    /// The names written in front of an item; one that a derived name took before gets a number.
    fn declared_names(
        &mut self,
        node: Node<'_>,
        written: Vec<String>,
        group: &mut Group,
    ) -> Vec<Name> {
        let mut names = Vec::with_capacity(written.len());
        for name in written {
            let name = Name::from(name);
            let free =
                if group.declared.contains(&name) { name } else { group.names.derive(&name) };
            self.declare(node, &free, group);
            names.push(free);
        }
        names
    }

    /// The columns after `by`.
    pub(super) fn group_keys<'t>(&mut self, node: Node<'t>, input: &Table) -> Vec<Item<'t>> {
        let Some(by) = node.child(By) else { return Vec::new() };
        let mut keys = Vec::new();
        for item in items(by) {
            if item.kind() == StarExpr {
                for (at, field) in input.fields().iter().enumerate() {
                    let expr = column(input.fields(), at);
                    let written = Some(field.name.clone());
                    keys.push(Item { node: item, written, derived: None, expr });
                }
                continue;
            }
            keys.extend(self.item(item, Row::of(input)));
        }
        for key in &keys {
            self.refuse_dynamic_key(key.node, &key.expr);
        }
        keys
    }

    fn summarize_item(&mut self, item: Node<'_>, input: &Table, group: &mut Group) {
        let (written, expression) = assignment(item);
        let Some(expression) = expression else { return };
        let key_names = group.values.key_names();
        if self.is_aggregate(expression) {
            let call = self.aggregate(expression, input, &key_names);
            self.expect_values(item, written.len(), &call, input.open);
            let first = group.values.aggregates.iter().map(|a| a.outputs.len()).sum::<usize>();
            let written = self.declared_names(item, written, group);
            let names = name_columns(&mut group.names, &call, &written);
            for (at, name) in names.iter().enumerate() {
                group.outputs.push((name.clone(), Output::Column(first + at)));
            }
            group.values.aggregates.push(call.named(names));
            return;
        }
        if written.len() > 1 && !self.is_own_function(expression) {
            self.error(Code::WrongType, item, ONE_VALUE);
        }
        let written = self.declared_names(item, written, group);
        let name = match (written.into_iter().next(), of_expression(expression)) {
            (Some(name), _) => name,
            (None, Some(name)) => group.names.derive(&name),
            (None, None) => group.names.unnamed(),
        };
        group.computed = true;
        let expr = self.over_aggregates(expression, input, &mut group.values);
        group.outputs.push((name, Output::Computed(expr)));
    }

    /// As many names as the call gives columns, at most.
    fn expect_values(&mut self, item: Node<'_>, names: usize, call: &AggregateCall, open: bool) {
        let columns = call.columns.len();
        let unknown = open || call.columns.iter().any(|(_, ty)| *ty == Type::Error);
        if names > 1 && names > columns && !unknown {
            let message = if columns == 1 { ONE_VALUE } else { NO_VALUE };
            self.error(Code::WrongType, item, message);
        }
    }

    /// An expression with aggregates in it. The aggregates are bound first and stand in it as variables; everything else
    /// in it sees the keys only.
    pub(super) fn over_aggregates(
        &mut self,
        expression: Node<'_>,
        input: &Table,
        values: &mut AggregateValues,
    ) -> Expr {
        let key_names = values.key_names();
        let mut calls = Vec::new();
        self.find_aggregates(expression, &mut calls);
        let mut found = Vec::new();
        for call in calls {
            let bound = self.aggregate(call, input, &key_names);
            let at = values.width();
            let ty = bound.columns.first().map_or(Type::Error, |(_, ty)| *ty);
            let names = bound
                .columns
                .iter()
                .enumerate()
                .map(|(column, _)| format!("__aggregate_{at}_{column}").into())
                .collect();
            values.aggregates.push(bound.named(names));
            found.push((call.id(), Expr { kind: crate::plan::ExprKind::Column(at), ty }));
        }
        let outer = std::mem::replace(&mut self.aggregate_values, found);
        let fields: Fields = values
            .keys
            .iter()
            .map(|(name, expr)| Field { name: name.clone(), ty: expr.ty })
            .collect();
        let row = Row { fields: &fields, open: input.open };
        let expr = self.scalar(expression, Some(row));
        self.aggregate_values = outer;
        expr
    }

    fn find_aggregates<'t>(&self, node: Node<'t>, found: &mut Vec<Node<'t>>) {
        if self.is_aggregate(node) {
            found.push(node);
            return;
        }
        for child in node.nodes() {
            self.find_aggregates(child, found);
        }
    }
}

/// The name that a key has because the query says so: written, or a bare column.
fn explicit(item: &Item<'_>) -> Option<Name> {
    let bare = || (item.node.kind() == NameRef).then(|| name_text(item.node).into());
    item.written.clone().or_else(bare)
}

/// The final names of an aggregate's columns: those written, then those derived.
pub(super) fn name_columns(names: &mut Names, call: &AggregateCall, written: &[Name]) -> Vec<Name> {
    call.columns
        .iter()
        .enumerate()
        .map(|(at, (derived, _))| match written.get(at) {
            Some(name) => name.clone(),
            None if derived.is_empty() => names.unnamed(),
            None => names.derive(derived),
        })
        .collect()
}

/// Whether `*` is among the arguments of an item's call.
fn has_star(item: Node<'_>) -> bool {
    let call = if item.kind() == Assignment { item.nodes().last() } else { Some(item) };
    call.and_then(|call| call.child(Args)).is_some_and(|args| args.child(StarExpr).is_some())
}

fn finish(input: Table, group: Group) -> Table {
    let key_count = group.values.keys.len();
    let mut fields: Vec<Field> = Vec::new();
    let mut keys = Vec::new();
    for (name, expr) in group.values.keys {
        fields.push(Field { name, ty: expr.ty });
        keys.push(expr);
    }
    for aggregate in &group.values.aggregates {
        fields.extend(aggregate.outputs.iter().cloned());
    }
    let op =
        Op::Summarize { input: Box::new(input.plan), keys, aggregates: group.values.aggregates };
    let plan = Plan { op, fields: fields.into() };
    let plan = if group.computed {
        let fields = plan.fields.clone();
        let mut columns: Vec<(Name, Expr)> =
            (0..key_count).map(|at| (fields[at].name.clone(), column(&fields, at))).collect();
        for (name, output) in group.outputs {
            let expr = match output {
                Output::Column(at) => column(&fields, key_count + at),
                Output::Computed(expr) => expr,
            };
            columns.push((name, expr));
        }
        project(plan, columns)
    } else {
        plan
    };
    Table::new(plan)
}
