//! `union`: tables by name and pattern, and the columns of the whole. Deliberately absent: `find` and `search` (`search`).

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::binder::{Binder, column, literal, nothing};
use super::columns::{items, matches_pattern};
use super::operators::with_first_column;
use super::scope::Table;
use super::source::property_name;
use crate::plan::{Expr, ExprKind, Field, Fields, Name, Op, Plan};
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
        let how = Uniting { inner, every, ..self.uniting() };
        let mut table = match source {
            Some(name) => self.united_with_source(node, legs, (&name.into(), "union_arg"), how),
            None => self.united(node, legs, how),
        };
        // Whoever only reads the query cannot know what the tables that are not here would have had.
        table.open |= fuzzy && missing && self.options.check_only;
        table
    }

    /// All columns of tables that are named one by one.
    pub(super) const fn uniting(&self) -> Uniting {
        Uniting { inner: false, checked: self.options.check_only, every: false }
    }

    /// The union of these tables, with a column in front that says which of them a row is of; those without a name are
    /// called `unnamed` with a number.
    pub(super) fn united_with_source(
        &mut self,
        node: Node<'_>,
        legs: Vec<Table>,
        (column, unnamed): (&Name, &str),
        how: Uniting,
    ) -> Table {
        if how.checked {
            let source = Field { name: column.clone(), ty: Type::String };
            return self.unite_checked(legs, Some(source), how);
        }
        let named = legs.into_iter().enumerate().map(|(at, leg)| {
            let from = leg.name.clone().unwrap_or_else(|| format!("{unnamed}{at}"));
            with_first_column(leg, column, literal(Value::String(from)))
        });
        let legs = named.collect();
        self.united(node, legs, how)
    }

    /// The union of these tables, unless it comes to more than a plan can hold.
    pub(super) fn united(&mut self, node: Node<'_>, legs: Vec<Table>, how: Uniting) -> Table {
        if how.checked {
            return self.unite_checked(legs, None, how);
        }
        if legs.len() < 2 {
            return unite(legs, None, how);
        }
        let count = united_columns(&legs, None, how).len();
        if count.saturating_mul(legs.len()) > UNION_CELLS_MAX {
            let message = format!(
                "a union of {} tables with {count} columns is too large; name the tables",
                legs.len()
            );
            self.error(crate::diagnostic::Code::TooLarge, node, message);
            return nothing();
        }
        unite(legs, None, how)
    }

    /// Puts tables one after the other, as they are. A text may search every table of a workspace several times: their
    /// columns are put together once.
    fn unite_checked(&mut self, legs: Vec<Table>, source: Option<Field>, how: Uniting) -> Table {
        if legs.len() < MANY_TABLES {
            return unite(legs, source.as_ref(), how);
        }
        let known = self.checked_union.as_ref().filter(|known| known.is_of(&legs, &source, how));
        let fields = match known {
            Some(known) => known.fields.clone(),
            None => fields_of(&united_columns(&legs, source.as_ref(), how)),
        };
        let lists = legs.iter().map(|leg| leg.plan.fields.clone()).collect();
        self.checked_union = Some(CheckedUnion { lists, source, how, fields: fields.clone() });
        let open = legs.iter().any(|leg| leg.open);
        let inputs = legs.into_iter().map(|leg| leg.plan).collect();
        Table { open, ..Table::new(Plan { op: Op::Union { inputs }, fields }) }
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
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Uniting {
    /// Only the columns that all have.
    pub(super) inner: bool,
    /// The plan will not run: the tables keep their own columns.
    pub(super) checked: bool,
    /// They were found by a pattern. When only checking, one table among hundreds whose declaration has another type for a
    /// column than the first two have does not rename it for all, which is what Microsoft's binder does too.
    pub(super) every: bool,
}

/// So many tables are worth a note of what they came to.
const MANY_TABLES: usize = 64;

/// The union of many tables that was checked last.
pub(super) struct CheckedUnion {
    lists: Vec<Fields>,
    source: Option<Field>,
    how: Uniting,
    fields: Fields,
}

impl CheckedUnion {
    fn is_of(&self, legs: &[Table], source: &Option<Field>, how: Uniting) -> bool {
        self.how == how
            && self.source == *source
            && self.lists.len() == legs.len()
            && self.lists.iter().zip(legs).all(|(list, leg)| list.is(&leg.plan.fields))
    }
}

/// The columns of the whole, as they are shown.
fn fields_of(columns: &[United]) -> Fields {
    let shown = |column: &United| Field { name: column.shown.clone(), ty: column.own.ty };
    columns.iter().map(shown).collect()
}

/// Puts tables one after the other. Columns go by name; one name with several types becomes several columns.
/// `source` stands in front of those of each table, if there are any.
fn unite(legs: Vec<Table>, source: Option<&Field>, how: Uniting) -> Table {
    if legs.is_empty() {
        return Table { open: false, ..nothing() };
    }
    let open = legs.iter().any(|leg| leg.open);
    let columns = united_columns(&legs, source, how);
    let fields = fields_of(&columns);
    let inputs = legs
        .into_iter()
        .map(|leg| if how.checked { leg.plan } else { leg_columns(leg.plan, &columns, &fields) })
        .collect();
    Table { open, ..Table::new(Plan { op: Op::Union { inputs }, fields }) }
}

/// How many columns all tables of a union may come to, those that are null in a table counted.
const UNION_CELLS_MAX: usize = 1_000_000;

/// A column of the whole.
struct United {
    /// What the tables call it, and its type.
    own: Field,
    /// What it is called in the whole.
    shown: Name,
}

/// A name that some of the tables have.
struct Seen<'t> {
    name: &'t Name,
    /// The type that the first of them has, and other types of others.
    first: Type,
    others: Vec<Type>,
    /// How many have it.
    legs: usize,
}

