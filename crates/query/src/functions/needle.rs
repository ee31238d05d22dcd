//! A text that is sought in many others: with or without regard to case, anywhere or at an edge, by the vectorised searcher of
//! the `regex` crate.
//!
//! A term is a run of letters and digits; `has` wants the needle to begin and end at the border of one (the border is asked
//! for only where the needle's own edge is part of a term). Deliberately absent: the operators that ask (`matching`).

use arrow::array::{Array, ArrayRef, AsArray, BooleanBufferBuilder, ByteView, StringViewArray};
use arrow::buffer::BooleanBuffer;
use datafusion::common::Result;
use regex::bytes::{Regex, RegexBuilder};

use crate::error::Error;

/// A sweep that would pass over more than so many times the texts' own bytes is not made: rows that an earlier filter
/// dropped lie between them.
const SWEEP_WASTE_MAX: usize = 2;

/// Arrow keeps texts up to so many bytes in the view itself.
const INLINE_BYTES_MAX: u32 = 12;

/// Where in the text the needle must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Anywhere,
    Term,
    TermStart,
    TermEnd,
    Start,
    End,
    Whole,
}

/// A text that is sought, ready to be sought often.
pub(crate) struct Needle {
    /// Over bytes: rows that lie side by side are no text together.
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

    pub(super) fn new(needle: &str, place: Place, case: bool) -> Result<Self> {
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
            _ => return self.regex.is_match(text.as_bytes()),
        };
        let mut from = 0;
        while let Some(found) = self.regex.find_at(text.as_bytes(), from) {
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

    /// In which rows of a column the needle is, found by passing over its buffers once instead of starting anew in each row:
    /// most rows of a hunt hold nothing. `None` if the column does not lie so that this pays.
    pub(super) fn sweep(&self, column: &ArrayRef) -> Option<BooleanBuffer> {
        let texts = column.as_string_view_opt()?;
        if !matches!(self.place, Place::Anywhere | Place::Term | Place::TermStart | Place::TermEnd)
            || self.regex.is_match(b"")
        {
            return None;
        }
        let buffers = swept(texts)?;
        let mut found = BooleanBufferBuilder::new(texts.len());
        let mut next = Hit::default();
        for (row, view) in texts.views().iter().enumerate() {
            let view = ByteView::from(*view);
            let is_in = if texts.is_null(row) {
                false
            } else if view.length <= INLINE_BYTES_MAX {
                self.is_in(texts.value(row))
            } else {
                let from = view.offset as usize;
                let starts = next.at_or_after(&self.regex, &buffers, view.buffer_index, from);
                starts < from + view.length as usize && self.is_in(texts.value(row))
            };
            found.append(is_in);
        }
        Some(found.finish())
    }
}

/// Where the needle was found last.
#[derive(Default)]
struct Hit {
    buffer: u32,
    /// From where on it was sought.
    from: usize,
    /// Where it starts; past every text if it is not there.
    start: usize,
    known: bool,
}

impl Hit {
    /// Where the needle starts next in a buffer, from an offset on.
    fn at_or_after(
        &mut self,
        needle: &Regex,
        buffers: &[&[u8]],
        buffer: u32,
        from: usize,
    ) -> usize {
        if !self.known || self.buffer != buffer || from < self.from || from > self.start {
            let bytes = buffers.get(buffer as usize).copied().unwrap_or_default();
            let start =
                needle.find_at(bytes, from.min(bytes.len())).map_or(usize::MAX, |hit| hit.start());
            *self = Self { buffer, from, start, known: true };
        }
        self.start
    }
}

/// The part of each buffer that the texts' last bytes end, if the long texts fill most of what a sweep passes over.
fn swept(texts: &StringViewArray) -> Option<Vec<&[u8]>> {
    let mut ends = vec![0_usize; texts.data_buffers().len()];
    let (mut own, mut passed) = (0_usize, 0_usize);
    let mut last: Option<(u32, usize)> = None;
    for view in texts.views().iter().map(|view| ByteView::from(*view)) {
        if view.length <= INLINE_BYTES_MAX {
            continue;
        }
        let (from, length) = (view.offset as usize, view.length as usize);
        own += length;
        passed += match last {
            // Going back would mean seeking anew.
            Some((buffer, end)) if buffer == view.buffer_index => from.checked_sub(end)? + length,
            _ => length,
        };
        *ends.get_mut(view.buffer_index as usize)? = from + length;
        last = Some((view.buffer_index, from + length));
    }
    let dense = own > 0 && passed <= own * SWEEP_WASTE_MAX;
    dense.then(|| {
        texts.data_buffers().iter().zip(ends).map(|(b, end)| b.get(..end).unwrap_or(b)).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sweep_finds_what_a_look_at_each_row_finds(
            rows in prop::collection::vec(
                prop::option::of("[aAkK\u{212a} -]{0,4}(needle|NeedlE|nee)?[ a-]{0,16}(dle|needle)?x{0,12}"), 1..40),
            case in any::<bool>(),
            place in prop::sample::select(vec![Place::Anywhere, Place::Term, Place::TermStart, Place::TermEnd]),
            needle in prop::sample::select(vec!["needle", "needle-", "k", "a"]),
            from in 0..5_usize,
        ) {
            let texts: StringViewArray = rows.iter().map(Option::as_deref).collect();
            let texts = texts.slice(from.min(rows.len()), rows.len() - from.min(rows.len()));
            let needle = Needle::new(needle, place, case).unwrap();
            let column: ArrayRef = Arc::new(texts.clone());
            if let Some(found) = needle.sweep(&column) {
                for (row, text) in texts.iter().enumerate() {
                    prop_assert_eq!(found.value(row), text.is_some_and(|text| needle.is_in(text)));
                }
            }
        }
    }

    #[test]
    fn texts_side_by_side_are_swept() {
        let texts: StringViewArray =
            (0..100).map(|row| Some(format!("a text that is long enough, number {row}"))).collect();
        let column: ArrayRef = Arc::new(texts);
        let needle = Needle::new("number 7", Place::Anywhere, true).unwrap();
        assert_eq!(needle.sweep(&column).unwrap().count_set_bits(), 11);
        assert!(needle.sweep(&Arc::new(column.slice(3, 1))).is_some());
    }
}
