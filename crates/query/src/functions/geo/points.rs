//! Functions of places: distances, directions, whether a place is inside something. Deliberately absent: grids of cells
//! (`cells`).

use std::f64::consts::PI;

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::super::kinds::{ANY, JSON, REAL, TEXT};
use super::super::{Function, p};
use super::shape::buffer::{Around, buffer};
use super::shape::point::Point;
use super::{
    Shapes, function, geojson, meters, optional_flag, optional_real, place, radians, spheroid, wkt,
    written,
};
use crate::kernel::Args;

/// How far corners of a buffer may be from it if nothing is said, in metres.
pub(super) const TOLERANCE_METERS: f64 = 10.0;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "geo_distance_2points",
        [
            p("longitude1", REAL),
            p("latitude1", REAL),
            p("longitude2", REAL),
            p("latitude2", REAL),
            p("use_spheroid", ANY)
        ],
        1,
        Real,
        "The shortest distance between two places, in metres; null if a coordinate is out of range.",
        distance,
        ("round(geo_distance_2points(0, 0, 0, 90), 3)", "10007559.106")
    ),
    function!(
        "geo_azimuth",
        [p("longitude1", REAL), p("latitude1", REAL), p("longitude2", REAL), p("latitude2", REAL)],
        0,
        Real,
        "The direction from one place to another, in radians clockwise from north; null for equal or opposite places.",
        azimuth,
        ("round(degrees(geo_azimuth(0, 0, 10, 0)), 6)", "90")
    ),
    function!(
        "geo_angle",
        [
            p("longitude1", REAL),
            p("latitude1", REAL),
            p("longitude2", REAL),
            p("latitude2", REAL),
            p("longitude3", REAL),
            p("latitude3", REAL)
        ],
        0,
        Real,
        "The clockwise angle at the second place between the ways to the first and to the third, in radians.",
        angle,
        ("round(degrees(geo_angle(0, 10, 0, 0, 10, 0)), 6)", "90")
    ),
    function!(
        "geo_point_in_circle",
        [
            p("longitude", REAL),
            p("latitude", REAL),
            p("centre_longitude", REAL),
            p("centre_latitude", REAL),
            p("radius", REAL)
        ],
        0,
        Bool,
        "Whether a place is within so many metres of another.",
        in_circle,
        ("geo_point_in_circle(10, 50, 10.1, 50, 8000)", "True")
    ),
    function!(
        "geo_point_in_polygon",
        [p("longitude", REAL), p("latitude", REAL), p("polygon", JSON)],
        0,
        Bool,
        "Whether a place is inside a polygon or multipolygon.",
        in_polygon,
        (
            r#"geo_point_in_polygon(2, 1, dynamic({"type":"Polygon","coordinates":[[[0,0],[3,0],[3,3],[0,0]]]}))"#,
            "True"
        )
    ),
    function!(
        "geo_distance_point_to_line",
        [p("longitude", REAL), p("latitude", REAL), p("line", JSON)],
        0,
        Real,
        "The shortest distance from a place to a line or multiline, in metres.",
        to_line,
        (
            r#"round(geo_distance_point_to_line(1, 1, dynamic({"type":"LineString","coordinates":[[0,0],[2,0]]})), 3)"#,
            "111195.101"
        )
    ),
    function!(
        "geo_distance_point_to_polygon",
        [p("longitude", REAL), p("latitude", REAL), p("polygon", JSON)],
        0,
        Real,
        "The shortest distance from a place to a polygon or multipolygon, in metres; 0 inside.",
        to_polygon,
        (
            r#"geo_distance_point_to_polygon(2, 1, dynamic({"type":"Polygon","coordinates":[[[0,0],[3,0],[3,3],[0,0]]]}))"#,
            "0"
        )
    ),
    function!(
        "geo_closest_point_on_line",
        [p("longitude", REAL), p("latitude", REAL), p("line", JSON)],
        0,
        Dynamic,
        "The place of a line or multiline that is nearest to a place.",
        on_line,
        (
            r#"tostring(geo_closest_point_on_line(-1, 1, dynamic({"type":"LineString","coordinates":[[0,0],[2,0]]})))"#,
            r#"{"type":"Point","coordinates":[0.0,0.0]}"#
        )
    ),
    function!(
        "geo_closest_point_on_polygon",
        [p("longitude", REAL), p("latitude", REAL), p("polygon", JSON)],
        0,
        Dynamic,
        "The place of a polygon or multipolygon that is nearest to a place: that place itself if it is inside.",
        on_polygon,
        (
            r#"tostring(geo_closest_point_on_polygon(-1, -1, dynamic({"type":"Polygon","coordinates":[[[0,0],[3,0],[3,3],[0,0]]]})))"#,
            r#"{"type":"Point","coordinates":[0.0,0.0]}"#
        )
    ),
    function!(
        "geo_point_buffer",
        [p("longitude", REAL), p("latitude", REAL), p("radius", REAL), p("tolerance", REAL)],
        1,
        Dynamic,
        "The polygon of all places within so many metres of a place, as exact as a tolerance (10 m) asks for.",
        point_buffer,
        ("array_length(geo_point_buffer(10, 50, 1000, 100).coordinates[0])", "8")
    ),
    function!(
        "geo_from_wkt",
        [p("wkt", TEXT)],
        0,
        Dynamic,
        "The shape that a well-known text describes, as GeoJSON.",
        from_wkt,
        ("tostring(geo_from_wkt('POINT (1 2)'))", r#"{"type":"Point","coordinates":[1.0,2.0]}"#)
    ),
];

