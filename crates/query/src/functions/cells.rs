//! Values of any Kusto type, written as JSON (for bags and arrays) or as text (for `tostring`). Deliberately absent:
//! reading of text and conversions between numbers (`convert`).

use std::fmt::Write;

use datafusion::common::Result;
use kql::types::Type;
use twox_hash::XxHash64;

use crate::dynamic;
use crate::kernel::{Args, Bool, Long, Real, Text};
use crate::ticks;

/// A column whose values are written one by one.
pub(crate) struct Cells<'a> {
    ty: Type,
    values: Values<'a>,
}

enum Values<'a> {
    Bool(Bool<'a>),
    Long(Long<'a>),
    Real(Real<'a>),
    Text(Text<'a>),
}

impl<'a> Cells<'a> {
    /// The argument `index` of a kernel.
    pub(crate) fn of(args: &Args<'a>, index: usize) -> Result<Self> {
        let ty = args.types.get(index).copied().unwrap_or(Type::String);
        let values = match ty {
            Type::Bool => Values::Bool(args.bool(index)?),
            Type::Int | Type::Long | Type::DateTime | Type::TimeSpan => {
                Values::Long(args.long(index)?)
            }
            Type::Real => Values::Real(args.real(index)?),
            _ => Values::Text(args.text(index)?),
        };
        Ok(Self { ty, values })
    }

    /// Appends the value as JSON; `false` (and nothing appended) for null. A string is never null.
    pub(crate) fn json(&self, row: usize, out: &mut String) -> bool {
        match &self.values {
            Values::Bool(column) => match column.get(row) {
                Some(value) => out.push_str(if value { "true" } else { "false" }),
                None => return false,
            },
            Values::Long(column) => {
                let Some(value) = column.get(row) else { return false };
                match self.ty {
                    Type::DateTime | Type::TimeSpan => {
                        out.push('"');
                        self.moment(value, out);
                        out.push('"');
                    }
                    _ => push_long(value, out),
                }
            }
            Values::Real(column) => match column.get(row) {
                Some(value) => dynamic::write_real(value, out),
                None => return false,
            },
            Values::Text(column) => match (self.ty, column.opt(row)) {
                (Type::Dynamic, Some(json)) => out.push_str(json),
                (Type::String, text) => dynamic::write_string(text.unwrap_or_default(), out),
                (_, Some(text)) => dynamic::write_string(text, out),
                (_, None) => return false,
            },
        }
        true
    }

    /// Appends the value as `tostring` writes it; `false` for null.
    pub(crate) fn text(&self, row: usize, out: &mut String) -> bool {
        match &self.values {
            Values::Bool(column) => match column.get(row) {
                Some(value) => out.push_str(if value { "True" } else { "False" }),
                None => return false,
            },
            Values::Long(column) => {
                let Some(value) = column.get(row) else { return false };
                match self.ty {
                    Type::DateTime | Type::TimeSpan => self.moment(value, out),
                    _ => push_long(value, out),
                }
            }
            Values::Real(column) => match column.get(row) {
                Some(value) => dynamic::real_text(value, out),
                None => return false,
            },
            Values::Text(column) => {
                let Some(text) = column.opt(row) else { return false };
                if self.ty == Type::Dynamic {
                    out.push_str(&dynamic::to_text(text));
                } else {
                    out.push_str(text);
                }
            }
        }
        true
    }

    /// A hash by which equal values of one column are found; `None` for null. A string is never null.
    pub(crate) fn hash(&self, row: usize) -> Option<u64> {
        let bytes = |bytes: &[u8]| XxHash64::oneshot(0, bytes);
        match &self.values {
            Values::Bool(column) => column.get(row).map(|value| bytes(&[u8::from(value)])),
            Values::Long(column) => column.get(row).map(|value| bytes(&value.to_le_bytes())),
            // The two zeros are equal, and so are all NaN.
            Values::Real(column) => column.get(row).map(|value| {
                let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
                bytes(&value.to_le_bytes())
            }),
            Values::Text(column) if self.ty == Type::String => {
                Some(bytes(column.get(row).as_bytes()))
            }
            Values::Text(column) => column.opt(row).map(|text| bytes(text.as_bytes())),
        }
    }

    /// Appends the bytes in which Kusto holds the value: numbers, moments and spans as they lie in memory, a guid as its
    /// 16 bytes, everything else as text. Null has none.
    #[expect(clippy::cast_possible_truncation, reason = "an int has 32 bits")]
    pub(crate) fn bytes(&self, row: usize, out: &mut Vec<u8>) {
        match &self.values {
            Values::Bool(column) => out.extend(column.get(row).map(u8::from)),
            Values::Long(column) => match (column.get(row), self.ty) {
                (Some(value), Type::Int) => out.extend_from_slice(&(value as i32).to_le_bytes()),
                (Some(value), _) => out.extend_from_slice(&value.to_le_bytes()),
                (None, _) => {}
            },
            Values::Real(column) => {
                out.extend(column.get(row).into_iter().flat_map(f64::to_le_bytes));
            }
            Values::Text(column) => {
                let text = column.get(row);
                match uuid::Uuid::try_parse(text) {
                    Ok(guid) if self.ty == Type::Guid => out.extend_from_slice(&guid.to_bytes_le()),
                    _ if self.ty == Type::Dynamic => {
                        out.extend_from_slice(dynamic::to_text(text).as_bytes());
                    }
                    _ => out.extend_from_slice(text.as_bytes()),
                }
            }
        }
    }

    fn moment(&self, value: i64, out: &mut String) {
        if self.ty == Type::DateTime {
            ticks::write_datetime(value, out);
        } else {
            ticks::write_timespan(value, out);
        }
    }
}

fn push_long(value: i64, out: &mut String) {
    let written = write!(out, "{value}");
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}
