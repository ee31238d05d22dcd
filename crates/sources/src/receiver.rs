//! The receiver that every provider uses so far: a secret in a header, and a body in any wire form.
//! Deliberately absent: the HTTP server, the cap on bodies and their decompression (`api`, `net`).

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use model::{Fields, FormField, Secret};
use subtle::{Choice, ConstantTimeEq};

use crate::wire::{self, Dialect};
use crate::{Decoded, Receiver};

/// Two, so that a new secret can be given to the provider before the old one ends.
pub(crate) const TOKENS_MAX: usize = 2;

/// Admits by a secret in one header, and reads by a provider's dialect.
#[derive(Debug)]
pub(crate) struct TokenReceiver {
    header: HeaderName,
    tokens: Vec<Secret>,
    dialect: Dialect,
}

impl TokenReceiver {
    /// Reads `tokens` and tells what is wrong with them.
    pub(crate) fn read(fields: &mut Fields<'_>, header: HeaderName, dialect: Dialect) -> Self {
        let tokens = fields.secrets("tokens");
        let hint = "the secret that the provider was told to send; two while it is being changed";
        let is_empty = fields.value("tokens").is_none_or(|value| {
            value.as_array().is_some_and(Vec::is_empty) || value.as_str() == Some("")
        });
        if is_empty {
            fields.problem("tokens", "is missing", hint);
        } else if tokens.len() > TOKENS_MAX {
            fields.problem("tokens", &format!("has more than {TOKENS_MAX} secrets"), hint);
        } else if tokens.iter().any(|token| bare(token.expose().as_bytes()).is_empty()) {
            fields.problem("tokens", "has an empty secret", hint);
        }
        Self { header, tokens, dialect }
    }
}

impl Receiver for TokenReceiver {
    fn admits(&self, headers: &HeaderMap) -> bool {
        let mut admitted = Choice::from(0);
        // Every pair is compared to its end, so that the time taken tells nothing about which one came near.
        for value in headers.get_all(&self.header) {
            for token in &self.tokens {
                admitted |= bare(value.as_bytes()).ct_eq(bare(token.expose().as_bytes()));
            }
        }
        admitted.into()
    }

    fn read(&self, body: &Bytes) -> Decoded {
        wire::read(body, self.dialect)
    }
}

/// The field `tokens`; `place` says where the provider is told the secret.
pub(crate) fn tokens_field(place: &str) -> FormField {
    let about = format!("A long random text that the provider sends with every request: {place}");
    FormField::secrets("tokens", "Shared secret", &about, TOKENS_MAX).generated()
}

/// A credential without the word `Bearer`, which some people write on one side only.
fn bare(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii_start();
    match value.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => token.trim_ascii(),
        _ => value.trim_ascii_end(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::Role;

    fn receiver(written: &Value, header: HeaderName) -> (TokenReceiver, Vec<String>) {
        let mut fields = Fields::of(written);
        let receiver = TokenReceiver::read(&mut fields, header, |_| Role::Plain);
        let problems = fields.finish();
        (receiver, problems.iter().map(|problem| problem.to_string()).collect())
    }

    #[test]
    fn either_secret_opens_with_and_without_bearer() {
        let written = json!({"tokens": ["old-secret", "Bearer new-secret"]});
        let (receiver, problems) = receiver(&written, http::header::AUTHORIZATION);
        assert_eq!(problems, [""; 0]);
        for (value, expected) in [
            ("old-secret", true),
            ("Bearer old-secret", true),
            ("bearer  new-secret ", true),
            ("new-secret", true),
            ("new-secre", false),
            ("new-secrets", false),
            ("Basic new-secret", false),
            ("Bearer", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", HeaderValue::from_str(value).unwrap());
            assert_eq!(receiver.admits(&headers), expected, "{value}");
        }
        assert!(!receiver.admits(&HeaderMap::new()));
    }

    #[test]
    fn only_the_configured_header_counts() {
        let name = HeaderName::from_static("x-onelogin-token");
        let (receiver, _) = receiver(&json!({"tokens": "s"}), name);
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("s"));
        assert!(!receiver.admits(&headers));
        headers.append("X-OneLogin-Token", HeaderValue::from_static("wrong"));
        headers.append("X-OneLogin-Token", HeaderValue::from_static("s"));
        assert!(receiver.admits(&headers));
        assert!(!format!("{receiver:?}").contains("\"s\""));
    }

    #[test]
    fn no_too_many_and_empty_secrets_are_refused() {
        for (written, expected) in [
            (json!({}), "tokens: is missing"),
            (json!({"tokens": []}), "tokens: is missing"),
            (json!({"tokens": ["a", "b", "c"]}), "tokens: has more than 2 secrets"),
            (json!({"tokens": ["a", "Bearer "]}), "tokens: has an empty secret"),
            (json!({"tokens": 5}), "tokens: expected a secret or a list of secrets"),
        ] {
            let (_, problems) = receiver(&written, http::header::AUTHORIZATION);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with(expected), "{problems:?}");
        }
    }
}
