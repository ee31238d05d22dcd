//! OneLogin's token endpoints: three ways to show the credential, two forms of answer, and the same token until it
//! expires. Deliberately absent: refresh tokens' use, and revocation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::OneLogin;
use super::answers::{refusal, server_error, success};
use crate::dice::Dice;
use crate::faults::Fault;
use crate::moment::{SECOND_US, iso_milliseconds};
use crate::server::json_answer;

/// Makes tokens, one after the other expires.
pub(super) struct TokenDesk {
    seed: u64,
    made: AtomicU64,
    current: Mutex<Option<Token>>,
}

#[derive(Debug, Clone)]
struct Token {
    access: String,
    refresh: String,
    /// Seconds since 1970.
    created: i64,
    expires: i64,
}

impl TokenDesk {
    pub(super) fn new(seed: u64) -> Self {
        let seed = Dice::new(seed, "onelogin tokens").any();
        Self { seed, made: AtomicU64::new(0), current: Mutex::default() }
    }

    pub(super) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    fn current(&self, now_seconds: i64, life_seconds: u32) -> Token {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = current.as_ref().filter(|token| now_seconds < token.expires) {
            return token.clone();
        }
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let mut dice = Dice::numbered(self.seed, number);
        let token = Token {
            access: dice.hex_text(64),
            refresh: dice.hex_text(64),
            created: now_seconds,
            expires: now_seconds + i64::from(life_seconds),
        };
        *current = Some(token.clone());
        token
    }

    /// Whether a request shows the current token, in any of the spellings that are in use.
    pub(super) fn accepts(&self, headers: &HeaderMap, now_seconds: i64) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some((scheme, token)) = shown.and_then(|value| value.split_once([':', ' '])) else {
            return false;
        };
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        scheme.eq_ignore_ascii_case("bearer")
            && current
                .as_ref()
                .is_some_and(|it| it.access == token.trim() && now_seconds < it.expires)
    }
}

/// Answers `POST /auth/oauth2/v2/token`: flat.
pub(super) async fn flat(
    State(account): State<Arc<OneLogin>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    match issue(&account, &headers, query.as_deref(), &body) {
        Ok(token) => json_answer(StatusCode::OK, &token),
        Err(refused) => *refused,
    }
}

/// Answers `POST /auth/oauth2/token`: in the envelope.
pub(super) async fn wrapped(
    State(account): State<Arc<OneLogin>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    match issue(&account, &headers, query.as_deref(), &body) {
        Ok(token) => success(&[token]),
        Err(refused) => *refused,
    }
}

fn issue(
    account: &OneLogin,
    headers: &HeaderMap,
    query: Option<&str>,
    body: &[u8],
) -> Result<Value, Box<Response>> {
    let options = &account.options;
    if account.owner_deleted.load(Ordering::Relaxed) {
        return Err(Box::new(server_error()));
    }
    let fields = fields(headers, query, body);
    let field =
        |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if field("grant_type") != Some("client_credentials") {
        let message = "grant_type is incorrect/absent";
        return Err(Box::new(refusal(StatusCode::BAD_REQUEST, message)));
    }
    let shown = credential(headers)
        .or_else(|| Some((field("client_id")?.to_owned(), field("client_secret")?.to_owned())));
    let known = shown.is_some_and(|(id, secret)| {
        id == options.client_id && secret == options.client_secret.expose()
    });
    if !known || account.troubles.strikes(Fault::TokenRefused) {
        return Err(Box::new(refusal(StatusCode::UNAUTHORIZED, "Authentication Failure")));
    }
    let now = account.now().div_euclid(SECOND_US);
    let token = account.tokens.current(now, options.token_seconds);
    Ok(json!({
        "access_token": token.access,
        "created_at": iso_milliseconds(token.created * SECOND_US),
        "expires_in": token.expires - now,
        "refresh_token": token.refresh,
        "token_type": "bearer",
        "account_id": options.account_id,
    }))
}

/// `client_id:<id>, client_secret:<secret>` or HTTP Basic.
fn credential(headers: &HeaderMap) -> Option<(String, String)> {
    let shown = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    if let Some(packed) = shown.strip_prefix("Basic ") {
        let plain = String::from_utf8(BASE64_STANDARD.decode(packed.trim()).ok()?).ok()?;
        let (id, secret) = plain.split_once(':')?;
        return Some((id.to_owned(), secret.to_owned()));
    }
    let (id, secret) = shown.split_once(',')?;
    Some((
        id.trim().strip_prefix("client_id:")?.trim().to_owned(),
        secret.trim().strip_prefix("client_secret:")?.trim().to_owned(),
    ))
}

/// Fields of the query and of the body, be it a form or JSON.
fn fields(headers: &HeaderMap, query: Option<&str>, body: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> =
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|it| it.starts_with("application/x-www-form-urlencoded")) {
        fields.extend(url::form_urlencoded::parse(body).into_owned());
    } else if let Ok(Value::Object(body)) = serde_json::from_slice(body) {
        fields.extend(
            body.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))),
        );
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_shown_in_two_ways_in_a_header() {
        for (shown, expected) in [
            ("client_id:ab, client_secret:cd", Some(("ab", "cd"))),
            ("client_id: ab,client_secret: cd", Some(("ab", "cd"))),
            ("Basic YWI6Y2Q=", Some(("ab", "cd"))),
            ("Basic ?", None),
            ("bearer:ab", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, shown.parse().unwrap());
            let expected = expected.map(|(id, secret)| (id.to_owned(), secret.to_owned()));
            assert_eq!(credential(&headers), expected, "{shown}");
        }
    }
}
