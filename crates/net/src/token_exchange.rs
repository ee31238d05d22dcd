//! What is said to a token endpoint and what its answers mean: Entra's own (OAuth 2.0 client credentials), the instance
//! metadata service of virtual machines, and the endpoint of App Service, Functions and Container Apps.
//!
//! Shapes from the protocol pages "OAuth 2.0 client credentials flow" and "How to use managed identities" of Microsoft
//! Learn. Deliberately absent: sending, caching and the clock.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use model::Secret;
use serde::Deserialize;
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::{Answer, EntraCredential, EntraIdentity, Request, retry_after_seconds};

/// How long a token endpoint may take.
const TOKEN_SECONDS_MAX: u64 = 20;

/// The life of a token whose answer does not tell it.
const UNTOLD_LIFE_SECONDS: u64 = 600;

/// How much of an endpoint's own words is repeated to the user.
const REASON_CHARS_MAX: usize = 400;

/// Where the platform that we run on issues tokens of a managed identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManagedEndpoint {
    /// The instance metadata service of virtual machines and of Kubernetes nodes; [`ManagedEndpoint::IMDS`] is its address.
    Imds(Url),
    /// App Service, Functions and Container Apps announce theirs as `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`.
    AppService {
        /// Content of `IDENTITY_ENDPOINT`.
        endpoint: Url,
        /// Content of `IDENTITY_HEADER`.
        header: Secret,
    },
}

impl ManagedEndpoint {
    /// The address of the instance metadata service's token endpoint, the same on every machine of every cloud.
    pub const IMDS: &'static str = "http://169.254.169.254/metadata/identity/oauth2/token";

    /// What the environment of the process says: App Service's endpoint if both of its variables are set, the instance
    /// metadata service otherwise. `None` if `IDENTITY_ENDPOINT` is not an address.
    #[must_use]
    pub fn from_variables(
        identity_endpoint: Option<&str>,
        identity_header: Option<Secret>,
    ) -> Option<Self> {
        match (identity_endpoint, identity_header) {
            (Some(endpoint), Some(header)) => {
                Some(Self::AppService { endpoint: Url::parse(endpoint).ok()?, header })
            }
            _ => Some(Self::Imds(Url::parse(Self::IMDS).ok()?)),
        }
    }
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Asking again will not help until somebody changes something.
    #[error("no token for {audience}: {reason}")]
    Refused {
        /// What it was for.
        audience: String,
        /// The endpoint's words, without its tracing numbers.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// Asking again later may help.
    #[error("no token for {audience} at present: {reason}")]
    Unavailable {
        /// What it was for.
        audience: String,
        /// What went wrong.
        reason: String,
        /// How long the endpoint asks to wait.
        after_seconds: Option<u64>,
    },
}

/// A token and how long it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) token: Secret,
    pub(crate) life_seconds: u64,
}

/// The request for a token of an app registration. `assertion` is the content of the token file, for workload identities.
/// `None` if the authority and the directory's id do not make an address.
pub(crate) fn application_request(
    credential: &EntraCredential,
    tenant_id: &str,
    client_id: &str,
    proof: Proof<'_>,
) -> Option<Request> {
    let mut url = Url::parse(&credential.authority).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend([tenant_id, "oauth2", "v2.0", "token"]);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.append_pair("client_id", client_id);
    match proof {
        Proof::Secret(secret) => form.append_pair("client_secret", secret.expose()),
        Proof::Assertion(assertion) => form
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", assertion.expose()),
    };
    form.append_pair("scope", &format!("{}/.default", credential.audience.trim_end_matches('/')));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    Some(Request {
        method: Method::POST,
        url,
        headers,
        body: Bytes::from(form.finish()),
        timeout: Duration::from_secs(TOKEN_SECONDS_MAX),
    })
}

/// How an app registration proves that it is itself.
#[derive(Clone, Copy)]
pub(crate) enum Proof<'a> {
    Secret(&'a Secret),
    Assertion(&'a Secret),
}

/// The request for a token of a managed identity. `None` if the endpoint's header cannot be sent.
pub(crate) fn managed_request(
    endpoint: &ManagedEndpoint,
    audience: &str,
    client_id: Option<&str>,
) -> Option<Request> {
    let mut headers = HeaderMap::new();
    let (mut url, version) = match endpoint {
        ManagedEndpoint::Imds(url) => {
            headers.insert(HeaderName::from_static("metadata"), HeaderValue::from_static("true"));
            (url.clone(), "2018-02-01")
        }
        ManagedEndpoint::AppService { endpoint, header } => {
            let mut value = HeaderValue::from_str(header.expose()).ok()?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static("x-identity-header"), value);
            (endpoint.clone(), "2019-08-01")
        }
    };
    url.query_pairs_mut().append_pair("api-version", version).append_pair("resource", audience);
    if let Some(client_id) = client_id {
        url.query_pairs_mut().append_pair("client_id", client_id);
    }
    Some(Request {
        method: Method::GET,
        url,
        headers,
        body: Bytes::new(),
        timeout: Duration::from_secs(TOKEN_SECONDS_MAX),
    })
}

