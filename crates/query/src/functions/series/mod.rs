//! Series: arrays of numbers, usually in equal steps of time. Here is how they are read and written; each file beside has one
//! group of functions.
//!
//! Deliberately absent: `make-series` (an operator), and arrays that are no numbers (`arrays`).

mod anomalies;
mod elementwise;
mod fill;
mod filters;
mod fits;
mod pairs;
mod periods;
mod statistics;

use std::borrow::Cow;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::types::Type;

use super::Function;
use crate::dynamic::{self, Kind};
use crate::kernel::{Args, Text};

/// The functions of all groups.
pub(super) fn groups() -> [&'static [Function]; 8] {
    [
        anomalies::FUNCTIONS,
        elementwise::FUNCTIONS,
        fill::FUNCTIONS,
        filters::FUNCTIONS,
        fits::FUNCTIONS,
        pairs::FUNCTIONS,
        periods::FUNCTIONS,
        statistics::FUNCTIONS,
    ]
}

/// A series, with `None` for what is no number.
struct Series {
    values: Vec<Option<f64>>,
    /// Whether all its numbers are whole ones of the language, so that sums of them are.
    whole: bool,
}

impl Series {
    fn of(elements: &[Cow<'_, str>]) -> Self {
        let mut whole = true;
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            let kind = dynamic::kind(element);
            let value = match kind {
                Kind::Long | Kind::Real => dynamic::to_real(element),
                // What JSON cannot hold stands there as text.
                Kind::String => match &*dynamic::to_text(element) {
                    "NaN" => Some(f64::NAN),
                    "Infinity" => Some(f64::INFINITY),
                    "-Infinity" => Some(f64::NEG_INFINITY),
                    _ => None,
                },
                _ => None,
            };
            whole &= value.is_none() || kind == Kind::Long;
            values.push(value);
        }
        Self { values, whole }
    }

    /// The series of a JSON array; `None` if it is none.
    fn read(json: &str) -> Option<Self> {
        dynamic::elements(json).map(|elements| Self::of(&elements))
    }

    /// Its numbers if it has nothing else, and at least one.
    fn numbers(&self) -> Option<Vec<f64>> {
        if self.values.is_empty() {
            return None;
        }
        self.values.iter().copied().collect()
    }
}

/// The numbers in the array of a row; `None` where it is no array, is empty or holds something else.
fn numbers(text: Text<'_>, row: usize) -> Option<Vec<f64>> {
    Series::read(text.opt(row)?)?.numbers()
}

/// Writes one number: a whole one without a fraction if all of its series are whole.
#[expect(clippy::cast_possible_truncation, reason = "the range is looked at before")]
fn write_number(value: Option<f64>, whole: bool, out: &mut String) {
    match value {
        None => out.push_str("null"),
        Some(value) if whole && value.fract() == 0.0 && value.abs() < 9e15 => {
            out.push_str(&(value as i64).to_string());
        }
        Some(value) => dynamic::write_real(value, out),
    }
}

/// Writes a series.
fn write(values: impl IntoIterator<Item = Option<f64>>, whole: bool, out: &mut String) {
    out.push('[');
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_number(value, whole, out);
    }
    out.push(']');
}

/// Writes a series of reals without gaps.
fn write_reals(values: &[f64], out: &mut String) {
    write(values.iter().copied().map(Some), false, out);
}

/// The values of several columns as the array that holds them all, each written by one function.
fn write_columns(columns: &[&dyn Fn(&mut String)], out: &mut String) {
    out.push('[');
    for (at, write) in columns.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out);
    }
    out.push(']');
}

/// A name, and what writes its value.
type Member<'a> = (&'a str, &'a dyn Fn(&mut String));

/// A bag of named values, each written by one function.
fn write_bag(members: &[Member<'_>], out: &mut String) {
    out.push('{');
    for (at, (name, write)) in members.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        dynamic::write_string(name, out);
        out.push(':');
        write(out);
    }
    out.push('}');
}

/// A kernel's answer: JSON for each row whose series are there.
fn rows(
    args: &Args<'_>,
    mut answer: impl FnMut(usize, &mut String) -> Option<()>,
) -> Result<ArrayRef> {
    args.texts(|row, out| answer(row, out).is_some())
}

/// An optional number among the arguments, of whatever type.
struct Setting<'a>(Option<crate::kernel::Real<'a>>);

impl<'a> Setting<'a> {
    fn of(args: &Args<'a>, at: usize) -> Result<Self> {
        let is_text =
            matches!(args.types.get(at), None | Some(Type::Bool | Type::String | Type::Guid));
        if is_text {
            return Ok(Self(None));
        }
        Ok(Self(Some(args.real(at)?)))
    }

    fn get(&self, row: usize) -> Option<f64> {
        self.0.and_then(|column| column.get(row))
    }
}
