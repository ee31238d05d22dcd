//! Keys and signatures as values: signing, checking, and their one written form, `ed25519:` and base64.
//! Deliberately absent: files (`stored`).

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{IdentityError, stored};

/// Bytes of a public key (RFC 8032).
const PUBLIC_KEY_BYTES: usize = 32;
/// Bytes of a signature (RFC 8032).
const SIGNATURE_BYTES: usize = 64;
/// What the written form begins with, so that a later kind of key can be told from this one.
const PREFIX: &str = "ed25519:";

/// The key pair of a data folder. `Debug` shows the public half alone.
pub struct Identity {
    pair: Ed25519KeyPair,
}

/// The half that everybody may know. Its written form is `ed25519:` and 44 characters of base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; PUBLIC_KEY_BYTES]);

/// A signature over some bytes. Its written form is `ed25519:` and 88 characters of base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; SIGNATURE_BYTES]);

impl Identity {
    /// The identity of the data folder `folder`, which exists. Makes a key if there is none. Blocks.
    ///
    /// # Errors
    /// If the key cannot be read or made, is damaged, or others than its owner can read it. An existing file is never
    /// overwritten.
    pub fn open(folder: &Path) -> Result<Self, IdentityError> {
        stored::open(folder).map(|pair| Self { pair })
    }

    /// The same, but makes nothing: `None` if the folder has no key. Blocks.
    ///
    /// # Errors
    /// As those of [`Identity::open`].
    pub fn existing(folder: &Path) -> Result<Option<Self>, IdentityError> {
        Ok(stored::read(folder)?.map(|pair| Self { pair }))
    }

    /// Signs `message`. The same message always gets the same signature.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        let mut bytes = [0; SIGNATURE_BYTES];
        // The library's signature has just this length.
        for (to, from) in bytes.iter_mut().zip(self.pair.sign(message).as_ref()) {
            *to = *from;
        }
        Signature(bytes)
    }

    /// The half that others check signatures with.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; PUBLIC_KEY_BYTES];
        for (to, from) in bytes.iter_mut().zip(self.pair.public_key().as_ref()) {
            *to = *from;
        }
        PublicKey(bytes)
    }
}

impl PublicKey {
    /// Whether `signature` was made over just `message` with the secret half of this key.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, &signature.0).is_ok()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("public_key", &self.public_key()).finish_non_exhaustive()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        read(text, "a public key").map(Self)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Signature {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        read(text, "a signature").map(Self)
    }
}

/// The bytes of a written key or signature.
fn read<const BYTES: usize>(text: &str, what: &'static str) -> Result<[u8; BYTES], IdentityError> {
    let unreadable = |why| IdentityError::Unreadable { what, why };
    let encoded = text.trim().strip_prefix(PREFIX);
    let encoded = encoded.ok_or(unreadable("it does not begin with `ed25519:`"))?;
    let bytes = STANDARD.decode(encoded).map_err(|_| unreadable("it is not base64"))?;
    bytes.try_into().map_err(|_| unreadable("it has another length"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot prepare fails")]

    use super::*;

    fn identity() -> (Identity, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Identity::open(folder.path()).unwrap(), folder)
    }

    #[test]
    fn a_signature_fits_its_message_and_its_key_alone() {
        let (identity, _folder) = identity();
        let (other, _other_folder) = self::identity();
        let signature = identity.sign(b"one hundred events");
        assert!(identity.public_key().verifies(b"one hundred events", &signature));
        assert!(!identity.public_key().verifies(b"one thousand events", &signature));
        assert!(!other.public_key().verifies(b"one hundred events", &signature));
        assert_eq!(signature, identity.sign(b"one hundred events"));
        let mut bent = signature;
        bent.0[63] ^= 1;
        assert!(!identity.public_key().verifies(b"one hundred events", &bent));
    }

    #[test]
    fn a_published_vector_is_signed_as_published() {
        // RFC 8032, section 7.1, test 2.
        let hex = |text: &str| -> Vec<u8> {
            let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
            (0..text.len()).step_by(2).map(digit).collect()
        };
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let identity = Identity { pair: Ed25519KeyPair::from_seed_unchecked(&seed).unwrap() };
        let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(identity.public_key().0.to_vec(), public);
        let signature = hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
        assert_eq!(identity.sign(&[0x72]).0.to_vec(), signature);
    }

    #[test]
    fn what_is_written_is_read_back_and_nothing_else() {
        let (identity, _folder) = identity();
        let (key, signature) = (identity.public_key(), identity.sign(b"x"));
        assert_eq!(key.to_string().parse::<PublicKey>().unwrap(), key);
        assert_eq!(format!(" {signature}\n").parse::<Signature>().unwrap(), signature);
        for text in ["", "ed25519:", "ed25519:!", "rsa:AAAA", &key.to_string()[..40]] {
            assert!(text.parse::<PublicKey>().is_err(), "{text}");
        }
        assert!(signature.to_string().parse::<PublicKey>().is_err());
        assert!(key.to_string().parse::<Signature>().is_err());
    }

    #[test]
    fn the_secret_half_is_not_shown() {
        let (identity, _folder) = identity();
        assert_eq!(
            format!("{identity:?}"),
            format!("Identity {{ public_key: {}, .. }}", identity.public_key())
        );
    }
}
