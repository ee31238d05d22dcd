//! Membership in lists. Values are compared by their text; a constant list becomes a hash set. Deliberately absent: short
//! constant lists, which become comparisons that can prune files (`lower::compare`).

use std::collections::HashSet;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::cells::Cells;
use super::kinds::ANY;
use super::matching::{flatten, needles};
use super::{Function, p};
use crate::kernel::Args;

/// The functions of this group. They are called as operators.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::kernel(
        Signature::new(
            "in",
            &[Overload::of(&[p("value", ANY)], Returns::Type(Type::Bool))
                .repeating(&[p("item", ANY)], 0)],
            "Whether the value is in the list.",
        ),
        in_exactly,
        ("2 in (1, 2)", "True"),
    ),
    Function::kernel(
        Signature::new(
            "in~",
            &[Overload::of(&[p("value", ANY)], Returns::Type(Type::Bool))
                .repeating(&[p("item", ANY)], 0)],
            "Whether the text is in the list, without regard to case.",
        ),
        in_any_case,
        ("'B' in~ ('a', 'b')", "True"),
    ),
];

fn in_exactly(args: &Args<'_>) -> Result<ArrayRef> {
    membership(args, false)
}

fn in_any_case(args: &Args<'_>) -> Result<ArrayRef> {
    membership(args, true)
}

/// Values are compared as text; a constant list becomes a hash set.
fn membership(args: &Args<'_>, ignore_case: bool) -> Result<ArrayRef> {
    let fold = |text: String| if ignore_case { text.to_lowercase() } else { text };
    let value = Cells::of(args, 0)?;
    let mut constant = true;
    for at in 1..args.len() {
        constant &= args.raw(at)?.1;
    }
    let set: HashSet<String> =
        if constant { needles(args, 1)?.into_iter().map(fold).collect() } else { HashSet::new() };
    let mut lists = Vec::new();
    for at in 1..args.len() {
        lists.push((args.types.get(at) == Some(&Type::Dynamic), Cells::of(args, at)?));
    }
    args.bools(|row| {
        let mut text = String::new();
        if !value.text(row, &mut text) && args.types.first() != Some(&Type::String) {
            return Some(false);
        }
        let text = fold(text);
        if constant {
            return Some(set.contains(&text));
        }
        Some(lists.iter().any(|(is_json, cells)| {
            let mut item = String::new();
            if *is_json {
                let mut all = Vec::new();
                if cells.json(row, &mut item) {
                    flatten(&item, &mut all);
                }
                return all.into_iter().any(|item| fold(item) == text);
            }
            cells.text(row, &mut item) && fold(item) == text
        }))
    })
}
