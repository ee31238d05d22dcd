//! Where rows come from: tables, `let` tables, `datatable`, `externaldata`, pipes. Deliberately absent: operators.

use super::binder::{Binder, Row, convert, literal, nothing};
use super::naming::name_text;
use super::scope::{Bindable, Table, Variable};
use super::weight::of_fields;
use crate::diagnostic::Code;
use crate::plan::{Expr, ExprKind, Field, Op, Plan};
use crate::syntax::SyntaxKind::{
    Call, DataTable, ExternalData, List, Member, NameRef, Operator, Parameters, Paren, Pipe,
    Property, With,
};
use crate::syntax::operator_name;
use crate::syntax::{Node, SyntaxKind};
use crate::types::{Type, Value};

/// How many cells a `datatable` may have.
const DATATABLE_CELLS_MAX: usize = 1_000_000;

impl Binder<'_> {
    /// A scalar or a table, whichever the syntax and the names make it.
    pub(super) fn value(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Bindable {
        match node.kind() {
            Pipe | Operator | DataTable | ExternalData => {
                Bindable::Table(Box::new(self.table(node)))
            }
            Paren => match node.nodes().next() {
                Some(inner) => self.value(inner, row),
                None => Bindable::Scalar(self.scalar(node, row)),
            },
            NameRef => self.name_value(node, row),
            Call => self.call_value(node, row),
            Member => match node.nodes().nth(1) {
                Some(last) if self.is_elsewhere(node, last) => self.elsewhere(node),
                Some(last) => match self.scope_of(node).as_deref() {
                    Some("cluster") => self.no_cluster(node),
                    Some(_) => self.value(last, None),
                    None => Bindable::Scalar(self.scalar(node, row)),
                },
                _ => Bindable::Scalar(self.scalar(node, row)),
            },
            _ => Bindable::Scalar(self.scalar(node, row)),
        }
    }

    /// `cluster(…)` leads out of this workspace.
    fn no_cluster(&mut self, node: Node<'_>) -> Bindable {
        self.missing_tables += 1;
        let message = "'cluster()' is not available in this workspace.";
        self.error(Code::Unsupported, node, message);
        Bindable::Table(Box::new(nothing()))
    }

    /// Whether the end of a path of scopes is a name that only another cluster or database can know.
    fn is_elsewhere(&mut self, node: Node<'_>, last: Node<'_>) -> bool {
        let start = node.text();
        let scoped = start.starts_with("cluster") || start.starts_with("database");
        if !scoped || self.scope_of(node).is_none() {
            return false;
        }
        let named = if last.kind() == Call { last.child(NameRef) } else { Some(last) };
        let Some(name) = named.filter(|node| node.kind() == NameRef).map(name_text) else {
            return false;
        };
        self.variable(node, &name).is_none()
            && self.catalog.table(&name).is_none()
            && self.catalog.stored_function(&name).is_none()
    }

    /// A table of another cluster or database: nobody here knows its columns.
    fn elsewhere(&mut self, node: Node<'_>) -> Bindable {
        let message = match self.scope_of(node).as_deref() {
            Some("cluster") => "'cluster()' is not available in this workspace.",
            _ => "Other databases are not available in this workspace.",
        };
        self.error(Code::Unsupported, node, message);
        Bindable::Table(Box::new(Table { open: true, ..nothing() }))
    }

    /// The function at the start of `workspace("x").T`, `database("x").T`, `cluster("x").database("y").T`. There is one
    /// workspace, and whatever its name, this is it.
    fn scope_of(&self, node: Node<'_>) -> Option<String> {
        let mut base = node.nodes().next();
        while let Some(node) = base.filter(|node| node.kind() == Member) {
            base = node.nodes().next();
        }
        let base = base?;
        if base.kind() == NameRef && self.entities.contains(&name_text(base)) {
            return Some("database".to_string());
        }
        scope_name(base)
    }

    fn name_value(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Bindable {
        let name = name_text(node);
        let is_column = row.is_some_and(|row| row.fields.iter().any(|field| field.name == name));
        if is_column || is_bool(&name) {
            return Bindable::Scalar(self.scalar(node, row));
        }
        if let Some(variable) = self.variable(node, &name) {
            return self.variable_value(node, variable);
        }
        if let Some(table) = self.catalog_table(&name) {
            if !self.count_columns(node, of_fields(table.fields())) {
                return Bindable::Table(Box::new(nothing()));
            }
            return Bindable::Table(Box::new(table));
        }
        if let Some(function) = self.stored(&name) {
            return self.call_function(&function, node, Vec::new());
        }
        if row.is_some() {
            return Bindable::Scalar(self.scalar(node, row));
        }
        self.unresolved_table(node, &name);
        Bindable::Table(Box::new(nothing()))
    }

    fn variable_value(&mut self, node: Node<'_>, variable: Variable) -> Bindable {
        match variable {
            Variable::Value(value) => value,
            Variable::Function(function) => self.call_function(&function, node, Vec::new()),
        }
    }

    /// A table of the catalog, cut to the time span of the query.
    pub(super) fn catalog_table(&self, name: &str) -> Option<Table> {
        let fields = self.catalog.table(name)?;
        let mut plan = Plan { op: Op::Table { name: name.to_string() }, fields };
        if let (Some((from, to)), Some(at)) = (
            self.options.timespan,
            plan.fields.iter().position(|f| f.name == "TimeGenerated" && f.ty == Type::DateTime),
        ) {
            let bound = |function: &str, ticks: i64| {
                let args =
                    vec![super::binder::column(&plan.fields, at), literal(Value::DateTime(ticks))];
                super::binder::call(function, args, Type::Bool)
            };
            let both = vec![bound(">=", from), bound("<", to)];
            let predicate = super::binder::call("and", both, Type::Bool);
            let fields = plan.fields.clone();
            plan = Plan { op: Op::Filter { input: Box::new(plan), predicate }, fields };
        }
        Some(Table { name: Some(name.to_string()), ..Table::new(plan) })
    }

    /// A tabular expression; a scalar one is reported.
    pub(super) fn table(&mut self, node: Node<'_>) -> Table {
        if !self.count_node(node) {
            return nothing();
        }
        let by = if node.kind() == Pipe { node.nodes().count() } else { 1 };
        let table = self.deeper(node, by, |binder| binder.table_node(node)).unwrap_or_else(nothing);
        if !self.count_columns(node, of_fields(table.fields())) {
            return nothing();
        }
        table
    }

    fn table_node(&mut self, node: Node<'_>) -> Table {
        match node.kind() {
            Pipe => self.pipe(node),
            Operator => self.operator_node(node, None),
            DataTable => self.datatable(node),
            ExternalData => self.externaldata(node),
            Paren => match node.nodes().next() {
                // What is in parentheses has no name of its own any more.
                Some(inner) => Table { name: None, ..self.table(inner) },
                None => nothing(),
            },
            SyntaxKind::Error => nothing(),
            _ => match self.value(node, None) {
                Bindable::Table(table) => *table,
                Bindable::Scalar(Expr { ty: Type::Error, .. }) => nothing(),
                Bindable::Scalar(_) => {
                    self.error(Code::WrongType, node, "Tabular value expected.");
                    nothing()
                }
            },
        }
    }

    fn pipe(&mut self, node: Node<'_>) -> Table {
        let mut parts = node.nodes();
        let Some(head) = parts.next() else { return nothing() };
        let outer = self.operator.clone();
        self.operator = parts.next().map_or_else(String::new, operator_name);
        let mut table = self.table(head);
        for part in node.nodes().skip(1) {
            if part.kind() == Operator {
                table = self.operator_node(part, Some(table));
            }
        }
        self.operator = outer;
        Table { name: None, ..table }
    }

    fn datatable(&mut self, node: Node<'_>) -> Table {
        let fields = node.child(Parameters).map(|p| self.declared_fields(p)).unwrap_or_default();
        let mut cells: Vec<Expr> = Vec::new();
        for value in node.child(List).into_iter().flat_map(Node::nodes) {
            let ty = fields.get(cells.len() % fields.len().max(1)).map_or(Type::Error, |f| f.ty);
            let expr = self.scalar(value, None);
            if cells.len() >= DATATABLE_CELLS_MAX {
                let message = format!("a datatable has more than {DATATABLE_CELLS_MAX} values");
                self.error(Code::TooLarge, value, message);
                break;
            }
            cells.push(cell(expr, ty));
        }
        if !fields.is_empty() && !cells.len().is_multiple_of(fields.len()) {
            let message = "The number of values is not a multiple of the number of columns.";
            self.error(Code::Arity, node, message);
        }
        let rows = cells.chunks_exact(fields.len().max(1)).map(<[Expr]>::to_vec).collect();
        Table::new(Plan { op: Op::Rows(rows), fields: fields.into() })
    }

    fn externaldata(&mut self, node: Node<'_>) -> Table {
        let fields = node.child(Parameters).map(|p| self.declared_fields(p)).unwrap_or_default();
        let mut uris = Vec::new();
        for uri in node.child(List).into_iter().flat_map(Node::nodes) {
            match self.constant(uri) {
                Some(Value::String(text)) => uris.push(text),
                Some(_) => self.error(Code::WrongType, uri, "A value of type string expected."),
                None => {}
            }
        }
        let properties = node.child(With).map(|with| self.properties(with)).unwrap_or_default();
        Table::new(Plan { op: Op::External { uris, properties }, fields: fields.into() })
    }

    /// `hint.strategy` must be one that the operator has; all of them mean the same here.
    pub(super) fn expect_strategy(&mut self, node: Node<'_>, known: &[&str]) {
        let hints = node.children_of(Property);
        for value in hints.filter(|hint| property_name(*hint) == "hint.strategy") {
            let Some(value) = value.nodes().next() else { continue };
            if !known.contains(&value.text().trim_matches(['"', '\''])) {
                let message = match known {
                    [only] => format!("Expected: {only}"),
                    _ => format!("Expected one of: {}", known.join(", ")),
                };
                self.error(Code::Syntax, value, message);
            }
        }
    }

    /// The `name=value` pairs directly in a node. A bare word is a text.
    pub(super) fn properties(&mut self, node: Node<'_>) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        for property in node.children_of(Property) {
            let name = property_name(property);
            let Some(value) = property.nodes().next() else { continue };
            let value = if value.kind() == NameRef {
                word_value(&name_text(value))
            } else if value.kind() == SyntaxKind::Args {
                Value::String(value.text().trim_matches(['(', ')']).to_string())
            } else {
                match self.constant(value) {
                    Some(value) => value,
                    None => continue,
                }
            };
            found.push((name, value));
        }
        found
    }
}

