//! Why the registry did not do what it was asked. Deliberately absent: statuses of HTTP.

use std::path::PathBuf;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be used.
    #[error("the registry `{}`: {doing}", path.display())]
    Storage {
        /// Which file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: rusqlite::Error,
    },
    /// The file cannot be made.
    #[error("make the registry `{}`", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("the file `{}` {what}", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// What is wanted is against the rules.
    #[error("{message}")]
    Refused {
        /// Why, as a lowercase fragment.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// There is one of that name.
    #[error("there is a {what} called `{name}` already")]
    Taken {
        /// A person, a token …
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is none of that name.
    #[error("there is no {what} called `{name}`")]
    Unknown {
        /// A person, a token …
        what: &'static str,
        /// The name that was asked for.
        name: String,
    },
    /// Somebody else has changed it in between.
    #[error(
        "it was changed in between: version {found} is there, and version {expected} was meant"
    )]
    Stale {
        /// The version that was meant.
        expected: u64,
        /// The version that is there.
        found: u64,
    },
    /// The system gives no randomness.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// Memory for hashing a password is not there, or a stored hash cannot be read.
    #[error("a password cannot be hashed: {0}")]
    Hashing(String),
}

impl Error {
    /// What to do next; may be empty.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Storage { .. } | Self::Io { .. } => {
                "is the disk full, or the data folder another user's? the registry holds people, tokens and saved things, and no events"
            }
            Self::Foreign { .. } => {
                "put the registry back from a copy, or move the file away to begin with an empty one"
            }
            Self::Refused { hint, .. } => hint,
            Self::Taken { .. } => "choose another name",
            Self::Unknown { .. } => "list what there is",
            Self::Stale { .. } => "read it again, and put the changes into that",
            Self::NoRandomness | Self::Hashing(_) => "",
        }
    }

    pub(crate) fn refused(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hint: hint.into() }
    }
}
