//! Regions bounded by rings: which ring is a hole in which, and what can be said of the whole. Deliberately absent:
//! operations on two regions (`overlay`).

use std::collections::HashSet;

use super::edge;
use super::noding;
use super::point::Point;
use super::ring::Ring;

/// Why rings make no region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Invalid;

/// A region: rings of which each has the smaller side inside, those of odd depth being holes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Polygon {
    rings: Vec<Ring>,
    /// How many rings each ring lies in.
    depths: Vec<usize>,
}

impl Polygon {
    /// The region of these boundaries, whichever way they run. Rings must neither cross nor touch themselves, may touch
    /// each other in vertices only.
    pub(crate) fn from_boundaries(boundaries: Vec<Vec<Point>>) -> Result<Self, Invalid> {
        for vertices in &boundaries {
            let distinct: HashSet<_> = vertices.iter().map(|vertex| vertex.bits()).collect();
            let opposite = vertices
                .iter()
                .zip(vertices.iter().cycle().skip(1))
                .any(|(a, b)| (*a + *b).norm() < 1e-15);
            if vertices.len() < 3 || distinct.len() != vertices.len() || opposite {
                return Err(Invalid);
            }
        }
        let polygon = Self::nested(boundaries.into_iter().map(Ring::smaller_side).collect());
        if noding::any_cross(&polygon.edges().collect::<Vec<_>>()) {
            return Err(Invalid);
        }
        Ok(polygon)
    }

    /// The region of rings that are known to be sound.
    pub(crate) fn nested(rings: Vec<Ring>) -> Self {
        let vertices: Vec<HashSet<[u64; 3]>> = if rings.len() > 1 {
            rings.iter().map(|ring| ring.vertices().iter().map(|v| v.bits()).collect()).collect()
        } else {
            Vec::new()
        };
        let inside = |inner: usize, outer: usize| -> bool {
            if rings[inner].vertices().first().is_none_or(|first| rings[outer].is_beyond(*first)) {
                return false;
            }
            // A vertex that both share says nothing; if all are shared, the middle of an edge decides.
            let own = rings[inner].vertices().iter().find(|v| !vertices[outer].contains(&v.bits()));
            let place =
                own.copied().or_else(|| rings[inner].edges().next().map(|(a, b)| (a + b).unit()));
            place.is_some_and(|place| rings[outer].contains(place))
        };
        let count = rings.len();
        // The rings around each, and from them its depth and its nearest.
        let around: Vec<Vec<usize>> = (0..count)
            .map(|inner| {
                (0..count).filter(|outer| *outer != inner && inside(inner, *outer)).collect()
            })
            .collect();
        let mut order: Vec<usize> = Vec::with_capacity(count);
        let mut open: Vec<usize> = (0..count).rev().filter(|at| around[*at].is_empty()).collect();
        while let Some(at) = open.pop() {
            order.push(at);
            if order.len() > count {
                break;
            }
            let depth = around[at].len() + 1;
            open.extend(
                (0..count)
                    .rev()
                    .filter(|inner| around[*inner].len() == depth && around[*inner].contains(&at)),
            );
        }
        let depths = order.iter().map(|at| around[*at].len()).collect();
        let mut rings: Vec<Option<Ring>> = rings.into_iter().map(Some).collect();
        let rings = order.iter().filter_map(|at| rings[*at].take()).collect();
        Self { rings, depths }
    }

    /// Whether nothing is inside.
    pub(crate) fn is_empty(&self) -> bool {
        self.rings.is_empty()
    }

    /// The rings, and whether each is a hole. A ring comes after the one that it lies in.
    pub(crate) fn rings(&self) -> impl Iterator<Item = (&Ring, bool)> {
        self.rings.iter().zip(&self.depths).map(|(ring, depth)| (ring, depth % 2 == 1))
    }

    /// All edges, with the inside on the left.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        self.rings().flat_map(|(ring, hole)| {
            let vertices = ring.vertices();
            let count = vertices.len();
            (0..count).map(move |at| {
                if hole {
                    (vertices[count - 1 - at], vertices[(2 * count - 2 - at) % count])
                } else {
                    (vertices[at], vertices[(at + 1) % count])
                }
            })
        })
    }

    /// How many vertices there are.
    pub(crate) fn vertex_count(&self) -> usize {
        self.rings.iter().map(|ring| ring.vertices().len()).sum()
    }

    /// Whether a place is inside.
    pub(crate) fn contains(&self, place: Point) -> bool {
        self.rings.iter().fold(false, |inside, ring| inside != ring.contains(place))
    }

    /// The area, in steradians.
    pub(crate) fn area(&self) -> f64 {
        self.rings().map(|(ring, hole)| if hole { -ring.area() } else { ring.area() }).sum()
    }

    /// The length of all boundaries, in radians.
    pub(crate) fn perimeter(&self) -> f64 {
        self.rings.iter().map(Ring::perimeter).sum()
    }

    /// The centroid of the surface.
    pub(crate) fn centroid(&self) -> Point {
        let zero = Point { x: 0.0, y: 0.0, z: 0.0 };
        let sum = self.rings().fold(zero, |sum, (ring, hole)| {
            sum + if hole { -ring.centroid() } else { ring.centroid() }
        });
        sum.unit()
    }

    /// The distance from a place, in radians; zero inside.
    pub(crate) fn distance(&self, place: Point) -> f64 {
        if self.contains(place) {
            return 0.0;
        }
        self.edges().map(|(a, b)| edge::distance(place, a, b)).fold(f64::INFINITY, f64::min)
    }

    /// The place of the region that is nearest to a place: that place itself if it is inside.
    pub(crate) fn nearest(&self, place: Point) -> Option<Point> {
        if self.contains(place) {
            return Some(place);
        }
        nearest_on(self.edges(), place)
    }
}

/// The place on any of the edges that is nearest to a place.
pub(crate) fn nearest_on(
    edges: impl Iterator<Item = (Point, Point)>,
    place: Point,
) -> Option<Point> {
    edges
        .map(|(a, b)| edge::nearest(place, a, b))
        .map(|foot| ((foot - place).norm(), foot))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, foot)| foot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(west: f64, south: f64, size: f64) -> Vec<Point> {
        [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size)]
            .iter()
            .map(|(x, y)| Point::from_degrees(west + x, south + y))
            .collect()
    }

    #[test]
    fn rings_within_rings_are_holes_and_islands() {
        let polygon = Polygon::from_boundaries(vec![
            square(2.0, 2.0, 1.0),
            square(0.0, 0.0, 10.0),
            square(1.0, 1.0, 5.0),
            square(20.0, 0.0, 1.0),
        ])
        .unwrap();
        let holes: Vec<bool> = polygon.rings().map(|(_, hole)| hole).collect();
        assert_eq!(holes, [false, true, false, false]);
        assert!(polygon.contains(Point::from_degrees(2.5, 2.5)));
        assert!(!polygon.contains(Point::from_degrees(1.5, 1.5)));
        assert!(polygon.contains(Point::from_degrees(9.0, 9.0)));
    }

    #[test]
    fn rings_that_cross_or_repeat_a_vertex_are_refused() {
        let mut bow = square(0.0, 0.0, 1.0);
        bow.swap(1, 2);
        assert!(Polygon::from_boundaries(vec![bow]).is_err());
        assert!(
            Polygon::from_boundaries(vec![square(0.0, 0.0, 2.0), square(1.0, 1.0, 2.0)]).is_err()
        );
        let mut twice = square(0.0, 0.0, 1.0);
        twice.insert(1, twice[0]);
        assert!(Polygon::from_boundaries(vec![twice]).is_err());
    }
}
