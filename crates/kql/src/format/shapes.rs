//! Where blanks and breaks go in each kind of node. Deliberately absent: how wide anything is (`layout`).

use super::layout::Item::{Close, Hard, In, Line, Open, Out, Soft, Space};
use super::writer::{Writer, is, significant, start};
use crate::syntax::SyntaxKind::*;
use crate::syntax::{Child, Node, SyntaxKind};

/// Operators whose words go one after the other with a blank, and whose list is broken.
const LISTED: [&str; 45] = [
    "as",
    "consume",
    "count",
    "distinct",
    "evaluate",
    "extend",
    "filter",
    "find",
    "getschema",
    "invoke",
    "join",
    "limit",
    "lookup",
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
    "serialize",
    "sort",
    "summarize",
    "search",
    "take",
    "top",
    "top-hitters",
    "top-nested",
    "union",
    "where",
];

impl<'t> Writer<'t> {
    pub(super) fn node(&mut self, node: Node<'t>) {
        match node.kind() {
            Root => self.statements(node),
            Let => self.let_statement(node),
            Query => self.tight(node),
            Pipe => self.pipe(node),
            Operator => self.operator(node),
            Lambda | InList | ToType | SortKey | Assignment | Literal => self.spaced(node),
            Body => self.body(node),
            By | On => self.clause(node),
            List => self.list(node, Line),
            Parameters | Paren | NameList | Args | JsonArray | JsonObject => self.enclosed(node),
            Parameter | NameRef | Wildcard | StarExpr | Unary | Member | Index | Dynamic => {
                self.tight(node);
            }
            Property => self.tight(node),
            PatternPart if node.token(Colon).is_none() => self.spaced(node),
            PatternPart => self.tight(node),
            Binary => self.binary(node),
            Between => self.between(node),
            Call => self.call(node),
            JsonPair => self.pair(node),
            DataTable | ExternalData => self.table(node),
            With => self.with(node),
            _ => self.as_written(node),
        }
    }

    /// Statements, each on a line of its own.
    fn statements(&mut self, node: Node<'t>) {
        let mut first = true;
        for child in significant(node) {
            if let Child::Node(statement) = child {
                if !first {
                    self.push(Hard);
                }
                first = false;
                self.keep_blank = true;
                self.node(statement);
            } else {
                self.child(child);
            }
        }
    }

    /// `let name = value`, a pipe in it indented.
    fn let_statement(&mut self, node: Node<'t>) {
        let piped = node.child(Pipe).is_some();
        if piped {
            self.push(In);
        }
        self.spaced(node);
        if piped {
            self.push(Out);
        }
    }

    /// Operators on lines of their own, unless all was written on one line and fits there.
    fn pipe(&mut self, node: Node<'t>) {
        self.push(Open);
        for child in significant(node) {
            self.piped(child);
        }
        self.push(Close);
    }

    fn piped(&mut self, child: Child<'t>) {
        match child {
            Child::Token(bar) if bar.kind() == Bar => {
                let broken = self.line_end_before(bar.span().start);
                self.push(if broken { Hard } else { Line });
                self.token(bar);
                self.push(Space);
            }
            other => self.child(other),
        }
    }

    /// `{ statements }` of a function, `( operators )` of `mv-apply` and its like.
    fn body(&mut self, node: Node<'t>) {
        let (mut statements, mut broken) = (0, false);
        for child in significant(node) {
            statements += usize::from(matches!(child, Child::Node(_)) && !is_operator(child));
        }
        if let Some(text) = self.tree.text().get(node.span()) {
            broken |= text.contains('\n');
        }
        let braces = node.token(LBrace).is_some();
        let edge = if broken || statements > 1 {
            Hard
        } else if braces {
            Line
        } else {
            Soft
        };
        self.push(Open);
        let mut first = true;
        for child in significant(node) {
            match child {
                Child::Token(token) if matches!(token.kind(), LBrace | LParen) => {
                    self.token(token);
                    self.push(In);
                    self.push(edge);
                }
                Child::Token(token) if matches!(token.kind(), RBrace | RParen) => {
                    self.trivia(token.span().start);
                    self.push(Out);
                    self.push(edge);
                    self.token(token);
                }
                Child::Node(statement) if braces => {
                    if !first {
                        self.push(Hard);
                        self.keep_blank = true;
                    }
                    first = false;
                    self.node(statement);
                }
                other => self.piped(other),
            }
        }
        self.push(Close);
    }

