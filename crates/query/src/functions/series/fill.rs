//! Gaps of a series filled. Elements that are there stay as they are written. Deliberately absent: gaps in time, which
//! `make-series` fills.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::super::arrays::joined;
use super::super::cells::Cells;
use super::super::kinds::{ANY, BOOL, JSON};
use super::super::{Function, p};
use super::{Series, write_number};
use crate::dynamic;
use crate::kernel::Args;

macro_rules! function {
    ($name:literal, [$($param:expr),*], $optional:literal, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new($name, &[Overload::of(&[$($param),*], Returns::Type(Type::Dynamic)).optional($optional)], $doc),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "series_fill_forward",
        [p("series", JSON), p("missing", ANY)],
        1,
        "The series with each missing value replaced by the last one before it. What counts as missing is null, or the value that is given.",
        forward,
        ("tostring(series_fill_forward(dynamic([1, null, 3])))", "[1,1,3]")
    ),
    function!(
        "series_fill_backward",
        [p("series", JSON), p("missing", ANY)],
        1,
        "The series with each missing value replaced by the next one after it.",
        backward,
        ("tostring(series_fill_backward(dynamic([1, null, 3])))", "[1,3,3]")
    ),
    function!(
        "series_fill_const",
        [p("series", JSON), p("constant", ANY), p("missing", ANY)],
        2,
        "The series with each missing value replaced by a constant (0 if none is given).",
        constant,
        ("tostring(series_fill_const(dynamic([1, null, 3]), 0))", "[1,0,3]")
    ),
    function!(
        "series_fill_linear",
        [p("series", JSON), p("missing", ANY), p("fill_edges", BOOL), p("constant", ANY)],
        3,
        "The series with missing values on the straight line between their neighbours; at the edges the nearest value, unless `fill_edges` is false. Where all is missing it becomes the constant.",
        linear,
        ("tostring(series_fill_linear(dynamic([1, null, 3])))", "[1,2,3]")
    ),
];

/// What stands for a missing value, row by row.
struct Missing<'a>(Option<Cells<'a>>);

impl<'a> Missing<'a> {
    fn of(args: &Args<'a>, at: usize) -> Result<Self> {
        Ok(Self(if args.len() > at { Some(Cells::of(args, at)?) } else { None }))
    }

    /// Which elements are missing.
    fn marks(&self, elements: &[Cow<'_, str>], row: usize) -> Vec<bool> {
        let mut placeholder = String::new();
        let given = self.0.as_ref().is_some_and(|cells| cells.json(row, &mut placeholder));
        let is_missing = |element: &Cow<'_, str>| {
            if given { dynamic::equal(element, &placeholder) } else { element == "null" }
        };
        elements.iter().map(is_missing).collect()
    }
}

fn filled(
    args: &Args<'_>,
    missing: &Missing<'_>,
    fill: impl Fn(&[Cow<'_, str>], &[bool], usize) -> Vec<String>,
) -> Result<ArrayRef> {
    let text = args.text(0)?;
    super::rows(args, |row, out| {
        let elements = dynamic::elements(text.opt(row)?)?;
        let marks = missing.marks(&elements, row);
        let values = fill(&elements, &marks, row);
        joined(values.iter().map(String::as_str), out);
        Some(())
    })
}

/// The elements with each missing one replaced by the last that was not.
fn carried<'a>(elements: impl Iterator<Item = (&'a Cow<'a, str>, &'a bool)>) -> Vec<String> {
    let mut last: Option<&str> = None;
    elements
        .map(|(element, missing)| {
            if !missing {
                last = Some(element);
            }
            last.unwrap_or(element).to_owned()
        })
        .collect()
}

fn forward(args: &Args<'_>) -> Result<ArrayRef> {
    filled(args, &Missing::of(args, 1)?, |elements, marks, _| carried(elements.iter().zip(marks)))
}

fn backward(args: &Args<'_>) -> Result<ArrayRef> {
    filled(args, &Missing::of(args, 1)?, |elements, marks, _| {
        let mut values = carried(elements.iter().zip(marks).rev());
        values.reverse();
        values
    })
}

/// A constant among the arguments as JSON; `default` where there is none.
fn constant_of(cells: Option<&Cells<'_>>, row: usize, default: &str) -> String {
    let mut json = String::new();
    match cells {
        Some(cells) if cells.json(row, &mut json) => json,
        Some(_) => "null".to_owned(),
        None => default.to_owned(),
    }
}

fn constant(args: &Args<'_>) -> Result<ArrayRef> {
    let value = if args.len() > 1 { Some(Cells::of(args, 1)?) } else { None };
    filled(args, &Missing::of(args, 2)?, |elements, marks, row| {
        let value = constant_of(value.as_ref(), row, "0");
        let pairs = elements.iter().zip(marks);
        pairs.map(|(e, missing)| if *missing { value.clone() } else { e.to_string() }).collect()
    })
}

fn linear(args: &Args<'_>) -> Result<ArrayRef> {
    let edges = if args.len() > 2 { Some(args.bool(2)?) } else { None };
    let value = if args.len() > 3 { Some(Cells::of(args, 3)?) } else { None };
    filled(args, &Missing::of(args, 1)?, |elements, marks, row| {
        if marks.iter().all(|missing| *missing) {
            let value = constant_of(value.as_ref(), row, "0.0");
            return vec![value; elements.len()];
        }
        let edges = edges.and_then(|edges| edges.get(row)).unwrap_or(true);
        interpolated(elements, marks, edges)
    })
}

#[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 elements")]
fn interpolated(elements: &[Cow<'_, str>], marks: &[bool], edges: bool) -> Vec<String> {
    let known: Vec<usize> = (0..elements.len()).filter(|at| !marks[*at]).collect();
    let there: Vec<Cow<'_, str>> = known.iter().map(|at| elements[*at].clone()).collect();
    let series = Series::of(&there);
    let mut out: Vec<String> = elements.iter().map(|element| element.to_string()).collect();
    if let (Some(first), Some(last)) = (known.first(), known.last())
        && edges
    {
        let (head, tail) = (out[*first].clone(), out[*last].clone());
        out[..*first].fill(head);
        out[last + 1..].fill(tail);
    }
    for (pair, values) in known.windows(2).zip(series.values.windows(2)) {
        let ([from, to], [Some(a), Some(b)]) = (pair, values) else { continue };
        for (at, text) in out.iter_mut().enumerate().take(*to).skip(from + 1) {
            let value = a + (b - a) * (at - from) as f64 / (to - from) as f64;
            // Whole numbers stay whole, cut as Kusto cuts them.
            let value = if series.whole { value.trunc() } else { value };
            text.clear();
            write_number(Some(value), series.whole, text);
        }
    }
    out
}
