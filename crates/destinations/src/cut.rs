//! Brings field values below a service's limit. The services cut silently and in the middle of whatever stands there;
//! here the value says that it was cut, and how long it was. Deliberately absent: the limits themselves.

use serde::Serialize;
use serde_json::Serializer;
use sonic_rs::to_object_iter;

/// Appends the JSON value `raw` with every field in it at most `bytes_max` bytes long, and returns how many were cut.
/// Fields are the leaves of nested objects; an array is one field, since the Data Collector stores it as a text.
/// Recurses: the caller has made sure that `raw` is not nested deeper than `EVENT_LEVELS_MAX`.
///
/// # Errors
/// `raw` is not JSON.
pub(crate) fn write_leaves_cut(
    raw: &str,
    bytes_max: usize,
    out: &mut Vec<u8>,
) -> Result<usize, sonic_rs::Error> {
    let text = raw.trim();
    if text.len() <= bytes_max {
        out.extend_from_slice(text.as_bytes());
        return Ok(0);
    }
    if text.starts_with('[') {
        return Ok(usize::from(write_text_cut(text, bytes_max, out)));
    }
    if text.starts_with('"') {
        return Ok(usize::from(write_string_cut(text, bytes_max, out)));
    }
    if !text.starts_with('{') {
        out.extend_from_slice(text.as_bytes());
        return Ok(0);
    }
    let mut cuts = 0;
    out.push(b'{');
    for (index, entry) in to_object_iter(text).enumerate() {
        let (key, value) = entry?;
        if index > 0 {
            out.push(b',');
        }
        write_text(&key, out);
        out.push(b':');
        cuts += write_leaves_cut(value.as_raw_str(), bytes_max, out)?;
    }
    out.push(b'}');
    Ok(cuts)
}

/// Appends the JSON string `raw` (with its quotes), cut if its content is longer than `bytes_max`. Whether it was cut.
pub(crate) fn write_string_cut(raw: &str, bytes_max: usize, out: &mut Vec<u8>) -> bool {
    // Escaped, a text is never shorter than it is.
    if raw.len() <= bytes_max.saturating_add(2) {
        out.extend_from_slice(raw.as_bytes());
        return false;
    }
    match serde_json::from_str::<String>(raw) {
        Ok(text) if text.len() <= bytes_max => {
            out.extend_from_slice(raw.as_bytes());
            false
        }
        Ok(text) => write_text_cut(&text, bytes_max, out),
        // A half of a surrogate pair, which has no form in UTF-8: cut in its escaped form.
        Err(_) => write_text_cut(raw.trim_matches('"'), bytes_max, out),
    }
}

/// Appends `text` as a JSON string, cut if longer than `bytes_max`. Whether it was cut.
pub(crate) fn write_text_cut(text: &str, bytes_max: usize, out: &mut Vec<u8>) -> bool {
    if text.len() <= bytes_max {
        write_text(text, out);
        return false;
    }
    let mark = format!("…[cut, was {} bytes]", text.len());
    let kept = text.floor_char_boundary(bytes_max.saturating_sub(mark.len()));
    write_text(&format!("{}{mark}", &text[..kept]), out);
    true
}

/// Appends the JSON value `raw` for a dynamic column: as it is, or, if it is longer than `bytes_max`, an object that tells
/// its length and beginning (half a value would not be JSON). Whether it was cut.
pub(crate) fn write_dynamic_cut(raw: &str, bytes_max: usize, out: &mut Vec<u8>) -> bool {
    if raw.len() <= bytes_max {
        out.extend_from_slice(raw.as_bytes());
        return false;
    }
    // As a string within the string it can become twice as long, or six times where control characters are escaped; JSON
    // text holds none of those raw.
    let kept = raw.floor_char_boundary(bytes_max.saturating_sub(100) / 2);
    out.extend_from_slice(format!("{{\"cut_from_bytes\":{},\"beginning\":", raw.len()).as_bytes());
    write_text(&raw[..kept], out);
    out.push(b'}');
    true
}

/// Appends `text` as a JSON string.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing a text into memory cannot fail.
    let written = text.serialize(&mut Serializer::new(out));
    debug_assert!(written.is_ok());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn leaves(raw: &str, bytes_max: usize) -> (String, usize) {
        let mut out = Vec::new();
        let cuts = write_leaves_cut(raw, bytes_max, &mut out).expect("JSON");
        (String::from_utf8(out).expect("text"), cuts)
    }

    #[test]
    fn only_what_is_too_long_changes() {
        let long = "x".repeat(60);
        let raw = format!(r#"{{"n":1.50e3,"a":"short","o":{{"deep":"{long}"}},"l":["{long}"]}}"#);
        assert_eq!(
            leaves(&raw, 40),
            (
                r#"{"n":1.50e3,"a":"short","o":{"deep":"xxxxxxxxxxxxxxxxxx…[cut, was 60 bytes]"},"l":"[\"xxxxxxxxxxxxxxxx…[cut, was 64 bytes]"}"#
                    .to_owned(),
                2
            )
        );
        assert_eq!(leaves(&raw, 1000), (raw.clone(), 0));
    }

    #[test]
    fn a_dynamic_value_that_is_too_long_tells_its_beginning() {
        let raw = format!(r#"{{"a":"{}"}}"#, "\\n".repeat(400));
        let mut out = Vec::new();
        assert!(write_dynamic_cut(&raw, 500, &mut out));
        let value: Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(value["cut_from_bytes"], raw.len());
        assert!(raw.starts_with(value["beginning"].as_str().expect("text")));
        assert!(out.len() <= 500);
    }

    proptest! {
        #[test]
        fn a_cut_text_is_json_within_the_limit_and_begins_as_it_did(text in "\\PC{0,80}", bytes_max in 30_usize..120) {
            let raw = serde_json::to_string(&text).expect("text");
            let mut out = Vec::new();
            let cut = write_string_cut(&raw, bytes_max, &mut out);
            let sent: String = serde_json::from_slice(&out).expect("JSON");
            prop_assert_eq!(cut, text.len() > bytes_max);
            prop_assert!(sent.len() <= bytes_max);
            if cut {
                let kept = sent.split("…[cut").next().expect("a part");
                prop_assert!(text.starts_with(kept));
            } else {
                prop_assert_eq!(sent, text);
            }
        }
    }
}
