//! What a query asks of the data before it can be bound: the slots of bags, the values of a column. Deliberately absent:
//! what becomes of the answers (`kql`).

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use kql::Asked;
use kql::plan::Field;
use kql::types::Type;

use crate::dynamic::{self, Kind};
use crate::error::{Error, Result};
use crate::kernel::Text;

/// How many columns may come out of the data. A table of Kusto may have 10,000; each of these costs a look into every row.
pub(crate) const FOUND_COLUMNS_MAX: usize = 2_000;

/// An answer in the making.
pub(crate) enum Found {
    /// Slots with the type of all their values so far.
    Slots(BTreeMap<String, Type>),
    Values(BTreeSet<String>),
}

impl Found {
    pub(crate) const fn new(asked: Asked) -> Self {
        match asked {
            Asked::Slots => Self::Slots(BTreeMap::new()),
            Asked::Values => Self::Values(BTreeSet::new()),
        }
    }

    /// Takes in some of the rows.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(column) = batch.columns().first() else { return Ok(()) };
        let text = Text::of(column)?;
        for row in 0..batch.num_rows() {
            match self {
                Self::Slots(slots) => {
                    if let Some(bag) = text.opt(row) {
                        add_slots(bag, slots);
                    }
                }
                Self::Values(values) => {
                    if !values.contains(text.get(row)) {
                        values.insert(text.get(row).to_owned());
                    }
                }
            }
        }
        let (count, operator) = match self {
            Self::Slots(slots) => (slots.len(), "bag_unpack"),
            Self::Values(values) => (values.len(), "pivot"),
        };
        if count > FOUND_COLUMNS_MAX {
            return Err(Error::TooManyColumns { operator, columns_max: FOUND_COLUMNS_MAX });
        }
        Ok(())
    }

    /// The answer, in the order of names.
    pub(crate) fn fields(self) -> Vec<Field> {
        match self {
            Self::Slots(slots) => {
                slots.into_iter().map(|(name, ty)| Field { name: name.into(), ty }).collect()
            }
            Self::Values(values) => values
                .into_iter()
                .map(|name| Field { name: name.into(), ty: Type::String })
                .collect(),
        }
    }
}

/// Notes the slots of one bag. A null value says nothing about its slot.
fn add_slots(bag: &str, slots: &mut BTreeMap<String, Type>) {
    for (name, value) in dynamic::members(bag).unwrap_or_default() {
        let ty = match dynamic::kind(&value) {
            Kind::Null => continue,
            Kind::Bool => Type::Bool,
            Kind::Long => Type::Long,
            Kind::Real => Type::Real,
            Kind::String => Type::String,
            Kind::Array | Kind::Bag => Type::Dynamic,
        };
        match slots.get_mut(&name) {
            None => drop(slots.insert(name, ty)),
            Some(known) if *known != ty => *known = Type::Dynamic,
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_the_type_that_all_its_values_have() {
        for (bags, expected) in [
            (&[][..], vec![]),
            (&["null", "[1]", "5"][..], vec![]),
            (&[r#"{"b":1,"a":"x"}"#][..], vec![("a", Type::String), ("b", Type::Long)]),
            (&[r#"{"a":1}"#, r#"{"a":2.5}"#][..], vec![("a", Type::Dynamic)]),
            (&[r#"{"a":null}"#, r#"{"a":true}"#, r#"{"n":null}"#][..], vec![("a", Type::Bool)]),
            (&[r#"{"a":{"b":1}}"#, r#"{"a":[]}"#][..], vec![("a", Type::Dynamic)]),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect();
            let mut slots = BTreeMap::new();
            bags.iter().for_each(|bag| add_slots(bag, &mut slots));
            assert_eq!(slots.into_iter().collect::<Vec<_>>(), expected, "{bags:?}");
        }
    }
}
