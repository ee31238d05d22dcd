//! Compression of texts into base64. Every answer has a limit, so that a small text cannot become a large one without end.
//!
//! Deliberately absent: compression of files and of what comes over the network.

use std::io::{Read, Write};

use arrow::array::ArrayRef;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use datafusion::common::Result;
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use kql::signature::{Overload, Returns, Signature};
use kql::types::Type;

use super::kinds::TEXT;
use super::{Function, p};
use crate::kernel::Args;

/// The largest text that comes out of decompression, in bytes; what would be larger is empty. Kusto's own limit for a value.
const DECOMPRESSED_BYTES_MAX: u64 = 1 << 20;

/// Up to so many bytes a text is stored as it is within the compressed form: a table of codes would take more room.
const STORED_BYTES_MAX: usize = 64;

macro_rules! function {
    ($name:literal, $param:expr, $doc:literal, $kernel:ident, $example:expr) => {
        Function::kernel(
            Signature::new($name, &[Overload::of(&[$param], Returns::Type(Type::String))], $doc),
            $kernel,
            $example,
        )
    };
}

/// The functions of this group.
pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "gzip_compress_to_base64_string",
        p("text", TEXT),
        "The text compressed by gzip, in base64.",
        gzip,
        ("gzip_compress_to_base64_string('abc')", "H4sIAAAAAAAA/wEDAPz/YWJjwkEkNQMAAAA=")
    ),
    function!(
        "gzip_decompress_from_base64_string",
        p("text", TEXT),
        "The text that was compressed by gzip and written in base64; empty if it is none.",
        gunzip,
        ("gzip_decompress_from_base64_string('H4sIAAAAAAAA/wEDAPz/YWJjwkEkNQMAAAA=')", "abc")
    ),
    function!(
        "zlib_compress_to_base64_string",
        p("text", TEXT),
        "The text compressed by zlib, in base64.",
        deflate,
        ("zlib_compress_to_base64_string('abc')", "eJwBAwD8/2FiYwJNASc=")
    ),
    function!(
        "zlib_decompress_from_base64_string",
        p("text", TEXT),
        "The text that was compressed by zlib and written in base64; empty if it is none.",
        inflate,
        ("zlib_decompress_from_base64_string('eJwBAwD8/2FiYwJNASc=')", "abc")
    ),
];

fn level(text: &str) -> Compression {
    if text.len() <= STORED_BYTES_MAX { Compression::none() } else { Compression::default() }
}

fn compressed(
    args: &Args<'_>,
    compress: impl Fn(&str) -> std::io::Result<Vec<u8>>,
) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        let text = text.get(row);
        // Writing into memory does not fail.
        if !text.is_empty()
            && let Ok(bytes) = compress(text)
        {
            BASE64.encode_string(bytes, out);
        }
    })
}

fn gzip(args: &Args<'_>) -> Result<ArrayRef> {
    compressed(args, |text| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        if text.len() <= STORED_BYTES_MAX {
            return Ok(stored_gzip(text));
        }
        encoder.write_all(text.as_bytes())?;
        encoder.finish()
    })
}

/// A gzip file with one block that is stored as it is.
fn stored_gzip(text: &str) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1];
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&crc.amount().to_le_bytes());
    out
}

fn deflate(args: &Args<'_>) -> Result<ArrayRef> {
    compressed(args, |text| {
        let mut encoder = ZlibEncoder::new(Vec::new(), level(text));
        encoder.write_all(text.as_bytes())?;
        let mut bytes = encoder.finish()?;
        // The header names the default level in either case.
        if let Some(flags) = bytes.get_mut(1) {
            *flags = 0x9c;
        }
        Ok(bytes)
    })
}

fn decompressed<R: Read>(
    args: &Args<'_>,
    open: impl Fn(std::io::Cursor<Vec<u8>>) -> R,
) -> Result<ArrayRef> {
    let text = args.text(0)?;
    args.strings(|row, out| {
        let Ok(bytes) = BASE64.decode(text.get(row)) else { return };
        let mut reader = open(std::io::Cursor::new(bytes)).take(DECOMPRESSED_BYTES_MAX + 1);
        let read = reader.read_to_string(out);
        // What is cut in the middle is no text, nor is what is too large.
        if !read.is_ok_and(|length| length as u64 <= DECOMPRESSED_BYTES_MAX) {
            out.clear();
        }
    })
}

fn gunzip(args: &Args<'_>) -> Result<ArrayRef> {
    decompressed(args, GzDecoder::new)
}

fn inflate(args: &Args<'_>) -> Result<ArrayRef> {
    decompressed(args, ZlibDecoder::new)
}
