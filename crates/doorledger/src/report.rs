//! How everything is, for `status`: what is durable from journal and lake, what is only true now from the board.
//! Deliberately absent: the judgement and its form (`api`).

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{
    Check, DestinationState, DestinationStatus, JournalStatus, LakeStatus, Light, SourceState,
    SourceStatus, Status, StatusReport, TableStatus, Trouble,
};
use futures::future::BoxFuture;
use journal::{DeadLetterFilter, Journal, ReaderState};
use lake::Lake;
use model::{Clock, SourceId, Timestamp, Via};
use sources::SourceErrorKind;

use crate::alarms;
use crate::node::{Damage, Store};
use crate::parts::Parts;
use crate::removed;
use crate::roster::{Roster, Source};
use crate::ship::Shipper;
use crate::status::{Board, DestinationCondition, SourceCondition};

/// What is told of a destination that the registry may name.
const UNREAD: &str = "the registry, which may name it, cannot be read yet";

/// Knows whom to ask.
pub(crate) struct Report {
    journal: Journal,
    lake: Arc<Lake>,
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
    started: Timestamp,
    roster: Arc<Roster>,
    journal_bytes_max: u64,
    damage: Vec<Damage>,
}

impl Report {
    /// Over these parts of a node.
    pub(crate) fn new(
        roster: Arc<Roster>,
        store: &Store,
        parts: &Parts,
        journal_bytes_max: u64,
    ) -> Self {
        Self {
            journal: store.journal.clone(),
            lake: store.lake.clone(),
            board: parts.board.clone(),
            started: parts.clock.now(),
            clock: parts.clock.clone(),
            roster,
            journal_bytes_max,
            damage: store.damage.clone(),
        }
    }

    /// What is damaged in the journal, or in everything else.
    fn damaged(&self, journal: bool) -> Option<Trouble> {
        let found = self.damage.iter().find(|damage| (damage.part == "journal") == journal)?;
        let code = if journal { "journal.damaged" } else { "lake.damaged" };
        let message = format!("damaged, so that nothing is taken: {}", found.what);
        Some(trouble(code, message, &found.hint))
    }

    fn sources(&self, now: Timestamp) -> Vec<SourceStatus> {
        let conditions = self.board.sources();
        let totals: BTreeMap<SourceId, journal::SourceState> = self
            .journal
            .source_states()
            .unwrap_or_default()
            .into_iter()
            .map(|state| (state.source.clone(), state))
            .collect();
        let gaps = self.journal.gaps().unwrap_or_default();
        let roster = self.roster.now();
        let known: BTreeMap<&SourceId, &Source> =
            roster.sources.iter().map(|source| (&source.configured.id, source)).collect();
        let configured = roster.sources.iter().map(|source| {
            let via = if source.is_polled() { Via::Poll } else { Via::Push };
            (source.configured.id.clone(), via)
        });
        // The program's own rows are no tenant's.
        let others =
            totals.keys().filter(|id| id.provider != alarms::PROVIDER && !known.contains_key(id));
        let others = others
            .map(|id| (id.clone(), if id.source == "import" { Via::Import } else { Via::Poll }));
        configured
            .chain(others)
            .map(|(id, via)| {
                let total = totals.get(&id);
                let source = known.get(&id);
                let (state, trouble) = match conditions.get(&id) {
                    _ if source.is_some_and(|source| source.is_paused) => {
                        (SourceState::Paused, None)
                    }
                    // An import, a backfill: done, or it would have said something.
                    None if source.is_none() => (SourceState::CaughtUp, None),
                    condition => source_state(condition),
                };
                SourceStatus {
                    via,
                    state,
                    last_event: total.and_then(|total| total.last_event),
                    last_received: total.and_then(|total| total.last_received),
                    last_success: None,
                    lag_seconds: lag(state, total, now),
                    received_events: total.map_or(0, |total| total.received),
                    stored_events: total.map_or(0, |total| total.stored),
                    duplicate_events: total.map_or(0, |total| total.duplicates),
                    rejected_events: total.map_or(0, |total| total.rejected),
                    gaps: gaps.iter().filter(|gap| gap.source == id).count() as u64,
                    trouble,
                    source: id,
                }
            })
            .collect()
    }

