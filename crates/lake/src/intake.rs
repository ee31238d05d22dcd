//! What the lake needs of a journal: to read from an offset, to learn that there is more, and to say what it has.
//! Deliberately absent: the journal itself. The trait keeps the lake testable without a disk.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use jiff::Timestamp;
use model::SourceId;
use tokio::sync::watch;

/// An event of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its position in the journal.
    pub offset: u64,
    /// The provider's id of it.
    pub id: String,
    /// The provider's time.
    pub time: Option<Timestamp>,
    /// The event, byte for byte.
    pub raw: Bytes,
}

/// Events that became durable together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Who brought them.
    pub source: Arc<SourceId>,
    /// When they reached us.
    pub received: Timestamp,
    /// The events, offsets ascending.
    pub events: Vec<Event>,
}

/// An event that cannot become a row; it goes to the dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Its position in the journal.
    pub offset: u64,
    /// Why, as a lowercase fragment.
    pub reason: String,
}

/// Any error of a journal.
pub type IntakeError = Box<dyn std::error::Error + Send + Sync>;

/// A journal, as one of its readers sees it.
pub trait Intake: Send + Sync {
    /// Where this reader stands: everything before is in the lake. Blocks.
    fn start(&self) -> Result<u64, IntakeError>;
    /// Events from offset `from` on, at most about `bytes_max` of them but at least one if there is one; empty at the
    /// end. Blocks.
    fn read(&self, from: u64, bytes_max: usize) -> Result<Vec<Delivery>, IntakeError>;
    /// The offset after the last event; changes as events arrive.
    fn head(&self) -> watch::Receiver<u64>;
    /// Says that the lake has every event before `offset`, except for the unfit ones.
    fn advance(&self, offset: u64, unfit: Vec<Unfit>) -> BoxFuture<'_, Result<(), IntakeError>>;
}
