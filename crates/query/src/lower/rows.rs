//! Rows that come from the query itself: `datatable`, `print`, `range`, and results that it reads more than once. Deliberately absent: `externaldata`.

use std::sync::Arc;

use arrow::array::{Float64Array, Int32Array, Int64Array, RecordBatch};
use arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::common::ScalarValue;
use datafusion::datasource::TableProvider;
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use datafusion::prelude::ident;
use kql::plan::{Expr as KqlExpr, Field, Plan};
use kql::types::Type;

use super::carried::Role;
use super::{Flow, Lowering, aggregate::null_of, scalar};
use crate::error::{Error, Result};
use crate::kernel::arrow_type;
use crate::{numbered, ticks};

/// How many rows `range` may give: enough for every second of a year, and no more than fits into memory with ease.
pub(crate) const RANGE_ROWS_MAX: usize = 32_000_000;

impl Lowering<'_> {
    /// Literal rows. One row (`print`) stays a row of expressions, so that nothing of it is computed before it is needed.
    pub(super) fn rows(&mut self, rows: &[Vec<KqlExpr>], fields: &[Field]) -> Result<Flow> {
        if let [row] = rows {
            let plan = LogicalPlanBuilder::empty(true).build()?;
            let (flow, row) = self.windowed(Flow { plan, columns: Vec::new() }, row)?;
            let columns = row
                .iter()
                .map(|expr| scalar::operand(&flow.columns, expr))
                .collect::<Result<Vec<_>>>()?;
            return self.in_order(Flow { plan: flow.plan, columns });
        }
        if fields.is_empty() {
            // A union of no tables has neither columns nor rows.
            let plan = LogicalPlanBuilder::empty(true).filter(lit(false))?.build()?;
            return Ok(Flow { plan, columns: Vec::new() });
        }
        let mut arrays = Vec::with_capacity(fields.len());
        for (at, field) in fields.iter().enumerate() {
            let mut values = Vec::with_capacity(rows.len());
            for row in rows {
                let expr = row
                    .get(at)
                    .ok_or_else(|| Error::Defect("a row of a datatable is too short".to_owned()))?;
                let value = scalar::constant(expr)?.unwrap_or_else(|| null_of(field.ty));
                values.push(value.cast_to(&arrow_type(field.ty))?);
            }
            arrays.push(if values.is_empty() {
                arrow::array::new_empty_array(&arrow_type(field.ty))
            } else {
                ScalarValue::iter_to_array(values)?
            });
        }
        self.batch(arrays, fields)
    }

    fn batch(&mut self, arrays: Vec<arrow::array::ArrayRef>, fields: &[Field]) -> Result<Flow> {
        // A string of the query itself is never null, and is marked so.
        let stored: Vec<ArrowField> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| {
                let nullable = field.ty != Type::String;
                ArrowField::new(format!("v{at}"), arrow_type(field.ty), nullable)
            })
            .collect();
        let schema = Arc::new(Schema::new(stored.clone()));
        let batch = RecordBatch::try_new(schema, arrays)?;
        let provider = Arc::new(numbered::table(stored, vec![batch])?);
        self.in_memory(provider, "v", fields)
    }

    /// A result that is computed once, or what it is computed of where it is read once.
    pub(super) fn shared(&mut self, id: usize, input: &Plan) -> Result<Flow> {
        match self.shared.get(&id) {
            Some(provider) => self.in_memory(provider.clone(), "s", &input.fields),
            None => self.flow(input),
        }
    }

    /// Rows of a numbered table, whose columns are called by a letter and their place.
    fn in_memory(
        &mut self,
        provider: Arc<dyn TableProvider>,
        letter: &str,
        fields: &[Field],
    ) -> Result<Flow> {
        let renamed: Vec<Field> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| Field { name: format!("{letter}{at}").into(), ty: field.ty })
            .collect();
        let flow = self.scan("", provider, &renamed)?;
        if !self.carried.order.own {
            return Ok(flow);
        }
        let order = self.carry(Role::Order);
        self.computed_with(flow, vec![ident(numbered::NUMBER).alias(order)])
    }

    pub(super) fn range(
        &mut self,
        from: &KqlExpr,
        to: &KqlExpr,
        step: &KqlExpr,
        fields: &[Field],
    ) -> Result<Flow> {
        let ty = fields.first().map_or(Type::Long, |field| field.ty);
        let mut bounds = Vec::with_capacity(3);
        for expr in [from, to, step] {
            let value = scalar::operand(&[], expr)?;
            let value = if value.ty != ty && ty != Type::DateTime {
                scalar::convert(value, ty)
            } else {
                value
            };
            bounds.push(value.constant().cloned().ok_or(Error::NotConstant { operator: "range" })?);
        }
        let array: arrow::array::ArrayRef = match bounds.as_slice() {
            [ScalarValue::Float64(from), ScalarValue::Float64(to), ScalarValue::Float64(step)] => {
                Arc::new(Float64Array::from(reals(*from, *to, *step)?))
            }
            [from, to, step] => {
                let values = wholes(whole(from), whole(to), whole(step))?;
                if ty == Type::Int {
                    let narrow =
                        values.into_iter().map(i32::try_from).collect::<Result<Vec<_>, _>>();
                    Arc::new(Int32Array::from(narrow.unwrap_or_default()))
                } else {
                    Arc::new(Int64Array::from(values))
                }
            }
            _ => return Err(Error::Defect("a range needs three bounds".to_owned())),
        };
        self.batch(vec![array], fields)
    }
}

fn whole(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::Int64(value) => *value,
        ScalarValue::Int32(value) => value.map(i64::from),
        ScalarValue::Float64(value) => value.and_then(ticks::whole),
        _ => None,
    }
}

/// All values from `from` to `to`, both included; none if a bound is null or the step leads nowhere.
pub(crate) fn wholes(from: Option<i64>, to: Option<i64>, step: Option<i64>) -> Result<Vec<i64>> {
    let (Some(from), Some(to), Some(step)) = (from, to, step) else { return Ok(Vec::new()) };
    let distance = i128::from(to) - i128::from(from);
    if step == 0 || (distance != 0 && (distance > 0) != (step > 0)) {
        return Ok(Vec::new());
    }
    let count = usize::try_from(distance / i128::from(step) + 1).unwrap_or(usize::MAX);
    if count > RANGE_ROWS_MAX {
        return Err(Error::TooManyRows { operator: "range", rows_max: RANGE_ROWS_MAX });
    }
    Ok(std::iter::successors(Some(from), |value| value.checked_add(step)).take(count).collect())
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the count is positive and was compared with the limit"
)]
fn reals(from: Option<f64>, to: Option<f64>, step: Option<f64>) -> Result<Vec<f64>> {
    let (Some(from), Some(to), Some(step)) = (from, to, step) else { return Ok(Vec::new()) };
    let count = ((to - from) / step).floor() + 1.0;
    if !count.is_finite() || count < 1.0 {
        return Ok(Vec::new());
    }
    if count > RANGE_ROWS_MAX as f64 {
        return Err(Error::TooManyRows { operator: "range", rows_max: RANGE_ROWS_MAX });
    }
    Ok((0..count as usize).map(|at| from + step * at as f64).collect())
}
