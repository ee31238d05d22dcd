//! Graphs: nodes and edges in vectors, patterns sought in them, shortest paths, components. Everything is in memory, within
//! named limits, and stops soon after nobody reads its rows any more.
//!
//! Deliberately absent: names and types (`kql`), stored graphs, and how the tables of a graph are computed (`lower`).

pub(crate) mod components;
pub(crate) mod formula;
pub(crate) mod matches;
mod paths;
pub(crate) mod pattern;
pub(crate) mod provider;
mod search;
pub(crate) mod store;
mod walk;

/// How many nodes, and how many edges, a graph may have: they are numbered with 32 bits, and memory usually ends before.
pub(crate) const GRAPH_ELEMENTS_MAX: usize = 20_000_000;

/// How many matches are put together into rows at once.
pub(crate) const MATCHES_AT_ONCE: usize = 8_192;

/// How many edges the paths of these matches may have together.
pub(crate) const PATH_EDGES_AT_ONCE: usize = 262_144;

/// After how many edges it is looked whether the rows are still wanted.
pub(crate) const STEPS_BETWEEN_LOOKS: u32 = 16_384;
