//! Hashes of values. `hash` and its kin take the bytes that hold a value, the cryptographic ones its text, as Kusto does.
//!
//! Deliberately absent: compression and base64 (`encoding`, `compression`). `hash_combine` mixes by a formula of its own:
//! Kusto does not document its one and warns against keeping such hashes.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, ParamKind, Returns, Signature};
use kql::types::Type;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use twox_hash::XxHash64;

use super::cells::Cells;
use super::kinds::{ANY, LONG};
use super::{Function, p};
use crate::kernel::Args;

macro_rules! function {
    ($name:literal, [$($param:expr),*], $optional:literal, $ty:ident, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new($name, &[Overload::of(&[$($param),*], Returns::Type(Type::$ty)).optional($optional)], $doc),
            $kernel,
            $example,
        )
    };
}

macro_rules! combining {
    ($name:literal, $param:expr, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[$param], Returns::Type(Type::Long)).repeating(&[$param], 1)],
                $doc,
            ),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "hash_sha256",
        [p("value", ANY)],
        0,
        String,
        "The SHA-256 hash of the value's text, in hexadecimal digits; empty for the empty text.",
        sha256,
        (
            "hash_sha256('World')",
            "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524"
        )
    ),
    function!(
        "hash_sha1",
        [p("value", ANY)],
        0,
        String,
        "The SHA-1 hash of the value's text, in hexadecimal digits; empty for the empty text.",
        sha1,
        ("hash_sha1('World')", "70c07ec18ef89c5309bbb0937f3a6342411e1fdd")
    ),
    function!(
        "hash_md5",
        [p("value", ANY)],
        0,
        String,
        "The MD5 hash of the value's text, in hexadecimal digits; empty for the empty text.",
        md5,
        ("hash_md5('World')", "f5a7924e621e84c9280a9a27e1bcb7f6")
    ),
    function!(
        "hash_xxhash64",
        [p("value", ParamKind::NotDynamic), p("mod", LONG)],
        1,
        Long,
        "The xxHash64 of the value; with a second argument its remainder by that, from 0 on.",
        xxhash64,
        ("hash_xxhash64('World', 100)", "51")
    ),
    function!(
        "hash",
        [p("value", ParamKind::NotDynamic), p("mod", LONG)],
        1,
        Long,
        "A hash of the value (xxHash64); with a second argument its remainder by that, from 0 on.",
        xxhash64,
        ("hash('World')", "1846988464401551951")
    ),
    function!(
        "__hash_xxh64",
        [p("value", ParamKind::NotDynamic), p("mod", LONG), p("seed", LONG)],
        2,
        Long,
        "The xxHash64 of the value with a seed.",
        seeded,
        ("__hash_xxh64('World', 100, 0)", "51")
    ),
    function!(
        "__hash_djb2",
        [p("value", ParamKind::NotDynamic), p("mod", LONG)],
        1,
        Long,
        "The djb2 hash of the value's text.",
        djb2,
        ("__hash_djb2('a')", "177670")
    ),
    function!(
        "__hash_crc32",
        [p("value", ParamKind::NotDynamic), p("mod", LONG), p("seed", LONG)],
        2,
        Long,
        "The CRC-32 of the value's text.",
        crc32,
        ("__hash_crc32('123456789')", "3421780262")
    ),
    combining!(
        "hash_many",
        p("value", ANY),
        "One hash of several values.",
        hash_many,
        ("hash_many('a', 'b') == hash_combine(hash('a'), hash('b'))", "True")
    ),
    combining!(
        "__hash_many_crc32",
        p("value", ANY),
        "The CRC-32 of the texts of several values.",
        many_crc32,
        ("__hash_many_crc32('12345', '6789')", "3421780262")
    ),
    combining!(
        "hash_combine",
        p("hash", LONG),
        "One hash out of several.",
        hash_combine,
        ("hash_combine(1, 2) == hash_combine(2, 1)", "False")
    ),
];

fn digest<D: Digest>(args: &Args<'_>) -> Result<ArrayRef> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let cells = Cells::of(args, 0)?;
    let mut text = String::new();
    args.strings(|row, out| {
        text.clear();
        cells.text(row, &mut text);
        if text.is_empty() {
            return;
        }
        for byte in D::digest(text.as_bytes()).iter() {
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from(DIGITS[usize::from(digit)]));
            }
        }
    })
}

