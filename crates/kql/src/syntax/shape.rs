//! The shapes of operators that are more than a list: `join`, `union`, `mv-expand`, `parse`, `make-series`, `search`,
//! `top-nested`. Deliberately absent: which operator has which shape (`operator`).

use super::kind::SyntaxKind::*;
use super::parser::Parser;

impl Parser<'_> {
    pub(super) fn join(&mut self) {
        self.properties();
        if self.kind() == LParen {
            self.postfix();
        } else {
            self.expression();
        }
        if self.at_word("on") {
            self.start(On);
            self.bump();
            self.list();
            self.finish();
        } else if self.bump_word("where") {
            self.expression();
        } else {
            self.error("Missing join on condition clause");
        }
    }

    pub(super) fn union(&mut self) {
        self.properties();
        self.start(List);
        loop {
            self.name_pattern();
            if !self.bump_if(Comma) {
                break;
            }
        }
        self.finish();
    }

    /// Items of `mv-expand` and `mv-apply`, each with an optional `to typeof(…)`.
    pub(super) fn expansions(&mut self) {
        self.start(List);
        loop {
            self.start(SortKey);
            self.item();
            if self.at_word("to") {
                self.start(ToType);
                self.bump();
                self.expression();
                self.finish();
            }
            self.finish();
            if !self.bump_if(Comma) {
                break;
            }
        }
        self.finish();
    }

    pub(super) fn limit(&mut self) {
        if self.bump_word("limit") {
            self.expression();
        }
    }

    /// `kind`, `bagexpansion`, `with_itemindex` and hints; any other `name=` is a column.
    pub(super) fn expansion_properties(&mut self) {
        while self.at_property()
            && (self.nth(1) == Dot
                || matches!(self.nth_text(0), "kind" | "bagexpansion" | "with_itemindex"))
        {
            self.property();
        }
    }

    pub(super) fn mv_apply(&mut self) {
        self.expansion_properties();
        self.expansions();
        self.limit();
        self.expect_word("on");
        self.body();
    }

    /// `( operator | operator )`, the input being given from outside; or `{ pipe }`.
    pub(super) fn body(&mut self) {
        self.start(Body);
        if self.kind() == LBrace {
            self.bump();
            self.pipe();
            self.expect(RBrace, "}");
        } else if self.expect(LParen, "(") {
            self.nested(|p| {
                p.operator();
                p.operators_after_bar();
            });
            self.expect(RParen, ")");
        }
        self.finish();
    }

    /// `macro-expand isfuzzy=true entity_group [database('x'), …] as X ( X.T | … )`
    pub(super) fn macro_expand(&mut self) {
        self.properties();
        self.expect_word("entity_group");
        if self.expect(LBracket, "[") {
            self.start(List);
            while !self.ended() && self.kind() != RBracket {
                let before = self.position();
                self.expression();
                if !self.bump_if(Comma) || self.position() == before {
                    break;
                }
            }
            self.finish();
            self.expect(RBracket, "]");
        }
        self.expect_word("as");
        self.name();
        self.start(Body);
        if self.expect(LParen, "(") {
            self.nested(Self::pipe);
            self.expect(RParen, ")");
        }
        self.finish();
    }

    /// `fork (…) name=(…)`
    pub(super) fn fork(&mut self) {
        loop {
            if self.kind() == Name && self.nth(1) == Assign {
                self.name();
                self.bump();
            }
            self.body();
            if self.kind() != LParen && !(self.kind() == Name && self.nth(1) == Assign) {
                return;
            }
        }
    }

    pub(super) fn parse_pattern(&mut self) {
        self.properties();
        self.expression();
        self.expect_word("with");
        if self.pattern_ends() {
            self.error("Expected: text, * or column");
        }
        self.start(List);
        while !self.pattern_ends() {
            let before = self.position();
            self.start(PatternPart);
            match self.kind() {
                Text => {
                    while self.kind() == Text {
                        self.bump();
                    }
                }
                Star => self.bump(),
                Name | LBracket => {
                    self.name();
                    if self.bump_if(Colon) && !self.bump_if(Name) {
                        self.error("Missing type");
                    }
                }
                TypedLiteral | Long | Real | TimeSpan => {
                    self.start(Literal);
                    self.bump();
                    self.finish();
                }
                _ => {
                    self.error("Expected: text, * or column");
                    self.skip_balanced(&[Bar, Semicolon]);
                }
            }
            self.finish();
            if self.position() == before {
                // `[` without a name in it, or a stray `]`: what took nothing now would take nothing for ever.
                self.skip_until(&[Bar, Semicolon]);
                break;
            }
        }
        self.finish();
    }

    fn pattern_ends(&self) -> bool {
        self.ended() || matches!(self.kind(), Bar | Semicolon | RParen | RBrace)
    }

    pub(super) fn make_series(&mut self) {
        self.properties_before_list();
        if self.at_word("kind") {
            self.property();
        }
        self.start(List);
        loop {
            self.start(SortKey);
            self.item();
            if self.at_word("default") && self.nth(1) == Assign {
                self.property();
            }
            self.finish();
            if !self.bump_if(Comma) {
                break;
            }
        }
        self.finish();
        self.expect_word("on");
        self.start(On);
        self.sum();
        self.finish();
        if self.bump_word("in") {
            self.postfix();
        } else {
            self.bounds();
        }
        self.by();
    }

    fn bounds(&mut self) {
        for (word, required) in [("from", false), ("to", false), ("step", true)] {
            if self.at_word(word) {
                self.start(ToType);
                self.bump();
                self.expression();
                self.finish();
            } else if required {
                self.error(format!("Expected: {word}"));
            }
        }
    }

    pub(super) fn search(&mut self, find: bool) {
        self.properties();
        if self.bump_word("in") {
            self.expect(LParen, "(");
            self.start(List);
            while !self.ended() && self.kind() != RParen {
                let before = self.position();
                self.name_pattern();
                if !self.bump_if(Comma) && self.position() == before {
                    break;
                }
            }
            self.finish();
            self.expect(RParen, ")");
        }
        if !find {
            self.expression();
            return;
        }
        self.bump_word("where");
        self.expression();
        if self.bump_word("project") {
            self.start(By);
            self.list();
            self.finish();
        } else {
            self.bump_word("project-smart");
        }
        self.skip_balanced(&[Bar, Semicolon]);
    }

    pub(super) fn top_nested(&mut self) {
        loop {
            self.start(SortKey);
            if !self.at_word("of") {
                self.expression();
            }
            self.expect_word("of");
            self.item();
            if self.bump_word("with") {
                self.property();
            }
            self.expect_word("by");
            self.item();
            if self.at_word("asc") || self.at_word("desc") {
                self.bump();
            }
            self.finish();
            if !self.bump_if(Comma) {
                return;
            }
            if self.at_word("top")
                && self.glued(0)
                && self.nth(1) == Minus
                && self.nth_word(2, "nested")
            {
                self.bump();
                self.bump();
                self.bump();
            }
        }
    }
}
