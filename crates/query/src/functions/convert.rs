//! Conversions between types: `tostring`, `tolong`, `todatetime` … They never fail: what cannot be converted is null.
//! Deliberately absent: how a single text or JSON value is read (`dynamic`, `ticks`).

use std::borrow::Cow;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;

use super::cells::Cells;
use super::kinds::{ANY, LONG, TEXT};
use super::{Function, is_text, p};
use crate::decimal::Decimal;
use crate::dynamic;
use crate::kernel::{Args, Kernel};
use crate::ticks;

macro_rules! conversion {
    ($name:literal, $ty:ident, $kernel:ident, $doc:literal, $example:expr) => {
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p("value", ANY)], Returns::Type(Type::$ty))],
                $doc,
            ),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    conversion!(
        "tostring",
        String,
        to_string,
        "The value as text; null becomes the empty text.",
        ("tostring(1d)", "1.00:00:00")
    ),
    conversion!(
        "tolong",
        Long,
        to_long,
        "The value as a 64-bit whole number; null if it is none.",
        ("tolong('0x10')", "16")
    ),
    conversion!(
        "toint",
        Int,
        to_int,
        "The value as a 32-bit whole number; null if it is none.",
        ("toint('42')", "42")
    ),
    conversion!(
        "todouble",
        Real,
        to_real,
        "The value as a real number; null if it is none.",
        ("todouble('1.5')", "1.5")
    ),
    conversion!(
        "tobool",
        Bool,
        to_bool,
        "The value as true or false; null if it is neither.",
        ("tobool('true')", "True")
    ),
    conversion!(
        "todatetime",
        DateTime,
        to_datetime,
        "The value as a moment; null if it cannot be read as one.",
        ("todatetime('2024-05-01')", "2024-05-01T00:00:00.0000000Z")
    ),
    conversion!(
        "totimespan",
        TimeSpan,
        to_timespan,
        "The value as a span of time; null if it cannot be read as one.",
        ("totimespan('0.00:01:00')", "00:01:00")
    ),
    conversion!(
        "toguid",
        Guid,
        to_guid,
        "The value as a guid; null if it is none.",
        ("toguid('70FC66F7-8279-44FC-9092-D364D70FCE44')", "70fc66f7-8279-44fc-9092-d364d70fce44")
    ),
    conversion!(
        "todecimal",
        Decimal,
        to_decimal,
        "The value as a decimal number; null if it is none.",
        ("todecimal('1.50')", "1.50")
    ),
    Function::kernel(
        Signature::new(
            "tohex",
            &[
                Overload::of(
                    &[p("value", ParamKind::Exactly(Type::Int)), p("length", LONG)],
                    Returns::Type(Type::String),
                )
                .optional(1),
                Overload::of(&[p("value", LONG), p("length", LONG)], Returns::Type(Type::String))
                    .optional(1),
            ],
            "The number in hexadecimal digits, padded with zeros to a length.",
        ),
        to_hex,
        ("tohex(255, 4)", "00ff"),
    ),
    Function::kernel(
        Signature::new(
            "parse_version",
            &[Overload::of(&[p("version", TEXT)], Returns::Type(Type::Decimal))],
            "A version of up to four parts as a number that sorts as the version does; null if it is none.",
        ),
        parse_version,
        ("parse_version('0.0.1.2')", "100000002"),
    ),
];

/// The name of the function that converts to `ty`.
pub(crate) const fn name_of(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "tobool",
        Type::Int => "toint",
        Type::Long => "tolong",
        Type::Real => "todouble",
        Type::Decimal => "todecimal",
        Type::DateTime => "todatetime",
        Type::TimeSpan => "totimespan",
        Type::Guid => "toguid",
        Type::Dynamic => "to_dynamic",
        Type::String | Type::Error => "tostring",
    }
}

/// The kernel that converts to `ty`.
pub(crate) const fn kernel_of(ty: Type) -> Kernel {
    match ty {
        Type::Bool => to_bool,
        Type::Int => to_int,
        Type::Long => to_long,
        Type::Real => to_real,
        Type::Decimal => to_decimal,
        Type::DateTime => to_datetime,
        Type::TimeSpan => to_timespan,
        Type::Guid => to_guid,
        Type::Dynamic => to_dynamic,
        Type::String | Type::Error => to_string,
    }
}

fn source(args: &Args<'_>) -> Type {
    args.types.first().copied().unwrap_or(Type::String)
}

