//! Matching of text: `has`, `contains`, `startswith` and their kin. A constant needle is compiled
//! once for each batch, and is sought by the vectorised searcher of the `regex` crate.
//!
//! A term is a run of letters and digits; `has` wants the needle to begin and end at the border of one (the border is asked
//! for only where the needle's own edge is part of a term). Deliberately absent: patterns of the user (`regexes`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;
use regex::{Regex, RegexBuilder};

use super::cells::Cells;
use super::kinds::{ANY, JSON, TEXT};
use super::{Function, p};
use crate::dynamic;
use crate::error::Error;
use crate::kernel::Args;

macro_rules! matcher {
    ($name:literal, $place:ident, $case:literal, $turned:literal, $doc:literal, $example:expr) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            matched(args, Place::$place, $case, $turned)
        }
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p("text", TEXT), p("needle", TEXT)], Returns::Type(Type::Bool))],
                $doc,
            ),
            kernel,
            $example,
        )
    }};
}

/// The functions of this group. They are called as operators.
pub(super) static FUNCTIONS: &[Function] = &[
    matcher!(
        "has",
        Term,
        false,
        false,
        "Whether a whole term occurs, without regard to case.",
        ("'Sign-in FAILED' has 'failed'", "True")
    ),
    matcher!(
        "has_cs",
        Term,
        true,
        false,
        "Whether a whole term occurs.",
        ("'Sign-in FAILED' has_cs 'failed'", "False")
    ),
    matcher!(
        "!has",
        Term,
        false,
        true,
        "Whether a whole term does not occur, without regard to case.",
        ("'signing' !has 'sign'", "True")
    ),
    matcher!(
        "!has_cs",
        Term,
        true,
        true,
        "Whether a whole term does not occur.",
        ("'sign' !has_cs 'Sign'", "True")
    ),
    matcher!(
        "hasprefix",
        TermStart,
        false,
        false,
        "Whether a term begins so, without regard to case.",
        ("'new signing' hasprefix 'SIGN'", "True")
    ),
    matcher!(
        "hasprefix_cs",
        TermStart,
        true,
        false,
        "Whether a term begins so.",
        ("'new signing' hasprefix_cs 'SIGN'", "False")
    ),
    matcher!(
        "!hasprefix",
        TermStart,
        false,
        true,
        "Whether no term begins so, without regard to case.",
        ("'design' !hasprefix 'sign'", "True")
    ),
    matcher!(
        "!hasprefix_cs",
        TermStart,
        true,
        true,
        "Whether no term begins so.",
        ("'Sign' !hasprefix_cs 'sign'", "True")
    ),
    matcher!(
        "hassuffix",
        TermEnd,
        false,
        false,
        "Whether a term ends so, without regard to case.",
        ("'my design' hassuffix 'SIGN'", "True")
    ),
    matcher!(
        "hassuffix_cs",
        TermEnd,
        true,
        false,
        "Whether a term ends so.",
        ("'my design' hassuffix_cs 'SIGN'", "False")
    ),
    matcher!(
        "!hassuffix",
        TermEnd,
        false,
        true,
        "Whether no term ends so, without regard to case.",
        ("'signs' !hassuffix 'sign'", "True")
    ),
    matcher!(
        "!hassuffix_cs",
        TermEnd,
        true,
        true,
        "Whether no term ends so.",
        ("'Sign' !hassuffix_cs 'sign'", "True")
    ),
    matcher!(
        "contains",
        Anywhere,
        false,
        false,
        "Whether the text contains another, without regard to case.",
        ("'signing' contains 'IGN'", "True")
    ),
    matcher!(
        "contains_cs",
        Anywhere,
        true,
        false,
        "Whether the text contains another.",
        ("'signing' contains_cs 'IGN'", "False")
    ),
    matcher!(
        "!contains",
        Anywhere,
        false,
        true,
        "Whether the text does not contain another, without regard to case.",
        ("'signing' !contains 'X'", "True")
    ),
    matcher!(
        "!contains_cs",
        Anywhere,
        true,
        true,
        "Whether the text does not contain another.",
        ("'signing' !contains_cs 'IGN'", "True")
    ),
    matcher!(
        "startswith",
        Start,
        false,
        false,
        "Whether the text begins so, without regard to case.",
        ("'Signing' startswith 'sign'", "True")
    ),
    matcher!(
        "startswith_cs",
        Start,
        true,
        false,
        "Whether the text begins so.",
        ("'Signing' startswith_cs 'sign'", "False")
    ),
    matcher!(
        "!startswith",
        Start,
        false,
        true,
        "Whether the text does not begin so, without regard to case.",
        ("'Signing' !startswith 'ing'", "True")
    ),
    matcher!(
        "!startswith_cs",
        Start,
        true,
        true,
        "Whether the text does not begin so.",
        ("'Signing' !startswith_cs 'sign'", "True")
    ),
    matcher!(
        "endswith",
        End,
        false,
        false,
        "Whether the text ends so, without regard to case.",
        ("'Signing' endswith 'ING'", "True")
    ),
    matcher!(
        "endswith_cs",
        End,
        true,
        false,
        "Whether the text ends so.",
        ("'Signing' endswith_cs 'ING'", "False")
    ),
    matcher!(
        "!endswith",
        End,
        false,
        true,
        "Whether the text does not end so, without regard to case.",
        ("'Signing' !endswith 'sign'", "True")
    ),
    matcher!(
        "!endswith_cs",
        End,
        true,
        true,
        "Whether the text does not end so.",
        ("'Signing' !endswith_cs 'ING'", "True")
    ),
    matcher!(
        "=~",
        Whole,
        false,
        false,
        "Whether two texts are equal without regard to case.",
        ("'ADMIN' =~ 'admin'", "True")
    ),
    matcher!(
        "!~",
        Whole,
        false,
        true,
        "Whether two texts differ also without regard to case.",
        ("'ADMIN' !~ 'admin'", "False")
    ),
    Function::kernel(
        Signature::new(
            "has_any",
            &[Overload::of(&[p("text", TEXT)], Returns::Type(Type::Bool))
                .repeating(&[p("term", ANY)], 1)],
            "Whether any of the terms occurs as a whole term.",
        ),
        has_any,
        ("'sign in failed' has_any ('lost', 'FAILED')", "True"),
    ),
    Function::kernel(
        Signature::new(
            "has_all",
            &[Overload::of(&[p("text", TEXT)], Returns::Type(Type::Bool))
                .repeating(&[p("term", ANY)], 1)],
            "Whether all of the terms occur as whole terms.",
        ),
        has_all,
        ("'sign in failed' has_all ('sign', 'FAILED')", "True"),
    ),
    Function::kernel(
        Signature::new(
            "has_any_index",
            &[Overload::of(&[p("text", TEXT), p("terms", JSON)], Returns::Type(Type::Long))],
            "The position of the first of the terms that occurs; -1 if none does.",
        ),
        has_any_index,
        ("has_any_index('sign in failed', dynamic(['lost', 'failed']))", "1"),
    ),
];

