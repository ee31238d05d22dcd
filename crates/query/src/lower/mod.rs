//! From the bound plan to a DataFusion plan that its optimiser can work on: one file for each group of operators.
//!
//! A plan in the making is a [`Flow`]: rows that exist, and columns that are only expressions over them so far. `project`
//! and `extend` just write new expressions; filters, sorts and limits act on the rows beneath. So nothing is computed for
//! rows that a later filter or limit drops, and comparisons with stored columns reach the table itself.
//!
//! Two things stay as storage has them for as long as that pays: a stored timestamp is compared as it is (`Form::Stored`),
//! and a string that may be null in storage (`Form::Loose`) is turned into Kusto's empty string only where the difference
//! can be seen. Deliberately absent: what functions compute (`functions`), execution (`engine`).

mod aggregate;
mod carried;
mod compare;
mod evaluate;
mod expand;
mod geo_lookup;
mod graph;
pub(crate) mod groups;
mod guard;
mod join;
mod nested;
mod order;
mod parse;
mod parse_kv;
mod rows;
mod scalar;
mod scan;
mod series;
mod set;
mod unique;
mod windows;
mod within;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::{TableProvider, provider_as_source};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, col, lit};
use kql::plan::{self, Op, Plan};
use kql::types::{Type, Value};

use self::join::Pairing;
use crate::error::{Error, Result};
use crate::kernel::{self, arrow_type};
use crate::ticks;

/// How many nodes a deferred expression may have before it is computed as a column of its own: keeps expressions shallow
/// enough for recursion and small enough to be worth repeating.
const DEFERRED_NODES_MAX: usize = 64;

/// How deep a plan may be nested: keeps recursion over it far from the end of the stack.
const PLAN_DEPTH_MAX: usize = 400;

/// Where the columns of stored tables come from.
pub(crate) trait Scans {
    /// The provider of a table, and its columns as the binder saw them.
    fn scan(&self, table: &str) -> Option<(Arc<dyn TableProvider>, Vec<plan::Field>)>;
    /// The same of a watchlist.
    fn watchlist(&self, name: &str) -> Option<(Arc<dyn TableProvider>, Vec<plan::Field>)>;
}

/// How a column is represented before it is asked for in Kusto's own form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As `kernel::arrow_type` says.
    Plain,
    /// A `datetime` as the Arrow timestamp in which it is stored.
    Stored(TimeUnit),
    /// A `string` that may be null, which means empty.
    Loose,
}

/// A scalar in the making.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    pub(crate) expr: Expr,
    pub(crate) ty: Type,
    pub(crate) form: Form,
}

impl Operand {
    /// A value in Kusto's own form.
    pub(crate) const fn plain(expr: Expr, ty: Type) -> Self {
        Self { expr, ty, form: Form::Plain }
    }

    /// A constant.
    pub(crate) fn literal(value: &Value) -> Self {
        Self::plain(lit(scalar_value(value)), value.ty())
    }

    /// The expression in Kusto's own form: ticks for a datetime, never null for a string.
    pub(crate) fn value(self) -> Expr {
        match self.form {
            Form::Plain => self.expr,
            Form::Stored(_) => kernel::call(
                "stored_to_ticks",
                crate::functions::time::stored_to_ticks,
                vec![self.expr],
                vec![Type::DateTime],
                Type::DateTime,
            ),
            Form::Loose => kernel::call(
                "null_to_empty",
                crate::functions::strings::null_to_empty,
                vec![self.expr],
                vec![Type::String],
                Type::String,
            ),
        }
    }

    /// The constant that it is, if it is one.
    pub(crate) const fn constant(&self) -> Option<&ScalarValue> {
        match (&self.expr, self.form) {
            (Expr::Literal(value, _), Form::Plain) => Some(value),
            _ => None,
        }
    }
}

/// A constant in the Arrow type that carries its Kusto type.
pub(crate) fn scalar_value(value: &Value) -> ScalarValue {
    match value {
        Value::Null(Type::String) => ScalarValue::Utf8View(Some(String::new())),
        Value::Null(ty) => {
            ScalarValue::try_from(&arrow_type(*ty)).unwrap_or(ScalarValue::Utf8View(None))
        }
        Value::Bool(value) => ScalarValue::Boolean(Some(*value)),
        Value::Int(value) => ScalarValue::Int32(Some(*value)),
        Value::Long(value) | Value::DateTime(value) | Value::TimeSpan(value) => {
            ScalarValue::Int64(Some(*value))
        }
        Value::Real(value) => ScalarValue::Float64(Some(*value)),
        Value::Dynamic(text) if text.trim() == "null" => ScalarValue::Utf8View(None),
        Value::Decimal(text) | Value::String(text) | Value::Guid(text) | Value::Dynamic(text) => {
            ScalarValue::Utf8View(Some(text.clone()))
        }
    }
}

