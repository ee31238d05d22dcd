//! Whether a form ([`crate::Form`]) and the reader of what is filled in tell the same: for the tests of every kind of source
//! and destination, whose forms would otherwise drift away from their readers unseen.
//! Deliberately absent: validation by schema. The reader alone judges what users write.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::Problem;

/// A name that no field has or resembles.
const STRANGE: &str = "~~~~~~~~";

/// A value that no field takes.
fn nonsense() -> Value {
    json!([{ "~": [] }])
}

/// Reads what was written, and shows what it understood.
pub type Read<'a> = &'a dyn Fn(&Value) -> Result<String, Vec<Problem>>;

/// Where `schema` and its reader disagree, one sentence each; nothing if they agree. `samples` has usable values of fields
/// that have no example, by name, above all of secrets.
#[must_use]
pub fn disagreements(schema: &Value, samples: &Value, read: Read<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let bases = bases(schema, samples);
    for base in &bases {
        if let Err(problems) = read(base) {
            found.push(format!("refused, though nothing is missing: {base}: {}", told(&problems)));
        }
    }
    let mut asked = BTreeSet::new();
    for base in &bases {
        match read(&with(base, STRANGE, json!("x"))) {
            Ok(_) => found.push(format!("an unknown field is taken beside {base}")),
            Err(problems) => {
                asked.extend(problems.iter().filter(|it| it.path == STRANGE).flat_map(names))
            }
        }
    }
    let properties = properties(schema);
    let known: BTreeSet<String> = properties.keys().cloned().collect();
    found.extend(
        known.difference(&asked).map(|name| format!("{name}: the reader does not ask for it")),
    );
    found.extend(asked.difference(&known).map(|name| format!("{name}: the form does not have it")));
    for base in &bases {
        found.extend(needless(schema, base, read));
    }
    for (name, field) in &properties {
        let told = about_field(field, &bases, (samples, name, read));
        found.extend(told.into_iter().map(|it| format!("{name}: {it}")));
    }
    found
}

