//! `percentile(s)` by nearest rank, and covariance. All values of a group are kept until the end, under the query's memory
//! pool; the answer is exact. Deliberately absent: the sketch as a value (`digest`).

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use kql::types::Type;

use super::{Fold, Setup, damaged};
use crate::dynamic;
use crate::kernel::{Args, arrow_type};
use crate::ticks;

/// `percentile(value, p)`, `percentiles(value, p, …)`, `percentiles_array(value, p, … | array)`.
pub(super) fn percentiles(setup: &Setup) -> Box<dyn Fold> {
    let ranks = ranks(setup, 1);
    let ty = setup.types.first().copied().unwrap_or(Type::Real);
    let array = setup.several || setup.out == Type::Dynamic;
    Box::new(Percentiles { values: Vec::new(), weights: None, ranks, ty, out: setup.out, array })
}

/// The same with a weight after the value.
pub(super) fn weighted(setup: &Setup) -> Box<dyn Fold> {
    let ranks = ranks(setup, 2);
    let ty = setup.types.first().copied().unwrap_or(Type::Real);
    let array = setup.several || setup.out == Type::Dynamic;
    let weights = Some(Vec::new());
    Box::new(Percentiles { values: Vec::new(), weights, ranks, ty, out: setup.out, array })
}

/// The percentiles that are asked for, from an argument on.
fn ranks(setup: &Setup, from: usize) -> Vec<f64> {
    let mut ranks = Vec::new();
    for constant in setup.constants.iter().skip(from).flatten() {
        match constant {
            ScalarValue::Int64(Some(rank)) => ranks.push(ticks::real(*rank)),
            ScalarValue::Int32(Some(rank)) => ranks.push(f64::from(*rank)),
            ScalarValue::Float64(Some(rank)) => ranks.push(*rank),
            ScalarValue::Utf8View(Some(json)) | ScalarValue::Utf8(Some(json)) => {
                let elements = dynamic::elements(json).unwrap_or_default();
                ranks.extend(elements.iter().filter_map(|element| dynamic::to_real(element)));
            }
            _ => {}
        }
    }
    ranks
}

#[derive(Debug)]
struct Percentiles {
    /// Reals are kept by their bits, whole numbers, moments and spans as they are.
    values: Vec<i64>,
    /// How often each value counts, if that differs.
    weights: Option<Vec<i64>>,
    ranks: Vec<f64>,
    ty: Type,
    out: Type,
    array: bool,
}

impl Percentiles {
    /// Sorts the values; with weights, gives how much all up to each weigh.
    fn sort(&mut self) -> Option<Vec<u64>> {
        let Some(weights) = &self.weights else {
            self.values.sort_unstable();
            return None;
        };
        let mut pairs: Vec<(i64, i64)> =
            self.values.iter().copied().zip(weights.iter().copied()).collect();
        pairs.sort_unstable();
        self.values = pairs.iter().map(|(value, _)| *value).collect();
        self.weights = Some(pairs.iter().map(|(_, weight)| *weight).collect());
        let mut sum = 0_u64;
        let upto = pairs.iter().map(|(_, weight)| {
            sum = sum.saturating_add(weight.unsigned_abs());
            sum
        });
        Some(upto.collect())
    }

    const fn is_real(&self) -> bool {
        matches!(self.ty, Type::Real | Type::Decimal | Type::Dynamic)
    }
}

/// The bits of a real as a number that sorts as the real does (with NaN at the end), and back.
const fn ordered(bits: i64) -> i64 {
    bits ^ (((bits >> 63).cast_unsigned()) >> 1).cast_signed()
}

impl Percentiles {
    /// The value of a row as it is kept; `None` for null.
    fn kept<'a>(&self, args: &Args<'a>) -> Result<impl Fn(usize) -> Option<i64> + use<'a>> {
        enum Column<'a> {
            Json(crate::kernel::Text<'a>),
            Real(crate::kernel::Real<'a>),
            Whole(crate::kernel::Long<'a>),
            // Texts and the like have no percentiles.
            Absent,
        }
        let column = match self.ty {
            Type::Dynamic => Column::Json(args.text(0)?),
            Type::Bool | Type::String | Type::Guid => Column::Absent,
            _ if self.is_real() => Column::Real(args.real(0)?),
            _ => Column::Whole(args.long(0)?),
        };
        let bits = |value: f64| ordered(value.to_bits().cast_signed());
        Ok(move |row| match &column {
            Column::Json(json) => dynamic::to_real(json.opt(row)?).map(bits),
            Column::Real(value) => value.get(row).map(bits),
            Column::Whole(value) => value.get(row),
            Column::Absent => None,
        })
    }
}

