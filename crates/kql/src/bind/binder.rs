//! The binder's state and what all its parts share: diagnostics, limits, the row that names resolve against. Deliberately
//! absent: any part of the language.

use std::collections::HashMap;
use std::rc::Rc;

use super::scope::{Bindable, Scope, Table, Variable};
use super::{BindOptions, types};
use crate::catalog::Catalog;
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::language;
use crate::nearest::nearest;
use crate::plan::{Expr, ExprKind, Field, Fields, Name, Op, Plan};
use crate::signature::Signature;
use crate::syntax::SyntaxKind::NameRef;
use crate::syntax::{Node, Tree};
use crate::types::{Type, Value};

/// How deep functions may call each other.
pub(super) const CALL_DEPTH_MAX: usize = 32;
/// How many expressions and operators one query may come to, all functions inlined.
pub(super) const BOUND_NODES_MAX: usize = 400_000;
/// How many columns all operators of one query may have together.
pub(super) const BOUND_COLUMNS_MAX: usize = 2_000_000;
/// How deep the plan of a query may be, its operators and the operands of its chains one below the other. Plans are walked
/// and dropped by recursion.
pub(super) const BOUND_DEPTH_MAX: usize = 2_000;
/// How deep the binder may recurse, functions inlined: nested to the parser's limit, a query takes two levels for each.
pub(super) const RECURSION_MAX: usize = 512;
/// How many items the list of one operator may have.
pub(super) const ITEMS_MAX: usize = 10_000;
/// How many names may be compared with wrong ones, to say which was meant: all of a large workspace several times.
const COMPARED_MAX: usize = 200_000;
/// How many diagnostics one query gets.
const DIAGNOSTICS_MAX: usize = 200;

