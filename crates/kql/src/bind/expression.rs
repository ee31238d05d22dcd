//! Scalar expressions: names, literals, paths, and the way to operators and calls. Deliberately absent: rules of types.

use super::binder::{Binder, Row, call, column, convert, literal, mistake};
use super::naming::name_text;
use super::scope::{Bindable, Table, Variable};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Expr, ExprKind};
use crate::syntax::SyntaxKind::{
    Assignment, Between, Binary, Call, ClientParameter, DataTable, Dynamic, Error, ExternalData,
    InList, Index, Literal, Member, NameRef, Operator, Paren, Pipe, StarExpr, Text, TypeOf,
    TypedLiteral, Unary,
};
use crate::syntax::{Node, literal as literals};
use crate::types::{Type, Value};

impl Binder<'_> {
    /// A scalar expression over `row`, or over nothing.
    pub(super) fn scalar(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Expr {
        if !self.count_node(node) {
            return mistake();
        }
        // The operands of a chain come to lie one below the other.
        let by = if node.kind() == Binary { node.nodes().count() } else { 1 };
        let by = if node.has_word("and") || node.has_word("or") { 1 } else { by };
        self.deeper(node, by, |binder| binder.scalar_node(node, row)).unwrap_or_else(mistake)
    }

    fn scalar_node(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Expr {
        match node.kind() {
            NameRef => self.name(node, row),
            Literal => self.literal(node),
            Paren => match node.nodes().next() {
                Some(inner) => self.scalar(inner, row),
                None => mistake(),
            },
            Binary => self.binary(node, row),
            Unary => self.unary(node, row),
            InList => self.in_list(node, row),
            Between => self.between(node, row),
            Call if self.aggregate_values.iter().any(|(id, _)| *id == node.id()) => self
                .aggregate_values
                .iter()
                .find(|(id, _)| *id == node.id())
                .map_or_else(mistake, |(_, expr)| expr.clone()),
            Call | Pipe | Operator | DataTable | ExternalData => {
                let value = match node.kind() {
                    Call => self.call_value(node, row),
                    _ => self.value(node, row),
                };
                self.expect_scalar(node, value)
            }
            Member => self.member(node, row),
            Index => self.index(node, row),
            Dynamic => self.dynamic(node),
            TypeOf => literal(Value::String(type_name(node))),
            StarExpr => {
                self.error(Code::WrongType, node, "Scalar value expected.");
                mistake()
            }
            Assignment => match node.nodes().nth(1) {
                Some(value) => self.scalar(value, row),
                None => mistake(),
            },
            Error | ClientParameter => mistake(),
            _ => mistake(),
        }
    }

    fn expect_scalar(&mut self, node: Node<'_>, value: Bindable) -> Expr {
        match value {
            Bindable::Scalar(expr) => expr,
            Bindable::Table(table) => {
                if !table.open {
                    self.error(Code::WrongType, node, "Scalar value expected.");
                }
                mistake()
            }
        }
    }

    /// A name: column first, then variable.
    fn name(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Expr {
        let name = name_text(node);
        if let Some(row) = row
            && let Some(at) = row.fields.iter().position(|field| field.name == name)
        {
            return column(row.fields, at);
        }
        if row.is_some()
            && let Some(expr) = self.graph_variable(&name)
        {
            return expr;
        }
        match self.variable(node, &name) {
            Some(Variable::Value(Bindable::Scalar(expr))) => {
                if row.is_some() && has_columns(&expr) {
                    let message = format!(
                        "'{name}' depends on a row and cannot be used inside another query."
                    );
                    self.error(Code::WrongType, node, message);
                    return mistake();
                }
                return expr;
            }
            Some(Variable::Value(Bindable::Table(table))) => {
                if !table.open {
                    self.error(Code::WrongType, node, "Scalar value expected.");
                }
                return mistake();
            }
            Some(Variable::Function(function)) => {
                let value = self.call_function(&function, node, Vec::new());
                return self.expect_scalar(node, value);
            }
            None => {}
        }
        match name.as_str() {
            "true" | "True" | "TRUE" => return literal(Value::Bool(true)),
            "false" | "False" | "FALSE" => return literal(Value::Bool(false)),
            "" => return mistake(),
            _ => {}
        }
        if !row.is_some_and(|row| row.open) {
            self.unresolved_scalar(node, &name, row);
        }
        mistake()
    }

    fn literal(&mut self, node: Node<'_>) -> Expr {
        let Some(first) = node.tokens().next() else { return mistake() };
        match first.kind() {
            Text => {
                let mut whole = String::new();
                for token in node.tokens() {
                    match literals::text(token.text()) {
                        Ok(text) => whole.push_str(&text),
                        Err(text) => {
                            whole.push_str(&text);
                            let quote = token.text().trim_start_matches(['h', 'H', '@']);
                            let quote = quote.chars().next().unwrap_or('"');
                            let message = format!("Missing: {quote}");
                            self.report(Diagnostic::error(Code::Syntax, token.span(), message));
                        }
                    }
                }
                literal(Value::String(whole))
            }
            TypedLiteral => {
                let (ty, value) = literals::typed(first.text());
                // `datetime(8:00)` is today's.
                let today = self.options.now - self.options.now.rem_euclid(literals::DAY_TICKS);
                let at = |clock: i64| Value::DateTime(today.saturating_add(clock));
                value.or_else(|| literals::clock(first.text()).map(at)).map_or_else(
                    || {
                        let message = format!("A literal of type {} expected.", ty.name());
                        self.error(Code::Syntax, node, message);
                        Expr { ty, ..literal(Value::Null(ty)) }
                    },
                    literal,
                )
            }
            _ => match literals::number(first.text()) {
                Some(value) => literal(value),
                None => {
                    self.error(Code::Syntax, node, "The number is out of range.");
                    literal(Value::Null(Type::Long))
                }
            },
        }
    }

    /// `a.b`
    fn member(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Expr {
        let mut parts = node.nodes();
        let (Some(base), Some(name)) = (parts.next(), parts.next()) else { return mistake() };
        let key = name_text(name);
        if let Some(state) = self.scan_state(base, &key, row) {
            return state;
        }
        let base_expr = self.scalar(base, row);
        if base_expr.ty == Type::Error {
            return mistake();
        }
        if base_expr.ty != Type::Dynamic {
            self.unresolved_scalar(name, &key, None);
            return mistake();
        }
        let key = literal(Value::String(key));
        Expr { kind: ExprKind::Member(Box::new(base_expr), Box::new(key)), ty: Type::Dynamic }
    }

    /// `a["b"]`, `a[0]`
    fn index(&mut self, node: Node<'_>, row: Option<Row<'_>>) -> Expr {
        let mut parts = node.nodes();
        let (Some(base), Some(index)) = (parts.next(), parts.next()) else { return mistake() };
        let base = self.scalar(base, row);
        let index = self.scalar(index, row);
        if base.ty == Type::Error || index.ty == Type::Error {
            return mistake();
        }
        if base.ty != Type::Dynamic {
            let message = "The element access operator [] is not allowed in this context.";
            self.error(Code::OperatorTypes, node, message);
            return mistake();
        }
        let kind = match index.ty {
            Type::Int | Type::Long => {
                ExprKind::Index(Box::new(base), Box::new(convert(index, Type::Long)))
            }
            Type::Dynamic => {
                return call("element", vec![base, index], Type::Dynamic);
            }
            _ => ExprKind::Member(Box::new(base), Box::new(convert(index, Type::String))),
        };
        Expr { kind, ty: Type::Dynamic }
    }

    /// The first column of a table as a dynamic array, for operators that take a list.
    pub(super) fn list_of(table: Table) -> Expr {
        Expr { kind: ExprKind::List(Box::new(table.plan)), ty: Type::Dynamic }
    }
}

/// The name between the parentheses of `typeof(…)`.
pub(super) fn type_name(node: Node<'_>) -> String {
    node.tokens()
        .nth(2)
        .and_then(|token| Type::named(token.text()))
        .map_or_else(|| "dynamic".to_string(), |ty| ty.name().to_string())
}

/// Whether an expression reads a column.
pub(super) fn has_columns(expr: &Expr) -> bool {
    let mut stack = vec![expr];
    while let Some(expr) = stack.pop() {
        match &expr.kind {
            ExprKind::Column(_) => return true,
            ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::List(_) => {}
            ExprKind::Call { args, .. } => stack.extend(args),
            ExprKind::Convert(inner) => stack.push(inner),
            ExprKind::Member(a, b) | ExprKind::Index(a, b) => stack.extend([&**a, &**b]),
            ExprKind::InTable { value, .. } => stack.push(value),
        }
    }
    false
}
