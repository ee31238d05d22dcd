//! What the binder is told of tables and functions. Deliberately absent: rows.

use std::sync::{Arc, LazyLock};

use datafusion::datasource::TableProvider;
use kql::catalog::{Catalog, StoredFunction};
use kql::plan::{Field, Fields};
use kql::signature::Signature;
use kql::types::Type;

use crate::lower::Scans;
use crate::stored::StoredFunctions;
use crate::watchlists::Watchlists;
use crate::{aggregates, functions};

/// The tables that can be asked about.
///
/// A provider's columns come as these Arrow types: `Utf8`, `Utf8View` or `LargeUtf8` for `string`, `guid`, `decimal` and
/// `dynamic` (JSON text); `Timestamp` in UTC for `datetime`; `Int64` ticks for `timespan`; `Int64`, `Int32`, `Float64` and
/// `Boolean` for the rest.
pub trait Tables: Send + Sync {
    /// The names of all tables.
    fn names(&self) -> Vec<String>;
    /// The columns of a table, in order; `None` if there is no such table. `Type` need not be among them.
    fn columns(&self, table: &str) -> Option<Vec<Field>>;
    /// Whether every table has a column `Type` that holds its name, as those of Log Analytics do.
    fn has_type_column(&self) -> bool {
        true
    }
    /// What scans a table, as it is at this moment.
    fn provider(&self, table: &str) -> Option<Arc<dyn TableProvider>>;
}

/// Tables, functions of the workspace and those that the engine runs, for a binder without an engine: a linter, an editor.
pub fn catalog<'a>(tables: &'a dyn Tables, stored: &'a StoredFunctions) -> impl Catalog + 'a {
    static NO_LISTS: LazyLock<Watchlists> = LazyLock::new(Watchlists::default);
    View { tables, stored, watchlists: &NO_LISTS }
}

/// Tables and functions as the binder and the lowering see them.
pub(crate) struct View<'a> {
    pub(crate) tables: &'a dyn Tables,
    pub(crate) stored: &'a StoredFunctions,
    pub(crate) watchlists: &'a Watchlists,
}

impl View<'_> {
    /// The columns of a table, with `Type` (the table's name) at the end if it is to be there and storage does not have it.
    fn columns(&self, table: &str) -> Option<Vec<Field>> {
        let mut fields = self.tables.columns(table)?;
        let named = self.tables.has_type_column();
        if named && !fields.iter().any(|field| field.name == "Type") {
            fields.push(Field { name: "Type".into(), ty: Type::String });
        }
        Some(fields)
    }
}

impl Catalog for View<'_> {
    fn table(&self, name: &str) -> Option<Fields> {
        self.columns(name).map(Fields::from)
    }

    fn tables(&self) -> Vec<String> {
        self.tables.names()
    }

    fn function(&self, name: &str) -> Option<&Signature> {
        functions::find(name).map(|function| &function.signature)
    }

    fn aggregate(&self, name: &str) -> Option<&Signature> {
        aggregates::signature(name)
    }

    fn stored_function(&self, name: &str) -> Option<StoredFunction> {
        self.stored.get(name).map(|stored| stored.function.clone())
    }

    fn watchlist(&self, name: &str) -> Option<Fields> {
        self.watchlists.columns(name).map(Fields::from)
    }

    fn watchlists(&self) -> Vec<String> {
        self.watchlists.names()
    }

    fn functions(&self) -> Vec<String> {
        let aggregates = aggregates::SIGNATURES.iter().map(|signature| signature.name);
        let mut names: Vec<String> =
            functions::names().chain(aggregates).map(str::to_owned).collect();
        names.extend(self.stored.iter().map(|(name, _)| name.to_owned()));
        names
    }

    fn stored_functions(&self) -> Vec<(String, String)> {
        self.stored.iter().map(|(name, stored)| (name.to_owned(), stored.doc.clone())).collect()
    }
}

impl Scans for View<'_> {
    fn scan(&self, table: &str) -> Option<(Arc<dyn TableProvider>, Vec<Field>)> {
        Some((self.tables.provider(table)?, self.columns(table)?))
    }

    fn watchlist(&self, name: &str) -> Option<(Arc<dyn TableProvider>, Vec<Field>)> {
        self.watchlists.scan(name)
    }
}
