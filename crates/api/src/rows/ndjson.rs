//! One JSON object a row, one row a line. Rows that are only a part end with a line that holds `{"error":{…}}` alone.
//! Deliberately absent: more than one table.

use model::{QueryError, Render, ResultColumn, RowBatch};

use super::cell::{json, json_cell};
use super::{Reached, RowWriter};

/// The names of the columns, each as `"name":`.
#[derive(Default)]
pub(super) struct Ndjson {
    keys: Vec<Vec<u8>>,
}

impl RowWriter for Ndjson {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn table(&mut self, _out: &mut Vec<u8>, columns: &[ResultColumn], _render: Option<&Render>) {
        let key = |column: &ResultColumn| {
            let mut key = Vec::new();
            json(&mut key, &column.name);
            key.push(b':');
            key
        };
        self.keys = columns.iter().map(key).collect();
    }

    fn row(&mut self, out: &mut Vec<u8>, batch: &RowBatch, row: usize) {
        out.push(b'{');
        for (position, (key, column)) in self.keys.iter().zip(&batch.columns).enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            json_cell(out, column, row, true);
        }
        out.extend_from_slice(b"}\n");
    }

    fn finish(&mut self, out: &mut Vec<u8>, _reached: Reached, error: Option<&QueryError>) -> bool {
        if let Some(error) = error {
            out.extend_from_slice(b"{\"error\":");
            json(out, error);
            out.extend_from_slice(b"}\n");
        }
        true
    }
}
