//! Arrays that are made: of values, ranges, other arrays. Deliberately absent: arrays that are changed (`arrays`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;

use super::arrays::{Elements, joined};
use super::cells::Cells;
use super::kinds::{ANY, JSON, LONG};
use super::{Function, p};
use crate::dynamic;
use crate::kernel::Args;

/// How many elements `range` and `repeat` give at most; Kusto's own limit.
const RANGE_VALUES_MAX: usize = 1_048_576;

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
        "repeat",
        [p("value", ANY), p("times", LONG)],
        0,
        Dynamic,
        "An array of a value so many times.",
        repeat,
        ("tostring(repeat(1, 3))", "[1,1,1]")
    ),
    function!(
        "range",
        [
            p("from", ParamKind::Summable),
            p("to", ParamKind::Summable),
            p("step", ParamKind::Summable)
        ],
        1,
        Dynamic,
        "An array of values at equal distances.",
        range,
        ("tostring(range(1, 7, 3))", "[1,4,7]")
    ),
    Function::kernel(
        Signature::new(
            "array_concat",
            &[Overload::of(&[], Returns::Type(Type::Dynamic)).repeating(&[p("array", JSON)], 1)],
            "The elements of all arrays.",
        ),
        array_concat,
        ("tostring(array_concat(dynamic([1]), dynamic([2])))", "[1,2]"),
    ),
    Function::kernel(
        Signature::new(
            "pack_array",
            &[Overload::of(&[], Returns::Type(Type::Dynamic)).repeating(&[p("value", ANY)], 0)],
            "An array of the values.",
        ),
        pack_array,
        ("tostring(pack_array(1, 'a'))", r#"[1,"a"]"#),
    ),
    Function::kernel(
        Signature::new(
            "zip",
            &[Overload::of(&[], Returns::Type(Type::Dynamic)).repeating(&[p("array", JSON)], 2)],
            "An array of arrays of the elements at the same position.",
        ),
        zip,
        ("tostring(zip(dynamic([1, 2]), dynamic([3, 4])))", "[[1,3],[2,4]]"),
    ),
    Function::kernel(
        Signature::new(
            "treepath",
            &[Overload::of(&[p("value", JSON)], Returns::Type(Type::Dynamic))],
            "The paths to all leaves of a value.",
        ),
        treepath,
        (r#"tostring(treepath(dynamic({"a": 1})))"#, r#"["['a']"]"#),
    ),
];

fn repeat(args: &Args<'_>) -> Result<ArrayRef> {
    let (value, times) = (Cells::of(args, 0)?, args.long(1)?);
    args.texts(|row, out| {
        let Some(times) = times.get(row).and_then(|times| usize::try_from(times).ok()) else {
            return false;
        };
        let mut json = String::new();
        if !value.json(row, &mut json) {
            json.push_str("null");
        }
        joined(std::iter::repeat_n(json.as_str(), times.min(RANGE_VALUES_MAX)), out)
    })
}

fn range(args: &Args<'_>) -> Result<ArrayRef> {
    let ty = args.types.first().copied().unwrap_or(Type::Long);
    if args.types.iter().any(|ty| matches!(ty, Type::Real | Type::Decimal)) {
        let (from, to) = (args.real(0)?, args.real(1)?);
        let step = if args.len() > 2 { Some(args.real(2)?) } else { None };
        return args.texts(|row, out| {
            let step = step.map_or(Some(1.0), |step| step.get(row));
            let (Some(from), Some(to), Some(step)) = (from.get(row), to.get(row), step) else {
                return false;
            };
            let values = std::iter::successors(Some(from), |value| Some(value + step));
            let values = values.take_while(|value| {
                if step > 0.0 { *value <= to } else { *value >= to && step < 0.0 }
            });
            let values: Vec<String> = values
                .take(RANGE_VALUES_MAX)
                .map(|value| {
                    let mut json = String::new();
                    dynamic::write_real(value, &mut json);
                    json
                })
                .collect();
            joined(values.iter().map(String::as_str), out)
        });
    }
    let (from, to) = (args.long(0)?, args.long(1)?);
    let step = if args.len() > 2 { Some(args.long(2)?) } else { None };
    let absent = if matches!(ty, Type::DateTime | Type::TimeSpan) { crate::ticks::HOUR } else { 1 };
    args.texts(|row, out| {
        let step = step.map_or(Some(absent), |step| step.get(row));
        let (Some(from), Some(to), Some(step)) = (from.get(row), to.get(row), step) else {
            return false;
        };
        let values = std::iter::successors(Some(from), |value| value.checked_add(step));
        let values = values
            .take_while(|value| if step > 0 { *value <= to } else { *value >= to && step < 0 });
        let values: Vec<String> = values
            .take(RANGE_VALUES_MAX)
            .map(|value| {
                let mut json = String::new();
                match ty {
                    Type::DateTime => {
                        json.push('"');
                        crate::ticks::write_datetime(value, &mut json);
                        json.push('"');
                    }
                    Type::TimeSpan => {
                        json.push('"');
                        crate::ticks::write_timespan(value, &mut json);
                        json.push('"');
                    }
                    _ => json.push_str(&value.to_string()),
                }
                json
            })
            .collect();
        joined(values.iter().map(String::as_str), out)
    })
}

fn array_concat(args: &Args<'_>) -> Result<ArrayRef> {
    let arrays = (0..args.len()).map(|at| args.text(at)).collect::<Result<Vec<_>>>()?;
    args.texts(|row, out| {
        let all: Vec<_> = arrays
            .iter()
            .filter_map(|array| array.opt(row).and_then(dynamic::elements))
            .flatten()
            .collect();
        joined(all.iter().map(|element| &**element), out)
    })
}

fn pack_array(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = (0..args.len()).map(|at| Cells::of(args, at)).collect::<Result<Vec<_>>>()?;
    args.texts(|row, out| {
        out.push('[');
        for (at, cells) in cells.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            if !cells.json(row, out) {
                out.push_str("null");
            }
        }
        out.push(']');
        true
    })
}

