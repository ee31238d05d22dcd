//! Joins providers to the lake: rows of an event come from the provider that wrote it, with what the configuration knows
//! of its tenant. The program's own rows (`alarms`) come the same way.
//! Deliberately absent: the mapping itself (`sources`) and the rows' storage (`lake`).

use std::sync::Arc;

use model::{ColumnMapper, EventContext, RowWriter, TableSchema};

use crate::alarms;
use crate::domains::LiveDomains;

/// The column mapper over every provider.
#[derive(Debug, Clone)]
pub(crate) struct Providers {
    /// Which domain a tenant has.
    pub(crate) domains: Arc<LiveDomains>,
}

impl ColumnMapper for Providers {
    fn table(&self, provider: &str) -> Option<&'static TableSchema> {
        match provider {
            alarms::PROVIDER => Some(&alarms::TABLE),
            _ => sources::find(provider).map(sources::Provider::table),
        }
    }

    fn columns(&self, raw: &[u8], context: EventContext<'_>, row: &mut dyn RowWriter) {
        if context.source.provider == alarms::PROVIDER {
            alarms::columns(raw, row);
        } else if let Some(provider) = sources::find(&context.source.provider) {
            let domains = self.domains.now();
            let domain = domains.of(context.source);
            provider.columns(raw, EventContext { domain, ..context }, row);
        }
    }
}
