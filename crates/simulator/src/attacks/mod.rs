//! Attacks on demand, each a function of the world, a seed and the moment at which it starts. They happen in the world,
//! not in a service, so that every simulated service writes down its own side of the same story.
//! Deliberately absent: what a detection should make of them.

mod admin_takeover;
mod credential_stuffing;
mod impossible_travel;
mod mfa_fatigue;
mod password_spray;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::dice::Dice;
use crate::world::happening::{Happening, Kind, Origin, Who};
use crate::world::{Address, World, devices, places};

/// An attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attack {
    /// Few passwords against many accounts from one address, slowly; one of them fits.
    PasswordSpray,
    /// Leaked pairs of account and password from many addresses, fast; a few fit.
    CredentialStuffing,
    /// The password is known; the second factor is asked for again and again until it is given.
    MfaFatigue,
    /// A sign-in at home, and one from another continent before anybody could have got there.
    ImpossibleTravel,
    /// An administrator's account is taken and used to stay: rights, credentials, weaker policy, silenced logs.
    AdminTakeover,
}

impl Attack {
    /// Every attack.
    pub const ALL: [Self; 5] = [
        Self::PasswordSpray,
        Self::CredentialStuffing,
        Self::MfaFatigue,
        Self::ImpossibleTravel,
        Self::AdminTakeover,
    ];

    /// Its name on the command line and over HTTP: `password_spray`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PasswordSpray => "password_spray",
            Self::CredentialStuffing => "credential_stuffing",
            Self::MfaFatigue => "mfa_fatigue",
            Self::ImpossibleTravel => "impossible_travel",
            Self::AdminTakeover => "admin_takeover",
        }
    }

    /// What happens, in order, if it starts at `start` (microseconds since 1970).
    pub(crate) fn story(self, world: &World, seed: u64, start: i64) -> Story {
        let mut dice = Dice::new(world.seed ^ crate::dice::mix(seed), self.name());
        match self {
            Self::PasswordSpray => password_spray::story(world, &mut dice, start),
            Self::CredentialStuffing => credential_stuffing::story(world, &mut dice, start),
            Self::MfaFatigue => mfa_fatigue::story(world, &mut dice, start),
            Self::ImpossibleTravel => impossible_travel::story(world, &mut dice, start),
            Self::AdminTakeover => admin_takeover::story(world, &mut dice, start),
        }
    }
}

impl FromStr for Attack {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|attack| attack.name() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|attack| attack.name()).collect();
            format!("unknown attack `{text}`; known are: {}", known.join(", "))
        })
    }
}

/// What an attack left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttackReport {
    /// Which attack.
    pub attack: Attack,
    /// Ids of its events, in order; empty if they are still to come.
    pub ids: Vec<String>,
    /// Mail addresses of the accounts that were entered.
    pub victims: Vec<String>,
    /// The same people's names.
    pub victim_names: Vec<String>,
    /// The attacker's addresses.
    pub addresses: Vec<String>,
}

/// An attack as it happened.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// What happened, in order.
    pub(crate) happenings: Vec<Happening>,
    /// Positions of the people whose accounts were entered.
    pub(crate) victims: Vec<u32>,
    /// The attacker's addresses.
    pub(crate) addresses: Vec<Address>,
}

impl Story {
    fn tell(&mut self, at: i64, kind: Kind, (who, origin): (Who, Origin), visit: u64) {
        let application = 0;
        self.happenings.push(Happening { at, kind, who, application, origin, visit });
        if !self.addresses.contains(&origin.address) {
            self.addresses.push(origin.address);
        }
    }

    /// What a service tells of it, before it has given out ids.
    pub(crate) fn report(&self, attack: Attack, world: &World) -> AttackReport {
        let victims = || self.victims.iter().map(|position| world.person(*position));
        AttackReport {
            attack,
            ids: Vec::new(),
            victims: victims().map(|person| person.email.clone()).collect(),
            victim_names: victims().map(|person| person.full_name()).collect(),
            addresses: self.addresses.iter().map(|address| address.text()).collect(),
        }
    }

    /// Moves the whole story so that it ends at `end`.
    pub(crate) fn ending_at(mut self, end: i64) -> Self {
        let last = self.happenings.iter().map(|it| it.at).max().unwrap_or(end);
        for happening in &mut self.happenings {
            happening.at += end - last;
        }
        self
    }
}

/// Somewhere far from everybody's home.
fn far_away(dice: &mut Dice) -> u8 {
    (places::HOMES.len() + dice.index(places::ELSEWHERE.len())) as u8
}

