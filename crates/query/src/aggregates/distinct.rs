//! `dcount` and `hll`: how many different values a group holds. Exact up to a size, then estimated by registers of leading
//! zeros (HyperLogLog), so that memory per group stays small. A sketch can be kept as a value and counted or merged later:
//! an array of its kind and its bytes in base64. Deliberately absent: reading of sketches that another engine made.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use arrow::datatypes::DataType;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::GroupsAccumulator;

use super::grouped::{Grouping, Many, One, Rows};
use super::{Fold, Setup, damaged};
use crate::dynamic;
use crate::functions::cells::Cells;
use crate::kernel::Args;

/// Up to so many different values are counted exactly.
const EXACT_VALUES_MAX: usize = 4096;

/// Up to so many lie in the sketch itself.
const FEW_VALUES: usize = 3;

/// Bits of a hash that choose the register: 2^14 registers give a standard error of 0.8 %.
const REGISTER_BITS: u32 = 14;

/// The largest standard error of the estimate, which the tests look at.
#[cfg(test)]
const STANDARD_ERROR: f64 = 0.0081;

/// What a sketch as a value begins with.
const MARK: &str = "hll";

/// `dcount(value)`.
pub(super) fn dcount(_: &Setup) -> Box<dyn Fold> {
    One::new(Distinct { merges: false, counts: true })
}

/// `dcount(value)` of many groups.
pub(super) fn dcounts(setup: &Setup) -> Box<dyn GroupsAccumulator> {
    Many::new(Distinct { merges: false, counts: true }, setup.types.clone(), DataType::Int64)
}

/// `hll(value)`.
pub(super) fn hll(_: &Setup) -> Box<dyn Fold> {
    One::new(Distinct { merges: false, counts: false })
}

/// `hll_merge(sketch)`.
pub(super) fn hll_merge(_: &Setup) -> Box<dyn Fold> {
    One::new(Distinct { merges: true, counts: false })
}

/// Hashes are spread evenly already.
#[derive(Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// The different values that were seen, by their hashes.
pub(crate) enum Sketch {
    /// So few that they need no memory beside the sketch: most groups of a grouping by person or address.
    Few(u8, [u64; FEW_VALUES]),
    Exact(HashSet<u64, BuildHasherDefault<AsIs>>),
    Registers(Vec<u8>),
}

impl Default for Sketch {
    fn default() -> Self {
        Self::Few(0, [0; FEW_VALUES])
    }
}

impl std::fmt::Debug for Sketch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sketch({})", self.count())
    }
}

impl Sketch {
    fn insert(&mut self, hash: u64) {
        match self {
            Self::Few(count, hashes) => {
                let used = usize::from(*count);
                if hashes[..used].contains(&hash) {
                    return;
                }
                if let Some(free) = hashes.get_mut(used) {
                    *free = hash;
                    *count += 1;
                } else {
                    *self = Self::Exact(hashes.iter().copied().chain([hash]).collect());
                }
            }
            Self::Exact(hashes) => {
                hashes.insert(hash);
                if hashes.len() > EXACT_VALUES_MAX {
                    let mut registers = vec![0; 1 << REGISTER_BITS];
                    hashes.iter().for_each(|hash| record(&mut registers, *hash));
                    *self = Self::Registers(registers);
                }
            }
            Self::Registers(registers) => record(registers, hash),
        }
    }

    /// The hashes, where they are all known.
    fn hashes(&self) -> Vec<u64> {
        match self {
            Self::Few(count, hashes) => hashes[..usize::from(*count)].to_vec(),
            Self::Exact(hashes) => hashes.iter().copied().collect(),
            Self::Registers(_) => Vec::new(),
        }
    }

    const fn is_empty(&self) -> bool {
        matches!(self, Self::Few(0, _))
    }

    /// Bytes of memory that it holds beside itself.
    fn heap(&self) -> usize {
        match self {
            Self::Few(..) => 0,
            Self::Exact(hashes) => hashes.capacity() * 9,
            Self::Registers(registers) => registers.capacity(),
        }
    }

    /// The sketch as a value.
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str("[\"");
        out.push_str(MARK);
        out.push_str("\",\"");
        let mut saved = Vec::new();
        self.save(&mut saved);
        BASE64.encode_string(saved, out);
        out.push_str("\"]");
    }

    /// The sketch that a value holds; `None` if it holds none.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let elements = dynamic::elements(json)?;
        let [mark, bytes] = elements.as_slice() else { return None };
        if dynamic::to_text(mark) != MARK {
            return None;
        }
        let mut sketch = Self::default();
        sketch.merge(&BASE64.decode(&*dynamic::to_text(bytes)).ok()?).ok()?;
        Some(sketch)
    }

    /// How many different values there are.
    pub(crate) fn count(&self) -> i64 {
        match self {
            Self::Few(count, _) => i64::from(*count),
            Self::Exact(hashes) => i64::try_from(hashes.len()).unwrap_or(i64::MAX),
            Self::Registers(registers) => estimate(registers),
        }
    }
}

fn record(registers: &mut [u8], hash: u64) {
    let register = usize::try_from(hash >> (64 - REGISTER_BITS)).unwrap_or(0);
    let rank = ((hash << REGISTER_BITS) | (1 << (REGISTER_BITS - 1))).leading_zeros() + 1;
    let rank = u8::try_from(rank).unwrap_or(u8::MAX);
    if let Some(highest) = registers.get_mut(register) {
        *highest = (*highest).max(rank);
    }
}

