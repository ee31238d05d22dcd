//! The access token of an Auth0 poll: one that is given, or one that is asked for, kept, and renewed when nine tenths of
//! its life are over. Each request for a token writes an event into the very log that is read, so none is made twice.
//! Deliberately absent: what to do when a token is refused (`poll`).

use jsonwebtoken::{Header, encode};
use model::{Secret, SignedDuration, Timestamp};
use net::{Answer, Request};
use serde::{Deserialize, Serialize};

use super::config::{Credential, Settings, SigningKey};
use crate::asking;

/// Auth0's own default, for an answer that does not tell.
const LIFE_SECONDS_DEFAULT: i64 = 86_400;

/// Auth0 refuses assertions that live longer than five minutes and advises one.
const ASSERTION_SECONDS: i64 = 60;

const ASSERTION_KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A token in use.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// The whole value of the `Authorization` header.
    pub(crate) authorization: Secret,
    /// From here on another is asked for; `None` for a token that cannot be renewed.
    renew_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<i64>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Token {
    /// The token that the user gave.
    pub(crate) fn given(token: &Secret) -> Self {
        Self { authorization: bearer(token.expose()), renew_at: None }
    }

    /// The token in an answer of the token endpoint.
    pub(crate) fn granted(answer: &Answer, now: Timestamp) -> Option<Self> {
        let granted: Granted = serde_json::from_slice(&answer.body).ok()?;
        if granted.access_token.is_empty()
            || !granted.access_token.bytes().all(|it| it.is_ascii_graphic())
        {
            return None;
        }
        let life = granted.expires_in.filter(|life| *life > 0).unwrap_or(LIFE_SECONDS_DEFAULT);
        let kept = SignedDuration::from_millis(life.saturating_mul(900));
        Some(Self {
            authorization: bearer(&granted.access_token),
            renew_at: Some(crate::pace::later(now, kept)),
        })
    }

    /// Whether it is time for another one.
    pub(crate) fn is_old(&self, now: Timestamp) -> bool {
        self.renew_at.is_some_and(|renew_at| renew_at <= now)
    }
}

fn bearer(token: &str) -> Secret {
    Secret::new(format!("Bearer {token}"))
}

/// The request for a token; `None` for a credential that is one, and if the key cannot sign. `count` makes the
/// assertion's id unique within a microsecond.
pub(crate) fn request(settings: &Settings, now: Timestamp, count: u64) -> Option<Request> {
    let audience = ("audience", settings.audience.as_str());
    let grant = ("grant_type", "client_credentials");
    let url = settings.token_url.clone();
    match &settings.credential {
        Credential::Token(_) => None,
        Credential::Secret { client_id, client_secret } => Some(asking::post_form(
            url,
            &[grant, audience, ("client_id", client_id), ("client_secret", client_secret.expose())],
        )),
        Credential::Key { client_id, key } => {
            let assertion = assertion(settings, client_id, key, now, count)?;
            Some(asking::post_form(
                url,
                &[
                    grant,
                    audience,
                    ("client_id", client_id),
                    ("client_assertion_type", ASSERTION_KIND),
                    ("client_assertion", assertion.expose()),
                ],
            ))
        }
    }
}

fn assertion(
    settings: &Settings,
    client_id: &str,
    key: &SigningKey,
    now: Timestamp,
    count: u64,
) -> Option<Secret> {
    let audience = settings.base.join("/");
    let claims = Claims {
        iss: client_id,
        sub: client_id,
        aud: audience.as_str(),
        iat: now.as_second(),
        exp: now.as_second() + ASSERTION_SECONDS,
        jti: format!("{:x}-{count:x}", now.as_microsecond()),
    };
    let mut header = Header::new(key.algorithm);
    header.kid.clone_from(&key.key_id);
    encode(&header, &claims, &key.key).ok().map(Secret::new)
}
