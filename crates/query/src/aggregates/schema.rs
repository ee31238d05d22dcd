//! `buildschema`: the smallest schema that all values of a group fit. Deliberately absent: schemas of tables (`getschema`).

use std::collections::HashMap;

use datafusion::common::{Result, ScalarValue};
use serde_json::{Map, Value};

use super::{Fold, Setup, damaged};
use crate::dynamic;
use crate::kernel::Args;

/// How deep values are looked into; what lies deeper is not described.
const DEPTH_MAX: usize = 32;

/// The name under which the elements of an array are described.
const INDEXER: &str = "`indexer`";

/// `buildschema(value)`.
pub(super) fn buildschema(_: &Setup) -> Box<dyn Fold> {
    Box::new(Schema::default())
}

/// What was seen at one place of the values: types of single values, members of bags, elements of arrays.
#[derive(Debug, Default)]
struct Schema {
    types: Vec<String>,
    members: Vec<(String, Self)>,
    /// Where each member stands.
    places: HashMap<String, usize>,
    is_bag: bool,
    elements: Option<Box<Self>>,
}

impl Schema {
    fn add_type(&mut self, name: &str) {
        if !self.types.iter().any(|known| known == name) {
            self.types.push(name.to_owned());
        }
    }

    fn member(&mut self, name: &str) -> &mut Self {
        let next = self.members.len();
        let at = *self.places.entry(name.to_owned()).or_insert(next);
        if at == next {
            self.members.push((name.to_owned(), Self::default()));
        }
        &mut self.members[at].1
    }

    fn see(&mut self, json: &str, depth: usize) {
        if depth >= DEPTH_MAX {
            return;
        }
        match dynamic::kind(json) {
            dynamic::Kind::Null => {}
            dynamic::Kind::Array => {
                let elements = self.elements.get_or_insert_default();
                for element in dynamic::elements(json).unwrap_or_default() {
                    elements.see(&element, depth + 1);
                }
            }
            dynamic::Kind::Bag => {
                self.is_bag = true;
                for (name, value) in dynamic::members(json).unwrap_or_default() {
                    self.member(&name).see(&value, depth + 1);
                }
            }
            _ => self.add_type(dynamic::type_name(json)),
        }
    }

    /// The schema as Kusto writes it: one alternative by itself, several in an array.
    fn value(&self) -> Value {
        let mut all: Vec<Value> = self.types.iter().cloned().map(Value::String).collect();
        if self.is_bag || self.elements.is_some() {
            let members = self.members.iter().map(|(name, schema)| (name.clone(), schema.value()));
            let mut bag: Map<String, Value> = members.collect();
            if let Some(elements) = &self.elements {
                bag.insert(INDEXER.to_owned(), elements.value());
            }
            all.push(Value::Object(bag));
        }
        match all.len() {
            0 => Value::Null,
            1 => all.swap_remove(0),
            _ => Value::Array(all),
        }
    }

    /// Takes in what [`Schema::value`] gave.
    fn absorb(&mut self, value: &Value) {
        match value {
            Value::String(name) => self.add_type(name),
            Value::Array(all) => all.iter().for_each(|one| self.absorb(one)),
            Value::Object(bag) => {
                for (name, schema) in bag {
                    if name == INDEXER {
                        self.elements.get_or_insert_default().absorb(schema);
                    } else {
                        self.is_bag = true;
                        self.member(name).absorb(schema);
                    }
                }
                self.is_bag |= bag.is_empty();
            }
            _ => {}
        }
    }
}

impl Fold for Schema {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        let json = args.text(0)?;
        for row in 0..args.rows {
            if let Some(json) = json.opt(row) {
                self.see(json, 0);
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        self.value().to_string().into_bytes()
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        let value: Value = serde_json::from_slice(saved).map_err(|_| damaged())?;
        self.absorb(&value);
        Ok(())
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        let value = self.value();
        Ok(ScalarValue::Utf8View((!value.is_null()).then(|| value.to_string())))
    }

    fn size(&self) -> usize {
        let members = self.members.iter().map(|(name, schema)| 3 * name.len() + schema.size());
        size_of::<Self>()
            + members.sum::<usize>()
            + self.elements.as_ref().map_or(0, |elements| elements.size())
    }
}
