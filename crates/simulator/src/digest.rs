//! A digest of a set of ids by which two processes can tell, without exchanging the ids, whether they hold the same:
//! the sum, modulo 2^128, of the first sixteen bytes (big-endian) of SHA-256 of each id. The order does not matter, and
//! unlike an exclusive-or an id that stands twice changes it.
//! Deliberately absent: protection against somebody who wants two sets to collide.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Serialize, Serializer};

/// The digest of a set of ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IdDigest(u128);

impl IdDigest {
    /// Takes one more id in.
    pub fn add(&mut self, id: &str) {
        self.0 = self.0.wrapping_add(hash(id));
    }

    /// Takes an id in by its [`hash`].
    pub(crate) fn add_hash(&mut self, hash: u128) {
        self.0 = self.0.wrapping_add(hash);
    }
}

impl<'a> FromIterator<&'a str> for IdDigest {
    fn from_iter<I: IntoIterator<Item = &'a str>>(ids: I) -> Self {
        let mut digest = Self::default();
        ids.into_iter().for_each(|id| digest.add(id));
        digest
    }
}

impl fmt::Display for IdDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for IdDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The first sixteen bytes of an id's SHA-256.
pub(crate) fn hash(id: &str) -> u128 {
    digest(&SHA256, id.as_bytes())
        .as_ref()
        .iter()
        .take(16)
        .fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_matter_but_the_count_does() {
        let set = |ids: &[&str]| ids.iter().copied().collect::<IdDigest>();
        assert_eq!(set(&["a", "b"]), set(&["b", "a"]));
        assert_ne!(set(&["a"]), set(&["a", "a"]));
        assert_ne!(set(&["a", "b", "b"]), set(&["a"]));
    }

    #[test]
    fn the_digest_of_one_id_is_the_start_of_its_sha_256() {
        // SHA-256("abc"), FIPS 180-2 appendix B.1.
        let digest: IdDigest = ["abc"].into_iter().collect();
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223");
    }
}
