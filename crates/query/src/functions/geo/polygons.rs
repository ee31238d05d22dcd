//! Functions of one polygon or multipolygon: its size, the same polygon with more or fewer vertices, the cells in it.
//! Deliberately absent: two polygons (`sets`).

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::super::kinds::{ANY, JSON, REAL};
use super::super::{Function, p};
use super::lines::{covering, densified, densify_tolerance, write_cover};
use super::points::{TOLERANCE_METERS, buffer_sizes};
use super::shape::antimeridian::cut_polygons;
use super::shape::buffer::{Around, buffer};
use super::shape::cover::Covered;
use super::shape::overlay::unite;
use super::shape::point::{EARTH_RADIUS_METERS, Point};
use super::shape::polygon::Polygon;
use super::shape::ring::Ring;
use super::shape::simplify::{Chain, simplify};
use super::{
    Shapes, cells, function, geojson, h3, meters, optional_flag, optional_real, optional_whole,
    radians, written,
};
use crate::dynamic;
use crate::kernel::Args;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "geo_polygon_area",
        [p("polygon", JSON)],
        0,
        Real,
        "The area of a polygon or of a multipolygon's union, in square metres.",
        area,
        (
            r#"round(geo_polygon_area(dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]})) / 1e6, 3)"#,
            "12364.037"
        )
    ),
    function!(
        "geo_polygon_perimeter",
        [p("polygon", JSON)],
        0,
        Real,
        "The length of the boundary of a polygon or of a multipolygon's union, in metres.",
        perimeter,
        (
            r#"round(geo_polygon_perimeter(dynamic({"type":"Polygon","coordinates":[[[0,0],[90,0],[0,90],[0,0]]]})), 3)"#,
            "30022677.318"
        )
    ),
    function!(
        "geo_polygon_centroid",
        [p("polygon", JSON)],
        0,
        Dynamic,
        "The centroid of a polygon or of a multipolygon's union.",
        centroid,
        (
            r#"toreal(round(toreal(geo_polygon_centroid(dynamic({"type":"Polygon","coordinates":[[[0,0],[90,0],[0,90],[0,0]]]})).coordinates[0]), 6))"#,
            "45"
        )
    ),
    function!(
        "geo_polygon_densify",
        [p("polygon", JSON), p("tolerance", REAL), p("preserve_crossing", ANY)],
        2,
        Dynamic,
        "A polygon whose edges are straight on the flat map, with places added until geodesics leave it by no more than \
         a tolerance (10 m).",
        densify,
        (
            r#"array_length(geo_polygon_densify(dynamic({"type":"Polygon","coordinates":[[[10,10],[11,10],[11,11],[10,11],[10,10]]]})).coordinates[0])"#,
            "11"
        )
    ),
    function!(
        "geo_polygon_simplify",
        [p("polygon", JSON), p("tolerance", REAL)],
        1,
        Dynamic,
        "A polygon with fewer vertices, none nearer to another than a tolerance (10 m).",
        simplified,
        (
            r#"array_length(geo_polygon_simplify(dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[2,0],[1,2],[0,0]]]})).coordinates[0])"#,
            "4"
        )
    ),
    function!(
        "geo_simplify_polygons_array",
        [p("polygons", JSON), p("tolerance", REAL)],
        1,
        Dynamic,
        "The union of polygons with fewer vertices, none nearer to another than a tolerance (10 m).",
        simplified_array,
        (
            r#"geo_simplify_polygons_array(pack_array(dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,2],[0,0]]]}))).type"#,
            "Polygon"
        )
    ),
    function!(
        "geo_polygon_buffer",
        [p("polygon", JSON), p("radius", REAL), p("tolerance", REAL)],
        1,
        Dynamic,
        "The polygon of all places within so many metres of a polygon, as exact as a tolerance (10 m) asks for.",
        buffered,
        (
            r#"geo_polygon_buffer(dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,2],[0,0]]]}), 1000).type"#,
            "Polygon"
        )
    ),
    function!(
        "geo_polygon_to_s2cells",
        [p("polygon", JSON), p("level", REAL), p("radius", REAL)],
        2,
        Dynamic,
        "The S2 cells of a level (11) that a polygon, or what is within so many metres of it, touches; null if they are \
         more than 65,536.",
        to_s2cells,
        (
            r#"tostring(geo_polygon_to_s2cells(dynamic({"type":"Polygon","coordinates":[[[10,10],[10.001,10],[10,10.001],[10,10]]]}), 5))"#,
            r#"["1054"]"#
        )
    ),
    function!(
        "geo_polygon_to_h3cells",
        [p("polygon", JSON), p("resolution", REAL), p("radius", REAL)],
        2,
        Dynamic,
        "The H3 cells of a resolution (6) whose centres are inside a polygon, or within so many metres of it; null if \
         they are more than 61,680.",
        to_h3cells,
        (
            r#"array_length(geo_polygon_to_h3cells(dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}), 4))"#,
            "8"
        )
    ),
];

fn area(args: &Args<'_>) -> Result<ArrayRef> {
    let mut polygons = Shapes::new(args, 0, geojson::polygon)?;
    args.reals(|row| Some(polygons.get(row)?.area() * EARTH_RADIUS_METERS * EARTH_RADIUS_METERS))
}

