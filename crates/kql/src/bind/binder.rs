//! The binder's state and what all its parts share: diagnostics, limits, the row that names resolve against. Deliberately
//! absent: any part of the language.

use std::collections::HashMap;
use std::rc::Rc;

use super::scope::{Scope, Table};
use super::{BindOptions, types};
use crate::catalog::Catalog;
use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use crate::plan::{Expr, ExprKind, Field, Op, Plan};
use crate::syntax::{Node, Tree};
use crate::types::{Type, Value};

/// How deep functions may call each other.
pub(super) const CALL_DEPTH_MAX: usize = 32;
/// How many expressions and operators one query may come to, all functions inlined.
pub(super) const BOUND_NODES_MAX: usize = 400_000;
/// How many diagnostics one query gets.
const DIAGNOSTICS_MAX: usize = 200;

pub(super) struct Binder<'a> {
    pub(super) catalog: &'a dyn Catalog,
    pub(super) options: &'a BindOptions,
    pub(super) tree: Rc<Tree>,
    pub(super) scope: Scope,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) pending: Option<Box<Plan>>,
    /// How many data-dependent operators were met.
    pub(super) dependent: usize,
    /// The operator at work, for messages.
    pub(super) operator: String,
    /// Where a stored function was called, while its body is bound.
    pub(super) origin: Option<Span>,
    pub(super) calls: usize,
    nodes: usize,
    pub(super) shared: usize,
    /// Tables that did not resolve, for `isfuzzy`.
    pub(super) missing_tables: usize,
    /// Aggregate calls that stand for a column while an expression around them is bound.
    pub(super) aggregate_values: Vec<(u32, Expr)>,
    /// Stored functions that were parsed already.
    pub(super) parsed: HashMap<String, Option<Rc<super::scope::Function>>>,
}

/// The columns that names resolve against.
#[derive(Clone, Copy)]
pub(super) struct Row<'r> {
    pub(super) fields: &'r [Field],
    pub(super) open: bool,
}

impl<'r> Row<'r> {
    pub(super) fn of(table: &'r Table) -> Self {
        Self { fields: table.fields(), open: table.open }
    }
}

impl<'a> Binder<'a> {
    pub(super) fn new(catalog: &'a dyn Catalog, options: &'a BindOptions, tree: Tree) -> Self {
        Self {
            catalog,
            options,
            tree: Rc::new(tree),
            scope: Scope::default(),
            diagnostics: Vec::new(),
            pending: None,
            dependent: 0,
            operator: String::new(),
            origin: None,
            calls: 0,
            nodes: 0,
            shared: 0,
            missing_tables: 0,
            aggregate_values: Vec::new(),
            parsed: HashMap::new(),
        }
    }

    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        if let Some(origin) = &self.origin {
            diagnostic.span = origin.clone();
        }
        if self.diagnostics.len() < DIAGNOSTICS_MAX && !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    pub(super) fn error(&mut self, code: Code, node: Node<'_>, message: impl Into<String>) {
        self.report(Diagnostic::error(code, node.span(), message));
    }

    /// `'where' operator: ` in front of a message, as Kusto words it.
    pub(super) fn in_operator(&self, message: &str) -> String {
        if self.operator.is_empty() {
            message.to_string()
        } else {
            format!("'{}' operator: {message}", self.operator)
        }
    }

    pub(super) fn unresolved_scalar(&mut self, node: Node<'_>, name: &str, row: Option<Row<'_>>) {
        let message =
            self.in_operator(&format!("Failed to resolve scalar expression named '{name}'"));
        let names = self.scope.names();
        let columns = row.map_or(&[][..], |row| row.fields);
        let candidates = columns.iter().map(|field| field.name.as_str()).chain(names);
        let hint = nearest(name, candidates).map(|name| format!("did you mean '{name}'?"));
        self.report(Diagnostic::error(Code::Unresolved, node.span(), message).with_hint(hint));
    }

