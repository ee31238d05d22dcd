//! Recursive descent over the tokens: statements, and what all parts of the grammar share. Deliberately absent: query
//! operators (`operator`, `tabular`) and scalar expressions (`expression`).

use super::builder::{Builder, Mark};
use super::kind::SyntaxKind::{self, *};
use super::lexer::{Token, lex};
use super::tree::Tree;
use crate::diagnostic::{Code, Diagnostic, Span};

/// How deep expressions, parentheses and functions may nest.
pub const DEPTH_MAX: usize = 128;
/// How many query operators one pipe may have, and how many operands one chain of `+`.
pub(super) const CHAIN_MAX: usize = 1_000;
/// How many tokens the parameters of a function may have. Without an end to the look-ahead, a text of many `let` with open
/// parentheses would be read once for each.
const PARAMETERS_TOKENS_MAX: usize = 10_000;
/// How long a query may be, in bytes.
pub const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How many diagnostics are reported for one text.
pub(super) const DIAGNOSTICS_MAX: usize = 200;

/// What a text was read as.
#[derive(Debug, Clone)]
pub struct Parse {
    /// The tree; it covers the whole text, whatever it is.
    pub tree: Tree,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a query.
#[must_use]
pub fn parse(text: &str) -> Parse {
    if text.len() > TEXT_BYTES_MAX {
        return too_long(text);
    }
    let tokens = lex(text);
    let mut parser = Parser::new(text, tokens);
    parser.builder.start(Root);
    parser.statements(None);
    let Parser { builder, diagnostics, .. } = parser;
    Parse { tree: builder.into_tree(text), diagnostics }
}

fn too_long(text: &str) -> Parse {
    let whole =
        Token { kind: Unknown, start: 0, end: u32::try_from(text.len()).unwrap_or(u32::MAX) };
    let mut builder = Builder::new(vec![whole]);
    builder.start(Root);
    let message = format!("the query is longer than {TEXT_BYTES_MAX} bytes");
    Parse {
        tree: builder.into_tree(text),
        diagnostics: vec![Diagnostic::error(Code::TooLarge, 0..0, message)],
    }
}

pub(super) struct Parser<'t> {
    text: &'t str,
    /// The tokens without trivia.
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    too_deep: bool,
    pub(super) builder: Builder,
    diagnostics: Vec<Diagnostic>,
}

/// The end of the text, as a token.
const END: Token = Token { kind: Root, start: 0, end: 0 };

impl<'t> Parser<'t> {
    fn new(text: &'t str, tokens: Vec<Token>) -> Self {
        let significant = tokens.iter().filter(|token| !token.kind.is_trivia()).copied().collect();
        let builder = Builder::new(tokens);
        Self {
            text,
            tokens: significant,
            at: 0,
            depth: 0,
            too_deep: false,
            builder,
            diagnostics: Vec::new(),
        }
    }

    pub(super) fn nth(&self, ahead: usize) -> SyntaxKind {
        self.tokens.get(self.at + ahead).map_or(END.kind, |token| token.kind)
    }

    pub(super) fn kind(&self) -> SyntaxKind {
        self.nth(0)
    }

    pub(super) fn ended(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) const fn position(&self) -> usize {
        self.at
    }

