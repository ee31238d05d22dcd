//! Tabular expressions: a source, then operators after `|`. Deliberately absent: the operators themselves (`operator`).

use super::kind::SyntaxKind::*;
use super::parser::{CHAIN_MAX, Parser};

impl Parser<'_> {
    /// A source or a scalar expression, then any number of `| operator`.
    pub(super) fn pipe(&mut self) {
        let mark = self.mark();
        self.source();
        if self.kind() == Bar {
            self.start_at(mark, Pipe);
            self.operators_after_bar();
            self.finish();
        }
    }

    pub(super) fn operators_after_bar(&mut self) {
        let mut count = 0;
        while self.kind() == Bar {
            self.bump();
            self.operator();
            count += 1;
            if count > CHAIN_MAX {
                self.give_up(&format!("a pipe has more than {CHAIN_MAX} operators"));
            }
        }
    }

    /// What may stand in front of the first `|`.
    fn source(&mut self) {
        if self.at_source_operator() {
            self.nested(Self::operator);
        } else {
            self.expression();
        }
    }

    fn at_source_operator(&self) -> bool {
        let next = self.nth(1);
        match self.nth_text(0) {
            "print" => !matches!(next, Bar | Assign | Dot),
            "union" => matches!(next, Name | LParen | LBracket | Star),
            "find" => matches!(next, Name | LParen | LBracket | Star | Text),
            "search" => !matches!(next, Bar | Assign | Dot | Root | Comma | RParen),
            "range" => next == Name && self.nth_word(2, "from"),
            "evaluate" => next == Name && !matches!(self.nth(2), Assign),
            "macro" => next == Minus && self.nth_word(2, "expand"),
            _ => false,
        }
    }

    /// `datatable (name:type, …) [value, …]`
    pub(super) fn datatable(&mut self) {
        self.start(DataTable);
        self.bump();
        self.parameters();
        if self.expect(LBracket, "[") {
            self.start(List);
            while !self.ended() && self.kind() != RBracket {
                let before = self.position();
                self.expression();
                if self.bump_if(Comma) || self.kind() == RBracket {
                    continue;
                }
                self.error("Expected: ]");
                if self.position() == before || matches!(self.kind(), Bar | Semicolon) {
                    break;
                }
            }
            self.finish();
            self.expect(RBracket, "]");
        }
        self.finish();
    }

    /// `externaldata (name:type, …) [uri, …] with (name=value, …)`
    pub(super) fn externaldata(&mut self) {
        self.start(ExternalData);
        self.bump();
        self.parameters();
        if self.expect(LBracket, "[") {
            self.start(List);
            while !self.ended() && self.kind() != RBracket {
                let before = self.position();
                self.expression();
                if !self.bump_if(Comma) && self.position() == before {
                    break;
                }
            }
            self.finish();
            self.expect(RBracket, "]");
        }
        self.with_properties();
        self.finish();
    }

    /// `with (name=value, …)`, if it is there.
    pub(super) fn with_properties(&mut self) {
        if !self.at_word("with") {
            return;
        }
        self.start(With);
        self.bump();
        if self.kind() == LParen {
            self.bump();
            while !self.ended() && self.kind() != RParen {
                let before = self.position();
                self.property();
                self.bump_if(Comma);
                if self.position() == before {
                    self.skip_until(&[Comma, RParen]);
                    self.bump_if(Comma);
                    if self.position() == before {
                        break;
                    }
                }
            }
            self.expect(RParen, ")");
        } else {
            while self.at_property() {
                self.property();
                self.bump_if(Comma);
            }
        }
        self.finish();
    }

    /// `name=value`; the name may have dots.
    pub(super) fn property(&mut self) {
        self.start(Property);
        while matches!(self.kind(), Name | Dot | Minus) {
            self.bump();
        }
        self.expect(Assign, "=");
        match self.kind() {
            // `kind=inner`, `hint.strategy=shuffle`: one word, so that a parenthesis after it is not a call.
            Name if self.nth(1) != Dot && !self.nth_is_value_call() => {
                self.start(NameRef);
                self.bump();
                self.finish();
            }
            LParen => self.args(),
            _ => self.sum(),
        }
        self.finish();
    }

    /// Whether a name is followed by parentheses that belong to it: `dynamic(…)` is the only one among properties.
    fn nth_is_value_call(&self) -> bool {
        self.nth_text(0) == "dynamic" && self.nth(1) == LParen
    }

    /// `name=` or `hint.name=`, but not `name==`.
    pub(super) fn at_property(&self) -> bool {
        self.kind() == Name
            && (self.nth(1) == Assign
                || (self.nth(1) == Dot && self.nth(2) == Name && self.nth(3) == Assign))
    }
}
