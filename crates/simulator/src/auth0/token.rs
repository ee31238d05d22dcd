//! `POST /oauth/token`: client credentials by secret or by `private_key_jwt`, as a form or as JSON; and the check of the
//! tokens that it gives out. Deliberately absent: every other grant, and token revocation, which Auth0 lacks as well.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode, header};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answers::oauth_error;
use super::{Auth0, Auth0Options};
use crate::dice::Dice;
use crate::faults::Fault;
use crate::moment::SECOND_US;
use crate::server::json_answer;

/// The longest assertion that is read.
const ASSERTION_BYTES_MAX: usize = 2_048;
/// The longest life of an assertion.
const ASSERTION_SECONDS_MAX: i64 = 300;
/// How far the client's clock may be off.
const CLOCK_SKEW_SECONDS: i64 = 10;
/// How many ids of assertions are remembered; they are good for one use.
const ASSERTION_IDS_MAX: usize = 10_000;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Issues and checks access tokens.
pub(super) struct TokenDesk {
    key: hmac::Key,
    issued: AtomicU64,
    used_assertions: Mutex<HashMap<String, i64>>,
}

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    /// Scopes, separated by spaces.
    pub(super) scope: String,
}

#[derive(Debug, Deserialize)]
struct AssertionClaims {
    iss: String,
    sub: String,
    exp: i64,
    jti: String,
    #[serde(default)]
    iat: Option<i64>,
}

/// A request for a token, in whichever form it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wish {
    grant_type: String,
    client_id: String,
    client_secret: String,
    audience: String,
    client_assertion_type: String,
    client_assertion: String,
}

impl TokenDesk {
    pub(super) fn new(options: &Auth0Options) -> Self {
        let secret = Dice::new(options.seed, "token key").hex_text(64);
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            issued: AtomicU64::new(0),
            used_assertions: Mutex::default(),
        }
    }

    pub(super) fn issued(&self) -> u64 {
        self.issued.load(Ordering::Relaxed)
    }

    /// A token for the options' client.
    fn issue(&self, options: &Auth0Options, now_seconds: i64) -> String {
        self.issued.fetch_add(1, Ordering::Relaxed);
        let claims = Claims {
            iss: format!("https://{}/", options.domain),
            sub: format!("{}@clients", options.client_id),
            aud: format!("https://{}/api/v2/", options.domain),
            iat: now_seconds,
            exp: now_seconds + i64::from(options.token_seconds),
            scope: options.granted_scopes.clone(),
        };
        let head = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let body = BASE64_URL_SAFE_NO_PAD.encode(json!(claims).to_string());
        let signature = hmac::sign(&self.key, format!("{head}.{body}").as_bytes());
        format!("{head}.{body}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// What the token of a request says, or why it is not accepted.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        now_seconds: i64,
    ) -> Result<Claims, &'static str> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or("Missing authentication")?;
        let (signed, signature) = token.rsplit_once('.').ok_or("Invalid token")?;
        let (_, body) = signed.split_once('.').ok_or("Invalid token")?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| "Invalid token");
        let claims: Claims = serde_json::from_slice(&decode(body)?).map_err(|_| "Invalid token")?;
        hmac::verify(&self.key, signed.as_bytes(), &decode(signature)?)
            .map_err(|_| "Invalid signature received for JSON Web Token validation")?;
        if claims.exp <= now_seconds {
            return Err("Expired token received for JSON Web Token validation");
        }
        Ok(claims)
    }

    /// Checks an assertion by RFC 7523 as Auth0 restricts it.
    fn check_assertion(
        &self,
        options: &Auth0Options,
        wish: &Wish,
        now_seconds: i64,
    ) -> Result<(), &'static str> {
        let pem = options.client_public_key_pem.as_deref().ok_or("Client has no public key")?;
        if wish.client_assertion.len() > ASSERTION_BYTES_MAX {
            return Err("Client assertion is too long");
        }
        let algorithm = jsonwebtoken::decode_header(&wish.client_assertion)
            .map_err(|_| "Client assertion is malformed")?
            .alg;
        if !matches!(algorithm, Algorithm::RS256 | Algorithm::RS384 | Algorithm::PS256) {
            return Err("Client assertion has an unsupported algorithm");
        }
        let mut validation = Validation::new(algorithm);
        // Times are checked below, against the simulation's clock.
        validation.validate_exp = false;
        validation.required_spec_claims = ["aud".to_owned()].into();
        validation.set_audience(&[format!("https://{}/", options.domain)]);
        let key =
            DecodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| "Public key is unusable")?;
        let claims =
            jsonwebtoken::decode::<AssertionClaims>(&wish.client_assertion, &key, &validation)
                .map_err(|_| "Client assertion signature or audience is wrong")?
                .claims;
        if claims.iss != options.client_id || claims.sub != options.client_id {
            return Err("Client assertion names another client");
        }
        if claims.exp + CLOCK_SKEW_SECONDS < now_seconds
            || claims.exp > now_seconds + ASSERTION_SECONDS_MAX + CLOCK_SKEW_SECONDS
            || claims.iat.is_some_and(|iat| iat > now_seconds + CLOCK_SKEW_SECONDS)
        {
            return Err("Client assertion is expired, too long-lived or of the future");
        }
        let mut used = self.used_assertions.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, expires| *expires + CLOCK_SKEW_SECONDS >= now_seconds);
        if used.len() >= ASSERTION_IDS_MAX || used.insert(claims.jti, claims.exp).is_some() {
            return Err("Client assertion was used before");
        }
        Ok(())
    }
}