    /// An operator: its words, properties and clauses; a list of several items may be broken.
    fn operator(&mut self, node: Node<'t>) {
        let name = crate::syntax::operator_name(node);
        if !LISTED.contains(&name.as_str()) {
            self.as_written(node);
            return;
        }
        self.push(Open);
        let mut before: Option<Child<'t>> = None;
        for child in significant(node) {
            if let Some(before) = before {
                self.operator_gap(&name, before, child);
            }
            match child {
                Child::Node(list) if list.kind() == List => {
                    if name.starts_with("parse") {
                        self.items.extend([Open, In]);
                        self.list(list, Line);
                        self.items.extend([Out, Close]);
                    } else if several(list) && !before.is_some_and(|before| is(before, LParen)) {
                        self.items.extend([In, Line]);
                        self.list(list, Line);
                        self.push(Out);
                    } else {
                        self.list(list, Line);
                    }
                }
                Child::Node(other) if matches!(other.kind(), By | ToType | SortKey) => {
                    self.push(In);
                    self.node(other);
                    self.push(Out);
                }
                other => self.child(other),
            }
            before = Some(child);
        }
        self.push(Close);
    }

    fn operator_gap(&mut self, name: &str, before: Child<'t>, child: Child<'t>) {
        let at = start(child);
        let hyphen = |child| is(child, Minus);
        match (before, child) {
            (_, Child::Token(token)) if matches!(token.kind(), Comma | RParen | Colon) => {}
            (Child::Token(token), _) if token.kind() == LParen => {}
            // `project-away`
            (Child::Token(_), Child::Token(_))
                if self.glued(at) && (hyphen(before) || hyphen(child)) => {}
            (Child::Token(token), _) if matches!(token.kind(), Comma) => {
                // The break belongs to the item after it.
                self.items.extend([In, Line, Out]);
            }
            (_, Child::Token(on)) if name == "make-series" && on.text() == "on" => {
                self.items.extend([In, Line, Out]);
            }
            (_, Child::Node(node)) if matches!(node.kind(), By | ToType) => {
                self.items.extend([In, Line, Out]);
            }
            _ => self.push(Space),
        }
    }

    /// `by a, b` and `on a, b`: broken by themselves.
    fn clause(&mut self, node: Node<'t>) {
        self.items.extend([Open, In]);
        for (at, child) in significant(node).enumerate() {
            if at > 0 {
                self.push(Space);
            }
            self.child(child);
        }
        self.push(Out);
        self.push(Close);
    }

    /// Items with `gap` after each comma.
    fn list(&mut self, node: Node<'t>, gap: super::layout::Item<'t>) {
        let comma = node.token(Comma).is_some();
        for (at, child) in significant(node).enumerate() {
            let hyphened = is(child, Minus) && self.glued(start(child));
            if at > 0 && !is(child, Comma) && !hyphened {
                let item = matches!(child, Child::Node(_));
                self.push(if item || !comma { gap } else { Space });
            }
            self.child(child);
        }
    }

    /// Brackets around items: `(a, b)`, `[1, 2]`, `(T | where x)`.
    fn enclosed(&mut self, node: Node<'t>) {
        let items = significant(node).filter(|child| matches!(child, Child::Node(_))).count();
        let only = node.nodes().next().filter(|_| items == 1);
        // One literal in brackets needs no level of its own.
        let hugged =
            only.is_some_and(|only| matches!(only.kind(), Dynamic | JsonArray | JsonObject));
        let pairs = node.kind() == Args && is_paired(node);
        self.push(Open);
        let (mut opened, mut count) = (false, 0);
        for child in significant(node) {
            match child {
                Child::Token(token) if opened && is_closing(token.kind()) => {
                    self.trivia(token.span().start);
                    if !hugged {
                        self.push(Out);
                        self.push(Soft);
                    }
                    self.token(token);
                }
                Child::Token(token) if token.kind() == Comma => self.token(token),
                Child::Token(token) => {
                    self.token(token);
                    if !hugged && !opened {
                        self.push(In);
                        self.push(Soft);
                    }
                    opened = true;
                }
                Child::Node(item) => {
                    if count > 0 {
                        let second = pairs && count % 2 == 1 && count + 1 < items;
                        self.push(if second { Space } else { Line });
                    }
                    count += 1;
                    self.node(item);
                }
            }
        }
        self.push(Close);
    }

