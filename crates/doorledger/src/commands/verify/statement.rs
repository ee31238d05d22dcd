//! Checks a completeness statement against its signature, and its key against the one that is expected.
//! Deliberately absent: whether the statement is true. That is up to the instance that signed it.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use identity::PublicKey;

use super::super::print;
use crate::exit::{Exit, Failure};
use crate::ledger::check_document;

/// The longest statement that is read: a month has 744 hours of a few hundred bytes.
const STATEMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Checks, and tells who signed.
pub(super) fn run(path: &Path, expected: Option<&PublicKey>) -> Result<()> {
    let key = check_document(&read(path)?)?;
    if let Some(expected) = expected
        && *expected != key
    {
        let message = format!("the statement is signed by {key}, not by {expected}");
        return Err(Failure::error(Exit::Findings, message));
    }
    let known = match expected {
        Some(_) => "which is the expected key",
        None => "compare it with the instance's own, or give it with --key",
    };
    print(&format!("the statement is as it was signed\nsigned by {key}, {known}\n"))
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(STATEMENT_BYTES_MAX).read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(path).map_err(|error| {
            Failure::error(Exit::Io, format!("read {}: {error}", path.display()))
        })?;
        file.take(STATEMENT_BYTES_MAX).read_to_string(&mut text)
    };
    read.with_context(|| format!("read {}", path.display()))?;
    Ok(text)
}
