//! The rim of the alarms: once a minute it gathers the facts, lets the rules judge, and makes durable what is new: rows and
//! the book in one batch of the journal.
//! Deliberately absent: judgement.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use journal::Journal;
use model::{
    Batch, Clock, ColumnValues, Cursor, QueryEngine, QueryLimits, QueryRequest, SignedDuration,
    SourceId, Stretches, Timestamp, Via,
};
use tokio_util::sync::CancellationToken;

use super::book::Book;
use super::{
    DestinationFacts, Facts, GapFacts, Notice, PROVIDER, RULES, ReadBackFacts, SourceFacts,
    Subject, channel, retention, silent,
};
use crate::collect::sleep;
use crate::config::Way;
use crate::read_back::ReadBacks;
use crate::roster::{Roster, Snapshot};
use crate::ship::Shipper;
use crate::status::Board;

/// Between two judgements.
const TICK: Duration = Duration::from_secs(60);
/// Before the first one: polls are given the time to begin.
const FIRST_TICK: Duration = Duration::from_secs(5);
/// Events are asked for again so long after they came, because a row may be seen later than its stamp says.
const ASKED_AGAIN: SignedDuration = SignedDuration::from_mins(2);
/// How often it is made durable up to when events were asked for, where nothing else is: after a restart so much is asked
/// for again, and what was noticed in it is still known.
const ASKED_SAVED_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How far back the first question of all reaches.
const ASKED_FIRST: SignedDuration = SignedDuration::from_hours(1);

/// Watches over the collecting.
pub(crate) struct Watch {
    /// What is watched.
    pub(crate) roster: Arc<Roster>,
    /// Where facts come from and rows go.
    pub(crate) journal: Journal,
    /// Who is asked for events about channels.
    pub(crate) engine: Arc<dyn QueryEngine>,
    /// Who asks destinations what they show.
    pub(crate) read_backs: ReadBacks,
    /// Where what is open is shown.
    pub(crate) board: Arc<Board>,
    /// What time it is.
    pub(crate) clock: Arc<dyn Clock>,
}

