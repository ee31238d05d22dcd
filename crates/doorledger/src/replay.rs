//! Dead letters, tried again: input that could not be read is decoded anew, events that a destination refused are sent
//! anew. What succeeds leaves the box. And dead letters that are given up: who gave which up and why is noted in a file of
//! the data folder before they are gone. Both are counted in the ledger, under names of their own.
//! Deliberately absent: keeping the letters (`journal`) and showing them (`api`).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::{
    DeadLetter as ShownLetter, DeadLetterBox, DeadLetterBoxError, DeadLetterFilter, DeadLetterPage,
    DiscardOutcome, DiscardRequest, RawEncoding, ReplayOutcome, ReplayRequest,
};
use destinations::Outgoing;
use futures::future::BoxFuture;
use journal::{Booking, DeadLetter, Delivered, Deliveries, Journal};
use model::{Batch, Clock, Timestamp, Via};
use serde_json::json;

use crate::parts::Parts;
use crate::roster::Supervisor;
use crate::ship::Shipper;

/// Letters that are read together in a replay of all of them.
const PAGE_LETTERS: usize = 500;

/// Name of the file, within the data folder, in which each discarded letter leaves a line of JSON.
const DISCARDED_FILE: &str = "dead-letters-discarded.ndjson";

/// Under which name of the ledger events are counted that a destination got again: this and the destination's name.
pub(crate) const REPLAY_PREFIX: &str = "replay/";
/// Under which name of the ledger discarded letters are counted: this and their origin.
const DISCARD_PREFIX: &str = "discard/";

/// The dead letters of a node.
pub(crate) struct Replay {
    journal: Journal,
    supervisor: Arc<Supervisor>,
    clock: Arc<dyn Clock>,
    /// Where discarded letters are noted.
    discarded: PathBuf,
}

impl Replay {
    /// Over the journal and the shippers that run at the time.
    pub(crate) fn new(supervisor: Arc<Supervisor>, data: &Path) -> Self {
        let Parts { journal, clock, .. } = supervisor.parts().clone();
        Self { journal, supervisor, clock, discarded: data.join(DISCARDED_FILE) }
    }

    async fn replay_all(&self, which: &ReplayRequest) -> Result<ReplayOutcome, DeadLetterBoxError> {
        let mut outcome = ReplayOutcome::default();
        let mut after = 0;
        loop {
            let letters = self.page(which, after)?;
            let Some(last) = letters.last() else { return Ok(outcome) };
            after = last.id;
            for letter in letters {
                self.replay_one(letter, &mut outcome).await?;
            }
        }
    }

    /// The letters after this number that a request for all of them means.
    fn page(
        &self,
        which: &ReplayRequest,
        after: u64,
    ) -> Result<Vec<DeadLetter>, DeadLetterBoxError> {
        let filter = journal::DeadLetterFilter {
            origin: which.origin.clone(),
            source: which.source.clone(),
            reason: which.reason.clone(),
            after,
            count_max: PAGE_LETTERS,
            before: None,
        };
        self.journal.dead_letters(&filter).map_err(failed)
    }

    async fn replay_ids(&self, ids: &[u64]) -> Result<ReplayOutcome, DeadLetterBoxError> {
        let mut outcome = ReplayOutcome::default();
        for id in ids {
            match self.journal.dead_letter(*id).map_err(failed)? {
                Some(letter) => self.replay_one(letter, &mut outcome).await?,
                None => outcome.failed += 1,
            }
        }
        Ok(outcome)
    }

    /// Notes letters in the file, then takes them out.
    async fn discard_page(
        &self,
        letters: Vec<DeadLetter>,
        why: &str,
    ) -> Result<u64, DeadLetterBoxError> {
        let now = self.clock.now();
        let mut lines = Vec::new();
        let mut counts: BTreeMap<String, Deliveries> = BTreeMap::new();
        for letter in &letters {
            let line = json!({
                "at": now, "why": why, "id": letter.id, "origin": letter.origin,
                "source": letter.source.to_string(), "event_id": letter.event_id,
                "reason": letter.reason, "dead_since": letter.at,
            });
            lines.extend_from_slice(format!("{line}\n").as_bytes());
            let name = format!("{DISCARD_PREFIX}{}", letter.origin);
            let delivered = Delivered { refused: 1, ..Delivered::default() };
            counts.entry(name).or_default().add(
                &letter.source,
                time_of(letter),
                letter.at,
                delivered,
            );
        }
        let path = self.discarded.clone();
        let noted = tokio::task::spawn_blocking(move || append(&path, &lines)).await;
        noted.map_err(failed)?.map_err(|error| {
            DeadLetterBoxError(format!("nothing was discarded, for it could not be noted: {error}"))
        })?;
        let booking = Booking {
            deliveries: counts.into_iter().collect(),
            dead: Vec::new(),
            settled: letters.iter().map(|letter| letter.id).collect(),
        };
        self.journal.book(booking).await.map_err(failed)
    }

