//! Hashes of values by their text form, and ids. Deliberately absent: hashes that are broken and that no content asks for.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;
use sha2::{Digest, Sha256};

use super::cells::Cells;
use super::kinds::ANY;
use super::{Function, p};
use crate::kernel::Args;

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[Function::kernel(
    Signature::new(
        "hash_sha256",
        &[Overload::of(&[p("value", ANY)], Returns::Type(Type::String))],
        "The SHA-256 hash of the value's text, in hexadecimal digits; empty for the empty text.",
    ),
    sha256,
    ("hash_sha256('World')", "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524"),
)];

fn sha256(args: &Args<'_>) -> Result<ArrayRef> {
    let cells = Cells::of(args, 0)?;
    args.strings(|row, out| {
        let mut text = String::new();
        cells.text(row, &mut text);
        if !text.is_empty() {
            Sha256::digest(text.as_bytes())
                .iter()
                .for_each(|byte| out.push_str(&format!("{byte:02x}")));
        }
    })
}
