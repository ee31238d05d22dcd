//! Rows into Parquet files: grouped by day, sorted by time, encoded into memory, with what the Delta log is to know of
//! them. Fresh files are made cheaply, since they will be read a few times and then compacted; compacted ones well.
//! Deliberately absent: writing the bytes anywhere.

use std::io;

use arrow::array::{AsArray, PrimitiveArray, RecordBatch};
use arrow::compute::{interleave_record_batch, max, min};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use jiff::Timestamp;
use jiff::civil::Date;
use model::ColumnType;
use object_store::{PutPayload, PutPayloadMut};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use serde_json::{Map, Value, json};

use crate::digest::{Digest, EventSum, Proof};
use crate::layout::{
    ADDITIONAL_FIELDS, EVENT_ID, INGESTION_TIME, OFFSET, RAW_EVENT, TIME_GENERATED, TIME_RECEIVED,
    kusto_type,
};
use crate::limits::{
    COMPACT_ROW_GROUP_ROWS, COMPACT_ZSTD_LEVEL, ENCODE_ROWS, FRESH_ROW_GROUP_ROWS,
    SETTLED_ZSTD_LEVEL, STATISTICS_BYTES,
};

/// How much care a file deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// Written by a flush: as little CPU time as possible.
    Fresh,
    /// Written by compaction, to be merged again: small, with a filter over the event ids.
    Compacted,
    /// Written by compaction and good as it is, for years: smaller still, and faster to read.
    Settled,
}

/// A position among several batches: which batch, which row.
pub(crate) type RowAt = (usize, usize);

/// The rows of one day, in the order in which they are stored.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// Days since 1970-01-01.
    pub(crate) day: i32,
    /// Ascending by time; rows of the same time stay in their order.
    pub(crate) rows: Vec<RowAt>,
}

/// The day (UTC) of a moment, in days since 1970-01-01.
pub(crate) fn day_of(microseconds: i64) -> i32 {
    const DAY_MICROSECONDS: i64 = 86_400_000_000;
    i32::try_from(microseconds.div_euclid(DAY_MICROSECONDS)).unwrap_or(0)
}

/// A day as Delta writes it into partition values: `2026-02-28`.
pub(crate) fn day_text(day: i32) -> String {
    let date = Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(day));
    date.unwrap_or(Date::ZERO).to_string()
}

/// The day that a partition value tells.
pub(crate) fn day_from_text(text: &str) -> Option<i32> {
    let date: Date = text.parse().ok()?;
    let span = date.since(Date::constant(1970, 1, 1)).ok()?;
    Some(span.get_days())
}

/// Sorts rows into days, and by time within a day.
pub(crate) fn by_day(batches: &[RecordBatch]) -> Result<Vec<Day>, ArrowError> {
    let mut order: Vec<(i64, RowAt)> = Vec::new();
    for (at, batch) in batches.iter().enumerate() {
        let times = times(batch, TIME_GENERATED)?;
        order.extend(times.values().iter().enumerate().map(|(row, time)| (*time, (at, row))));
    }
    // Events mostly arrive in order: then nothing is left to do.
    if !order.is_sorted_by_key(|(time, _)| *time) {
        order.sort_by_key(|(time, _)| *time);
    }
    let mut days: Vec<Day> = Vec::new();
    for (time, row) in order {
        let day = day_of(time);
        match days.last_mut() {
            Some(last) if last.day == day => last.rows.push(row),
            _ => days.push(Day { day, rows: vec![row] }),
        }
    }
    Ok(days)
}

/// What the Delta log is told of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FileStats {
    /// Rows.
    pub(crate) rows: u64,
    /// Least and greatest `TimeGenerated`, in microseconds since 1970.
    pub(crate) time: Option<(i64, i64)>,
    /// Least and greatest `_TimeReceived`.
    pub(crate) received: Option<(i64, i64)>,
    /// Least and greatest `_IngestionTime`.
    pub(crate) ingested: Option<(i64, i64)>,
    /// Least and greatest `_Offset`.
    pub(crate) offset: Option<(i64, i64)>,
}

