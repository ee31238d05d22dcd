//! The rim of reading back: once a minute it looks which destination is due, and asks it.
//! Deliberately absent: the comparison, and the alarms that come of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use destinations::{ANSWER_BYTES_MAX, Destination, ReadBack, ReadTable, Seen, Unread};
use journal::Journal;
use model::{Clock, SignedDuration, Timestamp};
use net::{Client, EntraTokens, TokenError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Acknowledged, Count, LOOKED_BACK, Progress};
use crate::collect::sleep;
use crate::parts::Parts;
use crate::roster::Roster;
use crate::ship::Shipper;
use crate::status::Board;

/// Between two looks.
const TICK: Duration = Duration::from_secs(60);
/// Before the first one.
const FIRST_TICK: Duration = Duration::from_secs(2);
/// An hour; counts of the hour that has begun are compared too.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Reads back from every destination that is configured for it.
pub(crate) struct ReadBacks {
    roster: Arc<Roster>,
    journal: Journal,
    client: Client,
    tokens: Arc<EntraTokens>,
    clock: Arc<dyn Clock>,
    board: Arc<Board>,
    progress: Mutex<BTreeMap<String, Progress>>,
    changed: Notify,
}

impl ReadBacks {
    /// Over the roster's destinations; of those that are not configured for it nothing is read.
    pub(crate) fn new(roster: Arc<Roster>, parts: &Parts) -> Self {
        Self {
            roster,
            journal: parts.journal.clone(),
            client: parts.client.clone(),
            tokens: parts.tokens.clone(),
            clock: parts.clock.clone(),
            board: parts.board.clone(),
            progress: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Goes on where an earlier run was.
    pub(crate) fn restore(&self, stored: &BTreeMap<String, Progress>) {
        *self.progress() = stored.clone();
    }

    /// How far each destination is that can be asked.
    pub(crate) fn all(&self) -> BTreeMap<String, Progress> {
        let asked = self.asked();
        let mut all = self.progress().clone();
        all.retain(|name, _| asked.iter().any(|(known, _)| known == name));
        all
    }

    /// The destinations that can be asked at present.
    fn asked(&self) -> Vec<(String, Arc<dyn Destination>)> {
        let roster = self.roster.now();
        let destinations = roster
            .destinations
            .iter()
            .map(|goal| (goal.name().to_owned(), goal.configured.destination.clone()));
        destinations.filter(|(_, destination)| destination.read_back().is_some()).collect()
    }

    /// Waits until something was compared, or could not be.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Looks and asks until it is told to stop.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let mut wait = FIRST_TICK;
        while sleep(wait, stop).await.is_ok() {
            wait = TICK;
            for (name, destination) in &self.asked() {
                let Some(read_back) = destination.read_back() else { continue };
                tokio::select! {
                    () = self.look(name, read_back) => {}
                    () = stop.cancelled() => return,
                }
            }
        }
    }

    async fn look(&self, name: &str, read_back: &ReadBack) {
        let now = self.clock.now();
        let mut progress = self.progress().get(name).cloned().unwrap_or_default();
        progress.at_place(&read_back.place(), now);
        let acknowledged = || self.acknowledged(name, read_back, now);
        let due = tokio::task::block_in_place(|| progress.due(now, read_back.grace, acknowledged));
        let due = due.unwrap_or_else(|error| {
            tracing::debug!(destination = name, error, "what was acknowledged could not be read");
            None
        });
        if let Some(due) = &due {
            let answer = self.ask(read_back, due).await;
            if let Err(unread) = &answer {
                let (reason, hint) = (&unread.message, &unread.hint);
                tracing::warn!(destination = name, hint, "it is not known what it shows: {reason}");
            }
            progress.answered(self.clock.now(), due, answer);
        }
        self.board.destination_read_back(name, progress.status(now));
        let is_news = {
            let mut all = self.progress();
            let before = all.insert(name.to_owned(), progress.clone());
            before.as_ref() != Some(&progress)
        };
        if is_news {
            self.changed.notify_one();
        }
    }

    /// What the journal counts of the last day, by the table that took it.
    fn acknowledged(
        &self,
        name: &str,
        read_back: &ReadBack,
        now: Timestamp,
    ) -> Result<Acknowledged, String> {
        let reader = Shipper::reader(name);
        let from = now.checked_sub(LOOKED_BACK).unwrap_or(now);
        let until = now.checked_add(HOUR).unwrap_or(now);
        let rows = self.journal.deliveries(from, until).map_err(|error| error.to_string())?;
        let mut sums: BTreeMap<(&str, Timestamp), u64> = BTreeMap::new();
        let mut incomparable: Vec<String> = Vec::new();
        for row in rows.iter().filter(|row| row.reader == reader) {
            let takes = |table: &&ReadTable| table.providers.contains(&row.source.provider);
            let Some(table) = read_back.tables().iter().find(takes) else { continue };
            match row.delivered.acknowledged {
                0 => {}
                _ if table.time_columns.is_empty() => {
                    if !incomparable.contains(&table.name) {
                        incomparable.push(table.name.clone());
                    }
                }
                events => *sums.entry((&table.name, row.hour)).or_default() += events,
            }
        }
        let count = |((table, hour), events): ((&str, Timestamp), u64)| Count {
            table: table.to_owned(),
            hour,
            events,
        };
        Ok(Acknowledged { counts: sums.into_iter().map(count).collect(), incomparable })
    }

    /// One question. Nothing is asked about nothing.
    async fn ask(&self, read_back: &ReadBack, due: &Acknowledged) -> Result<Vec<Seen>, Unread> {
        let Some(hours) = hours(due) else { return Ok(Vec::new()) };
        let is_asked =
            |table: &&ReadTable| due.counts.iter().any(|count| count.table == table.name);
        let tables: Vec<&ReadTable> = read_back.tables().iter().filter(is_asked).collect();
        let token = self.tokens.token(&read_back.credential).await.map_err(|error| Unread {
            message: error.to_string(),
            hint: match error {
                TokenError::Refused { hint, .. } => hint,
                TokenError::Unavailable { .. } => "it is asked again within the hour".to_owned(),
            },
        })?;
        let request = read_back.request(&tables, &hours, &token);
        let answer = self.client.send(request, ANSWER_BYTES_MAX).await.map_err(|failure| {
            Unread { message: failure.reason(), hint: failure.hint().to_owned() }
        })?;
        if answer.status.as_u16() == 401 {
            self.tokens.forget(&read_back.credential, &token);
        }
        read_back.read(&answer)
    }

    /// The notes stay readable even if a task died while it wrote.
    fn progress(&self) -> MutexGuard<'_, BTreeMap<String, Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From the first hour to the end of the last.
fn hours(due: &Acknowledged) -> Option<Range<Timestamp>> {
    let hours = || due.counts.iter().map(|count| count.hour);
    Some(hours().min()?..hours().max()?.checked_add(HOUR).ok()?)
}
