//! Functions of one line or multiline: its length, places on it, the same line with more or fewer vertices. Deliberately
//! absent: two lines (`sets`).

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::super::kinds::{ANY, JSON, REAL};
use super::super::{Function, p};
use super::points::{TOLERANCE_METERS, buffer_sizes};
use super::shape::antimeridian::cut_lines;
use super::shape::buffer::{Around, buffer};
use super::shape::closed::{Line, edges, unite_lines};
use super::shape::cover::{Covered, cover};
use super::shape::edge;
use super::shape::point::Point;
use super::shape::simplify::{Chain, simplify};
use super::shape::tessellate::{Flat, place as on_sphere, tessellate, wrapped};
use super::{
    Shapes, function, geojson, meters, optional_flag, optional_real, optional_whole, place,
    radians, spheroid, written,
};
use crate::kernel::Args;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "geo_line_length",
        [p("line", JSON)],
        0,
        Real,
        "The length of a line or of a multiline's union, in metres.",
        length,
        (
            r#"round(geo_line_length(dynamic({"type":"LineString","coordinates":[[0,0],[0,90]]})), 3)"#,
            "10007559.106"
        )
    ),
    function!(
        "geo_line_centroid",
        [p("line", JSON)],
        0,
        Dynamic,
        "The centroid of a line or of a multiline's union.",
        centroid,
        (
            r#"tostring(geo_line_centroid(dynamic({"type":"LineString","coordinates":[[0,0],[90,0]]})))"#,
            r#"{"type":"Point","coordinates":[45.0,0.0]}"#
        )
    ),
    function!(
        "geo_line_interpolate_point",
        [p("line", JSON), p("fraction", REAL)],
        0,
        Dynamic,
        "The place at a fraction (0 to 1) of the way along a line.",
        interpolate,
        (
            r#"tostring(geo_line_interpolate_point(dynamic({"type":"LineString","coordinates":[[0,0],[90,0]]}), 0.5))"#,
            r#"{"type":"Point","coordinates":[45.0,0.0]}"#
        )
    ),
    function!(
        "geo_line_locate_point",
        [p("line", JSON), p("longitude", REAL), p("latitude", REAL), p("use_spheroid", ANY)],
        1,
        Real,
        "At which fraction (0 to 1) of the way along a line its place lies that is nearest to a given one.",
        locate,
        (
            r#"round(geo_line_locate_point(dynamic({"type":"LineString","coordinates":[[0,0],[90,0]]}), 45, 10), 9)"#,
            "0.5"
        )
    ),
    function!(
        "geo_line_densify",
        [p("line", JSON), p("tolerance", REAL), p("preserve_crossing", ANY)],
        2,
        Dynamic,
        "A line whose edges are straight on the flat map, with places added until geodesics leave it by no more than a \
         tolerance (10 m).",
        densify,
        (
            r#"array_length(geo_line_densify(dynamic({"type":"LineString","coordinates":[[50,50],[51,51]]})).coordinates)"#,
            "9"
        )
    ),
    function!(
        "geo_line_simplify",
        [p("line", JSON), p("tolerance", REAL)],
        1,
        Dynamic,
        "A line with fewer vertices, none nearer to another than a tolerance (10 m).",
        simplified,
        (
            r#"array_length(geo_line_simplify(dynamic({"type":"LineString","coordinates":[[0,0],[1,0],[2,0]]})).coordinates)"#,
            "2"
        )
    ),
    function!(
        "geo_line_buffer",
        [p("line", JSON), p("radius", REAL), p("tolerance", REAL)],
        1,
        Dynamic,
        "The polygon of all places within so many metres of a line, as exact as a tolerance (10 m) asks for.",
        buffered,
        (
            r#"geo_line_buffer(dynamic({"type":"LineString","coordinates":[[0,0],[1,0]]}), 1000).type"#,
            "Polygon"
        )
    ),
    function!(
        "geo_line_to_s2cells",
        [p("line", JSON), p("level", REAL), p("radius", REAL)],
        2,
        Dynamic,
        "The S2 cells of a level (11) that a line, or what is within so many metres of it, touches; null if they are \
         more than 65,536.",
        to_s2cells,
        (
            r#"tostring(geo_line_to_s2cells(dynamic({"type":"LineString","coordinates":[[10,10],[10.001,10.001]]}), 5))"#,
            r#"["1054"]"#
        )
    ),
];

/// The lines of a text, each piece of them once.
fn united(json: &str) -> Option<Vec<Line>> {
    let lines = geojson::lines(json)?;
    if lines.len() > 1 { unite_lines(&lines) } else { Some(lines) }
}

/// The only line of a text.
fn single(json: &str) -> Option<Line> {
    let mut lines = geojson::lines(json)?;
    if lines.len() == 1 { lines.pop() } else { None }
}

fn length(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 0, united)?;
    args.reals(|row| Some(meters(edges(lines.get(row)?).map(|(a, b)| a.angle(b)).sum())))
}

