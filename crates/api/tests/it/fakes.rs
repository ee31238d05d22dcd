//! What stands in for the rest of the program. Deliberately absent: assertions.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use api::{
    Api, ApiOptions, ApiTokens, BackfillOutlook, BackfillProgress, BackfillRequest, BackfillState,
    DeadLetter, DeadLetterBox, DeadLetterBoxError, DeadLetterFilter, DeadLetterPage,
    DiscardOutcome, DiscardRequest, Forgotten, Intake, IntakeError, LedgerDesk, Limits,
    OperationError, Operations, Peer, RawEncoding, Reach, ReceiverEntry, ReceiverTable,
    ReplayOutcome, ReplayRequest, StatementRequest, Taken, token_hash,
};
use axum::body::Body;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use model::{
    Batch, ColumnType, Event, FixedClock, QueryEngine, QueryError, QueryErrorKind, QueryLimits,
    QueryOutput, QueryRequest, QueryTable, Rejected, Render, ResultColumn, RowBatch, SourceId,
    TableFiles, Timestamp,
};
use sources::{Decoded, Receiver};
use tokio::sync::Semaphore;

use super::document;
use super::fake_accounts::FakeAccounts;
use super::fake_applications::FakeApplications;
use super::fake_catalog::OneTable;
use super::fake_files::Counts;
use super::fake_health::FakeHealth;
use super::fake_replays::FakeReplays;
use super::fake_saved::FakeSaved;

pub(crate) const LOCAL: Peer = Peer { reach: Reach::Local, tls: false, address: None };
pub(crate) const PUBLIC: Peer = Peer { reach: Reach::Public, tls: false, address: None };
pub(crate) const PUBLIC_TLS: Peer = Peer { reach: Reach::Public, tls: true, address: None };

/// The secret of the receiver, and the API token where one is configured.
pub(crate) const SECRET: &str = "s3cret-of-the-receiver";
pub(crate) const TOKEN: &str = "dl_token-of-the-api";
pub(crate) const PATH: &str = "/ingest/auth0/acme/stream";

/// The page of the manual that the server keeps to.
const MANUAL: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md"));

/// A server and the strings by which the tests pull it.
pub(crate) struct Stage {
    pub(crate) api: Arc<Api>,
    pub(crate) intake: Arc<FakeIntake>,
    pub(crate) engine: Arc<FakeEngine>,
    pub(crate) letters: Arc<FakeLetters>,
    pub(crate) health: Arc<FakeHealth>,
    pub(crate) operations: Arc<FakeOperations>,
    pub(crate) applications: Arc<FakeApplications>,
    pub(crate) accounts: Arc<FakeAccounts>,
    pub(crate) clock: Arc<FixedClock>,
}

/// What a test may change.
#[derive(Default)]
pub(crate) struct Setting {
    pub(crate) limits: Limits,
    pub(crate) query_limits: QueryLimits,
    pub(crate) tokens: Vec<&'static str>,
    pub(crate) public_url: Option<String>,
    pub(crate) receiver: Option<Arc<dyn Receiver>>,
    pub(crate) intake: Option<Arc<dyn Intake>>,
}

pub(crate) fn stage() -> Stage {
    stage_with(Setting::default())
}

