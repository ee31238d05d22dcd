//! Joins within a stretch of time: `join … on user | where Failed between ((Succeeded - 10m) .. Succeeded)`. Joined by user
//! alone, a busy user's failures meet all of that user's successes, and nearly every pair is thrown away. So both sides also
//! get the number of the stretch that a row falls in, and are joined by that too: a row meets two stretches instead of all.
//! The filter itself stays, so this only ever removes pairs that it would remove.
//!
//! Deliberately absent: the filter, and joins without any equal column, which compare all pairs.

use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use kql::plan::{Expr as KqlExpr, ExprKind, JoinKind, Op, Plan};
use kql::types::{Type, Value};

use super::{Flow, Lowering, Operand};
use crate::error::{Error, Result};

/// That a column of the right side lies within a stretch around a column of the left side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Column of the left side.
    left: usize,
    /// Column of the right side.
    right: usize,
    /// The least that right minus left can be, in ticks or whole numbers.
    low: i64,
    /// Width of the stretch.
    width: i64,
}

/// The window that `predicate` puts upon the join that `input` is, perhaps behind a projection.
pub(super) fn find(input: &Plan, predicate: &KqlExpr) -> Option<Window> {
    let (join, exprs) = match &input.op {
        Op::Project { input, exprs } => (input.as_ref(), Some(exprs.as_slice())),
        _ => (input, None),
    };
    let Op::Join { left, right, kind: JoinKind::Inner | JoinKind::InnerUnique, on } = &join.op
    else {
        return None;
    };
    if on.is_empty() {
        return None;
    }
    let sides =
        Sides { left: left.fields.len(), all: left.fields.len() + right.fields.len(), exprs };
    let mut bounds: Vec<Bound> = Vec::new();
    sides.collect(predicate, &mut bounds);
    bounds.iter().find_map(|bound| {
        let same = || bounds.iter().filter(|it| it.left == bound.left && it.right == bound.right);
        let low = same().filter_map(|it| it.low).max()?;
        let high = same().filter_map(|it| it.high).min()?;
        // One more, so that a stretch is never empty and both of its ends belong to it.
        let width = high.checked_sub(low)?.checked_add(1)?;
        (width > 0).then_some(Window { left: bound.left, right: bound.right, low, width })
    })
}

/// That right minus left is at least or at most a constant.
#[derive(Debug, Clone, Copy)]
struct Bound {
    left: usize,
    right: usize,
    low: Option<i64>,
    high: Option<i64>,
}

/// The columns of the join, and what a projection makes of them.
struct Sides<'a> {
    left: usize,
    all: usize,
    exprs: Option<&'a [KqlExpr]>,
}

