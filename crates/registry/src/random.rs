//! Secrets and ids out of the system's randomness, and the hashes by which secrets are found again. A secret of 256 random
//! bits needs no slow hash: there is no dictionary to try.
//! Deliberately absent: passwords.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Secret;

use crate::error::Error;

/// How API tokens begin, so that people and secret scanners recognise one.
const TOKEN_PREFIX: &str = "dl_";

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes)
}

/// 256 random bits that can stand in a cookie.
pub(crate) fn session_secret() -> Result<Secret, Error> {
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes::<32>()?)))
}

/// A new API token.
pub(crate) fn token_secret() -> Result<Secret, Error> {
    Ok(Secret::new(format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes::<32>()?))))
}

/// A name for something, short enough for an address.
pub(crate) fn id() -> Result<String, Error> {
    // 72 bits, without the two signs that base64 has beside letters and digits.
    Ok(URL_SAFE_NO_PAD.encode(bytes::<9>()?).replace(['-', '_'], "x"))
}

/// A password that nobody chose: four groups of five letters and digits that cannot be taken for one another, 100 bits.
pub(crate) fn password() -> Result<Secret, Error> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut text = String::new();
    for (at, byte) in bytes::<20>()?.into_iter().enumerate() {
        if at > 0 && at % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(Secret::new(text))
}

/// How a secret is stored.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    digest(&SHA256, secret.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let one = session_secret().unwrap();
        assert_eq!(one.expose().len(), 43);
        assert_ne!(one, session_secret().unwrap());
        assert!(token_secret().unwrap().expose().starts_with("dl_"));
        let password = password().unwrap();
        assert_eq!(password.expose().len(), 23);
        assert!(password.expose().bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric()));
        assert!(id().unwrap().bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
