//! Arrays of dynamic values: length, parts, order, sets. Deliberately absent: element access (`access`), bags (`bags`),
//! and series of numbers.

use std::borrow::Cow;
use std::cmp::Ordering;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::cells::Cells;
use super::kinds::{ANY, JSON, LONG, TEXT};
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

/// How many elements `range` and `repeat` give at most; Kusto's own limit.
const RANGE_VALUES_MAX: usize = 1_048_576;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "array_length",
        [p("array", JSON)],
        0,
        Long,
        "How many elements an array has; null if it is none.",
        array_length,
        ("array_length(dynamic([1, 2]))", "2")
    ),
    function!(
        "array_index_of",
        [
            p("array", JSON),
            p("value", ANY),
            p("start", LONG),
            p("length", LONG),
            p("occurrence", LONG)
        ],
        3,
        Long,
        "Position of a value in an array, from 0; -1 if it is not there.",
        array_index_of,
        ("array_index_of(dynamic(['a', 'b']), 'b')", "1")
    ),
    function!(
        "array_slice",
        [p("array", JSON), p("start", LONG), p("end", LONG)],
        0,
        Dynamic,
        "The elements from one position to another, both included; negative ones count from the end.",
        array_slice,
        ("tostring(array_slice(dynamic([1, 2, 3]), 1, -1))", "[2,3]")
    ),
    function!(
        "array_reverse",
        [p("array", JSON)],
        0,
        Dynamic,
        "The elements backwards.",
        array_reverse,
        ("tostring(array_reverse(dynamic([1, 2])))", "[2,1]")
    ),
    function!(
        "array_sum",
        [p("array", JSON)],
        0,
        Real,
        "The sum of the elements.",
        array_sum,
        ("array_sum(dynamic([1, 2.5]))", "3.5")
    ),
    function!(
        "array_sort_asc",
        [p("array", JSON)],
        0,
        Dynamic,
        "The elements from small to large.",
        array_sort_asc,
        ("tostring(array_sort_asc(dynamic([2, 1])))", "[1,2]")
    ),
    function!(
        "array_sort_desc",
        [p("array", JSON)],
        0,
        Dynamic,
        "The elements from large to small.",
        array_sort_desc,
        ("tostring(array_sort_desc(dynamic([1, 2])))", "[2,1]")
    ),
    function!(
        "array_split",
        [p("array", JSON), p("at", ANY)],
        0,
        Dynamic,
        "The array cut at positions.",
        array_split,
        ("tostring(array_split(dynamic([1, 2, 3]), 1))", "[[1],[2,3]]")
    ),
    function!(
        "array_rotate_left",
        [p("array", JSON), p("by", LONG)],
        0,
        Dynamic,
        "The elements moved to the front, those that fall off put at the end.",
        rotate_left,
        ("tostring(array_rotate_left(dynamic([1, 2, 3]), 1))", "[2,3,1]")
    ),
    function!(
        "array_rotate_right",
        [p("array", JSON), p("by", LONG)],
        0,
        Dynamic,
        "The elements moved to the end, those that fall off put at the front.",
        rotate_right,
        ("tostring(array_rotate_right(dynamic([1, 2, 3]), 1))", "[3,1,2]")
    ),
    function!(
        "array_shift_left",
        [p("array", JSON), p("by", LONG), p("fill", ANY)],
        1,
        Dynamic,
        "The elements moved to the front, the end filled.",
        shift_left,
        ("tostring(array_shift_left(dynamic([1, 2]), 1))", "[2,null]")
    ),
    function!(
        "array_shift_right",
        [p("array", JSON), p("by", LONG), p("fill", ANY)],
        1,
        Dynamic,
        "The elements moved to the end, the front filled.",
        shift_right,
        ("tostring(array_shift_right(dynamic([1, 2]), 1))", "[null,1]")
    ),
    function!(
        "array_iff",
        [p("conditions", JSON), p("then", ANY), p("else", ANY)],
        0,
        Dynamic,
        "For each condition, the element of one array or of another.",
        array_iff,
        ("tostring(array_iff(dynamic([true, false]), dynamic([1, 2]), dynamic([3, 4])))", "[1,4]")
    ),
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
        "strcat_array",
        [p("array", JSON), p("delimiter", TEXT)],
        0,
        String,
        "The elements as text, with a delimiter between.",
        strcat_array,
        ("strcat_array(dynamic(['a', 'b']), '-')", "a-b")
    ),
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
        [p("from", ANY), p("to", ANY), p("step", ANY)],
        1,
        Dynamic,
        "An array of values at equal distances.",
        range,
        ("tostring(range(1, 7, 3))", "[1,4,7]")
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
            "array_concat",
            &[Overload::of(&[], Returns::Type(Type::Dynamic)).repeating(&[p("array", JSON)], 1)],
            "The elements of all arrays.",
        ),
        array_concat,
        ("tostring(array_concat(dynamic([1]), dynamic([2])))", "[1,2]"),
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

