//! Moments and spans of time. Deliberately absent: their text forms (`formats`), and the present moment, which the binder
//! writes into the query as a constant.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;

use super::kinds::{ANY, LONG, REAL, SPAN, TEXT, TIME};
use super::{Function, p};
use crate::kernel::{Args, ticks_per_unit};
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

macro_rules! unix {
    ($name:literal, $per_second:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            let number = args.real(0)?;
            let scale = ticks::real(SECOND) / $per_second;
            args.longs(|row| {
                let ticks = ticks::whole((number.get(row)? * scale).round())?;
                ticks
                    .checked_add(ticks::UNIX_EPOCH)
                    .filter(|ticks| (0..=ticks::MAX).contains(ticks))
            })
        }
        function!(
            $name,
            [p("number", REAL)],
            0,
            Returns::Type(Type::DateTime),
            "The moment so long after 1970-01-01.",
            kernel,
            (concat!($name, "(1546300899)"), $answer)
        )
    }};
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "bin",
        [p("value", ParamKind::Summable), p("size", ParamKind::Summable)],
        1,
        Returns::Widest,
        "The largest multiple of a size that is not above the value.",
        bin,
        ("bin(datetime(2024-05-15 13:14:15), 1h)", "2024-05-15T13:00:00.0000000Z")
    ),
    function!(
        "bin_at",
        [
            p("value", ParamKind::Summable),
            p("size", ParamKind::Summable),
            p("fixed", ParamKind::Summable)
        ],
        0,
        Returns::Widest,
        "The start of the bin of a size in which the value lies, where one bin starts at a fixed point.",
        bin_at,
        ("bin_at(7, 5, 1)", "6")
    ),
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
    function!(
        "make_datetime",
        [
            p("year", LONG),
            p("month", LONG),
            p("day", LONG),
            p("hour", LONG),
            p("minute", LONG),
            p("second", REAL)
        ],
        3,
        Returns::Type(Type::DateTime),
        "The moment with these parts; null if there is none.",
        make_datetime,
        ("make_datetime(2024, 5, 15)", "2024-05-15T00:00:00.0000000Z")
    ),
    function!(
        "make_timespan",
        [p("a", LONG), p("b", LONG), p("c", REAL), p("d", REAL)],
        2,
        Returns::Type(Type::TimeSpan),
        "The span of hours and minutes, hours, minutes and seconds, or days, hours, minutes and seconds.",
        make_timespan,
        ("make_timespan(1, 2, 3)", "01:02:03")
    ),
    unix!("unixtime_seconds_todatetime", 1.0, "2019-01-01T00:01:39.0000000Z"),
    unix!("unixtime_milliseconds_todatetime", 1000.0, "1970-01-18T21:31:40.8990000Z"),
    unix!("unixtime_microseconds_todatetime", 1_000_000.0, "1970-01-01T00:25:46.3008990Z"),
    unix!("unixtime_nanoseconds_todatetime", 1_000_000_000.0, "1970-01-01T00:00:01.5463009Z"),
    function!(
        "datetime_utc_to_local",
        [p("moment", TIME), p("zone", TEXT)],
        0,
        Returns::Type(Type::DateTime),
        "The wall-clock time in a time zone at a moment.",
        to_local,
        (
            "datetime_utc_to_local(datetime(2024-01-01), 'Europe/Berlin')",
            "2024-01-01T01:00:00.0000000Z"
        )
    ),
    function!(
        "datetime_local_to_utc",
        [p("moment", TIME), p("zone", TEXT)],
        0,
        Returns::Type(Type::DateTime),
        "The moment of a wall-clock time in a time zone.",
        to_utc,
        (
            "datetime_local_to_utc(datetime(2024-01-01), 'Europe/Berlin')",
            "2023-12-31T23:00:00.0000000Z"
        )
    ),
    function!(
        "around",
        [p("value", TIME), p("center", TIME), p("delta", SPAN)],
        0,
        Returns::Type(Type::Bool),
        "Whether a moment lies within a span around another.",
        around,
        ("around(datetime(2024-01-01), datetime(2024-01-02), 1d)", "True")
    ),
    function!(
        "ceiling",
        [p("number", ANY)],
        0,
        Returns::Argument(0),
        "The smallest whole number that is not below the number.",
        ceiling,
        ("ceiling(1.2)", "2")
    ),
];

/// A stored timestamp as ticks.
pub(crate) fn stored_to_ticks(args: &Args<'_>) -> Result<ArrayRef> {
    let (array, constant) = args.raw(0)?;
    let DataType::Timestamp(unit, _) = array.data_type() else {
        let moment = args.long(0)?;
        return args.longs(|row| moment.get(row));
    };
    let (multiplier, divisor) = ticks_per_unit(*unit);
    let stored = cast(array, &DataType::Int64)?;
    let stored = stored.as_primitive::<Int64Type>();
    if constant {
        let value = stored.is_valid(0).then(|| stored.value(0));
        return args.longs(|_| value.map(|v| v * multiplier / divisor + ticks::UNIX_EPOCH));
    }
    let ticks: Int64Array = stored
        .unary(|value| (value / divisor).wrapping_mul(multiplier).wrapping_add(ticks::UNIX_EPOCH));
    Ok(Arc::new(ticks))
}

