//! What a user may write of something, as a table: the fields in the order in which people should meet them, with their
//! words and bounds. It becomes a JSON Schema (2020-12), from which forms and manuals are made.
//!
//! Beyond the standard's words there are two: `x-advanced`, what nearly nobody needs, and `x-generated`, what the server
//! makes if it is left out. Alternatives stand in `allOf`, each an `anyOf` (at least one of them) or a `oneOf` (a choice
//! between them) of objects with `title`, `required` and, in `properties`, what else belongs to them.
//! Deliberately absent: judging what was written, which the reader ([`crate::Fields`]) does, with words.

use serde_json::{Map, Value, json};

/// The fields of one object.
#[derive(Debug, Clone, Default)]
pub struct Form {
    fields: Vec<FormField>,
    alternatives: Vec<Value>,
}

impl Form {
    /// A form of these fields, in this order.
    pub fn of(fields: impl IntoIterator<Item = FormField>) -> Self {
        Self { fields: fields.into_iter().collect(), alternatives: Vec::new() }
    }

    /// At least one of these must be given; `title` says what they are.
    #[must_use]
    pub fn any_of(self, title: &str, choices: &[Choice<'_>]) -> Self {
        self.alternatives(title, "anyOf", choices)
    }

    /// Exactly one of these is to be chosen; `title` says what they are.
    #[must_use]
    pub fn one_of(self, title: &str, choices: &[Choice<'_>]) -> Self {
        self.alternatives(title, "oneOf", choices)
    }

    fn alternatives(mut self, title: &str, word: &str, choices: &[Choice<'_>]) -> Self {
        let choices: Vec<Value> = choices.iter().map(Choice::schema).collect();
        self.alternatives.push(json!({ "title": title, word: choices }));
        self
    }

    /// The JSON Schema of an object with these fields and no others.
    #[must_use]
    pub fn schema(self) -> Value {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        self.write(&mut schema);
        Value::Object(schema)
    }

    fn write(self, schema: &mut Map<String, Value>) {
        let required: Vec<&str> =
            self.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        schema.insert("additionalProperties".to_owned(), json!(false));
        schema.insert("required".to_owned(), json!(required));
        let properties: Map<String, Value> = self
            .fields
            .into_iter()
            .map(|field| (field.name.to_owned(), Value::Object(field.schema)))
            .collect();
        schema.insert("properties".to_owned(), Value::Object(properties));
        if !self.alternatives.is_empty() {
            schema.insert("allOf".to_owned(), Value::Array(self.alternatives));
        }
    }
}

/// One of several ways to fill in a form.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// What people call it.
    pub title: &'a str,
    /// The fields that it needs.
    pub needs: &'a [&'a str],
    /// Further fields that belong to it.
    pub takes: &'a [&'a str],
    /// A field that says that this one is chosen, and what it says then.
    pub said_by: Option<(&'a str, &'a str)>,
}

impl<'a> Choice<'a> {
    /// A choice that shows by its fields.
    #[must_use]
    pub const fn of(title: &'a str, needs: &'a [&'a str], takes: &'a [&'a str]) -> Self {
        Self { title, needs, takes, said_by: None }
    }

    fn schema(&self) -> Value {
        let mut required: Vec<&str> = self.needs.to_vec();
        let mut properties = Map::new();
        if let Some((name, value)) = self.said_by {
            required.insert(0, name);
            properties.insert(name.to_owned(), json!({ "const": value }));
        }
        for name in self.takes {
            properties.insert((*name).to_owned(), json!({}));
        }
        json!({ "title": self.title, "required": required, "properties": properties })
    }
}

/// One field.
#[derive(Debug, Clone)]
pub struct FormField {
    name: &'static str,
    required: bool,
    schema: Map<String, Value>,
}

impl FormField {
    /// A field of any kind. `title` is its label, `about` says in plain words what it is and where it is found.
    fn new(name: &'static str, title: &str, about: &str, kind: Value) -> Self {
        let mut schema = Map::new();
        schema.insert("title".to_owned(), json!(title));
        schema.insert("description".to_owned(), json!(about));
        if let Value::Object(kind) = kind {
            schema.extend(kind);
        }
        Self { name, required: false, schema }
    }

    /// A text.
    #[must_use]
    pub fn text(name: &'static str, title: &str, about: &str) -> Self {
        Self::new(name, title, about, json!({ "type": "string" }))
    }

    /// The name of a host.
    #[must_use]
    pub fn host(name: &'static str, title: &str, about: &str) -> Self {
        Self::new(name, title, about, json!({ "type": "string", "format": "hostname" }))
    }

    /// The address of a server.
    #[must_use]
    pub fn address(name: &'static str, title: &str, about: &str) -> Self {
        Self::new(name, title, about, json!({ "type": "string", "format": "uri" }))
    }

    /// A length of time: a text such as `10s` or `5m`, or a number of seconds.
    #[must_use]
    pub fn duration(name: &'static str, title: &str, about: &str) -> Self {
        Self::new(name, title, about, json!({ "type": ["string", "number"] }))
    }

    /// A secret.
    #[must_use]
    pub fn secret(name: &'static str, title: &str, about: &str) -> Self {
        Self::new(name, title, about, json!({ "type": "string", "writeOnly": true }))
    }

    /// A secret of several lines: the text of a key file in PEM form.
    #[must_use]
    pub fn secret_key(name: &'static str, title: &str, about: &str) -> Self {
        Self::secret(name, title, about).with("contentMediaType", json!("application/x-pem-file"))
    }

    /// A secret, or a list of at most `most` of them.
    #[must_use]
    pub fn secrets(name: &'static str, title: &str, about: &str, most: usize) -> Self {
        let kind = json!({
            "type": ["array", "string"], "minItems": 1, "maxItems": most, "writeOnly": true,
            "items": { "type": "string", "minLength": 1, "writeOnly": true },
        });
        Self::new(name, title, about, kind)
    }

    /// A list of texts, or a single one.
    #[must_use]
    pub fn texts(name: &'static str, title: &str, about: &str) -> Self {
        let kind =
            json!({ "type": ["array", "string"], "minItems": 1, "items": { "type": "string" } });
        Self::new(name, title, about, kind)
    }

    /// A whole number between `least` and `most`, both allowed.
    #[must_use]
    pub fn number(name: &'static str, title: &str, about: &str, bounds: (u64, u64)) -> Self {
        let kind = json!({ "type": "integer", "minimum": bounds.0, "maximum": bounds.1 });
        Self::new(name, title, about, kind)
    }

    /// A share: above 0, at most 1.
    #[must_use]
    pub fn share(name: &'static str, title: &str, about: &str) -> Self {
        Self::new(
            name,
            title,
            about,
            json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 }),
        )
    }