pub(crate) fn stage_with(setting: Setting) -> Stage {
    let (intake, engine) = (Arc::new(FakeIntake::default()), Arc::new(FakeEngine::default()));
    let (letters, health) = (Arc::new(FakeLetters::default()), Arc::new(FakeHealth::default()));
    let operations = Arc::new(FakeOperations::default());
    let accounts = Arc::new(FakeAccounts::default());
    let clock = Arc::new(FixedClock::at(now()));
    let hashes: Vec<String> = setting.tokens.iter().map(|token| token_hash(token)).collect();
    let source =
        SourceId { provider: "auth0".into(), tenant: "acme".into(), source: "stream".into() };
    let receiver = setting.receiver.unwrap_or_else(|| Arc::new(Lines));
    let applications = Arc::new(FakeApplications::default());
    let receivers = ReceiverTable::default();
    receivers.put(ReceiverEntry { source, receiver, is_paused: false });
    let api = Api::new(ApiOptions {
        receivers,
        intake: setting.intake.unwrap_or_else(|| Arc::<FakeIntake>::clone(&intake) as _),
        engine: Arc::<FakeEngine>::clone(&engine),
        status: Arc::<FakeHealth>::clone(&health),
        dead_letters: Arc::<FakeLetters>::clone(&letters),
        replays: Arc::new(FakeReplays::default()),
        operations: Arc::<FakeOperations>::clone(&operations),
        ledger: Arc::<FakeOperations>::clone(&operations),
        applications: Arc::<FakeApplications>::clone(&applications),
        accounts: Arc::<FakeAccounts>::clone(&accounts),
        saved: Arc::new(FakeSaved),
        catalog: Arc::new(OneTable),
        metrics: Some(api::recorder().unwrap().handle()),
        tokens: ApiTokens::from_hashes(hashes.iter().map(String::as_str)).unwrap(),
        hosts: Vec::new(),
        public_url: setting.public_url,
        query_limits: setting.query_limits,
        limits: setting.limits,
        clock: Arc::<FixedClock>::clone(&clock),
    });
    let api = Arc::new(api);
    Stage { api, intake, engine, letters, health, operations, applications, accounts, clock }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-21T07:00:00Z".parse().unwrap()
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Whether the body came to its proper end.
    pub(crate) whole: bool,
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem: api::ProblemDetails = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem.status, self.status);
        // The manual names every code, the engine's own aside.
        let ours = problem.kind == format!("urn:doorledger:problem:{}", problem.code);
        let code = format!("`{}`", problem.code);
        assert!(!ours || MANUAL.contains(&code), "docs/api.md does not name {code}");
        problem.code
    }
}

impl Stage {
    /// Sends a local request with `Host: localhost`.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        self.send_by(request, LOCAL).await
    }

    pub(crate) async fn send_by(&self, mut request: Request<Body>, peer: Peer) -> Answered {
        request.headers_mut().entry("host").or_insert_with(|| "localhost".parse().unwrap());
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let (head, mut body) = self.api.respond(request, peer).await.into_parts();
        let mut bytes = Vec::new();
        let mut whole = true;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend(frame.into_data().unwrap()),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        let text = String::from_utf8(bytes).unwrap();
        let answered =
            Answered { status: head.status.as_u16(), headers: head.headers, text, whole };
        document::check(method.as_str(), &path, &answered);
        answered
    }
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// What a provider sends.
pub(crate) fn push(body: impl Into<Body>) -> Request<Body> {
    Request::post(PATH).header("authorization", SECRET).body(body.into()).unwrap()
}

pub(crate) fn post_json(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

/// A receiver of lines: what begins with `{` is an event, the rest is not.
struct Lines;

impl Receiver for Lines {
    fn admits(&self, headers: &HeaderMap) -> bool {
        headers.get("authorization").is_some_and(|value| value.as_bytes() == SECRET.as_bytes())
    }

    fn read(&self, body: &Bytes) -> Decoded {
        let mut decoded = Decoded::default();
        for line in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let raw = body.slice_ref(line);
            if raw.starts_with(b"{") {
                decoded.events.push(Event { id: String::new(), time: None, raw });
            } else {
                decoded.rejected.push(Rejected { raw, reason: "not a JSON object".into() });
            }
        }
        decoded
    }
}

/// Keeps what it takes; takes, refuses or waits as it is told.
pub(crate) struct FakeIntake {
    pub(crate) batches: Mutex<Vec<Batch>>,
    pub(crate) fails: Mutex<Option<IntakeError>>,
    /// A permit for each batch that may pass.
    pub(crate) gate: Semaphore,
    /// A permit for each batch that has come.
    pub(crate) came: Semaphore,
}

impl Default for FakeIntake {
    fn default() -> Self {
        Self {
            batches: Mutex::default(),
            fails: Mutex::default(),
            gate: Semaphore::new(1_000_000),
            came: Semaphore::new(0),
        }
    }
}

impl FakeIntake {
    /// From now on batches wait for `open`.
    pub(crate) fn close(&self) {
        self.gate.forget_permits(usize::MAX >> 4);
    }

    pub(crate) fn open(&self) {
        self.gate.add_permits(1_000);
    }

    /// Waits until `count` batches have come, whether they passed or not.
    pub(crate) async fn until_came(&self, count: u32) {
        self.came.acquire_many(count).await.unwrap().forget();
    }

    pub(crate) fn raw(&self) -> Vec<String> {
        let batches = self.batches.lock().unwrap();
        let events = batches.iter().flat_map(|batch| &batch.events);
        events.map(|event| String::from_utf8(event.raw.to_vec()).unwrap()).collect()
    }
}

