//! `dynamic(…)` literals → JSON text. Moments, spans and guids in them become texts, as JSON has nothing else.
//! Deliberately absent: JSON in data (`query`).

use super::binder::{Binder, literal};
use crate::diagnostic::Code;
use crate::plan::Expr;
use crate::syntax::SyntaxKind::{
    Dynamic, JsonArray, JsonObject, JsonPair, Literal, Minus, Text, TypedLiteral, Unary,
};
use crate::syntax::{Node, SyntaxKind, literal as literals};
use crate::types::{Type, Value};

impl Binder<'_> {
    pub(super) fn dynamic(&mut self, node: Node<'_>) -> Expr {
        let mut text = String::new();
        match node.nodes().next() {
            Some(inner) => self.json(inner, &mut text),
            None => text.push_str("null"),
        }
        if text == "null" {
            return literal(Value::Null(Type::Dynamic));
        }
        literal(Value::Dynamic(text))
    }

    fn json(&mut self, node: Node<'_>, out: &mut String) {
        match node.kind() {
            JsonArray => {
                out.push('[');
                for (at, item) in node.nodes().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    self.json(item, out);
                }
                out.push(']');
            }
            JsonObject => {
                out.push('{');
                for (at, pair) in node.children_of(JsonPair).enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    let key = pair.tokens().next().map_or("", |token| token.text());
                    quote(&literals::text(key).unwrap_or_else(|_| key.to_string()), out);
                    out.push(':');
                    match pair.nodes().next() {
                        Some(value) => self.json(value, out),
                        None => out.push_str("null"),
                    }
                }
                out.push('}');
            }
            Dynamic => match node.nodes().next() {
                Some(inner) => self.json(inner, out),
                None => out.push_str("null"),
            },
            Unary => {
                if node.token(Minus).is_some() {
                    out.push('-');
                }
                if let Some(inner) = node.nodes().next() {
                    self.json(inner, out);
                }
            }
            Literal => self.json_literal(node, out),
            _ => out.push_str("null"),
        }
    }

    fn json_literal(&mut self, node: Node<'_>, out: &mut String) {
        let Some(token) = node.tokens().next() else { return };
        let value = match token.kind() {
            Text => {
                // Texts side by side are one.
                let text: String = node
                    .tokens()
                    .map(|token| literals::text(token.text()).unwrap_or_else(|text| text))
                    .collect();
                quote(&text, out);
                return;
            }
            TypedLiteral => literals::typed(token.text()).1,
            SyntaxKind::Name => {
                match token.text() {
                    word @ ("true" | "false" | "null") => out.push_str(word),
                    word => {
                        let message = format!("'{word}' is not a value of a dynamic literal.");
                        self.error(Code::Syntax, node, message);
                        out.push_str("null");
                    }
                }
                return;
            }
            _ => literals::number(token.text()),
        };
        match value {
            Some(value) => json_value(&value, out),
            None => out.push_str("null"),
        }
    }
}

/// A constant as JSON text.
fn json_value(value: &Value, out: &mut String) {
    match value {
        Value::Null(_) => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Long(value) => out.push_str(&value.to_string()),
        Value::Real(value) if value.is_finite() => out.push_str(&format!("{value:?}")),
        Value::Real(value) => quote(&value.to_string(), out),
        // The emulator keeps spans in dynamic literals as their ticks.
        Value::TimeSpan(ticks) => out.push_str(&ticks.to_string()),
        Value::DateTime(ticks) => quote(&literals::datetime_text(*ticks), out),
        Value::Decimal(text) | Value::String(text) | Value::Guid(text) => quote(text, out),
        Value::Dynamic(text) => out.push_str(text),
    }
}

/// A JSON string.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The texts in an array of texts, as [`Binder::dynamic`] wrote it; what is no text is left out.
pub(super) fn texts(array: &str) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), None::<String>);
    let mut chars = array.chars();
    while let Some(c) = chars.next() {
        match (&mut open, c) {
            (None, '"') => open = Some(String::new()),
            (None, _) => {}
            (Some(_), '"') => found.extend(open.take()),
            (Some(text), '\\') => match chars.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let c = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                    text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Some(c) => text.push(c),
                None => {}
            },
            (Some(text), c) => text.push(c),
        }
    }
    found
}
