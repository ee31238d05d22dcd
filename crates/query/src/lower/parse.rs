//! `parse` and `parse-where`: columns out of a text by a pattern, which becomes one regular expression. Deliberately absent:
//! `parse-kv`.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use kql::plan::{Expr as KqlExpr, Field, ParseMode, ParsePart, Plan};
use kql::types::{Type, Value};

use super::{Flow, Lowering, Operand, scalar};
use crate::error::{Error, Result};
use crate::functions::regexes;
use crate::kernel;

/// How a text is taken apart.
pub(super) struct Pattern<'a> {
    pub(super) mode: ParseMode,
    pub(super) flags: &'a str,
    pub(super) parts: &'a [ParsePart],
    /// Whether rows that do not match are dropped.
    pub(super) only_matches: bool,
}

impl Lowering<'_> {
    pub(super) fn parse(
        &mut self,
        input: &Plan,
        source: &KqlExpr,
        pattern: &Pattern<'_>,
        fields: &[Field],
    ) -> Result<Flow> {
        let flow = self.flow(input)?;
        let source = scalar::operand(&flow.columns, source)?;
        let source =
            if source.ty == Type::String { source } else { scalar::convert(source, Type::String) };
        let (regex, groups) = regex_of(pattern, fields);
        regex::Regex::new(&regex)
            .map_err(|error| Error::Regex { pattern: regex.clone(), message: error.to_string() })?;
        // All groups come out of one match; with `kind=simple` a value that does not convert spoils the whole match.
        let strict = pattern.mode != ParseMode::Relaxed;
        let kinds: Vec<&str> = groups
            .iter()
            .map(|(_, ty)| if strict { ty.name() } else { Type::String.name() })
            .collect();
        let args = vec![
            source.value(),
            lit(ScalarValue::Utf8View(Some(regex))),
            lit(ScalarValue::Utf8View(Some(kinds.join(",")))),
        ];
        let types = vec![Type::String; 3];
        let captured =
            kernel::call("parse_groups", regexes::parse_groups, args, types, Type::Dynamic);
        let width = flow.columns.len();
        let mut columns = flow.columns;
        columns.push(Operand::plain(captured, Type::Dynamic));
        let mut flow = self.computed(Flow { plan: flow.plan, columns })?;
        let captured = flow.columns.remove(width);
        if pattern.only_matches {
            let matched = self.or_ghost(&flow.plan, captured.expr.clone().is_not_null());
            flow.plan = LogicalPlanBuilder::from(flow.plan).filter(matched)?.build()?;
        }
        let mut out: Vec<Option<Operand>> = flow.columns.into_iter().map(Some).collect();
        out.resize(fields.len(), None);
        for (at, (target, ty)) in groups.iter().enumerate() {
            let index = Operand::literal(&Value::Long(i64::try_from(at).unwrap_or(i64::MAX)));
            let args = vec![captured.expr.clone(), index.expr];
            let types = vec![Type::Dynamic, Type::Long];
            let text = kernel::call(
                "dynamic_at",
                crate::functions::access::at,
                args,
                types,
                Type::Dynamic,
            );
            let text = scalar::convert(Operand::plain(text, Type::Dynamic), Type::String);
            if let Some(slot) = out.get_mut(*target) {
                *slot = Some(if *ty == Type::String { text } else { scalar::convert(text, *ty) });
            }
        }
        let columns = out
            .into_iter()
            .map(|column| column.ok_or_else(|| Error::Defect("parse lacks a column".to_owned())))
            .collect::<Result<Vec<_>>>()?;
        Ok(Flow { plan: flow.plan, columns })
    }
}

/// The regular expression of a pattern, and for each of its groups the output column and type.
fn regex_of(pattern: &Pattern<'_>, fields: &[Field]) -> (String, Vec<(usize, Type)>) {
    let is_regex = pattern.mode == ParseMode::Regex;
    let flags: String = pattern.flags.chars().filter(|flag| "Uism".contains(*flag)).collect();
    let mut regex = match (is_regex, flags.is_empty()) {
        (false, _) => "(?s)".to_owned(),
        (true, true) => String::new(),
        (true, false) => format!("(?{flags})"),
    };
    regex.push('^');
    let mut groups = Vec::new();
    let last = pattern.parts.len().saturating_sub(1);
    for (at, part) in pattern.parts.iter().enumerate() {
        match part {
            ParsePart::Skip => regex.push_str(if is_regex { ".*" } else { ".*?" }),
            ParsePart::Text(text) if is_regex => regex.push_str(&format!("(?:{text})")),
            ParsePart::Text(text) => regex.push_str(&regex::escape(text)),
            ParsePart::Column(column) => {
                let ty = fields.get(*column).map_or(Type::String, |field| field.ty);
                groups.push((*column, ty));
                regex.push_str(capture(ty, is_regex, at == last));
            }
        }
    }
    if !is_regex && !matches!(pattern.parts.last(), Some(ParsePart::Skip)) {
        regex.push('$');
    }
    (regex, groups)
}

/// What a column of this type may take: numbers only what is a number, text as little as fits (all of the rest at the end).
const fn capture(ty: Type, greedy: bool, last: bool) -> &'static str {
    match ty {
        Type::Int | Type::Long => r"\s*(-?\d+)",
        Type::Real | Type::Decimal => r"\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)",
        _ if greedy || last => "(.*)",
        _ => "(.*?)",
    }
}
