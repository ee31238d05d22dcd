//! `union`: tables by name and pattern, and the columns of the whole. Deliberately absent: `find` and `search` (`search`).

use std::collections::HashMap;

use super::binder::{Binder, column, literal, nothing, project};
use super::columns::{items, matches_pattern};
use super::operators::with_first_column;
use super::scope::Table;
use super::source::property_name;
use crate::plan::{Expr, ExprKind, Field, Op, Plan};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{Property, StarExpr, Wildcard};
use crate::types::{Type, Value};

/// How many tables one `union` may come to.
const UNION_TABLES_MAX: usize = 5_000;

impl Binder<'_> {
    pub(super) fn union(&mut self, node: Node<'_>, input: Option<Table>) -> Table {
        let fuzzy = property(node, "isfuzzy").is_some_and(|value| value == "true");
        let inner = property(node, "kind").is_some_and(|value| value == "inner");
        let source = property(node, "withsource").or_else(|| property(node, "with_source"));
        let mut legs: Vec<Table> = input.into_iter().collect();
        let missing = self.missing_tables;
        let mut every = false;
        for item in items(node) {
            every |= matches!(item.kind(), Wildcard | StarExpr);
            legs.extend(self.union_legs(item, fuzzy));
        }
        let missing = self.missing_tables > missing;
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
        let mut table = self.united(node, legs, inner, every);
        // Whoever only reads the query cannot know what the tables that are not here would have had.
        table.open |= fuzzy && missing && self.options.check_only;
        table
    }

    /// The union of these tables, unless it comes to more than a plan can hold.
    /// `every` says that they were found by a pattern.
    pub(super) fn united(
        &mut self,
        node: Node<'_>,
        legs: Vec<Table>,
        inner: bool,
        every: bool,
    ) -> Table {
        let how = Uniting { inner, checked: self.options.check_only, every };
        if legs.len() < 2 || how.checked {
            return unite(legs, how);
        }
        let count = united_columns(&legs, how).0.len();
        if count.saturating_mul(legs.len()) > UNION_CELLS_MAX {
            let message = format!(
                "a union of {} tables with {count} columns is too large; name the tables",
                legs.len()
            );
            self.error(crate::diagnostic::Code::TooLarge, node, message);
            return nothing();
        }
        unite(legs, how)
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
pub(super) fn property(node: Node<'_>, name: &str) -> Option<String> {
    node.children_of(Property)
        .find(|property| property_name(*property) == name)
        .and_then(|property| property.nodes().next())
        .map(|value| value.text().trim_matches(['"', '\'']).to_string())
}

/// How tables are put together.
#[derive(Clone, Copy)]
struct Uniting {
    /// Only the columns that all have.
    inner: bool,
    /// The plan will not run: the tables keep their own columns.
    checked: bool,
    /// They were found by a pattern. When only checking, one table among hundreds whose declaration has another type for a
    /// column than the first two have does not rename it for all, which is what Microsoft's binder does too.
    every: bool,
}

/// Puts tables one after the other. Columns go by name; one name with several types becomes several columns.
fn unite(legs: Vec<Table>, how: Uniting) -> Table {
    if legs.is_empty() {
        return Table { open: false, ..nothing() };
    }
    let open = legs.iter().any(|leg| leg.open);
    let (columns, names) = united_columns(&legs, how);
    let fields: Vec<Field> = names
        .iter()
        .zip(&columns)
        .map(|(name, field)| Field { name: name.clone(), ty: field.ty })
        .collect();
    let inputs = legs
        .into_iter()
        .map(|leg| if how.checked { leg.plan } else { leg_columns(leg.plan, &columns, &names) })
        .collect();
    Table { open, ..Table::new(Plan { op: Op::Union { inputs }, fields }) }
}

/// How many columns all tables of a union may come to, those that are null in a table counted.
const UNION_CELLS_MAX: usize = 1_000_000;

/// The columns of all legs, in order of first appearance, those of one name side by side; and what each is called.
fn united_columns(legs: &[Table], how: Uniting) -> (Vec<Field>, Vec<String>) {
    // By hand these would be searches within searches: a union of every table has tens of thousands of columns.
    let mut order: Vec<&str> = Vec::new();
    let mut types: HashMap<&str, (Vec<Type>, usize)> = HashMap::new();
    for leg in legs {
        for field in leg.fields() {
            let (seen, legs) = types.entry(&field.name).or_insert_with(|| {
                order.push(&field.name);
                (Vec::new(), 0)
            });
            *legs += 1;
            let settled = how.every && how.checked && *legs > 2 && first_two_agree(seen);
            if !seen.contains(&field.ty) && !settled {
                seen.push(field.ty);
            }
        }
    }
    let (mut columns, mut names) = (Vec::new(), Vec::new());
    for name in order {
        let Some((seen, count)) = types.get(name) else { continue };
        if how.inner && *count < legs.len() {
            continue;
        }
        for ty in seen {
            columns.push(Field { name: name.to_string(), ty: *ty });
            names.push(match seen.len() {
                1 => name.to_string(),
                _ => format!("{name}_{}", ty.name()),
            });
        }
    }
    (columns, names)
}

/// Whether the first two tables that have a column agree on its type: then one type was seen.
const fn first_two_agree(seen: &[Type]) -> bool {
    seen.len() == 1
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
    let own: HashMap<&str, usize> =
        plan.fields.iter().enumerate().map(|(at, field)| (field.name.as_str(), at)).collect();
    let chosen = columns
        .iter()
        .zip(names)
        .map(|(field, name)| {
            let at = own.get(field.name.as_str()).copied();
            let expr = match at.filter(|at| plan.fields[*at].ty == field.ty) {
                Some(at) => column(&plan.fields, at),
                None => Expr { kind: ExprKind::Literal(Value::Null(field.ty)), ty: field.ty },
            };
            (name.clone(), expr)
        })
        .collect();
    project(plan, chosen)
}
