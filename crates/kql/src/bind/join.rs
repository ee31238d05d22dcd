//! `join` and `lookup`: keys, kinds, and the names of the columns of both sides. Deliberately absent: strategies; hints are
//! read and left to the engine.

use std::collections::HashSet;

use super::binder::{Binder, Row, column, convert, project};
use super::columns::{items, named_columns};
use super::naming::{Names, name_text};
use super::operators::operand;
use super::scope::Table;
use super::source::{STRATEGIES, property_name};
use crate::diagnostic::Code;
use crate::plan::{Expr, Field, Fields, JoinKind, Name, Op, Plan};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Binary, Member, NameRef, On, Paren, Property};
use crate::types::Type;

/// The spellings of the kinds, for the message about any other.
const KINDS: &str = "inner, fullouter, innerunique, leftanti, leftantisemi, anti, leftouter, \
                     leftsemi, rightanti, rightantisemi, rightouter, rightsemi";

/// One equality: an expression of the left side and one of the right.
struct Key {
    left: Expr,
    right: Expr,
    /// Whether both sides name it alike, as `on a` does.
    shared: bool,
}

impl Binder<'_> {
    pub(super) fn join(&mut self, node: Node<'_>, left: Table) -> Table {
        self.expect_strategy(node, STRATEGIES);
        let kind = self.join_kind(node, JoinKind::InnerUnique);
        let Some(right) = operand(node, 0) else { return left };
        let right = self.table(right);
        self.probe_right(node, &right);
        let keys = self.join_keys(node, &left, &right);
        let (left, right, on) = with_key_columns(left, right, keys);
        let open = left.table.open || right.table.open;
        let columns: Fields = match kind {
            JoinKind::LeftAnti | JoinKind::LeftSemi => left.table.plan.fields.clone(),
            JoinKind::RightAnti | JoinKind::RightSemi => right.table.plan.fields.clone(),
            _ => both_sides(left.table.fields(), right.table.fields()),
        };
        let keep: Vec<usize> = match kind {
            JoinKind::LeftAnti | JoinKind::LeftSemi => (0..left.own).collect(),
            JoinKind::RightAnti | JoinKind::RightSemi => (0..right.own).collect(),
            _ => {
                let shift = left.table.fields().len();
                (0..left.own).chain(shift..shift + right.own).collect()
            }
        };
        let added = left.own < left.table.fields().len() || right.own < right.table.fields().len();
        let op = Op::Join {
            left: Box::new(left.table.plan),
            right: Box::new(right.table.plan),
            kind,
            on,
        };
        let table = Table { open, ..Table::new(Plan { op, fields: columns }) };
        if added { keep_unhelped(table, keep) } else { table }
    }

    /// `lookup`: a join that leaves out the right side's keys.
    pub(super) fn lookup(&mut self, node: Node<'_>, left: Table) -> Table {
        let kind = self.join_kind(node, JoinKind::LeftOuter);
        if !matches!(kind, JoinKind::LeftOuter | JoinKind::Inner) {
            self.error(Code::Syntax, node, "Expected one of: inner, leftouter");
        }
        let Some(right) = operand(node, 0) else { return left };
        let right = self.table(right);
        self.probe_right(node, &right);
        let keys = self.join_keys(node, &left, &right);
        let gone: Vec<usize> = keys
            .iter()
            .filter_map(|key| match key.right.kind {
                crate::plan::ExprKind::Column(at) => Some(at),
                _ => None,
            })
            .collect();
        let (left, right, on) = with_key_columns(left, right, keys);
        let open = left.table.open || right.table.open;
        let kept: Vec<usize> = (0..right.own).filter(|at| !gone.contains(at)).collect();
        let shift = left.table.fields().len();
        let fields = both_sides(left.table.fields(), right.table.fields());
        let kept_fields: Vec<Field> =
            kept.iter().map(|at| right.table.fields()[*at].clone()).collect();
        let names = both_sides(&left.table.fields()[..left.own], &kept_fields);
        let op = Op::Join {
            left: Box::new(left.table.plan),
            right: Box::new(right.table.plan),
            kind,
            on,
        };
        let plan = Plan { op, fields };
        let chosen = (0..left.own).chain(kept.iter().map(|at| shift + at));
        let columns =
            chosen.zip(&names).map(|(at, field)| (field.name.clone(), column(&plan.fields, at)));
        let columns = columns.collect();
        Table { open, ..Table::new(project(plan, columns)) }
    }

    fn join_kind(&mut self, node: Node<'_>, default: JoinKind) -> JoinKind {
        let property =
            node.children_of(Property).find(|property| property_name(*property) == "kind");
        let Some(value) = property.and_then(|property| property.nodes().next()) else {
            return default;
        };
        match value.text() {
            "innerunique" => JoinKind::InnerUnique,
            "inner" => JoinKind::Inner,
            "leftouter" => JoinKind::LeftOuter,
            "rightouter" => JoinKind::RightOuter,
            "fullouter" => JoinKind::FullOuter,
            "leftanti" | "anti" | "leftantisemi" => JoinKind::LeftAnti,
            "rightanti" | "rightantisemi" => JoinKind::RightAnti,
            "leftsemi" => JoinKind::LeftSemi,
            "rightsemi" => JoinKind::RightSemi,
            _ => {
                self.error(Code::Syntax, value, format!("Expected one of: {KINDS}"));
                default
            }
        }
    }

    fn join_keys(&mut self, node: Node<'_>, left: &Table, right: &Table) -> Vec<Key> {
        let mut keys = Vec::new();
        let Some(on) = node.child(On) else { return keys };
        for item in items(on) {
            self.join_condition(item, left, right, &mut keys);
        }
        keys
    }

    fn join_condition(&mut self, item: Node<'_>, left: &Table, right: &Table, keys: &mut Vec<Key>) {
        match item.kind() {
            Paren => {
                if let Some(inner) = item.nodes().next() {
                    self.join_condition(inner, left, right, keys);
                }
            }
            NameRef => self.shared_key(item, left, right, keys),
            Binary if item.has_word("and") => {
                for part in item.nodes() {
                    self.join_condition(part, left, right, keys);
                }
            }
            Binary if item.has_word("==") => self.equated_key(item, left, right, keys),
            _ => {
                let message = "join: only column entities or equality expressions are allowed.";
                self.error(Code::WrongType, item, message);
            }
        }
    }

    /// `on a`
    fn shared_key(&mut self, item: Node<'_>, left: &Table, right: &Table, keys: &mut Vec<Key>) {
        let name = name_text(item);
        let find = |table: &Table| table.fields().iter().position(|field| field.name == name);
        match (find(left), find(right)) {
            (Some(a), Some(b)) => {
                let (left, right) = (column(left.fields(), a), column(right.fields(), b));
                self.push_key(item, Key { left, right, shared: true }, keys);
            }
            (None, None) if !left.open && !right.open => {
                self.unresolved_scalar(item, &name, Some(Row::of(left)));
            }
            _ if left.open || right.open => {}
            _ => {
                let message = format!("The column '{name}' must exist on both sides of the join.");
                self.error(Code::Unresolved, item, message);
            }
        }
    }

    /// `$left.a == $right.b`, either way round
    fn equated_key(&mut self, item: Node<'_>, left: &Table, right: &Table, keys: &mut Vec<Key>) {
        let (mut from_left, mut from_right) = (None, None);
        for side in item.nodes() {
            let Some((is_left, path)) = side_of(side) else {
                let message = "join: only column entities or equality expressions are allowed.";
                self.error(Code::WrongType, side, message);
                return;
            };
            let table = if is_left { left } else { right };
            let expr = self.scalar(path, Some(Row::of(table)));
            let slot = if is_left { &mut from_left } else { &mut from_right };
            *slot = Some(expr);
        }
        if let (Some(left), Some(right)) = (from_left, from_right) {
            self.push_key(item, Key { left, right, shared: false }, keys);
        } else {
            let message = "join: the equality must have a $left and a $right side.";
            self.error(Code::WrongType, item, message);
        }
    }

    /// Both sides of a key get one type; numbers widen, `dynamic` becomes what the other is.
    fn push_key(&mut self, item: Node<'_>, key: Key, keys: &mut Vec<Key>) {
        let (a, b) = (key.left.ty, key.right.ty);
        if a == Type::Error || b == Type::Error {
            return;
        }
        let fits =
            a == b || (a.is_number() && b.is_number()) || a == Type::Dynamic || b == Type::Dynamic;
        if !fits {
            let message = if key.shared {
                let name = item.text();
                format!(
                    "The common column '{name}' must have the same type on both sides of the join."
                )
            } else {
                format!(
                    "join: the two sides of the condition have different types: {} and {}.",
                    a.name(),
                    b.name()
                )
            };
            self.error(Code::WrongType, item, message);
            return;
        }
        let ty = super::types::common([a, b]);
        keys.push(Key {
            left: convert(key.left, ty),
            right: convert(key.right, ty),
            shared: key.shared,
        });
    }
}

