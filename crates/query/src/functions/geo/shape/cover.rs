//! The S2 cells of one level that a shape touches. Deliberately absent: coverings by cells of several levels.

use super::cell::{Cell, in_face};
use super::edge;
use super::point::Point;

/// More cells than this are not listed.
pub(crate) const CELLS_MAX: usize = 65_536;

/// How far beyond its sides, on the plane of its face, a cell counts as touched: what rounding may lose.
const PADDING: f64 = 3e-15;

/// The shape that cells are looked for.
pub(crate) struct Covered<'a> {
    pub(crate) edges: &'a [(Point, Point)],
    /// Whether a place is inside.
    pub(crate) contains: &'a dyn Fn(Point) -> bool,
    /// Cells within this distance of the shape count as well, in radians.
    pub(crate) radius: f64,
}

/// The cells of a level that touch the shape, in the order of their numbers; `None` if there are more than [`CELLS_MAX`].
pub(crate) fn cover(shape: &Covered<'_>, level: u32) -> Option<Vec<Cell>> {
    let mut found = Vec::new();
    let all: Vec<usize> = (0..shape.edges.len()).collect();
    for face in 0..6 {
        descend(shape, Cell::face_cell(face), &all, level, &mut found)?;
    }
    Some(found)
}

/// Goes down to the cells of the level; the depth is at most that of the grid.
fn descend(
    shape: &Covered<'_>,
    cell: Cell,
    edges: &[usize],
    level: u32,
    found: &mut Vec<Cell>,
) -> Option<()> {
    let near: Vec<usize> =
        edges.iter().copied().filter(|at| reaches(shape.edges[*at], cell, shape.radius)).collect();
    if near.is_empty() {
        return if (shape.contains)(cell.centre()) { list(cell, level, found) } else { Some(()) };
    }
    if cell.level() == level {
        found.push(cell);
        return (found.len() <= CELLS_MAX).then_some(());
    }
    cell.children().try_for_each(|child| descend(shape, child, &near, level, found))
}

/// All cells of the level inside a cell.
fn list(cell: Cell, level: u32, found: &mut Vec<Cell>) -> Option<()> {
    if cell.level() == level {
        found.push(cell);
        return (found.len() <= CELLS_MAX).then_some(());
    }
    if level - cell.level() > 8 {
        return None;
    }
    cell.children().try_for_each(|child| list(child, level, found))
}

fn reaches(ends: (Point, Point), cell: Cell, radius: f64) -> bool {
    if meets(ends, cell) {
        return true;
    }
    if radius <= 0.0 {
        return false;
    }
    let corners = cell.vertices();
    (0..4).any(|at| {
        let (a, b) = (corners[at], corners[(at + 1) % 4]);
        [(ends.0, (a, b)), (ends.1, (a, b)), (a, ends), (b, ends)]
            .iter()
            .any(|(place, (from, to))| edge::distance(*place, *from, *to) <= radius)
    })
}

/// Whether an edge touches a cell: on the plane of the face both are straight, and the edge is cut by one side after the
/// other. Coordinates stay undivided, so that an edge may run behind the plane.
fn meets((a, b): (Point, Point), cell: Cell) -> bool {
    let [u_low, u_high, v_low, v_high] = cell.bounds();
    let (a, b) = (in_face(cell.face(), a), in_face(cell.face(), b));
    let mut kept = (0.0_f64, 1.0_f64);
    let sides = [
        (0, 1.0, u_low - PADDING),
        (0, -1.0, -u_high - PADDING),
        (1, 1.0, v_low - PADDING),
        (1, -1.0, -v_high - PADDING),
    ];
    for (axis, way, limit) in sides {
        let at = |p: [f64; 3]| way * p[axis] - limit * p[2];
        let (start, end) = (at(a), at(b));
        if start < 0.0 && end < 0.0 {
            return false;
        }
        if start < 0.0 {
            kept.0 = kept.0.max(start / (start - end));
        } else if end < 0.0 {
            kept.1 = kept.1.min(start / (start - end));
        }
    }
    kept.0 <= kept.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(edges: &[(Point, Point)], radius: f64, level: u32) -> Option<Vec<Cell>> {
        cover(&Covered { edges, contains: &|_| false, radius }, level)
    }

    #[test]
    fn a_short_edge_lies_in_the_cells_of_its_ends() {
        let (a, b) = (Point::from_degrees(10.0, 10.0), Point::from_degrees(10.001, 10.001));
        let cells = covered(&[(a, b)], 0.0, 8).unwrap();
        assert_eq!(cells, [Cell::leaf(a).parent(8)]);
        assert!(covered(&[(a, b)], 0.1, 8).unwrap().len() > 20);
    }

    #[test]
    fn too_many_cells_are_none() {
        let (a, b) = (Point::from_degrees(10.0, 10.0), Point::from_degrees(20.0, 10.0));
        assert_eq!(covered(&[(a, b)], 0.0, 30), None);
    }
}
