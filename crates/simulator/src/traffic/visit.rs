//! One visit: what belongs together between a person's first click and the last trace of it, or a program's call.
//! Deliberately absent: when visits begin.

use super::weights;
use crate::dice::{Dice, mix};
use crate::moment::{MINUTE_US, SECOND_US};
use crate::world::happening::{Administration, Happening, Kind, Origin, Who};
use crate::world::{Address, Connection, Person, World, devices, places};

/// Some visit that begins at `begin`. Never empty; nothing in it happens before `begin`.
pub(crate) fn visit(world: &World, dice: &mut Dice, begin: i64) -> Vec<Happening> {
    match dice.weighted(&[560, 150, 150, 60, 22, 12, 8, 25, 13]) {
        0 => working_day(world, dice, begin),
        1 => return_to_work(world, dice, begin),
        2 => program(world, dice, begin),
        3 => forgotten_password(world, dice, begin),
        4 => background_noise(world, dice, begin),
        5 => password_reset(world, dice, begin),
        6 => signup(world, dice, begin),
        7 => directory(world, dice, begin),
        _ => administration(world, dice, begin),
    }
}

/// How often somebody is looked for who has a password here.
const SEARCHES_MAX: usize = 16;

/// Writes the happenings of one visit.
struct Diary {
    at: i64,
    who: Who,
    application: u8,
    origin: Origin,
    visit: u64,
    written: Vec<Happening>,
}

impl Diary {
    fn new(dice: &mut Dice, at: i64, who: Who, application: u8, origin: Origin) -> Self {
        Self { at, who, application, origin, visit: dice.any(), written: Vec::with_capacity(8) }
    }

    fn of_somebody(world: &World, dice: &mut Dice, at: i64) -> (Self, u32) {
        let position = somebody(world, dice, at);
        let origin = usual_origin(world.person(position), dice);
        let application = dice.index(world.applications.len()) as u8;
        (Self::new(dice, at, Who::Person(position), application, origin), position)
    }

    /// Somebody whose password the tenant keeps, if chance finds one.
    fn of_somebody_with_password(world: &World, dice: &mut Dice, at: i64) -> (Self, u32) {
        for _ in 0..SEARCHES_MAX {
            let (diary, person) = Self::of_somebody(world, dice, at);
            if world.person(person).connection == Connection::Database {
                return (diary, person);
            }
        }
        Self::of_somebody(world, dice, at)
    }

    fn write(&mut self, kind: Kind) {
        self.written.push(Happening {
            at: self.at,
            kind,
            who: self.who,
            application: self.application,
            origin: self.origin,
            visit: self.visit,
        });
    }

    /// Lets some time pass, from `least` to `most` seconds, to the millisecond.
    fn wait(&mut self, dice: &mut Dice, least: i64, most: i64) {
        self.at += dice.between(least * 1_000, most * 1_000) * 1_000;
    }

    fn sign_in(&mut self, world: &World, dice: &mut Dice, person: u32) {
        if world.person(person).connection == Connection::Database && dice.chance(0.09) {
            for _ in 0..dice.between(1, 2) {
                self.write(Kind::WrongPassword);
                self.wait(dice, 4, 25);
            }
        }
        if world.person(person).second_factor && dice.chance(0.45) {
            self.write(Kind::FactorPushed);
            self.wait(dice, 3, 20);
            if dice.chance(0.03) {
                self.write(Kind::FactorFailed);
                self.wait(dice, 5, 15);
            }
            self.write(Kind::FactorAccepted);
            self.wait(dice, 0, 1);
        }
        self.write(Kind::LoggedIn);
        self.wait(dice, 0, 2);
        self.write(Kind::CodeExchanged);
    }
}

/// Where a person usually is: at home, or under way with the phone.
pub(crate) fn usual_origin(person: &Person, dice: &mut Dice) -> Origin {
    let pocket = dice.chance(0.2);
    let address = if pocket {
        Address::thrown(places::place(person.home), dice)
    } else {
        person.home_address
    };
    Origin {
        address,
        place: person.home,
        device: person.devices[usize::from(pocket)],
        risk: dice.below(22) as u8,
    }
}

