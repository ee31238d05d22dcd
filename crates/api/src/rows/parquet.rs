//! A file of columns, whose bytes the engine's side writes. It cannot tell of an error: without its footer, which comes
//! last, nobody can read it, so that a part is not taken for the whole.
//! Deliberately absent: the format itself (`model::TableFiles`), and more than one table.

use std::sync::Arc;

use model::{QueryError, Render, ResultColumn, RowBatch, TableFile, TableFileError, TableFiles};

use super::{Reached, RowWriter};

/// The file, once its columns are known; none after it failed.
pub(super) struct Parquet {
    files: Arc<dyn TableFiles>,
    file: Option<Box<dyn TableFile>>,
}

impl Parquet {
    /// A file that `files` will write.
    pub(super) fn of(files: Arc<dyn TableFiles>) -> Self {
        Self { files, file: None }
    }

    /// Keeps `file` unless it failed; then the answer will be cut.
    fn keep(&mut self, file: Result<Box<dyn TableFile>, TableFileError>) {
        self.file = file.inspect_err(|error| tracing::error!(%error, "an export is cut")).ok();
    }
}

impl RowWriter for Parquet {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn table(&mut self, _out: &mut Vec<u8>, columns: &[ResultColumn], _render: Option<&Render>) {
        let begun = self.files.begin(columns);
        self.keep(begun);
    }

    /// Rows come by the batch here.
    fn row(&mut self, _out: &mut Vec<u8>, _batch: &RowBatch, _row: usize) {}

    fn rows(&mut self, out: &mut Vec<u8>, batch: &RowBatch, from: usize, _full: usize) -> usize {
        if let Some(mut file) = self.file.take().filter(|_| from == 0) {
            let written = file.rows(out, batch).map(|()| file);
            self.keep(written);
        }
        batch.rows
    }

    fn finish(&mut self, out: &mut Vec<u8>, _reached: Reached, error: Option<&QueryError>) -> bool {
        let file = self.file.take().filter(|_| error.is_none());
        let Some(file) = file else { return false };
        let finished = file.finish(out);
        finished.inspect_err(|error| tracing::error!(%error, "an export is cut")).is_ok()
    }
}
