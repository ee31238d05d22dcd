//! `details` of an Auth0 event, type by type, with the shapes that recorded events have: sometimes an object where
//! another time a text stands, secrets masked, and lists that grow with what a tenant has configured.
//! Deliberately absent: details that only types have which the simulation does not produce.

use super::administration;
use super::event::{Scene, Size};
use crate::dice::Dice;
use crate::json::Object;
use crate::moment::SECOND_US;
use crate::world::Person;
use crate::world::happening::Kind;

/// Length of one execution's id in `details.actions.executions`.
const EXECUTION_CHARACTERS: usize = 104;
/// How many bytes commonly follow the details.
const TAIL_BYTES: usize = 640;
/// How many executions one event lists at most.
const EXECUTIONS_MAX: usize = 14;

/// Writes the member `details`.
pub(super) fn write(scene: &Scene<'_>, event: &mut Object<'_>, chance: &mut Dice) {
    event.object("details", |details| match scene.happening.kind {
        Kind::LoggedIn => login(scene, details, chance),
        Kind::SilentLogin => silent(scene, details, chance),
        Kind::CodeExchanged => code_exchange(scene, details, chance),
        Kind::TokenRefreshed => refresh(scene, details, chance),
        Kind::MachineToken => {
            details.text("access_token_jti", &chance.letters_text(22));
            executions(scene, details, chance);
        }
        Kind::LoggedOut => {
            details.text("return_to", &scene.application.callback);
            details.texts("allowed_logout_url", [scene.application.callback.as_str()]);
            details.text("session_id", &session(scene));
            details.text("initiated_by", "end-user").text("protocol", "oidc");
        }
        Kind::WrongPassword | Kind::UnknownAccount => {
            details.object("error", |error| {
                error.text("message", "Wrong email or password.");
            });
            details.text("transaction_id", &scene.visit.clone().letters_text(24));
        }
        Kind::SilentLoginFailed => silent_failure(scene, details, chance),
        Kind::CallbackRefused => callback(scene, details, chance),
        Kind::FactorPushed
        | Kind::FactorAccepted
        | Kind::FactorRejected
        | Kind::FactorFailed
        | Kind::FactorEnrolled
        | Kind::FactorRemoved => guardian(scene, details, chance),
        Kind::PasswordResetAsked | Kind::PasswordChanged | Kind::MailConfirmed => {
            mail(scene, details, chance);
        }
        Kind::SignedUp => signup(scene, details, chance),
        Kind::SignupFailed => weak_password(scene, details),
        Kind::AddressBlocked => {
            details.text("flow", "login");
        }
        Kind::ApiLimited | Kind::ApiLimitNear => limit(details),
        Kind::AccountSynced => scim(scene, details, chance),
        Kind::MachineTokenRefused => {
            // The misspelling is the service's own.
            details.text("client_authentoication_error", "invalid_client_secret");
        }
        Kind::Administered(what) => administration::write(scene, what, details, chance),
        Kind::LeakedPassword | Kind::AccountBlocked => {
            details.text("session_id", &session(scene));
        }
    });
}

fn login(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    let end = scene.happening.at;
    let begin = end - chance.between(2 * SECOND_US, 14 * SECOND_US);
    let logins = 1 + scene.happening.visit % 900;
    let asked = scene.visit.clone().chance(0.5);
    details.objects("prompts", 2, |index, prompt| {
        if index == 0 {
            prompt
                .text("name", "prompt-authenticate")
                .number("completedAt", (end - 400_000) / 1000);
            prompt.text("connection", "Username-Password-Authentication");
            identity(scene, prompt);
            prompt.object("stats", |stats| {
                stats.number("loginsCount", logins as i64);
            });
            prompt.null("elapsedTime");
        } else {
            prompt.text("name", "login").text("flow", "universal-login");
            prompt
                .number("initiatedAt", begin / 1000)
                .number("completedAt", (end - 200_000) / 1000);
            prompt.object("timers", |timers| {
                timers.number("rules", 3);
            });
            if let Some(person) = scene.person {
                prompt.text("user_id", &scene.user_id(person)).text("user_name", &person.email);
            }
            prompt.number("elapsedTime", (end - begin - 200_000) / 1000);
        }
    });
    details.number("initiatedAt", begin / 1000).number("completedAt", end / 1000);
    details.number("elapsedTime", (end - begin) / 1000);
    details.text("session_id", &session(scene));
    details.object("stats", |stats| {
        stats.number("loginsCount", logins as i64);
    });
    if scene.size != Size::Small && (asked || scene.happening.origin.risk > 50) {
        risk(scene, details);
    } else {
        details.null("riskAssessment");
    }
    executions(scene, details, chance);
}

/// `identity` is a text for accounts that the tenant keeps and a number for some others.
fn identity(scene: &Scene<'_>, prompt: &mut Object<'_>) {
    match scene.person {
        Some(person) if person.number % 9 == 0 => prompt.number("identity", person.number.into()),
        Some(person) => prompt.text("identity", &person.account),
        None => prompt.null("identity"),
    };
}

