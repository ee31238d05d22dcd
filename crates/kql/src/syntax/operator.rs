//! Query operators: their names, their lists, and the shapes of the common ones (`shape` has the others). An operator that
//! the language has but nothing here binds yet is read as a run of balanced tokens, so that the binder can name it instead of
//! reporting a syntax error. Deliberately absent: meaning.

use super::kind::SyntaxKind::*;
use super::parser::Parser;

/// Every query operator of the language.
pub(crate) const OPERATORS: &[&str] = &[
    "as",
    "assert-schema",
    "consume",
    "count",
    "distinct",
    "evaluate",
    "execute-and-cache",
    "extend",
    "facet",
    "filter",
    "find",
    "fork",
    "getschema",
    "graph-mark-components",
    "graph-match",
    "graph-merge",
    "graph-shortest-paths",
    "graph-to-table",
    "graph-where-edges",
    "graph-where-nodes",
    "invoke",
    "join",
    "limit",
    "lookup",
    "macro-expand",
    "make-graph",
    "make-series",
    "mv-apply",
    "mv-expand",
    "mvapply",
    "mvexpand",
    "order",
    "parse",
    "parse-kv",
    "parse-where",
    "partition",
    "print",
    "project",
    "project-away",
    "project-by-names",
    "project-keep",
    "project-rename",
    "project-reorder",
    "range",
    "reduce",
    "render",
    "sample",
    "sample-distinct",
    "scan",
    "search",
    "serialize",
    "sort",
    "summarize",
    "take",
    "top",
    "top-hitters",
    "top-nested",
    "union",
    "where",
];

/// The name of an operator, put together from its first tokens.
pub(crate) fn operator_name(node: super::tree::Node<'_>) -> String {
    let mut name = String::new();
    let mut best = String::new();
    let mut end = None;
    for token in node.tokens() {
        if end.is_some_and(|end| end != token.span().start) {
            break;
        }
        end = Some(token.span().end);
        name.push_str(token.text());
        if OPERATORS.contains(&name.as_str()) {
            best.clone_from(&name);
        }
    }
    best
}

/// Words that cannot start an item of a list, because they go on with the operator.
const STOPS: [&str; 8] = ["by", "on", "with", "limit", "from", "step", "to", "in"];

