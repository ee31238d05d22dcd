//! Shapes as GeoJSON, read and written. Deliberately absent: features and collections as input; no function takes them.

use serde_json::Value;

use super::shape::closed::{Common, Line};
use super::shape::overlay::unite;
use super::shape::point::Point;
use super::shape::polygon::Polygon;
use super::shape::tessellate::{Flat, place};
use crate::dynamic;

/// The ring of a polygon as it was written, the first position repeated at the end.
type FlatRing = Vec<Flat>;

fn typed(json: &str) -> Option<(Value, String)> {
    let Value::Object(mut shape) = dynamic::parsed(json)? else { return None };
    let coordinates = shape.remove("coordinates")?;
    Some((coordinates, shape.get("type")?.as_str()?.to_owned()))
}

fn list<T>(value: &Value, item: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(item).collect()
}

/// A position. A longitude beyond half a turn is taken as it is, as Kusto does within shapes; a latitude beyond a pole is
/// none.
fn position(value: &Value) -> Option<Flat> {
    let numbers = value.as_array()?;
    let (longitude, latitude) = (numbers.first()?.as_f64()?, numbers.get(1)?.as_f64()?);
    let sound = longitude.abs() <= 360.0 && latitude.abs() <= 90.0;
    sound.then_some((longitude, latitude))
}

fn flat_line(value: &Value) -> Option<Vec<Flat>> {
    list(value, position).filter(|line| line.len() >= 2)
}

fn flat_ring(value: &Value) -> Option<FlatRing> {
    list(value, position).filter(|ring| ring.len() >= 4 && ring.first() == ring.last())
}

fn flat_polygon(value: &Value) -> Option<Vec<FlatRing>> {
    list(value, flat_ring).filter(|rings| !rings.is_empty())
}

/// The lines of a `LineString` or `MultiLineString`, as they were written.
pub(super) fn flat_lines(json: &str) -> Option<Vec<Vec<Flat>>> {
    let (coordinates, kind) = typed(json)?;
    let lines = match kind.as_str() {
        "LineString" => vec![flat_line(&coordinates)?],
        "MultiLineString" => list(&coordinates, flat_line)?,
        _ => return None,
    };
    (!lines.is_empty()).then_some(lines)
}

/// The rings of a `Polygon` or of each of a `MultiPolygon`, as they were written.
pub(super) fn flat_polygons(json: &str) -> Option<Vec<Vec<FlatRing>>> {
    let (coordinates, kind) = typed(json)?;
    let polygons = match kind.as_str() {
        "Polygon" => vec![flat_polygon(&coordinates)?],
        "MultiPolygon" => list(&coordinates, flat_polygon)?,
        _ => return None,
    };
    (!polygons.is_empty()).then_some(polygons)
}

/// The lines of a `LineString` or `MultiLineString`; `None` if it is neither, or an edge has no shortest way.
pub(super) fn lines(json: &str) -> Option<Vec<Line>> {
    let line = |flat: Vec<Flat>| -> Option<Line> {
        let mut line: Line = flat.into_iter().map(place).collect();
        line.dedup();
        let opposite = line.windows(2).any(|ends| (ends[0] + ends[1]).norm() < 1e-15);
        (line.len() >= 2 && !opposite).then_some(line)
    };
    flat_lines(json)?.into_iter().map(line).collect()
}

/// The surface of a `Polygon`, or of a `MultiPolygon`'s union; `None` if it is neither or not sound.
pub(super) fn polygon(json: &str) -> Option<Polygon> {
    let one = |rings: Vec<FlatRing>| {
        let open = |mut ring: FlatRing| {
            ring.pop();
            ring.into_iter().map(place).collect()
        };
        Polygon::from_boundaries(rings.into_iter().map(open).collect()).ok()
    };
    let mut polygons = flat_polygons(json)?.into_iter().map(one).collect::<Option<Vec<_>>>()?;
    if polygons.len() == 1 { polygons.pop() } else { unite(polygons) }
}

fn write_position(place: Point, out: &mut String) {
    write_flat(place.to_degrees(), out);
}

fn write_flat((longitude, latitude): Flat, out: &mut String) {
    out.push('[');
    dynamic::write_real(longitude, out);
    out.push(',');
    dynamic::write_real(latitude, out);
    out.push(']');
}

