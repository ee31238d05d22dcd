//! Auth0 imitated: token endpoint, Management API for logs in both modes, log streams. See [`auth0`].
//!
//! Deliberately absent: every other part of the Management API, and signatures by a published key: access tokens are
//! signed with a key of the simulator's own and are opaque to a client.

mod account;
mod administration;
mod answers;
mod details;
mod event;
mod log_id;
mod logs;
mod query;
mod routes;
mod search;
mod stream;
mod tenant;
mod token;

use std::sync::Arc;

use bytes::Bytes;
use model::{Clock, Secret, SignedDuration};

use crate::attacks::Attack;
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::limiter::Refill;
use crate::server::{Front, Listen, Running, Tasks, listen};
pub use account::Auth0Account;
pub use stream::{StreamFormat, StreamOptions};
pub use tenant::Auth0;

/// How often the live traffic looks at the clock.
const LIVE_TICK_MILLISECONDS: u64 = 100;
/// How many days of history there may be.
const HISTORY_DAYS_MAX: u32 = 3_650;
/// How many events history may have.
const HISTORY_EVENTS_MAX: usize = 20_000_000;

/// What to imitate.
#[derive(Debug, Clone)]
pub struct Auth0Options {
    /// Where to listen.
    pub listen: Listen,
    /// What everything is thrown from.
    pub seed: u64,
    /// The tenant's canonical domain: `acme.eu.auth0.com`.
    pub domain: String,
    /// Rate limits and retention.
    pub plan: Plan,
    /// How the buckets of the plan fill up.
    pub refill: Refill,
    /// Whether 429 carries `Retry-After` (it does not always).
    pub retry_after: bool,
    /// How many people there are.
    pub people: usize,
    /// How many ordinary events history has; `None`: as many as so many people cause in so many days.
    pub events: Option<usize>,
    /// Events to list instead of made ones, as JSON texts ([`crate::read_events`]); none: makes its own. Only listing by
    /// checkpoint serves them.
    pub given: Vec<Bytes>,
    /// How far history goes back.
    pub history_days: u32,
    /// Attacks in history: which, and how long before the start they begin. Their events come on top.
    pub attacks: Vec<(Attack, SignedDuration)>,
    /// How many events happen each second from now on.
    pub live_events_per_second: f64,
    /// The share of events that arrive minutes late.
    pub late_share: f64,
    /// Average size of an event in bytes, if it is to be steered: what may be missing from an event is left out, or
    /// lists grow. Below about 1,100 it cannot be kept to.
    pub event_bytes: Option<usize>,
    /// How empty fields are written.
    pub shape: PageShape,
    /// How user agents are written.
    pub user_agents: UserAgentForm,
    /// What becomes of a cursor older than the tenant's retention.
    pub expired_cursor: ExpiredCursor,
    /// Whether `from` may be an id that never existed.
    pub accepts_synthetic_cursor: bool,
    /// Whether the tenant writes events about its own API (tokens issued, limits reached), as the real one does.
    pub records_itself: bool,
    /// The client that may read logs.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// PEM of the public key by which its `private_key_jwt` assertions are checked; `None` refuses them.
    pub client_public_key_pem: Option<String>,
    /// Scopes that the client was granted, separated by spaces. Without `read:logs`, reading is refused by 403.
    pub granted_scopes: String,
    /// How long an access token lives.
    pub token_seconds: u32,
    /// A log stream to a webhook.
    pub stream: Option<StreamOptions>,
    /// Troubles.
    pub faults: Faults,
}

impl Default for Auth0Options {
    fn default() -> Self {
        Self {
            listen: Listen::default(),
            seed: 1,
            domain: "acme.eu.auth0.com".to_owned(),
            plan: Plan::Unlimited,
            refill: Refill::Steady,
            retry_after: true,
            people: 250,
            events: Some(1_000),
            given: Vec::new(),
            history_days: 30,
            attacks: Vec::new(),
            live_events_per_second: 0.0,
            late_share: 0.005,
            event_bytes: None,
            shape: PageShape::Absent,
            user_agents: UserAgentForm::Parsed,
            expired_cursor: ExpiredCursor::Range,
            accepts_synthetic_cursor: true,
            records_itself: false,
            client_id: "simulated-client".to_owned(),
            client_secret: Secret::new("simulated-secret"),
            client_public_key_pem: None,
            granted_scopes: "read:logs read:logs_users".to_owned(),
            token_seconds: 86_400,
            stream: None,
            faults: Faults::default(),
        }
    }
}

