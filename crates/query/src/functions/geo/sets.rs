//! Functions of several shapes: whether they meet, what they have in common, their union. Deliberately absent: differences;
//! Kusto has none.

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::super::kinds::JSON;
use super::super::{Function, p};
use super::polygons::union_of;
use super::shape::closed::{
    Common, Line, edges, edges_meet, lines_with_lines, lines_with_polygon, polygon_with_polygon,
    unite_lines,
};
use super::shape::point::Point;
use super::shape::polygon::Polygon;
use super::{Shapes, function, geojson, written};
use crate::dynamic;
use crate::kernel::Args;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "geo_intersects_2lines",
        [p("line1", JSON), p("line2", JSON)],
        0,
        Bool,
        "Whether two lines or multilines have a place in common.",
        lines_meet,
        (
            r#"geo_intersects_2lines(dynamic({"type":"LineString","coordinates":[[0,0],[2,2]]}), dynamic({"type":"LineString","coordinates":[[0,2],[2,0]]}))"#,
            "True"
        )
    ),
    function!(
        "geo_intersects_line_with_polygon",
        [p("line", JSON), p("polygon", JSON)],
        0,
        Bool,
        "Whether a line or multiline has a place in common with a polygon or multipolygon.",
        line_meets_polygon,
        (
            r#"geo_intersects_line_with_polygon(dynamic({"type":"LineString","coordinates":[[0,0],[3,2]]}), dynamic({"type":"Polygon","coordinates":[[[1,0],[3,0],[3,3],[1,0]]]}))"#,
            "True"
        )
    ),
    function!(
        "geo_intersects_2polygons",
        [p("polygon1", JSON), p("polygon2", JSON)],
        0,
        Bool,
        "Whether two polygons or multipolygons have a place in common.",
        polygons_meet,
        (
            r#"geo_intersects_2polygons(dynamic({"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,0]]]}), dynamic({"type":"Polygon","coordinates":[[[1,0],[3,0],[3,3],[1,0]]]}))"#,
            "True"
        )
    ),
    function!(
        "geo_intersection_2lines",
        [p("line1", JSON), p("line2", JSON)],
        0,
        Dynamic,
        "What two lines or multilines have in common: places, lines or a collection of both.",
        lines_in_common,
        (
            r#"tostring(geo_intersection_2lines(dynamic({"type":"LineString","coordinates":[[-1,0],[1,0]]}), dynamic({"type":"LineString","coordinates":[[0,-1],[0,1]]})))"#,
            r#"{"type":"Point","coordinates":[0.0,0.0]}"#
        )
    ),
    function!(
        "geo_intersection_line_with_polygon",
        [p("line", JSON), p("polygon", JSON)],
        0,
        Dynamic,
        "What a line or multiline has in common with a polygon or multipolygon: places, lines or a collection of both.",
        line_and_polygon_in_common,
        (
            r#"geo_intersection_line_with_polygon(dynamic({"type":"LineString","coordinates":[[0,1],[9,1]]}), dynamic({"type":"Polygon","coordinates":[[[1,0],[3,0],[3,3],[1,0]]]})).type"#,
            "LineString"
        )
    ),
    function!(
        "geo_intersection_2polygons",
        [p("polygon1", JSON), p("polygon2", JSON)],
        0,
        Dynamic,
        "What two polygons or multipolygons have in common: places, lines, polygons or a collection of them.",
        polygons_in_common,
        (
            r#"tostring(geo_intersection_2polygons(dynamic({"type":"Polygon","coordinates":[[[0,0],[2,0],[0,2],[0,0]]]}), dynamic({"type":"Polygon","coordinates":[[[0,0],[0,-2],[-2,0],[0,0]]]})))"#,
            r#"{"type":"Point","coordinates":[0.0,0.0]}"#
        )
    ),
    function!(
        "geo_union_lines_array",
        [p("lines", JSON)],
        0,
        Dynamic,
        "The union of an array of lines or multilines; null if one of them is not sound.",
        lines_union,
        (
            r#"geo_union_lines_array(pack_array(dynamic({"type":"LineString","coordinates":[[0,0],[1,1]]}), dynamic({"type":"LineString","coordinates":[[1,1],[2,1]]}))).type"#,
            "LineString"
        )
    ),
    function!(
        "geo_union_polygons_array",
        [p("polygons", JSON)],
        0,
        Dynamic,
        "The union of an array of polygons or multipolygons; null if one of them is not sound.",
        polygons_union,
        (
            r#"geo_union_polygons_array(pack_array(dynamic({"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,0]]]}), dynamic({"type":"Polygon","coordinates":[[[1,0],[3,0],[3,3],[1,0]]]}))).type"#,
            "Polygon"
        )
    ),
];

