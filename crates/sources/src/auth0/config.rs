//! What a user writes of an Auth0 poll. A domain and a credential are all that is needed.
//! Deliberately absent: asking Auth0 whether it is true.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use model::{Fields, Problem, Secret, SignedDuration};
use serde_json::Value;
use url::Url;

use crate::address::Base;
use crate::schedule::{self, Start};

/// Auth0 gives no larger pages.
pub(super) const TAKE_MAX: u64 = 100;

/// The longest that any plan of Auth0 keeps logs.
pub(super) const RETENTION_DAYS_MAX: u64 = 30;

pub(super) const RATE_SHARE_DEFAULT: f64 = 0.5;

/// How a key may sign, the usual way first.
pub(super) const ALGORITHMS: [(&str, Algorithm); 3] =
    [("RS256", Algorithm::RS256), ("RS384", Algorithm::RS384), ("PS256", Algorithm::PS256)];

/// A validated Auth0 poll.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where Auth0 answers.
    pub(crate) base: Base,
    /// Where tokens are asked for.
    pub(crate) token_url: Url,
    /// Where logs are asked for.
    pub(crate) logs_url: Url,
    /// What the token is for: `https://TENANT.REGION.auth0.com/api/v2/`, also where a custom domain is asked.
    pub(crate) audience: String,
    /// Who we are there.
    pub(crate) credential: Credential,
    /// Where a poll without a cursor begins.
    pub(crate) start: Start,
    /// Our part of the tenant's rate limit.
    pub(crate) rate_share: f64,
    /// The longest pause when everything is read.
    pub(crate) interval: SignedDuration,
    /// Logs per page.
    pub(crate) take: u64,
    /// How long the tenant's plan keeps logs, if the user told.
    pub(crate) retention_days: Option<u64>,
}

/// Who we are to Auth0.
#[derive(Debug)]
pub(crate) enum Credential {
    /// An application with a secret.
    Secret { client_id: String, client_secret: Secret },
    /// An application with a key pair (`private_key_jwt`).
    Key { client_id: String, key: SigningKey },
    /// A token made elsewhere, which nobody renews.
    Token(Secret),
}

/// A private key and how it signs.
pub(crate) struct SigningKey {
    pub(crate) key: EncodingKey,
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads the fields of a poll; every problem at once.
    pub(crate) fn read(written: &Value) -> Result<Self, Vec<Problem>> {
        let mut fields = Fields::of(written);
        let domain = address(&mut fields, "domain");
        let base_url = address(&mut fields, "base_url");
        if fields.is_absent("domain") && fields.is_absent("base_url") {
            let hint = "the tenant's domain, as the dashboard shows it: acme.eu.auth0.com";
            fields.problem("domain", "is missing", hint);
        }
        let credential = credential(&mut fields);
        let audience = fields.text("audience").map(str::to_owned);
        let start = schedule::start(&mut fields);
        let rate_share = fields.share("rate_share").unwrap_or(RATE_SHARE_DEFAULT);
        let interval = schedule::interval(&mut fields);
        let take = fields.number("take", 1, TAKE_MAX).unwrap_or(TAKE_MAX);
        let retention_days = fields.number("retention_days", 1, RETENTION_DAYS_MAX);
        let problems = fields.finish();
        let canonical = domain.clone().or_else(|| base_url.clone());
        match (base_url.or(domain), canonical, credential) {
            (Some(base), Some(canonical), Some(credential)) if problems.is_empty() => Ok(Self {
                token_url: base.join("/oauth/token"),
                logs_url: base.join("/api/v2/logs"),
                audience: audience.unwrap_or_else(|| canonical.join("/api/v2/").to_string()),
                base,
                credential,
                start,
                rate_share,
                interval,
                take,
                retention_days,
            }),
            _ => Err(problems),
        }
    }
}

/// The address in `name`; `None` if absent or wrong. A `domain` is a bare host.
pub(crate) fn address(fields: &mut Fields<'_>, name: &'static str) -> Option<Base> {
    let text = fields.text(name)?;
    let base = Base::read(text).and_then(|base| match name {
        "domain" if !base.is_bare() => Err("holds more than a host name"),
        _ => Ok(base),
    });
    base.map_err(|wrong| {
        fields.problem(name, wrong, "write acme.eu.auth0.com; http only for loopback addresses");
    })
    .ok()
}

fn credential(fields: &mut Fields<'_>) -> Option<Credential> {
    let client_id = fields.text("client_id").map(str::to_owned);
    let client_secret = fields.secret("client_secret");
    let has_key = !fields.is_absent("private_key");
    let key = signing_key(fields);
    let token = fields.secret("access_token");
    let given = [client_secret.is_some(), has_key, token.is_some()];
    match given.iter().filter(|given| **given).count() {
        1 => {}
        0 => {
            if !["client_secret", "private_key", "access_token"]
                .iter()
                .any(|it| !fields.is_absent(it))
            {
                let hint = "write client_id with client_secret or private_key, or an access_token";
                fields.problem("client_secret", "is missing", hint);
            }
            return None;
        }
        _ => {
            let hint = "keep one of client_secret, private_key and access_token";
            fields.problem("client_secret", "is not the only credential", hint);
            return None;
        }
    }
    if let Some(token) = token {
        if token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some(Credential::Token(token));
        }
        let hint = "the token alone, without `Bearer` and line breaks";
        fields.problem("access_token", "holds what no token holds", hint);
        return None;
    }
    let Some(client_id) = client_id else {
        if fields.is_absent("client_id") {
            let hint = "the id of the machine-to-machine application, beside its secret or key";
            fields.problem("client_id", "is missing", hint);
        }
        return None;
    };
    match (client_secret, key) {
        (Some(client_secret), _) => Some(Credential::Secret { client_id, client_secret }),
        (None, Some(key)) => Some(Credential::Key { client_id, key }),
        (None, None) => None,
    }
}

fn signing_key(fields: &mut Fields<'_>) -> Option<SigningKey> {
    let algorithm = fields.choice("algorithm", &ALGORITHMS).unwrap_or(Algorithm::RS256);
    let key_id = fields.text("key_id").map(str::to_owned);
    let pem = fields.secret("private_key")?;
    // Signing once shows what reading alone does not: a key that is too short, say.
    let key = EncodingKey::from_rsa_pem(pem.expose().as_bytes()).ok().filter(|key| {
        jsonwebtoken::encode(&Header::new(algorithm), &serde_json::json!({}), key).is_ok()
    });
    if key.is_none() {
        let hint = "the text of the key file, from -----BEGIN to -----END";
        fields.problem("private_key", "is no RSA private key in PEM form", hint);
    }
    key.map(|key| SigningKey { key, algorithm, key_id })
}
