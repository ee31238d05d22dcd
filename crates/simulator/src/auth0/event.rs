//! One happening as an Auth0 log event: the fields that every event has. The shape of an event is an option, because
//! tenants differ: in some, what is empty is null; in others it is absent.
//! Deliberately absent: `details`, which differ by type (`details`), and any field that no recorded tenant has shown.

use std::borrow::Cow;

use super::log_id::LogId;
use super::{PageShape, UserAgentForm};
use super::{administration, details};
use crate::dice::Dice;
use crate::json::{self, Object};
use crate::world::happening::{Administration, Happening, Kind, Who};
use crate::world::{Address, Application, Connection, Person, World, devices, places};

/// What of a tenant its events show.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// `acme.eu.auth0.com`
    pub(crate) domain: String,
    /// `acme`
    pub(crate) name: String,
    pub(crate) shape: PageShape,
    pub(crate) user_agents: UserAgentForm,
    pub(crate) world: std::sync::Arc<World>,
}

/// Everything that a writer of one event needs.
pub(super) struct Scene<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) happening: &'a Happening,
    pub(super) person: Option<&'a Person>,
    pub(super) application: &'a Application,
    /// Chance that is the same for all events of a visit.
    pub(super) visit: Dice,
    /// How large the event should be.
    pub(super) size: Size,
}

/// How large an event should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// As large as it is.
    Natural,
    /// About so many bytes: lists that may grow do so.
    Bytes(usize),
    /// As small as it can be: what may be missing is.
    Small,
}

/// Appends the JSON text of an event.
pub(crate) fn write(
    tenant: &Tenant,
    happening: &Happening,
    id: LogId,
    size: Size,
    out: &mut String,
) {
    let world = &tenant.world;
    let person = match happening.who {
        Who::Person(position) => Some(world.person(position)),
        Who::Stranger(_) | Who::Machine(_) => None,
    };
    let applications = match happening.who {
        Who::Machine(_) => &world.machines,
        Who::Person(_) | Who::Stranger(_) => &world.applications,
    };
    let scene = Scene {
        tenant,
        happening,
        person,
        application: &applications[usize::from(happening.application) % applications.len()],
        visit: Dice::numbered(world.seed, happening.visit),
        size,
    };
    let mut chance = Dice::numbered(world.seed ^ id.ingested.unsigned_abs(), id.counter);
    let id = id.text();
    json::object(out, |event| scene.write(event, &id, &mut chance));
}

/// The type code of a happening.
pub(crate) const fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::LoggedIn => "s",
        Kind::CodeExchanged => "seacft",
        Kind::SilentLogin => "ssa",
        Kind::SilentLoginFailed => "fsa",
        Kind::TokenRefreshed => "sertft",
        Kind::LoggedOut => "slo",
        Kind::WrongPassword => "fp",
        Kind::UnknownAccount => "fu",
        Kind::LeakedPassword => "pwd_leak",
        Kind::AccountBlocked => "limit_wc",
        Kind::AddressBlocked => "limit_mu",
        Kind::CallbackRefused => "f",
        Kind::FactorPushed => "gd_send_pn",
        Kind::FactorAccepted => "gd_auth_succeed",
        Kind::FactorRejected => "gd_auth_rejected",
        Kind::FactorFailed => "gd_auth_failed",
        Kind::FactorEnrolled => "gd_enrollment_complete",
        Kind::FactorRemoved => "gd_unenroll",
        Kind::PasswordResetAsked => "scpr",
        Kind::PasswordChanged => "scp",
        Kind::SignedUp => "ss",
        Kind::SignupFailed => "fs",
        Kind::MailConfirmed => "sv",
        Kind::MachineToken => "seccft",
        Kind::MachineTokenRefused => "feccft",
        Kind::ApiLimitNear => "api_limit_warning",
        Kind::ApiLimited => "api_limit",
        Kind::AccountSynced => "sscim",
        Kind::Administered(Administration::ReadSecret) => "mgmt_api_read",
        Kind::Administered(_) => "sapi",
    }
}

/// A type that the service introduced yesterday: a reader must let it through. One renewal of tokens in so many has it.
const NEW_TYPE: (&str, u64) = ("session_hint_evaluated", 700);