fn zip(args: &Args<'_>) -> Result<ArrayRef> {
    let arrays = (0..args.len()).map(|at| args.text(at)).collect::<Result<Vec<_>>>()?;
    args.texts(|row, out| {
        let all: Vec<Elements<'_>> = arrays
            .iter()
            .map(|array| array.opt(row).and_then(dynamic::elements).unwrap_or_default())
            .collect();
        let length = all.iter().map(Vec::len).max().unwrap_or(0);
        let tuples: Vec<String> = (0..length)
            .map(|at| {
                let mut tuple = String::new();
                joined(
                    all.iter().map(|array| array.get(at).map_or("null", |element| &**element)),
                    &mut tuple,
                );
                tuple
            })
            .collect();
        joined(tuples.iter().map(String::as_str), out)
    })
}

fn treepath(args: &Args<'_>) -> Result<ArrayRef> {
    let json = args.text(0)?;
    args.texts(|row, out| {
        let Some(value) = json.opt(row).and_then(dynamic::parsed) else { return false };
        let mut paths = Vec::new();
        walk(&value, String::new(), &mut paths);
        let quoted: Vec<String> = paths
            .iter()
            .map(|path| {
                let mut quoted = String::new();
                dynamic::write_string(path, &mut quoted);
                quoted
            })
            .collect();
        joined(quoted.iter().map(String::as_str), out)
    })
}

fn walk(value: &serde_json::Value, path: String, paths: &mut Vec<String>) {
    if !path.is_empty() && !paths.contains(&path) {
        paths.push(path.clone());
    }
    match value {
        serde_json::Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, value)| walk(value, format!("{path}['{name}']"), paths));
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| walk(item, format!("{path}[0]"), paths));
        }
        _ => {}
    }
}
