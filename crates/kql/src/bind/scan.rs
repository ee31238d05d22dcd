//! `scan`: its declared columns, its steps, and `step.column`, which is the state of a step. Deliberately absent: how rows
//! walk through the steps (`query`).

use super::binder::{Binder, Row, column, convert, literal, nothing};
use super::columns::{assignment, items};
use super::naming::name_text;
use super::operators::wrap;
use super::scope::Table;
use super::serialized::is_serialized;
use super::source::property_name;
use crate::diagnostic::Code;
use crate::plan::{Expr, Field, Op, Plan, Scan, ScanOutput, ScanStep};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{
    NameRef, Parameter, Parameters, Property, ScanStep as Step, SortKey, With,
};
use crate::types::{Type, Value};

/// How many steps one `scan` may have: its state grows with their square.
const SCAN_STEPS_MAX: usize = 256;

impl Binder<'_> {
    pub(super) fn scan(&mut self, node: Node<'_>, input: Table) -> Table {
        let input = self.ordered_input(node, input);
        let partition =
            self.group_keys(node, &input).into_iter().map(|key| key.expr).collect::<Vec<_>>();
        let mut record = input.fields().to_vec();
        let defaults = self.declarations(node, &mut record);
        let nodes: Vec<Node<'_>> =
            node.child(With).into_iter().flat_map(|with| with.children_of(Step)).collect();
        if nodes.len() > SCAN_STEPS_MAX {
            let message = self.in_operator(&format!("more than {SCAN_STEPS_MAX} steps"));
            self.error(Code::TooLarge, node, message);
            return nothing();
        }
        let names = self.step_names(&nodes);
        let fields = with_states(&record, &names);
        if !self.count_columns(node, fields.len()) {
            return nothing();
        }
        let outer = std::mem::replace(&mut self.scan_steps, names);
        let row = Row { fields: &fields, open: input.open };
        let steps = nodes.into_iter().map(|step| self.scan_step(step, &record, row)).collect();
        self.scan_steps = outer;
        let match_id = node
            .children_of(Property)
            .find(|property| property_name(*property) == "with_match_id")
            .and_then(|property| property.nodes().next());
        if let Some(name) = match_id {
            let field = Field { name: name_text(name).into(), ty: Type::Long };
            self.declare_column(name, field, &mut record);
        }
        let open = input.open;
        let scan =
            Scan { input: input.plan, partition, defaults, steps, match_id: match_id.is_some() };
        Table { open, ..Table::new(Plan { op: Op::Scan(Box::new(scan)), fields: record.into() }) }
    }

    /// The input in the order that `order by` asks for; without it, in its own, which it must have.
    fn ordered_input(&mut self, node: Node<'_>, input: Table) -> Table {
        if node.children_of(SortKey).next().is_some() {
            let keys = self.sort_keys(node, &input);
            return wrap(input, |input| Op::Sort { input, keys });
        }
        if !is_serialized(&input.plan) && !input.open {
            let message = self.in_operator("The row set must be serialized.");
            self.report_unordered(node, message);
        }
        input
    }

    /// `declare (a:long=0, …)`: the columns join the record; the answer is what they hold where no step sets them.
    fn declarations(&mut self, node: Node<'_>, record: &mut Vec<Field>) -> Vec<Expr> {
        let Some(declared) = node.child(Parameters) else { return Vec::new() };
        let fields = self.declared_fields(declared);
        let mut defaults = Vec::with_capacity(fields.len());
        for (field, parameter) in fields.into_iter().zip(declared.children_of(Parameter)) {
            let default = match parameter.nodes().find(|part| part.kind() != NameRef) {
                Some(value) => {
                    let value = self.scalar(value, None);
                    convert(value, field.ty)
                }
                None => literal(Value::Null(field.ty)),
            };
            self.declare_column(parameter, field, record);
            defaults.push(default);
        }
        defaults
    }

    /// A further column of the record, which must be new.
    fn declare_column(&mut self, node: Node<'_>, field: Field, record: &mut Vec<Field>) {
        if record.iter().any(|other| other.name == field.name) {
            let message = self.in_operator(&format!(
                "A column with the name '{}' is already declared.",
                field.name
            ));
            self.error(Code::Duplicate, node, message);
        }
        record.push(field);
    }

    fn step_names(&mut self, steps: &[Node<'_>]) -> Vec<String> {
        let mut names: Vec<String> = Vec::with_capacity(steps.len());
        for step in steps {
            let name = step.child(NameRef).map(name_text).unwrap_or_default();
            if names.contains(&name) {
                let message = self
                    .in_operator(&format!("A step with the name '{name}' is already declared."));
                self.error(Code::Duplicate, *step, message);
            }
            if step.has_word("optional") {
                let message = self.in_operator("Optional steps are not supported.");
                self.error(Code::Unsupported, *step, message);
            }
            names.push(name);
        }
        names
    }

    fn scan_step(&mut self, step: Node<'_>, record: &[Field], row: Row<'_>) -> ScanStep {
        let condition = step.nodes().find(|part| {
            !matches!(part.kind(), NameRef | Property | crate::syntax::SyntaxKind::List)
        });
        // A condition that is a bare column is the second name of the step.
        let condition = condition.or_else(|| step.children_of(NameRef).nth(1));
        let condition = match condition {
            Some(condition) => {
                let expr = self.scalar(condition, Some(row));
                self.predicate(condition, expr)
            }
            None => super::binder::mistake(),
        };
        let mut assignments: Vec<(usize, Expr)> = Vec::new();
        for item in items(step) {
            let (written, value) = assignment(item);
            let (Some(name), Some(value)) = (written.into_iter().next(), value) else {
                self.error(Code::Syntax, item, "Expected: column = expression");
                continue;
            };
            let Some(at) = record.iter().position(|field| field.name == name) else {
                self.unresolved_scalar(item, &name, Some(row));
                continue;
            };
            if assignments.iter().any(|(other, _)| *other == at) {
                let message =
                    self.in_operator(&format!("The column '{name}' is assigned more than once."));
                self.error(Code::Duplicate, item, message);
            }
            let expr = self.scalar(value, Some(row));
            assignments.push((at, convert(expr, record[at].ty)));
        }
        ScanStep { condition, assignments, output: self.step_output(step) }
    }

    fn step_output(&mut self, step: Node<'_>) -> ScanOutput {
        let property =
            step.children_of(Property).find(|property| property_name(*property) == "output");
        let Some(value) = property.and_then(|property| property.nodes().next()) else {
            return ScanOutput::All;
        };
        match value.text() {
            "all" => ScanOutput::All,
            "last" => ScanOutput::Last,
            "none" => ScanOutput::None,
            _ => {
                self.error(Code::Syntax, value, "Expected: all, last, none");
                ScanOutput::All
            }
        }
    }

    /// `step.column` in a `scan`.
    pub(super) fn scan_state(
        &mut self,
        base: Node<'_>,
        key: &str,
        row: Option<Row<'_>>,
    ) -> Option<Expr> {
        if base.kind() != NameRef || self.scan_steps.is_empty() {
            return None;
        }
        let step = name_text(base);
        if !self.scan_steps.contains(&step) {
            return None;
        }
        let row = row?;
        let state = format!("{step}.{key}");
        match row.fields.iter().position(|field| field.name == state) {
            Some(at) => Some(column(row.fields, at)),
            None => {
                self.unresolved_scalar(base, &state, None);
                Some(super::binder::mistake())
            }
        }
    }
}

/// The columns that the expressions of a step see: the record, then the record of each step as `step.column`.
fn with_states(record: &[Field], steps: &[String]) -> Vec<Field> {
    let mut fields = record.to_vec();
    for step in steps {
        let state = record
            .iter()
            .map(|field| Field { name: format!("{step}.{}", field.name).into(), ty: field.ty });
        fields.extend(state);
    }
    fields
}
