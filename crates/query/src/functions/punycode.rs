//! Names of hosts in the letters that DNS allows. Deliberately absent: checks of what a registry would accept.

use arrow::array::ArrayRef;
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::TEXT;
use super::{Function, p};
use crate::kernel::Args;

/// What stands before an encoded label of a domain.
const PREFIX: &str = "xn--";

macro_rules! function {
    ($name:literal, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p("text", TEXT)], Returns::Type(Type::String))],
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
        "punycode_from_string",
        "The text in Punycode; empty if it cannot be written so.",
        encode,
        ("punycode_from_string('académie')", "acadmie-eya")
    ),
    function!(
        "punycode_to_string",
        "The text that Punycode stands for; empty if it is none.",
        decode,
        ("punycode_to_string('acadmie-eya')", "académie")
    ),
    function!(
        "punycode_domain_from_string",
        "A domain with its encoded labels decoded.",
        decode_domain,
        ("punycode_domain_from_string('xn--acadmie-eya.example')", "académie.example")
    ),
    function!(
        "punycode_domain_to_string",
        "A domain with the labels encoded that are not plain letters; empty if it cannot be written so.",
        encode_domain,
        ("punycode_domain_to_string('académie.example')", "xn--acadmie-eya.example")
    ),
];

fn encode(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        let text = text.get(row);
        out.push_str(&idna::punycode::encode_str(text).unwrap_or_default());
    })
}

fn decode(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        out.push_str(&idna::punycode::decode_to_string(text.get(row)).unwrap_or_default());
    })
}

fn decode_domain(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        for (at, label) in text.get(row).split('.').enumerate() {
            if at > 0 {
                out.push('.');
            }
            let decoded = label.strip_prefix(PREFIX).and_then(idna::punycode::decode_to_string);
            out.push_str(decoded.as_deref().unwrap_or(label));
        }
    })
}

/// The full stops that the standard takes for a dot.
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

fn encode_domain(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        for (at, label) in text.get(row).split(DOTS).enumerate() {
            if at > 0 {
                out.push('.');
            }
            if label.is_ascii() {
                out.push_str(label);
                continue;
            }
            let Some(encoded) = idna::punycode::encode_str(label) else {
                out.clear();
                return;
            };
            out.push_str(PREFIX);
            out.push_str(&encoded);
        }
    })
}
