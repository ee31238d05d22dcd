//! The shape of `scan`: its clauses and its steps. Deliberately absent: what a step means (the binder knows its names).

use super::kind::SyntaxKind::*;
use super::parser::Parser;

impl Parser<'_> {
    /// `with_match_id=m order by a partition by b declare (c:long=0) with (step s: …; …)`
    pub(super) fn scan(&mut self) {
        self.properties();
        if self.bump_word("order") || self.bump_word("sort") {
            self.expect_word("by");
            self.sort_keys(usize::MAX);
        }
        if self.bump_word("partition") {
            self.by();
        }
        if self.bump_word("declare") {
            self.parameters();
        }
        if !self.at_word("with") {
            self.error("Expected: with");
            self.skip_balanced(&[Bar, Semicolon]);
            return;
        }
        self.start(With);
        self.bump();
        if self.expect(LParen, "(") {
            while self.at_word("step") {
                self.scan_step();
                if !self.bump_if(Semicolon) {
                    break;
                }
            }
            if self.kind() != RParen {
                self.error("Expected: step");
                self.skip_balanced(&[]);
            }
            self.expect(RParen, ")");
        }
        self.finish();
    }

    /// `step s output=last: condition => a = x, b = y`
    fn scan_step(&mut self) {
        self.start(ScanStep);
        self.bump();
        self.name();
        self.bump_word("optional");
        self.properties();
        self.expect(Colon, ":");
        self.expression();
        if self.bump_if(Arrow) {
            self.list();
        }
        self.finish();
    }
}
