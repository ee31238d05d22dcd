//! Functions of the three grids of cells: geohash, S2, H3. Deliberately absent: the cells of lines and polygons (`lines`,
//! `polygons`).

use std::fmt::Write;

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::super::kinds::{REAL, TEXT};
use super::super::{Function, p};
use super::geohash::{Geohash, LETTERS_MAX};
use super::shape::cell::{Cell, LEVEL_MAX};
use super::shape::point::Point;
use super::{function, geojson, h3, optional_whole, order, valid, written};
use crate::dynamic;
use crate::kernel::Args;

macro_rules! of_token {
    ($name:literal, $ty:ident, $doc:literal, $kernel:expr, $example:expr) => {
        function!($name, [p("cell", TEXT)], 0, $ty, $doc, $kernel, $example)
    };
}

macro_rules! of_place {
    ($name:literal, $level:literal, $doc:literal, $kernel:expr, $example:expr) => {
        function!(
            $name,
            [p("longitude", REAL), p("latitude", REAL), p($level, REAL)],
            1,
            String,
            $doc,
            $kernel,
            $example
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    of_place!(
        "geo_point_to_geohash",
        "accuracy",
        "The geohash of a place, with 1 to 18 letters (5); empty if an argument is out of range.",
        to_geohash,
        ("geo_point_to_geohash(42.4731445, 23.7084961, 5)", "sunny")
    ),
    of_token!(
        "geo_geohash_to_central_point",
        Dynamic,
        "The centre of a geohash's rectangle.",
        geohash_centre,
        (
            "tostring(geo_geohash_to_central_point('sunny'))",
            r#"{"type":"Point","coordinates":[42.47314453125,23.70849609375]}"#
        )
    ),
    of_token!(
        "geo_geohash_to_polygon",
        Dynamic,
        "The rectangle of a geohash.",
        geohash_polygon,
        (
            "tostring(geo_geohash_to_polygon('s'))",
            r#"{"type":"Polygon","coordinates":[[[0.0,0.0],[45.0,0.0],[45.0,45.0],[0.0,45.0],[0.0,0.0]]]}"#
        )
    ),
    of_token!(
        "geo_geohash_neighbors",
        Dynamic,
        "The geohashes around a geohash.",
        geohash_neighbors,
        ("array_length(geo_geohash_neighbors('sunny'))", "8")
    ),
    of_place!(
        "geo_point_to_s2cell",
        "level",
        "The S2 cell of a place, at a level from 0 to 30 (11); empty if an argument is out of range.",
        to_s2cell,
        ("geo_point_to_s2cell(-80.195829, 25.802215, 8)", "88d9b")
    ),
    of_token!(
        "geo_s2cell_to_central_point",
        Dynamic,
        "The centre of an S2 cell.",
        s2cell_centre,
        (
            "tostring(geo_s2cell_to_central_point('1'))",
            r#"{"type":"Point","coordinates":[0.0,0.0]}"#
        )
    ),
    of_token!(
        "geo_s2cell_to_polygon",
        Dynamic,
        "The corners of an S2 cell.",
        s2cell_polygon,
        ("array_length(geo_s2cell_to_polygon('89c259').coordinates[0])", "5")
    ),
    of_token!(
        "geo_s2cell_neighbors",
        Dynamic,
        "The S2 cells of the same level around an S2 cell.",
        s2cell_neighbors,
        ("array_length(geo_s2cell_neighbors('89c259'))", "8")
    ),
    of_place!(
        "geo_point_to_h3cell",
        "resolution",
        "The H3 cell of a place, at a resolution from 0 to 15 (6); empty if an argument is out of range.",
        to_h3cell,
        ("geo_point_to_h3cell(-74.0445, 40.6892, 6)", "862a1072fffffff")
    ),
    of_token!(
        "geo_h3cell_to_central_point",
        Dynamic,
        "The centre of an H3 cell.",
        h3cell_centre,
        ("geo_h3cell_to_central_point('862a1072fffffff').type", "Point")
    ),
    of_token!(
        "geo_h3cell_to_polygon",
        Dynamic,
        "The corners of an H3 cell.",
        h3cell_polygon,
        ("array_length(geo_h3cell_to_polygon('862a1072fffffff').coordinates[0])", "7")
    ),
    of_token!(
        "geo_h3cell_neighbors",
        Dynamic,
        "The H3 cells around an H3 cell.",
        h3cell_neighbors,
        ("array_length(geo_h3cell_neighbors('862a1072fffffff'))", "6")
    ),
    of_token!(
        "geo_h3cell_level",
        Int,
        "The resolution of an H3 cell.",
        h3cell_level,
        ("geo_h3cell_level('862a1072fffffff')", "6")
    ),
    function!(
        "geo_h3cell_parent",
        [p("cell", TEXT), p("resolution", REAL)],
        1,
        String,
        "The H3 cell around an H3 cell, at a coarser resolution (the next); empty if there is none.",
        h3cell_parent,
        ("geo_h3cell_parent('862a1072fffffff', 1)", "812a3ffffffffff")
    ),
    function!(
        "geo_h3cell_children",
        [p("cell", TEXT), p("resolution", REAL)],
        1,
        Dynamic,
        "The H3 cells in an H3 cell, at a finer resolution (the next), at most five resolutions down.",
        h3cell_children,
        ("array_length(geo_h3cell_children('862a1072fffffff', 9))", "343")
    ),
    function!(
        "geo_h3cell_rings",
        [p("cell", TEXT), p("distance", REAL)],
        0,
        Dynamic,
        "The rings of H3 cells around an H3 cell, up to a distance of at most 142; the first holds the cell itself.",
        h3cell_rings,
        ("array_length(geo_h3cell_rings('861f8894fffffff', 2)[2])", "12")
    ),
];

/// Writes an array of tokens.
pub(super) fn write_tokens(tokens: impl Iterator<Item = String>, out: &mut String) {
    out.push('[');
    for (at, token) in tokens.enumerate() {
        if at > 0 {
            out.push(',');
        }
        dynamic::write_string(&token, out);
    }
    out.push(']');
}

/// A column of tokens of places; empty where there is none.
fn tokens(
    args: &Args<'_>,
    default: i64,
    token: impl Fn((f64, f64), i64) -> Option<String>,
) -> Result<ArrayRef> {
    let (longitude, latitude) = (args.real(0)?, args.real(1)?);
    args.strings(|row, out| {
        let found = valid(longitude.get(row), latitude.get(row))
            .and_then(|place| token(place, optional_whole(args, 2, row, default)?));
        out.push_str(&found.unwrap_or_default());
    })
}

/// A column made of the cells of the first argument; null where there is none.
fn from_cells<T>(
    args: &Args<'_>,
    parse: impl Fn(&str) -> Option<T>,
    write: impl Fn(T, usize, &mut String) -> Option<()>,
) -> Result<ArrayRef> {
    let text = args.text(0)?;
    written(args, |row, out| write(parse(text.get(row))?, row, out))
}

fn to_geohash(args: &Args<'_>) -> Result<ArrayRef> {
    tokens(args, 5, |(longitude, latitude), letters| {
        let letters = u32::try_from(letters).ok().filter(|n| (1..=LETTERS_MAX).contains(n))?;
        Some(Geohash::at(longitude, latitude, letters).text())
    })
}

fn geohash_centre(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, Geohash::parse, |geohash, _, out| {
        let [west, east, south, north] = geohash.bounds();
        geojson::write_flat_point((f64::midpoint(west, east), f64::midpoint(south, north)), out);
        Some(())
    })
}

fn geohash_polygon(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, Geohash::parse, |geohash, _, out| {
        let [west, east, south, north] = geohash.bounds();
        geojson::write_flat_ring(
            &[(west, south), (east, south), (east, north), (west, north)],
            out,
        );
        Some(())
    })
}

