//! Tenants and their sources: added, changed, removed, paused, given other secrets.
//! Deliberately absent: destinations (`goals`), and the order in which a change is brought about (`desk`).

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{ApplicationError, DeskError, MadeSource, Rotation, TenantDraft};
use model::{Problem, Secret, SignedDuration, SourceId};
use registry::ApplicationKind;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Inner, unknown};
use crate::roster::book::{Book, TenantEntry, tenant_key};
use crate::roster::documents::{Earlier, TOKENS, TenantDocument};
use crate::roster::{kinds, masking};

const KIND: ApplicationKind = ApplicationKind::Tenant;

impl Inner {
    pub(super) async fn add_tenant(
        &self,
        draft: TenantDraft,
    ) -> Result<Vec<MadeSource>, ApplicationError> {
        let (_turn, book) = self.turn().await?;
        let key = tenant_key(&draft.provider, &draft.name);
        if book.is_tenant_of_file(&draft.provider, &draft.name) {
            return Err(ApplicationError::NameOfFile(key));
        }
        if book.tenants.contains_key(&key) {
            return Err(
                DeskError::Taken(format!("there is a tenant called `{key}` already")).into()
            );
        }
        let mut document = TenantDocument {
            provider: draft.provider,
            name: draft.name,
            sources: draft.sources,
            paused: Default::default(),
            resumed: Default::default(),
            earlier: Default::default(),
        };
        let made = make_secrets(&mut document, None);
        self.save_tenant(book, document, None).await?;
        Ok(made)
    }

    pub(super) async fn change_tenant(
        &self,
        draft: TenantDraft,
    ) -> Result<Vec<MadeSource>, ApplicationError> {
        let (_turn, book) = self.turn().await?;
        let (old, version) = tenant(&book, &draft.provider, &draft.name)?;
        let mut document = TenantDocument {
            sources: with_kept_secrets(&draft.provider, draft.sources, Some(&old)),
            ..(*old).clone()
        };
        let sources = document.sources.clone();
        document.paused.retain(|name, _| sources.contains_key(name));
        document.resumed.retain(|name, _| sources.contains_key(name));
        let made = make_secrets(&mut document, Some(&old));
        // Whoever writes another secret has no use for the one before, and may have learned that it is known to others.
        let TenantDocument { sources, earlier, .. } = &mut document;
        earlier
            .retain(|name, _| sources.get(name).map(tokens) == old.sources.get(name).map(tokens));
        self.save_tenant(book, document, Some(version)).await?;
        Ok(made)
    }

    pub(super) async fn remove_tenant(
        &self,
        provider: String,
        name: String,
    ) -> Result<(), ApplicationError> {
        let (_turn, mut book) = self.turn().await?;
        let key = tenant_key(&provider, &name);
        // The registry's entry is removed also where the file has one of the same name, and where it cannot be read.
        if !book.tenants.contains_key(&key) {
            return Err(match book.is_tenant_of_file(&provider, &name) {
                true => ApplicationError::ManagedByFile(key),
                false => unknown("tenant", &key),
            });
        }
        let removed = key.clone();
        self.tools
            .registry
            .ask(move |registry| registry.remove_application(KIND, &removed))
            .await?;
        book.tenants.remove(&key);
        self.settle(book).await
    }

    pub(super) async fn pause_source(
        &self,
        id: SourceId,
        pause: bool,
    ) -> Result<(), ApplicationError> {
        let (_turn, book) = self.turn().await?;
        let (old, version) = tenant_of(&book, &id)?;
        if old.paused.contains_key(&id.source) == pause {
            return Ok(());
        }
        let (mut document, now) = ((*old).clone(), self.clock().now());
        if pause {
            document.resumed.remove(&id.source);
            document.paused.insert(id.source, now);
        } else {
            document.paused.remove(&id.source);
            document.resumed.insert(id.source, now);
        }
        self.save_tenant(book, document, Some(version)).await
    }

    pub(super) async fn rotate_source(
        &self,
        id: SourceId,
        wanted: Rotation,
    ) -> Result<Option<Secret>, ApplicationError> {
        let (_turn, book) = self.turn().await?;
        let (old, version) = tenant_of(&book, &id)?;
        let mut document = (*old).clone();
        let way = sources::find(&id.provider).and_then(|provider| {
            kinds::of_source(provider, &id.source, document.sources.get(&id.source)?)
        });
        let written = document.sources.get_mut(&id.source).and_then(Value::as_object_mut);
        let (Some(kind), Some(written)) = (way, written) else {
            return Err(unknown("source", &id.to_string()));
        };
        if kind.is_polled {
            rotate_poll(&kind.schema, written, wanted.secret)?;
            self.save_tenant(book, document, Some(version)).await?;
            return Ok(None);
        }
        let made = wanted.secret.is_none().then(new_secret);
        let secret = wanted.secret.or_else(|| made.clone());
        let tokens = json!([secret.as_ref().map(Secret::expose)]);
        let tokens = written.insert(TOKENS.to_owned(), tokens).unwrap_or_default();
        let hours = SignedDuration::from_hours(i64::from(wanted.keep_old_hours));
        document.earlier.remove(&id.source);
        if wanted.keep_old_hours > 0
            && let Ok(until) = self.clock().now().checked_add(hours)
        {
            document.earlier.insert(id.source, Earlier { tokens, until });
        }
        self.save_tenant(book, document, Some(version)).await?;
        Ok(made)
    }