/// The estimate of Ertl ("New cardinality estimation algorithms for HyperLogLog sketches", 2017), good over all sizes.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "an estimate of at most 2^63 with an error far above that of the conversion"
)]
fn estimate(registers: &[u8]) -> i64 {
    let ranks = 64 - REGISTER_BITS as usize;
    let mut counts = vec![0_u32; ranks + 2];
    for rank in registers {
        if let Some(count) = counts.get_mut(usize::from(*rank)) {
            *count += 1;
        }
    }
    let m = registers.len() as f64;
    let mut z = m * tau(1.0 - f64::from(counts[ranks + 1]) / m);
    for rank in (1..=ranks).rev() {
        z = 0.5 * (z + f64::from(counts[rank]));
    }
    z += m * sigma(f64::from(counts[0]) / m);
    (m * m / (2.0 * std::f64::consts::LN_2 * z)).round() as i64
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

impl Sketch {
    fn save(&self, out: &mut Vec<u8>) {
        if let Self::Registers(registers) = self {
            out.push(1);
            out.extend_from_slice(registers);
            return;
        }
        let mut sorted = self.hashes();
        sorted.sort_unstable();
        out.push(0);
        sorted.iter().for_each(|hash| out.extend_from_slice(&hash.to_le_bytes()));
    }

    /// Takes in the bytes of another sketch.
    pub(crate) fn merge(&mut self, saved: &[u8]) -> Result<()> {
        let (kind, rest) = saved.split_first().ok_or_else(damaged)?;
        if *kind == 0 {
            rest.as_chunks::<8>().0.iter().for_each(|hash| self.insert(u64::from_le_bytes(*hash)));
            return Ok(());
        }
        if rest.len() != 1 << REGISTER_BITS {
            return Err(damaged());
        }
        let mut registers = rest.to_vec();
        if let Self::Registers(mine) = self {
            registers.iter_mut().zip(mine.iter()).for_each(|(a, b)| *a = (*a).max(*b));
        }
        self.hashes().iter().for_each(|hash| record(&mut registers, *hash));
        *self = Self::Registers(registers);
        Ok(())
    }

    /// Takes in another sketch.
    pub(crate) fn absorb(&mut self, other: &Self) -> Result<()> {
        let mut saved = Vec::new();
        other.save(&mut saved);
        self.merge(&saved)
    }
}

/// Sketches that are filled by values, or by sketches, and answer with themselves or their counts.
#[derive(Debug)]
struct Distinct {
    merges: bool,
    counts: bool,
}

impl Grouping for Distinct {
    type Kept = Sketch;

    fn add(&self, args: &Args<'_>, rows: Rows<'_>, kept: &mut [Sketch]) -> Result<usize> {
        let mut grown = 0;
        if self.merges {
            let sketches = args.text(0)?;
            let mut result = Ok(());
            rows.for_each(|row, group| {
                if let Some(sketch) = sketches.opt(row).and_then(Sketch::read) {
                    let before = kept[group].heap();
                    if let Err(error) = kept[group].absorb(&sketch) {
                        result = Err(error);
                    }
                    grown += kept[group].heap().saturating_sub(before);
                }
            });
            return result.map(|()| grown);
        }
        let cells = Cells::of(args, 0)?;
        rows.for_each(|row, group| {
            if let Some(hash) = cells.hash(row) {
                let before = kept[group].heap();
                kept[group].insert(hash);
                grown += kept[group].heap().saturating_sub(before);
            }
        });
        Ok(grown)
    }

    fn save(&self, kept: &Sketch, out: &mut Vec<u8>) {
        kept.save(out);
    }

    fn merge(&self, kept: &mut Sketch, saved: &[u8]) -> Result<()> {
        kept.merge(saved)
    }

    fn answer(&self, kept: &mut Sketch) -> Result<ScalarValue> {
        if self.counts {
            return Ok(ScalarValue::Int64(Some(kept.count())));
        }
        // A sketch of nothing is null, as in Kusto.
        if kept.is_empty() {
            return Ok(ScalarValue::Utf8View(None));
        }
        let mut json = String::new();
        kept.write(&mut json);
        Ok(ScalarValue::Utf8View(Some(json)))
    }

    fn size(&self, kept: &Sketch) -> usize {
        kept.heap()
    }
}

#[cfg(test)]
mod tests {
    use twox_hash::XxHash64;

    use super::*;

    #[test]
    fn small_counts_are_exact_and_large_ones_within_the_promised_error() {
        for count in [0_u64, 1, 100, 4096, 5000, 100_000, 1_000_000] {
            let mut sketch = Sketch::default();
            let mut other = Sketch::default();
            for value in 0..count {
                let part = if value % 3 == 0 { &mut other } else { &mut sketch };
                part.insert(XxHash64::oneshot(0, &value.to_le_bytes()));
            }
            sketch.absorb(&other).expect("its own state");
            let mut json = String::new();
            sketch.write(&mut json);
            let kept = Sketch::read(&json).expect("its own value");
            assert_eq!(kept.count(), sketch.count());
            let found = sketch.count();
            let expected = i64::try_from(count).expect("small");
            let error = (found - expected).abs() as f64 / (expected as f64).max(1.0);
            let allowed = if count <= 4096 { 0.0 } else { 4.0 * STANDARD_ERROR };
            assert!(error <= allowed, "{count}: {found}");
        }
    }
}
