//! What is in scope at a place of a query: the binder walks as always and remembers the input of the innermost operator
//! around the place. Deliberately absent: what an editor makes of it (`complete`, `hover`).

use super::BindOptions;
use super::binder::Binder;
use super::scope::{Bindable, Table, Variable};
use crate::catalog::Catalog;
use crate::plan::Fields;
use crate::syntax::Node;

/// The names at a place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct InScope {
    /// Columns of the operator's input.
    pub(crate) columns: Fields,
    /// Columns of the other table of a join.
    pub(crate) right: Fields,
    /// Names of `let` and of parameters, each with what it is: a type, `table`, `function`.
    pub(crate) variables: Vec<(String, &'static str)>,
}

/// A place and what was found there so far.
pub(super) struct Probe {
    at: usize,
    found: InScope,
    /// Where the operator begins of which `right` is known.
    operator: usize,
}

/// What is in scope at the byte `at`.
pub(crate) fn in_scope(text: &str, at: usize, catalog: &dyn Catalog) -> InScope {
    let parse = crate::syntax::parse(text);
    let options = BindOptions { check_only: true, ..BindOptions::default() };
    let mut binder = Binder::new(catalog, &options, parse.tree);
    binder.probe = Some(Probe { at, found: InScope::default(), operator: 0 });
    binder.root();
    binder.probe.map(|probe| probe.found).unwrap_or_default()
}

impl Binder<'_> {
    /// Remembers the input of an operator, if the place is in it.
    pub(super) fn probe_operator(&mut self, node: Node<'_>, input: Option<&Table>) {
        if self.probed(node).is_none() {
            return;
        }
        let variables = self.visible();
        let Some(probe) = &mut self.probe else { return };
        let columns = input.map_or_else(Fields::default, |table| table.plan.fields.clone());
        probe.found = InScope { columns, right: Fields::default(), variables };
        probe.operator = node.span().start;
    }

    /// Remembers the other table of a join, once it is known.
    pub(super) fn probe_right(&mut self, node: Node<'_>, right: &Table) {
        if self.probed(node).is_none() {
            return;
        }
        if let Some(probe) = &mut self.probe
            && probe.operator == node.span().start
        {
            probe.found.right = right.plan.fields.clone();
        }
    }

    /// Remembers the names that a statement sees.
    pub(super) fn probe_statement(&mut self, node: Node<'_>) {
        let Some(at) = self.probe.as_ref().map(|probe| probe.at) else { return };
        // The body of a function counts only when the place is in it.
        let elsewhere = self.calls > 0 && self.probed(node).is_none();
        if self.origin.is_some() || node.span().start > at || elsewhere {
            return;
        }
        let variables = self.visible();
        if let Some(probe) = &mut self.probe {
            probe.found = InScope { variables, ..InScope::default() };
        }
    }

    /// The place, if it lies in the node or in the blanks behind it.
    fn probed(&self, node: Node<'_>) -> Option<()> {
        let at = self.probe.as_ref()?.at;
        let span = node.span();
        let behind = self.tree.text().get(span.end..)?;
        let blanks = behind.len() - behind.trim_start().len();
        let inside = span.start <= at && at <= span.end + blanks;
        (inside && self.origin.is_none()).then_some(())
    }

    fn visible(&self) -> Vec<(String, &'static str)> {
        let names = self.scope.names();
        names
            .into_iter()
            .filter_map(|name| {
                let what = match self.scope.find(name)?.0 {
                    Variable::Value(Bindable::Scalar(expr)) => expr.ty.name(),
                    Variable::Value(Bindable::Table(_)) => "table",
                    Variable::Function(_) => "function",
                };
                Some((name.to_string(), what))
            })
            .collect()
    }
}
