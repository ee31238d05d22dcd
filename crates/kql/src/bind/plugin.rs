//! `evaluate`: plugins and the columns that they give. Those of some depend on the data; see
//! [`Bound::pending`](super::Bound::pending). Deliberately absent: what plugins compute.

use super::binder::{Binder, Row};
use super::columns::assignment;
use super::geo_lookup;
use super::naming::{Names, name_text};
use super::scope::{Bindable, Table};
use super::source::field;
use crate::diagnostic::Code;
use crate::plan::{ExprKind, Field, Op, Plan, PluginArg};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, Call, NameRef, Parameters};
use crate::types::Type;

/// What a plugin's columns are known to be.
enum Columns {
    Known(Vec<Field>),
    /// These at least; more come with the data.
    Dependent(Vec<Field>),
}

impl Binder<'_> {
    pub(super) fn evaluate(&mut self, node: Node<'_>, input: Table) -> Table {
        let Some(plugin) = node.child(Call) else { return input };
        let name = plugin.child(NameRef).map(name_text).unwrap_or_default();
        if geo_lookup::is_lookup(&name) {
            return self.geo_lookup(plugin, input);
        }
        let args = self.plugin_args(plugin, &input);
        let declared = node.child(Parameters).map(|list| self.declared_fields(list));
        let columns = match declared {
            Some(fields) => Columns::Known(fields),
            None => plugin_columns(&name, &args, &input),
        };
        let Columns::Known(fields) = columns else {
            return self.dependent(name, args, input, columns);
        };
        if fields.is_empty() {
            let message = format!("The plugin '{name}' is not supported yet.");
            self.error(Code::Unsupported, plugin, message);
        }
        let op = Op::Evaluate { input: Box::new(input.plan), plugin: name, args };
        Table { open: input.open, ..Table::new(Plan { op, fields }) }
    }

    /// A plugin whose columns come with the data: they were handed in, or the query must wait for them.
    fn dependent(
        &mut self,
        plugin: String,
        args: Vec<PluginArg>,
        input: Table,
        columns: Columns,
    ) -> Table {
        let known = self.options.resolved.get(self.dependent).cloned();
        self.dependent += 1;
        let open = known.is_none() || input.open;
        let fields = match (known, columns) {
            (Some(fields), _) => fields,
            (None, Columns::Known(fields) | Columns::Dependent(fields)) => fields,
        };
        let op = Op::Evaluate { input: Box::new(input.plan), plugin, args };
        let plan = Plan { op, fields };
        if open && self.pending.is_none() {
            self.pending = Some(Box::new(plan.clone()));
        }
        Table { open, ..Table::new(plan) }
    }

    fn plugin_args(&mut self, plugin: Node<'_>, input: &Table) -> Vec<PluginArg> {
        let mut args = Vec::new();
        let mut scope_fields = input.plan.fields.clone();
        for arg in plugin.child(Args).into_iter().flat_map(Node::nodes) {
            let (names, value) = assignment(arg);
            let Some(value) = value else { continue };
            if self.is_aggregate(value) {
                let call = self.aggregate(value, input, &[]);
                let names = call.columns.iter().map(|(name, _)| name.clone()).collect();
                args.push(PluginArg::Aggregate(call.named(names)));
                continue;
            }
            let row = Row { fields: &scope_fields, open: input.open };
            match self.value(value, Some(row)) {
                Bindable::Scalar(expr) => {
                    args.push(PluginArg::Scalar(names.into_iter().next(), expr));
                }
                Bindable::Table(table) => {
                    // Keys of the looked-up table come after it; their positions follow the input's columns.
                    scope_fields.extend(table.plan.fields.iter().cloned());
                    args.push(PluginArg::Table(Box::new(table.plan)));
                }
            }
        }
        args
    }
}

/// The position of the column that an argument is.
fn column_of(args: &[PluginArg], at: usize) -> Option<usize> {
    match args.get(at) {
        Some(PluginArg::Scalar(_, expr)) => match expr.kind {
            ExprKind::Column(at) => Some(at),
            _ => None,
        },
        _ => None,
    }
}