impl FileStats {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.rows += batch.num_rows() as u64;
        widen(&mut self.time, range(times(batch, TIME_GENERATED)?));
        widen(&mut self.received, range(times(batch, TIME_RECEIVED)?));
        widen(&mut self.ingested, range(times(batch, INGESTION_TIME)?));
        widen(&mut self.offset, range(primitive::<Int64Type>(batch, OFFSET)?));
        Ok(())
    }

    /// As the `stats` of an `add` action.
    pub(crate) fn to_json(self) -> String {
        let time = |value: i64| match Timestamp::from_microsecond(value) {
            Ok(time) => Value::from(time.to_string()),
            Err(_) => Value::Null,
        };
        let (mut least, mut greatest, mut nulls) = (Map::new(), Map::new(), Map::new());
        for (name, range) in [
            (TIME_GENERATED, self.time),
            (TIME_RECEIVED, self.received),
            (INGESTION_TIME, self.ingested),
        ] {
            if let Some((min, max)) = range {
                least.insert(name.to_owned(), time(min));
                greatest.insert(name.to_owned(), time(max));
                nulls.insert(name.to_owned(), Value::from(0));
            }
        }
        if let Some((min, max)) = self.offset {
            least.insert(OFFSET.to_owned(), Value::from(min));
            greatest.insert(OFFSET.to_owned(), Value::from(max));
            nulls.insert(OFFSET.to_owned(), Value::from(0));
        }
        json!({"numRecords": self.rows, "minValues": least, "maxValues": greatest, "nullCount": nulls})
            .to_string()
    }

    /// Reads the `stats` of an `add` action, of whatever program.
    pub(crate) fn from_json(text: &str) -> Self {
        let Ok(stats) = serde_json::from_str::<Value>(text) else { return Self::default() };
        // Other writers cut times to milliseconds: a greatest value may then be up to 999 µs too small.
        let time = |name: &str| {
            let read = |side: &str| stats[side][name].as_str()?.parse::<Timestamp>().ok();
            let (least, greatest) = (read("minValues")?, read("maxValues")?);
            let greatest = greatest.as_microsecond();
            let slack = if greatest % 1000 == 0 { 999 } else { 0 };
            Some((least.as_microsecond(), greatest + slack))
        };
        let number = |side: &str| stats[side][OFFSET].as_i64();
        Self {
            rows: stats["numRecords"].as_u64().unwrap_or(0),
            time: time(TIME_GENERATED),
            received: time(TIME_RECEIVED),
            ingested: time(INGESTION_TIME),
            offset: number("minValues").zip(number("maxValues")),
        }
    }
}

/// A Parquet file in memory.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// Its bytes.
    pub(crate) payload: PutPayload,
    /// What the log is told of it.
    pub(crate) stats: FileStats,
    /// What proves its content.
    pub(crate) proof: Proof,
}

/// Encodes the `rows` of `batches` as one file.
pub(crate) fn encode(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    rows: &[RowAt],
    care: Care,
) -> Result<Encoded, ParquetError> {
    let mut encoder = Encoder::new(schema.clone(), care)?;
    encoder.write(batches, rows)?;
    encoder.finish()
}

/// A Parquet file in the making.
pub(crate) struct Encoder {
    writer: ArrowWriter<Blocks>,
    stats: FileStats,
    events: EventSum,
}

