//! Encodings of text: Base64 and percent signs. Deliberately absent: compression, and hashes (`hashing`).

use arrow::array::ArrayRef;
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use datafusion::common::Result;
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::TEXT;
use super::{Function, convert, p};
use crate::dynamic;
use crate::kernel::Args;

/// Base64 as logs carry it: padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

macro_rules! function {
    ($name:literal, $param:literal, $ty:ident, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new(
                $name,
                &[Overload::of(&[p($param, TEXT)], Returns::Type(Type::$ty))],
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
        "base64_encode_tostring",
        "text",
        String,
        "The text's UTF-8 bytes in Base64.",
        encode,
        ("base64_encode_tostring('Kusto')", "S3VzdG8=")
    ),
    function!(
        "base64_decode_tostring",
        "base64",
        String,
        "The text whose UTF-8 bytes are given in Base64; empty if they are none.",
        decode,
        ("base64_decode_tostring('S3VzdG8=')", "Kusto")
    ),
    function!(
        "base64_decode_toarray",
        "base64",
        Dynamic,
        "The bytes given in Base64, as an array of numbers.",
        decode_array,
        ("tostring(base64_decode_toarray('S3U='))", "[75,117]")
    ),
    function!(
        "base64_decode_toguid",
        "base64",
        Guid,
        "The guid whose bytes are given in Base64.",
        decode_guid,
        (
            "base64_decode_toguid('JpbpECu8dUy7Pv5gbeJXAA==')",
            "10e99626-bc2b-4c75-bb3e-fe606de25700"
        )
    ),
    function!(
        "url_encode",
        "text",
        String,
        "The text with everything percent-encoded that has a meaning in addresses; a blank becomes `+`.",
        url_encode,
        ("url_encode('a b&c')", "a+b%26c")
    ),
    function!(
        "url_encode_component",
        "text",
        String,
        "The text with everything percent-encoded that has a meaning in addresses; a blank becomes `%20`.",
        url_encode_component,
        ("url_encode_component('a b&c')", "a%20b%26c")
    ),
    function!(
        "url_decode",
        "address",
        String,
        "The text with percent-encoded characters decoded.",
        url_decode,
        ("url_decode('a%20b%26c')", "a b&c")
    ),
    Function::kernel(
        Signature::new(
            "base64_encode_fromguid",
            &[Overload::of(
                &[p("guid", kql::signature::ParamKind::Exactly(Type::Guid))],
                Returns::Type(Type::String),
            )],
            "The guid's bytes in Base64.",
        ),
        encode_guid,
        (
            "base64_encode_fromguid(toguid('10e99626-bc2b-4c75-bb3e-fe606de25700'))",
            "JpbpECu8dUy7Pv5gbeJXAA==",
        ),
    ),
    Function::kernel(
        Signature::new(
            "base64_encode_fromarray",
            &[Overload::of(&[p("bytes", super::kinds::JSON)], Returns::Type(Type::String))],
            "An array of bytes in Base64.",
        ),
        encode_array,
        ("base64_encode_fromarray(dynamic([75, 117]))", "S3U="),
    ),
];

fn encode(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| BASE64.encode_string(text.get(row), out))
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.trim()).ok()
}

fn decode(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        if let Some(text) = bytes(text.get(row)).and_then(|bytes| String::from_utf8(bytes).ok()) {
            out.push_str(&text);
        }
    })
}

fn decode_array(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        let Some(bytes) = bytes(text.get(row)) else { return false };
        let numbers: Vec<String> = bytes.iter().map(ToString::to_string).collect();
        out.push('[');
        out.push_str(&numbers.join(","));
        out.push(']');
        true
    })
}

/// The first three groups of a guid are stored with their lowest byte first.
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

fn decode_guid(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.texts(|row, out| {
        let Some(bytes) = bytes(text.get(row)).filter(|bytes| bytes.len() == 16) else {
            return false;
        };
        let digits: String = GUID_ORDER
            .iter()
            .filter_map(|at| bytes.get(*at))
            .map(|byte| format!("{byte:02x}"))
            .collect();
        convert::write_guid(&digits, out)
    })
}

fn encode_guid(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        let digits: Vec<u8> = text
            .get(row)
            .bytes()
            .filter_map(|byte| char::from(byte).to_digit(16))
            .filter_map(|digit| u8::try_from(digit).ok())
            .collect();
        let bytes: Vec<u8> =
            digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect();
        if bytes.len() == 16 {
            let ordered: Vec<u8> =
                GUID_ORDER.iter().filter_map(|at| bytes.get(*at)).copied().collect();
            BASE64.encode_string(ordered, out);
        }
    })
}

fn encode_array(args: &Args<'_>) -> Result<ArrayRef> {
    let json = args.text(0)?;
    args.strings(|row, out| {
        let elements = json.opt(row).and_then(dynamic::elements).unwrap_or_default();
        let bytes: Option<Vec<u8>> =
            elements.iter().map(|element| u8::try_from(dynamic::to_long(element)?).ok()).collect();
        if let Some(bytes) = bytes {
            BASE64.encode_string(bytes, out);
        }
    })
}

fn url_encode(args: &Args<'_>) -> Result<ArrayRef> {
    encoded(args, "+")
}

fn url_encode_component(args: &Args<'_>) -> Result<ArrayRef> {
    encoded(args, "%20")
}

fn encoded(args: &Args<'_>, blank: &str) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        for byte in text.get(row).bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    out.push(char::from(byte));
                }
                b' ' => out.push_str(blank),
                _ => out.push_str(&format!("%{byte:02x}")),
            }
        }
    })
}

/// A text with percent signs decoded; sequences that are none stay as they are.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code =
            tail.split_first_chunk::<2>().filter(|_| *first == b'%').and_then(|(digits, after)| {
                let digits = std::str::from_utf8(digits).ok()?;
                Some((u8::from_str_radix(digits, 16).ok()?, after))
            });
        match code {
            Some((byte, after)) => {
                bytes.push(byte);
                rest = after;
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn url_decode(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| out.push_str(&percent_decoded(text.get(row))))
}