fn risk(scene: &Scene<'_>, details: &mut Object<'_>) {
    let confidence = |bad: bool| if bad { "low" } else { "high" };
    let risk = scene.happening.origin.risk;
    details.object("riskAssessment", |assessment| {
        assessment.text("confidence", confidence(risk > 50)).text("version", "1");
        assessment.object("assessments", |parts| {
            parts.object("ImpossibleTravel", |it| {
                it.text("confidence", confidence(risk > 60));
                it.text(
                    "code",
                    if risk > 60 {
                        "travel_time_too_short"
                    } else {
                        "minimal_travel_from_last_login"
                    },
                );
            });
            parts.object("NewDevice", |it| {
                it.text("confidence", confidence(risk > 30));
                it.text("code", if risk > 30 { "no_match" } else { "match" });
            });
            parts.object("UntrustedIP", |it| {
                it.text("confidence", confidence(risk > 80));
                it.text(
                    "code",
                    if risk > 80 { "found_on_deny_list" } else { "not_found_on_deny_list" },
                );
            });
        });
    });
}

fn silent(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    let at = scene.happening.at / 1000;
    details.objects("prompts", 0, |_, _| {});
    details.number("initiatedAt", at - chance.between(20, 200)).number("completedAt", at);
    details.null("elapsedTime").text("session_id", &session(scene));
    executions(scene, details, chance);
}

fn silent_failure(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    details.object("body", |_| {});
    details.object("qs", |query| {
        query.text("client_id", &scene.application.client_id).text("response_type", "code");
        query.text("prompt", "none").text("redirect_uri", &scene.application.callback);
        query.text("scope", "openid profile email").text("state", &chance.letters_text(32));
        query.text("code_challenge_method", "S256").text("response_mode", "web_message");
    });
    // The error is an object in one event and a text in the next.
    if chance.chance(0.8) {
        details.object("error", |error| {
            error.text("message", "Login required").text("oauthError", "login_required");
            error.text("type", "oauth-authorization");
        });
    } else {
        details.text("error", "login_required");
    }
}

fn code_exchange(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    details.text("code", &format!("{}{}", "*".repeat(42), chance.letters_text(3)));
    details.text("access_token_jti", &chance.letters_text(22));
    details.object("refresh_token", |token| {
        token.text("access", "offline").text("session_id", &session(scene));
    });
    details.text("requested_client_id", &scene.application.client_id);
}

fn refresh(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    details.text("familyId", &scene.visit.clone().hex_text(24));
    details.number("tokenCounter", chance.between(1, 400));
    details.text("access_token_jti", &chance.letters_text(22));
    details.text("requested_scope", "openid profile email offline_access");
    executions(scene, details, chance);
}

fn callback(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    let attempt = format!("{}?stale=1", scene.application.callback);
    let message =
        format!("Callback URL mismatch. {attempt} is not in the list of allowed callback URLs");
    details.object("body", |_| {});
    details.object("qs", |query| {
        query.text("client_id", &scene.application.client_id).text("redirect_uri", &attempt);
        query.text("response_type", "code").text("state", &chance.letters_text(32));
    });
    details.object("error", |error| {
        error.text("message", &message).text("type", "callback-url-mismatch");
        error.object("payload", |payload| {
            payload.text("code", "unauthorized_client").number("status", 403);
            payload.text("name", "CallbackMismatchError").text("attempt", &attempt);
            payload.texts("authorized", [scene.application.callback.as_str()]);
        });
    });
}

fn guardian(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    let mut own =
        scene.person.map_or_else(|| scene.visit.clone(), |it| Dice::numbered(4, it.number.into()));
    let device = own.letters_text(22);
    details.object("authenticator", |it| {
        it.text("id", &format!("push|dev_{}", &device[..16])).text("type", "push");
    });
    details.text("device_id", &device);
    details.object("enrollment", |it| {
        it.text("_id", &format!("dev_{}", &device[..16])).text("name", "phone");
        it.text("identifier", &own.hex_text(16)).text("tenant", &scene.tenant.name);
        if let Some(person) = scene.person {
            it.text("user_id", &scene.user_id(person));
        }
    });
    details.flag("first_factor", false).flag("remember_browser", chance.chance(0.2));
    details.object("request", |request| {
        request.text("method", "POST").text("path", "/mfa/push");
        request.text("ip", &scene.happening.origin.address.text());
        request.object("auth", |auth| {
            auth.text("strategy", "jwt_api2_internal_token").text("subject", "guardian");
        });
    });
    details.object("response", |response| {
        let failed = matches!(scene.happening.kind, Kind::FactorFailed | Kind::FactorRejected);
        response.number("statusCode", if failed { 403 } else { 200 });
    });
    if scene.happening.kind == Kind::FactorFailed {
        details.object("failure_details", |it| {
            it.text("errorCode", "invalid_otp").text("message", "Invalid verification code");
        });
    }
    details.text("session_id", &session(scene));
}

