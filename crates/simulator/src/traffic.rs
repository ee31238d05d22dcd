//! A company's ordinary days: who signs in when, in which order things happen, and when the service gets to know.
//! History is made hour by hour and handed out in the order of arrival, so that no more than an hour of it is held.
//! Deliberately absent: attacks, and everything that belongs to one service.

mod visit;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::dice::Dice;
use crate::moment::{HOUR_US, SECOND_US, civil};
use crate::world::World;
use crate::world::happening::Happening;
use crate::world::places::HOMES;
pub(crate) use visit::{usual_origin as visit_origin, visit};

/// How active people are in each hour of a working day, by the clock on their wall.
const ACTIVITY: [u32; 24] =
    [1, 1, 1, 1, 1, 2, 4, 10, 26, 32, 32, 28, 20, 26, 30, 30, 26, 18, 10, 8, 7, 5, 3, 2];
/// At the weekend they are so much less active.
const WEEKEND_DIVISOR: u32 = 7;
/// The last moments of history are kept free, so that the slowest ordinary arrival is still in the past.
const QUIET_END_US: i64 = 7 * SECOND_US;

/// Something that happened, and when the service wrote it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When the service wrote it down, in microseconds since 1970. Never before it happened.
    pub(crate) arrived: i64,
    /// What happened.
    pub(crate) happening: Happening,
}

/// How long events are under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delays {
    /// The share of events that are late by minutes instead of seconds.
    pub(crate) late_share: f64,
    /// How late those are at most.
    pub(crate) late_us_max: i64,
}

impl Delays {
    /// 0.1 to 6 seconds, seldom more.
    fn thrown(self, dice: &mut Dice) -> i64 {
        if dice.chance(self.late_share) {
            return dice.between(6 * SECOND_US, self.late_us_max.max(6 * SECOND_US));
        }
        // The sum of two throws lies about the middle more often than at the ends.
        dice.between(SECOND_US / 20, 3 * SECOND_US) + dice.between(SECOND_US / 20, 3 * SECOND_US)
    }
}

/// Arrivals of the future, the next one first.
#[derive(Debug, Default)]
struct Waiting {
    heap: BinaryHeap<Reverse<(i64, u64)>>,
    happenings: std::collections::HashMap<u64, Happening>,
    count: u64,
}

impl Waiting {
    fn push(&mut self, arrival: Arrival) {
        self.heap.push(Reverse((arrival.arrived, self.count)));
        self.happenings.insert(self.count, arrival.happening);
        self.count += 1;
    }

    fn pop_until(&mut self, moment_us: i64) -> Option<Arrival> {
        let Reverse((arrived, number)) = *self.heap.peek()?;
        if arrived > moment_us {
            return None;
        }
        self.heap.pop();
        self.happenings.remove(&number).map(|happening| Arrival { arrived, happening })
    }
}

/// What happened before the simulation began: exactly so many ordinary events between two moments, the planned ones
/// (attacks) besides. An iterator in the order of arrival.
#[derive(Debug)]
pub(crate) struct History {
    world: Arc<World>,
    dice: Dice,
    delays: Delays,
    waiting: Waiting,
    from: i64,
    until: i64,
    /// How many events the world has made at the end of each hour.
    quotas: Vec<u64>,
    hour: usize,
    made: u64,
}

impl History {
    pub(crate) fn new(
        world: Arc<World>,
        delays: Delays,
        (from, until): (i64, i64),
        count: u64,
        planned: &[Happening],
    ) -> Self {
        let dice = Dice::new(world.seed, "history");
        let hours = ((until - from).max(1) as u64).div_ceil(HOUR_US as u64);
        let quotas = quotas(&world, from, hours, count);
        let mut history = Self {
            world,
            dice,
            delays,
            waiting: Waiting::default(),
            from,
            until,
            quotas,
            hour: 0,
            made: 0,
        };
        for happening in planned {
            history.announce(*happening);
        }
        history
    }