fn bin(args: &Args<'_>) -> Result<ArrayRef> {
    binned(args, None)
}

fn bin_at(args: &Args<'_>) -> Result<ArrayRef> {
    binned(args, Some(2))
}

/// Bins counted from zero (year 1 for a moment) or from the value of another argument.
fn binned(args: &Args<'_>, fixed: Option<usize>) -> Result<ArrayRef> {
    if matches!(args.out, DataType::Float64) {
        let value = args.real(0)?;
        let size = if args.len() > 1 { Some(args.real(1)?) } else { None };
        let fixed = fixed.map(|at| args.real(at)).transpose()?;
        return args.reals(|row| {
            let size = size.map_or(Some(1.0), |size| size.get(row))?;
            let from = fixed.map_or(Some(0.0), |fixed| fixed.get(row))?;
            (size > 0.0).then_some(((value.get(row)? - from) / size).floor().mul_add(size, from))
        });
    }
    let value = args.long(0)?;
    let span = args.types.get(1) == Some(&Type::Real);
    let size = if args.len() > 1 && !span { Some(args.long(1)?) } else { None };
    let scaled = if args.len() > 1 && span { Some(args.real(1)?) } else { None };
    let fixed = fixed.map(|at| args.long(at)).transpose()?;
    args.longs(|row| {
        let size = match (size, scaled) {
            (Some(size), _) => size.get(row)?,
            (None, Some(scaled)) => ticks::whole(scaled.get(row)?)?,
            (None, None) => 1,
        };
        let from = fixed.map_or(Some(0), |fixed| fixed.get(row))?;
        let value = value.get(row)?;
        (size > 0).then(|| value.wrapping_sub(value.wrapping_sub(from).rem_euclid(size)))
    })
}

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

fn make_datetime(args: &Args<'_>) -> Result<ArrayRef> {
    let longs = (0..args.len().min(5)).map(|at| args.long(at)).collect::<Result<Vec<_>>>()?;
    let second = if args.len() > 5 { Some(args.real(5)?) } else { None };
    args.longs(|row| {
        let at = |index: usize, absent: i64| {
            longs.get(index).map_or(Some(absent), |column| column.get(row))
        };
        let (hour, minute) = (at(3, 0)?, at(4, 0)?);
        let second = second.map_or(Some(0.0), |second| second.get(row))?;
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0.0..60.0).contains(&second)
        {
            return None;
        }
        let time =
            hour * HOUR + minute * MINUTE + ticks::whole((second * ticks::real(SECOND)).round())?;
        Civil { year: at(0, 1)?, month: at(1, 1)?, day: at(2, 1)?, time }.ticks()
    })
}

fn make_timespan(args: &Args<'_>) -> Result<ArrayRef> {
    let parts = (0..args.len()).map(|at| args.real(at)).collect::<Result<Vec<_>>>()?;
    args.longs(|row| {
        let value = |at: usize| parts.get(at).and_then(|part| part.get(row));
        let (days, hours, minutes, seconds) = match parts.len() {
            2 => (0.0, value(0)?, value(1)?, 0.0),
            3 => (0.0, value(0)?, value(1)?, value(2)?),
            _ => (value(0)?, value(1)?, value(2)?, value(3)?),
        };
        let seconds = ((days * 24.0 + hours) * 60.0 + minutes).mul_add(60.0, seconds);
        ticks::whole((seconds * ticks::real(SECOND)).round())
    })
}

fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// How far the zone's clocks are ahead of UTC at a moment, in ticks.
fn ahead(zone: &TimeZone, at: i64) -> Option<i64> {
    let microseconds = (at - ticks::UNIX_EPOCH).div_euclid(10);
    let timestamp = Timestamp::from_microsecond(microseconds).ok()?;
    Some(i64::from(zone.to_offset(timestamp).seconds()) * SECOND)
}

fn to_local(args: &Args<'_>) -> Result<ArrayRef> {
    let (moment, name) = (args.long(0)?, args.text(1)?);
    args.longs(|row| {
        let at = moment.get(row)?;
        at.checked_add(ahead(&zone(name.get(row))?, at)?)
    })
}

fn to_utc(args: &Args<'_>) -> Result<ArrayRef> {
    let (moment, name) = (args.long(0)?, args.text(1)?);
    args.longs(|row| {
        let at = moment.get(row)?;
        let zone = zone(name.get(row))?;
        // The offset of the wall-clock time taken for UTC is nearly right; that of the moment so found is right.
        let near = at.checked_sub(ahead(&zone, at)?)?;
        at.checked_sub(ahead(&zone, near)?)
    })
}

fn around(args: &Args<'_>) -> Result<ArrayRef> {
    let (value, center, delta) = (args.long(0)?, args.long(1)?, args.long(2)?);
    args.bools(|row| {
        let (value, center, delta) = (value.get(row)?, center.get(row)?, delta.get(row)?);
        Some(value >= center.saturating_sub(delta) && value <= center.saturating_add(delta))
    })
}

fn ceiling(args: &Args<'_>) -> Result<ArrayRef> {
    if matches!(args.out, DataType::Float64) {
        let value = args.real(0)?;
        return args.reals(|row| value.get(row).map(f64::ceil));
    }
    let value = args.long(0)?;
    args.longs(|row| value.get(row))
}
