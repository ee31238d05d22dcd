//! Dead letters, tried again: input that could not be read is decoded anew, events that a destination refused are sent
//! anew. What succeeds leaves the box.
//! Deliberately absent: keeping the letters (`journal`) and showing them (`api`).

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{
    DeadLetter as ShownLetter, DeadLetterBox, DeadLetterBoxError, DeadLetterFilter, DeadLetterPage,
    RawEncoding, ReplayOutcome, ReplayRequest,
};
use destinations::Outgoing;
use futures::future::BoxFuture;
use journal::{DeadLetter, Journal};
use model::{Batch, Clock, Via};

use crate::ship::Shipper;

/// Letters that are read together in a replay of all of them.
const PAGE_LETTERS: usize = 500;

/// The dead letters of a node.
pub(crate) struct Replay {
    journal: Journal,
    /// Shippers by the name of their reader, which is the origin of what they refused.
    shippers: BTreeMap<String, Arc<Shipper>>,
    clock: Arc<dyn Clock>,
}

impl Replay {
    /// Over this journal and these shippers.
    pub(crate) fn new(
        journal: Journal,
        shippers: impl Iterator<Item = Arc<Shipper>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let shippers = shippers.map(|shipper| (Shipper::reader(&shipper.name), shipper)).collect();
        Self { journal, shippers, clock }
    }

    async fn replay_all(
        &self,
        origin: Option<String>,
    ) -> Result<ReplayOutcome, DeadLetterBoxError> {
        let mut outcome = ReplayOutcome::default();
        let mut after = 0;
        loop {
            let filter = journal::DeadLetterFilter {
                origin: origin.clone(),
                after,
                count_max: PAGE_LETTERS,
                before: None,
            };
            let letters = self.journal.dead_letters(&filter).map_err(failed)?;
            let Some(last) = letters.last() else { return Ok(outcome) };
            after = last.id;
            for letter in letters {
                self.replay_one(letter, &mut outcome).await?;
            }
        }
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

    async fn replay_one(
        &self,
        letter: DeadLetter,
        outcome: &mut ReplayOutcome,
    ) -> Result<(), DeadLetterBoxError> {
        let id = letter.id;
        let succeeded = match self.shippers.get(&letter.origin).cloned() {
            Some(shipper) => {
                let domain = shipper.domains.of(&letter.source).map(Arc::from);
                shipper.send_once(outgoing(letter, domain)).await
            }
            None => self.read_again(letter).await?,
        };
        if succeeded {
            self.journal.remove_dead_letters(vec![id]).await.map_err(failed)?;
            outcome.replayed += 1;
        } else {
            outcome.failed += 1;
        }
        Ok(())
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
            let total = self.journal.dead_letter_count(filter.origin.as_deref()).map_err(failed)?;
            let filter = journal::DeadLetterFilter {
                origin: filter.origin,
                after: 0,
                before: Some(filter.before.unwrap_or(u64::MAX)),
                count_max: filter.limit,
            };
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
                self.replay_all(which.origin).await
            } else {
                self.replay_ids(&which.ids).await
            }
        })
    }
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
        source: Arc::new(letter.source),
        domain,
        offset: letter.offset.unwrap_or_default(),
        id: letter.event_id,
        time: None,
        received: letter.at,
        raw: letter.raw,
    }
}

fn failed(error: impl std::error::Error) -> DeadLetterBoxError {
    DeadLetterBoxError(error.to_string())
}