    fn announce(&mut self, happening: Happening) {
        let arrived = (happening.at + self.delays.thrown(&mut self.dice)).min(self.until);
        self.waiting.push(Arrival { arrived: arrived.max(happening.at), happening });
    }

    /// Lets the next hour happen.
    fn live_through_hour(&mut self) {
        let start = self.from + self.hour as i64 * HOUR_US;
        let length = (self.until - start).clamp(1, HOUR_US);
        let quota = self.quotas[self.hour];
        let end = self.until - QUIET_END_US;
        while self.made < quota {
            let begin = (start + self.dice.below(length as u64) as i64).min(end);
            let mut happenings = visit(&self.world, &mut self.dice, begin);
            happenings.truncate((quota - self.made) as usize);
            squeeze(&mut happenings, begin, end);
            self.made += happenings.len() as u64;
            for happening in happenings {
                self.announce(happening);
            }
        }
        self.hour += 1;
    }
}

impl Iterator for History {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        loop {
            let lived_through = match self.hour {
                hour if hour == self.quotas.len() => i64::MAX,
                hour => self.from + hour as i64 * HOUR_US - 1,
            };
            if let Some(arrival) = self.waiting.pop_until(lived_through) {
                return Some(arrival);
            }
            if self.hour == self.quotas.len() {
                return None;
            }
            self.live_through_hour();
        }
    }
}

/// What goes on happening while the simulation runs.
#[derive(Debug)]
pub(crate) struct Present {
    world: Arc<World>,
    dice: Dice,
    delays: Delays,
    waiting: Waiting,
    last: i64,
    /// Events that should have happened by now, less those that did, in millionths.
    owed_millionths: i64,
}

impl Present {
    pub(crate) fn new(world: Arc<World>, delays: Delays, now: i64) -> Self {
        let dice = Dice::new(world.seed, "present");
        Self { world, dice, delays, waiting: Waiting::default(), last: now, owed_millionths: 0 }
    }

    /// What arrived since the last call, if `events_per_second` happen on average.
    pub(crate) fn arrivals(&mut self, now: i64, events_per_second: f64) -> Vec<Arrival> {
        let elapsed = (now - self.last).max(0);
        self.owed_millionths += (elapsed as f64 * events_per_second) as i64;
        while self.owed_millionths >= 1_000_000 {
            let begin = self.last + self.dice.below(elapsed as u64 + 1) as i64;
            for happening in visit(&self.world, &mut self.dice, begin) {
                self.owed_millionths -= 1_000_000;
                self.expect(happening);
            }
        }
        self.last = self.last.max(now);
        std::iter::from_fn(|| self.waiting.pop_until(now)).collect()
    }

    /// Lets something happen at its own moment, now or later.
    pub(crate) fn expect(&mut self, happening: Happening) {
        let arrived = happening.at + self.delays.thrown(&mut self.dice);
        self.waiting.push(Arrival { arrived, happening });
    }

    /// Exactly so many events that arrive this moment.
    pub(crate) fn at_once(&mut self, now: i64, count: usize) -> Vec<Arrival> {
        let mut arrivals = Vec::with_capacity(count);
        while arrivals.len() < count {
            let mut happenings = visit(&self.world, &mut self.dice, now);
            happenings.truncate(count - arrivals.len());
            for mut happening in happenings {
                happening.at = now - self.delays.thrown(&mut self.dice);
                arrivals.push(Arrival { arrived: now, happening });
            }
        }
        arrivals
    }
}

/// Moves a visit that would end after `end` closer together.
fn squeeze(happenings: &mut [Happening], begin: i64, end: i64) {
    let last = happenings.iter().map(|happening| happening.at).max().unwrap_or(begin);
    if last <= end || last <= begin {
        return;
    }
    let room = (end - begin).max(0) as f64 / (last - begin) as f64;
    for happening in happenings {
        happening.at = begin + ((happening.at - begin) as f64 * room) as i64;
    }
}

