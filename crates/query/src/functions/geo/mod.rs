//! Geospatial functions: places, lines and polygons on the Earth, and the three grids of cells. The Earth is a sphere, and
//! edges are geodesics, as in Kusto. Deliberately absent: places of internet addresses (`geo_info_from_ip_address`).

mod cells;
mod geohash;
mod geojson;
mod h3;
mod lines;
mod order;
mod points;
mod polygons;
mod sets;
mod shape;
mod spheroid;
mod wkt;

use std::collections::HashMap;

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::types::Type;

use super::Function;
use crate::kernel::{Args, Text};
use crate::ticks;
use shape::point::{EARTH_RADIUS_METERS, Point};

/// The functions of this folder, group by group.
pub(super) static FUNCTIONS: [&[Function]; 5] =
    [cells::FUNCTIONS, lines::FUNCTIONS, points::FUNCTIONS, polygons::FUNCTIONS, sets::FUNCTIONS];

/// An entry of a table: name, parameters, how many of them are optional, type, sentence, kernel, example.
macro_rules! function {
    ($name:literal, [$($param:expr),*], $optional:literal, $ty:ident, $doc:literal, $kernel:expr, $example:expr) => {
        crate::functions::Function::kernel(
            kql::signature::Signature::new(
                $name,
                &[kql::signature::Overload::of(&[$($param),*], kql::signature::Returns::Type(kql::types::Type::$ty))
                    .optional($optional)],
                $doc,
            ),
            $kernel,
            $example,
        )
    };
}
use function;

/// A place of a longitude and latitude in degrees, if they are within their ranges.
fn valid(longitude: Option<f64>, latitude: Option<f64>) -> Option<(f64, f64)> {
    let (longitude, latitude) = (longitude?, latitude?);
    let sound = longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
    sound.then_some((longitude, latitude))
}

/// The place that two arguments name.
fn place(args: &Args<'_>, index: usize, row: usize) -> Option<Point> {
    let (longitude, latitude) =
        (args.real(index).ok()?.get(row), args.real(index + 1).ok()?.get(row));
    valid(longitude, latitude).map(|(longitude, latitude)| Point::from_degrees(longitude, latitude))
}

/// Metres as an angle, in radians.
fn radians(meters: f64) -> f64 {
    meters / EARTH_RADIUS_METERS
}

/// An angle in radians, as metres.
fn meters(radians: f64) -> f64 {
    radians * EARTH_RADIUS_METERS
}

/// A number that may be left out; `None` if it was given and is null.
fn optional_real(args: &Args<'_>, index: usize, row: usize, default: f64) -> Option<f64> {
    if index >= args.len() { Some(default) } else { args.real(index).ok()?.get(row) }
}

/// A whole number that may be left out.
fn optional_whole(args: &Args<'_>, index: usize, row: usize, default: i64) -> Option<i64> {
    if index >= args.len() {
        return Some(default);
    }
    ticks::whole(args.real(index).ok()?.get(row)?)
}

/// A flag that may be left out, given as bool or number.
fn optional_flag(args: &Args<'_>, index: usize, row: usize) -> Option<bool> {
    match args.types.get(index) {
        None => Some(false),
        Some(Type::Bool) => args.bool(index).ok()?.get(row),
        Some(_) => args.real(index).ok()?.get(row).map(|value| value != 0.0),
    }
}

/// A column of values written row by row; where nothing is written, null.
fn written(
    args: &Args<'_>,
    mut write: impl FnMut(usize, &mut String) -> Option<()>,
) -> Result<ArrayRef> {
    args.texts(|row, out| {
        let written = write(row, out).is_some();
        if !written {
            out.clear();
        }
        written
    })
}

/// How many shapes a column keeps.
const SHAPES_KEPT_MAX: usize = 1024;

/// A column of shapes. Those read are kept, so that one that stands for all rows, or comes again, is read once.
struct Shapes<'a, T> {
    text: Text<'a>,
    read: fn(&str) -> Option<T>,
    kept: Vec<Option<T>>,
    by_text: HashMap<&'a str, usize>,
    /// By where the text lies, which is looked up far sooner than a long text. Texts of one column stay where they are.
    by_place: HashMap<(usize, usize), usize>,
}

impl<'a, T> Shapes<'a, T> {
    fn new(args: &Args<'a>, index: usize, read: fn(&str) -> Option<T>) -> Result<Self> {
        let (by_text, by_place) = (HashMap::new(), HashMap::new());
        Ok(Self { text: args.text(index)?, read, kept: Vec::new(), by_text, by_place })
    }

    fn get(&mut self, row: usize) -> Option<&T> {
        let json = self.text.get(row);
        let place = (json.as_ptr().addr(), json.len());
        let at = match self.by_place.get(&place) {
            Some(at) => *at,
            None => self.find(json, place),
        };
        self.kept.get(at)?.as_ref()
    }

    fn find(&mut self, json: &'a str, place: (usize, usize)) -> usize {
        if self.kept.len() >= SHAPES_KEPT_MAX || self.by_place.len() >= 16 * SHAPES_KEPT_MAX {
            self.kept.clear();
            self.by_text.clear();
            self.by_place.clear();
        }
        let (kept, read) = (&mut self.kept, self.read);
        let at = *self.by_text.entry(json).or_insert_with(|| {
            kept.push(read(json));
            kept.len() - 1
        });
        self.by_place.insert(place, at);
        at
    }
}
