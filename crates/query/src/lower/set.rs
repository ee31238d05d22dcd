//! `union`. The binder has brought every input to the output's columns. Deliberately absent: matching by name, wildcards,
//! `withsource` (`kql`).

use std::sync::Arc;

use arrow::datatypes::TimeUnit;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Union, lit};
use kql::plan::{Field, Plan};
use kql::types::Type;

use super::{Flow, Form, Lowering, Operand, cast_if_text, compare, named};
use crate::error::{Error, Result};

impl Lowering<'_> {
    pub(super) fn union(&mut self, inputs: &[Plan], fields: &[Field]) -> Result<Flow> {
        let flows = inputs.iter().map(|input| self.flow(input)).collect::<Result<Vec<_>>>()?;
        let forms: Vec<Form> = (0..fields.len())
            .map(|at| common_form(flows.iter().filter_map(|flow| flow.columns.get(at))))
            .collect();
        let names: Vec<String> = fields.iter().map(|_| self.name()).collect();
        let mut plans = Vec::with_capacity(flows.len());
        for flow in flows {
            let exprs: Vec<Expr> = flow
                .columns
                .into_iter()
                .zip(forms.iter().zip(&names))
                .map(|(column, (form, name))| in_form(column, *form).alias(name))
                .collect();
            plans.push(LogicalPlanBuilder::from(flow.plan).project(exprs)?.build()?);
        }
        let plan = match plans.len() {
            0 => return Err(Error::Defect("a union of nothing".to_owned())),
            1 => plans.remove(0),
            _ => LogicalPlan::Union(Union::try_new_with_loose_types(
                plans.into_iter().map(Arc::new).collect(),
            )?),
        };
        let columns = fields
            .iter()
            .zip(names.iter().zip(forms))
            .map(|(field, (name, form))| Operand { expr: named(name), ty: field.ty, form })
            .collect();
        Ok(Flow { plan, columns })
    }
}

/// The form that a column of all inputs can have together: stored timestamps of one unit stay so (a missing one is null),
/// and one string that may be null makes all so.
fn common_form<'a>(columns: impl Iterator<Item = &'a Operand>) -> Form {
    let mut units: Vec<TimeUnit> = Vec::new();
    let (mut loose, mut plain) = (false, false);
    for column in columns {
        match column.form {
            Form::Stored(unit) => units.push(unit),
            Form::Loose => loose = true,
            Form::Plain => plain |= !column.constant().is_some_and(ScalarValue::is_null),
        }
    }
    match units.first() {
        Some(unit) if !plain && units.iter().all(|other| other == unit) => Form::Stored(*unit),
        _ if loose => Form::Loose,
        _ => Form::Plain,
    }
}

fn in_form(column: Operand, form: Form) -> Expr {
    match form {
        Form::Stored(unit) if matches!(column.form, Form::Stored(_)) => {
            let zoned = compare::timestamp(0, unit).data_type();
            datafusion::logical_expr::cast(column.expr, zoned)
        }
        Form::Stored(unit) => {
            let zoned = compare::timestamp(0, unit).data_type();
            lit(ScalarValue::try_from(&zoned).unwrap_or(ScalarValue::Null))
        }
        Form::Loose if column.ty == Type::String => cast_if_text(column.expr, Type::String),
        _ => {
            let ty = column.ty;
            cast_if_text(column.value(), ty)
        }
    }
}
