//! What OneLogin knows of a happening, before either of its forms is written: the event's type, who, on whom, with what.
//! Deliberately absent: ids and times of the event itself.

use crate::dice::{Dice, mix};
use crate::world::happening::{Administration, Happening, Kind, Who};
use crate::world::{Application, World, devices, places};

/// What is known of one happening. A pair is an id and a name.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) type_id: u16,
    pub(super) actor: Option<(u64, String)>,
    /// Name of the system that acted, if it was no person; empty otherwise.
    pub(super) system: &'static str,
    /// Who was acted upon. Somebody without an account has a name only.
    pub(super) user: Option<(Option<u64>, String)>,
    pub(super) address: Option<String>,
    pub(super) user_agent: &'static str,
    pub(super) application: Option<(u64, &'static str)>,
    pub(super) role: Option<(u64, &'static str)>,
    pub(super) policy: Option<(u64, &'static str)>,
    pub(super) privilege: Option<(u64, &'static str)>,
    pub(super) credential: Option<&'static str>,
    pub(super) factor: Option<(u64, String)>,
    pub(super) risk: Option<u8>,
    pub(super) risk_reasons: Option<String>,
    pub(super) cookie: Option<String>,
    pub(super) fingerprint: Option<String>,
    pub(super) notes: Option<String>,
    pub(super) error: Option<&'static str>,
    pub(super) resolution: Option<u64>,
    pub(super) directory: Option<u64>,
    pub(super) sync_run: Option<u64>,
}

/// The number of an event's type.
const fn type_id(kind: Kind) -> u16 {
    match kind {
        Kind::LoggedIn => 5,
        Kind::CodeExchanged | Kind::SilentLogin | Kind::TokenRefreshed => 8,
        Kind::SilentLoginFailed => 9,
        Kind::LoggedOut => 7,
        Kind::WrongPassword | Kind::UnknownAccount | Kind::LeakedPassword => 6,
        Kind::AccountBlocked => 19,
        Kind::AddressBlocked => 35,
        Kind::CallbackRefused => 118,
        Kind::FactorPushed => 1001,
        Kind::FactorAccepted => 1400,
        Kind::FactorRejected => 950,
        Kind::FactorFailed => 1002,
        Kind::FactorEnrolled => 22,
        Kind::FactorRemoved => 24,
        Kind::PasswordResetAsked => 10,
        Kind::PasswordChanged => 11,
        Kind::SignedUp => 13,
        Kind::SignupFailed => 116,
        Kind::MailConfirmed => 16,
        Kind::MachineToken => 515,
        Kind::MachineTokenRefused => 522,
        Kind::ApiLimited | Kind::ApiLimitNear => 400,
        Kind::AccountSynced => 14,
        Kind::Administered(what) => match what {
            Administration::UpdatedUser => 14,
            Administration::CreatedUser => 13,
            Administration::DeletedUser => 17,
            Administration::AssignedRole => 147,
            Administration::GrantedAllRights => 72,
            Administration::UpdatedApplication => 601,
            Administration::CreatedCredential => 179,
            Administration::WeakenedFactorPolicy => 157,
            Administration::UpdatedLogStream => 411,
            Administration::DeletedLogStream => 412,
            Administration::ImpersonatedUser => 3,
            Administration::ReadSecret => 240,
        },
    }
}

/// One provisioning in so many fails.
const PROVISIONING_FAILURE: u64 = 25;

impl Facts {
    pub(super) fn of(world: &World, happening: &Happening) -> Self {
        let mut facts = Self {
            type_id: type_id(happening.kind),
            user_agent: devices::device(happening.origin.device).raw,
            address: Some(happening.origin.address.text()),
            ..Self::default()
        };
        facts.set_people(world, happening);
        facts.set_objects(world, happening);
        if is_sign_in(happening.kind) {
            facts.set_risk(happening);
        }
        facts.notes = notes(happening, &mut Dice::numbered(world.seed, happening.visit));
        facts
    }

    /// The name of who acted: a system has one as well.
    pub(super) fn actor_name(&self) -> Option<&str> {
        match &self.actor {
            Some((_, name)) => Some(name),
            None if self.system.is_empty() => None,
            None => Some(self.system),
        }
    }

    fn set_people(&mut self, world: &World, happening: &Happening) {
        match happening.who {
            Who::Person(position) => {
                let person = world.person(position);
                let named = (u64::from(person.number), person.full_name());
                if matches!(happening.kind, Kind::AccountSynced) {
                    self.system = "Head office directory";
                    self.address = None;
                } else {
                    self.actor = Some(named.clone());
                }
                self.user = Some((Some(named.0), named.1));
            }
            Who::Stranger(number) => self.user = Some((None, World::stranger_mail(number))),
            Who::Machine(_) => self.system = "API",
        }
        if matches!(happening.kind, Kind::Administered(_)) {
            let target = world.person((mix(happening.visit) >> 33) as u32);
            self.user = Some((Some(u64::from(target.number)), target.full_name()));
        }
    }

    fn set_objects(&mut self, world: &World, happening: &Happening) {
        let application = |list: &[Application]| {
            let it = &list[usize::from(happening.application) % list.len()];
            Some((u64::from(it.number), it.name))
        };
        match happening.kind {
            Kind::CodeExchanged
            | Kind::SilentLogin
            | Kind::SilentLoginFailed
            | Kind::TokenRefreshed
            | Kind::CallbackRefused
            | Kind::AddressBlocked
            | Kind::Administered(Administration::UpdatedApplication | Administration::ReadSecret) =>
            {
                self.application = application(&world.applications);
            }
            Kind::MachineToken | Kind::MachineTokenRefused => {
                self.credential = application(&world.machines).map(|it| it.1);
            }
            Kind::LoggedIn | Kind::FactorPushed => self.policy = Some((300_114, "Everyone")),
            Kind::AccountSynced => self.set_provisioning(world, happening),
            Kind::Administered(Administration::AssignedRole) => {
                self.role = Some((450_201, "Backoffice"));
            }
            Kind::Administered(Administration::GrantedAllRights) => {
                self.privilege = Some((1, "Super user"));
            }
            Kind::Administered(Administration::CreatedCredential) => {
                self.credential = Some("backup-job");
            }
            Kind::Administered(Administration::WeakenedFactorPolicy) => {
                self.policy = Some((300_114, "Everyone"));
            }
            _ => {}
        }
        if is_factor(happening.kind)
            && let Some((Some(number), _)) = &self.user
        {
            self.factor = Some((1_000_000 + number % 900_000, "OneLogin Protect".to_owned()));
        }
    }

    fn set_provisioning(&mut self, world: &World, happening: &Happening) {
        self.directory = Some(8_114);
        self.sync_run = Some(happening.at.unsigned_abs() / 60_000_000);
        self.resolution = Some(10);
        let throw = mix(happening.visit ^ happening.at.unsigned_abs());
        if throw.is_multiple_of(PROVISIONING_FAILURE) {
            self.type_id = 64;
            self.system = "OneLogin::Provisioning";
            self.error = Some("team_license_limit");
            self.resolution = Some(0);
            let it = &world.applications[2];
            self.application = Some((u64::from(it.number), it.name));
        }
    }

    fn set_risk(&mut self, happening: &Happening) {
        let risk = happening.origin.risk;
        let mut dice = Dice::numbered(0x0a15, u64::from(happening.origin.device) ^ happening.visit);
        self.risk = Some(risk);
        self.cookie = Some(dice.hex_text(64));
        self.fingerprint = Some(dice.hex_text(32));
        let place = places::place(happening.origin.place);
        let address = happening.origin.address.text();
        let mut reasons = vec![format!("Infrequent access from {address} ({}%)", risk / 3)];
        if risk > 30 {
            reasons.push(format!(
                "{}, {} is a new location ({}%)",
                place.city,
                place.country[2],
                risk / 3
            ));
        }
        if risk > 60 {
            let speed = 1_000 + happening.visit % 8_000;
            reasons.push(format!("Unexpectedly high velocity ({speed}.25 km/hr) ({}%)", risk / 3));
        }
        self.risk_reasons = Some(reasons.join("\n"));
    }
}

fn notes(happening: &Happening, dice: &mut Dice) -> Option<String> {
    Some(match happening.kind {
        Kind::LoggedIn => format!(
            "Authentication method: Login App.\nTransitions: username -> password -> done\n\
             Correlation_id: {}",
            dice.uuid()
        ),
        Kind::WrongPassword => "Authentication method: password (invalid password).".to_owned(),
        Kind::LeakedPassword => "Authentication method: password (leaked password).".to_owned(),
        Kind::UnknownAccount => "Authentication method: password (user not found).".to_owned(),
        Kind::FactorAccepted => {
            "Authentication method: OTP (Valid OTP). Factor name: OneLogin Protect".to_owned()
        }
        Kind::FactorFailed | Kind::FactorRejected => "Validation failed".to_owned(),
        Kind::CodeExchanged | Kind::SilentLogin | Kind::TokenRefreshed => {
            "Initiated by OneLogin via OpenID Connect".to_owned()
        }
        Kind::AccountSynced | Kind::Administered(Administration::UpdatedUser) => {
            "Updated user".to_owned()
        }
        Kind::Administered(Administration::WeakenedFactorPolicy) => {
            "\nOTP required  changed from true to false".to_owned()
        }
        _ => return None,
    })
}

const fn is_sign_in(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::LoggedIn | Kind::WrongPassword | Kind::UnknownAccount | Kind::LeakedPassword
    )
}

const fn is_factor(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::FactorPushed
            | Kind::FactorAccepted
            | Kind::FactorRejected
            | Kind::FactorFailed
            | Kind::FactorEnrolled
            | Kind::FactorRemoved
    )
}
