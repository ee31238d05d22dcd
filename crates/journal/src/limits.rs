//! The limits of the journal, each with its unit in its name and the reason for its size.
//! Deliberately absent: what a user may set, which is `Options`, and limits shared with other crates (`model::limits`).

use model::SignedDuration;

/// Bytes of events in one batch. A receiver's body is at most 8 MiB (`model::limits::BODY_BYTES_MAX`); the rest is
/// head-room for importers that group what they read.
pub(crate) const BATCH_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Events in one batch.
pub(crate) const BATCH_EVENTS_MAX: usize = 100_000;

/// Batches that may wait for the writer. A commit takes about a millisecond, so a full queue means seconds of waiting.
pub(crate) const QUEUE_BATCHES_MAX: usize = 4096;

/// Bytes of events that may wait for the writer: the memory that a stalled disk can cost.
pub(crate) const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Requests of readers (advance, register …) that may wait for the writer.
pub(crate) const QUEUE_REQUESTS_MAX: usize = 1024;

/// Bytes of events that are committed together. More would not save fsyncs that matter, and would let the first batch
/// of the group wait for the last.
pub(crate) const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes of frames in one compressed block. A reader that starts within a block decodes it whole, so blocks are small;
/// compression gains little beyond this size.
pub(crate) const BLOCK_BYTES_MAX: usize = 256 * 1024;

/// Below this size a block is kept as it is: compression would save less than it costs.
pub(crate) const COMPRESS_BYTES_MIN: usize = 2 * 1024;

/// Bytes of events that are encoded on the caller's task. More goes to a blocking thread, so that no async task holds
/// its worker for longer than about half a millisecond.
pub(crate) const ENCODE_INLINE_BYTES_MAX: usize = 256 * 1024;

/// Bytes of blocks after which a row of `batch` is closed. SQLite reads a row's value whole, so a row is what one read
/// costs at least.
pub(crate) const ROW_BYTES_MAX: usize = 1024 * 1024;

/// Rows of `batch` that are removed in one transaction, so that removal never delays an append noticeably.
pub(crate) const REMOVAL_ROWS_MAX: usize = 64;

/// Size of the write-ahead log at which it is copied into the database file. Large enough that pages which are
/// rewritten often are copied once, small enough that the copy takes milliseconds.
pub(crate) const WAL_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The same for a journal whose whole budget is small.
pub(crate) const WAL_BYTES_MIN: u64 = 256 * 1024;

/// Free space on the disk below which nothing is appended: what other programs and our own clean-up need to breathe.
pub(crate) const DISK_FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// What `AppendError::Full` tells the caller to wait. Readers free space within seconds, or a person has to act.
pub(crate) const FULL_RETRY_AFTER_SECONDS: u64 = 10;

/// The part of the disk budget that dead letters may fill: one in this many bytes.
pub(crate) const DEAD_LETTER_BUDGET_DIVISOR: u64 = 4;

/// Dead letters in one listing.
pub(crate) const DEAD_LETTERS_LISTED_MAX: usize = 1000;

/// Gaps that are remembered; the oldest goes when one more comes.
pub(crate) const GAPS_MAX: i64 = 10_000;

/// Read connections that are kept open when nobody reads.
pub(crate) const IDLE_CONNECTIONS_MAX: usize = 4;

/// Stretches beyond a reader's offset that are saved with it: 64 KiB of text at most, where a few hundred are usual.
pub(crate) const AHEAD_RANGES_MAX: usize = 8192;

/// Events that one `read` returns at most, whatever their size.
pub(crate) const READ_EVENTS_MAX: usize = 200_000;

/// Different events of one second that say the same. Beyond it they are told apart by their ids alone.
pub(crate) const CONTENT_EVENTS_MAX: u32 = 1000;

/// How long an event waits for its other telling (see `Twins`). Both channels of a tenant deliver within some ten
/// seconds: a poll looks every ten seconds, a webhook flushes as often.
pub(crate) const TWIN_WAIT: SignedDuration = SignedDuration::from_secs(30);

/// Events that wait for their other telling at a time: their bytes are in memory. One more does not wait.
pub(crate) const WAITING_EVENTS_MAX: usize = 10_000;

/// Bytes of them.
pub(crate) const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Hours of accounts that are held in memory: those that batches touch again and again.
pub(crate) const ACCOUNTS_CACHED_MAX: usize = 4096;

/// Rows of accounts, and of deliveries: a hundred sources for ten years of hours. The oldest hours go when there are more.
pub(crate) const ACCOUNT_ROWS_MAX: u64 = 8_000_000;

/// Stretches of walked time of one source. A source that is walked without a break has one; the oldest go when there are
/// more.
pub(crate) const WALKS_MAX: usize = 10_000;

/// Rows of marks that are removed in one step, so that removal never delays an append noticeably.
pub(crate) const MARK_ROWS_REMOVED_MAX: u64 = 4096;

/// For how many times `Options::dedup_ids_max` ids filters are kept. A filter takes 4.5 bytes an id, an exact set
/// about 25, so filters take about as much again.
pub(crate) const FILTERED_IDS_PER_EXACT_ID: usize = 4;

/// Days with fewer ids than this are not turned into a filter: nothing would be gained.
pub(crate) const FILTER_IDS_MIN: usize = 1024;

/// Ids of which a filter is built at once, in about 10 ms. For more there is a thread.
pub(crate) const FILTER_IDS_INLINE_MAX: usize = 100_000;

/// Size of database up to which opening checks the structure of the whole file. It takes about 0.1 s; a larger file is
/// checked where it is read.
pub(crate) const CHECK_AT_OPEN_BYTES_MAX: u64 = 128 * 1024 * 1024;
