//! Walks from a node over as many edges as an edge of a pattern stands for, one after the other, without recursion.
//! Deliberately absent: how walks become a match (`search`).

use kql::plan::{Direction, Search};

use super::STEPS_BETWEEN_LOOKS;
use super::pattern::Allowed;
use super::store::Store;

/// What all walks of a search share.
pub(super) struct Space<'s> {
    pub(super) store: &'s Store,
    unique_edges: bool,
    no_cycles: bool,
    used: Vec<bool>,
    visited: Vec<bool>,
    steps: u32,
    wanted: &'s dyn Fn() -> bool,
    pub(super) stopped: bool,
}

impl<'s> Space<'s> {
    pub(super) fn new(store: &'s Store, search: Search, wanted: &'s dyn Fn() -> bool) -> Self {
        let unique_edges = search == Search::UniqueEdges;
        let no_cycles = search == Search::NoCycles;
        Self {
            store,
            unique_edges,
            no_cycles,
            used: vec![false; if unique_edges { store.edge_count() } else { 0 }],
            visited: vec![false; if no_cycles { store.node_count() } else { 0 }],
            steps: 0,
            wanted,
            stopped: false,
        }
    }

    /// Counts an edge that was looked at; now and then asks whether anybody still waits.
    pub(super) fn step(&mut self) {
        self.steps += 1;
        if self.steps >= STEPS_BETWEEN_LOOKS {
            self.steps = 0;
            self.stopped |= !(self.wanted)();
        }
    }

    pub(super) fn is_visited(&self, node: u32) -> bool {
        self.visited.get(node as usize).copied().unwrap_or(false)
    }

    pub(super) fn visit(&mut self, node: u32, visited: bool) {
        if let Some(slot) = self.visited.get_mut(node as usize) {
            *slot = visited;
        }
    }

    fn is_used(&self, edge: u32) -> bool {
        self.used.get(edge as usize).copied().unwrap_or(false)
    }

    fn use_edge(&mut self, edge: u32, used: bool) {
        if let Some(slot) = self.used.get_mut(edge as usize) {
            *slot = used;
        }
    }
}

/// The n-th edge that leads from a node in a direction. A loop leads both ways and counts once.
pub(super) fn edge_from(store: &Store, node: u32, direction: Direction, at: usize) -> Option<u32> {
    match direction {
        Direction::Right => store.out.of_node(node).get(at).copied(),
        Direction::Left => store.into.of_node(node).get(at).copied(),
        Direction::Any => {
            let out = store.out.of_node(node);
            match at.checked_sub(out.len()) {
                None => out.get(at).copied(),
                // Loops are the last ones: with the first of them there is nothing new any more.
                Some(rest) => store.into.of_node(node).get(rest).copied().filter(|edge| {
                    let at = *edge as usize;
                    store.sources.get(at) != store.targets.get(at)
                }),
            }
        }
    }
}

/// What a walk is bound to.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'s> {
    pub(super) direction: Direction,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) edges: &'s Allowed,
    pub(super) inner: &'s Allowed,
    pub(super) ends: &'s Allowed,
}

struct Cursor {
    node: u32,
    /// The next edge to look at.
    at: usize,
    /// Whether the walk marked the node as visited.
    marked: bool,
}

/// A walk from a node, perhaps to a node that is known.
pub(super) struct Walk<'s> {
    bounds: Bounds<'s>,
    from: u32,
    target: Option<u32>,
    started: bool,
    stack: Vec<Cursor>,
    /// The edges taken, and the nodes reached by them.
    pub(super) edges: Vec<u32>,
    pub(super) nodes: Vec<u32>,
}

impl<'s> Walk<'s> {
    pub(super) fn new(bounds: Bounds<'s>, from: u32, target: Option<u32>) -> Self {
        let (stack, edges, nodes) = (Vec::new(), Vec::new(), Vec::new());
        Self { bounds, from, target, started: false, stack, edges, nodes }
    }

    /// Where it ends now.
    pub(super) fn end(&self) -> u32 {
        self.nodes.last().copied().unwrap_or(self.from)
    }

    /// The nodes between its edges.
    pub(super) fn inner(&self) -> &[u32] {
        self.nodes.split_last().map_or(&[], |(_, inner)| inner)
    }

    fn may_end(&self, node: u32) -> bool {
        self.bounds.ends.has(node) && self.target.is_none_or(|target| target == node)
    }

    /// Goes on to the next walk that fits; `false` when there is none.
    pub(super) fn next(&mut self, space: &mut Space<'_>) -> bool {
        if !self.started {
            self.started = true;
            let at = if self.bounds.most > 0 { 0 } else { usize::MAX };
            self.stack.push(Cursor { node: self.from, at, marked: false });
            if self.bounds.least == 0 && self.may_end(self.from) {
                return true;
            }
        }
        while let Some(cursor) = self.stack.last_mut() {
            let node = cursor.node;
            let edge = match cursor.at {
                usize::MAX => None,
                at => edge_from(space.store, node, self.bounds.direction, at),
            };
            let Some(edge) = edge.filter(|_| !space.stopped) else {
                self.step_back(space);
                continue;
            };
            cursor.at += 1;
            space.step();
            if self.bounds.edges.has(edge) && !space.is_used(edge) && self.take(edge, node, space) {
                return true;
            }
        }
        false
    }

    /// Takes an edge if the walk can end or go on behind it; whether it ends there.
    fn take(&mut self, edge: u32, from: u32, space: &mut Space<'_>) -> bool {
        let to = space.store.other_end(edge, from);
        let visited = space.no_cycles && space.is_visited(to);
        // A node that the rest of the pattern has bound already was visited, and may be arrived at.
        if visited && (self.target != Some(to) || to == self.from) {
            return false;
        }
        let depth = self.edges.len() + 1;
        let ends = depth >= self.bounds.least && self.may_end(to);
        let goes_on = depth < self.bounds.most && !visited && self.bounds.inner.has(to);
        if !ends && !goes_on {
            return false;
        }
        self.edges.push(edge);
        self.nodes.push(to);
        if space.unique_edges {
            space.use_edge(edge, true);
        }
        let marked = space.no_cycles && !visited;
        if marked {
            space.visit(to, true);
        }
        self.stack.push(Cursor { node: to, at: if goes_on { 0 } else { usize::MAX }, marked });
        ends
    }

    fn step_back(&mut self, space: &mut Space<'_>) {
        if let Some(cursor) = self.stack.pop()
            && cursor.marked
        {
            space.visit(cursor.node, false);
        }
        self.nodes.pop();
        if let Some(edge) = self.edges.pop() {
            space.use_edge(edge, false);
        }
    }
}