/// Rows that exist, and the columns over them.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    pub(crate) plan: LogicalPlan,
    pub(crate) columns: Vec<Operand>,
}

/// Lowers one query.
pub(crate) struct Lowering<'a> {
    scans: &'a dyn Scans,
    /// Results that are computed once: providers by number.
    shared: &'a HashMap<usize, Arc<dyn TableProvider>>,
    /// How many column names were given so far.
    names: usize,
    depth: usize,
    carried: carried::Carried,
}

impl<'a> Lowering<'a> {
    /// A lowering that reads tables from `scans`.
    pub(crate) fn new(
        scans: &'a dyn Scans,
        shared: &'a HashMap<usize, Arc<dyn TableProvider>>,
    ) -> Self {
        Self { scans, shared, names: 0, depth: 0, carried: carried::Carried::default() }
    }

    /// The whole plan, with every column in Kusto's own form, in order.
    pub(crate) fn finish(&mut self, plan: &Plan) -> Result<LogicalPlan> {
        self.carried.order.inputs = order::loses_order(plan);
        let flow = self.flow(plan)?;
        let order = self.carried_order(&flow.plan);
        let exprs = flow
            .columns
            .into_iter()
            .map(|column| {
                let ty = column.ty;
                cast_if_text(column.value(), ty).alias(self.name())
            })
            .collect::<Vec<_>>();
        let builder = LogicalPlanBuilder::from(flow.plan);
        let builder = if order.is_empty() { builder } else { builder.sort(order)? };
        Ok(builder.project(exprs)?.build()?)
    }

    /// A name that no other column of the query has.
    fn name(&mut self) -> String {
        format!("c{}", self.number())
    }

    /// A number that nothing else in the query has.
    fn number(&mut self) -> usize {
        self.names += 1;
        self.names
    }

    /// Lowers one tabular operator with its inputs.
    pub(crate) fn flow(&mut self, plan: &Plan) -> Result<Flow> {
        self.depth += 1;
        if self.depth > PLAN_DEPTH_MAX {
            return Err(Error::TooDeep { depth_max: PLAN_DEPTH_MAX });
        }
        let outer = self.enter(plan);
        let flow = self.operator(plan)?;
        self.leave(outer);
        self.depth -= 1;
        debug_assert_eq!(flow.columns.len(), plan.fields.len(), "{:?}", plan.op);
        Ok(flow)
    }

    fn operator(&mut self, plan: &Plan) -> Result<Flow> {
        match &plan.op {
            Op::Table { name } => self.table(name),
            Op::Watchlist { name } => {
                let (provider, fields) =
                    self.scans.watchlist(name).ok_or_else(|| Error::NoTable(name.clone()))?;
                self.scan(name, provider, &fields)
            }
            Op::Rows(rows) => self.rows(rows, &plan.fields),
            Op::Range { from, to, step } => self.range(from, to, step, &plan.fields),
            Op::Filter { input, predicate } => self.filter(input, predicate),
            Op::Project { input, exprs } => self.project(input, exprs),
            Op::Summarize { input, keys, aggregates } => self.summarize(input, keys, aggregates),
            Op::Sort { input, keys } => self.sort(input, keys, None),
            Op::Top { input, rows, keys } => self.sort(input, keys, Some(*rows)),
            Op::Take { input, rows } => self.take(input, *rows),
            Op::Sample { input, rows } => self.sample(input, *rows),
            Op::Join { left, right, kind, on } => {
                self.join(left, right, &Pairing { kind: *kind, on, window: None })
            }
            Op::Union { inputs } => self.union(inputs, &plan.fields),
            Op::Shared { id, input } => self.shared(*id, input),
            Op::Serialize { input } => self.serialize(input),
            Op::Input => self.body_input(),
            Op::MvApply { input, columns, index, limit, body, keep } => {
                let expand =
                    expand::Expand { columns, index: *index, limit: *limit, bag_as_array: false };
                self.mv_apply(input, &expand, body, keep)
            }
            Op::Scan(scan) => self.scan_rows(scan, &plan.fields),
            Op::TopNested { input, levels } => self.top_nested(input, levels),
            Op::Partition { input, key, body } => self.partition(input, key, body),
            Op::MvExpand { input, columns, index, bag_as_array, limit } => {
                let (index, limit, bag_as_array) = (*index, *limit, *bag_as_array);
                let expand = expand::Expand { columns, index, limit, bag_as_array };
                self.mv_expand(input, &expand, &plan.fields)
            }
            Op::MakeSeries { input, .. } => self.make_series(input, &plan.op),
            Op::Parse { input, source, mode, flags, pattern, only_matches } => {
                let pattern = parse::Pattern {
                    mode: *mode,
                    flags,
                    parts: pattern,
                    only_matches: *only_matches,
                };
                self.parse(input, source, &pattern, &plan.fields)
            }
            Op::Graph(_) => Err(Error::Operator {
                operator: "make-graph",
                message: "a graph is not a table: end the query with graph-match, graph-shortest-paths or graph-to-table".to_owned(),
            }),
            Op::GraphMatch(search) => self.graph_match(search, &plan.fields),
            Op::GraphTable(table) => self.graph_table(table, &plan.fields),
            op @ Op::Reduce { .. } => self.reduce(op, &plan.fields),
            op @ Op::ParseKv { .. } => self.parse_kv(op, &plan.fields),
            Op::Evaluate { input, plugin, args } if geo_lookup::is_lookup(plugin) => {
                self.geo_lookup(input, args)
            }
            Op::Evaluate { input, plugin, args } => {
                self.evaluate(input, plugin, args, &plan.fields)
            }
            other => Err(Error::Unsupported(operator_name(other))),
        }
    }

