//! What Auth0's refusals mean and what to do about them.
//! Deliberately absent: deciding when to ask again (`poll`).

use http::StatusCode;
use model::Secret;
use net::Answer;

use super::config::{Credential, Settings};
use crate::asking::{describe, error_code};
use crate::{SourceError, SourceErrorKind};

use SourceErrorKind::{Malformed, RateLimited, Refused, Unavailable};

/// There was no answer: `words` are the transport's.
pub(super) fn unreachable(settings: &Settings, words: &str) -> SourceError {
    let hint = format!("check the domain, name resolution and the way to {}", settings.base.host());
    error(Unavailable, "auth0.unreachable", format!("no answer from Auth0: {words}"), hint)
}

/// The token endpoint gave something else than a token.
pub(super) fn token(settings: &Settings, answer: &Answer) -> SourceError {
    let said = describe(answer, &secrets(settings, None));
    let message = format!("no token: {said}");
    let code = error_code(&answer.body);
    let api = &settings.audience;
    let id = client_id(settings);
    match (answer.status.as_u16(), code.as_deref()) {
        (429, _) => {
            let hint = "passes by itself; a token quota of the application may be set too low";
            error(RateLimited, "auth0.token_rate_limited", message, hint)
        }
        (500.., _) => unavailable(message),
        (200..300, _) => {
            let hint = "check that domain is the tenant's own and no page stands before it";
            error(Malformed, "auth0.token_malformed", "the token answer holds no token", hint)
        }
        (_, Some("unauthorized_client")) => {
            let hint = format!(
                "allow the grant type Client Credentials to the application {id}: Applications → its Advanced Settings → Grant Types"
            );
            error(Refused, "auth0.grant_not_allowed", message, hint)
        }
        (403, _) => {
            let hint = format!(
                "authorize the application {id} for the API {api} with the permission read:logs: Applications → APIs → Auth0 Management API → Machine to Machine Applications"
            );
            error(Refused, "auth0.api_not_authorized", message, hint)
        }
        (404, _) => not_found(settings, message),
        (400, _) => {
            let hint = format!(
                "check client_id and the audience {api}; with a custom domain set audience to https://TENANT.REGION.auth0.com/api/v2/"
            );
            error(Refused, "auth0.token_request_refused", message, hint)
        }
        _ => {
            let hint = format!(
                "check client_id {id} and its secret or key: Applications → the application → Credentials"
            );
            error(Refused, "auth0.credential_refused", message, hint)
        }
    }
}

/// The logs endpoint gave a status that is no success.
pub(super) fn logs(settings: &Settings, answer: &Answer, token: Option<&Secret>) -> SourceError {
    let message = format!("no logs: {}", describe(answer, &secrets(settings, token)));
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => {
            let hint = "passes by itself; lower rate_share if other programs of the tenant suffer";
            error(RateLimited, "auth0.rate_limited", message, hint)
        }
        StatusCode::UNAUTHORIZED => {
            let hint = match settings.credential {
                Credential::Token(_) => {
                    "the fixed access_token has expired or was made for another tenant: make a new one, or give client_id and client_secret"
                }
                _ => {
                    "check that audience is https://TENANT.REGION.auth0.com/api/v2/ of the same tenant"
                }
            };
            error(Refused, "auth0.token_refused", message, hint)
        }
        StatusCode::FORBIDDEN => {
            let id = client_id(settings);
            let hint = format!(
                "grant the permission read:logs of the Auth0 Management API to the application {id}: Applications → APIs → Auth0 Management API → Machine to Machine Applications"
            );
            error(Refused, "auth0.scope_missing", message, hint)
        }
        StatusCode::NOT_FOUND => not_found(settings, message),
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            unavailable(message)
        }
        status if status.is_client_error() => {
            let hint = "report this with the message: the request is not one that Auth0 documents as wrong";
            error(Malformed, "auth0.request_refused", message, hint)
        }
        _ => {
            let hint = "check domain and base_url: something else than Auth0's API answers there";
            error(Malformed, "auth0.unexpected_status", message, hint)
        }
    }
}

/// Status 200, but an object where a list of logs should be.
pub(super) fn not_a_list(
    settings: &Settings,
    answer: &Answer,
    token: Option<&Secret>,
) -> SourceError {
    let said = describe(answer, &secrets(settings, token));
    let hint = "passes by itself if Auth0 is unwell; else check base_url";
    error(Malformed, "auth0.not_a_list", format!("an object instead of a list: {said}"), hint)
}

/// Status 200, but no JSON.
pub(super) fn not_json() -> SourceError {
    let hint =
        "check domain and base_url: a login page, proxy or firewall may answer in Auth0's place";
    error(Malformed, "auth0.not_json", "the answer is no JSON", hint)
}

/// The list breaks off.
pub(super) fn broken_list(why: &str, at: usize) -> SourceError {
    let message = format!("the list of logs is broken: {why} at byte {at}");
    error(Malformed, "auth0.broken_list", message, "passes by itself: the page is asked for again")
}

/// A page holds things, but no event among them.
pub(super) fn no_event(reason: &str) -> SourceError {
    let message = format!("no event can be read in the page: {reason}");
    let hint = "the page is asked for again until a newer event follows";
    error(Malformed, "auth0.no_event_in_page", message, hint)
}

fn unavailable(message: String) -> SourceError {
    let hint = "passes by itself; see status.auth0.com if it lasts";
    error(Unavailable, "auth0.unavailable", message, hint)
}

fn not_found(settings: &Settings, message: String) -> SourceError {
    let hint = format!("check the domain: {} has no such path", settings.base.host());
    error(Refused, "auth0.not_found", message, hint)
}

fn client_id(settings: &Settings) -> &str {
    match &settings.credential {
        Credential::Secret { client_id, .. } | Credential::Key { client_id, .. } => client_id,
        Credential::Token(_) => "that made the access_token",
    }
}

fn secrets<'a>(settings: &'a Settings, token: Option<&'a Secret>) -> Vec<&'a Secret> {
    let own = match &settings.credential {
        Credential::Secret { client_secret, .. } => Some(client_secret),
        Credential::Token(token) => Some(token),
        Credential::Key { .. } => None,
    };
    own.into_iter().chain(token).collect()
}

fn error(
    kind: SourceErrorKind,
    code: &'static str,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> SourceError {
    SourceError { kind, code, message: message.into(), hint: hint.into() }
}
