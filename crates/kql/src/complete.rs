//! Completion: what may be written at a place of a query. Where the place is, the tokens in front of it say; what the names
//! there are, the binder says. A pure function of text, place and catalog.
//! Deliberately absent: ranking by use, values of columns (whoever has the data adds them), and drawing.

use crate::bind::probe::{InScope, in_scope};
use crate::catalog::Catalog;
use crate::diagnostic::Span;
use crate::language::operators::{
    AGGREGATING, CHARTS, INFIX, OPERATORS, Operator, TYPES, VALUES, operator,
};
use crate::plan::Field;
use crate::syntax::{SyntaxKind, Token, lex};

/// How many proposals one place gets.
pub const COMPLETIONS_MAX: usize = 1_000;

/// What a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionKind {
    /// A column in scope.
    Column,
    /// A name of `let`, or a parameter.
    Variable,
    /// A table of the catalog.
    Table,
    /// A function.
    Function,
    /// An aggregate.
    Aggregate,
    /// A query operator.
    Operator,
    /// A word of the language.
    Keyword,
    /// A type.
    Type,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is shown, and sought in.
    pub label: String,
    /// What is written; a function with its open parenthesis, a name in brackets where it needs them.
    pub insert: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A type, or the form of an operator; may be empty.
    pub detail: String,
    /// What it does; may be empty.
    pub doc: String,
}

/// Proposals for a place, best first, and the text that they replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completions {
    /// The word that is being written; empty where none is.
    pub replace: Span,
    /// The proposals that begin with that word, whatever its case.
    pub items: Vec<Completion>,
}

/// What may be written at the byte `at`; a place inside of a character counts as its start.
#[must_use]
pub fn complete(text: &str, at: usize, catalog: &dyn Catalog) -> Completions {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let typed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '!' | '$' | '~');
    let mut word = text[..at].trim_end_matches(typed).len();
    let before = Before::of(text, word);
    // `project-aw` is one word behind a bar.
    if before
        .tokens
        .last()
        .is_some_and(|token| token.kind == SyntaxKind::Minus && token.end as usize == word)
    {
        let start = text[..word].trim_end_matches(|c: char| typed(c) || c == '-').len();
        if Before::of(text, start).last() == "|" {
            word = start;
        }
    }
    let before = Before::of(text, word);
    let mut items =
        if before.in_text { Vec::new() } else { proposals(text, word, &before, catalog) };
    let prefix = text[word..at].to_lowercase();
    items.retain(|item| item.label.to_lowercase().starts_with(&prefix));
    items.truncate(COMPLETIONS_MAX);
    Completions { replace: word..at, items }
}

/// The tokens in front of a place.
struct Before<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// Whether the place is inside of a text or a comment.
    in_text: bool,
}

impl<'t> Before<'t> {
    fn of(text: &'t str, at: usize) -> Self {
        let all = lex(text);
        let around =
            all.iter().find(|token| (token.start as usize) < at && at < token.end as usize);
        let line_end = text[at..].chars().next().is_none_or(|c| matches!(c, '\n' | '\r'));
        let last = all.iter().rfind(|token| token.end as usize <= at && token.start < token.end);
        let in_comment = last.is_some_and(|token| {
            token.kind == SyntaxKind::Comment && token.end as usize == at && line_end
        });
        let in_text = in_comment
            || around
                .is_some_and(|token| matches!(token.kind, SyntaxKind::Text | SyntaxKind::Comment));
        let tokens = all
            .into_iter()
            .filter(|token| token.end as usize <= at && !token.kind.is_trivia())
            .collect();
        Self { text, tokens, in_text }
    }

