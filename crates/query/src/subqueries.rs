//! What a query needs to know before it can be planned: `toscalar(…)`, `in (table)`, lists out of tables, and results that
//! are used more than once. Each is run once, as Kusto does it, and its answer takes its place in the plan.
//!
//! Deliberately absent: execution itself (`engine`).

use arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use futures::future::BoxFuture;
use kql::plan::{Aggregate, Expr, ExprKind, Field, Fields, Op, Plan, PluginArg, SortKey};
use kql::types::{Type, Value};

use crate::dynamic;
use crate::engine::{Run, first_value};
use crate::error::Error;
use crate::functions::cells::Cells;
use crate::kernel::{Args, Column};
use crate::partitions;
use crate::shared::Shared;

/// How many values `in (table)` takes; Kusto's own limit.
const LIST_ROWS_MAX: usize = 1_000_000;

/// Replaces every subquery of `plan` by its answer, and runs what is shared.
pub(crate) fn resolve<'a>(
    plan: &'a mut Plan,
    run: &'a Run<'_>,
    shared: &'a mut Shared,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        if let Op::Shared { id, .. } = &plan.op
            && shared.tables.contains_key(id)
        {
            return Ok(());
        }
        if let Op::Partition { input, key, body } = &mut plan.op
            && !partitions::runs_side_by_side(body)
        {
            resolve(input, run, shared).await?;
            scalar(key, run, shared).await?;
            plan.op = partitions::taken_apart(input, key, body, run, shared).await?;
        }
        for input in inputs(&mut plan.op) {
            resolve(input, run, shared).await?;
        }
        for expr in exprs(&mut plan.op) {
            scalar(expr, run, shared).await?;
        }
        if let Op::External { uris, properties } = &plan.op {
            let provider = run.external(uris, properties, &plan.fields).await?;
            // Numbers of shared results count up, those of files count down.
            let id = usize::MAX - shared.tables.len();
            shared.tables.insert(id, provider);
            plan.op = external(id, &plan.fields);
        }
        if let Op::Shared { id, input } = &plan.op
            && shared.is_read_again(*id)
            && !shared.tables.contains_key(id)
            && !starts_from_group(input)
        {
            let provider = run.materialize(input, &shared.tables).await?;
            shared.tables.insert(*id, provider);
        }
        Ok(())
    })
}

/// Whether a plan reads the rows of the group around it, so that it has no answer of its own.
pub(crate) fn starts_from_group(plan: &Plan) -> bool {
    let mut stack = vec![plan];
    while let Some(plan) = stack.pop() {
        match &plan.op {
            Op::Input => return true,
            // The body of an operator reads that operator's rows.
            Op::MvApply { input, .. } | Op::Partition { input, .. } => stack.push(input),
            Op::Filter { input, .. }
            | Op::Project { input, .. }
            | Op::Summarize { input, .. }
            | Op::Sort { input, .. }
            | Op::Take { input, .. }
            | Op::Top { input, .. }
            | Op::Shared { input, .. }
            | Op::Serialize { input }
            | Op::MvExpand { input, .. }
            | Op::Parse { input, .. }
            | Op::ParseKv { input, .. }
            | Op::MakeSeries { input, .. }
            | Op::Sample { input, .. }
            | Op::TopNested { input, .. }
            | Op::Evaluate { input, .. }
            | Op::Reduce { input, .. } => stack.push(input),
            Op::Scan(scan) => stack.push(&scan.input),
            Op::Join { left, right, .. } => stack.extend([&**left, &**right]),
            Op::Union { inputs } => stack.extend(inputs),
            Op::Graph(graph) => stack.extend(graph.tables()),
            Op::GraphMatch(search) => stack.extend(search.graph.tables()),
            Op::GraphTable(table) => stack.extend(table.graph.tables()),
            Op::Table { .. }
            | Op::Watchlist { .. }
            | Op::Rows(_)
            | Op::Range { .. }
            | Op::External { .. } => {}
        }
    }
    false
}

/// The columns of files from outside: what came as text is converted to their types.
fn external(id: usize, fields: &[Field]) -> Op {
    let read = |field: &Field| Field {
        name: field.name.clone(),
        ty: if field.ty == Type::Dynamic { Type::Dynamic } else { Type::String },
    };
    let texts: Fields = fields.iter().map(read).collect();
    let exprs = fields.iter().zip(&texts).enumerate().map(|(at, (field, text))| {
        let column = Expr { kind: ExprKind::Column(at), ty: text.ty };
        if field.ty == text.ty {
            return column;
        }
        Expr { kind: ExprKind::Convert(Box::new(column)), ty: field.ty }
    });
    let exprs = exprs.collect();
    let rows = Plan { op: Op::Rows(Vec::new()), fields: texts.clone() };
    let shared = Op::Shared { id, input: Box::new(rows) };
    Op::Project { input: Box::new(Plan { op: shared, fields: texts }), exprs }
}

