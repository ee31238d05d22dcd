//! The lake's own limits, each with its unit in its name and the reason for its size.
//! Deliberately absent: what a user may set (`options`).

use std::time::Duration;

/// How much is read of the journal in one go. Small enough that its rows are visible soon and the writer can be
/// stopped between two reads, large enough that a batch of rows is worth its overhead.
pub(crate) const READ_BYTES_MAX: usize = 1024 * 1024;

/// A read that brought less than this says that the writer has caught up with the journal.
pub(crate) const READ_BYTES_FULL: usize = 256 * 1024;

/// Having caught up, the writer lets events gather for this long before it reads again, so that a thousand requests
/// of one event do not make a thousand batches of one row. A tenth of the 250 ms in which rows must be visible.
pub(crate) const GATHER: Duration = Duration::from_millis(25);

/// Batches in the tail with fewer rows than this are merged with their neighbours.
pub(crate) const TAIL_BATCH_ROWS_SMALL: usize = 1024;

/// So many small batches stand in the tail before they are merged.
pub(crate) const TAIL_BATCHES_SMALL_MAX: usize = 16;

/// The tail may grow to this many times `flush_bytes` while a flush is under way or fails; then the journal waits.
pub(crate) const TAIL_FLUSHES_MAX: usize = 2;

/// Rows of a row group in a file that a flush writes: what fits a reader's patience when a filter hits one row of it.
pub(crate) const FRESH_ROW_GROUP_ROWS: usize = 16 * 1024;

/// Rows of a row group in a compacted file. A scan pays for each column of each row group before it reads the first value;
/// the encoder holds one row group's pages, compressed, in memory.
pub(crate) const COMPACT_ROW_GROUP_ROWS: usize = 128 * 1024;

/// How hard Zstandard tries for a file that will be merged again, and for one that stays: the second level takes eight times as
/// long to write, a sixth less room and a fifth less time to read.
pub(crate) const COMPACT_ZSTD_LEVEL: i32 = 1;
/// See [`COMPACT_ZSTD_LEVEL`].
pub(crate) const SETTLED_ZSTD_LEVEL: i32 = 9;

/// Rows that are sorted and handed to the Parquet encoder at once.
pub(crate) const ENCODE_ROWS: usize = 4 * 1024;

/// Bytes of Arrow memory after which a compaction sorts what it has gathered and hands it to the encoder.
pub(crate) const COMPACT_GATHER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The same in rows.
pub(crate) const COMPACT_GATHER_ROWS_MAX: usize = 16 * 1024;

/// A file of this size is good; smaller ones are merged until they reach it.
pub(crate) const COMPACT_FILE_BYTES: u64 = 24 * 1024 * 1024;

/// So many files of about one size are merged into one while their day is still being written.
pub(crate) const COMPACT_FILES_MIN: usize = 8;

/// One step of compaction reads at most this many files.
pub(crate) const COMPACT_FILES_MAX: usize = 64;

/// A day that got no rows for so long counts as closed, and its small files are merged whatever their number.
pub(crate) const COMPACT_QUIET: Duration = Duration::from_secs(15 * 60);

/// Commits between two checkpoints of a table's log. A reader replays at most so many commits.
pub(crate) const CHECKPOINT_COMMITS: u64 = 64;

/// Log entries older than this are deleted once a checkpoint covers them. Nothing here travels in time; a reader needs
/// an entry only while it loads the table.
pub(crate) const LOG_KEPT: Duration = Duration::from_secs(2 * 60 * 60);

/// Tries of one commit against other writers before the flush starts again.
pub(crate) const COMMIT_TRIES_MAX: usize = 8;

/// First and longest pause after a failed flush.
pub(crate) const RETRY_FIRST: Duration = Duration::from_millis(500);
/// See [`RETRY_FIRST`].
pub(crate) const RETRY_LONGEST: Duration = Duration::from_secs(60);

/// An attempt to write that took longer than this share of the vacuum's grace is given up and begun anew with new
/// files, because another node's vacuum may take the old ones for abandoned.
pub(crate) const ATTEMPT_SHARE_OF_GRACE: u32 = 4;

/// Every so many rounds of housekeeping the table's folder is listed for files that belong to it no more.
pub(crate) const VACUUM_ROUNDS: u64 = 90;

/// How many bytes of a text value are kept as a minimum or maximum in Parquet statistics.
pub(crate) const STATISTICS_BYTES: usize = 64;

/// Files whose digests one commit attests: its record stays below 64 KiB.
pub(crate) const ATTEST_FILES_MAX: usize = 256;

/// Log entries in one segment of the chain's archive.
pub(crate) const ARCHIVE_ENTRIES_MAX: usize = 4096;

/// Bytes of log entries after which a segment is full. One entry more may come on top.
pub(crate) const ARCHIVE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes that a segment may have when it is decompressed: the limit above, escaped as JSON, and one large entry.
pub(crate) const SEGMENT_BYTES_MAX: u64 = 128 * 1024 * 1024;
