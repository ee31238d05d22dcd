//! The world that the simulated services watch: people with a home, devices and working hours; the applications and
//! organisations that they sign in to; the machines that call APIs. All of it follows from one seed.
//! Deliberately absent: what they do (`traffic`, `attacks`), and how a service writes it down.

pub(crate) mod devices;
pub(crate) mod happening;
pub(crate) mod names;
pub(crate) mod places;

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::dice::Dice;
use devices::PEOPLES;
use names::{APPLICATIONS, DEPARTMENTS, FAMILY_NAMES, GIVEN_NAMES, MACHINES, ORGANISATIONS};
use places::{HOMES, Place};

/// How many people a world may have.
pub(crate) const PEOPLE_MAX: usize = 100_000;

/// The whole of it.
#[derive(Debug)]
pub(crate) struct World {
    /// What everything about this world was thrown from.
    pub(crate) seed: u64,
    /// The people, sorted by nothing.
    pub(crate) people: Vec<Person>,
    /// Positions in `people` of those who administer the tenant.
    pub(crate) administrators: Vec<u32>,
    /// Positions in `people`, city by city.
    pub(crate) residents: Vec<Vec<u32>>,
    /// What people sign in to.
    pub(crate) applications: Vec<Application>,
    /// What calls APIs.
    pub(crate) machines: Vec<Application>,
    /// The customers' organisations.
    pub(crate) organisations: Vec<Organisation>,
}

/// Somebody with an account.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) given_name: &'static str,
    pub(crate) family_name: &'static str,
    pub(crate) email: String,
    pub(crate) department: &'static str,
    /// 24 hexadecimal digits, the provider-neutral part of the account's id.
    pub(crate) account: String,
    /// A number that is the account's id where ids are numbers.
    pub(crate) number: u32,
    /// Where the person lives, as a number of [`places::place`].
    pub(crate) home: u8,
    /// The address at home.
    pub(crate) home_address: Address,
    /// The two devices that the person uses, as numbers of [`devices::device`].
    pub(crate) devices: [u8; 2],
    /// Which organisation the person belongs to, if to any.
    pub(crate) organisation: Option<u8>,
    /// How the person signs in.
    pub(crate) connection: Connection,
    /// Whether a second factor is enrolled.
    pub(crate) second_factor: bool,
}

/// How an account is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connection {
    /// By a password that the tenant keeps.
    Database,
    /// By Google.
    Google,
    /// By the company's own directory.
    Enterprise,
}

/// Something that is signed in to, or that calls an API.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) name: &'static str,
    /// 32 letters and digits.
    pub(crate) client_id: String,
    /// A number that is its id where ids are numbers.
    pub(crate) number: u32,
    /// Where the user is sent back to.
    pub(crate) callback: String,
}

/// A customer's organisation.
#[derive(Debug)]
pub(crate) struct Organisation {
    pub(crate) name: &'static str,
    /// 16 letters and digits.
    pub(crate) id: String,
}

/// An IP address, small enough to be kept a million times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    V4(u32),
    /// The last 64 bits under `2001:db8::/64`.
    V6(u64),
}

impl Address {
    /// An address out of a place's range.
    pub(crate) fn thrown(place: &Place, dice: &mut Dice) -> Self {
        let (first, bits) = place.network;
        // The first and last address of each small network are left alone.
        let host = dice.below(1 << (32 - bits)) as u32;
        Self::V4(first | host & !0xff | dice.between(1, 254) as u32)
    }

    /// An address out of the ranges that RFC 5737 keeps for documentation: nobody's.
    pub(crate) fn documentation(dice: &mut Dice) -> Self {
        const RANGES: [[u8; 4]; 3] = [[192, 0, 2, 0], [198, 51, 100, 0], [203, 0, 113, 0]];
        Self::V4(u32::from_be_bytes(*dice.pick(&RANGES)) | dice.between(1, 254) as u32)
    }

    /// An address out of the range that RFC 3849 keeps for documentation.
    pub(crate) fn documentation_v6(dice: &mut Dice) -> Self {
        Self::V6(dice.any())
    }

    /// The address as text.
    pub(crate) fn text(self) -> String {
        match self {
            Self::V4(bits) => Ipv4Addr::from_bits(bits).to_string(),
            Self::V6(low) => {
                Ipv6Addr::from_bits(0x2001_0db8_u128 << 96 | u128::from(low)).to_string()
            }
        }
    }
}

