//! Moments and spans of time. Deliberately absent: their text forms (`formats`), and the present moment, which the binder
//! writes into the query as a constant.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;

use super::decimals::{Numbers, decimals};
use super::kinds::{ANY, LONG, REAL, TEXT, TIME};
use super::{Function, p};
use crate::decimal::Decimal;
use crate::kernel::{Args, ticks_per_unit};
use crate::ticks::{self, Civil, HOUR, MINUTE, SECOND};

macro_rules! function {
    ($name:literal, [$($param:expr),*], $optional:literal, $returns:expr, $doc:literal, $kernel:expr, $example:expr) => {
        Function::kernel(
            Signature::new($name, &[Overload::of(&[$($param),*], $returns).optional($optional)], $doc),
            $kernel,
            $example,
        )
    };
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
    Function::kernel(
        Signature::new(
            "make_datetime",
            &[
                Overload::of(
                    &[
                        p("year", LONG),
                        p("month", LONG),
                        p("day", LONG),
                        p("hour", LONG),
                        p("minute", LONG),
                        p("second", REAL),
                    ],
                    Returns::Type(Type::DateTime),
                )
                .optional(3),
                Overload::of(&[p("value", ANY)], Returns::Type(Type::DateTime)),
            ],
            "The moment with these parts, or that one value means; null if there is none.",
        ),
        make_datetime,
        ("make_datetime(2024, 5, 15)", "2024-05-15T00:00:00.0000000Z"),
    ),
    Function::kernel(
        Signature::new(
            "make_timespan",
            &[
                Overload::of(
                    &[p("a", LONG), p("b", LONG), p("c", REAL), p("d", REAL)],
                    Returns::Type(Type::TimeSpan),
                )
                .optional(2),
                Overload::of(&[p("value", ANY)], Returns::Type(Type::TimeSpan)),
            ],
            "The span of hours and minutes, hours, minutes and seconds, or days, hours, minutes and seconds; or that one value means.",
        ),
        make_timespan,
        ("make_timespan(1, 2, 3)", "01:02:03"),
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
        "datetime_list_timezones",
        [],
        0,
        Returns::Type(Type::Dynamic),
        "The names of all time zones.",
        zones,
        ("array_length(datetime_list_timezones()) > 400", "True")
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
        [
            p("value", ParamKind::Summable),
            p("center", ParamKind::Summable),
            p("delta", ParamKind::Summable)
        ],
        0,
        Returns::Type(Type::Bool),
        "Whether a moment lies within a span around another.",
        around,
        ("around(datetime(2024-01-01), datetime(2024-01-02), 1d)", "True")
    ),
    function!(
        "ceiling",
        [p("number", ParamKind::Number)],
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
    let moment = |value: i64| value.wrapping_mul(multiplier).wrapping_add(ticks::UNIX_EPOCH);
    let ticks: Int64Array =
        if divisor == 1 { stored.unary(moment) } else { stored.unary(|v| moment(v / divisor)) };
    Ok(Arc::new(ticks))
}

fn bin(args: &Args<'_>) -> Result<ArrayRef> {
    binned(args, None)
}

fn bin_at(args: &Args<'_>) -> Result<ArrayRef> {
    binned(args, Some(2))
}

/// Bins of one constant size of a column of 64 bits, which is what time is grouped by. Rows mostly come in the order of time:
/// one that lies in the bin of the row before is not divided.
fn same_sized(args: &Args<'_>) -> Result<Option<ArrayRef>> {
    let (array, constant) = args.raw(0)?;
    let (Some(values), false) = (array.as_primitive_opt::<Int64Type>(), constant) else {
        return Ok(None);
    };
    let size = match args.types.get(1) {
        Some(Type::Long | Type::TimeSpan) if args.raw(1)?.1 => args.long(1)?.get(0),
        _ => None,
    };
    let Some(size) = size.filter(|size| *size > 0) else { return Ok(None) };
    if args.out != array.data_type() {
        return Ok(None);
    }
    let mut bin = None;
    let bins = values.values().iter().map(|value| match bin {
        Some((from, last)) if (from..=last).contains(value) => from,
        _ => {
            let within = value.rem_euclid(size);
            let from = value.wrapping_sub(within);
            bin = value.checked_add(size - 1 - within).map(|last| (from, last));
            from
        }
    });
    let bins: ScalarBuffer<i64> = bins.collect();
    Ok(Some(Arc::new(Int64Array::new(bins, values.nulls().cloned()))))
}

/// Bins counted from zero (year 1 for a moment) or from the value of another argument.
fn binned(args: &Args<'_>, fixed: Option<usize>) -> Result<ArrayRef> {
    if matches!(args.out, DataType::Utf8View) {
        let value = Numbers::of(args, 0)?;
        let size = if args.len() > 1 { Some(Numbers::of(args, 1)?) } else { None };
        let fixed = fixed.map(|at| Numbers::of(args, at)).transpose()?;
        return decimals(args, |row| {
            let one = Some(Decimal::from_long(1));
            let size = size.as_ref().map_or(one, |size| size.get(row))?;
            let from = fixed.as_ref().map_or(Some(Decimal::ZERO), |fixed| fixed.get(row))?;
            let value = value.get(row)?;
            if size.sign() <= 0 {
                return None;
            }
            value.add(value.add(from.negated())?.remainder(size)?.negated())
        });
    }
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
    if fixed.is_none()
        && let Some(bins) = same_sized(args)?
    {
        return Ok(bins);
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

fn make_datetime(args: &Args<'_>) -> Result<ArrayRef> {
    if args.len() == 1 {
        return super::convert::kernel_of(Type::DateTime)(args);
    }
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
    if args.len() == 1 {
        return super::convert::kernel_of(Type::TimeSpan)(args);
    }
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
    if args.types.iter().any(|ty| matches!(ty, Type::Real | Type::Decimal)) {
        let (value, center, delta) = (args.real(0)?, args.real(1)?, args.real(2)?);
        return args.bools(|row| {
            let (value, center, delta) = (value.get(row)?, center.get(row)?, delta.get(row)?);
            Some(value >= center - delta && value <= center + delta)
        });
    }
    let (value, center, delta) = (args.long(0)?, args.long(1)?, args.long(2)?);
    args.bools(|row| {
        let (value, center, delta) = (value.get(row)?, center.get(row)?, delta.get(row)?);
        Some(value >= center.saturating_sub(delta) && value <= center.saturating_add(delta))
    })
}

fn ceiling(args: &Args<'_>) -> Result<ArrayRef> {
    if matches!(args.out, DataType::Utf8View) {
        let value = Numbers::of(args, 0)?;
        return decimals(args, |row| {
            let negated = value.get(row)?.negated();
            let below = negated.remainder(Decimal::from_long(1))?;
            negated.add(below.negated()).map(Decimal::negated)
        });
    }
    if matches!(args.out, DataType::Float64) {
        let value = args.real(0)?;
        return args.reals(|row| value.get(row).map(f64::ceil));
    }
    let value = args.long(0)?;
    args.longs(|row| value.get(row))
}

fn zones(args: &Args<'_>) -> Result<ArrayRef> {
    let mut names: Vec<String> =
        jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    // The system's folder of zones also holds these, which are none.
    names.retain(|name| !matches!(name.as_str(), "Factory" | "localtime" | "posixrules"));
    names.sort();
    let mut json = String::new();
    let quoted: Vec<String> = names
        .iter()
        .map(|name| {
            let mut out = String::new();
            crate::dynamic::write_string(name, &mut out);
            out
        })
        .collect();
    super::arrays::joined(quoted.iter().map(String::as_str), &mut json);
    args.texts(|_, out| {
        out.push_str(&json);
        true
    })
}
