//! Regular expressions of the user, in the syntax of the `regex` crate (linear time, no look-around), which is close to
//! Kusto's RE2. A constant pattern is compiled once for each batch. Deliberately absent: matching of plain text (`matching`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;
use regex::{Regex, RegexBuilder};

use super::kinds::{ANY, JSON, LONG, TEXT};
use super::{Function, convert, p};
use crate::dynamic;
use crate::error::Error;
use crate::kernel::{Args, Text};

/// How much memory one compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 10 * 1024 * 1024;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::kernel(
        Signature::new(
            "matches regex",
            &[Overload::of(&[p("text", TEXT), p("pattern", TEXT)], Returns::Type(Type::Bool))],
            "Whether a pattern matches somewhere in the text.",
        ),
        matches,
        (r"'ab12' matches regex @'\d+'", "True"),
    ),
    Function::kernel(
        Signature::new(
            "extract",
            &[
                Overload::of(
                    &[p("pattern", TEXT), p("group", LONG), p("text", TEXT)],
                    Returns::Type(Type::String),
                ),
                Overload::of(
                    &[
                        p("pattern", TEXT),
                        p("group", LONG),
                        p("text", TEXT),
                        p("type", ParamKind::TypeName),
                    ],
                    Returns::TypeArgument(3, Type::String),
                ),
            ],
            "What a group of a pattern matched (0 is the whole match), converted to a type.",
        ),
        extract,
        (r"extract('user=([a-z]+)', 1, 'id=1 user=ann')", "ann"),
    ),
    Function::kernel(
        Signature::new(
            "extract_all",
            &[
                Overload::of(&[p("pattern", TEXT), p("text", TEXT)], Returns::Type(Type::Dynamic)),
                Overload::of(
                    &[p("pattern", TEXT), p("groups", JSON), p("text", TEXT)],
                    Returns::Type(Type::Dynamic),
                ),
            ],
            "What the groups of a pattern matched, for every match: an array of texts, or of arrays if there are several groups.",
        ),
        extract_all,
        (r"tostring(extract_all(@'(\d)', 'a1b2'))", r#"["1","2"]"#),
    ),
    Function::kernel(
        Signature::new(
            "replace_regex",
            &[Overload::of(
                &[p("text", TEXT), p("pattern", TEXT), p("replacement", TEXT)],
                Returns::Type(Type::String),
            )],
            r"The text with every match of a pattern replaced; `\1` stands for the first group.",
        ),
        replace,
        (r"replace_regex('a1', @'(\w)(\d)', @'\2\1')", "1a"),
    ),
    Function::kernel(
        Signature::new(
            "trim",
            &[Overload::of(&[p("pattern", TEXT), p("text", TEXT)], Returns::Type(Type::String))],
            "The text without matches of a pattern at its ends.",
        ),
        trim,
        ("trim('-+', '--a-b--')", "a-b"),
    ),
    Function::kernel(
        Signature::new(
            "trim_start",
            &[Overload::of(&[p("pattern", TEXT), p("text", TEXT)], Returns::Type(Type::String))],
            "The text without a match of a pattern at its start.",
        ),
        trim_start,
        ("trim_start('-+', '--a--')", "a--"),
    ),
    Function::kernel(
        Signature::new(
            "trim_end",
            &[Overload::of(&[p("pattern", TEXT), p("text", TEXT)], Returns::Type(Type::String))],
            "The text without a match of a pattern at its end.",
        ),
        trim_end,
        ("trim_end('-+', '--a--')", "--a"),
    ),
    Function::kernel(
        Signature::new(
            "regex_quote",
            &[Overload::of(&[p("text", ANY)], Returns::Type(Type::String))],
            "The text with everything escaped that has a meaning in patterns.",
        ),
        quote,
        ("regex_quote('a.b')", r"a\.b"),
    ),
    Function::kernel(
        Signature::new(
            "indexof_regex",
            &[Overload::of(
                &[
                    p("text", TEXT),
                    p("pattern", TEXT),
                    p("start", LONG),
                    p("length", LONG),
                    p("occurrence", LONG),
                ],
                Returns::Type(Type::Long),
            )
            .optional(3)],
            "Position of a match of a pattern, from 0; -1 if there is none.",
        ),
        index_of,
        (r"indexof_regex('ab12', @'\d')", "2"),
    ),
];

