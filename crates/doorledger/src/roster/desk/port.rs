//! The desk behind the port of `api`: what is shown, without secrets, and changes that go on if whoever asked goes away.
//! Deliberately absent: the changes themselves.

use std::future::Future;

use api::{
    ApplicationError, Applications, DestinationDraft, DestinationTest, Done, Kinds, MadeSource,
    ManagedBy, Rotation, ShownDestination, ShownSource, ShownTenant, TenantDraft, TenantTest,
    TestCheck,
};
use model::{Secret, SourceId, Via};
use serde_json::{Map, Value};

use super::{Desk, Inner};
use crate::config::ConfiguredDestination;
use crate::roster::book::{GoalEntry, TenantEntry};
use crate::roster::{Source, checks, goal_checks, kinds, masking};

/// Where receivers are served.
const RECEIVERS: &str = "/ingest/";

/// A change in a task of its own.
fn detached<T: Send + 'static>(
    change: impl Future<Output = Result<T, ApplicationError>> + Send + 'static,
) -> Done<'static, T> {
    Box::pin(async move {
        let changed = tokio::spawn(change).await;
        changed.unwrap_or_else(|error| Err(ApplicationError::NotStarted(error.to_string())))
    })
}

impl Applications for Desk {
    fn kinds(&self) -> Kinds {
        kinds::all()
    }

    fn tenants(&self) -> Vec<ShownTenant> {
        let book = self.0.book();
        let mut tenants: Vec<ShownTenant> = Vec::new();
        for source in &book.file.sources {
            let id = &source.configured.id;
            let known = tenants
                .iter_mut()
                .find(|tenant| tenant.provider == id.provider && tenant.name == id.tenant);
            match known {
                Some(tenant) => tenant.sources.push(self.0.shown_source(source)),
                None => {
                    let sources = vec![self.0.shown_source(source)];
                    tenants.push(self.0.tenant(id, ManagedBy::File, sources));
                }
            }
        }
        tenants.extend(book.tenants.iter().map(|(key, entry)| self.0.registered(key, entry)));
        tenants
    }

    fn add_tenant(&self, draft: TenantDraft) -> Done<'_, Vec<MadeSource>> {
        let inner = self.0.clone();
        detached(async move { inner.add_tenant(draft).await })
    }

    fn change_tenant(&self, draft: TenantDraft) -> Done<'_, Vec<MadeSource>> {
        let inner = self.0.clone();
        detached(async move { inner.change_tenant(draft).await })
    }

    fn remove_tenant(&self, provider: String, name: String) -> Done<'_, ()> {
        let inner = self.0.clone();
        detached(async move { inner.remove_tenant(provider, name).await })
    }

    fn test_tenant(&self, wanted: TenantTest) -> Done<'_, Vec<TestCheck>> {
        Box::pin(async move {
            let sources = self.0.tested_tenant(wanted)?;
            Ok(checks::of_sources(self.0.tools.supervisor.parts(), &sources).await)
        })
    }

    fn pause_source(&self, source: SourceId, pause: bool) -> Done<'_, ()> {
        let inner = self.0.clone();
        detached(async move { inner.pause_source(source, pause).await })
    }

    fn rotate_source(&self, source: SourceId, wanted: Rotation) -> Done<'_, Option<Secret>> {
        let inner = self.0.clone();
        detached(async move { inner.rotate_source(source, wanted).await })
    }

    fn destinations(&self) -> Vec<ShownDestination> {
        let book = self.0.book();
        let file = book.file.destinations.iter().map(|goal| ShownDestination {
            name: goal.name().to_owned(),
            kind: goal.configured.kind.to_owned(),
            managed: ManagedBy::File,
            paused: false,
            config: shown_destination(&goal.configured),
            problems: Vec::new(),
        });
        let added = book.goals.iter().map(|(name, entry)| registered_goal(name, entry));
        file.chain(added).collect()
    }

    fn add_destination(&self, draft: DestinationDraft) -> Done<'_, ()> {
        let inner = self.0.clone();
        detached(async move { inner.add_destination(draft).await })
    }

    fn change_destination(&self, draft: DestinationDraft) -> Done<'_, ()> {
        let inner = self.0.clone();
        detached(async move { inner.change_destination(draft).await })
    }

    fn remove_destination(&self, name: String) -> Done<'_, ()> {
        let inner = self.0.clone();
        detached(async move { inner.remove_destination(name).await })
    }

    fn test_destination(&self, wanted: DestinationTest) -> Done<'_, Vec<TestCheck>> {
        Box::pin(async move {
            let destination = self.0.tested_destination(wanted)?;
            let parts = self.0.tools.supervisor.parts();
            let roster = self.0.tools.roster.now();
            let sources: Vec<SourceId> =
                roster.sources.iter().map(|source| source.configured.id.clone()).collect();
            let destination = destination.destination.as_ref();
            Ok(goal_checks::of_destination(parts, destination, &sources).await)
        })
    }

    fn pause_destination(&self, name: String, pause: bool) -> Done<'_, ()> {
        let inner = self.0.clone();
        detached(async move { inner.pause_destination(name, pause).await })
    }
}

