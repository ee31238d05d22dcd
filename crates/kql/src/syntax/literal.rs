//! The values of literals: texts with their escapes, numbers, moments and spans of time. Deliberately absent: `dynamic`,
//! which nests (the binder reads it from the tree).

use super::lexer::timespan_unit;
use crate::types::{Type, Value};

/// Ticks (100 ns) of a day.
pub(crate) const DAY_TICKS: i64 = 864_000_000_000;
const SECOND_TICKS: i64 = 10_000_000;
/// Days from 0001-01-01 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_162;
/// The last tick of the year 9999.
pub(crate) const DATETIME_MAX_TICKS: i64 = 3_155_378_975_999_999_999;

/// The value of a text token; `Err` holds the value as far as it goes if the closing quote is missing.
pub(crate) fn text(token: &str) -> Result<String, String> {
    let token = token.strip_prefix(['h', 'H']).unwrap_or(token);
    for fence in ["```", "~~~"] {
        if let Some(body) = token.strip_prefix(fence) {
            return body.strip_suffix(fence).map(str::to_string).ok_or_else(|| body.to_string());
        }
    }
    let (verbatim, token) = token.strip_prefix('@').map_or((false, token), |rest| (true, rest));
    let Some(quote) = token.chars().next() else { return Err(String::new()) };
    let body = &token[1..];
    if verbatim {
        let doubled = format!("{quote}{quote}");
        let closed = body.chars().rev().take_while(|c| *c == quote).count() % 2 == 1;
        let body = if closed { &body[..body.len() - 1] } else { body };
        let value = body.replace(&doubled, &quote.to_string());
        return if closed { Ok(value) } else { Err(value) };
    }
    unescape(body, quote)
}

fn unescape(body: &str, quote: char) -> Result<String, String> {
    let mut out = String::with_capacity(body.len());
    let mut rest = body.chars();
    while let Some(c) = rest.next() {
        if c == quote {
            return Ok(out);
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('0') => out.push('\0'),
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('v') => out.push('\u{b}'),
            Some(kind @ ('u' | 'U' | 'x')) => {
                let digits = match kind {
                    'u' => 4,
                    'U' => 8,
                    _ => 2,
                };
                let code: String = rest.clone().take(digits).collect();
                let value = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                match value.filter(|_| code.len() == digits) {
                    Some(value) => {
                        out.push(value);
                        rest.nth(digits - 1);
                    }
                    None => out.push(kind),
                }
            }
            Some(other) => out.push(other),
            None => break,
        }
    }
    Err(out)
}

/// `123`, `0x1F`, `1.5e3`, `1.5h`.
pub(crate) fn number(token: &str) -> Option<Value> {
    if let Some(hex) = token.strip_prefix("0x").or_else(|| token.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok().map(|bits| Value::Long(bits.cast_signed()));
    }
    if let Ok(whole) = token.parse::<i64>() {
        return Some(Value::Long(whole));
    }
    if let Some(ticks) = span_with_unit(token) {
        return Some(Value::TimeSpan(ticks));
    }
    token.parse::<f64>().ok().map(Value::Real)
}

