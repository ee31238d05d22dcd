//! `tdigest`: the shape of a set of numbers in a small value, of which percentiles and ranks can be told later. Points with
//! weights, closer together towards the ends; exact while there are few.
//!
//! The value is an array of the type's name, the points and their weights. Deliberately absent: reading of digests that
//! another engine made.

use datafusion::common::{Result, ScalarValue};
use kql::types::Type;

use super::{Fold, Setup, damaged};
use crate::dynamic;
use crate::kernel::Args;
use crate::ticks;

/// Up to so many different points are kept as they are; beyond, neighbours are joined until about so many are left (two of
/// them together are always more than one may weigh, so that at most twice as many are).
const POINTS_MAX: usize = 1000;

/// How many points are gathered before neighbours are joined.
const GATHERED_MAX: usize = 8 * POINTS_MAX;

/// `tdigest(value, weight)`.
pub(super) fn tdigest(setup: &Setup) -> Box<dyn Fold> {
    let ty = setup.types.first().copied().unwrap_or(Type::Real);
    let weighted = setup.types.len() > 1;
    Box::new(Gathering { digest: Digest::of_type(ty), weighted, merges: false })
}

/// `merge_tdigest(digest)`.
pub(super) fn merge_tdigest(_: &Setup) -> Box<dyn Fold> {
    Box::new(Gathering { digest: Digest::of_type(Type::Real), weighted: false, merges: true })
}

/// Points with their weights, sorted once they are asked about.
#[derive(Debug, Clone)]
pub(crate) struct Digest {
    /// The type of the values: what a percentile is written as.
    pub(crate) ty: Type,
    points: Vec<(f64, f64)>,
}

impl Digest {
    const fn of_type(ty: Type) -> Self {
        Self { ty, points: Vec::new() }
    }

    fn push(&mut self, value: f64, weight: f64) {
        if value.is_nan() {
            return;
        }
        self.points.push((value, weight));
        if self.points.len() > GATHERED_MAX {
            self.compact();
        }
    }

    /// Takes in another digest.
    pub(crate) fn absorb(&mut self, other: &Self) {
        if self.points.is_empty() {
            self.ty = other.ty;
        }
        other.points.iter().for_each(|(value, weight)| self.push(*value, *weight));
    }

    /// Sorts the points, joins equal ones, and if there are too many, neighbours: fewer towards the ends.
    #[expect(clippy::cast_precision_loss, reason = "the number of points is small")]
    pub(crate) fn compact(&mut self) {
        self.points.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        self.points.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        if self.points.len() <= POINTS_MAX {
            return;
        }
        let total = self.total();
        let mut joined: Vec<(f64, f64)> = Vec::with_capacity(POINTS_MAX);
        let mut before = 0.0;
        for (value, weight) in std::mem::take(&mut self.points) {
            if let Some(last) = joined.last_mut() {
                let share = (before + f64::midpoint(last.1, weight)) / total;
                let room = (share * (1.0 - share)).sqrt();
                let most = std::f64::consts::PI * total * room / POINTS_MAX as f64;
                if last.1 + weight <= most {
                    last.0 += (value - last.0) * weight / (last.1 + weight);
                    last.1 += weight;
                    continue;
                }
                before += last.1;
            }
            joined.push((value, weight));
        }
        self.points = joined;
    }

    fn total(&self) -> f64 {
        self.points.iter().map(|(_, weight)| weight).sum()
    }

    /// The value that so many percent do not exceed. The digest must be compact.
    pub(crate) fn percentile(&self, percent: f64) -> Option<f64> {
        let nearest = (percent.clamp(0.0, 100.0) / 100.0 * self.total()).ceil().max(1.0);
        let mut upto = 0.0;
        for (value, weight) in &self.points {
            upto += weight;
            if upto >= nearest {
                return Some(*value);
            }
        }
        self.points.last().map(|(value, _)| *value)
    }

    /// How many values are not greater than one; `None` without values.
    pub(crate) fn rank(&self, value: f64) -> Option<f64> {
        if self.points.is_empty() {
            return None;
        }
        let below = self.points.iter().filter(|(point, _)| *point <= value);
        Some(below.map(|(_, weight)| weight).sum())
    }

