//! OneLogin imitated: token endpoints, events API, and the webhooks. The same event goes out on both ways, without an
//! id that the two have in common. See [`onelogin`].
//!
//! Deliberately absent: the rest of OneLogin's API, and the creation of events by a client.

mod account;
mod answers;
mod event;
mod events;
mod facts;
mod routes;
mod token;
mod webhook;

use std::sync::Arc;

use bytes::Bytes;
use model::{Clock, Secret, SignedDuration};

use crate::attacks::Attack;
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::server::{Front, Listen, Running, Tasks, listen};
pub use account::{OneLogin, OneLoginAccount};
pub use webhook::{WebhookFormat, WebhookOptions, WebhookShape};

/// How often the live traffic looks at the clock.
const LIVE_TICK_MILLISECONDS: u64 = 100;

/// What to imitate.
#[derive(Debug, Clone)]
pub struct OneLoginOptions {
    /// Where to listen.
    pub listen: Listen,
    /// What everything is thrown from.
    pub seed: u64,
    /// Name of the company, as its subdomain says it.
    pub subdomain: String,
    /// Number of the account.
    pub account_id: u64,
    /// How many people there are.
    pub people: usize,
    /// How many ordinary events history has.
    pub events: usize,
    /// Events to list instead of made ones, as JSON texts ([`crate::read_events`]); none: makes its own. Lists of events
    /// serve them, whatever the filter.
    pub given: Vec<Bytes>,
    /// How far history goes back.
    pub history_days: u32,
    /// Attacks in history: which, and how long before the start they begin. Their events come on top.
    pub attacks: Vec<(Attack, SignedDuration)>,
    /// How many events happen each second from now on.
    pub live_events_per_second: f64,
    /// The share of events that the API shows only minutes after their `created_at`.
    pub late_share: f64,
    /// How late those are at most.
    pub late_minutes_max: u32,
    /// The API credential's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// How long an access token lives. The same one is given out until then.
    pub token_seconds: u32,
    /// The longest page that may be asked for; a longer one is refused by 400. 1,000 or, as documented, 50.
    pub page_events_max: usize,
    /// Calls that the account may make each hour; `None`: any number.
    pub calls_per_hour: Option<u32>,
    /// How it is said that they are used up. Both have been seen.
    pub over_limit: OverLimit,
    /// Whether the person who made the credential was deleted, upon which every call fails by 500.
    pub owner_deleted: bool,
    /// A webhook.
    pub webhook: Option<WebhookOptions>,
    /// Troubles.
    pub faults: Faults,
}

impl Default for OneLoginOptions {
    fn default() -> Self {
        Self {
            listen: Listen::default(),
            seed: 1,
            subdomain: "acme".to_owned(),
            account_id: 71_002,
            people: 250,
            events: 1_000,
            given: Vec::new(),
            history_days: 30,
            attacks: Vec::new(),
            live_events_per_second: 0.0,
            late_share: 0.005,
            late_minutes_max: 9,
            client_id: "1de2ba6fd37f3c3cca6d3f9ab1f5a0fe3c4e0b62c1c3a6b2c0f7b8a6d3f4e5a1"
                .to_owned(),
            client_secret: Secret::new(
                "7f0c3d1e9a8b7c6d5e4f30211203f4e5d6c7b8a90f1e2d3c4b5a69788796a5b4",
            ),
            token_seconds: 36_000,
            page_events_max: 1_000,
            calls_per_hour: None,
            over_limit: OverLimit::BadRequest,
            owner_deleted: false,
            webhook: None,
            faults: Faults::default(),
        }
    }
}

/// How a call over the limit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLimit {
    /// 400 with the message `rate_limit_exceeded`.
    BadRequest,
    /// 429.
    TooManyRequests,
}

/// Starts a OneLogin account on 127.0.0.1. History is made before this returns.
///
/// # Errors
/// If the port is taken, no certificate can be made, or an option makes no sense.
pub async fn onelogin(
    options: OneLoginOptions,
    clock: Arc<dyn Clock>,
) -> Result<Running<OneLogin>> {
    if options.history_days == 0 || options.page_events_max == 0 {
        let reason = "must not be 0".to_owned();
        return Err(Error::Option { option: "history_days or page_events_max", reason });
    }
    let where_to = options.listen.clone();
    let webhook = options.webhook.clone();
    let live = options.live_events_per_second;
    let service = Arc::new(OneLogin::new(options, clock));
    let tasks = Tasks::default();
    if live > 0.0 {
        let account = Arc::clone(&service);
        tasks.spawn(async move {
            let mut ticks =
                tokio::time::interval(std::time::Duration::from_millis(LIVE_TICK_MILLISECONDS));
            loop {
                ticks.tick().await;
                account.let_time_pass();
            }
        });
    }
    if let Some(webhook) = webhook {
        tasks.spawn(webhook::run(webhook, Arc::clone(&service))?);
    }
    let front = Front {
        router: routes::router(Arc::clone(&service)),
        troubles: Arc::clone(&service.troubles),
        too_many_requests: answers::too_many_requests,
        server_error: answers::server_error,
    };
    listen(where_to, front, service, tasks).await
}
