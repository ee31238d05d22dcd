//! Statements: `let`, parameters, and the queries themselves. Deliberately absent: `set`, `alias`, `restrict` and
//! `declare pattern`, which have no effect here.

use std::rc::Rc;

use super::BoundStatement;
use super::binder::{Binder, literal};
use super::naming::name_text;
use super::scope::{Bindable, Function, Table, Variable};
use crate::diagnostic::Code;
use crate::plan::{Field, Op, Plan};
use crate::syntax::SyntaxKind::{
    Assignment, Body, Command, Error, Lambda, Let, NameRef, Parameter, Parameters, Query,
    QueryParameters,
};
use crate::syntax::{Node, SyntaxKind};
use crate::types::{Type, Value};

impl Binder<'_> {
    /// All statements of the text.
    pub(super) fn root(&mut self) -> Vec<BoundStatement> {
        let tree = Rc::clone(&self.tree);
        let mut bound = Vec::new();
        let last = tree.root().nodes().filter(|node| node.kind() == Query).last().map(Node::id);
        for node in tree.root().nodes() {
            if let Some(value) = self.statement(node) {
                let table = self.as_table(value);
                self.refuse_graph(node, &table);
                if std::mem::take(&mut self.named_outputs) && Some(node.id()) != last {
                    continue;
                }
                let render = table.render;
                bound.push(BoundStatement { plan: table.plan, render: render.clone() });
                let more = table.more.into_iter();
                bound.extend(more.map(|plan| BoundStatement { plan, render: render.clone() }));
            }
        }
        bound
    }

    /// One statement; its value if it has one.
    pub(super) fn statement(&mut self, node: Node<'_>) -> Option<Bindable> {
        self.operator.clear();
        self.probe_statement(node);
        match node.kind() {
            Let => self.let_statement(node),
            QueryParameters => self.query_parameters(node),
            Command => {
                let message = "Management commands are not available here, only queries.";
                self.error(Code::Unsupported, node, message);
            }
            Query => return node.nodes().next().map(|value| self.value(value, None)),
            _ => {}
        }
        None
    }

    fn let_statement(&mut self, node: Node<'_>) {
        let mut parts = node.nodes();
        let (Some(name_node), Some(value)) = (parts.next(), parts.next()) else { return };
        let name = name_text(name_node);
        let variable = if value.kind() == Lambda {
            Variable::Function(Rc::new(self.lambda(&name, value)))
        } else {
            Variable::Value(self.value(value, None))
        };
        self.scope = self.scope.with(&name, variable);
    }

    fn lambda(&self, name: &str, node: Node<'_>) -> Function {
        Function {
            name: name.to_string(),
            tree: Rc::clone(&self.tree),
            parameters: node.child(Parameters).map(Node::id),
            body: node.child(Body).unwrap_or(node).id(),
            scope: self.scope.clone(),
            stored: self.origin.is_some(),
            is_view: node.has_word("view"),
        }
    }

    /// `declare query_parameters`: each must have a default here, as nobody hands values in.
    fn query_parameters(&mut self, node: Node<'_>) {
        let Some(parameters) = node.child(Parameters) else { return };
        for parameter in parameters.children_of(Parameter) {
            let name = parameter.child(NameRef).map(name_text).unwrap_or_default();
            let ty = parameter_type(parameter);
            let value = match parameter_default(parameter) {
                Some(default) => self.scalar(default, None),
                None => literal(Value::Null(ty)),
            };
            let value = super::binder::convert(value, ty);
            self.scope = self.scope.with(&name, Variable::Value(Bindable::Scalar(value)));
        }
    }

    /// A scalar as a table of one row and column, as a query that is nothing but an expression shows it.
    fn as_table(&self, value: Bindable) -> Table {
        match value {
            Bindable::Table(table) => *table,
            Bindable::Scalar(expr) => {
                let fields = vec![Field { name: "print_0".into(), ty: expr.ty }].into();
                Table::new(Plan { op: Op::Rows(vec![vec![expr]]), fields })
            }
        }
    }

    /// The columns that `(name:type, …)` declares.
    pub(super) fn declared_fields(&mut self, parameters: Node<'_>) -> Vec<Field> {
        let mut fields: Vec<Field> = Vec::new();
        for parameter in parameters.children_of(Parameter) {
            let Some(name) = parameter.child(NameRef).map(name_text) else { continue };
            if fields.iter().any(|field| field.name == name) {
                let message = format!("A column with the name '{name}' is already declared.");
                self.error(Code::Duplicate, parameter, message);
            }
            let ty = parameter_type(parameter);
            if ty == Type::Error {
                let message = "The name does not refer to a type that can be used here.";
                self.error(Code::WrongType, parameter, message);
            }
            fields.push(Field { name: name.into(), ty });
        }
        fields
    }
}

/// The type that a parameter declares.
pub(super) fn parameter_type(parameter: Node<'_>) -> Type {
    parameter
        .token(SyntaxKind::Name)
        .and_then(|token| Type::named(token.text()))
        .unwrap_or(Type::Error)
}

/// The default of a parameter.
pub(super) fn parameter_default(parameter: Node<'_>) -> Option<Node<'_>> {
    parameter.token(SyntaxKind::Assign)?;
    parameter.nodes().filter(|node| !matches!(node.kind(), Parameters | Error | Assignment)).nth(1)
}