pub(super) struct Binder<'a> {
    pub(super) catalog: &'a dyn Catalog,
    pub(super) options: &'a BindOptions,
    pub(super) tree: Rc<Tree>,
    pub(super) scope: Scope,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) pending: Option<Box<super::Question>>,
    /// How many data-dependent operators were met.
    pub(super) dependent: usize,
    /// The operator at work, for messages.
    pub(super) operator: String,
    /// Where a stored function was called, while its body is bound.
    pub(super) origin: Option<Span>,
    pub(super) calls: usize,
    /// A place whose scope is asked for.
    pub(super) probe: Option<super::probe::Probe>,
    nodes: usize,
    columns: usize,
    /// How deep in chains and pipes the node at work is.
    depth: usize,
    recursion: usize,
    too_large: bool,
    pub(super) shared: usize,
    /// Names that stand for a workspace or database, within `macro-expand`.
    pub(super) entities: Vec<String>,
    /// Tables that did not resolve, for `isfuzzy`.
    pub(super) missing_tables: usize,
    /// What many tables came to, for whoever puts the same together again.
    pub(super) checked_union: Option<super::union::CheckedUnion>,
    /// Whether the order of the rows counts that the operator at work reads.
    pub(super) serialized: bool,
    /// The steps of the `scan` that is bound: `step.column` is a column of its own there.
    pub(super) scan_steps: Vec<String>,
    /// What names mean in the clauses of the graph operator that is bound.
    pub(super) graph: Option<super::graph::GraphScope>,
    /// Whether the statement at work gives several tables that have names: they are results only if nothing follows.
    pub(super) named_outputs: bool,
    /// Aggregate calls that stand for a column while an expression around them is bound.
    pub(super) aggregate_values: Vec<(u32, Expr)>,
    /// How many names were compared for hints.
    compared: usize,
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
            probe: None,
            nodes: 0,
            columns: 0,
            depth: 0,
            recursion: 0,
            too_large: false,
            shared: 0,
            entities: Vec::new(),
            missing_tables: 0,
            checked_union: None,
            serialized: false,
            scan_steps: Vec::new(),
            graph: None,
            named_outputs: false,
            aggregate_values: Vec::new(),
            compared: 0,
            parsed: HashMap::new(),
        }
    }

    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        if let Some(origin) = &self.origin {
            diagnostic.span = origin.clone();
        }
        if self.options.check_only && diagnostic.code == Code::Unsupported {
            diagnostic.severity = Severity::Warning;
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

    /// A scalar function of the catalog or, to be bound and not run, of the language.
    pub(super) fn scalar_signature(&self, name: &str) -> Option<Signature> {
        self.catalog.function(name).or_else(|| language::function(name)).copied()
    }

    /// The same of an aggregate.
    pub(super) fn aggregate_signature(&self, name: &str) -> Option<Signature> {
        self.catalog.aggregate(name).or_else(|| language::aggregate(name)).copied()
    }

    /// Says that the language has it, but the engine has not.
    pub(super) fn unavailable(&mut self, what: &str, node: Node<'_>, name: &str) {
        let span = node.child(NameRef).map_or_else(|| node.span(), Node::span);
        let message = format!("The {what} '{name}' is not available here yet.");
        self.report(Diagnostic::error(Code::Unsupported, span, message));
    }

    pub(super) fn unresolved_scalar(&mut self, node: Node<'_>, name: &str, row: Option<Row<'_>>) {
        let message =
            self.in_operator(&format!("Failed to resolve scalar expression named '{name}'"));
        let names = self.scope.names();
        let columns = row.map_or(&[][..], |row| row.fields);
        let candidates = columns.iter().map(|field| field.name.as_str()).chain(names);
        let hint = hint(&mut self.compared, columns.len(), name, candidates);
        self.report(Diagnostic::error(Code::Unresolved, node.span(), message).with_hint(hint));
    }

    pub(super) fn unresolved_table(&mut self, node: Node<'_>, name: &str) {
        self.missing_tables += 1;
        let message = self
            .in_operator(&format!("Failed to resolve table or column expression named '{name}'"));
        let tables = self.catalog.tables();
        let names = self.scope.names();
        let candidates = tables.iter().map(String::as_str).chain(names);
        let hint = hint(&mut self.compared, tables.len(), name, candidates);
        self.report(Diagnostic::error(Code::Unresolved, node.span(), message).with_hint(hint));
    }

    /// Counts one more expression or operator; `false`, with a diagnostic, once there are too many.
    pub(super) fn count_node(&mut self, node: Node<'_>) -> bool {
        self.count_parts(node, 1)
    }

    /// Counts what is about to be copied; `false`, with a diagnostic, if that is too much.
    pub(super) fn count_parts(&mut self, node: Node<'_>, parts: usize) -> bool {
        self.nodes = self.nodes.saturating_add(parts);
        self.nodes < BOUND_NODES_MAX
            || self.over(
                node,
                format!("with its functions inlined the query has over {BOUND_NODES_MAX} parts"),
            )
    }

    /// Counts the columns of an operator, before and after it.
    pub(super) fn count_columns(&mut self, node: Node<'_>, columns: usize) -> bool {
        self.columns = self.columns.saturating_add(columns);
        self.columns < BOUND_COLUMNS_MAX
            || self.over(
                node,
                format!("the operators of the query have over {BOUND_COLUMNS_MAX} columns"),
            )
    }

    /// Runs `inner` that many operators or operands deeper; `None`, with a diagnostic, below the limit.
    pub(super) fn deeper<T>(
        &mut self,
        node: Node<'_>,
        by: usize,
        inner: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.depth + by > BOUND_DEPTH_MAX || self.recursion >= RECURSION_MAX {
            self.too_deep(node);
            return None;
        }
        self.depth += by;
        self.recursion += 1;
        let value = inner(self);
        self.recursion -= 1;
        self.depth -= by;
        Some(value)
    }

    fn too_deep(&mut self, node: Node<'_>) {
        let message =
            format!("with its functions inlined the query nests deeper than {BOUND_DEPTH_MAX}");
        self.over(node, message);
    }

    /// Whether the query is over a limit: then nothing further needs to be looked at.
    pub(super) const fn is_too_large(&self) -> bool {
        self.too_large
    }

    /// Reports the first limit that the query is over.
    fn over(&mut self, node: Node<'_>, message: String) -> bool {
        if !self.too_large {
            self.too_large = true;
            self.error(Code::TooLarge, node, message);
        }
        false
    }

    /// A copy of the variable of that name; a mistake in its place if the copy is too large.
    pub(super) fn variable(&mut self, node: Node<'_>, name: &str) -> Option<Variable> {
        let (found, weight) = self.scope.find(name)?;
        let is_table = matches!(found, Variable::Value(Bindable::Table(_)));
        if !matches!(found, Variable::Function(_)) {
            let fits = self.count_parts(node, weight.parts);
            let deep = self.depth + weight.depth > BOUND_DEPTH_MAX;
            if fits && deep {
                self.too_deep(node);
            }
            if !fits || deep {
                return Some(Variable::Value(match is_table {
                    true => Bindable::Table(Box::new(nothing())),
                    false => Bindable::Scalar(mistake()),
                }));
            }
        }
        self.scope.find(name).map(|(found, _)| found.clone())
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

/// What was meant, if it is near; nothing once the query had enough of it.
fn hint<'n>(
    compared: &mut usize,
    count: usize,
    name: &str,
    candidates: impl Iterator<Item = &'n str>,
) -> Option<String> {
    *compared = compared.saturating_add(count);
    if *compared > COMPARED_MAX {
        return None;
    }
    nearest(name, candidates).map(|name| format!("did you mean '{name}'?"))
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
    let plan = Plan { op: Op::Rows(Vec::new()), fields: Fields::default() };
    Table { open: true, ..Table::new(plan) }
}

/// All columns of a plan as expressions over it.
pub(super) fn all_columns(fields: &[Field]) -> Vec<Expr> {
    (0..fields.len()).map(|at| column(fields, at)).collect()
}

/// A projection.
pub(super) fn project(input: Plan, columns: Vec<(Name, Expr)>) -> Plan {
    let mut fields = Vec::with_capacity(columns.len());
    let mut exprs = Vec::with_capacity(columns.len());
    for (name, expr) in columns {
        fields.push(Field { name, ty: expr.ty });
        exprs.push(expr);
    }
    Plan { op: Op::Project { input: Box::new(input), exprs }, fields: fields.into() }
}