fn write_list<T>(
    items: impl IntoIterator<Item = T>,
    out: &mut String,
    write: impl Fn(T, &mut String),
) {
    out.push('[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

fn write_typed(kind: &str, out: &mut String, coordinates: impl FnOnce(&mut String)) {
    out.push_str(r#"{"type":""#);
    out.push_str(kind);
    out.push_str(r#"","coordinates":"#);
    coordinates(out);
    out.push('}');
}

/// Writes a `Point`.
pub(super) fn write_point(place: Point, out: &mut String) {
    write_typed("Point", out, |out| write_position(place, out));
}

/// Writes a `Point` of the flat map.
pub(super) fn write_flat_point(position: Flat, out: &mut String) {
    write_typed("Point", out, |out| write_flat(position, out));
}

/// Writes a `Polygon` of one ring of the flat map.
pub(super) fn write_flat_ring(corners: &[Flat], out: &mut String) {
    let closed = corners.iter().chain(corners.first());
    write_typed("Polygon", out, |out| {
        out.push('[');
        write_list(closed, out, |position, out| write_flat(*position, out));
        out.push(']');
    });
}

fn write_points(points: &[Point], out: &mut String) {
    match points {
        [only] => write_point(*only, out),
        _ => write_typed("MultiPoint", out, |out| {
            write_list(points, out, |place, out| write_position(*place, out));
        }),
    }
}

fn write_line(line: &[Point], out: &mut String) {
    write_list(line, out, |place, out| write_position(*place, out));
}

/// Writes a `LineString`, or a `MultiLineString` if there are several.
pub(super) fn write_lines(lines: &[Line], out: &mut String) {
    match lines {
        [only] => write_typed("LineString", out, |out| write_line(only, out)),
        _ => write_typed("MultiLineString", out, |out| {
            write_list(lines, out, |line, out| write_line(line, out));
        }),
    }
}

/// The rings of a polygon on the flat map, those of each shell together.
pub(super) fn flat(polygon: &Polygon) -> Vec<Vec<FlatRing>> {
    let mut shells: Vec<Vec<FlatRing>> = Vec::new();
    for (ring, hole) in polygon.rings() {
        let vertices = ring.vertices().iter().chain(ring.vertices().first());
        let ring = vertices.map(|vertex| vertex.to_degrees()).collect();
        match shells.last_mut() {
            Some(shell) if hole => shell.push(ring),
            _ => shells.push(vec![ring]),
        }
    }
    shells
}

fn write_ring(vertices: &[Point], out: &mut String) {
    let closed = vertices.iter().chain(vertices.first());
    write_list(closed, out, |place, out| write_position(*place, out));
}

/// Writes a `Polygon`, or a `MultiPolygon` if there are several shells: shells counterclockwise, holes clockwise.
pub(super) fn write_polygon(polygon: &Polygon, out: &mut String) {
    let mut shells: Vec<Vec<Vec<Point>>> = Vec::new();
    for (ring, hole) in polygon.rings() {
        match shells.last_mut() {
            Some(shell) if hole => shell.push(ring.reversed().vertices().to_vec()),
            _ => shells.push(vec![ring.vertices().to_vec()]),
        }
    }
    write_rings(&shells, out);
}

/// Writes rings as they are: of each polygon the shell and then the holes.
pub(super) fn write_rings(polygons: &[Vec<Vec<Point>>], out: &mut String) {
    let write_shell = |rings: &Vec<Vec<Point>>, out: &mut String| {
        write_list(rings, out, |ring, out| write_ring(ring, out));
    };
    match polygons {
        [only] => write_typed("Polygon", out, |out| write_shell(only, out)),
        _ => write_typed("MultiPolygon", out, |out| write_list(polygons, out, write_shell)),
    }
}

/// Writes what shapes have in common: one shape, or a collection where there is none or of several dimensions.
pub(super) fn write_common(common: &Common, out: &mut String) {
    type Write<'a> = Box<dyn Fn(&mut String) + 'a>;
    let mut shapes: Vec<Write<'_>> = Vec::new();
    if !common.points.is_empty() {
        shapes.push(Box::new(|out| write_points(&common.points, out)));
    }
    if !common.lines.is_empty() {
        shapes.push(Box::new(|out| write_lines(&common.lines, out)));
    }
    if !common.polygon.is_empty() {
        shapes.push(Box::new(|out| write_polygon(&common.polygon, out)));
    }
    if let [only] = &shapes[..] {
        return only(out);
    }
    out.push_str(r#"{"type":"GeometryCollection","geometries":"#);
    write_list(&shapes, out, |write, out| write(out));
    out.push('}');
}
