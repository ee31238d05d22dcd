//! `evaluate bag_unpack` and `evaluate pivot`: plugins whose columns come with the data. Once the data was asked
//! ([`Bound::pending`](super::Bound::pending)), they are ordinary operators: a projection, a grouping. Deliberately absent:
//! the asking.

use std::collections::HashSet;

use super::binder::{Binder, Row, all_columns, call, column, convert, literal, project};
use super::call::text;
use super::columns::assignment;
use super::naming::Names;
use super::plugin::Declared;
use super::scope::Table;
use super::{Asked, Question};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Aggregate, Expr, ExprKind, Field, Name, Op, Plan};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::Args;
use crate::types::{Type, Value};

/// What to do with a slot that is called as a column of the input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Conflict {
    Error,
    ReplaceSource,
    KeepSource,
}

/// The arguments of `bag_unpack`.
struct Unpacking {
    bag: Expr,
    prefix: String,
    conflict: Conflict,
    ignored: Vec<String>,
}

/// What `pivot` was called with.
struct Pivot {
    /// The columns that group.
    keys: Vec<usize>,
    /// What the values of become columns, as text.
    by: Expr,
    aggregate: Aggregate,
}

/// The values of an output column: out of the bag if the input does not have it.
type Columns = Vec<(Name, Expr)>;

