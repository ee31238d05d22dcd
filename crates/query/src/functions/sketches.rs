//! What can be told of the results of `hll` and `tdigest`. Deliberately absent: how they are made (`aggregates`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;

use super::cells::Cells;
use super::kinds::{ANY, JSON, REAL};
use super::{Function, p};
use crate::aggregates::digest::Digest;
use crate::aggregates::distinct::Sketch;
use crate::dynamic;
use crate::kernel::{Args, Text};

macro_rules! function {
    ($name:literal, $overloads:expr, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(Signature::new($name, $overloads, $doc), $kernel, $example)
    };
}

const NO_DIGEST: &str = "isnull(percentile_tdigest(dynamic(null), 50))";

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "dcount_hll",
        &[Overload::of(&[p("hll", JSON)], Returns::Type(Type::Long))],
        "How many different values a result of `hll` has seen.",
        dcount_hll,
        ("isnull(dcount_hll(dynamic(null)))", "True")
    ),
    function!(
        "hll_merge",
        &[Overload::of(&[p("hll", JSON)], Returns::Type(Type::Dynamic))
            .repeating(&[p("hll", JSON)], 1)],
        "Several results of `hll` as one.",
        hll_merge,
        ("isnull(hll_merge(dynamic(null), dynamic(null)))", "True")
    ),
    function!(
        "hll_isvalid",
        &[Overload::of(&[p("hll", JSON)], Returns::Type(Type::Bool))],
        "Whether a value is a result of `hll`.",
        hll_isvalid,
        ("hll_isvalid(dynamic([1]))", "False")
    ),
    function!(
        "merge_tdigest",
        &[Overload::of(&[p("tdigest", JSON)], Returns::Type(Type::Dynamic))
            .repeating(&[p("tdigest", JSON)], 1)],
        "Several results of `tdigest` as one.",
        merge_tdigest,
        ("isnull(merge_tdigest(dynamic(null), dynamic(null)))", "True")
    ),
    function!(
        "tdigest_isvalid",
        &[Overload::of(&[p("tdigest", JSON)], Returns::Type(Type::Bool))],
        "Whether a value is a result of `tdigest`.",
        tdigest_isvalid,
        ("tdigest_isvalid(dynamic([1]))", "False")
    ),
    function!(
        "percentile_tdigest",
        &[Overload::of(
            &[p("tdigest", JSON), p("percentile", REAL), p("type", ParamKind::TypeName)],
            Returns::TypeArgument(2, Type::Dynamic)
        )
        .optional(1)],
        "The value that so many percent of the values in a result of `tdigest` do not exceed.",
        percentile_tdigest,
        (NO_DIGEST, "True")
    ),
    function!(
        "percentiles_array_tdigest",
        &[Overload::of(&[p("tdigest", JSON)], Returns::Type(Type::Dynamic))
            .repeating(&[p("percentile", ANY)], 1)],
        "Several percentiles of a result of `tdigest`, as an array.",
        percentiles_array_tdigest,
        ("isnull(percentiles_array_tdigest(dynamic(null), 50))", "True")
    ),
    function!(
        "rank_tdigest",
        &[Overload::of(&[p("tdigest", JSON), p("value", ANY)], Returns::Type(Type::Real))],
        "How many values in a result of `tdigest` are not greater than a value.",
        rank_tdigest,
        ("isnull(rank_tdigest(dynamic(null), 1))", "True")
    ),
    function!(
        "percentrank_tdigest",
        &[Overload::of(&[p("tdigest", JSON), p("value", ANY)], Returns::Type(Type::Real))],
        "How many percent of the values in a result of `tdigest` are not greater than a value.",
        percentrank_tdigest,
        ("isnull(percentrank_tdigest(dynamic(null), 1))", "True")
    ),
];

fn dcount_hll(args: &Args<'_>) -> Result<ArrayRef> {
    let sketch = args.text(0)?;
    args.longs(|row| Some(Sketch::read(sketch.opt(row)?)?.count()))
}

