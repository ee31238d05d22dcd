//! What `explain` tells of a query: its meaning, its execution, and how much of the store it would read.
//! Deliberately absent: running it.

use std::sync::Arc;

use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::{ExecutionPlan, displayable};

/// How a query would be answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explained {
    /// What the query means: an operator of KQL a line, its input below it.
    pub bound: String,
    /// The engine's plan after optimisation: what is filtered where.
    pub logical: String,
    /// What the engine would execute: an operator a line, its input below it.
    pub physical: String,
    /// Files that would be opened, those that statistics rule out not counted.
    pub files: usize,
    /// Their sizes together, in bytes; of wide tables only the columns named are read.
    pub file_bytes: u64,
}

impl Explained {
    pub(crate) fn add(&mut self, plan: &Arc<dyn ExecutionPlan>) {
        self.physical.push_str(&displayable(plan.as_ref()).indent(false).to_string());
        let mut stack = vec![plan];
        while let Some(plan) = stack.pop() {
            stack.extend(plan.children());
            let source = plan.downcast_ref::<DataSourceExec>().map(DataSourceExec::data_source);
            let Some(scan) = source.and_then(|source| source.downcast_ref::<FileScanConfig>())
            else {
                continue;
            };
            for file in scan.file_groups.iter().flat_map(|group| group.files()) {
                self.files += 1;
                self.file_bytes += file.object_meta.size;
            }
        }
    }
}
