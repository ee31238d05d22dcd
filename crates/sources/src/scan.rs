//! Finds where JSON values begin and end, in one pass over bytes, without building anything: the part of decoding that
//! runs over every byte that enters. It accepts RFC 8259 and nothing else, except that it leaves UTF-8 to its caller.
//!
//! Written here because a general parser answers another question: it stops for good at the first mistake, recurses on
//! nesting, and reads a value twice when its members and its end are both wanted.
//! Deliberately absent: what the members mean (`wire`, `columns`), and recursion, so that no nesting can exhaust the stack.

/// Where and why the text stops being JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Byte offset of the first byte that does not fit; the length of the text if the text ends too early.
    pub(crate) at: usize,
    /// What was expected there, as a lowercase fragment.
    pub(crate) why: &'static str,
}

/// The end of a value and how deep it nests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Offset of the first byte after the value.
    pub(crate) end: usize,
    /// Containers within containers; a scalar has 0.
    pub(crate) depth: usize,
}

/// A walk over the members of one object or the elements of one array, in written order. The caller reads each value
/// itself (with [`value`] or another walk) and reports its extent, so that nothing is read twice.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    close: u8,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Later,
    Over,
}

impl<'a> Walk<'a> {
    /// A walk over the container whose bracket is at `start`; over nothing if there is none.
    pub(crate) fn of(text: &'a [u8], start: usize) -> Self {
        let (close, place) = match text.get(start) {
            Some(b'{') => (b'}', Place::First),
            Some(b'[') => (b']', Place::First),
            _ => (0, Place::Over),
        };
        Self { text, at: start.saturating_add(1), depth: 1, close, place }
    }

    /// Where the next element's value begins, or `None` at the end.
    pub(crate) fn element(&mut self) -> Result<Option<usize>, Broken> {
        match self.place {
            Place::Over => return Ok(None),
            Place::First => {
                self.at = skip_space(self.text, self.at);
                if self.text.get(self.at) == Some(&self.close) {
                    return Ok(self.leave());
                }
            }
            Place::Later => {
                self.at = skip_space(self.text, self.at);
                match self.text.get(self.at) {
                    Some(b',') => self.at = skip_space(self.text, self.at + 1),
                    Some(found) if *found == self.close => return Ok(self.leave()),
                    _ => {
                        return Err(broken(
                            self.text,
                            self.at,
                            "expected a comma or a closing bracket",
                        ));
                    }
                }
            }
        }
        self.place = Place::Later;
        Ok(Some(self.at))
    }

    /// The next member's name (between its quotes, escapes as written) and where its value begins, or `None` at the end.
    pub(crate) fn member(&mut self) -> Result<Option<(&'a [u8], usize)>, Broken> {
        let Some(start) = self.element()? else { return Ok(None) };
        let after = name(self.text, start)?;
        self.at = skip_space(self.text, after.value);
        Ok(Some((self.text.get(start + 1..after.quote).unwrap_or_default(), self.at)))
    }

    /// Tells the extent of the value that was begun last.
    pub(crate) fn passed(&mut self, extent: Extent) {
        self.at = extent.end;
        self.depth = self.depth.max(extent.depth.saturating_add(1));
    }

    /// The container's own extent, once the walk came to its end.
    pub(crate) fn extent(&self) -> Extent {
        Extent { end: self.at, depth: self.depth }
    }

    fn leave<T>(&mut self) -> Option<T> {
        self.at += 1;
        self.place = Place::Over;
        None
    }
}

/// Reads the value that begins at `start` (no whitespace before it) to its end.
pub(crate) fn value(text: &[u8], start: usize) -> Result<Extent, Broken> {
    match text.get(start) {
        Some(b'{' | b'[') => container(text, start),
        _ => Ok(Extent { end: scalar(text, start)?, depth: 0 }),
    }
}

