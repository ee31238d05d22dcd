//! The receiving layer under load: real sockets, real decoding, and a journal that forgets at once (what this reaches is
//! the ceiling), or the real one in a folder.
//!
//! `cargo run --release -p api --example ingest_bench -- [PORT] [FOLDER]`, then aim any load generator at
//! `/ingest/auth0/bench/stream` or `/ingest/onelogin/bench/webhook` with `Authorization: bench`.
//! Deliberately absent: the load, TLS, and readers: the real journal grows until its budget is used up.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::{
    Api, ApiOptions, ApiTokens, BackfillOutlook, BackfillProgress, BackfillRequest, DeadLetter,
    DeadLetterBox, DeadLetterBoxError, DeadLetterFilter, DeadLetterPage, DiscardOutcome,
    DiscardRequest, Forgotten, Intake, IntakeError, LedgerDesk, Limits, Listener, OperationError,
    Operations, ReceiverEntry, ReplayOutcome, ReplayProgress, ReplayRequest, ReplayWish, Replays,
    StatementRequest, Status, StatusReport, Taken, serve,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use journal::{Journal, Options, StoredIds, StoredIdsError};
use model::{
    Batch, QueryEngine, QueryError, QueryErrorKind, QueryLimits, QueryOutput, QueryRequest,
    SourceId, SystemClock,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The secret that the receivers ask for; it protects nothing.
const BENCH_TOKEN: &str = "bench";
const PORT_DEFAULT: u16 = 7799;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = match std::env::args().nth(1) {
        Some(port) => port.parse()?,
        None => PORT_DEFAULT,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(port, std::env::args().nth(2)))
}

async fn run(port: u16, folder: Option<String>) -> Result<(), Box<dyn std::error::Error>> {
    let recorder = api::recorder()?;
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    let forgetful = Arc::new(Forgetful::default());
    let mut receivers = Vec::new();
    for provider in sources::ALL {
        let written = json!({"tokens": [BENCH_TOKEN]});
        let Ok(receiver) = provider.receive(&written) else { continue };
        let source = SourceId {
            provider: provider.name().to_owned(),
            tenant: "bench".to_owned(),
            source: provider.receive_name().to_owned(),
        };
        receivers.push(ReceiverEntry { source, receiver: receiver.into() });
    }
    let intake: Arc<dyn Intake> = match folder {
        None => Arc::<Forgetful>::clone(&forgetful),
        Some(folder) => {
            let (clock, stored) = (Arc::new(SystemClock), Arc::new(EmptyLake));
            Arc::new(Journal::open(Path::new(&folder), Options::default(), clock, stored)?)
        }
    };
    let api = Api::new(ApiOptions {
        receivers,
        intake,
        engine: Arc::<Forgetful>::clone(&forgetful),
        status: Arc::<Forgetful>::clone(&forgetful),
        dead_letters: Arc::<Forgetful>::clone(&forgetful),
        operations: Arc::<Forgetful>::clone(&forgetful),
        replays: Arc::<Forgetful>::clone(&forgetful),
        ledger: forgetful,
        metrics: Some(handle),
        tokens: ApiTokens::default(),
        hosts: Vec::new(),
        query_limits: QueryLimits::default(),
        limits: Limits::default(),
        clock: Arc::new(SystemClock),
    });
    let socket = TcpListener::bind(("127.0.0.1", port)).await?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    serve(vec![Listener { socket, tls: None, behind_proxy: false }], Arc::new(api), shutdown)
        .await?;
    Ok(())
}

/// Holds nothing.
struct EmptyLake;

impl StoredIds for EmptyLake {
    fn ids_of_day(&self, _: i32) -> Result<Vec<u128>, StoredIdsError> {
        Ok(Vec::new())
    }
}

/// Takes everything and keeps a count.
#[derive(Default)]
struct Forgetful {
    events: AtomicU64,
}