impl Scene<'_> {
    fn write(&self, event: &mut Object<'_>, id: &str, chance: &mut Dice) {
        let kind = self.happening.kind;
        // `_id` comes first: a log stream sends the same text without it.
        event.text("_id", id).moment("date", self.happening.at);
        let is_new = kind == Kind::TokenRefreshed && chance.below(NEW_TYPE.1) == 0;
        event.text("type", if is_new { NEW_TYPE.0 } else { code(kind) });
        let mut sheet = Sheet { event, shape: self.tenant.shape };
        let description = self.description();
        sheet.text("description", Some(description.as_ref()).filter(|it| !it.is_empty()));
        self.write_connection(&mut sheet);
        self.write_application(&mut sheet);
        let device = devices::device(self.happening.origin.device);
        let guardian = self.is_guardian();
        sheet.event.text("ip", &self.happening.origin.address.text());
        if matches!(kind, Kind::MachineToken | Kind::CodeExchanged | Kind::TokenRefreshed) {
            sheet.text("client_ip", Some(&client_address(&self.happening.origin.address)));
        }
        sheet.event.text(
            "user_agent",
            match (guardian, self.tenant.user_agents) {
                (true, _) => "unknown",
                (false, UserAgentForm::Parsed) => device.parsed,
                (false, UserAgentForm::Raw) => device.raw,
            },
        );
        match kind {
            Kind::SilentLogin if chance.chance(0.02) => sheet.null("details"),
            _ => details::write(self, sheet.event, chance),
        }
        self.write_user(&mut sheet);
        self.write_rest(&mut sheet, chance);
        sheet.event.text("log_id", id).flag("isMobile", device.mobile);
        self.write_tenant(&mut sheet, chance);
    }

    fn write_connection(&self, sheet: &mut Sheet<'_, '_>) {
        let mut names = self.visit.clone();
        match self.connection() {
            Some((name, _, _)) => {
                // The id belongs to the connection, not to the visit.
                let mut ids = Dice::new(self.tenant.world.seed, name);
                sheet.text("connection", Some(name));
                sheet.text("connection_id", Some(&format!("con_{}", ids.letters_text(16))));
            }
            None if names.chance(0.5) => {
                sheet.null("connection");
                // Real tenants write the empty text here as well as nothing.
                sheet.event.text("connection_id", "");
            }
            None => {
                sheet.null("connection");
                sheet.null("connection_id");
            }
        }
    }

    fn write_application(&self, sheet: &mut Sheet<'_, '_>) {
        if self.is_guardian() || matches!(self.happening.kind, Kind::AccountSynced) {
            sheet.null("client_id");
            sheet.null("client_name");
        } else {
            sheet.event.text("client_id", &self.application.client_id);
            // Calls from the dashboard tell the client but not its name.
            let named = !matches!(
                self.happening.kind,
                Kind::Administered(_) | Kind::ApiLimited | Kind::ApiLimitNear
            );
            sheet.event.text("client_name", if named { self.application.name } else { "" });
        }
    }

    fn write_user(&self, sheet: &mut Sheet<'_, '_>) {
        if !self.is_guardian() {
            sheet.event.text("hostname", &self.tenant.domain);
        }
        match (self.happening.who, self.person) {
            (Who::Person(_), Some(person)) => {
                sheet.event.text("user_id", &self.user_id(person));
                sheet.event.text("user_name", &person.email);
            }
            (Who::Stranger(number), _) => {
                sheet.event.text("user_id", "");
                sheet.event.text("user_name", &World::stranger_mail(number));
            }
            _ => {
                sheet.event.text("user_id", "").text("user_name", "");
            }
        }
        let organisation = self
            .person
            .and_then(|person| person.organisation)
            .filter(|_| self.is_sign_in())
            .map(|index| &self.tenant.world.organisations[usize::from(index)]);
        sheet.text("organization_id", organisation.map(|it| format!("org_{}", it.id)).as_deref());
        sheet.text("organization_name", organisation.map(|it| it.name));
        let connection = self.connection();
        sheet.text("strategy", connection.map(|it| it.1));
        sheet.text("strategy_type", connection.map(|it| it.2));
    }

    fn write_rest(&self, sheet: &mut Sheet<'_, '_>, chance: &mut Dice) {
        let kind = self.happening.kind;
        let management = format!("https://{}/api/v2/", self.tenant.domain);
        let userinfo = format!("https://{}/userinfo", self.tenant.domain);
        let (audience, scope): (Option<&str>, &[&str]) = match kind {
            Kind::MachineToken => (Some(&management), MACHINE_SCOPES),
            Kind::CodeExchanged | Kind::TokenRefreshed => (Some(&userinfo), USER_SCOPES),
            _ => (None, &[]),
        };
        sheet.text("audience", audience);
        // The service writes scopes now as a list, now as a text.
        if scope.is_empty() {
            sheet.null("scope");
        } else if chance.chance(0.5) {
            sheet.event.texts("scope", scope.iter().copied());
        } else {
            sheet.event.text("scope", &scope.join(" "));
        }
        if self.is_sign_in() && self.size != Size::Small {
            self.write_client(sheet, chance);
        } else {
            sheet.null("auth0_client");
        }
    }

    fn write_client(&self, sheet: &mut Sheet<'_, '_>, chance: &mut Dice) {
        if chance.chance(0.01) {
            // Some old libraries send a list of objects.
            sheet.event.objects("auth0_client", 1, |_, client| {
                client.text("name", "legacy-widget").text("version", "7.4.1");
            });
        } else {
            sheet.event.object("auth0_client", |client| {
                client.text("name", "auth0-spa-js").text("version", "2.4.1");
                client.object("env", |env| {
                    env.text("browser", "yes");
                });
            });
        }
    }

    fn write_tenant(&self, sheet: &mut Sheet<'_, '_>, chance: &mut Dice) {
        sheet.event.text("tenant_name", &self.tenant.name);
        sheet.event.text("environment_name", "prod-eu-1");
        sheet.event.object("$event_schema", |schema| {
            schema.text("version", "1.0.0");
        });
        let origin = &self.happening.origin;
        let mut device = Dice::numbered(u64::from(origin.device) + 77, 4);
        let small = self.size == Size::Small;
        if self.is_sign_in() && !small {
            sheet.event.object("security_context", |context| {
                context.text("ja3", &device.hex_text(32));
                context.text(
                    "ja4",
                    &format!("t13d1516h2_{}_{}", device.hex_text(12), device.hex_text(12)),
                );
            });
        } else {
            sheet.null("security_context");
        }
        if matches!(self.happening.who, Who::Machine(_)) || small {
            sheet.null("location_info");
        } else {
            let place = places::place(origin.place);
            sheet.event.object("location_info", |location| {
                let [two, three, name] = place.country;
                location.text("country_code", two).text("country_code3", three);
                location.text("country_name", name).text("city_name", place.city);
                location.raw("latitude", &degrees(place.position.0));
                location.raw("longitude", &degrees(place.position.1));
                location.text("time_zone", place.time_zone);
                location.text("continent_code", place.continent);
            });
        }
        if chance.chance(0.4) && !small {
            sheet.event.object("references", |references| {
                references.text("trace_id", &chance.hex_text(32));
            });
        }
    }

    fn description(&self) -> Cow<'static, str> {
        let person = self.person.map_or_else(String::new, |person| person.email.clone());
        Cow::Borrowed(match self.happening.kind {
            Kind::WrongPassword | Kind::UnknownAccount => "Wrong email or password.",
            Kind::SilentLoginFailed => "Login required",
            Kind::LeakedPassword => "The password of this account stands on a list of leaked ones",
            Kind::AccountBlocked => {
                return Cow::Owned(format!(
                    "User ({person}) attempted 10 consecutive logins unsuccessfully. Brute force protection is enabled for this connection, further attempts are blocked from this IP address for this user."
                ));
            }
            Kind::AddressBlocked => "Too many failed logins from this address",
            Kind::CallbackRefused => {
                return Cow::Owned(format!(
                    "Callback URL mismatch. {}?stale=1 is not in the list of allowed callback URLs",
                    self.application.callback
                ));
            }
            Kind::FactorPushed => "Guardian - Push notification sent",
            Kind::FactorAccepted => "Guardian - Second factor authentication succeed (push)",
            Kind::FactorRejected => "Guardian - Second factor authentication rejected (push)",
            Kind::FactorFailed => "Guardian - Second factor authentication failed (totp)",
            Kind::FactorEnrolled => "Guardian - Enrollment complete (push)",
            Kind::FactorRemoved => "Guardian - Device account unenrolled",
            Kind::PasswordResetAsked => "A mail to change the password was asked for",
            Kind::PasswordChanged => "You can now login to the application with the new password.",
            Kind::SignupFailed => "Password is too weak",
            Kind::MailConfirmed => {
                "Your email was verified. You can continue using the application."
            }
            Kind::MachineTokenRefused => "Unauthorized",
            Kind::ApiLimitNear => "Global limit is about to be reached",
            Kind::ApiLimited => "Global limit has been reached",
            Kind::AccountSynced => "User updated by SCIM",
            Kind::Administered(what) => administration::operation(what).0,
            _ => "",
        })
    }

    /// Name, strategy and kind of the connection, where the event has one.
    fn connection(&self) -> Option<(&'static str, &'static str, &'static str)> {
        if self.is_guardian() || matches!(self.happening.who, Who::Machine(_)) {
            return None;
        }
        match self.happening.kind {
            Kind::LoggedIn
            | Kind::LoggedOut
            | Kind::SignedUp
            | Kind::SignupFailed
            | Kind::WrongPassword
            | Kind::UnknownAccount
            | Kind::LeakedPassword
            | Kind::AccountBlocked
            | Kind::AddressBlocked
            | Kind::PasswordResetAsked
            | Kind::PasswordChanged
            | Kind::MailConfirmed
            | Kind::AccountSynced => {}
            _ => return None,
        }
        let by_password = !matches!(self.happening.kind, Kind::LoggedIn | Kind::LoggedOut);
        Some(match self.person.map_or(Connection::Database, |person| person.connection) {
            Connection::Google if !by_password => ("google-oauth2", "google-oauth2", "social"),
            Connection::Enterprise if !by_password => ("staff-directory", "waad", "enterprise"),
            _ => ("Username-Password-Authentication", "auth0", "database"),
        })
    }

    pub(super) fn user_id(&self, person: &Person) -> String {
        match person.connection {
            Connection::Database => format!("auth0|{}", person.account),
            Connection::Google => {
                format!("google-oauth2|1{:020}", u64::from(person.number) * 7_919)
            }
            Connection::Enterprise => format!("waad|{}", &person.account[..22]),
        }
    }

    const fn is_guardian(&self) -> bool {
        matches!(
            self.happening.kind,
            Kind::FactorPushed
                | Kind::FactorAccepted
                | Kind::FactorRejected
                | Kind::FactorFailed
                | Kind::FactorEnrolled
                | Kind::FactorRemoved
        )
    }

    const fn is_sign_in(&self) -> bool {
        matches!(
            self.happening.kind,
            Kind::LoggedIn
                | Kind::CodeExchanged
                | Kind::SilentLogin
                | Kind::SilentLoginFailed
                | Kind::WrongPassword
                | Kind::UnknownAccount
                | Kind::LeakedPassword
                | Kind::SignedUp
        )
    }
}

