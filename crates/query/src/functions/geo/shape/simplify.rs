//! Paths with fewer vertices: those nearer to each other than the tolerance become one, then runs of edges become one edge
//! that leaves none of their vertices by more. Deliberately absent: common borders of several regions (they are united
//! first).

use std::collections::HashMap;
use std::f64::consts::PI;

use super::cell::Cell;
use super::point::Point;

/// A path of places and whether its last is joined to its first.
pub(crate) struct Chain<'a> {
    pub(crate) places: &'a [Point],
    pub(crate) closed: bool,
}

/// The chains with fewer vertices, `tolerance` in radians. A chain that shrinks to a place is left empty.
pub(crate) fn simplify(chains: &[Chain<'_>], tolerance: f64) -> Vec<Vec<Point>> {
    let sites = sites(chains, tolerance);
    // Where each chain now goes, and how many ways meet at each site: none may be left out where chains meet or end.
    let routes: Vec<Vec<Stop>> = chains.iter().map(|chain| route(chain, &sites)).collect();
    let mut ways: HashMap<usize, usize> = HashMap::new();
    for (chain, stops) in chains.iter().zip(&routes) {
        for (at, stop) in stops.iter().enumerate() {
            let end = !chain.closed && (at == 0 || at + 1 == stops.len());
            *ways.entry(stop.site).or_default() += if end { 2 } else { 1 };
        }
    }
    let chains = chains.iter().zip(routes);
    chains
        .map(|(chain, stops)| shorten(chain.closed, &stops, &ways, &sites.places, tolerance))
        .collect()
}

/// The places that are kept: each vertex in the order of its S2 cell, unless one was kept nearer than the tolerance.
fn sites(chains: &[Chain<'_>], tolerance: f64) -> Sites {
    let mut vertices: Vec<Point> = chains.iter().flat_map(|chain| chain.places).copied().collect();
    vertices.sort_by_key(|place| Cell::leaf(*place));
    let mut sites = Sites::new(tolerance);
    for place in vertices {
        if sites.near(place).is_none_or(|(_, far)| far >= chord(tolerance)) {
            sites.add(place);
        }
    }
    sites
}

fn chord(angle: f64) -> f64 {
    2.0 * (angle / 2.0).min(PI / 2.0).sin()
}

/// Places by boxes of space as wide as the distance that matters.
struct Sites {
    places: Vec<Point>,
    width: f64,
    boxes: HashMap<[i64; 3], Vec<usize>>,
}

impl Sites {
    fn new(tolerance: f64) -> Self {
        Self { places: Vec::new(), width: chord(tolerance).max(1e-12), boxes: HashMap::new() }
    }

    #[expect(clippy::cast_possible_truncation, reason = "coordinates lie between -1 and 1")]
    fn grid(&self, place: Point) -> [i64; 3] {
        [place.x, place.y, place.z].map(|value| (value / self.width).floor() as i64)
    }

    fn add(&mut self, place: Point) {
        let at = self.grid(place);
        self.boxes.entry(at).or_default().push(self.places.len());
        self.places.push(place);
    }

    /// The nearest place within the boxes around, and how far it is.
    fn near(&self, place: Point) -> Option<(usize, f64)> {
        let [x, y, z] = self.grid(place);
        let mut best: Option<(usize, f64)> = None;
        for x in x - 1..=x + 1 {
            for y in y - 1..=y + 1 {
                for z in z - 1..=z + 1 {
                    for at in self.boxes.get(&[x, y, z]).into_iter().flatten() {
                        let far = (self.places[*at] - place).norm();
                        if best.is_none_or(|(_, least)| far < least) {
                            best = Some((*at, far));
                        }
                    }
                }
            }
        }
        best
    }
}

/// A site that a chain goes through, with the vertices that came to it.
struct Stop {
    site: usize,
    vertices: Vec<Point>,
}

fn route(chain: &Chain<'_>, sites: &Sites) -> Vec<Stop> {
    let mut stops: Vec<Stop> = Vec::new();
    for place in chain.places {
        let Some((site, _)) = sites.near(*place) else { continue };
        match stops.last_mut() {
            Some(last) if last.site == site => last.vertices.push(*place),
            _ => stops.push(Stop { site, vertices: vec![*place] }),
        }
    }
    if chain.closed
        && stops.len() > 1
        && stops.first().map(|s| s.site) == stops.last().map(|s| s.site)
    {
        let last = stops.pop();
        if let (Some(first), Some(last)) = (stops.first_mut(), last) {
            first.vertices.extend(last.vertices);
        }
    }
    stops
}

/// Leaves out the stops that one edge can pass by.
fn shorten(
    closed: bool,
    stops: &[Stop],
    ways: &HashMap<usize, usize>,
    sites: &[Point],
    tolerance: f64,
) -> Vec<Point> {
    let count = stops.len();
    if count < if closed { 3 } else { 2 } {
        return Vec::new();
    }
    let needed = |at: usize| ways.get(&stops[at].site).is_some_and(|count| *count > 1);
    // A closed chain begins where several meet, or at the site that was kept first.
    let start = if closed {
        (0..count)
            .find(|at| needed(*at))
            .or_else(|| (0..count).min_by_key(|at| stops[*at].site))
            .unwrap_or(0)
    } else {
        0
    };
    let end = if closed { start + count } else { count - 1 };
    let mut kept: Vec<usize> = vec![start % count];
    let mut from = start;
    while from < end {
        let source = sites[stops[from % count].site];
        let mut window = Window::new(source);
        let mut to = from + 1;
        while to < end && !needed(to % count) {
            let fits =
                stops[to % count].vertices.iter().all(|vertex| window.target(*vertex, tolerance));
            if !fits || !window.allows(sites[stops[(to + 1) % count].site]) {
                break;
            }
            to += 1;
        }
        kept.push(to % count);
        from = to;
    }
    if closed {
        kept.pop();
        if kept.len() < 3 {
            return Vec::new();
        }
        // The order of the input again: what comes first in it first.
        let first =
            kept.iter().enumerate().min_by_key(|(_, at)| **at).map_or(0, |(index, _)| index);
        kept.rotate_left(first);
    }
    kept.into_iter().map(|at| sites[stops[at].site]).collect()
}

/// The directions from a place in which an edge passes all discs so far.
struct Window {
    source: Point,
    x: Point,
    y: Point,
    /// The middle and half the width of the directions; `None` while all are allowed.
    range: Option<(f64, f64)>,
    empty: bool,
}

impl Window {
    fn new(source: Point) -> Self {
        let x = source.across();
        Self { source, x, y: source.cross(x), range: None, empty: false }
    }

    fn direction(&self, place: Point) -> f64 {
        let away = place - self.source;
        away.dot(self.y).atan2(away.dot(self.x))
    }

    /// Narrows the directions to those that pass within `radius` of a place.
    fn target(&mut self, place: Point, radius: f64) -> bool {
        let far = self.source.angle(place);
        if far <= radius {
            return !self.empty;
        }
        let half = (radius.sin() / far.sin()).clamp(-1.0, 1.0).asin();
        let middle = self.direction(place);
        self.range = match self.range {
            None => Some((middle, half)),
            Some((own, width)) => {
                let apart = turn(middle - own);
                let (low, high) = ((-width).max(apart - half), width.min(apart + half));
                self.empty |= low > high;
                Some((turn(own + f64::midpoint(low, high)), (high - low) / 2.0))
            }
        };
        !self.empty
    }

    /// Whether an edge may go to a place.
    fn allows(&self, place: Point) -> bool {
        if self.empty || self.source.angle(place) > PI / 2.0 {
            return false;
        }
        self.range.is_none_or(|(middle, half)| turn(self.direction(place) - middle).abs() <= half)
    }
}

/// An angle between half a turn to the right and half a turn to the left.
fn turn(angle: f64) -> f64 {
    angle - 2.0 * PI * (angle / (2.0 * PI)).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(places: &[(f64, f64)]) -> Vec<Point> {
        places.iter().map(|(x, y)| Point::from_degrees(*x, *y)).collect()
    }

    #[test]
    fn a_nearly_straight_path_is_one_edge() {
        let places = path(&[(0.0, 0.0), (1.0, 0.001), (2.0, -0.001), (3.0, 0.0)]);
        let simple = simplify(&[Chain { places: &places, closed: false }], 1e-3);
        assert_eq!(simple, [vec![places[0], places[3]]]);
        let exact = simplify(&[Chain { places: &places, closed: false }], 1e-6);
        assert_eq!(exact, [places]);
    }

    #[test]
    fn what_is_smaller_than_the_tolerance_disappears() {
        let places = path(&[(0.0, 0.0), (0.001, 0.0), (0.0, 0.001)]);
        let simple = simplify(&[Chain { places: &places, closed: true }], 1e-3);
        assert_eq!(simple, [Vec::<Point>::new()]);
    }
}
