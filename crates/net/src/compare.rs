//! Comparison of a presented secret with the expected ones without telling by its duration how much was right.
//! Deliberately absent: where the presented secret stands in a request; its receiver knows that.

use aws_lc_rs::digest::{SHA256, digest};
use model::Secret;
use subtle::{Choice, ConstantTimeEq};

/// Whether `presented` is one of `expected`. Digests are compared instead of the texts, so that not even the length
/// shows in the duration, and all of `expected` are compared, so that the position does not. An empty expected secret
/// never matches: it stands for one that was not set.
#[must_use]
pub fn is_one_of(presented: &[u8], expected: &[Secret]) -> bool {
    let presented = digest(&SHA256, presented);
    let mut found = Choice::from(0);
    for secret in expected.iter().filter(|secret| !secret.is_empty()) {
        found |= presented.as_ref().ct_eq(digest(&SHA256, secret.expose().as_bytes()).as_ref());
    }
    found.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_of_two_valid_tokens_is_accepted_and_nothing_else() {
        let expected = [Secret::new("old-token"), Secret::new("new-token"), Secret::new("")];
        for (presented, accepted) in [
            ("old-token", true),
            ("new-token", true),
            ("new-toke", false),
            ("new-token ", false),
            ("NEW-TOKEN", false),
            ("", false),
        ] {
            assert_eq!(is_one_of(presented.as_bytes(), &expected), accepted, "{presented}");
        }
        assert!(!is_one_of(b"", &[]));
    }
}