fn geohash_neighbors(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, Geohash::parse, |geohash, _, out| {
        let names = geohash.neighbors().into_iter().map(Geohash::text).collect();
        write_tokens(order::as_listed(names).into_iter(), out);
        Some(())
    })
}

fn to_s2cell(args: &Args<'_>) -> Result<ArrayRef> {
    tokens(args, 11, |(longitude, latitude), level| {
        let level = u32::try_from(level).ok().filter(|level| *level <= LEVEL_MAX)?;
        Some(Cell::leaf(Point::from_degrees(longitude, latitude)).parent(level).token())
    })
}

fn s2cell_centre(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, Cell::from_token, |cell, _, out| {
        geojson::write_point(cell.centre(), out);
        Some(())
    })
}

fn s2cell_polygon(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, Cell::from_token, |cell, _, out| {
        geojson::write_rings(&[vec![cell.vertices().to_vec()]], out);
        Some(())
    })
}

fn s2cell_neighbors(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, Cell::from_token, |cell, _, out| {
        let names = cell.neighbors().into_iter().map(Cell::token).collect();
        write_tokens(order::as_listed(names).into_iter(), out);
        Some(())
    })
}

fn to_h3cell(args: &Args<'_>) -> Result<ArrayRef> {
    tokens(args, 6, |(longitude, latitude), resolution| {
        Some(h3::cell(longitude, latitude, h3::resolution(resolution)?)?.to_string())
    })
}

fn h3cell_centre(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, h3::parse, |cell, _, out| {
        geojson::write_flat_point(h3::centre(cell), out);
        Some(())
    })
}

fn h3cell_polygon(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, h3::parse, |cell, _, out| {
        geojson::write_flat_ring(&h3::corners(cell), out);
        Some(())
    })
}

fn h3cell_neighbors(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, h3::parse, |cell, _, out| {
        let names = h3::rings(cell, 1).into_iter().skip(1).flatten().map(|cell| cell.to_string());
        write_tokens(order::as_listed(names.collect()).into_iter(), out);
        Some(())
    })
}

fn h3cell_level(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.longs(|row| h3::parse(text.get(row)).map(|cell| i64::from(u8::from(cell.resolution()))))
}

fn h3cell_parent(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        let parent = h3::parse(text.get(row)).and_then(|cell| {
            let next = i64::from(u8::from(cell.resolution())) - 1;
            let resolution = h3::resolution(optional_whole(args, 1, row, next)?)?;
            cell.parent(resolution)
        });
        if let Some(parent) = parent {
            let written = write!(out, "{parent}");
            debug_assert!(written.is_ok(), "writing to a String does not fail");
        }
    })
}

fn h3cell_children(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, h3::parse, |cell, row, out| {
        let own = u8::from(cell.resolution());
        let resolution = h3::resolution(optional_whole(args, 1, row, i64::from(own) + 1)?)?;
        let down = u8::from(resolution).checked_sub(own)?;
        if !(1..=h3::LEVELS_DOWN_MAX).contains(&down) {
            return None;
        }
        write_tokens(cell.children(resolution).map(|cell| cell.to_string()), out);
        Some(())
    })
}

fn h3cell_rings(args: &Args<'_>) -> Result<ArrayRef> {
    from_cells(args, h3::parse, |cell, row, out| {
        let distance = u32::try_from(optional_whole(args, 1, row, 0)?).ok()?;
        if distance > h3::DISTANCE_MAX {
            return None;
        }
        out.push('[');
        for (at, ring) in h3::rings(cell, distance).into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_tokens(ring.into_iter().map(|cell| cell.to_string()), out);
        }
        out.push(']');
        Some(())
    })
}
