//! Decompression of inbound gzip with a limit, so that a small body cannot become a large one in memory.
//! Deliberately absent: other encodings; no provider here sends them.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;

/// Why a body could not be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// It would be larger than allowed.
    #[error("more than {bytes_max} bytes when decompressed")]
    TooLarge {
        /// What is allowed.
        bytes_max: usize,
    },
    /// It is not gzip, or is cut off or damaged.
    #[error("not valid gzip")]
    Malformed,
}

/// The bytes whose gzip form is `body`: one member or several in a row, as RFC 1952 allows. Never holds more than
/// `bytes_max` and one byte.
///
/// # Errors
/// The body is not valid gzip, or larger than `bytes_max` when decompressed.
pub fn inflate(body: &[u8], bytes_max: usize) -> Result<Bytes, InflateError> {
    let mut decoder = MultiGzDecoder::new(body).take(bytes_max as u64 + 1);
    // Logs shrink to about an eighth; the factor saves most of the growing.
    let mut bytes = Vec::with_capacity(body.len().saturating_mul(8).min(bytes_max));
    decoder.read_to_end(&mut bytes).map_err(|_| InflateError::Malformed)?;
    if bytes.len() > bytes_max {
        return Err(InflateError::TooLarge { bytes_max });
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = gzip(&vec![0; 10_000_000]);
        assert!(bomb.len() < 100_000);
        assert_eq!(inflate(&bomb, 9_999_999), Err(InflateError::TooLarge { bytes_max: 9_999_999 }));
        assert_eq!(inflate(&bomb, 10_000_000).map(|bytes| bytes.len()), Ok(10_000_000));
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let whole = gzip(b"[{\"type\":\"s\"}]");
        for cut in 0..whole.len() {
            assert_eq!(inflate(&whole[..cut], 1000), Err(InflateError::Malformed), "{cut}");
        }
        assert_eq!(inflate(b"{}", 1000), Err(InflateError::Malformed));
        let mut trailing = whole;
        trailing.extend_from_slice(b"rubbish");
        assert_eq!(inflate(&trailing, 1000), Err(InflateError::Malformed));
    }

    proptest! {
        #[test]
        fn members_in_a_row_give_one_text(members in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..5)) {
            let packed: Vec<u8> = members.iter().flat_map(|member| gzip(member)).collect();
            prop_assert_eq!(inflate(&packed, 2000).expect("valid"), members.concat());
        }

        #[test]
        fn anything_at_all_is_answered_within_the_limit(body in prop::collection::vec(any::<u8>(), 0..500)) {
            if let Ok(bytes) = inflate(&body, 100) {
                prop_assert!(bytes.len() <= 100);
            }
        }
    }
}
