//! The forms of OneLogin's sources, for people who have the administration open beside them.
//! Deliberately absent: reading what they wrote (`config`).

use model::{Choice, Form, FormField};

use super::config::{LIMIT_MAX, OVERLAP_MINUTES_DEFAULT, RATE_SHARE_DEFAULT, REGIONS, STYLES};
use crate::{receiver, schedule};

/// The form of a poll.
pub(super) fn poll() -> Form {
    let styles = STYLES.map(|(name, _)| name);
    Form::of([
        FormField::text("subdomain", "Subdomain", "The first part of the account's address: acme of acme.onelogin.com.").example("acme"),
        FormField::text("client_id", "Client id", "Developers → API Credentials → a credential with the scope Read All → Client ID.")
            .example("5a1cexampleclientid")
            .required(),
        FormField::secret("client_secret", "Client secret", "Shown with the same credential: Developers → API Credentials → Client Secret.").required(),
        schedule::start_field("`now`, `retention` (everything that the API still has), or a date."),
        schedule::rate_share_field("The part of the account's 5,000 calls an hour that may be used up; the rest stays for other programs.", RATE_SHARE_DEFAULT),
        schedule::interval_field(),
        FormField::duration("overlap", "Overlap", "How far each look reads back, for events that OneLogin lists late; at most 48 hours.")
            .default(format!("{OVERLAP_MINUTES_DEFAULT}m"))
            .advanced(),
        FormField::choice("region", "Region of the older hosts", "Instead of a subdomain: the API host api.us.onelogin.com or api.eu.onelogin.com.", &REGIONS.map(|(name, _)| name)).advanced(),
        FormField::address("base_url", "Other address", "Where to ask instead: a proxy, or a stand-in. Plain http only to this machine.")
            .example("https://proxy.example.com/onelogin")
            .advanced(),
        FormField::choice("auth_style", "How the credential is sent", "header is OneLogin's own form, basic and form are the usual ones of OAuth.", &styles)
            .default(styles[0])
            .advanced(),
        FormField::number("limit", "Events per page", "If OneLogin refuses it, 50 are asked for.", (1, LIMIT_MAX)).default(LIMIT_MAX).advanced(),
    ])
    .any_of(
        "Address",
        &[
            Choice::of("Subdomain", &["subdomain"], &[]),
            Choice::of("Region of the older hosts", &["region"], &[]),
            Choice::of("Other address", &["base_url"], &[]),
        ],
    )
}

/// The form of a webhook's receiver.
pub(super) fn webhook() -> Form {
    Form::of([
        receiver::tokens_field(
            "Developers → Webhooks → the event webhook → Custom Headers → Authorization: Bearer and the secret.",
        ),
        FormField::text(
            "header",
            "Header",
            "The header that carries the secret, if it is not Authorization.",
        )
        .default("Authorization")
        .advanced(),
    ])
}
