//! What two shapes have in common, where shapes include their boundaries: surfaces, and also the lines and places where
//! they only touch; and the union of lines. Deliberately absent: reading and writing shapes (`geojson`).

use std::collections::{HashMap, HashSet};

use super::edge;
use super::noding::{Edge, Noded, for_each_near_pair, node};
use super::overlay::{Arrangement, arrange};
use super::point::{ORIGIN, Point};
use super::polygon::Polygon;

/// A path of at least two vertices.
pub(crate) type Line = Vec<Point>;

/// What shapes have in common, by dimension.
#[derive(Debug, Default)]
pub(crate) struct Common {
    pub(crate) points: Vec<Point>,
    pub(crate) lines: Vec<Line>,
    pub(crate) polygon: Polygon,
}

/// The edges of lines.
pub(crate) fn edges(lines: &[Line]) -> impl Iterator<Item = (Point, Point)> + '_ {
    lines.iter().flat_map(|line| line.iter().copied().zip(line.iter().copied().skip(1)))
}

fn grouped(
    edges: impl Iterator<Item = (Point, Point)>,
    group: usize,
) -> impl Iterator<Item = Edge> {
    edges.map(move |(from, to)| Edge { from, to, group })
}

/// The union of lines: what lies on another is there once, and paths end only where more than two edges meet. `None` if
/// there are too many edges.
pub(crate) fn unite_lines(lines: &[Line]) -> Option<Vec<Line>> {
    let edges: Vec<Edge> = grouped(edges(lines), 0).collect();
    let noded = node(&edges)?;
    let mut seen = HashSet::new();
    let pieces: Vec<(usize, usize)> = noded
        .pieces
        .iter()
        .map(|piece| (piece.from, piece.to))
        .filter(|(from, to)| seen.insert((*from.min(to), *from.max(to))))
        .collect();
    Some(paths(&noded.vertices, &pieces))
}

/// What two lines have in common; `None` if there are too many edges, as with the others.
pub(crate) fn lines_with_lines(a: &[Line], b: &[Line]) -> Option<Common> {
    let edges: Vec<Edge> = grouped(edges(a), 0).chain(grouped(edges(b), 1)).collect();
    let noded = node(&edges)?;
    let undirected = |group: usize| -> HashSet<(usize, usize)> {
        let own = noded.pieces.iter().filter(|piece| edges[piece.edge].group == group);
        own.map(|piece| (piece.from.min(piece.to), piece.from.max(piece.to))).collect()
    };
    let (mut mine, theirs) = (undirected(0), undirected(1));
    let shared: Vec<(usize, usize)> = noded
        .pieces
        .iter()
        .filter(|piece| edges[piece.edge].group == 0)
        .map(|piece| (piece.from, piece.to))
        .filter(|(from, to)| {
            let ends = (*from.min(to), *from.max(to));
            theirs.contains(&ends) && mine.remove(&ends)
        })
        .collect();
    let touched = touched(&noded, &edges, &shared);
    Some(Common {
        points: touched,
        lines: paths(&noded.vertices, &shared),
        polygon: Polygon::default(),
    })
}

/// The vertices that both groups have and no shared piece ends in.
fn touched(noded: &Noded, edges: &[Edge], covered: &[(usize, usize)]) -> Vec<Point> {
    let mut groups = vec![[false; 2]; noded.vertices.len()];
    let mut order = Vec::new();
    for piece in &noded.pieces {
        for end in [piece.from, piece.to] {
            if groups[end] == [false; 2] {
                order.push(end);
            }
            groups[end][edges[piece.edge].group] = true;
        }
    }
    let covered: HashSet<usize> = covered.iter().flat_map(|(from, to)| [*from, *to]).collect();
    order
        .into_iter()
        .filter(|vertex| groups[*vertex] == [true; 2] && !covered.contains(vertex))
        .map(|vertex| noded.vertices[vertex])
        .collect()
}

