//! The decision on one event that arrived: new, or known, and then by which channels. An event that is known by its id is
//! decided by that. Otherwise, where channels share no ids, it is matched by what it says: of several events with one
//! content the first is taken that this channel has not brought yet. So two different events that say the same are never
//! taken for one, as long as each channel brings each once.
//! Deliberately absent: making decisions durable (`marks`, `row`).

use super::channels::{Admission, Channels};
use super::hash::nth_of_content;
use super::index::Index;
use super::{DAY_WITHOUT_TIME, Key};
use crate::limits::CONTENT_EVENTS_MAX;

/// By what an event that arrived may be known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// By its id.
    pub(crate) id: Option<Key>,
    /// By what it says.
    pub(crate) content: Option<Key>,
    /// How it came.
    pub(crate) channel: Channels,
    /// Of events of this day and later it is remembered by which channels they came.
    pub(crate) marked_from: i32,
}

/// Something to be remembered of an event besides its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Whose.
    pub(crate) key: Key,
    /// What the key is.
    pub(crate) kind: MarkKind,
    /// The channel by which it came.
    pub(crate) channel: Channels,
}

/// What a mark's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkKind {
    /// The hash of an id.
    Id,
    /// The hash of a content; one mark for each event of it.
    Content,
}

/// What decisions changed in the index, to be undone if they do not become durable; and the marks that they leave.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    before: Vec<(Key, Option<Channels>)>,
    /// To be made durable with the events.
    pub(crate) marks: Vec<Mark>,
}

impl Index {
    /// Decides on an event, and files it. `prepare` was called for it.
    pub(crate) fn admit(&mut self, arrival: Arrival, changes: &mut Changes) -> Admission {
        if let Some(key) = arrival.id
            && let Some(known) = self.known(key)
        {
            return self.admit_known(key, known, &arrival, changes);
        }
        let content = arrival.content.filter(|content| arrival.is_marked(*content));
        let admission = match content {
            Some(content) => self.admit_content(content, &arrival, changes),
            None => Admission::New,
        };
        if let Some(key) = arrival.id {
            self.file(key, None, arrival.channel, changes);
            if content.is_some() {
                // Its row may stand under the id of its twin, or have to wait: the id is known by the mark then.
                changes.mark(key, MarkKind::Id, arrival.channel);
            }
        }
        admission
    }

    fn admit_known(
        &mut self,
        key: Key,
        known: Channels,
        arrival: &Arrival,
        changes: &mut Changes,
    ) -> Admission {
        let admission = match known.admission(arrival.channel) {
            // Nobody remembers long enough whether it was counted before.
            _ if !arrival.is_marked(key) => Admission::Repeat,
            admission => admission,
        };
        if admission == Admission::Repeat {
            self.set(key, known);
        } else {
            self.file(key, Some(known), known | arrival.channel, changes);
            changes.mark(key, MarkKind::Id, arrival.channel);
        }
        admission
    }

    fn admit_content(
        &mut self,
        content: Key,
        arrival: &Arrival,
        changes: &mut Changes,
    ) -> Admission {
        for nth in 1..=CONTENT_EVENTS_MAX {
            let key = Key { day: content.day, hash: nth_of_content(content.hash, nth) };
            let known = self.known(key);
            if known.is_some_and(|known| known.holds(arrival.channel)) {
                continue;
            }
            let channels = known.unwrap_or_default() | arrival.channel;
            self.file(key, known, channels, changes);
            changes.mark(content, MarkKind::Content, arrival.channel);
            return known.map_or(Admission::New, |known| known.admission(arrival.channel));
        }
        Admission::New
    }

    fn file(
        &mut self,
        key: Key,
        before: Option<Channels>,
        channels: Channels,
        changes: &mut Changes,
    ) {
        changes.before.push((key, before));
        self.set(key, channels);
    }

    /// Undoes decisions whose transaction was rolled back.
    pub(crate) fn undo(&mut self, changes: &Changes) {
        for (key, before) in changes.before.iter().rev() {
            match before {
                Some(channels) => self.set(*key, *channels),
                None => self.remove(*key),
            }
        }
    }
}

impl Arrival {
    fn is_marked(&self, key: Key) -> bool {
        key.day != DAY_WITHOUT_TIME && key.day >= self.marked_from
    }
}

impl Changes {
    /// The days that were decided on.
    pub(crate) fn days(&self) -> impl Iterator<Item = i32> + '_ {
        self.before.iter().map(|(key, _)| key.day)
    }

    fn mark(&mut self, key: Key, kind: MarkKind, channel: Channels) {
        self.marks.push(Mark { key, kind, channel });
    }
}
