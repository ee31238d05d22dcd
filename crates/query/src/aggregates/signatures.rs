//! How aggregates are called. Deliberately absent: how they are computed.

use kql::signature::{Overload, Param, ParamKind, Returns, Signature};
use kql::types::Type;

const fn p(name: &'static str, kind: ParamKind) -> Param {
    Param::new(name, kind)
}

const ANY: ParamKind = ParamKind::Scalar;
const SUM: ParamKind = ParamKind::Summable;
const LONG: ParamKind = ParamKind::Integer;
const NUMBER: ParamKind = ParamKind::Number;
const BOOL: ParamKind = ParamKind::Exactly(Type::Bool);
const JSON: ParamKind = ParamKind::Exactly(Type::Dynamic);

macro_rules! aggregate {
    ($name:literal, [$($param:expr),*], $optional:literal, $returns:expr, $doc:literal) => {
        Signature::new($name, &[Overload::of(&[$($param),*], $returns).optional($optional)], $doc)
    };
}

fn average(types: &[Type]) -> Type {
    match types.first() {
        Some(ty @ (Type::DateTime | Type::TimeSpan | Type::Decimal)) => *ty,
        _ => Type::Real,
    }
}

/// The signatures of all aggregates.
pub(crate) static SIGNATURES: &[Signature] = &[
    aggregate!("count", [], 0, Returns::Type(Type::Long), "How many rows there are."),
    aggregate!(
        "countif",
        [p("condition", BOOL)],
        0,
        Returns::Type(Type::Long),
        "How many rows fulfil a condition."
    ),
    aggregate!(
        "count_distinct",
        [p("value", ANY)],
        0,
        Returns::Type(Type::Long),
        "How many different values there are, exactly."
    ),
    aggregate!(
        "count_distinctif",
        [p("value", ANY), p("condition", BOOL)],
        0,
        Returns::Type(Type::Long),
        "How many different values there are in rows that fulfil a condition, exactly."
    ),
    aggregate!(
        "dcount",
        [p("value", ANY), p("accuracy", LONG)],
        1,
        Returns::Type(Type::Long),
        "How many different values there are, estimated where they are many."
    ),
    aggregate!(
        "dcountif",
        [p("value", ANY), p("condition", BOOL), p("accuracy", LONG)],
        1,
        Returns::Type(Type::Long),
        "How many different values there are in rows that fulfil a condition."
    ),
    aggregate!("sum", [p("value", SUM)], 0, Returns::Promoted, "The sum of the values."),
    aggregate!(
        "sumif",
        [p("value", SUM), p("condition", BOOL)],
        0,
        Returns::Promoted,
        "The sum of the values in rows that fulfil a condition."
    ),
    aggregate!("avg", [p("value", SUM)], 0, Returns::Rule(average), "The mean of the values."),
    aggregate!(
        "avgif",
        [p("value", SUM), p("condition", BOOL)],
        0,
        Returns::Rule(average),
        "The mean of the values in rows that fulfil a condition."
    ),
    aggregate!("min", [p("value", ANY)], 0, Returns::Argument(0), "The smallest value."),
    aggregate!(
        "minif",
        [p("value", ANY), p("condition", BOOL)],
        0,
        Returns::Argument(0),
        "The smallest value in rows that fulfil a condition."
    ),
    aggregate!("max", [p("value", ANY)], 0, Returns::Argument(0), "The largest value."),
    aggregate!(
        "maxif",
        [p("value", ANY), p("condition", BOOL)],
        0,
        Returns::Argument(0),
        "The largest value in rows that fulfil a condition."
    ),
    Signature::new(
        "arg_max",
        &[Overload::of(&[p("maximized", ANY)], Returns::Argument(0))
            .repeating(&[p("returned", ANY)], 0)],
        "Values of the row in which an expression is largest.",
    ),
    Signature::new(
        "arg_min",
        &[Overload::of(&[p("minimized", ANY)], Returns::Argument(0))
            .repeating(&[p("returned", ANY)], 0)],
        "Values of the row in which an expression is smallest.",
    ),
    Signature::new(
        "take_any",
        &[Overload::of(&[p("value", ANY)], Returns::Argument(0)).repeating(&[p("value", ANY)], 0)],
        "Values of any row.",
    ),
    aggregate!(
        "take_anyif",
        [p("value", ANY), p("condition", BOOL)],
        0,
        Returns::Argument(0),
        "The value of any row that fulfils a condition."
    ),
    aggregate!(
        "make_list",
        [p("value", ANY), p("max", LONG)],
        1,
        Returns::Type(Type::Dynamic),
        "An array of all values but null."
    ),
    aggregate!(
        "make_list_if",
        [p("value", ANY), p("condition", BOOL), p("max", LONG)],
        1,
        Returns::Type(Type::Dynamic),
        "An array of all values but null, of rows that fulfil a condition."
    ),
    aggregate!(
        "make_list_with_nulls",
        [p("value", ANY)],
        0,
        Returns::Type(Type::Dynamic),
        "An array of all values."
    ),
    aggregate!(
        "make_set",
        [p("value", ANY), p("max", LONG)],
        1,
        Returns::Type(Type::Dynamic),
        "An array of the different values."
    ),
    aggregate!(
        "make_set_if",
        [p("value", ANY), p("condition", BOOL), p("max", LONG)],
        1,
        Returns::Type(Type::Dynamic),
        "An array of the different values of rows that fulfil a condition."
    ),
    aggregate!(
        "make_bag",
        [p("bag", JSON), p("max", LONG)],
        1,
        Returns::Type(Type::Dynamic),
        "A bag with the members of all bags."
    ),
    aggregate!(
        "make_bag_if",
        [p("bag", JSON), p("condition", BOOL), p("max", LONG)],
        1,
        Returns::Type(Type::Dynamic),
        "A bag with the members of all bags of rows that fulfil a condition."
    ),
    aggregate!(
        "percentile",
        [p("value", SUM), p("percentile", NUMBER)],
        0,
        Returns::Argument(0),
        "The value that so many percent of the values do not exceed."
    ),
    Signature::new(
        "percentiles",
        &[Overload::of(&[p("value", SUM)], Returns::Argument(0))
            .repeating(&[p("percentile", NUMBER)], 1)],
        "Several percentiles, a column each.",
    ),
    Signature::new(
        "percentiles_array",
        &[Overload::of(&[p("value", SUM)], Returns::Type(Type::Dynamic))
            .repeating(&[p("percentile", ANY)], 1)],
        "Several percentiles, as an array.",
    ),
    aggregate!(
        "percentilew",
        [p("value", SUM), p("weight", LONG), p("percentile", NUMBER)],
        0,
        Returns::Argument(0),
        "The value that so many percent of the values do not exceed, each counting as often as its weight says."
    ),
    Signature::new(
        "percentilesw",
        &[Overload::of(&[p("value", SUM), p("weight", LONG)], Returns::Argument(0))
            .repeating(&[p("percentile", NUMBER)], 1)],
        "Several weighted percentiles, a column each.",
    ),
    Signature::new(
        "percentilesw_array",
        &[Overload::of(&[p("value", SUM), p("weight", LONG)], Returns::Type(Type::Dynamic))
            .repeating(&[p("percentile", ANY)], 1)],
        "Several weighted percentiles, as an array.",
    ),
    aggregate!(
        "hll",
        [p("value", ANY), p("accuracy", LONG)],
        1,
        Returns::Type(Type::Dynamic),
        "What `dcount` knows of the values, as a value: for `dcount_hll` and `hll_merge`."
    ),
    aggregate!(
        "hll_if",
        [p("value", ANY), p("condition", BOOL), p("accuracy", LONG)],
        1,
        Returns::Type(Type::Dynamic),
        "What `hll` gives, of rows that fulfil a condition."
    ),
    aggregate!(
        "hll_merge",
        [p("hll", JSON)],
        0,
        Returns::Type(Type::Dynamic),
        "Several results of `hll` as one."
    ),
    aggregate!(
        "tdigest",
        [p("value", SUM), p("weight", LONG)],
        1,
        Returns::Type(Type::Dynamic),
        "What percentiles are made of, as a value: for `percentile_tdigest` and `merge_tdigest`."
    ),
    aggregate!(
        "merge_tdigest",
        [p("tdigest", JSON)],
        0,
        Returns::Type(Type::Dynamic),
        "Several results of `tdigest` as one."
    ),
    aggregate!(
        "buildschema",
        [p("value", JSON)],
        0,
        Returns::Type(Type::Dynamic),
        "The smallest schema that all values fit: types of members, of elements (under `indexer`), several types as an array."
    ),
    aggregate!("passthrough", [p("value", ANY)], 0, Returns::Argument(0), "Any of the values."),
    aggregate!(
        "stdev",
        [p("value", SUM)],
        0,
        Returns::Type(Type::Real),
        "The standard deviation of a sample."
    ),
    aggregate!(
        "stdevif",
        [p("value", SUM), p("condition", BOOL)],
        0,
        Returns::Type(Type::Real),
        "The standard deviation of a sample, of rows that fulfil a condition."
    ),
    aggregate!(
        "stdevp",
        [p("value", SUM)],
        0,
        Returns::Type(Type::Real),
        "The standard deviation of a population."
    ),
    aggregate!(
        "variance",
        [p("value", SUM)],
        0,
        Returns::Type(Type::Real),
        "The variance of a sample."
    ),
    aggregate!(
        "varianceif",
        [p("value", SUM), p("condition", BOOL)],
        0,
        Returns::Type(Type::Real),
        "The variance of a sample, of rows that fulfil a condition."
    ),
    aggregate!(
        "variancep",
        [p("value", SUM)],
        0,
        Returns::Type(Type::Real),
        "The variance of a population."
    ),
    aggregate!(
        "variancepif",
        [p("value", SUM), p("condition", BOOL)],
        0,
        Returns::Type(Type::Real),
        "The variance of a population, of rows that fulfil a condition."
    ),
    aggregate!(
        "covariance",
        [p("a", SUM), p("b", SUM)],
        0,
        Returns::Type(Type::Real),
        "The covariance of a sample."
    ),
    aggregate!(
        "covarianceif",
        [p("a", SUM), p("b", SUM), p("condition", BOOL)],
        0,
        Returns::Type(Type::Real),
        "The covariance of a sample, of rows that fulfil a condition."
    ),
    aggregate!(
        "covariancep",
        [p("a", SUM), p("b", SUM)],
        0,
        Returns::Type(Type::Real),
        "The covariance of a population."
    ),
    aggregate!(
        "covariancepif",
        [p("a", SUM), p("b", SUM), p("condition", BOOL)],
        0,
        Returns::Type(Type::Real),
        "The covariance of a population, of rows that fulfil a condition."
    ),
    aggregate!(
        "binary_all_and",
        [p("value", LONG)],
        0,
        Returns::Type(Type::Long),
        "The bits that all values have."
    ),
    aggregate!(
        "binary_all_or",
        [p("value", LONG)],
        0,
        Returns::Type(Type::Long),
        "The bits that any value has."
    ),
    aggregate!(
        "binary_all_xor",
        [p("value", LONG)],
        0,
        Returns::Type(Type::Long),
        "The bits that an odd number of values have."
    ),
];

const ALIASES: &[(&str, &str)] = &[
    ("cnt", "count"),
    ("any", "take_any"),
    ("anyif", "take_anyif"),
    ("argmax", "arg_max"),
    ("argmin", "arg_min"),
    ("makelist", "make_list"),
    ("makeset", "make_set"),
    ("make_dictionary", "make_bag"),
    ("tdigest_merge", "merge_tdigest"),
];

/// The signature of the aggregate called `name`, in its current or an obsolete spelling.
pub(crate) fn find(name: &str) -> Option<&'static Signature> {
    let current = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    SIGNATURES.iter().find(|signature| signature.name == current)
}
