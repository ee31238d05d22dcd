//! A shelf with one query, which is the analyst's, and one dashboard, both called 1.
//! Deliberately absent: keeping anything.

use api::{Asked, DeskError, Saved};
use model::{QueryDraft, SavedDashboard, SavedQuery};

use super::fakes::now;

pub(crate) struct FakeSaved;

fn saved(owner: String, draft: QueryDraft) -> SavedQuery {
    let QueryDraft { name, text, timespan, shared } = draft;
    SavedQuery { id: "1".into(), name, text, timespan, owner, shared, updated: now() }
}

fn kept(document: String, version: u64) -> SavedDashboard {
    SavedDashboard { id: "1".into(), document, version, updated: now() }
}

fn known<T>(id: &str, found: T) -> Result<T, DeskError> {
    if id == "1" { Ok(found) } else { Err(DeskError::Unknown(format!("there is no `{id}`"))) }
}

fn told<T: Send + 'static>(answer: Result<T, DeskError>) -> Asked<'static, T> {
    Box::pin(async move { answer })
}

impl Saved for FakeSaved {
    fn queries(&self, owner: String) -> Asked<'_, Vec<SavedQuery>> {
        let draft =
            QueryDraft { name: "mine".into(), text: "T".into(), timespan: None, shared: false };
        told(Ok(vec![saved(owner, draft)]))
    }

    fn add_query(&self, owner: String, draft: QueryDraft) -> Asked<'_, SavedQuery> {
        told(Ok(saved(owner, draft)))
    }

    fn change_query(
        &self,
        id: String,
        owner: Option<String>,
        draft: QueryDraft,
    ) -> Asked<'_, SavedQuery> {
        told(known(&id, saved(owner.unwrap_or_else(|| "anybody".into()), draft)))
    }

    fn remove_query(&self, id: String, _owner: Option<String>) -> Asked<'_, ()> {
        told(known(&id, ()))
    }

    fn dashboards(&self) -> Asked<'_, Vec<SavedDashboard>> {
        told(Ok(vec![kept(r#"{"title":"Mine","tiles":[]}"#.into(), 7)]))
    }

    fn dashboard(&self, id: String) -> Asked<'_, SavedDashboard> {
        told(known(&id, kept(r#"{"title":"Mine","tiles":[]}"#.into(), 7)))
    }

    fn add_dashboard(&self, document: String) -> Asked<'_, SavedDashboard> {
        told(Ok(kept(document, 1)))
    }

    fn change_dashboard(
        &self,
        id: String,
        expected: Option<u64>,
        document: String,
    ) -> Asked<'_, SavedDashboard> {
        told(match expected {
            Some(version) if version != 7 => Err(DeskError::Stale("it was changed".into())),
            _ => known(&id, kept(document, 8)),
        })
    }

    fn remove_dashboard(&self, id: String) -> Asked<'_, ()> {
        told(known(&id, ()))
    }
}
