//! `dcount` and `hll`: how many different values a group holds. Exact up to a size, then estimated by registers of leading
//! zeros (HyperLogLog), so that memory per group stays small. A sketch can be kept as a value and counted or merged later:
//! an array of its kind and its bytes in base64. Deliberately absent: reading of sketches that another engine made.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use datafusion::common::{Result, ScalarValue};
use twox_hash::XxHash64;

use super::{Fold, Setup, damaged};
use crate::dynamic;
use crate::functions::cells::Cells;
use crate::kernel::Args;

/// Up to so many different values are counted exactly.
const EXACT_VALUES_MAX: usize = 4096;

/// Bits of a hash that choose the register: 2^14 registers give a standard error of 0.8 %.
const REGISTER_BITS: u32 = 14;

/// The largest standard error of the estimate, which the tests look at.
#[cfg(test)]
const STANDARD_ERROR: f64 = 0.0081;

/// What a sketch as a value begins with.
const MARK: &str = "hll";

/// `dcount(value)`.
pub(super) fn dcount(_: &Setup) -> Box<dyn Fold> {
    Box::new(Distinct { sketch: Sketch::default(), merges: false, counts: true })
}

/// `hll(value)`.
pub(super) fn hll(_: &Setup) -> Box<dyn Fold> {
    Box::new(Distinct { sketch: Sketch::default(), merges: false, counts: false })
}

/// `hll_merge(sketch)`.
pub(super) fn hll_merge(_: &Setup) -> Box<dyn Fold> {
    Box::new(Distinct { sketch: Sketch::default(), merges: true, counts: false })
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

/// The different values that were seen.
pub(crate) enum Sketch {
    Exact(HashSet<u64, BuildHasherDefault<AsIs>>),
    Registers(Vec<u8>),
}

impl Default for Sketch {
    fn default() -> Self {
        Self::Exact(HashSet::default())
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

    /// The sketch as a value.
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str("[\"");
        out.push_str(MARK);
        out.push_str("\",\"");
        BASE64.encode_string(self.bytes(), out);
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
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Exact(hashes) => {
                let mut sorted: Vec<u64> = hashes.iter().copied().collect();
                sorted.sort_unstable();
                let mut saved = vec![0];
                sorted.iter().for_each(|hash| saved.extend_from_slice(&hash.to_le_bytes()));
                saved
            }
            Self::Registers(registers) => [&[1], registers.as_slice()].concat(),
        }
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
        match self {
            Self::Exact(hashes) => hashes.iter().for_each(|hash| record(&mut registers, *hash)),
            Self::Registers(mine) => {
                registers.iter_mut().zip(mine.iter()).for_each(|(a, b)| *a = (*a).max(*b));
            }
        }
        *self = Self::Registers(registers);
        Ok(())
    }

    /// Takes in another sketch.
    pub(crate) fn absorb(&mut self, other: &Self) -> Result<()> {
        self.merge(&other.bytes())
    }
}

/// A sketch that is filled by values, or by sketches, and answers with itself or its count.
#[derive(Debug)]
struct Distinct {
    sketch: Sketch,
    merges: bool,
    counts: bool,
}

impl Fold for Distinct {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        if self.merges {
            let sketches = args.text(0)?;
            for row in 0..args.rows {
                if let Some(sketch) = sketches.opt(row).and_then(Sketch::read) {
                    self.sketch.absorb(&sketch)?;
                }
            }
            return Ok(());
        }
        let cells = Cells::of(args, 0)?;
        let mut buffer = String::new();
        for row in 0..args.rows {
            buffer.clear();
            if cells.json(row, &mut buffer) {
                self.sketch.insert(XxHash64::oneshot(0, buffer.as_bytes()));
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        self.sketch.bytes()
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        self.sketch.merge(saved)
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        if self.counts {
            return Ok(ScalarValue::Int64(Some(self.sketch.count())));
        }
        // A sketch of nothing is null, as in Kusto.
        if matches!(&self.sketch, Sketch::Exact(hashes) if hashes.is_empty()) {
            return Ok(ScalarValue::Utf8View(None));
        }
        let mut json = String::new();
        self.sketch.write(&mut json);
        Ok(ScalarValue::Utf8View(Some(json)))
    }

    fn size(&self) -> usize {
        match &self.sketch {
            Sketch::Exact(hashes) => hashes.capacity() * 9,
            Sketch::Registers(registers) => registers.capacity(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_are_exact_and_large_ones_within_the_promised_error() {
        for count in [0_u64, 1, 100, 4096, 5000, 100_000, 1_000_000] {
            let mut sketch = Sketch::Exact(HashSet::default());
            let mut other = Sketch::Exact(HashSet::default());
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
