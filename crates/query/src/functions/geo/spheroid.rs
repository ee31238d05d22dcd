//! Distances on the spheroid of WGS 84, for those who ask for them. Deliberately absent: everything else; the other
//! functions measure on the sphere.

use std::sync::LazyLock;

use geographiclib_rs::{Geodesic, InverseGeodesic};

use super::shape::point::Point;

static EARTH: LazyLock<Geodesic> = LazyLock::new(Geodesic::wgs84);

/// The shortest distance between two places, in metres.
pub(super) fn distance(a: Point, b: Point) -> f64 {
    let (a, b) = (a.to_degrees(), b.to_degrees());
    EARTH.inverse(a.1, a.0, b.1, b.0)
}