fn hll_isvalid(args: &Args<'_>) -> Result<ArrayRef> {
    let sketch = args.text(0)?;
    args.bools(|row| Some(sketch.opt(row).and_then(Sketch::read).is_some()))
}

fn tdigest_isvalid(args: &Args<'_>) -> Result<ArrayRef> {
    let digest = args.text(0)?;
    args.bools(|row| Some(digest.opt(row).and_then(Digest::read).is_some()))
}

fn all<'a>(args: &Args<'a>) -> Result<Vec<Text<'a>>> {
    (0..args.len()).map(|at| args.text(at)).collect()
}

fn hll_merge(args: &Args<'_>) -> Result<ArrayRef> {
    let sketches = all(args)?;
    args.texts(|row, out| {
        let mut read = sketches.iter().filter_map(|text| Sketch::read(text.opt(row)?));
        let Some(mut whole) = read.next() else { return false };
        if read.any(|other| whole.absorb(&other).is_err()) {
            return false;
        }
        whole.write(out);
        true
    })
}

fn merge_tdigest(args: &Args<'_>) -> Result<ArrayRef> {
    let digests = all(args)?;
    args.texts(|row, out| {
        let mut read = digests.iter().filter_map(|text| Digest::read(text.opt(row)?));
        let Some(mut whole) = read.next() else { return false };
        read.for_each(|other| whole.absorb(&other));
        whole.compact();
        whole.write(out);
        true
    })
}

fn percentile_tdigest(args: &Args<'_>) -> Result<ArrayRef> {
    let (digest, percent) = (args.text(0)?, args.real(1)?);
    let json = |row: usize| {
        let digest = Digest::read(digest.opt(row)?)?;
        let mut json = String::new();
        digest.write_value(digest.percentile(percent.get(row)?)?, &mut json);
        Some(json.into())
    };
    let wanted = if args.len() > 2 { args.constant_text(2)? } else { None };
    let ty = wanted.and_then(Type::named).unwrap_or(Type::Dynamic);
    super::convert::from_json(args, ty, json)
}

fn percentiles_array_tdigest(args: &Args<'_>) -> Result<ArrayRef> {
    let digest = args.text(0)?;
    let percents = (1..args.len()).map(|at| Cells::of(args, at)).collect::<Result<Vec<_>>>()?;
    args.texts(|row, out| {
        let Some(digest) = digest.opt(row).and_then(Digest::read) else { return false };
        let mut ranks = Vec::new();
        for cells in &percents {
            let mut json = String::new();
            cells.json(row, &mut json);
            match dynamic::elements(&json) {
                Some(elements) => ranks.extend(elements.iter().map(|one| dynamic::to_real(one))),
                None => ranks.push(dynamic::to_real(&json)),
            }
        }
        out.push('[');
        for (at, rank) in ranks.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            match rank.and_then(|rank| digest.percentile(rank)) {
                Some(value) => digest.write_value(value, out),
                None => out.push_str("null"),
            }
        }
        out.push(']');
        true
    })
}

fn ranked(args: &Args<'_>, rank: fn(&Digest, f64) -> Option<f64>) -> Result<ArrayRef> {
    // A digest holds no truth values.
    if args.types.get(1) == Some(&Type::Bool) {
        return args.reals(|_| None);
    }
    let digest = args.text(0)?;
    // Moments and spans are known by their ticks.
    let value = match args.types.get(1) {
        Some(Type::Dynamic) => None,
        _ => Some(args.real(1)?),
    };
    let json = if value.is_none() { Some(args.text(1)?) } else { None };
    args.reals(|row| {
        let digest = Digest::read(digest.opt(row)?)?;
        let value = match (value, json) {
            (Some(value), _) => value.get(row)?,
            (None, json) => dynamic::to_real(json?.opt(row)?)?,
        };
        rank(&digest, value)
    })
}

fn rank_tdigest(args: &Args<'_>) -> Result<ArrayRef> {
    ranked(args, Digest::rank)
}

fn percentrank_tdigest(args: &Args<'_>) -> Result<ArrayRef> {
    ranked(args, Digest::percent_rank)
}
