//! Straight lines on the flat map of longitudes and latitudes turned into geodesics, with as many places between as the
//! tolerance asks for. Deliberately absent: other projections.

use super::point::Point;

/// A longitude and latitude, in degrees.
pub(crate) type Flat = (f64, f64);

/// Where along an edge the error is measured, from both ends, and what part of the greatest error is found there: the two
/// shapes that the error can take (greatest in the middle; zero in the middle) are equal at this place.
const MEASURED_AT: f64 = 0.312_156_910_822_483_1;
const MEASURED_PART: f64 = 0.838_299_925_698_885_1;

/// More places than this are not made.
pub(crate) const PLACES_MAX: usize = 10_485_760;

/// Halving more often than this gains nothing: the halves are shorter than any tolerance.
const DEPTH_MAX: u32 = 45;

/// Appends the places of the flat edge from `a` to `b`, without the first, such that no geodesic between them leaves the
/// flat edge by more than `tolerance` radians. False if there would be too many.
pub(crate) fn tessellate(a: Flat, b: Flat, tolerance: f64, out: &mut Vec<Point>) -> bool {
    let chord = 2.0 * (MEASURED_PART * tolerance.max(1e-13) / 2.0).sin();
    let mut open = vec![(a, place(a), b, place(b), 0)];
    while let Some((a, pa, b, pb, depth)) = open.pop() {
        if depth >= DEPTH_MAX || error(a, pa, b, pb) <= chord {
            out.push(pb);
            if out.len() > PLACES_MAX {
                return false;
            }
            continue;
        }
        let middle = between(a, b, 0.5);
        let on_sphere = place(middle);
        open.push((middle, on_sphere, b, pb, depth + 1));
        open.push((a, pa, middle, on_sphere, depth + 1));
    }
    true
}

/// The place of a flat position.
pub(crate) fn place((longitude, latitude): Flat) -> Point {
    Point::from_degrees(longitude, latitude)
}

/// The same place as `to`, with the longitude that is nearest to that of `from`.
pub(crate) fn wrapped(from: Flat, to: Flat) -> Flat {
    let turns = ((to.0 - from.0) / 360.0).round();
    (to.0 - 360.0 * turns, to.1)
}

fn between(a: Flat, b: Flat, fraction: f64) -> Flat {
    let mix = |a: f64, b: f64| (1.0 - fraction) * a + fraction * b;
    (mix(a.0, b.0), mix(a.1, b.1))
}

/// How far apart the flat edge and the geodesic are, measured at two places.
fn error(a: Flat, pa: Point, b: Flat, pb: Point) -> f64 {
    // Edges of more than a quarter of the way around are always halved.
    if pa.dot(pb) < -1e-14 {
        return f64::INFINITY;
    }
    let apart =
        |fraction: f64| (pa.interpolate(pb, fraction) - place(between(a, b, fraction))).norm();
    apart(MEASURED_AT).max(apart(1.0 - MEASURED_AT))
}
