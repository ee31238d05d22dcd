//! Places in a text as a browser counts them, in UTF-16 code units, and as we do, in bytes.
//! Deliberately absent: graphemes and columns.

/// Translates places of one text.
pub(crate) struct Utf16<'t> {
    text: &'t str,
    /// For each byte that begins a character, and for the end, how many code units stand before it; empty if every
    /// character is one byte, which most queries are.
    units: Vec<u32>,
}

impl<'t> Utf16<'t> {
    /// Reads a text.
    pub(crate) fn of(text: &'t str) -> Self {
        let mut units = Vec::new();
        if !text.is_ascii() {
            units.reserve(text.len() + 1);
            let mut before = 0_u32;
            for c in text.chars() {
                units.extend(std::iter::repeat_n(before, c.len_utf8()));
                before = before.saturating_add(if c.len_utf16() == 2 { 2 } else { 1 });
            }
            units.push(before);
        }
        Self { text, units }
    }

    /// The place before which so many bytes stand; one inside of a character counts as its start.
    pub(crate) fn units_before(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        if self.units.is_empty() {
            return byte;
        }
        self.units.get(byte).map_or(0, |units| usize::try_from(*units).unwrap_or(usize::MAX))
    }

    /// The byte before which so many code units stand; a place inside of a character counts as its start, one beyond the
    /// end as the end.
    pub(crate) fn byte_at(&self, units: usize) -> usize {
        if self.units.is_empty() {
            return units.min(self.text.len());
        }
        let wanted = u32::try_from(units).unwrap_or(u32::MAX);
        let mut byte = self.units.partition_point(|before| *before <= wanted).saturating_sub(1);
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_translated_both_ways() {
        // 1, 2, 3 and 4 bytes; the last one is two code units.
        let text = "aé日😀b";
        let places = Utf16::of(text);
        for (byte, units) in [(0, 0), (1, 1), (3, 2), (6, 3), (10, 5), (11, 6)] {
            assert_eq!(places.units_before(byte), units, "byte {byte}");
            assert_eq!(places.byte_at(units), byte, "unit {units}");
        }
        assert_eq!(places.byte_at(4), 6, "inside of a surrogate pair");
        assert_eq!(places.byte_at(99), 11);
        assert_eq!(places.units_before(4), 2, "inside of a character");
        assert_eq!(places.units_before(99), 6);
        let plain = Utf16::of("abc");
        assert_eq!((plain.units_before(2), plain.byte_at(2), plain.byte_at(9)), (2, 2, 3));
        assert_eq!((Utf16::of("").byte_at(1), Utf16::of("").units_before(1)), (0, 0));
    }
}
