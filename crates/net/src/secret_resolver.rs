//! Replaces the secrets that a configuration names (`secret_reference`) by the secrets themselves, or says for each why not.
//! What is not resolved is a problem, never the literal text: a secret that is silently wrong is found out by whoever it
//! locks out.
//!
//! Deliberately absent: reading the environment (a function is given), configuration files, and who we are to the vault.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, Method};
use jiff::Timestamp;
use model::{Problem, Secret};
use serde::Deserialize;
use serde_json::Value;

use crate::secret_reference::{Found, Reference, VaultSecret, find};
use crate::{
    Answer, Backoff, Client, Cloud, EntraCredential, EntraIdentity, EntraTokens, Request,
    TokenError, retry_after_seconds,
};

/// The largest secret, in a file or a vault (whose own limit is 25 kB).
const SECRET_BYTES_MAX: usize = 64 * 1024;

/// The largest answer of a vault.
const VAULT_ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How long a vault may take to answer.
const VAULT_SECONDS_MAX: u64 = 20;

/// How often a vault is asked before it is given up: it is asked at start, when a passing trouble must not end the program.
const VAULT_TRIES_MAX: u32 = 4;

/// What stands for a secret that was not fetched. It is base64, like most secrets, so that few checks stumble over it.
const NOT_FETCHED: &str = "bm90IGZldGNoZWQgaW4gdGhpcyBtb2RlIG9mIGNoZWNr";

/// Looks a variable of the environment up. Given by the binary, the only part that reads the environment.
pub type EnvLookup<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

/// Resolves the secrets of a configuration.
pub struct SecretResolver<'a> {
    /// The environment.
    pub env: EnvLookup<'a>,
    /// The folder of the configuration file: relative paths of `{file: …}` start there.
    pub folder: PathBuf,
    /// Whether and how vaults are asked.
    pub vaults: Vaults<'a>,
}

/// Whether and how vaults are asked.
pub enum Vaults<'a> {
    /// They are not: references are checked for their form only.
    Offline {
        /// The cloud in which a vault that is named without its domain is.
        cloud: Cloud,
    },
    /// They are.
    Online(VaultAccess<'a>),
}

/// How vaults are asked.
pub struct VaultAccess<'a> {
    /// Sends the requests.
    pub client: &'a Client,
    /// Obtains the tokens.
    pub tokens: &'a EntraTokens,
    /// The cloud: where tokens are issued, and where a vault that is named without its domain is.
    pub cloud: Cloud,
    /// Where tokens are issued, if not where the cloud issues them.
    pub authority: Option<String>,
    /// Who we are to the vaults; `None` if the configuration does not say.
    pub identity: Option<EntraIdentity>,
    /// Seed of the jitter between tries.
    pub seed: u64,
}

/// A configuration without references.
#[derive(Clone, PartialEq)]
pub struct Resolved {
    /// The configuration; secrets stand in it as plain texts, hence no `Debug`.
    pub written: Value,
    /// Paths of the vault references that were not fetched because the vaults are offline. A text that means nothing stands
    /// there: a problem that somebody has with exactly this value is to be ignored.
    pub unfetched: Vec<String>,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved").field("unfetched", &self.unfetched).finish_non_exhaustive()
    }
}

impl SecretResolver<'_> {
    /// `written` with every named secret put in its place.
    ///
    /// # Errors
    /// Every reference that is not well formed or could not be resolved, with its path and what to do.
    pub async fn resolve(&self, written: &Value) -> Result<Resolved, Vec<Problem>> {
        let (found, mut problems) = find(written, self.vaults.cloud());
        let mut resolved = Resolved { written: written.clone(), unfetched: Vec::new() };
        for Found { path, pointer, reference } in found {
            let secret = match reference {
                Reference::Env(name) => self.variable(&name),
                Reference::File(file) => read_file(&self.folder.join(file)),
                Reference::Vault(secret) => match &self.vaults {
                    Vaults::Online(access) => access.fetch(&secret).await,
                    Vaults::Offline { .. } => {
                        resolved.unfetched.push(path.clone());
                        Ok(Secret::new(NOT_FETCHED))
                    }
                },
            };
            match (secret, resolved.written.pointer_mut(&pointer)) {
                (Ok(secret), Some(place)) => *place = Value::String(secret.expose().to_owned()),
                (Ok(_), None) => {}
                (Err(Unresolved { message, hint }), _) => {
                    problems.push(Problem::new(path, message, hint));
                }
            }
        }
        if problems.is_empty() { Ok(resolved) } else { Err(problems) }
    }

    fn variable(&self, name: &str) -> Result<Secret, Unresolved> {
        match (self.env)(name) {
            Some(text) if !text.is_empty() => Ok(Secret::new(text)),
            Some(_) => Err(Unresolved::new(
                format!("the environment variable {name} is empty"),
                "give it a value",
            )),
            None => Err(Unresolved::new(
                format!("the environment variable {name} is not set"),
                "set it for the process that runs doorledger",
            )),
        }
    }
}

