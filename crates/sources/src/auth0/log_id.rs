//! What is known of the anatomy of Auth0's log ids: 56 digits, of which the first 17 are a prefix of three and the UTC
//! second of arrival. Found in recorded answers and in the way that another collector starts at a moment; Auth0 documents
//! none of it. So ids are compared as text, never as numbers, and nothing breaks if the anatomy changes.
//! Deliberately absent: any use of the rest of an id.

use jiff::tz::Offset;
use model::Timestamp;

use crate::scalar;

const DIGITS: usize = 56;

/// Zeros behind the second in an id that no event has.
const SYNTHETIC_ZEROS: usize = 39;

/// An id that lies before those of all events that arrive at `time` or later.
pub(crate) fn synthetic(time: Timestamp) -> String {
    let civil = Offset::UTC.to_datetime(time);
    format!("900{}{}", civil.strftime("%Y%m%d%H%M%S"), "0".repeat(SYNTHETIC_ZEROS))
}

/// Whether `id` was made by [`synthetic`].
pub(crate) fn is_synthetic(id: &str) -> bool {
    id.len() == DIGITS
        && id.starts_with("900")
        && id.bytes().rev().take(SYNTHETIC_ZEROS).all(|digit| digit == b'0')
}

/// The second at which the event of this id arrived at Auth0.
pub(crate) fn time(id: &str) -> Option<Timestamp> {
    let digits = id.get(3..17).filter(|_| id.len() == DIGITS)?;
    let part = |range: std::ops::Range<usize>| digits.get(range);
    scalar::parse_moment(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(8..10)?,
        part(10..12)?,
        part(12..14)?
    ))
}

/// Whether an id lies after another. Ids of different lengths cannot be compared, so that counts as yes.
pub(crate) fn is_after(id: &str, other: &str) -> bool {
    id.len() != other.len() || id > other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_becomes_an_id_and_comes_back() {
        let moment: Timestamp = "2023-06-02T10:58:04.9Z".parse().unwrap();
        let id = synthetic(moment);
        assert_eq!(id, "90020230602105804000000000000000000000000000000000000000");
        assert!(is_synthetic(&id));
        assert_eq!(time(&id), Some("2023-06-02T10:58:04Z".parse().unwrap()));
    }

    #[test]
    fn real_ids_tell_their_second_and_others_do_not() {
        for (id, expected) in [
            (
                "90020230602105804120563000000000000001223372045029303662",
                Some("2023-06-02T10:58:04Z"),
            ),
            (
                "80020210115093000123456789012345678901234567890123456789",
                Some("2021-01-15T09:30:00Z"),
            ),
            ("12345", None),
            ("90020231302105804120563000000000000001223372045029303662", None),
            ("éééééééééééééééééééééééééééé", None),
        ] {
            assert!(!is_synthetic(id));
            assert_eq!(time(id), expected.map(|text| text.parse().unwrap()), "{id}");
        }
    }
}
