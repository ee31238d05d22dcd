//! What of a tenant's past is still to be read, as parts that are read at the same time: each begins at a moment and ends
//! where the next one begins. The plan is the cursor of a backfill, so that one that was interrupted goes on in every part.
//! Deliberately absent: reading (`read`).

use model::{Cursor, SignedDuration, Stretch, Timestamp};
use serde::{Deserialize, Serialize};

/// Parts that are read at once at most: at 50 ms a request they ask 300 times a second.
pub(super) const PARTS_MAX: usize = 16;

/// No part is made shorter: at each border a part reads on beyond its end, until what arrives late is listed.
const PART_MIN: SignedDuration = SignedDuration::from_mins(30);

/// What is still to be read, in order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    parts: Vec<Part>,
    /// Number of the next part.
    #[serde(skip)]
    next: u32,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// Its number in this run.
    #[serde(skip)]
    pub(super) number: u32,
    /// Up to where it is read; where it begins if nothing of it is. `None` before the first page of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reached: Option<Timestamp>,
    /// Where it ends; `None`: at the present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Timestamp>,
    /// Where it goes on; `None` if no page of it is durable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
}

impl Plan {
    /// Reads a stored cursor. One that is no plan is where a backfill in one part stood.
    pub(super) fn of(cursor: Option<Cursor>) -> Self {
        let stored = cursor.map(|cursor| cursor.0);
        let plan = stored.as_deref().and_then(|text| serde_json::from_str::<Self>(text).ok());
        let plan = plan.filter(|plan| (1..=PARTS_MAX).contains(&plan.parts.len()));
        let mut plan = plan.unwrap_or_else(|| Self {
            parts: vec![Part { number: 0, reached: None, until: None, cursor: stored }],
            next: 0,
        });
        for part in &mut plan.parts {
            part.number = plan.next;
            plan.next += 1;
        }
        plan
    }

