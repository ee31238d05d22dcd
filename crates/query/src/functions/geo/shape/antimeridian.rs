//! Cutting at the antimeridian, for maps that end there. Deliberately absent: cutting where nothing crosses; such shapes
//! stay as they are.

use std::collections::HashSet;

use super::closed::{Line, edges, paths};
use super::noding::Edge;
use super::overlay::Arrangement;
use super::point::{ORIGIN, Point};
use super::polygon::Polygon;

/// What is cut out: this far to both sides of the antimeridian, in degrees. It is less than a micrometre.
const HALF_WIDTH: f64 = 1e-12;

/// The sliver between the poles that is cut out, counterclockwise.
fn sliver() -> Vec<Edge> {
    let at = |longitude, latitude| Point::from_degrees(longitude, latitude);
    let corners =
        [at(0.0, -90.0), at(180.0 + HALF_WIDTH, 0.0), at(0.0, 90.0), at(180.0 - HALF_WIDTH, 0.0)];
    (0..4).map(|n| Edge { from: corners[n], to: corners[(n + 1) % 4], group: 1 }).collect()
}

fn crosses(mut edges: impl Iterator<Item = (Point, Point)>) -> bool {
    edges.any(|(a, b)| (a.to_degrees().0 - b.to_degrees().0).abs() > 180.0)
}

/// The lines without the antimeridian; those that do not cross it as they were.
pub(crate) fn cut_lines(lines: Vec<Line>) -> Vec<Line> {
    let mut found = Vec::new();
    for line in lines {
        let line = [line];
        if !crosses(edges(&line)) {
            found.extend(line);
            continue;
        }
        let own = edges(&line).map(|(from, to)| Edge { from, to, group: 0 });
        let all: Vec<Edge> = own.chain(sliver()).collect();
        let Some(arrangement) = Arrangement::new(&all, ORIGIN, [0; 2]) else {
            found.extend(line);
            continue;
        };
        let mut outside: HashSet<(usize, usize)> = arrangement
            .borders
            .iter()
            .filter(|border| border.groups[0] && border.left[1] == 0)
            .map(|border| border.ends)
            .collect();
        let pieces = arrangement.noded.pieces.iter().filter(|piece| all[piece.edge].group == 0);
        let kept: Vec<(usize, usize)> = pieces
            .map(|piece| (piece.from, piece.to))
            .filter(|(from, to)| outside.remove(&(*from.min(to), *from.max(to))))
            .collect();
        found.extend(paths(&arrangement.noded.vertices, &kept));
    }
    found
}

/// The polygons, each given as its shell and holes, without the antimeridian; those that do not cross it, or are not
/// sound, as they were.
pub(crate) fn cut_polygons(polygons: Vec<Vec<Vec<Point>>>) -> Vec<Vec<Vec<Point>>> {
    let mut found = Vec::new();
    for rings in polygons {
        let closed: Vec<Line> =
            rings.iter().map(|ring| ring.iter().chain(ring.first()).copied().collect()).collect();
        if !crosses(edges(&closed)) {
            found.push(rings);
            continue;
        }
        let Ok(polygon) = Polygon::from_boundaries(rings.clone()) else {
            found.push(rings);
            continue;
        };
        let own = polygon.edges().map(|(from, to)| Edge { from, to, group: 0 });
        let all: Vec<Edge> = own.chain(sliver()).collect();
        let at_origin = [i32::from(polygon.contains(ORIGIN)), 0];
        let cut = Arrangement::new(&all, ORIGIN, at_origin)
            .and_then(|arrangement| arrangement.region(|[own, sliver]| own > 0 && sliver == 0));
        let Some(cut) = cut else {
            found.push(rings);
            continue;
        };
        for (ring, hole) in cut.rings() {
            match found.last_mut() {
                Some(shell) if hole => shell.push(ring.reversed().vertices().to_vec()),
                _ => found.push(vec![ring.vertices().to_vec()]),
            }
        }
    }
    found
}