/// How many of `count` events have been made by the end of each hour, the hours weighted by who is awake.
fn quotas(world: &World, from: i64, hours: u64, count: u64) -> Vec<u64> {
    let weights: Vec<u64> = (0..hours)
        .map(|hour| {
            weights(world, from + hour as i64 * HOUR_US).iter().copied().map(u64::from).sum()
        })
        .collect();
    let total: u64 = weights.iter().sum::<u64>().max(1);
    let mut sum = 0;
    weights
        .iter()
        .map(|weight| {
            sum += weight;
            (u128::from(count) * u128::from(sum) / u128::from(total)) as u64
        })
        .collect()
}

/// How active each city is at a moment.
fn weights(world: &World, moment_us: i64) -> Vec<u32> {
    HOMES
        .iter()
        .zip(&world.residents)
        .map(|(place, residents)| {
            let wall = civil(moment_us + i64::from(place.offset_hours) * HOUR_US);
            let activity = ACTIVITY[usize::from(wall.hour().unsigned_abs())];
            let weekend = wall.date().weekday().to_monday_zero_offset() >= 5;
            let activity = if weekend { activity.div_ceil(WEEKEND_DIVISOR) } else { activity };
            activity * residents.len() as u32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::moment::DAY_US;

    const NOW: i64 = 1_780_000_000_000_000;
    const DELAYS: Delays = Delays { late_share: 0.01, late_us_max: 240 * SECOND_US };

    fn history(seed: u64, days: i64, count: u64) -> Vec<Arrival> {
        let world = Arc::new(World::new(seed, "acme", 300));
        History::new(world, DELAYS, (NOW - days * DAY_US, NOW), count, &[]).collect()
    }

    #[test]
    fn the_same_seed_lives_the_same_days() {
        assert_eq!(history(5, 3, 2_000), history(5, 3, 2_000));
        assert_ne!(history(5, 3, 2_000), history(6, 3, 2_000));
    }

    #[test]
    fn dates_run_backwards_in_the_order_of_arrival() {
        let arrivals = history(1, 1, 5_000);
        assert!(arrivals.windows(2).any(|pair| pair[0].happening.at > pair[1].happening.at));
    }

    #[test]
    fn most_happens_in_working_hours() {
        let arrivals = history(1, 28, 20_000);
        let in_week = arrivals
            .iter()
            .filter(|it| civil(it.happening.at).date().weekday().to_monday_zero_offset() < 5)
            .count();
        assert!(in_week > arrivals.len() * 85 / 100, "{in_week}");
    }

    #[test]
    fn the_present_keeps_to_its_rate() {
        let world = Arc::new(World::new(1, "acme", 100));
        let mut present = Present::new(world, DELAYS, NOW);
        let mut count = 0;
        for second in 1..=7_200 {
            count += present.arrivals(NOW + second * SECOND_US, 3.0).len();
        }
        assert!((16_000..=21_700).contains(&count), "{count}");
    }

    #[test]
    fn at_once_means_this_moment_and_exactly_so_many() {
        let world = Arc::new(World::new(1, "acme", 100));
        let arrivals = Present::new(world, DELAYS, NOW).at_once(NOW, 137);
        assert_eq!(arrivals.len(), 137);
        assert!(arrivals.iter().all(|it| it.arrived == NOW && it.happening.at < NOW));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn history_is_complete_ordered_and_past(seed: u64, hours in 1_i64..100, count in 0_u64..3_000) {
            let world = Arc::new(World::new(seed, "acme", 60));
            let from = NOW - hours * HOUR_US;
            let arrivals: Vec<Arrival> =
                History::new(world, DELAYS, (from, NOW), count, &[]).collect();
            prop_assert_eq!(arrivals.len() as u64, count);
            prop_assert!(arrivals.is_sorted_by_key(|it| it.arrived));
            for it in arrivals {
                prop_assert!(from <= it.happening.at && it.happening.at <= it.arrived && it.arrived <= NOW);
            }
        }
    }
}
