//! The names that Kusto gives to columns whose expression has none. Found by asking Microsoft's binder about every function
//! of the language. Deliberately absent: names that a query writes.

use std::collections::HashSet;

use crate::plan::{Field, Name};
use crate::syntax::SyntaxKind::{Assignment, Call, Index, Literal, Member, NameRef, Paren};
use crate::syntax::{Node, SyntaxKind, literal};

/// Functions whose column is called as their first argument.
const LIKE_FIRST_ARGUMENT: &[&str] = &[
    "abs",
    "acos",
    "asin",
    "atan",
    "atan2",
    "bin",
    "bin_at",
    "bin_auto",
    "binary_and",
    "binary_not",
    "binary_or",
    "binary_shift_left",
    "binary_shift_right",
    "binary_xor",
    "bitset_count_ones",
    "ceiling",
    "cos",
    "erf",
    "erfc",
    "exp",
    "exp10",
    "exp2",
    "floor",
    "format_bytes",
    "format_datetime",
    "format_timespan",
    "gamma",
    "log",
    "log10",
    "log2",
    "loggamma",
    "make_datetime",
    "make_timespan",
    "parse_csv",
    "parse_json",
    "parse_xml",
    "parsejson",
    "pow",
    "round",
    "series_fill_backward",
    "series_fill_const",
    "series_fill_forward",
    "series_fill_linear",
    "series_fir",
    "series_iir",
    "series_outliers",
    "sin",
    "split",
    "sqrt",
    "startofday",
    "tan",
    "tobool",
    "toboolean",
    "todatetime",
    "todecimal",
    "todouble",
    "todynamic",
    "toguid",
    "tohex",
    "toint",
    "tolong",
    "toobject",
    "toreal",
    "tostring",
    "totime",
    "totimespan",
];

/// Scalar functions whose column has a prefix before the name of the first argument.
const PREFIXED: &[(&str, &str)] = &[
    ("dcount_hll", "dcount_hll"),
    ("percentile_tdigest", "percentile_tdigest"),
    ("repeat", "repeat"),
    ("string_size", "string_size"),
    ("strlen", "strlen"),
    ("gettype", "type"),
    ("treepath", "tree"),
    ("percentiles_array_tdigest", "percentile_tdigest"),
];

/// Aggregates that keep their name inside a call that takes its argument's: `round(sum(x), 2)` is `sum_x`.
const AGGREGATES_IN_CALLS: &[&str] = &[
    "any",
    "avg",
    "avgif",
    "count",
    "count_distinct",
    "count_distinctif",
    "countif",
    "dcount",
    "dcountif",
    "make_bag",
    "make_list",
    "make_list_if",
    "make_set",
    "make_set_if",
    "makelist",
    "makeset",
    "max",
    "maxif",
    "min",
    "minif",
    "stdev",
    "stdevif",
    "stdevp",
    "sum",
    "sumif",
    "variance",
    "varianceif",
    "variancep",
];

/// The name of a bare expression, or `None` where it becomes `Column1`.
pub(super) fn of_expression(node: Node<'_>) -> Option<String> {
    match node.kind() {
        NameRef => Some(name_text(node)),
        // `tostring(Country = x.y)`: a name inside a call is the call's.
        Assignment => node.nodes().next().map(name_text),
        Paren => node.nodes().next().and_then(of_expression),
        Member => {
            let mut parts = node.nodes();
            let base = parts.next().and_then(of_expression);
            let name = parts.next().map(name_text)?;
            Some(base.map_or_else(|| name.clone(), |base| format!("{base}_{name}")))
        }
        Index => {
            let mut parts = node.nodes();
            let base = parts.next().and_then(of_expression);
            let index = parts.next().map_or_else(String::new, index_text);
            Some(base.map_or_else(|| index.clone(), |base| format!("{base}_{index}")))
        }
        Call => of_call(node),
        _ => None,
    }
}

fn of_call(node: Node<'_>) -> Option<String> {
    let function = name_text(node.child(NameRef)?);
    let first = first_argument(node);
    match function.as_str() {
        "column_ifexists" | "columnifexists" => None,
        "ingestion_time" => Some("$IngestionTime".into()),
        "array_sort_asc" | "array_sort_desc" => sorted_arrays(node).into_iter().next(),
        "hll_merge" => Some("hll_merged_result".into()),
        "tdigest_merge" | "merge_tdigest" => Some("tdigests_merge_result".into()),
        name if LIKE_FIRST_ARGUMENT.contains(&name) => first.and_then(of_expression),
        name if AGGREGATES_IN_CALLS.contains(&name) => {
            let prefix = aggregate_prefix(name)?;
            Some(format!("{prefix}_{}", first.and_then(of_expression).unwrap_or_default()))
        }
        name => {
            let (_, prefix) = PREFIXED.iter().find(|(function, _)| *function == name)?;
            Some(format!("{prefix}_{}", first.and_then(of_expression).unwrap_or_default()))
        }
    }
}