fn mail(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    let mail = scene.person.map_or("", |person| person.email.as_str());
    let title = match scene.happening.kind {
        Kind::MailConfirmed => "Email Verification",
        _ => "Password Reset",
    };
    details.text("title", title).text("email", mail);
    details.object("body", |body| {
        body.text("tenant", &scene.tenant.name).text("client_id", &scene.application.client_id);
        body.text("connection", "Username-Password-Authentication").text("email", mail);
        body.text("ticket", "*****");
        if scene.happening.kind == Kind::PasswordChanged {
            body.text("newPassword", "*****").text("confirmNewPassword", "*****");
        }
    });
    details.object("query", |query| {
        if let Some(person) = scene.person {
            query.text("user_id", &scene.user_id(person));
        }
        query.text("email", mail).text("tenant", &scene.tenant.name).null("resultUrl");
        query.flag("includeEmailInRedirect", chance.chance(0.1));
    });
}

fn signup(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    details.texts("authentication_methods", ["pwd"]);
    details.object("body", |body| {
        body.text("tenant", &scene.tenant.name).text("client_id", &scene.application.client_id);
        body.text("connection", "Username-Password-Authentication").text("password", "*****");
        body.flag("is_signup", true);
        if let Some(person) = scene.person {
            body.text("email", &person.email).text("given_name", person.given_name);
            body.text("family_name", person.family_name);
            metadata(person, body, chance);
        }
    });
    executions(scene, details, chance);
}

/// What the customer keeps about a user: any JSON, and not the same kinds of values for everybody.
pub(super) fn metadata(person: &Person, body: &mut Object<'_>, chance: &mut Dice) {
    body.object("user_metadata", |it| {
        it.text("department", person.department);
        if chance.chance(0.5) {
            it.number("badge", person.number.into());
        } else {
            it.text("badge", &person.number.to_string());
        }
        it.object("preferences", |it| {
            it.text("theme", "dark").flag("newsletter", chance.chance(0.3));
        });
    });
}

fn weak_password(scene: &Scene<'_>, details: &mut Object<'_>) {
    const CLASSES: [(&str, &str); 4] = [
        ("lower case letters (a-z)", "lowerCase"),
        ("upper case letters (A-Z)", "upperCase"),
        ("numbers (i.e. 0-9)", "numbers"),
        ("special characters (e.g. !@#$%^&*)", "specialCharacters"),
    ];
    details.object("description", |rules| {
        rules.objects("rules", 1, |_, rule| {
            rule.text("message", "Contain at least %d of the following %d types of characters:");
            rule.text("code", "containsAtLeast").raw("format", "[3,4]");
            rule.objects("items", CLASSES.len(), |index, item| {
                item.text("message", CLASSES[index].0).text("code", CLASSES[index].1);
                item.flag("verified", index == 0);
            });
            rule.flag("verified", false);
        });
        rules.flag("verified", false);
    });
    details.object("body", |body| {
        body.text("tenant", &scene.tenant.name).text("password", "*****");
        body.text("email", scene.person.map_or("", |person| person.email.as_str()));
        body.text("connection", "Username-Password-Authentication");
    });
}

fn limit(details: &mut Object<'_>) {
    details.object("limit", |limit| {
        limit.flag("global", true).text("bucket", "management-api-global").number("size", 50);
    });
    details.object("request", |request| {
        request.text("method", "get").text("path", "/api/v2/users");
    });
    details.object("response", |_| {});
}

fn scim(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    details.text("action", "update_user").text("connection_id", "con_h4Ql0v2sTd7Kc9We");
    details.object("request", |request| {
        request.text("method", "PATCH");
        request.text(
            "path",
            &format!("/scim/v2/connections/con_h4Ql0v2sTd7Kc9We/Users/{}", chance.hex_text(24)),
        );
        request.object("body", |body| {
            body.texts("schemas", ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]);
            body.objects("Operations", 1, |_, it| {
                it.text("op", "replace").text("path", "title").text("value", "Specialist");
            });
        });
    });
    details.object("response", |response| {
        response.number("statusCode", 200);
        response.object("body", |body| {
            body.text("userName", scene.person.map_or("", |it| it.email.as_str()));
            body.flag("active", true);
        });
    });
}

/// What the tenant's actions did, as ids of their executions. The list grows until the event has the wanted size.
fn executions(scene: &Scene<'_>, details: &mut Object<'_>, chance: &mut Dice) {
    let Size::Bytes(wanted) = scene.size else { return };
    let missing = wanted.saturating_sub(details.written_bytes() + TAIL_BYTES);
    let count = (missing / (EXECUTION_CHARACTERS + 3)).min(EXECUTIONS_MAX);
    if count == 0 {
        return;
    }
    let ids: Vec<String> = (0..count).map(|_| chance.letters_text(EXECUTION_CHARACTERS)).collect();
    details.object("actions", |actions| {
        actions.texts("executions", ids.iter().map(String::as_str));
    });
}

fn session(scene: &Scene<'_>) -> String {
    let mut visit = scene.visit.clone();
    visit.any();
    visit.letters_text(32)
}