impl Binder<'_> {
    pub(super) fn bag_unpack(
        &mut self,
        plugin: Node<'_>,
        input: Table,
        declared: Option<Declared>,
    ) -> Table {
        let open = Table { open: true, ..input.clone() };
        let Some(unpacking) = self.unpacking(plugin, &input) else { return open };
        let fields = &input.plan.fields;
        let kept: Columns = all_columns(fields)
            .into_iter()
            .enumerate()
            .filter(|(at, _)| !matches!(unpacking.bag.kind, ExprKind::Column(bag) if bag == *at))
            .map(|(at, expr)| (fields[at].name.clone(), expr))
            .collect();
        let columns = match declared {
            Some(declared) => declared_columns(&unpacking, kept, declared),
            None => {
                let question = || Question {
                    plan: project(input.plan.clone(), vec![("bag".into(), unpacking.bag.clone())]),
                    asked: Asked::Slots,
                };
                let Some(slots) = self.answered(question) else {
                    return Table { open: true, ..Table::new(project(input.plan, kept)) };
                };
                self.slot_columns(plugin, &unpacking, kept, &slots)
            }
        };
        Table { open: input.open, ..Table::new(project(input.plan, columns)) }
    }

    /// The answer to a question about the data: handed in, or still to be asked.
    fn answered(&mut self, question: impl FnOnce() -> Question) -> Option<Vec<Field>> {
        let known = self.options.resolved.get(self.dependent).cloned();
        self.dependent += 1;
        if known.is_none() && self.pending.is_none() {
            self.pending = Some(Box::new(question()));
        }
        known
    }

    fn unpacking(&mut self, plugin: Node<'_>, input: &Table) -> Option<Unpacking> {
        let mut bag = None;
        let mut found = [None, None, None];
        let mut place = 0;
        for arg in plugin.child(Args).into_iter().flat_map(Node::nodes) {
            let (names, value) = assignment(arg);
            let Some(value) = value else { continue };
            if bag.is_none() {
                bag = Some((value, self.scalar(value, Some(Row::of(input)))));
                continue;
            }
            place = match names.first().map(String::as_str) {
                Some("columnsConflict") => 1,
                Some("ignoredProperties") => 2,
                Some(_) => 0,
                None => place,
            };
            let value = self.constant(value)?;
            // Content in the wild leaves out the prefix and gives what follows it by place.
            place = match &value {
                Value::String(text) if place == 0 && conflict(text).is_some() => 1,
                Value::Dynamic(_) => 2,
                _ => place,
            };
            if let Some(slot) = found.get_mut(place) {
                *slot = Some(value);
            }
            place += 1;
        }
        let Some((node, bag)) = bag else {
            self.error(Code::Arity, plugin, "bag_unpack(): function expects 1 to 4 arguments.");
            return None;
        };
        if !matches!(bag.ty, Type::Dynamic | Type::Error) {
            self.error(Code::WrongType, node, "A value of type dynamic expected.");
        }
        if bag.ty != Type::Dynamic {
            return None;
        }
        let [prefix, resolution, ignored] = found;
        let resolution = match resolution {
            Some(Value::String(text)) => {
                let known = conflict(&text);
                if known.is_none() {
                    let message = "bag_unpack(): columnsConflict must be 'error', 'replace_source' or 'keep_source'.";
                    self.error(Code::WrongType, plugin, message);
                }
                known?
            }
            _ => Conflict::Error,
        };
        let prefix = match prefix {
            Some(Value::String(prefix)) => prefix,
            _ => String::new(),
        };
        let ignored = match ignored {
            Some(Value::Dynamic(json)) => super::json::texts(&json),
            _ => Vec::new(),
        };
        Some(Unpacking { bag, prefix, conflict: resolution, ignored })
    }

    /// The input's columns, then one for each slot that the bags have.
    fn slot_columns(
        &mut self,
        plugin: Node<'_>,
        unpacking: &Unpacking,
        mut columns: Columns,
        slots: &[Field],
    ) -> Columns {
        for slot in slots
            .iter()
            .filter(|slot| !unpacking.ignored.iter().any(|ignored| slot.name == *ignored))
        {
            let name = Name::from(format!("{}{}", unpacking.prefix, slot.name));
            let value = unpacking.slot(&slot.name, slot.ty);
            match columns.iter_mut().find(|(other, _)| *other == name) {
                None => columns.push((name, value)),
                Some(_) if unpacking.conflict == Conflict::KeepSource => {}
                Some(column) if unpacking.conflict == Conflict::ReplaceSource => column.1 = value,
                Some(_) => {
                    let message = self.in_operator(&format!(
                        "bag_unpack(): A column with the name '{name}' is already declared."
                    ));
                    let hint =
                        "give a prefix, or columnsConflict='replace_source' or 'keep_source'";
                    let diagnostic = Diagnostic::error(Code::Duplicate, plugin.span(), message);
                    self.report(diagnostic.with_hint(Some(hint.into())));
                }
            }
        }
        columns
    }

    pub(super) fn pivot(
        &mut self,
        plugin: Node<'_>,
        input: Table,
        declared: Option<Declared>,
    ) -> Table {
        let nodes: Vec<Node<'_>> = plugin.child(Args).into_iter().flat_map(Node::nodes).collect();
        let Some(first) = nodes.first().copied() else {
            self.error(Code::Arity, plugin, "pivot(): function expects at least 1 argument(s).");
            return Table { open: true, ..input };
        };
        let pivoted = self.scalar(first, Some(Row::of(&input)));
        let call = nodes.get(1).filter(|node| self.is_aggregate(**node)).copied();
        let aggregate = match call {
            Some(call) => {
                let call = self.aggregate(call, &input, &HashSet::new());
                let names = call.columns.iter().map(|(name, _)| name.clone()).collect();
                call.named(names)
            }
            None => Aggregate {
                function: "count".into(),
                args: Vec::new(),
                outputs: vec![Field { name: "count_".into(), ty: Type::Long }],
            },
        };
        let named = &nodes[nodes.len().min(1 + usize::from(call.is_some()))..];
        let keys = self.pivot_keys(named, &input, &pivoted, &aggregate);
        if pivoted.ty == Type::Error || self.unfit_aggregate(plugin, &aggregate) {
            return Table { open: true, ..input };
        }
        let by = convert(pivoted, Type::String);
        let values = match &declared {
            Some(declared) => {
                let is_key =
                    |field: &&Field| !keys.iter().any(|at| input.fields()[*at].name == field.name);
                Some(declared.fields.iter().filter(is_key).cloned().collect())
            }
            None => {
                let plan = distinct(input.plan.clone(), by.clone());
                self.answered(|| Question { plan, asked: Asked::Values })
            }
        };
        let Some(values) = values else {
            return Table { open: true, ..super::columns::select(input, keys) };
        };
        let pivot = Pivot { keys, by, aggregate };
        let table = self.pivoted(plugin, input, &pivot, &values);
        match declared {
            Some(declared) => as_declared(table, declared),
            None => table,
        }
    }

    /// The columns that stay: those that are named, or all that are neither pivoted nor aggregated.
    fn pivot_keys(
        &mut self,
        named: &[Node<'_>],
        input: &Table,
        pivoted: &Expr,
        aggregate: &Aggregate,
    ) -> Vec<usize> {
        let mut keys = Vec::new();
        for node in named {
            let expr = self.scalar(*node, Some(Row::of(input)));
            match expr.kind {
                ExprKind::Column(at) => keys.push(at),
                _ if expr.ty == Type::Error => {}
                _ => self.error(Code::WrongType, *node, "pivot(): Column name expected."),
            }
        }
        if !named.is_empty() {
            return keys;
        }
        let used = std::iter::once(pivoted).chain(&aggregate.args);
        let used: Vec<usize> = used
            .filter_map(|expr| if let ExprKind::Column(at) = expr.kind { Some(at) } else { None })
            .collect();
        (0..input.fields().len()).filter(|at| !used.contains(at)).collect()
    }

    fn unfit_aggregate(&mut self, plugin: Node<'_>, aggregate: &Aggregate) -> bool {
        let fits = conditional(&aggregate.function).is_some() && aggregate.outputs.len() == 1;
        if !fits {
            let message = format!(
                "pivot(): the aggregate '{}' cannot be used here; use count, sum, min, max, avg, dcount, take_any, stdev, variance, make_list, make_set or make_bag.",
                aggregate.function
            );
            self.error(Code::WrongType, plugin, message);
        }
        !fits
    }

    /// One group for each combination of keys, one conditional aggregate for each value.
    fn pivoted(
        &mut self,
        plugin: Node<'_>,
        input: Table,
        pivot: &Pivot,
        values: &[Field],
    ) -> Table {
        let Pivot { keys, by, aggregate } = pivot;
        if keys.is_empty() && values.is_empty() {
            // Neither groups nor values: no columns, no rows.
            return Table { open: false, ..super::binder::nothing() };
        }
        let mut fields: Vec<Field> = keys.iter().map(|at| input.fields()[*at].clone()).collect();
        let mut names = Names::of(&fields);
        if !self.count_columns(plugin, values.len().saturating_mul(4)) {
            return Table { open: true, ..input };
        }
        let ty = aggregate.outputs.first().map_or(Type::Long, |output| output.ty);
        let mut aggregates = Vec::with_capacity(values.len());
        for value in values {
            let name =
                if value.name.is_empty() { names.unnamed() } else { names.derive(&value.name) };
            let condition = call("==", vec![by.clone(), text(&value.name)], Type::Bool);
            let output = Field { name, ty };
            fields.push(output.clone());
            aggregates.push(with_condition(aggregate, condition, output));
        }
        let key_exprs = keys.iter().map(|at| column(input.fields(), *at)).collect();
        let op = Op::Summarize { input: Box::new(input.plan), keys: key_exprs, aggregates };
        let plan = Plan { op, fields: fields.into() };
        if aggregate.function != "sum" {
            return Table { open: input.open, ..Table::new(plan) };
        }
        // A sum over no rows is 0 in a pivot.
        let zero = convert(literal(Value::Long(0)), ty);
        let columns = all_columns(&plan.fields)
            .into_iter()
            .enumerate()
            .map(|(at, expr)| {
                let expr = if at < keys.len() {
                    expr
                } else {
                    call("coalesce", vec![expr, zero.clone()], ty)
                };
                (plan.fields[at].name.clone(), expr)
            })
            .collect();
        Table { open: input.open, ..Table::new(project(plan, columns)) }
    }
}