fn scalar<'a>(
    expr: &'a mut Expr,
    run: &'a Run<'_>,
    shared: &'a mut Shared,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        match &mut expr.kind {
            ExprKind::Column(_) | ExprKind::Literal(_) => {}
            ExprKind::Call { args, .. } => {
                for arg in args {
                    scalar(arg, run, shared).await?;
                }
            }
            ExprKind::Convert(inner) => scalar(inner, run, shared).await?,
            ExprKind::Member(inner, at) | ExprKind::Index(inner, at) => {
                scalar(inner, run, shared).await?;
                scalar(at, run, shared).await?;
            }
            ExprKind::Scalar(plan) => {
                let limited = limited(plan, 1);
                let batches = subquery(limited, run, shared).await?;
                let value = first_value(&batches).and_then(|value| constant(value, expr.ty));
                expr.kind = ExprKind::Literal(value.unwrap_or(Value::Null(expr.ty)));
            }
            ExprKind::List(plan) => {
                let items = list(plan, run, shared).await?;
                expr.kind = ExprKind::Literal(Value::Dynamic(items));
            }
            ExprKind::InTable { value, table, ignore_case, negated } => {
                scalar(value, run, shared).await?;
                let items = list(table, run, shared).await?;
                let function = match (*negated, *ignore_case) {
                    (false, false) => "in",
                    (true, false) => "!in",
                    (false, true) => "in~",
                    (true, true) => "!in~",
                };
                let items =
                    Expr { kind: ExprKind::Literal(Value::Dynamic(items)), ty: Type::Dynamic };
                let args = vec![(**value).clone(), items];
                expr.kind = ExprKind::Call { function: function.to_owned(), args };
            }
        }
        Ok(())
    })
}

/// The first rows of a plan.
fn limited(plan: &Plan, rows: u64) -> Plan {
    Plan { fields: plan.fields.clone(), op: Op::Take { input: Box::new(plan.clone()), rows } }
}

async fn subquery(
    mut plan: Plan,
    run: &Run<'_>,
    shared: &mut Shared,
) -> Result<Vec<RecordBatch>, Error> {
    resolve(&mut plan, run, shared).await?;
    run.collect(&plan, &shared.tables, LIST_ROWS_MAX).await
}

/// The different values of a table's first column, as a JSON array.
async fn list(plan: &Plan, run: &Run<'_>, shared: &mut Shared) -> Result<String, Error> {
    let Some(first) = plan.fields.first().cloned() else { return Ok("[]".to_owned()) };
    let key = Expr { kind: ExprKind::Column(0), ty: first.ty };
    let distinct = Plan {
        fields: vec![first.clone()].into(),
        op: Op::Summarize {
            input: Box::new(plan.clone()),
            keys: vec![key],
            aggregates: Vec::new(),
        },
    };
    let mut out = String::from("[");
    for batch in subquery(distinct, run, shared).await? {
        let Some(array) = batch.columns().first() else { continue };
        let columns = [Column::full(array.clone())];
        let types = [first.ty];
        let data_type = array.data_type().clone();
        let args = Args::over(&columns, &types, &data_type, batch.num_rows());
        let cells = Cells::of(&args, 0)?;
        for row in 0..batch.num_rows() {
            if out.len() > 1 {
                out.push(',');
            }
            if !cells.json(row, &mut out) {
                out.push_str("null");
            }
        }
    }
    out.push(']');
    debug_assert!(dynamic::is_json(&out), "a list is JSON");
    Ok(out)
}

pub(crate) fn constant(value: ScalarValue, ty: Type) -> Option<Value> {
    Some(match (ty, value) {
        (Type::Bool, ScalarValue::Boolean(Some(value))) => Value::Bool(value),
        (Type::Int, ScalarValue::Int32(Some(value))) => Value::Int(value),
        (Type::Long, ScalarValue::Int64(Some(value))) => Value::Long(value),
        (Type::DateTime, ScalarValue::Int64(Some(value))) => Value::DateTime(value),
        (Type::TimeSpan, ScalarValue::Int64(Some(value))) => Value::TimeSpan(value),
        (Type::Real, ScalarValue::Float64(Some(value))) => Value::Real(value),
        (ty, ScalarValue::Utf8View(Some(text)) | ScalarValue::Utf8(Some(text))) => match ty {
            Type::String => Value::String(text),
            Type::Guid => Value::Guid(text),
            Type::Decimal => Value::Decimal(text),
            _ => Value::Dynamic(text),
        },
        _ => return None,
    })
}

