//! Bits of whole numbers. Deliberately absent: the aggregates over bits (`lower::aggregate`).

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::LONG;
use super::{Function, p};
use crate::kernel::Args;

macro_rules! binary {
    ($name:literal, $function:expr, $doc:literal, $call:literal, $answer:literal) => {{
        fn kernel(args: &Args<'_>) -> Result<ArrayRef> {
            let (a, b) = (args.long(0)?, args.long(1)?);
            let function: fn(i64, i64) -> i64 = $function;
            args.longs(|row| Some(function(a.get(row)?, b.get(row)?)))
        }
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p("a", LONG), p("b", LONG)], Returns::Type(Type::Long))],
                $doc,
            ),
            kernel,
            ($call, $answer),
        )
    }};
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    binary!(
        "binary_and",
        |a, b| a & b,
        "The bits that both numbers have.",
        "binary_and(6, 3)",
        "2"
    ),
    binary!("binary_or", |a, b| a | b, "The bits that either number has.", "binary_or(6, 3)", "7"),
    binary!(
        "binary_xor",
        |a, b| a ^ b,
        "The bits that only one of the numbers has.",
        "binary_xor(6, 3)",
        "5"
    ),
    binary!(
        "binary_shift_left",
        shift_left,
        "The bits moved up by a number of places.",
        "binary_shift_left(1, 3)",
        "8"
    ),
    binary!(
        "binary_shift_right",
        shift_right,
        "The bits moved down by a number of places.",
        "binary_shift_right(8, 3)",
        "1"
    ),
    Function::kernel(
        Signature::new(
            "binary_not",
            &[Overload::of(&[p("number", LONG)], Returns::Type(Type::Long))],
            "The bits turned round.",
        ),
        binary_not,
        ("binary_not(1)", "-2"),
    ),
    Function::kernel(
        Signature::new(
            "bitset_count_ones",
            &[Overload::of(&[p("number", LONG)], Returns::Type(Type::Long))],
            "How many bits are set.",
        ),
        count_ones,
        ("bitset_count_ones(42)", "3"),
    ),
];

/// Places count within 64 bits, as in Kusto.
fn places(by: i64) -> u32 {
    u32::try_from(by.rem_euclid(64)).unwrap_or(0)
}

fn shift_left(value: i64, by: i64) -> i64 {
    value.wrapping_shl(places(by))
}

fn shift_right(value: i64, by: i64) -> i64 {
    value.wrapping_shr(places(by))
}

fn binary_not(args: &Args<'_>) -> Result<ArrayRef> {
    let number = args.long(0)?;
    args.longs(|row| number.get(row).map(|number| !number))
}

fn count_ones(args: &Args<'_>) -> Result<ArrayRef> {
    let number = args.long(0)?;
    args.longs(|row| number.get(row).map(|number| i64::from(number.count_ones())))
}
