//! Values of type `dynamic`: JSON text. This is the only module that knows so; members are found without parsing what
//! lies beside them, and what was stored comes back byte for byte.
//!
//! Deliberately absent: columns and kernels (`functions::dynamic`).

use std::borrow::Cow;

use kql::types::Type;
use serde_json::Value;
use sonic_rs::PointerNode;

use crate::ticks;

/// The member `name` of a bag, as its JSON text. JSON `null` and a missing member are both nothing.
pub(crate) fn member<'a>(json: &'a str, name: &str) -> Option<Cow<'a, str>> {
    if !json.trim_start().starts_with('{') {
        return None;
    }
    present(sonic_rs::get(json, [name]).ok()?.as_raw_cow())
}

/// The member at the end of a path of names.
pub(crate) fn path<'a>(json: &'a str, names: &[&str]) -> Option<Cow<'a, str>> {
    if !json.trim_start().starts_with('{') {
        return None;
    }
    present(sonic_rs::get(json, names).ok()?.as_raw_cow())
}

/// The element `index` of an array; a negative index counts from the end.
pub(crate) fn element(json: &str, index: i64) -> Option<Cow<'_, str>> {
    if !json.trim_start().starts_with('[') {
        return None;
    }
    let index = if index < 0 {
        let length = i64::try_from(elements(json)?.len()).ok()?;
        usize::try_from(length + index).ok()?
    } else {
        usize::try_from(index).ok()?
    };
    present(sonic_rs::get(json, [PointerNode::Index(index)]).ok()?.as_raw_cow())
}

fn present(json: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (json != "null").then_some(json)
}

/// The elements of an array, as JSON texts; `None` if it is no array.
pub(crate) fn elements(json: &str) -> Option<Vec<Cow<'_, str>>> {
    if !json.trim_start().starts_with('[') {
        return None;
    }
    sonic_rs::to_array_iter(json).map(|item| item.ok().map(|value| value.as_raw_cow())).collect()
}

/// The members of a bag in their order, as name and JSON text; `None` if it is no bag.
pub(crate) fn members(json: &str) -> Option<Vec<(String, Cow<'_, str>)>> {
    if !json.trim_start().starts_with('{') {
        return None;
    }
    sonic_rs::to_object_iter(json)
        .map(|item| item.ok().map(|(name, value)| (name.to_string(), value.as_raw_cow())))
        .collect()
}

/// What kind of value a JSON text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Long,
    Real,
    String,
    Array,
    Bag,
}

/// The kind of a value.
pub(crate) fn kind(json: &str) -> Kind {
    match json.trim_start().as_bytes().first() {
        Some(b'{') => Kind::Bag,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b't' | b'f') => Kind::Bool,
        Some(b'-' | b'0'..=b'9') => {
            if json.trim().parse::<i64>().is_ok() {
                Kind::Long
            } else {
                Kind::Real
            }
        }
        _ => Kind::Null,
    }
}

/// Whether a value as text is what is written: a bag, an array, a number.
pub(crate) fn is_own_text(json: &str) -> bool {
    matches!(json.as_bytes().first(), Some(b'{' | b'[' | b'-' | b'0'..=b'9'))
}

/// A value as text: a string without its quotes, anything else as it stands.
pub(crate) fn to_text(json: &str) -> Cow<'_, str> {
    match kind(json) {
        Kind::String => unquoted(json),
        Kind::Null => Cow::Borrowed(""),
        Kind::Bool if json.trim() == "true" => Cow::Borrowed("true"),
        Kind::Bool => Cow::Borrowed("false"),
        _ => Cow::Borrowed(json),
    }
}

fn unquoted(json: &str) -> Cow<'_, str> {
    let trimmed = json.trim();
    if let Some(inner) = trimmed.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
        && !inner.contains('\\')
    {
        return Cow::Borrowed(inner);
    }
    match serde_json::from_str::<String>(trimmed) {
        Ok(text) => Cow::Owned(text),
        // A lone surrogate is no character; the text is shown as it was written.
        Err(_) => Cow::Borrowed(trimmed.trim_matches('"')),
    }
}

