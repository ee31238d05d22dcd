//! Edges by the directions in which they lie from a place: a path from there can cross only those of its own direction.
//! Deliberately absent: whether it does (`edge`).

use std::f64::consts::PI;

use super::point::Point;

/// More directions than this are not told apart.
const SECTORS_MAX: usize = 1 << 16;

/// The edges of each direction.
#[derive(Debug, Clone)]
pub(crate) struct Sectors {
    from: Point,
    edges: Vec<Vec<u32>>,
}

impl Sectors {
    /// An index of `edges`, seen from a place.
    pub(crate) fn new(from: Point, edges: &[(Point, Point)]) -> Self {
        let count = edges.len().clamp(1, SECTORS_MAX);
        let mut sectors = Self { from, edges: vec![Vec::new(); count] };
        for (at, (a, b)) in (0_u32..).zip(edges) {
            let (first, last) = sectors.spanned(*a, *b);
            let mut slot = first;
            loop {
                sectors.edges[slot].push(at);
                if slot == last {
                    break;
                }
                slot = (slot + 1) % count;
            }
        }
        sectors
    }

    /// The edges that a path to `place` may cross, by number.
    pub(crate) fn toward(&self, place: Point) -> &[u32] {
        &self.edges[self.slot(self.direction(place))]
    }

    /// The first and the last direction of an edge.
    fn spanned(&self, a: Point, b: Point) -> (usize, usize) {
        let (start, end) = (self.direction(a), self.direction(b));
        let turn = turn(end - start);
        // An edge close to the place, or to the one opposite of it, can lie in any direction.
        let near = |end: Point| end.cross(self.from).norm() < 0.1;
        if turn.abs() > 1.5 || near(a) || near(b) {
            return (0, self.edges.len() - 1);
        }
        let low = start.min(start + turn) - 1e-9;
        (self.slot(low), self.slot(low + turn.abs() + 2e-9))
    }

    /// The direction of a place, in radians.
    fn direction(&self, place: Point) -> f64 {
        let x = self.from.across();
        place.dot(self.from.cross(x)).atan2(place.dot(x))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a fraction of a full turn, times a small number"
    )]
    fn slot(&self, direction: f64) -> usize {
        let part = (direction / (2.0 * PI)).rem_euclid(1.0);
        ((part * self.edges.len() as f64) as usize).min(self.edges.len() - 1)
    }
}

/// An angle between half a turn to the right and half a turn to the left.
fn turn(angle: f64) -> f64 {
    angle - 2.0 * PI * (angle / (2.0 * PI)).round()
}