/// `1.5h`, `100ms`.
fn span_with_unit(token: &str) -> Option<i64> {
    let split = token.find(|c: char| c.is_ascii_alphabetic())?;
    let unit = timespan_unit(&token[split..])?;
    ticks(token[..split].parse::<f64>().ok()? * unit)
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn ticks(value: f64) -> Option<i64> {
    (value.is_finite() && value.abs() < 9.2e18).then(|| value.round() as i64)
}

/// `datetime(…)`, `int(…)` …: the type that it names, and the value if the text between the parentheses is one.
pub(crate) fn typed(token: &str) -> (Type, Option<Value>) {
    let Some((name, rest)) = token.split_once('(') else { return (Type::Error, None) };
    let ty = Type::named(name).unwrap_or(Type::Error);
    let inner = rest.strip_suffix(')').unwrap_or(rest).trim();
    let bare = inner
        .strip_prefix(['"', '\''])
        .and_then(|text| text.strip_suffix(['"', '\'']))
        .unwrap_or(inner);
    if inner.eq_ignore_ascii_case("null") {
        return (ty, Some(Value::Null(ty)));
    }
    (ty, of_type(ty, bare))
}

/// The value of that type that a text stands for, as inside `datetime(…)`.
pub(crate) fn of_type(ty: Type, text: &str) -> Option<Value> {
    let text = text.trim();
    match ty {
        Type::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Type::Int => text.parse().ok().map(Value::Int),
        Type::Long => match number(text.trim_start_matches('+')) {
            Some(value @ Value::Long(_)) => Some(value),
            _ => text.parse().ok().map(Value::Long),
        },
        Type::Real => real(text).map(Value::Real),
        Type::Decimal => text.parse::<f64>().ok().map(|_| Value::Decimal(text.to_string())),
        // `datetime(0)`: a bare number that is no year counts ticks.
        Type::DateTime => datetime(text)
            .or_else(|| text.parse().ok().filter(|t| (0..=DATETIME_MAX_TICKS).contains(t)))
            .map(Value::DateTime),
        Type::TimeSpan => timespan(text).map(Value::TimeSpan),
        Type::Guid => guid(text).map(Value::Guid),
        _ => None,
    }
}

fn real(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "+inf" | "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok(),
    }
}

fn guid(text: &str) -> Option<String> {
    let text = text.trim_matches(['{', '}']);
    let digits: String = text.chars().filter(|c| *c != '-').collect::<String>().to_lowercase();
    (digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then(|| {
        format!(
            "{}-{}-{}-{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..]
        )
    })
}

/// `1d`, `2` (days), `[-][d.]hh:mm[:ss[.fffffff]]`.
pub(crate) fn timespan(text: &str) -> Option<i64> {
    if let Some(ticks) = span_with_unit(&text.replace(' ', "")) {
        return Some(ticks);
    }
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    if let Ok(days) = text.parse::<i64>() {
        return days.checked_mul(DAY_TICKS)?.checked_mul(sign);
    }
    let mut parts = text.split(':');
    let first = parts.next()?;
    let (days, hours) = match first.split_once('.') {
        Some((days, hours)) => (days.parse::<i64>().ok()?, hours.parse::<i64>().ok()?),
        None => (0, first.parse::<i64>().ok()?),
    };
    let minutes = parts.next()?.parse::<i64>().ok()?;
    let seconds = parts.next().map_or(Some(0), second_ticks)?;
    if parts.next().is_some() {
        return None;
    }
    let whole = days.checked_mul(24)?.checked_add(hours)?.checked_mul(60)?.checked_add(minutes)?;
    whole.checked_mul(60 * SECOND_TICKS)?.checked_add(seconds)?.checked_mul(sign)
}

/// `12.3456789` → ticks; digits beyond the seventh do not count.
fn second_ticks(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("0000000".chars()).take(7).collect();
    whole.parse::<i64>().ok()?.checked_mul(SECOND_TICKS)?.checked_add(digits.parse::<i64>().ok()?)
}

/// ISO 8601 moments (`2024`, `2024-05`, `2024-05-06`, with time, fraction and zone), `MM/DD/YYYY`, and RFC 1123.
pub(crate) fn datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = text.strip_suffix("UTC").or_else(|| text.strip_suffix("GMT")).unwrap_or(text).trim();
    let split = text.find(['T', 't']).or_else(|| clock_at(text));
    let (date, clock) = split.map_or((text, ""), |at| (&text[..at], text[at + 1..].trim()));
    let (date, clock) = if named_month(text).is_some() {
        named_month_split(text)?
    } else {
        (date.to_string(), clock)
    };
    let days = date_days(date.trim())?;
    let ticks = days.checked_mul(DAY_TICKS)?.checked_add(clock_ticks(clock)?)?;
    (0..=DATETIME_MAX_TICKS).contains(&ticks).then_some(ticks)
}

