//! Values, names and wildcards as KQL writes them. Deliberately absent: what is compared with what.

use crate::types::Type;

/// A word with wildcards as an operator that means the same.
pub(super) fn matched(column: &str, ty: Option<Type>, word: &str) -> String {
    let is_wild = |c: &str| c.contains(['*', '?']);
    let hidden = word.replace("\\*", "").replace("\\?", "");
    if !is_wild(&hidden) {
        return format!("{column} == {}", typed(&unescaped(word), ty));
    }
    let inner = hidden.trim_matches('*');
    let (starts, ends) = (word.starts_with('*'), word.ends_with('*') && !word.ends_with("\\*"));
    if inner.is_empty() {
        return format!("isnotempty({column})");
    }
    if is_wild(inner) || hidden.len() != word.len() {
        return format!("{column} matches regex {}", literal(&pattern(word)));
    }
    let operator = match (starts, ends) {
        (true, true) => "contains",
        (true, false) => "endswith",
        _ => "startswith",
    };
    format!("{column} {operator} {}", literal(inner))
}

/// A word with wildcards as a regular expression over the whole value.
fn pattern(word: &str) -> String {
    let mut text = String::from("(?i)^");
    let mut escaped = false;
    for c in word.chars() {
        match c {
            '\\' if !escaped => escaped = true,
            '*' if !escaped => text.push_str(".*"),
            '?' if !escaped => text.push('.'),
            c => {
                if !c.is_alphanumeric() && c.is_ascii() {
                    text.push('\\');
                }
                text.push(c);
                escaped = false;
            }
        }
    }
    text.push('$');
    text
}

pub(super) fn unescaped(word: &str) -> String {
    let mut text = String::new();
    let mut escaped = false;
    for c in word.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            text.push(c);
            escaped = false;
        }
    }
    text
}

/// A column that can be compared by size: what has no type is compared as a number.
pub(super) fn compared(column: &str, ty: Option<Type>) -> String {
    if ty.is_none() { format!("todouble({column})") } else { column.to_owned() }
}

/// A value as a literal of the column's type.
pub(super) fn typed(text: &str, ty: Option<Type>) -> String {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    let is_moment = text.chars().all(|c| c.is_ascii_digit() || "-:.TZ+ ".contains(c));
    match ty {
        Some(Type::Int | Type::Long | Type::Real | Type::Decimal) if is_number => text.to_owned(),
        Some(Type::Bool) if ["true", "false"].contains(&text) => text.to_owned(),
        Some(Type::DateTime) if is_moment && !text.is_empty() => format!("datetime({text})"),
        Some(Type::Guid) => {
            format!("guid({})", text.replace(|c: char| !c.is_ascii_hexdigit() && c != '-', ""))
        }
        _ => literal(text),
    }
}

/// A text as KQL writes it.
pub(super) fn literal(text: &str) -> String {
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if c.is_control() => written.push(' '),
            c => written.push(c),
        }
    }
    written.push('"');
    written
}

/// A name as KQL writes it.
pub(super) fn name(written: &str) -> String {
    let usable = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_plain = written.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && written.chars().all(usable);
    if is_plain { written.to_owned() } else { format!("[{}]", literal(written)) }
}