    fn word(&self, back: usize) -> &'t str {
        let token = self.tokens.len().checked_sub(back + 1).and_then(|at| self.tokens.get(at));
        token.map_or("", |token| &self.text[token.start as usize..token.end as usize])
    }

    fn last(&self) -> &'t str {
        self.word(0)
    }

    /// The operator around the place: from the last bar that is not in parentheses closed since.
    fn operator(&self) -> Option<&'static Operator> {
        let mut depth = 0usize;
        for (at, token) in self.tokens.iter().enumerate().rev() {
            match token.kind {
                SyntaxKind::RParen | SyntaxKind::RBracket | SyntaxKind::RBrace => depth += 1,
                SyntaxKind::LParen | SyntaxKind::LBracket | SyntaxKind::LBrace if depth > 0 => {
                    depth -= 1;
                }
                // `mv-apply … on (where `: a pipe may begin behind a parenthesis that is still open.
                SyntaxKind::LParen if self.operator_at(at + 1).is_some() => {
                    return self.operator_at(at + 1);
                }
                SyntaxKind::Bar if depth == 0 => return self.operator_at(at + 1),
                SyntaxKind::Semicolon if depth == 0 => return self.operator_at(at + 1),
                _ => {}
            }
        }
        self.operator_at(0)
    }

    /// The operator whose words begin at a token.
    fn operator_at(&self, from: usize) -> Option<&'static Operator> {
        let mut name = String::new();
        let mut found = None;
        for token in self.tokens.get(from..)?.iter().take(5) {
            name.push_str(&self.text[token.start as usize..token.end as usize]);
            found = operator(&name).or(found);
        }
        found
    }

    /// Whether the place stands behind a whole value, so that an operator of two values may follow.
    fn after_value(&self) -> bool {
        use SyntaxKind::{
            Long, Name, RBrace, RBracket, RParen, Real, Text, TimeSpan, TypedLiteral,
        };
        let Some(last) = self.tokens.last() else { return false };
        match last.kind {
            Long | Real | TimeSpan | Text | TypedLiteral | RParen | RBracket | RBrace => true,
            Name => {
                let word = self.last();
                let of_operator = self.operator().is_some_and(|operator| {
                    operator.name.split('-').any(|part| part == word)
                        || operator.words.iter().any(|w| w.trim_end_matches(['=', '(']) == word)
                });
                !INFIX.contains(&word) && !of_operator && !matches!(word, "by" | "on" | "with")
            }
            _ => false,
        }
    }
}

fn proposals(text: &str, at: usize, before: &Before<'_>, catalog: &dyn Catalog) -> Vec<Completion> {
    let current = before.operator();
    match before.last() {
        "" | ";" | "{" => return start_of_query(text, at, catalog),
        "|" => return OPERATORS.iter().map(of_operator).collect(),
        "=" => {
            let fixed = VALUES.iter().find(|(name, property, _)| {
                current.is_some_and(|current| current.name == *name) && before.word(1) == *property
            });
            if let Some((.., values)) = fixed {
                return words(values, CompletionKind::Keyword);
            }
        }
        "." => {
            let scope = in_scope(text, at, catalog);
            return match before.word(1) {
                "$left" => scope.columns.iter().map(of_column).collect(),
                "$right" => scope.right.iter().map(of_column).collect(),
                _ => Vec::new(),
            };
        }
        ":" => return words(TYPES, CompletionKind::Type),
        "(" if before.word(1) == "typeof" => return words(TYPES, CompletionKind::Type),
        "(" if matches!(
            before.word(1),
            "materialize" | "toscalar" | "union" | "join" | "lookup" | "in"
        ) =>
        {
            let mut items = start_of_query(text, at, catalog);
            if before.word(1) == "in" {
                items.extend(values_in_scope(text, at, before, catalog));
            }
            return items;
        }
        "let" | "as" => return Vec::new(),
        "render" => return words(CHARTS, CompletionKind::Keyword),
        _ => {}
    }
    // A query in parentheses of its own begins like any other: `join kind=inner (`.
    if before.last() == "("
        && current.is_some_and(|o| matches!(o.name, "join" | "lookup" | "union"))
    {
        return start_of_query(text, at, catalog);
    }
    if current.is_some_and(|o| o.name == "union") && !before.after_value() {
        let mut items = tables(text, at, catalog);
        items.extend(keywords(current));
        return items;
    }
    if before.after_value() {
        let mut items = keywords(current);
        if current.is_some() {
            items.extend(words(INFIX, CompletionKind::Keyword));
        }
        return items;
    }
    values_in_scope(text, at, before, catalog)
}

