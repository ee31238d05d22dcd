//! The data files of a table, as its log lists them, and which of them a filter can rule out.
//! Deliberately absent: opening the files.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, TimestampMicrosecondArray, UInt64Array};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};
use deltalake::kernel::LogicalFileView;

use crate::digest::Proof;
use crate::encode::{FileStats, day_from_text};
use crate::layout::{DAY, INGESTION_TIME, OFFSET, TIME_GENERATED, TIME_RECEIVED};

/// One data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataFile {
    /// Relative to the table.
    pub(crate) path: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// The day of its rows, in days since 1970-01-01.
    pub(crate) day: i32,
    /// What the log says of its content.
    pub(crate) stats: FileStats,
    /// What proves its content, if this program has just written or read it whole.
    pub(crate) proof: Option<Proof>,
}

/// The files of one version of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    /// By path, so that a newer version reuses what an older one has read.
    by_path: HashMap<String, Arc<DataFile>>,
    /// Newest day first, latest rows first.
    pub(crate) ordered: Vec<Arc<DataFile>>,
}

impl Files {
    /// The files of a version, read from the log; `older` is a version that was read before.
    pub(crate) fn read(views: impl Iterator<Item = LogicalFileView>, older: &Self) -> Self {
        let mut by_path = HashMap::new();
        for view in views {
            let path = view.path().into_owned();
            let file = match older.by_path.get(&path) {
                Some(file) => file.clone(),
                None => Arc::new(read(&view, path.clone())),
            };
            by_path.insert(path, file);
        }
        let mut ordered: Vec<Arc<DataFile>> = by_path.values().cloned().collect();
        ordered.sort_by(|a, b| {
            let key = |file: &DataFile| (file.day, file.stats.time.map(|(least, _)| least));
            key(b).cmp(&key(a)).then_with(|| a.path.cmp(&b.path))
        });
        Self { by_path, ordered }
    }

    /// Rows of all files.
    pub(crate) fn rows(&self) -> u64 {
        self.ordered.iter().map(|file| file.stats.rows).sum()
    }

    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.ordered.iter().map(|file| file.bytes).sum()
    }

    /// Whether the table has the file.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.by_path.contains_key(path)
    }
}

fn read(view: &LogicalFileView, path: String) -> DataFile {
    const DAY_MICROSECONDS: i64 = 86_400_000_000;
    let day = view.partition_values_map().remove(DAY).flatten();
    let day = day.as_deref().and_then(day_from_text).unwrap_or(0);
    let mut stats = view.stats().map(|text| FileStats::from_json(&text)).unwrap_or_default();
    // The day bounds the time, whatever the statistics say or leave out.
    let start = i64::from(day) * DAY_MICROSECONDS;
    let end = start + DAY_MICROSECONDS - 1;
    let (least, greatest) = stats.time.unwrap_or((start, end));
    stats.time = Some((least.clamp(start, end), greatest.clamp(start, end)));
    DataFile { path, bytes: u64::try_from(view.size()).unwrap_or(0), day, stats, proof: None }
}

/// The statistics of some files, one container a file.
pub(crate) struct FileRanges<'a>(pub(crate) &'a [Arc<DataFile>]);

impl FileRanges<'_> {
    fn bound(&self, column: &Column, pick: fn((i64, i64)) -> i64) -> Option<ArrayRef> {
        let range: fn(&FileStats) -> Option<(i64, i64)> = match column.name() {
            TIME_GENERATED => |stats| stats.time,
            TIME_RECEIVED => |stats| stats.received,
            INGESTION_TIME => |stats| stats.ingested,
            OFFSET => |stats| stats.offset,
            _ => return None,
        };
        let values = self.0.iter().map(|file| range(&file.stats).map(pick));
        Some(if column.name() == OFFSET {
            Arc::new(values.collect::<Int64Array>())
        } else {
            Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        })
    }
}

impl PruningStatistics for FileRanges<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bound(column, |(least, _)| least)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bound(column, |(_, greatest)| greatest)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        matches!(column.name(), TIME_GENERATED | TIME_RECEIVED | INGESTION_TIME | OFFSET)
            .then(|| Arc::new(UInt64Array::from_value(0, self.0.len())) as ArrayRef)
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.0.iter().map(|file| Some(file.stats.rows)).collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