/// The inputs of an operator.
pub(crate) fn inputs(op: &mut Op) -> Vec<&mut Plan> {
    match op {
        Op::Table { .. }
        | Op::Watchlist { .. }
        | Op::Rows(_)
        | Op::Range { .. }
        | Op::Input
        | Op::External { .. } => Vec::new(),
        Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Summarize { input, .. }
        | Op::Sort { input, .. }
        | Op::Take { input, .. }
        | Op::Top { input, .. }
        | Op::Shared { input, .. }
        | Op::Serialize { input }
        | Op::MvExpand { input, .. }
        | Op::Parse { input, .. }
        | Op::ParseKv { input, .. }
        | Op::MakeSeries { input, .. }
        | Op::Sample { input, .. }
        | Op::TopNested { input, .. }
        | Op::Reduce { input, .. } => vec![input],
        Op::MvApply { input, body, .. } | Op::Partition { input, body, .. } => vec![input, body],
        Op::Scan(scan) => vec![&mut scan.input],
        Op::Graph(graph) => graph.tables_mut().collect(),
        Op::GraphMatch(search) => search.graph.tables_mut().collect(),
        Op::GraphTable(table) => table.graph.tables_mut().collect(),
        Op::Join { left, right, .. } => vec![left, right],
        Op::Union { inputs } => inputs.iter_mut().collect(),
        Op::Evaluate { input, args, .. } => {
            let tables = args.iter_mut().filter_map(|arg| match arg {
                PluginArg::Table(plan) => Some(&mut **plan),
                _ => None,
            });
            std::iter::once(&mut **input).chain(tables).collect()
        }
    }
}

/// The expressions of an operator.
pub(crate) fn exprs(op: &mut Op) -> Vec<&mut Expr> {
    match op {
        Op::Rows(rows) => rows.iter_mut().flatten().collect(),
        Op::Range { from, to, step } => vec![from, to, step],
        Op::Filter { predicate, .. } => vec![predicate],
        Op::Project { exprs, .. } => exprs.iter_mut().collect(),
        Op::Summarize { keys, aggregates, .. } => {
            keys.iter_mut().chain(aggregates.iter_mut().flat_map(arguments)).collect()
        }
        Op::Sort { keys, .. } | Op::Top { keys, .. } => keys.iter_mut().map(by).collect(),
        Op::MvExpand { columns, .. } | Op::MvApply { columns, .. } => {
            columns.iter_mut().map(|column| &mut column.source).collect()
        }
        Op::Parse { source, .. } | Op::ParseKv { source, .. } | Op::Reduce { source, .. } => {
            vec![source]
        }
        Op::MakeSeries { keys, aggregates, series, axis, from, to, step, .. } => {
            let series =
                series.iter_mut().flat_map(|series| [&mut series.value, &mut series.default]);
            let aggregates = aggregates.iter_mut().flat_map(arguments);
            keys.iter_mut()
                .chain(aggregates)
                .chain(series)
                .chain([axis, step])
                .chain(from)
                .chain(to)
                .collect()
        }
        Op::TopNested { levels, .. } => levels
            .iter_mut()
            .flat_map(|level| {
                level
                    .aggregates
                    .iter_mut()
                    .flat_map(arguments)
                    .chain([&mut level.key, &mut level.value])
                    .chain(&mut level.rows)
                    .chain(&mut level.others)
            })
            .collect(),
        Op::Partition { key, .. } => vec![key],
        Op::GraphMatch(search) => search.expressions_mut().collect(),
        Op::Scan(scan) => {
            let steps = scan.steps.iter_mut().flat_map(|step| {
                std::iter::once(&mut step.condition)
                    .chain(step.assignments.iter_mut().map(|(_, expr)| expr))
            });
            scan.partition.iter_mut().chain(&mut scan.defaults).chain(steps).collect()
        }
        Op::Evaluate { args, .. } => args
            .iter_mut()
            .flat_map(|arg| match arg {
                PluginArg::Scalar(_, expr) => vec![expr],
                PluginArg::Aggregate(aggregate) => arguments(aggregate).collect(),
                PluginArg::Table(_) => Vec::new(),
            })
            .collect(),
        Op::Table { .. }
        | Op::Watchlist { .. }
        | Op::Take { .. }
        | Op::Join { .. }
        | Op::Union { .. }
        | Op::Shared { .. }
        | Op::Serialize { .. }
        | Op::Input
        | Op::Graph(_)
        | Op::GraphTable(_)
        | Op::Sample { .. }
        | Op::External { .. } => Vec::new(),
    }
}

fn arguments(aggregate: &mut Aggregate) -> std::slice::IterMut<'_, Expr> {
    aggregate.args.iter_mut()
}

fn by(key: &mut SortKey) -> &mut Expr {
    &mut key.expr
}
