//! Tables that are damaged: they are named, can be asked for, and answer with what is wrong, while every other table
//! answers as ever. A lake with such a table is not written to: nothing may cover what happened.
//! Deliberately absent: finding the damage (`delta`, `pinning`, `verify`) and repairing it (`repair`).

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use deltalake::DeltaTableError;
use model::TableSchema;
use serde::Serialize;

use crate::Error;
use crate::layout::Layout;
use crate::provider::shown_schema;
use crate::status::TableStatus;

/// A table that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableDamage {
    /// Its name.
    pub table: String,
    /// What is wrong, with the file.
    pub what: String,
    /// What a person can do about it.
    pub hint: String,
}

/// A table that cannot be used, as queries see it.
#[derive(Debug, Clone)]
pub(crate) struct Damaged {
    pub(crate) damage: TableDamage,
    /// The columns that queries see.
    pub(crate) shown: SchemaRef,
}

impl Damaged {
    /// The table called `name`, which could not be opened; `None` if the trouble may pass by itself.
    pub(crate) fn of(name: &str, error: &Error) -> Option<Self> {
        let lasting = match error {
            Error::DamagedLog { .. } | Error::ForeignTable { .. } | Error::Unpinned { .. } => true,
            // A store that cannot be reached says nothing about what it holds.
            Error::Table { source, .. } => !matches!(**source, DeltaTableError::ObjectStore { .. }),
            _ => false,
        };
        let hint = match error {
            Error::Table { .. } => "run `doorledger doctor`: it names the damage and the repair",
            _ => error.hint(),
        };
        let damage = TableDamage {
            table: name.to_owned(),
            what: crate::error::chain(error),
            hint: hint.to_owned(),
        };
        let columns = Layout::new(&TableSchema { name: "", columns: &[] });
        lasting.then(|| Self { damage, shown: shown_schema(&columns.schema) })
    }

    /// Gives it the columns of its provider, so that a query is refused for the damage and not for its columns.
    pub(crate) fn with_columns(&mut self, schema: &TableSchema) {
        self.shown = shown_schema(&Layout::new(schema).schema);
    }

    pub(crate) fn status(&self) -> TableStatus {
        TableStatus {
            name: self.damage.table.clone(),
            rows: 0,
            bytes: 0,
            files: 0,
            version: 0,
            tail_rows: 0,
            tail_bytes: 0,
            committed_offset: 0,
            last_commit: None,
            error: Some(self.damage.what.clone()),
        }
    }
}

#[async_trait]
impl TableProvider for Damaged {
    fn schema(&self) -> SchemaRef {
        self.shown.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let reason = format!("table `{}`: {}", self.damage.table, self.damage.what);
        Err(DataFusionError::External(Box::new(Error::Damaged { reason })))
    }
}
