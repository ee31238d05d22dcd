//! All matches of a pattern: places are filled one after the other, the most selective node first, and each edge of the
//! pattern by walks from a node that is known. Deliberately absent: shortest paths (`paths`).

use datafusion::common::Result;

use super::matches::Matches;
use super::pattern::{Candidates, PatternShape, turned};
use super::store::Store;
use super::walk::{Bounds, Space, Walk};
use super::{MATCHES_AT_ONCE, PATH_EDGES_AT_ONCE};

/// Takes matches; answers whether more are wanted.
pub(super) type Give<'g> = dyn FnMut(&Matches) -> Result<bool> + 'g;

/// An edge of the pattern in the order of the search.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    edge: usize,
    from: usize,
    to: usize,
    /// Whether the node at its end is known by then.
    closes: bool,
    /// Whether it is walked from its right side.
    backwards: bool,
}

/// Finds all matches.
pub(super) fn search(
    store: &Store,
    pattern: &PatternShape,
    candidates: &Candidates,
    wanted: &dyn Fn() -> bool,
    give: &mut Give<'_>,
) -> Result<()> {
    let counts: Vec<usize> =
        candidates.nodes.iter().map(|allowed| allowed.count(store.node_count())).collect();
    let Some(start) = (0..counts.len()).min_by_key(|at| counts[*at]) else { return Ok(()) };
    let steps = order(pattern, start, &counts);
    let mut space = Space::new(store, pattern.search, wanted);
    let mut found = Matches::new(pattern.nodes.len(), pattern.edges.len());
    let mut bound = vec![0_u32; pattern.nodes.len()];
    for node in 0..u32::try_from(store.node_count()).unwrap_or(u32::MAX) {
        if !candidates.nodes[start].has(node) {
            continue;
        }
        space.step();
        bound[start] = node;
        space.visit(node, true);
        let mut walks: Vec<Walk<'_>> = Vec::with_capacity(steps.len());
        loop {
            if walks.len() == steps.len() {
                add(&mut found, &bound, &steps, &walks);
                if is_full(&found) {
                    space.stopped |= !give(&found)?;
                    found.clear();
                }
            } else if let Some(step) = steps.get(walks.len()) {
                let target = step.closes.then(|| bound[step.to]);
                walks.push(Walk::new(bounds(step, pattern, candidates), bound[step.from], target));
            }
            // The next walk of the last edge that has one.
            while let Some(walk) = walks.last_mut()
                && !walk.next(&mut space)
            {
                walks.pop();
            }
            let Some(walk) = walks.last() else { break };
            if let Some(step) = steps.get(walks.len() - 1) {
                bound[step.to] = walk.end();
            }
        }
        space.visit(node, false);
        if space.stopped {
            return Ok(());
        }
    }
    if found.len() > 0 {
        give(&found)?;
    }
    Ok(())
}

pub(super) fn is_full(found: &Matches) -> bool {
    found.len() >= MATCHES_AT_ONCE || found.path_edges() >= PATH_EDGES_AT_ONCE
}

fn add(found: &mut Matches, bound: &[u32], steps: &[Step], walks: &[Walk<'_>]) {
    let paths = (0..steps.len()).map(|edge| {
        let at = steps.iter().position(|step| step.edge == edge);
        match at.and_then(|at| Some((&steps[at], walks.get(at)?))) {
            Some((step, walk)) => (walk.edges.as_slice(), walk.inner(), step.backwards),
            None => (&[][..], &[][..], false),
        }
    });
    found.push(bound, paths);
}

fn bounds<'s>(step: &Step, pattern: &PatternShape, candidates: &'s Candidates) -> Bounds<'s> {
    let edge = &pattern.edges[step.edge];
    Bounds {
        direction: if step.backwards { turned(edge.direction) } else { edge.direction },
        least: edge.least,
        most: edge.most,
        edges: &candidates.edges[step.edge],
        inner: &candidates.inner[step.edge],
        ends: &candidates.nodes[step.to],
    }
}

/// The order in which edges are walked: those between known nodes first, then the short ones to few nodes.
fn order(pattern: &PatternShape, start: usize, counts: &[usize]) -> Vec<Step> {
    let mut known = vec![false; counts.len()];
    known[start] = true;
    let mut rest: Vec<usize> = (0..pattern.edges.len()).collect();
    let mut steps = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let reachable = rest.iter().enumerate().filter_map(|(place, edge)| {
            let shape = &pattern.edges[*edge];
            let (left, right) = (known[shape.left], known[shape.right]);
            let (from, to) = match (left, right) {
                (true, _) => (shape.left, shape.right),
                (false, true) => (shape.right, shape.left),
                (false, false) => return None,
            };
            let closes = left && right;
            let cost = (!closes, shape.most, counts[to]);
            Some((cost, place, Step { edge: *edge, from, to, closes, backwards: !left }))
        });
        // Patterns hang together, so there is always one.
        let Some((_, place, step)) = reachable.min_by_key(|(cost, place, _)| (*cost, *place))
        else {
            break;
        };
        known[step.to] = true;
        rest.remove(place);
        steps.push(step);
    }
    steps
}
