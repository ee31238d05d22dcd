//! `details` of what administrators do: the request to the Management API, who made it with which rights, and the answer.
//! All of it is one type (`sapi`); only the description and the request tell the actions apart.
//! Deliberately absent: actions that no story of the simulation needs.

use super::details::metadata;
use super::event::Scene;
use crate::dice::{Dice, mix};
use crate::json::Object;
use crate::world::Person;
use crate::world::devices;
use crate::world::happening::Administration;

/// Writes what stands in `details` of an administrator's action.
pub(super) fn write(
    scene: &Scene<'_>,
    what: Administration,
    details: &mut Object<'_>,
    chance: &mut Dice,
) {
    let (_, method, path, status) = operation(what);
    let target = scene.tenant.world.person((mix(scene.happening.visit) >> 33) as u32);
    let path = match what {
        Administration::AssignedRole | Administration::GrantedAllRights => {
            format!("{path}{}/roles", scene.user_id(target))
        }
        _ if path.ends_with("users/") => format!("{path}{}", scene.user_id(target)),
        _ if path.ends_with("clients/") => format!("{path}{}", scene.application.client_id),
        _ => path.to_owned(),
    };
    if what == Administration::ReadSecret {
        details.texts("accessedSecrets", ["client_secret"]);
    }
    details.object("request", |request| {
        request.text("method", method).text("path", &path);
        request.text("channel", "https://manage.auth0.com/");
        request.text("ip", &scene.happening.origin.address.text());
        request.text("userAgent", devices::device(scene.happening.origin.device).raw);
        request.object("query", |_| {});
        request.object("body", |body| request_body(what, scene, target, body));
        request.object("auth", |auth| {
            auth.text("strategy", "jwt");
            auth.object("user", |user| {
                if let Some(person) = scene.person {
                    user.text("user_id", &scene.user_id(person)).text("email", &person.email);
                    user.text("name", &person.full_name());
                }
            });
            auth.object("credentials", |credentials| {
                credentials.text("jti", &chance.hex_text(32));
                credentials.texts("scopes", ADMINISTRATOR_SCOPES.iter().copied());
            });
        });
    });
    details.object("response", |response| {
        response.number("statusCode", status);
        response.object("body", |body| {
            if matches!(what, Administration::UpdatedUser | Administration::CreatedUser) {
                body.text("user_id", &scene.user_id(target)).text("email", &target.email);
                body.flag("email_verified", true).moment("updated_at", scene.happening.at);
                metadata(target, body, chance);
            }
        });
    });
}

fn request_body(what: Administration, scene: &Scene<'_>, target: &Person, body: &mut Object<'_>) {
    match what {
        Administration::AssignedRole => {
            body.texts("roles", ["rol_p3n7Yc1Bq8Zr5Mxe"]);
        }
        Administration::GrantedAllRights => {
            body.texts("roles", ["rol_Administrator000"]);
        }
        Administration::WeakenedFactorPolicy => {
            body.raw("policies", "[]");
        }
        Administration::UpdatedLogStream => {
            body.text("status", "paused");
        }
        Administration::CreatedCredential => {
            body.text("client_id", &scene.application.client_id);
            body.text("audience", &format!("https://{}/api/v2/", scene.tenant.domain));
            body.texts("scope", ADMINISTRATOR_SCOPES.iter().copied());
        }
        Administration::CreatedUser | Administration::ImpersonatedUser => {
            body.text("email", &target.email)
                .text("connection", "Username-Password-Authentication");
        }
        Administration::UpdatedUser => {
            body.text("nickname", target.given_name);
        }
        Administration::UpdatedApplication => {
            body.texts("callbacks", [scene.application.callback.as_str()]);
        }
        Administration::DeletedUser
        | Administration::DeletedLogStream
        | Administration::ReadSecret => {}
    }
}

/// What an administrator's action is called, and the request that it was.
pub(super) const fn operation(
    what: Administration,
) -> (&'static str, &'static str, &'static str, i64) {
    match what {
        Administration::UpdatedUser => ("Update a User", "patch", "/api/v2/users/", 200),
        Administration::CreatedUser => ("Create a User", "post", "/api/v2/users", 201),
        Administration::DeletedUser => ("Delete a User", "delete", "/api/v2/users/", 204),
        Administration::AssignedRole | Administration::GrantedAllRights => {
            ("Assign roles to a user", "post", "/api/v2/users/", 204)
        }
        Administration::UpdatedApplication => ("Update a client", "patch", "/api/v2/clients/", 200),
        Administration::CreatedCredential => {
            ("Create client grant", "post", "/api/v2/client-grants", 201)
        }
        Administration::WeakenedFactorPolicy => (
            "Set the Multi-factor Authentication policies",
            "put",
            "/api/v2/guardian/policies",
            200,
        ),
        Administration::UpdatedLogStream => {
            ("Update a log stream", "patch", "/api/v2/log-streams/lst_0000000000004711", 200)
        }
        Administration::DeletedLogStream => {
            ("Delete a log stream", "delete", "/api/v2/log-streams/lst_0000000000004711", 204)
        }
        Administration::ImpersonatedUser => {
            ("Create a password change ticket", "post", "/api/v2/tickets/password-change", 201)
        }
        Administration::ReadSecret => ("Get client by ID", "get", "/api/v2/clients/", 200),
    }
}

const ADMINISTRATOR_SCOPES: &[&str] = &[
    "read:users",
    "update:users",
    "create:users",
    "delete:users",
    "read:users_app_metadata",
    "update:users_app_metadata",
    "create:user_tickets",
    "read:clients",
    "update:clients",
    "create:clients",
    "delete:clients",
    "read:client_keys",
    "read:client_grants",
    "create:client_grants",
    "read:connections",
    "update:connections",
    "read:resource_servers",
    "read:rules",
    "read:actions",
    "update:actions",
    "read:logs",
    "read:logs_users",
    "read:roles",
    "update:roles",
    "read:tenant_settings",
    "update:tenant_settings",
    "read:log_streams",
    "update:log_streams",
    "delete:log_streams",
    "read:mfa_policies",
    "update:mfa_policies",
];
