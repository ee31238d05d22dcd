//! Applications of which there is one tenant, in the file: it remembers what was asked of it.
//! Deliberately absent: running anything.

use std::sync::{Mutex, PoisonError};

use api::{
    ApplicationError, Applications, DeskError, DestinationDraft, DestinationTest, Done, Kinds,
    MadeSource, ManagedBy, Rotation, ShownDestination, ShownSource, ShownTenant, TenantDraft,
    TenantTest, TestCheck,
};
use model::{Problem, Secret, SourceId, Via};
use serde_json::json;

#[derive(Default)]
pub(crate) struct FakeApplications {
    pub(crate) asked: Mutex<Vec<String>>,
}

impl FakeApplications {
    fn note(&self, what: String) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// Refuses what is called `file` or `taken`, and whatever has a field called `wrong`.
    fn judge<T: Send + 'static>(&self, what: String, is_wrong: bool, answer: T) -> Done<'_, T> {
        let is_of_file = what.contains("file");
        self.note(what.clone());
        Box::pin(async move {
            if is_of_file {
                return Err(ApplicationError::ManagedByFile(what));
            }
            if what.ends_with("taken") {
                return Err(
                    DeskError::Taken("there is one called `taken` already".to_owned()).into()
                );
            }
            if is_wrong {
                let problem = Problem::new("sources.poll.wrong", "is not a known field", "drop it");
                return Err(ApplicationError::Wrong(vec![problem]));
            }
            Ok(answer)
        })
    }

    fn tenant(&self, doing: &str, draft: &TenantDraft) -> Done<'_, Vec<MadeSource>> {
        let is_wrong = draft.sources.values().any(|fields| fields.get("wrong").is_some());
        let made = draft.sources.keys().filter(|name| *name != "poll").map(|name| MadeSource {
            source: SourceId {
                provider: draft.provider.clone(),
                tenant: draft.name.clone(),
                source: name.clone(),
            },
            secret: Some(Secret::new("made-here")),
        });
        let made: Vec<MadeSource> = made.collect();
        self.judge(format!("{doing} {}/{}", draft.provider, draft.name), is_wrong, made)
    }
}

impl Applications for FakeApplications {
    fn kinds(&self) -> Kinds {
        Kinds { providers: Vec::new(), destinations: Vec::new() }
    }

    fn tenants(&self) -> Vec<ShownTenant> {
        vec![ShownTenant {
            provider: "auth0".to_owned(),
            name: "file".to_owned(),
            domain: None,
            managed: ManagedBy::File,
            sources: vec![ShownSource {
                source: "auth0/file/stream".to_owned(),
                name: "stream".to_owned(),
                via: Via::Push,
                paused: false,
                collection_start: None,
                config: json!({"tokens": {"set": true}}).as_object().cloned().unwrap_or_default(),
                url: Some("/ingest/auth0/file/stream".to_owned()),
                earlier_until: None,
            }],
            problems: Vec::new(),
        }]
    }

    fn add_tenant(&self, draft: TenantDraft) -> Done<'_, Vec<MadeSource>> {
        self.tenant("add", &draft)
    }

    fn change_tenant(&self, draft: TenantDraft) -> Done<'_, Vec<MadeSource>> {
        self.tenant("change", &draft)
    }

    fn remove_tenant(&self, provider: String, name: String) -> Done<'_, ()> {
        self.judge(format!("remove {provider}/{name}"), false, ())
    }

    fn test_tenant(&self, wanted: TenantTest) -> Done<'_, Vec<TestCheck>> {
        self.judge(format!("test {}/{}", wanted.provider, wanted.name), false, Vec::new())
    }

    fn pause_source(&self, source: SourceId, pause: bool) -> Done<'_, ()> {
        self.judge(format!("pause {source} {pause}"), false, ())
    }

    fn rotate_source(&self, source: SourceId, wanted: Rotation) -> Done<'_, Option<Secret>> {
        let made = wanted.secret.is_none().then(|| Secret::new("made-here"));
        self.judge(format!("rotate {source} {}", wanted.keep_old_hours), false, made)
    }

    fn destinations(&self) -> Vec<ShownDestination> {
        Vec::new()
    }

    fn add_destination(&self, draft: DestinationDraft) -> Done<'_, ()> {
        self.judge(format!("add {} {}", draft.kind, draft.name), false, ())
    }

    fn change_destination(&self, draft: DestinationDraft) -> Done<'_, ()> {
        self.judge(format!("change {}", draft.name), false, ())
    }

    fn remove_destination(&self, name: String) -> Done<'_, ()> {
        self.judge(format!("remove {name}"), false, ())
    }

    fn test_destination(&self, wanted: DestinationTest) -> Done<'_, Vec<TestCheck>> {
        self.judge(format!("test {}", wanted.name), false, Vec::new())
    }

    fn pause_destination(&self, name: String, pause: bool) -> Done<'_, ()> {
        self.judge(format!("pause {name} {pause}"), false, ())
    }
}