impl Parser<'_> {
    /// An operator with its name.
    pub(super) fn operator(&mut self) {
        let (name, parts) = self.operator_name();
        if !OPERATORS.contains(&name.as_str()) {
            self.error("Query operator expected.");
            self.skip_until(&[Bar, Semicolon]);
            return;
        }
        self.start(Operator);
        for _ in 0..parts {
            self.bump();
        }
        self.operator_body(&name);
        self.finish();
    }

    /// `project-away` are three tokens: the longest run that is an operator counts.
    fn operator_name(&self) -> (String, usize) {
        let mut name = self.nth_text(0).to_string();
        let mut best = (name.clone(), 1);
        let mut parts = 1;
        while self.glued(parts - 1)
            && self.nth(parts) == Minus
            && self.glued(parts)
            && self.nth(parts + 1) == Name
            && parts < 7
        {
            name.push('-');
            name.push_str(self.nth_text(parts + 1));
            parts += 2;
            if OPERATORS.contains(&name.as_str()) {
                best = (name.clone(), parts);
            }
        }
        best
    }

    fn operator_body(&mut self, name: &str) {
        match name {
            "where" | "filter" => {
                self.properties();
                self.expression();
            }
            "take" | "limit" | "sample" => self.expression(),
            "consume" | "getschema" => self.properties(),
            "count" => {
                self.properties();
                if self.bump_word("as") {
                    self.name();
                }
            }
            "extend" | "project" | "serialize" | "print" | "distinct" | "project-rename" => {
                self.properties_before_list();
                self.list();
            }
            "project-away" | "project-keep" | "project-reorder" | "project-by-names" => {
                self.name_patterns();
            }
            "summarize" => self.summarize(),
            "sort" | "order" => {
                self.properties();
                self.expect_word("by");
                self.sort_keys(usize::MAX);
            }
            "top" => {
                self.properties();
                self.expression();
                self.expect_word("by");
                self.sort_keys(1);
            }
            "join" | "lookup" => self.join(),
            "union" => self.union(),
            "render" => {
                if !self.bump_if(Name) {
                    self.error("Missing chart kind");
                }
                if self.bump_word("by") {
                    self.list();
                }
                self.properties();
                self.with_properties();
            }
            "as" => {
                self.properties();
                self.name();
            }
            _ => self.rarer_body(name),
        }
    }

    fn rarer_body(&mut self, name: &str) {
        match name {
            "mv-expand" | "mvexpand" => {
                self.expansion_properties();
                self.expansions();
                self.limit();
            }
            "mv-apply" | "mvapply" => self.mv_apply(),
            "parse" | "parse-where" => self.parse_pattern(),
            "parse-kv" => {
                self.expression();
                self.expect_word("as");
                self.parameters();
                self.with_properties();
            }
            "make-series" => self.make_series(),
            "evaluate" => {
                self.properties();
                self.postfix();
                if self.bump_if(Colon) {
                    self.parameters();
                }
            }
            "invoke" => self.postfix(),
            "search" | "find" => self.search(name == "find"),
            "range" => {
                self.name();
                self.expect_word("from");
                self.sum();
                self.expect_word("to");
                self.sum();
                self.expect_word("step");
                self.sum();
            }
            "sample-distinct" | "top-hitters" => {
                self.expression();
                self.expect_word("of");
                self.expression();
                if self.bump_word("by") {
                    self.expression();
                }
            }
            "top-nested" => self.top_nested(),
            "scan" => self.scan(),
            "partition" => {
                self.properties();
                self.expect_word("by");
                // A column, perhaps with a path: what would be the arguments of a call is the body.
                self.path();
                self.body();
            }
            "reduce" => {
                self.properties();
                self.expect_word("by");
                self.expression();
                self.with_properties();
            }
            "fork" => self.fork(),
            "macro-expand" => self.macro_expand(),
            "make-graph" => self.make_graph(),
            "graph-match" | "graph-shortest-paths" => self.graph_match(),
            "graph-mark-components" => self.properties(),
            "graph-to-table" => self.graph_to_table(),
            "facet" => {
                self.expect_word("by");
                self.list();
                if self.bump_word("with") {
                    self.body();
                }
            }
            _ => self.skip_balanced(&[Bar, Semicolon]),
        }
    }

    /// `kind=inner hint.remote=auto …`
    pub(super) fn properties(&mut self) {
        while self.at_property() {
            self.property();
        }
    }

    /// In front of a list only hints are properties: `x=1` is a column there.
    pub(super) fn properties_before_list(&mut self) {
        while self.at_property() && self.nth(1) == Dot {
            self.property();
        }
    }

    /// Comma-separated columns: `a`, `name = expression`, `(a, b) = expression`.
    pub(super) fn list(&mut self) {
        self.start(List);
        if !self.list_ends() {
            self.item();
            while self.bump_if(Comma) {
                self.item();
            }
        }
        self.finish();
    }

    fn list_ends(&self) -> bool {
        self.ended()
            || matches!(self.kind(), Bar | Semicolon | RParen | RBrace)
            || (STOPS.contains(&self.nth_text(0))
                && self.kind() == Name
                && !matches!(self.nth(1), Assign | Comma | Bar | Dot | Root))
    }

    pub(super) fn item(&mut self) {
        let named = self.kind() == Name && self.nth(1) == Assign;
        let bracketed = self.nth_is_bracketed_name(0) && self.nth(3) == Assign;
        if named || bracketed {
            self.start(Assignment);
            self.name();
            self.bump();
            self.expression();
            self.finish();
        } else if self.at_name_list() {
            self.start(Assignment);
            self.start(NameList);
            self.bump();
            while self.kind() != RParen && !self.ended() {
                self.name();
                self.bump_if(Comma);
            }
            self.bump();
            self.finish();
            self.bump();
            self.expression();
            self.finish();
        } else {
            self.expression();
        }
    }

    /// `(a, ['b c'], …) =`
    fn at_name_list(&self) -> bool {
        if self.kind() != LParen {
            return false;
        }
        let mut at = 1;
        loop {
            match self.nth(at) {
                Name => at += 1,
                LBracket if self.nth_is_bracketed_name(at) => at += 3,
                _ => return false,
            }
            match self.nth(at) {
                Comma => at += 1,
                RParen => return self.nth(at + 1) == Assign,
                _ => return false,
            }
        }
    }

    pub(super) fn by(&mut self) {
        if self.at_word("by") {
            self.start(By);
            self.bump();
            self.list();
            self.finish();
        }
    }

    fn summarize(&mut self) {
        self.properties_before_list();
        self.list();
        self.by();
    }

    pub(super) fn sort_keys(&mut self, max: usize) {
        let mut count = 0;
        loop {
            self.start(SortKey);
            self.item();
            if self.at_word("asc") || self.at_word("desc") {
                self.bump();
            }
            if self.bump_word("nulls") && !self.bump_word("first") {
                self.expect_word("last");
            }
            self.finish();
            count += 1;
            if count == max || !self.bump_if(Comma) {
                return;
            }
        }
    }

    /// `prefix*` and names, for `project-away` and its like; `asc`/`desc` after each for `project-reorder`.
    fn name_patterns(&mut self) {
        self.start(List);
        loop {
            self.name_pattern();
            if self.nth_text(0).starts_with("granny") && self.nth(1) == Minus {
                self.bump();
                self.bump();
            }
            if self.at_word("asc") || self.at_word("desc") {
                self.bump();
            }
            if !self.bump_if(Comma) {
                break;
            }
        }
        self.finish();
    }

    pub(super) fn name_pattern(&mut self) {
        let starred = self.kind() == Star || (self.glued(0) && self.nth(1) == Star);
        if starred {
            self.start(Wildcard);
            self.bump();
            while self.glued_before() && matches!(self.kind(), Star | Name | Long) {
                self.bump();
            }
            self.finish();
        } else {
            self.item();
        }
    }
}