    async fn replay_one(
        &self,
        letter: DeadLetter,
        outcome: &mut ReplayOutcome,
    ) -> Result<(), DeadLetterBoxError> {
        let id = letter.id;
        let mut deliveries = Vec::new();
        // What a destination refused has the name of its reader as its origin.
        let destination = letter.origin.strip_prefix(Shipper::READER_PREFIX);
        let succeeded = match destination.map(|name| self.line(name)) {
            // Nobody sends to it now: the letter waits until somebody does.
            Some(None) => false,
            Some(Some(shipper)) => {
                let mut counted = Deliveries::new();
                let delivered = Delivered { acknowledged: 1, ..Delivered::default() };
                counted.add(&letter.source, time_of(&letter), letter.at, delivered);
                deliveries.push((format!("{REPLAY_PREFIX}{}", shipper.name), counted));
                let domain = shipper.domains.now().of(&letter.source).map(Arc::from);
                shipper.send_once(outgoing(letter, domain)).await
            }
            // What is read again is counted as any event that comes in.
            None => self.read_again(letter).await?,
        };
        if succeeded {
            let booking = Booking { deliveries, dead: Vec::new(), settled: vec![id] };
            self.journal.book(booking).await.map_err(failed)?;
            outcome.replayed += 1;
        } else {
            outcome.failed += 1;
        }
        Ok(())
    }

    /// Who sends to a destination, unless it is gone or switched off.
    fn line(&self, name: &str) -> Option<Arc<Shipper>> {
        self.supervisor.shipper(name).filter(|_| !self.supervisor.is_paused(name))
    }

    /// Decodes a letter with today's program; whether all of it could be read and is durable now.
    async fn read_again(&self, letter: DeadLetter) -> Result<bool, DeadLetterBoxError> {
        let Some(provider) = sources::find(&letter.source.provider) else { return Ok(false) };
        let decoded = provider.read_export(&letter.raw);
        if decoded.events.is_empty() || !decoded.rejected.is_empty() {
            return Ok(false);
        }
        let batch = Batch {
            source: letter.source,
            via: Via::Import,
            received: self.clock.now(),
            events: decoded.events,
            rejected: Vec::new(),
            cursor: None,
            gap: None,
            walked: None,
        };
        self.journal.append(batch).await.map(|_| true).map_err(failed)
    }
}

impl DeadLetterBox for Replay {
    fn list(
        &self,
        filter: DeadLetterFilter,
    ) -> BoxFuture<'_, Result<DeadLetterPage, DeadLetterBoxError>> {
        Box::pin(async move {
            let filter = journal::DeadLetterFilter {
                origin: filter.origin,
                source: filter.source,
                reason: filter.reason,
                after: 0,
                before: Some(filter.before.unwrap_or(u64::MAX)),
                count_max: filter.limit,
            };
            let total = self.journal.dead_letter_count(&filter).map_err(failed)?;
            let letters = self.journal.dead_letters(&filter).map_err(failed)?;
            Ok(DeadLetterPage { letters: letters.iter().map(shown).collect(), total })
        })
    }

    fn show(&self, id: u64) -> BoxFuture<'_, Result<Option<ShownLetter>, DeadLetterBoxError>> {
        Box::pin(async move {
            let letter = self.journal.dead_letter(id).map_err(failed)?;
            Ok(letter.map(|letter| shown(&letter).with_raw(&letter.raw)))
        })
    }

    fn replay(
        &self,
        which: ReplayRequest,
    ) -> BoxFuture<'_, Result<ReplayOutcome, DeadLetterBoxError>> {
        Box::pin(async move {
            if which.all {
                self.replay_all(&which).await
            } else {
                self.replay_ids(&which.ids).await
            }
        })
    }

    fn discard(
        &self,
        wanted: DiscardRequest,
    ) -> BoxFuture<'_, Result<DiscardOutcome, DeadLetterBoxError>> {
        Box::pin(async move {
            let DiscardRequest { which, why } = wanted;
            let mut outcome = DiscardOutcome::default();
            if !which.all {
                for ids in which.ids.chunks(PAGE_LETTERS) {
                    let mut letters = Vec::with_capacity(ids.len());
                    for id in ids {
                        letters.extend(self.journal.dead_letter(*id).map_err(failed)?);
                    }
                    outcome.unknown += (ids.len() - letters.len()) as u64;
                    outcome.discarded += self.discard_page(letters, &why).await?;
                }
                return Ok(outcome);
            }
            loop {
                let letters = self.page(&which, 0)?;
                if letters.is_empty() {
                    return Ok(outcome);
                }
                outcome.discarded += self.discard_page(letters, &why).await?;
            }
        })
    }
}

/// Appends lines and waits until they are on disk.
fn append(path: &Path, lines: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::options().create(true).append(true).open(path)?;
    file.write_all(lines)?;
    file.sync_data()
}

/// When the event of a letter happened, as it tells itself.
fn time_of(letter: &DeadLetter) -> Option<Timestamp> {
    let provider = sources::find(&letter.source.provider)?;
    provider.read_export(&letter.raw).events.first()?.time
}

fn shown(letter: &DeadLetter) -> ShownLetter {
    ShownLetter {
        id: letter.id,
        at: letter.at,
        origin: letter.origin.clone(),
        source: letter.source.to_string(),
        event_id: letter.event_id.clone(),
        reason: letter.reason.clone(),
        raw: None,
        raw_encoding: RawEncoding::default(),
    }
}

fn outgoing(letter: DeadLetter, domain: Option<Arc<str>>) -> Outgoing {
    Outgoing {
        time: time_of(&letter),
        source: Arc::new(letter.source),
        domain,
        offset: letter.offset.unwrap_or_default(),
        id: letter.event_id,
        received: letter.at,
        raw: letter.raw,
    }
}

fn failed(error: impl std::error::Error) -> DeadLetterBoxError {
    DeadLetterBoxError(error.to_string())
}