/// A subscription, which decides how fast logs may be read and how long they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// No limits, no headers about them, and everything is kept: for tests and benchmarks.
    Unlimited,
    /// 2 requests at once, 2 a second, for the whole API; one day.
    Free,
    /// 10 at once, 100 a minute for reading logs; five days.
    Essentials,
    /// As Essentials, ten days.
    Professional,
    /// 50 at once, 16 a second for the whole API; thirty days.
    Enterprise,
    /// 10 at once, 2 a second for the whole API; thirty days.
    EnterpriseNonProduction,
    /// 50 at once, 50 a second for the whole API; thirty days.
    PrivateCloud,
}

impl Plan {
    /// Every plan, by the name that the command line has for it.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("unlimited", Self::Unlimited),
        ("free", Self::Free),
        ("essentials", Self::Essentials),
        ("professional", Self::Professional),
        ("enterprise", Self::Enterprise),
        ("enterprise-non-production", Self::EnterpriseNonProduction),
        ("private-cloud", Self::PrivateCloud),
    ];
}

/// How a tenant's pages write what is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageShape {
    /// The key is not there (tenants of the US and Australia, 2021 to 2025).
    Absent,
    /// The key is there and null (tenants of Europe, 2023).
    Nulls,
}

/// How user agents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAgentForm {
    /// `Chrome 141.0.0 / Windows 10.0.0`
    Parsed,
    /// As the browser sent it.
    Raw,
}

/// What becomes of a cursor older than the tenant's retention. Neither is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiredCursor {
    /// Reading goes on with the oldest event that is left.
    Range,
    /// 400.
    Error,
}

/// Starts an Auth0 tenant on 127.0.0.1. History is made before this returns.
///
/// # Errors
/// If the port is taken, no certificate can be made, or an option makes no sense.
pub async fn auth0(options: Auth0Options, clock: Arc<dyn Clock>) -> Result<Running<Auth0>> {
    check(&options)?;
    let where_to = options.listen.clone();
    let stream = options.stream.clone();
    let live = options.live_events_per_second;
    let service = Arc::new(Auth0::new(options, clock));
    let tasks = Tasks::default();
    if live > 0.0 {
        let tenant = Arc::clone(&service);
        tasks.spawn(async move {
            let mut ticks =
                tokio::time::interval(std::time::Duration::from_millis(LIVE_TICK_MILLISECONDS));
            loop {
                ticks.tick().await;
                tenant.let_time_pass();
            }
        });
    }
    if let Some(stream) = stream {
        tasks.spawn(stream::run(stream, Arc::clone(&service))?);
    }
    let front = Front {
        router: routes::router(Arc::clone(&service)),
        troubles: Arc::clone(&service.troubles),
        too_many_requests: answers::too_many_requests,
        server_error: answers::server_error,
    };
    listen(where_to, front, service, tasks).await
}

fn check(options: &Auth0Options) -> Result<()> {
    let wrong = |option, reason: &str| Err(Error::Option { option, reason: reason.to_owned() });
    if options.domain.is_empty() || options.domain.contains('/') {
        return wrong("domain", "expected a bare host name");
    }
    if options.history_days == 0 || options.history_days > HISTORY_DAYS_MAX {
        return wrong("history_days", "must be between 1 and 3650");
    }
    if options.events.is_some_and(|events| events > HISTORY_EVENTS_MAX) {
        return wrong("events", "must be at most 20,000,000");
    }
    if !(0.0..=100_000.0).contains(&options.live_events_per_second) {
        return wrong("live_events_per_second", "must be between 0 and 100000");
    }
    Ok(())
}
