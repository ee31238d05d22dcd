//! Cuts what somebody typed into words, phrases, fields and ranges. Deliberately absent: what they mean.

/// A piece of what somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, with its wildcards; escapes are undone but for those of wildcards.
    Word(String),
    /// `"…"`
    Phrase(String),
    /// `/…/`
    Pattern(String),
    /// `name:`, also `name:>=`
    Field(String, &'static str),
    /// `[a TO b]`: from, until, and whether each is included.
    Range(String, String, bool, bool),
    /// `AND`, `&&`
    And,
    /// `OR`, `||`
    Or,
    /// `NOT`, `!`, `-`
    Not,
    /// `(`
    Open,
    /// `)`
    Close,
}

/// Cuts a text into tokens. There is no text that cannot be cut.
pub(super) fn cut(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (token, used) = match c {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '(' => (Some(Token::Open), 1),
            ')' => (Some(Token::Close), 1),
            '!' => (Some(Token::Not), 1),
            '+' => (None, 1),
            '-' if rest.len() > 1 && !rest[1..].starts_with(char::is_whitespace) => {
                (Some(Token::Not), 1)
            }
            '&' if rest.starts_with("&&") => (Some(Token::And), 2),
            '|' if rest.starts_with("||") => (Some(Token::Or), 2),
            '"' => quoted(rest, '"', Token::Phrase),
            '/' if rest[1..].contains('/') => quoted(rest, '/', Token::Pattern),
            '[' | '{' => range(rest),
            _ => word(rest),
        };
        tokens.extend(token);
        rest = rest.get(used.max(1)..).unwrap_or_default();
    }
    tokens
}

/// What stands between two signs, and how many bytes that is with them.
fn quoted(text: &str, sign: char, made: fn(String) -> Token) -> (Option<Token>, usize) {
    let (mut inner, mut escaped) = (String::new(), false);
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => {
                if sign == '/' && c != '/' {
                    inner.push('\\');
                }
                inner.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            c if c == sign => return (Some(made(inner)), at + 1),
            c => inner.push(c),
        }
    }
    (Some(made(inner)), text.len())
}

fn range(text: &str) -> (Option<Token>, usize) {
    let Some(end) = text.find([']', '}']) else { return word(text) };
    let inner = &text[1..end];
    let Some((from, until)) = inner.split_once(" TO ") else { return word(text) };
    let bound = |written: &str| written.trim().trim_matches('"').to_owned();
    let (opens, closes) = (text.starts_with('['), text[end..].starts_with(']'));
    (Some(Token::Range(bound(from), bound(until), opens, closes)), end + 1)
}

/// A word, or the field whose value follows.
fn word(text: &str) -> (Option<Token>, usize) {
    let (mut inner, mut escaped) = (String::new(), false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                if matches!(c, '*' | '?' | '\\') {
                    inner.push('\\');
                }
                inner.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            ':' if is_field(&inner) && !text[at + 1..].starts_with(char::is_whitespace) => {
                let rest = &text[at + 1..];
                let signs = [">=", "<=", ">", "<"];
                let sign = signs.into_iter().find(|sign| rest.starts_with(sign)).unwrap_or("");
                return (Some(Token::Field(inner, sign)), at + 1 + sign.len());
            }
            c if c.is_whitespace() || matches!(c, '(' | ')' | '"') => {
                return (Some(keyword(inner)), at.max(1));
            }
            c => inner.push(c),
        }
    }
    (Some(keyword(inner)), text.len())
}

fn keyword(word: String) -> Token {
    match word.as_str() {
        "AND" => Token::And,
        "OR" => Token::Or,
        "NOT" => Token::Not,
        _ => Token::Word(word),
    }
}

/// Whether a word can be a field's name: addresses of IPv6 and times are none.
fn is_field(word: &str) -> bool {
    let usable = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    word.starts_with(|c: char| c.is_alphabetic() || c == '_') && word.chars().all(usable)
}
