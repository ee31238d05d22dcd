//! The access token of a OneLogin poll: asked for in the style that the user chose, kept, and renewed when nine tenths of
//! its life are over. OneLogin gives the same token again until it ends.
//! Deliberately absent: what to do when a token is refused (`poll`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{Secret, SignedDuration, Timestamp};
use net::{Answer, Request};
use serde::Deserialize;

use super::config::{AuthStyle, Settings};
use crate::asking;
use crate::pace::later;

/// OneLogin's documented life of a token, for an answer that does not tell.
const LIFE_SECONDS_DEFAULT: i64 = 36_000;

/// A token in use.
#[derive(Debug)]
pub(crate) struct Token {
    /// The whole value of the `Authorization` header.
    pub(crate) authorization: Secret,
    renew_at: Timestamp,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<i64>,
}

/// The older shape: the token in a list beside a status.
#[derive(Deserialize)]
struct Wrapped {
    data: Vec<Granted>,
}

impl Token {
    /// The token in an answer of the token endpoint, in either shape.
    pub(crate) fn granted(answer: &Answer, now: Timestamp) -> Option<Self> {
        let flat = serde_json::from_slice::<Granted>(&answer.body).ok();
        let granted = flat.or_else(|| {
            let wrapped = serde_json::from_slice::<Wrapped>(&answer.body).ok()?;
            wrapped.data.into_iter().next()
        })?;
        let token = granted.access_token;
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let life = granted.expires_in.filter(|life| *life > 0).unwrap_or(LIFE_SECONDS_DEFAULT);
        Some(Self {
            authorization: Secret::new(format!("Bearer {token}")),
            renew_at: later(now, SignedDuration::from_millis(life.saturating_mul(900))),
        })
    }

    /// Whether it is time for another one.
    pub(crate) fn is_old(&self, now: Timestamp) -> bool {
        self.renew_at <= now
    }
}

/// The request for a token; `None` if the credential cannot stand in a header, which validation has ruled out.
pub(crate) fn request(settings: &Settings) -> Option<Request> {
    const GRANT: &str = r#"{"grant_type":"client_credentials"}"#;
    let (id, secret) = (settings.client_id.as_str(), settings.client_secret.expose());
    let url = settings.token_url.clone();
    match settings.style {
        AuthStyle::Header => {
            let value = Secret::new(format!("client_id:{id}, client_secret:{secret}"));
            asking::post_json(url, &value, GRANT)
        }
        AuthStyle::Basic => {
            let value = Secret::new(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
            asking::post_json(url, &value, GRANT)
        }
        AuthStyle::Form => Some(asking::post_form(
            url,
            &[("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)],
        )),
    }
}