/// The strategies that `join` and `distinct` can be asked for.
pub(super) const STRATEGIES: &[&str] = &["auto", "broadcast", "centralized", "shuffle"];

/// A value of a `datatable` as the type of its column: texts are read as `todatetime` and its like would.
fn cell(expr: Expr, ty: Type) -> Expr {
    if expr.ty == ty || ty == Type::Error {
        return expr;
    }
    if let ExprKind::Literal(Value::String(text)) = &expr.kind
        && let Some(value) = crate::syntax::literal::of_type(ty, text)
    {
        return literal(value);
    }
    convert(expr, ty)
}

/// The name of a function that names a workspace or a part of one.
pub(super) fn scope_name(call: Node<'_>) -> Option<String> {
    let name = Some(call).filter(|node| node.kind() == Call)?.child(NameRef).map(name_text)?;
    let scopes = ["workspace", "database", "cluster", "app", "resource"];
    scopes.contains(&name.as_str()).then_some(name)
}

/// The spellings of the two truth values.
fn is_bool(name: &str) -> bool {
    matches!(name, "true" | "false" | "True" | "False" | "TRUE" | "FALSE")
}

/// `true`, `false` and all other bare words.
fn word_value(word: &str) -> Value {
    match word {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => Value::String(word.to_string()),
    }
}

/// The name of a property with its dots: `hint.strategy`.
pub(super) fn property_name(property: Node<'_>) -> String {
    property
        .tokens()
        .take_while(|token| token.kind() != SyntaxKind::Assign)
        .map(|token| token.text())
        .collect()
}

/// A column of a row-less table, as a field.
pub(super) fn field(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty }
}