impl Fold for Percentiles {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        let kept = self.kept(args)?;
        let Some(weights) = &mut self.weights else {
            self.values.extend((0..args.rows).filter_map(kept));
            return Ok(());
        };
        let weight = args.long(1)?;
        for row in 0..args.rows {
            if let Some((value, weight)) = kept(row).zip(weight.get(row))
                && weight > 0
            {
                self.values.push(value);
                weights.push(weight);
            }
        }
        Ok(())
    }

    /// The values, then the weights if there are any.
    fn save(&mut self) -> Vec<u8> {
        let weights = self.weights.iter().flatten();
        self.values.iter().chain(weights).flat_map(|value| value.to_le_bytes()).collect()
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        let (values, rest) = saved.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(damaged());
        }
        let read = |values: &[[u8; 8]]| -> Vec<i64> {
            values.iter().map(|value| i64::from_le_bytes(*value)).collect()
        };
        match &mut self.weights {
            None => self.values.extend(read(values)),
            Some(weights) => {
                let (values, with) = values.split_at(values.len() / 2);
                self.values.extend(read(values));
                weights.extend(read(with));
            }
        }
        Ok(())
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is a count that fits into memory"
    )]
    fn answer(&mut self) -> Result<ScalarValue> {
        let upto = self.sort();
        let count = upto
            .as_ref()
            .map_or(self.values.len() as u64, |upto| upto.last().copied().unwrap_or(0));
        let at = |rank: f64| {
            let nearest = ((rank.clamp(0.0, 100.0) / 100.0 * count as f64).ceil() as u64).max(1);
            let place = match &upto {
                None => nearest as usize - 1,
                Some(upto) => upto.partition_point(|upto| *upto < nearest),
            };
            self.values.get(place).copied()
        };
        if !self.array {
            let value = self.ranks.first().and_then(|rank| at(*rank));
            return scalar(value, self.is_real(), self.out);
        }
        let mut json = String::from("[");
        for (position, rank) in self.ranks.iter().enumerate() {
            if position > 0 {
                json.push(',');
            }
            match at(*rank) {
                None => json.push_str("null"),
                Some(value) if self.is_real() => {
                    dynamic::write_real(f64::from_bits(ordered(value).cast_unsigned()), &mut json);
                }
                Some(value) => write_whole(value, self.ty, &mut json),
            }
        }
        json.push(']');
        Ok(ScalarValue::Utf8View(Some(json)))
    }

    fn size(&self) -> usize {
        (self.values.capacity() + self.weights.as_ref().map_or(0, Vec::capacity)) * 8
    }
}

fn write_whole(value: i64, ty: Type, json: &mut String) {
    match ty {
        Type::DateTime => {
            json.push('"');
            ticks::write_datetime(value, json);
            json.push('"');
        }
        Type::TimeSpan => {
            json.push('"');
            ticks::write_timespan(value, json);
            json.push('"');
        }
        _ => json.push_str(&value.to_string()),
    }
}

fn scalar(value: Option<i64>, is_real: bool, out: Type) -> Result<ScalarValue> {
    let number = value.map(|value| f64::from_bits(ordered(value).cast_unsigned()));
    Ok(match (arrow_type(out), is_real) {
        (DataType::Float64, true) => ScalarValue::Float64(number),
        (DataType::Float64, false) => ScalarValue::Float64(value.map(ticks::real)),
        (other, true) => ScalarValue::Int64(number.and_then(ticks::whole)).cast_to(&other)?,
        (other, false) => ScalarValue::Int64(value).cast_to(&other)?,
    })
}

/// `covariance(a, b)` of a sample.
pub(super) fn covariance(_: &Setup) -> Box<dyn Fold> {
    Box::new(Covariance { count: 0.0, means: (0.0, 0.0), product: 0.0, sample: true })
}

/// `covariancep(a, b)` of a whole population.
pub(super) fn covariancep(_: &Setup) -> Box<dyn Fold> {
    Box::new(Covariance { count: 0.0, means: (0.0, 0.0), product: 0.0, sample: false })
}

/// Running covariance, merged by the formula of Chan, Golub and LeVeque.
#[derive(Debug)]
struct Covariance {
    count: f64,
    means: (f64, f64),
    product: f64,
    sample: bool,
}

impl Covariance {
    fn take(&mut self, count: f64, means: (f64, f64), product: f64) {
        if count == 0.0 {
            return;
        }
        let total = self.count + count;
        let (x, y) = (means.0 - self.means.0, means.1 - self.means.1);
        self.product += product + x * y * self.count * count / total;
        self.means.0 += x * count / total;
        self.means.1 += y * count / total;
        self.count = total;
    }
}

impl Fold for Covariance {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        let (a, b) = (args.real(0)?, args.real(1)?);
        for row in 0..args.rows {
            if let Some(pair) = a.get(row).zip(b.get(row)) {
                self.take(1.0, pair, 0.0);
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        [self.count, self.means.0, self.means.1, self.product]
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        let (values, _) = saved.as_chunks::<8>();
        let [count, a, b, product] = values else { return Err(damaged()) };
        let read = |bytes: &[u8; 8]| f64::from_le_bytes(*bytes);
        self.take(read(count), (read(a), read(b)), read(product));
        Ok(())
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        let divisor = if self.sample { self.count - 1.0 } else { self.count };
        Ok(ScalarValue::Float64((divisor > 0.0).then(|| self.product / divisor)))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}
