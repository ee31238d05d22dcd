//! Runs KQL: the bound plan of `kql` becomes a DataFusion plan over the tables that `Tables` provides, its rows come out
//! through `model::QueryEngine`. One file for each group of functions, one for each group of operators.
//!
//! Deliberately absent: HTTP, tenants' secrets, where tables are kept (`lake`), and the language itself (`kql`).

mod aggregates;
mod catalog;
mod dynamic;
mod engine;
mod error;
mod external;
mod functions;
mod kernel;
mod lower;
mod plugins;
pub mod reference;
mod results;
mod stored;
mod subqueries;
mod ticks;
mod watchlists;

pub use catalog::Tables;
pub use datafusion::datasource::TableProvider;
pub use engine::{Engine, EngineOptions};
pub use error::Error;
pub use external::{ExternalFiles, Fetch};
pub use stored::{Stored, StoredError, StoredFunctions};
pub use watchlists::{Watchlist, Watchlists};
