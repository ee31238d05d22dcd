//! `find`: rows of many tables for which a predicate is true, with few columns and the rest in a bag. Each table is looked
//! into by itself: a column may have another type in each, and a table that has none of the columns has no rows to find.
//! Deliberately absent: terms (`search`).

use std::collections::{BTreeSet, HashMap, HashSet};

use super::binder::{Binder, Row, call, column, convert, literal, nothing, project};
use super::columns::{items, named_columns};
use super::naming::name_text;
use super::operator::operators_of;
use super::operators::{operand, wrap};
use super::scope::Table;
use super::source::property_name;
use super::union::Uniting;
use crate::plan::{Field, Fields, Name, Op, Plan};
use crate::syntax::Node;
use crate::syntax::SyntaxKind::{
    Binary, By, Call, List, Literal, NameRef, Paren, Property, StarExpr, Text,
};
use crate::types::{Type, Value};

/// The columns that `find` gives.
struct Wanted {
    columns: Vec<Field>,
    /// Whether the others go into a bag.
    pack: bool,
}

impl Wanted {
    /// All columns of the answer.
    fn fields(self, source: &Name) -> Fields {
        let source = Field { name: source.clone(), ty: Type::String };
        let bag = self.pack.then(|| Field { name: "pack_".into(), ty: Type::Dynamic });
        std::iter::once(source).chain(self.columns).chain(bag).collect()
    }
}

impl Binder<'_> {
    /// `find withsource=S in (T1, T2) where predicate project a, b:string, pack_all()`
    pub(super) fn find(&mut self, node: Node<'_>) -> Table {
        let Some(predicate) = operand(node, usize::from(node.child(List).is_some())) else {
            return nothing();
        };
        let source = node
            .children_of(Property)
            .find(|property| property_name(*property) == "withsource")
            .and_then(|property| property.nodes().next())
            .map_or_else(|| "source_".into(), |name| Name::from(name_text(name)));
        // The predicate is bound once a table, and so is a `find` within it: what is walked for each counts.
        let (names, nodes) = mentioned(predicate);
        if !self.count_parts(node, nodes) {
            return nothing();
        }
        let mut legs = self.searched_tables(node);
        let known =
            |leg: &Table| leg.fields().iter().any(|field| names.contains(field.name.as_str()));
        if !any_term(predicate) && legs.iter().any(known) {
            legs.retain(|leg| leg.open || known(leg));
        }
        let known = Known::of(legs.iter().map(Table::fields));
        // A column that only other tables have is null in a table.
        let missing: Vec<Field> = names
            .iter()
            .filter_map(|name| Some(Field { name: name.into(), ty: known.ty(name)? }))
            .collect();
        let (mut found, mut errors) = (Vec::with_capacity(legs.len()), None);
        for (at, leg) in legs.into_iter().enumerate() {
            let name = leg.name.clone().unwrap_or_else(|| format!("find_arg{at}"));
            let own = leg.fields().len();
            if !self.count_columns(node, own.saturating_mul(4)) {
                return nothing();
            }
            let leg = with_missing(leg, &missing);
            let before = self.diagnostics.len();
            let filter = self.search_predicate(predicate, false, Row::of(&leg));
            if self.is_too_large() {
                return nothing();
            }
            let wrong = self.diagnostics.split_off(before);
            if !wrong.is_empty() {
                // A predicate that makes no sense for a table's types finds nothing there; it must make sense somewhere.
                errors.get_or_insert(wrong);
                continue;
            }
            found.push((wrap(leg, |input| Op::Filter { input, predicate: filter }), own, name));
        }
        if found.is_empty() {
            self.diagnostics.extend(errors.into_iter().flatten());
            return nothing();
        }
        let fields: Vec<(Fields, usize)> =
            found.iter().map(|(leg, own, _)| (leg.plan.fields.clone(), *own)).collect();
        let known = Known::of(fields.iter().map(|(fields, own)| &fields[..*own]));
        let wanted = match node.child(By) {
            Some(by) => self.projected(by, &known, found.iter().any(|(leg, ..)| leg.open)),
            None => smart(&known, found.len(), &names),
        };
        let width = wanted.columns.len().saturating_mul(found.len());
        if !self.count_columns(node, width) {
            return nothing();
        }
        let how = Uniting { every: node.child(List).is_none(), ..self.uniting() };
        if self.options.check_only {
            // What will not run is not laid out: the columns are those that every leg would have.
            let open = found.iter().any(|(leg, ..)| leg.open);
            let inputs = found.into_iter().map(|(leg, ..)| leg.plan).collect();
            let fields = wanted.fields(&source);
            return Table { open, ..Table::new(Plan { op: Op::Union { inputs }, fields }) };
        }
        let found =
            found.into_iter().map(|(leg, own, name)| shaped(leg, own, &source, name, &wanted));
        let found = found.collect();
        self.united(node, found, how)
    }

    /// The columns that `project` lists.
    fn projected(&mut self, by: Node<'_>, known: &Known<'_>, open: bool) -> Wanted {
        let mut wanted = Wanted { columns: Vec::new(), pack: false };
        for item in items(by) {
            let typed = item.kind() == Binary && operators_of(item) == [":"];
            let mut parts = item.nodes();
            let (name, ty) = match item.kind() {
                Call if item.child(NameRef).map(name_text).is_some_and(|n| n == "pack_all") => {
                    wanted.pack = true;
                    continue;
                }
                NameRef => (name_text(item), None),
                Binary if typed => {
                    let name = parts.next().map(name_text).unwrap_or_default();
                    (name, parts.next().and_then(|ty| Type::named(ty.text())))
                }
                _ => {
                    let message = self.in_operator("Column name expected.");
                    self.error(crate::diagnostic::Code::Syntax, item, message);
                    continue;
                }
            };
            let ty = ty.or_else(|| known.ty(&name));
            if ty.is_none() && !open {
                self.unresolved_scalar(item, &name, None);
            }
            wanted.columns.push(Field { name: name.into(), ty: ty.unwrap_or(Type::Dynamic) });
        }
        wanted
    }
}

