//! Closed rings of geodesic edges, with their inside on the left. Deliberately absent: how rings lie in each other
//! (`polygon`).

use std::f64::consts::PI;

use super::edge::{cross_or_touch, ordered};
use super::point::{ORIGIN, Point};
use super::sectors::Sectors;

/// A ring: at least three vertices, the last joined to the first. Its inside is what one has on the left when walking it.
#[derive(Debug, Clone)]
pub(crate) struct Ring {
    vertices: Vec<Point>,
    /// Whether [`ORIGIN`] is inside, from which every other place is counted.
    origin_inside: bool,
    /// A place inside the smallest cap that holds all vertices, and the cap's size: `cos` of its angle.
    centre: Point,
    reach: f64,
    index: Option<Sectors>,
}

/// Rings with fewer vertices are searched whole.
const INDEXED_MIN: usize = 32;

impl Ring {
    /// The ring of these vertices, in their order.
    pub(crate) fn new(vertices: Vec<Point>) -> Self {
        let centre =
            vertices.iter().fold(Point { x: 0.0, y: 0.0, z: 0.0 }, |sum, v| sum + *v).unit();
        let reach = vertices.iter().map(|v| centre.dot(*v)).fold(1.0, f64::min);
        let index =
            (vertices.len() >= INDEXED_MIN).then(|| Sectors::new(ORIGIN, &edges_of(&vertices)));
        let mut ring = Self { vertices, origin_inside: false, centre, reach, index };
        if let [a, b, c, ..] = ring.vertices[..] {
            // The corner at the second vertex tells whether that vertex is inside, and so what the origin must be.
            let inside = a != c && corner_contains(a, b, c);
            ring.origin_inside = inside != ring.crossings_are_odd(b);
        }
        ring
    }

    /// The same boundary with the smaller of the two sides inside.
    pub(crate) fn smaller_side(vertices: Vec<Point>) -> Self {
        if signed_area(&vertices) < 0.0 {
            return Self::new(vertices.into_iter().rev().collect());
        }
        Self::new(vertices)
    }

    /// The vertices, the first not repeated.
    pub(crate) fn vertices(&self) -> &[Point] {
        &self.vertices
    }

    /// The same boundary with the other side inside.
    pub(crate) fn reversed(&self) -> Self {
        Self::new(self.vertices.iter().rev().copied().collect())
    }

    /// The edges, in order.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        self.vertices.iter().copied().zip(self.vertices.iter().copied().cycle().skip(1))
    }

    /// Whether a place is inside. Of all regions that share a vertex, exactly one has it inside.
    pub(crate) fn contains(&self, place: Point) -> bool {
        // A ring within less than half the sphere has its inside within the cap around its vertices.
        if self.reach > 0.0 && !self.origin_inside && place.dot(self.centre) < self.reach - 1e-12 {
            return false;
        }
        self.origin_inside != self.crossings_are_odd(place)
    }

    fn crossings_are_odd(&self, place: Point) -> bool {
        let Some(index) = &self.index else {
            return self
                .edges()
                .fold(false, |odd, (a, b)| odd != cross_or_touch(ORIGIN, place, a, b));
        };
        let count = self.vertices.len();
        index.toward(place).iter().fold(false, |odd, at| {
            let (a, b) = (self.vertices[*at as usize], self.vertices[(*at as usize + 1) % count]);
            odd != cross_or_touch(ORIGIN, place, a, b)
        })
    }

    /// Whether a place is so far away from all vertices that it cannot be inside.
    pub(crate) fn is_beyond(&self, place: Point) -> bool {
        // A ring within less than half the sphere has its inside within the cap around its vertices.
        self.reach > 0.0 && !self.origin_inside && place.dot(self.centre) < self.reach - 1e-12
    }

    /// The area inside, in steradians.
    pub(crate) fn area(&self) -> f64 {
        let area = signed_area(&self.vertices);
        if area < 0.0 { area + 4.0 * PI } else { area }
    }

    /// The length of the boundary, in radians.
    pub(crate) fn perimeter(&self) -> f64 {
        self.edges().map(|(a, b)| a.angle(b)).sum()
    }

    /// The centroid of the surface inside, times its area.
    pub(crate) fn centroid(&self) -> Point {
        let zero = Point { x: 0.0, y: 0.0, z: 0.0 };
        let Some(&first) = self.vertices.first() else { return zero };
        let rest = self.vertices.iter().skip(1);
        rest.clone()
            .zip(rest.skip(1))
            .fold(zero, |sum, (b, c)| sum + triangle_centroid(first, *b, *c))
    }
}

fn edges_of(vertices: &[Point]) -> Vec<(Point, Point)> {
    let next = vertices.iter().cycle().skip(1);
    vertices.iter().copied().zip(next.copied()).collect()
}

/// Whether the corner at `b`, from `a` to `c` with the inside on the left, has `b` itself inside.
pub(crate) fn corner_contains(a: Point, b: Point, c: Point) -> bool {
    !ordered(b.across(), c, a, b)
}

