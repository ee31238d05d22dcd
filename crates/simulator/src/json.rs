//! Writing JSON text straight into a string: a million events are made at the start of a benchmark, and building a tree
//! for each would be most of the work. Deliberately absent: reading, and numbers that are not whole.

use crate::moment;

/// An object that is being written. Close it by dropping out of the closure that received it.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl Object<'_> {
    /// A text.
    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        push_text(value, self.out);
        self
    }

    /// A whole number.
    pub(crate) fn number(&mut self, key: &str, value: i64) -> &mut Self {
        self.key(key);
        push_integer(value, self.out);
        self
    }

    /// True or false.
    pub(crate) fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        self.raw(key, if value { "true" } else { "false" })
    }

    /// A moment as `2026-11-20T10:20:30.123Z`.
    pub(crate) fn moment(&mut self, key: &str, moment_us: i64) -> &mut Self {
        self.key(key);
        self.out.push('"');
        moment::push_iso_milliseconds(moment_us, self.out);
        self.out.push('"');
        self
    }

    /// JSON text that is ready.
    pub(crate) fn raw(&mut self, key: &str, json: &str) -> &mut Self {
        self.key(key);
        self.out.push_str(json);
        self
    }

    /// Nothing, said aloud.
    pub(crate) fn null(&mut self, key: &str) -> &mut Self {
        self.raw(key, "null")
    }

    /// An object within.
    pub(crate) fn object(&mut self, key: &str, write: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.key(key);
        object(self.out, write);
        self
    }

    /// A list of texts.
    pub(crate) fn texts<'t>(
        &mut self,
        key: &str,
        values: impl IntoIterator<Item = &'t str>,
    ) -> &mut Self {
        self.key(key);
        self.out.push('[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            push_text(value, self.out);
        }
        self.out.push(']');
        self
    }

    /// A list of objects: `write` is called for each number below `count`.
    pub(crate) fn objects(
        &mut self,
        key: &str,
        count: usize,
        mut write: impl FnMut(usize, &mut Object<'_>),
    ) -> &mut Self {
        self.key(key);
        self.out.push('[');
        for index in 0..count {
            if index > 0 {
                self.out.push(',');
            }
            object(self.out, |item| write(index, item));
        }
        self.out.push(']');
        self
    }

    /// How many bytes the whole text has so far, whatever surrounds this object included.
    pub(crate) fn written_bytes(&self) -> usize {
        self.out.len()
    }

    fn key(&mut self, key: &str) {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
    }
}

/// Appends one object, filled by `write`.
pub(crate) fn object(out: &mut String, write: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    write(&mut Object { out, empty: true });
    out.push('}');
}

/// Appends `text` in quotes, escaped.
pub(crate) fn push_text(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "\\ufffd",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escaped);
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// Appends a whole number.
pub(crate) fn push_integer(number: i64, out: &mut String) {
    if number < 0 {
        out.push('-');
    }
    moment::push_number(number.unsigned_abs(), 1, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_written() {
        let mut text = String::new();
        object(&mut text, |it| {
            it.text("a", "b\"\\\nü").number("n", -5).flag("f", true).null("z");
            it.moment("at", 0).object("o", |o| {
                o.number("x", 1);
            });
            it.texts("l", ["x", "y"]).objects("k", 2, |i, o| {
                o.number("i", i as i64);
            });
        });
        assert_eq!(
            text,
            r#"{"a":"b\"\\\nü","n":-5,"f":true,"z":null,"at":"1970-01-01T00:00:00.000Z","o":{"x":1},"l":["x","y"],"k":[{"i":0},{"i":1}]}"#
        );
    }

    proptest::proptest! {
        #[test]
        fn a_text_is_read_back_as_it_was(text in "[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}]*") {
            let mut written = String::new();
            push_text(&text, &mut written);
            proptest::prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
