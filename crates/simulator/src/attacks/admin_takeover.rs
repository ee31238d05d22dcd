//! An administrator's account is taken: a reset password, a sign-in from elsewhere, a second factor taken away; then
//! what keeps the attacker inside: all rights for another account, a credential for a program, a weaker policy, another
//! user's place, and the logs sent nowhere. Deliberately absent: the clean-up.

use super::{Story, far_away, hostile};
use crate::dice::Dice;
use crate::moment::SECOND_US;
use crate::world::happening::{Administration, Kind, Who};
use crate::world::{Connection, World};

/// The steps, in order.
const STEPS: [Kind; 12] = [
    Kind::WrongPassword,
    Kind::PasswordResetAsked,
    Kind::PasswordChanged,
    Kind::LoggedIn,
    Kind::FactorRemoved,
    Kind::Administered(Administration::ReadSecret),
    Kind::Administered(Administration::GrantedAllRights),
    Kind::Administered(Administration::CreatedCredential),
    Kind::Administered(Administration::WeakenedFactorPolicy),
    Kind::Administered(Administration::ImpersonatedUser),
    Kind::Administered(Administration::UpdatedLogStream),
    Kind::Administered(Administration::DeletedLogStream),
];

pub(super) fn story(world: &World, dice: &mut Dice, start: i64) -> Story {
    let mut story = Story::default();
    let person = taken(world, dice);
    let place = far_away(dice);
    let origin = hostile(dice, place);
    let visit = dice.any();
    let mut at = start;
    for step in STEPS {
        story.tell(at, step, (Who::Person(person), origin), visit);
        at += dice.between(6, 150) * SECOND_US;
    }
    story.victims.push(person);
    story
}

/// An administrator whose password the tenant keeps, if there is one: it is going to be reset.
fn taken(world: &World, dice: &mut Dice) -> u32 {
    let known: Vec<u32> = world
        .administrators
        .iter()
        .copied()
        .filter(|it| world.person(*it).connection == Connection::Database)
        .collect();
    *dice.pick(if known.is_empty() { &world.administrators } else { &known })
}
