//! Results on the wire: tables of typed columns become JSON, CSV, NDJSON or a file of columns, some rows at a time, so that memory does not
//! grow with the result. Deliberately absent: running the query.

mod cell;
mod csv;
mod frames;
mod json;
mod ndjson;
mod parquet;
pub(crate) mod shapes;

use std::sync::Arc;

use axum::http::HeaderMap;
use http::header::ACCEPT;
use model::{QueryError, Render, ResultColumn, RowBatch, Scanned, TableFiles};

use self::csv::Csv;
use self::frames::Frames;
use self::json::Json;
use self::ndjson::Ndjson;
use self::parquet::Parquet;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `{"tables":[…]}`
    Json,
    /// RFC 4180, one table.
    Csv,
    /// One JSON object a row, one table.
    Ndjson,
    /// JSON objects a line that tell of rows and of progress while the query runs.
    Frames,
    /// A file of columns, one table.
    Parquet,
}

/// The content type of Parquet.
const PARQUET: &str = "application/vnd.apache.parquet";

/// The content type of frames.
pub(crate) const FRAMES: &str = "application/vnd.doorledger.frames";
/// What a result can be written as besides JSON.
pub(crate) const OTHER_FORMS: &[&str] =
    &["text/csv; charset=utf-8; header=present", "application/x-ndjson", FRAMES, PARQUET];

impl Format {
    /// Whether the answer tells how far the query is, also while there are no rows.
    pub(crate) const fn tells_progress(self) -> bool {
        matches!(self, Self::Frames)
    }

    /// The form that the request prefers among ours: the first one named in `Accept` with a weight above zero. JSON if
    /// none is named or everything is welcome; `None` if only others are.
    pub(crate) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let mut named_any = false;
        for value in headers.get_all(ACCEPT) {
            for part in value.to_str().unwrap_or_default().split(',') {
                let mut parts = part.split(';').map(str::trim);
                let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
                let refused = parts.any(|parameter| {
                    parameter
                        .strip_prefix("q=")
                        .and_then(|weight| weight.trim().parse::<f32>().ok())
                        .is_some_and(|weight| weight <= 0.0)
                });
                named_any |= !essence.is_empty();
                if refused {
                    continue;
                }
                match essence.as_str() {
                    "application/json" | "application/*" | "*/*" => return Some(Self::Json),
                    "text/csv" | "text/*" => return Some(Self::Csv),
                    FRAMES => return Some(Self::Frames),
                    PARQUET => return Some(Self::Parquet),
                    "application/x-ndjson" | "application/jsonl" => return Some(Self::Ndjson),
                    _ => {}
                }
            }
        }
        (!named_any).then_some(Self::Json)
    }

    /// The content type of the answer.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Frames => FRAMES,
            Self::Parquet => PARQUET,
        }
    }

    /// Whether a result of so many tables can be written. A file of columns is of one table, which CSV need not have.
    pub(crate) const fn holds(self, tables: usize) -> bool {
        match self {
            Self::Json | Self::Frames => true,
            Self::Csv | Self::Ndjson => tables <= 1,
            Self::Parquet => tables == 1,
        }
    }

    /// The name under which a browser keeps the answer, where it is a file rather than something to be shown.
    pub(crate) const fn file_name(self) -> Option<&'static str> {
        match self {
            Self::Csv => Some("attachment; filename=\"doorledger.csv\""),
            Self::Parquet => Some("attachment; filename=\"doorledger.parquet\""),
            Self::Json | Self::Ndjson | Self::Frames => None,
        }
    }

    /// A writer at its beginning; `None` if nobody writes this form, which `files` does for files of columns.
    pub(crate) fn writer(self, files: Option<Arc<dyn TableFiles>>) -> Option<Box<dyn RowWriter>> {
        Some(match self {
            Self::Json => Box::new(Json::default()),
            Self::Csv => Box::new(Csv),
            Self::Ndjson => Box::new(Ndjson::default()),
            Self::Frames => Box::new(Frames::default()),
            Self::Parquet => Box::new(Parquet::of(files?)),
        })
    }
}

/// A writer of frames, for whoever sends them without end.
pub(crate) fn frames() -> Box<dyn RowWriter> {
    Box::new(Frames::default())
}

/// How far a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reached {
    /// What has been read.
    pub(crate) scanned: Scanned,
    /// Time since it began, in milliseconds.
    pub(crate) elapsed_ms: u64,
}