/// The patterns of an argument; the last one is kept compiled.
struct Patterns<'a> {
    text: Text<'a>,
    wrap: fn(&str) -> String,
    last: Option<(String, Regex)>,
}

impl<'a> Patterns<'a> {
    fn of(args: &Args<'a>, index: usize, wrap: fn(&str) -> String) -> Result<Self> {
        Ok(Self { text: args.text(index)?, wrap, last: None })
    }

    fn get(&mut self, row: usize) -> Result<&Regex> {
        let pattern = self.text.get(row);
        let known = self.last.take().filter(|(text, _)| text == pattern);
        let (text, regex) = match known {
            Some(known) => known,
            None => (pattern.to_owned(), compiled(&(self.wrap)(pattern))?),
        };
        Ok(&self.last.insert((text, regex)).1)
    }
}

fn as_written(pattern: &str) -> String {
    pattern.to_owned()
}

fn compiled(pattern: &str) -> Result<Regex> {
    RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build().map_err(|error| {
        Error::Regex { pattern: pattern.to_owned(), message: error.to_string() }.into()
    })
}

/// Answers row by row with a compiled pattern; the first pattern that does not compile ends it.
fn each<T>(
    args: &Args<'_>,
    index: usize,
    wrap: fn(&str) -> String,
    mut answer: impl FnMut(&Regex, usize) -> T,
) -> Result<Vec<T>> {
    let mut patterns = Patterns::of(args, index, wrap)?;
    (0..args.rows).map(|row| Ok(answer(patterns.get(row)?, row))).collect()
}

fn matches(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let found = each(args, 1, as_written, |regex, row| regex.is_match(text.get(row)))?;
    args.bools(|row| found.get(row).copied())
}

/// `countof` with kind `regex`.
pub(super) fn count_matches(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let found = each(args, 1, as_written, |regex, row| regex.find_iter(text.get(row)).count())?;
    args.longs(|row| found.get(row).and_then(|count| i64::try_from(*count).ok()))
}

fn extract(args: &Args<'_>) -> Result<ArrayRef> {
    let (group, text) = (args.long(1)?, args.text(2)?);
    let found = each(args, 0, as_written, |regex, row| {
        let group = usize::try_from(group.get(row)?).ok()?;
        let captures = regex.captures(text.get(row))?;
        captures.get(group).map(|found| found.as_str().to_owned())
    })?;
    let ty = match args.len() {
        4 => args.constant_text(3)?.and_then(Type::named).unwrap_or(Type::String),
        _ => Type::String,
    };
    convert::from_json(args, ty, |row| {
        let text = found.get(row)?.as_deref()?;
        let mut json = String::new();
        if ty == Type::Dynamic {
            dynamic::from_text(text, &mut json);
        } else {
            dynamic::write_string(text, &mut json);
        }
        Some(json.into())
    })
}

fn extract_all(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(args.len() - 1)?;
    let chosen = if args.len() > 2 { Some(args.text(1)?) } else { None };
    let found = each(args, 0, as_written, |regex, row| {
        let groups: Vec<usize> = match chosen.and_then(|chosen| chosen.opt(row)) {
            Some(json) => dynamic::elements(json)?
                .iter()
                .filter_map(|item| usize::try_from(dynamic::to_long(item)?).ok())
                .collect(),
            None if regex.captures_len() == 1 => vec![0],
            None => (1..regex.captures_len()).collect(),
        };
        let mut items = Vec::new();
        for captures in regex.captures_iter(text.get(row)) {
            let parts: Vec<String> = groups
                .iter()
                .map(|group| {
                    let mut json = String::new();
                    let part = captures.get(*group).map_or("", |part| part.as_str());
                    dynamic::write_string(part, &mut json);
                    json
                })
                .collect();
            items.push(if let [part] = parts.as_slice() {
                part.clone()
            } else {
                format!("[{}]", parts.join(","))
            });
        }
        (!items.is_empty()).then(|| format!("[{}]", items.join(",")))
    })?;
    args.texts(|row, out| match found.get(row) {
        Some(Some(json)) => {
            out.push_str(json);
            true
        }
        _ => false,
    })
}