impl Encoder {
    /// An empty file of columns `schema`.
    pub(crate) fn new(schema: SchemaRef, care: Care) -> Result<Self, ParquetError> {
        let options = ArrowWriterOptions::new()
            .with_properties(properties(&schema, care))
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Blocks::new(), schema, options)?;
        Ok(Self { writer, stats: FileStats::default(), events: EventSum::default() })
    }

    /// Appends `rows` of `batches`, in this order.
    pub(crate) fn write(
        &mut self,
        batches: &[RecordBatch],
        rows: &[RowAt],
    ) -> Result<(), ParquetError> {
        let borrowed: Vec<&RecordBatch> = batches.iter().collect();
        for chunk in rows.chunks(ENCODE_ROWS) {
            let runs: Vec<&[RowAt]> = chunk.chunk_by(|a, b| a.0 == b.0 && a.1 + 1 == b.1).collect();
            // Long runs of neighbours are written where they lie; scattered rows are gathered first.
            if runs.len() <= 1 + chunk.len() / 128 {
                for run in runs {
                    let (batch, row) = run[0];
                    self.write_batch(&batches[batch].slice(row, run.len()))?;
                }
            } else {
                self.write_batch(&interleave_record_batch(&borrowed, chunk)?)?;
            }
        }
        Ok(())
    }

    fn write_batch(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        self.stats.add(batch)?;
        self.events.add_rows(batch);
        self.writer.write(batch)
    }

    /// The whole file.
    pub(crate) fn finish(self) -> Result<Encoded, ParquetError> {
        let blocks = self.writer.into_inner()?;
        let payload = blocks.0.freeze();
        let proof = Proof { bytes: Digest::of_payload(&payload), events: self.events };
        Ok(Encoded { payload, stats: self.stats, proof })
    }
}

/// Memory that grows block by block, so that a large file is never copied to grow.
struct Blocks(PutPayloadMut);

impl Blocks {
    const BLOCK_BYTES: usize = 256 * 1024;

    fn new() -> Self {
        Self(PutPayloadMut::new().with_block_size(Self::BLOCK_BYTES))
    }
}

impl io::Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn properties(schema: &Schema, care: Care) -> WriterProperties {
    let (compression, group_rows) = match care {
        Care::Fresh => (Compression::LZ4_RAW, FRESH_ROW_GROUP_ROWS),
        Care::Compacted => (zstd(COMPACT_ZSTD_LEVEL), COMPACT_ROW_GROUP_ROWS),
        Care::Settled => (zstd(SETTLED_ZSTD_LEVEL), COMPACT_ROW_GROUP_ROWS),
    };
    let mut properties = WriterProperties::builder()
        .set_compression(compression)
        .set_created_by("doorledger".to_owned())
        .set_max_row_group_row_count(Some(group_rows))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_statistics_truncate_length(Some(STATISTICS_BYTES))
        .set_column_index_truncate_length(Some(STATISTICS_BYTES));
    for field in schema.fields() {
        let column = ColumnPath::new(vec![field.name().clone()]);
        properties = column_properties(properties, column, field.data_type(), kusto_type(field));
    }
    if care != Care::Fresh {
        let id = ColumnPath::new(vec![EVENT_ID.to_owned()]);
        properties = properties
            .set_column_bloom_filter_enabled(id.clone(), true)
            .set_column_bloom_filter_fpp(id.clone(), 0.01)
            .set_column_bloom_filter_max_ndv(id, group_rows as u64);
    }
    properties.build()
}

fn zstd(level: i32) -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(level).unwrap_or_default())
}

fn column_properties(
    properties: WriterPropertiesBuilder,
    column: ColumnPath,
    stored: &DataType,
    kind: ColumnType,
) -> WriterPropertiesBuilder {
    let name = column.string();
    if kind == ColumnType::Dynamic || name == ADDITIONAL_FIELDS || name == RAW_EVENT {
        // Documents hardly repeat, and their order means nothing.
        return properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_statistics_enabled(column, EnabledStatistics::None);
    }
    match stored {
        // Packed bits hardly shrink further, and moments are what most queries read.
        DataType::Int64 | DataType::Timestamp(..) => properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED)
            .set_column_compression(column.clone(), Compression::UNCOMPRESSED)
            .set_column_statistics_enabled(column, EnabledStatistics::Page),
        DataType::Utf8 if name == EVENT_ID => {
            properties.set_column_dictionary_enabled(column, false)
        }
        _ => properties,
    }
}

fn widen(range: &mut Option<(i64, i64)>, other: Option<(i64, i64)>) {
    *range = match (*range, other) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (one, None) | (None, one) => one,
    };
}

fn range<T: ArrowPrimitiveType<Native = i64>>(array: &PrimitiveArray<T>) -> Option<(i64, i64)> {
    min(array).zip(max(array))
}

fn times<'a>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a PrimitiveArray<TimestampMicrosecondType>, ArrowError> {
    primitive::<TimestampMicrosecondType>(batch, name)
}

