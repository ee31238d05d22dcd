//! `percentile(s)` by nearest rank, and covariance. All values of a group are kept until the end, under the query's memory
//! pool; the answer is exact. Deliberately absent: the sketch as a value (`digest`).

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::GroupsAccumulator;
use kql::types::Type;

use super::grouped::{Grouping, Many, One, Rows};
use super::{Fold, Setup, damaged};
use crate::dynamic;
use crate::kernel::{Args, arrow_type};
use crate::ticks;

/// `percentile(value, p)`, `percentiles(value, p, …)`, `percentiles_array(value, p, … | array)`.
pub(super) fn percentiles(setup: &Setup) -> Box<dyn Fold> {
    One::new(Percentiles::new(setup, false))
}

/// The same of many groups.
pub(super) fn percentiles_of_groups(setup: &Setup) -> Box<dyn GroupsAccumulator> {
    Many::new(Percentiles::new(setup, false), setup.types.clone(), arrow_type(setup.out))
}

/// The same with a weight after the value.
pub(super) fn weighted(setup: &Setup) -> Box<dyn Fold> {
    One::new(Percentiles::new(setup, true))
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

/// What is asked of the values.
#[derive(Debug)]
struct Percentiles {
    weighted: bool,
    ranks: Vec<f64>,
    ty: Type,
    out: Type,
    array: bool,
}

/// The values of a group.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// Reals are kept by their bits, whole numbers, moments and spans as they are.
    values: Vec<i64>,
    /// How often each value counts, if that differs.
    weights: Vec<i64>,
}

impl Values {
    /// The values at these places among all, were they sorted; a place is counted from 0.
    fn at(&mut self, places: &[usize]) -> Vec<i64> {
        // Each search parts the values: the next greater place lies in the upper part.
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_unstable_by_key(|at| places[*at]);
        let (mut done, mut found) = (0, vec![0; places.len()]);
        for at in order {
            let place = places[at];
            if place >= done {
                self.values[done..].select_nth_unstable(place - done);
                done = place + 1;
            }
            found[at] = self.values[place];
        }
        found
    }

    /// Sorts values and weights together; gives how much all up to each weigh.
    fn weigh(&mut self) -> Vec<u64> {
        let mut pairs: Vec<(i64, i64)> =
            self.values.iter().copied().zip(self.weights.iter().copied()).collect();
        pairs.sort_unstable();
        self.values = pairs.iter().map(|(value, _)| *value).collect();
        self.weights = pairs.iter().map(|(_, weight)| *weight).collect();
        let mut sum = 0_u64;
        let upto = pairs.iter().map(|(_, weight)| {
            sum = sum.saturating_add(weight.unsigned_abs());
            sum
        });
        upto.collect()
    }

    const fn heap(&self) -> usize {
        (self.values.capacity() + self.weights.capacity()) * 8
    }
}

/// The bits of a real as a number that sorts as the real does (with NaN at the end), and back.
const fn ordered(bits: i64) -> i64 {
    bits ^ (((bits >> 63).cast_unsigned()) >> 1).cast_signed()
}

impl Percentiles {
    fn new(setup: &Setup, weighted: bool) -> Self {
        let ranks = ranks(setup, if weighted { 2 } else { 1 });
        let ty = setup.types.first().copied().unwrap_or(Type::Real);
        let array = setup.several || setup.out == Type::Dynamic;
        Self { weighted, ranks, ty, out: setup.out, array }
    }

    const fn is_real(&self) -> bool {
        matches!(self.ty, Type::Real | Type::Decimal | Type::Dynamic)
    }

    /// The values at the ranks that are asked for; none of nothing.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is a count that fits into memory"
    )]
    fn chosen(&self, kept: &mut Values) -> Vec<i64> {
        let upto = if self.weighted { Some(kept.weigh()) } else { None };
        let count = match &upto {
            Some(upto) => upto.last().copied().unwrap_or(0),
            None => kept.values.len() as u64,
        };
        if count == 0 {
            return Vec::new();
        }
        let nearest = |rank: &f64| {
            ((rank.clamp(0.0, 100.0) / 100.0 * count as f64).ceil() as u64).clamp(1, count)
        };
        let nearest = self.ranks.iter().map(nearest);
        match upto {
            None => kept.at(&nearest.map(|nearest| nearest as usize - 1).collect::<Vec<_>>()),
            Some(upto) => nearest
                .filter_map(|nearest| {
                    kept.values.get(upto.partition_point(|upto| *upto < nearest)).copied()
                })
                .collect(),
        }
    }

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

impl Grouping for Percentiles {
    type Kept = Values;

    fn add(&self, args: &Args<'_>, rows: Rows<'_>, kept: &mut [Values]) -> Result<usize> {
        let value_of = self.kept(args)?;
        let mut grown = 0;
        if !self.weighted {
            rows.for_each(|row, group| {
                if let Some(value) = value_of(row) {
                    let before = kept[group].values.capacity();
                    kept[group].values.push(value);
                    grown += kept[group].values.capacity() - before;
                }
            });
            return Ok(grown * 8);
        }
        let weight = args.long(1)?;
        rows.for_each(|row, group| {
            if let Some((value, weight)) = value_of(row).zip(weight.get(row))
                && weight > 0
            {
                let before = kept[group].heap();
                kept[group].values.push(value);
                kept[group].weights.push(weight);
                grown += kept[group].heap() - before;
            }
        });
        Ok(grown)
    }

    /// The values, then the weights if there are any.
    fn save(&self, kept: &Values, out: &mut Vec<u8>) {
        let all = kept.values.iter().chain(&kept.weights);
        all.for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
    }

    fn merge(&self, kept: &mut Values, saved: &[u8]) -> Result<()> {
        let (values, rest) = saved.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(damaged());
        }
        let with = if self.weighted { values.len() / 2 } else { values.len() };
        let (values, weights) = values.split_at(with);
        kept.values.extend(values.iter().map(|value| i64::from_le_bytes(*value)));
        kept.weights.extend(weights.iter().map(|weight| i64::from_le_bytes(*weight)));
        Ok(())
    }

    fn answer(&self, kept: &mut Values) -> Result<ScalarValue> {
        let chosen = self.chosen(kept);
        if !self.array {
            return scalar(chosen.first().copied(), self.is_real(), self.out);
        }
        let mut json = String::from("[");
        for position in 0..self.ranks.len() {
            if position > 0 {
                json.push(',');
            }
            match chosen.get(position) {
                None => json.push_str("null"),
                Some(value) if self.is_real() => {
                    dynamic::write_real(f64::from_bits(ordered(*value).cast_unsigned()), &mut json);
                }
                Some(value) => write_whole(*value, self.ty, &mut json),
            }
        }
        json.push(']');
        Ok(ScalarValue::Utf8View(Some(json)))
    }

    fn size(&self, kept: &Values) -> usize {
        kept.heap()
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
