//! One region made of two, or of boundaries that cross themselves: edges are cut, the plane around each piece is counted,
//! and the pieces that divide inside from outside are joined to rings. Deliberately absent: what is left of dimension one
//! and zero where regions only touch (`closed`).

use std::collections::{HashMap, VecDeque};

use super::edge;
use super::noding::{Edge, Noded, node};
use super::point::Point;
use super::polygon::Polygon;
use super::ring::Ring;
use super::sectors::Sectors;

/// How often each of two groups of boundaries winds around a place.
pub(crate) type Winding = [i32; 2];

/// A piece as a boundary: undirected, with what lies on both sides.
#[derive(Debug, Clone)]
pub(crate) struct Border {
    /// Vertices, the lower index first.
    pub(crate) ends: (usize, usize),
    /// How many edges of each group run from the first end to the second, less those that run back.
    pub(crate) surplus: Winding,
    /// The windings on the left and on the right of the way from the first end to the second.
    pub(crate) left: Winding,
    pub(crate) right: Winding,
    /// Lowest index of the given edges that run this way, and the other way.
    pub(crate) forward: usize,
    pub(crate) backward: usize,
    /// Which groups have an edge here.
    pub(crate) groups: [bool; 2],
}

/// The edges, cut and counted.
#[derive(Debug)]
pub(crate) struct Arrangement {
    pub(crate) noded: Noded,
    pub(crate) borders: Vec<Border>,
    reference: Point,
    at_reference: Winding,
}

impl Arrangement {
    /// Cuts `edges`, of which each group winds `at_reference` times around the place `reference`; `None` if they are too
    /// many.
    pub(crate) fn new(edges: &[Edge], reference: Point, at_reference: Winding) -> Option<Self> {
        let noded = node(edges)?;
        let mut index: HashMap<(usize, usize), usize> = HashMap::new();
        let mut borders: Vec<Border> = Vec::new();
        for piece in &noded.pieces {
            let ends = (piece.from.min(piece.to), piece.from.max(piece.to));
            let at = *index.entry(ends).or_insert_with(|| {
                borders.push(Border {
                    ends,
                    surplus: [0; 2],
                    left: [0; 2],
                    right: [0; 2],
                    forward: usize::MAX,
                    backward: usize::MAX,
                    groups: [false; 2],
                });
                borders.len() - 1
            });
            let border = &mut borders[at];
            let group = edges[piece.edge].group;
            border.groups[group] = true;
            if piece.from < piece.to {
                border.surplus[group] += 1;
                border.forward = border.forward.min(piece.edge);
            } else {
                border.surplus[group] -= 1;
                border.backward = border.backward.min(piece.edge);
            }
        }
        let mut arrangement = Self { noded, borders, reference, at_reference };
        arrangement.count();
        Some(arrangement)
    }

    /// Finds the windings beside all borders: for one of each connected part by a path from the reference, then from
    /// border to border around the vertices.
    fn count(&mut self) {
        let around = self.rotations();
        let places: Vec<(Point, Point)> =
            self.borders.iter().map(|border| self.places(border.ends)).collect();
        let sectors = Sectors::new(self.reference, &places);
        let mut done = vec![false; self.borders.len()];
        // The longest border of a part is the one whose middle is clearest of all others.
        let mut by_length: Vec<usize> = (0..self.borders.len()).collect();
        let length = |border: &Border| {
            let (a, b) = self.places(border.ends);
            (b - a).norm()
        };
        by_length.sort_by(|a, b| length(&self.borders[*b]).total_cmp(&length(&self.borders[*a])));
        for start in by_length {
            if done[start] {
                continue;
            }
            self.count_from_reference(start, &sectors);
            done[start] = true;
            let mut queue =
                VecDeque::from([self.borders[start].ends.0, self.borders[start].ends.1]);
            let mut known = HashMap::from([
                (self.borders[start].ends.0, start),
                (self.borders[start].ends.1, start),
            ]);
            while let Some(vertex) = queue.pop_front() {
                let ring = &around[vertex];
                let Some(first) =
                    known.get(&vertex).and_then(|at| ring.iter().position(|b| b == at))
                else {
                    continue;
                };
                let mut outside = self.left_of(ring[first], vertex);
                for step in 1..ring.len() {
                    let at = ring[(first + step) % ring.len()];
                    outside = self.pass(at, vertex, outside);
                    if !done[at] {
                        done[at] = true;
                        let (a, b) = self.borders[at].ends;
                        let other = if a == vertex { b } else { a };
                        known.entry(other).or_insert_with(|| {
                            queue.push_back(other);
                            at
                        });
                    }
                }
            }
        }
    }

