//! Whether a body of events is compressed, and undoing it within the limits.
//! Deliberately absent: decompression itself (`net::inflate`), and encodings other than gzip, which no provider sends.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use net::inflate;

use crate::limits::Share;
use crate::refusal::Refusal;

/// The body as its sender had it before compressing. What it takes in addition is added to `memory`.
pub(crate) fn plain(sent: Bytes, bytes_max: usize, memory: &mut Share) -> Result<Bytes, Refusal> {
    if !is_gzip(&sent) {
        return Ok(sent);
    }
    let plain = inflate(&sent, bytes_max)?;
    if memory.grow(plain.len()) { Ok(plain) } else { Err(Refusal::Busy) }
}

/// Whether the body is gzip. Its first bytes decide: some proxies decompress a body and leave its header, some senders
/// compress it and set none, and no JSON text begins like this.
fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(&[0x1f, 0x8b])
}

/// Whether `Content-Encoding` says gzip or nothing; a body in any other encoding could not be read.
pub(crate) fn is_known(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().all(|value| {
        let value = value.as_bytes().trim_ascii();
        ["", "gzip", "x-gzip", "identity"]
            .iter()
            .any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_gzip_is_known() {
        for (encoding, expected) in [
            ("gzip", true),
            ("GZIP", true),
            ("identity", true),
            ("", true),
            ("br", false),
            ("deflate", false),
            ("gzip, gzip", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
            assert_eq!(is_known(&headers), expected, "{encoding}");
        }
        assert!(is_known(&HeaderMap::new()));
    }
}
