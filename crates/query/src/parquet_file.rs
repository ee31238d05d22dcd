//! A result as a Parquet file, a row group at a time. A reader finds its way from the footer, which comes last: a file that
//! broke off has none, and nobody takes the part for the whole.
//!
//! `datetime` becomes a timestamp of microseconds in UTC (the seventh digit of a second is cut off), `timespan` a 64-bit
//! number of ticks of 100 ns, `decimal` and `guid` their text, `dynamic` its JSON text. Each column's Kusto type stands in
//! its metadata under `kusto.type`.
//!
//! Deliberately absent: reading Parquet, and the lake's own files (`lake`).

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use model::{
    ColumnType, ColumnValues, ResultColumn, RowBatch, TableFile, TableFileError, TableFiles,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::ticks::UNIX_EPOCH;

/// Rows of one row group at most: as many as readers are tuned for.
const ROW_GROUP_ROWS_MAX: usize = 131_072;
/// Bytes of a row group that are held in memory, about; then it is written though it has fewer rows.
const ROW_GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Under which name a column's Kusto type stands in its metadata.
const TYPE_KEY: &str = "kusto.type";
/// Ticks of 100 ns in a microsecond.
const TICKS_PER_MICROSECOND: i64 = 10;

/// Begins Parquet files.
pub(crate) struct ParquetFiles;

impl TableFiles for ParquetFiles {
    fn begin(&self, columns: &[ResultColumn]) -> Result<Box<dyn TableFile>, TableFileError> {
        let fields: Vec<Field> = columns.iter().map(field).collect();
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
            .build();
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties));
        let writer = writer.map_err(of_parquet)?;
        Ok(Box::new(ParquetFile { schema, writer }))
    }
}

/// A file that is being written.
struct ParquetFile {
    schema: SchemaRef,
    writer: ArrowWriter<Vec<u8>>,
}

impl TableFile for ParquetFile {
    fn rows(&mut self, out: &mut Vec<u8>, batch: &RowBatch) -> Result<(), TableFileError> {
        let columns = batch.columns.iter().map(array).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.rows));
        let schema = Arc::clone(&self.schema);
        let batch = RecordBatch::try_new_with_options(schema, columns, &options);
        self.writer.write(&batch.map_err(of_arrow)?).map_err(of_parquet)?;
        if self.writer.memory_size() >= ROW_GROUP_BYTES_MAX {
            self.writer.flush().map_err(of_parquet)?;
        }
        // The writer counts what it wrote by itself: taking it away changes no place in the file.
        out.append(self.writer.inner_mut());
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut Vec<u8>) -> Result<(), TableFileError> {
        out.append(&mut self.writer.into_inner().map_err(of_parquet)?);
        Ok(())
    }
}

fn of_parquet(error: ParquetError) -> TableFileError {
    TableFileError(format!("the Parquet file cannot be written: {error}"))
}

fn of_arrow(error: ArrowError) -> TableFileError {
    TableFileError(format!("the rows do not fit the columns: {error}"))
}

fn field(column: &ResultColumn) -> Field {
    let kind = match column.kind {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int => DataType::Int32,
        ColumnType::Long | ColumnType::TimeSpan => DataType::Int64,
        ColumnType::Real => DataType::Float64,
        ColumnType::DateTime => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Decimal | ColumnType::String | ColumnType::Guid | ColumnType::Dynamic => {
            DataType::Utf8
        }
    };
    let metadata = HashMap::from([(TYPE_KEY.to_owned(), column.kind.name().to_owned())]);
    // A string is never null in Kusto.
    let is_nullable = column.kind != ColumnType::String;
    Field::new(&column.name, kind, is_nullable).with_metadata(metadata)
}

fn array(values: &ColumnValues) -> ArrayRef {
    match values {
        ColumnValues::Bool(values) => Arc::new(BooleanArray::from_iter(values.iter().copied())),
        ColumnValues::Int(values) => Arc::new(Int32Array::from_iter(values.iter().copied())),
        ColumnValues::Long(values) | ColumnValues::TimeSpan(values) => {
            Arc::new(Int64Array::from_iter(values.iter().copied()))
        }
        ColumnValues::Real(values) => Arc::new(Float64Array::from_iter(values.iter().copied())),
        ColumnValues::DateTime(values) => {
            let micros = values.iter().map(|ticks| ticks.and_then(microseconds));
            Arc::new(TimestampMicrosecondArray::from_iter(micros).with_timezone("UTC"))
        }
        ColumnValues::String(values) => Arc::new(StringArray::from_iter_values(values)),
        ColumnValues::Decimal(values)
        | ColumnValues::Guid(values)
        | ColumnValues::Dynamic(values) => {
            Arc::new(StringArray::from_iter(values.iter().map(Option::as_deref)))
        }
    }
}

