//! The desk behind `GET /api/v1/ledger`.
//! Deliberately absent: HTTP (`api`) and the statement itself (`statement`).

use std::sync::Arc;

use api::{IntakeError, LedgerDesk, OperationError, StatementForm, StatementRequest};
use bytes::Bytes;
use futures::future::BoxFuture;
use model::Clock;

use super::{Desk, Shown};

/// Makes statements where nobody waits for the thread.
pub(crate) struct Statements {
    desk: Arc<Desk>,
    clock: Arc<dyn Clock>,
}

impl Statements {
    /// Made at this desk.
    pub(crate) fn new(desk: Desk, clock: Arc<dyn Clock>) -> Self {
        Self { desk: Arc::new(desk), clock }
    }
}

impl LedgerDesk for Statements {
    fn statement(&self, wanted: StatementRequest) -> BoxFuture<'_, Result<Bytes, OperationError>> {
        let (desk, now) = (Arc::clone(&self.desk), self.clock.now());
        let form = match wanted.format {
            StatementForm::Json => Shown::Json,
            StatementForm::Html => Shown::Html,
        };
        Box::pin(async move {
            let made = tokio::task::spawn_blocking(move || {
                desk.document(&wanted.tenant, &wanted.month, form, now)
            });
            let failed = |error: String| OperationError::Intake(IntakeError::Storage(error));
            match made.await {
                Ok(Ok(Ok(document))) => Ok(document),
                Ok(Ok(Err(problem))) => Err(OperationError::Refused(vec![problem])),
                Ok(Err(error)) => Err(failed(error.to_string())),
                Err(panic) => Err(failed(panic.to_string())),
            }
        })
    }
}