fn sha256(args: &Args<'_>) -> Result<ArrayRef> {
    digest::<Sha256>(args)
}

fn sha1(args: &Args<'_>) -> Result<ArrayRef> {
    digest::<Sha1>(args)
}

fn md5(args: &Args<'_>) -> Result<ArrayRef> {
    digest::<Md5>(args)
}

/// The hash (or its remainder) as a long. The bits of a hash count as a number without sign when it is divided.
const fn reduced(hash: u64, divisor: Option<i64>) -> Option<i64> {
    match divisor {
        None => Some(hash.cast_signed()),
        Some(divisor) if divisor > 0 => Some((hash % divisor.cast_unsigned()).cast_signed()),
        Some(_) => None,
    }
}

/// What the divisor in argument `at` is, row by row; `None` outside where there is no such argument.
fn hashed(
    args: &Args<'_>,
    divisor: usize,
    mut hash: impl FnMut(&[u8], usize) -> u64,
) -> Result<ArrayRef> {
    let cells = Cells::of(args, 0)?;
    let divisor = if args.len() > divisor { Some(args.long(divisor)?) } else { None };
    let mut bytes = Vec::new();
    args.longs(|row| {
        bytes.clear();
        cells.bytes(row, &mut bytes);
        match divisor {
            Some(divisor) => reduced(hash(&bytes, row), Some(divisor.get(row)?)),
            None => reduced(hash(&bytes, row), None),
        }
    })
}

fn xxhash64(args: &Args<'_>) -> Result<ArrayRef> {
    hashed(args, 1, |bytes, _| XxHash64::oneshot(0, bytes))
}

fn seeded(args: &Args<'_>) -> Result<ArrayRef> {
    let seed = if args.len() > 2 { Some(args.long(2)?) } else { None };
    hashed(args, 1, |bytes, row| {
        let seed = seed.and_then(|seed| seed.get(row)).unwrap_or(0);
        XxHash64::oneshot(seed.cast_unsigned(), bytes)
    })
}

fn djb2(args: &Args<'_>) -> Result<ArrayRef> {
    hashed(args, 1, |bytes, _| {
        let fold = |hash: u64, byte: &u8| hash.wrapping_mul(33).wrapping_add(u64::from(*byte));
        bytes.iter().fold(5381, fold)
    })
}

fn crc32(args: &Args<'_>) -> Result<ArrayRef> {
    hashed(args, 1, |bytes, _| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        u64::from(crc.sum())
    })
}

fn many_crc32(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = (0..args.len()).map(|at| Cells::of(args, at)).collect::<Result<Vec<_>>>()?;
    let mut bytes = Vec::new();
    args.longs(|row| {
        bytes.clear();
        cells.iter().for_each(|cells| cells.bytes(row, &mut bytes));
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        Some(i64::from(crc.sum()))
    })
}

/// Two hashes as one: xxHash64 of both, so that order counts and no bits are lost.
fn combined(first: i64, second: i64) -> i64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&first.to_le_bytes());
    bytes[8..].copy_from_slice(&second.to_le_bytes());
    XxHash64::oneshot(0, &bytes).cast_signed()
}

fn hash_combine(args: &Args<'_>) -> Result<ArrayRef> {
    let hashes = (0..args.len()).map(|at| args.long(at)).collect::<Result<Vec<_>>>()?;
    args.longs(|row| {
        let mut all = hashes.iter().map(|hash| hash.get(row));
        let first = all.next().flatten()?;
        all.try_fold(first, |whole, hash| Some(combined(whole, hash?)))
    })
}

fn hash_many(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = (0..args.len()).map(|at| Cells::of(args, at)).collect::<Result<Vec<_>>>()?;
    let mut bytes = Vec::new();
    args.longs(|row| {
        let mut all = cells.iter().map(|cells| {
            bytes.clear();
            cells.bytes(row, &mut bytes);
            XxHash64::oneshot(0, &bytes).cast_signed()
        });
        let first = all.next()?;
        Some(all.fold(first, combined))
    })
}
