//! The bound plan: what a query means, with every name resolved to a column position, every expression typed, every
//! overload chosen, every `let` and stored function inlined. `query` lowers it without asking anything further.
//! Deliberately absent: how anything is computed, and where tables are kept.

mod graph;

pub use graph::{
    Direction, Graph, GraphMatch, GraphTable, Mark, MatchColumn, PathFold, PathPart, PatternEdge,
    Search,
};

pub use crate::fields::{Fields, Name};
use crate::types::{Type, Value};

/// A named, typed column of a plan's output.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name that Kusto gives the column.
    pub name: Name,
    /// Its type.
    pub ty: Type,
}

/// A tabular expression and the columns of its output.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What it does.
    pub op: Op,
    /// The columns that come out, in order.
    pub fields: Fields,
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
    /// A scalar function or operator, by its canonical name, with arguments already converted to the types of the chosen
    /// overload. Operators are called as they are written: `+ - * / %`, `negate` (unary minus), `== != < <= > >=`
    /// (`<>` is `!=`), `=~ !~`, `and or not`, `has hasprefix hassuffix contains startswith endswith`, each with `_cs` and
    /// with a leading `!`, `matches regex`, `in !in in~ !in~` (value, then the list; a dynamic array in the list stands for
    /// its elements), `has_any has_all` (value, then the list), `between !between` (value, low, high; a timespan as `high`
    /// was already added to `low`), `element` (a dynamic value and a dynamic index or key), `bag_pack_nonempty` (`bag_pack`
    /// without what is null or empty: `pack_all(true)`). `and` and `or` take any number of operands. String operators get `string` operands. Comparisons and arithmetic get operands of one
    /// type, but for `datetime ± timespan` and `timespan * real`, `real * timespan`, `timespan / real`.
    Call {
        /// Canonical name.
        function: String,
        /// Arguments.
        args: Vec<Expr>,
    },
    /// A conversion that the language makes by itself (`int` → `long`, `long` → `real`, `dynamic` → whatever the context
    /// wants, as `tostring`, `tolong` … do it) to the type of this expression.
    Convert(Box<Expr>),
    /// `.name` or `["name"]` of a dynamic value; the name may be computed.
    Member(Box<Expr>, Box<Expr>),
    /// `[index]` of a dynamic value (negative counts from the end).
    Index(Box<Expr>, Box<Expr>),
    /// The single value of a tabular expression: `toscalar(…)`, first column of the first row.
    Scalar(Box<Plan>),
    /// The first column of a tabular expression as a dynamic array: `x has_any (T)`.
    List(Box<Plan>),
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
    /// A named list that was uploaded, with all its columns.
    Watchlist {
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
    /// A result that is computed once for the whole query, however often its number occurs: `materialize(…)`, `as`.
    Shared {
        /// Equal numbers mean the same result.
        id: usize,
        /// What it is.
        input: Box<Plan>,
    },
    /// `serialize`: the order of the rows counts from here on (`prev`, `next`, `row_number` …).
    Serialize {
        /// Input.
        input: Box<Plan>,
    },
    /// `mv-expand`. Output: the input's columns, replaced or followed by the expanded ones, then the index.
    MvExpand {
        /// Input.
        input: Box<Plan>,
        /// The expressions that are expanded side by side, padded with null.
        columns: Vec<Expansion>,
        /// Output column that counts the elements from 0 (`with_itemindex`).
        index: Option<usize>,
        /// Whether `[key, value]` pairs come out of a bag, instead of bags of one key.
        bag_as_array: bool,
        /// At most so many rows out of each.
        limit: Option<u64>,
    },
    /// `mv-apply`: for every row of the input, its expansion goes through `body`. Output: the input's columns that are not
    /// replaced, then those of the body.
    MvApply {
        /// Input.
        input: Box<Plan>,
        /// What is expanded, and to which columns of the body's input.
        columns: Vec<Expansion>,
        /// Column of the body's input that counts the elements from 0.
        index: Option<usize>,
        /// At most so many elements of each row.
        limit: Option<u64>,
        /// The pipeline; its leaf is [`Op::Input`], whose fields are those of the expanded row (input's columns with the
        /// expanded ones replaced or added).
        body: Box<Plan>,
        /// Which columns of the input go in front of the body's output.
        keep: Vec<usize>,
    },
    /// The rows that the surrounding operator (`mv-apply`, `partition`) gives to its body.
    Input,
    /// `parse` and `parse-where`. Output: the input's columns, replaced or followed by the parsed ones.
    Parse {
        /// Input.
        input: Box<Plan>,
        /// The text.
        source: Expr,
        /// How the pattern is read.
        mode: ParseMode,
        /// Flags of `kind=regex`: `U`, `i`, `s`, `m`.
        flags: String,
        /// The pattern.
        pattern: Vec<ParsePart>,
        /// Whether rows that do not match are dropped (`parse-where`).
        only_matches: bool,
    },
    /// `parse-kv`. Output: the input's columns, replaced or followed by the keys.
    ParseKv {
        /// Input.
        input: Box<Plan>,
        /// The text.
        source: Expr,
        /// Output column for each key.
        keys: Vec<(String, usize)>,
        /// `pair_delimiter`, `kv_delimiter`, `quote`, `escape`, `greedy`, `regex`.
        properties: Vec<(String, Value)>,
    },
    /// `make-series`. Output: the keys, the series (dynamic arrays), the axis (dynamic array).
    MakeSeries {
        /// Input.
        input: Box<Plan>,
        /// Group keys.
        keys: Vec<Expr>,
        /// What is computed for each group and bin.
        aggregates: Vec<Aggregate>,
        /// The series.
        series: Vec<Series>,
        /// What is binned.
        axis: Expr,
        /// First bin; without it, the smallest value.
        from: Option<Expr>,
        /// End of the bins; without it, the largest value.
        to: Option<Expr>,
        /// Width of the bins.
        step: Expr,
        /// Whether a bin that starts at `to` belongs to them (the `in range(…)` spelling).
        inclusive: bool,
        /// Whether an input without rows gives one row of default values (`kind=nonempty`).
        nonempty: bool,
    },
    /// `sample`: any so many rows.
    Sample {
        /// Input.
        input: Box<Plan>,
        /// How many.
        rows: u64,
    },
    /// `top-nested`. Output, level by level: the level's value, then its aggregate.
    TopNested {
        /// Input.
        input: Box<Plan>,
        /// The levels, outermost first.
        levels: Vec<NestedLevel>,
    },
    /// `externaldata`.
    External {
        /// Where from.
        uris: Vec<String>,
        /// `format`, `ignoreFirstRecord` …
        properties: Vec<(String, Value)>,
    },
    /// `evaluate plugin(…)`.
    Evaluate {
        /// Input.
        input: Box<Plan>,
        /// Name of the plugin.
        plugin: String,
        /// Its arguments, in order.
        args: Vec<PluginArg>,
    },
    /// `partition by`: the body once for each value of the key. Its leaf is [`Op::Input`], or a source of its own, over
    /// which a call of [`PARTITION_KEY`] stands for the value.
    Partition {
        /// Input.
        input: Box<Plan>,
        /// The key.
        key: Expr,
        /// The pipeline.
        body: Box<Plan>,
    },
    /// `scan`. The fields of a *record* are the input's columns and the declared ones. Output: a record for each match of a
    /// row with a step, then the match's number if it is asked for.
    Scan(Box<Scan>),
    /// `make-graph`: no table, but what the operators on graphs read. It has no fields.
    Graph(Box<Graph>),
    /// `graph-match` and `graph-shortest-paths`. Output: the projection of each match.
    GraphMatch(Box<GraphMatch>),
    /// `graph-to-table`. Output: the hashes of node ids that are asked for, then the columns of a node or an edge.
    GraphTable(Box<GraphTable>),
    /// `reduce by`. Output: `Pattern`, `Count`, `Representative`; or the input's columns and `Pattern`.
    Reduce {
        /// Input.
        input: Box<Plan>,
        /// The text.
        source: Expr,
        /// Whether each row gets its pattern (`kind=source`), instead of one row for each pattern.
        by_row: bool,
        /// `threshold`, `characters`.
        properties: Vec<(String, Value)>,
    },
}

