//! What the lake needs of a journal: to read from an offset, to learn that there is more, and to say what it has.
//! Deliberately absent: the journal itself. The trait keeps the lake testable without a disk.

use futures::future::BoxFuture;
use journal::{DeadLetter, Journal, ReaderStart, StoredBatch};
use tokio::sync::watch;

/// The name under which the lake is a reader of the journal.
pub const READER: &str = "lake";

/// Any error of a journal.
pub type IntakeError = Box<dyn std::error::Error + Send + Sync>;

/// A journal, as the lake sees it.
pub trait Intake: Send + Sync {
    /// The journal's own name: offsets of another journal mean something else.
    fn id(&self) -> &str;
    /// Where the lake stands: everything before is in it. Blocks.
    ///
    /// # Errors
    /// Whatever keeps the journal from answering.
    fn start(&self) -> Result<u64, IntakeError>;
    /// Events from offset `from` on, about `bytes_max` bytes of them but at least one if there is one; none at the
    /// end. Blocks.
    ///
    /// # Errors
    /// Whatever keeps the journal from reading.
    fn read(&self, from: u64, bytes_max: usize) -> Result<Vec<StoredBatch>, IntakeError>;
    /// The offset after the last event, as it moves.
    fn head(&self) -> watch::Receiver<u64>;
    /// Says that the lake has every event before `offset`, except for the `dead` ones.
    fn advance(&self, offset: u64, dead: Vec<DeadLetter>)
    -> BoxFuture<'_, Result<(), IntakeError>>;
}

impl Intake for Journal {
    fn id(&self) -> &str {
        self.id()
    }

    fn start(&self) -> Result<u64, IntakeError> {
        Ok(self.register_reader(READER, ReaderStart::Beginning)?)
    }

    fn read(&self, from: u64, bytes_max: usize) -> Result<Vec<StoredBatch>, IntakeError> {
        Ok(self.read(from, bytes_max)?)
    }

    fn head(&self) -> watch::Receiver<u64> {
        self.head()
    }

    fn advance(
        &self,
        offset: u64,
        dead: Vec<DeadLetter>,
    ) -> BoxFuture<'_, Result<(), IntakeError>> {
        Box::pin(async move { Ok(self.advance(READER, offset, dead).await?) })
    }
}
