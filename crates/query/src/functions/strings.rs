//! Text: length, parts, case, joining, replacing. Deliberately absent: regular expressions (`regexes`), matching
//! (`matching`), encodings (`encoding`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::cells::Cells;
use super::kinds::{ANY, LONG, TEXT};
use super::{Function, p};
use crate::dynamic;
use crate::kernel::{Args, Text};

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
        "strlen",
        [p("text", ANY)],
        0,
        Long,
        "How many characters the text has.",
        strlen,
        ("strlen('häuser')", "6")
    ),
    function!(
        "string_size",
        [p("text", ANY)],
        0,
        Long,
        "How many bytes the text has in UTF-8.",
        string_size,
        ("string_size('ä')", "2")
    ),
    function!(
        "tolower",
        [p("text", TEXT)],
        0,
        String,
        "The text in lowercase.",
        tolower,
        ("tolower('ÄbC')", "äbc")
    ),
    function!(
        "toupper",
        [p("text", TEXT)],
        0,
        String,
        "The text in uppercase.",
        toupper,
        ("toupper('äbC')", "ÄBC")
    ),
    function!(
        "isempty",
        [p("value", ANY)],
        0,
        Bool,
        "Whether the value is the empty text or null.",
        isempty,
        ("isempty('')", "True")
    ),
    function!(
        "isnotempty",
        [p("value", ANY)],
        0,
        Bool,
        "Whether the value is neither the empty text nor null.",
        isnotempty,
        ("isnotempty('')", "False")
    ),
    function!(
        "isascii",
        [p("text", TEXT)],
        0,
        Bool,
        "Whether the text holds nothing but ASCII.",
        isascii,
        ("isascii('ä')", "False")
    ),
    function!(
        "isutf8",
        [p("text", TEXT)],
        0,
        Bool,
        "Whether the text is valid UTF-8, which text always is here.",
        isutf8,
        ("isutf8('ä')", "True")
    ),
    function!(
        "substring",
        [p("text", TEXT), p("start", LONG), p("length", LONG)],
        1,
        String,
        "Part of the text, from a position (from 0; negative counts from the end) and of a length.",
        substring,
        ("substring('abcdef', 1, 3)", "bcd")
    ),
    function!(
        "split",
        [p("text", TEXT), p("delimiter", TEXT), p("index", LONG)],
        1,
        Dynamic,
        "The parts of the text between delimiters, as an array; with an index, an array of that part alone.",
        split,
        ("split('a,b,c', ',')[1]", "b")
    ),
    function!(
        "indexof",
        [
            p("text", ANY),
            p("sought", ANY),
            p("start", LONG),
            p("length", LONG),
            p("occurrence", LONG)
        ],
        3,
        Long,
        "Position of a text within another, from 0; -1 if it is not there.",
        indexof,
        ("indexof('abcabc', 'c', 3)", "5")
    ),
    function!(
        "strcmp",
        [p("a", TEXT), p("b", TEXT)],
        0,
        Long,
        "-1, 0 or 1, as the first text sorts before, with or after the second.",
        strcmp,
        ("strcmp('a', 'b')", "-1")
    ),
    function!(
        "countof",
        [p("text", TEXT), p("sought", TEXT), p("kind", TEXT)],
        1,
        Long,
        "How often a text occurs in another (overlapping ones count); with kind 'regex', how often a pattern matches.",
        countof,
        ("countof('aaaa', 'aa')", "3")
    ),
    function!(
        "unicode_codepoints_from_string",
        [p("text", TEXT)],
        0,
        Dynamic,
        "The code points of the text's characters.",
        codepoints,
        ("tostring(unicode_codepoints_from_string('ab'))", "[97,98]")
    ),
    Function::kernel(
        Signature::new(
            "unicode_codepoints_to_string",
            &[Overload::of(&[], Returns::Type(Type::String)).repeating(&[p("codepoint", ANY)], 1)],
            "The text of characters given by their code points or arrays of such.",
        ),
        from_codepoints,
        ("unicode_codepoints_to_string(97, 98)", "ab"),
    ),
];

