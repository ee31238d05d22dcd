//! Watchlists: named lists that queries read with `_GetWatchlist('alias')`. A list is a table of texts with a key, made of a
//! CSV file. Deliberately absent: where lists are kept, and who may change them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::datasource::{MemTable, TableProvider};
use jiff::Timestamp;
use kql::plan::Field;
use kql::types::Type;

use crate::error::{Error, Result};
use crate::external::delimited::Records;
use crate::kernel::arrow_type;
use crate::{dynamic, ticks};

/// How many rows a list may have; Microsoft's own limit for all lists of a workspace is ten million.
const ROWS_MAX: usize = 1_000_000;

/// The columns that every list has in front of its own.
const OWN: [(&str, Type); 4] = [
    ("_DTItemId", Type::String),
    ("LastUpdatedTimeUTC", Type::DateTime),
    ("SearchKey", Type::String),
    ("WatchlistItem", Type::Dynamic),
];

/// One list.
#[derive(Debug, Clone)]
pub struct Watchlist {
    fields: Vec<Field>,
    table: Arc<MemTable>,
}

impl Watchlist {
    /// A list out of a CSV file whose first line names the columns. `search_key` is the column that rows are found by.
    ///
    /// # Errors
    /// A file without columns or with too many rows, or a key that is none of the columns.
    pub fn from_csv(text: &str, search_key: &str, updated: Timestamp) -> Result<Self, Error> {
        let mut records = Records::new(text, ',');
        let names = records.next().ok_or_else(|| wrong("the file is empty".to_owned()))?;
        let key = names.iter().position(|name| name == search_key).ok_or_else(|| {
            wrong(format!("the file has no column '{search_key}'; it has {}", names.join(", ")))
        })?;
        let records: Vec<Vec<String>> = records.take(ROWS_MAX + 1).collect();
        if records.len() > ROWS_MAX {
            return Err(wrong(format!("the file has more than {ROWS_MAX} rows")));
        }
        let mut fields: Vec<Field> =
            OWN.iter().map(|(name, ty)| Field { name: (*name).into(), ty: *ty }).collect();
        for name in &names {
            if fields.iter().any(|field| field.name == *name) {
                return Err(wrong(format!("the column '{name}' stands twice")));
            }
            fields.push(Field { name: name.into(), ty: Type::String });
        }
        let cell = |record: &Vec<String>, at: usize| record.get(at).cloned().unwrap_or_default();
        let texts = |values: Vec<String>| -> ArrayRef {
            Arc::new(StringViewArray::from_iter_values(values))
        };
        let moment = updated.as_microsecond() * 10 + ticks::UNIX_EPOCH;
        let mut columns: Vec<ArrayRef> = vec![
            texts((1..=records.len()).map(|row| row.to_string()).collect()),
            Arc::new(Int64Array::from(vec![moment; records.len()])),
            texts(records.iter().map(|record| cell(record, key)).collect()),
            texts(records.iter().map(|record| item(&names, record)).collect()),
        ];
        for at in 0..names.len() {
            columns.push(texts(records.iter().map(|record| cell(record, at)).collect()));
        }
        let schema = Arc::new(Schema::new(
            fields
                .iter()
                .map(|field| ArrowField::new(&field.name, arrow_type(field.ty), false))
                .collect::<Vec<_>>(),
        ));
        let batch = RecordBatch::try_new(schema.clone(), columns)?;
        let table = Arc::new(MemTable::try_new(schema, vec![vec![batch]])?);
        Ok(Self { fields, table })
    }
}

/// A row as a bag.
fn item(names: &[String], record: &[String]) -> String {
    let mut json = String::from("{");
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        dynamic::write_string(name, &mut json);
        json.push(':');
        dynamic::write_string(record.get(at).map_or("", String::as_str), &mut json);
    }
    json.push('}');
    json
}

fn wrong(message: String) -> Error {
    Error::Operator { operator: "_GetWatchlist", message }
}

/// Lists by alias.
#[derive(Debug, Clone, Default)]
pub struct Watchlists(BTreeMap<String, Watchlist>);

impl Watchlists {
    /// Adds a list, replacing one of the same alias.
    pub fn insert(&mut self, alias: impl Into<String>, list: Watchlist) {
        self.0.insert(alias.into(), list);
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    pub(crate) fn columns(&self, alias: &str) -> Option<Vec<Field>> {
        self.0.get(alias).map(|list| list.fields.clone())
    }

    pub(crate) fn scan(&self, alias: &str) -> Option<(Arc<dyn TableProvider>, Vec<Field>)> {
        let list = self.0.get(alias)?;
        Some((list.table.clone(), list.fields.clone()))
    }
}
