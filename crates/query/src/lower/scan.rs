//! `scan`: what each step reads is taken apart into what the row alone decides, which is computed for all rows at once, and
//! what reads the state of the steps, which the machine evaluates. Deliberately absent: the machine (`crate::scan`).

use std::sync::Arc;

use datafusion::common::{Column as ColumnName, DFSchema, ScalarValue, UnnestOptions};
use datafusion::functions::core::expr_ext::FieldAccessor;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use kql::plan::{self, ExprKind, Scan};
use kql::types::Type;

use super::carried::Role;
use super::windows::{OverRows, has_window};
use super::{Flow, Lowering, Operand, cast_if_text, named, scalar};
use crate::error::{Error, Result};
use crate::kernel::{Args, arrow_type};
use crate::scan::{Assigned, Cell, Formula, MATCH_ID, Machine, PLACE, Source, Step, Unset, local};

/// The columns that are computed for all rows before the machine runs.
struct Computed<'a> {
    flow: &'a Flow,
    exprs: Vec<plan::Expr>,
    /// How many columns a record has; what lies beyond is the state of the steps.
    width: usize,
    /// The columns of the input; the others of a record are declared.
    inputs: usize,
    defaults: &'a [plan::Expr],
    /// The columns of a record that steps assign or that are declared.
    assigned: Vec<usize>,
}

impl Lowering<'_> {
    pub(super) fn scan_rows(&mut self, scan: &Scan, fields: &[plan::Field]) -> Result<Flow> {
        let flow = self.flow(&scan.input)?;
        let (flow, guard) = self.guarded(flow)?;
        let inputs = flow.columns.len();
        let width = inputs + scan.defaults.len();
        let assigned = (0..width)
            .filter(|at| {
                let mut all = scan.steps.iter().flat_map(|step| &step.assignments);
                *at >= inputs || all.any(|(to, _)| to == at)
            })
            .collect();
        let mut computed = Computed {
            flow: &flow,
            exprs: Vec::new(),
            width,
            inputs,
            defaults: &scan.defaults,
            assigned,
        };
        let (mut machine, args) = computed.machine(scan, fields)?;
        let mut types: Vec<Type> = args.iter().map(|arg| arg.ty).collect();
        let mut args: Vec<Expr> =
            args.into_iter().map(|arg| cast_if_text(arg.clone().value(), arg.ty)).collect();
        if let Some(ghost) = self.ghost(&flow.plan) {
            machine.ghost = Some(args.len());
            types.push(Type::Bool);
            args.push(ghost);
        }
        args.push(guard);
        let assigned = computed.assigned;
        let partition = scan
            .partition
            .iter()
            .map(|key| Ok(scalar::operand(&flow.columns, key)?.value()))
            .collect::<Result<Vec<_>>>()?;
        let out = machine.output_type();
        let run = move |args: &Args<'_>| {
            let columns = (0..args.len())
                .map(|at| args.raw(at).map(|(column, _)| column.clone()))
                .collect::<Result<Vec<_>, _>>();
            machine.run(&columns?, args.rows)
        };
        let records = self.name();
        let function = OverRows {
            name: "scan".to_owned(),
            number: self.number(),
            run: Arc::new(run),
            types,
            out,
        };
        let call = self.over_rows(&flow, function, args, partition)?;
        let plan = LogicalPlanBuilder::from(flow.plan)
            .window([call.alias(&records)])?
            .unnest_columns_with_options(
                vec![ColumnName::from_name(&records)],
                UnnestOptions::default(),
            )?
            .build()?;
        let rows = Flow { plan, columns: flow.columns };
        self.records(rows, &records, &assigned, fields)
    }

    /// The rows of the output: what steps assign is read from the records in the column of that name.
    fn records(
        &mut self,
        rows: Flow,
        name: &str,
        assigned: &[usize],
        fields: &[plan::Field],
    ) -> Result<Flow> {
        let record = |field: &str, ty: Type| Operand::plain(named(name).field(field), ty);
        let Flow { plan, mut columns } = rows;
        for &at in assigned {
            let Some(field) = fields.get(at) else { continue };
            let value = record(&column_name(at), field.ty);
            match columns.get_mut(at) {
                Some(slot) => *slot = value,
                None => columns.push(value),
            }
        }
        // The match's number comes last, if it is asked for.
        if fields.len() > columns.len() {
            columns.push(record(MATCH_ID, Type::Long));
        }
        // Records of one row have an order among themselves.
        let mut exprs = self.all_carried(&plan);
        let place = self.carry(Role::Order);
        exprs.push(named(name).field(PLACE).alias(place));
        self.computed_with(Flow { plan, columns }, exprs)
    }
}

/// The name of an assigned column in the machine's records.
fn column_name(at: usize) -> String {
    format!("a{at}")
}

