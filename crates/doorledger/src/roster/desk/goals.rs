//! Destinations: added, changed, removed, paused.
//! Deliberately absent: tenants (`tenants`), and giving up what a removed destination has not got (`crate::removed`).

use std::sync::Arc;

use api::{ApplicationError, DeskError, DestinationDraft};
use registry::ApplicationKind;
use serde_json::{Map, Value};

use super::{Inner, unknown};
use crate::roster::book::Book;
use crate::roster::documents::GoalDocument;
use crate::roster::{kinds, masking};

const KIND: ApplicationKind = ApplicationKind::Destination;

impl Inner {
    pub(super) async fn add_destination(
        &self,
        draft: DestinationDraft,
    ) -> Result<(), ApplicationError> {
        let (_turn, book) = self.turn().await?;
        if book.is_destination_of_file(&draft.name) {
            return Err(ApplicationError::NameOfFile(draft.name));
        }
        if book.goals.contains_key(&draft.name) {
            let message = format!("there is a destination called `{}` already", draft.name);
            return Err(DeskError::Taken(message).into());
        }
        let name = draft.name.clone();
        let document = GoalDocument { paused: None, written: entry_of(draft, None) };
        self.save_goal(book, name, document, None).await
    }

    pub(super) async fn change_destination(
        &self,
        draft: DestinationDraft,
    ) -> Result<(), ApplicationError> {
        let (_turn, book) = self.turn().await?;
        let (old, version) = goal(&book, &draft.name)?;
        let name = draft.name.clone();
        let document = GoalDocument { paused: old.paused, written: entry_of(draft, Some(&old)) };
        self.save_goal(book, name, document, Some(version)).await
    }

    pub(super) async fn remove_destination(&self, name: String) -> Result<(), ApplicationError> {
        let (_turn, mut book) = self.turn().await?;
        if !book.goals.contains_key(&name) {
            return Err(match book.is_destination_of_file(&name) {
                true => ApplicationError::ManagedByFile(name),
                false => unknown("destination", &name),
            });
        }
        let removed = name.clone();
        self.tools
            .registry
            .ask(move |registry| registry.remove_application(KIND, &removed))
            .await?;
        book.goals.remove(&name);
        self.settle(book).await
    }

    pub(super) async fn pause_destination(
        &self,
        name: String,
        pause: bool,
    ) -> Result<(), ApplicationError> {
        let (_turn, book) = self.turn().await?;
        let (old, version) = goal(&book, &name)?;
        if old.paused.is_some() == pause {
            return Ok(());
        }
        let paused = pause.then(|| self.clock().now());
        let document = GoalDocument { paused, ..(*old).clone() };
        self.save_goal(book, name, document, Some(version)).await
    }

    /// Judges a document, writes it and brings it about.
    async fn save_goal(
        &self,
        mut book: Book,
        name: String,
        document: GoalDocument,
        version: Option<u64>,
    ) -> Result<(), ApplicationError> {
        let written = serde_json::to_value(&document)
            .map_err(|error| ApplicationError::NotStarted(error.to_string()))?;
        let mut entry = book.goal_entry(&name, document, 1);
        if !entry.problems.is_empty() {
            return Err(ApplicationError::Wrong(entry.problems));
        }
        let saved = name.clone();
        let save = self.tools.registry.ask(move |registry| match version {
            None => registry.add_application(KIND, &saved, &written),
            Some(version) => registry.change_application(KIND, &saved, &written, version),
        });
        entry.version = save.await?;
        book.goals.insert(name, entry);
        self.settle(book).await
    }
}

/// A destination that can be changed here.
fn goal(book: &Book, name: &str) -> Result<(Arc<GoalDocument>, u64), ApplicationError> {
    if book.is_destination_of_file(name) {
        return Err(ApplicationError::ManagedByFile(name.to_owned()));
    }
    let Some(entry) = book.goals.get(name) else { return Err(unknown("destination", name)) };
    match &entry.document {
        Some(document) => Ok((document.clone(), entry.version)),
        None => Err(ApplicationError::Wrong(entry.problems.clone())),
    }
}

/// A draft as an entry of the configuration file, with the secrets of what there is that it leaves out.
pub(super) fn entry_of(draft: DestinationDraft, old: Option<&GoalDocument>) -> Map<String, Value> {
    let DestinationDraft { name, kind, mut config } = draft;
    if let (Some(old), Some(known)) = (old, destinations::find(&kind))
        && old.written.get("kind").and_then(Value::as_str) == Some(kind.as_str())
    {
        masking::kept(&kinds::of_destination(known), &mut config, &old.written);
    }
    config.insert("name".to_owned(), Value::from(name));
    config.insert("kind".to_owned(), Value::from(kind));
    config
}
