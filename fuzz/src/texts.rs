//! Queries: whatever the text, it is covered by tokens, prints as itself, has a plan or a diagnostic at a place of it, and
//! laid out anew it stays laid out; words become a query that can be read. Deliberately absent: answers.

use kql::catalog::Catalog;
use kql::plan::Field;
use kql::types::Type;
use kql::{BindOptions, Bound};

use crate::sound;
use crate::workspace::Workspace;

/// Bytes of a query that is made of words: each of them is compared with a few columns at most.
const MADE_BYTES_MAX: usize = 64 * kql::WORDS_BYTES_MAX;

/// How often a query that asks for columns of the data is answered.
const ANSWERS_MAX: usize = 4;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn lex(bytes: &[u8]) {
    let text = text(bytes);
    let mut at = 0;
    for token in kql::syntax::lex(&text) {
        assert_eq!(token.start, at, "tokens follow each other");
        assert!(token.end > token.start, "a token is not empty");
        at = token.end;
        assert!(text.is_char_boundary(at as usize), "a token ends between characters");
    }
    assert_eq!(at as usize, text.len(), "tokens cover the text");
}

pub(crate) fn parse(bytes: &[u8]) {
    let text = text(bytes);
    let parse = kql::parse(&text);
    assert_eq!(parse.tree.reprint(), text, "the tree prints as the text");
    for diagnostic in &parse.diagnostics {
        assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}");
    }
}

pub(crate) fn bind(bytes: &[u8]) {
    let text = text(bytes);
    for check_only in [false, true] {
        let mut options = BindOptions {
            now: 638_000_000_000_000_000,
            timespan: Some((630_000_000_000_000_000, 639_000_000_000_000_000)),
            check_only,
            ..BindOptions::default()
        };
        for answered in 0..ANSWERS_MAX {
            let bound = kql::bind(&text, &Workspace, &options);
            check(&text, &bound, check_only);
            if bound.pending.is_none() {
                break;
            }
            // Names that are there already, that differ by case, and none at all.
            let name = ["User", "user", "", "a b"].get(answered).copied().unwrap_or_default();
            options.resolved.push(vec![Field { name: name.into(), ty: Type::String }]);
        }
    }
}

fn check(text: &str, bound: &Bound, check_only: bool) {
    for diagnostic in &bound.diagnostics {
        assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}");
        assert!(!diagnostic.message.is_empty(), "{diagnostic:?}");
    }
    for statement in &bound.statements {
        drop(statement.plan.to_string());
        if bound.is_clean() && bound.pending.is_none() && !check_only {
            sound::check(&statement.plan);
        }
    }
    if let Some(question) = &bound.pending {
        drop(question.plan.to_string());
    }
}

pub(crate) fn format(bytes: &[u8]) {
    let text = text(bytes);
    let Ok(once) = kql::format(&text) else { return };
    assert_eq!(kql::format(&once).as_deref(), Ok(once.as_str()), "laid out twice is laid out once");
    assert!(kql::parse(&once).diagnostics.is_empty(), "what is laid out can be read");
}

pub(crate) fn words(bytes: &[u8]) {
    let text = text(bytes);
    for table in ["SignIns", "no such table", "['"] {
        let made = kql::words(&text, table, &Workspace);
        if made.form == kql::WordsForm::Kql {
            assert_eq!(made.query, text.trim(), "a query stays what it is");
        }
        let parse = kql::parse(&made.query);
        assert!(parse.diagnostics.is_empty(), "{text} became {}", made.query);
    }
    assert!(kql::words(&text, "SignIns", &Workspace).query.len() <= MADE_BYTES_MAX);
}

pub(crate) fn editor(bytes: &[u8]) {
    // The first bytes say where the cursor is.
    let (place, bytes) = bytes.split_at(bytes.len().min(2));
    let text = text(bytes);
    let place = place.iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte));
    for at in [place % (text.len() + 2), text.len() / 2, text.len()] {
        let completions = kql::complete(&text, at, &Workspace as &dyn Catalog);
        assert!(text.get(completions.replace.clone()).is_some(), "{:?}", completions.replace);
        if let Some(hover) = kql::hover(&text, at, &Workspace) {
            assert!(text.get(hover.span.clone()).is_some(), "{:?}", hover.span);
        }
        drop(kql::signature_help(&text, at, &Workspace));
    }
}