/// Answers `POST /oauth/token`.
pub(super) async fn answer(
    State(tenant): State<Arc<Auth0>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let options = &tenant.options;
    if tenant.troubles.strikes(Fault::TokenRefused) {
        return oauth_error(StatusCode::UNAUTHORIZED, "access_denied", "Unauthorized");
    }
    let Some(wish) = read(&headers, &body) else {
        return oauth_error(StatusCode::BAD_REQUEST, "invalid_request", "The body cannot be read");
    };
    if wish.grant_type.is_empty() {
        let missing = "Missing required parameter: grant_type";
        return oauth_error(StatusCode::BAD_REQUEST, "invalid_request", missing);
    }
    if wish.grant_type != "client_credentials" {
        let refused = format!("Grant type '{}' not allowed for the client.", wish.grant_type);
        return oauth_error(StatusCode::FORBIDDEN, "unauthorized_client", &refused);
    }
    let now_seconds = tenant.now().div_euclid(SECOND_US);
    if let Err(refused) = authenticate(&tenant, &wish, now_seconds) {
        tenant.record_token(false);
        return oauth_error(StatusCode::UNAUTHORIZED, "access_denied", refused);
    }
    if !is_own_audience(options, &headers, &wish.audience) {
        let refused = format!(
            "Client \"{}\" is not authorized to access resource server \"{}\". You need to create \
             a \"client-grant\" associated to this API.",
            wish.client_id, wish.audience
        );
        return oauth_error(StatusCode::FORBIDDEN, "access_denied", &refused);
    }
    tenant.record_token(true);
    json_answer(
        StatusCode::OK,
        &json!({
            "access_token": tenant.tokens.issue(options, now_seconds),
            "scope": options.granted_scopes,
            "expires_in": options.token_seconds,
            "token_type": "Bearer",
        }),
    )
}

fn authenticate(tenant: &Auth0, wish: &Wish, now_seconds: i64) -> Result<(), &'static str> {
    let options = &tenant.options;
    if wish.client_assertion_type == ASSERTION_TYPE {
        return tenant.tokens.check_assertion(options, wish, now_seconds);
    }
    if wish.client_id == options.client_id && wish.client_secret == options.client_secret.expose() {
        Ok(())
    } else {
        Err("Unauthorized")
    }
}

fn read(headers: &HeaderMap, body: &[u8]) -> Option<Wish> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|it| it.starts_with("application/json")) {
        return serde_json::from_slice(body).ok();
    }
    let fields: serde_json::Map<String, serde_json::Value> = url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    serde_json::from_value(fields.into()).ok()
}

/// The tenant's canonical audience, or the address under which this simulator was called.
fn is_own_audience(options: &Auth0Options, headers: &HeaderMap, audience: &str) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    audience == format!("https://{}/api/v2/", options.domain)
        || audience == format!("https://{host}/api/v2/")
        || audience == format!("http://{host}/api/v2/")
}
