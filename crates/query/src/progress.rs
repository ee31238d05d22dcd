//! What a query has read so far, out of the counters that its scans keep anyway: nothing is counted for it.
//! Deliberately absent: how much there is to read.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricsSet;
use model::{Progress, Scanned};

/// The plans of one query that were started.
#[derive(Default)]
pub(crate) struct Started(Mutex<Vec<Arc<dyn ExecutionPlan>>>);

impl Started {
    /// Takes a plan into account that is about to run.
    pub(crate) fn add(&self, plan: Arc<dyn ExecutionPlan>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(plan);
    }
}

impl Progress for Started {
    fn scanned(&self) -> Scanned {
        let plans = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut scanned = Scanned::default();
        let mut waiting: Vec<&Arc<dyn ExecutionPlan>> = plans.iter().collect();
        while let Some(plan) = waiting.pop() {
            let inner = plan.children();
            // What has nothing below it reads.
            if let Some(metrics) = plan.metrics().filter(|_| inner.is_empty()) {
                add(&mut scanned, &metrics);
            }
            waiting.extend(inner);
        }
        scanned
    }
}

fn add(scanned: &mut Scanned, metrics: &MetricsSet) {
    let sum = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize() as u64);
    // Rows that a filter dropped while they were read were read all the same.
    let rows = metrics.output_rows().map_or(0, |rows| rows as u64);
    scanned.rows = scanned.rows.saturating_add(rows + sum("pushdown_rows_pruned"));
    scanned.bytes = scanned.bytes.saturating_add(sum("bytes_scanned"));
}
