//! Moments and spans in Kusto's unit: ticks of 100 ns, moments counted from 0001-01-01T00:00:00Z. Calendar, text forms
//! and reading of text. Deliberately absent: columns and kernels, time zones other than UTC, and the present moment.

use std::fmt::Write;

/// Ticks of one second.
pub(crate) const SECOND: i64 = 10_000_000;
/// Ticks of one minute.
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// Ticks of one hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Ticks of one day.
pub(crate) const DAY: i64 = 24 * HOUR;
/// 1970-01-01T00:00:00Z.
pub(crate) const UNIX_EPOCH: i64 = 719_162 * DAY;
/// 9999-12-31T23:59:59.9999999Z, the last moment that Kusto can name.
pub(crate) const MAX: i64 = 3_652_059 * DAY - 1;

/// A moment taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    /// Ticks since midnight.
    pub(crate) time: i64,
}

impl Civil {
    /// The calendar's name for a moment. (Days to civil date: the usual arithmetic over 400-year eras that begin in March.)
    pub(crate) const fn of(ticks: i64) -> Self {
        let days = ticks.div_euclid(DAY) + 306;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        Self { year, month, day, time: ticks.rem_euclid(DAY) }
    }

    /// The moment, or `None` if there is no such day or it lies outside Kusto's years.
    pub(crate) const fn ticks(self) -> Option<i64> {
        if self.year < 1 || self.year > 9999 || self.month < 1 || self.month > 12 {
            return None;
        }
        if self.day < 1 || self.day > days_in_month(self.year, self.month) {
            return None;
        }
        Some(day_number(self.year, self.month, self.day) * DAY + self.time)
    }
}

/// How many days the month has.
pub(crate) const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 0001-01-01 to the given day.
const fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 306
}

