//! The scalar functions of the language: one file for each group, each with its `FUNCTIONS`. An entry holds the signature
//! (for the binder, completion and the manual), what computes it, and an example whose answer a test looks at.
//!
//! Deliberately absent: operators that the language spells with signs (`lower::compare` has them; `operators` computes
//! what DataFusion has no equal of) and aggregates (`aggregates`).

pub(crate) mod access;
mod arrays;
mod bags;
mod bits;
mod calendar;
pub(crate) mod cells;
mod compression;
mod conditional;
pub(crate) mod convert;
pub(crate) mod decimals;
mod distributions;
mod encoding;
mod formats;
mod geo;
mod hashing;
mod identity;
mod markup;
pub(crate) mod matching;
mod math;
mod membership;
mod needle;
pub(crate) mod network;
pub(crate) mod operators;
mod punycode;
mod ranges;
pub(crate) mod regexes;
mod rewriting;
mod sequences;
mod series;
mod sets;
mod sketches;
pub(crate) mod strings;
pub(crate) mod time;
mod units;
mod urls;
mod user_agents;
mod windows;

use std::collections::HashMap;
use std::sync::LazyLock;

use kql::signature::{Param, ParamKind, Signature};
use kql::types::Type;

use crate::error::Result;
use crate::kernel::Kernel;
use crate::lower::Operand;

/// A scalar function.
pub(crate) struct Function {
    /// How it is called.
    pub(crate) signature: Signature,
    /// What computes it.
    pub(crate) run: Run,
    /// A call and its answer as `tostring` writes it; the manual shows it, and a test runs it.
    pub(crate) example: (&'static str, &'static str),
}

/// What computes a function.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// A kernel over columns.
    Kernel(Kernel),
    /// A kernel over all rows of a group, in their order.
    Window(Kernel),
    /// An expression that DataFusion understands.
    Lower(fn(Vec<Operand>, Type) -> Result<Operand>),
}

impl Function {
    /// A function that a kernel computes.
    pub(crate) const fn kernel(
        signature: Signature,
        kernel: Kernel,
        example: (&'static str, &'static str),
    ) -> Self {
        Self { signature, run: Run::Kernel(kernel), example }
    }

    /// A function that becomes an expression.
    pub(crate) const fn lower(
        signature: Signature,
        lower: fn(Vec<Operand>, Type) -> Result<Operand>,
        example: (&'static str, &'static str),
    ) -> Self {
        Self { signature, run: Run::Lower(lower), example }
    }
}

/// A parameter; short, because tables are made of it.
pub(crate) const fn p(name: &'static str, kind: ParamKind) -> Param {
    Param::new(name, kind)
}

/// Kinds of parameter by their short names.
pub(crate) mod kinds {
    use kql::signature::ParamKind;
    use kql::types::Type;

    pub(crate) const TEXT: ParamKind = ParamKind::Exactly(Type::String);
    pub(crate) const LONG: ParamKind = ParamKind::Integer;
    pub(crate) const REAL: ParamKind = ParamKind::Exactly(Type::Real);
    pub(crate) const BOOL: ParamKind = ParamKind::Exactly(Type::Bool);
    pub(crate) const TIME: ParamKind = ParamKind::Exactly(Type::DateTime);
    pub(crate) const SPAN: ParamKind = ParamKind::Exactly(Type::TimeSpan);
    pub(crate) const JSON: ParamKind = ParamKind::Exactly(Type::Dynamic);
    pub(crate) const ANY: ParamKind = ParamKind::Scalar;
}

/// All functions, group by group.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    [
        access::FUNCTIONS,
        arrays::FUNCTIONS,
        bags::FUNCTIONS,
        bits::FUNCTIONS,
        calendar::FUNCTIONS,
        compression::FUNCTIONS,
        conditional::FUNCTIONS,
        convert::FUNCTIONS,
        distributions::FUNCTIONS,
        encoding::FUNCTIONS,
        formats::FUNCTIONS,
        hashing::FUNCTIONS,
        identity::FUNCTIONS,
        markup::FUNCTIONS,
        matching::FUNCTIONS,
        membership::FUNCTIONS,
        math::FUNCTIONS,
        network::FUNCTIONS,
        punycode::FUNCTIONS,
        ranges::FUNCTIONS,
        regexes::FUNCTIONS,
        rewriting::FUNCTIONS,
        sequences::FUNCTIONS,
        sets::FUNCTIONS,
        sketches::FUNCTIONS,
        strings::FUNCTIONS,
        time::FUNCTIONS,
        units::FUNCTIONS,
        urls::FUNCTIONS,
        user_agents::FUNCTIONS,
        windows::FUNCTIONS,
    ]
    .into_iter()
    .chain(geo::FUNCTIONS)
    .chain(series::groups())
    .flatten()
}

/// Obsolete and alternative spellings, and the names that they stand for.
pub(crate) const ALIASES: &[(&str, &str)] = &[
    ("iif", "iff"),
    ("todynamic", "parse_json"),
    ("toobject", "parse_json"),
    ("parsejson", "parse_json"),
    ("notempty", "isnotempty"),
    ("notnull", "isnotnull"),
    ("isnotnan", "isnotnull"),
    ("pack", "bag_pack"),
    ("pack_dictionary", "bag_pack"),
    ("arraylength", "array_length"),
    ("array_strcat", "strcat_array"),
    ("toreal", "todouble"),
    ("toboolean", "tobool"),
    ("totime", "totimespan"),
    ("floor", "bin"),
    ("replace", "replace_regex"),
    ("extractall", "extract_all"),
    ("extractjson", "extract_json"),
    ("base64_decodestring", "base64_decode_tostring"),
    ("base64_encodestring", "base64_encode_tostring"),
    ("parseurl", "parse_url"),
    ("parseurlquery", "parse_urlquery"),
    ("datepart", "datetime_part"),
    ("getmonth", "monthofyear"),
    ("weekofyear", "week_of_year"),
    ("make_string", "unicode_codepoints_to_string"),
    ("to_utf8", "unicode_codepoints_from_string"),
    ("array_iif", "array_iff"),
    ("uniqueid", "toguid"),
    ("extentid", "extent_id"),
    ("tdigest_merge", "merge_tdigest"),
    ("current_cursor", "cursor_current"),
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    let mut by_name: HashMap<_, _> =
        all().map(|function| (function.signature.name, function)).collect();
    for (alias, name) in ALIASES {
        if let Some(function) = by_name.get(name).copied() {
            by_name.entry(alias).or_insert(function);
        }
    }
    by_name
});

/// The function called `name`, in its current or an obsolete spelling.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

/// Every name by which a function can be called.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BY_NAME.keys().copied()
}

/// The text type in which a Kusto type is carried.
pub(crate) const fn is_text(ty: Type) -> bool {
    matches!(ty, Type::String | Type::Guid | Type::Decimal)
}
