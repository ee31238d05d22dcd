//! Columns that no query sees and that every operator hands on: the group in whose body the operator stands, the order of
//! the rows, what an operator around it will want again. They lie in the rows under names of their own, so an operator
//! that only filters or computes carries them without knowing.
//!
//! A *ghost* is a row that stands in for a group that may have lost its rows: `summarize` without keys gives one row for
//! an empty group too. Deliberately absent: when any of them is made (`order`, `groups`).

use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};

use super::{Flow, Lowering, named};
use crate::error::Result;

/// What a carried column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Rows of one group have the same value.
    Group,
    /// True for a row that is none.
    Ghost,
    /// The same in all rows of a group, and wanted after it.
    Kept,
    /// Rows are in the order of these, the first one first.
    Order,
}

/// A column that is carried.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    role: Role,
    /// In how many bodies, one in the other, it was made.
    depth: usize,
}

/// The carried columns of the query, and what the operator at work is asked for.
#[derive(Debug, Default)]
pub(super) struct Carried {
    columns: Vec<Column>,
    /// In how many bodies the operator at work stands.
    pub(super) depth: usize,
    /// The rows that bodies start from, the innermost last.
    pub(super) inputs: Vec<Flow>,
    /// For each body, how many operators in it still give a row for a group without rows.
    pub(super) revivals: Vec<usize>,
    pub(super) order: Order,
}

/// Who wants to know the order of rows.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Order {
    /// Whoever reads the operator at work.
    pub(super) own: bool,
    /// The operator at work, of its inputs.
    pub(super) inputs: bool,
}

impl Lowering<'_> {
    /// Names a new carried column.
    pub(super) fn carry(&mut self, role: Role) -> String {
        let name = self.name();
        self.carry_named(name.clone(), role);
        name
    }

    /// Carries a column that is there.
    pub(super) fn carry_named(&mut self, name: String, role: Role) {
        let depth = self.carried.depth;
        self.carried.columns.push(Column { name, role, depth });
    }

    /// Lets go of a carried column.
    pub(super) fn drop_carried(&mut self, names: &[String]) {
        self.carried.columns.retain(|column| !names.contains(&column.name));
    }

    /// The carried columns of a role that these rows have.
    pub(super) fn carried_as(&self, plan: &LogicalPlan, role: Role) -> Vec<Expr> {
        self.carried_names(plan, role).iter().map(|name| named(name)).collect()
    }

    pub(super) fn carried_names(&self, plan: &LogicalPlan, role: Role) -> Vec<String> {
        let of_role = self.carried.columns.iter().filter(|column| column.role == role);
        of_role
            .filter(|column| is_in(&column.name, plan))
            .map(|column| column.name.clone())
            .collect()
    }

    /// All carried columns that these rows have: what a projection has to add.
    pub(super) fn all_carried(&self, plan: &LogicalPlan) -> Vec<Expr> {
        self.carried
            .columns
            .iter()
            .filter(|column| is_in(&column.name, plan))
            .map(|column| named(&column.name))
            .collect()
    }

    /// What tells groups apart, ghosts from rows included: the columns by which windows are partitioned.
    pub(super) fn group_of(&self, plan: &LogicalPlan) -> Vec<Expr> {
        let mut group = self.carried_as(plan, Role::Group);
        group.extend(self.carried_as(plan, Role::Ghost));
        group
    }

    /// Whether the rows are in groups.
    pub(super) fn is_grouped(&self, plan: &LogicalPlan) -> bool {
        !self.carried_names(plan, Role::Group).is_empty()
    }

    /// Whether a row is a ghost; `None` where there are none.
    pub(super) fn ghost(&self, plan: &LogicalPlan) -> Option<Expr> {
        self.carried_as(plan, Role::Ghost).into_iter().reduce(Expr::or)
    }

    /// A condition that ghosts meet too.
    pub(super) fn or_ghost(&self, plan: &LogicalPlan, condition: Expr) -> Expr {
        match self.ghost(plan) {
            Some(ghost) => ghost.or(condition),
            None => condition,
        }
    }

    /// The rows without ghosts.
    pub(super) fn without_ghosts(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        match self.ghost(&plan) {
            Some(ghost) => {
                Ok(LogicalPlanBuilder::from(plan).filter(ghost.eq(lit(false)))?.build()?)
            }
            None => Ok(plan),
        }
    }

    /// The rows without the ghosts of the innermost body, which are let go of.
    pub(super) fn without_ghosts_of_body(&mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let depth = self.carried.depth;
        let of_body = |column: &Column| column.role == Role::Ghost && column.depth >= depth;
        let ghost = self
            .carried
            .columns
            .iter()
            .filter(|column| of_body(column) && is_in(&column.name, &plan))
            .map(|column| named(&column.name))
            .reduce(Expr::or);
        self.carried.columns.retain(|column| !of_body(column));
        match ghost {
            Some(ghost) => {
                Ok(LogicalPlanBuilder::from(plan).filter(ghost.eq(lit(false)))?.build()?)
            }
            None => Ok(plan),
        }
    }

    /// What tells apart the groups that an operator keeps which gives one row for each: in the innermost body, ghosts
    /// have served their purpose then.
    pub(super) fn group_revived(&self, plan: &LogicalPlan) -> Vec<Expr> {
        let depth = self.carried.depth;
        let mut group = self.carried_as(plan, Role::Group);
        let outer = self.carried.columns.iter().filter(|column| {
            column.role == Role::Ghost && column.depth < depth && is_in(&column.name, plan)
        });
        group.extend(outer.map(|column| named(&column.name)));
        group
    }

    /// Carried columns that are the same in all rows of a group.
    pub(super) fn constant_in_group(&self, plan: &LogicalPlan) -> Vec<String> {
        let depth = self.carried.depth;
        self.carried
            .columns
            .iter()
            .filter(|column| match column.role {
                Role::Kept => true,
                Role::Order => column.depth < depth,
                Role::Group | Role::Ghost => false,
            })
            .filter(|column| is_in(&column.name, plan))
            .map(|column| column.name.clone())
            .collect()
    }

    /// The order of the rows becomes that of the body to come, which may replace it; `key` goes before it, if the order is
    /// wanted after the body.
    pub(super) fn sink_order(&mut self, key: &str, wanted: bool) {
        let depth = self.carried.depth;
        for column in &mut self.carried.columns {
            if column.role == Role::Order && column.depth == depth {
                column.depth += 1;
            }
        }
        if wanted {
            let at = self.carried.columns.iter().position(|column| column.depth > depth);
            let column = Column { name: key.to_owned(), role: Role::Order, depth };
            self.carried.columns.insert(at.unwrap_or(self.carried.columns.len()), column);
        }
    }

    /// The order of rows that this body made, which a new one replaces.
    pub(super) fn forget_order(&mut self) {
        let depth = self.carried.depth;
        self.carried.columns.retain(|column| column.role != Role::Order || column.depth < depth);
    }

    /// After a body: the order that it made counts outside of it, after the order there.
    pub(super) fn surface_order(&mut self) {
        let depth = self.carried.depth;
        for column in &mut self.carried.columns {
            column.depth = column.depth.min(depth);
        }
    }
}

fn is_in(name: &str, plan: &LogicalPlan) -> bool {
    plan.schema().has_column_with_unqualified_name(name)
}