impl Inner {
    /// A tenant, and which domain it has.
    fn tenant(&self, id: &SourceId, managed: ManagedBy, sources: Vec<ShownSource>) -> ShownTenant {
        let domains = self.tools.supervisor.parts().domains.now();
        ShownTenant {
            provider: id.provider.clone(),
            name: id.tenant.clone(),
            domain: domains.of(id).map(str::to_owned),
            managed,
            sources,
            problems: Vec::new(),
        }
    }

    /// A tenant of the registry; of one that does not run, what was written.
    fn registered(&self, key: &str, entry: &TenantEntry) -> ShownTenant {
        let (provider, name) = key.split_once('/').unwrap_or(("", key));
        let id = SourceId {
            provider: provider.to_owned(),
            tenant: name.to_owned(),
            source: String::new(),
        };
        let sources = entry.runs.iter().map(|source| self.shown_source(source)).collect();
        let problems = entry.problems.clone();
        ShownTenant { problems, ..self.tenant(&id, ManagedBy::Registry, sources) }
    }

    fn shown_source(&self, source: &Source) -> ShownSource {
        let configured = &source.configured;
        let id = &configured.id;
        let is_polled = source.is_polled();
        let mut written = configured.written.as_object().cloned().unwrap_or_default();
        written.extend(configured.beside.clone());
        // No field of a form: it says which form it is.
        let kind = written.remove_entry("kind");
        let schema = kinds::schema(configured.provider, is_polled);
        let start = || written.get("start").and_then(Value::as_str).unwrap_or("now").to_owned();
        ShownSource {
            source: id.to_string(),
            name: id.source.clone(),
            via: if is_polled { Via::Poll } else { Via::Push },
            paused: source.is_paused,
            collection_start: is_polled.then(start),
            config: fields_of(masking::shown(&schema, &written)).into_iter().chain(kind).collect(),
            url: (!is_polled).then(|| format!("{RECEIVERS}{id}")),
            // What was, is over.
            earlier_until: source.earlier_until.filter(|until| *until > self.clock().now()),
        }
    }
}

fn registered_goal(name: &str, entry: &GoalEntry) -> ShownDestination {
    let goal = entry.runs.first();
    let kind = entry.document.as_ref().and_then(|document| document.written.get("kind"));
    ShownDestination {
        name: name.to_owned(),
        kind: kind.and_then(Value::as_str).unwrap_or_default().to_owned(),
        managed: ManagedBy::Registry,
        paused: goal.is_some_and(|goal| goal.is_paused),
        config: goal.map_or_else(Map::default, |goal| shown_destination(&goal.configured)),
        problems: entry.problems.clone(),
    }
}

fn shown_destination(configured: &ConfiguredDestination) -> Map<String, Value> {
    let Some(kind) = destinations::find(configured.kind) else { return Map::new() };
    let mut written: Map<String, Value> =
        configured.written.as_object().cloned().unwrap_or_default();
    written.remove("name");
    written.remove("kind");
    fields_of(masking::shown(&kinds::of_destination(kind), &written))
}

fn fields_of(shown: Value) -> Map<String, Value> {
    match shown {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
