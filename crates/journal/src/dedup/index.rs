//! The index over all days: loads a day when it is first touched, answers which ids are new, and keeps within its limit.
//! Deliberately absent: SQL (`row` reads the journal's own ids) and the lake (`StoredIds`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::SourceId;

use super::day::{Day, Id, IdSet, Seen, merge};
use super::{Channels, Key, StoredIds, StoredIdsError};
use crate::Error;
use crate::limits::{FILTER_IDS_MIN, FILTERED_IDS_PER_EXACT_ID};

/// Which ids are in journal and lake.
pub(crate) struct Index {
    days: BTreeMap<i32, Day>,
    /// Days that were loaded only to confirm a filter's hit, for the group of appends in hand.
    confirming: BTreeMap<i32, IdSet>,
    stored: Arc<dyn StoredIds>,
    exact_ids_max: usize,
    window_days: i32,
    group: u64,
}

/// Why it is unknown whether an event is new.
#[derive(Debug)]
pub(crate) enum IndexError {
    /// The lake did not answer.
    Stored {
        /// For this day.
        day: i32,
        /// Its words.
        source: StoredIdsError,
    },
    /// The journal's own ids could not be read.
    Journal(Error),
}

/// Reads what the journal itself knows.
pub(crate) trait JournalIds {
    /// The id of every event of that day that is in the journal, and the marks of that day, with their channels.
    fn ids_of_day(&self, day: i32) -> Result<IdSet, Error>;
    /// By which channel a source brings its events.
    fn channels_of(&self, source: &SourceId) -> Channels;
}

impl Index {
    /// An index that knows nothing yet. `window_days` before now is where most events come from.
    pub(crate) fn new(stored: Arc<dyn StoredIds>, exact_ids_max: usize, window_days: u32) -> Self {
        Self {
            days: BTreeMap::new(),
            confirming: BTreeMap::new(),
            stored,
            exact_ids_max,
            window_days: i32::try_from(window_days).unwrap_or(i32::MAX),
            group: 0,
        }
    }

    /// Loads whatever is needed to decide on events with these ids and contents. Only this can fail; nothing is added to
    /// the index.
    pub(crate) fn prepare(
        &mut self,
        keys: &[Option<Key>],
        contents: &[Option<Key>],
        journal: &impl JournalIds,
    ) -> Result<(), IndexError> {
        let mut last = None;
        for key in keys.iter().flatten() {
            if last != Some(key.day) {
                self.touch(key.day, journal)?;
                // Of a day without filters nothing is left to find out.
                last = self.days.get(&key.day).filter(|day| !day.has_filters()).map(|_| key.day);
            }
            if last.is_none() && !self.confirming.contains_key(&key.day) {
                let seen = self.days.get(&key.day).map(|day| day.look_up(key.hash));
                if seen == Some(Seen::Perhaps) {
                    let ids = self.load(key.day, journal)?;
                    self.confirming.insert(key.day, ids);
                }
            }
        }
        for content in contents.iter().flatten() {
            self.touch(content.day, journal)?;
            // Which of the events with this content is met depends on the day's channels: they are loaded whole.
            let has_filters = self.days.get(&content.day).is_some_and(Day::has_filters);
            if has_filters && !self.confirming.contains_key(&content.day) {
                let ids = self.load(content.day, journal)?;
                self.confirming.insert(content.day, ids);
            }
        }
        Ok(())
    }

    /// By which channels an id came, if it did. `prepare` was called for it.
    pub(super) fn known(&self, key: Key) -> Option<Channels> {
        match self.days.get(&key.day)?.look_up(key.hash) {
            Seen::Yes(channels) => Some(channels),
            Seen::No => None,
            Seen::Perhaps => {
                let id = Id::new(key.hash, Channels::NONE);
                self.confirming.get(&key.day)?.get(&id).map(|id| id.channels())
            }
        }
    }

    /// Files an id with its channels, whether it is new or not. An id that a filter had is kept in the exact set from now
    /// on: who comes twice may come a third time.
    pub(super) fn set(&mut self, key: Key, channels: Channels) {
        self.days.entry(key.day).or_default().set(key.hash, channels);
    }

    /// Takes an id out again.
    pub(super) fn remove(&mut self, key: Key) {
        if let Some(day) = self.days.get_mut(&key.day) {
            day.remove(key.hash);
        }
    }

