//! Small files become good ones: which to merge, and the merging, in steps of bounded work and memory.
//! Deliberately absent: when it runs (`maintain`).

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use jiff::Timestamp;

use crate::change::Change;
use crate::digest::EventSum;
use crate::encode::{Care, Encoded, Encoder, by_day, day_of};
use crate::files::DataFile;
use crate::limits::{
    COMPACT_FILE_BYTES, COMPACT_FILES_MAX, COMPACT_FILES_MIN, COMPACT_GATHER_BYTES_MAX,
    COMPACT_GATHER_ROWS_MAX, COMPACT_QUIET, ENCODE_ROWS,
};
use crate::reading::read_whole;
use crate::record::Deed;
use crate::table::Table;
use crate::tail::conform;
use crate::{Error, Result};

/// Merges some small files of one day of `table` into one. Says how many; 0 if there is nothing to do.
pub(crate) async fn step(table: &Table, now: Timestamp) -> Result<usize> {
    let (files, quiet) = {
        let view = table.view();
        let quiet = view
            .last_rows
            .is_none_or(|last| now.duration_since(last).unsigned_abs() >= COMPACT_QUIET);
        (view.files.clone(), quiet)
    };
    let today = day_of(now.as_microsecond());
    let Some(inputs) = plan(&files.ordered, |day| quiet && day < today) else { return Ok(0) };
    let (inputs, encoded) = merge(table, &inputs).await?;
    let output = table.write(inputs[0].day, encoded).await?;
    let change = Change {
        deed: Deed::Compact,
        added: std::slice::from_ref(&output),
        removed: &inputs,
        attested: None,
        reason: None,
        now,
    };
    // If it fails in a way that leaves open whether the commit was made, the file stays: the vacuum will know.
    if table.replace(&change).await? {
        metrics::counter!("lake_compacted_files_total").increment(inputs.len() as u64);
        return Ok(inputs.len());
    }
    // Another node merged the same files, or their days are over.
    table.discard(&[output]).await;
    Ok(0)
}

/// Which files to merge next: of one day, in the order of their times. `closed` tells whether a day is over, so that
/// all its small files are merged; the files of a day that still grows are merged by size, so that no row is copied
/// more often than the logarithm of the day's size.
pub(crate) fn plan(
    files: &[Arc<DataFile>],
    closed: impl Fn(i32) -> bool,
) -> Option<Vec<Arc<DataFile>>> {
    let small = |file: &&Arc<DataFile>| file.bytes < COMPACT_FILE_BYTES / 2;
    for of_day in files.chunk_by(|a, b| a.day == b.day) {
        let mut candidates: Vec<Arc<DataFile>> = of_day.iter().filter(small).cloned().collect();
        candidates.sort_by_key(|file| file.stats.time);
        if closed(of_day[0].day) {
            let batch = fitting(&candidates);
            if batch.len() > 1 {
                return Some(batch);
            }
            continue;
        }
        for level in 0..=SIZE_LEVELS {
            let alike: Vec<Arc<DataFile>> =
                candidates.iter().filter(|file| size_level(file.bytes) == level).cloned().collect();
            let batch = fitting(&alike);
            if batch.len() >= COMPACT_FILES_MIN {
                return Some(batch);
            }
        }
    }
    None
}

const SIZE_LEVELS: u32 = 8;

/// 0 below 32 KiB, and one more for each eightfold.
fn size_level(bytes: u64) -> u32 {
    (bytes / (32 * 1024)).checked_ilog2().map_or(0, |log| log / 3 + 1).min(SIZE_LEVELS)
}

/// The first files that together make about one good file.
fn fitting(files: &[Arc<DataFile>]) -> Vec<Arc<DataFile>> {
    let mut bytes = 0;
    files
        .iter()
        .take(COMPACT_FILES_MAX)
        .take_while(|file| {
            bytes += file.bytes;
            bytes <= COMPACT_FILE_BYTES
        })
        .cloned()
        .collect()
}

