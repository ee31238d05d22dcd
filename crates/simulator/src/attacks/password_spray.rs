//! A password spray: one or two common passwords are tried against many accounts from one address, slowly enough that
//! no account is ever closed. One person has such a password. Deliberately absent: what the attacker does inside.

use super::{Story, far_away, hostile};
use crate::dice::Dice;
use crate::moment::SECOND_US;
use crate::world::World;
use crate::world::happening::{Kind, Who};

/// How many accounts are tried, at least and at most.
const ACCOUNTS: (i64, i64) = (80, 140);

pub(super) fn story(world: &World, dice: &mut Dice, start: i64) -> Story {
    let mut story = Story::default();
    let place = far_away(dice);
    let origin = hostile(dice, place);
    let known = world.with_password();
    let people = known.len() as i64;
    let tried = dice.between(ACCOUNTS.0, ACCOUNTS.1).min(people);
    let first = dice.below(people as u64) as i64;
    let unlucky = dice.below(tried as u64) as i64;
    let mut at = start;
    for step in 0..tried {
        let person = known[((first + step) % people) as usize];
        let visit = dice.any();
        if dice.chance(0.15) {
            let stranger = Who::Stranger(dice.below(1 << 31) as u32);
            story.tell(at, Kind::UnknownAccount, (stranger, origin), dice.any());
            at += dice.between(2, 20) * SECOND_US;
        }
        if step == unlucky {
            story.victims.push(person);
            story.tell(at, Kind::LoggedIn, (Who::Person(person), origin), visit);
            at += SECOND_US / 2;
            story.tell(at, Kind::CodeExchanged, (Who::Person(person), origin), visit);
        } else {
            story.tell(at, Kind::WrongPassword, (Who::Person(person), origin), visit);
        }
        at += dice.between(4, 40) * SECOND_US;
    }
    story.tell(at, Kind::AddressBlocked, (Who::Stranger(1), origin), dice.any());
    story
}