/// What a token endpoint's answer means.
pub(crate) fn read_token(
    credential: &EntraCredential,
    answer: &Answer,
    now: Timestamp,
) -> Result<Issued, TokenError> {
    let unavailable = |reason: String| TokenError::Unavailable {
        audience: credential.audience.clone(),
        reason,
        after_seconds: retry_after_seconds(&answer.headers, now),
    };
    if answer.status == StatusCode::OK {
        return match serde_json::from_slice::<TokenBody>(&answer.body) {
            Ok(body) if !body.access_token.is_empty() => {
                Ok(Issued { life_seconds: body.life_seconds(now), token: body.access_token })
            }
            _ => Err(unavailable("the answer holds no token".to_owned())),
        };
    }
    let told: Complaint = serde_json::from_slice(&answer.body).unwrap_or_default();
    let managed = matches!(credential.identity, EntraIdentity::Managed { .. });
    let passing = match answer.status.as_u16() {
        // The metadata service is not ready yet, or is being replaced: documented as worth another try.
        404 | 410 => managed,
        408 | 429 => true,
        status => status >= 500 || told.error == "temporarily_unavailable",
    };
    let reason = told.reason(answer.status, &credential.identity);
    if passing {
        return Err(unavailable(reason));
    }
    let hint = hint(&told, credential);
    Err(TokenError::Refused { audience: credential.audience.clone(), reason, hint })
}

#[derive(Deserialize)]
struct TokenBody {
    access_token: Secret,
    /// Seconds: a number from Entra, a text from the managed endpoints.
    #[serde(default)]
    expires_in: Value,
    /// Seconds since 1970, as a text; App Service sends nothing else.
    #[serde(default)]
    expires_on: Value,
}

impl TokenBody {
    fn life_seconds(&self, now: Timestamp) -> u64 {
        let until = || seconds(&self.expires_on)?.checked_sub(u64::try_from(now.as_second()).ok()?);
        seconds(&self.expires_in).or_else(until).unwrap_or(UNTOLD_LIFE_SECONDS)
    }
}

fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The error body of all three endpoints.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Complaint {
    error: String,
    error_description: String,
}

impl Complaint {
    /// The endpoint's words in one line, without the trace numbers and the time that Entra appends, and without the
    /// proof of identity, in case a server between here and there repeats it.
    fn reason(&self, status: StatusCode, identity: &EntraIdentity) -> String {
        let words = self.error_description.split(['\r', '\n']).next().unwrap_or_default();
        let words = words.split(" Trace ID:").next().unwrap_or_default().trim();
        let mut reason = match (words, self.error.as_str()) {
            ("", "") => format!("status {}", status.as_u16()),
            ("", error) => format!("{error} (status {})", status.as_u16()),
            (words, _) => words.trim_end_matches('.').to_owned(),
        };
        if let EntraIdentity::ClientSecret { client_secret, .. } = identity
            && !client_secret.is_empty()
        {
            reason = reason.replace(client_secret.expose(), "…");
        }
        reason.chars().take(REASON_CHARS_MAX).collect()
    }

    /// The number after `AADSTS`, 0 if there is none.
    fn code(&self) -> u32 {
        let after = self.error_description.split("AADSTS").nth(1).unwrap_or_default();
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    }
}