/// What lines and a region have in common.
pub(crate) fn lines_with_polygon(lines: &[Line], polygon: &Polygon) -> Option<Common> {
    let edges: Vec<Edge> = grouped(edges(lines), 0).chain(grouped(polygon.edges(), 1)).collect();
    let at_reference = [0, i32::from(polygon.contains(ORIGIN))];
    let arrangement = Arrangement::new(&edges, ORIGIN, at_reference)?;
    let inside: HashSet<(usize, usize)> = arrangement
        .borders
        .iter()
        .filter(|border| border.groups[0] && (border.left[1] > 0 || border.right[1] > 0))
        .map(|border| border.ends)
        .collect();
    let mut left = inside;
    let kept: Vec<(usize, usize)> = arrangement
        .noded
        .pieces
        .iter()
        .filter(|piece| edges[piece.edge].group == 0)
        .map(|piece| (piece.from, piece.to))
        .filter(|(from, to)| left.remove(&(*from.min(to), *from.max(to))))
        .collect();
    Some(Common {
        points: touched(&arrangement.noded, &edges, &kept),
        lines: paths(&arrangement.noded.vertices, &kept),
        polygon: Polygon::default(),
    })
}

/// What two regions have in common.
pub(crate) fn polygon_with_polygon(a: &Polygon, b: &Polygon) -> Option<Common> {
    let arrangement = arrange(a, b)?;
    let inside = |[a, b]: [i32; 2]| a > 0 && b > 0;
    // What two shapes share is no larger than either.
    let polygon = arrangement.region(inside).unwrap_or_default();
    let edges: Vec<Edge> = grouped(a.edges(), 0).chain(grouped(b.edges(), 1)).collect();
    let (mut covered, mut shared) = (Vec::new(), Vec::new());
    for border in &arrangement.borders {
        if inside(border.left) || inside(border.right) {
            covered.push(border.ends);
        } else if border.groups == [true; 2] {
            // Both have this boundary, from different sides.
            let (first, second) = border.ends;
            let ends =
                if border.forward <= border.backward { (first, second) } else { (second, first) };
            shared.push((border.forward.min(border.backward), ends));
        }
    }
    shared.sort_by_key(|(input, _)| *input);
    let shared: Vec<(usize, usize)> = shared.into_iter().map(|(_, ends)| ends).collect();
    covered.extend(&shared);
    Some(Common {
        points: touched(&arrangement.noded, &edges, &covered),
        lines: paths(&arrangement.noded.vertices, &shared),
        polygon,
    })
}

/// Whether two sets of edges have a place in common.
pub(crate) fn edges_meet(a: &[(Point, Point)], b: &[(Point, Point)]) -> Option<bool> {
    let all: Vec<(Point, Point)> = a.iter().chain(b).copied().collect();
    let mut found = false;
    let done = for_each_near_pair(&all, |one, other| {
        if (one < a.len()) == (other < a.len()) {
            return true;
        }
        let ((p, q), (r, s)) = (all[one], all[other]);
        let touch = |place: Point, (a, b): (Point, Point)| {
            (edge::nearest(place, a, b) - place).norm() < 2e-15
        };
        found = edge::cross(p, q, r, s)
            || touch(p, (r, s))
            || touch(q, (r, s))
            || touch(r, (p, q))
            || touch(s, (p, q));
        !found
    });
    (found || done).then_some(found)
}

/// Joins pieces to paths that end where not exactly two pieces meet; a closed path ends where it began.
pub(crate) fn paths(vertices: &[Point], pieces: &[(usize, usize)]) -> Vec<Line> {
    let mut leaving: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut arriving: HashMap<usize, usize> = HashMap::new();
    for (at, (from, to)) in pieces.iter().enumerate() {
        leaving.entry(*from).or_default().push(at);
        *arriving.entry(*to).or_default() += 1;
    }
    // The only piece that goes on from a vertex, if there is just one way through.
    let onward = |vertex: usize| -> Option<usize> {
        match leaving.get(&vertex).map(Vec::as_slice) {
            Some([only]) if arriving.get(&vertex) == Some(&1) => Some(*only),
            _ => None,
        }
    };
    let mut used = vec![false; pieces.len()];
    let mut found: Vec<(usize, Line)> = Vec::new();
    let begins = (0..pieces.len()).filter(|at| onward(pieces[*at].0).is_none());
    for start in begins.chain(0..pieces.len()) {
        if used[start] {
            continue;
        }
        let mut line = vec![vertices[pieces[start].0]];
        let (mut at, mut first) = (start, start);
        loop {
            used[at] = true;
            first = first.min(at);
            line.push(vertices[pieces[at].1]);
            match onward(pieces[at].1) {
                Some(next) if !used[next] => at = next,
                _ => break,
            }
        }
        found.push((first, line));
    }
    found.sort_by_key(|(first, _)| *first);
    found.into_iter().map(|(_, line)| line).collect()
}
