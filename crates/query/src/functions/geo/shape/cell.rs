//! Cells of the S2 grid: the sphere as a cube of six faces, each divided in four up to thirty times, and numbered along a
//! curve that keeps near cells near. Deliberately absent: which cells a shape touches (`cover`).

use super::point::Point;

/// The finest level.
pub(crate) const LEVEL_MAX: u32 = 30;

/// Cells along a side of a face at the finest level.
const SIDE: i64 = 1 << LEVEL_MAX;

/// A cell's number: three bits of face, two bits for each level, and a one that marks the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cell(u64);

/// The quarter of each step along the curve, as bits of `i` and `j`, for each of the four orientations of the curve.
const QUARTERS: [[u64; 4]; 4] = [[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]];

/// What each step does to the orientation: bit 0 swaps the axes, bit 1 reverses them.
const TURNS: [usize; 4] = [1, 0, 0, 3];

impl Cell {
    /// The cell of the finest level that holds a place.
    pub(crate) fn leaf(place: Point) -> Self {
        let (face, u, v) = face_of(place);
        Self::at(face, index(from_plane(u)), index(from_plane(v)))
    }

    /// The whole face.
    pub(crate) const fn face_cell(face: u64) -> Self {
        Self((face << 61) | (1 << 60))
    }

    fn at(face: u64, i: i64, j: i64) -> Self {
        let mut orientation = usize::from(face & 1 == 1);
        let mut id = face;
        for bit in (0..LEVEL_MAX).rev() {
            let quarter = u64::from((i >> bit) & 1 == 1) << 1 | u64::from((j >> bit) & 1 == 1);
            let step = QUARTERS[orientation].iter().position(|q| *q == quarter).unwrap_or(0);
            id = (id << 2) | step as u64;
            orientation ^= TURNS[step];
        }
        Self((id << 1) | 1)
    }

    /// The cell of a token: its number in hexadecimal without the zeros at its end.
    pub(crate) fn from_token(token: &str) -> Option<Self> {
        if token.is_empty() || token.len() > 16 || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let number = u64::from_str_radix(token, 16).ok()?;
        let cell = Self(number << (4 * (16 - token.len())));
        let sound = cell.0 >> 61 < 6 && cell.last_bit() & 0x1555_5555_5555_5555 != 0;
        sound.then_some(cell)
    }

    /// The token.
    pub(crate) fn token(self) -> String {
        let digits = format!("{:016x}", self.0);
        digits.trim_end_matches('0').to_owned()
    }

    const fn last_bit(self) -> u64 {
        self.0 & self.0.wrapping_neg()
    }

    /// How often the face was divided.
    pub(crate) const fn level(self) -> u32 {
        LEVEL_MAX - self.0.trailing_zeros() / 2
    }

    /// The cell around it at a coarser level.
    pub(crate) const fn parent(self, level: u32) -> Self {
        let bit = 1 << (2 * (LEVEL_MAX - level));
        Self((self.0 & (!bit + 1)) | bit)
    }

    /// The four quarters, in order; none of a leaf.
    pub(crate) fn children(self) -> impl Iterator<Item = Self> {
        let bit = self.last_bit() >> 2;
        let first = self.0 - self.last_bit() + bit;
        (0..if bit == 0 { 0 } else { 4 }).map(move |step| Self(first + 2 * step * bit))
    }

    /// The face.
    pub(crate) const fn face(self) -> u64 {
        self.0 >> 61
    }

    /// Cells of the finest level along a side.
    const fn size(self) -> i64 {
        1 << (LEVEL_MAX - self.level())
    }

    /// The lowest indices of the leaves in it, along both sides of the face.
    fn corner(self) -> (i64, i64) {
        let mut orientation = usize::from(self.face() & 1 == 1);
        let (mut i, mut j) = (0, 0);
        for level in 0..self.level() {
            let shift = 2 * (LEVEL_MAX - level) - 1;
            let step = usize::from(self.0 >> shift & 1 == 1)
                + 2 * usize::from(self.0 >> (shift + 1) & 1 == 1);
            // The step's two bits stand at `shift` and above it.
            let quarter = QUARTERS[orientation][step];
            i |= i64::from(quarter & 2 != 0) << (LEVEL_MAX - 1 - level);
            j |= i64::from(quarter & 1 != 0) << (LEVEL_MAX - 1 - level);
            orientation ^= TURNS[step];
        }
        (i, j)
    }

    /// Its sides on the face's plane: lowest and highest `u`, lowest and highest `v`.
    pub(crate) fn bounds(self) -> [f64; 4] {
        let ((i, j), size) = (self.corner(), self.size());
        [i, i + size, j, j + size].map(|at| to_plane(fraction(at)))
    }

    /// The corners, counterclockwise.
    pub(crate) fn vertices(self) -> [Point; 4] {
        let [west, east, south, north] = self.bounds();
        [(west, south), (east, south), (east, north), (west, north)]
            .map(|(u, v)| on_sphere(self.face(), u, v))
    }

    /// The centre.
    pub(crate) fn centre(self) -> Point {
        let ((i, j), size) = (self.corner(), self.size());
        let middle = |at: i64| to_plane((fraction(at) + fraction(at + size)) / 2.0);
        on_sphere(self.face(), middle(i), middle(j))
    }

    /// The cells of the same level that share a corner or a side, without repetition: below, above, left and right, going
    /// along the side.
    pub(crate) fn neighbors(self) -> Vec<Self> {
        let ((i, j), size) = (self.corner(), self.size());
        let mut found: Vec<Self> = Vec::with_capacity(8);
        let mut add = |i: i64, j: i64| {
            let cell = Self::wrapped(self.face(), i, j).parent(self.level());
            if cell != self && !found.contains(&cell) {
                found.push(cell);
            }
        };
        for along in [-size, 0, size] {
            if along == 0 {
                add(i, j - size);
                add(i, j + size);
            }
            add(i - size, j + along);
            add(i + size, j + along);
        }
        found
    }

