//! `join` in its nine kinds (`lookup` is bound as one of them). Null keys match each other, as in Kusto. Deliberately
//! absent: hints, which the binder drops because nothing is distributed by them here.

use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::logical_expr::{LogicalPlanBuilder, lit};
use kql::plan::{JoinKind, Plan};
use kql::types::Type;

use super::within::Window;
use super::{Flow, Form, Lowering, Operand};
use crate::error::{Error, Result};

/// Which rows of two sides belong together.
pub(super) struct Pairing<'a> {
    pub(super) kind: JoinKind,
    /// Pairs of (left column, right column) that must be equal.
    pub(super) on: &'a [(usize, usize)],
    /// What a filter behind the join says of the distance of two columns.
    pub(super) window: Option<Window>,
}

impl Lowering<'_> {
    pub(super) fn join(&mut self, left: &Plan, right: &Plan, how: &Pairing<'_>) -> Result<Flow> {
        let Pairing { kind, on, window } = *how;
        let mut left_keys: Vec<usize> = on.iter().map(|(left, _)| *left).collect();
        let mut right_keys: Vec<usize> = on.iter().map(|(_, right)| *right).collect();
        let mut left = self.side(left, &left_keys)?;
        let mut right = self.side(right, &right_keys)?;
        self.expect_side_by_side(&left, kind)?;
        if kind == JoinKind::InnerUnique {
            left = self.one_for_each(left, &left_keys)?;
        }
        let widths = (left.columns.len(), right.columns.len());
        // Ghosts have no partner, and stay: the join keeps all of the left side, and what has no partner goes then.
        let inner = matches!(kind, JoinKind::InnerUnique | JoinKind::Inner);
        let ghost = self.ghost(&left.plan).filter(|_| inner);
        let mut partner = None;
        if ghost.is_some() {
            right.columns.push(Operand::plain(lit(true), Type::Bool));
            right = self.computed(right)?;
            partner = right.columns.pop();
        } else if let Some(window) = window {
            (left, right) = self.stretches(left, right, window)?;
            left_keys.push(widths.0);
            right_keys.push(widths.1);
        }
        let join_type = match kind {
            JoinKind::InnerUnique | JoinKind::Inner if ghost.is_some() => JoinType::Left,
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
        let plan = match (ghost, partner) {
            (Some(ghost), Some(partner)) => {
                let stays = ghost.or(partner.expr.is_not_null());
                LogicalPlanBuilder::from(plan).filter(stays)?.build()?
            }
            _ => plan,
        };
        let left =
            left.columns.into_iter().take(widths.0).map(|column| {
                absent(column, matches!(join_type, JoinType::Right | JoinType::Full))
            });
        let right = right
            .columns
            .into_iter()
            .take(widths.1)
            .map(|column| absent(column, matches!(join_type, JoinType::Left | JoinType::Full)));
        let columns = match join_type {
            JoinType::LeftAnti | JoinType::LeftSemi => left.collect(),
            JoinType::RightAnti | JoinType::RightSemi => right.collect(),
            _ => left.chain(right).collect(),
        };
        Ok(Flow { plan, columns })
    }

    /// In a body that runs for all groups at once, a join can keep the rows of its left side only: what the right side
    /// alone has belongs to no group.
    fn expect_side_by_side(&self, left: &Flow, kind: JoinKind) -> Result<()> {
        use JoinKind::{Inner, InnerUnique, LeftAnti, LeftOuter, LeftSemi};
        let fits = match kind {
            Inner | InnerUnique | LeftOuter => true,
            LeftSemi | LeftAnti => self.ghost(&left.plan).is_none(),
            _ => false,
        };
        if fits || !self.is_grouped(&left.plan) {
            return Ok(());
        }
        Err(Error::InBody("this kind of join"))
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
            .chain(self.group_of(&flow.plan))
            .collect();
        let columns = flow.columns.iter().map(|column| column.expr.clone());
        let all = columns.chain(self.all_carried(&flow.plan)).collect();
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
