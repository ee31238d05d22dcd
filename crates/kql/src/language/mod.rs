//! The functions and aggregates of the language that a catalog may not have: how they are called, so that a query that uses
//! them can be checked, completed and explained, and is told what it is missing in words better than "unknown".
//!
//! `functions.txt` and `aggregates.txt` have one line for each way to call one: `name(parameter:kind, …) answer`. A kind is a
//! type, or `scalar`, `number`, `orderable`, `summable`, `text` (string or dynamic), `type` (`typeof(…)`); `?` may be left
//! out, `...` may be repeated. The answer is a type, `argument 0` (that argument's type), `type 2 dynamic` (what the
//! `typeof` argument 2 names, or dynamic), or the columns of a function that gives several.
//!
//! Deliberately absent: what any of them computes, and those that this project's engine has (its own tables say more).

pub(crate) mod operators;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::signature::{Overload, Param, ParamKind, Returns, Signature};
use crate::types::Type;

type Signatures = HashMap<&'static str, Signature>;

static FUNCTIONS: LazyLock<Signatures> = LazyLock::new(|| read(include_str!("functions.txt")));
static AGGREGATES: LazyLock<Signatures> = LazyLock::new(|| read(include_str!("aggregates.txt")));

/// A scalar function of the language.
pub(crate) fn function(name: &str) -> Option<&'static Signature> {
    FUNCTIONS.get(name)
}

/// An aggregate of the language.
pub(crate) fn aggregate(name: &str) -> Option<&'static Signature> {
    AGGREGATES.get(name)
}

/// The signatures of a text. They live as long as the program, as those of a catalog do.
fn read(text: &'static str) -> Signatures {
    let mut overloads: HashMap<&'static str, (Vec<Overload>, Columns)> = HashMap::new();
    for (name, overload, columns) in text.lines().filter_map(line) {
        let entry = overloads.entry(name).or_insert_with(|| (Vec::new(), columns));
        entry.0.push(overload);
    }
    overloads
        .into_iter()
        .map(|(name, (overloads, columns))| {
            (name, Signature::new(name, overloads.leak(), "").with_columns(columns))
        })
        .collect()
}

type Columns = &'static [(&'static str, Type)];

/// `name(a:string, b:long?) real`; `None` for what is not such a line.
fn line(text: &'static str) -> Option<(&'static str, Overload, Columns)> {
    let (name, rest) = text.split_once('(')?;
    let (params, answer) = rest.split_once(") ")?;
    let (mut head, mut repeat, mut optional, mut repeat_min) = (Vec::new(), Vec::new(), 0, 1);
    for part in params.split(", ").filter(|part| !part.is_empty()) {
        let (part, may_miss) = part.strip_suffix('?').map_or((part, false), |part| (part, true));
        let (part, repeats) = part.strip_suffix("...").map_or((part, false), |part| (part, true));
        let (name, kind) = part.split_once(':')?;
        let param = Param::new(name, param_kind(kind)?);
        if repeats {
            repeat.push(param);
            repeat_min = usize::from(!may_miss);
        } else {
            head.push(param);
            optional += usize::from(may_miss);
        }
    }
    let (returns, columns) = answer_of(answer)?;
    let mut overload = Overload::of(head.leak(), returns).optional(optional);
    if !repeat.is_empty() {
        overload = overload.repeating(repeat.leak(), repeat_min);
    }
    Some((name, overload, columns))
}

fn param_kind(name: &str) -> Option<ParamKind> {
    Some(match name {
        "scalar" => ParamKind::Scalar,
        "number" => ParamKind::Number,
        "orderable" => ParamKind::Orderable,
        "summable" => ParamKind::Summable,
        "text" => ParamKind::StringOrDynamic,
        "type" => ParamKind::TypeName,
        "long" => ParamKind::Integer,
        other => ParamKind::Exactly(Type::named(other)?),
    })
}

fn answer_of(text: &'static str) -> Option<(Returns, Columns)> {
    if let Some(columns) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        let columns: Option<Vec<_>> = columns
            .split(", ")
            .map(|column| {
                let (name, ty) = column.split_once(':')?;
                Some((name, Type::named(ty)?))
            })
            .collect();
        return Some((Returns::Type(Type::Dynamic), columns?.leak()));
    }
    let mut words = text.split(' ');
    let returns = match (words.next()?, words.next(), words.next()) {
        ("argument", Some(at), None) => Returns::Argument(at.parse().ok()?),
        ("type", Some(at), Some(ty)) => Returns::TypeArgument(at.parse().ok()?, Type::named(ty)?),
        (ty, None, None) => Returns::Type(Type::named(ty)?),
        _ => return None,
    };
    Some((returns, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        for text in [include_str!("functions.txt"), include_str!("aggregates.txt")] {
            for each in text.lines() {
                assert!(line(each).is_some(), "{each}");
            }
        }
    }

    #[test]
    fn lines_of_one_name_are_its_overloads() {
        let add = function("series_add").map(|signature| signature.overloads.len());
        assert_eq!(add, Some(3));
        let many = function("hash_many").map(|signature| signature.overloads[0].arity());
        assert_eq!(many, Some((1, None)));
    }
}
