//! Shortest paths: for each start the nodes that any walk along the pattern reaches with 0, 1, 2 … edges, then the paths
//! back from each end. A path visits no node twice. Deliberately absent: weights of edges.

use std::collections::{HashMap, HashSet};

use datafusion::common::Result;

use super::matches::{Matches, RowShape};
use super::pattern::{Candidates, PatternShape, turned};
use super::search::{Give, is_full};
use super::store::Store;
use super::walk::{Space, edge_from};

/// How many paths between two nodes are judged at once.
const JUDGED_AT_ONCE: usize = 256;

/// Where matches go: gathered, and handed on when there are many.
struct Out<'o, 'g> {
    found: &'o mut Matches,
    give: &'o mut Give<'g>,
}

/// Where a walk stands: in which edge of the pattern, after how many of its edges, at which node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    edge: usize,
    taken: usize,
    node: u32,
}

/// A way back from an end: the places passed, each with the edge that led there.
type Trail = Vec<(Place, Option<u32>)>;

/// What is known of a search.
pub(super) struct Shortest<'s> {
    pub(super) store: &'s Store,
    pub(super) pattern: &'s PatternShape,
    pub(super) candidates: &'s Candidates,
    pub(super) rows: &'s RowShape,
    /// All paths of the least length, or any one.
    pub(super) all: bool,
    /// Which conditions are about the two ends alone.
    ends_only: Vec<bool>,
}

impl<'s> Shortest<'s> {
    pub(super) fn new(
        store: &'s Store,
        pattern: &'s PatternShape,
        candidates: &'s Candidates,
        rows: &'s RowShape,
        all: bool,
    ) -> Self {
        let mut ends_only = rows.about_nodes();
        if pattern.edges.len() > 1 {
            ends_only.fill(false);
        }
        Self { store, pattern, candidates, rows, all, ends_only }
    }

    /// Finds the paths of all pairs; what is given fulfils all conditions.
    pub(super) fn search(&self, wanted: &dyn Fn() -> bool, give: &mut Give<'_>) -> Result<()> {
        let mut space = Space::new(self.store, kql::plan::Search::All, wanted);
        let mut found = self.no_matches();
        let first = &self.candidates.nodes[0];
        for start in 0..u32::try_from(self.store.node_count()).unwrap_or(u32::MAX) {
            space.step();
            if !first.has(start) {
                continue;
            }
            self.from(start, &mut space, &mut found, give)?;
            if space.stopped {
                return Ok(());
            }
        }
        if found.len() > 0 {
            give(&found)?;
        }
        Ok(())
    }

    fn no_matches(&self) -> Matches {
        Matches::new(self.pattern.nodes.len(), self.pattern.edges.len())
    }

    /// Whether the first walk that reaches a node is a shortest path to it, so that later ones need not be followed.
    fn first_is_shortest(&self) -> bool {
        matches!(self.pattern.edges.as_slice(), [only] if only.least <= 1)
            && self.ends_only.iter().all(|ends_only| *ends_only)
    }

    fn from(
        &self,
        start: u32,
        space: &mut Space<'_>,
        found: &mut Matches,
        give: &mut Give<'_>,
    ) -> Result<()> {
        let first_only = self.first_is_shortest();
        let longest: usize = self.pattern.edges.iter().map(|edge| edge.most).sum();
        let last = self.pattern.edges.len();
        let mut seen = HashSet::from([start]);
        let mut answered: HashMap<u32, bool> = HashMap::new();
        let mut layers = vec![self.layer([Place { edge: 0, taken: 0, node: start }])];
        for length in 0..=longest {
            let Some(layer) = layers.get(length) else { break };
            let mut ends: Vec<u32> = layer
                .iter()
                .filter(|place| place.edge == last && !answered.contains_key(&place.node))
                .map(|place| place.node)
                .collect();
            ends.sort_unstable();
            for end in self.passing_ends(start, ends, &mut answered)? {
                let mut out = Out { found: &mut *found, give: &mut *give };
                let kept = self.back(&layers, (start, end), space, &mut out)?;
                if kept {
                    answered.insert(end, true);
                }
                if space.stopped {
                    return Ok(());
                }
            }
            let mut next = Vec::new();
            for place in layers.get(length).into_iter().flatten() {
                self.steps(*place, space, |place| {
                    if !first_only || seen.insert(place.node) {
                        next.push(place);
                    }
                });
            }
            if next.is_empty() || space.stopped {
                break;
            }
            layers.push(self.layer(next));
        }
        Ok(())
    }

    /// The ends that conditions about the two ends let pass. One that they do not is answered.
    fn passing_ends(
        &self,
        start: u32,
        ends: Vec<u32>,
        answered: &mut HashMap<u32, bool>,
    ) -> Result<Vec<u32>> {
        if ends.is_empty() || !self.ends_only.contains(&true) {
            return Ok(ends);
        }
        let mut pairs = self.no_matches();
        for end in &ends {
            pairs.push(&[start, *end], [(&[][..], &[][..], false)]);
        }
        let passing = self.rows.passing(self.store, &pairs, |at| self.ends_only[at])?;
        let passing: Vec<u32> = passing.into_iter().map(|at| ends[at]).collect();
        for end in ends.iter().filter(|end| !passing.contains(end)) {
            answered.insert(*end, false);
        }
        Ok(passing)
    }

    /// These places, and those at the same nodes where the next edge of the pattern begins.
    fn layer(&self, places: impl IntoIterator<Item = Place>) -> HashSet<Place> {
        let mut layer = HashSet::new();
        for place in places {
            let mut place = place;
            layer.insert(place);
            while let Some(edge) = self.pattern.edges.get(place.edge)
                && place.taken >= edge.least
                && self.candidates.nodes[place.edge + 1].has(place.node)
            {
                place = Place { edge: place.edge + 1, taken: 0, node: place.node };
                layer.insert(place);
            }
        }
        layer
    }

