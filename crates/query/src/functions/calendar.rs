//! The calendar: parts of moments, borders of days, weeks, months and years, distances in them. Deliberately absent: bins,
//! time zones and moments out of numbers (`time`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::{LONG, TEXT, TIME};
use super::{Function, p};
use crate::kernel::Args;
use crate::ticks::{self, Civil, DAY, HOUR, MINUTE, SECOND};

macro_rules! function {
    ($name:literal, [$($param:expr),*], $optional:literal, $returns:expr, $doc:literal, $kernel:expr, $example:expr) => {
        Function::kernel(
            Signature::new($name, &[Overload::of(&[$($param),*], $returns).optional($optional)], $doc),
            $kernel,
            $example,
        )
    };
}

macro_rules! edge {
    ($name:literal, $unit:ident, $end:literal, $doc:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            edge(args, Unit::$unit, $end)
        }
        function!(
            $name,
            [p("moment", TIME), p("offset", LONG)],
            1,
            Returns::Type(Type::DateTime),
            $doc,
            kernel,
            (concat!($name, "(datetime(2024-05-15 13:14:15))"), $answer)
        )
    }};
}

macro_rules! part {
    ($name:literal, $ty:ident, $part:expr, $doc:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            let moment = args.long(0)?;
            let part: fn(i64) -> i64 = $part;
            args.longs(|row| moment.get(row).map(part))
        }
        function!(
            $name,
            [p("moment", TIME)],
            0,
            Returns::Type(Type::$ty),
            $doc,
            kernel,
            (concat!($name, "(datetime(2024-05-15 13:14:15))"), $answer)
        )
    }};
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    edge!(
        "startofday",
        Day,
        false,
        "The start of the day, some days away.",
        "2024-05-15T00:00:00.0000000Z"
    ),
    edge!(
        "startofweek",
        Week,
        false,
        "The start of the week (Sunday), some weeks away.",
        "2024-05-12T00:00:00.0000000Z"
    ),
    edge!(
        "startofmonth",
        Month,
        false,
        "The start of the month, some months away.",
        "2024-05-01T00:00:00.0000000Z"
    ),
    edge!(
        "startofyear",
        Year,
        false,
        "The start of the year, some years away.",
        "2024-01-01T00:00:00.0000000Z"
    ),
    edge!(
        "endofday",
        Day,
        true,
        "The last moment of the day, some days away.",
        "2024-05-15T23:59:59.9999999Z"
    ),
    edge!(
        "endofweek",
        Week,
        true,
        "The last moment of the week (Saturday), some weeks away.",
        "2024-05-18T23:59:59.9999999Z"
    ),
    edge!(
        "endofmonth",
        Month,
        true,
        "The last moment of the month, some months away.",
        "2024-05-31T23:59:59.9999999Z"
    ),
    edge!(
        "endofyear",
        Year,
        true,
        "The last moment of the year, some years away.",
        "2024-12-31T23:59:59.9999999Z"
    ),
    part!("hourofday", Long, |at| at.rem_euclid(DAY) / HOUR, "Hour of the day, 0 to 23.", "13"),
    part!("dayofmonth", Long, |at| Civil::of(at).day, "Day of the month, from 1.", "15"),
    part!("dayofyear", Long, |at| day_of_year(Civil::of(at)), "Day of the year, from 1.", "136"),
    part!("monthofyear", Long, |at| Civil::of(at).month, "Month of the year, 1 to 12.", "5"),
    part!("getyear", Long, |at| Civil::of(at).year, "The year.", "2024"),
    part!("week_of_year", Long, week_of_year, "Week of the year by ISO 8601.", "20"),
    part!(
        "dayofweek",
        TimeSpan,
        |at| weekday(at) * DAY,
        "Days since Sunday, as a span.",
        "3.00:00:00"
    ),
    function!(
        "datetime_part",
        [p("part", TEXT), p("moment", TIME)],
        0,
        Returns::Type(Type::Long),
        "A part of the moment: year, quarter, month, week_of_year, day, dayofyear, hour, minute, second, millisecond, microsecond, nanosecond.",
        datetime_part,
        ("datetime_part('minute', datetime(2024-05-15 13:14:15))", "14")
    ),
    function!(
        "datetime_add",
        [p("unit", TEXT), p("amount", LONG), p("moment", TIME)],
        0,
        Returns::Type(Type::DateTime),
        "The moment so many years, quarters, months, weeks, days … later.",
        datetime_add,
        ("datetime_add('month', 1, datetime(2024-01-31))", "2024-02-29T00:00:00.0000000Z")
    ),
    function!(
        "datetime_diff",
        [p("unit", TEXT), p("later", TIME), p("earlier", TIME)],
        0,
        Returns::Type(Type::Long),
        "How many borders of the unit lie between two moments.",
        datetime_diff,
        ("datetime_diff('day', datetime(2024-05-15 01:00), datetime(2024-05-14 23:00))", "1")
    ),
];

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