/// `2020-01-02T03:04:05.6000000Z`: how Kusto's `tostring` writes a moment.
pub(crate) fn write_datetime(ticks: i64, out: &mut String) {
    let civil = Civil::of(ticks);
    let (hour, minute, second) =
        (civil.time / HOUR, civil.time / MINUTE % 60, civil.time / SECOND % 60);
    let written = write!(
        out,
        "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{:07}Z",
        civil.year,
        civil.month,
        civil.day,
        civil.time % SECOND
    );
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

/// `[-][d.]hh:mm:ss[.fffffff]`: how Kusto's `tostring` writes a span.
pub(crate) fn write_timespan(ticks: i64, out: &mut String) {
    let size = ticks.unsigned_abs();
    let unit = |ticks: i64| ticks.unsigned_abs();
    if ticks < 0 {
        out.push('-');
    }
    let (days, rest) = (size / unit(DAY), size % unit(DAY));
    let mut written = Ok(());
    if days > 0 {
        written = written.and(write!(out, "{days}."));
    }
    let (hour, minute, second) =
        (rest / unit(HOUR), rest / unit(MINUTE) % 60, rest / unit(SECOND) % 60);
    written = written.and(write!(out, "{hour:02}:{minute:02}:{second:02}"));
    let fraction = rest % unit(SECOND);
    if fraction > 0 {
        written = written.and(write!(out, ".{fraction:07}"));
    }
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

/// Reads a moment in any of the forms that logs carry: ISO 8601 and its relatives with blank or without zone, RFC 2822,
/// `1/31/2024 10:00:00 PM`, `Jan 31, 2024`. A time without zone is UTC.
pub(crate) fn parse_datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = text.strip_suffix("UTC").map_or(text, str::trim_end);
    iso(text).or_else(|| worded(text))
}

fn iso(text: &str) -> Option<i64> {
    let mut rest = Digits(text);
    let year = rest.number(4, 4)?;
    rest.one_of(&['-', '/'])?;
    let month = rest.number(1, 2)?;
    let day = if rest.one_of(&['-', '/']).is_some() { rest.number(1, 2)? } else { 1 };
    let mut time = 0;
    let mut zone = 0;
    if rest.one_of(&['T', 't', ' ']).is_some() {
        time = clock(&mut rest)?;
        rest.skip_blanks();
        zone = offset(&mut rest)?;
    } else if rest.one_of(&['Z', 'z']).is_some() {
        zone = 0;
    }
    if !rest.0.is_empty() {
        return None;
    }
    let midnight = Civil { year, month, day, time: 0 }.ticks()?;
    Some(midnight.checked_add(time)?.checked_sub(zone)?).filter(|ticks| (0..=MAX).contains(ticks))
}

/// `hh:mm[:ss[.fffffff…]]`, in ticks since midnight.
fn clock(rest: &mut Digits<'_>) -> Option<i64> {
    let hour = rest.number(1, 2)?;
    rest.one_of(&[':'])?;
    let minute = rest.number(2, 2)?;
    let second = if rest.one_of(&[':']).is_some() { rest.number(2, 2)? } else { 0 };
    let fraction = if rest.one_of(&['.', ',']).is_some() { rest.fraction()? } else { 0 };
    if hour > 24 || minute > 59 || second > 59 || (hour == 24 && minute + second > 0) {
        return None;
    }
    Some(hour * HOUR + minute * MINUTE + second * SECOND + fraction)
}

/// `Z`, `+hh[:mm]`, `-hhmm` or nothing, in ticks east of UTC.
fn offset(rest: &mut Digits<'_>) -> Option<i64> {
    if rest.one_of(&['Z', 'z']).is_some() {
        return Some(0);
    }
    let Some(sign) = rest.one_of(&['+', '-']) else { return Some(0) };
    let hour = rest.number(2, 2)?;
    let minute =
        if rest.one_of(&[':']).is_some() || !rest.0.is_empty() { rest.number(2, 2)? } else { 0 };
    let ticks = hour * HOUR + minute * MINUTE;
    Some(if sign == '-' { -ticks } else { ticks })
}

/// Forms with the month as a word or with the month first.
fn worded(text: &str) -> Option<i64> {
    let cleaned = text.strip_suffix("GMT").map_or(text, str::trim_end).replace(',', " ");
    let mut words: Vec<&str> = cleaned.split_whitespace().collect();
    let is_weekday = |word: &str| {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            .iter()
            .any(|day| word.to_ascii_lowercase().starts_with(day))
    };
    if words.first().is_some_and(|word| is_weekday(word)) {
        words.remove(0);
    }
    let afternoon = match words.last().map(|word| word.to_ascii_uppercase()) {
        Some(word) if word == "PM" || word == "AM" => {
            words.pop();
            Some(word == "PM")
        }
        _ => None,
    };
    let zone = match words.last() {
        Some(word) if word.starts_with(['+', '-']) => {
            let zone = offset(&mut Digits(word))?;
            words.pop();
            zone
        }
        _ => 0,
    };
    let mut time = 0;
    if let Some(at) = words.iter().position(|word| word.contains(':')) {
        let mut digits = Digits(words.remove(at));
        time = clock(&mut digits)?;
        if !digits.0.is_empty() {
            return None;
        }
    }
    time = match afternoon {
        Some(true) if time < 12 * HOUR => time + 12 * HOUR,
        Some(false) if time >= 12 * HOUR => time - 12 * HOUR,
        _ => time,
    };
    let (year, month, day) = worded_day(&words)?;
    let midnight = Civil { year, month, day, time: 0 }.ticks()?;
    Some(midnight + time - zone).filter(|ticks| (0..=MAX).contains(ticks))
}

fn worded_day(words: &[&str]) -> Option<(i64, i64, i64)> {
    if let [one] = words {
        let mut digits = Digits(one);
        let month = digits.number(1, 2)?;
        let separator = digits.one_of(&['/', '-'])?;
        let day = digits.number(1, 2)?;
        digits.one_of(&[separator])?;
        let year = digits.number(4, 4)?;
        return digits.0.is_empty().then_some((year, month, day));
    }
    let [first, second, year] = words else { return None };
    let number = |word: &str| word.parse::<i64>().ok();
    let (month, day) = match (month_named(first), month_named(second)) {
        (Some(month), None) => (month, number(second)?),
        (None, Some(month)) => (month, number(first)?),
        _ => return None,
    };
    let year = number(year)?;
    let year = if (0..50).contains(&year) { year + 2000 } else { year };
    Some((year, month, day))
}

fn month_named(word: &str) -> Option<i64> {
    let word = word.to_ascii_lowercase();
    if word.len() < 3 {
        return None;
    }
    let months = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    (1..).zip(months).find(|(_, month)| month.starts_with(&word)).map(|(number, _)| number)
}

/// Reads a span: `1.02:03:04.5`, `02:03:04`, `02:03`, `5` (days), `1.5h`, `10ms`.
pub(crate) fn parse_timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let ticks = colons(text).or_else(|| with_unit(text))?;
    Some(if negative { -ticks } else { ticks })
}

fn colons(text: &str) -> Option<i64> {
    let mut rest = Digits(text);
    let mut first = rest.number(1, 8)?;
    let mut days = 0;
    if rest.0.is_empty() {
        return first.checked_mul(DAY);
    }
    if rest.one_of(&['.']).is_some() {
        days = first;
        first = rest.number(1, 2)?;
    }
    rest.one_of(&[':'])?;
    let minute = rest.number(1, 2)?;
    let second = if rest.one_of(&[':']).is_some() { rest.number(1, 2)? } else { 0 };
    let fraction = if rest.one_of(&['.']).is_some() { rest.fraction()? } else { 0 };
    if !rest.0.is_empty() || first > 23 || minute > 59 || second > 59 {
        return None;
    }
    days.checked_mul(DAY)?.checked_add(first * HOUR + minute * MINUTE + second * SECOND + fraction)
}

