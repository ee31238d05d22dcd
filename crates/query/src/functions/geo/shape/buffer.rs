//! The region within a distance of a shape: the curve that runs beside its boundary is drawn, and what it winds around is
//! the result. Deliberately absent: negative distances.

use std::f64::consts::PI;

use super::closed::Line;
use super::edge;
use super::noding::Edge;
use super::overlay::Arrangement;
use super::point::Point;
use super::polygon::Polygon;

/// The finest approximation of a circle, as a part of its radius.
const ERROR_FRACTION_MIN: f64 = 1e-6;

/// More corners than this are not drawn.
const VERTICES_MAX: usize = 1 << 20;

/// What a buffer is drawn around.
pub(crate) enum Around<'a> {
    Place(Point),
    Lines(&'a [Line]),
    Region(&'a Polygon),
}

/// The region within `radius` of a shape, with corners no farther than `tolerance` from it, both in radians. `None` where
/// it would cover more than half the sphere, or have too many corners.
pub(crate) fn buffer(around: &Around<'_>, radius: f64, tolerance: f64) -> Option<Polygon> {
    let mut path = Path::new(radius, tolerance)?;
    match around {
        Around::Place(place) => path.circle(*place),
        Around::Lines(lines) => lines.iter().for_each(|line| path.line(line)),
        Around::Region(polygon) => {
            for (ring, hole) in polygon.rings() {
                let mut vertices = ring.vertices().to_vec();
                if hole {
                    vertices.reverse();
                }
                path.ring(&vertices);
            }
        }
    }
    if path.count > VERTICES_MAX {
        return None;
    }
    let mut edges = Vec::with_capacity(path.count);
    for ring in &path.rings {
        let next = ring.iter().cycle().skip(1);
        edges.extend(ring.iter().zip(next).filter(|(a, b)| a != b).map(|(a, b)| Edge {
            from: *a,
            to: *b,
            group: 0,
        }));
    }
    let reference = outside(around, radius + tolerance)?;
    Arrangement::new(&edges, reference, [0; 2])?.region(|[count, _]| count > 0)
}

/// A place that is farther than `radius` from a shape.
fn outside(around: &Around<'_>, radius: f64) -> Option<Point> {
    let (vertices, distance): (Vec<Point>, Box<dyn Fn(Point) -> f64 + '_>) = match around {
        Around::Place(place) => (vec![*place], Box::new(|other| place.angle(other))),
        Around::Lines(lines) => (
            lines.iter().flatten().copied().collect(),
            Box::new(|other| {
                let edges = super::closed::edges(lines);
                edges.map(|(a, b)| edge::distance(other, a, b)).fold(f64::INFINITY, f64::min)
            }),
        ),
        Around::Region(polygon) => (
            polygon.edges().map(|(vertex, _)| vertex).collect(),
            Box::new(|other| polygon.distance(other)),
        ),
    };
    let zero = Point { x: 0.0, y: 0.0, z: 0.0 };
    let far = -vertices.into_iter().fold(zero, |sum, vertex| sum + vertex).unit();
    // Turned a little, so that no path to it runs along an edge.
    let near = far.along(far.across(), 1e-3);
    let axes = [super::point::ORIGIN, -super::point::ORIGIN, near.across(), -near.across()];
    std::iter::once(near).chain(axes).find(|place| distance(*place) > radius)
}

/// The curve beside a shape, ring by ring.
struct Path {
    rings: Vec<Vec<Point>>,
    ring: Vec<Point>,
    count: usize,
    radius: f64,
    /// Angles between the corners of an arc around a vertex, around a place, and along an edge; the last is `None` where
    /// the radius is so great that edges add nothing.
    vertex_step: f64,
    place_step: f64,
    edge_step: Option<f64>,
}

impl Path {
    fn new(radius: f64, tolerance: f64) -> Option<Self> {
        let fraction = (tolerance / radius).clamp(ERROR_FRACTION_MIN, 1.0);
        let error = (fraction * radius).max(f64::EPSILON);
        if radius <= error || radius + error >= PI {
            return None;
        }
        let vertex_step = widest_step(radius, error);
        let place_step = 2.0 * PI / (2.0 * PI / vertex_step).ceil() + 1e-15;
        let beside = PI / 2.0 - radius;
        let edge_step = (beside > error).then(|| widest_step(beside, error));
        Some(Self {
            rings: Vec::new(),
            ring: Vec::new(),
            count: 0,
            radius,
            vertex_step,
            place_step,
            edge_step,
        })
    }

    fn push(&mut self, vertex: Point) {
        self.count += 1;
        if self.count <= VERTICES_MAX {
            self.ring.push(vertex);
        }
    }

    fn close(&mut self) {
        self.rings.push(std::mem::take(&mut self.ring));
    }

    fn circle(&mut self, centre: Point) {
        // A quarter at a time: each has its own axes, so that rounding does not add up.
        let mut start = centre.across();
        let mut angle = 0.0;
        for _ in 0..4 {
            let turned = centre.cross(start).unit();
            while angle < PI / 2.0 - 1e-15 && self.count <= VERTICES_MAX {
                self.push(centre.along(start.along(turned, angle), self.radius));
                angle += self.place_step;
            }
            angle -= PI / 2.0;
            start = turned;
        }
        self.close();
    }

    /// The direction to the right of an edge.
    fn beside(a: Point, b: Point) -> Point {
        b.robust_cross(a).unit()
    }

    /// The arc around a vertex, counterclockwise, without its end.
    fn arc(&mut self, vertex: Point, from: Point, to: Point) {
        let turned = vertex.cross(from).unit();
        let (mut angle, span) = (0.0, from.angle(to));
        loop {
            self.push(vertex.along(from.along(turned, angle), self.radius));
            angle += self.vertex_step;
            if angle >= span || self.count > VERTICES_MAX {
                break;
            }
        }
    }

    /// The curve to the right of an edge, without its end.
    fn edge(&mut self, a: Point, b: Point) {
        let axis = Self::beside(a, b);
        let Some(step) = self.edge_step else {
            self.push(axis);
            return;
        };
        let turned = a.cross(axis).unit();
        let (mut angle, span) = (0.0, a.angle(b));
        loop {
            self.push(a.along(turned, angle).along(axis, self.radius));
            angle += step;
            if angle >= span || self.count > VERTICES_MAX {
                break;
            }
        }
    }

    /// The curve beside the edge from `a` to `b`, and around `b` toward `c`.
    fn corner(&mut self, a: Point, b: Point, c: Point) {
        self.edge(a, b);
        if edge::sign(a, b, c) >= 0 {
            let (from, to) = (Self::beside(a, b), Self::beside(b, c));
            self.arc(b, from, to);
            if self.edge_step.is_none() {
                self.push(b.along(to, self.radius));
            }
        } else {
            // Through the vertex itself: then what both arms cover is counted twice, never less than once.
            if self.edge_step.is_some() {
                self.push(b.along(Self::beside(a, b), self.radius));
            }
            self.push(b);
        }
    }

    fn ring(&mut self, vertices: &[Point]) {
        let count = vertices.len();
        for at in 0..count {
            self.corner(vertices[at], vertices[(at + 1) % count], vertices[(at + 2) % count]);
        }
        self.close();
    }

    fn line(&mut self, line: &[Point]) {
        let back: Vec<Point> = line.iter().rev().copied().collect();
        for (side, way) in [line, &back].into_iter().enumerate() {
            let [a, b, ..] = *way else { return };
            if side == 0 {
                let axis = Self::beside(a, b);
                self.arc(a, -axis, axis);
            }
            for corner in way.windows(3) {
                if let [a, b, c] = *corner {
                    self.corner(a, b, c);
                }
            }
            if let [.., a, b] = *way {
                self.edge(a, b);
                if side == 0 {
                    let axis = Self::beside(a, b);
                    self.arc(b, axis, -axis);
                }
            }
        }
        self.close();
    }
}

/// The greatest angle between corners at `radius` whose chords come no nearer than `radius` less `error`.
fn widest_step(radius: f64, error: f64) -> f64 {
    let widest = 2.0 * PI / 3.0 + 1e-15;
    let nearest = radius - error;
    if radius < PI / 2.0 {
        widest.min(2.0 * (nearest.tan() / radius.tan()).acos())
    } else if nearest > PI / 2.0 {
        widest.min(2.0 * (radius.tan() / nearest.tan()).acos())
    } else {
        widest
    }
}
