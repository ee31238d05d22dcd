//! MFA fatigue: somebody who knows the password asks for the second factor over and over, until the person, at night
//! and tired of it, gives it. Deliberately absent: how the password became known.

use super::{Story, far_away, hostile, protected_person};
use crate::dice::Dice;
use crate::moment::SECOND_US;
use crate::world::World;
use crate::world::happening::{Kind, Who};

/// How often the person refuses, at least and at most.
const REFUSALS: (i64, i64) = (11, 24);

pub(super) fn story(world: &World, dice: &mut Dice, start: i64) -> Story {
    let mut story = Story::default();
    let person = protected_person(world, dice);
    let who = Who::Person(person);
    let place = far_away(dice);
    let origin = hostile(dice, place);
    let visit = dice.any();
    let mut at = start;
    for _ in 0..dice.between(REFUSALS.0, REFUSALS.1) {
        story.tell(at, Kind::FactorPushed, (who, origin), visit);
        at += dice.between(4, 25) * SECOND_US;
        story.tell(at, Kind::FactorRejected, (who, origin), visit);
        at += dice.between(8, 60) * SECOND_US;
    }
    story.tell(at, Kind::FactorPushed, (who, origin), visit);
    at += dice.between(2, 8) * SECOND_US;
    story.tell(at, Kind::FactorAccepted, (who, origin), visit);
    at += SECOND_US / 2;
    story.tell(at, Kind::LoggedIn, (who, origin), visit);
    at += SECOND_US / 2;
    story.tell(at, Kind::CodeExchanged, (who, origin), visit);
    story.victims.push(person);
    story
}
