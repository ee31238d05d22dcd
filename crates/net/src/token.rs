//! Bearer tokens of Microsoft Entra, kept until shortly before they expire. However many ask at once, one request is
//! under way for each credential, and who holds a valid token never waits for its renewal.
//!
//! Deliberately absent: retrying. Who asks knows how long it can wait; a failure is handed to everybody who waited.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use model::{Clock, Secret};
use tokio::io::AsyncReadExt;

use crate::token_exchange::{Issued, Proof, application_request, managed_request, read_token};
use crate::{Client, EntraCredential, EntraIdentity, ManagedEndpoint, TokenError};

/// How long before its end a token is renewed.
const RENEW_BEFORE_SECONDS: u64 = 300;

/// How long after a failed renewal the old token is used without trying again.
const RENEW_AGAIN_SECONDS: i64 = 30;

/// The largest answer of a token endpoint.
const TOKEN_ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The largest token file of a workload identity.
const TOKEN_FILE_BYTES_MAX: usize = 64 * 1024;

/// How many credentials are remembered; above it, the one that came first is forgotten.
const CREDENTIALS_MAX: usize = 256;

/// Obtains and keeps the tokens of all credentials of the process.
pub struct EntraTokens {
    client: Client,
    clock: Arc<dyn Clock>,
    managed: ManagedEndpoint,
    kept: Mutex<Vec<(EntraCredential, Arc<Kept>)>>,
}

impl fmt::Debug for EntraTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraTokens").field("kept", &lock(&self.kept).len()).finish_non_exhaustive()
    }
}

/// What is known for one credential.
#[derive(Default)]
struct Kept {
    state: Mutex<State>,
    /// Held by the one who is asking the endpoint.
    under_way: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<Held>,
    /// How many answers came, good or bad: who waited sees by it that another one's answer is new.
    answers: u64,
    failure: Option<(Timestamp, TokenError)>,
}

#[derive(Clone)]
struct Held {
    token: Secret,
    renew: Timestamp,
    ends: Timestamp,
}

impl EntraTokens {
    /// A keeper without tokens. `managed` is where tokens of managed identities come from.
    #[must_use]
    pub fn new(client: Client, clock: Arc<dyn Clock>, managed: ManagedEndpoint) -> Self {
        Self { client, clock, managed, kept: Mutex::default() }
    }

    /// A token that is valid now: the kept one, or a new one.
    ///
    /// # Errors
    /// The endpoint refused, or could not be asked.
    pub async fn token(&self, credential: &EntraCredential) -> Result<Secret, TokenError> {
        let kept = self.kept(credential);
        let now = self.clock.now();
        let (old, seen) = {
            let state = lock(&kept.state);
            match &state.token {
                Some(held) if now < held.renew || now < held.ends && state.failed_lately(now) => {
                    return Ok(held.token.clone());
                }
                held => (held.clone().filter(|held| now < held.ends), state.answers),
            }
        };
        let _under_way = match old {
            Some(old) => match kept.under_way.try_lock() {
                Ok(guard) => guard,
                Err(_) => return Ok(old.token),
            },
            None => kept.under_way.lock().await,
        };
        if let Some(answered) = lock(&kept.state).answer_after(seen) {
            return answered;
        }
        let answer = self.ask(credential).await;
        lock(&kept.state).take(answer, self.clock.now())
    }

    /// Forgets `token`, which its service did not accept; the next call obtains a new one. A newer one is kept.
    pub fn forget(&self, credential: &EntraCredential, token: &Secret) {
        let kept = self.kept(credential);
        let mut state = lock(&kept.state);
        if state.token.as_ref().is_some_and(|held| held.token == *token) {
            state.token = None;
        }
    }