    /// A stored table: all its columns, those that it lacks as null, and `Type` as its name.
    fn table(&mut self, name: &str) -> Result<Flow> {
        let (provider, fields) =
            self.scans.scan(name).ok_or_else(|| Error::NoTable(name.to_owned()))?;
        self.scan(name, provider, &fields)
    }

    fn scan(
        &mut self,
        table: &str,
        provider: Arc<dyn TableProvider>,
        fields: &[plan::Field],
    ) -> Result<Flow> {
        let schema = provider.schema();
        let alias = self.name();
        let builder = LogicalPlanBuilder::scan(alias.as_str(), provider_as_source(provider), None)?;
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            columns.push(match schema.field_with_name(&field.name) {
                Ok(stored) => stored_column(&alias, stored, field.ty),
                Err(_) if field.name == "Type" => {
                    Operand::literal(&Value::String(table.to_owned()))
                }
                Err(_) => Operand::literal(&Value::Null(field.ty)),
            });
        }
        Ok(Flow { plan: builder.build()?, columns })
    }

    fn filter(&mut self, input: &Plan, predicate: &plan::Expr) -> Result<Flow> {
        let input = unique::narrowed(input, predicate);
        let flow = match within::find(&input, predicate) {
            Some(window) => self.within(&input, window)?,
            None => self.flow(&input)?,
        };
        let width = flow.columns.len();
        let (mut flow, predicate) = self.windowed(flow, std::slice::from_ref(predicate))?;
        for predicate in predicate.iter() {
            let predicate = scalar::predicate(&flow.columns, predicate)?;
            let predicate = self.or_ghost(&flow.plan, predicate);
            flow.plan = LogicalPlanBuilder::from(flow.plan).filter(predicate)?.build()?;
        }
        flow.columns.truncate(width);
        Ok(flow)
    }

    /// A join, or a projection of one, of which only pairs within a window are needed.
    fn within(&mut self, plan: &Plan, window: within::Window) -> Result<Flow> {
        match &plan.op {
            Op::Join { left, right, kind, on } => {
                self.join(left, right, &Pairing { kind: *kind, on, window: Some(window) })
            }
            Op::Project { input, exprs } => {
                let flow = self.within(input, window)?;
                self.projected(flow, exprs)
            }
            _ => self.flow(plan),
        }
    }

    fn project(&mut self, input: &Plan, exprs: &[plan::Expr]) -> Result<Flow> {
        let flow = self.flow(input)?;
        self.projected(flow, exprs)
    }

    fn projected(&mut self, flow: Flow, exprs: &[plan::Expr]) -> Result<Flow> {
        let (mut flow, exprs) = self.windowed(flow, exprs)?;
        let mut uses = vec![0; flow.columns.len()];
        exprs.iter().for_each(|expr| scalar::count_uses(expr, &mut uses));
        let repeated = flow
            .columns
            .iter()
            .zip(&uses)
            .any(|(column, uses)| *uses > 1 && !is_cheap(&column.expr));
        if repeated {
            flow = self.computed(flow)?;
        }
        let columns = exprs
            .iter()
            .map(|expr| scalar::operand(&flow.columns, expr))
            .collect::<Result<Vec<_>>>()?;
        let once = columns.iter().any(|column| !can_wait(&column.expr));
        let flow = Flow { plan: flow.plan, columns };
        if once { self.computed(flow) } else { Ok(flow) }
    }

    /// The same flow with every column computed. Plain columns of the rows keep the form in which they are stored.
    pub(crate) fn computed(&mut self, flow: Flow) -> Result<Flow> {
        let carried = self.all_carried(&flow.plan);
        self.computed_with(flow, carried)
    }

    /// The same, with further columns under their own names.
    fn computed_with(&mut self, flow: Flow, mut exprs: Vec<Expr>) -> Result<Flow> {
        let mut columns = Vec::with_capacity(flow.columns.len());
        for column in flow.columns {
            let name = self.name();
            let (ty, form) = (column.ty, column.form);
            exprs.push(column.expr.alias(&name));
            columns.push(Operand { expr: named(&name), ty, form });
        }
        let plan = if exprs.is_empty() {
            flow.plan
        } else {
            LogicalPlanBuilder::from(flow.plan).project(exprs)?.build()?
        };
        Ok(Flow { plan, columns })
    }
}