impl Intake for Forgetful {
    fn append(&self, batch: Batch) -> BoxFuture<'_, Result<Taken, IntakeError>> {
        let stored = batch.events.len() as u64;
        self.events.fetch_add(stored, Ordering::Relaxed);
        let rejected = batch.rejected.len() as u64;
        async move { Ok(Taken { stored, duplicates: 0, rejected }) }.boxed()
    }
}

impl QueryEngine for Forgetful {
    fn query(&self, _: QueryRequest) -> BoxFuture<'_, Result<QueryOutput, QueryError>> {
        let error = QueryError {
            kind: QueryErrorKind::Internal,
            code: String::new(),
            message: "nothing is kept here".to_owned(),
            span: None,
            hint: String::new(),
        };
        async move { Err(error) }.boxed()
    }
}

impl StatusReport for Forgetful {
    fn status(&self) -> BoxFuture<'_, Status> {
        let now = model::Clock::now(&SystemClock);
        let status = Status {
            light: api::Light::Green,
            reasons: Vec::new(),
            version: String::new(),
            now,
            started: now,
            sources: Vec::new(),
            destinations: Vec::new(),
            journal: api::JournalStatus {
                head_offset: self.events.load(Ordering::Relaxed),
                ..api::JournalStatus::default()
            },
            lake: api::LakeStatus::default(),
            alarms: Vec::new(),
        };
        async move { status }.boxed()
    }

    fn readiness(&self) -> BoxFuture<'_, Vec<api::Check>> {
        async { Vec::new() }.boxed()
    }
}

impl LedgerDesk for Forgetful {
    fn statement(
        &self,
        _: StatementRequest,
    ) -> BoxFuture<'_, Result<bytes::Bytes, OperationError>> {
        Box::pin(async { Err(OperationError::Refused(Vec::new())) })
    }
}

impl Operations for Forgetful {
    fn import(
        &self,
        _provider: String,
        _tenant: String,
        _body: bytes::Bytes,
    ) -> BoxFuture<'_, Result<Taken, OperationError>> {
        futures::future::ready(Ok(Taken::default())).boxed()
    }

    fn start_backfills(&self, _wanted: &BackfillRequest) -> Result<(), OperationError> {
        Ok(())
    }

    fn survey_backfills(
        &self,
        _: BackfillRequest,
    ) -> BoxFuture<'_, Result<Vec<BackfillOutlook>, OperationError>> {
        futures::future::ready(Ok(Vec::new())).boxed()
    }

    fn forget_destination(&self, _: String) -> BoxFuture<'_, Result<Forgotten, OperationError>> {
        futures::future::ready(Ok(Forgotten { unsent_events: 0 })).boxed()
    }

    fn backfills(&self) -> Vec<BackfillProgress> {
        Vec::new()
    }
}

impl DeadLetterBox for Forgetful {
    fn list(
        &self,
        _: DeadLetterFilter,
    ) -> BoxFuture<'_, Result<DeadLetterPage, DeadLetterBoxError>> {
        async { Ok(DeadLetterPage { letters: Vec::new(), total: 0 }) }.boxed()
    }

    fn show(&self, _: u64) -> BoxFuture<'_, Result<Option<DeadLetter>, DeadLetterBoxError>> {
        async { Ok(None) }.boxed()
    }

    fn replay(&self, _: ReplayRequest) -> BoxFuture<'_, Result<ReplayOutcome, DeadLetterBoxError>> {
        async { Ok(ReplayOutcome::default()) }.boxed()
    }

    fn discard(
        &self,
        _: DiscardRequest,
    ) -> BoxFuture<'_, Result<DiscardOutcome, DeadLetterBoxError>> {
        async { Ok(DiscardOutcome::default()) }.boxed()
    }
}

impl Replays for Forgetful {
    fn start(&self, _: ReplayWish) -> BoxFuture<'_, Result<ReplayProgress, OperationError>> {
        async { Err(OperationError::Refused(Vec::new())) }.boxed()
    }

    fn list(&self) -> Vec<ReplayProgress> {
        Vec::new()
    }

    fn cancel(&self, _: &str) -> Result<ReplayProgress, OperationError> {
        Err(OperationError::Refused(Vec::new()))
    }
}
