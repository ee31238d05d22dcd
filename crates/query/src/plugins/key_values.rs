//! Texts made of keys and values, taken apart as `parse-kv` says: by given delimiters, by anything that is no letter or
//! digit, or by a regular expression. Deliberately absent: the operator's columns (`lower`).

use std::collections::HashMap;

use arrow::array::ArrayRef;
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::dynamic;
use crate::error::Error;
use crate::kernel::Args;

/// How a text is taken apart; travels as JSON in a constant argument of the kernel.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Spec {
    /// The keys that are wanted, in the order of the answer.
    pub(crate) keys: Vec<String>,
    /// What stands between pairs; without it, anything that is no letter or digit.
    pub(crate) pair: Option<String>,
    /// What stands between key and value.
    pub(crate) kv: Option<String>,
    /// Opening and closing quotes.
    pub(crate) quotes: Vec<(char, char)>,
    /// Characters that take away the meaning of the next one, within quotes.
    pub(crate) escapes: Vec<char>,
    /// Whether a value goes on until the next key.
    pub(crate) greedy: bool,
    /// A pattern whose two groups are key and value.
    pub(crate) regex: Option<String>,
}

/// A kernel: text and specification in, an array of the values of the wanted keys out, null where a key is missing.
pub(crate) fn parse(args: &Args<'_>) -> DataFusionResult<ArrayRef> {
    let text = args.text(0)?;
    let spec = args.constant_text(1)?.unwrap_or_default();
    let spec: Spec = serde_json::from_str(spec)
        .map_err(|error| DataFusionError::Internal(format!("parse-kv: {error}")))?;
    let regex = match &spec.regex {
        Some(pattern) => Some(Regex::new(pattern).map_err(|error| Error::Regex {
            pattern: pattern.clone(),
            message: error.to_string(),
        })?),
        None => None,
    };
    let places: HashMap<&str, usize> =
        spec.keys.iter().enumerate().map(|(at, key)| (key.as_str(), at)).collect();
    args.texts(|row, out| {
        let mut found = Found { places: &places, values: vec![None; spec.keys.len()] };
        match (&regex, &spec.pair, &spec.kv) {
            (Some(regex), ..) => by_regex(text.get(row), regex, &mut found),
            (None, Some(pair), Some(kv)) => {
                Delimited { spec: &spec, pair, kv, text: text.get(row) }.read(&mut found);
            }
            _ => undelimited(text.get(row), &spec, &mut found),
        }
        found.write(out);
        true
    })
}

/// The values found so far.
struct Found<'a> {
    places: &'a HashMap<&'a str, usize>,
    values: Vec<Option<String>>,
}

impl Found<'_> {
    fn is_wanted(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// The first value of a key counts.
    fn add(&mut self, key: &str, value: &str) {
        if let Some(at) = self.places.get(key)
            && let Some(slot @ None) = self.values.get_mut(*at)
        {
            *slot = Some(value.to_owned());
        }
    }

    fn write(&self, out: &mut String) {
        out.push('[');
        for (at, value) in self.values.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            match value {
                Some(value) => dynamic::write_string(value, out),
                None => out.push_str("null"),
            }
        }
        out.push(']');
    }
}

fn by_regex(text: &str, regex: &Regex, found: &mut Found<'_>) {
    for captures in regex.captures_iter(text) {
        if let (Some(key), Some(value)) = (captures.get(1), captures.get(2)) {
            found.add(key.as_str().trim(), value.as_str().trim());
        }
    }
}

impl Spec {
    /// The text within the quotes that open at the start of `text`, and how many bytes it takes with them. A quote that
    /// does not close is none.
    fn quoted(&self, text: &str) -> Option<(String, usize)> {
        let mut chars = text.char_indices();
        let (_, first) = chars.next()?;
        let (_, close) = self.quotes.iter().find(|(open, _)| *open == first)?;
        let mut value = String::new();
        while let Some((at, c)) = chars.next() {
            if self.escapes.contains(&c) {
                value.extend(chars.next().map(|(_, c)| c));
            } else if c == *close {
                return Some((value, at + c.len_utf8()));
            } else {
                value.push(c);
            }
        }
        None
    }
}

/// Words of letters and digits (or quoted texts); the word after a wanted key is its value.
fn undelimited(text: &str, spec: &Spec, found: &mut Found<'_>) {
    let mut key: Option<String> = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (word, length) = match spec.quoted(rest) {
            Some(quoted) => quoted,
            None if first.is_alphanumeric() => {
                let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
                (rest.get(..end).unwrap_or_default().to_owned(), end)
            }
            None => {
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
                continue;
            }
        };
        rest = rest.get(length..).unwrap_or_default();
        match key.take() {
            Some(key) => found.add(&key, word.trim()),
            None if found.is_wanted(&word) => key = Some(word),
            None => {}
        }
    }
}

/// A text with given delimiters.
struct Delimited<'a> {
    spec: &'a Spec,
    pair: &'a str,
    kv: &'a str,
    text: &'a str,
}