/// Somebody who is awake.
fn somebody(world: &World, dice: &mut Dice, at: i64) -> u32 {
    let city = dice.weighted(&weights(world, at));
    match world.residents.get(city) {
        Some(residents) if !residents.is_empty() => *dice.pick(residents),
        _ => dice.index(world.people.len()) as u32,
    }
}

/// Signs in, works with several applications for hours, perhaps signs out.
fn working_day(world: &World, dice: &mut Dice, begin: i64) -> Vec<Happening> {
    let (mut diary, person) = Diary::of_somebody(world, dice, begin);
    diary.sign_in(world, dice, person);
    for _ in 0..dice.below(4) {
        diary.wait(dice, 30, 2_400);
        if dice.chance(0.55) {
            diary.write(Kind::TokenRefreshed);
        } else {
            diary.application = dice.index(world.applications.len()) as u8;
            diary.write(Kind::SilentLogin);
        }
    }
    if dice.chance(0.35) {
        diary.wait(dice, 60, 3_600);
        diary.write(Kind::LoggedOut);
    }
    diary.written
}

/// Comes back with a session that may still be there.
fn return_to_work(world: &World, dice: &mut Dice, begin: i64) -> Vec<Happening> {
    let (mut diary, person) = Diary::of_somebody(world, dice, begin);
    if dice.chance(0.3) {
        diary.write(Kind::SilentLoginFailed);
        diary.wait(dice, 2, 20);
        diary.sign_in(world, dice, person);
    } else {
        diary.write(Kind::TokenRefreshed);
    }
    diary.written
}

/// A program fetches its token.
fn program(world: &World, dice: &mut Dice, begin: i64) -> Vec<Happening> {
    let machine = dice.index(world.machines.len()) as u8;
    let origin = Origin {
        address: Address::V4(0xc633_6400 + 10 + u32::from(machine)),
        place: 0,
        device: devices::program(machine % 2),
        risk: 0,
    };
    let mut diary = Diary::new(dice, begin, Who::Machine(machine), machine, origin);
    if dice.chance(0.015) {
        diary.write(Kind::MachineTokenRefused);
        diary.wait(dice, 1, 5);
    }
    if dice.chance(0.004) {
        diary.write(Kind::ApiLimited);
        diary.wait(dice, 1, 5);
    }
    diary.write(Kind::MachineToken);
    diary.written
}

/// Mistypes a few times, and mostly remembers in the end.
fn forgotten_password(world: &World, dice: &mut Dice, begin: i64) -> Vec<Happening> {
    let (mut diary, person) = Diary::of_somebody_with_password(world, dice, begin);
    if dice.chance(0.08) {
        diary.write(Kind::CallbackRefused);
        diary.wait(dice, 3, 12);
    }
    let failures = 1 + dice.weighted(&[50, 25, 12, 6, 4, 3]);
    for _ in 0..failures {
        diary.write(Kind::WrongPassword);
        diary.wait(dice, 5, 45);
    }
    if failures > 5 {
        diary.write(Kind::AccountBlocked);
    } else if dice.chance(0.85) {
        diary.sign_in(world, dice, person);
    }
    diary.written
}

/// Somebody on the internet tries what was never here.
fn background_noise(_world: &World, dice: &mut Dice, begin: i64) -> Vec<Happening> {
    let elsewhere = places::HOMES.len() as u64 + dice.below(places::ELSEWHERE.len() as u64);
    let origin = Origin {
        address: if dice.chance(0.3) {
            Address::documentation(dice)
        } else {
            Address::thrown(places::place(elsewhere as u8), dice)
        },
        place: elsewhere as u8,
        device: devices::program(dice.below(4) as u8),
        risk: dice.between(55, 95) as u8,
    };
    let mut diary = Diary::new(dice, begin, Who::Stranger(0), 0, origin);
    for _ in 0..dice.between(1, 3) {
        diary.who = Who::Stranger(dice.below(1 << 31) as u32);
        diary.write(Kind::UnknownAccount);
        diary.wait(dice, 1, 90);
    }
    diary.written
}