impl Unpacking {
    /// The value of a slot.
    fn slot(&self, name: &str, ty: Type) -> Expr {
        let kind = ExprKind::Member(Box::new(self.bag.clone()), Box::new(text(name)));
        convert(Expr { kind, ty: Type::Dynamic }, ty)
    }
}

fn conflict(text: &str) -> Option<Conflict> {
    Some(match text {
        "error" => Conflict::Error,
        "replace_source" => Conflict::ReplaceSource,
        "keep_source" => Conflict::KeepSource,
        _ => return None,
    })
}

/// The columns of an output schema: those of the input that it names (or all, with `*`), the others out of the bag.
fn declared_columns(unpacking: &Unpacking, kept: Columns, declared: Declared) -> Columns {
    let own = |name: &str| kept.iter().find(|(other, _)| other == name).map(|(_, expr)| expr);
    let replace = unpacking.conflict == Conflict::ReplaceSource;
    let mut columns = if declared.all { kept.clone() } else { Vec::new() };
    for field in declared.fields {
        let value = match own(&field.name) {
            Some(expr) if !replace => convert(expr.clone(), field.ty),
            _ => match field.name.strip_prefix(&unpacking.prefix) {
                Some(slot) if !unpacking.ignored.iter().any(|ignored| ignored == slot) => {
                    unpacking.slot(slot, field.ty)
                }
                _ => literal(Value::Null(field.ty)),
            },
        };
        match columns.iter_mut().find(|(name, _)| *name == field.name) {
            Some(column) => column.1 = value,
            None => columns.push((field.name, value)),
        }
    }
    columns
}

