//! Reading what a user wrote (YAML, TOML or JSON, as one JSON value) field by field, collecting every problem at once:
//! missing, of the wrong kind, out of range, or unknown, the last with the nearest known name.
//! Deliberately absent: files and formats, and what the fields mean.

use serde_json::{Map, Value};

use crate::{Problem, Secret, nearest};

/// Reads the fields of one written object. Ask for every field that is known, then call [`Fields::finish`], which refuses
/// the ones that nobody asked for.
#[derive(Debug)]
pub struct Fields<'a> {
    written: Option<&'a Map<String, Value>>,
    asked: Vec<&'static str>,
    problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    /// Starts on `written`, which must be an object. `null` counts as an empty one.
    #[must_use]
    pub fn of(written: &'a Value) -> Self {
        let mut problems = Vec::new();
        if !written.is_object() && !written.is_null() {
            problems.push(Problem::new(
                "",
                format!("expected fields, found {}", kind(written)),
                "write `name: value` lines here",
            ));
        }
        Self { written: written.as_object(), asked: Vec::new(), problems }
    }

    /// The value of a field, whatever it is; `None` if absent or null.
    pub fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.asked.push(name);
        self.written?.get(name).filter(|value| !value.is_null())
    }

    /// An optional text. An empty text counts as absent.
    pub fn text(&mut self, name: &'static str) -> Option<&'a str> {
        let value = self.value(name)?;
        match value.as_str() {
            Some(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            None => self.wrong(name, "a text", value),
        }
    }

    /// A text that must be there.
    pub fn required_text(&mut self, name: &'static str, hint: &str) -> Option<&'a str> {
        let absent = self.is_absent(name);
        let text = self.text(name);
        if absent {
            self.problem(name, "is missing", hint);
        }
        text
    }

    /// An optional secret. Its content never enters a problem.
    pub fn secret(&mut self, name: &'static str) -> Option<Secret> {
        let value = self.value(name)?;
        match value.as_str() {
            Some(text) if !text.is_empty() => Some(Secret::new(text)),
            Some(_) => None,
            None => self.wrong(
                name,
                "a secret: a text, {file: PATH}, {env: NAME} or {keyvault: URL}",
                value,
            ),
        }
    }

    /// A secret that must be there.
    pub fn required_secret(&mut self, name: &'static str, hint: &str) -> Option<Secret> {
        let absent = self.is_absent(name);
        let secret = self.secret(name);
        if absent {
            self.problem(name, "is missing", hint);
        }
        secret
    }

    /// One secret or a list of them.
    pub fn secrets(&mut self, name: &'static str) -> Vec<Secret> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::String(text)) => vec![Secret::new(text.as_str())],
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).map(Secret::new).collect()
            }
            Some(other) => {
                self.wrong(name, "a secret or a list of secrets", other).unwrap_or_default()
            }
        }
    }

    /// A list of texts; a single text counts as a list of one.
    pub fn texts(&mut self, name: &'static str) -> Vec<&'a str> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::String(text)) => vec![text.as_str()],
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).collect()
            }
            Some(other) => self.wrong(name, "a text or a list of texts", other).unwrap_or_default(),
        }
    }

    /// An optional whole number between `least` and `most`, both allowed.
    pub fn number(&mut self, name: &'static str, least: u64, most: u64) -> Option<u64> {
        let value = self.value(name)?;
        match value.as_u64() {
            Some(number) if (least..=most).contains(&number) => Some(number),
            Some(_) => {
                self.problem(name, &format!("must be between {least} and {most}"), "");
                None
            }
            None => self.wrong(name, "a whole number", value),
        }
    }

    /// An optional share: above 0, at most 1.
    pub fn share(&mut self, name: &'static str) -> Option<f64> {
        let value = self.value(name)?;
        match value.as_f64() {
            Some(share) if share > 0.0 && share <= 1.0 => Some(share),
            Some(_) => {
                self.problem(name, "must be above 0 and at most 1", "0.5 means half");
                None
            }
            None => self.wrong(name, "a number", value),
        }
    }

    /// An optional yes or no.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.value(name)?;
        value.as_bool().or_else(|| self.wrong(name, "true or false", value))
    }

    /// An optional choice between named values.
    pub fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(name)?;
        if let Some((_, chosen)) = choices.iter().find(|(choice, _)| *choice == text) {
            return Some(*chosen);
        }
        let known: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
        self.problem(
            name,
            "is not one of the choices",
            &format!("choose one of: {}", known.join(", ")),
        );
        None
    }

    /// Records a problem of a field.
    pub fn problem(&mut self, name: &str, message: &str, hint: &str) {
        self.problems.push(Problem::new(name, message, hint));
    }

    /// Records problems that were found inside a field.
    pub fn problems_under(&mut self, name: &str, problems: impl IntoIterator<Item = Problem>) {
        self.problems.extend(problems.into_iter().map(|problem| problem.under(name)));
    }

    /// Whether nothing was written for a field.
    #[must_use]
    pub fn is_absent(&self, name: &str) -> bool {
        self.written.and_then(|written| written.get(name)).is_none_or(|value| match value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            _ => false,
        })
    }

    /// Every problem, the fields that nobody asked for among them.
    #[must_use]
    pub fn finish(mut self) -> Vec<Problem> {
        for name in self.written.into_iter().flat_map(Map::keys) {
            if !self.asked.contains(&name.as_str()) {
                let hint = match nearest(name, self.asked.iter().copied()) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("known here: {}", self.asked.join(", ")),
                };
                self.problems.push(Problem::new(name.as_str(), "is not a known field", hint));
            }
        }
        self.problems
    }

    fn wrong<T>(&mut self, name: &str, expected: &str, found: &Value) -> Option<T> {
        self.problem(name, &format!("expected {expected}, found {}", kind(found)), "");
        None
    }
}

/// What a value is, without showing it: it may be a secret.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "fields",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_problem_is_told_at_once() {
        let written = json!({"domian": "x", "share": 2, "count": 11, "secret": 5, "kind": "z"});
        let mut fields = Fields::of(&written);
        assert_eq!(fields.required_text("domain", "the tenant's domain"), None);
        assert_eq!(fields.share("share"), None);
        assert_eq!(fields.number("count", 1, 10), None);
        assert_eq!(fields.secret("secret"), None);
        assert_eq!(fields.choice("kind", &[("a", 1), ("b", 2)]), None);
        let told: Vec<String> = fields.finish().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "domain: is missing\n  hint: the tenant's domain",
                "share: must be above 0 and at most 1\n  hint: 0.5 means half",
                "count: must be between 1 and 10",
                "secret: expected a secret: a text, {file: PATH}, {env: NAME} or {keyvault: URL}, found a number",
                "kind: is not one of the choices\n  hint: choose one of: a, b",
                "domian: is not a known field\n  hint: did you mean `domain`?",
            ]
        );
    }

    #[test]
    fn limits_themselves_are_allowed() {
        let written =
            json!({"least": 1, "most": 10, "share": 1, "tokens": ["a", "b"], "token": "c"});
        let mut fields = Fields::of(&written);
        assert_eq!(fields.number("least", 1, 10), Some(1));
        assert_eq!(fields.number("most", 1, 10), Some(10));
        assert_eq!(fields.share("share"), Some(1.0));
        assert_eq!(fields.secrets("tokens").len(), 2);
        assert_eq!(fields.secrets("token").len(), 1);
        assert_eq!(fields.finish(), []);
    }
}
