//! What is set going from outside while a node runs: imports and backfills.
//! Deliberately absent: HTTP (`api`) and the backfills themselves (`backfills`).

use std::sync::Arc;

use api::{BackfillProgress, BackfillRequest, Intake, IntakeError, OperationError, Taken};
use bytes::Bytes;
use futures::future::BoxFuture;
use journal::Journal;
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
            };
            Intake::append(&self.journal, batch).await.map_err(OperationError::Intake)
        })
    }

    fn start_backfills(&self, wanted: &BackfillRequest) -> Result<(), OperationError> {
        self.backfills
            .start(&wanted.tenants, &wanted.since)
            .map(drop)
            .map_err(OperationError::Refused)
    }

    fn backfills(&self) -> Vec<BackfillProgress> {
        self.backfills.progress()
    }
}