type Elements<'a> = Vec<Cow<'a, str>>;

fn joined<'a>(elements: impl IntoIterator<Item = &'a str>, out: &mut String) -> bool {
    out.push('[');
    for (at, element) in elements.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(element);
    }
    out.push(']');
    true
}

/// A function from an array to an array; null for what is no array.
fn mapped(
    args: &Args<'_>,
    map: impl Fn(usize, Elements<'_>) -> Option<Vec<String>>,
) -> Result<ArrayRef> {
    let array = args.text(0)?;
    args.texts(|row, out| {
        let elements = array.opt(row).and_then(dynamic::elements);
        match elements.and_then(|elements| map(row, elements)) {
            Some(elements) => joined(elements.iter().map(String::as_str), out),
            None => false,
        }
    })
}

fn owned(elements: Elements<'_>) -> Vec<String> {
    elements.into_iter().map(Cow::into_owned).collect()
}

fn array_length(args: &Args<'_>) -> Result<ArrayRef> {
    let array = args.text(0)?;
    args.longs(|row| i64::try_from(array.opt(row).and_then(dynamic::elements)?.len()).ok())
}

fn array_index_of(args: &Args<'_>) -> Result<ArrayRef> {
    let (array, value) = (args.text(0)?, Cells::of(args, 1)?);
    let optional = |at: usize| if args.len() > at { args.long(at).map(Some) } else { Ok(None) };
    let (start, length, occurrence) = (optional(2)?, optional(3)?, optional(4)?);
    args.longs(|row| {
        let elements = array.opt(row).and_then(dynamic::elements)?;
        let mut sought = String::new();
        if !value.json(row, &mut sought) {
            sought.push_str("null");
        }
        let start = start.and_then(|start| start.get(row)).unwrap_or(0);
        let count = i64::try_from(elements.len()).ok()?;
        let start = if start < 0 { (count + start).max(0) } else { start };
        let length = length.and_then(|length| length.get(row)).filter(|length| *length >= 0);
        let end = length.map_or(count, |length| start.saturating_add(length).min(count));
        let occurrence = occurrence.map_or(Some(1), |occurrence| occurrence.get(row))?;
        let skip = usize::try_from(occurrence.checked_sub(1)?).ok()?;
        let mut found = (start..end).filter(|at| {
            let element = usize::try_from(*at).ok().and_then(|at| elements.get(at));
            element.is_some_and(|element| dynamic::equal(element, &sought))
        });
        Some(found.nth(skip).unwrap_or(-1))
    })
}

fn array_slice(args: &Args<'_>) -> Result<ArrayRef> {
    let (start, end) = (args.long(1)?, args.long(2)?);
    mapped(args, |row, elements| {
        let count = i64::try_from(elements.len()).ok()?;
        let from_end = |at: i64| if at < 0 { count + at } else { at };
        let start = from_end(start.get(row)?).max(0);
        let end = from_end(end.get(row)?).min(count - 1);
        let elements = owned(elements);
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end + 1).unwrap_or(0));
        Some(elements.get(start..end).map(<[String]>::to_vec).unwrap_or_default())
    })
}