fn with_unit(text: &str) -> Option<i64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let amount: f64 = text[..split].trim().parse().ok()?;
    let unit = match &text[split..] {
        "d" | "day" | "days" => DAY,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "m" | "min" | "minute" | "minutes" => MINUTE,
        "s" | "sec" | "second" | "seconds" => SECOND,
        "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => SECOND / 1000,
        "micro" | "micros" | "microsecond" | "microseconds" => 10,
        "tick" | "ticks" => 1,
        _ => return None,
    };
    whole(amount * real(unit))
}

/// The nearest `real` of a number of ticks.
#[expect(clippy::cast_precision_loss, reason = "the nearest real is what is wanted")]
pub(crate) const fn real(ticks: i64) -> f64 {
    ticks as f64
}

/// A `real` number of ticks cut to a whole one; `None` if it does not fit.
#[expect(clippy::cast_possible_truncation, reason = "the range was looked at before")]
pub(crate) fn whole(ticks: f64) -> Option<i64> {
    (ticks.abs() < 9.2e18).then_some(ticks as i64)
}

/// The rest of a text of which numbers are read from the front.
struct Digits<'a>(&'a str);

impl Digits<'_> {
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let count = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if count < least {
            return None;
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        digits.parse().ok()
    }

    fn one_of(&mut self, allowed: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|c| allowed.contains(c))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    fn skip_blanks(&mut self) {
        self.0 = self.0.trim_start();
    }

    /// Digits of a second's fraction, in ticks; more than seven are cut.
    fn fraction(&mut self) -> Option<i64> {
        let count = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        let mut ticks = 0;
        for place in 0..7 {
            let digit = digits.as_bytes().get(place).map_or(0, |byte| i64::from(byte - b'0'));
            ticks = ticks * 10 + digit;
        }
        (count > 0).then_some(ticks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(ticks: i64) -> String {
        let mut out = String::new();
        write_datetime(ticks, &mut out);
        out
    }

    #[test]
    fn moments_are_read_in_the_forms_that_logs_carry() {
        for (written, expected) in [
            ("2024-02-29T12:30:05.1234567Z", "2024-02-29T12:30:05.1234567Z"),
            ("2024-02-29 12:30:05", "2024-02-29T12:30:05.0000000Z"),
            ("2024-02-29 12:30:05 UTC", "2024-02-29T12:30:05.0000000Z"),
            ("2024-02-29", "2024-02-29T00:00:00.0000000Z"),
            ("2024-02-29T12:30:05.5+02:00", "2024-02-29T10:30:05.5000000Z"),
            ("2024-02-29T12:30:05-0530", "2024-02-29T18:00:05.0000000Z"),
            ("Thu, 29 Feb 2024 12:30:05 GMT", "2024-02-29T12:30:05.0000000Z"),
            ("2/29/2024 1:30:05 PM", "2024-02-29T13:30:05.0000000Z"),
            ("Feb 29, 2024", "2024-02-29T00:00:00.0000000Z"),
        ] {
            assert_eq!(parse_datetime(written).map(text).as_deref(), Some(expected), "{written}");
        }
        for written in
            ["", "yesterday", "2024-02-30", "2024-13-01", "12:00", "2024-02-29T25:00:00Z"]
        {
            assert_eq!(parse_datetime(written), None, "{written}");
        }
    }

    #[test]
    fn spans_are_read_and_written() {
        for (written, expected) in [
            ("1.02:03:04.5", "1.02:03:04.5000000"),
            ("-00:00:01", "-00:00:01"),
            ("2", "2.00:00:00"),
            ("1.5h", "01:30:00"),
            ("10ms", "00:00:00.0100000"),
        ] {
            let mut out = String::new();
            write_timespan(parse_timespan(written).expect(written), &mut out);
            assert_eq!(out, expected, "{written}");
        }
        assert_eq!(parse_timespan("a while"), None);
        assert_eq!(parse_timespan("25:00:00"), None);
    }

    proptest! {
        #[test]
        fn every_moment_survives_its_text(ticks in 0..=MAX) {
            prop_assert_eq!(parse_datetime(&text(ticks)), Some(ticks));
            let civil = Civil::of(ticks);
            prop_assert_eq!(civil.ticks(), Some(ticks));
        }
    }
}