/// The columns of all tables by name, in order of first appearance: how many tables have each, and its type there;
/// `dynamic` if they do not agree. Counted in one go, as all tables together may have tens of thousands of columns.
struct Known<'t> {
    order: Vec<&'t Name>,
    columns: HashMap<&'t str, (usize, Type)>,
}

impl<'t> Known<'t> {
    fn of(tables: impl Iterator<Item = &'t [Field]>) -> Self {
        let mut known = Self { order: Vec::new(), columns: HashMap::new() };
        for field in tables.flatten() {
            let (count, ty) = known.columns.entry(&field.name).or_insert_with(|| {
                known.order.push(&field.name);
                (0, field.ty)
            });
            *count += 1;
            if *ty != field.ty {
                *ty = Type::Dynamic;
            }
        }
        known
    }

    fn ty(&self, name: &str) -> Option<Type> {
        self.columns.get(name).map(|(_, ty)| *ty)
    }
}

/// The columns that all tables have or that the predicate names, the others in a bag.
fn smart(known: &Known<'_>, legs: usize, names: &BTreeSet<String>) -> Wanted {
    let mut columns: Vec<Field> = Vec::new();
    for name in &known.order {
        let Some((count, ty)) = known.columns.get(name.as_str()) else { continue };
        if *count == legs || names.contains(name.as_str()) {
            columns.push(Field { name: (*name).clone(), ty: *ty });
        }
    }
    Wanted { columns, pack: true }
}

/// The table with those of these columns as null that only others have.
fn with_missing(leg: Table, missing: &[Field]) -> Table {
    let has = |field: &&Field| leg.fields().iter().any(|own| own.name == field.name);
    let missing: Vec<&Field> = missing.iter().filter(|field| !has(field)).collect();
    if missing.is_empty() {
        return leg;
    }
    let null = |field: &Field| (field.name.clone(), literal(Value::Null(field.ty)));
    let mut columns = named_columns(leg.fields());
    columns.extend(missing.into_iter().map(null));
    let (open, name) = (leg.open, leg.name.clone());
    Table { open, name, ..Table::new(project(leg.plan, columns)) }
}

/// The columns that are wanted of a table whose first `own` columns are its own.
fn shaped(leg: Table, own: usize, source: &Name, name: String, wanted: &Wanted) -> Table {
    let fields = leg.plan.fields.clone();
    let places: HashMap<&str, usize> =
        fields.iter().take(own).enumerate().map(|(at, field)| (field.name.as_str(), at)).collect();
    let shown: HashSet<&str> = wanted.columns.iter().map(|field| field.name.as_str()).collect();
    let mut columns = vec![(source.clone(), literal(Value::String(name)))];
    for field in &wanted.columns {
        let value = match places.get(field.name.as_str()) {
            Some(at) => convert(column(&fields, *at), field.ty),
            None => literal(Value::Null(field.ty)),
        };
        columns.push((field.name.clone(), value));
    }
    if wanted.pack {
        let mut pairs = Vec::new();
        for (at, field) in fields.iter().enumerate().take(own) {
            if !shown.contains(field.name.as_str()) {
                pairs.push(super::call::text(&field.name));
                pairs.push(column(&fields, at));
            }
        }
        columns.push(("pack_".into(), call("bag_pack", pairs, Type::Dynamic)));
    }
    Table { open: leg.open, ..Table::new(project(leg.plan, columns)) }
}

/// Whether a predicate looks into whole rows.
fn any_term(node: Node<'_>) -> bool {
    match node.kind() {
        StarExpr => true,
        Literal => node.token(Text).is_some(),
        Paren => node.nodes().any(any_term),
        Binary if node.has_word("and") || node.has_word("or") => node.nodes().any(any_term),
        Binary => node.nodes().next().is_some_and(|left| left.kind() == StarExpr),
        _ => false,
    }
}

/// All names in an expression, and how many nodes it has.
fn mentioned(node: Node<'_>) -> (BTreeSet<String>, usize) {
    let (mut names, mut nodes) = (BTreeSet::new(), 0);
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        nodes += 1;
        if node.kind() == NameRef {
            names.insert(name_text(node));
        }
        stack.extend(node.nodes());
    }
    (names, nodes)
}