impl Unit {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "year" => Self::Year,
            "quarter" => Self::Quarter,
            "month" => Self::Month,
            "week" => Self::Week,
            "day" => Self::Day,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            "second" => Self::Second,
            "millisecond" => Self::Millisecond,
            "microsecond" => Self::Microsecond,
            "nanosecond" => Self::Nanosecond,
            _ => return None,
        })
    }

    /// Its length in ticks, if it always has the same.
    const fn ticks(self) -> Option<i64> {
        Some(match self {
            Self::Year | Self::Quarter | Self::Month | Self::Nanosecond => return None,
            Self::Week => 7 * DAY,
            Self::Day => DAY,
            Self::Hour => HOUR,
            Self::Minute => MINUTE,
            Self::Second => SECOND,
            Self::Millisecond => SECOND / 1000,
            Self::Microsecond => 10,
        })
    }

    const fn months(self) -> i64 {
        match self {
            Self::Year => 12,
            Self::Quarter => 3,
            _ => 1,
        }
    }
}

fn day_of_year(civil: Civil) -> i64 {
    (1..civil.month).map(|month| ticks::days_in_month(civil.year, month)).sum::<i64>() + civil.day
}

/// Days since Sunday; 0001-01-01 was a Monday.
const fn weekday(at: i64) -> i64 {
    (at.div_euclid(DAY) + 1).rem_euclid(7)
}

/// ISO 8601: the week that holds the year's first Thursday is the first.
fn week_of_year(at: i64) -> i64 {
    let monday_based = (weekday(at) + 6) % 7;
    let thursday = at + (3 - monday_based) * DAY;
    (day_of_year(Civil::of(thursday)) - 1) / 7 + 1
}

/// The same time of day some months later, on the last day of a month that is too short.
fn add_months(at: i64, months: i64) -> Option<i64> {
    let civil = Civil::of(at);
    let month = (civil.year * 12 + civil.month - 1).checked_add(months)?;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let day = civil.day.min(ticks::days_in_month(year, month));
    Civil { year, month, day, time: civil.time }.ticks()
}

fn start_of(at: i64, unit: Unit) -> Option<i64> {
    let civil = Civil { time: 0, ..Civil::of(at) };
    match unit {
        Unit::Year => Civil { month: 1, day: 1, ..civil }.ticks(),
        Unit::Quarter => Civil { month: (civil.month - 1) / 3 * 3 + 1, day: 1, ..civil }.ticks(),
        Unit::Month => Civil { day: 1, ..civil }.ticks(),
        Unit::Week => civil.ticks().map(|midnight| midnight - weekday(at) * DAY),
        other => other.ticks().map(|length| at - at.rem_euclid(length)),
    }
}

fn add(at: i64, amount: i64, unit: Unit) -> Option<i64> {
    let later = match unit.ticks() {
        Some(length) => at.checked_add(amount.checked_mul(length)?)?,
        None if unit == Unit::Nanosecond => at.checked_add(amount / 100)?,
        None => add_months(at, amount.checked_mul(unit.months())?)?,
    };
    (0..=ticks::MAX).contains(&later).then_some(later)
}

fn edge(args: &Args<'_>, unit: Unit, end: bool) -> Result<ArrayRef> {
    let moment = args.long(0)?;
    let offset = if args.len() > 1 { Some(args.long(1)?) } else { None };
    args.longs(|row| {
        let start = start_of(moment.get(row)?, unit)?;
        let offset = offset.map_or(Some(0), |offset| offset.get(row))?;
        let start = add(start, offset, unit)?;
        if end { Some(add(start, 1, unit).unwrap_or(ticks::MAX + 1) - 1) } else { Some(start) }
    })
}

fn datetime_part(args: &Args<'_>) -> Result<ArrayRef> {
    let (part, moment) = (args.text(0)?, args.long(1)?);
    args.longs(|row| {
        let at = moment.get(row)?;
        let civil = Civil::of(at);
        Some(match part.get(row).to_ascii_lowercase().as_str() {
            "year" => civil.year,
            "quarter" => (civil.month - 1) / 3 + 1,
            "month" => civil.month,
            "week_of_year" | "weekofyear" => week_of_year(at),
            "day" => civil.day,
            "dayofyear" => day_of_year(civil),
            "hour" => civil.time / HOUR,
            "minute" => civil.time / MINUTE % 60,
            "second" => civil.time / SECOND % 60,
            "millisecond" => civil.time % SECOND / 10_000,
            "microsecond" => civil.time % SECOND / 10,
            "nanosecond" => civil.time % SECOND * 100,
            _ => return None,
        })
    })
}

fn datetime_add(args: &Args<'_>) -> Result<ArrayRef> {
    let (unit, amount, moment) = (args.text(0)?, args.long(1)?, args.long(2)?);
    args.longs(|row| add(moment.get(row)?, amount.get(row)?, Unit::named(unit.get(row))?))
}

fn datetime_diff(args: &Args<'_>) -> Result<ArrayRef> {
    let (unit, later, earlier) = (args.text(0)?, args.long(1)?, args.long(2)?);
    args.longs(|row| {
        let unit = Unit::named(unit.get(row))?;
        let (later, earlier) = (later.get(row)?, earlier.get(row)?);
        if unit == Unit::Nanosecond {
            return Some((later - earlier) * 100);
        }
        if let Some(length) = unit.ticks() {
            return Some((start_of(later, unit)? - start_of(earlier, unit)?) / length);
        }
        let number = |at| {
            let civil = Civil::of(at);
            (civil.year * 12 + civil.month - 1).div_euclid(unit.months())
        };
        Some(number(later) - number(earlier))
    })
}