fn array_reverse(args: &Args<'_>) -> Result<ArrayRef> {
    mapped(args, |_, elements| {
        let mut elements = owned(elements);
        elements.reverse();
        Some(elements)
    })
}

fn array_sum(args: &Args<'_>) -> Result<ArrayRef> {
    let array = args.text(0)?;
    args.reals(|row| {
        let elements = array.opt(row).and_then(dynamic::elements)?;
        elements.iter().map(|element| dynamic::to_real(element)).sum()
    })
}

/// Numbers by value, texts by their bytes, other things after them; null at the end.
fn order(a: &str, b: &str) -> Ordering {
    use dynamic::Kind;
    let rank = |json: &str| match dynamic::kind(json) {
        Kind::Long | Kind::Real => 0,
        Kind::String => 1,
        Kind::Bool => 2,
        Kind::Null => 4,
        _ => 3,
    };
    rank(a).cmp(&rank(b)).then_with(|| match rank(a) {
        0 => dynamic::to_real(a).partial_cmp(&dynamic::to_real(b)).unwrap_or(Ordering::Equal),
        _ => dynamic::to_text(a).cmp(&dynamic::to_text(b)),
    })
}

fn array_sort_asc(args: &Args<'_>) -> Result<ArrayRef> {
    sorted(args, false)
}

fn array_sort_desc(args: &Args<'_>) -> Result<ArrayRef> {
    sorted(args, true)
}

fn sorted(args: &Args<'_>, descending: bool) -> Result<ArrayRef> {
    mapped(args, |_, elements| {
        let mut elements = owned(elements);
        elements.sort_by(|a, b| {
            let nulls = (a == "null").cmp(&(b == "null"));
            nulls.then_with(|| if descending { order(b, a) } else { order(a, b) })
        });
        Some(elements)
    })
}

fn array_split(args: &Args<'_>) -> Result<ArrayRef> {
    let at = Cells::of(args, 1)?;
    mapped(args, |row, elements| {
        let mut json = String::new();
        at.json(row, &mut json);
        let places = dynamic::elements(&json).unwrap_or_else(|| vec![json.as_str().into()]);
        let count = i64::try_from(elements.len()).ok()?;
        let elements = owned(elements);
        let mut parts = Vec::new();
        let mut from = 0;
        let ends = places.iter().filter_map(|place| dynamic::to_long(place));
        for end in ends.map(|end| if end < 0 { count + end } else { end }).chain([count]) {
            let end = usize::try_from(end.clamp(0, count)).ok()?;
            let mut part = String::new();
            joined(
                elements.get(from..end).unwrap_or_default().iter().map(String::as_str),
                &mut part,
            );
            parts.push(part);
            from = end.max(from);
        }
        Some(parts)
    })
}

fn rotate_left(args: &Args<'_>) -> Result<ArrayRef> {
    rotated(args, 1)
}

fn rotate_right(args: &Args<'_>) -> Result<ArrayRef> {
    rotated(args, -1)
}

fn rotated(args: &Args<'_>, direction: i64) -> Result<ArrayRef> {
    let by = args.long(1)?;
    mapped(args, |row, elements| {
        let mut elements = owned(elements);
        let count = i64::try_from(elements.len()).ok()?;
        if count > 0 {
            let by = by.get(row)?.wrapping_mul(direction).rem_euclid(count);
            elements.rotate_left(usize::try_from(by).ok()?);
        }
        Some(elements)
    })
}

fn shift_left(args: &Args<'_>) -> Result<ArrayRef> {
    shifted(args, 1)
}

fn shift_right(args: &Args<'_>) -> Result<ArrayRef> {
    shifted(args, -1)
}

fn shifted(args: &Args<'_>, direction: i64) -> Result<ArrayRef> {
    let by = args.long(1)?;
    let fill = if args.len() > 2 { Some(Cells::of(args, 2)?) } else { None };
    mapped(args, |row, elements| {
        let mut filling = String::new();
        if !fill.as_ref().is_some_and(|fill| fill.json(row, &mut filling)) {
            filling.push_str("null");
        }
        let by = by.get(row)?.wrapping_mul(direction);
        let count = i64::try_from(elements.len()).ok()?;
        let elements = owned(elements);
        let at = |position: i64| {
            let from = usize::try_from(position.checked_add(by)?).ok()?;
            elements.get(from).cloned()
        };
        Some((0..count).map(|position| at(position).unwrap_or_else(|| filling.clone())).collect())
    })
}

