//! The signature of the HTTP Data Collector API: an HMAC over method, length, content type, date and path.
//! Deliberately absent: the body's content, which it does not cover.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Whether a text can be a workspace key.
pub(super) fn is_key(text: &str) -> bool {
    BASE64_STANDARD.decode(text).is_ok_and(|key| !key.is_empty())
}

/// Whether `signature` (base64) signs a request of this length, content type and date with `key`.
pub(super) fn is_signed(
    key: &str,
    signature: &str,
    length: usize,
    content_type: &str,
    date: &str,
) -> bool {
    let (Ok(key), Ok(signature)) = (BASE64_STANDARD.decode(key), BASE64_STANDARD.decode(signature))
    else {
        return false;
    };
    let text = format!("POST\n{length}\n{content_type}\nx-ms-date:{date}\n/api/logs");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    hmac::verify(&key, text.as_bytes(), &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pair that Vector's tests use publicly.
    const KEY: &str =
        "SERsIYhgMVlJB6uPsq49gCxNiruf6v0vhMYE+lfzbSGcXjdViZdV/e5pEMTYtw9f8SkVLf4LFlLCc2KxtRZfCA==";
    const DATE: &str = "Mon, 04 Apr 2016 08:00:00 GMT";

    #[test]
    fn known_signatures_are_accepted_and_others_are_not() {
        let check = |length, signature, expected| {
            let signed = is_signed(KEY, signature, length, "application/json", DATE);
            assert_eq!(signed, expected, "{length}");
        };
        check(1_024, "9WOOz5W3lYV8+wcm1hn0Z+Qbwms0CpeReXxZI4uyNik=", true);
        check(42, "H1QaAkpzJVs59t18mZCJ8bwGv+Zp0woCxp4XQEiVlEI=", true);
        check(41, "H1QaAkpzJVs59t18mZCJ8bwGv+Zp0woCxp4XQEiVlEI=", false);
        check(42, "not base64", false);
    }

    #[test]
    fn a_key_is_base64() {
        assert!(is_key(KEY));
        assert!(!is_key("") && !is_key("%%%"));
    }
}
