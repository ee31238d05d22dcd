//! Which row an `innerunique` join keeps of several left rows of one key is free. A filter behind it that only looks at
//! left columns therefore decides: it is applied before one row is chosen, as Microsoft's engine does it, so that rows
//! which it would keep are not lost to rows which it drops. Deliberately absent: the filter itself, which stays.

use std::borrow::Cow;

use kql::plan::{Expr, ExprKind, JoinKind, Op, Plan};
use kql::types::Type;

use super::scalar::count_uses;

/// `input`, or the same join with what `predicate` says of left columns alone already applied to its left side.
pub(super) fn narrowed<'a>(input: &'a Plan, predicate: &Expr) -> Cow<'a, Plan> {
    let Op::Join { left, right, kind: JoinKind::InnerUnique, on } = &input.op else {
        return Cow::Borrowed(input);
    };
    let mut kept = Vec::new();
    let width = left.fields.len();
    collect(predicate, width, input.fields.len(), &mut kept);
    let left = kept.into_iter().fold((**left).clone(), |left, predicate| {
        let fields = left.fields.clone();
        Plan { op: Op::Filter { input: Box::new(left), predicate }, fields }
    });
    let kind = JoinKind::InnerUnique;
    let op = Op::Join { left: Box::new(left), right: right.clone(), kind, on: on.clone() };
    Cow::Owned(Plan { op, fields: input.fields.clone() })
}

/// The parts of a conjunction that use no column from `width` on.
fn collect(predicate: &Expr, width: usize, all: usize, kept: &mut Vec<Expr>) {
    if let ExprKind::Call { function, args } = &predicate.kind
        && function == "and"
    {
        args.iter().for_each(|part| collect(part, width, all, kept));
        return;
    }
    let mut uses = vec![0; all];
    count_uses(predicate, &mut uses);
    let left_only = uses.iter().skip(width).all(|uses| *uses == 0);
    if left_only && predicate.ty == Type::Bool {
        kept.push(predicate.clone());
    }
}