/// Columns, variables, functions, and the words of the operator.
fn values_in_scope(
    text: &str,
    at: usize,
    before: &Before<'_>,
    catalog: &dyn Catalog,
) -> Vec<Completion> {
    let current = before.operator();
    let scope = in_scope(text, at, catalog);
    let mut items: Vec<Completion> = scope.columns.iter().map(of_column).collect();
    if current.is_some_and(|operator| matches!(operator.name, "join" | "lookup")) {
        items.extend(words(&["$left", "$right"], CompletionKind::Keyword));
        items.extend(tables(text, at, catalog));
    }
    items.extend(variables(&scope));
    items.extend(keywords(current));
    let aggregating = current.is_some_and(|operator| AGGREGATING.contains(&operator.name));
    items.extend(functions(catalog, aggregating));
    items
}

fn start_of_query(text: &str, at: usize, catalog: &dyn Catalog) -> Vec<Completion> {
    let mut items = tables(text, at, catalog);
    items.extend(OPERATORS.iter().filter(|operator| operator.is_source).map(of_operator));
    items.extend(words(&["let", "datatable", "externaldata"], CompletionKind::Keyword));
    items
}

/// Tables of the catalog, of the query, and functions that may give one.
fn tables(text: &str, at: usize, catalog: &dyn Catalog) -> Vec<Completion> {
    let mut items = variables(&in_scope(text, at, catalog));
    let mut names = catalog.tables();
    names.sort();
    items.extend(names.into_iter().map(|name| Completion {
        insert: written(&name),
        label: name,
        kind: CompletionKind::Table,
        detail: String::new(),
        doc: String::new(),
    }));
    let mut stored = catalog.functions();
    stored.retain(|name| catalog.stored_function(name).is_some());
    stored.sort();
    items.extend(stored.into_iter().map(|name| Completion {
        detail: catalog.stored_function(&name).map(|f| f.parameters).unwrap_or_default(),
        insert: name.clone(),
        label: name,
        kind: CompletionKind::Function,
        doc: String::new(),
    }));
    items
}

fn variables(scope: &InScope) -> Vec<Completion> {
    let variable = |(name, what): &(String, &'static str)| Completion {
        insert: written(name),
        label: name.clone(),
        kind: CompletionKind::Variable,
        detail: (*what).to_string(),
        doc: String::new(),
    };
    scope.variables.iter().map(variable).collect()
}

fn functions(catalog: &dyn Catalog, aggregating: bool) -> Vec<Completion> {
    let mut names = catalog.functions();
    names.sort();
    names.dedup();
    let (mut aggregates, mut scalars) = (Vec::new(), Vec::new());
    for name in names {
        let aggregate = catalog.aggregate(&name).filter(|_| aggregating);
        let Some(signature) = aggregate.or_else(|| catalog.function(&name)) else { continue };
        let item = Completion {
            insert: format!("{name}("),
            label: name,
            kind: if aggregate.is_some() {
                CompletionKind::Aggregate
            } else {
                CompletionKind::Function
            },
            detail: signature
                .overloads
                .first()
                .map(super::signature_help::form)
                .unwrap_or_default(),
            doc: signature.doc.to_string(),
        };
        if aggregate.is_some() { aggregates.push(item) } else { scalars.push(item) }
    }
    aggregates.extend(scalars);
    aggregates
}

fn keywords(current: Option<&'static Operator>) -> Vec<Completion> {
    current.map_or_else(Vec::new, |operator| words(operator.words, CompletionKind::Keyword))
}

fn words(all: &[&str], kind: CompletionKind) -> Vec<Completion> {
    let item = |word: &&str| Completion {
        label: (*word).to_string(),
        insert: (*word).to_string(),
        kind,
        detail: String::new(),
        doc: String::new(),
    };
    all.iter().map(item).collect()
}

fn of_operator(operator: &Operator) -> Completion {
    Completion {
        label: operator.name.to_string(),
        insert: operator.name.to_string(),
        kind: CompletionKind::Operator,
        detail: operator.form.to_string(),
        doc: operator.doc.to_string(),
    }
}

fn of_column(field: &Field) -> Completion {
    Completion {
        label: field.name.to_string(),
        insert: written(&field.name),
        kind: CompletionKind::Column,
        detail: field.ty.name().to_string(),
        doc: String::new(),
    }
}

/// A name as it must be written: in brackets if it is not a plain word.
fn written(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if plain {
        return name.to_string();
    }
    format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
}