fn array_iff(args: &Args<'_>) -> Result<ArrayRef> {
    let (then, otherwise) = (Cells::of(args, 1)?, Cells::of(args, 2)?);
    mapped(args, |row, conditions| {
        let (mut yes, mut no) = (String::new(), String::new());
        then.json(row, &mut yes);
        otherwise.json(row, &mut no);
        let pick = |json: &str, at: usize| match dynamic::elements(json) {
            Some(elements) => {
                elements.get(at).map_or_else(|| "null".to_owned(), |e| e.clone().into_owned())
            }
            None if json.is_empty() => "null".to_owned(),
            None => json.to_owned(),
        };
        let chosen = conditions.iter().enumerate().map(|(at, condition)| {
            match dynamic::to_bool(condition) {
                Some(true) => pick(&yes, at),
                Some(false) => pick(&no, at),
                None => "null".to_owned(),
            }
        });
        Some(chosen.collect())
    })
}

fn set_has_element(args: &Args<'_>) -> Result<ArrayRef> {
    let (array, value) = (args.text(0)?, Cells::of(args, 1)?);
    args.bools(|row| {
        let elements = array.opt(row).and_then(dynamic::elements)?;
        let mut sought = String::new();
        value.json(row, &mut sought);
        Some(elements.iter().any(|element| dynamic::equal(element, &sought)))
    })
}

fn strcat_array(args: &Args<'_>) -> Result<ArrayRef> {
    let (array, delimiter) = (args.text(0)?, args.text(1)?);
    args.strings(|row, out| {
        let elements = array.opt(row).and_then(dynamic::elements).unwrap_or_default();
        for (at, element) in elements.iter().enumerate() {
            if at > 0 {
                out.push_str(delimiter.get(row));
            }
            out.push_str(&dynamic::to_text(element));
        }
    })
}

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
    if args.types.iter().take(2).any(|ty| *ty == Type::Real) {
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

/// The different elements of every argument's array.
fn sets<'a>(args: &Args<'a>, row: usize) -> Result<Vec<Elements<'a>>> {
    let mut all = Vec::with_capacity(args.len());
    for at in 0..args.len() {
        let elements = args.text(at)?.opt(row).and_then(dynamic::elements).unwrap_or_default();
        let mut different: Elements<'a> = Vec::with_capacity(elements.len());
        let mut seen = std::collections::HashSet::new();
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
        let mut seen = std::collections::HashSet::new();
        owned(all.into_iter().flatten().filter(|element| seen.insert(element.clone())).collect())
    })
}

fn set_intersect(args: &Args<'_>) -> Result<ArrayRef> {
    combined(args, |mut all| {
        let first = if all.is_empty() { Vec::new() } else { all.remove(0) };
        owned(
            first
                .into_iter()
                .filter(|element| all.iter().all(|other| other.contains(element)))
                .collect(),
        )
    })
}

fn set_difference(args: &Args<'_>) -> Result<ArrayRef> {
    combined(args, |mut all| {
        let first = if all.is_empty() { Vec::new() } else { all.remove(0) };
        owned(
            first
                .into_iter()
                .filter(|element| !all.iter().any(|other| other.contains(element)))
                .collect(),
        )
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of elements are far below 2^52")]
fn jaccard_index(args: &Args<'_>) -> Result<ArrayRef> {
    let mut values = Vec::with_capacity(args.rows);
    for row in 0..args.rows {
        let all = sets(args, row)?;
        let [a, b] = all.as_slice() else { continue };
        let common = a.iter().filter(|element| b.contains(element)).count();
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
        values.push(a.len() == b.len() && a.iter().all(|element| b.contains(element)));
    }
    args.bools(|row| values.get(row).copied())
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
