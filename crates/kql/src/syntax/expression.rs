//! Scalar expressions. From loosest to tightest: `or`, `and`, equality (`== != in between has_any`), order (`< > <= >=`),
//! `+ -`, `* / %`, text operators (`has`, `=~` …), sign, then calls and paths. Text operators binding tighter than `+` is
//! what Microsoft's grammar says. Deliberately absent: types.

use super::kind::SyntaxKind::{self, *};
use super::parser::{CHAIN_MAX, DEPTH_MAX, Parser};

/// The text operators, each also with a leading `!` where that has a meaning.
const TEXT_OPERATORS: [&str; 17] = [
    "has",
    "has_cs",
    "hasprefix",
    "hasprefix_cs",
    "hassuffix",
    "hassuffix_cs",
    "contains",
    "contains_cs",
    "containscs",
    "startswith",
    "startswith_cs",
    "endswith",
    "endswith_cs",
    "like",
    "matches",
    "notcontains",
    "notlike",
];

/// How tight an operator binds; see the head of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Power {
    Or,
    And,
    Equality,
    Order,
    Sum,
    Product,
    Text,
}

impl Power {
    const fn tighter(self) -> Option<Self> {
        Some(match self {
            Self::Or => Self::And,
            Self::And => Self::Equality,
            Self::Equality => Self::Order,
            Self::Order => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Text,
            Self::Text => return None,
        })
    }
}

