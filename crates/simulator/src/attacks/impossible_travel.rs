//! Impossible travel: a person signs in at home, and within the hour "the same person" does so thousands of kilometres
//! away. Deliberately absent: journeys that an aeroplane could make.

use super::{Story, far_away, hostile};
use crate::dice::Dice;
use crate::moment::{MINUTE_US, SECOND_US};
use crate::traffic::visit_origin;
use crate::world::World;
use crate::world::happening::{Kind, Who};

pub(super) fn story(world: &World, dice: &mut Dice, start: i64) -> Story {
    let mut story = Story::default();
    let person = dice.index(world.people.len()) as u32;
    let who = Who::Person(person);
    let home = visit_origin(world.person(person), dice);
    let place = far_away(dice);
    let away = hostile(dice, place);
    let (first, second) = (dice.any(), dice.any());
    story.tell(start, Kind::LoggedIn, (who, home), first);
    story.tell(start + SECOND_US, Kind::CodeExchanged, (who, home), first);
    let later = start + dice.between(12, 60) * MINUTE_US;
    story.tell(later, Kind::LoggedIn, (who, away), second);
    story.tell(later + SECOND_US, Kind::CodeExchanged, (who, away), second);
    story.tell(later + 3 * MINUTE_US, Kind::TokenRefreshed, (who, away), second);
    // Only the second address is the attacker's.
    story.addresses.retain(|address| *address == away.address);
    story.victims.push(person);
    story
}
