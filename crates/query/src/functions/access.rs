//! Members and elements of `dynamic` values, `parse_json`, and what kind of value one is. Deliberately absent: functions
//! over whole arrays (`arrays`) and bags (`bags`).

use std::borrow::Cow;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::{ANY, TEXT};
use super::{Function, p};
use crate::dynamic;
use crate::kernel::Args;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::kernel(
        Signature::new(
            "parse_json",
            &[Overload::of(&[p("text", ANY)], Returns::Type(Type::Dynamic))],
            "Reads JSON text as a dynamic value. What is not JSON becomes a dynamic string; a dynamic value stays as it is.",
        ),
        parse_json,
        (r#"parse_json('{"a":[1,2]}').a[1]"#, "2"),
    ),
    Function::kernel(
        Signature::new(
            "gettype",
            &[Overload::of(&[p("value", ANY)], Returns::Type(Type::String))],
            "The name of the value's type; inside a dynamic `array`, `dictionary`, `null` and the like.",
        ),
        gettype,
        ("gettype(dynamic([1]))", "array"),
    ),
    Function::kernel(
        Signature::new(
            "dynamic_to_json",
            &[Overload::of(&[p("value", ANY)], Returns::Type(Type::String))],
            "The value as JSON text with the members of bags in alphabetical order.",
        ),
        dynamic_to_json,
        (r#"dynamic_to_json(dynamic({"b":1,"a":2}))"#, r#"{"a":2,"b":1}"#),
    ),
    Function::kernel(
        Signature::new(
            "extract_json",
            &[
                Overload::of(
                    &[p("path", TEXT), p("json", kql::signature::ParamKind::StringOrDynamic)],
                    Returns::Type(Type::String),
                ),
                Overload::of(
                    &[
                        p("path", TEXT),
                        p("json", kql::signature::ParamKind::StringOrDynamic),
                        p("type", kql::signature::ParamKind::TypeName),
                    ],
                    Returns::TypeArgument(2, Type::String),
                ),
            ],
            "The value at a JSON path such as `$.a.b[0]`, converted to a type.",
        ),
        extract_json,
        (r#"extract_json('$.a[1]', '{"a":[1,"x"]}')"#, "x"),
    ),
];

/// A chain of constant member names: value, then the names.
pub(crate) fn path(args: &Args<'_>) -> Result<ArrayRef> {
    let json = args.text(0)?;
    let mut names = Vec::with_capacity(args.len() - 1);
    for at in 1..args.len() {
        names.push(args.constant_text(at)?.unwrap_or_default());
    }
    args.texts(|row, out| match json.opt(row).and_then(|json| dynamic::path(json, &names)) {
        Some(found) => {
            out.push_str(&found);
            true
        }
        None => false,
    })
}

/// A computed member name or index.
pub(crate) fn at(args: &Args<'_>) -> Result<ArrayRef> {
    let json = args.text(0)?;
    if matches!(args.types.get(1), Some(Type::Int | Type::Long)) {
        let index = args.long(1)?;
        return args.texts(|row, out| {
            let found =
                json.opt(row).zip(index.get(row)).and_then(|(json, at)| dynamic::element(json, at));
            found.is_some_and(|found| {
                out.push_str(&found);
                true
            })
        });
    }
    let name = args.text(1)?;
    let quoted = args.types.get(1) == Some(&Type::Dynamic);
    args.texts(|row, out| {
        let Some(json) = json.opt(row) else { return false };
        let Some(name) = name.opt(row) else { return false };
        let found = if quoted && dynamic::kind(name) == dynamic::Kind::Long {
            dynamic::to_long(name).and_then(|at| dynamic::element(json, at))
        } else {
            let name = if quoted { dynamic::to_text(name) } else { Cow::Borrowed(name) };
            dynamic::member(json, &name)
        };
        found.is_some_and(|found| {
            out.push_str(&found);
            true
        })
    })
}

fn parse_json(args: &Args<'_>) -> Result<ArrayRef> {
    match args.types.first() {
        Some(Type::String) => {
            let text = args.text(0)?;
            args.texts(|row, out| dynamic::from_text(text.get(row), out))
        }
        _ => super::convert::to_dynamic(args),
    }
}

fn gettype(args: &Args<'_>) -> Result<ArrayRef> {
    let ty = args.types.first().copied().unwrap_or(Type::Dynamic);
    if ty != Type::Dynamic {
        return args.strings(|_, out| out.push_str(ty.name()));
    }
    let json = args.text(0)?;
    args.strings(|row, out| out.push_str(json.opt(row).map_or("null", dynamic::type_name)))
}

fn dynamic_to_json(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = super::cells::Cells::of(args, 0)?;
    args.strings(|row, out| {
        let mut json = String::new();
        if cells.json(row, &mut json)
            && let Some(value) = dynamic::parsed(&json)
        {
            out.push_str(&sorted(value).to_string());
        }
    })
}

fn sorted(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

fn extract_json(args: &Args<'_>) -> Result<ArrayRef> {
    let path = args.text(0)?;
    let json = args.text(1)?;
    let ty = match args.len() {
        3 => args.constant_text(2)?.and_then(Type::named).unwrap_or(Type::String),
        _ => Type::String,
    };
    super::convert::from_json(args, ty, |row| {
        let mut found = Cow::Borrowed(json.opt(row)?);
        for step in steps(path.get(row))? {
            let next = match step {
                Step::Name(name) => dynamic::member(&found, name)?.into_owned(),
                Step::Index(at) => dynamic::element(&found, at)?.into_owned(),
            };
            found = Cow::Owned(next);
        }
        Some(found)
    })
}

enum Step<'a> {
    Name(&'a str),
    Index(i64),
}

/// The steps of a JSON path; `None` if it is none.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            steps.push(Step::Name(&after[..end]));
            rest = &after[end..];
        } else {
            let after = rest.strip_prefix('[')?;
            let (inner, tail) = after.split_once(']')?;
            let name = inner.trim_matches(['\'', '"']);
            steps.push(if name.len() < inner.len() {
                Step::Name(name)
            } else {
                Step::Index(inner.trim().parse().ok()?)
            });
            rest = tail;
        }
    }
    Some(steps)
}
