//! The manual of functions, made of the same tables that run them. Deliberately absent: operators of whole tables.

use std::fmt::Write;

use kql::signature::{Overload, Signature};

use crate::{aggregates, functions};

/// A scalar function as the manual shows it.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// How it is called.
    pub signature: &'static Signature,
    /// A call, and its answer as `tostring` writes it.
    pub example: (&'static str, &'static str),
}

/// All scalar functions that can be called here, in the order of their names.
#[must_use]
pub fn functions() -> Vec<Entry> {
    let mut all: Vec<Entry> = functions::all()
        .filter(|function| !function.example.0.is_empty())
        .map(|function| Entry { signature: &function.signature, example: function.example })
        .collect();
    all.sort_by_key(|entry| entry.signature.name);
    all
}

/// All aggregates, in the order of their names.
#[must_use]
pub fn aggregates() -> Vec<&'static Signature> {
    let mut all: Vec<&Signature> = aggregates::SIGNATURES.iter().collect();
    all.sort_by_key(|signature| signature.name);
    all
}

/// The page of functions in Markdown.
#[must_use]
pub fn page() -> String {
    let mut out = String::from(
        "# Functions\n\nMade from the tables of functions; each example is run as a test. Optional parameters stand in \
         brackets, `…` repeats the group before it.\n\n## Scalar functions\n",
    );
    for entry in functions() {
        let (call, answer) = entry.example;
        section(&mut out, entry.signature);
        push(&mut out, format_args!("\n```kusto\nprint {call} // {answer}\n```\n"));
    }
    out.push_str("\n## Aggregates\n");
    for signature in aggregates() {
        section(&mut out, signature);
    }
    out.push_str("\n## Older spellings\n\n| written | meant |\n|---|---|\n");
    for (alias, name) in functions::ALIASES {
        push(&mut out, format_args!("| `{alias}` | `{name}` |\n"));
    }
    out
}

fn section(out: &mut String, signature: &Signature) {
    push(out, format_args!("\n### `{}`\n\n{}\n\n", signature.name, signature.doc));
    for overload in signature.overloads {
        push(out, format_args!("- `{}({})`\n", signature.name, parameters(overload)));
    }
}

fn parameters(overload: &Overload) -> String {
    let required = overload.head.len() - overload.optional;
    let mut all: Vec<String> = Vec::new();
    for (at, param) in overload.head.iter().enumerate() {
        let name = param.name;
        all.push(if at < required { name.to_owned() } else { format!("[{name}]") });
    }
    if !overload.repeat.is_empty() {
        let group: Vec<&str> = overload.repeat.iter().map(|param| param.name).collect();
        all.push(format!("{}, …", group.join(", ")));
    }
    all.extend(overload.tail.iter().map(|param| param.name.to_owned()));
    all.join(", ")
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}
