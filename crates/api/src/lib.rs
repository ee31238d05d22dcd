//! The HTTP server: receivers for what providers push, KQL over `POST /api/v1/query`, status, dead letters, people and
//! their sessions, health and metrics, and the browser app. [`Api`] answers single requests, [`serve()`] carries it over TCP and TLS.
//!
//! Deliberately absent: DataFusion and Delta (a `QueryEngine` is handed in), the journal's inside (an [`Intake`] is),
//! providers (`sources::Receiver`), the environment and the configuration file (the binary's), CORS (no page of another
//! origin has business here).

mod access;
mod accounts;
mod api;
mod app;
mod applications;
mod body;
mod cookies;
mod dashboards;
mod dead_letters;
mod destinations;
mod document;
mod encoding;
mod field_schema;
mod health;
mod import;
mod ingest;
mod intake;
mod json_body;
mod language;
mod ledger;
mod limits;
mod metrics_page;
mod operations;
mod peer;
mod people;
mod problem;
mod query;
mod refusal;
mod replays;
mod routes;
mod rows;
mod saved;
mod serve;
mod session;
mod stall;
mod status;
mod tail;
mod tenants;
mod throttle;
mod timespan;
mod tls;
mod tokens;
mod utf16;
mod workbooks;

pub use accounts::{Accounts, Asked, DeskError};
pub use api::{Api, ApiOptions};
pub use applications::{
    ApplicationError, Applications, CheckState, DestinationDraft, DestinationTest, Done, GoalKind,
    Kinds, MadeSource, ManagedBy, ProviderKind, Rotation, ShownDestination, ShownSource,
    ShownTenant, SourceKind, TenantDraft, TenantTest, TestCheck,
};
pub use dead_letters::{
    DeadLetter, DeadLetterBox, DeadLetterBoxError, DeadLetterFilter, DeadLetterPage,
    DiscardOutcome, DiscardRequest, RawEncoding, ReplayOutcome, ReplayRequest,
};
pub use field_schema::{FieldSchema, TypeNames};
pub use ingest::{ReceiverEntry, ReceiverTable};
pub use intake::{Intake, IntakeError, Taken};
pub use ledger::{LedgerDesk, StatementForm, StatementRequest};
pub use limits::Limits;
pub use metrics_page::recorder;
pub use operations::{
    BackfillOutlook, BackfillProgress, BackfillRequest, BackfillState, BackfillSurvey, Backfills,
    ForgetRequest, Forgotten, OperationError, Operations,
};
pub use peer::{Peer, Reach};
pub use problem::{HttpProblem, ProblemDetails};
pub use query::{QueryBody, answer};
pub use replays::{ReplayCancel, ReplayProgress, ReplayState, ReplayWish, Replays, ReplaysAnswer};
pub use saved::Saved;
pub use serve::{Listener, ServeError, serve};
pub use status::{
    AlarmStatus, Check, DestinationState, DestinationStatus, JournalStatus, LakeStatus, Light,
    ReadBackState, ReadBackStatus, SourceState, SourceStatus, Status, StatusReport, TableStatus,
    Trouble,
};
pub use timespan::{MalformedTimespan, read_timespan};
pub use tls::{Tls, TlsConfig, TlsError};
pub use tokens::{ApiTokens, MalformedTokenHash, TOKEN_PREFIX, token_hash};