    /// `a and b`: broken in front of each `and`; a comparison is never broken at its sign.
    fn binary(&mut self, node: Node<'t>) {
        let breaks = node.tokens().any(|token| {
            matches!(token.kind(), Plus | Minus | Star | Slash | Percent)
                || matches!(token.text(), "and" | "or")
        });
        let level = !node.parent().is_some_and(|parent| matches!(parent.kind(), Paren | Args));
        self.push(Open);
        if level {
            self.push(In);
        }
        for (at, child) in significant(node).enumerate() {
            match child {
                Child::Token(token) if token.kind() == Colon => self.token(token),
                Child::Token(token) => {
                    self.push(if breaks { Line } else { Space });
                    self.token(token);
                    self.push(Space);
                }
                Child::Node(operand) => {
                    debug_assert!(at != 1, "operands and signs alternate");
                    self.node(operand);
                }
            }
        }
        if level {
            self.push(Out);
        }
        self.push(Close);
    }

    /// `a between (b .. c)`
    fn between(&mut self, node: Node<'t>) {
        let mut before = LParen;
        for child in significant(node) {
            let kind = match child {
                Child::Token(token) => token.kind(),
                Child::Node(_) => Name,
            };
            if before != LParen && kind != RParen {
                self.push(Space);
            }
            self.child(child);
            before = kind;
        }
    }

    /// `f(…)`. `int (x)` keeps its blank: without it, it would be one literal.
    fn call(&mut self, node: Node<'t>) {
        let gap = node.nodes().nth(1).is_some_and(|args| !self.glued(args.span().start));
        let literal = node
            .child(NameRef)
            .is_some_and(|name| crate::types::Type::named(name.text()).is_some());
        if gap && literal {
            self.spaced(node);
        } else {
            self.tight(node);
        }
    }

    /// `"key": value`
    fn pair(&mut self, node: Node<'t>) {
        for child in significant(node) {
            self.child(child);
            if is(child, Colon) {
                self.push(Space);
            }
        }
    }

    /// `datatable(…)[…]`: a row on each line.
    fn table(&mut self, node: Node<'t>) {
        let columns = node.child(Parameters).map_or(0, |all| all.children_of(Parameter).count());
        for child in significant(node) {
            match child {
                Child::Node(rows) if rows.kind() == List => self.rows(rows, columns),
                Child::Token(bracket) if bracket.kind() == LBracket => {
                    self.push(Open);
                    self.token(bracket);
                    self.push(In);
                    self.push(Soft);
                }
                Child::Token(bracket) if bracket.kind() == RBracket => {
                    self.trivia(bracket.span().start);
                    self.push(Out);
                    self.push(Soft);
                    self.token(bracket);
                    self.push(Close);
                }
                Child::Node(with) if with.kind() == With => {
                    self.push(Space);
                    self.node(with);
                }
                other => self.child(other),
            }
        }
    }

    fn rows(&mut self, rows: Node<'t>, columns: usize) {
        let several = rows.nodes().count() > columns.max(1);
        let mut count = 0;
        for child in significant(rows) {
            if let Child::Node(value) = child {
                if count > 0 {
                    let row = columns > 0 && count % columns == 0;
                    self.push(if !row {
                        Space
                    } else if several {
                        Hard
                    } else {
                        Line
                    });
                }
                count += 1;
                self.node(value);
            } else {
                self.child(child);
            }
        }
    }

    /// `with (a=1, b=2)`
    fn with(&mut self, node: Node<'t>) {
        let mut before = None;
        for child in significant(node) {
            let kind = match child {
                Child::Token(token) => token.kind(),
                Child::Node(_) => Property,
            };
            let tight =
                before.is_none_or(|before| before == LParen) || matches!(kind, Comma | RParen);
            if !tight {
                self.push(Space);
            }
            self.child(child);
            before = Some(kind);
        }
    }
}

fn is_closing(kind: SyntaxKind) -> bool {
    matches!(kind, RParen | RBracket | RBrace)
}

fn is_operator(child: Child<'_>) -> bool {
    matches!(child, Child::Node(node) if node.kind() == Operator)
}

/// Whether a list has more than one item.
fn several(list: Node<'_>) -> bool {
    list.nodes().filter(|item| !item.span().is_empty()).nth(1).is_some()
}

/// `case(…)` and `bag_pack(…)`: arguments go in pairs.
fn is_paired(args: Node<'_>) -> bool {
    let name = args.parent().and_then(|call| call.child(NameRef));
    name.is_some_and(|name| matches!(name.text(), "case" | "bag_pack" | "pack"))
}
