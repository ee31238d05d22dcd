//! A table as DataFusion sees it: the files of one version and the rows in memory, taken at one moment. Files that a
//! filter rules out by day, time or offset are not opened; everything finer (row groups, pages, single rows) is left to
//! DataFusion's Parquet reader, which the filters reach through the plan.
//! Deliberately absent: KQL, and the choice of how much memory or how many threads a query gets.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use model::ColumnType;

use crate::files::{DataFile, FileRanges};
use crate::lake::Lake;
use crate::layout::{self, TYPE};
use crate::table::Table;

/// A table of a lake.
pub(crate) struct LakeTable {
    lake: Arc<Lake>,
    table: Arc<Table>,
    /// The columns that this provider promised when it was made; a later widening does not change them.
    shown: SchemaRef,
    /// The same without `Type`, which no file has.
    files_schema: SchemaRef,
}

impl LakeTable {
    pub(crate) fn new(lake: Arc<Lake>, table: Arc<Table>) -> Self {
        let shown = shown_schema(&table.schema());
        let files_schema = Schema::new(shown.fields()[..shown.fields().len() - 1].to_vec());
        Self { lake, table, shown, files_schema: Arc::new(files_schema) }
    }
}

/// The columns that queries see: the stored ones and `Type`. Texts are read as views, which share the memory of the
/// decoded page instead of copying it, and are compared by their first bytes.
pub(crate) fn shown_schema(stored: &Schema) -> SchemaRef {
    let kind = layout::field(TYPE, ColumnType::String);
    let fields = stored.fields().iter().map(|field| field.as_ref().clone()).chain([kind]);
    let shown = fields.map(|field| match field.data_type() {
        DataType::Utf8 => field.with_data_type(DataType::Utf8View),
        _ => field,
    });
    Arc::new(Schema::new(shown.collect::<Vec<_>>()))
}

impl fmt::Debug for LakeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LakeTable").field("name", &self.table.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        self.shown.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // The filter stays in the plan, from where the optimizer hands it to the Parquet reader.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let age = self.lake.options.refresh_age;
        if let Err(error) = self.table.refresh(age).await {
            // What other nodes wrote since is missing; what this node knows is complete.
            tracing::warn!(table = self.table.name, error = crate::error::chain(&error), "stale");
            self.table.set_error(Some(crate::error::chain(&error)));
        }
        let (files, batches) = {
            let view = self.table.view();
            let batches: Vec<RecordBatch> =
                view.tail.batches().iter().map(|batch| batch.rows.clone()).collect();
            (view.files.clone(), batches)
        };
        let kept = self.prune(state, &files.ordered, filters)?;
        let limit = if filters.is_empty() { limit } else { None };
        let mut inputs: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        if !batches.is_empty() {
            inputs.push(self.scan_tail(batches, projection, limit)?);
        }
        if !kept.is_empty() || inputs.is_empty() {
            inputs.push(self.scan_files(state, &kept, projection, limit)?);
        }
        match inputs.len() {
            1 => inputs.pop().ok_or_else(|| DataFusionError::Internal("no input".to_owned())),
            _ => UnionExec::try_new(inputs),
        }
    }
}

impl LakeTable {
    /// The files that may hold rows which pass `filters`.
    fn prune(
        &self,
        state: &dyn Session,
        files: &[Arc<DataFile>],
        filters: &[Expr],
    ) -> Result<Vec<Arc<DataFile>>> {
        let Some(filter) = conjunction(filters.iter().cloned()) else { return Ok(files.to_vec()) };
        let schema = DFSchema::try_from(self.shown.clone())?;
        let filter = state.create_physical_expr(filter, &schema)?;
        let Ok(predicate) =
            PruningPredicateBuilder::new().with_file_schema(self.shown.clone()).try_build(filter)
        else {
            return Ok(files.to_vec());
        };
        let keep = predicate.prune(&FileRanges(files))?;
        Ok(files.iter().zip(keep).filter(|(_, keep)| *keep).map(|(file, _)| file.clone()).collect())
    }

