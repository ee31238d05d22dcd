//! Every event that a stand-in ever published, as it stands in the stand-in's own books: its ids, its hour, and its bytes
//! as the API and as the push channel tell it.
//! Deliberately absent: what became of the events.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use serde_json::Value;

use super::stage::Stage;

/// What the two channels of OneLogin tell alike, besides the second: events that agree in all of it cannot be told apart,
/// and only their number can be compared.
const SAID: [&str; 8] = [
    "account_id",
    "event_type_id",
    "actor_user_id",
    "user_id",
    "app_id",
    "role_id",
    "ipaddr",
    "notes",
];

/// What was published.
pub(super) struct Truth {
    /// By the Auth0 tenant.
    pub(super) acme: Published,
    /// By the OneLogin account.
    pub(super) globex: Published,
}

/// What one tenant published.
pub(super) struct Published {
    events: Vec<Event>,
    by_id: HashMap<String, usize>,
    /// How many events are in each group of events that cannot be told apart.
    groups: Vec<u32>,
}

/// One event.
pub(super) struct Event {
    /// The API's id.
    pub(super) id: String,
    /// The hour in which it happened: `2026-11-20T10`.
    pub(super) hour: String,
    /// As the API tells it.
    pub(super) listed: Bytes,
    /// As the push channel tells it.
    pub(super) pushed: Bytes,
    /// Which group it belongs to; of an event that nothing is confused with, its own.
    pub(super) group: usize,
}

impl Event {
    /// The day in which it happened: `2026-11-20`.
    pub(super) fn day(&self) -> &str {
        self.hour.split('T').next().unwrap_or_default()
    }
}

impl Truth {
    /// Reads the books of both tenants. Nothing may happen any more.
    pub(super) fn of(stage: &Stage) -> Result<Self> {
        Ok(Self { acme: acme(stage)?, globex: globex(stage)? })
    }
}

impl Published {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.events.len()
    }

    /// All of them.
    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The event that an id of either channel stands for.
    pub(super) fn find(&self, id: &str) -> Option<&Event> {
        self.by_id.get(id).and_then(|at| self.events.get(*at))
    }

    /// How many events are in each group.
    pub(super) fn groups(&self) -> &[u32] {
        &self.groups
    }

    /// How many events there are of each hour.
    pub(super) fn per_hour(&self) -> BTreeMap<String, u64> {
        let mut hours = BTreeMap::new();
        for event in &self.events {
            *hours.entry(event.hour.clone()).or_insert(0) += 1;
        }
        hours
    }
}

/// A log stream sends the API's object without its first member, `_id`.
fn acme(stage: &Stage) -> Result<Published> {
    let (ids, texts) = (stage.acme.ids(), stage.acme.events());
    ensure!(ids.len() == texts.len(), "the Auth0 stand-in let go of events");
    let mut events = Vec::with_capacity(ids.len());
    let mut by_id = HashMap::with_capacity(ids.len());
    for (number, (id, listed)) in ids.into_iter().zip(texts).enumerate() {
        let told: Value = serde_json::from_slice(&listed).context("read an Auth0 event")?;
        let head = format!("{{\"_id\":\"{id}\",");
        let rest =
            listed.strip_prefix(head.as_bytes()).context("an Auth0 event begins with _id")?;
        let pushed = Bytes::from([b"{", rest].concat());
        by_id.insert(id.clone(), number);
        events.push(Event { id, hour: hour(&told["date"])?, listed, pushed, group: number });
    }
    let groups = vec![1; events.len()];
    Ok(Published { events, by_id, groups })
}

fn globex(stage: &Stage) -> Result<Published> {
    let (ids, texts, webhooks) =
        (stage.globex.ids(), stage.globex.events(), stage.globex.webhook_events());
    ensure!(
        ids.len() == texts.len() && ids.len() == webhooks.len(),
        "the OneLogin stand-in let go of events"
    );
    let mut published = Published { events: Vec::new(), by_id: HashMap::new(), groups: Vec::new() };
    let mut groups: HashMap<String, usize> = HashMap::new();
    for (number, ((id, uuid), (listed, pushed))) in
        ids.into_iter().zip(texts.into_iter().zip(webhooks)).enumerate()
    {
        let told: Value = serde_json::from_slice(&listed).context("read a OneLogin event")?;
        let fresh = groups.len();
        let group = *groups.entry(said(&told)).or_insert(fresh);
        if group == fresh {
            published.groups.push(0);
        }
        if let Some(count) = published.groups.get_mut(group) {
            *count += 1;
        }
        for known in [id.to_string(), uuid] {
            published.by_id.insert(known, number);
        }
        let hour = hour(&told["created_at"])?;
        published.events.push(Event { id: id.to_string(), hour, listed, pushed, group });
    }
    Ok(published)
}

/// The second, and what both channels say.
fn said(told: &Value) -> String {
    let second = told["created_at"].as_str().unwrap_or_default();
    let mut text = second.get(..19).unwrap_or(second).to_owned();
    for member in SAID {
        text.push('|');
        text.push_str(&told[member].to_string());
    }
    text
}

/// `2026-11-20T10` of `2026-11-20T10:20:30.123Z`.
fn hour(time: &Value) -> Result<String> {
    let text = time.as_str().context("an event tells no time")?;
    text.get(..13).map(str::to_owned).context("an event's time is too short")
}
