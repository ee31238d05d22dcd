//! How deep JSON text is nested, found without parsing it: the guard before parsers that recurse, of which a few hundred
//! thousand opening brackets, a small body, would exhaust the stack and end the process.
//! Deliberately absent: whether the text is JSON at all.

/// Whether objects and arrays in `json` are nested in more than `levels` levels.
#[must_use]
pub fn is_nested_deeper_than(json: &[u8], levels: usize) -> bool {
    // Never more levels than brackets: nearly every event is settled by this count, which needs no branches.
    let openings = json.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    openings > levels && deepest(json) > levels
}

fn deepest(json: &[u8]) -> usize {
    let (mut level, mut deepest) = (0_usize, 0_usize);
    let mut in_text = false;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                bytes.next();
            }
            b'{' | b'[' if !in_text => {
                level += 1;
                deepest = deepest.max(level);
            }
            b'}' | b']' if !in_text => level = level.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_within_texts_are_not_levels() {
        for (json, expected) in [
            ("", 0),
            ("1", 0),
            ("[1,[2],{}]", 2),
            (r#"{"a":"[[[[","b":{"c":[]}}"#, 3),
            (r#"{"a":"\"[[[[\\","b":[[]]}"#, 3),
            ("]]][", 1),
            ("[[[[", 4),
        ] {
            assert_eq!(deepest(json.as_bytes()), expected, "{json}");
            assert!(!is_nested_deeper_than(json.as_bytes(), expected), "{json}");
            if expected > 0 {
                assert!(is_nested_deeper_than(json.as_bytes(), expected - 1), "{json}");
            }
        }
    }
}