fn plugin_columns(plugin: &str, args: &[PluginArg], input: &Table) -> Columns {
    let fields = input.fields();
    let without = |gone: &[Option<usize>]| -> Vec<Field> {
        fields
            .iter()
            .enumerate()
            .filter(|(at, _)| !gone.contains(&Some(*at)))
            .map(|(_, field)| field.clone())
            .collect()
    };
    match plugin {
        "bag_unpack" => Columns::Dependent(without(&[column_of(args, 0)])),
        "pivot" => Columns::Dependent(pivot_columns(args, fields)),
        "narrow" => Columns::Known(vec![
            field("Row", Type::Long),
            field("Column", Type::String),
            field("Value", Type::String),
        ]),
        "autocluster" | "basket" => {
            let mut found = vec![
                field("SegmentId", Type::Long),
                field("Count", Type::Long),
                field("Percent", Type::Real),
            ];
            found.extend(fields.iter().cloned());
            Columns::Known(found)
        }
        "ipv4_lookup" | "ipv6_lookup" => Columns::Known(lookup_columns(args, fields)),
        "identity" => Columns::Known(fields.to_vec()),
        "dcount_intersect" => {
            let added = (0..args.len()).map(|at| field(&format!("s{at}"), Type::Long));
            Columns::Known(fields.iter().cloned().chain(added).collect())
        }
        "active_users_count" => {
            Columns::Known(vec![timeline(args, fields, 1), field("dcount", Type::Long)])
        }
        "activity_counts_metrics" => {
            let mut found = vec![timeline(args, fields, 1)];
            found.extend(
                args.iter()
                    .skip(5)
                    .enumerate()
                    .filter_map(|(at, _)| fields.get(column_of(args, at + 5)?).cloned()),
            );
            for name in ["count", "dcount", "new_dcount", "aggregated_dcount"] {
                found.push(field(name, Type::Long));
            }
            Columns::Known(found)
        }
        "sliding_window_counts" => {
            let mut found = vec![timeline(args, fields, 1)];
            found
                .extend((6..args.len()).filter_map(|at| fields.get(column_of(args, at)?).cloned()));
            found.push(field("Count", Type::Long));
            found.push(field("Dcount", Type::Long));
            Columns::Known(found)
        }
        _ => Columns::Known(Vec::new()),
    }
}

fn timeline(args: &[PluginArg], fields: &[Field], at: usize) -> Field {
    column_of(args, at)
        .and_then(|at| fields.get(at).cloned())
        .unwrap_or_else(|| field("Timestamp", Type::DateTime))
}

/// The columns that stay: those named after the aggregate, or all that are neither pivoted nor aggregated.
fn pivot_columns(args: &[PluginArg], fields: &[Field]) -> Vec<Field> {
    let named: Vec<usize> = (2..args.len()).filter_map(|at| column_of(args, at)).collect();
    if !named.is_empty() {
        return named.into_iter().filter_map(|at| fields.get(at).cloned()).collect();
    }
    let mut gone = vec![column_of(args, 0)];
    if let Some(PluginArg::Aggregate(aggregate)) = args.get(1) {
        for arg in &aggregate.args {
            if let ExprKind::Column(at) = arg.kind {
                gone.push(Some(at));
            }
        }
    }
    fields
        .iter()
        .enumerate()
        .filter(|(at, _)| !gone.contains(&Some(*at)))
        .map(|(_, field)| field.clone())
        .collect()
}

/// The input's columns, then those of the looked-up table.
fn lookup_columns(args: &[PluginArg], fields: &[Field]) -> Vec<Field> {
    let mut names = Names::default();
    for field in fields {
        names.take(&field.name);
    }
    let mut found = fields.to_vec();
    if let Some(PluginArg::Table(table)) = args.first() {
        for field in &table.fields {
            found.push(Field { name: names.derive(&field.name), ty: field.ty });
        }
    }
    found
}
