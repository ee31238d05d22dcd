//! Turns what people type into a search box into a query: KQL stays what it is, Auth0's Lucene form and plain words become
//! conditions over one table. A pure function of text and catalog.
//! Deliberately absent: running the query, ranking, and what Lucene has and no log search needs (fuzziness, boosts): it is
//! named in a note and left out.

mod tokens;
mod written;

use self::tokens::{Token, cut};
use self::written::{compared, literal, matched, name, typed, unescaped};
use crate::catalog::Catalog;
use crate::plan::Fields;
use crate::syntax::parse;
use crate::types::Type;

/// Bytes of a text at most.
pub const WORDS_BYTES_MAX: usize = 16 * 1024;
/// How deep parentheses may lie in one another.
const DEPTH_MAX: usize = 32;
/// The column that holds the whole event.
const WHOLE: &str = "RawEvent";
/// Fields of Auth0 that have another name as columns.
const ALIASES: &[(&str, &str)] = &[("type", "EventType"), ("date", "TimeGenerated")];

/// As what a text was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordsForm {
    /// It is a query already.
    Kql,
    /// Fields, ranges, `AND`, `OR`, `NOT`.
    Lucene,
    /// Words that all have to be there.
    Words,
}

/// The query that a text became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The KQL text.
    pub query: String,
    /// As what it was read.
    pub form: WordsForm,
    /// What was left out or guessed.
    pub notes: Vec<String>,
}

/// The query that `text` becomes over `table`.
#[must_use]
pub fn words(text: &str, table: &str, catalog: &dyn Catalog) -> Words {
    let text = text.trim();
    if text.len() > WORDS_BYTES_MAX {
        let notes = vec![format!("more than {WORDS_BYTES_MAX} bytes are not read")];
        return Words { query: name(table), form: WordsForm::Words, notes };
    }
    if is_query(text, catalog) {
        return Words { query: text.to_owned(), form: WordsForm::Kql, notes: Vec::new() };
    }
    let tokens = cut(text);
    let is_lucene = tokens.iter().any(|token| !matches!(token, Token::Word(_)));
    let fields = catalog.table(table);
    let mut reader = Reader { tokens, at: 0, fields, notes: Vec::new() };
    let condition = reader.any(0);
    if reader.at < reader.tokens.len() {
        reader.note("what stands behind a closing parenthesis too many is left out");
    }
    let query = match condition {
        Some(condition) => format!("{}\n| where {}", name(table), condition.text),
        None => name(table),
    };
    let form = if is_lucene { WordsForm::Lucene } else { WordsForm::Words };
    Words { query, form, notes: reader.notes }
}

/// Whether a text is KQL: it begins with something that can be asked, and can be read.
fn is_query(text: &str, catalog: &dyn Catalog) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let first = text.split(|c| !is_name(c)).next().unwrap_or_default();
    let begins = catalog.table(first).is_some()
        || catalog.stored_function(first).is_some()
        || ["let", "print", "union", "search", "find", "range", "datatable", "externaldata"]
            .contains(&first)
            && text.contains([' ', '('])
        || text.contains('|') && !text.contains("||");
    begins && !text.is_empty() && parse(text).diagnostics.is_empty()
}

/// A condition, and how tightly it holds together.
struct Condition {
    text: String,
    is_or: bool,
}

impl Condition {
    fn inner(self) -> String {
        if self.is_or { format!("({})", self.text) } else { self.text }
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    fields: Option<Fields>,
    notes: Vec<String>,
}

impl Reader {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn note(&mut self, note: &str) {
        if !self.notes.iter().any(|known| known == note) {
            self.notes.push(note.to_owned());
        }
    }

    /// `a OR b`
    fn any(&mut self, depth: usize) -> Option<Condition> {
        let mut all: Vec<Condition> = self.all(depth).into_iter().collect();
        while self.peek() == Some(&Token::Or) {
            self.at += 1;
            all.extend(self.all(depth));
        }
        if all.len() < 2 {
            return all.pop();
        }
        let texts: Vec<String> = all.into_iter().map(|one| one.text).collect();
        Some(Condition { text: texts.join(" or "), is_or: true })
    }

