//! Plugins of `evaluate`, and operators that are no relational algebra: each reads rows and gives rows, in memory, within
//! named limits. One file for each plugin or family, one table of all of them.
//!
//! Deliberately absent: `bag_unpack` and `pivot` (`kql` makes projections and groupings of them), which arguments and
//! columns a plugin has (`kql`), and how its input is computed (`lower`, `stream`).

mod activity;
pub(crate) mod arguments;
mod cohorts;
pub(crate) mod discover;
mod funnel;
mod hll;
mod ip_lookup;
pub(crate) mod key_values;
mod mining;
mod narrow;
mod patterns;
pub(crate) mod reduce;
mod rows;
mod rows_near;
mod schema_merge;
mod sequence;
pub(crate) mod stream;
mod timeline;
mod windows;

use arrow::array::ArrayRef;
use datafusion::common::Result as DataFusionResult;

pub(crate) use arguments::{Arg, Call};
pub(crate) use rows::Rows;

use crate::error::{Error, Result};

/// How many rows a plugin takes that must see all of them at once. Memory usually ends before.
pub(crate) const COLLECTED_ROWS_MAX: usize = 20_000_000;

/// What a plugin does with rows: the columns of its output.
pub(crate) type Running = Box<dyn FnMut(&Rows) -> DataFusionResult<Vec<ArrayRef>> + Send>;

/// Begins the work, given the rows of the tables among the arguments.
type Start = Box<dyn Fn(Vec<Rows>) -> DataFusionResult<Running> + Send + Sync>;

/// A plugin whose arguments were read.
pub(crate) struct Work {
    /// Whether rows can be given to it as they come; otherwise it gets all of them at once.
    pub(crate) streams: bool,
    pub(crate) start: Start,
}

impl Work {
    /// Work that needs all rows at once.
    pub(crate) fn whole(
        run: impl Fn(&Rows) -> DataFusionResult<Vec<ArrayRef>> + Send + Sync + 'static,
    ) -> Self {
        let run = std::sync::Arc::new(run);
        Self {
            streams: false,
            start: Box::new(move |_| {
                let run = run.clone();
                Ok(Box::new(move |rows| run(rows)))
            }),
        }
    }

    /// Work that takes rows as they come.
    pub(crate) fn streaming(
        start: impl Fn(Vec<Rows>) -> DataFusionResult<Running> + Send + Sync + 'static,
    ) -> Self {
        Self { streams: true, start: Box::new(start) }
    }
}

/// A plugin of the table.
struct Plugin {
    name: &'static str,
    make: fn(&Call) -> Result<Work>,
}

static PLUGINS: &[Plugin] = &[
    Plugin { name: "active_users_count", make: windows::active_users_count },
    Plugin { name: "activity_counts_metrics", make: activity::counts },
    Plugin { name: "activity_engagement", make: activity::engagement },
    Plugin { name: "activity_metrics", make: activity::metrics },
    Plugin { name: "autocluster", make: patterns::autocluster },
    Plugin { name: "basket", make: patterns::basket },
    Plugin { name: "dcount_intersect", make: hll::dcount_intersect },
    Plugin { name: "diffpatterns", make: patterns::diffpatterns },
    Plugin { name: "funnel_sequence", make: funnel::both },
    Plugin { name: "funnel_sequence_before", make: funnel::before },
    Plugin { name: "funnel_sequence_after", make: funnel::after },
    Plugin { name: "funnel_sequence_completion", make: funnel::completion },
    Plugin { name: "identity", make: narrow::identity },
    Plugin { name: "ipv4_lookup", make: ip_lookup::ipv4_lookup },
    Plugin { name: "ipv6_lookup", make: ip_lookup::ipv6_lookup },
    Plugin { name: "narrow", make: narrow::narrow },
    Plugin { name: "new_activity_metrics", make: cohorts::new_activity_metrics },
    Plugin { name: "rolling_percentile", make: windows::rolling_percentile },
    Plugin { name: "rows_near", make: rows_near::rows_near },
    Plugin { name: "schema_merge", make: schema_merge::schema_merge },
    Plugin { name: "sequence_detect", make: sequence::sequence_detect },
    Plugin { name: "session_count", make: windows::session_count },
    Plugin { name: "sliding_window_counts", make: windows::sliding_window_counts },
];

/// Reads the arguments of the plugin called `call.name`.
pub(crate) fn make(call: &Call) -> Result<Work> {
    let plugin = PLUGINS
        .iter()
        .find(|plugin| plugin.name == call.name)
        .ok_or(Error::Unsupported("evaluate"))?;
    (plugin.make)(call)
}
