//! One happening as OneLogin writes it, in its two forms that share no id: the API's (numeric `id`, milliseconds) and
//! the webhook's (`uuid`, seconds, and fields that the API leaves out).
//! Deliberately absent: the order of keys of any real answer, which varies.

use std::borrow::Cow;

use super::WebhookShape;
use super::facts::Facts;
use crate::dice::Dice;
use crate::json::{self, Object};
use crate::moment::spaced_utc;
use crate::world::World;
use crate::world::happening::Happening;

/// Keys of the API's form.
const API_KEYS: &[&str] = &[
    "id",
    "created_at",
    "account_id",
    "user_id",
    "event_type_id",
    "notes",
    "ipaddr",
    "actor_user_id",
    "assuming_acting_user_id",
    "role_id",
    "app_id",
    "group_id",
    "otp_device_id",
    "policy_id",
    "actor_system",
    "custom_message",
    "role_name",
    "app_name",
    "group_name",
    "actor_user_name",
    "user_name",
    "policy_name",
    "otp_device_name",
    "operation_name",
    "directory_sync_run_id",
    "directory_id",
    "resolution",
    "client_id",
    "resource_type_id",
    "error_description",
    "proxy_ip",
    "risk_score",
    "risk_reasons",
    "risk_cookie_id",
    "browser_fingerprint",
];

/// Keys of the webhook's form, of which the documentation shows 73.
const WEBHOOK_KEYS: &[&str] = &[
    "create",
    "uuid",
    "event_timestamp",
    "event_type_id",
    "account_id",
    "actor_user_id",
    "actor_user_name",
    "actor_system",
    "user_id",
    "user_name",
    "ipaddr",
    "proxy_ip",
    "user_agent",
    "app_id",
    "app_name",
    "role_id",
    "role_name",
    "group_id",
    "group_name",
    "policy_id",
    "policy_name",
    "policy_type",
    "privilege_id",
    "privilege_name",
    "otp_device_id",
    "otp_device_name",
    "authentication_factor_id",
    "authentication_factor_type",
    "authentication_factor_description",
    "risk_score",
    "risk_reasons",
    "risk_cookie_id",
    "browser_fingerprint",
    "notes",
    "custom_message",
    "error_description",
    "resolution",
    "resolved_at",
    "resolved_by_user_id",
    "solved",
    "assuming_acting_user_id",
    "assumed_by_superadmin_or_reseller",
    "api_credential_name",
    "client_id",
    "directory_id",
    "directory_name",
    "directory_sync_run_id",
    "service_directory_id",
    "adc_id",
    "adc_name",
    "certificate_id",
    "certificate_name",
    "entity",
    "imported_user_id",
    "imported_user_name",
    "login_id",
    "login_name",
    "mapping_id",
    "mapping_name",
    "note_id",
    "note_title",
    "object_id",
    "param",
    "proxy_agent_id",
    "proxy_agent_name",
    "radius_config_id",
    "radius_config_name",
    "resource_type_id",
    "task_name",
    "trusted_idp_id",
    "trusted_idp_name",
    "user_field_id",
    "user_field_name",
];

/// Keys that some accounts' webhooks have besides.
const RARER_KEYS: &[&str] = &[
    "job_id",
    "job_name",
    "report_id",
    "report_name",
    "safe_to_unescape",
    "service_job_id",
    "service_job_name",
];

/// What of an account its events show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account<'a> {
    pub(super) id: u64,
    pub(super) world: &'a World,
}

/// Appends the API's form.
pub(super) fn write_for_api(
    account: Account<'_>,
    happening: &Happening,
    facts: &Facts,
    id: u64,
    out: &mut String,
) {
    json::object(out, |event| {
        for key in API_KEYS {
            match *key {
                "id" => event.number(key, id as i64),
                "created_at" => event.moment(key, happening.at),
                _ => common(key, account, facts, event),
            };
        }
    });
}

