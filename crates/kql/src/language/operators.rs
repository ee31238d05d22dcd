//! The query operators as an editor shows them: name, form, what it does, and the words that go on with it. Deliberately
//! absent: their grammar (`syntax`) and meaning (`bind`).

/// An operator for completion and hover.
pub(crate) struct Operator {
    /// `mv-expand`
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) form: &'static str,
    /// What it does.
    pub(crate) doc: &'static str,
    /// Words that may follow inside of it.
    pub(crate) words: &'static [&'static str],
    /// Whether it may begin a query.
    pub(crate) is_source: bool,
}

const fn op(
    name: &'static str,
    form: &'static str,
    doc: &'static str,
    words: &'static [&'static str],
) -> Operator {
    Operator { name, form, doc, words, is_source: false }
}

const fn source(
    name: &'static str,
    form: &'static str,
    doc: &'static str,
    words: &'static [&'static str],
) -> Operator {
    Operator { name, form, doc, words, is_source: true }
}

const KEYED: &[&str] = &["by", "asc", "desc", "nulls first", "nulls last"];
const EXPANDED: &[&str] = &["to typeof(", "limit", "with_itemindex=", "bagexpansion="];
const JOINED: &[&str] = &["kind=", "on", "hint.strategy="];

/// All operators, in the order of their names.
pub(crate) static OPERATORS: &[Operator] = &[
    op(
        "as",
        "as Name",
        "Gives the table so far a name that later parts of the query can use.",
        &[],
    ),
    op("consume", "consume", "Reads all rows and gives none.", &[]),
    op("count", "count", "How many rows there are.", &[]),
    op("distinct", "distinct Column, …", "Each combination of values once.", &[]),
    source("evaluate", "evaluate plugin(…)", "Runs a plugin over the rows.", &[]),
    op(
        "extend",
        "extend Name = Expression, …",
        "Adds columns, or replaces those of the same name.",
        &[],
    ),
    op("facet", "facet by Column, …", "A table of counts for each column.", &["by", "with"]),
    source(
        "find",
        "find in (Tables) where Predicate",
        "Rows of several tables that fulfil a predicate.",
        &["in", "where", "project", "withsource="],
    ),
    op("fork", "fork (…) (…)", "Several pipes over the same rows.", &[]),
    op("getschema", "getschema", "The columns and their types, a row for each.", &[]),
    op(
        "graph-mark-components",
        "graph-mark-components",
        "Numbers the connected components of a graph in a column of its nodes.",
        &["kind=", "with_component_id="],
    ),
    op(
        "graph-match",
        "graph-match (a)-[e]->(b) where Predicate project Name = a.Property, …",
        "A row for each place in a graph where a pattern fits.",
        &["cycles=", "where", "project"],
    ),
    op(
        "graph-shortest-paths",
        "graph-shortest-paths (a)-[e*1..5]->(b) where Predicate project Name = a.Property, …",
        "A row for each shortest path between two nodes of a graph.",
        &["output=", "where", "project"],
    ),
    op(
        "graph-to-table",
        "graph-to-table nodes",
        "The nodes or the edges of a graph as a table.",
        &["nodes", "edges", "as", "with_node_id=", "with_source_id=", "with_target_id="],
    ),
    op("invoke", "invoke function(…)", "Hands the rows to a function as its first argument.", &[]),
    op(
        "join",
        "join kind=inner (Table) on Column",
        "Pairs of rows of two tables that agree in the keys.",
        JOINED,
    ),
    op("limit", "limit N", "Any so many rows.", &[]),
    op(
        "lookup",
        "lookup (Table) on Column",
        "Adds the columns of a small table that agrees in the keys.",
        JOINED,
    ),
    op(
        "make-graph",
        "make-graph Source --> Target with Nodes on Id",
        "A graph whose edges are the rows, for the operators on graphs.",
        &["with", "on", "with_node_id=", "partitioned-by"],
    ),
    op(
        "make-series",
        "make-series Aggregate on Time from A to B step S by Key",
        "An array of values over regular steps for each group.",
        &["default=", "on", "from", "to", "step", "by"],
    ),
    op(
        "mv-apply",
        "mv-apply Item = Array on (…)",
        "Runs a pipe over the elements of an array, row by row.",
        &["to typeof(", "limit", "on"],
    ),
    op(
        "mv-expand",
        "mv-expand Item = Array",
        "A row for each element of an array or slot of a bag.",
        EXPANDED,
    ),
    op("order", "order by Column", "Puts the rows in order.", KEYED),
    op(
        "parse",
        "parse Text with * \"begin\" Column:type \"end\" *",
        "Takes columns out of a text by a pattern.",
        &["kind=", "with"],
    ),
    op(
        "parse-kv",
        "parse-kv Text as (Key:type, …)",
        "Takes columns out of a text of keys and values.",
        &["as", "with"],
    ),
    op(
        "parse-where",
        "parse-where Text with * \"begin\" Column:type *",
        "As parse, but drops rows that do not match.",
        &["kind=", "with"],
    ),
    op(
        "partition",
        "partition by Key (…)",
        "Runs a pipe for each value of a key.",
        &["by", "hint.strategy="],
    ),
    source("print", "print Name = Expression, …", "One row of constants.", &[]),
    op("project", "project Name = Expression, …", "These columns and no others.", &[]),
    op("project-away", "project-away Column*, …", "All columns but these.", &[]),
    op(
        "project-keep",
        "project-keep Column*, …",
        "These columns, in the order in which they stand.",
        &[],
    ),
    op("project-rename", "project-rename New = Old, …", "Gives columns other names.", &[]),
    op(
        "project-reorder",
        "project-reorder Column*, …",
        "Puts these columns first.",
        &["asc", "desc"],
    ),
    source(
        "range",
        "range Name from A to B step S",
        "A row for each value of a range.",
        &["from", "to", "step"],
    ),
    op(
        "reduce",
        "reduce by Text",
        "Patterns that the texts of a column have in common.",
        &["by", "kind=", "with"],
    ),
    op("render", "render timechart", "How the rows are to be drawn.", &["with", "kind="]),
    op("sample", "sample N", "So many rows, taken at random.", &[]),
    op(
        "sample-distinct",
        "sample-distinct N of Column",
        "So many different values of a column.",
        &["of"],
    ),
    op(
        "scan",
        "scan declare (…) with (step …)",
        "Finds sequences of rows by states.",
        &["declare", "with", "step"],
    ),
    source(
        "search",
        "search \"text\"",
        "Rows in which any column has a text.",
        &["in", "kind=", "and", "or"],
    ),
    op(
        "serialize",
        "serialize Name = Expression, …",
        "The order of the rows counts from here on.",
        &[],
    ),
    op("sort", "sort by Column", "Puts the rows in order, largest first.", KEYED),
    op("summarize", "summarize Aggregate by Key, …", "One row for each group.", &["by"]),
    op("take", "take N", "Any so many rows.", &[]),
    op("top", "top N by Column", "The first rows in an order.", KEYED),
    op(
        "top-hitters",
        "top-hitters N of Column",
        "The most frequent values, estimated.",
        &["of", "by"],
    ),
    op(
        "top-nested",
        "top-nested N of Column by Aggregate, …",
        "The first values, and within each the first of the next level.",
        &["of", "with others=", "by", "asc", "desc"],
    ),
    source(
        "union",
        "union Table, …",
        "The rows of several tables.",
        &["kind=", "withsource=", "isfuzzy="],
    ),
    op("where", "where Predicate", "The rows for which a predicate is true.", &[]),
];