impl Sides<'_> {
    fn collect(&self, predicate: &KqlExpr, bounds: &mut Vec<Bound>) {
        let ExprKind::Call { function, args } = &predicate.kind else { return };
        match (function.as_str(), args.as_slice()) {
            ("and", parts) => parts.iter().for_each(|part| self.collect(part, bounds)),
            ("<" | "<=", [low, high]) | (">" | ">=", [high, low]) => {
                bounds.extend(self.at_most(low, high));
            }
            ("between", [value, low, high]) => {
                bounds.extend(self.at_most(low, value));
                bounds.extend(self.at_most(value, high));
            }
            _ => {}
        }
    }

    /// What `low <= high` says. Strictness does not matter: the filter is applied again.
    fn at_most(&self, low: &KqlExpr, high: &KqlExpr) -> Option<Bound> {
        let (low, high) = (self.sum(low)?, self.sum(high)?);
        // low - high <= 0, as plus - minus + offset <= 0
        let mut plus = [low.plus, high.minus].into_iter().flatten();
        let mut minus = [low.minus, high.plus].into_iter().flatten();
        let offset = low.offset.checked_sub(high.offset)?;
        let (plus, minus) = match (plus.next(), plus.next(), minus.next(), minus.next()) {
            (Some(plus), None, Some(minus), None) => (plus, minus),
            _ => return None,
        };
        if plus >= self.left && minus < self.left {
            // right - left <= -offset
            let high = Some(offset.checked_neg()?);
            Some(Bound { left: minus, right: plus - self.left, low: None, high })
        } else if plus < self.left && minus >= self.left {
            // left - right <= -offset
            Some(Bound { left: plus, right: minus - self.left, low: Some(offset), high: None })
        } else {
            None
        }
    }

    /// An expression as a column less a column plus a constant, if it is that.
    fn sum(&self, expr: &KqlExpr) -> Option<Sum> {
        match &expr.kind {
            ExprKind::Column(at) => {
                if !matches!(expr.ty, Type::DateTime | Type::TimeSpan | Type::Long | Type::Int) {
                    return None;
                }
                match self.exprs {
                    // Once: what a projection computes is over the join's own columns.
                    Some(exprs) => Sides { exprs: None, ..*self }.sum(exprs.get(*at)?),
                    None if *at < self.all => Some(Sum { plus: Some(*at), minus: None, offset: 0 }),
                    None => None,
                }
            }
            ExprKind::Literal(Value::TimeSpan(offset) | Value::Long(offset)) => {
                Some(Sum { plus: None, minus: None, offset: *offset })
            }
            ExprKind::Literal(Value::Int(offset)) => {
                Some(Sum { plus: None, minus: None, offset: i64::from(*offset) })
            }
            ExprKind::Convert(inner) if inner.ty == Type::Int && expr.ty == Type::Long => {
                self.sum(inner)
            }
            ExprKind::Call { function, args } => match (function.as_str(), args.as_slice()) {
                ("+", [a, b]) => self.sum(a)?.and(self.sum(b)?),
                ("-", [a, b]) => self.sum(a)?.and(self.sum(b)?.negated()?),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A column less a column plus a constant.
#[derive(Debug, Clone, Copy)]
struct Sum {
    plus: Option<usize>,
    minus: Option<usize>,
    offset: i64,
}

impl Sum {
    fn and(self, other: Self) -> Option<Self> {
        let one = |a: Option<usize>, b: Option<usize>| match (a, b) {
            (Some(_), Some(_)) => None,
            (a, b) => Some(a.or(b)),
        };
        Some(Self {
            plus: one(self.plus, other.plus)?,
            minus: one(self.minus, other.minus)?,
            offset: self.offset.checked_add(other.offset)?,
        })
    }

    fn negated(self) -> Option<Self> {
        let offset = self.offset.checked_neg()?;
        Some(Self { plus: self.minus, minus: self.plus, offset })
    }
}

impl Lowering<'_> {
    /// Both sides of a join with the number of the stretch as one more column, the last; each row of the left side twice.
    pub(super) fn stretches(
        &mut self,
        left: Flow,
        right: Flow,
        window: Window,
    ) -> Result<(Flow, Flow)> {
        let time = |flow: &Flow, at: usize| {
            let column = flow.columns.get(at).cloned();
            column
                .map(Operand::value)
                .ok_or_else(|| Error::Defect("a join's column is missing".to_owned()))
        };
        let number = |time: Expr, shift: i64| {
            // Floor of a division that truncates; the remainder's sign says where it went up.
            let moved = time + lit(shift);
            let rest =
                ((moved.clone() % lit(window.width)) + lit(window.width)) % lit(window.width);
            (moved - rest) / lit(window.width)
        };
        let first = number(time(&left, window.left)?, window.low);
        let both = make_array(vec![first.clone(), first + lit(1_i64)]);
        let right_number = number(time(&right, window.right)?, 0);
        let mut left = self.with_column(left, both)?;
        let name = left.columns.last().and_then(|column| column.expr.try_as_col().cloned());
        let name = name.ok_or_else(|| Error::Defect("a stretch is no column".to_owned()))?;
        left.plan = LogicalPlanBuilder::from(left.plan).unnest_column(name)?.build()?;
        Ok((left, self.with_column(right, right_number)?))
    }

    /// The flow with one more computed column.
    fn with_column(&mut self, mut flow: Flow, expr: Expr) -> Result<Flow> {
        flow.columns.push(Operand::plain(expr, Type::Long));
        self.computed(flow)
    }
}

#[cfg(test)]
mod tests {
    use kql::plan::Field;

    use super::*;

    fn column(at: usize) -> KqlExpr {
        KqlExpr { kind: ExprKind::Column(at), ty: Type::DateTime }
    }

    fn span(ticks: i64) -> KqlExpr {
        KqlExpr { kind: ExprKind::Literal(Value::TimeSpan(ticks)), ty: Type::TimeSpan }
    }

    fn call(function: &str, args: Vec<KqlExpr>, ty: Type) -> KqlExpr {
        KqlExpr { kind: ExprKind::Call { function: function.to_owned(), args }, ty }
    }

    fn minus(a: KqlExpr, b: KqlExpr) -> KqlExpr {
        call("-", vec![a, b], Type::TimeSpan)
    }

    /// `left (key, time) join right (key, time)`: columns 1 and 3 are the times.
    fn join(kind: JoinKind) -> Plan {
        let side = || {
            let field = |name: &str| Field { name: name.into(), ty: Type::DateTime };
            Box::new(Plan { op: Op::Input, fields: vec![field("k"), field("t")].into() })
        };
        let op = Op::Join { left: side(), right: side(), kind, on: vec![(0, 0)] };
        let fields = [side().fields.to_vec(), side().fields.to_vec()].concat().into();
        Plan { op, fields }
    }

    fn found(predicate: KqlExpr) -> Option<(i64, i64)> {
        let window = find(&join(JoinKind::Inner), &predicate)?;
        assert_eq!((window.left, window.right), (1, 1));
        Some((window.low, window.low + window.width - 1))
    }

    fn both(a: KqlExpr, b: KqlExpr) -> KqlExpr {
        call("and", vec![a, b], Type::Bool)
    }

    #[test]
    fn the_ways_to_write_a_window() {
        let less = |a, b| call("<", vec![a, b], Type::Bool);
        let earlier = || minus(column(1), span(10));
        let rows = [
            // right in [left - 10, left]
            (
                both(
                    less(column(3), column(1)),
                    call(">=", vec![column(3), earlier()], Type::Bool),
                ),
                Some((-10, 0)),
            ),
            (call("between", vec![column(3), earlier(), column(1)], Type::Bool), Some((-10, 0))),
            (
                call("between", vec![minus(column(1), column(3)), span(0), span(10)], Type::Bool),
                Some((-10, 0)),
            ),
            (
                both(
                    less(minus(column(3), column(1)), span(5)),
                    less(span(2), minus(column(3), column(1))),
                ),
                Some((2, 5)),
            ),
            // one end only, or two columns of one side
            (less(column(3), column(1)), None),
            (
                call("between", vec![minus(column(1), column(0)), span(0), span(10)], Type::Bool),
                None,
            ),
            // never true
            (
                both(
                    less(minus(column(3), column(1)), span(2)),
                    less(span(5), minus(column(3), column(1))),
                ),
                None,
            ),
        ];
        for (predicate, window) in rows {
            assert_eq!(found(predicate.clone()), window, "{predicate:?}");
        }
    }

    #[test]
    fn rows_without_a_partner_need_no_window() {
        let predicate =
            call("between", vec![column(3), minus(column(1), span(1)), column(1)], Type::Bool);
        assert!(find(&join(JoinKind::LeftOuter), &predicate).is_none());
    }
}
