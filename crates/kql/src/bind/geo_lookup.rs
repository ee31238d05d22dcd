//! `evaluate geo_line_lookup` and `geo_polygon_lookup`: every row beside the rows of a table whose line or polygon it is
//! near. They are bound as a plugin with the table and the condition under which two rows belong together. Deliberately
//! absent: hints about how to search, which are read and left.

use super::binder::{Binder, Row, call, column, convert, literal, project};
use super::columns::assignment;
use super::join::both_sides;
use super::naming::name_text;
use super::scope::{Bindable, Table};
use crate::diagnostic::Code;
use crate::plan::{Expr, ExprKind, Field, Op, Plan, PluginArg};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, NameRef};
use crate::types::{Type, Value};

/// The names of the arguments after the first four, in their order.
const OPTIONS: &[&str] = &["radius", "return_unmatched", "lookup_area_radius", "return_lookup_key"];

/// Whether a plugin is one of the two.
pub(super) fn is_lookup(plugin: &str) -> bool {
    matches!(plugin, "geo_line_lookup" | "geo_polygon_lookup")
}

impl Binder<'_> {
    pub(super) fn geo_lookup(&mut self, plugin: Node<'_>, input: Table) -> Table {
        let name = plugin.child(NameRef).map(name_text).unwrap_or_default();
        let args: Vec<Node<'_>> = plugin.child(Args).into_iter().flat_map(Node::nodes).collect();
        let line = name == "geo_line_lookup";
        let least = if line { 5 } else { 4 };
        if args.len() < least || args.len() > 4 + OPTIONS.len() {
            let message = format!(
                "{name}(): expects a table, its column of shapes, a longitude, a latitude{}.",
                if line { " and a radius" } else { "" }
            );
            self.error(Code::Arity, plugin, message);
            return input;
        }
        let Bindable::Table(table) = self.value(args[0], None) else {
            self.error(Code::WrongType, args[0], format!("{name}(): argument 1 must be a table."));
            return input;
        };
        let key = self.scalar(args[1], Some(Row::of(&table)));
        let ExprKind::Column(key_at) = key.kind else {
            if key.ty != Type::Error {
                let message = format!("{name}(): argument 2 must be a column of the table.");
                self.error(Code::WrongType, args[1], message);
            }
            return input;
        };
        let longitude = convert(self.scalar(args[2], Some(Row::of(&input))), Type::Real);
        let latitude = convert(self.scalar(args[3], Some(Row::of(&input))), Type::Real);
        let Some(options) = self.geo_options(&name, &args[4..], &input) else { return input };
        let width = input.fields().len();
        let both: Vec<Field> = input.fields().iter().chain(table.fields()).cloned().collect();
        let place =
            vec![longitude, latitude, convert(column(&both, width + key_at), Type::Dynamic)];
        let condition = match options.radius {
            None => call("geo_point_in_polygon", place, Type::Bool),
            Some(radius) => {
                let function = if line {
                    "geo_distance_point_to_line"
                } else {
                    "geo_distance_point_to_polygon"
                };
                let distance = call(function, place, Type::Real);
                call("<=", vec![distance, convert(radius, Type::Real)], Type::Bool)
            }
        };
        let kept: Vec<usize> =
            (0..table.fields().len()).filter(|at| options.with_key || *at != key_at).collect();
        let kept_fields: Vec<Field> = kept.iter().map(|at| table.fields()[*at].clone()).collect();
        let names = both_sides(input.fields(), &kept_fields);
        let open = input.open || table.open;
        let op = Op::Evaluate {
            input: Box::new(input.plan),
            plugin: name,
            args: vec![
                PluginArg::Table(Box::new(table.plan)),
                PluginArg::Scalar(None, condition),
                PluginArg::Scalar(None, literal(Value::Bool(options.unmatched))),
            ],
        };
        let chosen = (0..width).chain(kept.iter().map(|at| width + at));
        let columns =
            chosen.zip(&names).map(|(at, field)| (field.name.clone(), column(&both, at))).collect();
        Table { open, ..Table::new(project(Plan { op, fields: both.into() }, columns)) }
    }

    fn geo_options(&mut self, name: &str, args: &[Node<'_>], input: &Table) -> Option<Options> {
        let mut options = Options { radius: None, unmatched: false, with_key: false };
        for (at, arg) in args.iter().enumerate() {
            let (names, value) = assignment(*arg);
            let value = value?;
            let option = names.first().map_or(OPTIONS[at], String::as_str);
            match option {
                "radius" => options.radius = Some(self.scalar(value, Some(Row::of(input)))),
                "return_unmatched" => options.unmatched = self.geo_flag(name, option, value)?,
                "return_lookup_key" => options.with_key = self.geo_flag(name, option, value)?,
                "lookup_area_radius" | "join_hint" => {
                    self.scalar(value, Some(Row::of(input)));
                }
                _ => {
                    let message = format!("{name}(): there is no argument '{option}'.");
                    self.error(Code::Arity, *arg, message);
                    return None;
                }
            }
        }
        Some(options)
    }

    fn geo_flag(&mut self, name: &str, option: &str, value: Node<'_>) -> Option<bool> {
        let found = self.constant(value);
        if let Some(Value::Bool(flag)) = found {
            return Some(flag);
        }
        let message = format!("{name}(): '{option}' must be true or false.");
        self.error(Code::WrongType, value, message);
        None
    }
}

/// What may be said after the table, its column and the place.
struct Options {
    radius: Option<Expr>,
    unmatched: bool,
    with_key: bool,
}