/// What stands in front of the first argument's name in an aggregate's column; `None` if nothing does.
pub(super) fn aggregate_prefix(function: &str) -> Option<&str> {
    Some(match function {
        "arg_max" | "arg_min" | "take_any" | "take_anyif" | "binary_all_and" | "binary_all_or"
        | "binary_all_xor" | "passthrough" => return None,
        "argmax" => "max",
        "argmin" => "min",
        "makelist" | "make_list" | "make_list_if" | "make_list_with_nulls" => "list",
        "makeset" | "make_set" | "make_set_if" => "set",
        "make_dictionary" => "dictionary",
        "make_bag" | "make_bag_if" => "bag",
        "buildschema" => "schema",
        "percentile" | "percentiles" | "percentilew" | "percentilesw" => "percentile",
        "percentiles_array" | "percentilesw_array" => "percentiles",
        "tdigest_merge" | "merge_tdigest" => "merge_tdigests",
        other => other,
    })
}

/// The columns of `array_sort_asc` and its opposite: one for each array, called after it.
pub(super) fn sorted_arrays(call: Node<'_>) -> Vec<String> {
    let is_flag = |node: &Node<'_>| {
        matches!(node.text().trim().to_ascii_lowercase().as_str(), "true" | "false")
    };
    let arrays = call.child(SyntaxKind::Args).into_iter().flat_map(Node::nodes);
    arrays
        .filter(|node| !is_flag(node))
        .enumerate()
        .map(|(at, node)| of_expression(node).unwrap_or_else(|| format!("array{at}")) + "_sorted")
        .collect()
}

pub(super) fn first_argument(call: Node<'_>) -> Option<Node<'_>> {
    call.child(SyntaxKind::Args)?.nodes().next()
}

/// The text of an index as it goes into a name: a text's value, a number, nothing for anything else.
fn index_text(node: Node<'_>) -> String {
    if node.kind() != Literal {
        return String::new();
    }
    let Some(token) = node.tokens().next() else { return String::new() };
    match token.kind() {
        SyntaxKind::Text => literal::text(token.text()).unwrap_or_else(|text| text),
        _ => token.text().to_string(),
    }
}

/// The name that a `NameRef` means: without brackets and quotes.
pub(super) fn name_text(node: Node<'_>) -> String {
    let node = if node.kind() == NameRef { node } else { node.child(NameRef).unwrap_or(node) };
    if let Some(token) = node.token(SyntaxKind::Text) {
        return literal::text(token.text()).unwrap_or_else(|text| text);
    }
    node.text().to_string()
}

/// Hands out names so that none occurs twice: a derived name that is taken gets a number.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<Name>,
    unnamed: usize,
}

impl Names {
    /// The names of these columns are taken.
    pub(super) fn of<'f>(fields: impl IntoIterator<Item = &'f Field>) -> Self {
        let taken = fields.into_iter().map(|field| field.name.clone()).collect();
        Self { taken, unnamed: 0 }
    }

    /// Takes a name that the query wrote; `false` if it is taken already.
    pub(super) fn take(&mut self, name: impl Into<Name>) -> bool {
        self.taken.insert(name.into())
    }

    /// Takes a derived name, with the first free number after it if it is taken.
    pub(super) fn derive(&mut self, name: impl Into<Name>) -> Name {
        let name = name.into();
        if self.take(&name) {
            return name;
        }
        for number in 1usize.. {
            let numbered = Name::from(format!("{name}{number}"));
            if self.take(&numbered) {
                return numbered;
            }
        }
        name
    }

    /// `Column1`, `Column2` …
    pub(super) fn unnamed(&mut self) -> Name {
        loop {
            self.unnamed += 1;
            let name = Name::from(format!("Column{}", self.unnamed));
            if self.take(&name) {
                return name;
            }
        }
    }
}

impl FromIterator<Name> for Names {
    fn from_iter<I: IntoIterator<Item = Name>>(names: I) -> Self {
        Self { taken: names.into_iter().collect(), unnamed: 0 }
    }
}
