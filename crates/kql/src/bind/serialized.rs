//! Whether the order of rows counts: `prev`, `row_number` and their like, and `scan`, are allowed only where it does.
//! Deliberately absent: the order itself (`query`).

use super::binder::Binder;
use super::scope::Table;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Op, Plan};
use crate::syntax::Node;

/// The functions that look at other rows.
const WINDOW_FUNCTIONS: [&str; 7] = [
    "next",
    "prev",
    "row_cumsum",
    "row_number",
    "row_rank_dense",
    "row_rank_min",
    "row_window_session",
];

impl Binder<'_> {
    /// Notes whether the operator of that name reads ordered rows. The answer is what held for the operator around it.
    pub(super) fn reads_rows_of(&mut self, operator: &str, input: Option<&Table>) -> bool {
        // `print` has one row, which is in order.
        let ordered = matches!(operator, "print" | "serialize")
            || input.is_some_and(|input| is_serialized(&input.plan));
        std::mem::replace(&mut self.serialized, ordered)
    }

    /// Reports a function that looks at other rows where these are in no order.
    pub(super) fn expect_serialized(&mut self, function: &str, node: Node<'_>) {
        if !self.serialized && WINDOW_FUNCTIONS.contains(&function) {
            let message = format!(
                "Function '{function}' cannot be invoked in the current context: its row set is not serialized."
            );
            self.report_unordered(node, message);
        }
    }

    pub(super) fn report_unordered(&mut self, node: Node<'_>, message: String) {
        let hint = "put `| sort by …` or `| serialize` in front of it".to_string();
        let diagnostic = Diagnostic::error(Code::NotSerialized, node.span(), message);
        self.report(diagnostic.with_hint(Some(hint)));
    }
}

/// Whether the rows that a plan gives are in an order that counts. Rows that a query brings itself count as ordered: there
/// is only one way to read them.
pub(super) fn is_serialized(plan: &Plan) -> bool {
    let mut plan = plan;
    loop {
        plan = match &plan.op {
            Op::Sort { .. }
            | Op::Top { .. }
            | Op::Range { .. }
            | Op::Rows(_)
            | Op::Serialize { .. }
            | Op::Scan(_)
            | Op::Input => return true,
            Op::Filter { input, .. }
            | Op::Project { input, .. }
            | Op::Take { input, .. }
            | Op::Shared { input, .. }
            | Op::MvExpand { input, .. }
            | Op::MvApply { input, .. }
            | Op::Parse { input, .. }
            | Op::ParseKv { input, .. } => input,
            Op::Partition { body, .. } => body,
            _ => return false,
        };
    }
}