impl Watch {
    /// Watches until it is told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let book = self.stored();
        self.board.set_alarms(book.status());
        self.read_backs.restore(&book.read_backs);
        tokio::join!(self.read_backs.run(&stop), self.judge(book, &stop));
    }

    /// Judges once a minute, and when it is known what a destination shows.
    async fn judge(&self, mut book: Book, stop: &CancellationToken) {
        let mut saved = book.asked;
        let mut wait = FIRST_TICK;
        loop {
            tokio::select! {
                slept = sleep(wait, stop) => if slept.is_err() { return },
                () = self.read_backs.changed() => {}
            }
            wait = TICK;
            if let Err(error) = self.tick(&mut book, &mut saved).await {
                tracing::warn!(error, "the alarms could not be judged; trying again in a minute");
            }
        }
    }

    /// The book as it was last made durable.
    fn stored(&self) -> Book {
        let cursor = self.journal.cursor(&own_source()).ok().flatten();
        cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok()).unwrap_or_default()
    }

    async fn tick(&self, book: &mut Book, saved: &mut Option<Timestamp>) -> Result<(), String> {
        let now = self.clock.now();
        let mut next = book.clone();
        match self.notices(&next, now).await {
            Ok(noticed) => {
                next.notice(noticed, back(now, channel::TOLD));
                next.asked = Some(now);
            }
            Err(error) => tracing::debug!(error, "changes of channels were not asked for"),
        }
        next.read_backs = self.read_backs.all();
        let facts = tokio::task::block_in_place(|| self.facts(&next, now))?;
        self.measure(&facts);
        let findings = RULES
            .iter()
            .flat_map(|rule| (rule.find)(&facts).into_iter().map(|finding| (rule.name, finding)));
        let events = next.update(now, findings);
        self.board.set_alarms(next.status());
        metrics::gauge!("alarms_open").set(next.status().len() as f64);
        let is_due = saved.is_none_or(|saved| now.duration_since(saved) >= ASKED_SAVED_EVERY);
        let is_known = next.notices() == book.notices() && next.read_backs == book.read_backs;
        if events.is_empty() && is_known && !is_due {
            *book = next;
            return Ok(());
        }
        let cursor = serde_json::to_string(&next).map_err(|error| error.to_string())?;
        let batch = Batch {
            source: own_source(),
            via: Via::Import,
            received: now,
            events,
            rejected: Vec::new(),
            cursor: Some(Cursor(cursor)),
            gap: None,
            walked: None,
        };
        self.journal.append(batch).await.map_err(|error| error.to_string())?;
        *saved = next.asked;
        *book = next;
        Ok(())
    }

    fn facts(&self, book: &Book, now: Timestamp) -> Result<Facts, String> {
        let failed = |error: journal::Error| error.to_string();
        let states = self.journal.source_states().map_err(failed)?;
        let walked = self.journal.walked().map_err(failed)?;
        let accounts = self.journal.accounts(silent::since(now), now).map_err(failed)?;
        let roster = self.roster.now();
        let sources = roster.sources.iter().map(|source| {
            let id = &source.configured.id;
            let days = match &source.configured.way {
                Way::Poll(poll) => poll.capacity().retention_days,
                Way::Receive(_) => None,
            };
            let state = states.iter().find(|state| state.source == *id);
            let walk = walked.iter().find(|walked| walked.source == *id);
            let mut hours: Vec<(Timestamp, u64)> = Vec::new();
            for account in accounts.iter().filter(|account| account.source == *id) {
                match hours.last_mut() {
                    Some((hour, count)) if *hour == account.hour => {
                        *count += account.counts.received;
                    }
                    _ => hours.push((account.hour, account.counts.received)),
                }
            }
            SourceFacts {
                id: id.clone(),
                is_polled: source.is_polled(),
                is_paused: source.is_paused,
                resumed: source.resumed,
                reached: walk.and_then(|walk| walk.walked.extent()).map(|walk| walk.until),
                last_event: state.and_then(|state| state.last_event),
                last_received: state.and_then(|state| state.last_received),
                retention: days
                    .and_then(|days| i64::try_from(days).ok())
                    .map(|days| SignedDuration::from_hours(days.saturating_mul(24))),
                hours,
            }
        });
        let gaps = self.journal.gaps().map_err(failed)?;
        let gaps = gaps.into_iter().map(|recorded| {
            let stretch = model::Stretch { from: recorded.gap.from, until: recorded.gap.until };
            let of_tenant = walked.iter().filter(|walked| {
                (&walked.source.provider, &walked.source.tenant)
                    == (&recorded.source.provider, &recorded.source.tenant)
            });
            let walks: Stretches =
                of_tenant.flat_map(|walked| walked.walked.as_slice().to_vec()).collect();
            GapFacts {
                is_walked: walks.covers(&stretch),
                source: recorded.source,
                noted: recorded.noted,
                stretch,
                cause: recorded.gap.cause,
            }
        });
        Ok(Facts {
            now,
            sources: sources.collect(),
            destinations: self.destinations(&roster, now)?,
            read_backs: read_backs(book),
            gaps: gaps.collect(),
            notices: book.notices().to_vec(),
            secrets: secrets(&roster),
        })
    }

    fn destinations(
        &self,
        roster: &Snapshot,
        now: Timestamp,
    ) -> Result<Vec<DestinationFacts>, String> {
        let readers = self.journal.readers().map_err(|error| error.to_string())?;
        // One that is switched off is not behind: somebody wanted it so.
        let at_work = roster.destinations.iter().filter(|goal| !goal.is_paused);
        let facts = at_work.filter_map(|goal| {
            let name = goal.name();
            let reader = readers.iter().find(|it| it.name == Shipper::reader(name))?;
            let oldest = (reader.backlog_events > 0)
                .then(|| self.journal.read(reader.offset, 1).ok())
                .flatten();
            let oldest = oldest.and_then(|batches| batches.first().map(|batch| batch.received));
            Some(DestinationFacts {
                name: name.to_owned(),
                oldest_unsent: oldest.map(|received| now.duration_since(received)),
                backlog_events: reader.backlog_events,
            })
        });
        Ok(facts.collect())
    }

    fn measure(&self, facts: &Facts) {
        for source in &facts.sources {
            let Some(left) = retention::remaining(source, facts.now) else { continue };
            let labels = [
                ("provider", source.id.provider.clone()),
                ("tenant", source.id.tenant.clone()),
                ("source", source.id.source.clone()),
            ];
            metrics::gauge!("retention_remaining_seconds", &labels).set(left.as_secs_f64());
        }
    }

    /// Asks the tables for changes of channels since the last time.
    async fn notices(&self, book: &Book, now: Timestamp) -> Result<Vec<Notice>, String> {
        let since = book.asked.map_or(back(now, ASKED_FIRST), |asked| back(asked, ASKED_AGAIN));
        let text = format!("let since = datetime({since});{}", channel::QUESTION);
        let request = QueryRequest { text, timespan: None, limits: QueryLimits::default() };
        let output = self.engine.query(request).await.map_err(|error| error.to_string())?;
        let mut notices = Vec::new();
        for mut table in output.tables {
            while let Some(batch) = table.batches.next().await {
                let batch = batch.map_err(|error| error.to_string())?;
                let rows = 0..batch.rows;
                notices.extend(rows.filter_map(|row| notice(&batch.columns, row, now)));
            }
        }
        notices.retain(|notice| now.duration_since(notice.at) < channel::OLD);
        Ok(notices)
    }
}