    fn places(&self, (a, b): (usize, usize)) -> (Point, Point) {
        (self.noded.vertices[a], self.noded.vertices[b])
    }

    /// The borders at each vertex, counterclockwise.
    fn rotations(&self) -> Vec<Vec<usize>> {
        let mut around: Vec<Vec<usize>> = vec![Vec::new(); self.noded.vertices.len()];
        for (at, border) in self.borders.iter().enumerate() {
            around[border.ends.0].push(at);
            around[border.ends.1].push(at);
        }
        for (vertex, borders) in around.iter_mut().enumerate() {
            let centre = self.noded.vertices[vertex];
            let far = |at: usize| {
                let (a, b) = self.borders[at].ends;
                self.noded.vertices[if a == vertex { b } else { a }]
            };
            sort_around(centre, borders, far);
        }
        around
    }

    /// What lies on the left when leaving `vertex` along a border.
    fn left_of(&self, at: usize, vertex: usize) -> Winding {
        let border = &self.borders[at];
        if border.ends.0 == vertex { border.left } else { border.right }
    }

    /// Notes that `right` lies on the right when leaving `vertex` along a border, and tells what lies on the left.
    fn pass(&mut self, at: usize, vertex: usize, right: Winding) -> Winding {
        let border = &mut self.borders[at];
        if border.ends.0 == vertex {
            border.right = right;
            border.left = [right[0] + border.surplus[0], right[1] + border.surplus[1]];
            border.left
        } else {
            border.left = right;
            border.right = [right[0] - border.surplus[0], right[1] - border.surplus[1]];
            border.right
        }
    }

    fn count_from_reference(&mut self, at: usize, sectors: &Sectors) {
        let reference = self.reference;
        let (a, b) = self.places(self.borders[at].ends);
        let middle = (a + b).unit();
        let mut winding = self.at_reference;
        for other in sectors.toward(middle).iter().map(|other| *other as usize) {
            let border = &self.borders[other];
            let (c, d) = self.places(border.ends);
            if other == at || !edge::cross(reference, middle, c, d) {
                continue;
            }
            // The path goes over to the left of the border if it came from the right.
            let turn = if edge::sign(c, d, reference) < 0 { 1 } else { -1 };
            winding[0] += turn * border.surplus[0];
            winding[1] += turn * border.surplus[1];
        }
        let (first, second) = self.borders[at].ends;
        // The path arrives on the side of the border on which the reference is.
        let vertex = if edge::sign(a, b, reference) < 0 { first } else { second };
        self.pass(at, vertex, winding);
    }

    /// The region whose windings are `inside`; `None` if it is larger than half the sphere, which no shape can say.
    pub(crate) fn region(&self, inside: impl Fn(Winding) -> bool) -> Option<Polygon> {
        let mut directed: Vec<Directed> = Vec::new();
        for border in &self.borders {
            let (first, second) = border.ends;
            let input = border.forward.min(border.backward);
            match (inside(border.left), inside(border.right)) {
                (true, false) => directed.push(Directed {
                    from: first,
                    to: second,
                    input: if border.forward == usize::MAX { input } else { border.forward },
                }),
                (false, true) => directed.push(Directed {
                    from: second,
                    to: first,
                    input: if border.backward == usize::MAX { input } else { border.backward },
                }),
                _ => {}
            }
        }
        let rings = join(&self.noded.vertices, &directed);
        let polygon = Polygon::nested(rings);
        (polygon.contains(self.reference) == inside(self.at_reference)).then_some(polygon)
    }
}

/// Sorts edges that leave `centre` counterclockwise.
fn sort_around(centre: Point, edges: &mut [usize], far: impl Fn(usize) -> Point) {
    if edges.len() < 3 {
        return;
    }
    let (x, y) = (centre.across(), centre.cross(centre.across()));
    let angle = |at: usize| {
        let away = far(at) - centre;
        away.dot(y).atan2(away.dot(x))
    };
    edges.sort_by(|a, b| angle(*a).total_cmp(&angle(*b)));
}

