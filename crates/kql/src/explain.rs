//! A bound plan as text: one operator on a line, its input below it, columns by name. For tests, `explain` and people.
//! Deliberately absent: the engine's own plan (`query` shows that).

use std::fmt::{self, Display, Formatter};

use crate::plan::{Aggregate, Expr, ExprKind, Field, Op, Plan, SortKey};
use crate::types::Value;

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_plan(self, 0, f)
    }
}

fn write_plan(plan: &Plan, depth: usize, f: &mut Formatter<'_>) -> fmt::Result {
    let (line, inputs) = describe(plan);
    writeln!(f, "{:width$}{line}", "", width = depth * 2)?;
    for input in inputs {
        write_plan(input, depth + 1, f)?;
    }
    Ok(())
}

/// The line of an operator, and what it reads.
fn describe(plan: &Plan) -> (String, Vec<&Plan>) {
    match &plan.op {
        Op::Table { name } => (format!("table {name}"), vec![]),
        Op::Watchlist { name } => (format!("watchlist {name}"), vec![]),
        Op::Rows(rows) => (format!("rows {}: {}", rows.len(), fields(&plan.fields)), vec![]),
        Op::Range { from, to, step } => {
            let line =
                format!("range {} .. {} by {}", show(from, &[]), show(to, &[]), show(step, &[]));
            (line, vec![])
        }
        Op::External { uris, .. } => (format!("external {}", uris.join(", ")), vec![]),
        Op::Input => ("input".into(), vec![]),
        Op::Filter { input, predicate } => {
            (format!("filter {}", show(predicate, &input.fields)), vec![input])
        }
        Op::Project { input, exprs } => {
            let columns: Vec<String> = plan
                .fields
                .iter()
                .zip(exprs)
                .map(|(field, expr)| assigned(&field.name, &show(expr, &input.fields)))
                .collect();
            (format!("project {}", columns.join(", ")), vec![input])
        }
        Op::Summarize { input, keys, aggregates } => {
            let keys: Vec<String> = plan
                .fields
                .iter()
                .zip(keys)
                .map(|(field, key)| assigned(&field.name, &show(key, &input.fields)))
                .collect();
            let found: Vec<String> =
                aggregates.iter().map(|a| show_aggregate(a, &input.fields)).collect();
            (format!("summarize [{}] by [{}]", found.join(", "), keys.join(", ")), vec![input])
        }
        Op::Sort { input, keys } => (format!("sort {}", sort(keys, &input.fields)), vec![input]),
        Op::Top { input, rows, keys } => {
            (format!("top {rows} {}", sort(keys, &input.fields)), vec![input])
        }
        Op::Take { input, rows } => (format!("take {rows}"), vec![input]),
        Op::Sample { input, rows } => (format!("sample {rows}"), vec![input]),
        Op::Join { left, right, kind, on } => {
            let on: Vec<String> = on
                .iter()
                .map(|(a, b)| format!("{} == {}", name(&left.fields, *a), name(&right.fields, *b)))
                .collect();
            let line = format!("join {kind:?} on [{}] -> {}", on.join(", "), fields(&plan.fields));
            (line, vec![left, right])
        }
        Op::Union { inputs } => {
            (format!("union -> {}", fields(&plan.fields)), inputs.iter().collect())
        }
        Op::Shared { id, input } => (format!("shared {id}"), vec![input]),
        Op::Serialize { input } => ("serialize".into(), vec![input]),
        other => describe_rarer(other, plan),
    }
}

fn describe_rarer<'p>(op: &'p Op, plan: &'p Plan) -> (String, Vec<&'p Plan>) {
    let output = fields(&plan.fields);
    match op {
        Op::MvExpand { input, columns, .. } => {
            let sources: Vec<String> =
                columns.iter().map(|c| show(&c.source, &input.fields)).collect();
            (format!("mv-expand [{}] -> {output}", sources.join(", ")), vec![input])
        }
        Op::MvApply { input, columns, body, .. } => {
            let sources: Vec<String> =
                columns.iter().map(|c| show(&c.source, &input.fields)).collect();
            (format!("mv-apply [{}] -> {output}", sources.join(", ")), vec![input, body])
        }
        Op::Parse { input, source, mode, pattern, .. } => {
            let source = show(source, &input.fields);
            let line = format!("parse {mode:?} {source} with {pattern:?} -> {output}");
            (line, vec![input])
        }
        Op::ParseKv { input, source, .. } => {
            (format!("parse-kv {} -> {output}", show(source, &input.fields)), vec![input])
        }
        Op::MakeSeries { input, keys, aggregates, axis, from, to, step, .. } => {
            let keys: Vec<String> = keys.iter().map(|key| show(key, &input.fields)).collect();
            let found: Vec<String> =
                aggregates.iter().map(|a| show_aggregate(a, &input.fields)).collect();
            let bound = |expr: &Option<Expr>| {
                expr.as_ref().map_or_else(|| "?".into(), |expr| show(expr, &[]))
            };
            let line = format!(
                "make-series [{}] on {} from {} to {} step {} by [{}] -> {output}",
                found.join(", "),
                show(axis, &input.fields),
                bound(from),
                bound(to),
                show(step, &[]),
                keys.join(", ")
            );
            (line, vec![input])
        }
        Op::TopNested { input, levels } => {
            (format!("top-nested {} levels -> {output}", levels.len()), vec![input])
        }
        Op::Evaluate { input, plugin, .. } => {
            (format!("evaluate {plugin} -> {output}"), vec![input])
        }
        Op::Partition { input, key, body } => {
            (format!("partition {}", show(key, &input.fields)), vec![input, body])
        }
        Op::Scan(scan) => {
            (format!("scan {} steps -> {output}", scan.steps.len()), vec![&scan.input])
        }
        Op::Reduce { input, source, .. } => {
            (format!("reduce {}", show(source, &input.fields)), vec![input])
        }
        _ => describe_graph(op, output),
    }
}