/// Appends the webhook's form.
pub(super) fn write_for_webhook(
    account: Account<'_>,
    (happening, facts): (&Happening, &Facts),
    id: u64,
    shape: WebhookShape,
    out: &mut String,
) {
    let uuid = uuid(account.world.seed, id);
    let more = if shape == WebhookShape::EightyKeys { RARER_KEYS } else { &[] };
    json::object(out, |event| {
        for key in WEBHOOK_KEYS.iter().chain(more) {
            if shape == WebhookShape::NoNulls && is_null(key, account, facts) {
                continue;
            }
            match *key {
                "create" => event.object(key, |create| {
                    create.text("_id", &uuid);
                }),
                "uuid" => event.text(key, &uuid),
                "event_timestamp" => event.text(key, &spaced_utc(happening.at)),
                _ => only_in_webhook(key, account, facts, event),
            };
        }
    });
}

/// The webhook's id of the event that the API calls `id`.
pub(super) fn uuid(seed: u64, id: u64) -> String {
    Dice::numbered(Dice::new(seed, "uuid").any(), id).uuid()
}

fn only_in_webhook<'a, 'o>(
    key: &str,
    account: Account<'_>,
    facts: &Facts,
    event: &'a mut Object<'o>,
) -> &'a mut Object<'o> {
    match key {
        "user_agent" => text(event, key, Some(facts.user_agent)),
        "privilege_id" => number(event, key, facts.privilege.map(|it| it.0)),
        "privilege_name" => text(event, key, facts.privilege.map(|it| it.1)),
        "api_credential_name" => text(event, key, facts.credential),
        "authentication_factor_id" => number(event, key, facts.factor.as_ref().map(|_| 20_402)),
        "authentication_factor_type" => number(event, key, facts.factor.as_ref().map(|_| 17)),
        "authentication_factor_description" => {
            text(event, key, facts.factor.as_ref().map(|_| "OneLogin Protect"))
        }
        "directory_name" => text(event, key, facts.directory.map(|_| "Head office")),
        _ => common(key, account, facts, event),
    }
}

fn common<'a, 'o>(
    key: &str,
    account: Account<'_>,
    facts: &Facts,
    event: &'a mut Object<'o>,
) -> &'a mut Object<'o> {
    match key {
        "account_id" => event.number(key, account.id as i64),
        "event_type_id" => event.number(key, facts.type_id.into()),
        "actor_system" => event.text(key, facts.system),
        "actor_user_id" => number(event, key, facts.actor.as_ref().map(|it| it.0)),
        "actor_user_name" => text(event, key, facts.actor_name()),
        "user_id" => number(event, key, facts.user.as_ref().and_then(|it| it.0)),
        "user_name" => text(event, key, facts.user.as_ref().map(|it| it.1.as_str())),
        "ipaddr" => text(event, key, facts.address.as_deref()),
        "app_id" => number(event, key, facts.application.map(|it| it.0)),
        "app_name" => text(event, key, facts.application.map(|it| it.1)),
        "role_id" => number(event, key, facts.role.map(|it| it.0)),
        "role_name" => text(event, key, facts.role.map(|it| it.1)),
        "policy_id" => number(event, key, facts.policy.map(|it| it.0)),
        "policy_name" => text(event, key, facts.policy.map(|it| it.1)),
        "otp_device_id" => number(event, key, facts.factor.as_ref().map(|it| it.0)),
        "otp_device_name" => text(event, key, facts.factor.as_ref().map(|it| it.1.as_str())),
        "risk_score" => number(event, key, facts.risk.map(u64::from)),
        "risk_reasons" => text(event, key, facts.risk_reasons.as_deref()),
        "risk_cookie_id" => text(event, key, facts.cookie.as_deref()),
        "browser_fingerprint" => text(event, key, facts.fingerprint.as_deref()),
        "notes" => text(event, key, facts.notes.as_deref()),
        "error_description" => text(event, key, facts.error),
        "resolution" => number(event, key, facts.resolution),
        "directory_id" => number(event, key, facts.directory),
        "directory_sync_run_id" => number(event, key, facts.sync_run),
        _ => event.null(key),
    }
}