    /// The leaf of indices that may lie beyond the face's sides.
    #[expect(clippy::cast_precision_loss, reason = "indices have 31 bits")]
    fn wrapped(face: u64, i: i64, j: i64) -> Self {
        if (0..SIDE).contains(&i) && (0..SIDE).contains(&j) {
            return Self::at(face, i, j);
        }
        // Just beyond the side, so that the projection to the next face keeps to the cell at the border.
        let beyond = |at: i64| {
            let at = at.clamp(-1, SIDE);
            let linear = (2 * (at - SIDE / 2) + 1) as f64 / SIDE as f64;
            linear.clamp(-1.0 - f64::EPSILON, 1.0 + f64::EPSILON)
        };
        let (face, u, v) = face_of(plane_point(face, beyond(i), beyond(j)));
        Self::at(face, index(0.5 * (u + 1.0)), index(0.5 * (v + 1.0)))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to 30 bits")]
#[expect(clippy::cast_precision_loss, reason = "a power of two")]
fn index(fraction: f64) -> i64 {
    ((fraction * SIDE as f64).floor() as i64).clamp(0, SIDE - 1)
}

#[expect(clippy::cast_precision_loss, reason = "31 bits, and a power of two")]
fn fraction(at: i64) -> f64 {
    at as f64 / SIDE as f64
}

/// From a fraction of the side to the plane of the face; quadratic, so that cells are nearly of one size.
fn to_plane(fraction: f64) -> f64 {
    if fraction >= 0.5 {
        (4.0 * fraction * fraction - 1.0) / 3.0
    } else {
        (1.0 - 4.0 * (1.0 - fraction) * (1.0 - fraction)) / 3.0
    }
}

fn from_plane(u: f64) -> f64 {
    if u >= 0.0 { 0.5 * (1.0 + 3.0 * u).sqrt() } else { 1.0 - 0.5 * (1.0 - 3.0 * u).sqrt() }
}

/// The face that a direction goes through, and where.
fn face_of(place: Point) -> (u64, f64, f64) {
    let Point { x, y, z } = place;
    let (ax, ay, az) = (x.abs(), y.abs(), z.abs());
    let axis = if ax > ay {
        if ax > az { 0 } else { 2 }
    } else if ay > az {
        1
    } else {
        2
    };
    match (axis, place.axis(axis) < 0.0) {
        (0, false) => (0, y / x, z / x),
        (1, false) => (1, -x / y, z / y),
        (2, false) => (2, -x / z, -y / z),
        (0, true) => (3, z / x, y / x),
        (1, true) => (4, z / y, -x / y),
        _ => (5, -y / z, -x / z),
    }
}

/// A point of the plane of a face.
const fn plane_point(face: u64, u: f64, v: f64) -> Point {
    match face {
        0 => Point { x: 1.0, y: u, z: v },
        1 => Point { x: -u, y: 1.0, z: v },
        2 => Point { x: -u, y: -v, z: 1.0 },
        3 => Point { x: -1.0, y: -v, z: -u },
        4 => Point { x: v, y: -1.0, z: -u },
        _ => Point { x: v, y: u, z: -1.0 },
    }
}

/// A vector in the axes of a face: along `u`, along `v`, outward.
pub(crate) const fn in_face(face: u64, p: Point) -> [f64; 3] {
    match face {
        0 => [p.y, p.z, p.x],
        1 => [-p.x, p.z, p.y],
        2 => [-p.x, -p.y, p.z],
        3 => [-p.z, -p.y, -p.x],
        4 => [-p.z, p.x, -p.y],
        _ => [p.y, p.x, -p.z],
    }
}

fn on_sphere(face: u64, u: f64, v: f64) -> Point {
    plane_point(face, u, v).unit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_name_cells_and_only_sound_ones() {
        for token in ["1", "89c259", "3", "b", "1000000000000001"] {
            assert_eq!(Cell::from_token(token).unwrap().token(), token);
        }
        for token in ["", "a", "d", "00", "x", "89c25900000000001", "-1", "+1"] {
            assert_eq!(Cell::from_token(token), None, "{token}");
        }
    }

    #[test]
    fn a_cell_holds_its_centre_at_every_level() {
        for (longitude, latitude) in
            [(10.0, 53.0), (-122.3, 47.6), (179.9, -89.0), (95.0, 1.0), (-45.0, 35.264)]
        {
            let leaf = Cell::leaf(Point::from_degrees(longitude, latitude));
            for level in 0..=LEVEL_MAX {
                let cell = leaf.parent(level);
                assert_eq!(cell.level(), level);
                assert_eq!(Cell::leaf(cell.centre()).parent(level), cell);
                if level > 0 {
                    assert!(leaf.parent(level - 1).children().any(|child| child == cell));
                }
            }
        }
    }

    #[test]
    fn a_cell_has_eight_neighbors_and_seven_at_a_corner_of_the_cube() {
        let inner = Cell::leaf(Point::from_degrees(10.0, 10.0)).parent(8);
        assert_eq!(inner.neighbors().len(), 8);
        let corner = Cell::leaf(Point { x: 1.0, y: 1.0 - 1e-9, z: 1.0 - 1e-9 }.unit()).parent(8);
        assert_eq!(corner.neighbors().len(), 7);
        for cell in [inner, corner] {
            assert!(cell.neighbors().iter().all(|other| other.neighbors().contains(&cell)));
        }
    }
}
