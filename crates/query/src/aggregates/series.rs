//! The arrays of `make-series`: the values of a group's bins, one after the other, with a default where a bin has none, and
//! the axis beside them. Deliberately absent: which bin a row falls into (`lower::series`).

use std::collections::BTreeMap;

use datafusion::common::{Result, ScalarValue};
use kql::types::Type;

use super::{Fold, Setup, damaged};
use crate::dynamic;
use crate::error::Error;
use crate::functions::cells::Cells;
use crate::kernel::Args;
use crate::ticks;

/// How many values one series may have; Kusto's own limit.
pub(crate) const SERIES_VALUES_MAX: i64 = 1_048_576;

/// `series_values(bin, value, default as JSON, first bin, last bin)`: bounds that are null are those of the group.
pub(super) fn series_values(setup: &Setup) -> Box<dyn Fold> {
    let default = match setup.constants.get(2) {
        Some(Some(ScalarValue::Utf8View(Some(json)))) => json.clone(),
        _ => "null".to_owned(),
    };
    Box::new(Values { bins: BTreeMap::new(), default, span: Span::of(setup), bytes: 0 })
}

/// `series_axis(bin, origin, step, first bin, last bin)`.
pub(super) fn series_axis(setup: &Setup) -> Box<dyn Fold> {
    let constant = |at: usize| setup.constants.get(at).cloned().flatten();
    Box::new(Axis {
        ty: setup.types.get(1).copied().unwrap_or(Type::Long),
        origin: constant(1),
        step: constant(2),
        span: Span::of(setup),
    })
}

/// The bins that a series has.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: Option<i64>,
    last: Option<i64>,
    /// The smallest and the largest bin with rows.
    seen: Option<(i64, i64)>,
}

impl Span {
    fn of(setup: &Setup) -> Self {
        Self { first: setup.long(3), last: setup.long(4), seen: None }
    }

    fn see(&mut self, bin: i64) {
        let (low, high) = self.seen.unwrap_or((bin, bin));
        self.seen = Some((low.min(bin), high.max(bin)));
    }

    fn bins(&self) -> Result<std::ops::RangeInclusive<i64>> {
        let first = self.first.or(self.seen.map(|(low, _)| low));
        let last = self.last.or(self.seen.map(|(_, high)| high));
        let (Some(first), Some(last)) = (first, last) else {
            // No bins.
            return Ok(std::ops::RangeInclusive::new(1, 0));
        };
        if i128::from(last) - i128::from(first) >= i128::from(SERIES_VALUES_MAX) {
            return Err(Error::SeriesTooLong { values_max: SERIES_VALUES_MAX }.into());
        }
        Ok(first..=last)
    }

    fn save(&self, out: &mut Vec<u8>) {
        let (low, high) = self.seen.unwrap_or((1, 0));
        out.extend_from_slice(&low.to_le_bytes());
        out.extend_from_slice(&high.to_le_bytes());
    }

    /// Takes in what was saved; the rest comes back.
    fn merge<'a>(&mut self, saved: &'a [u8]) -> Result<&'a [u8]> {
        let (low, rest) = number(saved)?;
        let (high, rest) = number(rest)?;
        if low <= high {
            self.see(low);
            self.see(high);
        }
        Ok(rest)
    }
}

fn number(saved: &[u8]) -> Result<(i64, &[u8])> {
    let (bytes, rest) = saved.split_first_chunk::<8>().ok_or_else(damaged)?;
    Ok((i64::from_le_bytes(*bytes), rest))
}

#[derive(Debug)]
struct Values {
    bins: BTreeMap<i64, String>,
    default: String,
    span: Span,
    bytes: usize,
}

impl Values {
    fn put(&mut self, bin: i64, json: String) {
        self.span.see(bin);
        self.bytes += json.len() + size_of::<(i64, String)>();
        self.bins.insert(bin, json);
    }
}

impl Fold for Values {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        let (bins, cells) = (args.long(0)?, Cells::of(args, 1)?);
        for row in 0..args.rows {
            let Some(bin) = bins.get(row) else { continue };
            let mut json = String::new();
            if !cells.json(row, &mut json) {
                json.push_str("null");
            }
            self.put(bin, json);
        }
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        let mut saved = Vec::new();
        self.span.save(&mut saved);
        for (bin, json) in &self.bins {
            saved.extend_from_slice(&bin.to_le_bytes());
            let length = i64::try_from(json.len()).unwrap_or(i64::MAX);
            saved.extend_from_slice(&length.to_le_bytes());
            saved.extend_from_slice(json.as_bytes());
        }
        saved
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        let mut rest = self.span.merge(saved)?;
        while !rest.is_empty() {
            let (bin, after) = number(rest)?;
            let (length, after) = number(after)?;
            let length = usize::try_from(length).map_err(|_| damaged())?;
            let (json, after) = after.split_at_checked(length).ok_or_else(damaged)?;
            self.put(bin, String::from_utf8(json.to_vec()).map_err(|_| damaged())?);
            rest = after;
        }
        Ok(())
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        array(self.span, |bin, out| {
            out.push_str(self.bins.get(&bin).unwrap_or(&self.default));
        })
    }

    fn size(&self) -> usize {
        self.bytes + self.default.len()
    }
}

#[derive(Debug)]
struct Axis {
    ty: Type,
    origin: Option<ScalarValue>,
    step: Option<ScalarValue>,
    span: Span,
}

impl Fold for Axis {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        let bins = args.long(0)?;
        (0..args.rows).filter_map(|row| bins.get(row)).for_each(|bin| self.span.see(bin));
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        let mut saved = Vec::new();
        self.span.save(&mut saved);
        saved
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        self.span.merge(saved).map(|_| ())
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        let (ty, origin, step) = (self.ty, self.origin.clone(), self.step.clone());
        array(self.span, |bin, out| match (&origin, &step) {
            (Some(ScalarValue::Int64(Some(origin))), Some(ScalarValue::Int64(Some(step)))) => {
                write_whole(origin.saturating_add(bin.saturating_mul(*step)), ty, out);
            }
            (Some(ScalarValue::Float64(Some(origin))), Some(ScalarValue::Float64(Some(step)))) => {
                dynamic::write_real(real(bin).mul_add(*step, *origin), out);
            }
            _ => out.push_str("null"),
        })
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are no 2^53 bins")]
const fn real(bin: i64) -> f64 {
    bin as f64
}

fn write_whole(value: i64, ty: Type, out: &mut String) {
    match ty {
        Type::DateTime | Type::TimeSpan => {
            out.push('"');
            if ty == Type::DateTime {
                ticks::write_datetime(value, out);
            } else {
                ticks::write_timespan(value, out);
            }
            out.push('"');
        }
        _ => out.push_str(&value.to_string()),
    }
}

fn array(span: Span, mut write: impl FnMut(i64, &mut String)) -> Result<ScalarValue> {
    let mut out = String::from("[");
    for bin in span.bins()? {
        if out.len() > 1 {
            out.push(',');
        }
        write(bin, &mut out);
    }
    out.push(']');
    Ok(ScalarValue::Utf8View(Some(out)))
}
