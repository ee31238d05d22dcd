//! The rows of a sorted answer come in its order. DataFusion asks for the order where the sort stands, and may hand out
//! what that sort gives in turns to several threads that compute the columns above it; whoever then gathers the threads'
//! rows gathers them in any order.
//!
//! Deliberately absent: order within a query (`lower::order`), and which sort an answer has.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_expr::Partitioning;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::output_requirements::OutputRequirementExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::repartition::RepartitionExec;

/// Keeps what is computed above the sort of an answer on the thread that hands out its rows. Works while the plan still
/// says where the answer's order is made.
#[derive(Debug)]
pub(crate) struct KeepAnswerOrder;

impl KeepAnswerOrder {
    /// Puts the rule where it works among DataFusion's own: before the one that removes what it goes by.
    pub(crate) fn put_into(
        mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>>,
    ) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
        let removes = rules.iter().rposition(|rule| rule.name() == "OutputRequirements");
        rules.insert(removes.unwrap_or(rules.len()), Arc::new(Self));
        rules
    }
}

impl PhysicalOptimizerRule for KeepAnswerOrder {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let in_one = |plan: Arc<dyn ExecutionPlan>| {
            Ok(match plan.downcast_ref::<RepartitionExec>() {
                Some(turns)
                    if matches!(turns.partitioning(), Partitioning::RoundRobinBatch(_))
                        && makes_order(turns.input())? =>
                {
                    Transformed::yes(Arc::clone(turns.input()))
                }
                _ => Transformed::no(plan),
            })
        };
        Ok(plan.transform_up(in_one)?.data)
    }

    fn name(&self) -> &str {
        "keep_answer_order"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether the answer's order is made here or below.
fn makes_order(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    plan.exists(|plan| Ok(plan.downcast_ref::<OutputRequirementExec>().is_some()))
}