impl Intake for FakeIntake {
    fn append(&self, batch: Batch) -> BoxFuture<'_, Result<Taken, IntakeError>> {
        async move {
            self.came.add_permits(1);
            self.gate.acquire().await.unwrap().forget();
            if let Some(error) = self.fails.lock().unwrap().clone() {
                return Err(error);
            }
            let (stored, rejected) = (batch.events.len() as u64, batch.rejected.len() as u64);
            self.batches.lock().unwrap().push(batch);
            Ok(Taken { stored, duplicates: 0, rejected })
        }
        .boxed()
    }
}

type Batches = BoxStream<'static, Result<RowBatch, QueryError>>;

/// One table that the engine will give.
pub(crate) struct Script {
    pub(crate) columns: Vec<(&'static str, ColumnType)>,
    pub(crate) render: Option<Render>,
    pub(crate) batches: Batches,
}

/// Answers with what it was given, or never.
#[derive(Default)]
pub(crate) struct FakeEngine {
    pub(crate) next: Mutex<Option<Result<Vec<Script>, QueryError>>>,
    /// What it answers to the questions after that.
    pub(crate) later: Mutex<VecDeque<Result<Vec<Script>, QueryError>>>,
    pub(crate) asked: Mutex<Vec<QueryRequest>>,
}

impl FakeEngine {
    pub(crate) fn gives(&self, tables: Vec<Script>) {
        *self.next.lock().unwrap() = Some(Ok(tables));
    }

    /// Gives this behind all that it was told to give.
    pub(crate) fn then(&self, answer: Result<Vec<Script>, QueryError>) {
        self.later.lock().unwrap().push_back(answer);
    }

    pub(crate) fn refuses(&self, error: QueryError) {
        *self.next.lock().unwrap() = Some(Err(error));
    }
}

impl QueryEngine for FakeEngine {
    fn query(&self, request: QueryRequest) -> BoxFuture<'_, Result<QueryOutput, QueryError>> {
        self.asked.lock().unwrap().push(request);
        let next = self.next.lock().unwrap().take();
        let Some(next) = next.or_else(|| self.later.lock().unwrap().pop_front()) else {
            return futures::future::pending().boxed();
        };
        let table = |script: Script| QueryTable {
            columns: script
                .columns
                .into_iter()
                .map(|(name, kind)| ResultColumn { name: name.into(), kind })
                .collect(),
            render: script.render,
            batches: script.batches,
        };
        let output = next.map(|tables| QueryOutput {
            tables: tables.into_iter().map(table).collect(),
            progress: Arc::new(()),
        });
        async move { output }.boxed()
    }

    fn files(&self) -> Option<Arc<dyn TableFiles>> {
        Some(Arc::new(Counts))
    }
}

pub(crate) fn query_error(kind: QueryErrorKind) -> QueryError {
    QueryError {
        kind,
        code: String::new(),
        message: "it did not work".into(),
        span: Some((2, 3)),
        hint: "do it otherwise".into(),
    }
}

/// A box with letters 1 to 3, of which odd ones fail again.
#[derive(Default)]
pub(crate) struct FakeLetters {
    pub(crate) broken: Mutex<bool>,
}

pub(crate) fn letter(id: u64) -> DeadLetter {
    DeadLetter {
        id,
        at: now(),
        origin: "sentinel".into(),
        source: "auth0/acme/stream".into(),
        event_id: format!("900{id}"),
        reason: "field too long".into(),
        raw: None,
        raw_encoding: RawEncoding::Text,
    }
}

impl FakeLetters {
    fn check(&self) -> Result<(), DeadLetterBoxError> {
        match *self.broken.lock().unwrap() {
            true => Err(DeadLetterBoxError("the journal cannot be read".into())),
            false => Ok(()),
        }
    }
}

