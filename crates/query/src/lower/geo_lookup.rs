//! `geo_line_lookup` and `geo_polygon_lookup`: a join under the condition that the binder made. Deliberately absent: an
//! index of the shapes; the table that is looked into is small.

use datafusion::common::{JoinType, ScalarValue};
use datafusion::logical_expr::LogicalPlanBuilder;
use kql::plan::{Plan, PluginArg};

use super::join::absent;
use super::{Flow, Lowering, scalar};
use crate::error::{Error, Result};

/// Whether a plugin is one of the two.
pub(super) fn is_lookup(plugin: &str) -> bool {
    matches!(plugin, "geo_line_lookup" | "geo_polygon_lookup")
}

impl Lowering<'_> {
    pub(super) fn geo_lookup(&mut self, input: &Plan, args: &[PluginArg]) -> Result<Flow> {
        let [PluginArg::Table(table), PluginArg::Scalar(_, condition), PluginArg::Scalar(_, all)] =
            args
        else {
            return Err(Error::Defect("a lookup has a table, a condition and a flag".to_owned()));
        };
        let left = self.flow(input)?;
        let left = self.computed(left)?;
        let right = self.flow(table)?;
        let right = self.computed(right)?;
        let unmatched = scalar::constant(all)? == Some(ScalarValue::Boolean(Some(true)));
        let join = if unmatched { JoinType::Left } else { JoinType::Inner };
        let columns: Vec<_> = left.columns.iter().chain(&right.columns).cloned().collect();
        let condition = scalar::predicate(&columns, condition)?;
        let plan =
            LogicalPlanBuilder::from(left.plan).join_on(right.plan, join, [condition])?.build()?;
        let looked_up = right.columns.into_iter().map(|column| absent(column, unmatched));
        Ok(Flow { plan, columns: left.columns.into_iter().chain(looked_up).collect() })
    }
}