    /// How many percent of the values are not greater than one.
    pub(crate) fn percent_rank(&self, value: f64) -> Option<f64> {
        self.rank(value).map(|rank| 100.0 * rank / self.total())
    }

    /// The digest as a value.
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str("[\"");
        out.push_str(self.ty.name());
        out.push_str("\",[");
        let numbers = |numbers: &mut dyn Iterator<Item = f64>, out: &mut String| {
            for (at, number) in numbers.enumerate() {
                if at > 0 {
                    out.push(',');
                }
                dynamic::write_real(number, out);
            }
        };
        numbers(&mut self.points.iter().map(|point| point.0), out);
        out.push_str("],[");
        numbers(&mut self.points.iter().map(|point| point.1), out);
        out.push_str("]]");
    }

    /// The digest that a value holds; `None` if it holds none.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let elements = dynamic::elements(json)?;
        let [ty, values, weights] = elements.as_slice() else { return None };
        let ty = Type::named(&dynamic::to_text(ty))?;
        let (values, weights) = (dynamic::elements(values)?, dynamic::elements(weights)?);
        if values.len() != weights.len() {
            return None;
        }
        let pairs = values.iter().zip(&weights);
        let points: Option<Vec<(f64, f64)>> =
            pairs.map(|(v, w)| Some((dynamic::to_real(v)?, dynamic::to_real(w)?))).collect();
        Some(Self { ty, points: points? })
    }

    /// One of its values as JSON, in the type of the values.
    #[expect(clippy::cast_possible_truncation, reason = "the digest was made of whole numbers")]
    pub(crate) fn write_value(&self, value: f64, out: &mut String) {
        match self.ty {
            Type::Int | Type::Long => out.push_str(&(value.round() as i64).to_string()),
            Type::DateTime | Type::TimeSpan => {
                out.push('"');
                if self.ty == Type::DateTime {
                    ticks::write_datetime(value as i64, out);
                } else {
                    ticks::write_timespan(value as i64, out);
                }
                out.push('"');
            }
            _ => dynamic::write_real(value, out),
        }
    }
}

/// A digest that is filled by values, or by digests.
#[derive(Debug)]
struct Gathering {
    digest: Digest,
    weighted: bool,
    merges: bool,
}

impl Fold for Gathering {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        if self.merges {
            let digests = args.text(0)?;
            for row in 0..args.rows {
                if let Some(digest) = digests.opt(row).and_then(Digest::read) {
                    self.digest.absorb(&digest);
                }
            }
            return Ok(());
        }
        let weights = if self.weighted { Some(args.long(1)?) } else { None };
        let weight = |row: usize| match weights {
            Some(weights) => weights.get(row).filter(|weight| *weight > 0).map(ticks::real),
            None => Some(1.0),
        };
        if self.digest.ty == Type::Dynamic {
            let json = args.text(0)?;
            for row in 0..args.rows {
                let value = json.opt(row).and_then(dynamic::to_real);
                if let Some((value, weight)) = value.zip(weight(row)) {
                    self.digest.push(value, weight);
                }
            }
            return Ok(());
        }
        let values = args.real(0)?;
        for row in 0..args.rows {
            if let Some((value, weight)) = values.get(row).zip(weight(row)) {
                self.digest.push(value, weight);
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        let mut json = String::new();
        self.digest.compact();
        self.digest.write(&mut json);
        json.into_bytes()
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        let json = std::str::from_utf8(saved).map_err(|_| damaged())?;
        self.digest.absorb(&Digest::read(json).ok_or_else(damaged)?);
        Ok(())
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        // A digest of nothing is null, as in Kusto.
        if self.digest.points.is_empty() {
            return Ok(ScalarValue::Utf8View(None));
        }
        self.digest.compact();
        let mut json = String::new();
        self.digest.write(&mut json);
        Ok(ScalarValue::Utf8View(Some(json)))
    }

    fn size(&self) -> usize {
        self.digest.points.capacity() * size_of::<(f64, f64)>()
    }
}