/// Whether the webhook's form has nothing to say under a key.
fn is_null(key: &str, account: Account<'_>, facts: &Facts) -> bool {
    if matches!(key, "create" | "uuid" | "event_timestamp") {
        return false;
    }
    let mut text = String::new();
    json::object(&mut text, |event| {
        only_in_webhook(key, account, facts, event);
    });
    text.ends_with(":null}")
}

fn text<'a, 'o>(event: &'a mut Object<'o>, key: &str, value: Option<&str>) -> &'a mut Object<'o> {
    match value {
        Some(value) => event.text(key, value),
        None => event.null(key),
    }
}

fn number<'a, 'o>(event: &'a mut Object<'o>, key: &str, value: Option<u64>) -> &'a mut Object<'o> {
    match value {
        Some(value) => event.number(key, value as i64),
        None => event.null(key),
    }
}

/// The sentence of an event type, made from its name: `USER_LOCKED` is `User locked`.
pub(super) fn sentence(name: &str) -> Cow<'_, str> {
    let words = name.replace('_', " ").to_lowercase();
    let mut characters = words.chars();
    match characters.next() {
        Some(first) => Cow::Owned(first.to_uppercase().chain(characters).collect()),
        None => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value};

    use super::*;
    use crate::world::Address;
    use crate::world::happening::{Administration, Kind, Origin, Who};

    fn happening(kind: Kind) -> Happening {
        Happening {
            at: 1_795_000_000_123_456,
            kind,
            who: Who::Person(3),
            application: 2,
            origin: Origin { address: Address::V4(0x5b01_0203), place: 0, device: 0, risk: 12 },
            visit: 99,
        }
    }

    fn forms(kind: Kind, shape: WebhookShape) -> [Map<String, Value>; 2] {
        let world = World::new(1, "acme", 30);
        let account = Account { id: 71_002, world: &world };
        let (mut api, mut webhook) = (String::new(), String::new());
        let happening = happening(kind);
        let facts = Facts::of(&world, &happening);
        write_for_api(account, &happening, &facts, 45_000_000_017, &mut api);
        write_for_webhook(account, (&happening, &facts), 45_000_000_017, shape, &mut webhook);
        [api, webhook].map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn the_two_forms_share_no_id() {
        let [api, webhook] = forms(Kind::LoggedIn, WebhookShape::SeventyThreeKeys);
        assert_eq!(api["id"], 45_000_000_017_u64);
        assert!(!api.contains_key("uuid") && !webhook.contains_key("id"));
        assert_eq!(webhook["uuid"], webhook["create"]["_id"]);
        assert_eq!(api["created_at"], "2026-11-18T11:06:40.123Z");
        assert_eq!(webhook["event_timestamp"], "2026-11-18 11:06:40 UTC");
        for key in ["account_id", "event_type_id", "user_id", "actor_user_name", "ipaddr", "notes"]
        {
            assert_eq!(api[key], webhook[key], "{key}");
        }
    }

    #[test]
    fn shapes_differ_in_their_keys_only() {
        let [api, full] = forms(Kind::WrongPassword, WebhookShape::SeventyThreeKeys);
        assert_eq!((api.len(), full.len()), (35, 73));
        let [_, more] = forms(Kind::WrongPassword, WebhookShape::EightyKeys);
        assert_eq!(more.len(), 80);
        let [_, lean] = forms(Kind::WrongPassword, WebhookShape::NoNulls);
        assert!(lean.values().all(|value| !value.is_null()));
        assert!(lean.iter().all(|(key, value)| full[key] == *value));
    }

    #[test]
    fn only_the_webhook_names_the_privilege() {
        let kind = Kind::Administered(Administration::GrantedAllRights);
        let [api, webhook] = forms(kind, WebhookShape::SeventyThreeKeys);
        assert_eq!(webhook["privilege_name"], "Super user");
        assert_eq!(webhook["event_type_id"], 72);
        assert!(!api.contains_key("privilege_name"));
    }

    #[test]
    fn no_key_stands_twice() {
        let all: Vec<&&str> = WEBHOOK_KEYS.iter().chain(RARER_KEYS).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(API_KEYS.iter().collect::<BTreeSet<_>>().len(), API_KEYS.len());
    }
}
