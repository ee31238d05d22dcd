//! API tokens: secrets that begin with `dl_`, kept as SHA-256 hashes only and compared in constant time. A token is
//! random, so a plain fast hash is enough: there is no dictionary to try.
//! Deliberately absent: tokens that an administrator makes while the server runs (`Accounts`), and roles; a token of the
//! configuration may everything.

use std::fmt;
use std::fmt::Write as _;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// How every token begins, so that people and secret scanners recognise one.
pub const TOKEN_PREFIX: &str = "dl_";

/// The tokens that may use the API.
#[derive(Clone, Default)]
pub struct ApiTokens {
    hashes: Vec<[u8; 32]>,
}

impl ApiTokens {
    /// Reads hashes as the configuration holds them: `sha256:` and 64 hexadecimal digits.
    ///
    /// # Errors
    /// The position of the first one that is not of this form; its text is not repeated, since it may be a token that
    /// somebody forgot to hash.
    pub fn from_hashes<'a>(
        written: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, MalformedTokenHash> {
        let hashes = written
            .into_iter()
            .enumerate()
            .map(|(position, text)| read_hash(text).ok_or(MalformedTokenHash { position }))
            .collect::<Result<_, _>>()?;
        Ok(Self { hashes })
    }

    /// Whether no token is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether the request carries one of the tokens as `Authorization: Bearer dl_…`. Takes the same time whichever
    /// token is right, or none.
    #[must_use]
    pub fn admit(&self, headers: &HeaderMap) -> bool {
        let Some(token) = headers.get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes()))
        else {
            return false;
        };
        let presented: [u8; 32] = Sha256::digest(token).into();
        let none = Choice::from(0);
        self.hashes.iter().fold(none, |found, hash| found | hash.ct_eq(&presented)).into()
    }
}

impl fmt::Debug for ApiTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiTokens({})", self.hashes.len())
    }
}

/// A configured token hash is not of the form `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token hash at position {position} is not `sha256:` and 64 hexadecimal digits")]
pub struct MalformedTokenHash {
    /// Which of the list, from 0.
    pub position: usize,
}

/// The form of `token` that the configuration holds: `sha256:` and 64 lowercase hexadecimal digits.
#[must_use]
pub fn token_hash(token: &str) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(token.as_bytes()) {
        // Writing to a String cannot fail.
        if write!(text, "{byte:02x}").is_err() {
            break;
        }
    }
    text
}

fn read_hash(text: &str) -> Option<[u8; 32]> {
    let digits = text.trim().strip_prefix("sha256:")?.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(hash)
}

/// The token of `Bearer dl_…`; the scheme's case does not matter (RFC 9110, 11.1).
pub(crate) fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer ") && token.starts_with(TOKEN_PREFIX.as_bytes()))
        .then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> ApiTokens {
        let hashes = [token_hash("dl_one"), token_hash("dl_two").to_uppercase()];
        let hashes = [hashes[0].clone(), hashes[1].replace("SHA256", "sha256")];
        ApiTokens::from_hashes(hashes.iter().map(String::as_str)).unwrap()
    }

    #[test]
    fn a_configured_token_is_admitted_and_nothing_else() {
        for (header, expected) in [
            ("Bearer dl_one", true),
            ("bearer  dl_two ", true),
            ("Bearer dl_three", false),
            ("Bearer one", false),
            ("dl_one", false),
            ("Basic dl_one", false),
            ("Bearer ", false),
            ("Bearer", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, header.parse().unwrap());
            assert_eq!(tokens().admit(&headers), expected, "{header}");
        }
        assert!(!tokens().admit(&HeaderMap::new()));
        assert!(!ApiTokens::default().admit(&HeaderMap::new()));
    }

    #[test]
    fn a_token_written_where_a_hash_belongs_is_refused_without_being_repeated() {
        let error = ApiTokens::from_hashes(["dl_forgotten"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the token hash at position 0 is not `sha256:` and 64 hexadecimal digits"
        );
        let (short, long) = ("sha256:".to_owned() + &"0".repeat(63), "0".repeat(65));
        assert!(ApiTokens::from_hashes([short.as_str()]).is_err());
        assert!(ApiTokens::from_hashes([format!("sha256:{long}").as_str()]).is_err());
        assert_eq!(format!("{:?}", tokens()), "ApiTokens(2)");
    }

    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(
            token_hash("abc"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
