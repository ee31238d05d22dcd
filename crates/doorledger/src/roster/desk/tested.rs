//! What a test is about: a draft, with the secrets of what there is that it leaves out, or what there is.
//! Deliberately absent: testing (`checks`), and changing anything.

use std::sync::Arc;

use api::{ApplicationError, DestinationDraft, DestinationTest, TenantTest};
use serde_json::{Map, Value, json};

use super::goals::entry_of;
use super::tenants::{receivers_without_secrets, with_kept_secrets};
use super::{Inner, unknown};
use crate::config::{self, ConfiguredDestination, ConfiguredSource};
use crate::roster::book::tenant_key;
use crate::roster::documents::TOKENS;

impl Inner {
    /// The sources that are to be tested.
    pub(super) fn tested_tenant(
        &self,
        wanted: TenantTest,
    ) -> Result<Vec<Arc<ConfiguredSource>>, ApplicationError> {
        let TenantTest { provider, name, sources } = wanted;
        let book = self.book();
        let Some(sources) = sources else {
            let roster = self.tools.roster.now();
            let all = roster.sources.iter().map(|source| source.configured.clone());
            let found: Vec<_> =
                all.filter(|it| it.id.provider == provider && it.id.tenant == name).collect();
            return match found.is_empty() {
                true => Err(unknown("tenant", &tenant_key(&provider, &name))),
                false => Ok(found),
            };
        };
        let key = tenant_key(&provider, &name);
        let old = book.tenants.get(&key).and_then(|entry| entry.document.clone());
        let mut sources = with_kept_secrets(&provider, sources, old.as_deref());
        // A secret is made when it is saved; a test needs none.
        for (_, fields) in receivers_without_secrets(&provider, &mut sources) {
            fields.insert(TOKENS.to_owned(), json!(["not made yet"]));
        }
        let written = json!({ "provider": provider, "name": name, "sources": sources });
        let read = config::tenant(&written).map_err(ApplicationError::Wrong)?;
        Ok(read.into_iter().map(Arc::new).collect())
    }

    /// The destination that is to be tested.
    pub(super) fn tested_destination(
        &self,
        wanted: DestinationTest,
    ) -> Result<Arc<ConfiguredDestination>, ApplicationError> {
        let DestinationTest { name, kind, config } = wanted;
        let Some(kind) = kind else {
            let roster = self.tools.roster.now();
            let found = roster.destinations.iter().find(|goal| goal.name() == name);
            let found = found.map(|goal| goal.configured.clone());
            return found.ok_or_else(|| unknown("destination", &name));
        };
        let book = self.book();
        let old = book.goals.get(&name).and_then(|entry| entry.document.clone());
        let draft = DestinationDraft { name, kind, config };
        let written: Map<String, Value> = entry_of(draft, old.as_deref());
        let read = config::destination(&Value::Object(written));
        read.map(Arc::new).map_err(ApplicationError::Wrong)
    }
}
