//! Syntax tree → bound plan: names resolved, types checked, conversions made explicit, `let` and stored functions
//! inlined. Never fails: there is a plan for what could be bound, and diagnostics for the rest. Deliberately absent: what
//! anything computes, but for constants that the plan needs as such.

mod aggregate;
mod binder;
mod call;
mod columns;
mod expand;
mod expression;
mod fold;
mod function;
mod join;
mod json;
mod naming;
mod operator;
mod operators;
mod parse;
mod plugin;
pub(crate) mod probe;
mod scope;
mod search;
mod series;
mod source;
mod special;
mod statement;
mod summarize;
mod types;
mod union;
mod weight;

use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::plan::{Field, Plan};
use crate::types::Value;

/// What the binder takes from outside.
#[derive(Debug, Clone, Default)]
pub struct BindOptions {
    /// What `now()` is, in ticks (100 ns) since 0001-01-01.
    pub now: i64,
    /// Restricts every table that has a `TimeGenerated` to this half-open stretch of it, in ticks.
    pub timespan: Option<(i64, i64)>,
    /// The columns that data-dependent operators gave when [`Bound::pending`] was run, in the order in which they were
    /// pending. See there.
    pub resolved: Vec<Vec<Field>>,
    /// The plan is not going to run: what the language has and this engine has not is a warning, and what is too large only
    /// for running is let through.
    pub check_only: bool,
}

/// A bound query.
#[derive(Debug, Clone, Default)]
pub struct Bound {
    /// One for each tabular statement, in order. A query usually has one.
    pub statements: Vec<BoundStatement>,
    /// What is wrong, the parser's first. A query with errors must not run.
    pub diagnostics: Vec<Diagnostic>,
    /// The first operator whose columns depend on the data (`evaluate bag_unpack` without a schema) and are not yet among
    /// [`BindOptions::resolved`]. Run this plan, learn its columns, add them to `resolved`, bind again; until it is `None`.
    /// What comes after it in the query is bound loosely and must not run.
    pub pending: Option<Box<Plan>>,
}

impl Bound {
    /// Whether it may run.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        !self
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == crate::diagnostic::Severity::Error)
    }
}

/// A tabular statement.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundStatement {
    /// What it computes.
    pub plan: Plan,
    /// How it wants to be drawn.
    pub render: Option<Render>,
}

/// `render kind with (name=value, …)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Render {
    /// `timechart`, `piechart`, `table` …
    pub kind: String,
    /// Properties as they were written.
    pub properties: Vec<(String, Value)>,
}

/// Reads a query and finds out what it means.
#[must_use]
pub fn bind(text: &str, catalog: &dyn Catalog, options: &BindOptions) -> Bound {
    let parse = crate::syntax::parse(text);
    let mut binder = binder::Binder::new(catalog, options, parse.tree);
    let statements = binder.root();
    let mut diagnostics = parse.diagnostics;
    diagnostics.extend(binder.diagnostics);
    Bound { statements, diagnostics, pending: binder.pending }
}
