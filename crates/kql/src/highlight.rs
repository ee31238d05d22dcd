//! What each token of a query is, for an editor's colours: from the lossless tree, so that a word is a keyword exactly where
//! the grammar read it as one, and a name a table or a function where the catalog knows it.
//! Deliberately absent: colours, and anything that only binding knows (which names are columns is left open).

use crate::catalog::Catalog;
use crate::diagnostic::Span;
use crate::syntax::{Child, Node, SyntaxKind, TokenRef, operator_name, parse};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HighlightKind {
    /// `// …`
    Comment,
    /// A text.
    String,
    /// A number or a span of time.
    Number,
    /// `datetime(…)` and its like.
    Literal,
    /// The name of a query operator.
    Operator,
    /// Another word of the language.
    Keyword,
    /// A function.
    Function,
    /// An aggregate.
    Aggregate,
    /// A table of the catalog, or a stored function that stands for one.
    Table,
    /// A name that the query declares.
    Variable,
    /// A column or any other name.
    Column,
    /// A type.
    Type,
    /// A sign: `==`, `|`, a bracket.
    Sign,
    /// What has no meaning.
    Error,
}

impl HighlightKind {
    /// In one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::String => "string",
            Self::Number => "number",
            Self::Literal => "literal",
            Self::Operator => "operator",
            Self::Keyword => "keyword",
            Self::Function => "function",
            Self::Aggregate => "aggregate",
            Self::Table => "table",
            Self::Variable => "variable",
            Self::Column => "column",
            Self::Type => "type",
            Self::Sign => "sign",
            Self::Error => "error",
        }
    }
}

/// A token and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Highlight {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: HighlightKind,
}

/// Every token of the text but blanks, in order.
#[must_use]
pub fn highlight(text: &str, catalog: &dyn Catalog) -> Vec<Highlight> {
    let parse = parse(text);
    let mut found = Vec::with_capacity(parse.tree.tokens().len());
    // The tree is as deep as the text is nested, and a chain of operands is deep too: no recursion.
    let mut waiting = vec![parse.tree.root()];
    while let Some(node) = waiting.pop() {
        let operator_end = if node.kind() == SyntaxKind::Operator {
            node.span().start + operator_name(node).len()
        } else {
            0
        };
        let mut words = 0;
        for child in node.children() {
            match child {
                Child::Node(inner) => waiting.push(inner),
                Child::Token(token) => {
                    let span = token.span();
                    let kind = if span.start < operator_end {
                        Some(HighlightKind::Operator)
                    } else {
                        kind_of(node, token, words, catalog)
                    };
                    words += usize::from(token.kind() == SyntaxKind::Name);
                    found.extend(kind.map(|kind| Highlight { span, kind }));
                }
            }
        }
    }
    found.sort_unstable_by_key(|highlight| highlight.span.start);
    found
}

/// What a token of `node` is that has so many names before it there; `None` for blanks.
fn kind_of(
    node: Node<'_>,
    token: TokenRef<'_>,
    words: usize,
    catalog: &dyn Catalog,
) -> Option<HighlightKind> {
    Some(match token.kind() {
        SyntaxKind::Whitespace => return None,
        SyntaxKind::Comment | SyntaxKind::Directive => HighlightKind::Comment,
        SyntaxKind::Long | SyntaxKind::Real | SyntaxKind::TimeSpan => HighlightKind::Number,
        SyntaxKind::Text if node.kind() == SyntaxKind::NameRef => HighlightKind::Column,
        SyntaxKind::Text => HighlightKind::String,
        SyntaxKind::TypedLiteral => HighlightKind::Literal,
        SyntaxKind::NotName => HighlightKind::Keyword,
        SyntaxKind::Unknown => HighlightKind::Error,
        SyntaxKind::Name => name_kind(node, token.text(), words, catalog),
        _ => HighlightKind::Sign,
    })
}

fn name_kind(node: Node<'_>, name: &str, words: usize, catalog: &dyn Catalog) -> HighlightKind {
    match node.kind() {
        SyntaxKind::NameRef => reference_kind(node, name, catalog),
        // `let` and `declare` are the first words of theirs.
        SyntaxKind::Let if words > 0 => HighlightKind::Variable,
        SyntaxKind::Parameter if words == 0 => HighlightKind::Variable,
        SyntaxKind::PatternPart if words == 0 => HighlightKind::Column,
        SyntaxKind::Parameter
        | SyntaxKind::PatternPart
        | SyntaxKind::ToType
        | SyntaxKind::TypeOf
            if is_type(name) =>
        {
            HighlightKind::Type
        }
        SyntaxKind::Assignment | SyntaxKind::NameList | SyntaxKind::Member => HighlightKind::Column,
        SyntaxKind::Literal => HighlightKind::Literal,
        SyntaxKind::Error => HighlightKind::Column,
        _ => HighlightKind::Keyword,
    }
}

fn reference_kind(node: Node<'_>, name: &str, catalog: &dyn Catalog) -> HighlightKind {
    let called = node.parent().is_some_and(|parent| {
        let first = parent.child(SyntaxKind::NameRef).is_some_and(|n| n.span() == node.span());
        parent.kind() == SyntaxKind::Call && first
    });
    // `let name = …`: the first name is the one that is declared.
    let declared = node.parent().is_some_and(|parent| {
        let first = parent.child(SyntaxKind::NameRef).is_some_and(|n| n.span() == node.span());
        parent.kind() == SyntaxKind::Let && first
    });
    if declared {
        return HighlightKind::Variable;
    }
    match (called, catalog.aggregate(name).is_some()) {
        (true, true) => HighlightKind::Aggregate,
        (true, false) => HighlightKind::Function,
        (false, _) if catalog.table(name).is_some() || catalog.stored_function(name).is_some() => {
            HighlightKind::Table
        }
        (false, _) => HighlightKind::Column,
    }
}

fn is_type(name: &str) -> bool {
    crate::language::operators::TYPES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::EmptyCatalog;

    fn shown(text: &str) -> String {
        let found = highlight(text, &EmptyCatalog);
        let one = |h: &Highlight| format!("{}:{}", &text[h.span.clone()], h.kind.name());
        found.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_word_is_what_the_grammar_read_it_as() {
        for (text, expected) in [
            (
                "T | where a has 'x' // c",
                "T:column |:sign where:operator a:column has:keyword 'x':string // c:comment",
            ),
            (
                "T | project-away b, where",
                "T:column |:sign project:operator -:operator away:operator b:column ,:sign where:column",
            ),
            (
                "let n = 1d; T | take strlen('é')",
                "let:keyword n:variable =:sign 1d:number ;:sign T:column |:sign take:operator \
                 strlen:function (:sign 'é':string ):sign",
            ),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn every_token_is_told_once_and_in_order_whatever_the_text() {
        for text in
            ["", "|", "a +", "f((((", "'open", "let x", "T | summarize by", "é | 日本 == \"x"]
        {
            let found = highlight(text, &EmptyCatalog);
            let told: Vec<Span> = found.into_iter().map(|highlight| highlight.span).collect();
            let tokens = crate::syntax::lex(text).into_iter();
            let tokens = tokens.filter(|token| token.kind != SyntaxKind::Whitespace);
            let expected: Vec<Span> =
                tokens.map(|token| token.start as usize..token.end as usize).collect();
            assert_eq!(told, expected, "{text}");
        }
        let deep = format!("print {}1", "1+".repeat(900));
        assert_eq!(highlight(&deep, &EmptyCatalog).len(), 1 + 1 + 1_800);
    }
}
