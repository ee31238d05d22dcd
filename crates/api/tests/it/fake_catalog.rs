//! A catalog of one table and one stored function. Deliberately absent: functions of the language.

use kql::catalog::{Catalog, Lender, StoredFunction};
use kql::plan::{Field, Fields};
use kql::types::Type;

/// A catalog of one table, without functions.
pub(crate) struct OneTable;

impl Lender for OneTable {
    fn lend(&self, ask: &mut dyn FnMut(&dyn Catalog)) {
        ask(self);
    }
}

impl Catalog for OneTable {
    fn table(&self, name: &str) -> Option<Fields> {
        let field = |(name, ty): (&str, Type)| Field { name: name.into(), ty };
        let fields = [("Name", Type::String), ("_Offset", Type::Long), ("RawEvent", Type::Dynamic)]
            .map(field);
        (name == "Auth0Logs_CL").then(|| Fields::from(fields.to_vec()))
    }

    fn tables(&self) -> Vec<String> {
        vec!["Auth0Logs_CL".into()]
    }

    fn stored_function(&self, name: &str) -> Option<StoredFunction> {
        let function = |parameters: &str| StoredFunction {
            parameters: parameters.into(),
            body: "Auth0Logs_CL | project Name".into(),
        };
        (name == "Names").then(|| function("(since:timespan=1h)"))
    }

    fn functions(&self) -> Vec<String> {
        vec!["Names".into()]
    }

    fn stored_functions(&self) -> Vec<(String, String)> {
        vec![("Names".into(), "All names.".into())]
    }
}