impl Delimited<'_> {
    fn read(&self, found: &mut Found<'_>) {
        let mut at = 0;
        while at < self.text.len() {
            let Some((key, after)) = self.key(at) else {
                // No key here: the next pair may have one.
                match self.find(self.pair, at) {
                    Some(next) => at = next + self.pair.len(),
                    None => return,
                }
                continue;
            };
            let (value, end) = self.value(after);
            found.add(key.trim(), &value);
            at = end;
        }
    }

    fn rest(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    fn find(&self, what: &str, from: usize) -> Option<usize> {
        if what.is_empty() {
            return None;
        }
        self.rest(from).find(what).map(|found| from + found)
    }

    /// Blanks before a key or value do not belong to it, unless they are delimiters.
    fn past_blanks(&self, mut at: usize) -> usize {
        while let Some(c) = self.rest(at).chars().next()
            && c.is_whitespace()
            && !self.rest(at).starts_with(self.pair)
            && !self.rest(at).starts_with(self.kv)
        {
            at += c.len_utf8();
        }
        at
    }

    /// The key that begins at `at`, and where its value begins.
    fn key(&self, at: usize) -> Option<(String, usize)> {
        let start = self.past_blanks(at);
        if let Some((key, length)) = self.spec.quoted(self.rest(start)) {
            let after = self.past_blanks(start + length);
            if self.rest(after).starts_with(self.kv) {
                return Some((key, after + self.kv.len()));
            }
        }
        let delimiter = self.find(self.kv, at)?;
        if self.find(self.pair, at).is_some_and(|pair| pair < delimiter) {
            return None;
        }
        let key = self.text.get(start.min(delimiter)..delimiter).unwrap_or_default();
        Some((key.to_owned(), delimiter + self.kv.len()))
    }

    /// The value that begins at `at`, and where the next pair begins.
    fn value(&self, at: usize) -> (String, usize) {
        let start = self.past_blanks(at);
        if let Some((value, length)) = self.spec.quoted(self.rest(start)) {
            let end = start + length;
            let next = self.find(self.pair, end);
            return (value, next.map_or(self.text.len(), |next| next + self.pair.len()));
        }
        let end =
            if self.spec.greedy { self.last_before_next_key(at) } else { self.find(self.pair, at) };
        let value = self.text.get(start.min(end.unwrap_or(start))..end.unwrap_or(self.text.len()));
        let next = end.map_or(self.text.len(), |end| end + self.pair.len());
        (value.unwrap_or_default().trim().to_owned(), next)
    }

    /// The pair delimiter in front of the next key; none if no key follows.
    fn last_before_next_key(&self, from: usize) -> Option<usize> {
        let mut at = from;
        while let Some(pair) = self.find(self.pair, at) {
            let after = pair + self.pair.len();
            if self.key(after).is_some() {
                return Some(pair);
            }
            at = after;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spec: &Spec, text: &str, expected: &[Option<&str>]) {
        let places: HashMap<&str, usize> =
            spec.keys.iter().enumerate().map(|(at, key)| (key.as_str(), at)).collect();
        let mut found = Found { places: &places, values: vec![None; spec.keys.len()] };
        match (&spec.pair, &spec.kv) {
            (Some(pair), Some(kv)) => Delimited { spec, pair, kv, text }.read(&mut found),
            _ => undelimited(text, spec, &mut found),
        }
        let found: Vec<Option<&str>> = found.values.iter().map(Option::as_deref).collect();
        assert_eq!(found, expected, "{text}");
    }

    fn spec(pair: &str, kv: &str) -> Spec {
        Spec {
            keys: vec!["a".into(), "b c".into()],
            pair: Some(pair.into()),
            kv: Some(kv.into()),
            quotes: vec![('"', '"'), ('(', ')')],
            escapes: vec!['\\'],
            ..Spec::default()
        }
    }

    #[test]
    fn pairs_with_given_delimiters() {
        for (text, expected) in [
            ("a=1;b c=2", [Some("1"), Some("2")]),
            (" a = 1 ; b c = x y ", [Some("1"), Some("x y")]),
            ("a=1;a=2;nothing;b c=", [Some("1"), Some("")]),
            ("x;=;a=", [Some(""), None]),
            ("", [None, None]),
            (r#"a="1;2";"b c"=(x"y)"#, [Some("1;2"), Some("x\"y")]),
            (r#"a="say \"hi\"";b c=2"#, [Some("say \"hi\""), Some("2")]),
            (r#"a="open;b c=2"#, [Some("\"open"), Some("2")]),
            ("ä=1;a=ö", [Some("ö"), None]),
        ] {
            check(&spec(";", "="), text, &expected);
        }
        check(&spec(" ", "="), "  a=1  x a=2", &[Some("1"), None]);
        check(&spec("::", "->"), "a->1::b c->2", &[Some("1"), Some("2")]);
    }

    #[test]
    fn a_greedy_value_ends_before_the_next_key() {
        let spec = Spec { greedy: true, keys: vec!["a".into(), "b".into()], ..spec(" ", "=") };
        check(&spec, "a=x y z b=1 2", &[Some("x y z"), Some("1 2")]);
        check(&spec, "a=x y other=1 b=2", &[Some("x y"), Some("2")]);
    }

    #[test]
    fn without_delimiters_words_count() {
        let spec = Spec {
            keys: vec!["user".into(), "why".into()],
            quotes: vec![('\'', '\'')],
            escapes: vec!['\\'],
            ..Spec::default()
        };
        check(&spec, "[10:00] user: ann, why - 'it\\'s so'", &[Some("ann"), Some("it's so")]);
        check(&spec, "user", &[None, None]);
    }
}
