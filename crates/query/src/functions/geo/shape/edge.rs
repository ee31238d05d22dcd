//! Geodesic edges: on which side a place lies, whether two edges cross and where, how far a place is. Decisions are exact:
//! where rounding could decide, exact arithmetic does, and places on one great circle are told apart by a fixed rule, so
//! that all decisions agree with each other. Deliberately absent: rings of edges (`ring`).

use robust::{Coord, Coord3D, orient2d, orient3d};

use super::point::Point;

/// Above this a determinant of unit vectors in floating point has the right sign.
const DETERMINANT_ERROR: f64 = 4.0e-15;

/// 1 if the three places run counterclockwise, -1 if clockwise, 0 only if two of them are the same.
pub(crate) fn sign(a: Point, b: Point, c: Point) -> i32 {
    let determinant = a.cross(b).dot(c);
    if determinant > DETERMINANT_ERROR {
        return 1;
    }
    if determinant < -DETERMINANT_ERROR {
        return -1;
    }
    exact_sign(a, b, c)
}

fn exact_sign(a: Point, b: Point, c: Point) -> i32 {
    if a == b || b == c || c == a {
        return 0;
    }
    let corner = |p: Point| Coord3D { x: p.x, y: p.y, z: p.z };
    let centre = Coord3D { x: 0.0, y: 0.0, z: 0.0 };
    let exact = sgn(orient3d(corner(a), corner(b), corner(c), centre));
    if exact != 0 { exact } else { perturbed_sign(a, b, c) }
}

fn sgn(value: f64) -> i32 {
    i32::from(value > 0.0) - i32::from(value < 0.0)
}

/// Which way three places on one great circle turn if each is moved by an imagined amount, the smaller in order by ever so
/// much more than the greater ("simulation of simplicity").
fn perturbed_sign(a: Point, b: Point, c: Point) -> i32 {
    let mut sorted = [a, b, c];
    let mut swaps = 1;
    for (left, right) in [(0, 1), (1, 2), (0, 1)] {
        if before(sorted[right], sorted[left]) {
            sorted.swap(left, right);
            swaps = -swaps;
        }
    }
    let [a, b, c] = sorted;
    // The sign of p.i * q.j - p.j * q.i, exactly.
    let minor = |p: Point, q: Point, i: usize, j: usize| {
        let corner = |p: Point| Coord { x: p.axis(i), y: p.axis(j) };
        sgn(orient2d(corner(p), corner(q), Coord { x: 0.0, y: 0.0 }))
    };
    // The coefficients of the determinant's expansion in the imagined amounts, the greatest first.
    let terms = [
        minor(b, c, 0, 1),
        minor(b, c, 2, 0),
        minor(b, c, 1, 2),
        minor(c, a, 0, 1),
        sgn(c.x),
        -sgn(c.y),
        minor(c, a, 2, 0),
        sgn(c.z),
        minor(a, b, 0, 1),
        -sgn(b.x),
        sgn(b.y),
        sgn(a.x),
    ];
    swaps * terms.into_iter().find(|term| *term != 0).unwrap_or(1)
}

fn before(a: Point, b: Point) -> bool {
    (a.x, a.y, a.z) < (b.x, b.y, b.z)
}

/// Whether, turning counterclockwise around `o`, one meets `b` between `a` and `c`.
pub(crate) fn ordered(a: Point, b: Point, c: Point, o: Point) -> bool {
    let mut sum = 0;
    sum += i32::from(sign(b, o, a) >= 0);
    sum += i32::from(sign(c, o, b) >= 0);
    sum += i32::from(sign(a, o, c) > 0);
    sum >= 2
}

/// Whether the two edges cross in their interiors; edges that share an end do not.
pub(crate) fn cross(a: Point, b: Point, c: Point, d: Point) -> bool {
    if a == c || a == d || b == c || b == d {
        return false;
    }
    let acb = -sign(a, b, c);
    if sign(a, b, d) != acb {
        return false;
    }
    -sign(c, d, b) == acb && sign(c, d, a) == acb
}

/// Whether a path along the first edge crosses the second, where an end that both share counts or not by a rule under
/// which every place is inside exactly one of the regions around it.
pub(crate) fn cross_or_touch(a: Point, b: Point, c: Point, d: Point) -> bool {
    if a == b || c == d {
        return false;
    }
    if a == c {
        return b == d || ordered(a.across(), d, b, a);
    }
    if b == d {
        return ordered(b.across(), c, a, b);
    }
    if a == d {
        return b == c || ordered(a.across(), c, b, a);
    }
    if b == c {
        return ordered(b.across(), d, a, b);
    }
    cross(a, b, c, d)
}

/// Where two edges that cross do so.
pub(crate) fn intersection(a: Point, b: Point, c: Point, d: Point) -> Point {
    let place = a.robust_cross(b).unit().cross(c.robust_cross(d).unit()).unit();
    // Two great circles meet twice; the crossing is on the side of the edges.
    if place.dot(a + b + (c + d)) < 0.0 { -place } else { place }
}

/// The place on the edge that is nearest to `x`.
pub(crate) fn nearest(x: Point, a: Point, b: Point) -> Point {
    if x == a || x == b {
        return x;
    }
    let normal = a.robust_cross(b);
    let foot = x - normal * (x.dot(normal) / normal.dot(normal));
    if sign(normal, a, foot) > 0 && sign(foot, b, normal) > 0 {
        return foot.unit();
    }
    if (x - a).dot(x - a) <= (x - b).dot(x - b) { a } else { b }
}

/// The distance from a place to the edge, in radians.
pub(crate) fn distance(x: Point, a: Point, b: Point) -> f64 {
    let foot = nearest(x, a, b);
    // The chord is exact where the angle's cross product would lose digits.
    2.0 * ((x - foot).norm() / 2.0).min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(longitude: f64, latitude: f64) -> Point {
        Point::from_degrees(longitude, latitude)
    }

    #[test]
    fn a_turn_has_one_sign_however_it_is_asked() {
        let places = [at(0.0, 0.0), at(0.0, 50.0), at(0.0, 20.0), at(180.0, 10.0), at(7.0, 3.0)];
        for a in places {
            for b in places {
                for c in places {
                    assert_eq!(sign(a, b, c), sign(b, c, a));
                    assert_eq!(sign(a, b, c), -sign(c, b, a));
                    assert_eq!(sign(a, b, c) == 0, a == b || b == c || a == c);
                }
            }
        }
        assert_eq!(sign(at(0.0, 0.0), at(10.0, 0.0), at(5.0, 5.0)), 1);
    }

    #[test]
    fn crossings_are_where_the_great_circles_meet() {
        let (a, b, c, d) = (at(-1.0, 0.0), at(1.0, 0.0), at(0.0, -1.0), at(0.0, 1.0));
        assert!(cross(a, b, c, d));
        assert!(!cross(a, b, c, at(0.0, -0.5)));
        assert!(!cross(a, b, b, d));
        assert!(intersection(a, b, c, d).angle(at(0.0, 0.0)) < 1e-15);
    }

    #[test]
    fn the_nearest_place_is_within_the_edge() {
        let (a, b) = (at(0.0, 0.0), at(10.0, 0.0));
        assert!(nearest(at(5.0, 5.0), a, b).angle(at(5.0, 0.0)) < 1e-15);
        assert_eq!(nearest(at(-5.0, 5.0), a, b), a);
        assert!((distance(at(5.0, 5.0), a, b).to_degrees() - 5.0).abs() < 1e-13);
    }
}