impl Vaults<'_> {
    fn cloud(&self) -> Cloud {
        match self {
            Self::Offline { cloud } => *cloud,
            Self::Online(access) => access.cloud,
        }
    }
}

/// Why a reference has no secret.
struct Unresolved {
    message: String,
    hint: String,
}

impl Unresolved {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// The content of a file without its final line end, which editors add.
fn read_file(path: &Path) -> Result<Secret, Unresolved> {
    let shown = path.display();
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(SECRET_BYTES_MAX as u64 + 1).read_to_string(&mut text))
        .map_err(|error| {
            let message = format!("the file {shown} cannot be read: {error}");
            Unresolved::new(message, "check the path and that this user may read the file")
        })?;
    if text.len() > SECRET_BYTES_MAX {
        let message = format!("the file {shown} is larger than {SECRET_BYTES_MAX} bytes");
        return Err(Unresolved::new(message, "name the file that holds the secret alone"));
    }
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Unresolved::new(
            format!("the file {shown} is empty"),
            "write the secret into it",
        ));
    }
    Ok(Secret::new(text))
}

impl VaultAccess<'_> {
    async fn fetch(&self, secret: &VaultSecret) -> Result<Secret, Unresolved> {
        let Some(identity) = &self.identity else {
            return Err(Unresolved::new(
                "nothing says who asks the Key Vault",
                "configure the identity that reads Key Vaults",
            ));
        };
        let credential = EntraCredential {
            authority: self.authority.clone().unwrap_or_else(|| self.cloud.authority().to_owned()),
            audience: secret.audience.clone(),
            identity: identity.clone(),
        };
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10), self.seed);
        loop {
            match self.ask(&credential, secret).await {
                Asked::Got(value) => return Ok(value),
                Asked::Never(unresolved) => return Err(unresolved),
                Asked::NotNow { reason, after_seconds } => {
                    if backoff.tries() + 1 >= VAULT_TRIES_MAX {
                        return Err(Unresolved::new(
                            reason,
                            "try again, and check the way to the vault",
                        ));
                    }
                    tokio::time::sleep(backoff.next_wait_at_least(after_seconds)).await;
                }
            }
        }
    }

    async fn ask(&self, credential: &EntraCredential, secret: &VaultSecret) -> Asked {
        let token = match self.tokens.token(credential).await {
            Ok(token) => token,
            Err(TokenError::Refused { reason, hint, .. }) => {
                return Asked::Never(Unresolved::new(
                    format!("no token for the Key Vault: {reason}"),
                    hint,
                ));
            }
            Err(TokenError::Unavailable { reason, after_seconds, .. }) => {
                let reason = format!("no token for the Key Vault: {reason}");
                return Asked::NotNow { reason, after_seconds };
            }
        };
        match self.client.send(vault_request(secret, &token), VAULT_ANSWER_BYTES_MAX).await {
            Ok(answer) => read_vault(secret, &answer, self.tokens.now()),
            Err(error) => Asked::NotNow { reason: error.reason(), after_seconds: None },
        }
    }
}

enum Asked {
    Got(Secret),
    NotNow { reason: String, after_seconds: Option<u64> },
    Never(Unresolved),
}

fn vault_request(secret: &VaultSecret, token: &Secret) -> Request {
    let mut headers = HeaderMap::new();
    if let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {}", token.expose())) {
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    Request {
        method: Method::GET,
        url: secret.url.clone(),
        headers,
        body: Bytes::new(),
        timeout: Duration::from_secs(VAULT_SECONDS_MAX),
    }
}

#[derive(Deserialize)]
struct VaultBody {
    value: Secret,
}

fn read_vault(secret: &VaultSecret, answer: &Answer, now: Timestamp) -> Asked {
    let (name, host) = (&secret.name, secret.url.host_str().unwrap_or_default());
    let never = |message: String, hint: &str| Asked::Never(Unresolved::new(message, hint));
    match answer.status.as_u16() {
        200 => match serde_json::from_slice::<VaultBody>(&answer.body) {
            Ok(body) if !body.value.is_empty() => Asked::Got(body.value),
            _ => never(
                format!("the secret {name} of {host} has no value"),
                "create a version of the secret that has one",
            ),
        },
        401 => never(
            format!("{host} does not accept who we are"),
            "check that the identity belongs to the directory of the vault",
        ),
        403 => never(
            format!("{host} does not let us read the secret {name}"),
            "give the identity the role \"Key Vault Secrets User\" on the vault, let the vault's firewall admit this machine, \
             and check that the secret is enabled",
        ),
        404 => never(
            format!("{host} has no secret {name}, or not this version of it"),
            "check the names of vault and secret",
        ),
        408 | 429 | 500..=599 => Asked::NotNow {
            reason: format!("{host} answers with status {}", answer.status.as_u16()),
            after_seconds: retry_after_seconds(&answer.headers, now),
        },
        status => never(
            format!("{host} answers with status {status}"),
            "check the address: is it a Key Vault?",
        ),
    }
}