    /// The places that one more edge leads to.
    fn steps(&self, place: Place, space: &mut Space<'_>, mut reach: impl FnMut(Place)) {
        let Some(edge) = self.pattern.edges.get(place.edge) else { return };
        let inner = &self.candidates.inner[place.edge];
        if place.taken >= edge.most || (place.taken > 0 && !inner.has(place.node)) {
            return;
        }
        let mut at = 0;
        while let Some(taken) = edge_from(self.store, place.node, edge.direction, at) {
            at += 1;
            space.step();
            if space.stopped {
                return;
            }
            if self.candidates.edges[place.edge].has(taken) {
                let node = self.store.other_end(taken, place.node);
                reach(Place { taken: place.taken + 1, node, ..place });
            }
        }
    }

    /// The places in front of one, with the layers in which they lie and the edges between; the first one comes last.
    fn before(
        &self,
        layers: &[HashSet<Place>],
        at: usize,
        place: Place,
    ) -> Vec<(usize, Place, Option<u32>)> {
        let mut found = Vec::new();
        if place.taken == 0 {
            let Some(edge) = place.edge.checked_sub(1) else { return found };
            let shape = &self.pattern.edges[edge];
            for taken in shape.least..=shape.most.min(at) {
                let before = Place { edge, taken, node: place.node };
                if layers[at].contains(&before) {
                    found.push((at, before, None));
                }
            }
            return found;
        }
        let Some(layer) = at.checked_sub(1) else { return found };
        let direction = turned(self.pattern.edges[place.edge].direction);
        let mut nth = 0;
        while let Some(edge) = edge_from(self.store, place.node, direction, nth) {
            nth += 1;
            let node = self.store.other_end(edge, place.node);
            let before = Place { taken: place.taken - 1, node, ..place };
            let passes = before.taken == 0 || self.candidates.inner[place.edge].has(node);
            if passes
                && self.candidates.edges[place.edge].has(edge)
                && layers[layer].contains(&before)
            {
                found.push((layer, before, Some(edge)));
            }
        }
        found.reverse();
        found
    }

    /// The paths of the last layer's length from `start` to `end` that fulfil all conditions; whether there are any.
    fn back(
        &self,
        layers: &[HashSet<Place>],
        (start, end): (u32, u32),
        space: &mut Space<'_>,
        out: &mut Out<'_, '_>,
    ) -> Result<bool> {
        let judge = self.ends_only.contains(&false);
        let mut pending = self.no_matches();
        let mut kept = false;
        let last = Place { edge: self.pattern.edges.len(), taken: 0, node: end };
        let at = layers.len() - 1;
        let mut trail: Trail = vec![(last, None)];
        let mut stack = vec![self.before(layers, at, last)];
        // No edge: the pattern's paths are all of length 0, and the end is the start.
        while let Some(options) = stack.last_mut() {
            space.step();
            let next = options.pop().filter(|_| !space.stopped && (self.all || !kept));
            let Some((layer, place, edge)) = next else {
                stack.pop();
                trail.pop();
                continue;
            };
            if edge.is_some() && trail.iter().any(|(passed, _)| passed.node == place.node) {
                continue;
            }
            trail.push((place, edge));
            if place.edge == 0 && place.taken == 0 && layer == 0 && place.node == start {
                self.add(&trail, &mut pending);
                trail.pop();
                if !judge || !self.all || pending.len() >= JUDGED_AT_ONCE {
                    kept |= self.settle(judge, &mut pending, space, out)?;
                }
                continue;
            }
            stack.push(self.before(layers, layer, place));
        }
        kept |= self.settle(judge, &mut pending, space, out)?;
        Ok(kept)
    }

    /// Hands on the paths that fulfil the conditions; whether there are any.
    fn settle(
        &self,
        judge: bool,
        pending: &mut Matches,
        space: &mut Space<'_>,
        out: &mut Out<'_, '_>,
    ) -> Result<bool> {
        if pending.len() == 0 {
            return Ok(false);
        }
        let passing = match judge {
            true => self.rows.passing(self.store, pending, |at| !self.ends_only[at])?,
            false => (0..pending.len()).collect(),
        };
        for row in &passing {
            out.found.push_from(pending, *row);
        }
        pending.clear();
        if is_full(out.found) {
            space.stopped |= !(out.give)(out.found)?;
            out.found.clear();
        }
        Ok(!passing.is_empty())
    }

    /// A trail, read from its end, as a match.
    fn add(&self, trail: &Trail, pending: &mut Matches) {
        let edges = self.pattern.edges.len();
        let mut nodes = vec![0; edges + 1];
        let mut taken = vec![Vec::new(); edges];
        let mut inner = vec![Vec::new(); edges];
        let mut through: Option<u32> = None;
        for (place, edge) in trail.iter().rev() {
            if let Some(edge) = through
                && let Some(path) = taken.get_mut(place.edge)
            {
                path.push(edge);
            }
            if place.taken == 0 {
                nodes[place.edge] = place.node;
            } else if let Some(between) = inner.get_mut(place.edge) {
                between.push(place.node);
            }
            through = *edge;
        }
        // The last node of an edge's path is its end.
        inner.iter_mut().for_each(|between| {
            between.pop();
        });
        let paths = taken
            .iter()
            .zip(&inner)
            .map(|(edges, inner)| (edges.as_slice(), inner.as_slice(), false));
        pending.push(&nodes, paths);
    }
}
