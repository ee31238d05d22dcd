//! Passwords, hashed with Argon2id as RFC 9106 and OWASP advise for interactive use (19 MiB, two passes, one lane), each
//! with a salt of its own.
//! Deliberately absent: who may try how often.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use model::Secret;

use crate::error::Error;
use crate::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
use crate::random;

/// The form in which a password is stored: algorithm, cost, salt and hash in one text.
pub(crate) fn hash(password: &Secret) -> Result<String, Error> {
    let failed = |error: argon2::password_hash::Error| Error::Hashing(error.to_string());
    let salt = SaltString::encode_b64(&random::bytes::<16>()?).map_err(failed)?;
    let hashed = Argon2::default().hash_password(password.expose().as_bytes(), &salt);
    Ok(hashed.map_err(failed)?.to_string())
}

/// Whether `password` is the one of `stored`. Without a stored one it takes the same time, so that nobody learns from it
/// which names there are.
pub(crate) fn matches(password: &Secret, stored: Option<&str>) -> Result<bool, Error> {
    static NOBODY: OnceLock<String> = OnceLock::new();
    if password.expose().len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let nobody = match NOBODY.get() {
        Some(hash) => hash,
        None => {
            let made = hash(&random::session_secret()?)?;
            NOBODY.get_or_init(|| made)
        }
    };
    let failed = |error: argon2::password_hash::Error| Error::Hashing(error.to_string());
    let hash = PasswordHash::new(stored.unwrap_or(nobody)).map_err(failed)?;
    let same = match Argon2::default().verify_password(password.expose().as_bytes(), &hash) {
        Ok(()) => true,
        Err(argon2::password_hash::Error::Password) => false,
        Err(error) => return Err(failed(error)),
    };
    Ok(same && stored.is_some())
}

/// Refuses a password that could be guessed, or is no password at all.
pub(crate) fn check(password: &Secret, name: &str) -> Result<(), Error> {
    let text = password.expose();
    let hint = format!("choose at least {PASSWORD_CHARS_MIN} characters; a few words do well");
    if text.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Error::refused("the password is too short", hint));
    }
    if text.len() > PASSWORD_BYTES_MAX {
        let message = format!("the password has more than {PASSWORD_BYTES_MAX} bytes");
        return Err(Error::refused(message, "choose a shorter one"));
    }
    let mut letters = text.chars();
    let first = letters.next();
    if letters.all(|letter| Some(letter) == first) || text.eq_ignore_ascii_case(name) {
        return Err(Error::refused("the password is the first that anybody would try", hint));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_nothing_else_is() {
        let password = Secret::new("correct horse battery");
        let stored = hash(&password).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash(&password).unwrap());
        assert!(matches(&password, Some(&stored)).unwrap());
        for wrong in ["", "correct horse batterx", "correct horse battery ", &"x".repeat(1_025)] {
            assert!(!matches(&Secret::new(wrong), Some(&stored)).unwrap(), "{wrong}");
            assert!(!matches(&Secret::new(wrong), None).unwrap(), "{wrong}");
        }
        assert!(matches(&password, Some("no hash")).is_err());
    }

    #[test]
    fn what_anybody_would_try_is_refused() {
        for (password, good) in [
            ("correct horse battery", true),
            ("twelve chars", true),
            ("eleven char", false),
            ("ÄÖÜäöüßÄÖÜäö", true),
            ("aaaaaaaaaaaaaaaa", false),
            ("jane@example.com", false),
            (&"ab".repeat(512), true),
            (&"ab".repeat(513), false),
        ] {
            let checked = check(&Secret::new(password), "Jane@example.com");
            assert_eq!(checked.is_ok(), good, "{password}");
        }
    }
}
