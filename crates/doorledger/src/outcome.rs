//! What became of events that were to be sent, on its way into the journal: counts for the ledger, and dead letters.
//! Deliberately absent: sending (`ship`, `replays`), and the places that pass these events.

use std::collections::BTreeMap;

use destinations::Outgoing;
use journal::{DeadLetter, Delivered, Deliveries, StoredEvent};

/// What became of the events of a parcel: which were refused for good, and why. The others are delivered.
pub(crate) struct Settled {
    /// Positions of all its events.
    pub(crate) events: Vec<usize>,
    /// Positions of those that were refused, and why.
    pub(crate) refused: Vec<(usize, String)>,
}

/// What is settled and not yet saved.
#[derive(Default)]
pub(crate) struct Unsaved {
    /// What was refused, or could not be sent.
    pub(crate) dead: Vec<DeadLetter>,
    /// The counts.
    pub(crate) deliveries: Deliveries,
}

impl Unsaved {
    /// Adds what became of the events of a parcel.
    pub(crate) fn add(&mut self, parcel: &Settled, events: &[Outgoing]) {
        let refused: BTreeMap<usize, &str> =
            parcel.refused.iter().map(|(position, why)| (*position, why.as_str())).collect();
        for position in &parcel.events {
            let Some(event) = events.get(*position) else { continue };
            let delivered = match refused.get(position) {
                Some(why) => {
                    self.dead.push(dead_letter(event, why));
                    Delivered { refused: 1, ..Delivered::default() }
                }
                None => Delivered { acknowledged: 1, ..Delivered::default() },
            };
            self.count(event, delivered);
        }
    }

    /// Adds events that no request can carry: their positions, and why.
    pub(crate) fn add_unsendable(&mut self, unsendable: &[(usize, String)], events: &[Outgoing]) {
        for (position, why) in unsendable {
            let Some(event) = events.get(*position) else { continue };
            self.dead.push(dead_letter(event, why));
            self.count(event, Delivered { unsendable: 1, ..Delivered::default() });
        }
    }

    fn count(&mut self, event: &Outgoing, delivered: Delivered) {
        self.deliveries.add(&event.source, event.time, event.received, delivered);
    }
}

/// An event that a destination refused, as a dead letter.
fn dead_letter(event: &Outgoing, reason: &str) -> DeadLetter {
    let stored = StoredEvent {
        offset: event.offset,
        id: event.id.clone(),
        time: event.time,
        raw: event.raw.clone(),
    };
    DeadLetter::of_event(&event.source, &stored, reason)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use model::{SourceId, Timestamp};

    use super::*;

    #[test]
    fn each_event_is_counted_once_as_what_it_became() {
        let source = SourceId {
            provider: "auth0".to_owned(),
            tenant: "acme".to_owned(),
            source: "poll".to_owned(),
        };
        let event = |offset| Outgoing {
            source: Arc::new(source.clone()),
            domain: None,
            offset,
            id: String::new(),
            time: None,
            received: Timestamp::UNIX_EPOCH,
            raw: Bytes::from_static(b"{}"),
        };
        let events: Vec<Outgoing> = (10..15).map(event).collect();
        let mut unsaved = Unsaved::default();
        let parcel = Settled {
            events: vec![0, 2, 4],
            refused: vec![(4, "no".to_owned()), (0, "no".to_owned())],
        };
        unsaved.add(&parcel, &events);
        unsaved.add_unsendable(&[(3, "too large".to_owned())], &events);
        let dead: Vec<(Option<u64>, &str)> =
            unsaved.dead.iter().map(|letter| (letter.offset, letter.reason.as_str())).collect();
        assert_eq!(dead, [(Some(10), "no"), (Some(14), "no"), (Some(13), "too large")]);
        let mut expected = Deliveries::new();
        let counts = Delivered { acknowledged: 1, refused: 2, unsendable: 1 };
        expected.add(&source, None, Timestamp::UNIX_EPOCH, counts);
        assert_eq!(unsaved.deliveries, expected);
    }
}