/// The first offset from `at` on that is no JSON whitespace.
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// Reads an object or array of any depth with a stack of one bit per level.
fn container(text: &[u8], start: usize) -> Result<Extent, Broken> {
    let mut levels = Levels::default();
    let mut at = start;
    loop {
        match text.get(at) {
            Some(open @ (b'{' | b'[')) => {
                let is_object = *open == b'{';
                levels.push(is_object);
                at = skip_space(text, at + 1);
                let close = if is_object { b'}' } else { b']' };
                if text.get(at) != Some(&close) {
                    at = if is_object { skip_space(text, name(text, at)?.value) } else { at };
                    continue;
                }
                levels.pop();
                at += 1;
            }
            _ => at = scalar(text, at)?,
        }
        loop {
            let Some(is_object) = levels.top() else {
                return Ok(Extent { end: at, depth: levels.deepest });
            };
            at = skip_space(text, at);
            match (text.get(at), is_object) {
                (Some(b','), true) => {
                    let start = skip_space(text, at + 1);
                    at = skip_space(text, name(text, start)?.value);
                    break;
                }
                (Some(b','), false) => {
                    at = skip_space(text, at + 1);
                    break;
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    levels.pop();
                    at += 1;
                }
                _ => return Err(broken(text, at, "expected a comma or a closing bracket")),
            }
        }
    }
}

/// One bit per open container: set for an object.
#[derive(Default)]
struct Levels {
    depth: usize,
    deepest: usize,
    word: u64,
    /// Full words below `word`: only nesting beyond 64 levels allocates.
    spilled: Vec<u64>,
}

impl Levels {
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.spilled.push(self.word);
        }
        self.word = (self.word << 1) | u64::from(is_object);
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.word >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.word = self.spilled.pop().unwrap_or_default();
        }
    }

    fn top(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.word & 1 == 1)
    }
}

struct Name {
    /// Offset of the closing quote.
    quote: usize,
    /// Offset after the colon.
    value: usize,
}

/// Reads `"name" :`, which begins at `start`.
fn name(text: &[u8], start: usize) -> Result<Name, Broken> {
    if text.get(start) != Some(&b'"') {
        return Err(broken(text, start, "expected a member name"));
    }
    let end = string(text, start)?;
    let colon = skip_space(text, end);
    match text.get(colon) {
        Some(b':') => Ok(Name { quote: end - 1, value: colon + 1 }),
        _ => Err(broken(text, colon, "expected a colon")),
    }
}

fn scalar(text: &[u8], at: usize) -> Result<usize, Broken> {
    match text.get(at) {
        Some(b'"') => string(text, at),
        Some(b'-' | b'0'..=b'9') => number(text, at),
        Some(b't') => word(text, at, b"true"),
        Some(b'f') => word(text, at, b"false"),
        Some(b'n') => word(text, at, b"null"),
        _ => Err(broken(text, at, "expected a value")),
    }
}

fn word(text: &[u8], at: usize, word: &[u8]) -> Result<usize, Broken> {
    let end = at + word.len();
    if text.get(at..end) == Some(word) {
        Ok(end)
    } else {
        Err(broken(text, at, "expected a value"))
    }
}

/// Reads the string whose opening quote is at `start`; gives the offset after its closing quote.
fn string(text: &[u8], start: usize) -> Result<usize, Broken> {
    let mut at = start + 1;
    loop {
        at = plain_end(text, at);
        match text.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape(text, at)?,
            Some(_) => return Err(Broken { at, why: "control character in a string" }),
            None => return Err(Broken { at: text.len(), why: "string without an end" }),
        }
    }
}

/// The first offset from `at` on that holds a quote, a backslash or a control character. Eight bytes at a time: the
/// classic test for "has a byte below" and "has a byte equal to" within a word, whose lowest hit is exact.
fn plain_end(text: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let slash = word ^ (ONES * b'\\' as u64);
        let hits = (word.wrapping_sub(ONES * 0x20) & !word)
            | (quote.wrapping_sub(ONES) & !quote)
            | (slash.wrapping_sub(ONES) & !slash);
        let hits = hits & HIGH;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(byte) = text.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            break;
        }
        at += 1;
    }
    at
}

/// Reads the escape whose backslash is at `at`; gives the offset after it. A lone surrogate is well-formed JSON.
fn escape(text: &[u8], at: usize) -> Result<usize, Broken> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match text.get(at + 2..at + 6) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 6),
            _ => Err(broken(text, at + 2, "expected four hexadecimal digits")),
        },
        _ => Err(broken(text, at + 1, "unknown escape")),
    }
}

/// Reads a number of any size and precision.
fn number(text: &[u8], start: usize) -> Result<usize, Broken> {
    let mut at = start + usize::from(text.get(start) == Some(&b'-'));
    at = match text.get(at) {
        Some(b'0') => at + 1,
        _ => digits(text, at)?,
    };
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Ok(at)
}

