//! Every application that is known: what the configuration file names, and what was added to the registry. The file wins
//! where both name the same; an entry that cannot be used stops nothing else, and says what is wrong with it.
//! Deliberately absent: writing and running them (`desk`).

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Clock, Problem};
use registry::{ApplicationKind, StoredApplication, UnreadableApplication};
use serde::de::DeserializeOwned;

use super::documents::{GoalDocument, TenantDocument};
use super::{Goal, Snapshot, Source};

/// An entry of the registry.
#[derive(Clone)]
pub(super) struct Entry<D, R> {
    /// What was written; `None` if it cannot be read.
    pub(super) document: Option<Arc<D>>,
    /// Its version in the registry.
    pub(super) version: u64,
    /// What of it can be run.
    pub(super) runs: Vec<R>,
    /// Why nothing can.
    pub(super) problems: Vec<Problem>,
}

pub(super) type TenantEntry = Entry<TenantDocument, Source>;
pub(super) type GoalEntry = Entry<GoalDocument, Goal>;

/// What the registry has of one kind.
pub(super) type Stored = Vec<Result<StoredApplication, UnreadableApplication>>;

/// Everything that is known.
#[derive(Clone, Default)]
pub(super) struct Book {
    /// What the configuration file names.
    pub(super) file: Snapshot,
    /// Tenants of the registry by `provider/name`.
    pub(super) tenants: BTreeMap<String, TenantEntry>,
    /// Destinations of the registry by name.
    pub(super) goals: BTreeMap<String, GoalEntry>,
    /// Whether the registry could be read. If not, nobody knows what it holds.
    pub(super) is_read: bool,
}

/// The key of a tenant in the registry.
pub(super) fn tenant_key(provider: &str, name: &str) -> String {
    format!("{provider}/{name}")
}

impl Book {
    /// Reads what the registry holds.
    pub(super) fn read(&mut self, tenants: Stored, goals: Stored, clock: &Arc<dyn Clock>) {
        for stored in tenants {
            let (key, version, document) = opened::<TenantDocument>(stored);
            let entry = match document {
                Ok(document) => self.tenant_entry(document, version, clock),
                Err(problem) => unusable(version, problem),
            };
            report("tenant", &key, &entry.problems);
            self.tenants.insert(key, entry);
        }
        for stored in goals {
            let (key, version, document) = opened::<GoalDocument>(stored);
            let entry = match document {
                Ok(document) => self.goal_entry(&key, document, version),
                Err(problem) => unusable(version, problem),
            };
            report("destination", &key, &entry.problems);
            self.goals.insert(key, entry);
        }
        self.is_read = true;
    }

    /// The entry of a tenant with this document.
    pub(super) fn tenant_entry(
        &self,
        document: TenantDocument,
        version: u64,
        clock: &Arc<dyn Clock>,
    ) -> TenantEntry {
        let key = tenant_key(&document.provider, &document.name);
        let previous = self.tenants.get(&key).map_or(&[][..], |entry| &entry.runs);
        let built = if self.is_tenant_of_file(&document.provider, &document.name) {
            Err(vec![shadowed()])
        } else {
            document.sources(previous, clock)
        };
        entry(document, version, built)
    }

    /// The entry of a destination with this document.
    pub(super) fn goal_entry(&self, name: &str, document: GoalDocument, version: u64) -> GoalEntry {
        let previous = self.goals.get(name).and_then(|entry| entry.runs.first());
        let built = if self.is_destination_of_file(name) {
            Err(vec![shadowed()])
        } else {
            document.goal(previous).map(|goal| vec![goal])
        };
        entry(document, version, built)
    }

    /// Whether the configuration file names this tenant.
    pub(super) fn is_tenant_of_file(&self, provider: &str, name: &str) -> bool {
        let ids = self.file.sources.iter().map(|source| &source.configured.id);
        ids.into_iter().any(|id| id.provider == provider && id.tenant == name)
    }

    /// Whether the configuration file names this destination.
    pub(super) fn is_destination_of_file(&self, name: &str) -> bool {
        self.file.destinations.iter().any(|goal| goal.name() == name)
    }

    /// Everything that can be run.
    pub(super) fn snapshot(&self) -> Snapshot {
        let added = self.tenants.values().flat_map(|entry| entry.runs.clone());
        let goals = self.goals.values().flat_map(|entry| entry.runs.clone());
        let kept = self
            .goals
            .iter()
            .filter(|(name, entry)| entry.runs.is_empty() && !self.is_destination_of_file(name));
        let kept = kept.map(|(name, entry)| {
            let reason = entry.problems.first().map(ToString::to_string);
            (name.clone(), reason.unwrap_or_default())
        });
        Snapshot {
            sources: self.file.sources.iter().cloned().chain(added).collect(),
            destinations: self.file.destinations.iter().cloned().chain(goals).collect(),
            kept: kept.collect(),
            is_partial: !self.is_read,
        }
    }
}

fn entry<D, R>(document: D, version: u64, built: Result<Vec<R>, Vec<Problem>>) -> Entry<D, R> {
    let (runs, problems) = match built {
        Ok(runs) => (runs, Vec::new()),
        Err(problems) => (Vec::new(), problems),
    };
    Entry { document: Some(Arc::new(document)), version, runs, problems }
}

fn unusable<D, R>(version: u64, problem: Problem) -> Entry<D, R> {
    Entry { document: None, version, runs: Vec::new(), problems: vec![problem] }
}

/// Key, version and document of what was stored. Why a document is none is told without its content.
fn opened<D: DeserializeOwned>(
    stored: Result<StoredApplication, UnreadableApplication>,
) -> (String, u64, Result<D, Problem>) {
    match stored {
        Ok(stored) => {
            let document = serde_json::from_value(stored.document).map_err(|_| {
                let hint = "remove it and add it again; another version of the program may have written it";
                Problem::new("", "is no document of this version of the program", hint)
            });
            (stored.key, stored.version, document)
        }
        Err(UnreadableApplication { key, reason }) => {
            let hint = "put registry.key back from a copy, or remove the entry and add it again";
            (key, 0, Err(Problem::new("", reason, hint)))
        }
    }
}

fn report(what: &str, key: &str, problems: &[Problem]) {
    for problem in problems {
        let hint = problem.hint.as_str();
        tracing::error!(what, key, hint, "an entry of the registry is not used: {problem}");
    }
}

fn shadowed() -> Problem {
    let hint = "the file's entry is used; remove one of the two";
    Problem::new("", "the configuration file has one of the same name", hint)
}

/// Reads both kinds.
pub(super) fn stored(registry: &registry::Registry) -> Result<(Stored, Stored), registry::Error> {
    let tenants = registry.applications(ApplicationKind::Tenant)?;
    Ok((tenants, registry.applications(ApplicationKind::Destination)?))
}
