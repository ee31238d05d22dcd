//! The ids of one day: two exact sets (what came lately, and what came before that) and filters of what came earlier.
//! A large set becomes a filter on a thread of its own, and answers until that is done: appends do not wait for it.
//! Deliberately absent: where ids are loaded from and when sets become filters (`index`).

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use xorf::{BinaryFuse32, Filter};

use super::{Channels, MARK_BITS};
use crate::limits::FILTER_IDS_INLINE_MAX;

/// An exact set of ids.
pub(crate) type IdSet = HashSet<Id, BuildHasherDefault<IdHasher>>;

/// An [`id_hash`](super::id_hash) with the channels by which its event came, which take the place of the hash's last bits:
/// so knowing them costs no memory. Ids are equal whatever their channels are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Id(u128);

impl Id {
    /// Of a hash and channels.
    pub(crate) fn new(hash: u128, channels: Channels) -> Self {
        Self((hash & !MARK_BITS) | u128::from(channels.bits()))
    }

    /// By which channels it came.
    pub(crate) fn channels(self) -> Channels {
        Channels::of_bits((self.0 & MARK_BITS) as u8)
    }

    /// What is the same for all channels.
    fn hash_alone(self) -> u128 {
        self.0 & !MARK_BITS
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.hash_alone() == other.hash_alone()
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.hash_alone());
    }
}

/// Puts an id into a set, with the channels that either tells.
pub(crate) fn merge(set: &mut IdSet, id: Id) {
    let held = set.get(&id).map(|held| held.channels());
    match held {
        None => {
            set.insert(id);
        }
        Some(held) => {
            set.replace(Id::new(id.0, held | id.channels()));
        }
    }
}

/// Takes the hash that an id already is.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        // The last bits are the channels' place.
        self.0 = (hash >> 4) as u64;
    }
}

/// What is known of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It was seen, by these channels.
    Yes(Channels),
    /// It was not.
    No,
    /// A filter holds it, or another id that looks like it.
    Perhaps,
}

/// The ids of one day. Everything that journal and lake hold of that day is in one of the sets or filters.
#[derive(Default)]
pub(crate) struct Day {
    recent: IdSet,
    older: IdSet,
    freezing: Option<Freezing>,
    filters: Vec<Frozen>,
    /// When it was last asked for: a count of groups of appends.
    pub(crate) touched: u64,
}

struct Frozen {
    filter: BinaryFuse32,
    ids: usize,
}

/// A set that is becoming a filter.
struct Freezing {
    ids: Arc<IdSet>,
    filter: Receiver<Option<BinaryFuse32>>,
}

impl Day {
    /// A day of which everything is known.
    pub(crate) fn exact(ids: IdSet) -> Self {
        Self { recent: ids, ..Self::default() }
    }

    /// What is known of `hash`.
    pub(crate) fn look_up(&self, hash: u128) -> Seen {
        let id = Id::new(hash, Channels::NONE);
        let freezing = self.freezing.as_ref();
        // What came last stands in the first of them: its channels count.
        let held = self
            .recent
            .get(&id)
            .or_else(|| self.older.get(&id))
            .or_else(|| freezing.and_then(|freezing| freezing.ids.get(&id)));
        if let Some(held) = held {
            Seen::Yes(held.channels())
        } else if self.filters.iter().any(|frozen| frozen.filter.contains(&filter_key(hash))) {
            Seen::Perhaps
        } else {
            Seen::No
        }
    }

    /// Sets an id with its channels, whether it is new or not. Filters are not asked.
    pub(crate) fn set(&mut self, hash: u128, channels: Channels) {
        self.recent.replace(Id::new(hash, channels));
    }

    /// Takes an id out again that was set since sets last became filters.
    pub(crate) fn remove(&mut self, hash: u128) {
        let id = Id::new(hash, Channels::NONE);
        self.recent.remove(&id);
        self.older.remove(&id);
    }

    /// Ids in exact sets, without those that are becoming a filter.
    pub(crate) fn exact_ids(&self) -> usize {
        self.recent.len() + self.older.len()
    }

    /// Ids of the latest exact set.
    pub(crate) fn recent_ids(&self) -> usize {
        self.recent.len()
    }

