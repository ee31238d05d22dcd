//! Edges cut where they cross or touch, so that what is left meets in common vertices only. Deliberately absent: what is
//! inside (`overlay`).

use std::collections::{HashMap, HashSet};

use super::edge;
use super::point::Point;

/// Vertices closer than this, in radians, are one: ten nanometres on the Earth are a million times more. An intersection
/// is computed about as exactly.
const MERGE_RADIANS: f64 = 2e-15;

/// How many pairs of edges are looked at: some ten seconds of work.
const PAIRS_MAX: usize = 1_000_000_000;

/// An edge as it was given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    pub(crate) from: Point,
    pub(crate) to: Point,
    /// Which of the shapes it bounds: 0 or 1.
    pub(crate) group: usize,
}

/// A piece of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Indices of vertices; never equal.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Index of the edge that it is a piece of.
    pub(crate) edge: usize,
}

/// What edges became.
#[derive(Debug, Default)]
pub(crate) struct Noded {
    pub(crate) vertices: Vec<Point>,
    /// In the order of the edges, and along each from its start.
    pub(crate) pieces: Vec<Piece>,
}

/// Cuts all edges at all crossings and touched vertices; `None` if that takes too long.
pub(crate) fn node(edges: &[Edge]) -> Option<Noded> {
    let mut table = Vertices::default();
    let ends: Vec<[usize; 2]> =
        edges.iter().map(|edge| [table.index(edge.from), table.index(edge.to)]).collect();
    let bare: Vec<(Point, Point)> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let mut cuts: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    let done = for_each_near_pair(&bare, |one, other| {
        let mut touching = false;
        for (edge, vertices) in [(one, ends[other]), (other, ends[one])] {
            for vertex in vertices {
                if ends[edge].contains(&vertex) {
                    touching = true;
                } else if touches(table.places[vertex], bare[edge]) {
                    cuts[edge].push(vertex);
                    touching = true;
                }
            }
        }
        // Edges that touch are cut there; edges along each other have no crossing that could be computed.
        let ((a, b), (c, d)) = (bare[one], bare[other]);
        if !touching && edge::cross(a, b, c, d) {
            let vertex = table.index(crossing(bare[one], bare[other]));
            for edge in [one, other] {
                if !ends[edge].contains(&vertex) {
                    cuts[edge].push(vertex);
                }
            }
        }
        true
    });
    if !done {
        return None;
    }
    let mut noded = Noded { vertices: table.places, pieces: Vec::with_capacity(edges.len()) };
    for (at, mut inner) in cuts.into_iter().enumerate() {
        let start = bare[at].0;
        inner.sort_by(|a, b| {
            let far = |vertex: usize| (noded.vertices[vertex] - start).norm();
            far(*a).total_cmp(&far(*b)).then(a.cmp(b))
        });
        let mut from = ends[at][0];
        for to in inner.into_iter().chain([ends[at][1]]) {
            if to != from {
                noded.pieces.push(Piece { from, to, edge: at });
                from = to;
            }
        }
    }
    Some(noded)
}

/// Whether two of the edges cross or are the same, be it the other way; also if it takes too long to tell.
pub(crate) fn any_cross(edges: &[(Point, Point)]) -> bool {
    let mut seen = HashSet::with_capacity(edges.len());
    let twice = edges.iter().any(|(a, b)| {
        let (a, b) = (a.bits(), b.bits());
        !seen.insert((a.min(b), a.max(b)))
    });
    let mut found = twice;
    if !found {
        let done = for_each_near_pair(edges, |one, other| {
            let ((a, b), (c, d)) = (edges[one], edges[other]);
            found = edge::cross(a, b, c, d);
            !found
        });
        found |= !done;
    }
    found
}

/// Where two edges cross: the computed place, or the end nearest to both where they are so nearly parallel that rounding
/// puts it beyond one.
fn crossing(one: (Point, Point), other: (Point, Point)) -> Point {
    let far = |place: Point| {
        let from = |edge: (Point, Point)| (edge::nearest(place, edge.0, edge.1) - place).norm();
        from(one).max(from(other))
    };
    let place = edge::intersection(one.0, one.1, other.0, other.1);
    if far(place) <= 4.0 * MERGE_RADIANS {
        return place;
    }
    let ends = [one.0, one.1, other.0, other.1];
    ends.into_iter().min_by(|a, b| far(*a).total_cmp(&far(*b))).unwrap_or(place)
}

fn touches(place: Point, (a, b): (Point, Point)) -> bool {
    // A cheap bound first: the sum of two sides of a triangle against the third, with room for the sphere's curvature.
    let normal = a.robust_cross(b);
    if place.dot(normal).abs() > 2.0 * MERGE_RADIANS * normal.norm() {
        return false;
    }
    (edge::nearest(place, a, b) - place).norm() <= MERGE_RADIANS
}