fn to_string(args: &Args<'_>) -> Result<ArrayRef> {
    // Bags and arrays are their own text: whole events are not copied.
    if source(args) == Type::Dynamic
        && let (array, false) = args.raw(0)?
        && array.data_type() == args.out
        && let text = args.text(0)?
        && (0..args.rows).all(|row| text.opt(row).is_some_and(dynamic::is_own_text))
    {
        return Ok(array.clone());
    }
    let cells = Cells::of(args, 0)?;
    args.strings(|row, out| {
        cells.text(row, out);
    })
}

/// Any value as a dynamic one.
pub(crate) fn to_dynamic(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = Cells::of(args, 0)?;
    args.texts(|row, out| cells.json(row, out))
}

fn to_int(args: &Args<'_>) -> Result<ArrayRef> {
    to_long(args)
}

fn to_long(args: &Args<'_>) -> Result<ArrayRef> {
    match source(args) {
        Type::Bool => {
            let value = args.bool(0)?;
            args.longs(|row| value.get(row).map(i64::from))
        }
        Type::Real => {
            let value = args.real(0)?;
            args.longs(|row| value.get(row).and_then(ticks::whole))
        }
        Type::Dynamic => {
            let json = args.text(0)?;
            args.longs(|row| json.opt(row).and_then(dynamic::to_long))
        }
        Type::Decimal => {
            let text = args.text(0)?;
            args.longs(|row| Decimal::parse(text.opt(row)?)?.to_long())
        }
        ty if is_text(ty) => {
            let text = args.text(0)?;
            args.longs(|row| text.opt(row).and_then(dynamic::text_to_long))
        }
        _ => {
            let value = args.long(0)?;
            args.longs(|row| value.get(row))
        }
    }
}

fn to_real(args: &Args<'_>) -> Result<ArrayRef> {
    match source(args) {
        Type::Bool => {
            let value = args.bool(0)?;
            args.reals(|row| value.get(row).map(|value| if value { 1.0 } else { 0.0 }))
        }
        Type::Dynamic => {
            let json = args.text(0)?;
            args.reals(|row| json.opt(row).and_then(dynamic::to_real))
        }
        ty if is_text(ty) => {
            let text = args.text(0)?;
            args.reals(|row| text.opt(row).and_then(dynamic::text_to_real))
        }
        _ => {
            let value = args.real(0)?;
            args.reals(|row| value.get(row))
        }
    }
}

fn to_bool(args: &Args<'_>) -> Result<ArrayRef> {
    match source(args) {
        Type::Bool => {
            let value = args.bool(0)?;
            args.bools(|row| value.get(row))
        }
        Type::Dynamic => {
            let json = args.text(0)?;
            args.bools(|row| json.opt(row).and_then(dynamic::to_bool))
        }
        ty if is_text(ty) => {
            let text = args.text(0)?;
            args.bools(|row| text.opt(row).and_then(dynamic::text_to_bool))
        }
        _ => {
            let value = args.real(0)?;
            args.bools(|row| value.get(row).map(|value| value != 0.0))
        }
    }
}

fn to_datetime(args: &Args<'_>) -> Result<ArrayRef> {
    let in_range = |ticks: &i64| (0..=ticks::MAX).contains(ticks);
    match source(args) {
        Type::Dynamic => {
            let json = args.text(0)?;
            args.longs(|row| {
                let json = json.opt(row)?;
                match dynamic::kind(json) {
                    dynamic::Kind::String => ticks::parse_datetime(&dynamic::to_text(json)),
                    dynamic::Kind::Long => dynamic::to_long(json).filter(in_range),
                    _ => None,
                }
            })
        }
        ty if is_text(ty) => {
            let text = args.text(0)?;
            args.longs(|row| text.opt(row).and_then(ticks::parse_datetime))
        }
        Type::Real => {
            let value = args.real(0)?;
            args.longs(|row| value.get(row).and_then(ticks::whole).filter(in_range))
        }
        Type::Bool => args.longs(|_| None),
        _ => {
            let value = args.long(0)?;
            args.longs(|row| value.get(row).filter(in_range))
        }
    }
}