/// A piece of a result's boundary, with the inside on the left.
#[derive(Debug, Clone, Copy)]
struct Directed {
    from: usize,
    to: usize,
    /// The lowest index of the given edges that it is a piece of.
    input: usize,
}

/// Joins pieces to rings, turning left as sharply as possible wherever several go on, so that rings touch in vertices but
/// never pass through one twice. A ring begins after the piece that was given last, and rings are in the order of their
/// first pieces: so results keep the order of what was given.
fn join(vertices: &[Point], directed: &[Directed]) -> Vec<Ring> {
    let mut leaving: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, piece) in directed.iter().enumerate() {
        leaving.entry(piece.from).or_default().push(at);
    }
    let mut used = vec![false; directed.len()];
    let mut rings: Vec<Vec<usize>> = Vec::new();
    let mut order: Vec<usize> = (0..directed.len()).collect();
    order.sort_by_key(|at| (directed[*at].from, directed[*at].to));
    for start in order {
        if used[start] {
            continue;
        }
        let mut path: Vec<usize> = Vec::new();
        let mut position: HashMap<usize, usize> = HashMap::new();
        let mut at = start;
        loop {
            used[at] = true;
            position.insert(directed[at].from, path.len());
            path.push(at);
            let here = directed[at].to;
            if let Some(begin) = position.get(&here).copied() {
                let ring = path.split_off(begin);
                ring.iter().for_each(|piece| {
                    position.remove(&directed[*piece].from);
                });
                rings.push(ring);
                if path.is_empty() {
                    break;
                }
            }
            let back = vertices[directed[at].from];
            let next =
                leaving.get(&here).into_iter().flatten().copied().filter(|next| !used[*next]);
            let Some(next) = leftmost(vertices, directed, here, back, next) else { break };
            at = next;
        }
    }
    for ring in &mut rings {
        rotate(ring, directed);
    }
    rings.sort_by_key(|ring| ring.first().map(|at| directed[*at].input));
    rings
        .into_iter()
        .filter(|ring| ring.len() > 2)
        .map(|ring| {
            Ring::smaller_side(ring.iter().map(|at| vertices[directed[*at].from]).collect())
        })
        .collect()
}

/// The piece that turns left most sharply, coming from `back`: the first one clockwise from the way back.
fn leftmost(
    vertices: &[Point],
    directed: &[Directed],
    here: usize,
    back: Point,
    candidates: impl Iterator<Item = usize>,
) -> Option<usize> {
    let centre = vertices[here];
    candidates.reduce(|best, next| {
        let (b, n) = (vertices[directed[best].to], vertices[directed[next].to]);
        // Counterclockwise from `back`, what comes last is the first clockwise.
        if edge::ordered(back, b, n, centre) { next } else { best }
    })
}

/// Turns a ring so that it ends with the piece of the highest input; of several such pieces in a row, the last.
fn rotate(ring: &mut [usize], directed: &[Directed]) {
    let input = |at: usize| directed[at].input;
    let (mut last, mut gap) = (0, false);
    for at in 1..ring.len() {
        match input(ring[at]).cmp(&input(ring[last])) {
            std::cmp::Ordering::Less => gap = true,
            std::cmp::Ordering::Equal if gap => {}
            _ => (last, gap) = (at, false),
        }
    }
    let begin = (last + 1) % ring.len().max(1);
    ring.rotate_left(begin);
}

/// The arrangement of two regions' boundaries.
pub(crate) fn arrange(a: &Polygon, b: &Polygon) -> Option<Arrangement> {
    let edges: Vec<Edge> = [a, b]
        .into_iter()
        .enumerate()
        .flat_map(|(group, polygon)| {
            polygon.edges().map(move |(from, to)| Edge { from, to, group })
        })
        .collect();
    let reference = super::point::ORIGIN;
    let at = [a, b].map(|polygon| i32::from(polygon.contains(reference)));
    Arrangement::new(&edges, reference, at)
}

/// The union of two regions.
fn union(a: &Polygon, b: &Polygon) -> Option<Polygon> {
    arrange(a, b)?.region(|[a, b]| a > 0 || b > 0)
}