/// Writes one result: `begin`, then for each table `table`, any number of `rows`, and at last `finish`.
pub(crate) trait RowWriter: Send {
    /// What comes before everything.
    fn begin(&mut self, out: &mut Vec<u8>);
    /// Starts a table. The one before, if any, is complete.
    fn table(&mut self, out: &mut Vec<u8>, columns: &[ResultColumn], render: Option<&Render>);
    /// Writes one row.
    fn row(&mut self, out: &mut Vec<u8>, batch: &RowBatch, row: usize);
    /// Writes rows from `from` on until `out` has `full` bytes, or further where the form does not know single rows. Gives
    /// the first row that is not written.
    fn rows(&mut self, out: &mut Vec<u8>, batch: &RowBatch, from: usize, full: usize) -> usize {
        let mut next = from;
        while next < batch.rows && out.len() < full {
            self.row(out, batch, next);
            next += 1;
        }
        next
    }
    /// Ends a piece that is about to be sent.
    fn pause(&mut self, _out: &mut Vec<u8>) {}
    /// Tells how far the query is, where the form has a place for it.
    fn progress(&mut self, _out: &mut Vec<u8>, _reached: Reached) {}
    /// Ends the result, after an error if there is one. `false` if the form cannot tell of an error, or failed itself: then the
    /// connection is cut, so that nobody takes the part for the whole.
    fn finish(&mut self, out: &mut Vec<u8>, reached: Reached, error: Option<&QueryError>) -> bool;
}

#[cfg(test)]
mod tests {
    use model::{ColumnType, ColumnValues, QueryErrorKind};

    use super::*;

    #[test]
    fn the_accept_header_chooses_the_form() {
        for (accept, expected) in [
            (None, Some(Format::Json)),
            (Some("*/*"), Some(Format::Json)),
            (Some("text/html, */*;q=0.8"), Some(Format::Json)),
            (Some("text/csv"), Some(Format::Csv)),
            (Some("TEXT/CSV; charset=utf-8"), Some(Format::Csv)),
            (Some("application/x-ndjson, application/json"), Some(Format::Ndjson)),
            (Some("application/json;q=0, text/csv"), Some(Format::Csv)),
            (Some("image/png"), None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(Format::wanted(&headers), expected, "{accept:?}");
        }
    }

    fn written(format: Format, error: Option<&QueryError>) -> (String, bool) {
        let column = |name: &str, kind| ResultColumn { name: name.to_owned(), kind };
        let columns = [
            column("Name", ColumnType::String),
            column("Count", ColumnType::Long),
            column("Share", ColumnType::Real),
            column("At", ColumnType::DateTime),
            column("Took", ColumnType::TimeSpan),
            column("Raw", ColumnType::Dynamic),
            column("Ok", ColumnType::Bool),
        ];
        let batch = RowBatch {
            columns: vec![
                ColumnValues::String(vec!["a \"b\", c".into(), String::new()]),
                ColumnValues::Long(vec![Some(9_007_199_254_740_993), None]),
                ColumnValues::Real(vec![Some(f64::NAN), Some(1.0)]),
                ColumnValues::DateTime(vec![Some(638_712_864_000_000_001), None]),
                ColumnValues::TimeSpan(vec![Some(-864_000_000_001), None]),
                ColumnValues::Dynamic(vec![Some("{\"a\":\n[1]}".into()), Some("oops".into())]),
                ColumnValues::Bool(vec![Some(true), None]),
            ],
            rows: 2,
        };
        let render = Render {
            visualization: "timechart".into(),
            properties: vec![("title".into(), "Log-ins".into())],
        };
        let mut out = Vec::new();
        let mut writer = format.writer(None).unwrap();
        writer.begin(&mut out);
        writer.table(&mut out, &columns, Some(&render));
        for row in 0..batch.rows {
            writer.row(&mut out, &batch, row);
        }
        let told = writer.finish(&mut out, Reached::default(), error);
        (String::from_utf8(out).unwrap(), told)
    }

    fn limit() -> QueryError {
        QueryError {
            kind: QueryErrorKind::Limit,
            code: "E_QUERY_RESULT_SET_TOO_LARGE".into(),
            message: "the result has more than 2 rows".into(),
            span: None,
            hint: "narrow the time range".into(),
        }
    }

    #[test]
    fn json_holds_tables_picture_and_a_late_error() {
        let (whole, told) = written(Format::Json, None);
        assert!(told);
        insta::assert_snapshot!(whole);
        let read: shapes::QueryAnswer = serde_json::from_str(&whole).unwrap();
        assert_eq!((read.tables.len(), read.render.is_some(), read.error), (1, true, None));
        let (partial, told) = written(Format::Json, Some(&limit()));
        assert!(told);
        let read: shapes::QueryAnswer = serde_json::from_str(&partial).unwrap();
        assert_eq!(read.error, Some(limit()));
    }

    #[test]
    fn ndjson_is_one_object_a_line() {
        let (whole, told) = written(Format::Ndjson, Some(&limit()));
        assert!(told);
        for line in whole.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        insta::assert_snapshot!(whole);
    }

    #[test]
    fn frames_are_one_object_a_line_and_the_last_one_says_how_it_ended() {
        let (whole, told) = written(Format::Frames, Some(&limit()));
        assert!(told);
        for line in whole.lines() {
            serde_json::from_str::<shapes::Frame>(line).unwrap();
        }
        insta::assert_snapshot!(whole);
    }

    #[test]
    fn csv_quotes_what_needs_it_and_cannot_tell_of_an_error() {
        let (whole, told) = written(Format::Csv, None);
        assert!(told);
        insta::assert_snapshot!(whole);
        assert!(!written(Format::Csv, Some(&limit())).1);
    }
}