fn to_timespan(args: &Args<'_>) -> Result<ArrayRef> {
    match source(args) {
        Type::Dynamic => {
            let json = args.text(0)?;
            args.longs(|row| {
                let json = json.opt(row)?;
                match dynamic::kind(json) {
                    dynamic::Kind::String => ticks::parse_timespan(&dynamic::to_text(json)),
                    _ => dynamic::to_long(json),
                }
            })
        }
        ty if is_text(ty) => {
            let text = args.text(0)?;
            args.longs(|row| text.opt(row).and_then(ticks::parse_timespan))
        }
        Type::Real => {
            let value = args.real(0)?;
            args.longs(|row| {
                value.get(row).and_then(|days| ticks::whole(days * ticks::real(ticks::DAY)))
            })
        }
        Type::Bool => args.longs(|_| None),
        _ => {
            let value = args.long(0)?;
            args.longs(|row| value.get(row))
        }
    }
}

fn to_guid(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = Cells::of(args, 0)?;
    args.texts(|row, out| {
        let mut text = String::new();
        cells.text(row, &mut text) && write_guid(&text, out)
    })
}

/// Writes a guid in lowercase with dashes; `false` if the text is none.
pub(crate) fn write_guid(text: &str, out: &mut String) -> bool {
    let digits: String = text
        .trim()
        .trim_start_matches(['{', '('])
        .trim_end_matches(['}', ')'])
        .chars()
        .filter(|c| *c != '-')
        .collect();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return false;
    }
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit.to_ascii_lowercase());
    }
    true
}

fn to_decimal(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = Cells::of(args, 0)?;
    let mut text = String::new();
    args.texts(|row, out| {
        text.clear();
        let found = match source(args) {
            Type::Bool => {
                cells.text(row, &mut text).then(|| Decimal::from_long(i64::from(text == "True")))
            }
            Type::DateTime | Type::TimeSpan => {
                args.long(0).ok().and_then(|ticks| ticks.get(row)).map(Decimal::from_long)
            }
            _ if cells.text(row, &mut text) => Decimal::parse(&text),
            _ => None,
        };
        match found {
            Some(value) => {
                value.write(out);
                true
            }
            None => false,
        }
    })
}

fn to_hex(args: &Args<'_>) -> Result<ArrayRef> {
    let value = args.long(0)?;
    let (array, _) = args.raw(0)?;
    // An int shows the 32 bits that it has.
    let mask = if array.data_type() == &DataType::Int32 { 0xffff_ffff } else { -1 };
    let length = if args.len() > 1 { Some(args.long(1)?) } else { None };
    args.strings(|row, out| {
        if let Some(value) = value.get(row) {
            let length = length.and_then(|length| length.get(row)).unwrap_or(0);
            let width = usize::try_from(length.clamp(0, 16)).unwrap_or(0);
            out.push_str(&format!("{:0width$x}", value & mask));
        }
    })
}

fn parse_version(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        let parts: Vec<&str> = text.get(row).split('.').collect();
        let numbers: Option<Vec<u128>> = parts
            .iter()
            .map(|part| part.parse().ok().filter(|number: &u128| *number < 100_000_000))
            .collect();
        let Some(mut numbers) = numbers.filter(|numbers| numbers.len() <= 4) else { return false };
        numbers.resize(4, 0);
        let value = numbers.into_iter().fold(0, |value, number| value * 100_000_000 + number);
        out.push_str(&value.to_string());
        true
    })
}

/// A column of type `ty` out of JSON values.
pub(crate) fn from_json<'a>(
    args: &Args<'_>,
    ty: Type,
    value: impl Fn(usize) -> Option<Cow<'a, str>>,
) -> Result<ArrayRef> {
    match ty {
        Type::Int | Type::Long => args.longs(|row| dynamic::to_long(&value(row)?)),
        Type::Real => args.reals(|row| dynamic::to_real(&value(row)?)),
        Type::Bool => args.bools(|row| dynamic::to_bool(&value(row)?)),
        Type::DateTime => args.longs(|row| ticks::parse_datetime(&dynamic::to_text(&value(row)?))),
        Type::TimeSpan => args.longs(|row| ticks::parse_timespan(&dynamic::to_text(&value(row)?))),
        Type::Dynamic => args.texts(|row, out| {
            value(row).is_some_and(|json| {
                out.push_str(&json);
                true
            })
        }),
        Type::Guid => args.texts(|row, out| {
            value(row).is_some_and(|json| write_guid(&dynamic::to_text(&json), out))
        }),
        _ => args.strings(|row, out| {
            if let Some(json) = value(row) {
                out.push_str(&dynamic::to_text(&json));
            }
        }),
    }
}