/// Which side `$left.a` or `$right.a` is of, and the name in it.
fn side_of(node: Node<'_>) -> Option<(bool, Node<'_>)> {
    let node = if node.kind() == Paren { node.nodes().next()? } else { node };
    if node.kind() != Member {
        return None;
    }
    let mut parts = node.nodes();
    let (base, name) = (parts.next()?, parts.next()?);
    match base.text() {
        "$left" => Some((true, name)),
        "$right" => Some((false, name)),
        _ => None,
    }
}

/// A side of a join with columns for its keys after its own.
struct Side {
    table: Table,
    /// How many columns are its own.
    own: usize,
}

/// Keys that are not plain columns (converted ones) become columns of their side.
fn with_key_columns(
    left: Table,
    right: Table,
    keys: Vec<Key>,
) -> (Side, Side, Vec<(usize, usize)>) {
    let (lefts, rights): (Vec<Expr>, Vec<Expr>) =
        keys.into_iter().map(|key| (key.left, key.right)).unzip();
    let (left, left_at) = with_columns(left, lefts);
    let (right, right_at) = with_columns(right, rights);
    (left, right, left_at.into_iter().zip(right_at).collect())
}

fn with_columns(table: Table, keys: Vec<Expr>) -> (Side, Vec<usize>) {
    let own = table.fields().len();
    let fields = table.plan.fields.clone();
    let mut columns: Vec<(Name, Expr)> = named_columns(&fields);
    let mut places = Vec::new();
    for key in keys {
        match key.kind {
            crate::plan::ExprKind::Column(at) => places.push(at),
            _ => {
                places.push(columns.len());
                columns.push((format!("__key_{}", columns.len()).into(), key));
            }
        }
    }
    if columns.len() == own {
        return (Side { table, own }, places);
    }
    let open = table.open;
    let plan = project(table.plan, columns);
    (Side { table: Table { open, ..Table::new(plan) }, own }, places)
}

/// Takes the columns that were added for keys away again.
fn keep_unhelped(table: Table, keep: Vec<usize>) -> Table {
    super::columns::select(table, keep)
}

/// The columns of both sides; a right one whose name is taken gets a number.
pub(super) fn both_sides(left: &[Field], right: &[Field]) -> Fields {
    let mut names = Names::of(left.iter().chain(right));
    let taken: HashSet<&str> = left.iter().map(|field| field.name.as_str()).collect();
    let mut fields = left.to_vec();
    for field in right {
        let name = if taken.contains(field.name.as_str()) {
            names.derive(&field.name)
        } else {
            field.name.clone()
        };
        fields.push(Field { name, ty: field.ty });
    }
    fields.into()
}
