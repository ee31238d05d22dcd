//! Reads single JSON values out of their text: strings with their escapes, identifiers, and the ways in which the
//! providers write a moment.
//! Deliberately absent: containers (`scan`), and errors: a value that is not what was asked for is `None`.

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use model::Timestamp;

/// Ids longer than this are not taken as ids. Auth0's have 56 bytes, OneLogin's 36 at most.
pub(crate) const ID_BYTES_MAX: usize = 256;

/// The text of a JSON string, or `None` if `raw` is another kind of value.
pub(crate) fn string(raw: &[u8]) -> Option<Cow<'_, str>> {
    match raw {
        [b'"', inner @ .., b'"'] => Some(unescape(inner)),
        _ => None,
    }
}

/// The text between the quotes of a string, with its escapes resolved. A surrogate without its other half becomes
/// U+FFFD: no Rust string can hold it, and the event's own text keeps it.
pub(crate) fn unescape(inner: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(inner);
    if !inner.contains(&b'\\') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let (found, after) = escaped(after);
        plain.push(found);
        rest = after;
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The character of an escape, given the text after its backslash, and what follows it.
fn escaped(after: &str) -> (char, &str) {
    let mut rest = after.chars();
    let plain = match rest.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return unicode(rest.as_str()),
        Some(other) => other,
        None => char::REPLACEMENT_CHARACTER,
    };
    (plain, rest.as_str())
}

fn unicode(digits: &str) -> (char, &str) {
    let Some((high, rest)) = four_digits(digits) else {
        return (char::REPLACEMENT_CHARACTER, digits);
    };
    if (0xd800..0xdc00).contains(&high)
        && let Some((low, after)) = rest.strip_prefix("\\u").and_then(four_digits)
        && (0xdc00..0xe000).contains(&low)
    {
        let joined = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        return (char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER), after);
    }
    (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), rest)
}

fn four_digits(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

/// An id: the text of a string, or the digits of a number as they are written (an id may exceed every integer type).
pub(crate) fn id(raw: &[u8]) -> Option<String> {
    let text = match raw.first()? {
        b'"' => string(raw)?,
        b'0'..=b'9' => String::from_utf8_lossy(raw),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= ID_BYTES_MAX).then(|| text.into_owned())
}

/// The moment that a JSON string tells.
pub(crate) fn moment(raw: &[u8]) -> Option<Timestamp> {
    parse_moment(string(raw)?.trim())
}

/// Reads `2017-12-05T19:13:06.123Z`, `2017-12-05 19:13:06 UTC`, `2026-06-02 10:40:17+0530` and their mixtures: any
/// number of fractional digits, `T` or a space, `Z`, `UTC`, `GMT`, an offset with or without colon, or nothing for UTC.
pub(crate) fn parse_moment(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let fixed = bytes.get(..19)?;
    let separators = [fixed[4], fixed[7], fixed[13], fixed[16]];
    if separators != *b"--::" || !matches!(fixed[10], b'T' | b't' | b' ') {
        return None;
    }
    let two =
        |at: usize| fixed.get(at..at + 2).and_then(decimal).and_then(|n| i8::try_from(n).ok());
    let year = fixed.get(..4).and_then(decimal).and_then(|n| i16::try_from(n).ok())?;
    let (nanosecond, zone) = fraction(&text[19..])?;
    // A leap second counts as the second before it, as in POSIX time.
    let second = two(17)?.min(59);
    let civil =
        DateTime::new(year, two(5)?, two(8)?, two(11)?, two(14)?, second, nanosecond).ok()?;
    offset(zone.trim_start())?.to_timestamp(civil).ok()
}

fn decimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |sum, digit| {
        digit.is_ascii_digit().then(|| sum.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')))
    })
}

/// Nanoseconds of `.123…` (digits beyond nine are cut off), and what follows them.
fn fraction(text: &str) -> Option<(i32, &str)> {
    let Some(after) = text.strip_prefix('.') else { return Some((0, text)) };
    let length = after.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, zone) = after.split_at(length);
    let kept = digits.get(..length.min(9)).filter(|kept| !kept.is_empty())?;
    let scale = 10_i32.pow(9 - u32::try_from(kept.len()).ok()?);
    Some((i32::try_from(decimal(kept.as_bytes())?).ok()? * scale, zone))
}

fn offset(zone: &str) -> Option<Offset> {
    if matches!(zone, "" | "Z" | "z" | "UTC" | "GMT") {
        return Some(Offset::UTC);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match &zone.as_bytes()[1..] {
        [hours @ .., b':', a, b] if hours.len() == 2 => (decimal(hours)?, decimal(&[*a, *b])?),
        [a, b, c, d] => (decimal(&[*a, *b])?, decimal(&[*c, *d])?),
        [a, b] => (decimal(&[*a, *b])?, 0),
        _ => return None,
    };
    Offset::from_seconds(sign * i32::try_from(hours * 3600 + minutes * 60).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_in_every_documented_form() {
        for (text, expected) in [
            ("2023-02-11T11:15:36.961Z", Some("2023-02-11T11:15:36.961Z")),
            ("2017-12-05 19:13:06 UTC", Some("2017-12-05T19:13:06Z")),
            ("2026-06-02 10:40:17+0530", Some("2026-06-02T05:10:17Z")),
            ("2026-06-02 10:40:17 -08:00", Some("2026-06-02T18:40:17Z")),
            ("2017-10-05T18:11:32", Some("2017-10-05T18:11:32Z")),
            ("2017-10-05T18:11:32.1234567891Z", Some("2017-10-05T18:11:32.123456789Z")),
            ("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59Z")),
            ("2023-02-30T11:15:36Z", None),
            ("2023-02-11T25:15:36Z", None),
            ("2023-02-11", None),
            ("2023-02-11T11:15:36.Z", None),
            ("2023-02-11T11:15:36 CEST", None),
            ("2023-02-11T11:15:36+99:99", None),
            ("", None),
            ("yesterday, about half past ten", None),
            ("2023-0é-11T11:15:36Z", None),
        ] {
            let expected = expected.map(|text| text.parse::<Timestamp>().unwrap());
            assert_eq!(parse_moment(text), expected, "{text}");
        }
    }

    #[test]
    fn escapes_are_resolved() {
        for (raw, expected) in [
            (r"plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"\u00e9\u20AC", "é€"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d!", "\u{fffd}!"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\u0000", "\0"),
        ] {
            assert_eq!(unescape(raw.as_bytes()), expected, "{raw}");
        }
    }

    #[test]
    fn ids_are_texts_or_the_digits_of_numbers() {
        for (raw, expected) in [
            (r#""9002""#, Some("9002")),
            ("45016591484", Some("45016591484")),
            (
                "90020230602105804120563000000000000001223372045029303662",
                Some("90020230602105804120563000000000000001223372045029303662"),
            ),
            (r#""""#, None),
            ("null", None),
            ("-1", None),
            ("{}", None),
        ] {
            assert_eq!(id(raw.as_bytes()).as_deref(), expected, "{raw}");
        }
        assert_eq!(id(format!("\"{}\"", "9".repeat(ID_BYTES_MAX + 1)).as_bytes()), None);
        assert!(id(format!("\"{}\"", "9".repeat(ID_BYTES_MAX)).as_bytes()).is_some());
    }

    proptest! {
        #[test]
        fn every_string_comes_back(text in any::<String>()) {
            let raw = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(string(raw.as_bytes()).unwrap(), text);
        }

        #[test]
        fn no_text_is_a_panic(text in any::<String>()) {
            parse_moment(&text);
            unescape(text.as_bytes());
        }
    }
}
