//! The port through which a result becomes a file of columns: `api` sends it, the engine that has the library writes it.
//! Deliberately absent: any format (`query` has Parquet), and where the bytes go.

use std::fmt;

use crate::{ResultColumn, RowBatch};

/// Begins files.
pub trait TableFiles: Send + Sync {
    /// A file of these columns, without rows so far.
    ///
    /// # Errors
    /// The columns cannot stand in one file.
    fn begin(&self, columns: &[ResultColumn]) -> Result<Box<dyn TableFile>, TableFileError>;
}

/// A file that is being written. Dropped unfinished, what came out of it cannot be read by anybody.
pub trait TableFile: Send {
    /// Takes rows, and appends to `out` what of the file is complete. What is held back has a limit.
    ///
    /// # Errors
    /// The rows cannot be written; the file is lost.
    fn rows(&mut self, out: &mut Vec<u8>, batch: &RowBatch) -> Result<(), TableFileError>;
    /// Appends the rest.
    ///
    /// # Errors
    /// The file cannot be ended; it is lost.
    fn finish(self: Box<Self>, out: &mut Vec<u8>) -> Result<(), TableFileError>;
}

/// Why a file cannot be written, as a lowercase fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFileError(pub String);

impl fmt::Display for TableFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TableFileError {}