/// Microseconds since 1970 of ticks since year 1.
fn microseconds(ticks: i64) -> Option<i64> {
    Some(ticks.checked_sub(UNIX_EPOCH)?.div_euclid(TICKS_PER_MICROSECOND))
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray as _;
    use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
    use bytes::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn columns(columns: &[(&str, ColumnType)]) -> Vec<ResultColumn> {
        let column = |(name, kind): &(&str, ColumnType)| ResultColumn {
            name: (*name).to_owned(),
            kind: *kind,
        };
        columns.iter().map(column).collect()
    }

    fn read(file: Vec<u8>) -> (SchemaRef, Vec<RecordBatch>, usize) {
        let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
        let groups = builder.metadata().num_row_groups();
        let schema = Arc::clone(builder.schema());
        (schema, builder.build().unwrap().map(Result::unwrap).collect(), groups)
    }

    #[test]
    fn every_type_is_read_back() {
        let all = ColumnType::ALL.map(|kind| (kind.name(), kind));
        let mut file = ParquetFiles.begin(&columns(&all)).unwrap();
        let batch = RowBatch {
            columns: vec![
                ColumnValues::Bool(vec![Some(true), None]),
                ColumnValues::Int(vec![Some(-7), None]),
                ColumnValues::Long(vec![Some(i64::MAX), None]),
                ColumnValues::Real(vec![Some(f64::NAN), None]),
                ColumnValues::Decimal(vec![Some("0.1000".into()), None]),
                ColumnValues::String(vec!["ä\n".into(), String::new()]),
                ColumnValues::DateTime(vec![Some(UNIX_EPOCH - 1), None]),
                ColumnValues::TimeSpan(vec![Some(-864_000_000_001), None]),
                ColumnValues::Guid(vec![Some("74be27de-1e4e-49d9-b579-fe0b331d3642".into()), None]),
                ColumnValues::Dynamic(vec![Some("{\"a\":[1]}".into()), None]),
            ],
            rows: 2,
        };
        let mut out = Vec::new();
        file.rows(&mut out, &batch).unwrap();
        file.finish(&mut out).unwrap();
        let (schema, batches, _) = read(out);
        let told: Vec<&str> =
            schema.fields().iter().map(|field| field.metadata()[TYPE_KEY].as_str()).collect();
        assert_eq!(told, ColumnType::ALL.map(ColumnType::name));
        let [rows] = &batches[..] else { panic!("{batches:?}") };
        assert_eq!(rows.num_rows(), 2);
        let text = |name: &str| rows.column_by_name(name).unwrap().as_string::<i32>().clone();
        assert_eq!(text("decimal").iter().collect::<Vec<_>>(), [Some("0.1000"), None]);
        assert_eq!(text("string").iter().collect::<Vec<_>>(), [Some("ä\n"), Some("")]);
        assert_eq!(text("dynamic").value(0), "{\"a\":[1]}");
        let spans = rows.column_by_name("timespan").unwrap().as_primitive::<Int64Type>();
        assert_eq!(spans.iter().collect::<Vec<_>>(), [Some(-864_000_000_001), None]);
        let moments = rows.column_by_name("datetime").unwrap();
        let moments = moments.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(moments.iter().collect::<Vec<_>>(), [Some(-1), None]);
    }

    #[test]
    fn a_large_result_comes_out_in_row_groups_while_it_is_written() {
        let mut file = ParquetFiles.begin(&columns(&[("n", ColumnType::Long)])).unwrap();
        let mut out = Vec::new();
        let mut complete = 0;
        for part in 0..40_i64 {
            let values = (0..8_192).map(|row| Some((part * 8_192 + row) * 7_919)).collect();
            let batch = RowBatch { columns: vec![ColumnValues::Long(values)], rows: 8_192 };
            file.rows(&mut out, &batch).unwrap();
            complete = out.len();
        }
        assert!(complete > 1_000_000, "{complete} bytes came before the end");
        // Without its end it cannot be read.
        assert!(ParquetRecordBatchReaderBuilder::try_new(Bytes::from(out.clone())).is_err());
        file.finish(&mut out).unwrap();
        let (_, batches, groups) = read(out);
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!((rows, groups), (327_680, 3));
        let first = batches[0].column(0).as_primitive::<Int64Type>();
        assert_eq!((first.value(0), first.value(1)), (0, 7_919));
    }

    #[test]
    fn rows_that_do_not_fit_are_refused_and_no_rows_make_a_file() {
        let mut file = ParquetFiles.begin(&columns(&[("n", ColumnType::Long)])).unwrap();
        let batch = RowBatch { columns: vec![ColumnValues::String(vec!["x".into()])], rows: 1 };
        assert!(file.rows(&mut Vec::new(), &batch).is_err());
        let file = ParquetFiles.begin(&columns(&[("n", ColumnType::Long)])).unwrap();
        let mut out = Vec::new();
        file.finish(&mut out).unwrap();
        let (schema, batches, _) = read(out);
        assert_eq!((schema.fields().len(), batches.len()), (1, 0));
    }
}