fn centroid(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 0, united)?;
    written(args, |row, out| {
        let zero = Point { x: 0.0, y: 0.0, z: 0.0 };
        let sum = edges(lines.get(row)?).fold(zero, |sum, (a, b)| {
            // The integral of the position along the edge lies toward its middle.
            sum + (a + b) * ((a - b).norm() / (a + b).norm())
        });
        geojson::write_point(sum.unit(), out);
        Some(())
    })
}

fn interpolate(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 0, single)?;
    let fraction = args.real(1)?;
    written(args, |row, out| {
        let line = std::slice::from_ref(lines.get(row)?);
        let fraction = fraction.get(row).filter(|fraction| (0.0..=1.0).contains(fraction))?;
        let mut left = fraction * edges(line).map(|(a, b)| a.angle(b)).sum::<f64>();
        let mut found = *line.first()?.last()?;
        for (a, b) in edges(line) {
            let way = a.angle(b);
            if left < way {
                found = a.interpolate(b, left / way);
                break;
            }
            left -= way;
        }
        geojson::write_point(found, out);
        Some(())
    })
}

fn locate(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 0, single)?;
    args.reals(|row| {
        let place = place(args, 1, row)?;
        let on_spheroid = optional_flag(args, 3, row)?;
        let way =
            |a: Point, b: Point| if on_spheroid { spheroid::distance(a, b) } else { a.angle(b) };
        let line = std::slice::from_ref(lines.get(row)?);
        let (mut before, mut best, mut nearest) = (0.0, 0.0, f64::INFINITY);
        for (a, b) in edges(line) {
            let foot = edge::nearest(place, a, b);
            let far = (foot - place).norm();
            if far < nearest {
                (nearest, best) = (far, before + way(a, foot));
            }
            before += way(a, b);
        }
        (before > 0.0).then(|| (best / before).clamp(0.0, 1.0))
    })
}

/// A tolerance of densification, in radians.
pub(super) fn densify_tolerance(args: &Args<'_>, row: usize) -> Option<f64> {
    let tolerance = optional_real(args, 1, row, TOLERANCE_METERS)?;
    (0.1..=10_000.0).contains(&tolerance).then(|| radians(tolerance))
}

/// A flat path on the sphere, with places added. Where crossings of the antimeridian are preserved, an edge takes the
/// shorter way around.
pub(super) fn densified(path: &[Flat], tolerance: f64, preserve: bool) -> Option<Line> {
    let mut found = vec![on_sphere(*path.first()?)];
    let mut from = *path.first()?;
    for to in path.iter().skip(1) {
        let end = if preserve { wrapped(from, *to) } else { *to };
        if !tessellate(from, end, tolerance, &mut found) {
            return None;
        }
        from = *to;
    }
    Some(found)
}

fn densify(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 0, geojson::flat_lines)?;
    written(args, |row, out| {
        let tolerance = densify_tolerance(args, row)?;
        let preserve = optional_flag(args, 2, row)?;
        let lines: Option<Vec<Line>> =
            lines.get(row)?.iter().map(|line| densified(line, tolerance, preserve)).collect();
        let lines = if preserve { lines? } else { cut_lines(lines?) };
        geojson::write_lines(&lines, out);
        Some(())
    })
}

fn simplified(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 0, united)?;
    written(args, |row, out| {
        let tolerance = optional_real(args, 1, row, TOLERANCE_METERS)?;
        let lines = lines.get(row)?;
        if !(0.0..=7_800_000.0).contains(&tolerance) {
            return None;
        }
        let chains: Vec<Chain<'_>> =
            lines.iter().map(|line| Chain { places: line, closed: false }).collect();
        let mut simple = simplify(&chains, radians(tolerance));
        simple.retain(|line| !line.is_empty());
        let simple = if simple.len() > 1 { unite_lines(&simple)? } else { simple };
        (!simple.is_empty()).then(|| geojson::write_lines(&simple, out))
    })
}

fn buffered(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 0, geojson::lines)?;
    written(args, |row, out| {
        let (radius, tolerance) = buffer_sizes(args, 1, row)?;
        let polygon = buffer(&Around::Lines(lines.get(row)?), radius, tolerance)?;
        geojson::write_polygon(&polygon, out);
        Some(())
    })
}

/// Level and radius (in radians) of a covering.
pub(super) fn covering(args: &Args<'_>, row: usize) -> Option<(u32, f64)> {
    let level =
        u32::try_from(optional_whole(args, 1, row, 11)?).ok().filter(|level| *level <= 30)?;
    let radius = optional_real(args, 2, row, 0.0)?;
    (radius >= 0.0 && radius.is_finite()).then(|| (level, radians(radius)))
}

/// Writes the tokens of the cells that a shape touches.
pub(super) fn write_cover(shape: &Covered<'_>, level: u32, out: &mut String) -> Option<()> {
    let tokens = cover(shape, level)?;
    super::cells::write_tokens(tokens.into_iter().map(super::shape::cell::Cell::token), out);
    Some(())
}

fn to_s2cells(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 0, geojson::lines)?;
    written(args, |row, out| {
        let (level, radius) = covering(args, row)?;
        let edges: Vec<(Point, Point)> = edges(lines.get(row)?).collect();
        write_cover(&Covered { edges: &edges, contains: &|_| false, radius }, level, out)
    })
}
