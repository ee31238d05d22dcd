//! What one log entry does to the list of data files, read from its own text and not by the Delta library: the check
//! must not believe what it checks.
//! Deliberately absent: the record (`crate::record`).

use percent::decoded;
use serde_json::Value;

/// The files that an entry adds and removes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    pub(super) added: Vec<Added>,
    pub(super) removed: Vec<String>,
}

/// A file that an entry adds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) path: String,
    pub(super) bytes: u64,
    /// Rows, if its statistics tell.
    pub(super) rows: Option<u64>,
}

impl Moves {
    /// Those of the entry `text`; why not, as a lowercase fragment.
    pub(super) fn of(text: &[u8]) -> Result<Self, String> {
        let mut moves = Self::default();
        for (number, line) in (1_u64..).zip(text.split(|byte| *byte == b'\n')) {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let action: Value = serde_json::from_slice(line)
                .map_err(|error| format!("line {number} is not JSON: {error}"))?;
            if let Some(path) = action["add"]["path"].as_str() {
                let stats = action["add"]["stats"].as_str().unwrap_or_default();
                let stats: Value = serde_json::from_str(stats).unwrap_or_default();
                moves.added.push(Added {
                    path: decoded(path),
                    bytes: action["add"]["size"].as_u64().unwrap_or(0),
                    rows: stats["numRecords"].as_u64(),
                });
            }
            if let Some(path) = action["remove"]["path"].as_str() {
                moves.removed.push(decoded(path));
            }
        }
        if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(moves) }
    }
}

/// Delta writes paths as URLs.
mod percent {
    /// The path that `%20` and the like stand for.
    pub(super) fn decoded(path: &str) -> String {
        let mut bytes = Vec::with_capacity(path.len());
        let mut rest = path.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
            let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            match byte {
                Some(byte) if *first == b'%' => {
                    bytes.push(byte);
                    rest = after.get(2..).unwrap_or_default();
                }
                _ => {
                    bytes.push(*first);
                    rest = after;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_and_go_by_their_real_names() {
        let text = br#"{"commitInfo":{}}
{"add":{"path":"a%20b/c.parquet","size":9,"stats":"{\"numRecords\":4}"}}
{"remove":{"path":"100%.parquet"}}
"#;
        let moves = Moves::of(text).unwrap();
        let expected = Added { path: "a b/c.parquet".to_owned(), bytes: 9, rows: Some(4) };
        assert_eq!(
            moves,
            Moves { added: vec![expected], removed: vec!["100%.parquet".to_owned()] }
        );
        assert!(Moves::of(b"").unwrap_err().contains("empty"));
        assert!(Moves::of(b"{}\n{\"add\":").unwrap_err().contains("line 2"));
    }
}