    /// Yes or no.
    #[must_use]
    pub fn flag(name: &'static str, title: &str, about: &str) -> Self {
        Self::new(name, title, about, json!({ "type": "boolean" }))
    }

    /// One of several words.
    #[must_use]
    pub fn choice(name: &'static str, title: &str, about: &str, words: &[&str]) -> Self {
        Self::new(name, title, about, json!({ "type": "string", "enum": words }))
    }

    /// Fields within this one.
    #[must_use]
    pub fn fields(name: &'static str, title: &str, about: &str, form: Form) -> Self {
        let mut field = Self::new(name, title, about, json!({ "type": "object" }));
        form.write(&mut field.schema);
        field
    }

    /// Fields within this one, or a single text that counts for each of them.
    #[must_use]
    pub fn fields_or_text(name: &'static str, title: &str, about: &str, form: Form) -> Self {
        let field = Self::fields(name, title, about, form);
        field.with("type", json!(["object", "string"]))
    }

    /// It must be given.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What counts if it is left out.
    #[must_use]
    pub fn default(self, value: impl Into<Value>) -> Self {
        self.with("default", value.into())
    }

    /// What it may look like.
    #[must_use]
    pub fn example(self, value: impl Into<Value>) -> Self {
        self.with("examples", json!([value.into()]))
    }

    /// Nearly nobody needs it.
    #[must_use]
    pub fn advanced(self) -> Self {
        self.with("x-advanced", json!(true))
    }

    /// A server that is given none makes one.
    #[must_use]
    pub fn generated(self) -> Self {
        self.with("x-generated", json!(true))
    }

    fn with(mut self, word: &str, value: Value) -> Self {
        self.schema.insert(word.to_owned(), value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_a_schema_in_its_order() {
        let form = Form::of([
            FormField::text("kind", "Kind", "which").required(),
            FormField::secret("key", "Key", "a secret"),
            FormField::number("size", "Size", "of a page", (1, 9)).default(5).advanced(),
        ])
        .one_of(
            "Way",
            &[
                Choice { said_by: Some(("kind", "a")), ..Choice::of("A", &["key"], &["size"]) },
                Choice::of("B", &["size"], &[]),
            ],
        );
        let expected = concat!(
            r#"{"type":"object","additionalProperties":false,"required":["kind"],"properties":{"#,
            r#""kind":{"title":"Kind","description":"which","type":"string"},"#,
            r#""key":{"title":"Key","description":"a secret","type":"string","writeOnly":true},"#,
            r#""size":{"title":"Size","description":"of a page","type":"integer","minimum":1,"maximum":9,"#,
            r#""default":5,"x-advanced":true}},"allOf":[{"title":"Way","oneOf":["#,
            r#"{"title":"A","required":["kind","key"],"properties":{"kind":{"const":"a"},"size":{}}},"#,
            r#"{"title":"B","required":["size"],"properties":{}}]}]}"#,
        );
        assert_eq!(form.schema().to_string(), expected);
    }
}
