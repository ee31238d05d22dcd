//! `make-series`, and the operators that rank: `top-nested`, `top-hitters`, `reduce`. Deliberately absent: functions on
//! series (the catalog has them).

use std::collections::HashSet;

use super::binder::{Binder, Row, convert, literal, mistake};
use super::columns::{assignment, items};
use super::naming::{Names, of_expression};
use super::operators::{operand, wrap};
use super::scope::Table;
use super::source::{field, property_name};
use super::summarize::{AggregateValues, name_columns};
use crate::diagnostic::Code;
use crate::plan::{
    Aggregate, Expr, ExprKind, Field, Name, NestedLevel, Op, Plan, Series, SortKey as Key,
};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, Call, Error, On, Property, SortKey, ToType, With};
use crate::types::{Type, Value};

impl Binder<'_> {
    pub(super) fn make_series(&mut self, node: Node<'_>, input: Table) -> Table {
        let keys = self.group_keys(node, &input);
        let key_columns = self.name_items(keys);
        let mut names = Names::default();
        for (name, _) in &key_columns {
            names.take(name);
        }
        let mut fields: Vec<Field> = key_columns
            .iter()
            .map(|(name, expr)| Field { name: name.clone(), ty: expr.ty })
            .collect();
        let mut values = AggregateValues { keys: key_columns, aggregates: Vec::new() };
        let mut series = Vec::new();
        for item in items(node) {
            for (name, one) in self.series_of(item, &input, &mut names, &mut values) {
                fields.push(field(&name, Type::Dynamic));
                series.push(one);
            }
        }
        let (axis, axis_name) = self.series_axis(node, &input);
        fields.push(Field { name: names.derive(axis_name), ty: Type::Dynamic });
        let (from, to, step, inclusive) = self.series_bounds(node);
        let nonempty = node.children_of(Property).any(|property| {
            property_name(property) == "kind"
                && property.nodes().next().is_some_and(|value| value.text() == "nonempty")
        });
        let op = Op::MakeSeries {
            input: Box::new(input.plan),
            keys: values.keys.into_iter().map(|(_, expr)| expr).collect(),
            aggregates: values.aggregates,
            series,
            axis,
            from,
            to,
            step,
            inclusive,
            nonempty,
        };
        Table::new(Plan { op, fields: fields.into() })
    }

    /// The series of one item: usually one, several for aggregates of several columns.
    fn series_of(
        &mut self,
        item: Node<'_>,
        input: &Table,
        names: &mut Names,
        values: &mut AggregateValues,
    ) -> Vec<(Name, Series)> {
        let Some(expression) = item.nodes().next() else { return Vec::new() };
        let (written, expression) = assignment(expression);
        let Some(expression) = expression else { return Vec::new() };
        let written: Vec<Name> = written.into_iter().map(Name::from).collect();
        for name in &written {
            names.take(name);
        }
        let default = item
            .child(Property)
            .and_then(|property| property.nodes().next())
            .map_or_else(|| literal(Value::Long(0)), |value| self.scalar(value, None));
        if !self.is_aggregate(expression) {
            let name = match (written.into_iter().next(), of_expression(expression)) {
                (Some(name), _) => name,
                (None, Some(name)) => names.derive(&name),
                (None, None) => names.unnamed(),
            };
            let value = self.over_aggregates(expression, input, values);
            return vec![(name, Series { value, default })];
        }
        let call = self.aggregate(expression, input, &HashSet::new());
        let columns = name_columns(names, &call, &written);
        let first = values.width();
        let aggregate = call.named(columns);
        let series = (first..)
            .zip(&aggregate.outputs)
            .map(|(at, output)| {
                let value = Expr { kind: ExprKind::Column(at), ty: output.ty };
                (output.name.clone(), Series { value, default: default.clone() })
            })
            .collect();
        values.aggregates.push(aggregate);
        series
    }

    fn series_axis(&mut self, node: Node<'_>, input: &Table) -> (Expr, String) {
        let Some(axis) = node.child(On).and_then(|on| on.nodes().next()) else {
            return (mistake(), String::new());
        };
        let name = of_expression(axis).unwrap_or_else(|| "Column1".to_string());
        (self.scalar(axis, Some(Row::of(input))), name)
    }

    /// `from a to b step c`, or `in range(a, b, c)`.
    fn series_bounds(&mut self, node: Node<'_>) -> (Option<Expr>, Option<Expr>, Expr, bool) {
        if let Some(range) = node.nodes().find(|child| child.kind() == Call) {
            let args: Vec<Node<'_>> = range.child(Args).into_iter().flat_map(Node::nodes).collect();
            let mut bounds = args.iter().map(|arg| self.scalar(*arg, None)).collect::<Vec<_>>();
            let step = if bounds.len() > 2 { bounds.remove(2) } else { mistake() };
            let to = (bounds.len() > 1).then(|| bounds.remove(1));
            let from = (!bounds.is_empty()).then(|| bounds.remove(0));
            return (from, to, step, true);
        }
        let (mut from, mut to, mut step) = (None, None, mistake());
        for bound in node.children_of(ToType) {
            let Some(value) = bound.nodes().next() else { continue };
            let value = self.scalar(value, None);
            match bound.tokens().next().map_or("", |token| token.text()) {
                "from" => from = Some(value),
                "to" => to = Some(value),
                _ => step = value,
            }
        }
        (from, to, step, false)
    }

    /// `top-hitters n of x by y`: the values with the largest sum (or count).
    pub(super) fn top_hitters(&mut self, node: Node<'_>, input: Table) -> Table {
        let rows = self.row_count(operand(node, 0));
        let Some(of) = operand(node, 1) else { return input };
        let row = Row::of(&input);
        let key = self.scalar(of, Some(row));
        let key_name = of_expression(of).unwrap_or_else(|| "Column1".to_string());
        let (function, args, name, ty) = match operand(node, 2) {
            Some(by) => {
                let by_name = of_expression(by).unwrap_or_default();
                let weight = self.scalar(by, Some(row));
                let ty = if weight.ty == Type::Int { Type::Long } else { weight.ty };
                ("sum", vec![convert(weight, ty)], format!("approximate_sum_{by_name}"), ty)
            }
            None => ("count", Vec::new(), format!("approximate_count_{key_name}"), Type::Long),
        };
        let output = field(&name, ty);
        let fields = vec![field(&key_name, key.ty), output.clone()].into();
        let aggregate = Aggregate { function: function.to_string(), args, outputs: vec![output] };
        let op = Op::Summarize {
            input: Box::new(input.plan),
            keys: vec![key],
            aggregates: vec![aggregate],
        };
        let grouped = Table::new(Plan { op, fields });
        let sort = Key {
            expr: super::binder::column(grouped.fields(), 1),
            descending: true,
            nulls_first: false,
        };
        wrap(grouped, |input| Op::Top { input, rows, keys: vec![sort] })
    }

    pub(super) fn top_nested(&mut self, node: Node<'_>, input: Table) -> Table {
        let mut fields: Vec<Field> = Vec::new();
        let mut levels = Vec::new();
        for level in node.children_of(SortKey) {
            let Some((level, columns)) = self.nested_level(level, &input) else { continue };
            fields.extend(columns);
            levels.push(level);
        }
        let op = Op::TopNested { input: Box::new(input.plan), levels };
        Table::new(Plan { op, fields: fields.into() })
    }

    fn nested_level(&mut self, node: Node<'_>, input: &Table) -> Option<(NestedLevel, [Field; 2])> {
        let mut parts: Vec<Node<'_>> =
            node.nodes().filter(|part| !matches!(part.kind(), Property | Error)).collect();
        let by = parts.pop()?;
        let of = parts.pop()?;
        let rows = parts.pop().map(|rows| self.scalar(rows, None));
        let (of_names, of_value) = assignment(of);
        let of_value = of_value?;
        let name = of_names
            .into_iter()
            .next()
            .or_else(|| of_expression(of_value))
            .unwrap_or_else(|| "Column1".to_string());
        let key = self.scalar(of_value, Some(Row::of(input)));
        let others = node
            .child(Property)
            .and_then(|property| property.nodes().next())
            .map(|value| self.scalar(value, None));
        let (by_names, by_value) = assignment(by);
        let by_value = by_value?;
        let mut values = AggregateValues::default();
        let value = self.over_aggregates(by_value, input, &mut values);
        if values.aggregates.is_empty() {
            let message = self.in_operator("An aggregate function expected.");
            self.error(Code::WrongType, by_value, message);
            return None;
        }
        let by_name = by_names.into_iter().next().unwrap_or_else(|| format!("aggregated_{name}"));
        let columns = [field(&name, key.ty), field(&by_name, value.ty)];
        let descending = !node.has_word("asc");
        let aggregates = values.aggregates;
        Some((NestedLevel { rows, key, aggregates, value, descending, others }, columns))
    }

    pub(super) fn reduce(&mut self, node: Node<'_>, input: Table) -> Table {
        let Some(source) = operand(node, 0) else { return input };
        let source = self.scalar(source, Some(Row::of(&input)));
        let properties = node.child(With).map(|with| self.properties(with)).unwrap_or_default();
        let by_row = node.children_of(Property).any(|property| {
            property_name(property) == "kind"
                && property.nodes().next().is_some_and(|value| value.text() == "source")
        });
        let mut fields = vec![
            field("Pattern", Type::String),
            field("Count", Type::Long),
            field("Representative", Type::String),
        ];
        if by_row {
            fields.truncate(1);
            fields.splice(0..0, input.fields().iter().cloned());
        }
        let op = Op::Reduce {
            input: Box::new(input.plan),
            source: convert(source, Type::String),
            by_row,
            properties,
        };
        Table::new(Plan { op, fields: fields.into() })
    }
}