/// Secrets of which it is known when they expire.
fn secrets(roster: &Snapshot) -> Vec<(Subject, Timestamp)> {
    let sources = roster.sources.iter().filter_map(|source| {
        let configured = &source.configured;
        Some((Subject::Source(configured.id.clone()), configured.secret_expires?))
    });
    let destinations = roster.destinations.iter().filter_map(|goal| {
        Some((Subject::Destination(goal.name().to_owned()), goal.configured.secret_expires?))
    });
    sources.chain(destinations).collect()
}

fn read_backs(book: &Book) -> Vec<ReadBackFacts> {
    let known = book.read_backs.iter();
    known
        .map(|(name, progress)| ReadBackFacts { name: name.clone(), progress: progress.clone() })
        .collect()
}

/// One row of the answer to `channel::QUESTION`.
fn notice(columns: &[ColumnValues], row: usize, seen: Timestamp) -> Option<Notice> {
    let text = |at: usize| match columns.get(at)? {
        ColumnValues::String(values) => values.get(row).cloned(),
        _ => None,
    };
    let at = match columns.get(4)? {
        ColumnValues::DateTime(values) => (*values.get(row)?)?,
        _ => return None,
    };
    Some(Notice {
        source: SourceId { provider: text(0)?, tenant: text(1)?, source: text(2)? },
        event_id: text(3)?,
        at: time_of_ticks(at)?,
        seen,
        what: text(5)?,
        who: text(6)?,
    })
}

/// Ticks of 100 ns since the year 1.
fn time_of_ticks(ticks: i64) -> Option<Timestamp> {
    const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
    Timestamp::from_microsecond(ticks.checked_sub(UNIX_EPOCH_TICKS)? / 10).ok()
}

fn back(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_sub(by).unwrap_or(now)
}

/// The source under which the program's own rows are kept.
fn own_source() -> SourceId {
    SourceId {
        provider: PROVIDER.to_owned(),
        tenant: PROVIDER.to_owned(),
        source: "alarms".to_owned(),
    }
}
