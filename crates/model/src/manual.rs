//! Whether a page of the manual tells of every field of a form: for tests, so that a field is not added without its words.
//! Deliberately absent: writing the page. Its tables say more, and to other readers, than a form's labels do.

use serde_json::Value;

/// The fields of `schema` that have no row in a table of `page` (Markdown), and those whose row says another default, one
/// sentence each. A row begins with the names, in backticks; its second cell is the default, if the table has three.
#[must_use]
pub fn untold(page: &str, schema: &Value) -> Vec<String> {
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter_map(|line| line.trim().strip_prefix('|')?.strip_suffix('|'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let mut found = Vec::new();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let quoted = format!("`{name}`");
        let own: Vec<_> = rows
            .iter()
            .filter(|row| row.first().is_some_and(|cell| cell.contains(&quoted)))
            .collect();
        if own.is_empty() {
            found.push(format!("{name}: has no row"));
            continue;
        }
        let default = match field.get("default") {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => continue,
        };
        let says = |row: &&&Vec<&str>| row.len() > 2 && row[1].trim_matches('`') == default;
        if !own.iter().any(|row| says(&row)) {
            found.push(format!("{name}: its row does not say the default `{default}`"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Form, FormField};

    #[test]
    fn every_field_has_a_row_with_its_default() {
        let page = "\
# Something
| field | default | meaning |
|---|---|---|
| `start` | `now` | Where it begins. |
| `size` | 5 | How large, not `color`. |
| `client_id`, `client_secret` | — | The credential. |
";
        let number = |default: u64| FormField::number("size", "", "", (1, 9)).default(default);
        let text = |name| FormField::text(name, "", "");
        for (fields, expected) in [
            (vec![text("start").default("now"), number(5), text("client_secret")], vec![]),
            (vec![number(6)], vec!["size: its row does not say the default `6`"]),
            (vec![text("color"), text("client")], vec!["color: has no row", "client: has no row"]),
            (
                vec![text("client_id").default("x")],
                vec!["client_id: its row does not say the default `x`"],
            ),
        ] {
            assert_eq!(untold(page, &Form::of(fields).schema()), expected);
        }
    }
}