/// The ticks since midnight of `datetime(8:00)`, a moment without a date.
pub(crate) fn clock(token: &str) -> Option<i64> {
    let inner = token.strip_prefix("datetime(").or_else(|| token.strip_prefix("date("))?;
    let inner = inner.strip_suffix(')')?.trim();
    let only_clock = inner.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.'));
    (only_clock && inner.contains(':')).then(|| clock_ticks(inner)).flatten()
}

/// The blank between a date and a clock.
fn clock_at(text: &str) -> Option<usize> {
    let colon = text.find(':')?;
    text[..colon].rfind(' ')
}

fn named_month(text: &str) -> Option<u32> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    text.split([' ', '-', ',']).find_map(|word| {
        let word = word.to_ascii_lowercase();
        (1..).zip(MONTHS).find(|(_, month)| word.starts_with(month)).map(|(number, _)| number)
    })
}

/// `Sat, 8 Nov 2014 15:05:02` → (`2014-11-8`, `15:05:02`).
fn named_month_split(text: &str) -> Option<(String, &str)> {
    let month = named_month(text)?;
    let mut numbers = text
        .split([' ', '-', ','])
        .filter(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()));
    let day: u32 = numbers.next()?.parse().ok()?;
    let year: u32 = numbers.next()?.parse().ok()?;
    let year = if year < 50 {
        2000 + year
    } else if year < 100 {
        1900 + year
    } else {
        year
    };
    let clock = clock_at(text).map_or("", |at| text[at + 1..].trim());
    Some((format!("{year}-{month}-{day}"), clock))
}

fn date_days(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(['-', '/', ',']).collect();
    let numbers: Option<Vec<i64>> =
        parts.iter().map(|part| part.trim().parse::<i64>().ok().filter(|n| *n >= 0)).collect();
    let (year, month, day) = match numbers?.as_slice() {
        [digits] if parts[0].len() == 8 => (digits / 10_000, digits / 100 % 100, digits % 100),
        [year] if parts[0].len() == 4 => (*year, 1, 1),
        [year, month] => (*year, *month, 1),
        [month, day, year] if parts[2].len() == 4 => (*year, *month, *day),
        [year, month, day] => (*year, *month, *day),
        _ => return None,
    };
    let date = jiff::civil::Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()?;
    let epoch = jiff::civil::date(1970, 1, 1);
    let days = i64::from(epoch.until(date).ok()?.get_days());
    Some(days + DAYS_TO_EPOCH)
}

/// `15:05:02.123Z`, `15:05`, `15:05:02+02:00`; empty is midnight.
fn clock_ticks(text: &str) -> Option<i64> {
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text).trim();
    if text.is_empty() {
        return Some(0);
    }
    let lower = text.to_ascii_lowercase();
    let (text, noon) = if let Some(rest) = lower.strip_suffix("pm") {
        (rest.trim().to_string(), Some(true))
    } else if let Some(rest) = lower.strip_suffix("am") {
        (rest.trim().to_string(), Some(false))
    } else {
        (text.to_string(), None)
    };
    let zone = text.find(['+', '-']);
    let (clock, offset) = match zone {
        Some(at) => (&text[..at], zone_ticks(&text[at..])?),
        None => (text.as_str(), 0),
    };
    let mut ticks = timespan(clock.trim()).filter(|_| clock.contains(':'))?;
    if noon == Some(true) && ticks < DAY_TICKS / 2 {
        ticks += DAY_TICKS / 2;
    } else if noon == Some(false) && ticks >= DAY_TICKS / 2 {
        ticks -= DAY_TICKS / 2;
    }
    (ticks <= DAY_TICKS).then_some(ticks - offset)
}

fn zone_ticks(text: &str) -> Option<i64> {
    let (sign, digits) = (if text.starts_with('-') { -1 } else { 1 }, &text[1..]);
    let (hours, minutes) = match digits.split_once(':') {
        Some(pair) => pair,
        None if digits.len() == 4 => digits.split_at(2),
        None => (digits, "0"),
    };
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    Some(sign * minutes * 60 * SECOND_TICKS)
}

