//! Which events a replay has settled beyond the moment before which all are. An event is told by who brought it, its offset
//! and its id: an id is unique within its tenant only, some events have none, and a new journal begins at offset 1 again.
//! Deliberately absent: how far a replay is otherwise (`saved`).

use std::collections::{BTreeMap, HashSet};

use destinations::Outgoing;
use model::SourceId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of settled events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SettledEvents {
    /// Offset and id of each, by who brought it.
    of_sources: BTreeMap<SourceId, HashSet<(u64, String)>>,
    /// Events of a file that told their ids alone.
    unowned: u64,
}

impl SettledEvents {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.of_sources.values().map(HashSet::len).sum()
    }

    /// Whether this event is among them.
    pub(super) fn contains(&self, event: &Outgoing) -> bool {
        let of_source = self.of_sources.get(event.source.as_ref());
        of_source.is_some_and(|settled| settled.contains(&(event.offset, event.id.clone())))
    }

    /// Adds an event.
    pub(super) fn insert(&mut self, event: &Outgoing) {
        let told = (event.offset, event.id.clone());
        match self.of_sources.get_mut(event.source.as_ref()) {
            Some(settled) => settled.insert(told),
            None => self.of_sources.entry(event.source.as_ref().clone()).or_default().insert(told),
        };
    }

    /// Forgets the events of which only ids are known, and tells how many these were. Whose they are is unknown, so they
    /// count as not settled: an event may be sent twice, but none is passed over for the sake of another.
    pub(super) fn forget_unowned(&mut self) -> u64 {
        std::mem::take(&mut self.unowned)
    }
}

/// An entry of the file that is read.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    OfSource {
        #[serde(flatten)]
        source: SourceId,
        events: HashSet<(u64, String)>,
    },
    /// How earlier versions wrote an event.
    Id(#[expect(dead_code, reason = "it does not say whose it is")] String),
}

impl Serialize for SettledEvents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.of_sources.iter().map(|(source, events)| Written { source, events }))
    }
}

/// An entry that is written: the source once for all of its events.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    source: &'a SourceId,
    events: &'a HashSet<(u64, String)>,
}

impl<'de> Deserialize<'de> for SettledEvents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut read = Self::default();
        for entry in Vec::<Entry>::deserialize(deserializer)? {
            match entry {
                Entry::OfSource { source, events } => {
                    read.of_sources.entry(source).or_default().extend(events);
                }
                Entry::Id(_) => read.unowned += 1,
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use model::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn event(tenant: &str, offset: u64, id: &str) -> Outgoing {
        let source = SourceId {
            provider: "auth0".to_owned(),
            tenant: tenant.to_owned(),
            source: "poll".to_owned(),
        };
        Outgoing {
            source: Arc::new(source),
            domain: None,
            offset,
            id: id.to_owned(),
            time: None,
            received: Timestamp::UNIX_EPOCH,
            raw: Bytes::new(),
        }
    }

    #[test]
    fn the_same_id_of_another_tenant_and_another_event_without_id_are_not_settled() {
        let mut settled = SettledEvents::default();
        settled.insert(&event("acme", 7, "900"));
        settled.insert(&event("acme", 9, ""));
        let written = serde_json::to_string(&settled).unwrap();
        let read: SettledEvents = serde_json::from_str(&written).unwrap();
        assert_eq!((read.len(), &read), (2, &settled));
        for (tenant, offset, id, expected) in [
            ("acme", 7, "900", true),
            ("acme", 9, "", true),
            ("globex", 7, "900", false),
            ("acme", 8, "900", false),
            ("acme", 10, "", false),
            ("acme", 7, "", false),
        ] {
            assert_eq!(
                read.contains(&event(tenant, offset, id)),
                expected,
                "{tenant} {offset} {id}"
            );
        }
    }

    /// What the file says, how many events are known from it, how many only by their ids.
    #[track_caller]
    fn check_read(written: Value, expected: (usize, u64)) {
        let mut read: SettledEvents = serde_json::from_value(written).unwrap();
        assert_eq!((read.len(), read.forget_unowned()), expected);
    }

    #[test]
    fn a_file_of_ids_alone_is_read_and_settles_nothing() {
        check_read(json!([]), (0, 0));
        check_read(json!(["900", "901"]), (0, 2));
        let source = json!({ "provider": "auth0", "tenant": "acme", "source": "poll", "events": [[7, "900"]] });
        check_read(json!([source]), (1, 0));
        assert!(serde_json::from_value::<SettledEvents>(json!([{ "events": [] }])).is_err());
    }
}
