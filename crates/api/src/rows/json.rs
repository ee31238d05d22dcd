//! `{"tables":[{"name","columns":[{"name","type"}],"rows":[[…]]}],"render":{…},"error":{…}}`: `render` if the query asked
//! for a picture (of the last table that did), `error` if the rows are only a part. Deliberately absent: other people's
//! shapes of the same thing.

use model::{QueryError, Render, ResultColumn, RowBatch};

use super::cell::{json, json_cell};
use super::{Reached, RowWriter};

/// The writer's place in the document.
#[derive(Default)]
pub(super) struct Json {
    tables: usize,
    rows: usize,
    render: Option<Render>,
}

impl RowWriter for Json {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"tables\":[");
    }

    fn table(&mut self, out: &mut Vec<u8>, columns: &[ResultColumn], render: Option<&Render>) {
        let name = match self.tables {
            0 => "PrimaryResult".to_owned(),
            before => format!("Table_{before}"),
        };
        if self.tables > 0 {
            out.extend_from_slice(b"]},");
        }
        out.extend_from_slice(b"{\"name\":");
        json(out, &name);
        out.extend_from_slice(b",\"columns\":");
        json(out, columns);
        out.extend_from_slice(b",\"rows\":[");
        self.tables += 1;
        self.rows = 0;
        if let Some(render) = render {
            self.render = Some(render.clone());
        }
    }

    fn row(&mut self, out: &mut Vec<u8>, batch: &RowBatch, row: usize) {
        out.extend_from_slice(if self.rows > 0 { b",\n[" } else { b"\n[" });
        self.rows += 1;
        for (position, column) in batch.columns.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            json_cell(out, column, row, false);
        }
        out.push(b']');
    }

    fn finish(&mut self, out: &mut Vec<u8>, _reached: Reached, error: Option<&QueryError>) -> bool {
        if self.tables > 0 {
            out.extend_from_slice(b"]}");
        }
        out.push(b']');
        if let Some(render) = &self.render {
            out.extend_from_slice(b",\"render\":");
            json(out, render);
        }
        if let Some(error) = error {
            out.extend_from_slice(b",\"error\":");
            json(out, error);
        }
        out.extend_from_slice(b"}\n");
        true
    }
}