/// `2024-05-06T07:08:09.0000000Z`, as Kusto prints a moment.
pub(crate) fn datetime_text(ticks: i64) -> String {
    let days = i32::try_from(ticks.div_euclid(DAY_TICKS) - DAYS_TO_EPOCH).unwrap_or(0);
    let date = jiff::civil::date(1970, 1, 1)
        .checked_add(jiff::Span::new().days(days))
        .unwrap_or(jiff::civil::Date::MIN);
    let of_day = ticks.rem_euclid(DAY_TICKS);
    let (seconds, fraction) = (of_day / SECOND_TICKS, of_day % SECOND_TICKS);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{date}T{hours:02}:{minutes:02}:{:02}.{fraction:07}Z", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::{datetime, datetime_text, number, text, timespan, typed};
    use crate::types::{Type, Value};

    #[test]
    fn moments_are_read_in_every_spelling() {
        for (written, expected) in [
            ("2024-05-06", "2024-05-06T00:00:00.0000000Z"),
            ("2024-05", "2024-05-01T00:00:00.0000000Z"),
            ("2024", "2024-01-01T00:00:00.0000000Z"),
            ("2025, 6, 14", "2025-06-14T00:00:00.0000000Z"),
            ("2017 - 08 - 01", "2017-08-01T00:00:00.0000000Z"),
            ("2024-05-06 07:08", "2024-05-06T07:08:00.0000000Z"),
            ("2024-05-06T07:08:09.1234567Z", "2024-05-06T07:08:09.1234567Z"),
            ("2024-05-06T07:08:09+02:00", "2024-05-06T05:08:09.0000000Z"),
            ("5/6/2024 7:08:09 PM", "2024-05-06T19:08:09.0000000Z"),
            ("Mon, 6 May 2024 07:08:09 GMT", "2024-05-06T07:08:09.0000000Z"),
            ("0001-01-01", "0001-01-01T00:00:00.0000000Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"),
        ] {
            assert_eq!(
                datetime(written).map(datetime_text).as_deref(),
                Some(expected),
                "{written}"
            );
        }
        for wrong in ["", "x", "2024-13-01", "2024-02-30", "10000-01-01"] {
            assert_eq!(datetime(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn spans_are_read_in_every_spelling() {
        const SECOND: i64 = 10_000_000;
        for (written, expected) in [
            ("1d", 86_400 * SECOND),
            ("1.5h", 5_400 * SECOND),
            ("100ms", SECOND / 10),
            ("2", 2 * 86_400 * SECOND),
            ("00:30", 1_800 * SECOND),
            ("1.02:03:04.5", (86_400 + 7_384) * SECOND + SECOND / 2),
            ("-00:00:01", -SECOND),
        ] {
            assert_eq!(timespan(written), Some(expected), "{written}");
        }
        assert_eq!(timespan("soon"), None);
    }

    #[test]
    fn texts_lose_their_quotes_and_escapes() {
        for (written, expected) in [
            (r#""a\"b\n""#, "a\"b\n"),
            (r"'\u0041\x42'", "AB"),
            ("@'c:\\d''e'", "c:\\d'e"),
            ("h@\"x\"", "x"),
            ("```a\\b\"```", "a\\b\""),
        ] {
            assert_eq!(text(written).as_deref(), Ok(expected), "{written}");
        }
        assert_eq!(text("'open"), Err("open".to_string()));
    }

    #[test]
    fn numbers_and_typed_literals_have_their_types() {
        assert_eq!(number("0x1F"), Some(Value::Long(31)));
        assert_eq!(number("1e3"), Some(Value::Real(1000.0)));
        assert_eq!(number("1m"), Some(Value::TimeSpan(600_000_000)));
        assert_eq!(typed("int(5)"), (Type::Int, Some(Value::Int(5))));
        assert_eq!(typed("long(null)"), (Type::Long, Some(Value::Null(Type::Long))));
        assert_eq!(typed("bool(x)"), (Type::Bool, None));
    }
}
