//! The lake: journal → Arrow → Parquet → Delta tables, partitioned by day, on a folder or any object store; and the
//! tables as DataFusion sees them, with the rows that are not committed yet.
//!
//! # The way of an event
//!
//! `writer` reads the journal, `rows` turns events into Arrow batches, which `table` shows at once (`tail`). Now and then
//! the rows in memory are frozen, sorted into days and encoded (`encode`), written (`durable`), and committed together
//! with the journal's offset in one entry of the Delta log (`delta`). The files of that entry appear and the frozen rows
//! vanish under one lock, so that a query (`provider`) sees every row once. Only then is the journal told.
//!
//! # What holds
//!
//! * A crash between any two steps changes nothing: what was not committed is read again from the journal, and what was
//!   is recognised by the offset in the log.
//! * Each commit relies on the version that was looked at before it, so that several nodes may write and clean up at
//!   once. A commit whose answer was lost is found before it is tried again.
//! * Memory is bounded by [`LakeOptions::flush_bytes`]; what has to wait, waits in the journal.
//! * A file that is damaged is named, and nothing is overwritten.
//!
//! # On disk
//!
//! `<Table>/_Day=2026-03-05/<uuid>.parquet` and `<Table>/_delta_log/`: plain Delta tables (reader version 1, writer
//! version 2) that other programs can read. Every column says its Kusto type in its metadata (`kusto`).
//!
//! Deliberately absent: KQL, HTTP, and every provider: the binary hands in the column mapper.

mod archive;
mod attest;
mod change;
mod clockwatch;
mod compact;
mod damaged;
mod delta;
mod digest;
mod durable;
mod encode;
mod entries;
mod error;
mod files;
mod ids;
mod intake;
mod lake;
mod layout;
mod limits;
mod maintain;
mod notary;
mod options;
mod pinning;
mod place;
mod provider;
mod reading;
mod record;
mod repair;
mod rows;
mod sealing;
mod status;
mod table;
mod tail;
mod verify;
mod writer;

pub use damaged::TableDamage;
pub use digest::{Digest, EventSum, NotADigest};
pub use error::{Error, Result};
pub use intake::{Intake, IntakeError, READER};
pub use lake::Lake;
pub use layout::{
    ADDITIONAL_FIELDS, EVENT_ID, INGESTION_TIME, KUSTO, NODE, OFFSET, PROVIDER, RAW_EVENT, SOURCE,
    TENANT, TIME_GENERATED, TIME_RECEIVED, TYPE, kusto_type,
};
pub use maintain::Maintained;
pub use notary::{Notary, PINS_FILE, Pin, PinsError, pins_of};
pub use options::{Failpoint, LakeOptions, Step, StoreWrap};
pub use repair::{Remedy, accept_table, remedies};
pub use status::{LakeStatus, TableStatus};
pub use verify::{Finding, Progress, TableVerdict, VerifyOptions, verify};
