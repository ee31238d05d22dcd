//! Functions that look at other rows (`prev`, `row_number` …): each becomes a window over the carried order, one group at a
//! time. They are computed before the expression around them, innermost first.
//!
//! Deliberately absent: what they compute (`functions::windows`), and where rows get their order (`order`).

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result as DataFusionResult;
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{Sort as SortExpr, WindowFunction};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, PartitionEvaluator, Signature,
    Volatility, WindowUDF, WindowUDFImpl,
};
use kql::plan::{self, ExprKind};
use kql::types::Type;

use super::{Flow, Lowering, Operand, named, scalar};
use crate::error::Result;
use crate::functions::{self, Run};
use crate::kernel::{Args, Column, Kernel, arrow_type};

/// Whether an expression looks at other rows.
pub(super) fn has_window(expr: &plan::Expr) -> bool {
    match &expr.kind {
        ExprKind::Call { function, args } => {
            kernel_of(function).is_some() || args.iter().any(has_window)
        }
        ExprKind::Convert(inner) => has_window(inner),
        ExprKind::Member(a, b) | ExprKind::Index(a, b) => has_window(a) || has_window(b),
        ExprKind::InTable { value, .. } => has_window(value),
        ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::List(_) => {
            false
        }
    }
}

fn kernel_of(function: &str) -> Option<Kernel> {
    match functions::find(function)?.run {
        Run::Window(kernel) => Some(kernel),
        Run::Kernel(_) | Run::Lower(_) => None,
    }
}

impl Lowering<'_> {
    /// Computes the windows in these expressions as further columns of the flow; the expressions that come back read
    /// them there.
    pub(super) fn windowed<'e>(
        &mut self,
        flow: Flow,
        exprs: &'e [plan::Expr],
    ) -> Result<(Flow, Cow<'e, [plan::Expr]>)> {
        if !exprs.iter().any(has_window) {
            return Ok((flow, Cow::Borrowed(exprs)));
        }
        let (mut flow, mut exprs) = (flow, exprs.to_vec());
        while exprs.iter().any(has_window) {
            let mut calls = Vec::new();
            for expr in &mut exprs {
                extract(expr, flow.columns.len(), &mut calls);
            }
            flow = self.add_windows(flow, &calls)?;
        }
        Ok((flow, Cow::Owned(exprs)))
    }

    /// Rows over which they can be numbered: windows are kept apart, see [`Self::guarded`].
    pub(super) fn for_window(&mut self, flow: Flow) -> Result<Flow> {
        if matches!(flow.plan, LogicalPlan::Window(_)) { self.computed(flow) } else { Ok(flow) }
    }

    fn add_windows(&mut self, flow: Flow, calls: &[plan::Expr]) -> Result<Flow> {
        let (flow, guard) = self.guarded(flow)?;
        let mut windows = Vec::with_capacity(calls.len());
        let mut columns = flow.columns.clone();
        for call in calls {
            let ExprKind::Call { function, args } = &call.kind else { continue };
            let Some(kernel) = kernel_of(function) else { continue };
            let mut args = args
                .iter()
                .map(|arg| scalar::operand(&flow.columns, arg))
                .collect::<Result<Vec<_>>>()?;
            if let ("prev" | "next", [_, _, default]) = (function.as_str(), args.as_mut_slice()) {
                *default = scalar::convert(default.clone(), call.ty);
            }
            let window = Window { name: function.clone(), kernel, out: call.ty };
            let expr = self.window(&flow, window, args, guard.clone())?;
            let name = self.name();
            windows.push(expr.alias(&name));
            columns.push(Operand::plain(named(&name), call.ty));
        }
        let plan = LogicalPlanBuilder::from(flow.plan).window(windows)?.build()?;
        Ok(Flow { plan, columns })
    }

    /// A call over the rows of each group in their carried order.
    fn window(
        &mut self,
        flow: &Flow,
        window: Window,
        args: Vec<Operand>,
        guard: Expr,
    ) -> Result<Expr> {
        let types = args.iter().map(|arg| arg.ty).collect();
        let args = args.into_iter().map(Operand::value).chain([guard]).collect();
        let out = arrow_type(window.out);
        let run = move |args: &Args<'_>| (window.kernel)(args);
        let number = self.number();
        let function = OverRows { name: window.name, number, run: Arc::new(run), types, out };
        self.over_rows(flow, function, args, Vec::new())
    }

    /// A function of all rows of a group in their carried order; `partition` divides the groups further. The last of `args`
    /// is the guard.
    pub(super) fn over_rows(
        &self,
        flow: &Flow,
        function: OverRows,
        args: Vec<Expr>,
        partition: Vec<Expr>,
    ) -> Result<Expr> {
        let udf = Arc::new(WindowUDF::from(Udf::of(function)));
        let call = Expr::from(WindowFunction::new(udf, args));
        let mut group = self.group_of(&flow.plan);
        group.extend(partition);
        let mut builder = call.partition_by(group);
        let order: Vec<SortExpr> = self.carried_order(&flow.plan);
        if !order.is_empty() {
            builder = builder.order_by(order);
        }
        Ok(builder.build()?)
    }
}

