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
    Function::kernel(
        Signature::new(
            "array_sort_asc",
            SORTED,
            "The elements from small to large, null at the end unless the last argument is false. Further arrays are put into the order of the first.",
        ),
        array_sort_asc,
        ("tostring(array_sort_asc(dynamic([2, 1])))", "[1,2]"),
    ),
    Function::kernel(
        Signature::new(
            "array_sort_desc",
            SORTED,
            "The elements from large to small, null at the end unless the last argument is false. Further arrays are put into the order of the first.",
        ),
        array_sort_desc,
        ("tostring(array_sort_desc(dynamic([1, 2])))", "[2,1]"),
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
        "strcat_array",
        [p("array", JSON), p("delimiter", TEXT)],
        0,
        String,
        "The elements as text, with a delimiter between.",
        strcat_array,
        ("strcat_array(dynamic(['a', 'b']), '-')", "a-b")
    ),
];

/// One array or more, then perhaps whether null stands at the end.
const SORTED: &[Overload] = &[
    Overload::of(&[p("array", JSON)], Returns::Type(Type::Dynamic))
        .repeating(&[p("array", JSON)], 0),
    Overload::of(&[p("array", JSON)], Returns::Type(Type::Dynamic))
        .repeating(&[p("array", JSON)], 0)
        .tail(&[p("nulls_last", super::kinds::BOOL)]),
];

pub(super) type Elements<'a> = Vec<Cow<'a, str>>;

pub(super) fn joined<'a>(elements: impl IntoIterator<Item = &'a str>, out: &mut String) -> bool {
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

pub(super) fn owned(elements: Elements<'_>) -> Vec<String> {
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
    let last = args.len().saturating_sub(1);
    let nulls_last =
        if args.types.last() == Some(&Type::Bool) { Some(args.bool(last)?) } else { None };
    let count = if nulls_last.is_some() { last } else { args.len() };
    let arrays = (0..count).map(|at| args.text(at)).collect::<Result<Vec<_>>>()?;
    args.texts(|row, out| {
        let columns: Vec<Option<Elements<'_>>> =
            arrays.iter().map(|array| array.opt(row).and_then(dynamic::elements)).collect();
        let Some(Some(first)) = columns.first() else { return false };
        let nulls_last = nulls_last.and_then(|last| last.get(row)).unwrap_or(true);
        let mut places: Vec<usize> = (0..first.len()).collect();
        places.sort_by(|a, b| {
            let (a, b) = (&first[*a], &first[*b]);
            let nulls = (a == "null").cmp(&(b == "null"));
            let nulls = if nulls_last { nulls } else { nulls.reverse() };
            nulls.then_with(|| if descending { order(b, a) } else { order(a, b) })
        });
        let write = |column: &Option<Elements<'_>>, out: &mut String| match column {
            Some(elements) if elements.len() == places.len() => {
                joined(places.iter().map(|place| &*elements[*place]), out);
            }
            _ => out.push_str("null"),
        };
        if let [one] = columns.as_slice() {
            write(one, out);
            return true;
        }
        out.push('[');
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write(column, out);
        }
        out.push(']');
        true
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
