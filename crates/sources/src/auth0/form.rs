//! The forms of Auth0's sources, for people who have the dashboard open beside them.
//! Deliberately absent: reading what they wrote (`config`).

use model::{Choice, Form, FormField};

use super::config::{ALGORITHMS, RATE_SHARE_DEFAULT, RETENTION_DAYS_MAX, TAKE_MAX};
use crate::{receiver, schedule};

/// The form of a poll.
pub(super) fn poll() -> Form {
    let names = ALGORITHMS.map(|(name, _)| name);
    Form::of([
        FormField::host("domain", "Domain", "The tenant's domain, as the dashboard shows it on the application's page (Settings → Domain).")
            .example("acme.eu.auth0.com"),
        FormField::text("client_id", "Client id", "Applications → Applications → a machine-to-machine application that is authorized for the Auth0 Management API → Settings → Client ID.")
            .example("8hXwExampleClientId"),
        FormField::secret("client_secret", "Client secret", "On the same page: Settings → Client Secret. The application needs the one permission read:logs."),
        FormField::secret_key(
            "private_key", "Private key", "The RSA private key of the pair whose public key was given under Credentials → Private Key JWT; the whole PEM text, from -----BEGIN to -----END."),
        FormField::choice("algorithm", "Signing algorithm", "How the key signs, as chosen under Credentials.", &names)
            .default(names[0])
            .advanced(),
        FormField::text("key_id", "Key id", "The key's id under Credentials (kid), if Auth0 shall look for it.").example("k1").advanced(),
        FormField::secret("access_token", "Access token", "A token for the Management API that was made elsewhere. Nobody renews it: collection ends with it."),
        schedule::start_field("`now`, `retention` (as far back as the tenant's plan keeps logs), or a date."),
        FormField::number("retention_days", "Days kept by Auth0", "How long the tenant's plan keeps logs. Needed to notice that logs expired before they were read.", (1, RETENTION_DAYS_MAX))
            .example(30),
        schedule::rate_share_field("The part of the tenant's rate limit that may be used; the rest stays for other programs.", RATE_SHARE_DEFAULT),
        schedule::interval_field(),
        FormField::text("audience", "Audience", "What the token is for. Needed if the domain is a custom domain; otherwise it follows from the domain.")
            .example("https://acme.eu.auth0.com/api/v2/")
            .advanced(),
        FormField::address("base_url", "Other address", "Where to ask, if that is not the domain: a proxy, or a stand-in. Plain http only to this machine.")
            .example("https://proxy.example.com/auth0")
            .advanced(),
        FormField::number("take", "Logs per page", "Auth0 gives no more than 100.", (1, TAKE_MAX)).default(TAKE_MAX).advanced(),
    ])
    .any_of("Address", &[Choice::of("Domain", &["domain"], &[]), Choice::of("Other address", &["base_url"], &[])])
    .one_of(
        "Credential",
        &[
            Choice::of("Client secret", &["client_id", "client_secret"], &[]),
            Choice::of("Private key", &["client_id", "private_key"], &["algorithm", "key_id"]),
            Choice::of("Access token", &["access_token"], &[]),
        ],
    )
}

/// The form of a log stream's receiver.
pub(super) fn stream() -> Form {
    Form::of([
        receiver::tokens_field(
            "Monitoring → Streams → the custom webhook → Settings → Authorization Token.",
        ),
        FormField::text(
            "domain",
            "Domain",
            "The tenant's domain, for the column Auth0Domain. Not needed beside a poll.",
        )
        .example("acme.eu.auth0.com"),
    ])
}