/// A value as a whole number. A number with a fraction is cut; text is read as `tolong` reads it.
pub(crate) fn to_long(json: &str) -> Option<i64> {
    match kind(json) {
        Kind::Long => json.trim().parse().ok(),
        Kind::Real => json.trim().parse().ok().and_then(ticks::whole),
        Kind::Bool => Some(i64::from(json.trim() == "true")),
        Kind::String => text_to_long(&unquoted(json)),
        _ => None,
    }
}

/// A value as a real number.
pub(crate) fn to_real(json: &str) -> Option<f64> {
    match kind(json) {
        Kind::Long | Kind::Real => json.trim().parse().ok(),
        Kind::Bool => Some(if json.trim() == "true" { 1.0 } else { 0.0 }),
        Kind::String => text_to_real(&unquoted(json)),
        _ => None,
    }
}

/// A value as a bool.
pub(crate) fn to_bool(json: &str) -> Option<bool> {
    match kind(json) {
        Kind::Bool => Some(json.trim() == "true"),
        Kind::Long | Kind::Real => json.trim().parse::<f64>().ok().map(|value| value != 0.0),
        Kind::String => text_to_bool(&unquoted(json)),
        _ => None,
    }
}

/// Reads a whole number as `tolong` does: decimal or `0x…`, blanks around it allowed, nothing else.
pub(crate) fn text_to_long(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        #[expect(
            clippy::cast_possible_wrap,
            reason = "sixteen hexadecimal digits name all 64 bits"
        )]
        return u64::from_str_radix(digits, 16).ok().map(|value| value as i64);
    }
    text.parse().ok()
}

/// Reads a real number as `toreal` does.
pub(crate) fn text_to_real(text: &str) -> Option<f64> {
    let text = text.trim();
    match text {
        "NaN" | "nan" => Some(f64::NAN),
        "+inf" | "inf" | "Infinity" | "∞" => Some(f64::INFINITY),
        "-inf" | "-Infinity" | "-∞" => Some(f64::NEG_INFINITY),
        _ if text.starts_with(|c: char| c.is_ascii_alphabetic()) => None,
        _ => text.parse().ok(),
    }
}

/// Reads a bool as `tobool` does: a word or a number.
pub(crate) fn text_to_bool(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        text.parse::<i64>().ok().map(|value| value != 0)
    }
}

/// Writes a text as a JSON string.
pub(crate) fn write_string(text: &str, out: &mut String) {
    match serde_json::to_string(text) {
        Ok(quoted) => out.push_str(&quoted),
        Err(_) => out.push_str("\"\""),
    }
}

/// Writes a real as JSON; what JSON cannot hold becomes the text that Kusto prints.
pub(crate) fn write_real(value: f64, out: &mut String) {
    if value.is_nan() {
        out.push_str("\"NaN\"");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
    } else {
        real_text(value, out);
        if value.fract() == 0.0
            && !out.ends_with(|c: char| !c.is_ascii_digit())
            && value.abs() < 1e15
        {
            out.push_str(".0");
        }
    }
}

