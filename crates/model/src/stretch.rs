//! Stretches of time, half open, and sets of them: what a poll has walked, where something is missing.
//! Deliberately absent: what a stretch means.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A stretch of time from `from` on and before `until`. Empty if `until` is not after `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stretch {
    /// The first moment in it.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

/// Moments as a set: stretches in order, none empty, none touching another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretches(Vec<Stretch>);

impl Stretch {
    /// Whether it holds no moment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until <= self.from
    }

    /// What it has in common with another.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Option<Self> {
        let common = Self { from: self.from.max(other.from), until: self.until.min(other.until) };
        (!common.is_empty()).then_some(common)
    }
}

impl Stretches {
    /// In order.
    #[must_use]
    pub fn as_slice(&self) -> &[Stretch] {
        &self.0
    }

    /// Adds a stretch; what it overlaps or touches becomes one with it. Gives that one, and the stretches that vanished
    /// in it; nothing if the set held it already, or it is empty.
    pub fn add(&mut self, added: Stretch) -> Option<(Stretch, Vec<Stretch>)> {
        if added.is_empty() || self.covers(&added) {
            return None;
        }
        let start = self.0.partition_point(|held| held.until < added.from);
        let end = self.0.partition_point(|held| held.from <= added.until);
        let touched = self.0.get(start..end).unwrap_or_default();
        let joined = touched.iter().fold(added, |joined, held| Stretch {
            from: joined.from.min(held.from),
            until: joined.until.max(held.until),
        });
        let vanished = self.0.splice(start..end, [joined]).collect();
        Some((joined, vanished))
    }

    /// Whether every moment of `stretch` is in the set.
    #[must_use]
    pub fn covers(&self, stretch: &Stretch) -> bool {
        let next = self.0.partition_point(|held| held.until < stretch.until);
        stretch.is_empty() || self.0.get(next).is_some_and(|held| held.from <= stretch.from)
    }

    /// Whether some moment of `stretch` is in the set.
    #[must_use]
    pub fn touches(&self, stretch: &Stretch) -> bool {
        let next = self.0.partition_point(|held| held.until <= stretch.from);
        self.0.get(next).is_some_and(|held| held.overlap(stretch).is_some())
    }

    /// The part of the set that lies in `stretch`.
    #[must_use]
    pub fn within(&self, stretch: &Stretch) -> Self {
        Self(self.0.iter().filter_map(|held| held.overlap(stretch)).collect())
    }

    /// What of `stretch` is not in the set.
    #[must_use]
    pub fn missing(&self, stretch: &Stretch) -> Self {
        let mut missing = Vec::new();
        let mut from = stretch.from;
        for held in self.within(stretch).0 {
            missing.push(Stretch { from, until: held.from });
            from = held.until;
        }
        missing.push(Stretch { from, until: stretch.until });
        missing.retain(|stretch| !stretch.is_empty());
        Self(missing)
    }

    /// From the first moment of the set to its last; `None` if it is empty.
    #[must_use]
    pub fn extent(&self) -> Option<Stretch> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        Some(Stretch { from: first.from, until: last.until })
    }
}

impl FromIterator<Stretch> for Stretches {
    fn from_iter<I: IntoIterator<Item = Stretch>>(stretches: I) -> Self {
        let mut set = Self::default();
        for stretch in stretches {
            set.add(stretch);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot prepare fails")]

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn stretch(from: i64, until: i64) -> Stretch {
        Stretch { from: at(from), until: at(until) }
    }

    /// The seconds that a set holds, as the model that every operation is compared with.
    fn seconds(set: &Stretches) -> BTreeSet<i64> {
        let of = |held: &Stretch| held.from.as_second()..held.until.as_second();
        set.as_slice().iter().flat_map(of).collect()
    }

    fn stretches() -> impl Strategy<Value = Vec<(i64, i64)>> {
        prop::collection::vec((0_i64..60, 0_i64..20), 0..12)
    }

    proptest! {
        #[test]
        fn a_set_holds_what_was_added_and_is_always_in_its_one_form(added in stretches()) {
            let mut set = Stretches::default();
            let mut model = BTreeSet::new();
            for (from, length) in added {
                let before = set.clone();
                let change = set.add(stretch(from, from + length));
                model.extend(from..from + length);
                prop_assert_eq!(seconds(&set), model.clone());
                prop_assert_eq!(change.is_some(), set != before);
                if let Some((joined, vanished)) = change {
                    prop_assert!(set.as_slice().contains(&joined));
                    prop_assert!(vanished.iter().all(|it| before.as_slice().contains(it)));
                    prop_assert_eq!(before.as_slice().len() - vanished.len() + 1, set.as_slice().len());
                }
                prop_assert!(set.as_slice().iter().all(|held| !held.is_empty()));
                prop_assert!(set.as_slice().windows(2).all(|two| two[0].until < two[1].from));
            }
        }

        #[test]
        fn the_order_in_which_stretches_come_does_not_matter(added in stretches()) {
            let of = |(from, length): &(i64, i64)| stretch(*from, from + length);
            let forwards: Stretches = added.iter().map(of).collect();
            let backwards: Stretches = added.iter().rev().map(of).collect();
            prop_assert_eq!(forwards, backwards);
        }

        #[test]
        fn questions_are_answered_as_the_model_answers(added in stretches(), from in 0_i64..80, length in 0_i64..30) {
            let set: Stretches = added.iter().map(|(from, length)| stretch(*from, from + length)).collect();
            let (model, asked) = (seconds(&set), stretch(from, from + length));
            let wanted: BTreeSet<i64> = (from..from + length).collect();
            prop_assert_eq!(set.covers(&asked), wanted.is_subset(&model));
            prop_assert_eq!(set.touches(&asked), !wanted.is_disjoint(&model));
            prop_assert_eq!(seconds(&set.within(&asked)), &wanted & &model);
            prop_assert_eq!(seconds(&set.missing(&asked)), &wanted - &model);
            let extent = set.extent().map(|it| (it.from.as_second(), it.until.as_second() - 1));
            prop_assert_eq!(extent, model.first().copied().zip(model.last().copied()));
        }
    }

    #[test]
    fn stretches_that_touch_become_one() {
        let mut set: Stretches = [stretch(0, 10), stretch(20, 30)].into_iter().collect();
        let joined = set.add(stretch(10, 20)).unwrap();
        assert_eq!(joined, (stretch(0, 30), vec![stretch(0, 10), stretch(20, 30)]));
        assert_eq!(set.as_slice(), [stretch(0, 30)]);
        assert_eq!(set.add(stretch(5, 30)), None, "it was there");
        assert_eq!(set.add(stretch(40, 40)), None, "it is empty");
    }
}