/// The expression by which a value is sorted: a stored timestamp sorts as its ticks do.
fn sortable(operand: Operand) -> Expr {
    match operand.form {
        Form::Stored(_) => operand.expr,
        _ if operand.ty == Type::Decimal => compare::decimal_key(operand).expr,
        // NaN comes before all other numbers, where DataFusion puts it after them.
        _ if operand.ty == Type::Real => {
            let kernel = crate::functions::operators::real_order;
            let (args, types) = (vec![operand.value()], vec![Type::Real]);
            kernel::call("real_order", kernel, args, types, Type::Long)
        }
        _ => operand.value(),
    }
}

/// A value converted to `ty`, in Kusto's own form.
pub(crate) fn in_type(operand: Operand, ty: Type) -> Expr {
    converted(operand, ty).value()
}

/// A value converted to `ty` as the language does it by itself.
pub(crate) fn converted(operand: Operand, ty: Type) -> Operand {
    scalar::convert(operand, ty)
}

/// A column by the unique name that this lowering gave to it.
pub(crate) fn named(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

fn stored_column(alias: &str, stored: &arrow::datatypes::Field, ty: Type) -> Operand {
    let expr = col(Column::new(Some(alias), stored.name()));
    let form = match (ty, stored.data_type()) {
        (Type::DateTime, DataType::Timestamp(unit, _)) => Form::Stored(*unit),
        (Type::String, _) if stored.is_nullable() => Form::Loose,
        _ => Form::Plain,
    };
    let expr = match (ty, stored.data_type()) {
        (Type::Long, DataType::Int32 | DataType::Int16 | DataType::Int8) => {
            cast(expr, DataType::Int64)
        }
        (Type::Real, DataType::Float32) => cast(expr, DataType::Float64),
        (Type::String, DataType::Dictionary(..)) => cast(expr, DataType::Utf8View),
        _ => expr,
    };
    Operand { expr, ty, form }
}

/// Whether computing an expression twice costs next to nothing.
fn is_cheap(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::Literal(..) => true,
        Expr::Alias(alias) => is_cheap(&alias.expr),
        _ => false,
    }
}

/// Whether an expression may be computed later, and perhaps more than once: it is not too large, and gives the same answer
/// each time.
fn can_wait(expr: &Expr) -> bool {
    let mut nodes = 0;
    let mut stable = true;
    let walked = expr.apply(|node| {
        nodes += 1;
        stable &= !node.is_volatile_node();
        Ok(if nodes > DEFERRED_NODES_MAX || !stable {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    });
    walked.is_ok() && stable && nodes <= DEFERRED_NODES_MAX
}

/// Text in the one layout that the engine gives out; storage may have another.
pub(crate) fn cast_if_text(expr: Expr, ty: Type) -> Expr {
    if matches!(arrow_type(ty), DataType::Utf8View) && !matches!(expr, Expr::Literal(..)) {
        cast(expr, DataType::Utf8View)
    } else {
        expr
    }
}

/// A constant moment in the unit of a stored timestamp: (the unit's number at or before it, whether it falls exactly).
pub(crate) fn stored_moment(moment: i64, unit: TimeUnit) -> Option<(i64, bool)> {
    let since_epoch = moment.checked_sub(ticks::UNIX_EPOCH)?;
    let (multiplier, divisor) = kernel::ticks_per_unit(unit);
    if divisor > 1 {
        return Some((since_epoch.checked_mul(divisor)?, true));
    }
    Some((since_epoch.div_euclid(multiplier), since_epoch.rem_euclid(multiplier) == 0))
}

fn operator_name(op: &Op) -> &'static str {
    match op {
        Op::External { .. } => "externaldata",
        _ => "this operator",
    }
}