    fn destinations(&self, now: Timestamp) -> Vec<DestinationStatus> {
        let readers = self.journal.readers().unwrap_or_default();
        let conditions = self.board.destinations();
        let roster = self.roster.now();
        let removed =
            removed::all(readers.clone(), roster.destination_names()).into_iter().map(|removed| {
                if roster.is_partial {
                    return self.kept(&removed.name, UNREAD, &readers);
                }
                let dead_letters = self.dead_letters(Some(&removed.reader.name));
                removed.status(self.oldest_unsent(&removed.reader, now), dead_letters)
            });
        let configured = roster.destinations.iter().map(|goal| {
            let name = goal.name();
            let reader = readers.iter().find(|reader| reader.name == Shipper::reader(name));
            let condition = conditions.get(name).cloned().unwrap_or_default();
            let backlog_events = reader.map_or(0, |reader| reader.backlog_events);
            DestinationStatus {
                name: name.to_owned(),
                kind: goal.configured.kind.to_owned(),
                state: match goal.is_paused {
                    true => DestinationState::Paused,
                    false => destination_state(&condition, backlog_events),
                },
                backlog_events,
                oldest_unsent_seconds: reader.and_then(|reader| self.oldest_unsent(reader, now)),
                sent_events: condition.sent,
                dead_letters: self.dead_letters(Some(&Shipper::reader(name))),
                last_success: condition.last_success,
                trouble: condition.trouble,
                read_back: condition.read_back,
            }
        });
        let kept = roster.kept.iter().map(|(name, reason)| self.kept(name, reason, &readers));
        configured.chain(kept).chain(removed).collect()
    }

    /// A destination of the registry that cannot be used as it is.
    fn kept(&self, name: &str, reason: &str, readers: &[ReaderState]) -> DestinationStatus {
        let reader = readers.iter().find(|reader| reader.name == Shipper::reader(name));
        let hint = match reason {
            UNREAD => {
                "see the log for what is wrong with registry.db; what it has not got is kept meanwhile"
            }
            _ => "mend it on the page Applications; what it has not got is kept meanwhile",
        };
        DestinationStatus {
            name: name.to_owned(),
            kind: String::new(),
            state: DestinationState::Stopped,
            backlog_events: reader.map_or(0, |reader| reader.backlog_events),
            oldest_unsent_seconds: None,
            sent_events: 0,
            dead_letters: self.dead_letters(Some(&Shipper::reader(name))),
            last_success: None,
            trouble: Some(trouble("destination.unusable", reason.to_owned(), hint)),
            read_back: None,
        }
    }

    /// Age of the oldest event that a destination has not got.
    fn oldest_unsent(&self, reader: &ReaderState, now: Timestamp) -> Option<f64> {
        if reader.backlog_events == 0 {
            return None;
        }
        let oldest = self.journal.read(reader.offset, 1).ok()?;
        oldest.first().map(|batch| now.duration_since(batch.received).as_secs_f64().max(0.0))
    }

    fn dead_letters(&self, origin: Option<&str>) -> u64 {
        let filter =
            DeadLetterFilter { origin: origin.map(str::to_owned), ..DeadLetterFilter::default() };
        self.journal.dead_letter_count(&filter).unwrap_or_default()
    }

    fn journal_status(&self) -> JournalStatus {
        JournalStatus {
            bytes: self.journal.size_bytes(),
            bytes_max: self.journal_bytes_max,
            head_offset: *self.journal.head().borrow(),
            dead_letters: self.dead_letters(None),
            trouble: self.journal_trouble(),
        }
    }

    fn journal_trouble(&self) -> Option<Trouble> {
        if let Some(damaged) = self.damaged(true) {
            return Some(damaged);
        }
        if let Err(error) = self.journal.healthy() {
            let hint = match error.hint() {
                "" => "events are refused until it can be written; look at the disk",
                hint => hint,
            };
            return Some(trouble("journal.storage", with_causes(&error), hint));
        }
        let full = self.journal.full()?;
        Some(trouble("journal.full", full.to_string(), full.hint()))
    }