/// The same of operators on graphs.
fn describe_graph(op: &Op, output: String) -> (String, Vec<&Plan>) {
    match op {
        Op::Graph(graph) => {
            let nodes = fields(&graph.node_fields);
            (format!("graph {nodes}"), graph.tables().collect())
        }
        Op::GraphTable(table) => {
            let part = if table.edges { "edges" } else { "nodes" };
            (format!("graph-to-table {part} -> {output}"), table.graph.tables().collect())
        }
        Op::GraphMatch(search) => {
            let line = format!(
                "graph-match {:?} {} nodes, {} edges -> {output}",
                search.search,
                search.nodes.len(),
                search.edges.len()
            );
            (line, search.graph.tables().collect())
        }
        _ => (output, vec![]),
    }
}

fn name(fields: &[Field], at: usize) -> String {
    fields.get(at).map_or_else(|| format!("#{at}"), |field| field.name.to_string())
}

fn fields(fields: &[Field]) -> String {
    let all: Vec<String> = fields.iter().map(|f| format!("{}:{}", f.name, f.ty.name())).collect();
    format!("({})", all.join(", "))
}

fn assigned(name: &str, expr: &str) -> String {
    if name == expr { name.to_string() } else { format!("{name} = {expr}") }
}

fn sort(keys: &[SortKey], fields: &[Field]) -> String {
    let keys: Vec<String> = keys
        .iter()
        .map(|key| {
            let direction = if key.descending { "desc" } else { "asc" };
            let nulls = if key.nulls_first { "first" } else { "last" };
            format!("{} {direction} nulls {nulls}", show(&key.expr, fields))
        })
        .collect();
    format!("[{}]", keys.join(", "))
}

fn show_aggregate(aggregate: &Aggregate, fields: &[Field]) -> String {
    let outputs: Vec<&str> = aggregate.outputs.iter().map(|field| field.name.as_str()).collect();
    let args: Vec<String> = aggregate.args.iter().map(|arg| show(arg, fields)).collect();
    format!("{} = {}({})", outputs.join(", "), aggregate.function, args.join(", "))
}

/// An expression over columns of these names.
fn show(expr: &Expr, fields: &[Field]) -> String {
    match &expr.kind {
        ExprKind::Column(at) => name(fields, *at),
        ExprKind::Literal(value) => show_value(value),
        ExprKind::Call { function, args } => {
            let args: Vec<String> = args.iter().map(|arg| show(arg, fields)).collect();
            format!("{function}({})", args.join(", "))
        }
        ExprKind::Convert(inner) => format!("{}<-{}", expr.ty.name(), show(inner, fields)),
        ExprKind::Member(base, key) => format!("{}[{}]", show(base, fields), show(key, fields)),
        ExprKind::Index(base, index) => {
            format!("{}[{}]", show(base, fields), show(index, fields))
        }
        ExprKind::Scalar(plan) => format!("scalar({})", one_line(plan)),
        ExprKind::List(plan) => format!("list({})", one_line(plan)),
        ExprKind::InTable { value, table, ignore_case, negated } => {
            let not = if *negated { "!" } else { "" };
            let tilde = if *ignore_case { "~" } else { "" };
            format!("{not}in{tilde}({}, {})", show(value, fields), one_line(table))
        }
    }
}

/// A plan inside an expression: its operators from the source on.
fn one_line(plan: &Plan) -> String {
    let (line, inputs) = describe(plan);
    let before: Vec<String> = inputs.into_iter().map(one_line).collect();
    if before.is_empty() { line } else { format!("{} | {line}", before.join(", ")) }
}

fn show_value(value: &Value) -> String {
    match value {
        Value::Null(ty) => format!("{}(null)", ty.name()),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => format!("int({value})"),
        Value::Long(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Decimal(text) => format!("decimal({text})"),
        Value::String(text) => format!("{text:?}"),
        Value::DateTime(ticks) => crate::syntax::literal::datetime_text(*ticks),
        Value::TimeSpan(ticks) => format!("{ticks} ticks"),
        Value::Guid(text) => format!("guid({text})"),
        Value::Dynamic(text) => format!("dynamic({text})"),
    }
}
