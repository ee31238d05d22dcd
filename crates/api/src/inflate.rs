//! Undoing the compression of a body within a limit, so that a small body cannot become a large one.
//! Deliberately absent: encodings other than gzip, which no provider sends.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// Why a body could not be decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    /// It would become longer than allowed.
    #[error("the body is larger than {bytes_max} bytes after decompression")]
    TooLarge {
        /// What is allowed.
        bytes_max: usize,
    },
    /// It begins like gzip, but is not, or is cut.
    #[error("the body begins like gzip but cannot be decompressed")]
    Malformed,
    /// It names a compression that is not understood.
    #[error("the body's Content-Encoding is not gzip")]
    Unknown,
}

/// Whether the body is gzip. Its first bytes decide: some proxies decompress a body and leave its header, some senders
/// compress it and set none, and no JSON text begins like this.
pub(crate) fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(&[0x1f, 0x8b])
}

/// Refuses a `Content-Encoding` that is neither gzip nor nothing.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), InflateError> {
    let known = |value: &http::HeaderValue| {
        let value = value.as_bytes().trim_ascii();
        ["", "gzip", "x-gzip", "identity"]
            .iter()
            .any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
    };
    headers.get_all(CONTENT_ENCODING).iter().all(known).then_some(()).ok_or(InflateError::Unknown)
}

/// The content of a gzip body, all members of it, if it is at most `bytes_max` long.
pub(crate) fn inflate(body: &[u8], bytes_max: usize) -> Result<Bytes, InflateError> {
    // JSON of events shrinks to a tenth or less: start there and let the vector grow.
    let mut inflated = Vec::with_capacity(body.len().saturating_mul(8).min(bytes_max));
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body)
        .take(limit)
        .read_to_end(&mut inflated)
        .map_err(|_| InflateError::Malformed)?;
    if inflated.len() > bytes_max {
        return Err(InflateError::TooLarge { bytes_max });
    }
    Ok(Bytes::from(inflated))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_limit_itself_is_allowed_and_one_byte_more_is_not() {
        assert_eq!(inflate(&gzip(&[b'x'; 1000]), 1000).unwrap().len(), 1000);
        assert_eq!(
            inflate(&gzip(&[b'x'; 1001]), 1000),
            Err(InflateError::TooLarge { bytes_max: 1000 })
        );
        let bomb = gzip(&vec![0; 50 * 1024 * 1024]);
        assert_eq!(inflate(&bomb, 1000), Err(InflateError::TooLarge { bytes_max: 1000 }));
    }

    #[test]
    fn several_members_are_one_body_and_a_cut_one_is_refused() {
        let mut two = gzip(b"one,");
        two.extend(gzip(b"two"));
        assert_eq!(inflate(&two, 100).unwrap(), "one,two");
        let whole = gzip(b"some text that is long enough");
        assert_eq!(inflate(&whole[..whole.len() - 9], 100), Err(InflateError::Malformed));
    }

    #[test]
    fn only_gzip_is_understood() {
        for (encoding, expected) in [
            ("gzip", Ok(())),
            ("GZIP", Ok(())),
            ("identity", Ok(())),
            ("", Ok(())),
            ("br", Err(InflateError::Unknown)),
            ("deflate", Err(InflateError::Unknown)),
            ("gzip, gzip", Err(InflateError::Unknown)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
            assert_eq!(check_encoding(&headers), expected, "{encoding}");
        }
        assert_eq!(check_encoding(&HeaderMap::new()), Ok(()));
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(content: Vec<u8>) {
            prop_assert_eq!(inflate(&gzip(&content), content.len()).unwrap(), content);
        }

        #[test]
        fn any_bytes_are_answered(body: Vec<u8>) {
            let mut body = body;
            body.splice(0..0, [0x1f, 0x8b, 8]);
            let _answered = inflate(&body, 1000);
        }
    }
}
