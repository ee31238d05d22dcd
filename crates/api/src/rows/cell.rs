//! Single values as text: Kusto's notation of moments and spans, JSON values, CSV fields.
//!
//! In JSON: `long` is a number (above 2^53 a reader of doubles loses its last digits), `real` is a number except `"NaN"`,
//! `"Infinity"` and `"-Infinity"`, `decimal` is a string so that no digit is lost, `datetime` is ISO 8601 in UTC with
//! seven digits, `timespan` is `[-][d.]hh:mm:ss[.fffffff]`, `dynamic` is the JSON value itself. The same notations as in
//! Kusto's and Log Analytics' answers, except that the latter give `dynamic` as text.
//!
//! Deliberately absent: commas, brackets and rows.

use model::ColumnValues;
use serde::Serialize;
use serde::de::IgnoredAny;

const TICKS_PER_SECOND: i64 = 10_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// Days from 0001-01-01 to 1970-01-01, and the last moment that Kusto knows.
const TICKS_MAX: i64 = 3_155_378_975_999_999_999;

/// Appends `value` as JSON. Only types that cannot fail are given; should one fail, it is `null`.
pub(super) fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let before = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(before);
        out.extend_from_slice(b"null");
    }
}

/// Appends one cell as a JSON value. `one_line` keeps line breaks out of dynamic values.
pub(super) fn json_cell(out: &mut Vec<u8>, column: &ColumnValues, row: usize, one_line: bool) {
    match column {
        ColumnValues::Bool(values) => json(out, &values[row]),
        ColumnValues::Int(values) => json(out, &values[row]),
        ColumnValues::Long(values) => json(out, &values[row]),
        ColumnValues::Real(values) => match values[row] {
            Some(value) if !value.is_finite() => json(out, real_name(value)),
            value => json(out, &value),
        },
        ColumnValues::Decimal(values) | ColumnValues::Guid(values) => json(out, &values[row]),
        ColumnValues::String(values) => json(out, &values[row]),
        ColumnValues::DateTime(values) => quoted(out, values[row].and_then(datetime_text)),
        ColumnValues::TimeSpan(values) => quoted(out, values[row].map(timespan_text)),
        ColumnValues::Dynamic(values) => match &values[row] {
            None => out.extend_from_slice(b"null"),
            Some(text) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
                dynamic(out, text, one_line);
            }
            // The engine promises JSON. A value that is none must not break the whole answer.
            Some(text) => json(out, text),
        },
    }
}

