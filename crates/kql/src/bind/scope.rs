//! Names that `let` and parameters bring into being. A scope is a chain of links that is only ever extended: a function
//! keeps the chain of the place where it was declared, so it sees what stood before it and never itself. Deliberately
//! absent: columns and tables.

use std::rc::Rc;

use super::weight::Weight;
use crate::plan::{Expr, Field, Plan};
use crate::syntax::{Node, Tree};

/// A tabular value while it is bound.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) plan: Plan,
    /// Whether further columns may come to light only with the data.
    pub(super) open: bool,
    /// Its name, where it is a table: for `withsource` and `$table`.
    pub(super) name: Option<String>,
    pub(super) render: Option<super::Render>,
    /// Further results beside it: of `fork`, `facet`.
    pub(super) more: Vec<Plan>,
}

impl Table {
    pub(super) const fn new(plan: Plan) -> Self {
        Self { plan, open: false, name: None, render: None, more: Vec::new() }
    }

    pub(super) fn fields(&self) -> &[Field] {
        &self.plan.fields
    }
}

/// A scalar or tabular value.
#[derive(Debug, Clone)]
pub(super) enum Bindable {
    Scalar(Expr),
    Table(Box<Table>),
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) enum Variable {
    Value(Bindable),
    Function(Rc<Function>),
}

/// A function with its body, bound anew at every call.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) tree: Rc<Tree>,
    /// The `Parameters` node.
    pub(super) parameters: Option<u32>,
    /// The `Body` or `Root` node.
    pub(super) body: u32,
    pub(super) scope: Scope,
    /// Whether its text is not the query's, so that spans mean nothing to the reader.
    pub(super) stored: bool,
    pub(super) is_view: bool,
}

impl Function {
    pub(super) fn body(&self) -> Node<'_> {
        self.tree.node(self.body)
    }
}

/// A chain of names.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope(Option<Rc<Link>>);

#[derive(Debug)]
struct Link {
    name: String,
    variable: Variable,
    /// What a copy of the variable comes to.
    weight: Weight,
    rest: Scope,
}

impl Scope {
    pub(super) fn with(&self, name: &str, variable: Variable) -> Self {
        let weight = match &variable {
            Variable::Value(value) => Weight::of(value),
            Variable::Function(_) => Weight::default(),
        };
        Self(Some(Rc::new(Link { name: name.to_string(), variable, weight, rest: self.clone() })))
    }

    pub(super) fn find(&self, name: &str) -> Option<(&Variable, Weight)> {
        let mut scope = self;
        while let Some(link) = &scope.0 {
            if link.name == name {
                return Some((&link.variable, link.weight));
            }
            scope = &link.rest;
        }
        None
    }

    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut scope = self;
        while let Some(link) = &scope.0 {
            names.push(link.name.as_str());
            scope = &link.rest;
        }
        names
    }
}

impl Drop for Link {
    /// A long chain is taken apart link by link: the compiler's own way would recurse once for each.
    fn drop(&mut self) {
        let mut rest = self.rest.0.take();
        while let Some(link) = rest {
            match Rc::try_unwrap(link) {
                Ok(mut link) => rest = link.rest.0.take(),
                Err(_) => return,
            }
        }
    }
}