/// A stored string that may be null, as Kusto's string that never is.
pub(crate) fn null_to_empty(args: &Args<'_>) -> Result<ArrayRef> {
    let (array, constant) = args.raw(0)?;
    if !constant && array.null_count() == 0 && array.data_type() == args.out {
        return Ok(array.clone());
    }
    let text = args.text(0)?;
    args.strings(|row, out| out.push_str(text.get(row)))
}

/// Any argument as text: strings are read as they are, other types are written into a buffer.
pub(super) enum Worded<'a> {
    Text(Text<'a>),
    Cells(Cells<'a>),
}

impl<'a> Worded<'a> {
    pub(super) fn of(args: &Args<'a>, index: usize) -> Result<Self> {
        Ok(match args.types.get(index) {
            Some(Type::String) => Self::Text(args.text(index)?),
            _ => Self::Cells(Cells::of(args, index)?),
        })
    }

    pub(super) fn with<T>(&self, row: usize, use_text: impl FnOnce(&str) -> T) -> T {
        match self {
            Self::Text(text) => use_text(text.get(row)),
            Self::Cells(cells) => {
                let mut buffer = String::new();
                cells.text(row, &mut buffer);
                use_text(&buffer)
            }
        }
    }
}

fn long(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn strlen(args: &Args<'_>) -> Result<ArrayRef> {
    let text = Worded::of(args, 0)?;
    args.longs(|row| {
        Some(text.with(row, |text| {
            long(if text.is_ascii() { text.len() } else { text.chars().count() })
        }))
    })
}

fn string_size(args: &Args<'_>) -> Result<ArrayRef> {
    let text = Worded::of(args, 0)?;
    args.longs(|row| Some(text.with(row, |text| long(text.len()))))
}

fn tolower(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        changed_case(text.get(row), out, str::make_ascii_lowercase, str::to_lowercase)
    })
}

fn toupper(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        changed_case(text.get(row), out, str::make_ascii_uppercase, str::to_uppercase)
    })
}

fn changed_case(text: &str, out: &mut String, ascii: fn(&mut str), any: fn(&str) -> String) {
    if text.is_ascii() {
        out.push_str(text);
        ascii(out);
    } else {
        out.push_str(&any(text));
    }
}

fn isempty(args: &Args<'_>) -> Result<ArrayRef> {
    emptiness(args, true)
}

fn isnotempty(args: &Args<'_>) -> Result<ArrayRef> {
    emptiness(args, false)
}

fn emptiness(args: &Args<'_>, wanted: bool) -> Result<ArrayRef> {
    let text = Worded::of(args, 0)?;
    args.bools(|row| Some(text.with(row, str::is_empty) == wanted))
}

fn isascii(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.bools(|row| Some(text.get(row).is_ascii()))
}

fn isutf8(args: &Args<'_>) -> Result<ArrayRef> {
    args.bools(|_| Some(true))
}

fn substring(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, start) = (args.text(0)?, args.long(1)?);
    let length = if args.len() > 2 { Some(args.long(2)?) } else { None };
    args.strings(|row, out| {
        let text = text.get(row);
        let Some(start) = start.get(row) else { return };
        let start = if start < 0 { (long(text.chars().count()) + start).max(0) } else { start };
        let length = length.map_or(i64::MAX, |length| length.get(row).unwrap_or(0));
        let length = if length < 0 { 0 } else { length };
        let skip = usize::try_from(start).unwrap_or(usize::MAX);
        let take = usize::try_from(length).unwrap_or(usize::MAX);
        out.extend(text.chars().skip(skip).take(take));
    })
}