/// Asks for a new password, sets it, signs in.
fn password_reset(world: &World, dice: &mut Dice, begin: i64) -> Vec<Happening> {
    let (mut diary, person) = Diary::of_somebody_with_password(world, dice, begin);
    diary.write(Kind::WrongPassword);
    diary.wait(dice, 10, 60);
    diary.write(Kind::PasswordResetAsked);
    diary.wait(dice, 40, 600);
    diary.write(Kind::PasswordChanged);
    diary.wait(dice, 5, 40);
    diary.sign_in(world, dice, person);
    diary.written
}

/// A new account is opened and confirmed.
fn signup(world: &World, dice: &mut Dice, begin: i64) -> Vec<Happening> {
    let (mut diary, _) = Diary::of_somebody_with_password(world, dice, begin);
    if dice.chance(0.3) {
        diary.write(Kind::SignupFailed);
        diary.wait(dice, 10, 60);
    }
    diary.write(Kind::SignedUp);
    diary.wait(dice, 30, 900);
    diary.write(Kind::MailConfirmed);
    if dice.chance(0.5) {
        diary.wait(dice, 20, 120);
        diary.write(Kind::FactorEnrolled);
    }
    diary.written
}

/// The directory brings a few accounts in line.
fn directory(world: &World, dice: &mut Dice, begin: i64) -> Vec<Happening> {
    let origin = Origin {
        address: Address::V4(0xcb00_7105),
        place: 0,
        device: devices::program(1),
        risk: 0,
    };
    let mut diary = Diary::new(dice, begin, Who::Machine(0), 0, origin);
    for _ in 0..dice.between(2, 6) {
        diary.who = Who::Person(dice.index(world.people.len()) as u32);
        diary.write(Kind::AccountSynced);
        diary.wait(dice, 0, 2);
    }
    diary.written
}

/// An administrator does an ordinary day's work.
fn administration(world: &World, dice: &mut Dice, begin: i64) -> Vec<Happening> {
    const ORDINARY: [Administration; 6] = [
        Administration::UpdatedUser,
        Administration::CreatedUser,
        Administration::AssignedRole,
        Administration::UpdatedApplication,
        Administration::ReadSecret,
        Administration::DeletedUser,
    ];
    let person = *dice.pick(&world.administrators);
    let origin = usual_origin(world.person(person), dice);
    let mut diary = Diary::new(dice, begin, Who::Person(person), 1, origin);
    diary.sign_in(world, dice, person);
    for _ in 0..dice.between(1, 5) {
        diary.wait(dice, 15, 400);
        let what = ORDINARY[dice.weighted(&[40, 15, 20, 15, 7, 3])];
        diary.visit = mix(diary.visit);
        diary.write(Kind::Administered(what));
    }
    diary.at += MINUTE_US + SECOND_US;
    diary.written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_is_never_empty_and_never_runs_backwards() {
        let world = World::new(9, "acme", 80);
        let mut dice = Dice::new(9, "visits");
        for _ in 0..2_000 {
            let happenings = visit(&world, &mut dice, 1_000_000);
            assert!(!happenings.is_empty() && happenings[0].at == 1_000_000);
            assert!(happenings.is_sorted_by_key(|it| it.at));
        }
    }

    #[test]
    fn nobody_signs_in_by_a_second_factor_without_having_one() {
        let world = World::new(9, "acme", 80);
        let mut dice = Dice::new(9, "visits");
        for _ in 0..2_000 {
            for it in visit(&world, &mut dice, 0) {
                if let (Kind::FactorAccepted, Who::Person(person)) = (it.kind, it.who) {
                    assert!(world.person(person).second_factor);
                }
            }
        }
    }
}
