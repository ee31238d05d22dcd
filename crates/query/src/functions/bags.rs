//! Bags (JSON objects) of dynamic values. Deliberately absent: member access (`access`), `bag_unpack` (a plugin).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::cells::Cells;
use super::kinds::{ANY, JSON, TEXT};
use super::{Function, p};
use crate::dynamic;
use crate::kernel::Args;

macro_rules! function {
    ($name:literal, [$($param:expr),*], $ty:ident, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new($name, &[Overload::of(&[$($param),*], Returns::Type(Type::$ty))], $doc),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "bag_keys",
        [p("bag", JSON)],
        Dynamic,
        "The names of a bag's members.",
        bag_keys,
        (r#"tostring(bag_keys(dynamic({"a": 1, "b": 2})))"#, r#"["a","b"]"#)
    ),
    function!(
        "bag_has_key",
        [p("bag", JSON), p("key", TEXT)],
        Bool,
        "Whether a bag has a member (a name, or a path such as `$.a.b`).",
        bag_has_key,
        (r#"bag_has_key(dynamic({"a": 1}), 'a')"#, "True")
    ),
    function!(
        "bag_remove_keys",
        [p("bag", JSON), p("keys", JSON)],
        Dynamic,
        "A bag without some members.",
        bag_remove_keys,
        (r#"tostring(bag_remove_keys(dynamic({"a": 1, "b": 2}), dynamic(['a'])))"#, r#"{"b":2}"#)
    ),
    function!(
        "bag_set_key",
        [p("bag", JSON), p("key", TEXT), p("value", ANY)],
        Dynamic,
        "A bag with a member set.",
        bag_set_key,
        (r#"tostring(bag_set_key(dynamic({"a": 1}), 'b', 2))"#, r#"{"a":1,"b":2}"#)
    ),
    function!(
        "bag_zip",
        [p("keys", JSON), p("values", JSON)],
        Dynamic,
        "A bag out of an array of names and one of values.",
        bag_zip,
        ("tostring(bag_zip(dynamic(['a']), dynamic([1])))", r#"{"a":1}"#)
    ),
    Function::kernel(
        Signature::new(
            "bag_pack",
            &[Overload::of(&[], Returns::Type(Type::Dynamic))
                .repeating(&[p("key", TEXT), p("value", ANY)], 0)],
            "A bag out of names and values.",
        ),
        bag_pack,
        ("tostring(bag_pack('a', 1, 'b', 'x'))", r#"{"a":1,"b":"x"}"#),
    ),
    Function::kernel(
        Signature::new(
            "bag_pack_nonempty",
            &[Overload::of(&[], Returns::Type(Type::Dynamic))
                .repeating(&[p("key", TEXT), p("value", ANY)], 0)],
            "A bag out of names and values, without those that are null or empty: what `pack_all(true)` gives.",
        ),
        bag_pack_nonempty,
        ("tostring(bag_pack_nonempty('a', 1, 'b', ''))", r#"{"a":1}"#),
    ),
    Function::kernel(
        Signature::new(
            "bag_merge",
            &[Overload::of(&[], Returns::Type(Type::Dynamic)).repeating(&[p("bag", JSON)], 1)],
            "A bag with the members of all bags; the first of a name stays.",
        ),
        bag_merge,
        (
            r#"tostring(bag_merge(dynamic({"a": 1}), dynamic({"a": 2, "b": 3})))"#,
            r#"{"a":1,"b":3}"#,
        ),
    ),
];

/// Writes a bag; of several members of one name the first stays.
fn write_bag<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>, out: &mut String) -> bool {
    let mut seen = std::collections::HashSet::new();
    out.push('{');
    for (name, value) in members {
        if !seen.insert(name) {
            continue;
        }
        if seen.len() > 1 {
            out.push(',');
        }
        dynamic::write_string(name, out);
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    true
}

fn bag_keys(args: &Args<'_>) -> Result<ArrayRef> {
    let bag = args.text(0)?;
    args.texts(|row, out| {
        let Some(members) = bag.opt(row).and_then(dynamic::members) else { return false };
        out.push('[');
        for (at, (name, _)) in members.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            dynamic::write_string(name, out);
        }
        out.push(']');
        true
    })
}

fn bag_has_key(args: &Args<'_>) -> Result<ArrayRef> {
    let (bag, key) = (args.text(0)?, args.text(1)?);
    args.bools(|row| {
        let bag = bag.opt(row)?;
        let members = dynamic::members(bag)?;
        let key = key.get(row);
        let Some(path) = key.strip_prefix("$.") else {
            return Some(members.iter().any(|(name, _)| name == key));
        };
        let (parents, last) = path
            .rsplit_once('.')
            .map_or((Vec::new(), path), |(parents, last)| (parents.split('.').collect(), last));
        if parents.is_empty() {
            return Some(members.iter().any(|(name, _)| name == last));
        }
        let parent = dynamic::path(bag, &parents);
        Some(parent.is_some_and(|parent| {
            dynamic::members(&parent)
                .is_some_and(|members| members.iter().any(|(name, _)| name == last))
        }))
    })
}

fn bag_remove_keys(args: &Args<'_>) -> Result<ArrayRef> {
    let (bag, keys) = (args.text(0)?, args.text(1)?);
    args.texts(|row, out| {
        let Some(mut value) = bag.opt(row).and_then(dynamic::parsed) else { return false };
        for key in keys.opt(row).and_then(dynamic::elements).unwrap_or_default() {
            let key = dynamic::to_text(&key);
            let path: Vec<&str> = key
                .strip_prefix("$.")
                .map_or_else(|| vec![&*key], |path| path.split('.').collect());
            let Some((last, parents)) = path.split_last() else { continue };
            let parent = parents.iter().try_fold(&mut value, |value, name| value.get_mut(*name));
            if let Some(members) = parent.and_then(serde_json::Value::as_object_mut) {
                members.shift_remove(*last);
            }
        }
        out.push_str(&value.to_string());
        value.is_object()
    })
}

fn bag_set_key(args: &Args<'_>) -> Result<ArrayRef> {
    let (bag, key, cells) = (args.text(0)?, args.text(1)?, Cells::of(args, 2)?);
    args.texts(|row, out| {
        let Some(mut value) = bag.opt(row).and_then(dynamic::parsed) else { return false };
        let mut json = String::new();
        if !cells.json(row, &mut json) {
            json.push_str("null");
        }
        let Some(new) = dynamic::parsed(&json) else { return false };
        let key = key.get(row);
        let path: Vec<&str> =
            key.strip_prefix("$.").map_or_else(|| vec![key], |path| path.split('.').collect());
        let Some((last, parents)) = path.split_last() else { return false };
        let mut parent = &mut value;
        for name in parents {
            let Some(members) = parent.as_object_mut() else { return false };
            parent = members.entry(*name).or_insert_with(|| serde_json::json!({}));
        }
        let Some(members) = parent.as_object_mut() else { return false };
        members.insert((*last).to_owned(), new);
        out.push_str(&value.to_string());
        true
    })
}

fn bag_zip(args: &Args<'_>) -> Result<ArrayRef> {
    let (keys, values) = (args.text(0)?, args.text(1)?);
    args.texts(|row, out| {
        let Some(keys) = keys.opt(row).and_then(dynamic::elements) else { return false };
        let Some(values) = values.opt(row).and_then(dynamic::elements) else { return false };
        let names: Vec<_> = keys.iter().map(|key| dynamic::to_text(key)).collect();
        let members = names
            .iter()
            .enumerate()
            .filter(|(at, _)| {
                keys.get(*at).is_some_and(|key| dynamic::kind(key) == dynamic::Kind::String)
            })
            .map(|(at, name)| (&**name, values.get(at).map_or("null", |value| &**value)));
        write_bag(members, out)
    })
}

fn bag_pack(args: &Args<'_>) -> Result<ArrayRef> {
    packed(args, false)
}

fn bag_pack_nonempty(args: &Args<'_>) -> Result<ArrayRef> {
    packed(args, true)
}

fn packed(args: &Args<'_>, without_empty: bool) -> Result<ArrayRef> {
    let mut pairs = Vec::new();
    for at in (0..args.len().saturating_sub(1)).step_by(2) {
        pairs.push((Cells::of(args, at)?, Cells::of(args, at + 1)?));
    }
    args.texts(|row, out| {
        let members: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| {
                let (mut key, mut json) = (String::new(), String::new());
                name.text(row, &mut key);
                if !value.json(row, &mut json) {
                    json.push_str("null");
                }
                (key, json)
            })
            .filter(|(_, json)| !without_empty || !matches!(json.as_str(), "null" | "\"\""))
            .collect();
        write_bag(members.iter().map(|(name, value)| (name.as_str(), value.as_str())), out)
    })
}

fn bag_merge(args: &Args<'_>) -> Result<ArrayRef> {
    let bags = (0..args.len()).map(|at| args.text(at)).collect::<Result<Vec<_>>>()?;
    args.texts(|row, out| {
        let members: Vec<_> = bags
            .iter()
            .filter_map(|bag| bag.opt(row).and_then(dynamic::members))
            .flatten()
            .collect();
        write_bag(members.iter().map(|(name, value)| (name.as_str(), &**value)), out)
    })
}