/// Where one field and its reader disagree, and the fields within it.
fn about_field(
    field: &Value,
    bases: &[Value],
    (samples, name, read): (&Value, &str, Read<'_>),
) -> Vec<String> {
    let value = sample(name, field, samples);
    let takes = |base: &&Value, value: &Value| read(&with(base, name, value.clone()));
    let Some(base) = bases.iter().find(|base| takes(base, &value).is_ok()) else {
        return vec!["its example is refused everywhere".to_owned()];
    };
    let mut found = bounds_and_default(field, &without(base, name), (name, read));
    let words = field.get("enum").and_then(Value::as_array);
    for word in words.into_iter().flatten() {
        if !bases.iter().any(|base| takes(&base, word).is_ok()) {
            found.push(format!("{word} is refused"));
        }
    }
    if words.is_some() && takes(&base, &json!(STRANGE)).is_ok() {
        found.push("takes other words".to_owned());
    }
    let names_it = |problems: Vec<Problem>| problems.iter().any(|it| it.path.starts_with(name));
    if !takes(&base, &nonsense()).is_err_and(names_it) {
        found.push("takes what it cannot be".to_owned());
    }
    if value.is_object() {
        let prefix = format!("{name}.");
        let inner = |inner: &Value| {
            takes(&base, inner).map_err(|mut problems| {
                for problem in &mut problems {
                    if let Some(path) = problem.path.strip_prefix(&prefix) {
                        problem.path = path.to_owned();
                    }
                }
                problems
            })
        };
        found.extend(disagreements(field, samples, &inner));
    }
    found
}

/// What is wrong with the bounds and the default of one field, whose object is otherwise `base`.
fn bounds_and_default(field: &Value, base: &Value, (name, read): (&str, Read<'_>)) -> Vec<String> {
    let mut found = Vec::new();
    let takes = |value: &Value| read(&with(base, name, value.clone())).is_ok();
    if let Some(default) = field.get("default") {
        let (silent, said) = (read(base), read(&with(base, name, default.clone())));
        if silent.is_err() || silent.ok() != said.ok() {
            found.push(format!("{default} is not what counts if it is left out"));
        }
    }
    for value in field.get("examples").and_then(Value::as_array).into_iter().flatten() {
        if !takes(value) {
            found.push(format!("the example {value} is refused"));
        }
    }
    let bound = |word: &str| field.get(word).and_then(Value::as_i64);
    let is_whole = field["type"] == "integer";
    for (word, step) in [("minimum", -1), ("maximum", 1)] {
        let Some(bound) = bound(word) else { continue };
        if !takes(&json!(bound)) {
            found.push(format!("its {word} is refused"));
        }
        // The reader of whole numbers takes none below zero, whatever the bound is.
        if takes(&json!(bound + step))
            || (!is_whole && takes(&json!(1.001 * (bound + step) as f64)))
        {
            found.push(format!("takes what is beyond its {word}"));
        }
    }
    if let Some(bound) = bound("exclusiveMinimum")
        && takes(&json!(bound))
    {
        found.push("takes what must be exceeded".to_owned());
    }
    found
}

/// The fields that `schema` or the alternative in `base` calls required, and that the reader does not miss.
fn needless(schema: &Value, base: &Value, read: Read<'_>) -> Vec<String> {
    let mut required = texts(&schema["required"]);
    for group in schema["allOf"].as_array().into_iter().flatten() {
        let given = |choice: &&Value| {
            texts(&choice["required"]).iter().all(|name| base.get(name).is_some())
        };
        required.extend(
            choices(group).iter().find(given).iter().flat_map(|choice| texts(&choice["required"])),
        );
    }
    let is_taken_without = |name: &&String| read(&without(base, name)).is_ok();
    required
        .iter()
        .filter(is_taken_without)
        .map(|name| format!("{name}: is not missed in {base}"))
        .collect()
}

/// The least that can be written, once for each combination of alternatives.
fn bases(schema: &Value, samples: &Value) -> Vec<Value> {
    let properties = properties(schema);
    let value = |name: &str| sample(name, properties.get(name).unwrap_or(&Value::Null), samples);
    let mut least = Map::new();
    for name in texts(&schema["required"]) {
        least.insert(name.clone(), value(&name));
    }
    for (name, field) in &properties {
        if field["x-generated"] == true {
            least.insert(name.clone(), value(name));
        }
    }
    let mut bases = vec![Value::Object(least)];
    for group in schema["allOf"].as_array().into_iter().flatten() {
        let fill = |base: &Value, choice: &Value| {
            texts(&choice["required"]).iter().fold(base.clone(), |base, name| {
                let said = choice["properties"][name].get("const").cloned();
                with(&base, name, said.unwrap_or_else(|| value(name)))
            })
        };
        bases = bases
            .iter()
            .flat_map(|base| {
                choices(group).iter().map(|choice| fill(base, choice)).collect::<Vec<_>>()
            })
            .collect();
    }
    bases
}

fn sample(name: &str, field: &Value, samples: &Value) -> Value {
    let object = || (!field["properties"].is_null()).then(|| bases(field, samples).swap_remove(0));
    let given =
        samples.get(name).or_else(|| field["examples"].get(0)).or_else(|| field.get("default"));
    given.cloned().or_else(object).or_else(|| field["enum"].get(0).cloned()).unwrap_or(
        match field["type"].as_str() {
            Some("boolean") => json!(true),
            _ => json!("sample"),
        },
    )
}

fn choices(group: &Value) -> Vec<Value> {
    ["anyOf", "oneOf"]
        .iter()
        .filter_map(|word| group[*word].as_array())
        .flatten()
        .cloned()
        .collect()
}

fn properties(schema: &Value) -> Map<String, Value> {
    schema["properties"].as_object().cloned().unwrap_or_default()
}

/// The names that a problem with an unknown field lists.
fn names(problem: &Problem) -> Vec<String> {
    let list = problem.hint.split_once(": ").map_or("", |(_, list)| list);
    list.split(", ").map(str::to_owned).collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.as_object().cloned().unwrap_or_default();
    object.insert(name.to_owned(), value);
    Value::Object(object)
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.as_object().cloned().unwrap_or_default();
    object.shift_remove(name);
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Choice, Fields, Form, FormField};

    /// A reader of `word`, `size` (1 to 9, by default 5), and `a` or `b`.
    fn read(written: &Value) -> Result<String, Vec<Problem>> {
        let mut fields = Fields::of(written);
        let word = fields.required_text("word", "").map(str::to_owned);
        let size = fields.number("size", 1, 9).unwrap_or(5);
        let kind = fields.choice("kind", &[("x", 1), ("y", 2)]);
        let (a, b) = (fields.text("a").is_some(), fields.text("b").is_some());
        if a == b {
            fields.problem("a", "is missing", "");
        }
        let problems = fields.finish();
        if problems.is_empty() {
            Ok(format!("{word:?} {size} {kind:?} {a}"))
        } else {
            Err(problems)
        }
    }

    fn check(fields: Vec<FormField>, expected: &[&str]) {
        let ways = [Choice::of("A", &["a"], &[]), Choice::of("B", &["b"], &[])];
        let schema = Form::of(fields).one_of("Way", &ways).schema();
        assert_eq!(disagreements(&schema, &json!({}), &read), expected);
    }

    #[test]
    fn every_way_to_disagree_is_found() {
        let text = |name| FormField::text(name, "", "");
        let size = |least, most| FormField::number("size", "", "", (least, most)).default(5);
        let kind = |words: &[&str]| FormField::choice("kind", "", "", words);
        let all =
            || vec![text("word").required(), size(1, 9), kind(&["x", "y"]), text("a"), text("b")];
        check(all(), &[]);
        let but = |at: usize, field: FormField| {
            let mut all = all();
            all[at] = field;
            all
        };
        check(but(1, size(1, 9).default(6)), &["size: 6 is not what counts if it is left out"]);
        check(but(1, size(2, 9)), &["size: takes what is beyond its minimum"]);
        check(but(1, size(1, 10)), &["size: its maximum is refused"]);
        check(but(2, kind(&["x", "z"])), &["kind: \"z\" is refused"]);
        check(but(1, size(1, 9).example(11)), &["size: its example is refused everywhere"]);
        check(
            [all(), vec![text("more")]].concat(),
            &["more: the reader does not ask for it", "more: its example is refused everywhere"],
        );
        check(
            all().into_iter().filter(|it| !format!("{it:?}").contains("\"kind\"")).collect(),
            &["kind: the form does not have it"],
        );
        let needless = [
            r#"{"word":"sample","kind":"x","a":"sample"}"#,
            r#"{"word":"sample","kind":"x","b":"sample"}"#,
        ]
        .map(|base| format!("kind: is not missed in {base}"));
        check(but(2, kind(&["x", "y"]).required()), &[&needless[0], &needless[1]]);
    }
}