/// The area on the left of the vertices' path; negative where the smaller side is on the right.
fn signed_area(vertices: &[Point]) -> f64 {
    let Some((first, rest)) = vertices.split_first() else { return 0.0 };
    let sum: f64 =
        rest.iter().zip(rest.iter().skip(1)).map(|(b, c)| triangle_area(*first, *b, *c)).sum();
    // The triangles of a ring that runs around the far side of the sphere sum up to the area less or more the whole.
    if sum > 2.0 * PI {
        sum - 4.0 * PI
    } else if sum < -2.0 * PI {
        sum + 4.0 * PI
    } else {
        sum
    }
}

/// The area of a triangle, negative if it runs clockwise; exact also for tiny ones.
fn triangle_area(a: Point, b: Point, c: Point) -> f64 {
    // The determinant of the differences has the digits that the determinant of the places loses.
    let volume = (b - a).cross(c - a).dot(a);
    2.0 * volume.atan2(1.0 + a.dot(b) + b.dot(c) + c.dot(a))
}

/// The integral of the position over a triangle, as Kusto's geometry computes it: the planar formula with each edge's
/// angle set against its sine.
fn triangle_centroid(a: Point, b: Point, c: Point) -> Point {
    let ratio = |angle: f64| if angle == 0.0 { 1.0 } else { angle / angle.sin() };
    let (ra, rb, rc) = (ratio(b.angle(c)), ratio(c.angle(a)), ratio(a.angle(b)));
    let x = Point { x: a.x, y: b.x - a.x, z: c.x - a.x };
    let y = Point { x: a.y, y: b.y - a.y, z: c.y - a.y };
    let z = Point { x: a.z, y: b.z - a.z, z: c.z - a.z };
    let r = Point { x: ra, y: rb - ra, z: rc - ra };
    Point { x: y.cross(z).dot(r), y: z.cross(x).dot(r), z: x.cross(y).dot(r) } * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(places: &[(f64, f64)]) -> Ring {
        Ring::smaller_side(places.iter().map(|(x, y)| Point::from_degrees(*x, *y)).collect())
    }

    #[test]
    fn an_octant_is_an_eighth_of_the_sphere() {
        let octant = ring(&[(0.0, 0.0), (90.0, 0.0), (0.0, 90.0)]);
        assert!((octant.area() - PI / 2.0).abs() < 1e-15);
        assert!((octant.perimeter() - 1.5 * PI).abs() < 1e-15);
        let (longitude, latitude) = octant.centroid().to_degrees();
        assert!(
            (longitude - 45.0).abs() < 1e-12 && (latitude - 35.264_389_682_754_65).abs() < 1e-12
        );
    }

    #[test]
    fn the_smaller_side_is_inside_whichever_way_it_was_written() {
        for places in
            [[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], [(0.0, 0.0), (10.0, 10.0), (10.0, 0.0)]]
        {
            let ring = ring(&places);
            assert!(ring.contains(Point::from_degrees(8.0, 3.0)));
            assert!(!ring.contains(Point::from_degrees(3.0, 8.0)));
            assert!(!ring.contains(Point::from_degrees(-170.0, -5.0)));
            assert!(ring.reversed().contains(Point::from_degrees(-170.0, -5.0)));
        }
    }

    #[test]
    fn a_ring_of_many_vertices_is_searched_in_part_with_the_same_answer() {
        for (west, south) in [(10.0, 50.0), (170.0, 85.5), (-100.0, -88.0), (40.0, -2.0)] {
            let circle = |count: u32| -> Vec<Point> {
                let centre = Point::from_degrees(west, south);
                let (x, y) = (centre.across(), centre.cross(centre.across()));
                (0..count)
                    .map(|at| f64::from(at) / f64::from(count) * 2.0 * PI)
                    .map(|a| centre.along(x * a.cos() + y * a.sin(), 0.1 + 0.03 * (5.0 * a).sin()))
                    .collect()
            };
            let indexed = Ring::new(circle(500));
            let mut whole = indexed.clone();
            whole.index = None;
            for column in 0..40 {
                for row in 0..40 {
                    let longitude = west + f64::from(column - 20) * 0.7 + 0.01;
                    let latitude = (south + f64::from(row - 20) * 0.7 + 0.01).clamp(-90.0, 90.0);
                    let place = Point::from_degrees(longitude, latitude);
                    assert_eq!(indexed.contains(place), whole.contains(place));
                }
            }
            assert!(indexed.contains(Point::from_degrees(west, south)));
            // A vertex belongs to the ring or not, however it is searched.
            assert!(indexed.vertices().iter().all(|v| indexed.contains(*v) == whole.contains(*v)));
        }
    }

    #[test]
    fn regions_that_meet_share_no_vertex() {
        let west = ring(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]);
        let east = ring(&[(1.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0)]);
        let corner = Point::from_degrees(1.0, 1.0);
        assert!(!(west.contains(corner) && east.contains(corner)));
    }
}
