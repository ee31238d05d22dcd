//! Results that are computed once for a query, however often it reads them: `materialize(…)`, `as`. A result that is read
//! once is no such thing: it stays where it is, so that the optimiser sees through it. Deliberately absent: the computing
//! (`engine`).

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::datasource::TableProvider;
use kql::plan::{Expr, ExprKind, Op, Plan};

use crate::subqueries::{exprs, inputs};

/// The shared results of one query.
#[derive(Default)]
pub(crate) struct Shared {
    /// Those that are computed, by number.
    pub(crate) tables: HashMap<usize, Arc<dyn TableProvider>>,
    /// How often each is read.
    uses: HashMap<usize, usize>,
    /// How many numbers were given out beyond the query's own.
    given: usize,
}

impl Shared {
    /// Counts what a statement reads.
    pub(crate) fn count(&mut self, plan: &mut Plan) {
        if let Op::Shared { id, .. } = plan.op {
            let uses = self.uses.entry(id).or_default();
            *uses += 1;
            // What it is made of is read once, however often it is read itself.
            if *uses > 1 {
                return;
            }
        }
        for expr in exprs(&mut plan.op) {
            self.count_in(expr);
        }
        for input in inputs(&mut plan.op) {
            self.count(input);
        }
    }

    fn count_in(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Column(_) | ExprKind::Literal(_) => {}
            ExprKind::Call { args, .. } => args.iter_mut().for_each(|arg| self.count_in(arg)),
            ExprKind::Convert(inner) => self.count_in(inner),
            ExprKind::Member(a, b) | ExprKind::Index(a, b) => {
                self.count_in(a);
                self.count_in(b);
            }
            ExprKind::Scalar(plan) | ExprKind::List(plan) => self.count(plan),
            ExprKind::InTable { value, table, .. } => {
                self.count_in(value);
                self.count(table);
            }
        }
    }

    /// Whether a result is read more than once.
    pub(crate) fn is_read_again(&self, id: usize) -> bool {
        self.uses.get(&id).is_some_and(|uses| *uses > 1)
    }

    /// A number for a result that is read as often as another.
    pub(crate) fn fresh_like(&mut self, id: usize) -> usize {
        let uses = self.uses.get(&id).copied().unwrap_or(1);
        self.fresh(uses)
    }

    /// A number for a result that is read so often.
    pub(crate) fn fresh(&mut self, uses: usize) -> usize {
        self.given += 1;
        // The query's own numbers count from 0 and are few.
        let id = usize::MAX - self.given;
        self.uses.insert(id, uses);
        id
    }
}