/// Kusto's `\1` as the `${1}` of the `regex` crate, whose own `$` is a plain character to Kusto.
fn replacement(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '$' => out.push_str("$$"),
            '\\' => match characters.peek().copied() {
                Some(digit) if digit.is_ascii_digit() => {
                    characters.next();
                    out.push_str("${");
                    out.push(digit);
                    out.push('}');
                }
                Some('\\') => {
                    characters.next();
                    out.push('\\');
                }
                _ => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    out
}

fn replace(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, rewrite) = (args.text(0)?, args.text(2)?);
    let constant = args.constant_text(2)?.map(replacement);
    let replaced = each(args, 1, as_written, |regex, row| match &constant {
        Some(rewrite) => regex.replace_all(text.get(row), rewrite.as_str()).into_owned(),
        None => {
            regex.replace_all(text.get(row), replacement(rewrite.get(row)).as_str()).into_owned()
        }
    })?;
    args.strings(|row, out| out.push_str(replaced.get(row).map_or("", String::as_str)))
}

fn trim(args: &Args<'_>) -> Result<ArrayRef> {
    trimmed(args, |pattern| format!(r"\A(?:{pattern})|(?:{pattern})\z"))
}

fn trim_start(args: &Args<'_>) -> Result<ArrayRef> {
    trimmed(args, |pattern| format!(r"\A(?:{pattern})"))
}

fn trim_end(args: &Args<'_>) -> Result<ArrayRef> {
    trimmed(args, |pattern| format!(r"(?:{pattern})\z"))
}

fn trimmed(args: &Args<'_>, wrap: fn(&str) -> String) -> Result<ArrayRef> {
    let text = args.text(1)?;
    let trimmed =
        each(args, 0, wrap, |regex, row| regex.replace_all(text.get(row), "").into_owned())?;
    args.strings(|row, out| out.push_str(trimmed.get(row).map_or("", String::as_str)))
}

fn quote(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = super::cells::Cells::of(args, 0)?;
    args.strings(|row, out| {
        let mut text = String::new();
        cells.text(row, &mut text);
        out.push_str(&regex::escape(&text));
    })
}

fn index_of(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let optional = |at: usize| if args.len() > at { args.long(at).map(Some) } else { Ok(None) };
    let (start, length, occurrence) = (optional(2)?, optional(3)?, optional(4)?);
    let found = each(args, 1, as_written, |regex, row| {
        let text = text.get(row);
        let start = start.map_or(Some(0), |start| start.get(row))?;
        let length = length.map_or(Some(-1), |length| length.get(row))?;
        let occurrence = occurrence.map_or(Some(1), |occurrence| occurrence.get(row))?;
        let skip = usize::try_from(start).ok()?;
        let offset = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
        let from = offset(skip);
        let until = match usize::try_from(length) {
            Ok(length) => offset(skip.saturating_add(length)),
            Err(_) => text.len(),
        };
        let which = usize::try_from(occurrence.checked_sub(1)?).ok()?;
        let found = regex.find_iter(&text[from..until]).nth(which);
        Some(found.map_or(-1, |found| {
            i64::try_from(text[..from + found.start()].chars().count()).unwrap_or(i64::MAX)
        }))
    })?;
    args.longs(|row| found.get(row).copied().flatten())
}

/// The groups of one match of a `parse` pattern as an array of texts: text, pattern, and the type names of the groups, each
/// of which must read as its type. Null if the pattern does not match.
pub(crate) fn parse_groups(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let types: Vec<Type> = args
        .constant_text(2)?
        .unwrap_or_default()
        .split(',')
        .map(|name| Type::named(name).unwrap_or(Type::String))
        .collect();
    let found = each(args, 1, as_written, |regex, row| {
        let captures = regex.captures(text.get(row))?;
        let mut json = String::from("[");
        for (at, ty) in types.iter().enumerate() {
            let part = captures.get(at + 1).map_or("", |part| part.as_str());
            if !fits(part, *ty) {
                return None;
            }
            if at > 0 {
                json.push(',');
            }
            dynamic::write_string(part, &mut json);
        }
        json.push(']');
        Some(json)
    })?;
    args.texts(|row, out| match found.get(row) {
        Some(Some(json)) => {
            out.push_str(json);
            true
        }
        _ => false,
    })
}

fn fits(text: &str, ty: Type) -> bool {
    match ty {
        Type::Int | Type::Long => dynamic::text_to_long(text).is_some(),
        Type::Real | Type::Decimal => dynamic::text_to_real(text).is_some(),
        Type::Bool => dynamic::text_to_bool(text).is_some(),
        Type::DateTime => crate::ticks::parse_datetime(text).is_some(),
        Type::TimeSpan => crate::ticks::parse_timespan(text).is_some(),
        _ => true,
    }
}
