//! Cells of the H3 grid: hexagons, and twelve pentagons, each divided in about seven. Deliberately absent: the grid itself,
//! which the library `h3o` knows.

use std::collections::HashSet;
use std::str::FromStr;

use h3o::{CellIndex, LatLng, Resolution};

use super::shape::tessellate::Flat;

/// Children are listed for at most so many levels down.
pub(super) const LEVELS_DOWN_MAX: u8 = 5;

/// The widest ring.
pub(super) const DISTANCE_MAX: u32 = 142;

/// More cells of a polygon than this are not listed.
const CELLS_MAX: usize = 61_680;

/// The cell of a token.
pub(super) fn parse(token: &str) -> Option<CellIndex> {
    CellIndex::from_str(token).ok()
}

/// The resolution of a number, or a default where none was given.
pub(super) fn resolution(level: i64) -> Option<Resolution> {
    Resolution::try_from(u8::try_from(level).ok()?).ok()
}

/// The cell around a valid place.
pub(super) fn cell(longitude: f64, latitude: f64, resolution: Resolution) -> Option<CellIndex> {
    Some(LatLng::new(latitude, longitude).ok()?.to_cell(resolution))
}

/// The centre.
pub(super) fn centre(cell: CellIndex) -> Flat {
    let place = LatLng::from(cell);
    (place.lng(), place.lat())
}

/// The corners, counterclockwise.
pub(super) fn corners(cell: CellIndex) -> Vec<Flat> {
    cell.boundary().iter().map(|corner| (corner.lng(), corner.lat())).collect()
}

/// The rings around a cell up to a distance, each in order; the first is the cell.
pub(super) fn rings(cell: CellIndex, distance: u32) -> Vec<Vec<CellIndex>> {
    let mut rings: Vec<Vec<CellIndex>> = vec![Vec::new(); distance as usize + 1];
    for (cell, far) in cell.grid_disk_distances::<Vec<_>>(distance) {
        if let Some(ring) = rings.get_mut(far as usize) {
            ring.push(cell);
        }
    }
    rings
}

/// Rings of a polygon on the flat map; the first is the shell.
pub(super) type FlatPolygon = Vec<Vec<Flat>>;

/// The cells whose centres are inside polygons on the flat map, in the order in which H3's own library lists them. `None`
/// if there are too many.
pub(super) fn inside(polygons: &[FlatPolygon], resolution: Resolution) -> Option<Vec<CellIndex>> {
    let mut seen = HashSet::new();
    let mut found: Vec<CellIndex> = Vec::new();
    for polygon in polygons {
        let mut cells = inside_one(polygon, resolution)?;
        let slots = slots(polygon, resolution)?;
        cells.sort_by_key(|cell| (u64::from(*cell) % slots, u64::from(*cell)));
        found.extend(cells.into_iter().filter(|cell| seen.insert(*cell)));
        if found.len() > CELLS_MAX {
            return None;
        }
    }
    Some(found)
}

/// Whether a surface, in square metres, certainly holds more cells than are listed: the largest cells are not twice as
/// large as the average.
pub(super) fn is_too_large(square_meters: f64, resolution: Resolution) -> bool {
    square_meters / (2.0 * resolution.area_m2()) > CELLS_MAX as f64
}

/// From the cells along the boundary inward, neighbor by neighbor.
fn inside_one(polygon: &FlatPolygon, resolution: Resolution) -> Option<Vec<CellIndex>> {
    let step = resolution.edge_length_km() / 111.2 / 2.0;
    let mut open: Vec<CellIndex> = Vec::new();
    let mut seen: HashSet<CellIndex> = HashSet::new();
    for ring in polygon {
        for (a, b) in ring.iter().zip(ring.iter().skip(1)) {
            let count = ((a.0 - b.0).abs().max((a.1 - b.1).abs()) / step).ceil();
            if count > CELLS_MAX as f64 * 8.0 {
                return None;
            }
            let mut at = 0.0;
            while at <= count {
                let part = if count > 0.0 { at / count } else { 0.0 };
                let place = (a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part);
                if let Some(cell) = cell(place.0, place.1, resolution)
                    && seen.insert(cell)
                {
                    open.push(cell);
                }
                at += 1.0;
            }
            if seen.len() > CELLS_MAX * 8 {
                return None;
            }
        }
    }
    // The neighbors of the boundary too: a centre can be inside where the boundary's cells are not.
    for cell in open.clone() {
        open.extend(cell.grid_disk::<Vec<_>>(1).into_iter().filter(|other| seen.insert(*other)));
    }
    let mut found = Vec::new();
    while let Some(cell) = open.pop() {
        let centre = LatLng::from(cell);
        if !contains(polygon, (centre.lng(), centre.lat())) {
            continue;
        }
        found.push(cell);
        if found.len() > CELLS_MAX {
            return None;
        }
        open.extend(cell.grid_disk::<Vec<_>>(1).into_iter().filter(|other| seen.insert(*other)));
    }
    Some(found)
}

/// Whether a place of the flat map is within the shell and no hole. A ring that spans more than half a turn is taken to
/// cross the antimeridian.
fn contains(polygon: &FlatPolygon, (x, y): Flat) -> bool {
    polygon.iter().fold(false, |inside, ring| {
        let crossing = crosses_antimeridian(ring);
        let turned = |x: f64| if crossing && x < 0.0 { x + 360.0 } else { x };
        let x = turned(x);
        let odd = ring.iter().zip(ring.iter().skip(1)).fold(false, |odd, (a, b)| {
            let (ax, bx) = (turned(a.0), turned(b.0));
            let between = (a.1 > y) != (b.1 > y);
            odd != (between && x < (bx - ax) * (y - a.1) / (b.1 - a.1) + ax)
        });
        inside != odd
    })
}

fn crosses_antimeridian(ring: &[Flat]) -> bool {
    ring.iter().zip(ring.iter().skip(1)).any(|(a, b)| (a.0 - b.0).abs() > 180.0)
}

/// How many slots H3's library gives the cells of a polygon, from which their order follows: an estimate from the box
/// around the shell and the size of a pentagon.
fn slots(polygon: &FlatPolygon, resolution: Resolution) -> Option<u64> {
    const SPARE: u64 = 12;
    let shell = polygon.first()?;
    let crossing = crosses_antimeridian(shell);
    let (mut west, mut east, mut south, mut north) = (f64::MAX, f64::MIN, f64::MAX, f64::MIN);
    for &(x, y) in shell {
        let x = if crossing && x < 0.0 { x + 360.0 } else { x };
        (west, east) = (west.min(x), east.max(x));
        (south, north) = (south.min(y), north.max(y));
    }
    let pentagon = resolution.pentagons().next()?;
    let corner = *pentagon.boundary().first()?;
    let radius = LatLng::from(pentagon).distance_km(corner);
    let area = 0.8 * (2.598_076_211_35 * radius * radius);
    let diagonal = LatLng::new(north, east).ok()?.distance_km(LatLng::new(south, west).ok()?);
    let (width, height) = ((east - west).to_radians(), (north - south).to_radians());
    let ratio = (width.max(height) / width.min(height)).min(3.0);
    let estimate = (diagonal * diagonal / ratio / area).ceil().clamp(1.0, 1e15) as u64;
    let vertices = polygon.iter().map(|ring| ring.len() as u64 - 1).sum();
    Some(estimate.max(vertices) + SPARE)
}