/// One expression that `mv-expand` or `mv-apply` expands.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// The array or bag.
    pub source: Expr,
    /// The column that takes its elements, by its position in the expanded row. Its type says what they are converted to.
    pub column: usize,
}

/// How `parse` reads its pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseMode {
    /// Literal texts, all or nothing.
    Simple,
    /// Texts are regular expressions.
    Regex,
    /// Literal texts; a column whose value does not convert is null by itself.
    Relaxed,
}

/// A part of a `parse` pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum ParsePart {
    /// `*`: anything.
    Skip,
    /// A text (or regular expression).
    Text(String),
    /// A column of the output, by position; its type says what the text is converted to.
    Column(usize),
}

/// The function without arguments that stands for the value of the key in the body of a `partition`.
pub const PARTITION_KEY: &str = "partition_key";

/// A column that `make-series` fills.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its value in a bin, over the keys followed by the aggregates' outputs.
    pub value: Expr,
    /// Its value in a bin without rows.
    pub default: Expr,
}

/// `scan`: a state machine over ordered rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// Input.
    pub input: Plan,
    /// `partition by`: each combination of these has states of its own.
    pub partition: Vec<Expr>,
    /// What the declared columns hold where no step assigns them.
    pub defaults: Vec<Expr>,
    /// The steps, first to last.
    pub steps: Vec<ScanStep>,
    /// Whether the match's number, from 0, is the last column.
    pub match_id: bool,
}

/// A step of `scan`. Its expressions are over a record (the row at hand), followed by one record for each step: the last
/// one that matched that step in the sequence at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanStep {
    /// Whether a row matches.
    pub condition: Expr,
    /// Columns of the record that it sets.
    pub assignments: Vec<(usize, Expr)>,
    /// Which matches are given out.
    pub output: ScanOutput,
}

/// Which matches of a step `scan` gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanOutput {
    /// Every one.
    All,
    /// The last of each run of matches of one sequence.
    Last,
    /// None.
    None,
}

/// A level of `top-nested`.
#[derive(Debug, Clone, PartialEq)]
pub struct NestedLevel {
    /// How many values; `None` is all.
    pub rows: Option<Expr>,
    /// What is grouped by.
    pub key: Expr,
    /// What is computed for each value.
    pub aggregates: Vec<Aggregate>,
    /// What is sorted by, over the aggregates' outputs.
    pub value: Expr,
    /// Largest first.
    pub descending: bool,
    /// The name for the rest (`with others`).
    pub others: Option<Expr>,
}

/// An argument of a plugin.
#[derive(Debug, Clone, PartialEq)]
pub enum PluginArg {
    /// A scalar expression over the input's columns, followed by those of the tables among the arguments before it.
    Scalar(Option<String>, Expr),
    /// An aggregate over them (`pivot`).
    Aggregate(Aggregate),
    /// Another table (`ipv4_lookup`).
    Table(Box<Plan>),
}