fn primitive<'a, T: ArrowPrimitiveType>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a PrimitiveArray<T>, ArrowError> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_primitive_opt::<T>())
        .ok_or_else(|| ArrowError::SchemaError(format!("no column {name} of the expected type")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray, TimestampMicrosecondArray};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use proptest::prelude::*;

    use super::*;
    use crate::layout::{Layout, RAW_EVENT};
    use crate::tail::conform;

    const NO_COLUMNS: model::TableSchema = model::TableSchema { name: "T", columns: &[] };

    fn batch(rows: &[(i64, i64)]) -> RecordBatch {
        let times: TimestampMicrosecondArray = rows.iter().map(|(time, _)| Some(*time)).collect();
        let offsets: Int64Array = rows.iter().map(|(_, offset)| Some(*offset)).collect();
        let raw: StringArray = rows.iter().map(|row| Some(format!("{row:?}"))).collect();
        let rows = RecordBatch::try_from_iter([
            (TIME_GENERATED, Arc::new(times.with_timezone("UTC")) as arrow::array::ArrayRef),
            (OFFSET, Arc::new(offsets) as _),
            (RAW_EVENT, Arc::new(raw) as _),
        ]);
        conform(&rows.unwrap(), &Layout::new(&NO_COLUMNS).schema).unwrap()
    }

    fn decode(encoded: &Encoded) -> Vec<(i64, i64)> {
        let bytes = bytes::Bytes::from(encoded.payload.clone());
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
        let mut rows = Vec::new();
        for batch in reader {
            let batch = batch.unwrap();
            let times = times(&batch, TIME_GENERATED).unwrap().values().to_vec();
            let offsets = primitive::<Int64Type>(&batch, OFFSET).unwrap().values().to_vec();
            let raw = batch.column_by_name(RAW_EVENT).unwrap().as_string::<i32>().clone();
            for (at, row) in times.into_iter().zip(offsets).enumerate() {
                assert_eq!(raw.value(at), format!("{row:?}"));
                rows.push(row);
            }
        }
        rows
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_row_lands_once_on_its_day_in_order(
            batches in prop::collection::vec(
                prop::collection::vec((-300_000_000_000_i64..300_000_000_000, any::<i64>()), 1..40),
                1..6,
            ),
            care in prop::sample::select(vec![Care::Fresh, Care::Compacted, Care::Settled]),
        ) {
            let given: Vec<RecordBatch> = batches.iter().map(|rows| batch(rows)).collect();
            let schema = given[0].schema();
            let mut found = Vec::new();
            for day in by_day(&given).unwrap() {
                let encoded = encode(&schema, &given, &day.rows, care).unwrap();
                let rows = decode(&encoded);
                prop_assert!(rows.is_sorted_by_key(|(time, _)| *time));
                prop_assert!(rows.iter().all(|(time, _)| day_of(*time) == day.day));
                prop_assert_eq!(encoded.stats.rows, rows.len() as u64);
                prop_assert_eq!(encoded.stats.time, Some((rows[0].0, rows[rows.len() - 1].0)));
                prop_assert_eq!(FileStats::from_json(&encoded.stats.to_json()).offset, encoded.stats.offset);
                found.extend(rows);
            }
            let mut expected = batches.concat();
            expected.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_day_survives_its_text(day in -719_162..2_932_896_i32) {
            prop_assert_eq!(day_from_text(&day_text(day)), Some(day));
        }
    }

    #[test]
    fn statistics_of_other_programs_are_read_with_their_rounding() {
        let text = r#"{"numRecords":2,"minValues":{"TimeGenerated":"2026-01-01T00:00:00.123Z"},"maxValues":{"TimeGenerated":"2026-01-01T00:00:01.500Z"}}"#;
        let stats = FileStats::from_json(text);
        let micros = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let expected = (micros("2026-01-01T00:00:00.123Z"), micros("2026-01-01T00:00:01.500999Z"));
        assert_eq!((stats.rows, stats.time), (2, Some(expected)));
        assert_eq!(FileStats::from_json("no json"), FileStats::default());
    }
}
