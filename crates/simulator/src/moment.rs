//! Moments as microseconds since 1970 and as the texts that the simulated services write.
//! Deliberately absent: the clock, which is `model::Clock`.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// One second.
pub(crate) const SECOND_US: i64 = 1_000_000;
/// One minute.
pub(crate) const MINUTE_US: i64 = 60 * SECOND_US;
/// One hour.
pub(crate) const HOUR_US: i64 = 60 * MINUTE_US;
/// One day.
pub(crate) const DAY_US: i64 = 24 * HOUR_US;

/// Year, month, day and time of a moment, in UTC.
pub(crate) fn civil(moment_us: i64) -> DateTime {
    Offset::UTC.to_datetime(Timestamp::from_microsecond(moment_us).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// `2026-11-20T10:20:30.123Z`, appended.
pub(crate) fn push_iso_milliseconds(moment_us: i64, out: &mut String) {
    let at = civil(moment_us);
    push_number(at.year().unsigned_abs().into(), 4, out);
    for (separator, value) in [
        ('-', at.month()),
        ('-', at.day()),
        ('T', at.hour()),
        (':', at.minute()),
        (':', at.second()),
    ] {
        out.push(separator);
        push_number(value.unsigned_abs().into(), 2, out);
    }
    out.push('.');
    push_number(at.millisecond().unsigned_abs().into(), 3, out);
    out.push('Z');
}

/// `2026-11-20T10:20:30.123Z`.
pub(crate) fn iso_milliseconds(moment_us: i64) -> String {
    let mut text = String::with_capacity(24);
    push_iso_milliseconds(moment_us, &mut text);
    text
}

/// `2026-11-20 10:20:30 UTC`, as OneLogin's webhooks write it.
pub(crate) fn spaced_utc(moment_us: i64) -> String {
    let at = civil(moment_us);
    let mut text = String::with_capacity(23);
    let written = write!(
        text,
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
    text
}

/// `2026-11-20T10`: the hour that a moment belongs to.
pub(crate) fn hour_name(moment_us: i64) -> String {
    let mut text = iso_milliseconds(moment_us);
    text.truncate(13);
    text
}

/// Appends `number` with leading zeros up to `width` digits.
pub(crate) fn push_number(number: u64, width: usize, out: &mut String) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    let mut rest = number;
    while rest > 0 || digits.len() - at < width {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    for digit in &digits[at..] {
        out.push(char::from(*digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_one_text_per_service() {
        let at: Timestamp = "2026-02-03T04:05:06.789012Z".parse().unwrap();
        let at = at.as_microsecond();
        assert_eq!(iso_milliseconds(at), "2026-02-03T04:05:06.789Z");
        assert_eq!(spaced_utc(at), "2026-02-03 04:05:06 UTC");
        assert_eq!(hour_name(at), "2026-02-03T04");
    }

    #[test]
    fn numbers_are_padded_and_never_cut() {
        let mut text = String::new();
        push_number(7, 3, &mut text);
        push_number(0, 1, &mut text);
        push_number(u64::MAX, 2, &mut text);
        assert_eq!(text, "007018446744073709551615");
    }
}