fn distance(args: &Args<'_>) -> Result<ArrayRef> {
    args.reals(|row| {
        let (a, b) = (place(args, 0, row)?, place(args, 2, row)?);
        if optional_flag(args, 4, row)? {
            return Some(spheroid::distance(a, b));
        }
        Some(meters(a.angle(b)))
    })
}

/// Whether two places have one shortest way between them.
fn apart(a: Point, b: Point) -> bool {
    (a - b).norm() > 1e-15 && (a + b).norm() > 1e-15
}

fn azimuth(args: &Args<'_>) -> Result<ArrayRef> {
    const NORTH: Point = Point { x: 0.0, y: 0.0, z: 1.0 };
    args.reals(|row| {
        let (a, b) = (place(args, 0, row)?, place(args, 2, row)?);
        apart(a, b).then(|| clockwise(a, NORTH, b))
    })
}

/// The clockwise angle at `a` from the way to `from` to the way to `to`, from 0 to less than 2π.
fn clockwise(a: Point, from: Point, to: Point) -> f64 {
    let (one, other) = (a.robust_cross(from).unit(), a.robust_cross(to).unit());
    let turned = one.cross(other);
    let angle = turned.norm().atan2(one.dot(other));
    if turned.dot(a) > 0.0 { (2.0 * PI - angle) % (2.0 * PI) } else { angle }
}

fn angle(args: &Args<'_>) -> Result<ArrayRef> {
    args.reals(|row| {
        let (a, b, c) = (place(args, 0, row)?, place(args, 2, row)?, place(args, 4, row)?);
        (apart(a, b) && apart(b, c)).then(|| clockwise(b, a, c))
    })
}

fn in_circle(args: &Args<'_>) -> Result<ArrayRef> {
    let radius = args.real(4)?;
    args.bools(|row| {
        let (a, b) = (place(args, 0, row)?, place(args, 2, row)?);
        let radius = radius.get(row).filter(|radius| *radius >= 0.0)?;
        Some(a.angle(b) <= radians(radius))
    })
}

fn in_polygon(args: &Args<'_>) -> Result<ArrayRef> {
    let mut polygons = Shapes::new(args, 2, geojson::polygon)?;
    args.bools(|row| {
        let place = place(args, 0, row)?;
        Some(polygons.get(row)?.contains(place))
    })
}

fn to_line(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 2, geojson::lines)?;
    args.reals(|row| {
        let place = place(args, 0, row)?;
        let edges = super::shape::closed::edges(lines.get(row)?);
        Some(meters(
            edges
                .map(|(a, b)| super::shape::edge::distance(place, a, b))
                .fold(f64::INFINITY, f64::min),
        ))
    })
}

fn to_polygon(args: &Args<'_>) -> Result<ArrayRef> {
    let mut polygons = Shapes::new(args, 2, geojson::polygon)?;
    args.reals(|row| {
        let place = place(args, 0, row)?;
        Some(meters(polygons.get(row)?.distance(place)))
    })
}

fn on_line(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 2, geojson::lines)?;
    written(args, |row, out| {
        let place = place(args, 0, row)?;
        let edges = super::shape::closed::edges(lines.get(row)?);
        geojson::write_point(super::shape::polygon::nearest_on(edges, place)?, out);
        Some(())
    })
}

fn on_polygon(args: &Args<'_>) -> Result<ArrayRef> {
    let mut polygons = Shapes::new(args, 2, geojson::polygon)?;
    written(args, |row, out| {
        let place = place(args, 0, row)?;
        geojson::write_point(polygons.get(row)?.nearest(place)?, out);
        Some(())
    })
}

/// Radius and tolerance of a buffer, in radians, from the arguments at `index` on.
pub(super) fn buffer_sizes(args: &Args<'_>, index: usize, row: usize) -> Option<(f64, f64)> {
    let radius = args.real(index).ok()?.get(row)?;
    let tolerance = optional_real(args, index + 1, row, TOLERANCE_METERS)?;
    let sound = radius > 0.0 && radius.is_finite() && tolerance > 0.0 && tolerance >= radius * 1e-6;
    // A tolerance beyond the radius is taken as the greatest below it.
    sound.then(|| (radians(radius), radians(tolerance.min(radius * 0.999_999))))
}

fn point_buffer(args: &Args<'_>) -> Result<ArrayRef> {
    written(args, |row, out| {
        let place = place(args, 0, row)?;
        let (radius, tolerance) = buffer_sizes(args, 2, row)?;
        geojson::write_polygon(&buffer(&Around::Place(place), radius, tolerance)?, out);
        Some(())
    })
}

fn from_wkt(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    written(args, |row, out| wkt::to_geojson(text.get(row), out).then_some(()))
}
