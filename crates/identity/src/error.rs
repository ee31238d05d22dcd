//! What can be wrong with a key, and what to do about it.
//! Deliberately absent: a signature that does not fit. That is an answer, not an error.

use std::path::PathBuf;

/// Why there is no identity, or why a text is not a key.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file could not be read or written.
    #[error("{deed} the key `{path}`")]
    Io {
        /// What was being done: `read`.
        deed: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// The file is no key of this kind.
    #[error("`{path}` does not hold an Ed25519 key: {what}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Others than its owner can read the file.
    #[error("`{path}` can be read by others than its owner (mode {mode:03o})")]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The system gave no randomness.
    #[error("make a key: the system's source of randomness failed")]
    NoRandomness,
    /// A text is not a public key or signature as this program writes them.
    #[error("not {what}: {why}")]
    Unreadable {
        /// What was expected: `a public key`.
        what: &'static str,
        /// What is wrong with the text.
        why: &'static str,
    },
}

impl IdentityError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check that the data folder can be read and written by this user",
            Self::Damaged { .. } => {
                "bring the file back from a copy; without it, remove it: a new key is made at the next start, \
                 and what the old one signed is checked with the old public key"
            }
            Self::Exposed { .. } => {
                "run `chmod 600` on it, and ask who could have read it: they could sign in this instance's name"
            }
            Self::NoRandomness => "see the system's log",
            Self::Unreadable { .. } => "copy it whole, with the word before the colon",
        }
    }
}
