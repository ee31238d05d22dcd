//! Kernels of decimals, for operators and for what is computed alike with other numbers. Deliberately absent: the
//! arithmetic itself (`decimal`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::types::Type;

use crate::decimal::Decimal;
use crate::kernel::{Args, Long, Real, Text};

/// An argument of any number type, read as decimals.
pub(crate) enum Numbers<'a> {
    Whole(Long<'a>),
    Real(Real<'a>),
    Text(Text<'a>),
}

impl<'a> Numbers<'a> {
    /// The argument `at` of a kernel.
    pub(crate) fn of(args: &Args<'a>, at: usize) -> Result<Self> {
        Ok(match args.types.get(at) {
            Some(Type::Int | Type::Long) => Self::Whole(args.long(at)?),
            Some(Type::Real) => Self::Real(args.real(at)?),
            _ => Self::Text(args.text(at)?),
        })
    }

    /// The value, or `None` for null.
    pub(crate) fn get(&self, row: usize) -> Option<Decimal> {
        match self {
            Self::Whole(column) => column.get(row).map(Decimal::from_long),
            Self::Real(column) => Decimal::from_real(column.get(row)?),
            Self::Text(column) => Decimal::parse(column.opt(row)?),
        }
    }
}

/// A decimal column, row by row.
pub(super) fn decimals(
    args: &Args<'_>,
    value: impl Fn(usize) -> Option<Decimal>,
) -> Result<ArrayRef> {
    args.texts(|row, out| match value(row) {
        Some(value) => {
            value.write(out);
            true
        }
        None => false,
    })
}

macro_rules! operator {
    ($name:ident, $operate:expr) => {
        pub(super) fn $name(args: &Args<'_>) -> Result<ArrayRef> {
            let (left, right) = (Numbers::of(args, 0)?, Numbers::of(args, 1)?);
            let operate: fn(Decimal, Decimal) -> Option<Decimal> = $operate;
            decimals(args, |row| operate(left.get(row)?, right.get(row)?))
        }
    };
}

operator!(add, Decimal::add);
operator!(subtract, |a, b| a.add(b.negated()));
operator!(multiply, Decimal::multiply);
operator!(divide, Decimal::divide);
operator!(remainder, Decimal::remainder);

pub(super) fn negate(args: &Args<'_>) -> Result<ArrayRef> {
    let value = Numbers::of(args, 0)?;
    decimals(args, |row| value.get(row).map(Decimal::negated))
}

/// The texts by which decimals are compared and sorted.
pub(crate) fn keys(args: &Args<'_>) -> Result<ArrayRef> {
    let value = Numbers::of(args, 0)?;
    args.texts(|row, out| match value.get(row) {
        Some(value) => {
            value.write_key(out);
            true
        }
        None => false,
    })
}
