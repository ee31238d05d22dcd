//! A pattern that is ready to be sought: which nodes and edges of the graph may take which place in it. Deliberately absent:
//! the search (`search`, `paths`).

use arrow::buffer::BooleanBuffer;
use datafusion::common::Result;
use kql::plan::{Direction, Search};

use super::formula::{Formula, all_true};
use super::store::Store;

/// An edge of a pattern, its conditions compiled.
#[derive(Debug)]
pub(crate) struct EdgeShape {
    pub(crate) left: usize,
    pub(crate) right: usize,
    pub(crate) direction: Direction,
    pub(crate) least: usize,
    pub(crate) most: usize,
    /// About each edge: over its columns.
    pub(crate) conditions: Vec<Formula>,
    /// About each node between: over its row.
    pub(crate) inner: Vec<Formula>,
}

/// A pattern, its conditions compiled.
#[derive(Debug)]
pub(crate) struct PatternShape {
    /// About each node: over its row.
    pub(crate) nodes: Vec<Vec<Formula>>,
    pub(crate) edges: Vec<EdgeShape>,
    pub(crate) search: Search,
}

/// What of a graph may stand in some place of a pattern; `None` is everything.
#[derive(Debug)]
pub(crate) struct Allowed(Option<BooleanBuffer>);

impl Allowed {
    pub(crate) fn has(&self, at: u32) -> bool {
        self.0.as_ref().is_none_or(|bits| bits.value(at as usize))
    }

    /// How many of `all` are allowed.
    pub(crate) fn count(&self, all: usize) -> usize {
        self.0.as_ref().map_or(all, BooleanBuffer::count_set_bits)
    }
}

/// What may stand where in a pattern.
#[derive(Debug)]
pub(crate) struct Candidates {
    pub(crate) nodes: Vec<Allowed>,
    pub(crate) edges: Vec<Allowed>,
    pub(crate) inner: Vec<Allowed>,
}

impl Candidates {
    pub(crate) fn of(pattern: &PatternShape, store: &Store) -> Result<Self> {
        let of_nodes = |conditions: &[Formula]| {
            Ok::<_, datafusion::common::DataFusionError>(Allowed(all_true(
                conditions,
                store.node_count(),
                &store.nodes,
            )?))
        };
        let of_edges = |edge: &EdgeShape| {
            Ok(Allowed(all_true(&edge.conditions, store.edge_count(), &store.edges)?))
        };
        Ok(Self {
            nodes: pattern.nodes.iter().map(|node| of_nodes(node)).collect::<Result<_>>()?,
            edges: pattern.edges.iter().map(of_edges).collect::<Result<_>>()?,
            inner: pattern.edges.iter().map(|edge| of_nodes(&edge.inner)).collect::<Result<_>>()?,
        })
    }
}

/// The direction as seen from the other side.
pub(crate) const fn turned(direction: Direction) -> Direction {
    match direction {
        Direction::Right => Direction::Left,
        Direction::Left => Direction::Right,
        Direction::Any => Direction::Any,
    }
}