    /// Judges a document, writes it and brings it about.
    async fn save_tenant(
        &self,
        mut book: Book,
        mut document: TenantDocument,
        version: Option<u64>,
    ) -> Result<(), ApplicationError> {
        let (key, now) = (tenant_key(&document.provider, &document.name), self.clock().now());
        document.earlier.retain(|_, earlier| earlier.until > now);
        let mut entry = book.tenant_entry(document, 1, self.clock());
        if !entry.problems.is_empty() {
            return Err(ApplicationError::Wrong(entry.problems));
        }
        let written = written(&entry)?;
        let saved = key.clone();
        let registry = &self.tools.registry;
        let save = registry.ask(move |registry| match version {
            None => registry.add_application(KIND, &saved, &written),
            Some(version) => registry.change_application(KIND, &saved, &written, version),
        });
        entry.version = save.await?;
        book.tenants.insert(key, entry);
        self.settle(book).await
    }
}

fn written(entry: &TenantEntry) -> Result<Value, ApplicationError> {
    serde_json::to_value(entry.document.as_deref())
        .map_err(|error| ApplicationError::NotStarted(error.to_string()))
}

type Known = (Arc<TenantDocument>, u64);

/// A tenant that can be changed here.
fn tenant(book: &Book, provider: &str, name: &str) -> Result<Known, ApplicationError> {
    let key = tenant_key(provider, name);
    if book.is_tenant_of_file(provider, name) {
        return Err(ApplicationError::ManagedByFile(key));
    }
    let Some(entry) = book.tenants.get(&key) else { return Err(unknown("tenant", &key)) };
    match &entry.document {
        Some(document) => Ok((document.clone(), entry.version)),
        None => Err(ApplicationError::Wrong(entry.problems.clone())),
    }
}

/// The tenant of a source that can be changed here.
fn tenant_of(book: &Book, id: &SourceId) -> Result<Known, ApplicationError> {
    let found = tenant(book, &id.provider, &id.tenant)?;
    match found.0.sources.contains_key(&id.source) {
        true => Ok(found),
        false => Err(unknown("source", &id.to_string())),
    }
}

/// Sources of a draft, with the secrets of what there is that they leave out.
pub(super) fn with_kept_secrets(
    provider: &str,
    mut sources: Map<String, Value>,
    old: Option<&TenantDocument>,
) -> Map<String, Value> {
    let Some(provider) = sources::find(provider) else { return sources };
    for (name, written) in &mut sources {
        let known = old.and_then(|old| old.sources.get(name)).and_then(Value::as_object);
        let kind = kinds::of_source(provider, name, written);
        if let (Some(kind), Some(known), Some(draft)) = (kind, known, written.as_object_mut()) {
            masking::kept(&kind.schema, draft, known);
        }
    }
    sources
}

/// Makes secrets for sources that are told events and have none. Those that are new or have a new secret are given back.
fn make_secrets(document: &mut TenantDocument, old: Option<&TenantDocument>) -> Vec<MadeSource> {
    let TenantDocument { provider, name: tenant, sources, .. } = document;
    let mut secrets: BTreeMap<String, Secret> = BTreeMap::new();
    for (name, fields) in receivers_without_secrets(provider, sources) {
        let secret = new_secret();
        fields.insert(TOKENS.to_owned(), json!([secret.expose()]));
        secrets.insert(name, secret);
    }
    let Some(known) = sources::find(provider) else { return Vec::new() };
    let told = sources.iter().filter(|(name, written)| {
        kinds::of_source(known, name, written).is_some_and(|kind| !kind.is_polled)
    });
    let is_new = |name: &String| old.is_none_or(|old| !old.sources.contains_key(name));
    told.filter(|(name, _)| is_new(name) || secrets.contains_key(*name))
        .map(|(name, _)| MadeSource {
            source: SourceId {
                provider: provider.clone(),
                tenant: tenant.clone(),
                source: name.clone(),
            },
            secret: secrets.get(name).cloned(),
        })
        .collect()
}

/// The secrets of a source that is told events.
fn tokens(source: &Value) -> &Value {
    &source[TOKENS]
}

/// The sources that are told events and have no secret, with their fields.
pub(super) fn receivers_without_secrets<'a>(
    provider: &str,
    sources: &'a mut Map<String, Value>,
) -> Vec<(String, &'a mut Map<String, Value>)> {
    let Some(provider) = sources::find(provider) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, written) in sources {
        let is_told = kinds::of_source(provider, name, written).is_some_and(|kind| !kind.is_polled);
        let Some(fields) = written.as_object_mut().filter(|_| is_told) else { continue };
        let is_given = fields.get(TOKENS).is_some_and(|tokens| match tokens {
            Value::Array(tokens) => !tokens.is_empty(),
            Value::String(token) => !token.is_empty(),
            other => !other.is_null(),
        });
        if !is_given {
            found.push((name.clone(), fields));
        }
    }
    found
}

/// 244 random bits of the system.
fn new_secret() -> Secret {
    Secret::new(format!("dlp_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()))
}

/// Puts another secret in the place of the one that a poll has.
fn rotate_poll(
    schema: &Value,
    written: &mut Map<String, Value>,
    secret: Option<Secret>,
) -> Result<(), ApplicationError> {
    let wrong = |message: &str, hint: &str| {
        ApplicationError::Wrong(vec![Problem::new("secret", message, hint)])
    };
    let Some(secret) = secret else {
        let hint = "make another one at the provider, and give it here";
        return Err(wrong("is missing", hint));
    };
    let name = match masking::secrets(schema, written).as_slice() {
        [name] => (*name).to_owned(),
        _ => return Err(wrong("has no one place", "edit the source instead")),
    };
    written.insert(name, Value::from(secret.expose()));
    Ok(())
}
