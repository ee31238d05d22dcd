//! Text that is put together or rewritten. Deliberately absent: regular expressions (`regexes`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::cells::Cells;
use super::kinds::{ANY, JSON, LONG, TEXT};
use super::strings::Worded;
use super::{Function, p};
use crate::dynamic;
use crate::kernel::Args;

macro_rules! function {
    ($name:literal, [$($param:expr),*], $optional:literal, $ty:ident, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[$($param),*], Returns::Type(Type::$ty)).optional($optional)],
                $doc,
            ),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "replace_string",
        [p("text", TEXT), p("sought", TEXT), p("replacement", TEXT)],
        0,
        String,
        "The text with every occurrence of another replaced.",
        replace_string,
        ("replace_string('a-b-c', '-', '+')", "a+b+c")
    ),
    function!(
        "replace_strings",
        [p("text", TEXT), p("sought", JSON), p("replacements", JSON)],
        0,
        String,
        "The text with every occurrence of any of several replaced, one after the other.",
        replace_strings,
        ("replace_strings('a b', dynamic(['a', 'b']), dynamic(['x', 'y']))", "x y")
    ),
    function!(
        "reverse",
        [p("value", ANY)],
        0,
        String,
        "The text backwards.",
        reverse,
        ("reverse('abc')", "cba")
    ),
    function!(
        "strrep",
        [p("value", ANY), p("times", LONG), p("delimiter", TEXT)],
        1,
        String,
        "The text repeated, with a delimiter between.",
        strrep,
        ("strrep('a', 3, '-')", "a-a-a")
    ),
    function!(
        "translate",
        [p("sought", TEXT), p("replacements", TEXT), p("text", TEXT)],
        0,
        String,
        "The text with each character of a list replaced by that of another list.",
        translate,
        ("translate('abc', 'x', 'cab!')", "xxx!")
    ),
    Function::kernel(
        Signature::new(
            "strcat",
            &[Overload::of(&[], Returns::Type(Type::String)).repeating(&[p("value", ANY)], 1)],
            "The values as text, one after the other.",
        ),
        strcat,
        ("strcat('a', 1, true)", "a1True"),
    ),
    Function::kernel(
        Signature::new(
            "strcat_delim",
            &[Overload::of(&[p("delimiter", TEXT)], Returns::Type(Type::String))
                .repeating(&[p("value", ANY)], 1)],
            "The values as text, with a delimiter between.",
        ),
        strcat_delim,
        ("strcat_delim('-', 'a', 1)", "a-1"),
    ),
];

fn replace_string(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, sought, replacement) = (args.text(0)?, args.text(1)?, args.text(2)?);
    args.strings(|row, out| {
        let (text, sought) = (text.get(row), sought.get(row));
        if sought.is_empty() {
            out.push_str(text);
        } else {
            out.push_str(&text.replace(sought, replacement.get(row)));
        }
    })
}

fn replace_strings(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, sought, replacements) = (args.text(0)?, args.text(1)?, args.text(2)?);
    args.strings(|row, out| {
        let sought = sought.opt(row).and_then(dynamic::elements).unwrap_or_default();
        let replacements = replacements.opt(row).and_then(dynamic::elements).unwrap_or_default();
        let pairs: Vec<_> = sought
            .iter()
            .zip(&replacements)
            .map(|(from, to)| {
                let is_text = dynamic::kind(to) == dynamic::Kind::String;
                (dynamic::to_text(from), is_text.then(|| dynamic::to_text(to)))
            })
            .filter(|(from, _)| !from.is_empty())
            .collect();
        // One pass over the text: what was put in is not looked at again. A replacement that is no text keeps what it
        // would replace.
        let mut rest = text.get(row);
        while let Some(first) = rest.chars().next() {
            match pairs.iter().find(|(from, _)| rest.starts_with(&**from)) {
                Some((from, to)) => {
                    out.push_str(to.as_deref().unwrap_or(from));
                    rest = &rest[from.len()..];
                }
                None => {
                    out.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
    })
}

fn reverse(args: &Args<'_>) -> Result<ArrayRef> {
    let text = Worded::of(args, 0)?;
    args.strings(|row, out| text.with(row, |text| out.extend(text.chars().rev())))
}

/// The largest text that `strrep` makes: its repetitions are cut so that a short query cannot fill memory.
const REPEATED_BYTES_MAX: usize = 1024 * 1024;

fn strrep(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, times) = (Worded::of(args, 0)?, args.long(1)?);
    let delimiter = if args.len() > 2 { Some(args.text(2)?) } else { None };
    args.strings(|row, out| {
        let times = times.get(row).unwrap_or(0).clamp(0, 1024);
        text.with(row, |text| {
            for at in 0..times {
                if out.len() + text.len() > REPEATED_BYTES_MAX {
                    break;
                }
                if at > 0 {
                    out.push_str(delimiter.map_or("", |delimiter| delimiter.get(row)));
                }
                out.push_str(text);
            }
        });
    })
}

fn translate(args: &Args<'_>) -> Result<ArrayRef> {
    let (sought, replacements, text) = (args.text(0)?, args.text(1)?, args.text(2)?);
    args.strings(|row, out| {
        let sought: Vec<char> = sought.get(row).chars().collect();
        let replacements: Vec<char> = replacements.get(row).chars().collect();
        for character in text.get(row).chars() {
            match sought.iter().position(|other| *other == character) {
                Some(at) => out.extend(replacements.get(at).or_else(|| replacements.last())),
                None => out.push(character),
            }
        }
    })
}

fn strcat(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = (0..args.len()).map(|at| Cells::of(args, at)).collect::<Result<Vec<_>>>()?;
    args.strings(|row, out| {
        for cells in &cells {
            cells.text(row, out);
        }
    })
}

fn strcat_delim(args: &Args<'_>) -> Result<ArrayRef> {
    let delimiter = args.text(0)?;
    let cells = (1..args.len()).map(|at| Cells::of(args, at)).collect::<Result<Vec<_>>>()?;
    args.strings(|row, out| {
        for (at, cells) in cells.iter().enumerate() {
            if at > 0 {
                out.push_str(delimiter.get(row));
            }
            cells.text(row, out);
        }
    })
}
