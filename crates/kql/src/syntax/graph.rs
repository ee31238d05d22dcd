//! The shapes of the graph operators: `make-graph`, patterns of `graph-match` and `graph-shortest-paths`, outputs of
//! `graph-to-table`. Deliberately absent: what a pattern means (the binder knows its names).

use super::kind::SyntaxKind::*;
use super::parser::{CHAIN_MAX, Parser};

impl Parser<'_> {
    /// `make-graph a --> b with T on id, U on id`, `… with_node_id=id partitioned-by c ( operators )`
    pub(super) fn make_graph(&mut self) {
        self.properties();
        self.name();
        self.expect(Minus, "-->");
        self.expect(Minus, "-->");
        self.expect(Greater, "-->");
        self.name();
        self.properties();
        if self.at_word("with") {
            self.start(With);
            self.bump();
            loop {
                self.node_table();
                if !self.bump_if(Comma) {
                    break;
                }
            }
            self.finish();
        }
        self.properties();
        if self.at_word("partitioned") {
            self.start(By);
            self.bump();
            self.expect(Minus, "-");
            self.expect_word("by");
            self.name();
            self.body();
            self.finish();
        }
    }

    /// `T on id`
    fn node_table(&mut self) {
        self.start(NodeTable);
        if self.kind() == LParen {
            self.postfix();
        } else {
            self.expression();
        }
        self.expect_word("on");
        self.name();
        self.finish();
    }

    /// `cycles=none (a)-[e]->(b), (b)<--(c) where … project …`
    pub(super) fn graph_match(&mut self) {
        self.properties();
        loop {
            self.match_pattern();
            if !self.bump_if(Comma) {
                break;
            }
        }
        if self.at_word("where") {
            self.start(Where);
            self.bump();
            self.expression();
            self.finish();
        }
        if self.bump_word("project") {
            self.list();
        }
    }

    fn match_pattern(&mut self) {
        self.start(MatchPattern);
        self.match_node();
        let mut elements = 0;
        while matches!(self.kind(), Minus | Less) {
            self.match_edge();
            self.match_node();
            elements += 1;
            if elements > CHAIN_MAX {
                self.give_up(&format!("a pattern has more than {CHAIN_MAX} edges"));
            }
        }
        self.finish();
    }

    /// `(n)`, `()`
    fn match_node(&mut self) {
        self.start(MatchNode);
        if self.expect(LParen, "(") {
            if self.kind() == Name || self.at_bracketed_name() {
                self.name();
            }
            self.expect(RParen, ")");
        }
        self.finish();
    }

    /// `-[e]->`, `<-[e*1..3]-`, `-[e]-`, `-->`, `<--`, `--`
    fn match_edge(&mut self) {
        self.start(MatchEdge);
        let backwards = self.bump_if(Less);
        self.expect(Minus, "-");
        if self.bump_if(LBracket) {
            if self.kind() == Name {
                self.name();
            }
            if self.kind() == Star {
                self.start(MatchRange);
                self.bump();
                self.sum();
                self.expect(DotDot, "..");
                self.sum();
                self.finish();
            }
            self.expect(RBracket, "]");
        }
        self.expect(Minus, "-");
        if !backwards {
            self.bump_if(Greater);
        }
        self.finish();
    }

    /// `nodes as N with_node_id=i, edges as E with_source_id=s with_target_id=t`
    pub(super) fn graph_to_table(&mut self) {
        loop {
            self.start(GraphOutput);
            if !self.bump_word("nodes") {
                self.expect_word("edges");
            }
            self.properties();
            if self.bump_word("as") {
                self.name();
                self.properties();
            }
            self.finish();
            if !self.bump_if(Comma) {
                break;
            }
        }
    }
}
