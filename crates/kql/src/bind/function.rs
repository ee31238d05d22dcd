//! Functions that are written in KQL: `let f = (…) {…}` and those stored in the workspace. A call binds the body anew with
//! the parameters standing for the arguments, so nothing is left of the call in the plan. Deliberately absent: built-in
//! functions (`call`).

use std::rc::Rc;

use super::binder::{Binder, CALL_DEPTH_MAX, Row, convert, mistake, nothing};
use super::naming::name_text;
use super::scope::{Bindable, Function, Scope, Table, Variable};
use super::statement::{parameter_default, parameter_type};
use crate::diagnostic::Code;
use crate::plan::Expr;
use crate::syntax::SyntaxKind::{Args, Assignment, NameRef, Parameter, Parameters};
use crate::syntax::{Node, parse};
use crate::types::Type;

/// An argument: its name if it was given one, and its value.
pub(super) type Argument = (Option<String>, Bindable);

impl Binder<'_> {
    /// The function of the workspace with that name, parsed once for each query.
    pub(super) fn stored(&mut self, name: &str) -> Option<Rc<Function>> {
        if let Some(known) = self.parsed.get(name) {
            return known.clone();
        }
        let function = self.catalog.stored_function(name).map(|stored| {
            let body = stored.body.trim();
            let body = body.strip_prefix('{').and_then(|b| b.strip_suffix('}')).unwrap_or(body);
            let parameters = stored.parameters.trim();
            let parameters = if parameters.is_empty() { "()" } else { parameters };
            let text = format!("let f = {parameters} {{\n{body}\n}}");
            let tree = Rc::new(parse(&text).tree);
            let lambda = tree.root().nodes().next().and_then(|node| node.nodes().nth(1));
            Rc::new(Function {
                name: name.to_string(),
                parameters: lambda.and_then(|l| l.child(Parameters)).map(Node::id),
                body: lambda
                    .and_then(|l| l.child(crate::syntax::SyntaxKind::Body))
                    .unwrap_or_else(|| tree.root())
                    .id(),
                tree,
                scope: Scope::default(),
                stored: true,
                is_view: true,
            })
        });
        self.parsed.insert(name.to_string(), function.clone());
        function
    }

    /// The arguments of a call, each a scalar or a table.
    pub(super) fn arguments(&mut self, call: Node<'_>, row: Option<Row<'_>>) -> Vec<Argument> {
        let mut arguments = Vec::new();
        for node in call.child(Args).into_iter().flat_map(Node::nodes) {
            if node.kind() == Assignment {
                let mut parts = node.nodes();
                let name = parts.next().map(name_text);
                let value = parts.next().map(|value| self.value(value, row));
                arguments.extend(value.map(|value| (name, value)));
            } else {
                arguments.push((None, self.value(node, row)));
            }
        }
        arguments
    }

    /// Binds the body of a function with these arguments.
    pub(super) fn call_function(
        &mut self,
        function: &Rc<Function>,
        call: Node<'_>,
        arguments: Vec<Argument>,
    ) -> Bindable {
        if self.calls >= CALL_DEPTH_MAX {
            let message = format!("functions call each other more than {CALL_DEPTH_MAX} deep");
            self.error(Code::TooLarge, call, message);
            return Bindable::Scalar(mistake());
        }
        if !self.count_node(call) {
            return Bindable::Scalar(mistake());
        }
        let scope = self.parameter_scope(function, call, arguments);
        let outer_scope = std::mem::replace(&mut self.scope, scope);
        let outer_tree = std::mem::replace(&mut self.tree, Rc::clone(&function.tree));
        let outer_operator = std::mem::take(&mut self.operator);
        let outer_origin = self.origin.clone();
        // Aggregates of the caller's expression are known by nodes of the caller's tree.
        let outer_aggregates = std::mem::take(&mut self.aggregate_values);
        if function.stored && self.origin.is_none() {
            self.origin = Some(call.span());
        }
        self.calls += 1;
        let mut value = None;
        for statement in function.body().nodes() {
            if let Some(result) = self.statement(statement) {
                value = Some(result);
            }
        }
        self.calls -= 1;
        self.aggregate_values = outer_aggregates;
        self.origin = outer_origin;
        self.operator = outer_operator;
        self.tree = outer_tree;
        self.scope = outer_scope;
        match value {
            Some(Bindable::Table(table)) => {
                let name = Some(function.name.clone()).filter(|_| function.is_view);
                Bindable::Table(Box::new(Table { name, ..*table }))
            }
            Some(scalar) => scalar,
            None => Bindable::Table(Box::new(nothing())),
        }
    }

    /// The function's scope with its parameters added.
    fn parameter_scope(
        &mut self,
        function: &Rc<Function>,
        call: Node<'_>,
        arguments: Vec<Argument>,
    ) -> Scope {
        let mut scope = function.scope.clone();
        let Some(parameters) = function.parameters.map(|id| function.tree.node(id)) else {
            return scope;
        };
        let mut named: Vec<(String, Bindable)> = Vec::new();
        let mut positional = Vec::new();
        for (name, value) in arguments {
            match name {
                Some(name) => named.push((name, value)),
                None => positional.push(value),
            }
        }
        let given = named.len() + positional.len();
        let count = parameters.children_of(Parameter).count();
        let mut positional = positional.into_iter();
        let mut missing = false;
        for parameter in parameters.children_of(Parameter) {
            let name = parameter.child(NameRef).map(name_text).unwrap_or_default();
            let found = named.iter().position(|(other, _)| *other == name);
            let value = match found {
                Some(at) => Some(named.swap_remove(at).1),
                None => positional.next(),
            };
            let value = match (value, parameter_default(parameter)) {
                (Some(value), _) => self.checked_argument(call, parameter, value),
                (None, Some(default)) => {
                    let expr = self.scalar(default, None);
                    Bindable::Scalar(convert(expr, parameter_type(parameter)))
                }
                (None, None) => {
                    missing = true;
                    absent(parameter)
                }
            };
            scope = scope.with(&name, Variable::Value(value));
        }
        if missing || given > count {
            let plural = if count == 1 { "" } else { "s" };
            let message =
                format!("{}(): function expects {count} argument{plural}.", function.name);
            self.error(Code::Arity, call, message);
        }
        scope
    }

    fn checked_argument(
        &mut self,
        call: Node<'_>,
        parameter: Node<'_>,
        value: Bindable,
    ) -> Bindable {
        let tabular = parameter.child(Parameters).is_some();
        match value {
            Bindable::Table(table) if tabular => Bindable::Table(table),
            Bindable::Scalar(expr) if !tabular => {
                Bindable::Scalar(convert(expr, parameter_type(parameter)))
            }
            Bindable::Table(_) => {
                self.error(Code::WrongType, call, "Scalar value expected.");
                Bindable::Scalar(mistake())
            }
            Bindable::Scalar(Expr { ty: Type::Error, .. }) => absent(parameter),
            Bindable::Scalar(_) => {
                self.error(Code::WrongType, call, "Tabular value expected.");
                absent(parameter)
            }
        }
    }
}

/// What stands for an argument that was not given.
fn absent(parameter: Node<'_>) -> Bindable {
    if parameter.child(Parameters).is_some() {
        Bindable::Table(Box::new(nothing()))
    } else {
        Bindable::Scalar(mistake())
    }
}