fn perimeter(args: &Args<'_>) -> Result<ArrayRef> {
    let mut polygons = Shapes::new(args, 0, geojson::polygon)?;
    args.reals(|row| Some(meters(polygons.get(row)?.perimeter())))
}

fn centroid(args: &Args<'_>) -> Result<ArrayRef> {
    let mut polygons = Shapes::new(args, 0, geojson::polygon)?;
    written(args, |row, out| {
        geojson::write_point(polygons.get(row)?.centroid(), out);
        Some(())
    })
}

fn densify(args: &Args<'_>) -> Result<ArrayRef> {
    let mut polygons = Shapes::new(args, 0, geojson::flat_polygons)?;
    written(args, |row, out| {
        let tolerance = densify_tolerance(args, row)?;
        let preserve = optional_flag(args, 2, row)?;
        let mut found: Vec<Vec<Vec<Point>>> = Vec::new();
        for polygon in polygons.get(row)? {
            let rings = polygon.iter().map(|ring| {
                let mut ring = densified(ring, tolerance, preserve)?;
                ring.pop();
                (ring.len() >= 3).then_some(ring)
            });
            found.push(rings.collect::<Option<_>>()?);
        }
        let found = if preserve { found } else { cut_polygons(found) };
        geojson::write_rings(&found, out);
        Some(())
    })
}

/// The polygon with fewer vertices; `None` if nothing is left of it, or the tolerance is none.
fn simpler(polygon: &Polygon, tolerance: f64) -> Option<Polygon> {
    if !(0.0..=7_800_000.0).contains(&tolerance) {
        return None;
    }
    let chains: Vec<Chain<'_>> =
        polygon.rings().map(|(ring, _)| Chain { places: ring.vertices(), closed: true }).collect();
    let rings: Vec<Ring> = simplify(&chains, radians(tolerance))
        .into_iter()
        .filter(|ring| ring.len() >= 3)
        .map(Ring::smaller_side)
        .collect();
    (!rings.is_empty()).then(|| Polygon::nested(rings))
}

fn simplified(args: &Args<'_>) -> Result<ArrayRef> {
    let mut polygons = Shapes::new(args, 0, geojson::polygon)?;
    written(args, |row, out| {
        let tolerance = optional_real(args, 1, row, TOLERANCE_METERS)?;
        geojson::write_polygon(&simpler(polygons.get(row)?, tolerance)?, out);
        Some(())
    })
}

/// The union of an array's polygons; `None` if it is none, or one of them is not sound.
pub(super) fn union_of(json: &str) -> Option<Polygon> {
    let items = dynamic::elements(json)?;
    let polygons: Vec<Polygon> =
        items.iter().map(|item| geojson::polygon(item)).collect::<Option<_>>()?;
    unite(polygons)
}

fn simplified_array(args: &Args<'_>) -> Result<ArrayRef> {
    let mut unions = Shapes::new(args, 0, union_of)?;
    written(args, |row, out| {
        let tolerance = optional_real(args, 1, row, TOLERANCE_METERS)?;
        geojson::write_polygon(&simpler(unions.get(row)?, tolerance)?, out);
        Some(())
    })
}

fn buffered(args: &Args<'_>) -> Result<ArrayRef> {
    let mut polygons = Shapes::new(args, 0, geojson::polygon)?;
    written(args, |row, out| {
        let (radius, tolerance) = buffer_sizes(args, 1, row)?;
        let polygon = buffer(&Around::Region(polygons.get(row)?), radius, tolerance)?;
        geojson::write_polygon(&polygon, out);
        Some(())
    })
}

fn to_s2cells(args: &Args<'_>) -> Result<ArrayRef> {
    let mut polygons = Shapes::new(args, 0, geojson::polygon)?;
    written(args, |row, out| {
        let (level, radius) = covering(args, row)?;
        let polygon = polygons.get(row)?;
        let edges: Vec<(Point, Point)> = polygon.edges().collect();
        let contains = |place: Point| polygon.contains(place);
        write_cover(&Covered { edges: &edges, contains: &contains, radius }, level, out)
    })
}

fn to_h3cells(args: &Args<'_>) -> Result<ArrayRef> {
    let mut flat = Shapes::new(args, 0, geojson::flat_polygons)?;
    let mut polygons = Shapes::new(args, 0, geojson::polygon)?;
    written(args, |row, out| {
        let resolution = h3::resolution(optional_whole(args, 1, row, 6)?)?;
        let radius = optional_real(args, 2, row, 0.0)?;
        let polygon = polygons.get(row)?;
        if h3::is_too_large(polygon.area() * EARTH_RADIUS_METERS * EARTH_RADIUS_METERS, resolution)
        {
            return None;
        }
        let cells = if radius > 0.0 && radius.is_finite() {
            let tolerance = radians(TOLERANCE_METERS.min(radius * 0.1));
            let wider = buffer(&Around::Region(polygon), radians(radius), tolerance)?;
            h3::inside(&geojson::flat(&wider), resolution)?
        } else if radius == 0.0 {
            h3::inside(flat.get(row)?, resolution)?
        } else {
            return None;
        };
        let tokens = cells.into_iter().map(|cell| cell.to_string()).collect();
        cells::write_tokens(super::order::as_listed(tokens).into_iter(), out);
        Some(())
    })
}