/// Writes what may be missing as the tenant's shape wants it.
struct Sheet<'a, 'b> {
    event: &'a mut Object<'b>,
    shape: PageShape,
}

impl Sheet<'_, '_> {
    fn text(&mut self, key: &str, value: Option<&str>) {
        match value {
            Some(value) => {
                self.event.text(key, value);
            }
            None => self.null(key),
        }
    }

    fn null(&mut self, key: &str) {
        if self.shape == PageShape::Nulls {
            self.event.null(key);
        }
    }
}

const USER_SCOPES: &[&str] = &["openid", "profile", "email", "offline_access"];
const MACHINE_SCOPES: &[&str] = &["read:logs", "read:users", "read:clients", "read:stats"];

/// The address of the peer, which does not follow forwarding headers: a load balancer's.
fn client_address(address: &Address) -> String {
    match address {
        Address::V4(bits) => Address::V4(0xc000_0200 | bits & 0x1f).text(),
        Address::V6(low) => Address::V6(low & 0xff).text(),
    }
}

/// Ten-thousandths of a degree as a decimal number.
fn degrees(ten_thousandths: i32) -> String {
    let sign = if ten_thousandths < 0 { "-" } else { "" };
    let whole = ten_thousandths.unsigned_abs();
    format!("{sign}{}.{:04}", whole / 10_000, whole % 10_000)
}
