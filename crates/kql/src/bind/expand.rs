//! `mv-expand`, `mv-apply` and `partition`: rows out of arrays, and pipes within rows. Deliberately absent: the elements.

use std::collections::{HashMap, HashSet};

use super::binder::{Binder, Row, call};
use super::columns::{assignment, items};
use super::naming::{Names, name_text, of_expression};
use super::operators::operand;
use super::scope::{Bindable, Table, Variable};
use super::source::property_name;
use crate::diagnostic::Code;
use crate::plan::{Expansion, Expr, Field, Name, Op, PARTITION_KEY, Plan};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Body, Operator, Pipe, Property, ToType, TypeOf};
use crate::types::Type;

/// How many elements the obsolete `mvexpand` takes out of one row.
const MVEXPAND_LIMIT: u64 = 128;

/// What `mv-expand` and `mv-apply` have in common.
struct Expanded {
    columns: Vec<Expansion>,
    fields: Vec<Field>,
    index: Option<usize>,
    /// Input columns that stand in the list without a name of their own.
    used_up: Vec<usize>,
}

impl Binder<'_> {
    pub(super) fn mv_expand(&mut self, node: Node<'_>, input: Table) -> Table {
        let mut expanded = self.expansions(node, &input);
        expanded.index = self.index_column(node, &mut expanded.fields);
        let bag_as_array = node.children_of(Property).any(|property| {
            matches!(property_name(property).as_str(), "kind" | "bagexpansion")
                && property.nodes().next().is_some_and(|value| value.text() == "array")
        });
        let limit = match self.limit(node) {
            None if node.has_word("mvexpand") => Some(MVEXPAND_LIMIT),
            limit => limit,
        };
        let open = input.open;
        let op = Op::MvExpand {
            input: Box::new(input.plan),
            columns: expanded.columns,
            index: expanded.index,
            bag_as_array,
            limit,
        };
        Table { open, ..Table::new(Plan { op, fields: expanded.fields.into() }) }
    }

    pub(super) fn mv_apply(&mut self, node: Node<'_>, input: Table) -> Table {
        let mut expanded = self.expansions(node, &input);
        expanded.index = self.index_column(node, &mut expanded.fields);
        let limit = self.limit(node);
        let inner = Table {
            open: input.open,
            ..Table::new(Plan { op: Op::Input, fields: expanded.fields.clone().into() })
        };
        let Some(body) = node.child(Body) else { return input };
        let body = self.body(body, inner);
        // The body's columns come last. An input column that the body still has stands where it stood.
        let own = input.fields();
        let inner: HashSet<&str> = body.fields().iter().map(|field| field.name.as_str()).collect();
        let keep: Vec<usize> = (0..own.len())
            .filter(|at| {
                // `mv-apply a = a on …` gives the element a name and leaves the column; `mv-apply a` uses it up.
                let replaced = expanded.used_up.contains(at);
                let in_body = inner.contains(own[*at].name.as_str());
                !replaced && !in_body
            })
            .collect();
        let mut fields: Vec<Field> = keep.iter().map(|at| own[*at].clone()).collect();
        fields.extend(body.fields().iter().cloned());
        let order = body_order(own, &expanded.used_up, &fields);
        let open = input.open || body.open;
        let op = Op::MvApply {
            input: Box::new(input.plan),
            columns: expanded.columns,
            index: expanded.index,
            limit,
            body: Box::new(body.plan),
            keep,
        };
        let table = Table { open, ..Table::new(Plan { op, fields: fields.into() }) };
        super::columns::select(table, order)
    }

    /// The pipe in a `Body`, whose input is given.
    pub(super) fn body(&mut self, body: Node<'_>, input: Table) -> Table {
        let outer = self.scope.clone();
        let mut table = input;
        for part in body.nodes() {
            match part.kind() {
                Operator => table = self.operator_node(part, Some(table)),
                Pipe => table = self.table(part),
                _ => {}
            }
        }
        self.scope = outer;
        table
    }

    fn expansions(&mut self, node: Node<'_>, input: &Table) -> Expanded {
        let mut fields = input.fields().to_vec();
        let mut names = Names::of(&fields);
        let (mut columns, mut used_up) = (Vec::new(), Vec::new());
        for item in items(node) {
            let Some(expression) = item.nodes().next() else { continue };
            let (written, source) = assignment(expression);
            let Some(source) = source else { continue };
            let expr = self.scalar(source, Some(Row::of(input)));
            self.expect_expandable(source, &expr);
            let ty = item.child(ToType).map_or(Type::Dynamic, to_type);
            let bare = written.is_empty();
            let name = written
                .into_iter()
                .next()
                .or_else(|| of_expression(source))
                .map_or_else(|| names.unnamed(), Name::from);
            let at = match fields.iter().position(|field| field.name == name) {
                Some(at) => {
                    fields[at].ty = ty;
                    if bare {
                        used_up.push(at);
                    }
                    at
                }
                None => {
                    names.take(&name);
                    fields.push(Field { name, ty });
                    fields.len() - 1
                }
            };
            columns.push(Expansion { source: expr, column: at });
        }
        Expanded { columns, fields, index: None, used_up }
    }

    fn expect_expandable(&mut self, node: Node<'_>, expr: &Expr) {
        if !matches!(expr.ty, Type::Dynamic | Type::Error) {
            let message = self.in_operator("The expression must have the type dynamic.");
            self.error(Code::WrongType, node, message);
        }
    }

    /// `with_itemindex=name`
    fn index_column(&mut self, node: Node<'_>, fields: &mut Vec<Field>) -> Option<usize> {
        let property = node
            .children_of(Property)
            .find(|property| property_name(*property) == "with_itemindex")?;
        let mut names = Names::of(fields.iter());
        let name = names.derive(property.nodes().next().map(name_text).unwrap_or_default());
        fields.push(Field { name, ty: Type::Long });
        Some(fields.len() - 1)
    }

    fn limit(&mut self, node: Node<'_>) -> Option<u64> {
        if !node.has_word("limit") {
            return None;
        }
        let rows = operand(node, 1)?;
        Some(self.row_count(Some(rows)))
    }

    /// `partition by key ( … )`; with `{ … }` the body has a source of its own, in which the key's name stands for its
    /// value.
    pub(super) fn partition(&mut self, node: Node<'_>, input: Table) -> Table {
        let (Some(by), Some(body)) = (operand(node, 0), node.child(Body)) else { return input };
        let key = self.scalar(by, Some(Row::of(&input)));
        let inner = Table {
            open: input.open,
            ..Table::new(Plan { op: Op::Input, fields: input.plan.fields.clone() })
        };
        let outer = self.scope.clone();
        if body.child(Pipe).is_some() {
            let value = call(PARTITION_KEY, Vec::new(), key.ty);
            let variable = Variable::Value(Bindable::Scalar(value));
            self.scope = self.scope.with(&name_text(by), variable);
        }
        let body = self.body(body, inner);
        self.scope = outer;
        let fields = body.plan.fields.clone();
        let open = body.open;
        let op = Op::Partition { input: Box::new(input.plan), key, body: Box::new(body.plan) };
        Table { open, ..Table::new(Plan { op, fields }) }
    }
}

/// Columns that the input had stay in its order; the others follow.
fn body_order(own: &[Field], used_up: &[usize], fields: &[Field]) -> Vec<usize> {
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(fields.len());
    for (at, field) in fields.iter().enumerate() {
        places.entry(field.name.as_str()).or_insert(at);
    }
    let mut placed = vec![false; fields.len()];
    let mut order = Vec::with_capacity(fields.len());
    for (_, field) in own.iter().enumerate().filter(|(at, _)| !used_up.contains(at)) {
        if let Some(at) = places.get(field.name.as_str()) {
            placed[*at] = true;
            order.push(*at);
        }
    }
    order.extend((0..fields.len()).filter(|at| !placed[*at]));
    order
}

/// The type that `to typeof(…)` names.
fn to_type(node: Node<'_>) -> Type {
    node.child(TypeOf)
        .and_then(|of| Type::named(&super::expression::type_name(of)))
        .unwrap_or(Type::Dynamic)
}
