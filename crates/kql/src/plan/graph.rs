//! The part of the bound plan that is about graphs. Deliberately absent: how patterns are found.

use super::{Expr, Field, Plan};
use crate::types::Type;

/// A graph as `make-graph` declares it. A node's *row* has its columns ([`Graph::node_fields`]), then its in-degree and its
/// out-degree, both `long`.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// A row for each edge: the id of its source, that of its target, then its columns. Both ids have [`Graph::id`].
    pub edges: Plan,
    /// Rows of nodes: the id, then a node's columns up to those of components.
    pub nodes: Vec<Plan>,
    /// The type of all ids.
    pub id: Type,
    /// The columns of a node, those of components included.
    pub node_fields: Vec<Field>,
    /// The columns of a node that hold its id where no table of nodes has it.
    pub keys: Vec<usize>,
    /// Components that are numbered.
    pub marks: Vec<Mark>,
}

/// `graph-mark-components`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The column of a node that takes the number of its component.
    pub column: usize,
    /// Whether the direction of edges counts.
    pub strong: bool,
}

/// Which way an edge of a pattern points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From left to right.
    Right,
    /// From right to left.
    Left,
    /// Either.
    Any,
}

/// An edge of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternEdge {
    /// The pattern's node that is written on its left.
    pub left: usize,
    /// The one on its right.
    pub right: usize,
    /// Which way it points.
    pub direction: Direction,
    /// The least and the largest number of edges that it stands for; `None` is one edge, exactly.
    pub length: Option<(u32, u32)>,
    /// What each of its edges must fulfil, over an edge's columns.
    pub conditions: Vec<Expr>,
    /// What each node between its edges must fulfil, over a node's row.
    pub inner: Vec<Expr>,
}

/// Which matches are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// `cycles=all`: every one.
    All,
    /// `cycles=unique_edges`: those that use no edge twice.
    UniqueEdges,
    /// `cycles=none`: those that visit no node twice.
    NoCycles,
    /// `graph-shortest-paths`: for each pair of ends the shortest that visit no node twice.
    Shortest {
        /// All of them, or any one.
        all: bool,
    },
}

/// What a path's columns are computed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathPart {
    /// Each of its edges: an edge's columns.
    Edges,
    /// Each node between them: a node's row.
    InnerNodes,
}

/// How the values along a path become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathFold {
    /// True if all are true.
    All,
    /// True if any is true.
    Any,
    /// A dynamic array of them.
    Map,
}

/// A column of a match.
#[derive(Debug, Clone, PartialEq)]
pub enum MatchColumn {
    /// Of the row of a node of the pattern.
    Node {
        /// Which node of the pattern.
        node: usize,
        /// Which column of its row.
        column: usize,
    },
    /// Of a single edge of the pattern.
    Edge {
        /// Which edge of the pattern.
        edge: usize,
        /// Which of its columns.
        column: usize,
    },
    /// A name of what only the elements of a path have: never read as such.
    Element,
    /// Of a path.
    Path {
        /// Which edge of the pattern.
        edge: usize,
        /// What of it.
        part: PathPart,
        /// How its values become one.
        fold: PathFold,
        /// The value, over the element's columns followed by the match's (those in front of this one).
        value: Expr,
    },
}

/// `graph-match` and `graph-shortest-paths`.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphMatch {
    /// The graph: [`Op::Graph`](super::Op::Graph).
    pub graph: Graph,
    /// What each node of the pattern must fulfil, over a node's row.
    pub nodes: Vec<Vec<Expr>>,
    /// The edges of the pattern. Together they connect all its nodes.
    pub edges: Vec<PatternEdge>,
    /// Which matches are wanted.
    pub search: Search,
    /// The columns of a match, with their types.
    pub columns: Vec<(MatchColumn, Type)>,
    /// What a match must fulfil, over its columns.
    pub conditions: Vec<Expr>,
    /// The output, over its columns.
    pub exprs: Vec<Expr>,
}

/// `graph-to-table`.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphTable {
    /// The graph.
    pub graph: Graph,
    /// Whether its edges are wanted, or its nodes.
    pub edges: bool,
    /// Whether the hash of the id (of a node, or of an edge's source) comes first.
    pub with_id: bool,
    /// Whether the hash of an edge's target comes next.
    pub with_target: bool,
}

impl Graph {
    /// How many columns of a node come from tables.
    #[must_use]
    pub fn stored_width(&self) -> usize {
        let marked = |at: &usize| self.marks.iter().any(|mark| mark.column == *at);
        (0..self.node_fields.len()).filter(|at| !marked(at)).count()
    }

    /// The columns of an edge.
    #[must_use]
    pub fn edge_fields(&self) -> &[Field] {
        self.edges.fields.get(2..).unwrap_or_default()
    }

    /// The tables that it is made of.
    pub fn tables(&self) -> impl Iterator<Item = &Plan> {
        std::iter::once(&self.edges).chain(&self.nodes)
    }

    /// The same, to be changed.
    pub fn tables_mut(&mut self) -> impl Iterator<Item = &mut Plan> {
        std::iter::once(&mut self.edges).chain(&mut self.nodes)
    }
}

impl GraphMatch {
    /// All its expressions.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let edges = self.edges.iter().flat_map(|edge| edge.conditions.iter().chain(&edge.inner));
        let paths = self.columns.iter().filter_map(|(column, _)| match column {
            MatchColumn::Path { value, .. } => Some(value),
            _ => None,
        });
        self.nodes
            .iter()
            .flatten()
            .chain(edges)
            .chain(paths)
            .chain(&self.conditions)
            .chain(&self.exprs)
    }

    /// The same, to be changed.
    pub fn expressions_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let edges = self
            .edges
            .iter_mut()
            .flat_map(|edge| edge.conditions.iter_mut().chain(&mut edge.inner));
        let paths = self.columns.iter_mut().filter_map(|(column, _)| match column {
            MatchColumn::Path { value, .. } => Some(value),
            _ => None,
        });
        self.nodes
            .iter_mut()
            .flatten()
            .chain(edges)
            .chain(paths)
            .chain(&mut self.conditions)
            .chain(&mut self.exprs)
    }
}
