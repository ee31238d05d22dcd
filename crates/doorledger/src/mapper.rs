//! Joins providers to the lake: rows of an event come from the provider that wrote it.
//! Deliberately absent: the mapping itself (`sources`) and the rows' storage (`lake`).

use model::{ColumnMapper, EventContext, RowWriter, TableSchema};

/// The column mapper over every provider.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Providers;

impl ColumnMapper for Providers {
    fn table(&self, provider: &str) -> Option<&'static TableSchema> {
        sources::find(provider).map(sources::Provider::table)
    }

    fn columns(&self, raw: &[u8], context: EventContext<'_>, row: &mut dyn RowWriter) {
        if let Some(provider) = sources::find(&context.source.provider) {
            provider.columns(raw, context, row);
        }
    }
}