impl World {
    /// A world of so many people; `name` is the company's.
    pub(crate) fn new(seed: u64, name: &str, people: usize) -> Self {
        let mut dice = Dice::new(seed, "world");
        let mail_domain = format!("{name}.example");
        let people: Vec<Person> = (0..people.clamp(1, PEOPLE_MAX))
            .map(|index| person(index, &mail_domain, &mut dice))
            .collect();
        let administrators = (0..people.len().div_ceil(40).max(1) as u32).collect();
        let mut residents = vec![Vec::new(); HOMES.len()];
        for (index, person) in people.iter().enumerate() {
            residents[usize::from(person.home)].push(index as u32);
        }
        let application = |dice: &mut Dice, name: &'static str, index: usize| Application {
            name,
            client_id: dice.letters_text(32),
            number: 500_000 + index as u32 * 37,
            callback: format!("https://{}.{mail_domain}/callback", slug(name)),
        };
        let applications = APPLICATIONS
            .iter()
            .enumerate()
            .map(|(index, name)| application(&mut dice, name, index))
            .collect();
        let machines = MACHINES
            .iter()
            .enumerate()
            .map(|(index, name)| application(&mut dice, name, 100 + index))
            .collect();
        let organisations = ORGANISATIONS
            .iter()
            .map(|name| Organisation { name, id: dice.letters_text(16) })
            .collect();
        Self { seed, people, administrators, residents, applications, machines, organisations }
    }

    /// Somebody by position.
    pub(crate) fn person(&self, position: u32) -> &Person {
        &self.people[position as usize % self.people.len()]
    }

    /// Positions of those whose password the tenant keeps; of everybody, if there is nobody such.
    pub(crate) fn with_password(&self) -> Vec<u32> {
        let all = 0..self.people.len() as u32;
        let known: Vec<u32> =
            all.clone().filter(|it| self.person(*it).connection == Connection::Database).collect();
        if known.is_empty() { all.collect() } else { known }
    }

    /// The address that an account had which never existed here: what guessing programs try.
    pub(crate) fn stranger_mail(number: u32) -> String {
        let mut dice = Dice::numbered(0x5712_a9e1, number.into());
        let given = dice.pick(GIVEN_NAMES).to_lowercase();
        format!("{given}.{}{}@mail.example", dice.hex_text(3), dice.below(100))
    }
}

impl Person {
    /// `Given Family`.
    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }
}

fn person(index: usize, mail_domain: &str, dice: &mut Dice) -> Person {
    // Two names make 10,000 pairs and more; whoever comes after that gets a number.
    let given_name = GIVEN_NAMES[index * 7 % GIVEN_NAMES.len()];
    let family_name = *dice.pick(FAMILY_NAMES);
    let home = dice.weighted(&[18, 14, 13, 12, 8, 7, 7, 5, 6, 4, 3, 3]) as u8;
    let pocket = if dice.chance(0.5) { 5 } else { 6 };
    Person {
        given_name,
        family_name,
        email: format!(
            "{}.{}{index}@{mail_domain}",
            given_name.to_lowercase(),
            family_name.to_lowercase()
        ),
        department: DEPARTMENTS[dice.index(DEPARTMENTS.len())],
        account: dice.hex_text(24),
        number: 30_000_000 + index as u32 * 11 + dice.below(11) as u32,
        home,
        home_address: if dice.chance(0.06) {
            Address::documentation_v6(dice)
        } else {
            Address::thrown(&HOMES[usize::from(home)], dice)
        },
        devices: [dice.index(PEOPLES.len() - 2) as u8, pocket],
        organisation: dice.chance(0.35).then(|| dice.index(ORGANISATIONS.len()) as u8),
        connection: match dice.weighted(&[70, 20, 10]) {
            0 => Connection::Database,
            1 => Connection::Google,
            _ => Connection::Enterprise,
        },
        second_factor: index < 10 || dice.chance(0.45),
    }
}

fn slug(name: &str) -> String {
    name.chars()
        .map(|character| match character {
            ' ' => '-',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_world() {
        let (one, same, other) =
            (World::new(3, "acme", 50), World::new(3, "acme", 50), World::new(4, "acme", 50));
        assert_eq!(format!("{one:?}"), format!("{same:?}"));
        assert_ne!(format!("{one:?}"), format!("{other:?}"));
    }

    #[test]
    fn nobody_shares_an_address_or_an_account() {
        let world = World::new(1, "acme", 5_000);
        let mut mails: Vec<&str> = world.people.iter().map(|it| it.email.as_str()).collect();
        let mut numbers: Vec<u32> = world.people.iter().map(|it| it.number).collect();
        mails.sort_unstable();
        mails.dedup();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!((mails.len(), numbers.len()), (5_000, 5_000));
    }

    #[test]
    fn an_address_lies_in_its_place() {
        let mut dice = Dice::new(1, "addresses");
        for place in HOMES {
            let Address::V4(bits) = Address::thrown(place, &mut dice) else { panic!("not IPv4") };
            let (first, prefix) = place.network;
            assert_eq!(bits >> (32 - prefix), first >> (32 - prefix), "{}", place.city);
        }
        assert!(Address::V6(1).text().starts_with("2001:db8::1"));
    }
}