/// A new address of an attacker, with a program or a browser that drives itself.
fn hostile(dice: &mut Dice, place: u8) -> Origin {
    Origin {
        address: Address::thrown(places::place(place), dice),
        place,
        device: devices::program(if dice.chance(0.5) { 0 } else { 3 }),
        risk: dice.between(70, 99) as u8,
    }
}

/// Somebody with a second factor, and with a password that the tenant keeps.
fn protected_person(world: &World, dice: &mut Dice) -> u32 {
    let known = world.with_password();
    let start = dice.index(known.len());
    let mut from_start = known.iter().cycle().skip(start).take(known.len()).copied();
    from_start.find(|it| world.person(*it).second_factor).unwrap_or(known[start])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::moment::MINUTE_US;

    /// When every attack is over.
    const ATTACK_US_MAX: i64 = 6 * 60 * MINUTE_US;

    fn counts(attack: Attack) -> BTreeMap<String, usize> {
        let world = World::new(1, "acme", 400);
        let mut counts = BTreeMap::new();
        for it in attack.story(&world, 1, 0).happenings {
            *counts.entry(format!("{:?}", it.kind)).or_default() += 1;
        }
        counts
    }

    #[test]
    fn every_attack_follows_from_its_seed_and_keeps_to_its_time() {
        let world = World::new(1, "acme", 400);
        for attack in Attack::ALL {
            let story = |seed| attack.story(&world, seed, 5_000_000).happenings;
            assert_eq!(story(1), story(1), "{attack:?}");
            assert_ne!(story(1), story(2), "{attack:?}");
            assert!(story(1).is_sorted_by_key(|it| it.at), "{attack:?}");
            assert!(
                story(1).iter().all(|it| (5_000_000..=ATTACK_US_MAX).contains(&it.at)),
                "{attack:?}"
            );
            let moved = attack.story(&world, 1, 0).ending_at(ATTACK_US_MAX);
            assert_eq!(moved.happenings.last().unwrap().at, ATTACK_US_MAX);
        }
    }

    #[test]
    fn an_attack_works_in_a_company_of_one() {
        let world = World::new(1, "acme", 1);
        for attack in Attack::ALL {
            assert!(!attack.story(&world, 1, 0).happenings.is_empty(), "{attack:?}");
        }
    }

    #[test]
    fn a_spray_tries_each_account_seldom_from_one_address() {
        let world = World::new(1, "acme", 400);
        let story = Attack::PasswordSpray.story(&world, 1, 0);
        assert_eq!(story.addresses.len(), 1);
        assert_eq!(story.victims.len(), 1);
        let tried: Vec<Who> = story
            .happenings
            .iter()
            .filter(|it| it.kind == Kind::WrongPassword)
            .map(|it| it.who)
            .collect();
        assert!(tried.len() >= 60);
        assert!(tried.iter().all(|who| tried.iter().filter(|it| *it == who).count() == 1));
    }

    #[test]
    fn stuffing_comes_from_many_addresses_and_mostly_misses() {
        let world = World::new(1, "acme", 400);
        let story = Attack::CredentialStuffing.story(&world, 1, 0);
        assert!(story.addresses.len() >= 30);
        let counts = counts(Attack::CredentialStuffing);
        assert!(counts["UnknownAccount"] > 10 * counts["LoggedIn"], "{counts:?}");
    }

    #[test]
    fn fatigue_ends_when_the_person_gives_in() {
        let counts = counts(Attack::MfaFatigue);
        assert!(counts["FactorRejected"] >= 10, "{counts:?}");
        assert_eq!((counts["FactorAccepted"], counts["LoggedIn"]), (1, 1));
    }

    #[test]
    fn nobody_travels_that_fast() {
        let world = World::new(1, "acme", 400);
        let story = Attack::ImpossibleTravel.story(&world, 1, 0);
        let logins: Vec<&Happening> =
            story.happenings.iter().filter(|it| it.kind == Kind::LoggedIn).collect();
        assert_eq!(logins.len(), 2);
        assert_eq!(logins[0].who, logins[1].who);
        assert_ne!(logins[0].origin.place, logins[1].origin.place);
        assert!(logins[1].at - logins[0].at < 90 * MINUTE_US);
    }

    #[test]
    fn a_taken_administrator_silences_the_logs() {
        let counts = counts(Attack::AdminTakeover);
        for expected in ["GrantedAllRights", "CreatedCredential", "DeletedLogStream"] {
            assert_eq!(counts[&format!("Administered({expected})")], 1, "{counts:?}");
        }
    }

    #[test]
    fn names_are_read_back() {
        for attack in Attack::ALL {
            assert_eq!(attack.name().parse(), Ok(attack));
        }
        assert!("flood".parse::<Attack>().is_err());
    }
}
