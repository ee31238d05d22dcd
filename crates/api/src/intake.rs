//! The port through which received events become durable. The journal is the one real implementation; tests have
//! others that are full, slow or broken. Deliberately absent: anything of HTTP.

use futures::FutureExt;
use futures::future::BoxFuture;
use journal::{AppendError, Journal};
use model::Batch;
use utoipa::ToSchema;

/// Takes batches. When `append` has answered `Ok`, the batch is on disk.
pub trait Intake: Send + Sync {
    /// Makes `batch` durable, once.
    fn append(&self, batch: Batch) -> BoxFuture<'_, Result<Taken, IntakeError>>;
}

/// What became of a batch.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, ToSchema,
)]
pub struct Taken {
    /// Events that are new and now stored.
    pub stored: u64,
    /// Events that had been stored before.
    pub duplicates: u64,
    /// Input that went to the dead letters.
    pub rejected: u64,
}

/// Why a batch was not taken. Nothing of it counts as stored; sending it again is right in every case but `TooLarge`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The disk, or the budget for it, is full.
    #[error("the journal is full")]
    Full {
        /// When it is worth trying again.
        retry_after_seconds: u64,
    },
    /// Too much waits already; passes within seconds.
    #[error("too much waits for the journal")]
    Busy,
    /// One request may not bring this much.
    #[error("a batch of {events} events and {bytes} bytes is over the journal's limit")]
    TooLarge {
        /// Its events.
        events: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// The server is stopping.
    #[error("the server is stopping")]
    Closed,
    /// The data folder is damaged, so that nothing is written to it until somebody has looked.
    #[error("the data folder is read only: {0}")]
    ReadOnly(String),
    /// The storage failed. The text is for the log, not for the sender.
    #[error("the journal cannot write: {0}")]
    Storage(String),
}

impl Intake for Journal {
    fn append(&self, batch: Batch) -> BoxFuture<'_, Result<Taken, IntakeError>> {
        async move {
            let appended = Self::append(self, batch).await?;
            Ok(Taken {
                stored: appended.stored,
                duplicates: appended.duplicates,
                rejected: appended.rejected,
            })
        }
        .boxed()
    }
}

impl From<AppendError> for IntakeError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full { retry_after_seconds } => Self::Full { retry_after_seconds },
            AppendError::Busy => Self::Busy,
            AppendError::TooLarge { events, bytes } => Self::TooLarge { events, bytes },
            AppendError::Closed => Self::Closed,
            // What is left has one meaning here: the storage, what the lake holds, or an earlier batch failed.
            other => Self::Storage(causes(&other)),
        }
    }
}

/// An error and what caused it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