/// Where in the text the needle must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    Term,
    TermStart,
    TermEnd,
    Start,
    End,
    Whole,
}

fn matched(args: &Args<'_>, place: Place, case: bool, turned: bool) -> Result<ArrayRef> {
    let text = args.text(0)?;
    if let Some(needle) = args.constant_text(1)? {
        let needle = Needle::new(needle, place, case)?;
        return args.bools(|row| Some(needle.is_in(text.get(row)) != turned));
    }
    let needles = args.text(1)?;
    let mut last: Option<(&str, Needle)> = None;
    let mut failed = None;
    let out = args.bools(|row| {
        let wanted = needles.get(row);
        if last.as_ref().is_none_or(|(known, _)| *known != wanted) {
            match Needle::new(wanted, place, case) {
                Ok(needle) => last = Some((wanted, needle)),
                Err(error) => failed = Some(error),
            }
        }
        last.as_ref().map(|(_, needle)| needle.is_in(text.get(row)) != turned)
    })?;
    failed.map_or(Ok(out), Err)
}

/// A text that is sought, ready to be sought often.
pub(crate) struct Needle {
    regex: Regex,
    place: Place,
    /// Whether the needle's first and last character are part of a term.
    edges: (bool, bool),
}

impl Needle {
    /// A whole term, in any case.
    pub(crate) fn term(needle: &str) -> Result<Self> {
        Self::new(needle, Place::Term, false)
    }

    fn new(needle: &str, place: Place, case: bool) -> Result<Self> {
        let escaped = regex::escape(needle);
        let pattern = match place {
            Place::Start => format!(r"\A{escaped}"),
            Place::End => format!(r"{escaped}\z"),
            Place::Whole => format!(r"\A{escaped}\z"),
            _ => escaped,
        };
        let regex = RegexBuilder::new(&pattern)
            .case_insensitive(!case)
            .build()
            .map_err(|error| Error::Regex { pattern, message: error.to_string() })?;
        let edges = (
            needle.chars().next().is_some_and(char::is_alphanumeric),
            needle.chars().next_back().is_some_and(char::is_alphanumeric),
        );
        Ok(Self { regex, place, edges })
    }

