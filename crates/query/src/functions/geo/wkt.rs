//! Shapes written as well-known text. Deliberately absent: curves, surfaces other than polygons, and what the positions
//! have beside longitude and latitude.

use crate::dynamic;

/// Collections may hold collections, but not more deeply than this.
const DEPTH_MAX: usize = 16;

/// Writes the shape that `text` describes as GeoJSON; false if it describes none.
pub(super) fn to_geojson(text: &str, out: &mut String) -> bool {
    let mut reader = Reader { rest: text, out };
    reader.shape(0).is_some() && reader.rest.trim().is_empty()
}

/// The text that is left, and the JSON so far.
struct Reader<'a> {
    rest: &'a str,
    out: &'a mut String,
}

impl<'a> Reader<'a> {
    fn word(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        word
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(sign)?;
        Some(())
    }

    fn number(&mut self) -> Option<f64> {
        let rest = self.rest.trim_start();
        let end = rest
            .find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let (number, rest) = rest.split_at(end);
        self.rest = rest;
        number.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn position(&mut self) -> Option<()> {
        let (longitude, latitude) = (self.number()?, self.number()?);
        self.out.push('[');
        dynamic::write_real(longitude, self.out);
        self.out.push(',');
        dynamic::write_real(latitude, self.out);
        self.out.push(']');
        Some(())
    }

    /// A position with or without parentheses of its own, as `MULTIPOINT` has it.
    fn loose_position(&mut self) -> Option<()> {
        if self.sign('(').is_some() {
            self.position()?;
            return self.sign(')');
        }
        self.position()
    }

    fn list(&mut self, item: fn(&mut Self) -> Option<()>) -> Option<()> {
        self.sign('(')?;
        self.out.push('[');
        item(self)?;
        while self.sign(',').is_some() {
            self.out.push(',');
            item(self)?;
        }
        self.out.push(']');
        self.sign(')')
    }

    fn line(&mut self) -> Option<()> {
        self.list(Self::position)
    }

    fn rings(&mut self) -> Option<()> {
        self.list(Self::line)
    }

    fn shape(&mut self, depth: usize) -> Option<()> {
        let word = self.word().to_ascii_uppercase();
        let (kind, read): (&str, fn(&mut Self) -> Option<()>) = match word.as_str() {
            "POINT" => ("Point", |reader| {
                reader.sign('(')?;
                reader.position()?;
                reader.sign(')')
            }),
            "LINESTRING" => ("LineString", Self::line),
            "POLYGON" => ("Polygon", Self::rings),
            "MULTIPOINT" => ("MultiPoint", |reader| reader.list(Self::loose_position)),
            "MULTILINESTRING" => ("MultiLineString", Self::rings),
            "MULTIPOLYGON" => ("MultiPolygon", |reader| reader.list(Self::rings)),
            "GEOMETRYCOLLECTION" if depth < DEPTH_MAX => return self.collection(depth),
            _ => return None,
        };
        self.out.push_str(r#"{"type":""#);
        self.out.push_str(kind);
        self.out.push_str(r#"","coordinates":"#);
        read(self)?;
        self.out.push('}');
        Some(())
    }

    fn collection(&mut self, depth: usize) -> Option<()> {
        self.out.push_str(r#"{"type":"GeometryCollection","geometries":["#);
        self.sign('(')?;
        self.shape(depth + 1)?;
        while self.sign(',').is_some() {
            self.out.push(',');
            self.shape(depth + 1)?;
        }
        self.out.push_str("]}");
        self.sign(')')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let mut out = String::new();
        let read = to_geojson(text, &mut out);
        assert_eq!(read.then_some(out.as_str()), expected, "{text}");
    }

    #[test]
    fn shapes_are_read_whatever_the_blanks_and_letters() {
        check(" point( 1.5   -2e1 )", Some(r#"{"type":"Point","coordinates":[1.5,-20.0]}"#));
        check(
            "MULTIPOINT ((1 1), 2 2)",
            Some(r#"{"type":"MultiPoint","coordinates":[[1.0,1.0],[2.0,2.0]]}"#),
        );
        check(
            "GEOMETRYCOLLECTION(POINT(1 1),GEOMETRYCOLLECTION(LINESTRING(1 1,2 2)))",
            Some(concat!(
                r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1.0,1.0]},"#,
                r#"{"type":"GeometryCollection","geometries":[{"type":"LineString","coordinates":[[1.0,1.0],[2.0,2.0]]}]}]}"#
            )),
        );
    }

    #[test]
    fn what_is_no_shape_is_nothing() {
        for text in [
            "",
            "LINESTRING",
            "POINT (1)",
            "POINT (1 2",
            "POINT (1 2) x",
            "CIRCLE (1 2)",
            "POINT (nan 1)",
        ] {
            check(text, None);
        }
        check(&"GEOMETRYCOLLECTION(".repeat(100_000), None);
    }
}