/// The union of many regions: the two with the fewest vertices first, so that the work stays small. `None`
/// if it is larger than half the sphere.
pub(crate) fn unite(polygons: Vec<Polygon>) -> Option<Polygon> {
    let mut queue: Vec<Polygon> = polygons;
    queue.sort_by_key(Polygon::vertex_count);
    let mut queue = VecDeque::from(queue);
    while queue.len() > 1 {
        let (Some(a), Some(b)) = (queue.pop_front(), queue.pop_front()) else { break };
        let union = union(&a, &b)?;
        let count = union.vertex_count();
        let at = queue.partition_point(|other| other.vertex_count() <= count);
        queue.insert(at, union);
    }
    queue.pop_front()
}

#[cfg(test)]
mod tests {
    use super::super::closed::polygon_with_polygon;
    use super::*;

    /// Numbers from a seed, evenly spread.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: u64) -> f64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let number = ((self.0 >> 33) % limit) as f64;
            number
        }
    }

    /// Triangles and quadrangles on a coarse grid, so that vertices and edges often meet.
    fn shape(numbers: &mut Numbers, size: u64) -> Option<Polygon> {
        let corners = if numbers.below(2) > 0.0 { 3 } else { 4 };
        let ring = (0..corners)
            .map(|_| Point::from_degrees(numbers.below(size), numbers.below(size)))
            .collect();
        Polygon::from_boundaries(vec![ring]).ok().filter(|polygon| polygon.area() > 1e-9)
    }

    #[test]
    fn what_two_regions_share_and_what_either_has_add_up() {
        for size in [4, 7, 60] {
            let mut numbers = Numbers(size);
            let mut tried = 0;
            for round in 0..2000 {
                let (Some(a), Some(b)) = (shape(&mut numbers, size), shape(&mut numbers, size))
                else {
                    continue;
                };
                tried += 1;
                let union = unite(vec![a.clone(), b.clone()]).unwrap();
                let common = polygon_with_polygon(&a, &b).unwrap().polygon;
                let (found, expected) = (union.area() + common.area(), a.area() + b.area());
                assert!(
                    (found - expected).abs() < 1e-12,
                    "size {size}, round {round}: {found} is not {expected}: {a:?} {b:?}"
                );
                for _ in 0..5 {
                    let place = Point::from_degrees(
                        numbers.below(600) / 10.0 + 0.013,
                        numbers.below(600) / 10.0 + 0.017,
                    );
                    assert_eq!(
                        union.contains(place),
                        a.contains(place) || b.contains(place),
                        "{size} {round}"
                    );
                    assert_eq!(
                        common.contains(place),
                        a.contains(place) && b.contains(place),
                        "{size} {round}"
                    );
                }
            }
            assert!(tried > 300, "{tried}");
        }
    }

    #[test]
    fn a_boundary_that_crosses_itself_is_counted_by_its_turns() {
        // Twice around the same square, and once around a part of it the other way.
        let square = |west: f64, size: f64| {
            [(west, 0.0), (west + size, 0.0), (west + size, size), (west, size)]
                .map(|(x, y)| Point::from_degrees(x, y))
        };
        let edges = |ring: [Point; 4], back: bool| -> Vec<Edge> {
            (0..4)
                .map(|at| {
                    let (a, b) = (ring[at], ring[(at + 1) % 4]);
                    let (from, to) = if back { (b, a) } else { (a, b) };
                    Edge { from, to, group: 0 }
                })
                .collect()
        };
        let mut all = edges(square(0.0, 4.0), false);
        all.extend(edges(square(0.0, 4.0), false));
        all.extend(edges(square(1.0, 1.0), true));
        let arrangement = Arrangement::new(&all, super::super::point::ORIGIN, [0; 2]).unwrap();
        let twice = arrangement.region(|[count, _]| count == 2).unwrap();
        let once = arrangement.region(|[count, _]| count == 1).unwrap();
        assert_eq!(twice.rings().count(), 1);
        assert!(twice.contains(Point::from_degrees(3.0, 3.0)));
        assert!(once.contains(Point::from_degrees(1.5, 0.5)));
        let ring = once.rings().next().unwrap().0;
        assert_eq!(ring.vertices().len(), 4);
    }
}