/// What to do about a refusal. Codes from "Microsoft Entra authentication and authorization error codes".
fn hint(told: &Complaint, credential: &EntraCredential) -> String {
    let words = match (&credential.identity, told.code()) {
        (_, 7_000_215) => {
            "put in the secret's value, not its id; it is shown only once, when it is created"
        }
        (_, 7_000_222) => {
            "the client secret has expired: create a new one for the app registration"
        }
        (_, 700_016) => "check `client_id` and `tenant_id`: the app is not in that directory",
        (_, 90_002 | 900_023 | 900_021) => {
            "check `tenant_id`, and `cloud` if the directory is in a sovereign cloud"
        }
        (_, 7_000_112) => "the app registration is disabled: enable it in Entra",
        (_, 500_011 | 1_002_012) => {
            "check `cloud` and the audience: the service is not known in that directory"
        }
        (_, 70_021 | 700_211 | 700_212 | 700_213) => {
            "the app's federated credential does not fit the token file: compare issuer, subject and audience"
        }
        (_, 700_024) => "the token file has expired or this machine's clock is wrong",
        (_, 53_003) => {
            "a Conditional Access policy forbids this sign-in: exempt the workload identity"
        }
        (EntraIdentity::Managed { client_id: None }, _) => {
            "assign a managed identity to this machine or app, or name a user-assigned one by `client_id`"
        }
        (EntraIdentity::Managed { .. }, _) => {
            "check that the identity with this `client_id` is assigned to this machine or app"
        }
        _ => "check `tenant_id`, `client_id` and the secret of the app registration",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_secret() -> EntraCredential {
        EntraCredential {
            authority: "https://login.example.com/".to_owned(),
            audience: "https://monitor.azure.com".to_owned(),
            identity: EntraIdentity::ClientSecret {
                tenant_id: "t".to_owned(),
                client_id: "c".to_owned(),
                client_secret: Secret::new("s~cr+t/&="),
            },
        }
    }

    fn managed() -> EntraCredential {
        EntraCredential { identity: EntraIdentity::Managed { client_id: None }, ..by_secret() }
    }

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn now() -> Timestamp {
        "2026-11-20T18:00:00Z".parse().expect("a moment")
    }

    #[test]
    fn an_application_proves_itself_by_form() {
        let secret = Secret::new("s~cr+t/&=");
        let request = application_request(&by_secret(), "ten/ant", "app", Proof::Secret(&secret))
            .expect("an address");
        assert_eq!(request.url.as_str(), "https://login.example.com/ten%2Fant/oauth2/v2.0/token");
        assert_eq!(
            request.body,
            "grant_type=client_credentials&client_id=app&client_secret=s%7Ecr%2Bt%2F%26%3D\
             &scope=https%3A%2F%2Fmonitor.azure.com%2F.default"
        );
        let request =
            application_request(&by_secret(), "t", "app", Proof::Assertion(&Secret::new("ey.J")))
                .expect("an address");
        assert_eq!(
            request.body,
            "grant_type=client_credentials&client_id=app\
             &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion=ey.J&scope=https%3A%2F%2Fmonitor.azure.com%2F.default"
        );
    }

    #[test]
    fn a_managed_identity_is_asked_for_by_address() {
        let imds = ManagedEndpoint::from_variables(None, None).expect("an address");
        let request =
            managed_request(&imds, "https://vault.azure.net", Some("u-1")).expect("a request");
        assert_eq!(
            request.url.as_str(),
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01\
             &resource=https%3A%2F%2Fvault.azure.net&client_id=u-1"
        );
        assert_eq!(request.headers["metadata"], "true");
        let app = ManagedEndpoint::from_variables(
            Some("http://localhost:4141/msi/token"),
            Some(Secret::new("h")),
        )
        .expect("an address");
        let request = managed_request(&app, "https://vault.azure.net", None).expect("a request");
        assert_eq!(
            request.url.as_str(),
            "http://localhost:4141/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net"
        );
        assert_eq!(request.headers["x-identity-header"], "h");
    }

    #[test]
    fn life_is_read_in_every_form() {
        let check = |body: &str, expected: u64| {
            let issued = read_token(&managed(), &answer(200, body), now()).expect("a token");
            assert_eq!((issued.token.expose(), issued.life_seconds), ("T", expected), "{body}");
        };
        check(r#"{"token_type":"Bearer","expires_in":3599,"access_token":"T"}"#, 3599);
        check(r#"{"access_token":"T","expires_in":"86399","expires_on":"1"}"#, 86_399);
        check(&format!(r#"{{"access_token":"T","expires_on":"{}"}}"#, now().as_second() + 77), 77);
        check(r#"{"access_token":"T"}"#, 600);
    }

    #[test]
    fn refusals_and_outages_are_told_apart() {
        let told = |credential: &EntraCredential, status: u16, body: &str| match read_token(
            credential,
            &answer(status, body),
            now(),
        ) {
            Ok(_) => "a token".to_owned(),
            Err(TokenError::Refused { reason, hint, .. }) => format!("refused: {reason} | {hint}"),
            Err(TokenError::Unavailable { reason, .. }) => format!("unavailable: {reason}"),
        };
        let wrong_secret = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided: s~cr+t/&=. Trace ID: 9 Correlation ID: 8 Timestamp: 2026","error_codes":[7000215]}"#;
        insta::assert_snapshot!(
            [
                told(&by_secret(), 401, wrong_secret),
                told(&by_secret(), 400, r#"{"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier 'c' was not found in the directory 't'.\r\nTrace ID: 1"}"#),
                told(&by_secret(), 429, ""),
                told(&by_secret(), 503, "<html>"),
                told(&by_secret(), 404, ""),
                told(&by_secret(), 200, "<html>"),
                told(&managed(), 404, ""),
                told(&managed(), 400, r#"{"error":"invalid_request","error_description":"Identity not found"}"#),
            ]
            .join("\n"),
            @r"
        refused: AADSTS7000215: Invalid client secret provided: … | put in the secret's value, not its id; it is shown only once, when it is created
        refused: AADSTS700016: Application with identifier 'c' was not found in the directory 't' | check `client_id` and `tenant_id`: the app is not in that directory
        unavailable: status 429
        unavailable: status 503
        refused: status 404 | check `tenant_id`, `client_id` and the secret of the app registration
        unavailable: the answer holds no token
        unavailable: status 404
        refused: Identity not found | assign a managed identity to this machine or app, or name a user-assigned one by `client_id`
        "
        );
    }
}