/// Takes the innermost window calls out of an expression, and puts columns from `first` on in their places. Equal calls
/// share a column.
fn extract(expr: &mut plan::Expr, first: usize, calls: &mut Vec<plan::Expr>) {
    match &mut expr.kind {
        ExprKind::Call { function, args } => {
            if kernel_of(function).is_some() && !args.iter().any(has_window) {
                let at = calls.iter().position(|call| call == expr).unwrap_or_else(|| {
                    calls.push(expr.clone());
                    calls.len() - 1
                });
                expr.kind = ExprKind::Column(first + at);
            } else {
                args.iter_mut().for_each(|arg| extract(arg, first, calls));
            }
        }
        ExprKind::Convert(inner) => extract(inner, first, calls),
        ExprKind::Member(a, b) | ExprKind::Index(a, b) => {
            extract(a, first, calls);
            extract(b, first, calls);
        }
        ExprKind::InTable { value, .. } => extract(value, first, calls),
        ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::List(_) => {}
    }
}

struct Window {
    name: String,
    kernel: Kernel,
    out: Type,
}

/// What computes a column out of all rows of a group.
pub(super) type RowsKernel = Arc<dyn Fn(&Args<'_>) -> DataFusionResult<ArrayRef> + Send + Sync>;

/// A function of all rows of a group.
pub(super) struct OverRows {
    pub(super) name: String,
    /// A number that no other call of the query has: the optimiser must not take two equal windows for a common
    /// expression, as it would compute that outside of any window.
    pub(super) number: usize,
    pub(super) run: RowsKernel,
    /// Kusto types of the arguments.
    pub(super) types: Vec<Type>,
    pub(super) out: DataType,
}

/// Such a function as DataFusion knows it.
struct Udf {
    function: Arc<OverRows>,
    signature: Signature,
}

impl Udf {
    fn of(function: OverRows) -> Self {
        // There is an argument always: the guard.
        let signature = Signature::variadic_any(Volatility::Immutable);
        Self { function: Arc::new(function), signature }
    }
}

impl std::fmt::Debug for Udf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.function.name)
    }
}

impl PartialEq for Udf {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name && self.function.number == other.function.number
    }
}

impl Eq for Udf {}

impl Hash for Udf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
        self.function.number.hash(state);
    }
}

impl WindowUDFImpl for Udf {
    fn name(&self) -> &str {
        &self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Evaluator { function: self.function.clone() }))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), self.function.out.clone(), true)))
    }
}

/// `row_number()` over the rows of each group in an order, or in that in which they come.
pub(super) fn row_number(number: usize, partition: Vec<Expr>, by: Vec<SortExpr>) -> Result<Expr> {
    let inner = row_number_udwf();
    let udf = Arc::new(WindowUDF::from(Numbering { inner, number }));
    let mut builder = Expr::from(WindowFunction::new(udf, Vec::new())).partition_by(partition);
    if !by.is_empty() {
        builder = builder.order_by(by);
    }
    Ok(builder.build()?)
}

/// DataFusion's own `row_number`, which needs no more memory than a batch, with a number by which calls differ.
#[derive(Debug)]
struct Numbering {
    inner: Arc<WindowUDF>,
    number: usize,
}

impl PartialEq for Numbering {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Numbering {}

impl Hash for Numbering {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl WindowUDFImpl for Numbering {
    fn name(&self) -> &'static str {
        // Under its own name the planner takes its column for a key of the rows, and still does so after `unnest` has
        // made several rows of each.
        "number_of_row"
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn partition_evaluator(
        &self,
        args: PartitionEvaluatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn PartitionEvaluator>> {
        self.inner.partition_evaluator_factory(args)
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        self.inner.field(args)
    }

    fn sort_options(&self) -> Option<SortOptions> {
        self.inner.sort_options()
    }
}

struct Evaluator {
    function: Arc<OverRows>,
}

impl std::fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.function.name)
    }
}

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> DataFusionResult<ArrayRef> {
        let values = values.split_last().map_or(values, |(_, values)| values);
        let columns: Vec<Column> = values.iter().map(|array| Column::full(array.clone())).collect();
        let args = Args::over(&columns, &self.function.types, &self.function.out, rows);
        (self.function.run)(&args)
    }
}