    fn scan_files(
        &self,
        state: &dyn Session,
        files: &[Arc<DataFile>],
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let place = &self.table.place;
        let environment = state.runtime_env();
        environment.register_object_store(place.store_url.as_ref(), place.store.clone());
        let metadata_cache = environment.cache_manager.get_file_metadata_cache();
        let readers = CachedParquetFileReaderFactory::new(place.store.clone(), metadata_cache);
        let kind = Arc::new(self.shown.field(self.files_schema.fields().len()).clone());
        let schema = TableSchema::builder(self.files_schema.clone())
            .with_table_partition_cols(vec![kind])
            .build();
        // Filters are evaluated while reading, so that the large columns of rows that fall out are never decoded.
        let source = ParquetSource::new(schema)
            .with_parquet_file_reader_factory(Arc::new(readers))
            .with_pushdown_filters(true)
            .with_reorder_filters(true);
        let config = FileScanConfigBuilder::new(place.store_url.clone(), Arc::new(source))
            .with_file_groups(self.groups(files, state.config().target_partitions()))
            .with_statistics(self.statistics(files))
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    /// Files dealt out to `partitions` groups, newest first in each.
    fn groups(&self, files: &[Arc<DataFile>], partitions: usize) -> Vec<FileGroup> {
        let mut groups = vec![Vec::new(); partitions.clamp(1, files.len().max(1))];
        let count = groups.len();
        for (number, file) in files.iter().enumerate() {
            let path = format!("{}/{}", self.table.name, file.path);
            let kind = ScalarValue::Utf8View(Some(self.table.name.clone()));
            groups[number % count].push(
                PartitionedFile::new(path, file.bytes)
                    .with_partition_values(vec![kind])
                    .with_statistics(Arc::new(self.file_statistics(file))),
            );
        }
        groups.into_iter().map(FileGroup::new).collect()
    }

    /// What the log says of one file, so that a query for the latest rows passes over files that hold none. The bounds
    /// may be wider than the rows; nothing but passing over files is done with them.
    fn file_statistics(&self, file: &DataFile) -> Statistics {
        let mut statistics = Statistics::new_unknown(&self.files_schema);
        statistics.num_rows =
            Precision::Exact(usize::try_from(file.stats.rows).unwrap_or(usize::MAX));
        let stats = &file.stats;
        let columns = [
            (layout::TIME_GENERATED, stats.time),
            (layout::TIME_RECEIVED, stats.received),
            (layout::INGESTION_TIME, stats.ingested),
        ];
        for (name, range) in columns {
            let (Some((least, greatest)), Ok(at)) = (range, self.files_schema.index_of(name))
            else {
                continue;
            };
            let DataType::Timestamp(_, zone) = self.files_schema.field(at).data_type() else {
                continue;
            };
            let bound = |moment: i64| {
                Precision::Exact(ScalarValue::TimestampMicrosecond(Some(moment), zone.clone()))
            };
            if let Some(column) = statistics.column_statistics.get_mut(at) {
                column.min_value = bound(least);
                column.max_value = bound(greatest);
                column.null_count = Precision::Exact(0);
            }
        }
        statistics
    }

    fn statistics(&self, files: &[Arc<DataFile>]) -> Statistics {
        let mut statistics = Statistics::new_unknown(&self.shown);
        let rows = files.iter().map(|file| file.stats.rows).sum::<u64>();
        statistics.num_rows = Precision::Inexact(usize::try_from(rows).unwrap_or(usize::MAX));
        statistics
    }

    fn scan_tail(
        &self,
        batches: Vec<RecordBatch>,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns: Vec<usize> =
            projection.cloned().unwrap_or_else(|| (0..self.shown.fields().len()).collect());
        let schema: SchemaRef = Arc::new(self.shown.project(&columns)?);
        let batches = batches
            .iter()
            .map(|batch| self.show(batch, &columns, &schema))
            .collect::<Result<Vec<_>>>()?;
        let source = MemorySourceConfig::try_new(&[batches], schema, None)?.with_limit(limit);
        Ok(DataSourceExec::from_data_source(source))
    }

    /// Rows as they stand in memory, as queries see them: the asked columns only, texts as views of the same memory.
    fn show(
        &self,
        batch: &RecordBatch,
        columns: &[usize],
        schema: &SchemaRef,
    ) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let column = |(at, field): (&usize, &Arc<Field>)| -> Result<ArrayRef> {
            if *at == self.files_schema.fields().len() {
                let names = std::iter::repeat_n(&self.table.name, rows);
                return Ok(Arc::new(StringViewArray::from_iter_values(names)));
            }
            Ok(match batch.column_by_name(field.name()) {
                Some(column) => cast(column, field.data_type())?,
                None => new_null_array(field.data_type(), rows),
            })
        };
        let columns =
            columns.iter().zip(schema.fields()).map(column).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
    }
}