    fn lake_status(&self) -> LakeStatus {
        let lake = self.lake.status();
        let reader = self
            .journal
            .readers()
            .unwrap_or_default()
            .into_iter()
            .find(|reader| reader.name == "lake");
        let tables: Vec<TableStatus> = lake
            .tables
            .into_iter()
            .map(|table| TableStatus {
                name: table.name,
                rows: table.rows + table.tail_rows,
                bytes: table.bytes,
                files: table.files as u64,
            })
            .collect();
        LakeStatus {
            committed_offset: reader.as_ref().map_or(0, |reader| reader.offset),
            uncommitted_events: reader.as_ref().map_or(0, |reader| reader.backlog_events),
            tables,
            trouble: self.damaged(false).or_else(|| {
                let hint = "events wait in the journal; nothing is lost";
                lake.error.map(|error| trouble("lake.storage", error, hint))
            }),
        }
    }

    fn status(&self) -> Status {
        let now = self.clock.now();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now,
            started: self.started,
            sources: self.sources(now),
            destinations: self.destinations(now),
            journal: self.journal_status(),
            lake: self.lake_status(),
            alarms: self.board.alarms(),
            light: Light::default(),
            reasons: Vec::new(),
        }
        .judge()
    }
}

impl StatusReport for Report {
    fn status(&self) -> BoxFuture<'_, Status> {
        Box::pin(async move { tokio::task::block_in_place(|| self.status()) })
    }

    fn readiness(&self) -> BoxFuture<'_, Vec<Check>> {
        let error = self.journal_trouble().map(|trouble| trouble.message);
        let mut checks = vec![Check { name: "journal".to_owned(), error }];
        if let Some(damaged) = self.damaged(false) {
            checks.push(Check { name: "lake".to_owned(), error: Some(damaged.message) });
        }
        Box::pin(async move { checks })
    }
}

/// An error with its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

fn trouble(code: &str, message: String, hint: &str) -> Trouble {
    Trouble { code: code.to_owned(), message, hint: hint.to_owned(), since: None }
}

fn source_state(condition: Option<&SourceCondition>) -> (SourceState, Option<Trouble>) {
    match condition {
        None => (SourceState::Starting, None),
        Some(SourceCondition::Reading) => (SourceState::Reading, None),
        Some(SourceCondition::CaughtUp) => (SourceState::CaughtUp, None),
        Some(SourceCondition::Listening) => (SourceState::Listening, None),
        Some(SourceCondition::Waiting { reason }) => (
            SourceState::Failing,
            Some(trouble("journal.refused", reason.clone(), "the page is read again")),
        ),
        Some(SourceCondition::Failed(error)) => {
            let state = match error.kind {
                SourceErrorKind::Refused => SourceState::Refused,
                SourceErrorKind::RateLimited => SourceState::RateLimited,
                SourceErrorKind::Unavailable | SourceErrorKind::Malformed => SourceState::Failing,
            };
            (state, Some(trouble(error.code, error.message.clone(), &error.hint)))
        }
    }
}

/// A source that has read everything is not behind; one that reads is as far behind as its newest event is old.
fn lag(state: SourceState, total: Option<&journal::SourceState>, now: Timestamp) -> Option<f64> {
    match state {
        SourceState::CaughtUp => Some(0.0),
        SourceState::Listening | SourceState::Paused => None,
        _ => total
            .and_then(|total| total.last_event)
            .map(|event| now.duration_since(event).as_secs_f64().max(0.0)),
    }
}

fn destination_state(condition: &DestinationCondition, backlog_events: u64) -> DestinationState {
    match (&condition.trouble, condition.stopped) {
        (Some(_), true) => DestinationState::Stopped,
        (Some(_), false) => DestinationState::Retrying,
        (None, _) if backlog_events > 0 => DestinationState::Sending,
        (None, _) => DestinationState::Idle,
    }
}