    /// What the clock says by which tokens expire.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn kept(&self, credential: &EntraCredential) -> Arc<Kept> {
        let mut all = lock(&self.kept);
        if let Some((_, kept)) = all.iter().find(|(known, _)| known == credential) {
            return Arc::clone(kept);
        }
        if all.len() >= CREDENTIALS_MAX {
            all.remove(0);
        }
        let kept = Arc::new(Kept::default());
        all.push((credential.clone(), Arc::clone(&kept)));
        kept
    }

    async fn ask(&self, credential: &EntraCredential) -> Result<Issued, TokenError> {
        let request = match &credential.identity {
            EntraIdentity::ClientSecret { tenant_id, client_id, client_secret } => {
                application_request(credential, tenant_id, client_id, Proof::Secret(client_secret))
            }
            EntraIdentity::Workload { tenant_id, client_id, token_file } => {
                let assertion = read_token_file(credential, token_file).await?;
                application_request(credential, tenant_id, client_id, Proof::Assertion(&assertion))
            }
            EntraIdentity::Managed { client_id } => {
                managed_request(&self.managed, &credential.audience, client_id.as_deref())
            }
        };
        let request = request.ok_or_else(|| TokenError::Refused {
            audience: credential.audience.clone(),
            reason: "the token endpoint is not an address".to_owned(),
            hint: "check the authority, IDENTITY_ENDPOINT and IDENTITY_HEADER".to_owned(),
        })?;
        let answer = match &credential.identity {
            EntraIdentity::Managed { .. } => {
                self.client.send_link_local(request, TOKEN_ANSWER_BYTES_MAX).await
            }
            _ => self.client.send(request, TOKEN_ANSWER_BYTES_MAX).await,
        };
        let answer = answer.map_err(|error| TokenError::Unavailable {
            audience: credential.audience.clone(),
            reason: error.reason(),
            after_seconds: None,
        })?;
        read_token(credential, &answer, self.clock.now())
    }
}

impl State {
    fn failed_lately(&self, now: Timestamp) -> bool {
        self.failure.as_ref().is_some_and(|(when, _)| {
            now.duration_since(*when) < SignedDuration::from_secs(RENEW_AGAIN_SECONDS)
        })
    }

    /// What somebody else was answered since `seen`, if so.
    fn answer_after(&self, seen: u64) -> Option<Result<Secret, TokenError>> {
        if self.answers == seen {
            return None;
        }
        match (&self.token, &self.failure) {
            (Some(held), _) => Some(Ok(held.token.clone())),
            (None, Some((_, error))) => Some(Err(error.clone())),
            // The token was forgotten in the meantime.
            (None, None) => None,
        }
    }

    fn take(
        &mut self,
        answer: Result<Issued, TokenError>,
        now: Timestamp,
    ) -> Result<Secret, TokenError> {
        self.answers += 1;
        match answer {
            Ok(Issued { token, life_seconds }) => {
                let renew = life_seconds.saturating_sub(RENEW_BEFORE_SECONDS).max(life_seconds / 2);
                self.failure = None;
                self.token = Some(Held {
                    token: token.clone(),
                    renew: later(now, renew),
                    ends: later(now, life_seconds),
                });
                Ok(token)
            }
            Err(error) => {
                self.failure = Some((now, error.clone()));
                self.token.take_if(|held| now >= held.ends);
                match &self.token {
                    Some(held) => {
                        tracing::warn!(%error, "token not renewed, the present one is still valid");
                        Ok(held.token.clone())
                    }
                    None => Err(error),
                }
            }
        }
    }
}

fn later(now: Timestamp, seconds: u64) -> Timestamp {
    let seconds = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    now.checked_add(seconds).unwrap_or(Timestamp::MAX)
}

async fn read_token_file(credential: &EntraCredential, path: &Path) -> Result<Secret, TokenError> {
    let mut text = String::new();
    let read = async {
        let file = tokio::fs::File::open(path).await?;
        file.take(TOKEN_FILE_BYTES_MAX as u64).read_to_string(&mut text).await
    };
    match read.await {
        Ok(_) if !text.trim().is_empty() => Ok(Secret::new(text.trim())),
        Ok(_) => Err("the token file is empty".to_owned()),
        Err(error) => Err(format!("the token file {} cannot be read: {error}", path.display())),
    }
    .map_err(|reason| TokenError::Refused {
        audience: credential.audience.clone(),
        reason,
        hint: "check `token_file`, which is usually what AZURE_FEDERATED_TOKEN_FILE names"
            .to_owned(),
    })
}

/// A lock whose holder panicked protects plain values that are whole at every moment, so it may be taken all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