    /// `a AND b`, `a b`
    fn all(&mut self, depth: usize) -> Option<Condition> {
        let mut all = Vec::new();
        while !matches!(self.peek(), None | Some(Token::Or | Token::Close)) {
            if self.peek() == Some(&Token::And) {
                self.at += 1;
                continue;
            }
            all.extend(self.one(depth));
        }
        if all.len() < 2 {
            return all.pop();
        }
        let texts: Vec<String> = all.into_iter().map(Condition::inner).collect();
        Some(Condition { text: texts.join(" and "), is_or: false })
    }

    fn one(&mut self, depth: usize) -> Option<Condition> {
        let mut negated = false;
        while self.peek() == Some(&Token::Not) {
            self.at += 1;
            negated = !negated;
        }
        let found = match self.next()? {
            Token::Open => self.group(depth, None),
            Token::Field(field, sign) => self.field(&field, sign, depth),
            value => self.value(&value, None, ""),
        }?;
        let text = if negated { format!("not({})", found.text) } else { return Some(found) };
        Some(Condition { text, is_or: false })
    }

    /// What stands in parentheses; of a field if one stands before them.
    fn group(&mut self, depth: usize, field: Option<&str>) -> Option<Condition> {
        if depth >= DEPTH_MAX {
            self.note("parentheses lie too deep; what is in them is left out");
            self.at = self.tokens.len();
            return None;
        }
        if let Some(field) = field {
            // `type:(f OR fp)`: each value is one of the field.
            let mut level = 0_usize;
            let mut at = self.at;
            while let Some(token) = self.tokens.get(at) {
                match token {
                    Token::Open => level += 1,
                    Token::Close if level == 0 => break,
                    Token::Close => level -= 1,
                    Token::Word(_) | Token::Phrase(_) | Token::Range(..) | Token::Pattern(_) => {
                        self.tokens.insert(at, Token::Field(field.to_owned(), ""));
                        at += 1;
                    }
                    Token::Field(..) => at += 1,
                    Token::And | Token::Or | Token::Not => {}
                }
                at += 1;
            }
        }
        let found = self.any(depth + 1);
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
        }
        found.map(|found| Condition { text: found.inner(), is_or: false })
    }

    fn field(&mut self, field: &str, sign: &'static str, depth: usize) -> Option<Condition> {
        match self.next() {
            Some(Token::Open) if sign.is_empty() => self.group(depth, Some(field)),
            Some(Token::Word(name)) if field == "_exists_" => {
                let (column, _) = self.column(&name);
                Some(simple(format!("isnotempty({column})")))
            }
            Some(
                value @ (Token::Word(_) | Token::Phrase(_) | Token::Range(..) | Token::Pattern(_)),
            ) => self.value(&value, Some(field), sign),
            _ => {
                self.note("a field without a value is left out");
                None
            }
        }
    }

