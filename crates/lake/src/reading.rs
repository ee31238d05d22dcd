//! Reads data files directly, without a query engine: for compaction and for the ids of a day.
//! Deliberately absent: filters; whoever wants those asks DataFusion (`provider`).

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::digest::{Digest, EventSum, Proof};
use crate::files::DataFile;
use crate::table::Table;
use crate::{Error, Result};

/// The rows of `file` in batches of `batch_rows`; of the columns called `columns` only, if given.
pub(crate) async fn read_file(
    table: &Table,
    file: &DataFile,
    columns: Option<&[&str]>,
    batch_rows: usize,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let shown = format!("{}/{}", table.name, file.path);
    let reader = FileReader {
        store: table.store.clone(),
        path: Path::from(file.path.as_str()),
        bytes: file.bytes,
    };
    let mut builder = ParquetRecordBatchStreamBuilder::new(reader)
        .await
        .map_err(Error::file("read", &shown))?
        .with_batch_size(batch_rows);
    if let Some(columns) = columns {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    let stream = builder.build().map_err(Error::file("read", &shown))?;
    Ok(stream.map_err(move |source| Error::file("read", &shown)(source)).boxed())
}

/// A file that was read into memory, whose rows are decoded one batch after the other. What it yields is what was
/// hashed: no second read can bring other bytes.
pub(crate) struct WholeFile {
    shown: String,
    rows: ParquetRecordBatchReader,
    proof: Proof,
}

/// Reads `file` whole, for batches of `batch_rows`.
pub(crate) async fn read_whole(
    table: &Table,
    file: &DataFile,
    batch_rows: usize,
) -> Result<WholeFile> {
    let shown = format!("{}/{}", table.name, file.path);
    let read = async { table.store.get(&Path::from(file.path.as_str())).await?.bytes().await };
    let bytes = read.await.map_err(Error::file("read", &shown))?;
    let proof = Proof { bytes: Digest::of(&bytes), events: EventSum::default() };
    let rows = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .and_then(|builder| builder.with_batch_size(batch_rows).build())
        .map_err(Error::file("read", &shown))?;
    Ok(WholeFile { shown, rows, proof })
}

impl WholeFile {
    /// The next rows.
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>> {
        let batch = self.rows.next().transpose().map_err(Error::file("read", &self.shown))?;
        if let Some(batch) = &batch {
            self.proof.events.add_rows(batch);
        }
        Ok(batch)
    }

    /// What proves the content that was read so far.
    pub(crate) fn proof(&self) -> Proof {
        self.proof
    }
}

/// A file of an object store, as the Parquet library wants to see it.
struct FileReader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    bytes: u64,
}

impl AsyncFileReader for FileReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move { self.store.get_range(&self.path, range).await.map_err(external) }.boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move { self.store.get_ranges(&self.path, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            let bytes = self.bytes;
            let reader = ParquetMetaDataReader::new().with_arrow_reader_options(options);
            Ok(Arc::new(reader.load_and_finish(&mut *self, bytes).await?))
        }
        .boxed()
    }
}

fn external(source: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(source))
}
