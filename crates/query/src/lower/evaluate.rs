//! `evaluate`: a plugin over its input. Arguments that are no columns and no constants are computed beside the input's
//! columns. Deliberately absent: what plugins do (`plugins`).

use std::sync::Arc;

use datafusion::logical_expr::LogicalPlanBuilder;
use kql::plan::{Expr as KqlExpr, ExprKind, Field, Op, Plan, PluginArg};
use kql::types::{Type, Value};

use super::{Flow, Lowering, cast_if_text, scalar};
use crate::error::{Error, Result};
use crate::plugins::reduce::Reduce;
use crate::plugins::stream::{Evaluated, Input};
use crate::plugins::{self, Arg, Call, Work};

/// How large a part of their terms must agree for `reduce` to call texts alike.
const REDUCE_THRESHOLD: f64 = 0.1;

impl Lowering<'_> {
    pub(super) fn evaluate(
        &mut self,
        input: &Plan,
        plugin: &str,
        args: &[PluginArg],
        fields: &[Field],
    ) -> Result<Flow> {
        let width = input.fields.len();
        let mut call = Call {
            name: plugin.to_owned(),
            args: Vec::with_capacity(args.len()),
            columns: input.fields.to_vec(),
            width,
            tables: Vec::new(),
        };
        let mut flow = self.flow(input)?;
        let (mut tables, mut computed) = (Vec::new(), Vec::new());
        for arg in args {
            match arg {
                PluginArg::Table(table) => {
                    call.args.push(Arg::Table);
                    call.tables.push(table.fields.to_vec());
                    let flow = self.flow(table)?;
                    tables.push(self.whole(flow)?);
                }
                PluginArg::Aggregate(_) => {
                    return Err(Error::Defect("a plugin got an aggregate".to_owned()));
                }
                PluginArg::Scalar(_, expr) => {
                    let arg = match argument(expr, &call)? {
                        Some(arg) => arg,
                        None => {
                            computed.push(scalar::operand(&flow.columns, expr)?);
                            call.columns.push(Field { name: "".into(), ty: expr.ty });
                            Arg::Column(width + computed.len() - 1)
                        }
                    };
                    call.args.push(arg);
                }
            }
        }
        flow.columns.extend(computed);
        let work = plugins::make(&call)?;
        let input = self.whole(flow)?;
        self.evaluated(plugin, (input, tables), work, fields)
    }

    /// `reduce by`: texts that are alike as one pattern.
    pub(super) fn reduce(&mut self, op: &Op, fields: &[Field]) -> Result<Flow> {
        let Op::Reduce { input, source, by_row, properties } = op else {
            return Err(Error::Defect("this is not reduce".to_owned()));
        };
        let wrong = |message: String| Error::Operator { operator: "reduce", message };
        let (mut threshold, mut separators) = (REDUCE_THRESHOLD, None);
        for (name, value) in properties {
            match (name.as_str(), value) {
                ("threshold", Value::Real(part)) if (0.0..=1.0).contains(part) => threshold = *part,
                ("threshold", Value::Long(0)) => threshold = 0.0,
                ("threshold", Value::Long(1)) => threshold = 1.0,
                ("threshold", _) => {
                    return Err(wrong("threshold must lie between 0 and 1".to_owned()));
                }
                ("characters", Value::String(text)) => separators = Some(text.clone()),
                _ => return Err(wrong(format!("the property '{name}' is not understood"))),
            }
        }
        let mut flow = self.flow(input)?;
        let text = scalar::operand(&flow.columns, source)?;
        let width = flow.columns.len();
        flow.columns.push(scalar::convert(text, Type::String));
        let reduce = Reduce { source: width, threshold, separators, by_row: *by_row, width };
        let input = self.whole(flow)?;
        self.evaluated("reduce", (input, Vec::new()), reduce.work(), fields)
    }

    /// A plan with all columns in Kusto's own form, for a plugin to read.
    pub(super) fn whole(&mut self, flow: Flow) -> Result<Input> {
        let mut exprs = Vec::with_capacity(flow.columns.len());
        let mut types = Vec::with_capacity(flow.columns.len());
        for column in flow.columns {
            let ty = column.ty;
            types.push(ty);
            exprs.push(cast_if_text(column.value(), ty).alias(self.name()));
        }
        let plan = LogicalPlanBuilder::from(flow.plan).project(exprs)?.build()?;
        Ok(Input { plan, types })
    }

    /// The output of a plugin over its input and the tables among its arguments.
    pub(super) fn evaluated(
        &mut self,
        plugin: &str,
        (input, tables): (Input, Vec<Input>),
        work: Work,
        fields: &[Field],
    ) -> Result<Flow> {
        let named: Vec<Field> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| Field { name: format!("p{at}").into(), ty: field.ty })
            .collect();
        let provider = Arc::new(Evaluated::new(plugin, input, tables, work, &named));
        self.scan("", provider, &named)
    }
}

/// A column or a constant; `None` for what must be computed row by row.
fn argument(expr: &KqlExpr, call: &Call) -> Result<Option<Arg>> {
    if let ExprKind::Column(at) = expr.kind {
        if at < call.width {
            return Ok(Some(Arg::Column(at)));
        }
        // The columns of the tables given before follow those of the input.
        let mut rest = at - call.width;
        for (table, fields) in call.tables.iter().enumerate() {
            if rest < fields.len() {
                return Ok(Some(Arg::TableColumn(table, rest)));
            }
            rest -= fields.len();
        }
        return Err(Error::Defect(format!("column {at} of a plugin is asked for")));
    }
    let mut uses = vec![0; call.width];
    scalar::count_uses(expr, &mut uses);
    if uses.iter().any(|uses| *uses > 0) {
        return Ok(None);
    }
    let value = scalar::constant(expr)?.unwrap_or_else(|| super::aggregate::null_of(expr.ty));
    Ok(Some(Arg::Constant(value, expr.ty)))
}