/// Valid JSON holds line breaks between its tokens only, where a space says the same.
fn dynamic(out: &mut Vec<u8>, text: &str, one_line: bool) {
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    if one_line {
        for byte in &mut out[start..] {
            if matches!(*byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
}

/// Appends one cell as a CSV field; null is nothing.
pub(super) fn csv_cell(out: &mut Vec<u8>, column: &ColumnValues, row: usize) {
    match column {
        ColumnValues::String(values) => csv_text(out, &values[row]),
        ColumnValues::Decimal(values) | ColumnValues::Guid(values) => csv_option(out, &values[row]),
        ColumnValues::Dynamic(values) => csv_option(out, &values[row]),
        ColumnValues::DateTime(values) => csv_option(out, &values[row].and_then(datetime_text)),
        ColumnValues::TimeSpan(values) => csv_option(out, &values[row].map(timespan_text)),
        ColumnValues::Bool(values) => present(out, values[row]),
        ColumnValues::Int(values) => present(out, values[row]),
        ColumnValues::Long(values) => present(out, values[row]),
        ColumnValues::Real(values) => match values[row] {
            Some(value) if !value.is_finite() => csv_text(out, real_name(value)),
            value => present(out, value),
        },
    }
}

fn present<T: Serialize>(out: &mut Vec<u8>, value: Option<T>) {
    if let Some(value) = value {
        json(out, &value);
    }
}

fn csv_option(out: &mut Vec<u8>, text: &Option<String>) {
    if let Some(text) = text {
        csv_text(out, text);
    }
}

/// A CSV field of this text (RFC 4180): quoted if it holds what would end a field.
pub(super) fn csv_text(out: &mut Vec<u8>, text: &str) {
    if !text.contains(['"', ',', '\n', '\r']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

fn quoted(out: &mut Vec<u8>, text: Option<String>) {
    match text {
        None => out.extend_from_slice(b"null"),
        Some(text) => {
            out.push(b'"');
            out.extend_from_slice(text.as_bytes());
            out.push(b'"');
        }
    }
}

/// Kusto's names of the numbers that JSON does not have.
fn real_name(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// `2026-11-21T07:00:00.0000000Z` of ticks since year 1; `None` outside of the years 1 to 9999.
pub(super) fn datetime_text(ticks: i64) -> Option<String> {
    if !(0..=TICKS_MAX).contains(&ticks) {
        return None;
    }
    let (seconds, fraction) = (ticks / TICKS_PER_SECOND, ticks % TICKS_PER_SECOND);
    let (days, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:07}Z"))
}

/// Year, month and day of a number of days since 0001-01-01, in the Gregorian calendar. Counts in eras of 400 years
/// that begin on 1 March, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    let days = days + 306;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// `[-][d.]hh:mm:ss[.fffffff]` of ticks.
pub(super) fn timespan_text(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let ticks = ticks.unsigned_abs();
    let per_second = TICKS_PER_SECOND.unsigned_abs();
    let (seconds, fraction) = (ticks / per_second, ticks % per_second);
    let (days, hour) = (seconds / 86_400, seconds / 3600 % 24);
    let (minute, second) = (seconds / 60 % 60, seconds % 60);
    let days = if days == 0 { String::new() } else { format!("{days}.") };
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:07}") };
    format!("{sign}{days}{hour:02}:{minute:02}:{second:02}{fraction}")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_manual_shows_how_each_type_is_written() {
        let mut table = String::from("| type | in JSON | in CSV |\n|---|---|---|\n");
        for (kind, column) in [
            ("bool", ColumnValues::Bool(vec![Some(true)])),
            ("int", ColumnValues::Int(vec![Some(-5)])),
            ("long", ColumnValues::Long(vec![Some(9_007_199_254_740_993)])),
            ("real", ColumnValues::Real(vec![Some(0.5)])),
            ("real", ColumnValues::Real(vec![Some(f64::NAN)])),
            ("real", ColumnValues::Real(vec![Some(f64::NEG_INFINITY)])),
            ("decimal", ColumnValues::Decimal(vec![Some("0.10".into())])),
            ("string", ColumnValues::String(vec!["a \"b\", c".into()])),
            ("guid", ColumnValues::Guid(vec![Some("74be27de-1e4e-49d9-b579-fe0b331d3642".into())])),
            ("datetime", ColumnValues::DateTime(vec![Some(639_308_484_000_000_000)])),
            ("timespan", ColumnValues::TimeSpan(vec![Some(936_610_000_000)])),
            ("dynamic", ColumnValues::Dynamic(vec![Some("{\"a\":[1]}".into())])),
        ] {
            let (mut json, mut csv) = (Vec::new(), Vec::new());
            json_cell(&mut json, &column, 0, false);
            csv_cell(&mut csv, &column, 0);
            let (json, csv) = (String::from_utf8(json).unwrap(), String::from_utf8(csv).unwrap());
            writeln!(table, "| `{kind}` | `{json}` | `{csv}` |").unwrap();
        }
        let manual = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md"));
        assert!(manual.contains(&table), "docs/api.md should hold:\n{table}");
    }

    #[test]
    fn moments_have_seven_digits() {
        for (ticks, expected) in [
            (0, Some("0001-01-01T00:00:00.0000000Z")),
            (621_355_968_000_000_000, Some("1970-01-01T00:00:00.0000000Z")),
            (638_448_479_999_999_999, Some("2024-02-29T23:59:59.9999999Z")),
            (TICKS_MAX, Some("9999-12-31T23:59:59.9999999Z")),
            (TICKS_MAX + 1, None),
            (-1, None),
        ] {
            assert_eq!(datetime_text(ticks).as_deref(), expected, "{ticks}");
        }
    }

    #[test]
    fn spans_are_written_as_kusto_does() {
        for (ticks, expected) in [
            (0, "00:00:00"),
            (1, "00:00:00.0000001"),
            (864_000_000_000, "1.00:00:00"),
            (-36_000_000_000, "-01:00:00"),
            (i64::MIN, "-10675199.02:48:05.4775808"),
            (i64::MAX, "10675199.02:48:05.4775807"),
        ] {
            assert_eq!(timespan_text(ticks), expected, "{ticks}");
        }
    }

    proptest! {
        #[test]
        fn a_moment_reads_back_as_itself(ticks in 0..=TICKS_MAX) {
            let read: Timestamp = datetime_text(ticks).unwrap().parse().unwrap();
            prop_assert_eq!(
                read.as_nanosecond() / 100 + 621_355_968_000_000_000,
                i128::from(ticks)
            );
        }

        #[test]
        fn a_csv_field_reads_back_as_itself(text: String) {
            let mut out = Vec::new();
            csv_text(&mut out, &text);
            let field = String::from_utf8(out).unwrap();
            let read = match field.strip_prefix('"').and_then(|field| field.strip_suffix('"')) {
                Some(quoted) => quoted.replace("\"\"", "\""),
                None => field,
            };
            prop_assert_eq!(read, text);
        }

        #[test]
        fn any_dynamic_text_leaves_the_answer_valid_json(text: String) {
            let mut out = Vec::new();
            json_cell(&mut out, &ColumnValues::Dynamic(vec![Some(text)]), 0, true);
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok());
            prop_assert!(!out.contains(&b'\n'));
        }
    }
}
