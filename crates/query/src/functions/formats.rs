//! Values in a form that the query chooses: `format_datetime`, `format_timespan`, `format_bytes`. Deliberately absent: the
//! one form that `tostring` gives (`ticks`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::{LONG, REAL, SPAN, TEXT, TIME};
use super::{Function, p};
use crate::kernel::Args;
use crate::ticks::{Civil, DAY, HOUR, MINUTE, SECOND};

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::kernel(
        Signature::new(
            "format_datetime",
            &[Overload::of(&[p("moment", TIME), p("format", TEXT)], Returns::Type(Type::String))],
            "The moment in a form of letters: `y M d H h m s f F tt`, anything else as it stands.",
        ),
        format_datetime,
        (
            "format_datetime(datetime(2024-05-15 13:04:05), 'yy-MM-dd [HH:mm:ss]')",
            "24-05-15 [13:04:05]",
        ),
    ),
    Function::kernel(
        Signature::new(
            "format_timespan",
            &[Overload::of(&[p("span", SPAN), p("format", TEXT)], Returns::Type(Type::String))],
            "The span in a form of letters: `d H h m s f F`, anything else as it stands.",
        ),
        format_timespan,
        ("format_timespan(time(14.02:03:04.12345), 'd.h:mm:ss [ffff]')", "14.2:03:04 [1234]"),
    ),
    Function::kernel(
        Signature::new(
            "format_bytes",
            &[Overload::of(
                &[p("size", REAL), p("digits", LONG), p("unit", TEXT)],
                Returns::Type(Type::String),
            )
            .optional(2)],
            "A size in bytes, in the unit that fits or is given.",
        ),
        format_bytes,
        ("format_bytes(1024)", "1 KB"),
    ),
];

/// Runs of the same letter, as format letters come.
fn runs(format: &str) -> Vec<(char, usize)> {
    let mut runs: Vec<(char, usize)> = Vec::new();
    for letter in format.chars() {
        match runs.last_mut() {
            Some((last, count)) if *last == letter && letter.is_ascii_alphabetic() => *count += 1,
            _ => runs.push((letter, 1)),
        }
    }
    runs
}

fn padded(number: i64, width: usize) -> String {
    format!("{number:0width$}")
}

/// The first `digits` digits of a second's fraction; `F` leaves zeros at the end out.
fn fraction(ticks: i64, digits: usize, short: bool) -> String {
    let all = format!("{:07}", ticks.rem_euclid(SECOND));
    let cut = all.get(..digits.min(7)).unwrap_or(&all);
    if short { cut.trim_end_matches('0').to_owned() } else { cut.to_owned() }
}

fn format_datetime(args: &Args<'_>) -> Result<ArrayRef> {
    let (moment, format) = (args.long(0)?, args.text(1)?);
    args.strings(|row, out| {
        let Some(at) = moment.get(row) else { return };
        let civil = Civil::of(at);
        let hour = civil.time / HOUR;
        let half = if hour % 12 == 0 { 12 } else { hour % 12 };
        for (letter, count) in runs(format.get(row)) {
            let text = match letter {
                'y' if count <= 2 => padded(civil.year % 100, count),
                'y' => padded(civil.year, count),
                'M' => padded(civil.month, count),
                'd' => padded(civil.day, count),
                'H' => padded(hour, count),
                'h' => padded(half, count),
                'm' => padded(civil.time / MINUTE % 60, count),
                's' => padded(civil.time / SECOND % 60, count),
                'f' | 'F' => fraction(civil.time, count, letter == 'F'),
                't' => {
                    let name = if hour < 12 { "AM" } else { "PM" };
                    name.get(..count.min(2)).unwrap_or(name).to_owned()
                }
                other => other.to_string().repeat(count),
            };
            out.push_str(&text);
        }
    })
}

fn format_timespan(args: &Args<'_>) -> Result<ArrayRef> {
    let (span, format) = (args.long(0)?, args.text(1)?);
    args.strings(|row, out| {
        let Some(span) = span.get(row) else { return };
        if span < 0 {
            out.push('-');
        }
        let size = span.saturating_abs();
        for (letter, count) in runs(format.get(row)) {
            let text = match letter {
                'd' => padded(size / DAY, count),
                'H' | 'h' => padded(size / HOUR % 24, count),
                'm' => padded(size / MINUTE % 60, count),
                's' => padded(size / SECOND % 60, count),
                'f' | 'F' => fraction(size, count, letter == 'F'),
                other => other.to_string().repeat(count),
            };
            out.push_str(&text);
        }
    })
}

fn format_bytes(args: &Args<'_>) -> Result<ArrayRef> {
    let size = args.real(0)?;
    let digits = if args.len() > 1 { Some(args.long(1)?) } else { None };
    let unit = if args.len() > 2 { Some(args.text(2)?) } else { None };
    const UNITS: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];
    args.strings(|row, out| {
        let Some(mut size) = size.get(row) else { return };
        let wanted = unit.and_then(|unit| {
            UNITS.iter().position(|name| name.eq_ignore_ascii_case(unit.get(row)))
        });
        let mut at = 0;
        while wanted.map_or(size.abs() >= 1024.0, |wanted| at < wanted) && at + 1 < UNITS.len() {
            size /= 1024.0;
            at += 1;
        }
        let digits = digits.and_then(|digits| digits.get(row)).unwrap_or(0).clamp(0, 15);
        let digits = usize::try_from(digits).unwrap_or(0);
        let text = format!("{size:.digits$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        out.push_str(text);
        out.push(' ');
        out.push_str(UNITS.get(at).copied().unwrap_or("Bytes"));
    })
}