fn split(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, delimiter) = (Worded::of(args, 0)?, args.text(1)?);
    let index = if args.len() > 2 { Some(args.long(2)?) } else { None };
    args.texts(|row, out| {
        text.with(row, |text| {
            let delimiter = delimiter.get(row);
            let parts: Vec<&str> =
                if delimiter.is_empty() { vec![text] } else { text.split(delimiter).collect() };
            let chosen = match index.and_then(|index| index.get(row)) {
                Some(index) => {
                    let Some(part) = usize::try_from(index).ok().and_then(|at| parts.get(at))
                    else {
                        return false;
                    };
                    vec![*part]
                }
                None => parts,
            };
            out.push('[');
            for (at, part) in chosen.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                dynamic::write_string(part, out);
            }
            out.push(']');
            true
        })
    })
}

fn indexof(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, sought) = (Worded::of(args, 0)?, Worded::of(args, 1)?);
    let optional = |at: usize| if args.len() > at { args.long(at).map(Some) } else { Ok(None) };
    let (start, length, occurrence) = (optional(2)?, optional(3)?, optional(4)?);
    args.longs(|row| {
        let start = start.map_or(Some(0), |start| start.get(row))?;
        let length = length.map_or(Some(-1), |length| length.get(row))?;
        let occurrence = occurrence.map_or(Some(1), |occurrence| occurrence.get(row))?;
        text.with(row, |text| {
            sought.with(row, |sought| position(text, sought, start, length, occurrence))
        })
    })
}

fn position(text: &str, sought: &str, start: i64, length: i64, occurrence: i64) -> Option<i64> {
    let characters: Vec<char> = text.chars().collect();
    let count = long(characters.len());
    let start = if start < 0 { (count + start).max(0) } else { start };
    if length < -1 || occurrence < 1 {
        return None;
    }
    // The length limits where a match may begin, not where it ends.
    let starts = if length < 0 { count } else { start.saturating_add(length).min(count) };
    let (Ok(start), Ok(starts)) = (usize::try_from(start), usize::try_from(starts)) else {
        return Some(-1);
    };
    let Some(window) = characters.get(start..) else { return Some(-1) };
    let sought: Vec<char> = sought.chars().collect();
    if sought.is_empty() {
        return Some(long(start));
    }
    let skip = usize::try_from(occurrence - 1).unwrap_or(usize::MAX);
    let found = window
        .windows(sought.len())
        .take(starts.saturating_sub(start))
        .enumerate()
        .filter(|(_, at)| *at == sought)
        .nth(skip);
    Some(found.map_or(-1, |(at, _)| long(start + at)))
}

fn strcmp(args: &Args<'_>) -> Result<ArrayRef> {
    let (a, b) = (args.text(0)?, args.text(1)?);
    args.longs(|row| Some(a.get(row).cmp(b.get(row)) as i64))
}

fn countof(args: &Args<'_>) -> Result<ArrayRef> {
    if args.len() > 2 && args.constant_text(2)? == Some("regex") {
        return super::regexes::count_matches(args);
    }
    let (text, sought) = (args.text(0)?, args.text(1)?);
    args.longs(|row| {
        let (text, sought) = (text.get(row), sought.get(row));
        if sought.is_empty() {
            return Some(0);
        }
        let count = text.char_indices().filter(|(at, _)| text[*at..].starts_with(sought)).count();
        Some(long(count))
    })
}

fn codepoints(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        let points: Vec<String> =
            text.get(row).chars().map(|character| u32::from(character).to_string()).collect();
        out.push('[');
        out.push_str(&points.join(","));
        out.push(']');
        true
    })
}

fn from_codepoints(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = (0..args.len()).map(|at| Cells::of(args, at)).collect::<Result<Vec<_>>>()?;
    args.strings(|row, out| {
        for cells in &cells {
            let mut json = String::new();
            cells.json(row, &mut json);
            let points = dynamic::elements(&json);
            let points = points.unwrap_or_else(|| vec![json.as_str().into()]);
            let characters = points
                .iter()
                .filter_map(|point| u32::try_from(dynamic::to_long(point)?).ok())
                .filter_map(char::from_u32);
            out.extend(characters);
        }
    })
}
