//! The port through which received events become durable. The journal is the one real implementation; tests have
//! others that are full, slow or broken. Deliberately absent: anything of HTTP.

use futures::future::BoxFuture;
use model::Batch;

/// Takes batches. When `append` has answered `Ok`, the batch is on disk.
pub trait Intake: Send + Sync {
    /// Makes `batch` durable, once.
    fn append(&self, batch: Batch) -> BoxFuture<'_, Result<Taken, IntakeError>>;
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Taken {
    /// Events that are new and now stored.
    pub stored: u64,
    /// Events that had been stored before.
    pub duplicates: u64,
    /// Input that went to the dead letters.
    pub rejected: u64,
}

/// Why a batch was not taken. Nothing of it is stored; the sender is asked to try again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The disk or the budget for it is full, or too much waits already.
    #[error("the journal is full")]
    Full {
        /// When it is worth trying again.
        retry_after_seconds: u64,
    },
    /// The server is stopping.
    #[error("the server is stopping")]
    Closed,
    /// The storage failed. The text is for the log, not for the sender.
    #[error("the journal cannot write: {0}")]
    Storage(String),
}