    /// Forgets whole days, because it is unknown whether a transaction became durable. They are loaded again.
    pub(crate) fn forget(&mut self, days: &BTreeSet<i32>) {
        self.days.retain(|day, _| !days.contains(day));
    }

    /// Ends a group of appends: brings the index back within its limit. `today` is the day of now.
    pub(crate) fn settle(&mut self, today: i32) {
        self.group += 1;
        self.keep_confirmed();
        self.days.values_mut().for_each(Day::settle);
        let recent_ids_max = self.exact_ids_max / 2;
        self.days.values_mut().filter(|day| day.recent_ids() > recent_ids_max).for_each(Day::age);
        while self.exact_ids() > self.exact_ids_max && self.shrink(today) {}
        while self.filtered_ids() > self.exact_ids_max.saturating_mul(FILTERED_IDS_PER_EXACT_ID) {
            let Some(day) = self.longest_untouched(Day::has_filters) else { break };
            self.days.remove(&day);
        }
    }

    /// Ids in exact sets.
    pub(crate) fn exact_ids(&self) -> usize {
        self.days.values().map(Day::exact_ids).sum()
    }

    /// Ids in filters.
    pub(crate) fn filtered_ids(&self) -> usize {
        self.days.values().map(Day::filtered_ids).sum()
    }

    fn touch(&mut self, day: i32, journal: &impl JournalIds) -> Result<(), IndexError> {
        if !self.days.contains_key(&day) {
            let ids = self.load(day, journal)?;
            self.days.insert(day, Day::exact(ids));
        }
        if let Some(day) = self.days.get_mut(&day) {
            day.touched = self.group;
        }
        Ok(())
    }

    /// The journal is asked before the lake: an event that leaves the journal in between is in the lake by then.
    fn load(&self, day: i32, journal: &impl JournalIds) -> Result<IdSet, IndexError> {
        let mut ids = journal.ids_of_day(day).map_err(IndexError::Journal)?;
        let stored = self.stored.sourced_ids_of_day(day);
        let stored = stored.map_err(|source| IndexError::Stored { day, source })?;
        for sourced in stored {
            let source = sourced.source.as_ref();
            let channels = source.map_or(Channels::NONE, |source| journal.channels_of(source));
            ids.reserve(sourced.ids.len());
            sourced.ids.into_iter().for_each(|hash| merge(&mut ids, Id::new(hash, channels)));
        }
        Ok(ids)
    }

    /// Days that were loaded to confirm a hit stay exact where there is room: the next hit is likely in the same day.
    fn keep_confirmed(&mut self) {
        for (number, ids) in std::mem::take(&mut self.confirming) {
            let Some(day) = self.days.get_mut(&number) else { continue };
            if ids.len() <= self.exact_ids_max / 2 {
                let mut all = ids;
                day.exact_set().for_each(|id| merge(&mut all, id));
                let touched = day.touched;
                *day = Day::exact(all);
                day.touched = touched;
            }
        }
    }

    /// Frees some memory; whether it could.
    fn shrink(&mut self, today: i32) -> bool {
        if self.days.values().any(Day::is_freezing) {
            return false;
        }
        let before = self.exact_ids();
        let old = today.saturating_sub(self.window_days);
        let latest = self.days.values().map(|day| day.touched).max();
        let forgettable = self
            .days
            .iter()
            .filter(|(number, day)| **number < old && Some(day.touched) != latest)
            .map(|(number, day)| (day.touched, *number))
            .min();
        if let Some((_, number)) = forgettable {
            self.days.remove(&number);
            return true;
        }
        let largest_enough =
            |day: &Day| day.exact_ids() >= FILTER_IDS_MIN && Some(day.touched) != latest;
        if let Some(day) = self.longest_untouched(largest_enough) {
            self.days.get_mut(&day).into_iter().for_each(Day::freeze);
        } else {
            // All that is left is in use now: of the largest day only the latest ids stay exact, if any.
            let largest = self.days.values_mut().max_by_key(|day| day.exact_ids());
            largest.into_iter().for_each(Day::age);
        }
        self.exact_ids() < before
    }

    fn longest_untouched(&self, wanted: impl Fn(&Day) -> bool) -> Option<i32> {
        self.days
            .iter()
            .filter(|(_, day)| wanted(day))
            .min_by_key(|(_, day)| day.touched)
            .map(|(number, _)| *number)
    }
}
