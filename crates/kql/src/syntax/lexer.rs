//! Text → tokens. Every byte of the text belongs to exactly one token, in order; nothing is ever refused. A pass over the
//! bytes without allocation but for the list itself. Deliberately absent: the values of literals (`literal`), keywords
//! (the parser).

use super::kind::SyntaxKind::{self, *};

/// A token: what it is, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: SyntaxKind,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// Cuts a text into tokens. Texts are shorter than 4 GiB (the parser's limit is far below).
#[must_use]
pub fn lex(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0 };
    let mut tokens = Vec::with_capacity(text.len() / 4);
    while lexer.at < lexer.bytes.len() {
        let start = lexer.at;
        let kind = lexer.token();
        debug_assert!(lexer.at > start, "a token has at least one byte");
        tokens.push(Token { kind, start: offset(start), end: offset(lexer.at) });
    }
    tokens
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn token(&mut self) -> SyntaxKind {
        let byte = self.peek(0);
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => self.whitespace(),
            b'/' if self.peek(1) == b'/' => self.line(Comment),
            b'#' if self.line_is_blank_before() => self.line(Directive),
            b'"' | b'\'' => self.text(0),
            b'@' if matches!(self.peek(1), b'"' | b'\'') => self.text(1),
            b'h' | b'H' if matches!(self.peek(1), b'"' | b'\'') => self.text(1),
            b'h' | b'H' if self.peek(1) == b'@' && matches!(self.peek(2), b'"' | b'\'') => {
                self.text(2)
            }
            b'`' | b'~' if self.fence(0) => self.fenced(0),
            b'h' | b'H' if self.fence(1) => self.fenced(1),
            b'0'..=b'9' => self.number(),
            b'$' if is_name(self.peek(1)) => self.name(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.name(),
            b'!' if self.peek(1).is_ascii_alphabetic() => self.not_name(),
            0x80.. => self.beyond_ascii(),
            _ => self.punctuation(byte),
        }
    }

    fn take(&mut self, bytes: usize, kind: SyntaxKind) -> SyntaxKind {
        self.at += bytes;
        kind
    }

    fn whitespace(&mut self) -> SyntaxKind {
        while matches!(self.peek(0), b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c) {
            self.at += 1;
        }
        Whitespace
    }

    fn line(&mut self, kind: SyntaxKind) -> SyntaxKind {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(rest.len());
        kind
    }

    fn line_is_blank_before(&self) -> bool {
        self.bytes[..self.at]
            .iter()
            .rev()
            .take_while(|&&b| b != b'\n')
            .all(|&b| matches!(b, b' ' | b'\t' | b'\r'))
    }

    /// `'…'` or `"…"` after `prefix` bytes of `h` and `@`. Ends at its quote, or before the end of the line.
    fn text(&mut self, prefix: usize) -> SyntaxKind {
        let verbatim = prefix > 0 && self.peek(prefix - 1) == b'@';
        let quote = self.peek(prefix);
        self.at += prefix + 1;
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b'\n' | b'\r' => return Text,
                b'\\' if !verbatim && self.at + 1 < self.bytes.len() => {
                    if matches!(self.peek(1), b'\n' | b'\r') {
                        self.at += 1;
                        return Text;
                    }
                    self.at += 1;
                    self.character();
                }
                byte if byte == quote => {
                    self.at += 1;
                    if !(verbatim && self.peek(0) == quote) {
                        return Text;
                    }
                    self.at += 1;
                }
                _ => self.character(),
            }
        }
        Text
    }

    fn fence(&self, prefix: usize) -> bool {
        let mark = self.peek(prefix);
        matches!(mark, b'`' | b'~')
            && self.peek(prefix + 1) == mark
            && self.peek(prefix + 2) == mark
    }

    /// Three marks, anything, the same three marks.
    fn fenced(&mut self, prefix: usize) -> SyntaxKind {
        let start = self.at + prefix;
        let fence = &self.text[start..start + 3];
        let rest = &self.text[start + 3..];
        self.at = rest.find(fence).map_or(self.bytes.len(), |end| start + 3 + end + 3);
        Text
    }

    fn number(&mut self) -> SyntaxKind {
        if self.peek(0) == b'0'
            && matches!(self.peek(1), b'x' | b'X')
            && self.peek(2).is_ascii_hexdigit()
        {
            self.at += 2;
            while self.peek(0).is_ascii_hexdigit() {
                self.at += 1;
            }
            return Long;
        }
        let start = self.at;
        self.digits();
        let mut kind = Long;
        if self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.digits();
            kind = Real;
        } else if self.peek(0) == b'.' && self.peek(1) != b'.' && !is_name(self.peek(1)) {
            self.at += 1;
            kind = Real;
        }
        let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
        if matches!(self.peek(0), b'e' | b'E') && self.peek(1 + sign).is_ascii_digit() {
            self.at += 1 + sign;
            self.digits();
            return Real;
        }
        let word = self.bytes[self.at..].iter().take_while(|&&b| is_name(b)).count();
        let suffix = &self.text[self.at..self.at + word];
        if word == 0 {
            kind
        } else if timespan_unit(suffix).is_some() {
            self.take(word, TimeSpan)
        } else if kind == Long {
            // A name may start with digits as long as a letter follows: `365Defender`.
            self.take(word, Name)
        } else {
            debug_assert!(self.at > start);
            kind
        }
    }

    fn digits(&mut self) {
        while self.peek(0).is_ascii_digit() {
            self.at += 1;
        }
    }

    fn name(&mut self) -> SyntaxKind {
        let start = self.at;
        self.at += 1;
        while is_name(self.peek(0)) {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        if word == "in" && self.peek(0) == b'~' && self.peek(1) != b'~' {
            return self.take(1, Name);
        }
        if self.peek(0) == b'(' && takes_literal(word) {
            return self.typed_literal().unwrap_or(Name);
        }
        Name
    }

    /// `datetime(2020-01-01)`: up to the parenthesis on the same line, if what stands between is a literal.
    fn typed_literal(&mut self) -> Option<SyntaxKind> {
        let rest = &self.bytes[self.at + 1..];
        let end = rest.iter().position(|&b| matches!(b, b'(' | b')' | b'\n' | b'{'))?;
        let inner = &rest[..end];
        // `datetime(2025, 6, 14)` is a literal; anything else with a comma is a call.
        let numbers = inner.iter().all(|b| b.is_ascii_digit() || matches!(b, b',' | b' '));
        if rest[end] != b')' || (inner.contains(&b',') && !numbers) {
            return None;
        }
        self.at += end + 2;
        Some(TypedLiteral)
    }

    fn not_name(&mut self) -> SyntaxKind {
        let word = self.bytes[self.at + 1..].iter().take_while(|&&b| is_name(b)).count();
        self.at += 1 + word;
        if self.peek(0) == b'~' && self.text[..self.at].ends_with("!in") {
            self.at += 1;
        }
        NotName
    }

    /// Letters beyond ASCII are refused by Kusto outside of texts; runs of spaces are blank.
    fn beyond_ascii(&mut self) -> SyntaxKind {
        let first = self.text[self.at..].chars().next().unwrap_or(' ');
        self.at += first.len_utf8();
        if first.is_whitespace() || first == '\u{feff}' || first == '\u{200b}' {
            return Whitespace;
        }
        Unknown
    }

    fn character(&mut self) {
        self.at += 1;
        while self.at < self.bytes.len() && !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    fn punctuation(&mut self, byte: u8) -> SyntaxKind {
        let next = self.peek(1);
        match (byte, next) {
            (b'=', b'=') => self.take(2, Equal),
            (b'=', b'~') => self.take(2, EqualTilde),
            (b'=', b'>') => self.take(2, Arrow),
            (b'!', b'=') | (b'<', b'>') => self.take(2, NotEqual),
            (b'!', b'~') => self.take(2, NotTilde),
            (b'<', b'=') => self.take(2, LessEqual),
            (b'>', b'=') => self.take(2, GreaterEqual),
            (b'.', b'.') => self.take(2, DotDot),
            _ => {
                let kind = match byte {
                    b'(' => LParen,
                    b')' => RParen,
                    b'[' => LBracket,
                    b']' => RBracket,
                    b'{' => LBrace,
                    b'}' => RBrace,
                    b'|' => Bar,
                    b';' => Semicolon,
                    b',' => Comma,
                    b'.' => Dot,
                    b':' => Colon,
                    b'=' => Assign,
                    b'+' => Plus,
                    b'-' => Minus,
                    b'*' => Star,
                    b'/' => Slash,
                    b'%' => Percent,
                    b'<' => Less,
                    b'>' => Greater,
                    _ => Unknown,
                };
                self.take(1, kind)
            }
        }
    }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The types whose name with parentheses is a literal. `dynamic(…)` nests, so the parser reads it.
fn takes_literal(word: &str) -> bool {
    matches!(
        word,
        "datetime"
            | "date"
            | "timespan"
            | "time"
            | "guid"
            | "bool"
            | "boolean"
            | "int"
            | "long"
            | "real"
            | "double"
            | "decimal"
    )
}

/// Ticks (100 ns) of a unit that may follow a number. A nanosecond is a hundredth of a tick, hence the fraction.
pub(crate) fn timespan_unit(suffix: &str) -> Option<f64> {
    const SECOND: f64 = 10_000_000.0;
    Some(match suffix {
        "d" | "day" | "days" => 86_400.0 * SECOND,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0 * SECOND,
        "m" | "min" | "minute" | "minutes" => 60.0 * SECOND,
        "s" | "sec" | "second" | "seconds" => SECOND,
        "ms" | "milli" | "millis" | "millisec" | "millisecond" | "milliseconds" => 10_000.0,
        "micro" | "micros" | "microsec" | "microsecond" | "microseconds" => 10.0,
        "nano" | "nanos" | "nanosec" | "nanosecond" | "nanoseconds" => 0.01,
        "tick" | "ticks" => 1.0,
        _ => return None,
    })
}