    /// The condition that a value is; of a field, or of the whole event.
    fn value(&mut self, value: &Token, field: Option<&str>, sign: &str) -> Option<Condition> {
        let Some(field) = field else {
            let whole = self.whole();
            return match value {
                Token::Word(word) => {
                    let word = self.plain(word);
                    let sought = word.trim_matches('*').replace(['*', '?'], " ");
                    let all: Vec<String> = sought
                        .split_whitespace()
                        .map(|part| {
                            let operator = if word.contains('*') { "contains" } else { "has" };
                            format!("{whole} {operator} {}", literal(&unescaped(part)))
                        })
                        .collect();
                    (!all.is_empty()).then(|| simple(all.join(" and ")))
                }
                Token::Phrase(text) => Some(simple(format!("{whole} contains {}", literal(text)))),
                Token::Pattern(text) => {
                    Some(simple(format!("{whole} matches regex {}", literal(text))))
                }
                _ => {
                    self.note("a range without a field is left out");
                    None
                }
            };
        };
        let (column, ty) = self.column(field);
        Some(simple(match value {
            Token::Word(word) if !sign.is_empty() => {
                format!("{} {sign} {}", compared(&column, ty), typed(word, ty))
            }
            Token::Word(word) => {
                let word = self.plain(word);
                matched(&column, ty, &word)
            }
            Token::Phrase(text) => {
                let sign = if sign.is_empty() { "==" } else { sign };
                format!("{column} {sign} {}", typed(text, ty))
            }
            Token::Pattern(text) => format!("{column} matches regex {}", literal(text)),
            Token::Range(from, until, opens, closes) => {
                let column = compared(&column, ty);
                let mut all = Vec::new();
                if from != "*" {
                    let sign = if *opens { ">=" } else { ">" };
                    all.push(format!("{column} {sign} {}", typed(from, ty)));
                }
                if until != "*" {
                    let sign = if *closes { "<=" } else { "<" };
                    all.push(format!("{column} {sign} {}", typed(until, ty)));
                }
                if all.is_empty() { format!("isnotempty({column})") } else { all.join(" and ") }
            }
            _ => return None,
        }))
    }

    /// A word without fuzziness and boost.
    fn plain(&mut self, word: &str) -> String {
        let end = word.find(['~', '^']).filter(|end| *end > 0);
        let Some(end) = end else { return word.to_owned() };
        let tail = &word[end + 1..];
        if !tail.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return word.to_owned();
        }
        self.note("fuzziness (~) and boosts (^) are left out");
        word[..end].to_owned()
    }

    /// What holds the whole event.
    fn whole(&self) -> &'static str {
        let known = self.fields.as_ref();
        let has = known.is_none_or(|fields| fields.iter().any(|field| &*field.name == WHOLE));
        if has { WHOLE } else { "*" }
    }

    /// The column of a field; a path into the event if there is none.
    fn column(&mut self, field: &str) -> (String, Option<Type>) {
        let alias = ALIASES.iter().find(|(name, _)| *name == field).map(|(_, column)| *column);
        let bare = |text: &str| text.replace(['_', '.'], "").to_lowercase();
        let fields = self.fields.as_ref();
        let find = |wanted: &str| {
            let mut all = fields.into_iter().flat_map(|fields| fields.iter());
            all.find(|field| bare(&field.name) == bare(wanted))
        };
        if let Some(found) = alias.and_then(find).or_else(|| find(field)) {
            return (name(&found.name), Some(found.ty));
        }
        if fields.is_some_and(|fields| fields.iter().all(|field| &*field.name != WHOLE)) {
            self.note(&format!("there is no column `{field}`"));
            return (name(field), None);
        }
        let path: String = field.split('.').map(|part| format!("[{}]", literal(part))).collect();
        (format!("tostring({WHOLE}{path})"), None)
    }
}

