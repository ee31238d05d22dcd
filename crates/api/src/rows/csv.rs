//! Comma-separated values (RFC 4180) with a header line. Null is an empty field; values are not altered, so a
//! spreadsheet must be told to import them as text. Deliberately absent: more than one table, and errors.

use model::{QueryError, Render, ResultColumn, RowBatch};

use super::cell::{csv_cell, csv_text};
use super::{Reached, RowWriter};

/// Nothing needs to be remembered.
pub(super) struct Csv;

impl RowWriter for Csv {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn table(&mut self, out: &mut Vec<u8>, columns: &[ResultColumn], _render: Option<&Render>) {
        for (position, column) in columns.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            csv_text(out, &column.name);
        }
        out.extend_from_slice(b"\r\n");
    }

    fn row(&mut self, out: &mut Vec<u8>, batch: &RowBatch, row: usize) {
        for (position, column) in batch.columns.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            csv_cell(out, column, row);
        }
        out.extend_from_slice(b"\r\n");
    }

    fn finish(
        &mut self,
        _out: &mut Vec<u8>,
        _reached: Reached,
        error: Option<&QueryError>,
    ) -> bool {
        error.is_none()
    }
}
