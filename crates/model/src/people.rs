//! Who may do what: roles, people, their sessions, API tokens, and the entries of the audit trail, as plain values.
//! Deliberately absent: where they are kept (`registry`), passwords, and what each role opens (`api`'s table of routes).

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Secret;

/// What somebody may do. Each role may what the ones before it may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Asks questions and looks.
    Viewer,
    /// Also saves queries and dashboards, and replays dead letters.
    Analyst,
    /// Everything: people, tokens, and what is configured.
    Administrator,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Analyst, Self::Administrator];

    /// As it is written everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Administrator => "administrator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no such role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is viewer, analyst or administrator")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(UnknownRole)
    }
}

/// Characters of a person's name at most; an e-mail address fits.
const PERSON_NAME_CHARS_MAX: usize = 128;

/// What is wrong with the name under which a person signs in, as a lowercase fragment; `None` if it is good.
#[must_use]
pub fn person_name_problem(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > PERSON_NAME_CHARS_MAX {
        return Some("has an unusable length");
    }
    if name.chars().all(|c| c == '.') {
        return Some("consists of dots alone");
    }
    let usable = |c: char| c.is_ascii_alphanumeric() || "-_.@+".contains(c);
    (!name.chars().all(usable)).then_some("holds other characters than letters, digits and -_.@+")
}

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// Under which name; its case does not matter.
    pub name: String,
    /// What this person may do.
    pub role: Role,
    /// Since when there is the account.
    pub created: Timestamp,
    /// When a session of this person was last used, to the minute.
    #[schema(required)]
    pub last_seen: Option<Timestamp>,
}

/// A session that was found by its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub name: String,
    /// What that person may do now.
    pub role: Role,
    /// When it ends if it is not used any more.
    pub expires: Timestamp,
}

/// A session that was just begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// What the browser keeps; only its hash is stored.
    pub secret: Secret,
    /// The session.
    pub session: Session,
}

/// An API token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    /// By which it is removed.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// Since when there is the token.
    pub created: Timestamp,
    /// From when on it is not admitted any more; never if null.
    #[schema(required)]
    pub expires: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schema(required)]
    pub last_used: Option<Timestamp>,
}

/// What was done, by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditNote {
    /// Who: a person, `token/NAME`, or `local` for a program on the same machine.
    pub who: String,
    /// As what.
    #[schema(required)]
    pub role: Option<Role>,
    /// What: `POST /api/v1/users`.
    pub action: String,
    /// To what: the path with its parts filled in.
    pub object: String,
    /// How that ended: `ok`, or the code of the refusal.
    pub outcome: String,
    /// Anything else; may be empty. Never holds a credential.
    pub detail: String,
}

/// A line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number; later ones are larger.
    pub id: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub note: AuditNote,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_read_back() {
        assert!(Role::Viewer < Role::Analyst && Role::Analyst < Role::Administrator);
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        }
        assert_eq!("admin".parse::<Role>(), Err(UnknownRole));
    }

    #[test]
    fn a_persons_name_fits_into_an_address_and_a_line() {
        for (name, good) in [
            ("admin", true),
            ("jane.doe+soc@example.com", true),
            ("", false),
            ("..", false),
            ("a b", false),
            ("a/b", false),
            ("a\n", false),
            ("Zoë", false),
            (&"a".repeat(128), true),
            (&"a".repeat(129), false),
        ] {
            assert_eq!(person_name_problem(name).is_none(), good, "{name}");
        }
    }
}
