//! Digests: SHA-256 of bytes, and the sum of the digests of many events, which does not depend on their order or on the
//! files that they stand in. Merging files must leave the sum as it was: an event that was lost, doubled or altered on
//! the way changes it.
//! Deliberately absent: signatures (`record`), and protection by the sum alone: who can choose events freely might find
//! others of the same sum. A file's bytes have a digest of their own for that.

use std::fmt;
use std::str::FromStr;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use object_store::PutPayload;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::layout::RAW_EVENT;

/// The SHA-256 of some bytes. Its written form is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of the parts of `payload`, one after the other.
    pub(crate) fn of_payload(payload: &PutPayload) -> Self {
        let mut hasher = Sha256::new();
        for part in payload {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// The sum, modulo 2^256, of the SHA-256 digests of events, each read as a little-endian number. Its written form is
/// the 32 bytes of the sum, lowest first, as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventSum([u64; 4]);

impl EventSum {
    /// Adds one event, given as its bytes.
    pub fn add_event(&mut self, raw: &[u8]) {
        self.add(Self::of_digest(Sha256::digest(raw).into()));
    }

    /// Adds another sum.
    pub fn add(&mut self, other: Self) {
        let mut carry = false;
        for (limb, more) in self.0.iter_mut().zip(other.0) {
            let (sum, first) = limb.overflowing_add(more);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = first || second;
        }
    }

    /// Adds the raw event of each row of `batch`. A row without one adds nothing.
    pub(crate) fn add_rows(&mut self, batch: &RecordBatch) {
        let Some(raw) = batch.column_by_name(RAW_EVENT) else { return };
        match raw.data_type() {
            DataType::Utf8 => self.add_texts(raw.as_string::<i32>().iter()),
            DataType::LargeUtf8 => self.add_texts(raw.as_string::<i64>().iter()),
            DataType::Utf8View => self.add_texts(raw.as_string_view().iter()),
            _ => {}
        }
    }

    fn add_texts<'a>(&mut self, texts: impl Iterator<Item = Option<&'a str>>) {
        for text in texts.flatten() {
            self.add_event(text.as_bytes());
        }
    }

    fn of_digest(digest: [u8; 32]) -> Self {
        let (limbs, _) = digest.as_chunks::<8>();
        let mut sum = [0; 4];
        for (limb, bytes) in sum.iter_mut().zip(limbs) {
            *limb = u64::from_le_bytes(*bytes);
        }
        Self(sum)
    }

    fn bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let (chunks, _) = bytes.as_chunks_mut::<8>();
        for (chunk, limb) in chunks.iter_mut().zip(self.0) {
            *chunk = limb.to_le_bytes();
        }
        bytes
    }
}

/// What proves the content of a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    /// Of the file's bytes.
    pub(crate) bytes: Digest,
    /// Of the raw events of its rows.
    pub(crate) events: EventSum,
}

fn hex(bytes: [u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Result<[u8; 32], NotADigest> {
    let mut bytes = [0; 32];
    let digits = text.as_bytes();
    // Lowercase only: one value has one written form.
    if digits.len() != 64 || !digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(NotADigest);
    }
    let (pairs, _) = digits.as_chunks::<2>();
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let value = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
        *byte = (value(pair[0]) << 4) | value(pair[1]);
    }
    Ok(bytes)
}

/// A text is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits in lowercase")]
pub struct NotADigest;

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        from_hex(text).map(Self)
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for EventSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.bytes()))
    }
}

impl fmt::Debug for EventSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for EventSum {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        from_hex(&text).map(Self::of_digest)
    }
}

impl From<EventSum> for String {
    fn from(sum: EventSum) -> Self {
        sum.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_published_vector_has_its_published_digest() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), expected);
        let mut sum = EventSum::default();
        sum.add_event(b"abc");
        assert_eq!(sum.to_string(), expected, "the sum of one event is its digest");
    }

    #[test]
    fn the_sum_carries_and_wraps() {
        let mut sum = EventSum([u64::MAX; 4]);
        sum.add(EventSum([1, 0, 0, 0]));
        assert_eq!(sum, EventSum::default());
        let mut sum = EventSum([u64::MAX, u64::MAX, 7, 0]);
        sum.add(EventSum([1, 0, 0, 0]));
        assert_eq!(sum, EventSum([0, 0, 8, 0]));
        let mut sum = EventSum([u64::MAX, u64::MAX, u64::MAX, 1]);
        sum.add(EventSum([u64::MAX, u64::MAX, u64::MAX, 1]));
        assert_eq!(sum, EventSum([u64::MAX - 1, u64::MAX, u64::MAX, 3]));
    }

    proptest! {
        #[test]
        fn order_and_files_do_not_matter_but_every_event_does(
            mut events in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20),
            split in any::<prop::sample::Index>(),
            victim in any::<prop::sample::Index>(),
        ) {
            let sum = |events: &[Vec<u8>]| {
                let mut sum = EventSum::default();
                events.iter().for_each(|event| sum.add_event(event));
                sum
            };
            let whole = sum(&events);
            prop_assert_eq!(EventSum::try_from(whole.to_string()).unwrap(), whole);
            let (left, right) = events.split_at(split.index(events.len()));
            let mut parts = sum(right);
            parts.add(sum(left));
            prop_assert_eq!(parts, whole);
            let at = victim.index(events.len());
            prop_assert_ne!(sum(&[events.clone(), vec![events[at].clone()]].concat()), whole);
            events[at].push(0);
            prop_assert_ne!(sum(&events), whole);
            events.remove(at);
            prop_assert_ne!(sum(&events), whole);
        }
    }
}
