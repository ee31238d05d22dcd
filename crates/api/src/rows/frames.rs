//! Frames: one JSON object a line. `table` begins a table, `rows` brings some of its rows, `progress` may come at any time,
//! and `end` is always the last one and says how it ended.
//! Deliberately absent: when a frame is sent (`query`).

use model::{QueryError, Render, ResultColumn, RowBatch};

use super::cell::{json, json_cell};
use super::{Reached, RowWriter};

/// Rows of one frame at most: as many as a page shows without a pause.
const FRAME_ROWS_MAX: usize = 1_000;

/// The writer's place.
#[derive(Default)]
pub(super) struct Frames {
    tables: usize,
    /// Rows of the frame that is open; none if no frame is.
    open: usize,
    rows: u64,
}

impl RowWriter for Frames {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn table(&mut self, out: &mut Vec<u8>, columns: &[ResultColumn], render: Option<&Render>) {
        self.pause(out);
        let name = match self.tables {
            0 => "PrimaryResult".to_owned(),
            before => format!("Table_{before}"),
        };
        self.tables += 1;
        out.extend_from_slice(b"{\"frame\":\"table\",\"name\":");
        json(out, &name);
        out.extend_from_slice(b",\"columns\":");
        json(out, columns);
        out.extend_from_slice(b",\"render\":");
        json(out, &render);
        out.extend_from_slice(b"}\n");
    }

    fn row(&mut self, out: &mut Vec<u8>, batch: &RowBatch, row: usize) {
        if self.open >= FRAME_ROWS_MAX {
            self.pause(out);
        }
        let begin: &[u8] = if self.open == 0 { b"{\"frame\":\"rows\",\"rows\":[[" } else { b",[" };
        out.extend_from_slice(begin);
        self.open += 1;
        self.rows += 1;
        for (position, column) in batch.columns.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            json_cell(out, column, row, true);
        }
        out.push(b']');
    }

    fn pause(&mut self, out: &mut Vec<u8>) {
        if self.open > 0 {
            out.extend_from_slice(b"]}\n");
            self.open = 0;
        }
    }

    fn progress(&mut self, out: &mut Vec<u8>, reached: Reached) {
        self.pause(out);
        let Reached { scanned, elapsed_ms } = reached;
        let line = format!(
            "{{\"frame\":\"progress\",\"rows_scanned\":{},\"bytes_scanned\":{},\"elapsed_ms\":{elapsed_ms}}}\n",
            scanned.rows, scanned.bytes
        );
        out.extend_from_slice(line.as_bytes());
    }

    fn finish(&mut self, out: &mut Vec<u8>, reached: Reached, error: Option<&QueryError>) -> bool {
        self.pause(out);
        let Reached { scanned, elapsed_ms } = reached;
        let line = format!(
            "{{\"frame\":\"end\",\"rows\":{},\"elapsed_ms\":{elapsed_ms},\"rows_scanned\":{},\"bytes_scanned\":{},\"error\":",
            self.rows, scanned.rows, scanned.bytes
        );
        out.extend_from_slice(line.as_bytes());
        json(out, &error);
        out.extend_from_slice(b"}\n");
        true
    }
}
