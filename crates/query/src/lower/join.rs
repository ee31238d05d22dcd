//! `join` in its nine kinds (`lookup` is bound as one of them). Null keys match each other, as in Kusto. Deliberately
//! absent: hints, which the binder drops because nothing is distributed by them here.

use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use kql::plan::{JoinKind, Plan};
use kql::types::Type;

use super::{Flow, Form, Lowering, Operand};
use crate::error::{Error, Result};

impl Lowering<'_> {
    pub(super) fn join(
        &mut self,
        left: &Plan,
        right: &Plan,
        kind: JoinKind,
        on: &[(usize, usize)],
    ) -> Result<Flow> {
        let left_keys: Vec<usize> = on.iter().map(|(left, _)| *left).collect();
        let right_keys: Vec<usize> = on.iter().map(|(_, right)| *right).collect();
        let mut left = self.side(left, &left_keys)?;
        let right = self.side(right, &right_keys)?;
        if kind == JoinKind::InnerUnique {
            left = self.one_for_each(left, &left_keys)?;
        }
        let join_type = match kind {
            JoinKind::InnerUnique | JoinKind::Inner => JoinType::Inner,
            JoinKind::LeftOuter => JoinType::Left,
            JoinKind::RightOuter => JoinType::Right,
            JoinKind::FullOuter => JoinType::Full,
            JoinKind::LeftAnti => JoinType::LeftAnti,
            JoinKind::RightAnti => JoinType::RightAnti,
            JoinKind::LeftSemi => JoinType::LeftSemi,
            JoinKind::RightSemi => JoinType::RightSemi,
        };
        let keys = (key_columns(&left, &left_keys)?, key_columns(&right, &right_keys)?);
        let builder = LogicalPlanBuilder::from(left.plan);
        let plan = if on.is_empty() {
            builder.join_on(right.plan, join_type, [lit(true)])?.build()?
        } else {
            builder
                .join_detailed(right.plan, join_type, keys, None, NullEquality::NullEqualsNull)?
                .build()?
        };
        let left = left
            .columns
            .into_iter()
            .map(|column| absent(column, matches!(join_type, JoinType::Right | JoinType::Full)));
        let right = right
            .columns
            .into_iter()
            .map(|column| absent(column, matches!(join_type, JoinType::Left | JoinType::Full)));
        let columns = match join_type {
            JoinType::LeftAnti | JoinType::LeftSemi => left.collect(),
            JoinType::RightAnti | JoinType::RightSemi => right.collect(),
            _ => left.chain(right).collect(),
        };
        Ok(Flow { plan, columns })
    }

    /// One side, with its keys in Kusto's own form (a key of storage may be null where the other side's is empty).
    fn side(&mut self, plan: &Plan, keys: &[usize]) -> Result<Flow> {
        let mut flow = self.flow(plan)?;
        for key in keys {
            if let Some(column) = flow.columns.get_mut(*key) {
                let ty = column.ty;
                *column = Operand::plain(super::cast_if_text(column.clone().value(), ty), ty);
            }
        }
        self.computed(flow)
    }

    /// Any one row for each combination of keys: what `innerunique` does to its left side.
    fn one_for_each(&mut self, flow: Flow, keys: &[usize]) -> Result<Flow> {
        let on = keys
            .iter()
            .filter_map(|key| flow.columns.get(*key))
            .map(|column| column.expr.clone())
            .collect();
        let all = flow.columns.iter().map(|column| column.expr.clone()).collect();
        let plan = LogicalPlanBuilder::from(flow.plan).distinct_on(on, all, None)?.build()?;
        Ok(Flow { plan, columns: flow.columns })
    }
}

fn key_columns(flow: &Flow, keys: &[usize]) -> Result<Vec<Column>> {
    keys.iter()
        .map(|key| {
            flow.columns
                .get(*key)
                .and_then(|column| column.expr.try_as_col().cloned())
                .ok_or_else(|| Error::Defect("a join key is no column".to_owned()))
        })
        .collect()
}

/// A column of the side that may be missing: its strings are then empty, everything else null.
pub(super) fn absent(column: Operand, missing: bool) -> Operand {
    let form = match (missing, column.ty, column.form) {
        (true, Type::String, Form::Plain) => Form::Loose,
        (_, _, form) => form,
    };
    Operand { form, ..column }
}