impl Parser<'_> {
    /// A scalar expression; a missing one is reported.
    pub(super) fn expression(&mut self) {
        self.nested(|p| p.binary(Power::Or));
    }

    /// An operand of `in`, `between` and of the range of `make-series`.
    pub(super) fn sum(&mut self) {
        self.nested(|p| p.binary(Power::Sum));
    }

    fn operator_power(&self) -> Option<Power> {
        Some(match self.kind() {
            Equal | NotEqual => Power::Equality,
            Less | LessEqual | Greater | GreaterEqual => Power::Order,
            Plus | Minus => Power::Sum,
            Star | Slash | Percent => Power::Product,
            EqualTilde | NotTilde => Power::Text,
            Colon => Power::Text,
            Name => match self.nth_text(0) {
                "or" => Power::Or,
                "and" => Power::And,
                "in" | "in~" | "has_any" | "has_all" | "between" => Power::Equality,
                word if TEXT_OPERATORS.contains(&word) => Power::Text,
                _ => return None,
            },
            NotName => match &self.nth_text(0)[1..] {
                "in" | "in~" | "between" => Power::Equality,
                word if TEXT_OPERATORS.contains(&word) => Power::Text,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Operands of one power, all in one flat node for each run of the same kind of operator: a long chain stays shallow.
    fn binary(&mut self, power: Power) {
        let mark = self.mark();
        self.operand(power);
        let mut count = 1;
        while self.operator_power() == Some(power) {
            if power == Power::Equality && self.special_equality(mark) {
                // Each wraps the one before it, so a chain of them nests.
                count += 1;
                if count > DEPTH_MAX {
                    self.give_up(&format!("the query nests deeper than {DEPTH_MAX} levels"));
                }
                continue;
            }
            self.start_at(mark, Binary);
            while self.operator_power() == Some(power) && !self.at_special_equality() {
                let regex = self.at_word("matches") && self.nth_word(1, "regex");
                self.bump();
                if regex {
                    self.bump();
                }
                self.operand(power);
                count += 1;
                if count > CHAIN_MAX && power >= Power::Equality {
                    self.give_up(&format!("an expression has more than {CHAIN_MAX} operands"));
                }
            }
            self.finish();
        }
    }

    fn operand(&mut self, power: Power) {
        // Most operands are a name or a literal: the levels in between are passed without a frame each.
        match power.tighter() {
            Some(tighter) if power < Power::Text => self.binary(tighter),
            _ => self.unary(),
        }
    }

    fn at_special_equality(&self) -> bool {
        matches!(
            self.nth_text(0),
            "in" | "in~" | "!in" | "!in~" | "has_any" | "has_all" | "between" | "!between"
        )
    }

    /// `in (…)`, `has_any (…)` and `between (a .. b)` after the value at `mark`.
    fn special_equality(&mut self, mark: super::builder::Mark) -> bool {
        if !self.at_special_equality() {
            return false;
        }
        if self.nth_text(0).ends_with("between") {
            self.start_at(mark, Between);
            self.bump();
            self.expect(LParen, "(");
            self.sum();
            self.expect(DotDot, "..");
            self.sum();
            self.expect(RParen, ")");
        } else {
            self.start_at(mark, InList);
            self.bump();
            if self.kind() == LParen {
                self.args();
            } else {
                self.error("Expected: (");
                self.unary();
            }
        }
        self.finish();
        true
    }

    fn unary(&mut self) {
        if matches!(self.kind(), Minus | Plus) {
            self.nested(|p| {
                p.start(Unary);
                p.bump();
                p.unary();
                p.finish();
            });
            return;
        }
        self.postfix();
    }

    /// A primary with calls, members and indexes after it.
    pub(super) fn postfix(&mut self) {
        let mark = self.mark();
        let before = self.position();
        self.primary();
        if self.position() == before {
            return;
        }
        let mut count = 0;
        loop {
            match self.kind() {
                Dot if self.nth(1) == LBracket => {
                    self.start_at(mark, Index);
                    self.bump();
                    self.index();
                }
                Dot => {
                    self.start_at(mark, Member);
                    self.bump();
                    self.member_name();
                }
                LBracket => {
                    self.start_at(mark, Index);
                    self.index();
                }
                _ => return,
            }
            self.finish();
            count += 1;
            if count > DEPTH_MAX {
                self.give_up("a path is too long");
            }
        }
    }

    /// `a.b[0]` in front of a parenthesis that is not its own.
    pub(super) fn path(&mut self) {
        let mark = self.mark();
        self.name();
        let mut count = 0;
        while count < DEPTH_MAX {
            match self.kind() {
                Dot if self.nth(1) == Name => {
                    self.start_at(mark, Member);
                    self.bump();
                    self.name();
                }
                LBracket => {
                    self.start_at(mark, Index);
                    self.index();
                }
                _ => return,
            }
            self.finish();
            count += 1;
        }
    }

    fn index(&mut self) {
        self.bump();
        self.expression();
        self.expect(RBracket, "]");
    }

    /// `.name`, or `.f(…)` as after `workspace("…")`.
    fn member_name(&mut self) {
        let mark = self.mark();
        if matches!(self.kind(), Name | TypedLiteral) {
            self.start(NameRef);
            self.bump();
            self.finish();
        } else {
            self.error("Missing name");
            return;
        }
        if self.kind() == LParen {
            self.start_at(mark, Call);
            self.args();
            self.finish();
        }
    }

    fn primary(&mut self) {
        match self.kind() {
            Name => self.named(),
            Long | Real | TimeSpan | TypedLiteral => {
                self.start(Literal);
                self.bump();
                self.finish();
            }
            Text => {
                self.start(Literal);
                while self.kind() == Text {
                    self.bump();
                }
                self.finish();
            }
            LParen => self.paren(),
            LBracket if self.at_bracketed_name() => {
                let mark = self.mark();
                self.name();
                self.call_after(mark);
            }
            LBrace => self.client_parameter(),
            Star => {
                self.start(StarExpr);
                self.bump();
                self.finish();
            }
            _ => self.error("Missing expression"),
        }
    }

    fn named(&mut self) {
        let call = self.nth(1) == LParen;
        match self.nth_text(0) {
            "dynamic" if call => self.dynamic(),
            "typeof" if call => self.type_of(),
            "datatable" if call => self.datatable(),
            "externaldata" | "external_data" if call => self.externaldata(),
            _ => {
                let mark = self.mark();
                self.start(NameRef);
                self.bump();
                self.finish();
                self.call_after(mark);
            }
        }
    }

    fn call_after(&mut self, mark: super::builder::Mark) {
        if self.kind() == LParen {
            self.start_at(mark, Call);
            self.args();
            self.finish();
        }
    }

    /// `(…)`: comma-separated arguments, each an expression, a pipe, or `name = …`.
    pub(super) fn args(&mut self) {
        self.start(Args);
        self.bump();
        while !self.ended() && self.kind() != RParen {
            let before = self.position();
            self.argument();
            if self.bump_if(Comma) || self.kind() == RParen {
                continue;
            }
            self.error("Expected: )");
            if matches!(self.kind(), Semicolon | Bar | RBrace) || self.ended() {
                break;
            }
            if self.position() == before {
                self.skip_until(&[Comma, Semicolon, Bar]);
                self.bump_if(Comma);
            }
            if self.position() == before {
                break;
            }
        }
        self.expect(RParen, ")");
        self.finish();
    }

    fn argument(&mut self) {
        if self.kind() == Name && self.nth(1) == Assign {
            self.start(Assignment);
            self.name();
            self.bump();
            self.pipe();
            self.finish();
        } else {
            self.pipe();
        }
    }

    fn paren(&mut self) {
        self.start(Paren);
        self.bump();
        self.pipe();
        self.expect(RParen, ")");
        self.finish();
    }

    fn client_parameter(&mut self) {
        self.error("Client parameters are not supported or enabled.");
        self.start(ClientParameter);
        self.bump();
        while self.glued(0) && matches!(self.kind(), Name | Colon | Dot | Long) {
            self.bump();
        }
        self.bump_if(RBrace);
        self.finish();
    }

    fn type_of(&mut self) {
        self.start(TypeOf);
        self.bump();
        self.bump();
        let named = matches!(self.kind(), Name) && matches!(self.nth(1), RParen | Colon);
        if !named && !matches!(self.kind(), Star | LBracket) {
            self.error("Missing type");
        }
        if matches!(self.kind(), Star | Name) {
            self.bump();
        }
        // `typeof(*, a:string)` and `typeof(a:string)` are schemas, which only plugins take.
        self.skip_balanced(&[]);
        self.expect(RParen, ")");
        self.finish();
    }

    /// `dynamic(…)`: JSON with Kusto's literals in it.
    fn dynamic(&mut self) {
        self.start(Dynamic);
        self.bump();
        self.bump();
        if self.kind() != RParen {
            self.json();
        }
        self.expect(RParen, ")");
        self.finish();
    }

    fn json(&mut self) {
        self.nested(|p| match p.kind() {
            LBracket => p.json_items(JsonArray, RBracket, "]"),
            LBrace if p.nth(1) == Name => p.client_parameter(),
            LBrace => p.json_items(JsonObject, RBrace, "}"),
            Minus | Plus => {
                p.start(Unary);
                p.bump();
                p.json();
                p.finish();
            }
            Name if p.nth_text(0) == "dynamic" && p.nth(1) == LParen => p.dynamic(),
            Text => {
                p.start(Literal);
                while p.kind() == Text {
                    p.bump();
                }
                p.finish();
            }
            Name | Long | Real | TimeSpan | TypedLiteral => {
                p.start(Literal);
                p.bump();
                p.finish();
            }
            _ => p.error("Missing expression"),
        });
    }

    fn json_items(&mut self, kind: SyntaxKind, close: SyntaxKind, name: &str) {
        self.start(kind);
        self.bump();
        while !self.ended() && self.kind() != close {
            let before = self.position();
            if kind == JsonObject {
                self.start(JsonPair);
                if !self.bump_if(Text) {
                    self.expect(Name, "property name");
                }
                self.expect(Colon, ":");
                self.json();
                self.finish();
            } else {
                self.json();
            }
            if !self.bump_if(Comma) && self.kind() != close {
                self.error(format!("Expected: {name}"));
                if self.position() == before || matches!(self.kind(), RParen | Semicolon | Bar) {
                    break;
                }
            }
        }
        self.expect(close, name);
        self.finish();
    }
}
