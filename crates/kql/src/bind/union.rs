//! `union`: tables by name and pattern, and the columns of the whole. Deliberately absent: `find` and `search` (`search`).

use super::binder::{Binder, column, literal, nothing, project};
use super::columns::{items, matches_pattern};
use super::operators::with_first_column;
use super::scope::Table;
use super::source::property_name;
use crate::plan::{Expr, ExprKind, Field, Op, Plan};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Property, StarExpr, Wildcard};
use crate::types::Value;

/// How many tables one `union` may come to.
const UNION_TABLES_MAX: usize = 1_000;

impl Binder<'_> {
    pub(super) fn union(&mut self, node: Node<'_>, input: Option<Table>) -> Table {
        let fuzzy = property(node, "isfuzzy").is_some_and(|value| value == "true");
        let inner = property(node, "kind").is_some_and(|value| value == "inner");
        let source = property(node, "withsource").or_else(|| property(node, "with_source"));
        let mut legs: Vec<Table> = input.into_iter().collect();
        for item in items(node) {
            legs.extend(self.union_legs(item, fuzzy));
        }
        if legs.len() > UNION_TABLES_MAX {
            let message = format!("a union has more than {UNION_TABLES_MAX} tables");
            self.error(crate::diagnostic::Code::TooLarge, node, message);
            legs.truncate(UNION_TABLES_MAX);
        }
        if let Some(name) = source {
            legs = legs
                .into_iter()
                .enumerate()
                .map(|(at, leg)| {
                    let from = leg.name.clone().unwrap_or_else(|| format!("union_arg{at}"));
                    with_first_column(leg, &name, literal(Value::String(from)))
                })
                .collect();
        }
        unite(legs, inner)
    }

    /// The tables that one item of a union means.
    pub(super) fn union_legs(&mut self, item: Node<'_>, fuzzy: bool) -> Vec<Table> {
        if matches!(item.kind(), Wildcard | StarExpr) {
            let pattern = item.text();
            let mut names = self.catalog.tables();
            names.retain(|name| matches_pattern(pattern, name));
            names.sort();
            if names.is_empty() && !fuzzy {
                self.unresolved_table(item, pattern);
            }
            return names.iter().filter_map(|name| self.catalog_table(name)).collect();
        }
        let (errors, missing) = (self.diagnostics.len(), self.missing_tables);
        let table = self.table(item);
        if fuzzy && self.missing_tables > missing {
            // A leg whose table is not there counts for nothing, nor does what is wrong about it.
            self.diagnostics.truncate(errors);
            return Vec::new();
        }
        vec![table]
    }
}

/// The text of a property.
fn property(node: Node<'_>, name: &str) -> Option<String> {
    node.children_of(Property)
        .find(|property| property_name(*property) == name)
        .and_then(|property| property.nodes().next())
        .map(|value| value.text().trim_matches(['"', '\'']).to_string())
}

/// Puts tables one after the other. Columns go by name; one name with several types becomes several columns.
pub(super) fn unite(legs: Vec<Table>, inner: bool) -> Table {
    if legs.is_empty() {
        return Table { open: false, ..nothing() };
    }
    let open = legs.iter().any(|leg| leg.open);
    let mut columns: Vec<Field> = Vec::new();
    for leg in &legs {
        for field in leg.fields() {
            if columns.contains(field) {
                continue;
            }
            // Columns of one name stand side by side.
            let last = columns.iter().rposition(|other| other.name == field.name);
            columns.insert(last.map_or(columns.len(), |at| at + 1), field.clone());
        }
    }
    if inner {
        columns.retain(|field| {
            legs.iter().all(|leg| leg.fields().iter().any(|other| other.name == field.name))
        });
    }
    let names: Vec<String> = columns
        .iter()
        .map(|field| {
            let several = columns.iter().filter(|other| other.name == field.name).count() > 1;
            if several { format!("{}_{}", field.name, field.ty.name()) } else { field.name.clone() }
        })
        .collect();
    let fields: Vec<Field> = names
        .iter()
        .zip(&columns)
        .map(|(name, field)| Field { name: name.clone(), ty: field.ty })
        .collect();
    let inputs = legs.into_iter().map(|leg| leg_columns(leg.plan, &columns, &names)).collect();
    Table { open, ..Table::new(Plan { op: Op::Union { inputs }, fields }) }
}

/// A leg with the columns of the whole; those that it has not are null.
fn leg_columns(plan: Plan, columns: &[Field], names: &[String]) -> Plan {
    let same = plan.fields.len() == columns.len()
        && plan
            .fields
            .iter()
            .zip(columns.iter().zip(names))
            .all(|(own, (field, name))| own == field && *name == field.name);
    if same {
        return plan;
    }
    let chosen = columns
        .iter()
        .zip(names)
        .map(|(field, name)| {
            let expr = match plan.fields.iter().position(|own| own == field) {
                Some(at) => column(&plan.fields, at),
                None => Expr { kind: ExprKind::Literal(Value::Null(field.ty)), ty: field.ty },
            };
            (name.clone(), expr)
        })
        .collect();
    project(plan, chosen)
}
