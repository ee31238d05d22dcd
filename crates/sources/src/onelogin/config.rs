//! What a user writes of a OneLogin poll. A subdomain and an API credential are all that is needed.
//! Deliberately absent: asking OneLogin whether it is true.

use model::{Fields, Problem, Secret, SignedDuration};
use serde_json::Value;
use url::Url;

use crate::address::Base;
use crate::schedule::{self, Start};

/// The largest page that the API is known to give.
pub(super) const LIMIT_MAX: u64 = 1000;

/// The window of 5,000 calls is an hour long, so a smaller share would stop collection for long when others are busy.
pub(super) const RATE_SHARE_DEFAULT: f64 = 0.8;

pub(super) const OVERLAP_MINUTES_DEFAULT: i64 = 10;
const OVERLAP_HOURS_MAX: i64 = 48;

/// Where the older hosts are.
pub(super) const REGIONS: [(&str, &str); 2] = [("us", "us"), ("eu", "eu")];

/// How the credential may be sent, the usual way first.
pub(super) const STYLES: [(&str, AuthStyle); 3] =
    [("header", AuthStyle::Header), ("basic", AuthStyle::Basic), ("form", AuthStyle::Form)];

/// A validated OneLogin poll.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where OneLogin answers.
    pub(crate) base: Base,
    /// Where tokens are asked for.
    pub(crate) token_url: Url,
    /// Where events are asked for.
    pub(crate) events_url: Url,
    /// The API credential's id.
    pub(crate) client_id: String,
    /// The API credential's secret.
    pub(crate) client_secret: Secret,
    /// How the credential is sent.
    pub(crate) style: AuthStyle,
    /// Where a poll without a cursor begins.
    pub(crate) start: Start,
    /// Our part of the account's rate limit.
    pub(crate) rate_share: f64,
    /// The longest pause when everything is read.
    pub(crate) interval: SignedDuration,
    /// How far back each look reads again, for events that arrive late.
    pub(crate) overlap: SignedDuration,
    /// Events per page.
    pub(crate) limit: u64,
}

/// How the credential is sent; OneLogin documents all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthStyle {
    /// `Authorization: client_id:…, client_secret:…`.
    Header,
    /// HTTP Basic.
    Basic,
    /// Form fields.
    Form,
}

impl Settings {
    /// Reads the fields of a poll; every problem at once.
    pub(crate) fn read(written: &Value) -> Result<Self, Vec<Problem>> {
        let mut fields = Fields::of(written);
        let base = base(&mut fields);
        let hint = "Developers → API Credentials → the credential with Read All";
        let client_id = fields.required_text("client_id", hint).map(str::to_owned);
        let client_secret = fields.required_secret("client_secret", hint);
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if client_id.as_deref().is_some_and(|id| !plain(id)) {
            fields.problem("client_id", "holds what no client id holds", hint);
        }
        if client_secret.as_ref().is_some_and(|secret| !plain(secret.expose())) {
            fields.problem("client_secret", "holds what no client secret holds", hint);
        }
        let style = fields.choice("auth_style", &STYLES).unwrap_or(AuthStyle::Header);
        let start = schedule::start(&mut fields);
        let rate_share = fields.share("rate_share").unwrap_or(RATE_SHARE_DEFAULT);
        let interval = schedule::interval(&mut fields);
        let longest = SignedDuration::from_hours(OVERLAP_HOURS_MAX);
        let overlap = schedule::duration(&mut fields, "overlap", SignedDuration::ZERO, longest)
            .unwrap_or(SignedDuration::from_mins(OVERLAP_MINUTES_DEFAULT));
        let limit = fields.number("limit", 1, LIMIT_MAX).unwrap_or(LIMIT_MAX);
        let problems = fields.finish();
        match (base, client_id, client_secret) {
            (Some(base), Some(client_id), Some(client_secret)) if problems.is_empty() => Ok(Self {
                token_url: base.join("/auth/oauth2/v2/token"),
                events_url: base.join("/api/1/events"),
                base,
                client_id,
                client_secret,
                style,
                start,
                rate_share,
                interval,
                overlap,
                limit,
            }),
            _ => Err(problems),
        }
    }
}

/// The API's address: `subdomain` (the usual way), `region` (the older hosts) or `base_url`.
fn base(fields: &mut Fields<'_>) -> Option<Base> {
    let subdomain = fields.text("subdomain");
    let region = fields.choice("region", &REGIONS);
    let base_url = fields.text("base_url");
    let hint = "write acme for acme.onelogin.com";
    let (name, written) = match (base_url, subdomain, region) {
        (Some(base_url), _, _) => ("base_url", base_url.to_owned()),
        (None, Some(subdomain), _) => {
            let host = subdomain.trim_start_matches("https://").trim_end_matches('/');
            let name = host.trim_end_matches(".onelogin.com");
            let is_label = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !is_label {
                fields.problem("subdomain", "is not the first part of a host name", hint);
                return None;
            }
            ("subdomain", format!("https://{name}.onelogin.com"))
        }
        (None, None, Some(region)) => ("region", format!("https://api.{region}.onelogin.com")),
        (None, None, None) => {
            if ["subdomain", "region", "base_url"].iter().all(|name| fields.is_absent(name)) {
                fields.problem("subdomain", "is missing", hint);
            }
            return None;
        }
    };
    Base::read(&written).map_err(|wrong| fields.problem(name, wrong, hint)).ok()
}
