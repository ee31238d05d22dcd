//! Queries as the commands are given them: lines of `{"id","query"}`, or whole files of KQL. Deliberately absent: what is
//! done with them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::exit::{Exit, Failure};

/// The longest line, and the largest file of KQL: above the parser's own limit, so that it can name its limit.
const QUERY_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A query with its name.
pub(super) struct Query {
    /// What the caller calls it; the path of a file of KQL.
    pub(super) id: Value,
    /// KQL.
    pub(super) text: String,
    /// Whether it is a file of its own, written by a person.
    pub(super) is_file: bool,
}

/// Gives every query of `files`, or of standard input if there are none, to `each`.
///
/// # Errors
/// A file that cannot be read, a line that is no such object, and whatever `each` says.
pub(super) fn each(files: &[PathBuf], mut each: impl FnMut(Query) -> Result<()>) -> Result<()> {
    if files.is_empty() {
        return lines("standard input", std::io::stdin().lock(), &mut each);
    }
    for path in files {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        if is_lines(path) {
            lines(&path.display().to_string(), BufReader::new(file), &mut each)?;
            continue;
        }
        let mut bytes = Vec::new();
        file.take(QUERY_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(path, &error))?;
        let text = text_of(path, bytes)?;
        let id = Value::String(path.display().to_string());
        each(Query { id, text, is_file: true })?;
    }
    Ok(())
}

/// The text of a file of KQL.
pub(super) fn read(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(QUERY_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    text_of(path, bytes)
}

fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String> {
    if bytes.len() as u64 > QUERY_BYTES_MAX {
        let message = format!("{}: is larger than {QUERY_BYTES_MAX} bytes", path.display());
        return Err(Failure::error(Exit::Data, message));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::error(Exit::Data, format!("{}: is not text in UTF-8", path.display()))
    })
}

fn is_lines(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| matches!(extension, "jsonl" | "ndjson"))
}

fn unreadable(path: &Path, error: &std::io::Error) -> anyhow::Error {
    Failure::error(Exit::Io, format!("{}: {error}", path.display()))
}

fn lines(
    name: &str,
    mut input: impl BufRead,
    each: &mut impl FnMut(Query) -> Result<()>,
) -> Result<()> {
    let failed = |line: usize, reason: &str| {
        Failure::error(Exit::Data, format!("{name}: line {line}: {reason}"))
    };
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let mut limited = (&mut input).take(QUERY_BYTES_MAX);
        let read = limited
            .read_until(b'\n', &mut bytes)
            .map_err(|error| Failure::error(Exit::Io, format!("{name}: {error}")))?;
        if read == 0 {
            break;
        }
        if bytes.len() as u64 == QUERY_BYTES_MAX {
            return Err(failed(number, "is too long"));
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let mut row: Value = serde_json::from_slice(&bytes)
            .map_err(|error| failed(number, &format!("is not JSON: {error}")))?;
        let Some(Value::String(text)) = row.get_mut("query").map(Value::take) else {
            return Err(failed(
                number,
                "has no `query`\n  hint: {\"id\": 1, \"query\": \"T | take 5\"}",
            ));
        };
        let id = row.get_mut("id").map_or(Value::Null, Value::take);
        each(Query { id, text, is_file: false })?;
    }
    Ok(())
}