fn simple(text: String) -> Condition {
    Condition { text, is_or: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Field;

    struct Logs;

    impl Catalog for Logs {
        fn table(&self, name: &str) -> Option<Fields> {
            let field = |(name, ty): (&str, Type)| Field { name: name.into(), ty };
            let fields = [
                ("TimeGenerated", Type::DateTime),
                ("EventType", Type::String),
                ("UserName", Type::String),
                ("Ip", Type::String),
                ("Attempts", Type::Long),
                ("RawEvent", Type::Dynamic),
            ];
            (name == "Logs").then(|| Fields::from(fields.map(field).to_vec()))
        }
        fn tables(&self) -> Vec<String> {
            vec!["Logs".into()]
        }
    }

    fn condition(text: &str) -> String {
        let query = words(text, "Logs", &Logs).query;
        assert!(parse(&query).diagnostics.is_empty(), "{text} became {query}");
        query.strip_prefix("Logs\n| where ").unwrap_or("").to_owned()
    }

    #[test]
    fn lucene_becomes_conditions() {
        for (text, expected) in [
            ("type:f AND ip:\"1.2.3.4\"", "EventType == \"f\" and Ip == \"1.2.3.4\""),
            ("type:f ip:1.2.3.4", "EventType == \"f\" and Ip == \"1.2.3.4\""),
            ("type:(f OR fp)", "(EventType == \"f\" or EventType == \"fp\")"),
            (
                "type:f OR type:s AND ip:a",
                "EventType == \"f\" or EventType == \"s\" and Ip == \"a\"",
            ),
            (
                "(type:f OR type:s) AND ip:a",
                "(EventType == \"f\" or EventType == \"s\") and Ip == \"a\"",
            ),
            ("NOT type:s", "not(EventType == \"s\")"),
            ("-type:s user_name:jane*", "not(EventType == \"s\") and UserName startswith \"jane\""),
            ("user_name:*@x.io", "UserName endswith \"@x.io\""),
            ("user_name:*jane*", "UserName contains \"jane\""),
            ("user_name:j?ne*", "UserName matches regex \"(?i)^j.ne.*$\""),
            ("user_name:*", "isnotempty(UserName)"),
            ("_exists_:ip", "isnotempty(Ip)"),
            ("attempts:[3 TO 5}", "Attempts >= 3 and Attempts < 5"),
            ("attempts:>=3", "Attempts >= 3"),
            ("date:[2026-01-01 TO *]", "TimeGenerated >= datetime(2026-01-01)"),
            (
                "details.error.code:5",
                "tostring(RawEvent[\"details\"][\"error\"][\"code\"]) == \"5\"",
            ),
            ("ip:\"2001:db8::1\"", "Ip == \"2001:db8::1\""),
            ("user_name:a\\:b\\*", "UserName == \"a:b*\""),
            ("user_name:/j.+e/", "UserName matches regex \"j.+e\""),
            (
                "\"wrong password\" type:f",
                "RawEvent contains \"wrong password\" and EventType == \"f\"",
            ),
        ] {
            assert_eq!(condition(text), expected, "{text}");
            assert_eq!(words(text, "Logs", &Logs).form, WordsForm::Lucene, "{text}");
        }
    }

    #[test]
    fn plain_words_all_have_to_be_there_and_a_query_stays_one() {
        let found = words("jane@x.io 10.0.0.1", "Logs", &Logs);
        assert_eq!(found.form, WordsForm::Words);
        assert_eq!(
            condition("jane@x.io 10.0.0.1"),
            "RawEvent has \"jane@x.io\" and RawEvent has \"10.0.0.1\""
        );
        assert_eq!(condition("say \\\"hi"), "RawEvent has \"say\" and RawEvent has \"\\\"hi\"");
        for text in ["Logs", "Logs | where Ip == 'a'", "print 1", "let a = 1; print a"] {
            let found = words(text, "Logs", &Logs);
            assert_eq!((found.form, found.query.as_str()), (WordsForm::Kql, text));
        }
    }

    #[test]
    fn whatever_is_typed_becomes_a_query_that_can_be_read() {
        let deep = "(".repeat(1_000) + "a";
        for text in [
            "",
            "(",
            ")",
            "a)",
            "type:",
            "type: f",
            "AND",
            "OR OR",
            "NOT",
            "\"open",
            "[a TO",
            "/x",
            "-",
            "+",
            "a~2 b^3",
            "{* TO *}",
            "ip:[* TO *]",
            "é:ü \"日本\"",
            "a\\",
            "x:\"\\\"",
            "|",
            "| |",
            deep.as_str(),
            "\u{0}\u{1}",
        ] {
            let found = words(text, "Logs", &Logs);
            assert!(parse(&found.query).diagnostics.is_empty(), "{text:?} became {}", found.query);
        }
        assert_eq!(words("a~2", "Logs", &Logs).notes.len(), 1);
        assert_eq!(words(&"x".repeat(WORDS_BYTES_MAX + 1), "Logs", &Logs).notes.len(), 1);
        assert!(parse(&words("a", "odd name", &Logs).query).diagnostics.is_empty());
    }
}