    /// Every id of the exact sets.
    pub(crate) fn exact_set(&self) -> impl Iterator<Item = Id> + '_ {
        let freezing = self.freezing.iter().flat_map(|freezing| freezing.ids.iter());
        self.recent.iter().chain(&self.older).chain(freezing).copied()
    }

    /// Ids in filters.
    pub(crate) fn filtered_ids(&self) -> usize {
        self.filters.iter().map(|frozen| frozen.ids).sum()
    }

    /// Whether some ids are known by filters only.
    pub(crate) fn has_filters(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Whether a set is becoming a filter. No other one can, until that is done.
    pub(crate) fn is_freezing(&self) -> bool {
        self.freezing.is_some()
    }

    /// Begins to turn all exact sets into a filter.
    pub(crate) fn freeze(&mut self) {
        if self.is_freezing() {
            return;
        }
        let mut ids = std::mem::take(&mut self.older);
        std::mem::take(&mut self.recent).into_iter().for_each(|id| merge(&mut ids, id));
        self.freeze_set(ids);
    }

    /// Begins to turn what did not come lately into a filter, and counts what came lately as older from now on. So a day
    /// that is too large for exact sets keeps its latest ids exact, which are those that come twice.
    pub(crate) fn age(&mut self) {
        if self.is_freezing() {
            return;
        }
        let older = std::mem::replace(&mut self.older, std::mem::take(&mut self.recent));
        self.freeze_set(older);
    }

    /// Takes over a filter that is ready.
    pub(crate) fn settle(&mut self) {
        let Some(Freezing { ids, filter }) = self.freezing.take() else { return };
        match filter.try_recv() {
            Ok(Some(filter)) => self.filters.push(Frozen { filter, ids: ids.len() }),
            Err(TryRecvError::Empty) => self.freezing = Some(Freezing { ids, filter }),
            // No filter came of it: the ids stay exact.
            Ok(None) | Err(TryRecvError::Disconnected) => {
                ids.iter().for_each(|id| merge(&mut self.older, *id));
            }
        }
    }

    fn freeze_set(&mut self, ids: IdSet) {
        if ids.is_empty() {
            return;
        }
        let ids = Arc::new(ids);
        let (sender, filter) = sync_channel(1);
        let build = {
            let ids = Arc::clone(&ids);
            // The day may have been forgotten in the meantime.
            move || drop(sender.send(filter_of(&ids)))
        };
        let large = ids.len() > FILTER_IDS_INLINE_MAX;
        self.freezing = Some(Freezing { ids, filter });
        if large {
            let thread = std::thread::Builder::new().name("journal-filter".to_owned());
            if let Err(error) = thread.spawn(build) {
                tracing::warn!(%error, "no thread to build a filter of ids");
            }
        } else {
            build();
        }
        self.settle();
    }
}

/// A filter of `ids`; `None` if it cannot be built, which is all but impossible.
fn filter_of(ids: &IdSet) -> Option<BinaryFuse32> {
    let mut keys: Vec<u64> = ids.iter().map(|id| filter_key(id.0)).collect();
    // Two ids that look alike to a filter would keep it from being built.
    keys.sort_unstable();
    keys.dedup();
    BinaryFuse32::try_from(keys).ok()
}

/// The half of the hash that the exact sets do not use for their places.
fn filter_key(hash: u128) -> u64 {
    (hash >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Channels = Channels::of(model::Via::Poll);
    const B: Channels = Channels::of(model::Via::Push);

    fn hash(n: u64) -> u128 {
        super::super::id_hash("p", "t", &n.to_string())
    }

    fn ids(numbers: std::ops::Range<u64>) -> IdSet {
        numbers.map(|n| Id::new(hash(n), A)).collect()
    }

    #[test]
    fn a_filter_never_forgets() {
        let mut day = Day::exact(ids(0..5000));
        day.freeze();
        assert_eq!((day.exact_ids(), day.filtered_ids()), (0, 5000));
        assert!((0..5000).all(|n| day.look_up(hash(n)) == Seen::Perhaps));
        assert!((5000..10_000).all(|n| day.look_up(hash(n)) == Seen::No));
    }

    #[test]
    fn ageing_keeps_the_latest_ids_exact() {
        let mut day = Day::exact(ids(0..2000));
        day.age();
        (2000..4000).for_each(|n| day.set(hash(n), A));
        day.age();
        assert_eq!((day.exact_ids(), day.filtered_ids()), (2000, 2000));
        assert_eq!(day.look_up(hash(1)), Seen::Perhaps);
        assert_eq!(day.look_up(hash(2001)), Seen::Yes(A));
    }

    #[test]
    fn the_latest_channels_count_wherever_an_id_stands() {
        let mut day = Day::exact(ids(0..10));
        day.age();
        day.set(hash(3), A | B);
        assert_eq!(day.look_up(hash(3)), Seen::Yes(A | B));
        assert_eq!(day.look_up(hash(4)), Seen::Yes(A));
        day.remove(hash(3));
        assert_eq!(day.look_up(hash(3)), Seen::No);
        let mut set = ids(0..2);
        merge(&mut set, Id::new(hash(1), B));
        assert_eq!(set.get(&Id::new(hash(1), Channels::NONE)).map(|id| id.channels()), Some(A | B));
        assert_eq!(set.len(), 2);
    }

    #[test]
    fn a_large_day_answers_exactly_until_its_filter_is_ready() {
        let count = FILTER_IDS_INLINE_MAX as u64 + 1;
        let mut day = Day::exact(ids(0..count));
        day.freeze();
        while day.is_freezing() {
            assert_eq!(day.look_up(hash(7)), Seen::Yes(A));
            std::thread::yield_now();
            day.settle();
        }
        assert_eq!((day.exact_ids(), day.filtered_ids() as u64), (0, count));
        assert!((0..count).all(|n| day.look_up(hash(n)) == Seen::Perhaps));
    }

    #[test]
    fn ids_that_look_alike_to_a_filter_do_not_keep_it_from_being_built() {
        let high = 77_u128 << 64;
        let alike = [high | 16, high | 32].map(|hash| Id::new(hash, A));
        let mut day = Day::exact(alike.into_iter().collect());
        day.freeze();
        assert_eq!(day.filtered_ids(), 2);
        assert_eq!(day.look_up(high | 16), Seen::Perhaps);
    }
}
