//! How everything is, for `GET /api/v1/status`, the command line and the browser: one value, and one judgement of it.
//! Deliberately absent: finding it out, which the binary does behind [`StatusReport`].

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures::future::BoxFuture;
use model::{SourceId, Timestamp, Via};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Shared;

/// Knows how everything is.
pub trait StatusReport: Send + Sync {
    /// The present state.
    fn status(&self) -> BoxFuture<'_, Status>;
    /// The checks that decide whether events can be taken.
    fn readiness(&self) -> BoxFuture<'_, Vec<Check>>;
}

/// `GET /api/v1/status`
pub(crate) async fn status(State(shared): State<Arc<Shared>>) -> Json<Status> {
    Json(shared.status.status().await)
}

/// One condition of being ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name: `journal`.
    pub name: String,
    /// Why it does not hold; `None` if it does.
    pub error: Option<String>,
}

/// The state of the whole server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The judgement; see [`Status::judge`].
    pub light: Light,
    /// What led to a judgement that is not green, the gravest first.
    pub reasons: Vec<String>,
    /// Version of the program.
    pub version: String,
    /// The server's time.
    pub now: Timestamp,
    /// Since when it runs.
    pub started: Timestamp,
    /// Every source.
    pub sources: Vec<SourceStatus>,
    /// Every destination.
    pub destinations: Vec<DestinationStatus>,
    /// The journal.
    pub journal: JournalStatus,
    /// The lake.
    pub lake: LakeStatus,
    /// Alarms about the collecting that are open, the gravest first.
    #[serde(default)]
    #[schema(required)]
    pub alarms: Vec<AlarmStatus>,
}

/// An alarm that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlarmStatus {
    /// Which: `source_silent`.
    pub alarm: String,
    /// The source that it is about.
    #[schema(required)]
    pub source: Option<SourceId>,
    /// The destination that it is about.
    #[schema(required)]
    pub destination: Option<String>,
    /// How grave it is.
    pub light: Light,
    /// What is so, as a lowercase fragment.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// Since when.
    pub opened: Timestamp,
}

/// A judgement in one word.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Light {
    /// All is well.
    #[default]
    Green,
    /// Something is late or fails, and may pass by itself; nothing is lost.
    Yellow,
    /// A person must act, or events cannot be taken.
    Red,
}

/// Something that does not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trouble {
    /// Stable code: `auth0.scope_missing`.
    pub code: String,
    /// What happened, as a lowercase fragment.
    pub message: String,
    /// What to do next; may be empty.
    pub hint: String,
    /// Since when.
    #[schema(required)]
    pub since: Option<Timestamp>,
}

/// What a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Not yet heard of since the start.
    Starting,
    /// Reading what is there.
    Reading,
    /// Everything is read; looking again after the interval.
    CaughtUp,
    /// Waiting to be sent events.
    Listening,
    /// Held back by the provider's rate limit, or our share of it.
    RateLimited,
    /// The last try failed; trying again.
    Failing,
    /// A credential or permission was refused: a person must act.
    Refused,
    /// Switched off.
    Paused,
}

/// One source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SourceStatus {
    /// Which one.
    pub source: SourceId,
    /// How its events come.
    pub via: Via,
    /// What it is doing.
    pub state: SourceState,
    /// The provider's time of the newest event.
    #[schema(required)]
    pub last_event: Option<Timestamp>,
    /// When events were last received.
    #[schema(required)]
    pub last_received: Option<Timestamp>,
    /// When it last worked, with events or without.
    #[schema(required)]
    pub last_success: Option<Timestamp>,
    /// How far behind the provider it is, in seconds, as far as that can be known.
    #[schema(required)]
    pub lag_seconds: Option<f64>,
    /// Events received, the repeated ones included.
    pub received_events: u64,
    /// Events stored.
    pub stored_events: u64,
    /// Events that were delivered again.
    pub duplicate_events: u64,
    /// Input that could not be read as events.
    pub rejected_events: u64,
    /// Stretches of time that could not be read.
    pub gaps: u64,
    /// What does not work.
    #[schema(required)]
    pub trouble: Option<Trouble>,
}

/// What a destination is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DestinationState {
    /// Everything is delivered.
    Idle,
    /// Delivering.
    Sending,
    /// The last try failed; trying again.
    Retrying,
    /// Nothing can be delivered until a person acts.
    Stopped,
    /// Switched off.
    Paused,
    /// No longer configured; what it had not got is kept until it is configured again or forgotten.
    Removed,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DestinationStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Its kind: `azure_logs_ingestion`.
    pub kind: String,
    /// What it is doing.
    pub state: DestinationState,
    /// Events that wait.
    pub backlog_events: u64,
    /// Age of the oldest of them, in seconds.
    #[schema(required)]
    pub oldest_unsent_seconds: Option<f64>,
    /// Events delivered since the start.
    pub sent_events: u64,
    /// Events that it will never take; they can be replayed.
    pub dead_letters: u64,
    /// When something was last delivered.
    #[schema(required)]
    pub last_success: Option<Timestamp>,
    /// What does not work.
    #[schema(required)]
    pub trouble: Option<Trouble>,
    /// What it shows of what it acknowledged; `None` if nobody asks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_back: Option<ReadBackStatus>,
}