/// The rows of `inputs` as one file, and the inputs with what proves the content that was read.
async fn merge(table: &Table, inputs: &[Arc<DataFile>]) -> Result<(Vec<Arc<DataFile>>, Encoded)> {
    let schema = table.schema();
    let bytes: u64 = inputs.iter().map(|input| input.bytes).sum();
    let care = if bytes > COMPACT_FILE_BYTES / 2 { Care::Settled } else { Care::Compacted };
    let mut gathered = Gathered {
        table: &table.name,
        day: inputs[0].day,
        batches: Vec::new(),
        rows: 0,
        bytes: 0,
        encoder: Encoder::new(schema.clone(), care).map_err(Error::encode(&table.name))?,
    };
    let mut read = Vec::new();
    let mut events = EventSum::default();
    for input in inputs {
        let mut rows = read_whole(table, input, ENCODE_ROWS).await?;
        while let Some(batch) = rows.next()? {
            check_types(table, input, &batch, &schema)?;
            gathered.push(conform(&batch, &schema).map_err(Error::encode(&table.name))?)?;
        }
        let proof = rows.proof();
        events.add(proof.events);
        read.push(Arc::new(DataFile { proof: Some(proof), ..input.as_ref().clone() }));
    }
    let encoded = gathered.finish()?;
    let expected: u64 = inputs.iter().map(|input| input.stats.rows).sum();
    if encoded.stats.rows != expected {
        let reason = format!(
            "its log counts {expected} rows in {} files that hold {}",
            inputs.len(),
            encoded.stats.rows
        );
        return Err(Error::ForeignTable { table: table.name.clone(), reason });
    }
    if encoded.proof.events != events {
        return Err(Error::Uneven { table: table.name.clone(), files: inputs.len() });
    }
    Ok((read, encoded))
}

/// Rows that are sorted and handed to the encoder together.
struct Gathered<'a> {
    table: &'a str,
    day: i32,
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    encoder: Encoder,
}

impl Gathered<'_> {
    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        self.batches.push(batch);
        if self.rows >= COMPACT_GATHER_ROWS_MAX || self.bytes >= COMPACT_GATHER_BYTES_MAX {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        let batches = std::mem::take(&mut self.batches);
        for day in by_day(&batches).map_err(Error::encode(self.table))? {
            if day.day != self.day {
                let reason = "a file holds rows of another day than its folder".to_owned();
                return Err(Error::ForeignTable { table: self.table.to_owned(), reason });
            }
            self.encoder.write(&batches, &day.rows).map_err(Error::encode(self.table))?;
        }
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    fn finish(mut self) -> Result<Encoded> {
        self.write()?;
        self.encoder.finish().map_err(Error::encode(self.table))
    }
}

/// Refuses to merge a file of another program whose columns have other types: values would be lost.
fn check_types(
    table: &Table,
    file: &DataFile,
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<()> {
    let batch_schema = batch.schema();
    let odd = batch_schema.fields().iter().find(|field| {
        !schema
            .field_with_name(field.name())
            .is_ok_and(|known| known.data_type() == field.data_type())
    });
    match odd {
        None => Ok(()),
        Some(field) => Err(Error::ForeignTable {
            table: table.name.clone(),
            reason: format!("column `{}` of `{}` has another type", field.name(), file.path),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::FileStats;

    const KIB: u64 = 1024;

    fn files(sizes: &[(i32, u64)]) -> Vec<Arc<DataFile>> {
        let file = |(number, (day, kib)): (i64, &(i32, u64))| {
            Arc::new(DataFile {
                path: number.to_string(),
                bytes: kib * KIB,
                day: *day,
                stats: FileStats { time: Some((-number, 0)), ..FileStats::default() },
                proof: None,
            })
        };
        (0..).zip(sizes).map(file).collect()
    }

    #[track_caller]
    fn check(sizes: &[(i32, u64)], closed: bool, expected: Option<&[&str]>) {
        let planned = plan(&files(sizes), |_| closed);
        let paths = planned.map(|f| f.iter().map(|f| f.path.clone()).collect::<Vec<_>>());
        assert_eq!(paths, expected.map(|e| e.iter().map(|p| (*p).to_owned()).collect()));
    }

    #[test]
    fn a_growing_day_waits_for_enough_files_of_one_size() {
        check(&[(1, 10); 7], false, None);
        check(&[(1, 10); 8], false, Some(&["7", "6", "5", "4", "3", "2", "1", "0"]));
        let mixed: Vec<_> = [(1, 2000); 7].into_iter().chain([(1, 10); 7]).collect();
        check(&mixed, false, None);
    }

    #[test]
    fn a_closed_day_is_merged_as_soon_as_there_are_two() {
        check(&[(1, 10)], true, None);
        check(&[(2, 10), (1, 10), (1, 700)], true, Some(&["2", "1"]));
        check(&[(1, 20 * KIB), (1, 10)], true, None);
    }

    #[test]
    fn a_step_is_bounded() {
        let many = vec![(1, 1); 500];
        assert_eq!(plan(&files(&many), |_| true).unwrap().len(), COMPACT_FILES_MAX);
        let large = vec![(1, 11 * KIB); 10];
        assert_eq!(plan(&files(&large), |_| true).unwrap().len(), 2);
    }
}