    /// Whether the needle is in the text, at its place.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let (before, after) = match self.place {
            Place::Term => self.edges,
            Place::TermStart => (self.edges.0, false),
            Place::TermEnd => (false, self.edges.1),
            _ => return self.regex.is_match(text),
        };
        let mut from = 0;
        while let Some(found) = self.regex.find_at(text, from) {
            let starts = !before
                || !text[..found.start()].chars().next_back().is_some_and(char::is_alphanumeric);
            let ends =
                !after || !text[found.end()..].chars().next().is_some_and(char::is_alphanumeric);
            if starts && ends {
                return true;
            }
            // The next try begins one character further, for matches may overlap.
            let Some(first) = text[found.start()..].chars().next() else { return false };
            from = found.start() + first.len_utf8();
        }
        false
    }
}

/// The texts of a list of arguments from `from` on, arrays among them taken apart, if all of them are constant.
pub(super) fn needles(args: &Args<'_>, from: usize) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for at in from..args.len() {
        if args.types.get(at) == Some(&Type::Dynamic) {
            if let Some(json) = args.text(at)?.opt(0) {
                flatten(json, &mut all);
            }
        } else {
            let mut text = String::new();
            Cells::of(args, at)?.text(0, &mut text);
            all.push(text);
        }
    }
    Ok(all)
}

pub(super) fn flatten(json: &str, all: &mut Vec<String>) {
    match dynamic::elements(json) {
        Some(elements) => elements.iter().for_each(|element| flatten(element, all)),
        None => all.push(dynamic::to_text(json).into_owned()),
    }
}

/// The needles of each row: compiled once where the list is constant, which it nearly always is.
fn with_needles<T>(
    args: &Args<'_>,
    mut answer: impl FnMut(&[Needle], &str) -> T,
) -> Result<Vec<T>> {
    let text = args.text(0)?;
    let mut constant = true;
    for at in 1..args.len() {
        constant &= args.raw(at)?.1;
    }
    let compile = |texts: Vec<String>| {
        texts.iter().map(|text| Needle::term(text)).collect::<Result<Vec<_>>>()
    };
    if constant {
        let needles = compile(needles(args, 1)?)?;
        return Ok((0..args.rows).map(|row| answer(&needles, text.get(row))).collect());
    }
    let mut out = Vec::with_capacity(args.rows);
    for row in 0..args.rows {
        let mut texts = Vec::new();
        for at in 1..args.len() {
            if args.types.get(at) == Some(&Type::Dynamic) {
                if let Some(json) = args.text(at)?.opt(row) {
                    flatten(json, &mut texts);
                }
            } else {
                let mut text = String::new();
                Cells::of(args, at)?.text(row, &mut text);
                texts.push(text);
            }
        }
        out.push(answer(&compile(texts)?, text.get(row)));
    }
    Ok(out)
}

fn has_any(args: &Args<'_>) -> Result<ArrayRef> {
    let found =
        with_needles(args, |needles, text| needles.iter().any(|needle| needle.is_in(text)))?;
    args.bools(|row| found.get(row).copied())
}

fn has_all(args: &Args<'_>) -> Result<ArrayRef> {
    let found =
        with_needles(args, |needles, text| needles.iter().all(|needle| needle.is_in(text)))?;
    args.bools(|row| found.get(row).copied())
}

fn has_any_index(args: &Args<'_>) -> Result<ArrayRef> {
    let found = with_needles(args, |needles, text| {
        needles.iter().position(|needle| needle.is_in(text)).and_then(|at| i64::try_from(at).ok())
    })?;
    args.longs(|row| found.get(row).map(|at| at.unwrap_or(-1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_ends_where_letters_and_digits_end() {
        for (text, needle, expected) in [
            ("a_b", "a", true),
            ("KustoExplorerQueryRun", "Explorer", false),
            ("10.0.0.1", "0.0", true),
            ("10.0.0.12", "0.1", false),
            ("Überfall", "über", false),
            ("Über fall", "über", true),
            ("xay ay", "ay", true),
            ("anything", "", true),
            ("a--b", "--", true),
        ] {
            let found = Needle::term(needle).expect("it compiles").is_in(text);
            assert_eq!(found, expected, "{text} has {needle}");
        }
    }
}