    /// As a cursor; an empty one, which begins anew, once nothing is left.
    pub(super) fn cursor(&self) -> Cursor {
        if self.parts.is_empty() {
            return Cursor(String::new());
        }
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// What is left.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Takes note of a page that is to be durable together with the plan: where its part goes on, and what it has walked.
    /// Whether the part is read to its end: its walk has reached the next one's begin, or nothing more is there (`more`).
    pub(super) fn page(
        &mut self,
        number: u32,
        cursor: Option<&Cursor>,
        walked: Option<Stretch>,
        more: bool,
    ) -> bool {
        let Some(at) = self.parts.iter().position(|part| part.number == number) else {
            return true;
        };
        let Some(part) = self.parts.get_mut(at) else { return true };
        part.cursor = cursor.map(|cursor| cursor.0.clone()).or_else(|| part.cursor.take());
        part.reached = part.reached.max(walked.map(|walked| walked.until));
        let is_over = part.until.is_some_and(|until| part.reached >= Some(until));
        let is_read = is_over || !more;
        if is_read {
            self.parts.remove(at);
        }
        is_read
    }

    /// Divides the longest part: the part that ends earlier keeps its number, the new one is given back with the moment
    /// at which it begins. `None` if there are parts enough, or none that is long enough.
    pub(super) fn divide(&mut self, now: Timestamp) -> Option<(u32, Timestamp)> {
        if self.parts.len() >= PARTS_MAX {
            return None;
        }
        let left = |part: &Part| {
            let reached = part.reached?;
            Some(part.until.unwrap_or(now).duration_since(reached))
        };
        let (at, longest) = self
            .parts
            .iter()
            .enumerate()
            .filter_map(|(at, part)| Some((at, left(part)?)))
            .max_by_key(|(_, left)| *left)?;
        if longest < PART_MIN * 2 {
            return None;
        }
        let part = self.parts.get_mut(at)?;
        // Ids tell whole seconds.
        let middle = part.reached?.checked_add(longest / 2).ok()?.as_second();
        let middle = Timestamp::from_second(middle).ok()?;
        let until = part.until.replace(middle);
        let number = self.next;
        self.next += 1;
        let new = Part { number, reached: Some(middle), until, cursor: None };
        self.parts.insert(at + 1, new);
        Some((number, middle))
    }

    /// How much time is still to be read; `None` while that is not known.
    pub(super) fn left(&self, now: Timestamp) -> Option<SignedDuration> {
        self.parts.iter().try_fold(SignedDuration::ZERO, |sum, part| {
            let left = part.until.unwrap_or(now).duration_since(part.reached?);
            Some(sum + left.max(SignedDuration::ZERO))
        })
    }
}

#[cfg(test)]
mod tests {
    use model::Stretches;

    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hour * 3600).unwrap()
    }

    fn walked(from: i64, until: i64) -> Stretch {
        Stretch { from: hour(from), until: hour(until) }
    }

    #[test]
    fn a_cursor_of_one_part_goes_on_where_it_stood() {
        for (cursor, expected) in [
            (None, None),
            (Some("9002026"), Some("9002026")),
            (
                Some(r#"{"since":"2026-01-01T00:00:00Z"}"#),
                Some(r#"{"since":"2026-01-01T00:00:00Z"}"#),
            ),
        ] {
            let plan = Plan::of(cursor.map(|text| Cursor(text.to_owned())));
            let parts: Vec<Option<&str>> =
                plan.parts().iter().map(|part| part.cursor.as_deref()).collect();
            assert_eq!(parts, [expected]);
        }
    }

    #[test]
    fn an_interrupted_plan_goes_on_in_every_part() {
        let mut plan = Plan::of(None);
        assert_eq!(plan.divide(hour(100)), None);
        plan.page(0, Some(&Cursor("a".to_owned())), Some(walked(0, 20)), true);
        assert_eq!(plan.divide(hour(100)), Some((1, hour(60))));
        plan.page(1, Some(&Cursor("b".to_owned())), Some(walked(60, 61)), true);
        assert_eq!(plan.divide(hour(100)), Some((2, hour(40))));
        let read = Plan::of(Some(plan.cursor()));
        let told = |plan: &Plan| {
            plan.parts()
                .iter()
                .map(|part| (part.reached, part.until, part.cursor.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&read), told(&plan));
        assert_eq!(read.left(hour(100)), Some(SignedDuration::from_hours(79)));
    }

    #[test]
    fn a_part_ends_where_its_walk_meets_the_next() {
        let mut plan = Plan::of(None);
        plan.page(0, None, Some(walked(0, 10)), true);
        plan.divide(hour(30)).unwrap();
        assert!(!plan.page(0, None, Some(walked(10, 19)), true));
        assert!(plan.page(0, None, Some(walked(19, 20)), true));
        assert!(!plan.page(1, None, Some(walked(20, 29)), true));
        assert!(plan.page(1, None, None, false));
        assert!(plan.parts().is_empty());
    }

    /// Whatever is divided when, the walks of all parts leave no hole.
    #[test]
    fn parts_leave_no_hole_between_them() {
        for seed in 1_i64..50 {
            let mut plan = Plan::of(None);
            let mut walks = Stretches::default();
            let mut places = vec![(0_u32, 0_i64)];
            let mut turn = seed;
            while !plan.parts().is_empty() {
                turn = (turn * 7919 + 13) % 10_007;
                let at = usize::try_from(turn).unwrap() % places.len();
                let (number, place) = places[at];
                let next = (place + 1 + turn % 3).min(200);
                let stretch = walked(place, next);
                walks.add(stretch);
                if plan.page(number, None, Some(stretch), next < 200) {
                    places.remove(at);
                } else {
                    places[at].1 = next;
                }
                if let Some((number, begin)) = plan.divide(hour(200)) {
                    let begin = (begin.as_second() - hour(0).as_second()) / 3600;
                    // A part that begins within an hour walks that hour.
                    places.push((number, begin));
                }
            }
            assert!(walks.covers(&walked(0, 200)), "seed {seed}: {walks:?}");
        }
    }
}
