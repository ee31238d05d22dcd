//! What holds of every plan that may run: each column that an expression reads is there and has the type that the expression
//! says, and each operator gives as many columns as it says. Deliberately absent: operators with bodies and plugins, whose
//! rows are made within; their inputs are looked at.

use kql::plan::{Expr, ExprKind, Field, Op, Plan, SortKey};
use kql::types::Type;

/// Panics if the plan breaks its promises.
pub(crate) fn check(plan: &Plan) {
    let mut stack = vec![plan];
    while let Some(plan) = stack.pop() {
        operator(plan, &mut stack);
    }
}

fn operator<'p>(plan: &'p Plan, stack: &mut Vec<&'p Plan>) {
    let width = plan.fields.len();
    match &plan.op {
        Op::Rows(rows) => {
            for row in rows {
                assert_eq!(row.len(), width, "a row has a value for each column");
                row.iter().for_each(|expr| over(expr, &[], stack));
            }
        }
        Op::Range { from, to, step } => {
            [from, to, step].into_iter().for_each(|expr| over(expr, &[], stack));
        }
        Op::Filter { input, predicate } => {
            assert_eq!(input.fields, plan.fields, "a filter keeps the columns");
            assert_eq!(predicate.ty, Type::Bool, "a filter is true or false");
            over(predicate, &input.fields, stack);
            stack.push(input);
        }
        Op::Project { input, exprs } => {
            assert_eq!(exprs.len(), width, "an expression for each column");
            for (expr, field) in exprs.iter().zip(&plan.fields) {
                assert_eq!(expr.ty, field.ty, "column {}", field.name);
                over(expr, &input.fields, stack);
            }
            stack.push(input);
        }
        Op::Summarize { input, keys, aggregates } => {
            let outputs: usize = aggregates.iter().map(|aggregate| aggregate.outputs.len()).sum();
            assert_eq!(keys.len() + outputs, width, "keys and aggregates are the columns");
            let args = aggregates.iter().flat_map(|aggregate| &aggregate.args);
            keys.iter().chain(args).for_each(|expr| over(expr, &input.fields, stack));
            stack.push(input);
        }
        Op::Sort { input, keys } | Op::Top { input, keys, .. } => {
            sorted(keys, input, plan, stack);
        }
        Op::Take { input, .. }
        | Op::Sample { input, .. }
        | Op::Serialize { input }
        | Op::Shared { input, .. } => {
            assert_eq!(input.fields, plan.fields, "the columns stay");
            stack.push(input);
        }
        Op::Join { left, right, on, .. } => {
            for (a, b) in on {
                let sides = (left.fields.get(*a), right.fields.get(*b));
                assert!(matches!(sides, (Some(a), Some(b)) if a.ty == b.ty), "keys {sides:?}");
            }
            stack.extend([&**left, &**right]);
        }
        Op::Union { inputs } => {
            for input in inputs {
                let same = input.fields.iter().map(|field| field.ty);
                assert!(same.eq(plan.fields.iter().map(|field| field.ty)), "inputs of one form");
            }
            stack.extend(inputs);
        }
        _ => {}
    }
}

fn sorted<'p>(keys: &'p [SortKey], input: &'p Plan, plan: &Plan, stack: &mut Vec<&'p Plan>) {
    assert_eq!(input.fields, plan.fields, "sorting keeps the columns");
    keys.iter().for_each(|key| over(&key.expr, &input.fields, stack));
    stack.push(input);
}

/// Every column that the expression reads is there.
fn over<'p>(expr: &'p Expr, fields: &[Field], plans: &mut Vec<&'p Plan>) {
    let mut stack = vec![expr];
    while let Some(expr) = stack.pop() {
        assert_ne!(expr.ty, Type::Error, "a clean plan has no mistakes");
        match &expr.kind {
            ExprKind::Column(at) => {
                let ty = fields.get(*at).map(|field| field.ty);
                assert_eq!(ty, Some(expr.ty), "column {at} of {}", fields.len());
            }
            ExprKind::Literal(value) => assert_eq!(value.ty(), expr.ty, "{value:?}"),
            ExprKind::Call { args, .. } => stack.extend(args),
            ExprKind::Convert(inner) => stack.push(inner),
            ExprKind::Member(a, b) | ExprKind::Index(a, b) => stack.extend([&**a, &**b]),
            ExprKind::Scalar(plan) | ExprKind::List(plan) => plans.push(plan),
            ExprKind::InTable { value, table, .. } => {
                stack.push(value);
                plans.push(table);
            }
        }
    }
}