impl DeadLetterBox for FakeLetters {
    fn list(
        &self,
        filter: DeadLetterFilter,
    ) -> BoxFuture<'_, Result<DeadLetterPage, DeadLetterBoxError>> {
        let before = filter.before.unwrap_or(u64::MAX);
        let letters = (1..=3).rev().filter(|id| *id < before).take(filter.limit).map(letter);
        let page = DeadLetterPage { letters: letters.collect(), total: 3 };
        async move { self.check().map(|()| page) }.boxed()
    }

    fn show(&self, id: u64) -> BoxFuture<'_, Result<Option<DeadLetter>, DeadLetterBoxError>> {
        let found = (1..=3).contains(&id).then(|| letter(id).with_raw(b"{\"type\":\"s\"}"));
        async move { self.check().map(|()| found) }.boxed()
    }

    fn replay(
        &self,
        which: ReplayRequest,
    ) -> BoxFuture<'_, Result<ReplayOutcome, DeadLetterBoxError>> {
        let ids = if which.all { vec![1, 2, 3] } else { which.ids };
        let failed = ids.iter().filter(|id| **id % 2 == 1).count() as u64;
        let outcome = ReplayOutcome { replayed: ids.len() as u64 - failed, failed };
        async move { self.check().map(|()| outcome) }.boxed()
    }

    fn discard(
        &self,
        wanted: DiscardRequest,
    ) -> BoxFuture<'_, Result<DiscardOutcome, DeadLetterBoxError>> {
        let ids = if wanted.which.all { vec![1, 2, 3] } else { wanted.which.ids };
        let unknown = ids.iter().filter(|id| **id > 3).count() as u64;
        let outcome = DiscardOutcome { discarded: ids.len() as u64 - unknown, unknown };
        async move { self.check().map(|()| outcome) }.boxed()
    }
}

/// Keeps what it is asked for; an import stores its lines, as many as there are.
#[derive(Default)]
pub(crate) struct FakeOperations {
    pub(crate) imported: Mutex<Vec<(String, String, Bytes)>>,
    pub(crate) wanted: Mutex<Vec<BackfillRequest>>,
    pub(crate) fails: Mutex<Option<OperationError>>,
}

impl FakeOperations {
    fn check(&self) -> Result<(), OperationError> {
        self.fails.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

impl LedgerDesk for FakeOperations {
    fn statement(&self, wanted: StatementRequest) -> BoxFuture<'_, Result<Bytes, OperationError>> {
        Box::pin(async move {
            self.check()?;
            Ok(Bytes::from(serde_json::to_vec(&wanted).unwrap()))
        })
    }
}

impl Operations for FakeOperations {
    fn import(
        &self,
        provider: String,
        tenant: String,
        body: Bytes,
    ) -> BoxFuture<'_, Result<Taken, OperationError>> {
        async move {
            self.check()?;
            let stored = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
            self.imported.lock().unwrap().push((provider, tenant, body));
            Ok(Taken { stored: stored as u64, duplicates: 0, rejected: 0 })
        }
        .boxed()
    }

    fn start_backfills(&self, wanted: &BackfillRequest) -> Result<(), OperationError> {
        self.check()?;
        self.wanted.lock().unwrap().push(wanted.clone());
        Ok(())
    }

    fn survey_backfills(
        &self,
        wanted: BackfillRequest,
    ) -> BoxFuture<'_, Result<Vec<BackfillOutlook>, OperationError>> {
        async move {
            self.check()?;
            let outlook = |tenant: &String| BackfillOutlook {
                source: format!("auth0/{tenant}/poll.backfill"),
                events_left: 7,
                ..BackfillOutlook::default()
            };
            Ok(wanted.tenants.iter().map(outlook).collect())
        }
        .boxed()
    }

    fn forget_destination(&self, name: String) -> BoxFuture<'_, Result<Forgotten, OperationError>> {
        Box::pin(async move {
            self.check()?;
            Ok(Forgotten { unsent_events: name.len() as u64 })
        })
    }

    fn backfills(&self) -> Vec<BackfillProgress> {
        let wanted = self.wanted.lock().unwrap();
        wanted.iter().flat_map(|wanted| &wanted.tenants).map(|tenant| backfill(tenant)).collect()
    }
}

/// A backfill under way.
pub(crate) fn backfill(tenant: &str) -> BackfillProgress {
    BackfillProgress {
        source: format!("auth0/{tenant}/poll.backfill"),
        state: BackfillState::Running,
        events: 100,
        stored: 90,
        started: now(),
        oldest: Some("2026-10-21T07:00:00Z".parse().unwrap()),
        latest: Some("2026-10-29T07:00:00Z".parse().unwrap()),
        share: 0.25,
    }
}

pub(crate) fn is_ok(status: u16) -> bool {
    StatusCode::from_u16(status).unwrap().is_success()
}
