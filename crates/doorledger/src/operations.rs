//! What is set going from outside while a node runs: imports, backfills, giving up a destination that was removed.
//! Deliberately absent: HTTP (`api`) and the backfills themselves (`backfills`).

use std::sync::Arc;

use api::{
    BackfillOutlook, BackfillProgress, BackfillRequest, Forgotten, Intake, IntakeError,
    OperationError, Taken,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use journal::Journal;
use model::{Batch, Clock, Problem, SourceId, Via};

use crate::backfills::Backfills;
use crate::removed;
use crate::roster::Roster;

/// The operations of one node.
pub(crate) struct Operations {
    journal: Journal,
    intake: Arc<dyn Intake>,
    /// Why nothing may be written, if that is so.
    read_only: Option<String>,
    backfills: Arc<Backfills>,
    roster: Arc<Roster>,
    clock: Arc<dyn Clock>,
}

impl Operations {
    /// Over this journal and these backfills.
    pub(crate) fn new(
        journal: Journal,
        backfills: Arc<Backfills>,
        roster: Arc<Roster>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let intake = Arc::new(journal.clone());
        Self { journal, intake, read_only: None, backfills, roster, clock }
    }

    /// The same, but if there is a `reason`, nothing is written.
    pub(crate) fn read_only(mut self, reason: Option<String>, intake: Arc<dyn Intake>) -> Self {
        (self.read_only, self.intake) = (reason, intake);
        self
    }
}

impl api::Operations for Operations {
    fn import(
        &self,
        provider: String,
        tenant: String,
        body: Bytes,
    ) -> BoxFuture<'_, Result<Taken, OperationError>> {
        Box::pin(async move {
            let known = sources::find(&provider).ok_or_else(|| {
                let names: Vec<&str> = sources::ALL.iter().map(|known| known.name()).collect();
                let hint = format!("choose one of: {}", names.join(", "));
                OperationError::Refused(vec![Problem::new(
                    "provider",
                    format!("`{provider}` is not a provider"),
                    hint,
                )])
            })?;
            let decoded = tokio::task::spawn_blocking(move || known.read_export(&body)).await;
            let decoded = decoded
                .map_err(|error| OperationError::Intake(IntakeError::Storage(error.to_string())))?;
            let batch = Batch {
                source: SourceId { provider, tenant, source: "import".to_owned() },
                via: Via::Import,
                received: self.clock.now(),
                events: decoded.events,
                rejected: decoded.rejected,
                cursor: None,
                gap: None,
                walked: None,
            };
            self.intake.append(batch).await.map_err(OperationError::Intake)
        })
    }

    fn start_backfills(&self, wanted: &BackfillRequest) -> Result<(), OperationError> {
        if let Some(reason) = &self.read_only {
            return Err(OperationError::Intake(IntakeError::ReadOnly(reason.clone())));
        }
        self.backfills
            .start(&wanted.tenants, &wanted.since)
            .map(drop)
            .map_err(OperationError::Refused)
    }

    fn survey_backfills(
        &self,
        wanted: BackfillRequest,
    ) -> BoxFuture<'_, Result<Vec<BackfillOutlook>, OperationError>> {
        Box::pin(async move {
            let surveyed = self.backfills.survey(&wanted.tenants, &wanted.since).await;
            surveyed.map_err(OperationError::Refused)
        })
    }

    fn forget_destination(&self, name: String) -> BoxFuture<'_, Result<Forgotten, OperationError>> {
        Box::pin(async move {
            if let Some(reason) = &self.read_only {
                return Err(OperationError::Intake(IntakeError::ReadOnly(reason.clone())));
            }
            // Nobody adds it while it is given up: its place would be gone, and with it what it has not got.
            let turn = self.roster.turn().await;
            let (journal, roster) = (self.journal.clone(), self.roster.now());
            if roster.is_partial {
                let message = format!("the registry cannot be read, and may name `{name}`");
                let hint = "see the log for what is wrong with registry.db, and try again when it is mended";
                return Err(OperationError::Refused(vec![Problem::new("name", message, hint)]));
            }
            let forgotten = tokio::task::spawn_blocking(move || {
                let forgotten = removed::forget(&journal, roster.destination_names(), &name);
                drop(turn);
                forgotten
            });
            let failed = |error: String| OperationError::Intake(IntakeError::Storage(error));
            match forgotten.await {
                Ok(Ok(forgotten)) => {
                    forgotten.map_err(|problem| OperationError::Refused(vec![problem]))
                }
                Ok(Err(error)) => Err(failed(error.to_string())),
                Err(panic) => Err(failed(panic.to_string())),
            }
        })
    }

    fn backfills(&self) -> Vec<BackfillProgress> {
        self.backfills.progress()
    }
}