impl Computed<'_> {
    /// The machine, and the columns that it is given.
    fn machine(&mut self, scan: &Scan, fields: &[plan::Field]) -> Result<(Machine, Vec<Operand>)> {
        let mut assigned = Vec::with_capacity(self.assigned.len());
        for at in self.assigned.clone() {
            let ty = fields.get(at).map_or(Type::Dynamic, |field| field.ty);
            let unset = match at.checked_sub(self.inputs) {
                None => Unset::Row(self.column(plan::Expr { kind: ExprKind::Column(at), ty })),
                Some(declared) => Unset::Constant(self.default(declared, ty)?),
            };
            assigned.push(Assigned { name: column_name(at), ty: arrow_type(ty), unset });
        }
        let mut steps = Vec::with_capacity(scan.steps.len());
        for step in &scan.steps {
            let condition = self.formula(&step.condition)?;
            let mut assignments = Vec::with_capacity(step.assignments.len());
            for (to, expr) in &step.assignments {
                let Some(at) = self.assigned.iter().position(|at| at == to) else { continue };
                assignments.push((at, self.formula(expr)?));
            }
            steps.push(Step { condition, assignments, output: step.output });
        }
        let args = self
            .exprs
            .iter()
            .map(|expr| scalar::operand(&self.flow.columns, expr))
            .collect::<Result<Vec<_>>>()?;
        Ok((Machine { steps, assigned, ghost: None }, args))
    }

    /// Where a column is computed for all rows.
    fn column(&mut self, expr: plan::Expr) -> usize {
        match self.exprs.iter().position(|other| *other == expr) {
            Some(at) => at,
            None => {
                self.exprs.push(expr);
                self.exprs.len() - 1
            }
        }
    }

    /// What a declared column holds where no step assigns it.
    fn default(&self, declared: usize, ty: Type) -> Result<ScalarValue> {
        let value = match self.defaults.get(declared) {
            Some(expr) => scalar::constant(expr)?,
            None => None,
        };
        let value = value.ok_or(Error::NotConstant { operator: "scan" })?;
        Ok(value.cast_to(&arrow_type(ty))?)
    }

    /// An expression of a step, compiled over the values that it reads.
    fn formula(&mut self, expr: &plan::Expr) -> Result<Formula> {
        if has_window(expr) {
            return Err(Error::NoWindow("prev, next or row_number".to_owned()));
        }
        let mut values: Vec<(Source, Type)> = Vec::new();
        let mut expr = expr.clone();
        self.replace_declared(&mut expr)?;
        self.split(&mut expr, &mut values)?;
        let schema = Arc::new(Formula::schema_of(values.iter().map(|(_, ty)| arrow_type(*ty))));
        let locals: Vec<Operand> = values
            .iter()
            .enumerate()
            .map(|(at, (_, ty))| Operand::plain(named(&local(at)), *ty))
            .collect();
        let ty = expr.ty;
        let value = cast_if_text(scalar::operand(&locals, &expr)?.value(), ty);
        let physical = datafusion::physical_expr::create_physical_expr(
            &value,
            &DFSchema::try_from(schema.clone())?,
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )?;
        let sources = values.into_iter().map(|(source, _)| source).collect();
        Ok(Formula { expr: physical, schema, sources })
    }

    /// Replaces what an expression reads by numbered values: as much as the row alone decides in one, and each column of
    /// the state.
    fn split(&mut self, expr: &mut plan::Expr, values: &mut Vec<(Source, Type)>) -> Result<()> {
        if !self.reads_state(expr) {
            if !matches!(expr.kind, ExprKind::Literal(_)) {
                let column = self.column(expr.clone());
                values.push((Source::Row(column), expr.ty));
                expr.kind = ExprKind::Column(values.len() - 1);
            }
            return Ok(());
        }
        match &mut expr.kind {
            ExprKind::Column(at) => {
                let (step, column) = (*at / self.width - 1, *at % self.width);
                let source = self.state(step, column, expr.ty)?;
                values.push((source, expr.ty));
                expr.kind = ExprKind::Column(values.len() - 1);
            }
            ExprKind::Call { args, .. } => {
                for arg in args {
                    self.split(arg, values)?;
                }
            }
            ExprKind::Convert(inner) => self.split(inner, values)?,
            ExprKind::Member(a, b) | ExprKind::Index(a, b) => {
                self.split(a, values)?;
                self.split(b, values)?;
            }
            ExprKind::InTable { value, .. } => self.split(value, values)?,
            ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::List(_) => {}
        }
        Ok(())
    }

    fn state(&mut self, step: usize, column: usize, ty: Type) -> Result<Source> {
        let absent = match column.checked_sub(self.inputs) {
            Some(declared) => self.default(declared, ty)?,
            None => super::scalar_value(&kql::types::Value::Null(ty)),
        };
        let from = match self.assigned.iter().position(|at| *at == column) {
            Some(at) => Cell::Assigned(at),
            None => Cell::Row(self.column(plan::Expr { kind: ExprKind::Column(column), ty })),
        };
        Ok(Source::State { step, from, absent })
    }

    /// A declared column of the row at hand holds its default: no step has assigned it yet.
    fn replace_declared(&self, expr: &mut plan::Expr) -> Result<()> {
        match &mut expr.kind {
            ExprKind::Column(at) if (self.inputs..self.width).contains(at) => {
                let default = self
                    .defaults
                    .get(*at - self.inputs)
                    .ok_or_else(|| Error::Defect("scan lacks a default".to_owned()))?;
                *expr = default.clone();
            }
            ExprKind::Call { args, .. } => {
                for arg in args {
                    self.replace_declared(arg)?;
                }
            }
            ExprKind::Convert(inner) => self.replace_declared(inner)?,
            ExprKind::Member(a, b) | ExprKind::Index(a, b) => {
                self.replace_declared(a)?;
                self.replace_declared(b)?;
            }
            ExprKind::InTable { value, .. } => self.replace_declared(value)?,
            _ => {}
        }
        Ok(())
    }

    fn reads_state(&self, expr: &plan::Expr) -> bool {
        match &expr.kind {
            ExprKind::Column(at) => *at >= self.width,
            ExprKind::Call { args, .. } => args.iter().any(|arg| self.reads_state(arg)),
            ExprKind::Convert(inner) => self.reads_state(inner),
            ExprKind::Member(a, b) | ExprKind::Index(a, b) => {
                self.reads_state(a) || self.reads_state(b)
            }
            ExprKind::InTable { value, .. } => self.reads_state(value),
            ExprKind::Literal(_) | ExprKind::Scalar(_) | ExprKind::List(_) => false,
        }
    }
}
