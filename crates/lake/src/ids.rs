//! Which events the lake holds, for the journal's recognition of what comes again.
//! Deliberately absent: the index of them, which is the journal's.

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::compute::kernels::cmp::eq;
use arrow::datatypes::TimestampMicrosecondType;
use futures::TryStreamExt;
use journal::{SourcedIds, StoredIds, StoredIdsError, id_hash};
use model::SourceId;

use crate::lake::Lake;
use crate::layout::{EVENT_ID, PROVIDER, SOURCE, TENANT, TIME_GENERATED, TIME_RECEIVED};
use crate::reading::read_file;
use crate::table::Table;
use crate::{Error, Result};

/// Rows that are read at once.
const BATCH_ROWS: usize = 8 * 1024;

/// The first day that a table can file an event under by the event's own time: what is earlier counts as telling none.
const FIRST_DAY: i32 = -719_162;

impl StoredIds for Lake {
    fn ids_of_day(&self, day: i32) -> Result<Vec<u128>, StoredIdsError> {
        let sourced = self.sourced_ids_of_day(day)?;
        Ok(sourced.into_iter().flat_map(|sourced| sourced.ids).collect())
    }

    fn sourced_ids_of_day(&self, day: i32) -> Result<Vec<SourcedIds>, StoredIdsError> {
        let ids = self.runtime.block_on(async {
            let mut ids = Vec::new();
            for table in self.tables() {
                collect(self, &table, day, &mut ids).await?;
            }
            Ok::<_, Error>(ids)
        });
        Ok(ids?)
    }
}

/// Adds the ids of one table's rows of `day`.
async fn collect(lake: &Lake, table: &Table, day: i32, ids: &mut Vec<SourcedIds>) -> Result<()> {
    table.refresh(lake.options.refresh_age).await?;
    let files = table.view().files.clone();
    // An event without a time stands under the day on which it came, wherever that is: every file may have some.
    let without_time = day < FIRST_DAY;
    for file in files.ordered.iter().filter(|file| without_time || file.day == day) {
        let columns: &[&str] = if without_time {
            &[PROVIDER, TENANT, SOURCE, EVENT_ID, TIME_GENERATED, TIME_RECEIVED]
        } else {
            &[PROVIDER, TENANT, SOURCE, EVENT_ID]
        };
        let mut rows = read_file(table, file, Some(columns), BATCH_ROWS).await?;
        while let Some(mut batch) = rows.try_next().await? {
            if without_time {
                batch = received_only(&batch).map_err(Error::encode(&table.name))?;
            }
            hashes(&batch, ids);
        }
    }
    Ok(())
}

/// The rows whose time is the one at which they came: those that told none, and by chance a few others, which does no
/// harm.
fn received_only(batch: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
    let times = |name: &str| {
        batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>())
    };
    match (times(TIME_GENERATED), times(TIME_RECEIVED)) {
        (Some(generated), Some(received)) => filter_record_batch(batch, &eq(generated, received)?),
        _ => filter_record_batch(batch, &BooleanArray::from(vec![false; batch.num_rows()])),
    }
}

fn hashes(batch: &RecordBatch, ids: &mut Vec<SourcedIds>) {
    let texts = |name: &str| -> Option<&StringArray> {
        batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>())
    };
    let (Some(providers), Some(tenants), Some(sources), Some(events)) =
        (texts(PROVIDER), texts(TENANT), texts(SOURCE), texts(EVENT_ID))
    else {
        // A table of another program: it holds no events of ours.
        return;
    };
    let mut at = None;
    for row in 0..batch.num_rows() {
        if events.is_valid(row) && !events.value(row).is_empty() {
            let source = (providers.value(row), tenants.value(row), sources.value(row));
            let is_of = |sourced: &SourcedIds| {
                sourced.source.as_ref().is_some_and(|known| {
                    (known.provider.as_str(), known.tenant.as_str(), known.source.as_str())
                        == source
                })
            };
            // Rows of one source mostly follow each other.
            let known = at.filter(|at| ids.get(*at).is_some_and(is_of));
            let place = known.or_else(|| ids.iter().position(is_of)).unwrap_or_else(|| {
                let (provider, tenant, source) = source;
                let source = SourceId {
                    provider: provider.to_owned(),
                    tenant: tenant.to_owned(),
                    source: source.to_owned(),
                };
                ids.push(SourcedIds { source: Some(source), ids: Vec::new() });
                ids.len() - 1
            });
            at = Some(place);
            if let Some(sourced) = ids.get_mut(place) {
                sourced.ids.push(id_hash(source.0, source.1, events.value(row)));
            }
        }
    }
}
