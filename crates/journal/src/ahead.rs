//! What a reader has dealt with beyond its offset, saved with the offset: stretches of offsets, one behind the other. A
//! reader whose work is done in another order than it is read, as one that sends to two tables, repeats after a crash only
//! what it had not finished. Kept in `meta`, under the reader's name, so that the tables are those of older journals.
//! Deliberately absent: what it means to have dealt with an event.

use std::ops::Range;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::Error;
use crate::block::checksum;
use crate::limits::AHEAD_RANGES_MAX;

/// Writes the stretches of a reader whose offset is `offset`; none removes what was written. A transaction is open.
/// Beyond a limit the later ones are left out: they are repeated after a crash, nothing else.
pub(crate) fn save(
    connection: &Connection,
    reader: &str,
    offset: u64,
    ranges: &[Range<u64>],
) -> rusqlite::Result<()> {
    if ranges.is_empty() {
        return remove(connection, reader);
    }
    let text = encode(offset, ranges);
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?
        .execute(params![key(reader), format!("{text} {}", sum(reader, &text))])
        .map(|_| ())
}

/// Removes what is written of a reader. A transaction is open.
pub(crate) fn remove(connection: &Connection, reader: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("DELETE FROM meta WHERE name = ?1")?;
    statement.execute([key(reader)]).map(|_| ())
}

/// The stretches of a reader whose offset is `offset`, in order.
pub(crate) fn load(
    connection: &Connection,
    path: &Path,
    reader: &str,
    offset: u64,
) -> Result<Vec<Range<u64>>, Error> {
    let written: Option<String> = connection
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([key(reader)], |row| row.get(0)).optional())
        .map_err(Error::storage("read what a reader has done", path))?;
    let Some(written) = written else { return Ok(Vec::new()) };
    let damaged = || Error::Corrupt {
        path: path.to_owned(),
        what: format!("what reader {reader:?} has done does not match its checksum"),
    };
    let (text, stored) = written.rsplit_once(' ').ok_or_else(damaged)?;
    if stored != sum(reader, text) {
        return Err(damaged());
    }
    decode(offset, text).ok_or_else(damaged)
}

fn key(reader: &str) -> String {
    format!("ahead/{reader}")
}

fn sum(reader: &str, text: &str) -> String {
    format!("{:016x}", checksum(format!("{reader}\0{text}").as_bytes()))
}

/// The offset, then for each stretch how far it is from the end of the one before, and how long it is.
fn encode(offset: u64, ranges: &[Range<u64>]) -> String {
    let mut text = offset.to_string();
    let mut end = offset;
    for range in ranges.iter().take(AHEAD_RANGES_MAX) {
        let (gap, length) =
            (range.start.saturating_sub(end), range.end.saturating_sub(range.start));
        text.push_str(&format!(",{gap}+{length}"));
        end = range.end;
    }
    text
}

/// Nothing if the text is not what `encode` writes, no stretches if it belongs to another offset.
fn decode(offset: u64, text: &str) -> Option<Vec<Range<u64>>> {
    let mut parts = text.split(',');
    if parts.next()?.parse::<u64>().ok()? != offset {
        return Some(Vec::new());
    }
    let mut end = offset;
    parts
        .map(|part| {
            let (gap, length) = part.split_once('+')?;
            let start = end.checked_add(gap.parse().ok()?)?;
            end = start.checked_add(length.parse().ok()?)?;
            Some(start..end)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stretches_are_read_as_they_were_written(
            offset in 0_u64..1 << 50, steps in prop::collection::vec((1_u64..1 << 20, 1_u64..1 << 20), 0..40),
        ) {
            let mut end = offset;
            let ranges: Vec<Range<u64>> = steps
                .iter()
                .map(|(gap, length)| {
                    let start = end + gap;
                    end = start + length;
                    start..end
                })
                .collect();
            prop_assert_eq!(decode(offset, &encode(offset, &ranges)), Some(ranges));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[0-9,+ ]{0,40}", offset: u64) {
            decode(offset, &text);
        }
    }

    #[test]
    fn too_many_stretches_are_cut_and_another_offset_has_none() {
        let ranges: Vec<Range<u64>> =
            (1..=AHEAD_RANGES_MAX as u64 + 1).map(|it| it * 2..it * 2 + 1).collect();
        let text = encode(0, &ranges);
        assert_eq!(decode(0, &text).map(|it| it.len()), Some(AHEAD_RANGES_MAX));
        assert_eq!(decode(1, &text), Some(Vec::new()));
        assert_eq!(decode(0, "0,5"), None);
    }
}
