//! Runs KQL: the bound plan of `kql` becomes a DataFusion plan over the tables that `Tables` provides, its rows come out
//! through `model::QueryEngine`. One file for each group of functions, one for each group of operators.
//!
//! Deliberately absent: HTTP, tenants' secrets, where tables are kept (`lake`), and the language itself (`kql`).

mod aggregates;
mod answer_order;
mod catalog;
mod computed;
mod decimal;
mod dynamic;
mod engine;
mod error;
mod explained;
mod external;
mod functions;
mod graph;
mod kernel;
mod lower;
mod memory;
mod numbered;
mod parquet_file;
mod partitions;
mod plugins;
mod progress;
pub mod reference;
mod results;
mod scan;
mod shared;
mod short_texts;
mod sparse;
mod stored;
mod subqueries;
mod ticks;
mod top_rows;
mod watchlists;

pub use catalog::{Tables, catalog};
pub use datafusion::datasource::TableProvider;
pub use engine::{Engine, EngineOptions};
pub use error::Error;
pub use explained::Explained;
pub use external::{ExternalFiles, Fetch};
pub use memory::{JsonRow, MemoryTables, RowError, RowsError, columns_of};
pub use stored::{Stored, StoredError, StoredFunctions};
pub use watchlists::{Watchlist, Watchlists};