fn digits(text: &[u8], start: usize) -> Result<usize, Broken> {
    let mut at = start;
    while let Some(b'0'..=b'9') = text.get(at) {
        at += 1;
    }
    if at > start { Ok(at) } else { Err(broken(text, at, "expected a digit")) }
}

/// A mistake at `at`; if the text ends there, that is what is told.
fn broken(text: &[u8], at: usize, why: &'static str) -> Broken {
    if at < text.len() {
        return Broken { at, why };
    }
    Broken { at: text.len(), why: "text ends too early" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<usize, &str>) {
        let found = value(text.as_bytes(), 0).map(|extent| extent.end).map_err(|broken| broken.why);
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn values_end_where_they_end() {
        for (text, end) in [
            ("{}", 2),
            ("{ } x", 3),
            ("[]]", 2),
            (r#"{"a":[1,2,{"b":null}],"c":"}"} {"#, 30),
            (r#""a\"b\\" "#, 8),
            (r#""\ud800""#, 8),
            ("-0.5e+10,", 8),
            ("1E400", 5),
            ("true,", 4),
            (r#"["1234567","12345678","123456789"]"#, 34),
        ] {
            check(text, Ok(end));
        }
    }

    #[test]
    fn what_is_not_json_is_named() {
        for (text, why) in [
            ("", "text ends too early"),
            ("{", "text ends too early"),
            (r#"{"a""#, "text ends too early"),
            (r#"{"a":1"#, "text ends too early"),
            (r#"{"a":"x"#, "string without an end"),
            ("{a:1}", "expected a member name"),
            (r#"{"a" 1}"#, "expected a colon"),
            (r#"{"a":1,}"#, "expected a member name"),
            ("[1,]", "expected a value"),
            ("[1 2]", "expected a comma or a closing bracket"),
            ("[1}", "expected a comma or a closing bracket"),
            ("[01]", "expected a comma or a closing bracket"),
            ("[1.]", "expected a digit"),
            ("[-]", "expected a digit"),
            ("\"a\nb\"", "control character in a string"),
            ("\"a\0b\"", "control character in a string"),
            (r#""\x""#, "unknown escape"),
            (r#""\u12g4""#, "expected four hexadecimal digits"),
            ("nul", "expected a value"),
            ("NaN", "expected a value"),
            ("<html>", "expected a value"),
        ] {
            check(text, Err(why));
        }
    }

    #[test]
    fn a_million_levels_are_counted_and_not_recursed_into() {
        let levels = 1_000_000;
        let text = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(value(text.as_bytes(), 0), Ok(Extent { end: 2 * levels, depth: levels }));
        let mixed = format!("{}1{}", r#"[{"a":"#.repeat(1000), "}]".repeat(1000));
        assert_eq!(value(mixed.as_bytes(), 0).map(|extent| extent.depth), Ok(2000));
    }

    #[test]
    fn a_walk_tells_names_and_values() {
        let text = br#" { "a" : 1 , "b\n":[2, 3],"":{} } x"#;
        let mut walk = Walk::of(text, 1);
        let mut found = Vec::new();
        while let Some((key, start)) = walk.member().unwrap() {
            let extent = value(text, start).unwrap();
            walk.passed(extent);
            found.push((key, &text[start..extent.end]));
        }
        let expected: [(&[u8], &[u8]); 3] = [(b"a", b"1"), (br"b\n", b"[2, 3]"), (b"", b"{}")];
        assert_eq!(found, expected);
        assert_eq!(walk.extent(), Extent { end: text.len() - 2, depth: 2 });
    }

    proptest! {
        #[test]
        fn accepts_what_another_parser_accepts(text in r#"[\[\]{}:,"\\ 0-9a-z.eE+\-]{0,40}"#) {
            // A skipping reader: it checks the grammar without turning numbers into floats.
            let other = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            let start = skip_space(text.as_bytes(), 0);
            let ours = value(text.as_bytes(), start)
                .is_ok_and(|extent| skip_space(text.as_bytes(), extent.end) == text.len());
            prop_assert_eq!(ours, other, "{}", text);
        }

        #[test]
        fn never_reads_past_the_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            match value(&bytes, 0) {
                Ok(extent) => prop_assert!(extent.end <= bytes.len()),
                Err(broken) => prop_assert!(broken.at <= bytes.len()),
            }
        }
    }
}
