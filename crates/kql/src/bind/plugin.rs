//! `evaluate`: which plugins there are, how their arguments are read, and what their columns are called. Those of some
//! depend on the data (`unpack`). Deliberately absent: what plugins compute.

use super::binder::{Binder, Row};
use super::columns::assignment;
use super::geo_lookup;
use super::naming::name_text;
use super::plugin_columns::{self, Given};
use super::scope::{Bindable, Table};
use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::nearest;
use crate::plan::{Expr, ExprKind, Field, Op, Plan, PluginArg};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Args, Call, NameRef, Parameter, Parameters, Star};

/// Plugins of the language that reach outside of a workspace or run code: none of them is offered.
const NOT_OFFERED: &[&str] = &[
    "ai_chat_completion",
    "ai_chat_completion_prompt",
    "ai_embed_text",
    "ai_embeddings",
    "azure_digital_twins_query_request",
    "cosmosdb_sql_request",
    "csharp",
    "dax_request",
    "estimate_rows_count",
    "execute_query",
    "execute_show_command",
    "external_datatable",
    "funnel_analysis",
    "http_request",
    "http_request_post",
    "identity_v3",
    "infer_storage_schema",
    "infer_storage_schema_with_suggestions",
    "mysql_request",
    "postgresql_request",
    "python",
    "r",
    "sql_request",
];

/// The columns that `evaluate plugin(…) : (*, a:long)` declares.
pub(super) struct Declared {
    /// Whether the input's columns stand in front of them.
    pub(super) all: bool,
    pub(super) fields: Vec<Field>,
}

impl Binder<'_> {
    pub(super) fn evaluate(&mut self, node: Node<'_>, input: Table) -> Table {
        let Some(plugin) = node.child(Call) else { return input };
        let name = plugin.child(NameRef).map(name_text).unwrap_or_default();
        let declared = node.child(Parameters).map(|list| Declared {
            all: list.children_of(Parameter).any(|parameter| parameter.token(Star).is_some()),
            fields: self.declared_fields(list),
        });
        match name.as_str() {
            "bag_unpack" => return self.bag_unpack(plugin, input, declared),
            "pivot" => return self.pivot(plugin, input, declared),
            "preview" => return self.preview(plugin, input),
            name if geo_lookup::is_lookup(name) => return self.geo_lookup(plugin, input),
            _ => {}
        }
        let Some(known) = plugin_columns::find(&name) else {
            self.no_such_plugin(plugin, &name);
            return Table { open: true, ..input };
        };
        let args = self.plugin_args(plugin, &name, &input);
        let given = args.len();
        if given < known.least || given > known.most {
            let message = format!("{name}(): {}", known.expected());
            self.error(Code::Arity, plugin, message);
            return Table { open: true, ..input };
        }
        if args.iter().any(is_mistake) {
            return Table { open: true, ..input };
        }
        let columns = (known.columns)(&Given { args: &args, input: input.fields() });
        let fields = match (columns, declared) {
            (Ok(fields), None) => fields,
            (Ok(_), Some(declared)) => declared.fields,
            (Err(message), _) => {
                self.error(Code::WrongType, plugin, format!("{name}(): {message}"));
                return Table { open: true, ..input };
            }
        };
        if name == "funnel_sequence" {
            return self.funnel_sequence(plugin, input, &args, &fields);
        }
        let open = input.open;
        let op = Op::Evaluate { input: Box::new(input.plan), plugin: name, args };
        Table { open, ..Table::new(Plan { op, fields: fields.into() }) }
    }

    fn no_such_plugin(&mut self, plugin: Node<'_>, name: &str) {
        if NOT_OFFERED.contains(&name) {
            let message = format!("The plugin '{name}()' is not available in this workspace.");
            self.error(Code::Unsupported, plugin, message);
            return;
        }
        let names = plugin_columns::names().chain(["bag_unpack", "pivot", "preview"]);
        let hint = nearest(name, names).map(|name| format!("did you mean '{name}'?"));
        let message = format!("The plug-in function '{name}' is not defined.");
        let diagnostic = Diagnostic::error(Code::UnknownFunction, plugin.span(), message);
        self.report(diagnostic.with_hint(hint));
    }

    /// The arguments of a plugin. Names resolve among the input's columns, then among those of the tables given before.
    fn plugin_args(&mut self, plugin: Node<'_>, name: &str, input: &Table) -> Vec<PluginArg> {
        let mut args = Vec::new();
        let mut scope = input.fields().to_vec();
        let width = scope.len();
        let lookup = matches!(name, "ipv4_lookup" | "ipv6_lookup");
        for (at, arg) in plugin.child(Args).into_iter().flat_map(Node::nodes).enumerate() {
            let (names, value) = assignment(arg);
            let Some(value) = value else { continue };
            // The third argument of a lookup is a column of the table that is looked into, whatever the input has.
            let only_looked_up = lookup && at == 2;
            let found = if only_looked_up {
                let row = Row { fields: &scope[width..], open: input.open };
                match self.value(value, Some(row)) {
                    Bindable::Scalar(expr) => Bindable::Scalar(shifted(expr, width)),
                    table => table,
                }
            } else {
                self.value(value, Some(Row { fields: &scope, open: input.open }))
            };
            match found {
                Bindable::Scalar(expr) => {
                    args.push(PluginArg::Scalar(names.into_iter().next(), expr));
                }
                Bindable::Table(table) => {
                    scope.extend(table.plan.fields.iter().cloned());
                    args.push(PluginArg::Table(Box::new(table.plan)));
                }
            }
        }
        args
    }
}

/// A column's expression among columns that follow `by` others.
fn shifted(expr: Expr, by: usize) -> Expr {
    match expr.kind {
        ExprKind::Column(at) => Expr { kind: ExprKind::Column(at + by), ..expr },
        _ => expr,
    }
}

fn is_mistake(arg: &PluginArg) -> bool {
    matches!(arg, PluginArg::Scalar(_, Expr { ty: crate::types::Type::Error, .. }))
}