/// Writes a real as `tostring` does: the shortest text that reads back as the same number; whole ones without a fraction.
pub(crate) fn real_text(value: f64, out: &mut String) {
    use std::fmt::Write;
    let size = value.abs();
    let written = if value.is_nan() {
        write!(out, "NaN")
    } else if value.is_infinite() {
        write!(out, "{}", if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else if size != 0.0 && !(1e-4..1e15).contains(&size) {
        scientific(value, out);
        Ok(())
    } else {
        write!(out, "{value}")
    };
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

/// `1E+16`, `1.5E-07`: .NET's form, with at least two digits of exponent.
fn scientific(value: f64, out: &mut String) {
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    out.push_str(digits);
    out.push('E');
    let (sign, size) = exponent.strip_prefix('-').map_or(('+', exponent), |size| ('-', size));
    out.push(sign);
    if size.len() < 2 {
        out.push('0');
    }
    out.push_str(size);
}

/// Reads a text as `parse_json` does: JSON as it stands, anything else as a string value; nothing for an empty text and
/// for JSON `null`.
pub(crate) fn from_text(text: &str, out: &mut String) -> bool {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return false;
    }
    if is_json(trimmed) {
        out.push_str(trimmed);
    } else {
        write_string(text, out);
    }
    true
}

/// Whether a text is one JSON value.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// A parsed value, for functions that need the whole of it.
pub(crate) fn parsed(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok()
}

/// Whether two values are equal: numbers by value, bags without regard to order.
pub(crate) fn equal(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    match (kind(a), kind(b)) {
        (Kind::Long | Kind::Real, Kind::Long | Kind::Real) => to_real(a) == to_real(b),
        (Kind::String, Kind::String) => unquoted(a) == unquoted(b),
        (Kind::Array, Kind::Array) | (Kind::Bag, Kind::Bag) => parsed(a) == parsed(b),
        _ => false,
    }
}

/// `gettype` of a value inside a dynamic.
pub(crate) fn type_name(json: &str) -> &'static str {
    match kind(json) {
        Kind::Null => "null",
        Kind::Bool => "bool",
        Kind::Long => "long",
        Kind::Real => "double",
        Kind::String => "string",
        Kind::Array => "array",
        Kind::Bag => "dictionary",
    }
}

/// Whether a type is carried inside a dynamic as JSON text already.
pub(crate) const fn is_json_type(ty: Type) -> bool {
    matches!(ty, Type::Dynamic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements_are_found_and_missing_ones_are_nothing() {
        let json = r#"{"a":{"b":[10,{"c":"x\ny"},null]},"n":null}"#;
        assert_eq!(path(json, &["a", "b"]).as_deref(), Some(r#"[10,{"c":"x\ny"},null]"#));
        assert_eq!(member(json, "n"), None);
        assert_eq!(member(json, "A"), None);
        assert_eq!(member("[1]", "a"), None);
        let list = path(json, &["a", "b"]).expect("it is there");
        assert_eq!(element(&list, 0).as_deref(), Some("10"));
        assert_eq!(element(&list, -2).as_deref(), Some(r#"{"c":"x\ny"}"#));
        assert_eq!(element(&list, 2), None);
        assert_eq!(element(&list, 9), None);
        assert_eq!(element(&list, -9), None);
    }

    #[test]
    fn text_of_a_value_is_what_tostring_gives() {
        for (json, text) in [
            (r#""x\u00e9y""#, "xéy"),
            ("12", "12"),
            (r#"{ "kept" :  1 }"#, r#"{ "kept" :  1 }"#),
            ("null", ""),
            ("true", "true"),
        ] {
            assert_eq!(to_text(json), text, "{json}");
        }
    }

    #[test]
    fn conversions_never_fail_and_give_nothing_instead() {
        assert_eq!(to_long("5.7"), Some(5));
        assert_eq!(to_long(r#""5.7""#), None);
        assert_eq!(to_long(r#""0xff""#), Some(255));
        assert_eq!(to_long("[1]"), None);
        assert_eq!(to_real(r#""1e3""#), Some(1000.0));
        assert_eq!(to_bool(r#""TRUE""#), Some(true));
        assert_eq!(to_bool("{}"), None);
    }

    #[test]
    fn reals_are_written_as_kusto_prints_them() {
        for (value, text) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (1e16, "1E+16"),
            (1.5e-7, "1.5E-07"),
            (1e-5, "1E-05"),
            (0.00012, "0.00012"),
        ] {
            let mut out = String::new();
            real_text(value, &mut out);
            assert_eq!(out, text);
        }
    }
}
