//! What OneLogin's refusals mean and what to do about them.
//! Deliberately absent: deciding when to ask again (`poll`).

use model::Secret;
use net::Answer;

use super::config::Settings;
use crate::asking::describe;
use crate::{SourceError, SourceErrorKind};

use SourceErrorKind::{Malformed, RateLimited, Refused, Unavailable};

/// Whether a refusal is about the rate: OneLogin says so with 429, and also with 400.
pub(super) fn is_over_limit(answer: &Answer) -> bool {
    let status = answer.status.as_u16();
    status == 429 || (status == 400 && describe(answer, &[]).contains("rate_limit_exceeded"))
}

/// There was no answer: `words` are the transport's.
pub(super) fn unreachable(settings: &Settings, words: &str) -> SourceError {
    let hint = format!("check subdomain, name resolution and the way to {}", settings.base.host());
    error(Unavailable, "onelogin.unreachable", format!("no answer from OneLogin: {words}"), hint)
}

/// The token endpoint gave something else than a token.
pub(super) fn token(settings: &Settings, answer: &Answer) -> SourceError {
    let message = format!("no token: {}", describe(answer, &[&settings.client_secret]));
    if is_over_limit(answer) {
        return rate_limited(message);
    }
    match answer.status.as_u16() {
        500 => owner_deleted(message),
        501.. => unavailable(message),
        200..300 => {
            let hint =
                "check subdomain or base_url: something else than OneLogin's API answers there";
            error(Malformed, "onelogin.token_malformed", "the token answer holds no token", hint)
        }
        404 => not_found(settings, message),
        _ => {
            let hint = "check client_id and client_secret (Developers → API Credentials); if they are right, try another auth_style: header, basic, form";
            error(Refused, "onelogin.credential_refused", message, hint)
        }
    }
}

/// The events endpoint gave a status that is no success. `is_fresh` if the token was made for this request.
pub(super) fn events(
    settings: &Settings,
    answer: &Answer,
    token: &Secret,
    is_fresh: bool,
) -> SourceError {
    let message = format!("no events: {}", describe(answer, &[&settings.client_secret, token]));
    if is_over_limit(answer) {
        return rate_limited(message);
    }
    match answer.status.as_u16() {
        500 if is_fresh => owner_deleted(message),
        408 | 500.. => unavailable(message),
        401 => {
            let hint = "the credential was disabled or belongs to another account: Developers → API Credentials";
            error(Refused, "onelogin.token_refused", message, hint)
        }
        403 => {
            let hint = "give the API credential the scope Read All (Read Users is enough for events): Developers → API Credentials; a scope cannot be changed, so make a new credential";
            error(Refused, "onelogin.scope_missing", message, hint)
        }
        404 => not_found(settings, message),
        400..500 => {
            let hint = "report this with the message: the request is not one that OneLogin documents as wrong";
            error(Malformed, "onelogin.request_refused", message, hint)
        }
        _ => {
            let hint =
                "check subdomain and base_url: something else than OneLogin's API answers there";
            error(Malformed, "onelogin.unexpected_status", message, hint)
        }
    }
}

/// Status 200, but no JSON object.
pub(super) fn not_json() -> SourceError {
    let hint = "check subdomain and base_url: a login page, proxy or firewall may answer in OneLogin's place";
    error(Malformed, "onelogin.not_json", "the answer is no JSON object", hint)
}

/// Status 200, but the body tells an error or has no list of events.
pub(super) fn no_list(settings: &Settings, answer: &Answer) -> SourceError {
    let said = describe(answer, &[&settings.client_secret]);
    let hint = "passes by itself if OneLogin is unwell; else check base_url";
    error(
        Malformed,
        "onelogin.not_a_page",
        format!("an answer without a list of events: {said}"),
        hint,
    )
}

/// The page breaks off.
pub(super) fn broken_page(why: &str, at: usize) -> SourceError {
    let message = format!("the page of events is broken: {why} at byte {at}");
    error(
        Malformed,
        "onelogin.broken_page",
        message,
        "passes by itself: the page is asked for again",
    )
}

fn owner_deleted(message: String) -> SourceError {
    let hint = "was the administrator deleted who created the API credential? OneLogin then answers 500 to it for ever: make a new credential under an account that stays. Otherwise OneLogin is unwell and it passes by itself";
    error(Refused, "onelogin.owner_deleted", message, hint)
}

fn rate_limited(message: String) -> SourceError {
    let hint = "passes within the hour; the account's other programs share the 5,000 calls, lower rate_share to leave them more";
    error(RateLimited, "onelogin.rate_limited", message, hint)
}

fn unavailable(message: String) -> SourceError {
    let hint = "passes by itself; see OneLogin's status page if it lasts";
    error(Unavailable, "onelogin.unavailable", message, hint)
}

fn not_found(settings: &Settings, message: String) -> SourceError {
    let hint = format!("check subdomain: {} has no such path", settings.base.host());
    error(Refused, "onelogin.not_found", message, hint)
}

fn error(
    kind: SourceErrorKind,
    code: &'static str,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> SourceError {
    SourceError { kind, code, message: message.into(), hint: hint.into() }
}
