//! Tokens: Entra ID's endpoint for applications (by secret or by a federated token) and the instance metadata service
//! for managed identities; and the check of the tokens that they give out.
//! Deliberately absent: discovery, people, and signatures by a published key.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Azure;
use super::answers::entra_refusal;
use crate::faults::Fault;
use crate::moment::SECOND_US;
use crate::server::json_answer;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Signs and checks tokens.
pub(super) struct Desk {
    key: hmac::Key,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    exp: i64,
    appid: String,
}

impl Desk {
    pub(super) fn new(secret: &str) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()) }
    }

    fn issue(&self, audience: &str, expires: i64, client_id: &str) -> String {
        let claims = Claims { aud: audience.to_owned(), exp: expires, appid: client_id.to_owned() };
        let head = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let body = BASE64_URL_SAFE_NO_PAD.encode(json!(claims).to_string());
        let signature = hmac::sign(&self.key, format!("{head}.{body}").as_bytes());
        format!("{head}.{body}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// The audience of a request's token, or why it is not accepted.
    fn audience(&self, headers: &HeaderMap, now_seconds: i64) -> Result<String, &'static str> {
        const MALFORMED: &str = "The access token is malformed.";
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or("The access token is missing.")?;
        let (signed, signature) = token.rsplit_once('.').ok_or(MALFORMED)?;
        let (_, body) = signed.split_once('.').ok_or(MALFORMED)?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| MALFORMED);
        hmac::verify(&self.key, signed.as_bytes(), &decode(signature)?)
            .map_err(|_| "The access token's signature is wrong.")?;
        let claims: Claims = serde_json::from_slice(&decode(body)?).map_err(|_| MALFORMED)?;
        if claims.exp <= now_seconds {
            return Err("The access token has expired.");
        }
        Ok(claims.aud)
    }
}

impl Azure {
    /// Checks that a request carries a token for one of `audiences`, or for a loopback address, as a client asks for
    /// that takes the audience from the address it calls.
    pub(super) fn authorized(
        &self,
        headers: &HeaderMap,
        audiences: &[&str],
    ) -> Result<(), &'static str> {
        let audience = self.entra.audience(headers, self.now().div_euclid(SECOND_US))?;
        let fits = audiences.iter().any(|it| audience.trim_end_matches('/') == *it)
            || audience.contains("//localhost")
            || audience.contains("//127.0.0.1");
        fits.then_some(()).ok_or("The access token is for another audience.")
    }

    fn token(&self, audience: &str) -> String {
        self.tokens.fetch_add(1, Ordering::Relaxed);
        let now = self.now().div_euclid(SECOND_US);
        let expires = now + i64::from(self.options.token_seconds);
        self.entra.issue(audience, expires, &self.options.client_id)
    }
}

/// Answers `POST /{tenant}/oauth2/v2.0/token`.
pub(super) async fn token(
    State(azure): State<Arc<Azure>>,
    Path(tenant): Path<String>,
    body: Bytes,
) -> Response {
    let options = &azure.options;
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| {
        fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    };
    let refuse = |error, number, message: &str| {
        entra_refusal(StatusCode::BAD_REQUEST, error, number, message)
    };
    if azure.troubles.strikes(Fault::TokenRefused) {
        let message = "The application was not found in the directory.";
        return entra_refusal(StatusCode::UNAUTHORIZED, "invalid_client", 700_016, message);
    }
    if tenant != options.tenant_id {
        return refuse("invalid_request", 90_002, "Tenant not found.");
    }
    if field("grant_type") != "client_credentials" {
        return refuse("unsupported_grant_type", 70_003, "Unsupported grant type.");
    }
    let Some(audience) = field("scope").strip_suffix("/.default") else {
        return refuse("invalid_scope", 70_011, "The scope must end in /.default.");
    };
    if field("client_id") != options.client_id {
        let message = "The application was not found in the directory.";
        return refuse("unauthorized_client", 700_016, message);
    }
    let federated = field("client_assertion_type") == ASSERTION_TYPE;
    let known = if federated {
        options
            .federated_token
            .as_ref()
            .is_some_and(|token| token.expose() == field("client_assertion"))
    } else {
        options.client_secret.expose() == field("client_secret")
    };
    if !known {
        let (number, message) = if federated {
            (700_211, "No matching federated identity record found.")
        } else {
            (7_000_215, "Invalid client secret provided.")
        };
        return entra_refusal(StatusCode::UNAUTHORIZED, "invalid_client", number, message);
    }
    json_answer(
        StatusCode::OK,
        &json!({
            "token_type": "Bearer",
            "expires_in": options.token_seconds,
            "ext_expires_in": options.token_seconds,
            "access_token": azure.token(audience),
        }),
    )
}

/// Answers `GET /metadata/identity/oauth2/token`.
pub(super) async fn instance_metadata(
    State(azure): State<Arc<Azure>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let refuse = |error: &str, description: &str| {
        let body = json!({ "error": error, "error_description": description });
        json_answer(StatusCode::BAD_REQUEST, &body)
    };
    if headers.get("metadata").and_then(|value| value.to_str().ok()) != Some("true") {
        return refuse("bad_request_102", "Required metadata header not specified");
    }
    let query = query.unwrap_or_default();
    let resource = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "resource")
        .map(|(_, value)| value.into_owned());
    let Some(resource) = resource else {
        return refuse("bad_request_103", "Required audience parameter not specified");
    };
    if !azure.options.managed_identity {
        return refuse("invalid_request", "Identity not found: no identity has been assigned");
    }
    let expires = azure.now().div_euclid(SECOND_US) + i64::from(azure.options.token_seconds);
    // Numbers are texts here, unlike in the other endpoint.
    json_answer(
        StatusCode::OK,
        &json!({
            "access_token": azure.token(&resource),
            "expires_in": azure.options.token_seconds.to_string(),
            "expires_on": expires.to_string(),
            "resource": resource,
            "token_type": "Bearer",
        }),
    )
}