type Edges = Vec<(Point, Point)>;

fn lines_meet(args: &Args<'_>) -> Result<ArrayRef> {
    let mut first = Shapes::new(args, 0, geojson::lines)?;
    let mut second = Shapes::new(args, 1, geojson::lines)?;
    args.bools(|row| {
        let (a, b): (Edges, Edges) =
            (edges(first.get(row)?).collect(), edges(second.get(row)?).collect());
        edges_meet(&a, &b)
    })
}

fn line_meets_polygon(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 0, geojson::lines)?;
    let mut polygons = Shapes::new(args, 1, geojson::polygon)?;
    args.bools(|row| {
        let (lines, polygon) = (lines.get(row)?, polygons.get(row)?);
        let (a, b): (Edges, Edges) = (edges(lines).collect(), polygon.edges().collect());
        Some(edges_meet(&a, &b)? || lines.iter().any(|line| polygon.contains(line[0])))
    })
}

fn polygons_meet(args: &Args<'_>) -> Result<ArrayRef> {
    let mut first = Shapes::new(args, 0, geojson::polygon)?;
    let mut second = Shapes::new(args, 1, geojson::polygon)?;
    args.bools(|row| {
        let (a, b) = (first.get(row)?, second.get(row)?);
        let (ours, theirs): (Edges, Edges) = (a.edges().collect(), b.edges().collect());
        // Where boundaries do not meet, one is in the other, and then so is any of its vertices.
        let within = |inner: &Polygon, outer: &Polygon| {
            inner
                .rings()
                .any(|(ring, _)| ring.vertices().first().is_some_and(|v| outer.contains(*v)))
        };
        Some(edges_meet(&ours, &theirs)? || within(a, b) || within(b, a))
    })
}

fn in_common<A, B>(
    args: &Args<'_>,
    mut first: Shapes<'_, A>,
    mut second: Shapes<'_, B>,
    common: impl Fn(&A, &B) -> Option<Common>,
) -> Result<ArrayRef> {
    written(args, |row, out| {
        geojson::write_common(&common(first.get(row)?, second.get(row)?)?, out);
        Some(())
    })
}

fn lines_in_common(args: &Args<'_>) -> Result<ArrayRef> {
    let (first, second) =
        (Shapes::new(args, 0, geojson::lines)?, Shapes::new(args, 1, geojson::lines)?);
    in_common(args, first, second, |a: &Vec<Line>, b: &Vec<Line>| lines_with_lines(a, b))
}

fn line_and_polygon_in_common(args: &Args<'_>) -> Result<ArrayRef> {
    let (first, second) =
        (Shapes::new(args, 0, geojson::lines)?, Shapes::new(args, 1, geojson::polygon)?);
    in_common(args, first, second, |a: &Vec<Line>, b: &Polygon| lines_with_polygon(a, b))
}

fn polygons_in_common(args: &Args<'_>) -> Result<ArrayRef> {
    let (first, second) =
        (Shapes::new(args, 0, geojson::polygon)?, Shapes::new(args, 1, geojson::polygon)?);
    in_common(args, first, second, polygon_with_polygon)
}

/// All lines of an array.
fn lines_of(json: &str) -> Option<Vec<Line>> {
    let items = dynamic::elements(json)?;
    let lines: Vec<Vec<Line>> =
        items.iter().map(|item| geojson::lines(item)).collect::<Option<_>>()?;
    (!lines.is_empty()).then(|| lines.into_iter().flatten().collect())
}

fn lines_union(args: &Args<'_>) -> Result<ArrayRef> {
    let mut lines = Shapes::new(args, 0, lines_of)?;
    written(args, |row, out| {
        geojson::write_lines(&unite_lines(lines.get(row)?)?, out);
        Some(())
    })
}

fn polygons_union(args: &Args<'_>) -> Result<ArrayRef> {
    let mut unions = Shapes::new(args, 0, union_of)?;
    written(args, |row, out| {
        geojson::write_polygon(unions.get(row)?, out);
        Some(())
    })
}
