//! The formatter: one way to lay out a query, from the lossless tree. One operator on a line, four spaces of indentation,
//! what does not fit in [`WIDTH`] columns is broken at its outermost list. Comments stay where they are, blank lines between
//! statements stay (one of several). Formatting what was formatted changes nothing.
//!
//! Deliberately absent: settings, and changes of anything but blanks: no word is replaced, added or dropped. A text with
//! syntax errors is not formatted.

mod layout;
mod shapes;
mod writer;

use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::{SyntaxKind, Token, lex, literal, parse};

/// How many columns a line may have before it is broken where that is possible.
pub const WIDTH: usize = 100;

/// The query laid out anew, with a line end at its end.
///
/// # Errors
///
/// The diagnostics of a text that cannot be read.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let parse = parse(text);
    if !parse.diagnostics.is_empty() {
        return Err(parse.diagnostics);
    }
    // An open text would swallow the line end that is put behind it, and another one each time.
    for token in lex(text).iter().filter(|token| token.kind == SyntaxKind::Text) {
        let span = token.start as usize..token.end as usize;
        if text.get(span.clone()).is_none_or(|written| literal::text(written).is_err()) {
            return Err(vec![Diagnostic::error(Code::Syntax, span, "The text has no end.")]);
        }
    }
    let formatted = layout::print(&writer::items(&parse.tree));
    // A layout that would glue two tokens to another one, or lose one, is a defect of ours that must not reach a file.
    let same = significant(text, parse.tree.tokens()).eq(significant(&formatted, &lex(&formatted)));
    Ok(if same { formatted } else { text.to_owned() })
}

/// The texts of all tokens that are not blank, comments among them.
fn significant<'t>(text: &'t str, tokens: &[Token]) -> impl Iterator<Item = &'t str> {
    tokens
        .iter()
        .filter(|token| token.kind != SyntaxKind::Whitespace)
        .map(|token| text[token.start as usize..token.end as usize].trim_end())
}
