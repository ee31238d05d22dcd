//! Hover: what the word at a place is, as Markdown. A pure function of text, place and catalog.
//! Deliberately absent: values, and anything that must be run.

use crate::bind::probe::{InScope, in_scope};
use crate::catalog::Catalog;
use crate::diagnostic::Span;
use crate::language::operators::operator;
use crate::plan::Field;
use crate::signature_help::{form, known};
use crate::syntax::SyntaxKind::{Call, Name, NameRef, Operator};
use crate::syntax::{Node, operator_name, parse};

/// How many columns of a table are shown.
const COLUMNS_MAX: usize = 40;

/// What is told of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// The word.
    pub span: Span,
    /// Markdown.
    pub text: String,
}

/// What the word at the byte `at` is; `None` if nothing is known of it.
#[must_use]
pub fn hover(text: &str, at: usize, catalog: &dyn Catalog) -> Option<Hover> {
    let parse = parse(text);
    let node = innermost(parse.tree.root(), at);
    if node.kind() == Operator {
        return operator_hover(node, at);
    }
    let name = node.tokens().find(|token| token.kind() == Name)?;
    if node.kind() != NameRef {
        return None;
    }
    let (span, name) = (node.span(), name.text());
    let called = node.parent().is_some_and(|parent| {
        parent.kind() == Call && parent.child(NameRef).is_some_and(|n| n.span() == span)
    });
    let text = if called { function(name, catalog) } else { None };
    let text = text.or_else(|| named(&in_scope(parse.tree.text(), at, catalog), name, catalog))?;
    Some(Hover { span, text })
}

/// The innermost node around a place.
fn innermost(root: Node<'_>, at: usize) -> Node<'_> {
    let mut node = root;
    loop {
        let inner = node.nodes().find(|inner| inner.span().start <= at && at < inner.span().end);
        match inner {
            Some(inner) => node = inner,
            None => return node,
        }
    }
}

fn operator_hover(node: Node<'_>, at: usize) -> Option<Hover> {
    let name = operator_name(node);
    let start = node.span().start;
    let span = start..start + name.len();
    if !span.contains(&at) {
        return None;
    }
    let found = operator(&name)?;
    Some(Hover { span, text: format!("```kusto\n{}\n```\n{}", found.form, found.doc) })
}

fn function(name: &str, catalog: &dyn Catalog) -> Option<String> {
    if let Some(stored) = catalog.stored_function(name) {
        return Some(format!("```kusto\n{name}{}\n```", stored.parameters));
    }
    let signature = known(name, catalog)?;
    let forms: Vec<String> =
        signature.overloads.iter().map(|overload| format!("{name}({})", form(overload))).collect();
    let doc = if signature.doc.is_empty() { String::new() } else { format!("\n{}", signature.doc) };
    Some(format!("```kusto\n{}\n```{doc}", forms.join("\n")))
}

/// A column, a variable, or a table.
fn named(scope: &InScope, name: &str, catalog: &dyn Catalog) -> Option<String> {
    let column = scope.columns.iter().chain(&scope.right).find(|field| field.name == name);
    if let Some(field) = column {
        return Some(format!("column `{name}`: {}", field.ty.name()));
    }
    if let Some((_, what)) = scope.variables.iter().find(|(other, _)| other == name) {
        return Some(format!("`{name}`: {what}"));
    }
    if let Some(fields) = catalog.table(name) {
        return Some(table(name, &fields));
    }
    catalog
        .stored_function(name)
        .map(|stored| format!("```kusto\n{name}{}\n```", stored.parameters))
}

fn table(name: &str, fields: &[Field]) -> String {
    let mut text = format!("table `{name}`\n\n| column | type |\n|---|---|\n");
    for field in fields.iter().take(COLUMNS_MAX) {
        text.push_str(&format!("| {} | {} |\n", field.name, field.ty.name()));
    }
    if fields.len() > COLUMNS_MAX {
        text.push_str(&format!("\nand {} more", fields.len() - COLUMNS_MAX));
    }
    text
}
