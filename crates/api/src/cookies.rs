//! The session's cookie, and the token that our own page sends with every change. The token is derived from the secret in
//! the cookie, which no page can read; nothing of it needs to be stored.
//! Deliberately absent: what a session is (`Accounts`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use model::Secret;
use sha2::{Digest, Sha256};

use crate::peer::Peer;

/// Name of the cookie.
const NAME: &str = "doorledger_session";
/// How long a browser keeps it; the session itself may end earlier.
const MAX_AGE_SECONDS: u32 = 7 * 24 * 3_600;
/// Bytes of a secret at most; ours have 43.
const SECRET_BYTES_MAX: usize = 128;

/// The secret of the session, if the request carries one.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<Secret> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';'));
    let secret = pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == NAME).then_some(value)
    })?;
    (secret.len() <= SECRET_BYTES_MAX).then(|| Secret::new(secret))
}

/// The header that gives a browser its session.
pub(crate) fn cookie_of(secret: &Secret, peer: Peer) -> Option<HeaderValue> {
    written(secret.expose(), MAX_AGE_SECONDS, peer)
}

/// The header that takes it away.
pub(crate) fn no_cookie(peer: Peer) -> Option<HeaderValue> {
    written("", 0, peer)
}

fn written(value: &str, max_age: u32, peer: Peer) -> Option<HeaderValue> {
    let secure = if peer.is_secure() { "; Secure" } else { "" };
    let text =
        format!("{NAME}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}");
    let mut header = HeaderValue::try_from(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The token of a session against requests of other pages.
pub(crate) fn csrf_of(secret: &Secret) -> String {
    let mut digest = Sha256::new();
    digest.update(b"doorledger csrf\n");
    digest.update(secret.expose().as_bytes());
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Reach;

    #[test]
    fn the_cookie_is_found_among_others() {
        for (written, expected) in [
            ("doorledger_session=abc", Some("abc")),
            ("a=b; doorledger_session=abc; c=d", Some("abc")),
            ("a=b;doorledger_session=", Some("")),
            ("xdoorledger_session=abc", None),
            ("doorledger_session", None),
            ("", None),
            (&format!("doorledger_session={}", "a".repeat(129)), None),
        ] {
            let headers = HeaderMap::from_iter([(COOKIE, written.parse().unwrap())]);
            let found = session_cookie(&headers);
            assert_eq!(found.as_ref().map(Secret::expose), expected, "{written}");
        }
    }

    #[test]
    fn no_page_can_read_the_cookie_and_no_network_sees_it() {
        let local = Peer { reach: Reach::Local, tls: false, address: None };
        let secret = Secret::new("abc");
        let all = "doorledger_session=abc; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict";
        assert_eq!(cookie_of(&secret, local).unwrap(), all);
        for peer in [Peer { tls: true, ..local }, Peer { reach: Reach::Proxied, ..local }] {
            assert_eq!(cookie_of(&secret, peer).unwrap(), format!("{all}; Secure"));
        }
        assert!(
            no_cookie(local).unwrap().to_str().unwrap().contains("session=; Path=/; Max-Age=0")
        );
    }

    #[test]
    fn the_token_does_not_tell_the_secret() {
        assert_eq!(csrf_of(&Secret::new("abc")).len(), 43);
        assert_ne!(csrf_of(&Secret::new("abc")), csrf_of(&Secret::new("abd")));
    }
}