/// The different values of an expression.
fn distinct(input: Plan, key: Expr) -> Plan {
    let fields = vec![Field { name: "value".into(), ty: key.ty }].into();
    let op = Op::Summarize { input: Box::new(input), keys: vec![key], aggregates: Vec::new() };
    Plan { op, fields }
}

/// The form of an aggregate with a condition: its name, and the place of the condition among the arguments.
fn conditional(function: &str) -> Option<(&'static str, usize)> {
    Some(match function {
        "count" => ("countif", 0),
        "sum" => ("sumif", 1),
        "min" => ("minif", 1),
        "max" => ("maxif", 1),
        "avg" => ("avgif", 1),
        "dcount" => ("dcountif", 1),
        "count_distinct" => ("count_distinctif", 1),
        "take_any" | "any" => ("take_anyif", 1),
        "stdev" => ("stdevif", 1),
        "variance" => ("varianceif", 1),
        "make_list" => ("make_list_if", 1),
        "make_set" => ("make_set_if", 1),
        "make_bag" => ("make_bag_if", 1),
        _ => return None,
    })
}

fn with_condition(aggregate: &Aggregate, condition: Expr, output: Field) -> Aggregate {
    let (function, place) = conditional(&aggregate.function).unwrap_or(("countif", 0));
    let mut args = aggregate.args.clone();
    args.insert(place.min(args.len()), condition);
    Aggregate { function: function.to_string(), args, outputs: vec![output] }
}

/// The columns in the order and with the types that the query declares.
fn as_declared(table: Table, declared: Declared) -> Table {
    let fields = table.plan.fields.clone();
    let columns = declared
        .fields
        .into_iter()
        .map(|wanted| {
            let at = fields.iter().position(|field| field.name == wanted.name);
            let expr = match at {
                Some(at) => convert(column(&fields, at), wanted.ty),
                None => literal(Value::Null(wanted.ty)),
            };
            (wanted.name, expr)
        })
        .collect();
    Table { open: table.open, ..Table::new(project(table.plan, columns)) }
}
