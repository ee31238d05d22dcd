//! `partition` whose body cannot run for all groups side by side: it has a source of its own, joins, or asks a subquery
//! about its group. The input is computed once, and the body is copied for each value of the key, of which there may be
//! few. Deliberately absent: all other bodies (`lower::groups`).

use kql::plan::{Expr, ExprKind, Op, PARTITION_KEY, Plan};
use kql::types::{Type, Value};

use crate::engine::Run;
use crate::error::{Error, Result};
use crate::lower::groups::below;
use crate::shared::Shared;
use crate::subqueries::{constant, exprs, inputs, starts_from_group};

/// How many values the key of such a partition may have; Kusto's own limit.
const KEYS_MAX: usize = 64;

/// Whether a body runs for all groups side by side.
pub(crate) fn runs_side_by_side(body: &mut Plan) -> bool {
    {
        let mut plan = &*body;
        loop {
            match &plan.op {
                Op::Input => break,
                Op::Join { .. } | Op::Union { .. } | Op::Evaluate { .. } | Op::Reduce { .. } => {
                    return false;
                }
                op => match below(op) {
                    Some(next) => plan = next,
                    None => return false,
                },
            }
        }
    }
    !asks_about_group(body)
}

/// Whether an expression somewhere in a plan reads the group, or the value of its key.
fn asks_about_group(plan: &mut Plan) -> bool {
    exprs(&mut plan.op).into_iter().any(|expr| reads_group(expr))
        || inputs(&mut plan.op).into_iter().any(asks_about_group)
}

fn reads_group(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Column(_) | ExprKind::Literal(_) => false,
        ExprKind::Call { function, args } => {
            function == PARTITION_KEY || args.iter().any(reads_group)
        }
        ExprKind::Convert(inner) => reads_group(inner),
        ExprKind::Member(a, b) | ExprKind::Index(a, b) => reads_group(a) || reads_group(b),
        ExprKind::Scalar(plan) | ExprKind::List(plan) => starts_from_group(plan),
        ExprKind::InTable { value, table, .. } => reads_group(value) || starts_from_group(table),
    }
}

/// A partition, whose input has no subqueries any more, as a union of its body's copies.
pub(crate) async fn taken_apart(
    input: &Plan,
    key: &Expr,
    body: &Plan,
    run: &Run<'_>,
    shared: &mut Shared,
) -> Result<Op, Error> {
    let id = shared.fresh(2);
    let provider = run.materialize(input, &shared.tables).await?;
    shared.tables.insert(id, provider);
    let rows = Plan {
        op: Op::Shared { id, input: Box::new(input.clone()) },
        fields: input.fields.clone(),
    };
    let mut copies = Vec::new();
    for value in keys(&rows, key, run, shared).await? {
        let group = Plan {
            op: Op::Filter { input: Box::new(rows.clone()), predicate: is_value(key, &value) },
            fields: rows.fields.clone(),
        };
        let mut copy = body.clone();
        let mut ids = Vec::new();
        fill(&mut copy, &Filling { group: &group, value: &value }, shared, &mut ids);
        copies.push(copy);
    }
    Ok(if copies.is_empty() { Op::Rows(Vec::new()) } else { Op::Union { inputs: copies } })
}

/// The values of the key.
async fn keys(rows: &Plan, key: &Expr, run: &Run<'_>, shared: &Shared) -> Result<Vec<Value>> {
    let field = kql::plan::Field { name: "key".into(), ty: key.ty };
    let distinct = Plan {
        op: Op::Summarize {
            input: Box::new(rows.clone()),
            keys: vec![key.clone()],
            aggregates: Vec::new(),
        },
        fields: vec![field].into(),
    };
    let mut values = Vec::new();
    for batch in run.collect(&distinct, &shared.tables, KEYS_MAX).await.map_err(too_many)? {
        let Some(column) = batch.columns().first() else { continue };
        for row in 0..batch.num_rows() {
            let value = datafusion::common::ScalarValue::try_from_array(column, row)?;
            values.push(constant(value, key.ty).unwrap_or(Value::Null(key.ty)));
        }
    }
    Ok(values)
}

fn too_many(error: Error) -> Error {
    match error {
        Error::TooManyRows { .. } => Error::TooManyPartitions { keys_max: KEYS_MAX },
        other => other,
    }
}

fn is_value(key: &Expr, value: &Value) -> Expr {
    let (function, args) = match value {
        Value::Null(_) => ("isnull", vec![key.clone()]),
        value => {
            ("==", vec![key.clone(), Expr { kind: ExprKind::Literal(value.clone()), ty: key.ty }])
        }
    };
    Expr { kind: ExprKind::Call { function: function.to_owned(), args }, ty: Type::Bool }
}

/// What a body's copy is filled with.
struct Filling<'a> {
    group: &'a Plan,
    value: &'a Value,
}

/// Puts a group's rows and its key's value into a copy of the body. Results that the body shares within itself are its own
/// from now on: `ids` has their old and new numbers.
fn fill(
    plan: &mut Plan,
    filling: &Filling<'_>,
    shared: &mut Shared,
    ids: &mut Vec<(usize, usize)>,
) {
    if matches!(plan.op, Op::Input) {
        plan.op = filling.group.op.clone();
        return;
    }
    let own = starts_from_group(plan);
    if let Op::Shared { id, .. } = &mut plan.op
        && own
    {
        let old = *id;
        *id = match ids.iter().find(|(before, _)| *before == old) {
            Some((_, new)) => *new,
            None => {
                let new = shared.fresh_like(old);
                ids.push((old, new));
                new
            }
        };
    }
    for expr in exprs(&mut plan.op) {
        fill_expr(expr, filling, shared, ids);
    }
    // The body of an operator within reads that operator's rows, not this group's.
    match &mut plan.op {
        Op::MvApply { input, .. } | Op::Partition { input, .. } => {
            fill(input, filling, shared, ids);
        }
        op => {
            for input in inputs(op) {
                fill(input, filling, shared, ids);
            }
        }
    }
}

fn fill_expr(
    expr: &mut Expr,
    filling: &Filling<'_>,
    shared: &mut Shared,
    ids: &mut Vec<(usize, usize)>,
) {
    match &mut expr.kind {
        ExprKind::Column(_) | ExprKind::Literal(_) => {}
        ExprKind::Call { function, .. } if function == PARTITION_KEY => {
            expr.kind = ExprKind::Literal(filling.value.clone());
        }
        ExprKind::Call { args, .. } => {
            args.iter_mut().for_each(|arg| fill_expr(arg, filling, shared, ids));
        }
        ExprKind::Convert(inner) => fill_expr(inner, filling, shared, ids),
        ExprKind::Member(a, b) | ExprKind::Index(a, b) => {
            fill_expr(a, filling, shared, ids);
            fill_expr(b, filling, shared, ids);
        }
        ExprKind::Scalar(plan) | ExprKind::List(plan) => fill(plan, filling, shared, ids),
        ExprKind::InTable { value, table, .. } => {
            fill_expr(value, filling, shared, ids);
            fill(table, filling, shared, ids);
        }
    }
}
