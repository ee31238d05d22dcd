//! The port to people, their sessions, API tokens and the audit trail. Deliberately absent: keeping them, which the binary
//! does behind [`Accounts`] (passwords are hashed there too), and the routes (`session`, `people`, `api_tokens`, `audit`).

use futures::future::BoxFuture;
use http::StatusCode;
use model::{
    ApiToken, AuditEntry, AuditNote, Person, Role, Secret, Session, SignedDuration, SignedIn,
};

use crate::problem::HttpProblem;

/// An answer that may take as long as a disk, or a password's hash.
pub type Asked<'a, T> = BoxFuture<'a, Result<T, DeskError>>;

/// Keeps people, sessions, tokens and the audit trail.
pub trait Accounts: Send + Sync {
    /// Begins a session; `None` if name or password is wrong.
    fn sign_in(&self, name: String, password: Secret) -> Asked<'_, Option<SignedIn>>;
    /// The session of a secret, which is used now; `None` if it has ended, or never was.
    fn session(&self, secret: Secret) -> Asked<'_, Option<Session>>;
    /// Ends the session of a secret.
    fn sign_out(&self, secret: Secret) -> Asked<'_, ()>;
    /// Gives a person who knows the old password another one, and ends all sessions of that person but `kept`. `false` if
    /// the old one is wrong.
    fn change_own_password(
        &self,
        name: String,
        old: Secret,
        new: Secret,
        kept: Secret,
    ) -> Asked<'_, bool>;
    /// Everybody.
    fn people(&self) -> Asked<'_, Vec<Person>>;
    /// Adds a person.
    fn add_person(&self, name: String, role: Role, password: Secret) -> Asked<'_, Person>;
    /// Gives a person another role, another password, or both.
    fn change_person(
        &self,
        name: String,
        role: Option<Role>,
        password: Option<Secret>,
    ) -> Asked<'_, Person>;
    /// Removes a person.
    fn remove_person(&self, name: String) -> Asked<'_, ()>;
    /// Name and role of the token that is `secret`, which is used now.
    fn token(&self, secret: Secret) -> Asked<'_, Option<(String, Role)>>;
    /// Every token.
    fn tokens(&self) -> Asked<'_, Vec<ApiToken>>;
    /// Makes a token.
    fn add_token(
        &self,
        name: String,
        role: Role,
        life: Option<SignedDuration>,
    ) -> Asked<'_, (ApiToken, Secret)>;
    /// Removes a token.
    fn remove_token(&self, id: String) -> Asked<'_, ()>;
    /// Adds an entry to the audit trail.
    fn note(&self, note: AuditNote) -> Asked<'_, ()>;
    /// The newest `limit` entries before that of the number `before`.
    fn audit(&self, before: Option<u64>, limit: usize) -> Asked<'_, Vec<AuditEntry>>;
}

/// Why a desk of the registry did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// It is against the rules.
    #[error("{message}")]
    Refused {
        /// Why, as a lowercase fragment.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// There is one of that name.
    #[error("{0}")]
    Taken(String),
    /// There is none of that name.
    #[error("{0}")]
    Unknown(String),
    /// Somebody else has changed it in between.
    #[error("{0}")]
    Stale(String),
    /// The registry cannot be read or written.
    #[error("{message}")]
    Failed {
        /// Why, as a lowercase fragment.
        message: String,
        /// What to do about it.
        hint: String,
    },
}

impl From<DeskError> for HttpProblem {
    fn from(error: DeskError) -> Self {
        let (status, code, hint) = match &error {
            DeskError::Refused { hint, .. } => (StatusCode::BAD_REQUEST, "invalid", hint.as_str()),
            DeskError::Taken(_) => (StatusCode::CONFLICT, "taken", "choose another name"),
            DeskError::Unknown(_) => (StatusCode::NOT_FOUND, "unknown", "list what there is"),
            DeskError::Stale(_) => (
                StatusCode::PRECONDITION_FAILED,
                "stale",
                "read it again, and put the changes into that",
            ),
            DeskError::Failed { hint, .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "registry_unavailable", hint.as_str())
            }
        };
        let hint = hint.to_owned();
        Self::new(status, code, error.to_string()).hint(hint)
    }
}
