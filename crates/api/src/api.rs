//! What the server is made of, and the first fork of a request: receivers here, everything else through the router.
//! Deliberately absent: sockets (`serve`) and the routes themselves (`routes`).

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use bytes::Bytes;
use http::Request;
use hyper::body::Body;
use kql::catalog::Lender;
use metrics_exporter_prometheus::PrometheusHandle;
use model::{Clock, QueryEngine, QueryLimits};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::access::Rules;
use crate::accounts::Accounts;
use crate::applications::Applications;
use crate::body::ReadAway;
use crate::dead_letters::DeadLetterBox;
use crate::ingest::{PREFIX, ReceiverTable, Receivers};
use crate::intake::Intake;
use crate::language::FrequentValues;
use crate::ledger::LedgerDesk;
use crate::limits::{Budget, Limits};
use crate::operations::Operations;
use crate::peer::Peer;
use crate::replays::Replays;
use crate::routes;
use crate::saved::Saved;
use crate::status::StatusReport;
use crate::tail;
use crate::throttle::Throttle;
use crate::tokens::ApiTokens;

/// What the binary hands in.
pub struct ApiOptions {
    /// The receivers, one for each pushed source; they may change at any time.
    pub receivers: ReceiverTable,
    /// Where received events go.
    pub intake: Arc<dyn Intake>,
    /// Who answers queries.
    pub engine: Arc<dyn QueryEngine>,
    /// What can be asked about, for whoever writes a query; the same that the engine has.
    pub catalog: Arc<dyn Lender>,
    /// Who knows how everything is.
    pub status: Arc<dyn StatusReport>,
    /// Who keeps what could not be read or delivered.
    pub dead_letters: Arc<dyn DeadLetterBox>,
    /// Who imports and backfills.
    pub operations: Arc<dyn Operations>,
    /// Who makes statements of what is complete.
    pub ledger: Arc<dyn LedgerDesk>,
    /// Sends destinations again what the lake holds.
    pub replays: Arc<dyn Replays>,
    /// Keeps and runs the connected applications.
    pub applications: Arc<dyn Applications>,
    /// Keeps people, sessions, tokens and the audit trail.
    pub accounts: Arc<dyn Accounts>,
    /// Keeps queries and dashboards.
    pub saved: Arc<dyn Saved>,
    /// Renders `/metrics`; install its recorder before building the `Api`, so that the receivers' counters reach it.
    pub metrics: Option<PrometheusHandle>,
    /// Tokens of the configuration, which may everything. Without any, programs on the same machine need none.
    pub tokens: ApiTokens,
    /// Names by which this server may be addressed on local listeners, besides the loopback ones.
    pub hosts: Vec<String>,
    /// The address under which providers reach this server, without a slash at its end; `None` if nobody said.
    pub public_url: Option<String>,
    /// What a query may use up at most.
    pub query_limits: QueryLimits,
    /// The server's own limits.
    pub limits: Limits,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Answers requests. Needs a Tokio runtime, no socket.
pub struct Api {
    receivers: Receivers,
    router: Router,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) limits: Limits,
    /// Ends what has no end of its own.
    pub(crate) stopping: CancellationToken,
}

/// What the handlers of the router share.
pub(crate) struct Shared {
    pub(crate) engine: Arc<dyn QueryEngine>,
    pub(crate) catalog: Arc<dyn Lender>,
    pub(crate) status: Arc<dyn StatusReport>,
    pub(crate) dead_letters: Arc<dyn DeadLetterBox>,
    pub(crate) operations: Arc<dyn Operations>,
    pub(crate) ledger: Arc<dyn LedgerDesk>,
    pub(crate) replays: Arc<dyn Replays>,
    pub(crate) applications: Arc<dyn Applications>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) saved: Arc<dyn Saved>,
    pub(crate) throttle: Throttle,
    /// Passwords that are hashed at once.
    pub(crate) sign_ins: Budget,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) rules: Rules,
    /// What push addresses begin with, if that is configured.
    pub(crate) public_url: Option<String>,
    pub(crate) query_limits: QueryLimits,
    pub(crate) queries: Budget,
    pub(crate) tails: tail::Places,
    /// What completion offers for strings.
    pub(crate) values: FrequentValues,
    /// Cancelled when the server stops: what has no end of its own ends then.
    pub(crate) stopping: CancellationToken,
    /// What bodies of requests may hold, the receivers' among them.
    pub(crate) memory: Budget,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Api {
    /// Puts the parts together.
    #[must_use]
    pub fn new(options: ApiOptions) -> Self {
        let ApiOptions { receivers, intake, engine, status, dead_letters, .. } = options;
        let memory = Budget::of(options.limits.body_memory_bytes_max);
        let stopping = CancellationToken::new();
        let shared = Shared {
            engine,
            catalog: options.catalog,
            status,
            dead_letters,
            operations: options.operations,
            ledger: options.ledger,
            replays: options.replays,
            applications: options.applications,
            accounts: options.accounts,
            saved: options.saved,
            throttle: Throttle::default(),
            sign_ins: Budget::of(options.limits.sign_ins_max),
            metrics: options.metrics.clone(),
            rules: Rules { tokens: options.tokens, hosts: options.hosts },
            public_url: options.public_url,
            query_limits: options.query_limits,
            queries: Budget::of(options.limits.queries_max),
            tails: tail::Places::default(),
            values: FrequentValues::default(),
            stopping: stopping.clone(),
            memory: memory.clone(),
            limits: options.limits.clone(),
            clock: Arc::clone(&options.clock),
        };
        Self {
            receivers: Receivers::new(receivers, intake, options.clock, memory, &options.limits),
            router: routes::router(Arc::new(shared)),
            metrics: options.metrics,
            limits: options.limits,
            stopping,
        }
    }

    /// Answers one request that came by `peer`.
    pub async fn respond<B>(&self, request: Request<B>, peer: Peer) -> Response
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<axum::BoxError> + Send,
    {
        let (head, body) = request.into_parts();
        let body = ReadAway::of(&head.headers, body);
        let mut request = Request::from_parts(head, body);
        if request.uri().path().starts_with(PREFIX) {
            return self.receivers.respond(request, peer).await;
        }
        request.extensions_mut().insert(peer);
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("limits", &self.limits).finish_non_exhaustive()
    }
}
