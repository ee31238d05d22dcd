//! The lake: journal → Arrow → Parquet → Delta tables, partitioned by day, on a folder or any object store; and the
//! tables as DataFusion sees them, with the rows that are not committed yet.
//!
//! Deliberately absent: KQL, HTTP, and every provider: the binary hands in the column mapper.

mod compact;
mod delta;
mod durable;
mod encode;
mod error;
mod files;
mod ids;
mod intake;
mod lake;
mod layout;
mod limits;
mod maintain;
mod options;
mod place;
mod provider;
mod reading;
mod rows;
mod status;
mod table;
mod tail;
mod writer;

pub use error::{Error, Result};
pub use intake::{Intake, IntakeError, READER};
pub use lake::Lake;
pub use layout::{
    ADDITIONAL_FIELDS, EVENT_ID, INGESTION_TIME, KUSTO, NODE, OFFSET, PROVIDER, RAW_EVENT, SOURCE,
    TENANT, TIME_GENERATED, TIME_RECEIVED, TYPE, kusto_type,
};
pub use maintain::Maintained;
pub use options::{Failpoint, LakeOptions, Step};
pub use status::{LakeStatus, TableStatus};
