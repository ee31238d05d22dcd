//! Arrays taken as sets. Deliberately absent: arrays in which order counts (`arrays`).

use std::collections::HashSet;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::arrays::{Elements, joined, owned};
use super::cells::Cells;
use super::kinds::{ANY, JSON};
use super::{Function, p};
use crate::dynamic;
use crate::kernel::Args;

macro_rules! function {
    ($name:literal, [$($param:expr),*], $optional:literal, $ty:ident, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new($name, &[Overload::of(&[$($param),*], Returns::Type(Type::$ty)).optional($optional)], $doc),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "set_has_element",
        [p("set", JSON), p("value", ANY)],
        0,
        Bool,
        "Whether a value is in an array.",
        set_has_element,
        ("set_has_element(dynamic([1, 2]), 2)", "True")
    ),
    function!(
        "jaccard_index",
        [p("a", JSON), p("b", JSON)],
        0,
        Real,
        "How alike two sets are: elements in common by elements in all.",
        jaccard_index,
        ("jaccard_index(dynamic([1, 2]), dynamic([2, 3, 4]))", "0.25")
    ),
    function!(
        "set_equals",
        [p("a", JSON), p("b", JSON)],
        0,
        Bool,
        "Whether two arrays hold the same elements.",
        set_equals,
        ("set_equals(dynamic([1, 2]), dynamic([2, 1]))", "True")
    ),
    Function::kernel(
        Signature::new(
            "set_union",
            &[Overload::of(&[], Returns::Type(Type::Dynamic)).repeating(&[p("array", JSON)], 1)],
            "The different elements of all arrays.",
        ),
        set_union,
        ("tostring(set_union(dynamic([1, 2]), dynamic([2, 3])))", "[1,2,3]"),
    ),
    Function::kernel(
        Signature::new(
            "set_intersect",
            &[Overload::of(&[], Returns::Type(Type::Dynamic)).repeating(&[p("array", JSON)], 1)],
            "The elements that are in all arrays.",
        ),
        set_intersect,
        ("tostring(set_intersect(dynamic([1, 2]), dynamic([2, 3])))", "[2]"),
    ),
    Function::kernel(
        Signature::new(
            "set_difference",
            &[Overload::of(&[], Returns::Type(Type::Dynamic)).repeating(&[p("array", JSON)], 1)],
            "The elements of the first array that are in none of the others.",
        ),
        set_difference,
        ("tostring(set_difference(dynamic([1, 2]), dynamic([2, 3])))", "[1]"),
    ),
];

fn set_has_element(args: &Args<'_>) -> Result<ArrayRef> {
    let (array, value) = (args.text(0)?, Cells::of(args, 1)?);
    args.bools(|row| {
        let elements = array.opt(row).and_then(dynamic::elements)?;
        let mut sought = String::new();
        value.json(row, &mut sought);
        Some(elements.iter().any(|element| dynamic::equal(element, &sought)))
    })
}

/// The different elements of every argument's array.
fn sets<'a>(args: &Args<'a>, row: usize) -> Result<Vec<Elements<'a>>> {
    let mut all = Vec::with_capacity(args.len());
    for at in 0..args.len() {
        let elements = args.text(at)?.opt(row).and_then(dynamic::elements).unwrap_or_default();
        let mut different: Elements<'a> = Vec::with_capacity(elements.len());
        let mut seen = HashSet::new();
        for element in elements {
            if seen.insert(element.clone()) {
                different.push(element);
            }
        }
        all.push(different);
    }
    Ok(all)
}

fn combined(
    args: &Args<'_>,
    combine: impl Fn(Vec<Elements<'_>>) -> Vec<String>,
) -> Result<ArrayRef> {
    let mut failed = None;
    let out = args.texts(|row, out| match sets(args, row) {
        Ok(all) => {
            let elements = combine(all);
            joined(elements.iter().map(String::as_str), out)
        }
        Err(error) => {
            failed = Some(error);
            false
        }
    })?;
    failed.map_or(Ok(out), Err)
}

fn set_union(args: &Args<'_>) -> Result<ArrayRef> {
    combined(args, |all| {
        let mut seen = HashSet::new();
        owned(all.into_iter().flatten().filter(|element| seen.insert(element.clone())).collect())
    })
}

/// The elements of the first array of which it is so that they are (or are not) in another.
fn kept(mut all: Vec<Elements<'_>>, keep: impl Fn(&str, &[HashSet<&str>]) -> bool) -> Vec<String> {
    let first = if all.is_empty() { Vec::new() } else { all.remove(0) };
    let others: Vec<HashSet<&str>> =
        all.iter().map(|set| set.iter().map(|element| &**element).collect()).collect();
    owned(first.into_iter().filter(|element| keep(element, &others)).collect())
}

fn set_intersect(args: &Args<'_>) -> Result<ArrayRef> {
    combined(args, |all| {
        kept(all, |element, others| others.iter().all(|set| set.contains(element)))
    })
}

fn set_difference(args: &Args<'_>) -> Result<ArrayRef> {
    combined(args, |all| {
        kept(all, |element, others| !others.iter().any(|set| set.contains(element)))
    })
}

/// How many elements two sets have in common.
fn shared(a: &Elements<'_>, b: &Elements<'_>) -> usize {
    let b: HashSet<&str> = b.iter().map(|element| &**element).collect();
    a.iter().filter(|element| b.contains(&***element)).count()
}

#[expect(clippy::cast_precision_loss, reason = "counts of elements are far below 2^52")]
fn jaccard_index(args: &Args<'_>) -> Result<ArrayRef> {
    let mut values = Vec::with_capacity(args.rows);
    for row in 0..args.rows {
        let all = sets(args, row)?;
        let [a, b] = all.as_slice() else { continue };
        let common = shared(a, b);
        let total = a.len() + b.len() - common;
        values.push(if total == 0 { f64::NAN } else { common as f64 / total as f64 });
    }
    args.reals(|row| values.get(row).copied())
}

fn set_equals(args: &Args<'_>) -> Result<ArrayRef> {
    let mut values = Vec::with_capacity(args.rows);
    for row in 0..args.rows {
        let all = sets(args, row)?;
        let [a, b] = all.as_slice() else { continue };
        values.push(a.len() == b.len() && shared(a, b) == a.len());
    }
    args.bools(|row| values.get(row).copied())
}
