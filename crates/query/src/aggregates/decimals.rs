//! Sum, mean and extremes of decimals, which DataFusion would compute as texts or reals. Deliberately absent: variance and
//! percentiles, for which a real is precise enough.

use datafusion::common::{Result, ScalarValue};

use super::{Fold, Setup, damaged};
use crate::decimal::Decimal;
use crate::functions::decimals::Numbers;
use crate::kernel::Args;

/// What is kept of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Sum,
    Mean,
    Least,
    Greatest,
}

macro_rules! fold {
    ($name:ident, $keep:ident) => {
        pub(super) fn $name(_: &Setup) -> Box<dyn Fold> {
            Box::new(Decimals { keep: Keep::$keep, value: None, count: 0 })
        }
    };
}

fold!(sum, Sum);
fold!(mean, Mean);
fold!(least, Least);
fold!(greatest, Greatest);

#[derive(Debug)]
struct Decimals {
    keep: Keep,
    /// Sum or extreme; `None` before the first value, and after an overflow of the sum.
    value: Option<Decimal>,
    count: i64,
}

impl Decimals {
    fn take(&mut self, value: Decimal, count: i64) {
        self.value = match (self.value, self.keep) {
            (None, _) if self.count == 0 => Some(value),
            (Some(known), Keep::Sum | Keep::Mean) => known.add(value),
            (Some(known), Keep::Least) => Some(known.min(value)),
            (Some(known), Keep::Greatest) => Some(known.max(value)),
            (None, _) => None,
        };
        self.count = self.count.saturating_add(count);
    }
}

fn text(value: Decimal) -> String {
    let mut out = String::new();
    value.write(&mut out);
    out
}

impl Fold for Decimals {
    fn add(&mut self, args: &Args<'_>) -> Result<()> {
        let values = Numbers::of(args, 0)?;
        for row in 0..args.rows {
            if let Some(value) = values.get(row) {
                self.take(value, 1);
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Vec<u8> {
        let mut saved = self.count.to_le_bytes().to_vec();
        saved.extend_from_slice(self.value.map(text).unwrap_or_default().as_bytes());
        saved
    }

    fn merge(&mut self, saved: &[u8]) -> Result<()> {
        let (count, value) = saved.split_first_chunk::<8>().ok_or_else(damaged)?;
        let count = i64::from_le_bytes(*count);
        if count == 0 {
            return Ok(());
        }
        match Decimal::parse(std::str::from_utf8(value).map_err(|_| damaged())?) {
            Some(value) => self.take(value, count),
            // The other sum went over.
            None => (self.value, self.count) = (None, self.count.saturating_add(count)),
        }
        Ok(())
    }

    fn answer(&mut self) -> Result<ScalarValue> {
        let value = match self.keep {
            // As with other numbers, a sum of nothing is 0.
            Keep::Sum if self.count == 0 => Some(Decimal::ZERO),
            Keep::Mean => self.value.and_then(|sum| sum.divide(Decimal::from_long(self.count))),
            _ => self.value,
        };
        Ok(ScalarValue::Utf8View(value.map(text)))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}