/// The operator of that name; `filter` and its like are found under their usual one.
pub(crate) fn operator(name: &str) -> Option<&'static Operator> {
    let name = match name {
        "filter" => "where",
        "mvexpand" => "mv-expand",
        "mvapply" => "mv-apply",
        other => other,
    };
    OPERATORS.iter().find(|operator| operator.name == name)
}

/// Words between two values.
pub(crate) const INFIX: &[&str] = &[
    "and",
    "or",
    "in",
    "in~",
    "!in",
    "!in~",
    "has",
    "!has",
    "has_cs",
    "has_any",
    "has_all",
    "hasprefix",
    "hassuffix",
    "contains",
    "!contains",
    "contains_cs",
    "startswith",
    "!startswith",
    "endswith",
    "!endswith",
    "matches regex",
    "between",
    "!between",
];

/// The values of properties with a fixed set of them.
pub(crate) const VALUES: &[(&str, &str, &[&str])] = &[
    (
        "join",
        "kind",
        &[
            "inner",
            "innerunique",
            "leftouter",
            "rightouter",
            "fullouter",
            "leftanti",
            "rightanti",
            "leftsemi",
            "rightsemi",
        ],
    ),
    ("lookup", "kind", &["inner", "leftouter"]),
    ("union", "kind", &["inner", "outer"]),
    ("union", "isfuzzy", &["true", "false"]),
    ("parse", "kind", &["simple", "regex", "relaxed"]),
    ("parse-where", "kind", &["simple", "regex", "relaxed"]),
    ("mv-expand", "bagexpansion", &["bag", "array"]),
    ("search", "kind", &["case_sensitive", "default"]),
    ("graph-mark-components", "kind", &["weak", "strong"]),
    ("graph-match", "cycles", &["all", "none", "unique_edges"]),
    ("graph-shortest-paths", "output", &["any", "all"]),
    ("render", "kind", &["default", "stacked", "stacked100", "unstacked"]),
];

/// What `render` draws.
pub(crate) const CHARTS: &[&str] = &[
    "anomalychart",
    "areachart",
    "barchart",
    "card",
    "columnchart",
    "linechart",
    "piechart",
    "pivotchart",
    "scatterchart",
    "stackedareachart",
    "table",
    "timechart",
    "treemap",
];

/// The scalar types.
pub(crate) const TYPES: &[&str] = &[
    "bool", "datetime", "decimal", "dynamic", "guid", "int", "long", "real", "string", "timespan",
];

/// Operators whose items are aggregates.
pub(crate) const AGGREGATING: &[&str] = &["summarize", "make-series", "top-nested"];