impl<'t> Seen<'t> {
    const fn new(field: &'t Field) -> Self {
        Self { name: &field.name, first: field.ty, others: Vec::new(), legs: 0 }
    }

    /// One more table has it, with this type.
    fn add(&mut self, ty: Type, how: Uniting) {
        self.legs += 1;
        // The first two tables that have it agree on its type.
        let settled = how.every && how.checked && self.legs > 2 && self.others.is_empty();
        if self.first != ty && !settled && !self.others.contains(&ty) {
            self.others.push(ty);
        }
    }

    /// The columns that it comes to: one for each type.
    fn columns(self) -> impl Iterator<Item = United> {
        let several = !self.others.is_empty();
        std::iter::once(self.first).chain(self.others).map(move |ty| {
            let shown = match several {
                true => format!("{}_{}", self.name, ty.name()).into(),
                false => self.name.clone(),
            };
            United { own: Field { name: self.name.clone(), ty }, shown }
        })
    }
}

/// The columns of all legs, in order of first appearance, those of one name side by side; and what each is called.
fn united_columns(legs: &[Table], source: Option<&Field>, how: Uniting) -> Vec<United> {
    // By hand these would be searches within searches: a union of every table has tens of thousands of columns.
    let mut seen: Vec<Seen<'_>> = Vec::new();
    let wide = legs.iter().map(|leg| leg.fields().len()).max().unwrap_or(0);
    let room = wide.saturating_mul(4).max(legs.len());
    let mut places: HashMap<&str, usize, RandomState> =
        HashMap::with_capacity_and_hasher(room, RandomState::default());
    for field in legs.iter().flat_map(|leg| source.into_iter().chain(leg.fields())) {
        let at = *places.entry(field.name.as_str()).or_insert_with(|| {
            seen.push(Seen::new(field));
            seen.len() - 1
        });
        if let Some(seen) = seen.get_mut(at) {
            seen.add(field.ty, how);
        }
    }
    let mut columns = Vec::with_capacity(seen.len());
    for name in seen {
        if !how.inner || name.legs >= legs.len() {
            columns.extend(name.columns());
        }
    }
    columns
}

/// A leg with the columns of the whole; those that it has not are null.
fn leg_columns(plan: Plan, columns: &[United], fields: &Fields) -> Plan {
    if plan.fields == *fields {
        return plan;
    }
    let own: HashMap<&str, usize, RandomState> =
        plan.fields.iter().enumerate().map(|(at, field)| (field.name.as_str(), at)).collect();
    let exprs = columns
        .iter()
        .map(|United { own: field, .. }| {
            let at = own.get(field.name.as_str()).copied();
            match at.filter(|at| plan.fields[*at].ty == field.ty) {
                Some(at) => column(&plan.fields, at),
                None => Expr { kind: ExprKind::Literal(Value::Null(field.ty)), ty: field.ty },
            }
        })
        .collect();
    // One list of columns for all legs.
    Plan { op: Op::Project { input: Box::new(plan), exprs }, fields: fields.clone() }
}