    pub(super) fn unresolved_table(&mut self, node: Node<'_>, name: &str) {
        self.missing_tables += 1;
        let message = self
            .in_operator(&format!("Failed to resolve table or column expression named '{name}'"));
        let tables = self.catalog.tables();
        let names = self.scope.names();
        let candidates = tables.iter().map(String::as_str).chain(names);
        let hint = nearest(name, candidates).map(|name| format!("did you mean '{name}'?"));
        self.report(Diagnostic::error(Code::Unresolved, node.span(), message).with_hint(hint));
    }

    /// Counts one more expression or operator; `false`, with a diagnostic, once there are too many.
    pub(super) fn count_node(&mut self, node: Node<'_>) -> bool {
        self.nodes += 1;
        if self.nodes == BOUND_NODES_MAX {
            let message =
                format!("with its functions inlined the query has over {BOUND_NODES_MAX} parts");
            self.error(Code::TooLarge, node, message);
        }
        self.nodes < BOUND_NODES_MAX
    }

    /// The value of a constant expression.
    pub(super) fn constant(&mut self, node: Node<'_>) -> Option<Value> {
        let expr = self.scalar(node, None);
        match expr.kind {
            ExprKind::Literal(value) => Some(value),
            _ if expr.ty == Type::Error => None,
            _ => {
                self.error(Code::WrongType, node, "The expression must be a constant.");
                None
            }
        }
    }

    /// A constant number of rows.
    pub(super) fn row_count(&mut self, node: Option<Node<'_>>) -> u64 {
        let Some(node) = node else { return 0 };
        match self.constant(node) {
            Some(Value::Long(rows)) => u64::try_from(rows).unwrap_or(0),
            Some(Value::Int(rows)) => u64::try_from(rows).unwrap_or(0),
            Some(_) => {
                self.error(Code::WrongType, node, "The expression value must be an integer.");
                0
            }
            None => 0,
        }
    }
}

/// A constant.
pub(super) const fn literal(value: Value) -> Expr {
    let ty = value.ty();
    Expr { kind: ExprKind::Literal(value), ty }
}

/// What stands for an expression in which an error was found.
pub(super) const fn mistake() -> Expr {
    Expr { kind: ExprKind::Literal(Value::Null(Type::Error)), ty: Type::Error }
}

/// A column of the input.
pub(super) fn column(fields: &[Field], at: usize) -> Expr {
    Expr { kind: ExprKind::Column(at), ty: fields.get(at).map_or(Type::Error, |field| field.ty) }
}

/// A call of a function or operator whose arguments are already right.
pub(super) fn call(function: &str, args: Vec<Expr>, ty: Type) -> Expr {
    Expr { kind: ExprKind::Call { function: function.to_string(), args }, ty }
}

/// The expression as another type; itself if it has it.
pub(super) fn convert(expr: Expr, ty: Type) -> Expr {
    if expr.ty == ty || expr.ty == Type::Error || ty == Type::Error {
        return expr;
    }
    if let ExprKind::Literal(value) = &expr.kind
        && let Some(value) = types::convert_value(value, ty)
    {
        return literal(value);
    }
    Expr { kind: ExprKind::Convert(Box::new(expr)), ty }
}

/// A table that gives nothing, after an error.
pub(super) fn nothing() -> Table {
    let plan = Plan { op: Op::Rows(Vec::new()), fields: Vec::new() };
    Table { open: true, ..Table::new(plan) }
}

/// All columns of a plan as expressions over it.
pub(super) fn all_columns(fields: &[Field]) -> Vec<Expr> {
    (0..fields.len()).map(|at| column(fields, at)).collect()
}

/// A projection.
pub(super) fn project(input: Plan, columns: Vec<(String, Expr)>) -> Plan {
    let mut fields = Vec::with_capacity(columns.len());
    let mut exprs = Vec::with_capacity(columns.len());
    for (name, expr) in columns {
        fields.push(Field { name, ty: expr.ty });
        exprs.push(expr);
    }
    Plan { op: Op::Project { input: Box::new(input), exprs }, fields }
}
