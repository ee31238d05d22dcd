//! The bound plan: what a query means, with every name resolved to a column position, every expression typed, every
//! overload chosen, every `let` and stored function inlined. `query` lowers it without asking anything further.
//! Deliberately absent: how anything is computed, and where tables are kept.

use crate::types::{Type, Value};

/// A named, typed column of a plan's output.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name that Kusto gives the column.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// A tabular expression and the columns of its output.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What it does.
    pub op: Op,
    /// The columns that come out, in order.
    pub fields: Vec<Field>,
}

/// A scalar expression and its type.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
}

/// The kinds of scalar expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// Column of the (only, or left) input, by position.
    Column(usize),
    /// A constant.
    Literal(Value),
    /// A scalar function or operator, by its canonical name (`has`, `strlen`, `+`, `and`, `iff` …), with arguments already
    /// converted to the types of the chosen overload.
    Call {
        /// Canonical name.
        function: String,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// A conversion that the language makes by itself (`int` → `long`, `long` → `real` …).
    Convert(Box<Expr>),
    /// `.name` or `["name"]` of a dynamic value; the name may be computed.
    Member(Box<Expr>, Box<Expr>),
    /// `[index]` of a dynamic value (negative counts from the end).
    Index(Box<Expr>, Box<Expr>),
    /// The single value of a tabular expression: `toscalar(…)`.
    Scalar(Box<Plan>),
    /// `x in (T | project …)`: membership in the first column of a table.
    InTable {
        /// The value sought.
        value: Box<Expr>,
        /// The table.
        table: Box<Plan>,
        /// Whether case is ignored (`in~`).
        ignore_case: bool,
        /// Whether the answer is turned round (`!in`).
        negated: bool,
    },
}

/// An aggregate call in `summarize`.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Canonical name: `count`, `dcount`, `arg_max` …
    pub function: String,
    /// Arguments over the input's columns.
    pub args: Vec<Expr>,
    /// Names and types of the columns that it gives (several for `arg_max(x, *)`, `percentiles` …).
    pub outputs: Vec<Field>,
}

/// `asc`/`desc` of one sort key.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// What to sort by.
    pub expr: Expr,
    /// Largest first.
    pub descending: bool,
    /// Nulls before everything else.
    pub nulls_first: bool,
}

/// The kinds of join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// Kusto's default: the left side deduplicated by key, then inner.
    InnerUnique,
    /// All pairs.
    Inner,
    /// All left rows.
    LeftOuter,
    /// All right rows.
    RightOuter,
    /// All rows of both.
    FullOuter,
    /// Left rows without a partner.
    LeftAnti,
    /// Right rows without a partner.
    RightAnti,
    /// Left rows with a partner.
    LeftSemi,
    /// Right rows with a partner.
    RightSemi,
}

/// Tabular operators.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// A stored table, with all its columns.
    Table {
        /// Its name in the catalog.
        name: String,
    },
    /// Literal rows: `datatable`, `print` (one row).
    Rows(Vec<Vec<Expr>>),
    /// `range x from a to b step c`.
    Range {
        /// First value.
        from: Expr,
        /// Last value, inclusive.
        to: Expr,
        /// Distance.
        step: Expr,
    },
    /// `where`.
    Filter {
        /// Input.
        input: Box<Plan>,
        /// Rows for which this is true stay.
        predicate: Expr,
    },
    /// `project`, `extend`, `project-away` … all become this: the output's expressions over the input's columns.
    Project {
        /// Input.
        input: Box<Plan>,
        /// One for each field of the output.
        exprs: Vec<Expr>,
    },
    /// `summarize` and `distinct` (no aggregates) and `count` (no keys). Output: keys, then the aggregates' outputs.
    Summarize {
        /// Input.
        input: Box<Plan>,
        /// Group keys.
        keys: Vec<Expr>,
        /// Aggregates.
        aggregates: Vec<Aggregate>,
    },
    /// `sort`, `order`.
    Sort {
        /// Input.
        input: Box<Plan>,
        /// Keys.
        keys: Vec<SortKey>,
    },
    /// `take`, `limit`.
    Take {
        /// Input.
        input: Box<Plan>,
        /// How many rows.
        rows: u64,
    },
    /// `top`.
    Top {
        /// Input.
        input: Box<Plan>,
        /// How many rows.
        rows: u64,
        /// Keys.
        keys: Vec<SortKey>,
    },
    /// `join`. Output: the left fields, then the right fields (renamed where they collide), as the kind demands.
    Join {
        /// Left input.
        left: Box<Plan>,
        /// Right input.
        right: Box<Plan>,
        /// Which kind.
        kind: JoinKind,
        /// Pairs of (left column, right column) that must be equal.
        on: Vec<(usize, usize)>,
    },
    /// `union`: every input was projected to the output's columns by the binder (missing ones are null).
    Union {
        /// The inputs.
        inputs: Vec<Plan>,
    },
}
