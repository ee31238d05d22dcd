//! Credential stuffing: pairs of account and password from a leak elsewhere are tried from many addresses, many a
//! second. Most accounts do not exist here, a few pairs fit, and the service knows some of the passwords from the leak.
//! Deliberately absent: what the attacker does inside.

use super::{Story, far_away, hostile};
use crate::dice::Dice;
use crate::world::World;
use crate::world::happening::{Kind, Origin, Who};

/// How many pairs are tried, at least and at most.
const PAIRS: (i64, i64) = (400, 700);
/// How many addresses the attacker has.
const ADDRESSES: usize = 48;

pub(super) fn story(world: &World, dice: &mut Dice, start: i64) -> Story {
    let mut story = Story::default();
    let origins: Vec<Origin> = (0..ADDRESSES)
        .map(|_| {
            let place = far_away(dice);
            hostile(dice, place)
        })
        .collect();
    let known = world.with_password();
    let mut at = start;
    for _ in 0..dice.between(PAIRS.0, PAIRS.1) {
        let origin = *dice.pick(&origins);
        let person = *dice.pick(&known);
        let visit = dice.any();
        match dice.weighted(&[820, 130, 22, 28]) {
            0 => {
                let stranger = Who::Stranger(dice.below(1 << 31) as u32);
                story.tell(at, Kind::UnknownAccount, (stranger, origin), visit);
            }
            1 => story.tell(at, Kind::WrongPassword, (Who::Person(person), origin), visit),
            2 => {
                story.victims.push(person);
                story.tell(at, Kind::LoggedIn, (Who::Person(person), origin), visit);
            }
            _ => story.tell(at, Kind::LeakedPassword, (Who::Person(person), origin), visit),
        }
        // 50 to 800 milliseconds between two tries.
        at += dice.between(50_000, 800_000);
    }
    for origin in origins.iter().take(5) {
        story.tell(at, Kind::AddressBlocked, (Who::Stranger(2), *origin), dice.any());
        at += dice.between(100_000, 900_000);
    }
    story
}