/// How what a destination shows compares with what it acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadBackState {
    /// Nothing was compared yet.
    Waiting,
    /// Every hour shows at least as many events as were acknowledged.
    Agrees,
    /// An hour shows fewer.
    Fewer,
    /// Its tables do not tell the hour of an event.
    NotComparable,
    /// It could not be asked, or did not answer.
    NotKnown,
}

/// What a destination shows of what it acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadBackStatus {
    /// How it compares.
    pub state: ReadBackState,
    /// What is so, as a lowercase fragment.
    pub message: String,
    /// What to do next; may be empty.
    pub hint: String,
    /// When it was last compared.
    #[schema(required)]
    pub compared: Option<Timestamp>,
}

/// The journal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JournalStatus {
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes that it may use.
    pub bytes_max: u64,
    /// The next offset.
    pub head_offset: u64,
    /// Dead letters of all origins.
    pub dead_letters: u64,
    /// Why it cannot write.
    #[schema(required)]
    pub trouble: Option<Trouble>,
}

/// The lake.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LakeStatus {
    /// Up to which journal offset (exclusive) it is committed.
    pub committed_offset: u64,
    /// Events that are queryable from memory and not committed yet.
    pub uncommitted_events: u64,
    /// Its tables.
    pub tables: Vec<TableStatus>,
    /// Why it cannot write.
    #[schema(required)]
    pub trouble: Option<Trouble>,
}

/// One table of the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableStatus {
    /// Its name.
    pub name: String,
    /// Rows, as far as known without reading them.
    pub rows: u64,
    /// Data files.
    pub files: u64,
    /// Bytes of the data files.
    pub bytes: u64,
}

/// The share of its disk budget above which the journal is worth a look.
const JOURNAL_FILL_YELLOW: f64 = 0.8;

impl Status {
    /// Sets `light` and `reasons` from the rest. Red: the journal or the lake cannot write, or a source or destination
    /// waits for a person. Yellow: something fails or is held back and may recover, or the journal's budget is nearly
    /// used up, or a destination could not be asked what it shows. An alarm counts as what it is.
    #[must_use]
    pub fn judge(mut self) -> Self {
        let mut found: Vec<(Light, String)> = Vec::new();
        for (name, trouble) in [("journal", &self.journal.trouble), ("lake", &self.lake.trouble)] {
            if let Some(trouble) = trouble {
                found.push((Light::Red, format!("{name}: {}", trouble.message)));
            }
        }
        let filled = self.journal.bytes as f64 / self.journal.bytes_max.max(1) as f64;
        if self.journal.bytes_max > 0 && filled >= JOURNAL_FILL_YELLOW {
            let percent = (filled * 100.0).floor();
            found.push((Light::Yellow, format!("journal: {percent} % of its disk budget is used")));
        }
        found.extend(self.sources.iter().filter_map(judge_source));
        found.extend(self.destinations.iter().filter_map(judge_destination));
        found.extend(self.destinations.iter().filter_map(judge_read_back));
        found.extend(self.alarms.iter().map(judge_alarm));
        found.sort_by_key(|(light, _)| std::cmp::Reverse(*light));
        self.light = found.first().map(|(light, _)| *light).unwrap_or_default();
        self.reasons = found.into_iter().map(|(_, reason)| reason).collect();
        self
    }
}

fn judge_source(source: &SourceStatus) -> Option<(Light, String)> {
    let light = match source.state {
        SourceState::Refused => Light::Red,
        SourceState::Failing => Light::Yellow,
        SourceState::RateLimited
        | SourceState::Starting
        | SourceState::Reading
        | SourceState::CaughtUp
        | SourceState::Listening
        | SourceState::Paused => return None,
    };
    let message =
        source.trouble.as_ref().map_or("does not work", |trouble| trouble.message.as_str());
    Some((light, format!("source {}: {message}", source.source)))
}

fn judge_alarm(alarm: &AlarmStatus) -> (Light, String) {
    let about = match (&alarm.source, &alarm.destination) {
        (Some(source), _) => format!("source {source}"),
        (None, Some(name)) => format!("destination {name}"),
        (None, None) => alarm.alarm.clone(),
    };
    (alarm.light, format!("{about}: {}", alarm.message))
}

/// That events are missing is an alarm of its own; that nobody can know is not.
fn judge_read_back(destination: &DestinationStatus) -> Option<(Light, String)> {
    let told = destination.read_back.as_ref();
    let told = told.filter(|told| told.state == ReadBackState::NotKnown)?;
    Some((Light::Yellow, format!("destination {}: {}", destination.name, told.message)))
}

fn judge_destination(destination: &DestinationStatus) -> Option<(Light, String)> {
    let light = match destination.state {
        DestinationState::Stopped => Light::Red,
        DestinationState::Retrying | DestinationState::Removed => Light::Yellow,
        DestinationState::Idle | DestinationState::Sending | DestinationState::Paused => {
            return None;
        }
    };
    let message =
        destination.trouble.as_ref().map_or("does not work", |trouble| trouble.message.as_str());
    Some((light, format!("destination {}: {message}", destination.name)))
}
