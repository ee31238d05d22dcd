//! `parse-kv`: columns out of a text of keys and values. One kernel finds all values, each column takes its own.
//! Deliberately absent: the taking apart (`plugins::key_values`).

use datafusion::common::ScalarValue;
use datafusion::logical_expr::lit;
use kql::plan::{Field, Op};
use kql::types::{Type, Value};

use super::{Flow, Lowering, Operand, scalar};
use crate::error::{Error, Result};
use crate::kernel;
use crate::plugins::key_values::{self, Spec};

impl Lowering<'_> {
    pub(super) fn parse_kv(&mut self, op: &Op, fields: &[Field]) -> Result<Flow> {
        let Op::ParseKv { input, source, keys, properties } = op else {
            return Err(Error::Defect("this is not parse-kv".to_owned()));
        };
        let spec = spec(keys, properties)?;
        let flow = self.flow(input)?;
        let text = scalar::convert(scalar::operand(&flow.columns, source)?, Type::String);
        let spec = serde_json::to_string(&spec)
            .map_err(|error| Error::Defect(format!("parse-kv: {error}")))?;
        let args = vec![text.value(), lit(ScalarValue::Utf8View(Some(spec)))];
        let types = vec![Type::String; 2];
        let values = kernel::call("parse_kv", key_values::parse, args, types, Type::Dynamic);
        let width = flow.columns.len();
        let mut columns = flow.columns;
        columns.push(Operand::plain(values, Type::Dynamic));
        let mut flow = self.computed(Flow { plan: flow.plan, columns })?;
        let values = flow.columns.remove(width);
        let mut out: Vec<Option<Operand>> = flow.columns.into_iter().map(Some).collect();
        out.resize(fields.len(), None);
        for (at, (_, target)) in keys.iter().enumerate() {
            let index = Operand::literal(&Value::Long(i64::try_from(at).unwrap_or(i64::MAX)));
            let value = kernel::call(
                "dynamic_at",
                crate::functions::access::at,
                vec![values.expr.clone(), index.expr],
                vec![Type::Dynamic, Type::Long],
                Type::Dynamic,
            );
            let ty = fields.get(*target).map_or(Type::String, |field| field.ty);
            let text = scalar::convert(Operand::plain(value, Type::Dynamic), Type::String);
            if let Some(slot) = out.get_mut(*target) {
                *slot = Some(scalar::convert(text, ty));
            }
        }
        let columns = out
            .into_iter()
            .map(|column| column.ok_or_else(|| Error::Defect("parse-kv lacks a column".to_owned())))
            .collect::<Result<Vec<_>>>()?;
        Ok(Flow { plan: flow.plan, columns })
    }
}

/// What the properties of the operator mean together.
fn spec(keys: &[(String, usize)], properties: &[(String, Value)]) -> Result<Spec> {
    let mut spec =
        Spec { keys: keys.iter().map(|(key, _)| key.clone()).collect(), ..Spec::default() };
    for (name, value) in properties {
        match (name.as_str(), value) {
            ("pair_delimiter", Value::String(text)) => spec.pair = Some(text.clone()),
            ("kv_delimiter", Value::String(text)) => spec.kv = Some(text.clone()),
            ("quote", Value::String(text)) => {
                let chars: Vec<char> = text.chars().collect();
                match chars[..] {
                    [both] => spec.quotes.push((both, both)),
                    [open, close] => spec.quotes.push((open, close)),
                    _ => return Err(wrong("quote must be one or two characters")),
                }
            }
            ("escape", Value::String(text)) => {
                let mut chars = text.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => spec.escapes.push(c),
                    _ => return Err(wrong("escape must be one character")),
                }
            }
            ("greedy", Value::Bool(greedy)) => spec.greedy = *greedy,
            ("regex", Value::String(pattern)) => {
                let regex = regex::Regex::new(pattern).map_err(|error| Error::Regex {
                    pattern: pattern.clone(),
                    message: error.to_string(),
                })?;
                if regex.captures_len() != 3 {
                    return Err(wrong("regex must have two groups: the key and the value"));
                }
                spec.regex = Some(pattern.clone());
            }
            _ => return Err(wrong(&format!("the property '{name}' is not understood"))),
        }
    }
    if spec.pair.is_some() != spec.kv.is_some() {
        return Err(wrong("pair_delimiter and kv_delimiter must be given together"));
    }
    if spec.greedy && spec.pair.is_none() {
        return Err(wrong("greedy needs pair_delimiter and kv_delimiter"));
    }
    Ok(spec)
}

fn wrong(message: &str) -> Error {
    Error::Operator { operator: "parse-kv", message: message.to_owned() }
}
