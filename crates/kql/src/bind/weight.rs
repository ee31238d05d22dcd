//! How much a bound expression or plan comes to: what a copy of it costs. It is asked before every copy, as copies of copies
//! double. Deliberately absent: the limits themselves (`binder`).

use super::scope::Bindable;
use crate::plan::{Aggregate, Expr, ExprKind, Field, Op, Plan, PluginArg, SortKey};
use crate::types::Value;

/// So many bytes of a text count as one part.
const BYTES_PER_PART: usize = 64;

/// What something bound comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// Expressions, operators, columns.
    pub(super) parts: usize,
    /// The longest way down.
    pub(super) depth: usize,
}

impl Weight {
    pub(super) fn of(value: &Bindable) -> Self {
        match value {
            Bindable::Scalar(expr) => Self::of_expr(expr),
            Bindable::Table(table) => measured(|walk| walk.plan(&table.plan)),
        }
    }

    pub(super) fn of_expr(expr: &Expr) -> Self {
        measured(|walk| walk.expr(expr))
    }
}

/// The parts of a row of columns.
pub(super) fn of_fields(fields: &[Field]) -> usize {
    fields.iter().map(|field| 1 + field.name.len() / BYTES_PER_PART).sum()
}

enum Part<'p> {
    Plan(&'p Plan),
    Expr(&'p Expr),
}

#[derive(Default)]
struct Walk<'p> {
    stack: Vec<(Part<'p>, usize)>,
    depth: usize,
    parts: usize,
}

fn measured<'p>(start: impl FnOnce(&mut Walk<'p>)) -> Weight {
    let mut walk = Walk::default();
    start(&mut walk);
    let mut deepest = 0;
    while let Some((part, depth)) = walk.stack.pop() {
        walk.depth = depth;
        deepest = deepest.max(depth);
        walk.parts += 1;
        match part {
            Part::Plan(plan) => {
                walk.parts += of_fields(&plan.fields);
                walk.op(&plan.op);
            }
            Part::Expr(expr) => walk.kind(&expr.kind),
        }
    }
    Weight { parts: walk.parts, depth: deepest }
}

impl<'p> Walk<'p> {
    fn plan(&mut self, plan: &'p Plan) {
        self.stack.push((Part::Plan(plan), self.depth + 1));
    }

    fn expr(&mut self, expr: &'p Expr) {
        self.stack.push((Part::Expr(expr), self.depth + 1));
    }

    fn exprs(&mut self, exprs: impl IntoIterator<Item = &'p Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn keys(&mut self, keys: &'p [SortKey]) {
        self.exprs(keys.iter().map(|key| &key.expr));
    }

    fn aggregate(&mut self, aggregate: &'p Aggregate) {
        self.parts += 1 + of_fields(&aggregate.outputs);
        self.exprs(&aggregate.args);
    }

    fn kind(&mut self, kind: &'p ExprKind) {
        match kind {
            ExprKind::Column(_) => {}
            ExprKind::Literal(
                Value::String(text) | Value::Dynamic(text) | Value::Decimal(text),
            ) => self.parts += text.len() / BYTES_PER_PART,
            ExprKind::Literal(_) => {}
            ExprKind::Call { args, .. } => self.exprs(args),
            ExprKind::Convert(inner) => self.expr(inner),
            ExprKind::Member(a, b) | ExprKind::Index(a, b) => self.exprs([&**a, &**b]),
            ExprKind::Scalar(plan) | ExprKind::List(plan) => self.plan(plan),
            ExprKind::InTable { value, table, .. } => {
                self.expr(value);
                self.plan(table);
            }
        }
    }

    fn op(&mut self, op: &'p Op) {
        match op {
            Op::Table { .. } | Op::Watchlist { .. } | Op::Input | Op::External { .. } => {}
            Op::Rows(rows) => self.exprs(rows.iter().flatten()),
            Op::Range { from, to, step } => self.exprs([from, to, step]),
            Op::Filter { input, predicate: expr }
            | Op::Parse { input, source: expr, .. }
            | Op::ParseKv { input, source: expr, .. }
            | Op::Reduce { input, source: expr, .. } => {
                self.expr(expr);
                self.plan(input);
            }
            Op::Project { input, exprs } => {
                self.exprs(exprs);
                self.plan(input);
            }
            Op::Summarize { input, keys, aggregates } => {
                self.exprs(keys);
                aggregates.iter().for_each(|aggregate| self.aggregate(aggregate));
                self.plan(input);
            }
            Op::Sort { input, keys } | Op::Top { input, keys, .. } => {
                self.keys(keys);
                self.plan(input);
            }
            Op::Take { input, .. }
            | Op::Shared { input, .. }
            | Op::Serialize { input }
            | Op::Sample { input, .. } => self.plan(input),
            Op::Join { left, right, .. } => {
                self.plan(left);
                self.plan(right);
            }
            Op::Union { inputs } => inputs.iter().for_each(|input| self.plan(input)),
            _ => self.rarer_op(op),
        }
    }

    fn rarer_op(&mut self, op: &'p Op) {
        match op {
            Op::MvExpand { input, columns, .. } => {
                self.exprs(columns.iter().map(|column| &column.source));
                self.plan(input);
            }
            Op::MvApply { input, columns, body, .. } => {
                self.exprs(columns.iter().map(|column| &column.source));
                self.plan(input);
                self.plan(body);
            }
            Op::Partition { input, key, body } => {
                self.expr(key);
                self.plan(input);
                self.plan(body);
            }
            Op::MakeSeries { input, keys, aggregates, series, axis, from, to, step, .. } => {
                self.exprs(keys);
                aggregates.iter().for_each(|aggregate| self.aggregate(aggregate));
                self.exprs(series.iter().flat_map(|series| [&series.value, &series.default]));
                self.exprs([axis, step].into_iter().chain(from).chain(to));
                self.plan(input);
            }
            Op::TopNested { input, levels } => {
                for level in levels {
                    level.aggregates.iter().for_each(|aggregate| self.aggregate(aggregate));
                    self.exprs([&level.key, &level.value]);
                    self.exprs(level.rows.iter().chain(&level.others));
                }
                self.plan(input);
            }
            Op::Scan(scan) => {
                self.exprs(scan.partition.iter().chain(&scan.defaults));
                for step in &scan.steps {
                    self.expr(&step.condition);
                    self.exprs(step.assignments.iter().map(|(_, expr)| expr));
                }
                self.plan(&scan.input);
            }
            Op::Graph(graph) => graph.tables().for_each(|table| self.plan(table)),
            Op::GraphTable(table) => table.graph.tables().for_each(|table| self.plan(table)),
            Op::GraphMatch(search) => {
                self.exprs(search.expressions());
                search.graph.tables().for_each(|table| self.plan(table));
            }
            Op::Evaluate { input, args, .. } => {
                for arg in args {
                    match arg {
                        PluginArg::Scalar(_, expr) => self.expr(expr),
                        PluginArg::Aggregate(aggregate) => self.aggregate(aggregate),
                        PluginArg::Table(table) => self.plan(table),
                    }
                }
                self.plan(input);
            }
            _ => {}
        }
    }
}