    pub(super) fn nth_text(&self, ahead: usize) -> &'t str {
        self.tokens
            .get(self.at + ahead)
            .map_or("", |token| &self.text[token.start as usize..token.end as usize])
    }

    /// Whether the next token is that word.
    pub(super) fn at_word(&self, word: &str) -> bool {
        self.nth_word(0, word)
    }

    pub(super) fn nth_word(&self, ahead: usize, word: &str) -> bool {
        self.nth(ahead) == Name && self.nth_text(ahead) == word
    }

    /// Whether nothing stands between the token `ahead` and the one after it.
    pub(super) fn glued(&self, ahead: usize) -> bool {
        match (self.tokens.get(self.at + ahead), self.tokens.get(self.at + ahead + 1)) {
            (Some(a), Some(b)) => a.end == b.start,
            _ => false,
        }
    }

    /// Whether nothing stands between the token just taken and the next one.
    pub(super) fn glued_before(&self) -> bool {
        match (self.at.checked_sub(1).and_then(|at| self.tokens.get(at)), self.tokens.get(self.at))
        {
            (Some(a), Some(b)) => a.end == b.start,
            _ => false,
        }
    }

    pub(super) fn bump(&mut self) {
        self.builder.bump();
        self.at += 1;
    }

    pub(super) fn bump_if(&mut self, kind: SyntaxKind) -> bool {
        let here = self.kind() == kind && !self.ended();
        if here {
            self.bump();
        }
        here
    }

    pub(super) fn bump_word(&mut self, word: &str) -> bool {
        let here = self.at_word(word);
        if here {
            self.bump();
        }
        here
    }

    pub(super) fn expect(&mut self, kind: SyntaxKind, name: &str) -> bool {
        let here = self.bump_if(kind);
        if !here {
            self.error(format!("Expected: {name}"));
        }
        here
    }

    pub(super) fn expect_word(&mut self, word: &str) -> bool {
        let here = self.bump_word(word);
        if !here {
            self.error(format!("Expected: {word}"));
        }
        here
    }

    pub(super) fn mark(&mut self) -> Mark {
        self.builder.mark()
    }

    pub(super) fn start(&mut self, kind: SyntaxKind) {
        self.builder.start(kind);
    }

    pub(super) fn start_at(&mut self, mark: Mark, kind: SyntaxKind) {
        self.builder.start_at(mark, kind);
    }

    pub(super) fn finish(&mut self) {
        self.builder.finish();
    }

    /// Where the next token stands; at the end, the last byte.
    fn span(&self) -> Span {
        self.tokens.get(self.at).map_or_else(
            || {
                let end = self.tokens.last().map_or(0, |token| token.end as usize);
                end..end
            },
            |token| token.start as usize..token.end as usize,
        )
    }

    pub(super) fn error(&mut self, message: impl Into<String>) {
        let span = self.span();
        self.report(Diagnostic::error(Code::Syntax, span, message));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.too_deep || self.diagnostics.len() >= DIAGNOSTICS_MAX {
            return;
        }
        let again = self.diagnostics.iter().any(|other| other.span.start == diagnostic.span.start);
        if !again {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Runs `inner` one level deeper. Over the limit the rest of the text becomes one error node.
    pub(super) fn nested(&mut self, inner: impl FnOnce(&mut Self)) {
        if self.depth >= DEPTH_MAX {
            self.give_up(&format!("the query nests deeper than {DEPTH_MAX} levels"));
            return;
        }
        self.depth += 1;
        inner(self);
        self.depth -= 1;
    }

    /// Reports a limit and swallows the rest.
    pub(super) fn give_up(&mut self, message: &str) {
        let span = self.span();
        self.report(Diagnostic::error(Code::TooLarge, span, message));
        self.too_deep = true;
        self.start(Error);
        while !self.ended() {
            self.bump();
        }
        self.finish();
    }

    /// Takes tokens into an error node until one of these kinds (or the end) comes on this level of parentheses.
    pub(super) fn skip_until(&mut self, stops: &[SyntaxKind]) {
        self.start(Error);
        self.skip_balanced(stops);
        self.finish();
    }

    pub(super) fn skip_balanced(&mut self, stops: &[SyntaxKind]) {
        let mut depth = 0usize;
        while !self.ended() {
            let kind = self.kind();
            if depth == 0 && stops.contains(&kind) {
                break;
            }
            match kind {
                LParen | LBracket | LBrace => depth += 1,
                RParen | RBracket | RBrace if depth == 0 => break,
                RParen | RBracket | RBrace => depth -= 1,
                _ => {}
            }
            self.bump();
        }
    }

    /// Statements up to the end of the text, or to a closing token.
    fn statements(&mut self, close: Option<SyntaxKind>) {
        while !self.ended() && Some(self.kind()) != close {
            if self.bump_if(Semicolon) {
                continue;
            }
            let before = self.at;
            self.statement();
            if self.at == before {
                self.error("The incomplete fragment is unexpected.");
                self.start(Error);
                self.bump();
                self.skip_balanced(&[Semicolon]);
                self.finish();
            }
            if !self.ended() && self.kind() != Semicolon && Some(self.kind()) != close {
                self.error("Expected: ;");
            }
        }
    }

    fn statement(&mut self) {
        let named = matches!(self.nth(1), Name | LBracket);
        match self.nth_text(0) {
            "." if self.at == 0 && self.nth(1) == Name => {
                self.start(Command);
                while !self.ended() {
                    self.bump();
                }
                self.finish();
            }
            "let" if named => self.let_statement(),
            "set" | "alias" | "restrict" if named => self.option(),
            "declare" if self.nth_word(1, "query_parameters") => {
                self.start(QueryParameters);
                self.bump();
                self.bump();
                self.parameters();
                self.finish();
            }
            "declare" if named => self.option(),
            _ => {
                self.start(Query);
                self.pipe();
                self.finish();
            }
        }
    }

    fn option(&mut self) {
        self.start(SetOption);
        self.skip_balanced(&[Semicolon]);
        self.finish();
    }

    fn let_statement(&mut self) {
        self.start(Let);
        self.bump();
        self.name();
        self.expect(Assign, "=");
        if self.at_lambda() {
            self.lambda();
        } else {
            self.pipe();
        }
        self.finish();
    }

    /// `(…) {`, also with `view` in front.
    fn at_lambda(&self) -> bool {
        let from = usize::from(self.at_word("view"));
        if self.nth(from) != LParen {
            return false;
        }
        let mut depth = 0usize;
        for ahead in from..from + PARAMETERS_TOKENS_MAX {
            match self.nth(ahead) {
                Root => return false,
                LParen => depth += 1,
                RParen => {
                    depth -= 1;
                    if depth == 0 {
                        return self.nth(ahead + 1) == LBrace;
                    }
                }
                Bar | Semicolon => return false,
                _ => {}
            }
        }
        false
    }

    fn lambda(&mut self) {
        self.nested(|p| {
            p.start(Lambda);
            p.bump_word("view");
            p.parameters();
            p.start(Body);
            p.expect(LBrace, "{");
            p.statements(Some(RBrace));
            p.expect(RBrace, "}");
            p.finish();
            p.finish();
        });
    }

    /// `(name:type, …)`
    pub(super) fn parameters(&mut self) {
        self.start(Parameters);
        if self.expect(LParen, "(") {
            while !self.ended() && self.kind() != RParen {
                let before = self.at;
                self.parameter();
                if !self.bump_if(Comma) && self.kind() != RParen {
                    self.error("Expected: ,");
                    if self.at == before {
                        self.skip_until(&[Comma, RParen]);
                        self.bump_if(Comma);
                    }
                    if self.at == before {
                        break;
                    }
                }
            }
            self.expect(RParen, ")");
        }
        self.finish();
    }

    fn parameter(&mut self) {
        self.start(Parameter);
        if self.bump_if(Star) {
            self.finish();
            return;
        }
        self.name();
        if self.expect(Colon, ":") {
            if self.kind() == LParen {
                self.nested(Self::parameters);
            } else if !self.bump_if(Name) {
                self.error("Missing type");
            }
        }
        if self.bump_if(Assign) {
            self.expression();
        }
        self.finish();
    }

    /// A name, also in brackets; a missing one is reported.
    pub(super) fn name(&mut self) {
        self.start(NameRef);
        if self.at_bracketed_name() {
            self.bump();
            self.bump();
            self.bump();
        } else if matches!(self.kind(), Name) {
            self.bump();
        } else {
            self.error("Missing name");
        }
        self.finish();
    }

    /// `['name']`
    pub(super) fn at_bracketed_name(&self) -> bool {
        self.nth_is_bracketed_name(0)
    }

    pub(super) fn nth_is_bracketed_name(&self, ahead: usize) -> bool {
        self.nth(ahead) == LBracket
            && self.nth(ahead + 1) == Text
            && self.nth(ahead + 2) == RBracket
    }
}