/// Vertices with their indices; those that are all but equal share one.
#[derive(Debug, Default)]
struct Vertices {
    places: Vec<Point>,
    exact: HashMap<[u64; 3], usize>,
    /// By box of a grid much wider than the distance that merges, so that nearly always one box must be looked at.
    boxes: HashMap<[i64; 3], Vec<usize>>,
}

impl Vertices {
    const BOX: f64 = 1e-9;

    #[expect(clippy::cast_possible_truncation, reason = "coordinates lie between -1 and 1")]
    fn grid(place: Point, offset: f64) -> [i64; 3] {
        [place.x, place.y, place.z].map(|value| ((value + offset) / Self::BOX).floor() as i64)
    }

    fn index(&mut self, place: Point) -> usize {
        if let Some(index) = self.exact.get(&place.bits()) {
            return *index;
        }
        let (low, high) = (Self::grid(place, -MERGE_RADIANS), Self::grid(place, MERGE_RADIANS));
        let mut found = None;
        for x in low[0]..=high[0] {
            for y in low[1]..=high[1] {
                for z in low[2]..=high[2] {
                    let near = self.boxes.get(&[x, y, z]).into_iter().flatten();
                    found = found.or_else(|| {
                        near.copied().find(|at| (self.places[*at] - place).norm() <= MERGE_RADIANS)
                    });
                }
            }
        }
        let index = found.unwrap_or_else(|| {
            self.places.push(place);
            let index = self.places.len() - 1;
            self.boxes.entry(Self::grid(place, 0.0)).or_default().push(index);
            index
        });
        self.exact.insert(place.bits(), index);
        index
    }
}

/// Calls `visit` with each pair of edges whose boxes in space overlap, until it says that it has seen enough. False if it
/// did, or if there were more than [`PAIRS_MAX`] pairs to look at.
pub(crate) fn for_each_near_pair(
    edges: &[(Point, Point)],
    mut visit: impl FnMut(usize, usize) -> bool,
) -> bool {
    let boxes: Vec<[(f64, f64); 3]> = edges.iter().map(|(a, b)| bounds(*a, *b)).collect();
    // Sweeping along the axis on which the boxes lie farthest apart leaves the fewest pairs.
    let spread = |axis: usize| {
        let (low, high) = boxes.iter().fold((f64::MAX, f64::MIN), |(low, high), bounds| {
            (low.min(bounds[axis].0), high.max(bounds[axis].1))
        });
        high - low
    };
    let axis = (0..3).max_by(|a, b| spread(*a).total_cmp(&spread(*b))).unwrap_or(0);
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by(|a, b| boxes[*a][axis].0.total_cmp(&boxes[*b][axis].0));
    let mut open: Vec<usize> = Vec::new();
    let mut pairs = 0;
    for at in order {
        open.retain(|other| boxes[*other][axis].1 >= boxes[at][axis].0);
        pairs += open.len();
        if pairs > PAIRS_MAX {
            return false;
        }
        for &other in &open {
            let overlap = (0..3).all(|axis| {
                boxes[at][axis].0 <= boxes[other][axis].1
                    && boxes[other][axis].0 <= boxes[at][axis].1
            });
            if overlap && !visit(at.min(other), at.max(other)) {
                return false;
            }
        }
        open.push(at);
    }
    true
}

/// The box around an edge: that of its ends, wider by as much as the arc can rise above the chord.
fn bounds(a: Point, b: Point) -> [(f64, f64); 3] {
    let chord = (b - a).norm();
    let rise = if chord < 1.0 { chord * chord / 4.0 } else { 1.0 } + 1e-14;
    [0, 1, 2].map(|axis| {
        let (one, other) = (a.axis(axis), b.axis(axis));
        (one.min(other) - rise, one.max(other) + rise)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: (f64, f64), to: (f64, f64)) -> Edge {
        Edge {
            from: Point::from_degrees(from.0, from.1),
            to: Point::from_degrees(to.0, to.1),
            group: 0,
        }
    }

    #[test]
    fn edges_are_cut_where_they_cross_and_where_they_are_touched() {
        let noded = node(&[
            edge((0.0, 0.0), (4.0, 0.0)),
            edge((1.0, -1.0), (1.0, 1.0)),
            edge((2.0, 0.0), (2.0, 1.0)),
        ])
        .unwrap();
        let of = |at: usize| noded.pieces.iter().filter(|piece| piece.edge == at).count();
        assert_eq!((of(0), of(1), of(2)), (3, 2, 1));
        assert_eq!(noded.vertices.len(), 7);
    }

    #[test]
    fn edges_along_each_other_share_their_pieces() {
        let noded = node(&[edge((0.0, 0.0), (3.0, 0.0)), edge((2.0, 0.0), (1.0, 0.0))]).unwrap();
        let pieces: Vec<(usize, usize)> = noded.pieces.iter().map(|p| (p.from, p.to)).collect();
        assert_eq!(pieces, [(0, 3), (3, 2), (2, 1), (2, 3)]);
    }
}
