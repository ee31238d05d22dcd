//! Geohashes: rectangles of longitude and latitude, halved in turn, five halvings a letter. Deliberately absent: the other
//! grids (`s2`, `h3`).

/// The most letters that a geohash has.
pub(super) const LETTERS_MAX: u32 = 18;

const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// A rectangle of the grid: in which column and row of how many it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geohash {
    column: u64,
    row: u64,
    letters: u32,
}

/// Lowest and highest longitude, lowest and highest latitude, in degrees.
pub(super) type Bounds = [f64; 4];

impl Geohash {
    /// The rectangle with so many letters that holds a place, which must be a valid one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "at most 45 bits, not negative"
    )]
    pub(super) fn at(longitude: f64, latitude: f64, letters: u32) -> Self {
        let (columns, rows) = sides(letters);
        let index = |part: f64, count: u64| ((part * count as f64).floor() as u64).min(count - 1);
        Self {
            column: index((longitude + 180.0) / 360.0, columns),
            row: index((latitude + 90.0) / 180.0, rows),
            letters,
        }
    }

    /// The rectangle of a text of 1 to 18 letters.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let letters = u32::try_from(text.len()).ok().filter(|n| (1..=LETTERS_MAX).contains(n))?;
        let (mut column, mut row, mut eastward) = (0, 0, true);
        for letter in text.bytes() {
            let value = ALPHABET.iter().position(|own| own.eq_ignore_ascii_case(&letter))?;
            for bit in (0..5).rev() {
                let half = u64::from(value >> bit & 1 == 1);
                if eastward {
                    column = column << 1 | half;
                } else {
                    row = row << 1 | half;
                }
                eastward = !eastward;
            }
        }
        Some(Self { column, row, letters })
    }

    /// Its text.
    pub(super) fn text(self) -> String {
        let bits = 5 * self.letters;
        let (mut column_bit, mut row_bit) = (bits.div_ceil(2), bits / 2);
        let mut text = String::new();
        let mut eastward = true;
        for _ in 0..self.letters {
            let mut value = 0;
            for _ in 0..5 {
                let half = if eastward {
                    column_bit -= 1;
                    self.column >> column_bit & 1
                } else {
                    row_bit -= 1;
                    self.row >> row_bit & 1
                };
                value = value << 1 | usize::from(half == 1);
                eastward = !eastward;
            }
            text.push(char::from(ALPHABET[value]));
        }
        text
    }

    /// Its sides.
    #[expect(clippy::cast_precision_loss, reason = "at most 45 bits")]
    pub(super) fn bounds(self) -> Bounds {
        let (columns, rows) = sides(self.letters);
        let longitude = |column: u64| 360.0 * (column as f64 / columns as f64) - 180.0;
        let latitude = |row: u64| 180.0 * (row as f64 / rows as f64) - 90.0;
        [
            longitude(self.column),
            longitude(self.column + 1),
            latitude(self.row),
            latitude(self.row + 1),
        ]
    }

    /// The rectangles around it, clockwise from the north-west; over the poles there are none.
    pub(super) fn neighbors(self) -> Vec<Self> {
        let (columns, rows) = sides(self.letters);
        let around = [(-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0)];
        around
            .into_iter()
            .filter_map(|(east, north)| {
                let row = self.row.checked_add_signed(north).filter(|row| *row < rows)?;
                let column = (self.column + columns).wrapping_add_signed(east) % columns;
                Some(Self { column, row, ..self })
            })
            .collect()
    }
}

/// How many columns and rows there are.
const fn sides(letters: u32) -> (u64, u64) {
    let bits = 5 * letters;
    (1 << bits.div_ceil(2), 1 << (bits / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_back() {
        for text in ["s", "u4pruydqqvj", "sunny", "zzzzzzzzzzzzzzzzzz"] {
            let geohash = Geohash::parse(text).unwrap();
            assert_eq!(geohash.text(), text);
            let [west, east, south, north] = geohash.bounds();
            let letters = text.len().try_into().unwrap();
            assert_eq!(
                Geohash::at(f64::midpoint(west, east), f64::midpoint(south, north), letters),
                geohash
            );
        }
        for text in ["", "a", "sunny!", "0123456789012345678"] {
            assert_eq!(Geohash::parse(text), None, "{text}");
        }
    }

    #[test]
    fn neighbors_go_around_the_earth_but_not_over_the_poles() {
        let edge = Geohash::at(-180.0, 90.0, 3);
        assert_eq!(edge.neighbors().len(), 5);
        assert!(edge.neighbors().contains(&Geohash::at(180.0, 90.0, 3)));
    }
}
