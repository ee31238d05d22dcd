//! Syntax tree → bound plan: names resolved, types checked, conversions made explicit, `let` and stored functions
//! inlined. Never fails: there is a plan for what could be bound, and diagnostics for the rest. Deliberately absent: what
//! anything computes, but for constants that the plan needs as such.

mod aggregate;
mod binder;
mod call;
mod columns;
mod expand;
mod expression;
mod find;
mod fold;
mod fork;
mod function;
mod geo_lookup;
mod graph;
mod join;
mod json;
mod known;
mod macros;
mod naming;
mod operator;
mod operators;
mod parse;
mod plugin;
mod plugin_columns;
pub(crate) mod probe;
mod scan;
mod scope;
mod search;
mod serialized;
mod series;
mod source;
mod special;
mod statement;
mod summarize;
mod types;
mod union;
mod unpack;
mod weight;

use crate::catalog::Catalog;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Field, Plan};
use crate::types::Value;

/// What the binder takes from outside.
#[derive(Debug, Clone, Default)]
pub struct BindOptions {
    /// What `now()` is, in ticks (100 ns) since 0001-01-01.
    pub now: i64,
    /// Restricts every table that has a `TimeGenerated` to this half-open stretch of it, in ticks.
    pub timespan: Option<(i64, i64)>,
    /// The answers to the questions of [`Bound::pending`], in the order in which they were asked. See there.
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
    /// What must be asked of the data before the query can be bound: the columns of the first operator that takes them from
    /// there (`evaluate bag_unpack` without a schema) and is not yet among [`BindOptions::resolved`]. Run its plan, add the
    /// answer to `resolved`, bind again; until it is `None`. What comes after it in the query is bound loosely and must not
    /// run.
    pub pending: Option<Box<Question>>,
}

/// A question about the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What to run.
    pub plan: Plan,
    /// What to find in its rows.
    pub asked: Asked,
}

/// What a [`Question`] wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The slots of the bags in the only column, by name; each with the type that all its values have, or `dynamic`.
    Slots,
    /// The different texts in the only column, in order; each as the name of a field.
    Values,
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

/// The stack that a thread should have which calls [`bind`] with text of strangers: nesting is limited, and a debug build
/// takes somewhat more than 2 MiB at the limit. An optimised build takes less than half of that.
pub const STACK_BYTES: usize = 8 * 1024 * 1024;

/// Reads a query and finds out what it means. See [`STACK_BYTES`].
#[must_use]
pub fn bind(text: &str, catalog: &dyn Catalog, options: &BindOptions) -> Bound {
    let parse = crate::syntax::parse(text);
    // What was given up is no query: the rest of its text stands in the tree unread.
    if parse.diagnostics.iter().any(|found| found.code == Code::TooLarge) {
        return Bound { statements: Vec::new(), diagnostics: parse.diagnostics, pending: None };
    }
    let mut binder = binder::Binder::new(catalog, options, parse.tree);
    let statements = binder.root();
    let mut diagnostics = parse.diagnostics;
    diagnostics.extend(binder.diagnostics);
    Bound { statements, diagnostics, pending: binder.pending }
}
