//! Signature help: the call around a place, the ways to write it, and which argument the place is in. A pure function of
//! text, place and catalog. Deliberately absent: functions of the query's own `let` (their declaration is on the screen).

use crate::catalog::Catalog;
use crate::language;
use crate::signature::{Overload, Signature};
use crate::syntax::{SyntaxKind, lex};

/// How far back from a place its call is sought, in tokens.
const TOKENS_BACK_MAX: usize = 10_000;

/// The call around a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureHelp {
    /// The function's name, as it was written.
    pub name: String,
    /// The parameters of each way to call it: `source, [start], length, …`.
    pub forms: Vec<String>,
    /// The form that takes so many arguments, if one does; else the first.
    pub active_form: usize,
    /// Which argument the place is in, from 0.
    pub active_argument: usize,
    /// What the function does; may be empty.
    pub doc: String,
}

/// The call around the byte `at`; `None` where there is none, or of an unknown function.
#[must_use]
pub fn signature_help(text: &str, at: usize, catalog: &dyn Catalog) -> Option<SignatureHelp> {
    let tokens: Vec<_> = lex(text)
        .into_iter()
        .take_while(|token| (token.end as usize) <= at)
        .filter(|token| !token.kind.is_trivia())
        .collect();
    let (mut depth, mut argument) = (0usize, 0);
    for (index, token) in tokens.iter().enumerate().rev().take(TOKENS_BACK_MAX) {
        match token.kind {
            SyntaxKind::RParen | SyntaxKind::RBracket | SyntaxKind::RBrace => depth += 1,
            SyntaxKind::LParen if depth == 0 => {
                let before = index.checked_sub(1).map(|before| tokens[before]);
                let name = before.filter(|token| token.kind == SyntaxKind::Name)?;
                let name = &text[name.start as usize..name.end as usize];
                return help(name, argument, catalog);
            }
            SyntaxKind::LParen | SyntaxKind::LBracket | SyntaxKind::LBrace => {
                depth = depth.checked_sub(1)?;
            }
            SyntaxKind::Comma if depth == 0 => argument += 1,
            SyntaxKind::Bar | SyntaxKind::Semicolon if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn help(name: &str, argument: usize, catalog: &dyn Catalog) -> Option<SignatureHelp> {
    if let Some(stored) = catalog.stored_function(name) {
        let form = stored.parameters.trim_matches(['(', ')']).to_string();
        return Some(SignatureHelp {
            name: name.to_string(),
            forms: vec![form],
            active_form: 0,
            active_argument: argument,
            doc: String::new(),
        });
    }
    let signature = known(name, catalog)?;
    let fits = |overload: &Overload| {
        let (_, most) = overload.arity();
        most.is_none_or(|most| argument < most.max(1))
    };
    Some(SignatureHelp {
        name: name.to_string(),
        forms: signature.overloads.iter().map(form).collect(),
        active_form: signature.overloads.iter().position(fits).unwrap_or(0),
        active_argument: argument,
        doc: signature.doc.to_string(),
    })
}

/// The function or aggregate of that name, of the catalog or else of the language.
pub(crate) fn known<'c>(name: &str, catalog: &'c dyn Catalog) -> Option<&'c Signature> {
    catalog
        .function(name)
        .or_else(|| catalog.aggregate(name))
        .or_else(|| language::function(name))
        .or_else(|| language::aggregate(name))
}

/// The parameters as the manual shows them: optional ones in brackets, `…` after a group that repeats.
pub(crate) fn form(overload: &Overload) -> String {
    let required = overload.head.len() - overload.optional.min(overload.head.len());
    let mut all: Vec<String> = Vec::new();
    for (at, param) in overload.head.iter().enumerate() {
        let name = param.name;
        all.push(if at < required { name.to_string() } else { format!("[{name}]") });
    }
    if !overload.repeat.is_empty() {
        let group: Vec<&str> = overload.repeat.iter().map(|param| param.name).collect();
        all.push(format!("{}, …", group.join(", ")));
    }
    all.extend(overload.tail.iter().map(|param| param.name.to_string()));
    all.join(", ")
}
