//! What is set going from outside while a node runs: received batches, imports, backfills.
//! Deliberately absent: HTTP (`api`) and the backfills themselves (`backfills`).

use std::sync::Arc;

use api::{BackfillProgress, BackfillRequest, Intake, IntakeError, OperationError, Taken};
use bytes::Bytes;
use futures::future::BoxFuture;
use journal::{AppendError, Journal};
use model::{Batch, Clock, Problem, SourceId, Via};

use crate::backfills::Backfills;

/// The operations of one node.
pub(crate) struct Operations {
    journal: Journal,
    backfills: Arc<Backfills>,
    clock: Arc<dyn Clock>,
}

impl Operations {
    /// Over this journal and these backfills.
    pub(crate) fn new(journal: Journal, backfills: Arc<Backfills>, clock: Arc<dyn Clock>) -> Self {
        Self { journal, backfills, clock }
    }

    /// Where receivers put what they are sent.
    pub(crate) fn intake(&self) -> JournalIntake {
        JournalIntake { journal: self.journal.clone() }
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
                OperationError::Refused(vec![Problem::new("provider", format!("`{provider}` is not a provider"), hint)])
            })?;
            let decoded = tokio::task::spawn_blocking(move || known.read_export(&body)).await;
            let decoded = decoded.map_err(|error| OperationError::Intake(IntakeError::Storage(error.to_string())))?;
            let batch = Batch {
                source: SourceId { provider, tenant, source: "import".to_owned() },
                via: Via::Import,
                received: self.clock.now(),
                events: decoded.events,
                rejected: decoded.rejected,
                cursor: None,
                gap: None,
            };
            self.intake().append(batch).await.map_err(OperationError::Intake)
        })
    }

    fn start_backfills(&self, wanted: &BackfillRequest) -> Result<(), OperationError> {
        self.backfills.start(&wanted.tenants, &wanted.since).map(drop).map_err(OperationError::Refused)
    }

    fn backfills(&self) -> Vec<BackfillProgress> {
        self.backfills.progress()
    }
}

/// The journal as the receivers see it.
#[derive(Clone)]
pub(crate) struct JournalIntake {
    journal: Journal,
}

impl Intake for JournalIntake {
    fn append(&self, batch: Batch) -> BoxFuture<'_, Result<Taken, IntakeError>> {
        Box::pin(async move {
            let appended = self.journal.append(batch).await.map_err(intake_error)?;
            Ok(Taken { stored: appended.stored, duplicates: appended.duplicates, rejected: appended.rejected })
        })
    }
}

fn intake_error(error: AppendError) -> IntakeError {
    match error {
        AppendError::Full { retry_after_seconds } => IntakeError::Full { retry_after_seconds },
        AppendError::Closed => IntakeError::Closed,
        other => IntakeError::Storage(format!("{:#}", anyhow::Error::new(other))),
    }
}
